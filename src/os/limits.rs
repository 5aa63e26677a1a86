//! What a process may have at the most: open descriptors, processes.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::os;

/// Raises our own soft limit to the hard one and returns the soft limit as it was: the children get that
/// back, for there are programs that walk over all descriptors they might have.
pub(crate) fn raise_descriptors() -> io::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    // macOS refuses more than OPEN_MAX even where the hard limit says "unlimited".
    let wanted = if cfg!(target_os = "macos") {
        hard.min(10_240)
    } else {
        hard
    };
    if wanted > soft {
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)?;
    }
    Ok(soft)
}

/// Whether so many more descriptors can be open at the same time: the highest of them is opened, and closed again.
///
/// # Errors
/// They cannot.
pub(crate) fn try_descriptors(count: usize) -> io::Result<()> {
    let null = File::open("/dev/null")?;
    let highest = null
        .as_raw_fd()
        .saturating_add(i32::try_from(count).unwrap_or(i32::MAX));
    // SAFETY: fcntl(2) touches no memory of ours; the new descriptor is ours alone.
    let copy = unsafe { libc::fcntl(null.as_raw_fd(), libc::F_DUPFD_CLOEXEC, highest) };
    let copy = Errno::result(copy).map_err(|errno| match errno {
        // A number beyond the limit is no valid argument.
        Errno::EINVAL => Errno::EMFILE,
        other => other,
    })?;
    // SAFETY: as above.
    drop(unsafe { OwnedFd::from_raw_fd(copy) });
    Ok(())
}

/// The system's own words for why there is no further descriptor, process or thread to be had, with the limit that is
/// most likely behind it.
pub(crate) fn words_of(error: &io::Error) -> String {
    let words = os::words_of(error);
    let limit = match error.raw_os_error() {
        Some(libc::EMFILE) => descriptors().map(|limit| format!("`ulimit -n` is {limit}")),
        Some(libc::EAGAIN) => {
            processes().map(|limit| format!("too many processes? `ulimit -u` is {limit}"))
        }
        Some(_) | None => None,
    };
    match limit {
        Some(limit) => format!("{words} ({limit})"),
        None => words,
    }
}

/// Whether the system was short of processes, memory or descriptors, and may have some again in a while.
pub(crate) fn is_passing(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    let passing = [
        libc::EAGAIN,
        libc::ENOMEM,
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOBUFS,
    ];
    code.is_some_and(|code| passing.contains(&code))
}

/// How many descriptors this process may have open; `None`: no limit.
fn descriptors() -> Option<u64> {
    let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    (soft != libc::RLIM_INFINITY).then_some(soft)
}

/// How many processes this user may have; `None`: no limit. (nix knows that of Linux alone.)
fn processes() -> Option<u64> {
    // SAFETY: plain data of our own stack, which the kernel fills in.
    let limit = unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        Errno::result(libc::getrlimit(libc::RLIMIT_NPROC, &raw mut limit)).ok()?;
        limit.rlim_cur
    };
    (limit != libc::RLIM_INFINITY).then_some(limit)
}
