//! A running devrun as others find it: a process by pid and start time, and the name of its socket. It is
//! never knocked at here.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use crate::os::process;

/// The longest path of a unix socket, in bytes: 104 on macOS, with a NUL at the end.
const MAX_SOCKET: usize = 103;
/// The longest name of one: `s-2147483647-ffffffffffffffff.sock`.
const MAX_NAME: usize = 34;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) pid: i32,
    /// Of that pid: a later process of the same number is not meant.
    pub(super) start_time: u64,
}

impl Session {
    pub(super) fn own() -> Self {
        let pid = std::process::id() as i32;
        let start_time = process::status(pid).map_or(0, |status| status.start_time);
        Self { pid, start_time }
    }

    pub(super) fn is_alive(self) -> bool {
        let status = process::status(self.pid);
        status.is_some_and(|status| !status.is_zombie && status.start_time == self.start_time)
    }

    /// `None`: the directory's path is so long that no socket can be bound in it.
    pub(super) fn socket(self, runtime: &Path) -> Option<PathBuf> {
        let name = format!("s-{}-{:x}.sock", self.pid, self.start_time);
        let path = runtime.join(name);
        (path.as_os_str().len() <= MAX_SOCKET).then_some(path)
    }

    /// Whose socket has that name.
    fn of_socket(name: &str) -> Option<Self> {
        let (pid, start_time) = name
            .strip_prefix("s-")?
            .strip_suffix(".sock")?
            .split_once('-')?;
        Some(Self {
            pid: pid.parse().ok()?,
            start_time: u64::from_str_radix(start_time, 16).ok()?,
        })
    }
}

/// Whether every session can have its socket there, however long its numbers are: two sessions never
/// disagree about a directory.
pub(super) fn has_room_for_sockets(runtime: &Path) -> bool {
    runtime.as_os_str().as_bytes().len() + 1 + MAX_NAME <= MAX_SOCKET
}

/// The sockets of the sessions that live, but for `own`. Those of the dead are removed.
pub(super) fn others(runtime: &Path, own: Session) -> Vec<PathBuf> {
    let entries = fs::read_dir(runtime).into_iter().flatten().flatten();
    let mut sockets = Vec::new();
    for entry in entries {
        let name = entry.file_name();
        let Some(session) = name.to_str().and_then(Session::of_socket) else {
            continue;
        };
        if !session.is_alive() {
            // Of a link, the link itself.
            let _ = fs::remove_file(entry.path());
        } else if session != own && entry.file_type().is_ok_and(|kind| kind.is_socket()) {
            sockets.push(entry.path());
        }
    }
    sockets
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::{Child, Command};

    use super::*;
    use crate::registry::scratch::Scratch;

    /// Somebody who lives as long as nobody ends it.
    fn somebody() -> (Child, Session) {
        let child = Command::new("sleep").arg("1000").spawn().unwrap();
        let pid = child.id() as i32;
        let start_time = process::status(pid).unwrap().start_time;
        (child, Session { pid, start_time })
    }

    #[test]
    fn a_sockets_name_says_whose_it_is() {
        let session = Session {
            pid: i32::MAX,
            start_time: u64::MAX,
        };
        let path = session.socket(Path::new("/run")).unwrap();
        assert_eq!(path, Path::new("/run/s-2147483647-ffffffffffffffff.sock"));
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(name.len(), MAX_NAME);
        assert_eq!(Session::of_socket(name), Some(session));
        for other in [
            "",
            "s-1.sock",
            "s-1-x.sock",
            "s--1.sock",
            "app-1.lock",
            "s-1-1",
        ] {
            assert_eq!(Session::of_socket(other), None, "{other}");
        }
    }

    #[test]
    fn a_socket_is_had_where_its_path_fits() {
        let path = |length: usize| PathBuf::from(format!("/{}", "d".repeat(length - 1)));
        assert!(has_room_for_sockets(&path(68)));
        assert!(!has_room_for_sockets(&path(69)));
        let own = Session::own();
        assert!(own.socket(&path(68)).is_some());
        assert_eq!(own.socket(&path(103)), None);
    }

    #[test]
    fn sockets_of_the_living_are_found_and_those_of_the_dead_removed() {
        let scratch = Scratch::new("live");
        let runtime = scratch.path("");
        let bind = |session: Session| {
            let path = session.socket(&runtime).unwrap();
            drop(UnixListener::bind(&path).unwrap());
            path
        };
        let own = Session::own();
        let ours = bind(own);
        let (mut child, living) = somebody();
        let theirs = bind(living);
        let gone = bind(Session {
            start_time: living.start_time + 1,
            ..living
        });
        let others_file = scratch.path("s-unlike.sock");
        fs::write(&others_file, "").unwrap();

        assert_eq!(others(&runtime, own), [theirs.as_path()]);
        assert!(ours.exists() && theirs.exists() && others_file.exists());
        assert!(!gone.exists());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(others(&runtime, own), [] as [&Path; 0]);
        assert!(!theirs.exists() && ours.exists());
    }

    #[test]
    fn a_link_is_neither_followed_nor_knocked_at() {
        let scratch = Scratch::new("links");
        let runtime = scratch.path("");
        let target = scratch.path("target");
        drop(UnixListener::bind(&target).unwrap());
        let (mut child, living) = somebody();
        let link = living.socket(&runtime).unwrap();
        symlink(&target, &link).unwrap();
        assert_eq!(others(&runtime, Session::own()), [] as [&Path; 0]);
        assert!(link.is_symlink());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(others(&runtime, Session::own()), [] as [&Path; 0]);
        assert!(!link.is_symlink() && target.exists());
    }

    #[test]
    fn without_a_directory_there_are_no_others() {
        let nowhere = Path::new("/nonexistent/devrun");
        assert_eq!(others(nowhere, Session::own()), [] as [&Path; 0]);
    }
}
