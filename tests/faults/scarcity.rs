//! Too little of everything: descriptors, processes, room on the disk, directories, and what the system lacks. Each has
//! an outcome with a name: a message and a status, or a session that goes on and says without what.

#[cfg(target_os = "linux")]
mod descriptors;
mod directories;
mod disk;
#[cfg(target_os = "linux")]
mod mounts;
#[cfg(target_os = "linux")]
pub mod processes;
mod programs;
mod signals;
#[cfg(target_os = "linux")]
mod system;

use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::resource::{Resource, setrlimit};

/// devrun, or whatever it is, may have so much of it and no more.
fn limited(mut command: Command, resource: Resource, limit: u64) -> Command {
    let limit_it = move || {
        // Whoever runs the tests may have left some open for us.
        #[cfg(target_os = "linux")]
        // SAFETY: a system call that touches no memory.
        unsafe {
            use nix::libc;
            let close_on_exec = libc::CLOSE_RANGE_CLOEXEC;
            libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, close_on_exec);
        }
        Ok(setrlimit(resource, limit, limit)?)
    };
    // SAFETY: two system calls, and no allocation.
    unsafe { command.pre_exec(limit_it) };
    command
}

/// A limit of a process that runs, the hard one left as it is.
#[cfg(target_os = "linux")]
fn limit_running(pid: i32, limit: u64) {
    use nix::libc;
    // SAFETY: the kernel reads one of the two, writes the other, and keeps neither.
    unsafe {
        let mut found: libc::rlimit = std::mem::zeroed();
        let resource = libc::RLIMIT_NOFILE;
        assert_eq!(
            libc::prlimit(pid, resource, std::ptr::null(), &raw mut found),
            0
        );
        found.rlim_cur = limit.min(found.rlim_max);
        assert_eq!(
            libc::prlimit(pid, resource, &raw const found, std::ptr::null_mut()),
            0
        );
    }
}
