//! Who leads a terminal's session in the place of the program: a process that only outlives it.
//!
//! When the leader of a session ends, the kernel hangs its terminal up and sends SIGHUP to the group in
//! the foreground. Were that the shell of `cd x && server`, which SIGTERM ends at once, the server would be
//! hung up in the midst of its grace, and what a command leaves behind as a daemon would never live.

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use nix::errno::Errno;

use crate::os::spawn::{Child, wait_for_exit};
use crate::os::{descriptor, signals};

/// Ends a holder whose run is over.
pub(crate) fn release(holder: i32) {
    signals::send(holder, signals::KILL);
    wait_for_exit(holder);
}

impl Child<'_> {
    /// Forks the holder, and from it the program, whose parent is the calling process all the same
    /// (`CLONE_PARENT`). Returns the pids of the program and of its holder.
    pub(super) fn fork_below_holder(&self) -> io::Result<(i32, i32)> {
        let (told, tell) = descriptor::pipe()?;
        // SAFETY: the guardian has one thread, so the child may call what it likes.
        let holder = match unsafe { libc::fork() } {
            -1 => return Err(io::Error::last_os_error()),
            // SAFETY: this is the freshly forked child.
            0 => unsafe { self.hold(tell.as_raw_fd()) },
            pid => pid,
        };
        drop(tell);
        let mut answer = [0; 4];
        let count = descriptor::read(told.as_fd(), &mut answer);
        match (count, i32::from_ne_bytes(answer)) {
            (Ok(Some(4)), pid @ 1..) => Ok((pid, holder)),
            (_, errno) => {
                release(holder);
                Err(io::Error::from_raw_os_error(-errno))
            }
        }
    }

    /// Becomes the leader of a session that the terminal controls, starts the program there, tells its pid
    /// (or an errno below 0), and then does nothing until it is killed.
    ///
    /// # Safety
    /// Only in a freshly forked child.
    unsafe fn hold(&self, tell: RawFd) -> ! {
        // SAFETY: only async-signal-safe calls; the pointers of `self` were made before the fork. The raw
        // clone without a stack of its own is a fork.
        unsafe {
            self.die_with_parent();
            libc::setsid();
            let mut pid = libc::ioctl(self.input, libc::TIOCSCTTY as _, 0);
            if pid == 0 {
                let flags = libc::CLONE_PARENT | libc::SIGCHLD;
                pid = libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) as i32;
                if pid == 0 {
                    self.become_program();
                }
            }
            let answer = if pid > 0 { pid } else { -Errno::last_raw() }.to_ne_bytes();
            libc::write(tell, answer.as_ptr().cast(), answer.len());
            if pid < 0 {
                libc::_exit(127);
            }
            for descriptor in [tell, self.report, self.input, self.output] {
                libc::close(descriptor);
            }
            close_all();
            let mut all: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::sigprocmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut());
            loop {
                libc::pause();
            }
        }
    }
}

/// Nothing is to stay open because of a holder: the ends of pipes, locks, the terminal itself.
unsafe fn close_all() {
    // SAFETY: whoever calls this uses no descriptor any more.
    unsafe {
        let result = libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, 0);
        if result == -1 {
            // Linux before 5.9. What would do harm is closed already, whatever its number.
            for descriptor in 0..1024 {
                libc::close(descriptor);
            }
        }
    }
}
