//! Waits until something in a directory is written, made or closed by whoever wrote it.

use std::io;
use std::path::Path;
use std::time::Duration;

/// Not every file system tells of everything: so often somebody looks all the same.
#[cfg(target_os = "linux")]
const INTERVAL: Duration = Duration::from_millis(250);
/// Where nothing tells of what happens to the files in a directory: so often somebody looks.
const BLIND_INTERVAL: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(crate) struct Watch {
    /// `None`: the user has as many as he may (`fs.inotify.max_user_instances`: editors take many).
    #[cfg(target_os = "linux")]
    events: Option<nix::sys::inotify::Inotify>,
}

#[cfg(target_os = "linux")]
impl Watch {
    /// # Errors
    /// There is no such directory.
    pub(crate) fn new(directory: &Path) -> io::Result<Self> {
        use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
        let kinds = AddWatchFlags::IN_MODIFY
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_ONLYDIR
            | AddWatchFlags::IN_DONT_FOLLOW;
        std::fs::metadata(directory)?;
        let events = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK);
        let watch = |events: &Inotify| events.add_watch(directory, kinds).is_ok();
        Ok(Self {
            events: events.ok().filter(watch),
        })
    }

    /// Until something happens, `timeout` is over, or it may be worth a look anyway. What happened since the
    /// last wait counts.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn wait(&self, timeout: Duration) -> io::Result<()> {
        use std::os::fd::AsFd;
        let Some(events) = &self.events else {
            std::thread::sleep(timeout.min(BLIND_INTERVAL));
            return Ok(());
        };
        crate::os::descriptor::poll(&[events.as_fd()], Some(timeout.min(INTERVAL)))?;
        // What it was does not matter.
        while events.read_events().is_ok() {}
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
impl Watch {
    /// # Errors
    /// There is no such directory.
    pub(crate) fn new(directory: &Path) -> io::Result<Self> {
        std::fs::metadata(directory)?;
        Ok(Self {})
    }

    /// A moment, or `timeout` if that is less: something may have happened.
    ///
    /// # Errors
    /// None.
    pub(crate) fn wait(&self, timeout: Duration) -> io::Result<()> {
        std::thread::sleep(timeout.min(BLIND_INTERVAL));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write;
    use std::time::Instant;

    use super::*;
    use crate::os::directory::temporary;

    const PATIENCE: Duration = Duration::from_millis(250);

    #[test]
    fn what_happened_before_the_wait_ends_it() {
        let directory = temporary().join(format!("devrun-test-{}-watch", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let watch = Watch::new(&directory).unwrap();
        let begun = Instant::now();
        let mut file = File::create(directory.join("file")).unwrap();
        watch.wait(PATIENCE).unwrap();
        file.write_all(b"x").unwrap();
        watch.wait(PATIENCE).unwrap();
        drop(file);
        watch.wait(PATIENCE).unwrap();
        assert!(cfg!(not(target_os = "linux")) || begun.elapsed() < PATIENCE);
        fs::remove_dir_all(&directory).unwrap();
        Watch::new(&directory).unwrap_err();
    }
}
