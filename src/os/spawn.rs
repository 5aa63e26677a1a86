//! fork to exec: the only place where a process becomes two.

#[cfg(target_os = "linux")]
pub(crate) mod holder;
#[cfg(target_os = "linux")]
mod sharing;

use std::ffi::{CString, OsStr};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;

use crate::os::{descriptor, signals};
use crate::words::texts::Texts;

/// What a child is made of, laid out before the fork: the child may not allocate.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    /// Each with a NUL at its end. The first one is the path.
    arguments: Vec<&'a [u8]>,
    environment: Vec<&'a [u8]>,
    directory: CString,
}

impl<'a> Program<'a> {
    /// `environment` holds `NAME=value`.
    ///
    /// # Errors
    /// A NUL byte in any of it, or no path.
    pub(crate) fn new(
        arguments: &'a Texts,
        environment: &'a Texts,
        directory: &Path,
    ) -> io::Result<Self> {
        let arguments = arguments.with_ends().filter(|them| !them.is_empty());
        Ok(Self {
            arguments: arguments.ok_or(io::ErrorKind::InvalidInput)?,
            environment: environment.with_ends().ok_or(io::ErrorKind::InvalidInput)?,
            directory: CString::new(OsStr::as_bytes(directory.as_os_str()))?,
        })
    }
}

/// What every child of a session has in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// `nohup`: the children ignore SIGHUP as well.
    pub(crate) ignores_hangup: bool,
    /// The soft limit of open descriptors that devrun itself was started with.
    pub(crate) descriptors: u64,
}

/// The signals that a child has to set back, as [`signals::not_default`] tells them of its parent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changed(pub(crate) u64);

/// A child between fork and exec.
#[derive(Debug)]
pub(crate) struct Forked {
    pub(crate) pid: i32,
    /// Who leads its session, if it has a terminal and this is Linux: to be released once the last of the
    /// run is gone.
    pub(crate) holder: Option<i32>,
    /// At its end without a byte: the exec succeeded. Else four bytes: the errno.
    pub(crate) failure: OwnedFd,
}

/// What a child's stdin, stdout and stderr are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends<'a> {
    pub(crate) input: &'a OwnedFd,
    pub(crate) output: &'a OwnedFd,
    /// They are a terminal, which is to control the child's session.
    pub(crate) are_terminal: bool,
}

/// Forks a child that becomes `program`, in a process group of its own, and with a terminal in a session
/// of its own. It is killed when the calling thread ends (Linux: `PR_SET_PDEATHSIG`).
/// Waits for the exec where that costs less than not to (Linux: not with a terminal), as long as it is not held up.
///
/// # Errors
/// EAGAIN, ENOMEM from fork(2), EMFILE from pipe(2).
pub(crate) fn fork(
    program: &Program<'_>,
    ends: Ends<'_>,
    habits: Habits,
    changed: Changed,
) -> io::Result<Forked> {
    // Until the child has its signals back, our handlers would swallow what is meant for it.
    signals::hold_back()?;
    let child = |report: &OwnedFd| Child {
        arguments: pointers(&program.arguments),
        environment: pointers(&program.environment),
        directory: &program.directory,
        input: ends.input.as_raw_fd(),
        output: ends.output.as_raw_fd(),
        has_terminal: ends.are_terminal,
        report: report.as_raw_fd(),
        parent: std::process::id() as i32,
        habits,
        changed,
    };
    let forked = forked(child);
    signals::release()?;
    forked
}

/// `child` makes what is forked, with that end of the pipe that tells how its exec goes.
fn forked<'a>(child: impl Fn(&OwnedFd) -> Child<'a>) -> io::Result<Forked> {
    #[cfg(target_os = "linux")]
    {
        let (failure, report) = descriptor::pipe()?;
        let child = child(&report);
        let forked = if child.has_terminal {
            let (pid, holder) = child.fork_below_holder()?;
            Some((pid, Some(holder)))
        } else {
            child.fork_sharing(&failure, report)?.map(|pid| (pid, None))
        };
        if let Some((pid, holder)) = forked {
            return Ok(Forked {
                pid,
                holder,
                failure,
            });
        }
    }
    let (failure, report) = descriptor::pipe()?;
    Ok(Forked {
        pid: child(&report).fork_copying()?,
        holder: None,
        failure,
    })
}

