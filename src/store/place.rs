//! Where sessions are stored: `logs/APP/SESSION/NNNNNN.log`, in directories that are this user's alone. What
//! is found there is never followed to anywhere else.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::os::directory::make_private;
use crate::os::file::{NO_FOLLOW, is_ours, try_lock, try_lock_shared};
use crate::store::retention::{self, Doomed, Stored};

/// Held by who writes the session.
const LOCK: &str = "lock";
const SEGMENT: &str = "log";
/// A segment that went, before its file is that of another.
const SPARE: &str = "spare";

/// A session that wrote something for an app, alive or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredSession {
    /// Those of later sessions are greater.
    pub(crate) id: String,
    pub(crate) started_at: SystemTime,
    pub(crate) pid: u32,
    /// Its own directory, also where it was found by a link.
    pub(super) path: PathBuf,
    /// Another app's directory holds it: it was started for that.
    pub(crate) is_link: bool,
}

/// A segment of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SegmentFile {
    pub(super) number: u64,
    pub(super) path: PathBuf,
    /// In bytes.
    size: u64,
}

/// The directory of a session that is being written. It lives as long as this.
#[derive(Debug)]
pub(super) struct Home {
    logs: PathBuf,
    app: String,
    id: String,
    _lock: File,
}

/// The sessions that stored something of an app, the oldest first. Empty where nothing can be read.
pub(crate) fn sessions(logs: &Path, app: &str) -> Vec<StoredSession> {
    let entries = fs::read_dir(logs.join(app)).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let sessions = names.filter_map(|name| StoredSession::find(logs, app, name));
    let mut sessions: Vec<_> = sessions.collect();
    sessions.sort_by(|a, b| a.id.cmp(&b.id));
    sessions
}

impl StoredSession {
    fn find(logs: &Path, app: &str, id: String) -> Option<Self> {
        let (started_at, pid) = parts(&id)?;
        let there = logs.join(app).join(&id);
        let is_link = fs::symlink_metadata(&there).ok()?.is_symlink();
        let path = if is_link {
            logs.join(linked_app(&there, &id)?).join(&id)
        } else {
            there
        };
        let is_directory = |path: &Path| fs::symlink_metadata(path).is_ok_and(|it| it.is_dir());
        (path.parent().is_some_and(is_directory) && is_directory(&path)).then_some(Self {
            id,
            started_at,
            pid,
            path,
            is_link,
        })
    }

    /// Whether somebody writes it now.
    pub(crate) fn is_live(&self) -> bool {
        let lock = OpenOptions::new()
            .read(true)
            .custom_flags(NO_FOLLOW)
            .open(self.path.join(LOCK));
        lock.is_ok_and(|lock| is_ours(&lock) && !try_lock_shared(&lock).unwrap_or(true))
    }

    /// By number.
    pub(super) fn segments(&self) -> Vec<SegmentFile> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| {
            let path = entry.path();
            let is_segment = path.extension().is_some_and(|kind| kind == SEGMENT);
            let number = path.file_stem()?.to_str()?.parse().ok()?;
            // Of a link, the link's.
            let metadata = entry.metadata().ok()?;
            (is_segment && metadata.is_file()).then_some(SegmentFile {
                number,
                path,
                size: metadata.len(),
            })
        });
        let mut files: Vec<_> = files.collect();
        files.sort_by_key(|file| file.number);
        files
    }

    fn stored(&self) -> Stored {
        let segments = if self.is_link {
            Vec::new()
        } else {
            self.segments()
        };
        Stored {
            is_live: self.is_live(),
            segments: segments
                .iter()
                .map(|segment| (segment.number, segment.size))
                .collect(),
        }
    }
}

impl SegmentFile {
    /// # Errors
    /// It has been removed meanwhile, above all.
    pub(super) fn open(&self) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .custom_flags(NO_FOLLOW)
            .open(&self.path)
    }
}

impl Home {
    /// Makes the directory of a session of this process that begins now. It has its name only when its lock
    /// is held: nobody takes it for a dead one.
    ///
    /// # Errors
    /// There is no private directory to be had.
    pub(super) fn make(logs: &Path, app: &str) -> io::Result<Self> {
        let id = id(SystemTime::now(), std::process::id());
        let of_app = logs.join(app);
        let draft = of_app.join(format!(".{id}"));
        make_private(logs)?;
        make_private(&of_app)?;
        make_private(&draft)?;
        let lock = locked(&draft.join(LOCK))
            .and_then(|lock| fs::rename(&draft, of_app.join(&id)).map(|()| lock));
        let lock = lock.inspect_err(|_| {
            let _ = fs::remove_dir_all(&draft);
        })?;
        Ok(Self {
            logs: logs.to_path_buf(),
            app: app.into(),
            id,
            _lock: lock,
        })
    }

    pub(super) fn segment(&self, number: u64) -> PathBuf {
        let name = format!("{number:06}.{SEGMENT}");
        self.logs.join(&self.app).join(&self.id).join(name)
    }

