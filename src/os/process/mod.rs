//! What can be known about a process by its pid.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

use std::path::PathBuf;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;

use crate::words::wording;

/// Longest command line that is shown, in characters.
const MAX_COMMAND: usize = 60;

#[cfg(target_os = "linux")]
pub(in crate::os) use system::descriptors;
#[cfg(target_os = "macos")]
pub(in crate::os) use system::{FileInfo, Numbers, descriptor_info, descriptors, numbers};

/// One look at a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) parent: i32,
    pub(crate) group: i32,
    pub(crate) session: i32,
    /// In a unit of the system's. With the pid, it names one process for ever.
    pub(crate) start_time: u64,
    pub(crate) is_zombie: bool,
}

/// `None`: there is no such process.
pub(crate) fn status(pid: i32) -> Option<Status> {
    system::status(pid)
}

/// The living and the dead that were not collected, in the order of their birth.
pub(crate) fn children(pid: i32) -> Vec<i32> {
    system::children(pid)
}

/// Its parent, that one's parent, and so on to the first of all.
pub(crate) fn parents(pid: i32) -> impl Iterator<Item = i32> {
    let parent = |pid: &i32| Some(status(*pid)?.parent).filter(|parent| *parent > 0);
    std::iter::successors(parent(&pid), parent)
}

/// Those of this process.
///
/// # Errors
/// The system has no memory or no descriptor for it now, or a thread ended meanwhile.
#[cfg(target_os = "linux")]
pub(crate) fn own_children() -> std::io::Result<Vec<i32>> {
    system::own_children()
}

/// Every process of the machine that may be seen.
pub(crate) fn all() -> Vec<i32> {
    system::all()
}

/// Its program's name: `node`.
pub(crate) fn name(pid: i32) -> Option<String> {
    system::name(pid).map(|name| wording::escaped(&name).into_owned())
}

/// Its arguments, joined by blanks, escaped, and cut to a readable length; its name where it has none
/// (it has ended, or is the kernel's).
pub(crate) fn command_line(pid: i32) -> Option<String> {
    let mut arguments = system::arguments(pid).unwrap_or_default();
    if arguments.iter().all(|argument| argument.trim().is_empty()) {
        return name(pid);
    }
    // The path of the program says less than it takes. What has blanks in it is no path but a title that the
    // process has given itself: `nginx: master process /usr/sbin/nginx`.
    if !arguments[0].contains(' ') {
        let program = arguments[0].rsplit('/').next().unwrap_or_default();
        arguments[0] = program.to_string();
    }
    Some(cut(&wording::escaped(arguments.join(" ").trim_end())))
}

/// A command line as somebody typed it, escaped and cut like the others.
pub(crate) fn shown_command(typed: &str) -> String {
    cut(&wording::escaped(typed))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_COMMAND) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_string(),
    }
}

pub(crate) fn directory(pid: i32) -> Option<PathBuf> {
    system::directory(pid)
}

/// Whether its environment, as it was when the program began, holds `variable` (`NAME=value`).
pub(crate) fn environment_contains(pid: i32, variable: &[u8]) -> bool {
    system::environment_contains(pid, variable)
}

/// Whether the pipe or terminal of this device and inode is among its open descriptors.
pub(crate) fn has_open(pid: i32, identity: (u64, u64)) -> bool {
    system::has_open(pid, identity)
}

/// The user whose rights this process has.
pub(crate) fn own_user() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// What that user is called; `None`: the system does not know.
pub(crate) fn own_user_name() -> Option<String> {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid());
    Some(user.ok()??.name)
}

/// Whether other processes can be seen: on Linux that takes a /proc.
pub(crate) fn are_seen() -> bool {
    status(std::process::id() as i32).is_some()
}

/// The user's home directory, as the environment has it.
pub(crate) fn home() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    home.filter(|home| home.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_itself() {
        let own = std::process::id() as i32;
        let status = status(own).unwrap();
        assert_eq!(status.parent, nix::unistd::getppid().as_raw());
        assert_eq!(status.group, nix::unistd::getpgrp().as_raw());
        assert!(!status.is_zombie);
        assert!(all().contains(&own));
        assert!(children(status.parent).contains(&own));
        assert_eq!(directory(own), std::env::current_dir().ok());
        assert!(command_line(own).unwrap().contains("devrun"));
    }

    #[test]
    fn what_has_ended_is_a_zombie_until_it_is_collected() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id() as i32;
        while crate::os::spawn::peek_exit(pid).unwrap().is_none() {
            std::thread::yield_now();
        }
        assert!(status(pid).unwrap().is_zombie);
        assert_eq!(command_line(pid), name(pid));
        child.wait().unwrap();
        assert_eq!(status(pid), None);
    }

    #[test]
    fn a_long_command_line_is_cut_between_characters() {
        assert_eq!(cut("redis-server"), "redis-server");
        let shown = cut(&"é".repeat(MAX_COMMAND + 1));
        assert_eq!(shown, format!("{}…", "é".repeat(MAX_COMMAND)));
    }

    #[test]
    fn the_environment_is_compared_whole() {
        let own = std::process::id() as i32;
        let path = std::env::var("PATH").unwrap();
        assert!(environment_contains(own, format!("PATH={path}").as_bytes()));
        assert!(!environment_contains(own, b"PATH="));
    }

    #[test]
    fn an_open_pipe_is_found_by_either_end() {
        use crate::os::descriptor;
        use std::os::fd::AsFd;
        let (read, write) = descriptor::pipe().unwrap();
        let own = std::process::id() as i32;
        let identity = descriptor::identity(read.as_fd()).unwrap();
        assert!(has_open(own, identity));
        assert!(has_open(own, descriptor::identity(write.as_fd()).unwrap()));
        drop((read, write));
        assert!(!has_open(own, identity));
    }
}
