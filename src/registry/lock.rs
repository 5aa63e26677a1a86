//! A lock file: the lock says that somebody holds it, its content who.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::os::file::{NO_FOLLOW, is_ours, try_lock, try_lock_shared, unlock, wait_for_lock};

/// Longer than anything that is written into one: a session of 5,000 processes takes less than half.
const MAX_CONTENT: usize = 5 * 128 * 1024;
/// How often a file may be exchanged under our hands before we do without.
const ATTEMPTS: usize = 8;

/// Held until it and every copy of it, in whatever process, are closed, or until it is released.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    /// The guardian has a copy, or one is on its way.
    is_copied: bool,
}

#[derive(Debug)]
pub(super) enum Locked {
    Ours(Lock),
    /// By somebody else, who writes there who he is.
    Held(File),
    /// The disk is full or read-only, or something else stands in the file's place: there is no lock to be had.
    Unavailable,
}

impl Lock {
    /// Never waits. The file is never removed: whoever has it open would hold a lock on nothing.
    pub(super) fn take(path: &Path) -> Locked {
        for _ in 0..ATTEMPTS {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags(NO_FOLLOW)
                .open(path);
            // Of another user, or of another name, it is neither believed nor written to.
            let Ok(file) = file.and_then(ours) else {
                return Locked::Unavailable;
            };
            match try_lock(&file) {
                Ok(true) if is_still(path, &file) => return Locked::Ours(Self::of(file)),
                // Somebody cleaned up between the two calls: again.
                Ok(true) => {}
                Ok(false) => return Locked::Held(file),
                Err(_) => return Locked::Unavailable,
            }
        }
        Locked::Unavailable
    }

    fn of(file: File) -> Self {
        let is_copied = false;
        Self { file, is_copied }
    }

    /// Says who holds it. A failure leaves others without a name for us, no more.
    pub(super) fn write(&self, owner: &impl Serialize) {
        let content = serde_json::to_vec(owner).expect("texts and numbers");
        // Whoever reads meanwhile finds one whole value, with remains of a longer one behind it at most.
        if self.file.write_all_at(&content, 0).is_ok() {
            let _ = self.file.set_len(content.len() as u64);
        }
    }

    /// Free at once, whoever has copies: flock(2) belongs to what they all are copies of. We live on, so
    /// that the next holder must not be taken for us until he has written who he is.
    pub(super) fn release(self) {
        let _ = self.file.set_len(0);
        let _ = unlock(&self.file);
    }

    /// A copy, if none was made yet and one can be made.
    pub(super) fn copy_once(&mut self) -> Option<OwnedFd> {
        if self.is_copied {
            return None;
        }
        let copy = self.file.try_clone().ok()?;
        self.is_copied = true;
        Some(copy.into())
    }
}

/// The file, if somebody holds its lock now. It is not made, and others may look at the same time.
pub(super) fn held(path: &Path) -> Option<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(NO_FOLLOW)
        .open(path)
        .and_then(ours)
        .ok()?;
    let is_held = !try_lock_shared(&file).ok()?;
    is_held.then_some(file)
}

/// Whether nobody holds that lock, or nobody will after so long. A thread is left to wait where somebody does.
pub(super) fn is_free_within(path: &Path, limit: Duration) -> bool {
    let Some(file) = held(path) else {
        return true;
    };
    if limit.is_zero() {
        return false;
    }
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let is_free = wait_for_lock(&file).is_ok();
        drop(file);
        // Whoever asked may have given up.
        let _ = tell.send(is_free);
    });
    told.recv_timeout(limit).unwrap_or(false)
}

/// What a lock's holder says of himself, if he has said it yet.
pub(super) fn owner<T: DeserializeOwned>(file: &File) -> Option<T> {
    let mut content = vec![0; MAX_CONTENT];
    let length = file.read_at(&mut content, 0).ok()?;
    let mut values = serde_json::Deserializer::from_slice(&content[..length]).into_iter();
    values.next()?.ok()
}

fn ours(file: File) -> io::Result<File> {
    match is_ours(&file) {
        true => Ok(file),
        false => Err(io::ErrorKind::PermissionDenied.into()),
    }
}