    /// Lets the session be found where `app` is asked for.
    ///
    /// # Errors
    /// There is no room.
    pub(super) fn link(&self, app: &str) -> io::Result<()> {
        make_private(&self.logs.join(app))?;
        let target = Path::new("..").join(&self.app).join(&self.id);
        match symlink(target, self.logs.join(app).join(&self.id)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Room for `more` bytes of this session, at the cost of what is oldest. Returns the file of a segment of its
    /// own that went for that, if one did: to write over what the system has in its memory costs a fifth of
    /// writing anew.
    pub(super) fn make_room(&self, more: u64) -> Option<File> {
        let mut spare = None;
        self.prune_into(&self.app, more, &mut |session, segment| {
            if spare.is_none() && session.id == self.id {
                spare = self.set_aside(segment).ok();
            }
        });
        spare
    }

    /// Removes what is too old or too much of `app`, so that there is room for `more` bytes of it. What
    /// cannot be removed stays.
    pub(super) fn prune(&self, app: &str, more: u64) {
        self.prune_into(app, more, &mut |_, _| ());
    }

    /// The file that was set aside is the segment of that number from now on.
    ///
    /// # Errors
    /// Somebody has removed it.
    pub(super) fn reuse(&self, number: u64) -> io::Result<()> {
        fs::rename(self.spare(), self.segment(number))
    }

    /// Segments that go are offered to `last_use` first.
    fn prune_into(
        &self,
        app: &str,
        more: u64,
        last_use: &mut impl FnMut(&StoredSession, &SegmentFile),
    ) {
        let sessions = sessions(&self.logs, app);
        let stored: Vec<_> = sessions.iter().map(StoredSession::stored).collect();
        for doomed in retention::doomed(&stored, more) {
            match doomed {
                Doomed::Session(place) => self.remove(app, &sessions[place]),
                Doomed::Segment { session, number } => {
                    let session = &sessions[session];
                    let segments = session.segments();
                    for segment in segments.iter().filter(|segment| segment.number == number) {
                        last_use(session, segment);
                        let _ = fs::remove_file(&segment.path);
                    }
                }
            }
        }
    }

    /// Readers find nothing there any more, before it is written to.
    fn set_aside(&self, segment: &SegmentFile) -> io::Result<File> {
        fs::rename(&segment.path, self.spare())?;
        OpenOptions::new()
            .write(true)
            .custom_flags(NO_FOLLOW)
            .open(self.spare())
    }

    fn spare(&self) -> PathBuf {
        self.logs.join(&self.app).join(&self.id).join(SPARE)
    }

    /// The session has stored nothing, and never will.
    pub(super) fn discard(&self) {
        for session in sessions(&self.logs, &self.app) {
            if session.id == self.id {
                self.remove(&self.app, &session);
            }
        }
    }

    /// With all links to it; of a link, the link alone.
    fn remove(&self, app: &str, session: &StoredSession) {
        if session.is_link {
            let _ = fs::remove_file(self.logs.join(app).join(&session.id));
            return;
        }
        let _ = fs::remove_dir_all(&session.path);
        for entry in fs::read_dir(&self.logs).into_iter().flatten().flatten() {
            let there = entry.path().join(&session.id);
            if linked_app(&there, &session.id).is_some_and(|linked| linked == app) {
                let _ = fs::remove_file(there);
            }
        }
    }
}

/// A new file, locked.
fn locked(path: &Path) -> io::Result<File> {
    let file = create(path)?;
    // Nobody can have found it yet.
    try_lock(&file)?;
    Ok(file)
}

/// A new file, this user's alone.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(NO_FOLLOW)
        .open(path)
}

/// In whose directory a session is that is linked here: a link of ours is `../APP/SESSION` and nothing else.
fn linked_app(link: &Path, id: &str) -> Option<String> {
    let target = fs::read_link(link).ok()?;
    let parts: Vec<Component<'_>> = target.components().collect();
    match parts[..] {
        [
            Component::ParentDir,
            Component::Normal(app),
            Component::Normal(name),
        ] if name == id => Some(app.to_str()?.to_string()),
        _ => None,
    }
}

/// Sorted as text, the older one comes first, for the next 200 years.
fn id(started_at: SystemTime, pid: u32) -> String {
    let since = started_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:016}-{pid}", since.as_micros())
}

