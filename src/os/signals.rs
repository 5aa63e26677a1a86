//! Signals: which are ignored, which wait, and how a signal becomes a byte that `poll` can see.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction};

use crate::os::descriptor;

/// Ignored, it would take the exit statuses of our children from us.
pub(crate) const CHILD: Signal = Signal::SIGCHLD;
pub(crate) const TERMINATE: i32 = Signal::SIGTERM as i32;
pub(crate) const KILL: i32 = Signal::SIGKILL as i32;
pub(crate) const CONTINUE: i32 = Signal::SIGCONT as i32;

pub(crate) const PAUSE: i32 = Signal::SIGSTOP as i32;
/// `nohup` has it ignored.
pub(crate) const HANG_UP: Signal = Signal::SIGHUP;
/// Ctrl-Z.
pub(crate) const TERMINAL_STOP: Signal = Signal::SIGTSTP;
/// The terminal has another size.
pub(crate) const WINDOW: i32 = Signal::SIGWINCH as i32;

/// What asks devrun to stop.
pub(crate) const STOPPING: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
];

/// Whether devrun was started with that signal ignored: SIGHUP by `nohup`. Then it stays ignored.
pub(crate) fn is_ignored(signal: Signal) -> io::Result<bool> {
    // SAFETY: only asks; an all-zero sigaction is valid to be overwritten.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        Errno::result(libc::sigaction(
            signal as i32,
            std::ptr::null(),
            &raw mut action,
        ))?;
        Ok(action.sa_sigaction == libc::SIG_IGN)
    }
}

/// The signals that do something else than in a fresh process: 1 is the lowest bit.
pub(crate) fn not_default() -> u64 {
    let is_changed = |signal: &i32| {
        // SAFETY: only asks; an all-zero sigaction, which is what stays where there is no such signal, is the default.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(*signal, std::ptr::null(), &raw mut action);
            action.sa_sigaction != libc::SIG_DFL
        }
    };
    let changed = (1..=64).filter(is_changed);
    changed.fold(0, |bits, signal| bits | 1 << (signal - 1))
}

/// Makes `signal` do what it does in a fresh process.
pub(crate) fn set_default(signal: Signal) -> io::Result<()> {
    let action = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action runs no code of ours.
    unsafe { sigaction(signal, &action) }?;
    Ok(())
}

/// Writing more than a file may have (`ulimit -f`) fails from now on, like on a full disk, instead of ending us.
/// Children get the signal back.
pub(crate) fn ignore_file_size() -> io::Result<()> {
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: an ignored signal runs no code of ours.
    unsafe { sigaction(Signal::SIGXFSZ, &ignore) }?;
    Ok(())
}

/// Reading from the terminal in the background fails from now on, instead of stopping us; writing to it,
/// and changing its settings, succeeds.
pub(crate) fn ignore_terminal_stops() -> io::Result<()> {
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    for signal in [Signal::SIGTTIN, Signal::SIGTTOU] {
        // SAFETY: an ignored signal runs no code of ours.
        unsafe { sigaction(signal, &ignore) }?;
    }
    Ok(())
}

/// Stops this process as Ctrl-Z does where nobody handles it, and returns once it goes on: at once, where
/// no shell could ever set it going (its group is orphaned, and the kernel discards the signal).
pub(crate) fn stop_ourselves() -> io::Result<()> {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action runs no code of ours; the former one is put back as it was.
    let handled = unsafe { sigaction(Signal::SIGTSTP, &default) }?;
    nix::sys::signal::raise(Signal::SIGTSTP)?;
    // SAFETY: as above.
    unsafe { sigaction(Signal::SIGTSTP, &handled) }?;
    Ok(())
}

/// Holds back the signals that stop us, and SIGCHLD, until [`release`]: none may arrive while there are
/// two processes and no handlers yet.
pub(crate) fn hold_back() -> io::Result<()> {
    mask(SigmaskHow::SIG_BLOCK)
}

pub(crate) fn release() -> io::Result<()> {
    mask(SigmaskHow::SIG_UNBLOCK)
}

