//! inotify(7): each directory by itself, told to the loop by its epoll. No thread, and no `IN_OPEN`: reading is no news.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::os::notifier::{Detail, Happening, Kind, Told, Unwatched};
use crate::os::watched;

/// So often it is read before others have their turn: about 6,000 events.
const READS: usize = 64;

#[derive(Debug)]
pub(crate) struct Notifier {
    watches: Arc<Watches>,
    /// The same open file, for the loop.
    events: AsyncFd<OwnedFd>,
}

/// What is watched. Another thread may add to it.
#[derive(Debug)]
pub(crate) struct Watches {
    inotify: Inotify,
    directories: Mutex<Directories>,
}

#[derive(Debug, Default)]
struct Directories {
    by_watch: HashMap<WatchDescriptor, PathBuf>,
    by_path: HashMap<PathBuf, WatchDescriptor>,
}

impl Notifier {
    /// To be called in the runtime.
    ///
    /// # Errors
    /// The user has as many as he may (`fs.inotify.max_user_instances`), or no descriptor is left.
    pub(crate) fn new() -> Result<Self, Unwatched> {
        let flags = InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK;
        let inotify = Inotify::init(flags).map_err(|errno| match errno {
            Errno::EMFILE => Unwatched::Limit("fs.inotify.max_user_instances"),
            errno => Unwatched::Other(errno.into()),
        })?;
        let same = inotify.as_fd().try_clone_to_owned();
        let events = same.and_then(|same| watched::watch(same, Interest::READABLE));
        let watches = Arc::new(Watches {
            inotify,
            directories: Mutex::default(),
        });
        Ok(Self {
            watches,
            events: events.map_err(Unwatched::Other)?,
        })
    }

    pub(crate) fn watches(&self) -> Arc<Watches> {
        self.watches.clone()
    }

    /// What was told since the last time; at least one thing. Nothing is lost if it is dropped before it resolves.
    pub(crate) async fn next(&mut self) -> io::Result<Vec<Told>> {
        loop {
            let mut ready = self.events.readable().await?;
            let mut told = Vec::new();
            for _ in 0..READS {
                match self.watches.inotify.read_events() {
                    Ok(events) => told.extend(self.watches.told(events)),
                    Err(Errno::EAGAIN) => {
                        ready.clear_ready();
                        break;
                    }
                    Err(Errno::EINTR) => {}
                    Err(errno) => return Err(errno.into()),
                }
            }
            if !told.is_empty() {
                return Ok(told);
            }
        }
    }
}

impl Watches {
    /// Once more adds what is told.
    ///
    /// # Errors
    /// Why it is not watched.
    pub(crate) fn add(&self, directory: &Path, detail: Detail) -> Result<(), Unwatched> {
        let all = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_ATTRIB;
        let kinds = match detail {
            Detail::All => all,
            Detail::Ends => AddWatchFlags::empty(),
        } | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_ONLYDIR
            // nix has no name for it.
            | AddWatchFlags::from_bits_retain(libc::IN_MASK_ADD);
        // Before anybody reads what happens there.
        let mut directories = self.directories();
        let watch = self.inotify.add_watch(directory, kinds);
        let watch = watch.map_err(|errno| match errno {
            Errno::ENOSPC => Unwatched::Limit("fs.inotify.max_user_watches"),
            Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES | Errno::ELOOP => Unwatched::Missing,
            errno => Unwatched::Other(errno.into()),
        })?;
        let path = directory.to_path_buf();
        directories.by_path.insert(path.clone(), watch);
        directories.by_watch.insert(watch, path);
        Ok(())
    }

    pub(crate) fn remove(&self, directory: &Path) {
        let mut directories = self.directories();
        if let Some(watch) = directories.by_path.remove(directory) {
            directories.by_watch.remove(&watch);
            // It is gone already with its directory.
            let _ = self.inotify.rm_watch(watch);
        }
    }

    /// Nothing is watched from now on. Who closes an inotify waits until no processor can be at one of its watches (up
    /// to 25 ms); after this the kernel sees to that by itself, and who has a few milliseconds left waits for nothing.
    pub(crate) fn remove_all(&self) {
        let mut directories = self.directories();
        directories.by_path.clear();
        for (watch, _) in directories.by_watch.drain() {
            // It is gone already with its directory.
            let _ = self.inotify.rm_watch(watch);
        }
    }

    fn directories(&self) -> MutexGuard<'_, Directories> {
        self.directories
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self, events: Vec<InotifyEvent>) -> Vec<Told> {
        let mut directories = self.directories();
        let told = events.into_iter().filter_map(|event| {
            if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
                return Some(Told::Lost);
            }
            if event.mask.contains(AddWatchFlags::IN_IGNORED) {
                let path = directories.by_watch.remove(&event.wd)?;
                directories.by_path.remove(&path);
                return None;
            }
            let directory = directories.by_watch.get(&event.wd)?.clone();
            happening(directory, event.name?, event.mask)
        });
        told.collect()
    }
}

fn happening(directory: PathBuf, name: OsString, mask: AddWatchFlags) -> Option<Told> {
    const KINDS: [(AddWatchFlags, Kind); 7] = [
        (AddWatchFlags::IN_CREATE, Kind::Made),
        (AddWatchFlags::IN_MOVED_TO, Kind::Arrived),
        (AddWatchFlags::IN_MODIFY, Kind::Written),
        (AddWatchFlags::IN_ATTRIB, Kind::Attributes),
        (AddWatchFlags::IN_CLOSE_WRITE, Kind::Closed),
        (AddWatchFlags::IN_DELETE, Kind::Removed),
        (AddWatchFlags::IN_MOVED_FROM, Kind::MovedAway),
    ];
    let (_, kind) = KINDS.iter().find(|(flag, _)| mask.contains(*flag))?;
    Some(Told::Happened(Happening {
        directory,
        name,
        is_directory: mask.contains(AddWatchFlags::IN_ISDIR),
        kind: *kind,
    }))
}