fn parts(id: &str) -> Option<(SystemTime, u32)> {
    let (micros, pid) = id.split_once('-')?;
    let micros = Duration::from_micros(micros.parse().ok()?);
    Some((UNIX_EPOCH.checked_add(micros)?, pid.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::registry::scratch::Scratch;

    const SHOP: &str = "00000000000000aa";
    const API: &str = "00000000000000bb";

    fn ids(logs: &Path, app: &str) -> Vec<String> {
        let sessions = sessions(logs, app).into_iter();
        sessions.map(|session| session.id).collect()
    }

    /// A session of long ago, with one segment.
    fn old(logs: &Path, app: &str, number: u64) -> String {
        let id = id(UNIX_EPOCH + Duration::from_secs(number), 7);
        let path = logs.join(app).join(&id);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("000001.log"), "x").unwrap();
        id
    }

    #[test]
    fn a_session_has_a_private_directory_and_lives_as_long_as_it_is_held() {
        let scratch = Scratch::new("store-home");
        let logs = scratch.path("logs");
        let home = Home::make(&logs, SHOP).unwrap();
        drop(create(&home.segment(1)).unwrap());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let segment = home.segment(1);
        assert_eq!(mode(&segment), 0o600);
        for directory in segment.ancestors().skip(1).take(3) {
            assert_eq!(mode(directory), 0o700, "{directory:?}");
        }
        let [session] = &sessions(&logs, SHOP)[..] else {
            panic!("there is one");
        };
        assert!(session.is_live());
        assert_eq!(session.pid, std::process::id());
        assert!(session.started_at.elapsed().unwrap() < Duration::from_secs(60));
        assert_eq!(session.segments()[0].path, segment);
        drop(home);
        assert!(crate::registry::scratch::soon(|| !session.is_live()));
    }

    #[test]
    fn a_session_is_found_by_each_app_that_it_ran() {
        let scratch = Scratch::new("store-link");
        let logs = scratch.path("logs");
        let home = Home::make(&logs, SHOP).unwrap();
        home.link(API).unwrap();
        home.link(API).unwrap();
        let [linked, own] = [API, SHOP].map(|app| sessions(&logs, app).remove(0));
        assert_eq!(linked.path, own.path);
        assert!(linked.is_live());
    }

    #[test]
    fn nothing_is_followed_to_elsewhere() {
        let scratch = Scratch::new("store-follow");
        let logs = scratch.path("logs");
        let outside = old(&scratch.path(""), "outside", 1);
        let target = scratch.path("outside").join(&outside);
        fs::create_dir_all(logs.join(SHOP)).unwrap();
        symlink(&target, logs.join(SHOP).join(&outside)).unwrap();
        assert!(sessions(&logs, SHOP).is_empty(), "a link to elsewhere");

        fs::remove_file(logs.join(SHOP).join(&outside)).unwrap();
        symlink("../bb/../../outside", logs.join(SHOP).join(&outside)).unwrap();
        assert!(sessions(&logs, SHOP).is_empty(), "a longer way");

        symlink(scratch.path("outside"), logs.join(API)).unwrap();
        fs::remove_file(logs.join(SHOP).join(&outside)).unwrap();
        let by_name = Path::new("..").join(API).join(&outside);
        symlink(by_name, logs.join(SHOP).join(&outside)).unwrap();
        assert!(sessions(&logs, SHOP).is_empty(), "an app that is a link");

        Home::make(&logs, API).unwrap_err();
        let id = old(&logs, SHOP, 2);
        let segment = logs.join(SHOP).join(&id).join("000002.log");
        symlink(target.join("000001.log"), segment).unwrap();
        assert_eq!(sessions(&logs, SHOP)[0].segments().len(), 1);
    }

    #[test]
    fn a_directory_of_somebody_else_is_not_written_to() {
        let scratch = Scratch::new("store-foreign");
        let logs = scratch.path("logs");
        fs::create_dir(&logs).unwrap();
        // Only root can make one.
        if std::os::unix::fs::chown(&logs, Some(1), None).is_ok() {
            let error = Home::make(&logs, SHOP).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
            assert_eq!(fs::read_dir(&logs).unwrap().count(), 0);
        }
    }

    #[test]
    fn what_is_no_session_is_left_alone() {
        let scratch = Scratch::new("store-strange");
        let logs = scratch.path("logs");
        for name in ["x", "12-x", ".0000000000000001-1"] {
            fs::create_dir_all(logs.join(SHOP).join(name)).unwrap();
        }
        fs::write(logs.join(SHOP).join("0000000000000001-1"), "").unwrap();
        assert!(sessions(&logs, SHOP).is_empty());
        assert!(sessions(&logs, API).is_empty());
    }

    #[test]
    fn old_sessions_go_with_the_links_to_them() {
        let scratch = Scratch::new("store-prune");
        let logs = scratch.path("logs");
        let olds: Vec<String> = (1..=5).map(|number| old(&logs, SHOP, number)).collect();
        fs::create_dir_all(logs.join(API)).unwrap();
        for id in &olds {
            let target = Path::new("..").join(SHOP).join(id);
            symlink(target, logs.join(API).join(id)).unwrap();
        }
        let home = Home::make(&logs, SHOP).unwrap();
        home.prune(SHOP, 0);
        let kept = [&olds[1..], std::slice::from_ref(&home.id)].concat();
        assert_eq!(ids(&logs, SHOP), kept);
        assert_eq!(ids(&logs, API), olds[1..]);
        assert!(!logs.join(API).join(&olds[0]).is_symlink());
        home.link(API).unwrap();
        let newer = Home::make(&logs, API).unwrap();
        newer.prune(API, 0);
        assert_eq!(ids(&logs, API).len(), 5, "links count, and go alone");
        assert_eq!(ids(&logs, SHOP), kept);
    }
}