/// Holds all signals back from the calling thread: they are another one's.
pub(crate) fn leave_to_other_threads() -> io::Result<()> {
    Ok(SigSet::all().thread_block()?)
}

fn mask(how: SigmaskHow) -> io::Result<()> {
    let mut set: SigSet = STOPPING.into_iter().collect();
    set.add(Signal::SIGCHLD);
    Ok(nix::sys::signal::sigprocmask(how, Some(&set), None)?)
}

/// Where [`note`] writes; -1 before [`watch`].
static NOTED: AtomicI32 = AtomicI32::new(-1);

/// A SIGCHLD was noted, and [`note_children_again`] not called since.
static ARE_CHILDREN_NOTED: AtomicBool = AtomicBool::new(false);

/// From now on each of the stopping signals, and the first SIGCHLD, puts its number, one byte, into the pipe whose
/// reading end is returned (non-blocking). For a process without other threads.
pub(crate) fn watch() -> io::Result<OwnedFd> {
    let (read, write) = descriptor::pipe()?;
    for end in [&read, &write] {
        descriptor::set_nonblocking(end.as_fd())?;
    }
    NOTED.store(write.as_raw_fd(), Ordering::Relaxed);
    // The handlers need it as long as the process lives.
    std::mem::forget(write);
    let action = SigAction::new(
        SigHandler::Handler(note),
        SaFlags::SA_RESTART,
        SigSet::empty(),
    );
    for signal in STOPPING.into_iter().chain([Signal::SIGCHLD]) {
        // SAFETY: `note` only swaps a flag, calls write(2) and restores errno, which is async-signal-safe.
        unsafe { sigaction(signal, &action) }?;
    }
    Ok(read)
}

/// The next SIGCHLD is noted as well. Call it between reading what was noted and looking who has ended: a thousand that
/// end at once are news once.
pub(crate) fn note_children_again() {
    ARE_CHILDREN_NOTED.store(false, Ordering::Relaxed);
}

extern "C" fn note(signal: libc::c_int) {
    if signal == libc::SIGCHLD && ARE_CHILDREN_NOTED.swap(true, Ordering::Relaxed) {
        return;
    }
    let errno = Errno::last_raw();
    let byte = signal as u8;
    // A full pipe holds enough news already.
    // SAFETY: one byte of our stack; the descriptor stays open for the life of the process.
    unsafe { libc::write(NOTED.load(Ordering::Relaxed), (&raw const byte).cast(), 1) };
    Errno::set_raw(errno);
}

/// Sends `signal` to one process. That it is gone already is no error.
pub(crate) fn send(pid: i32, signal: i32) {
    // Pids of 1 and below would mean groups or everybody.
    if pid > 1 {
        // SAFETY: kill(2) touches no memory of ours.
        unsafe { libc::kill(pid, signal) };
    }
}

/// Asks one process to end by SIGTERM.
pub(crate) fn terminate(pid: i32) {
    ask(pid, TERMINATE);
}

/// Asks one process to end; a stopped one is set going, so that it can.
pub(crate) fn ask(pid: i32, signal: i32) {
    send(pid, signal);
    send(pid, CONTINUE);
}

/// Whether that process takes signals from us: not if it runs with another user's rights. (Who is gone
/// takes them all.)
pub(crate) fn may_send(pid: i32) -> bool {
    // SAFETY: kill(2) touches no memory of ours; signal 0 only asks.
    let result = unsafe { libc::kill(pid, 0) };
    Errno::result(result) != Err(Errno::EPERM)
}

/// Sends `signal` to every member of the group that `leader` founded. Its pid must be pinned: alive, or
/// a zombie that is not reaped. That the group is empty is no error.
pub(crate) fn send_to_group(leader: i32, signal: i32) {
    if leader > 1 {
        // SAFETY: killpg(2) touches no memory of ours.
        let result = unsafe { libc::killpg(leader, signal) };
        if Errno::result(result) == Err(Errno::ESRCH) {
            // It was forked just now, and has not founded it yet.
            send(leader, signal);
        }
    }
}