fn pointers(texts: &[&[u8]]) -> Vec<*const libc::c_char> {
    let ends = [std::ptr::null()];
    let texts = texts.iter().map(|text| text.as_ptr().cast());
    texts.chain(ends).collect()
}

struct Child<'a> {
    /// The path comes first.
    arguments: Vec<*const libc::c_char>,
    environment: Vec<*const libc::c_char>,
    directory: &'a CString,
    input: RawFd,
    output: RawFd,
    has_terminal: bool,
    report: RawFd,
    parent: i32,
    habits: Habits,
    changed: Changed,
}

impl Child<'_> {
    /// Does not wait for the exec.
    fn fork_copying(&self) -> io::Result<i32> {
        // SAFETY: the guardian has one thread, so the child may call what it likes.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            // SAFETY: this is the freshly forked child.
            0 => unsafe { self.become_program() },
            pid => {
                if !self.has_terminal {
                    // Whoever is first: the group has to exist before anybody signals it. (Who leads a
                    // group cannot begin a session.)
                    // SAFETY: touches no memory of ours.
                    unsafe { libc::setpgid(pid, pid) };
                }
                Ok(pid)
            }
        }
    }

    /// # Safety
    /// Only in a freshly forked child.
    unsafe fn become_program(&self) -> ! {
        // SAFETY: all pointers were made before the fork and live in this frame's caller.
        unsafe {
            self.die_with_parent();
            self.found_group();
            if self.connect() && libc::chdir(self.directory.as_ptr()) == 0 {
                self.restore_signals();
                self.restore_limits();
                libc::execve(
                    self.arguments[0],
                    self.arguments.as_ptr(),
                    self.environment.as_ptr(),
                );
            }
            let errno = Errno::last_raw().to_ne_bytes();
            libc::write(self.report, errno.as_ptr().cast(), errno.len());
            libc::_exit(127)
        }
    }

    /// A group of its own; with a terminal the one in the foreground, so that Ctrl-C typed there is for it.
    unsafe fn found_group(&self) {
        // SAFETY: touches no memory of ours but a signal set of this frame.
        unsafe {
            #[cfg(target_os = "linux")]
            {
                libc::setpgid(0, 0);
                if self.has_terminal {
                    // Who is in the background is stopped for this; the mask is emptied before the exec.
                    let mut stop: libc::sigset_t = std::mem::zeroed();
                    libc::sigaddset(&raw mut stop, libc::SIGTTOU);
                    libc::sigprocmask(libc::SIG_BLOCK, &raw const stop, std::ptr::null_mut());
                    libc::tcsetpgrp(self.input, libc::getpid());
                }
            }
            // No holder there: the program leads the session itself.
            #[cfg(not(target_os = "linux"))]
            if self.has_terminal {
                libc::setsid();
                libc::ioctl(self.input, libc::TIOCSCTTY as _, 0);
            } else {
                libc::setpgid(0, 0);
            }
        }
    }

    /// The kernel kills us with the thread that forked us. If that ended before we said so, we are
    /// somebody else's child already: not pid 1's in particular, a subreaper may have adopted us.
    unsafe fn die_with_parent(&self) {
        #[cfg(target_os = "linux")]
        // SAFETY: prctl, getppid and _exit touch no memory of ours.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            if libc::getppid() != self.parent {
                libc::_exit(127);
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = self.parent;
    }

    /// Puts stdin, stdout and stderr in place and marks all the others to be closed by the exec.
    unsafe fn connect(&self) -> bool {
        // SAFETY: dup2 and close_range touch no memory of ours. None of the three sources is below 3:
        // the guardian keeps 0, 1 and 2 open.
        unsafe {
            let connected = libc::dup2(self.input, 0) == 0
                && libc::dup2(self.output, 1) == 1
                && libc::dup2(self.output, 2) == 2;
            // Everything of ours is O_CLOEXEC; this is for what devrun itself inherited.
            #[cfg(target_os = "linux")]
            libc::syscall(
                libc::SYS_close_range,
                3,
                libc::c_uint::MAX,
                libc::CLOSE_RANGE_CLOEXEC,
            );
            connected
        }
    }

    /// As in a fresh login: every signal at its default, none held back.
    unsafe fn restore_signals(&self) {
        // SAFETY: all-zero is a valid sigaction: SIG_DFL without flags.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            for signal in 1..=64 {
                if self.changed.0 >> (signal - 1) & 1 == 1 {
                    libc::sigaction(signal, &raw const action, std::ptr::null_mut());
                }
            }
            if self.habits.ignores_hangup {
                action.sa_sigaction = libc::SIG_IGN;
                libc::sigaction(libc::SIGHUP, &raw const action, std::ptr::null_mut());
            }
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        }
    }

    unsafe fn restore_limits(&self) {
        // SAFETY: plain data of our own stack.
        unsafe {
            let mut limit: libc::rlimit = std::mem::zeroed();
            if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
                limit.rlim_cur = self.habits.descriptors.min(limit.rlim_max);
                libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
            }
        }
    }
}