fn is_still(path: &Path, file: &File) -> bool {
    let (Ok(there), Ok(ours)) = (fs::symlink_metadata(path), file.metadata()) else {
        return false;
    };
    (there.dev(), there.ino()) == (ours.dev(), ours.ino())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::scratch::{Scratch, soon};

    fn take(path: &Path) -> Lock {
        match Lock::take(path) {
            Locked::Ours(lock) => lock,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_at_a_time_holds_a_lock_and_the_others_see_who() {
        let scratch = Scratch::new("lock");
        let path = scratch.path("app.lock");
        assert!(held(&path).is_none());
        let lock = take(&path);
        lock.write(&"a long name");
        lock.write(&"ann");
        let Locked::Held(file) = Lock::take(&path) else {
            panic!("it was given twice");
        };
        assert_eq!(owner::<String>(&file), Some("ann".into()));
        assert_eq!(owner::<u32>(&file), None);
        drop(lock);
        assert!(soon(|| held(&path).is_none()));
        take(&path);
    }

    #[test]
    fn remains_of_a_longer_value_do_not_disturb() {
        let scratch = Scratch::new("remains");
        let path = scratch.path("app.lock");
        fs::write(&path, "{\"a\":1}e\":22}").unwrap();
        let found = owner::<std::collections::BTreeMap<String, u32>>(&File::open(&path).unwrap());
        assert_eq!(found.unwrap()["a"], 1);
    }

    #[test]
    fn those_who_look_do_not_take_each_other_for_holders() {
        let scratch = Scratch::new("look");
        let path = scratch.path("app.lock");
        drop(take(&path));
        let other = File::open(&path).unwrap();
        assert!(soon(|| try_lock_shared(&other).unwrap()));
        assert!(held(&path).is_none());
    }

    #[test]
    fn a_copy_keeps_the_lock() {
        let scratch = Scratch::new("copy");
        let path = scratch.path("app.lock");
        let lock = take(&path);
        let inherited = lock.file.try_clone().unwrap();
        drop(lock);
        assert!(held(&path).is_some());
        drop(inherited);
        assert!(soon(|| held(&path).is_none()));
    }

    #[test]
    fn whoever_waits_hears_of_the_last_copy() {
        let scratch = Scratch::new("free");
        let path = scratch.path("app.lock");
        assert!(is_free_within(&path, Duration::ZERO));
        let lock = take(&path);
        assert!(!is_free_within(&path, Duration::ZERO));
        assert!(!is_free_within(&path, Duration::from_millis(20)));
        let copy = lock.file.try_clone().unwrap();
        drop(lock);
        let (tell, told) = mpsc::channel();
        let waiting = thread::spawn(move || {
            tell.send(()).unwrap();
            is_free_within(&path, Duration::from_secs(30))
        });
        told.recv().unwrap();
        drop(copy);
        assert!(waiting.join().unwrap());
    }

    #[test]
    fn a_release_frees_it_whoever_has_copies_and_takes_the_name_out() {
        let scratch = Scratch::new("release");
        let path = scratch.path("app.lock");
        let mut lock = take(&path);
        lock.write(&"ann");
        let copy = lock.copy_once().unwrap();
        assert!(lock.copy_once().is_none(), "each copy is given out once");
        lock.release();
        let _next = take(&path);
        let file = held(&path).unwrap();
        assert_eq!(owner::<String>(&file), None);
        drop(copy);
        assert!(
            held(&path).is_some(),
            "a copy of the former lock is nothing"
        );
    }

    #[test]
    fn no_lock_is_had_where_none_can_be_made() {
        let scratch = Scratch::new("none");
        let nowhere = scratch.path("no/where.lock");
        assert!(matches!(Lock::take(&nowhere), Locked::Unavailable));
        let link = scratch.path("link.lock");
        std::os::unix::fs::symlink(scratch.path("elsewhere"), &link).unwrap();
        assert!(matches!(Lock::take(&link), Locked::Unavailable));
        assert!(
            !scratch.path("elsewhere").exists(),
            "a link is not followed"
        );
    }

    #[test]
    fn what_is_no_lock_file_of_ours_is_neither_written_to_nor_waited_for() {
        let scratch = Scratch::new("strange");
        let precious = scratch.path("precious");
        fs::write(&precious, "precious").unwrap();
        let second_name = scratch.path("second.lock");
        fs::hard_link(&precious, &second_name).unwrap();
        let pipe = scratch.path("pipe.lock");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in [second_name, pipe, scratch.path("")] {
            assert!(matches!(Lock::take(&path), Locked::Unavailable));
            assert!(held(&path).is_none());
        }
        assert_eq!(fs::read(&precious).unwrap(), b"precious");
    }

    #[test]
    fn a_lock_on_a_file_that_was_exchanged_is_none() {
        let scratch = Scratch::new("exchanged");
        let path = scratch.path("app.lock");
        let lock = take(&path);
        fs::rename(&path, scratch.path("away")).unwrap();
        assert!(!is_still(&path, &lock.file));
        take(&path);
    }
}