/// Lets a command that is about to be started be asked to end (SIGTERM) when the calling thread does, also where
/// we are killed. Not on macOS, which has no such thing.
pub(crate) fn end_with_us(command: &mut std::process::Command) {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt;
        let parent = nix::unistd::getpid();
        let ask = move || {
            nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM)?;
            // We may be gone already.
            if nix::unistd::getppid() == parent {
                Ok(())
            } else {
                Err(io::ErrorKind::Interrupted.into())
            }
        };
        // SAFETY: two system calls, and no allocation: an error made of its kind needs none.
        unsafe { command.pre_exec(ask) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Which of the two processes we are after [`split`].
#[derive(Debug)]
pub(crate) enum Side {
    Parent { child: i32 },
    Child,
}

/// Forks the running program itself: the guardian. Call it while there is one thread.
pub(crate) fn split() -> io::Result<Side> {
    // SAFETY: there is one thread, so no lock is held by anybody else in the child.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Side::Child),
        child => Ok(Side::Parent { child }),
    }
}

/// Makes orphaned descendants come to this process instead of pid 1. Not on macOS, which has no such
/// thing.
pub(crate) fn adopt_orphans() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(true)?;
    Ok(())
}

/// A session of our own, without a terminal: none hangs up on it, and no job of a shell is signalled with it.
pub(crate) fn lead_session() -> io::Result<()> {
    nix::unistd::setsid()?;
    Ok(())
}

/// The guardian's way out of the caller's session: no hang-up of the terminal, no signal to the job, no
/// `killall devrun` reaches it.
pub(crate) fn leave_session(name: &std::ffi::CStr) -> io::Result<()> {
    nix::unistd::setsid()?;
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_name(name)?;
    #[cfg(not(target_os = "linux"))]
    let _ = name;
    Ok(())
}

/// Sets this process going when its parent, or rather the thread that forked it, ends: one that somebody has
/// stopped (SIGSTOP) would not see that. Not on macOS, which has no such thing.
pub(crate) fn go_on_without_parent() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGCONT)?;
    Ok(())
}

/// How a child ended, or `None` while it lives. The child stays a zombie: its pid, and the group of that
/// number, cannot be given to anybody else.
///
/// # Errors
/// The system does not say.
pub(crate) fn peek_exit(pid: i32) -> io::Result<Option<crate::words::exit::Exit>> {
    wait(pid, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT)
}

/// Collects a child that ended, so that its pid is free again. `None` while it lives.
pub(crate) fn reap(pid: i32) -> Option<crate::words::exit::Exit> {
    wait(pid, libc::WEXITED | libc::WNOHANG).ok().flatten()
}

/// As [`reap`], but waits for the end.
pub(crate) fn wait_for_exit(pid: i32) -> Option<crate::words::exit::Exit> {
    wait(pid, libc::WEXITED).ok().flatten()
}

fn wait(pid: i32, flags: libc::c_int) -> io::Result<Option<crate::words::exit::Exit>> {
    use crate::words::exit::Exit;
    loop {
        // SAFETY: an all-zero siginfo_t is valid, and tells "nothing happened" by a pid of 0.
        let (result, info) = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            let result = libc::waitid(libc::P_PID, pid as libc::id_t, &raw mut info, flags);
            (result, info)
        };
        if result == -1 {
            match Errno::last() {
                Errno::EINTR => continue,
                errno => return Err(errno.into()),
            }
        }
        // SAFETY: waitid filled in the fields of a SIGCHLD.
        let (who, status) = unsafe { (info.si_pid(), info.si_status()) };
        return Ok(match (who, info.si_code) {
            (0, _) => None,
            (_, libc::CLD_EXITED) => Some(Exit::Status(status as u8)),
            (_, _) => Some(Exit::Signal(status)),
        });
    }
}
