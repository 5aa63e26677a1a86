//! Descriptors: a pair of sockets that passes them on, pipes, and what a pipe is known by.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, sendmsg, socketpair,
};

/// Room for so many bytes is made before some are received.
const MOST_RECEIVED: usize = 64 * 1024;

/// At most so many descriptors travel with one message.
pub(crate) const MAX_PASSED: usize = 64;

/// A peer that is gone is an error, not a SIGPIPE. (macOS has no such flag; the runtime ignores SIGPIPE.)
#[cfg(target_os = "linux")]
const NO_SIGNAL: MsgFlags = MsgFlags::MSG_NOSIGNAL;
#[cfg(not(target_os = "linux"))]
const NO_SIGNAL: MsgFlags = MsgFlags::empty();

#[cfg(target_os = "linux")]
const CLOSED_ON_EXEC: MsgFlags = MsgFlags::MSG_CMSG_CLOEXEC;
#[cfg(not(target_os = "linux"))]
const CLOSED_ON_EXEC: MsgFlags = MsgFlags::empty();

/// A connected pair of stream sockets, closed on exec. Streams, because macOS has no SOCK_SEQPACKET for
/// unix sockets.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (a, b) = socketpair(
        AddressFamily::Unix,
        SockType::Stream,
        None,
        SockFlag::empty(),
    )?;
    for end in [&a, &b] {
        fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    Ok((a, b))
}

/// A pipe: the end to read and the end to write, closed on exec.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    #[cfg(target_os = "linux")]
    let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    #[cfg(not(target_os = "linux"))]
    let (read, write) = {
        // No child is forked here: only the guardian forks, and it has one thread.
        let (read, write) = nix::unistd::pipe()?;
        fcntl(&read, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        fcntl(&write, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        (read, write)
    };
    Ok((read, write))
}

/// Asks for another capacity of a pipe, in bytes. A refusal (the user's share of pipe pages is spent)
/// changes nothing.
pub(crate) fn resize_pipe(pipe: BorrowedFd<'_>, bytes: i32) {
    #[cfg(target_os = "linux")]
    let _ = fcntl(pipe, FcntlArg::F_SETPIPE_SZ(bytes));
    #[cfg(not(target_os = "linux"))]
    let _ = (pipe, bytes);
}

/// As [`resize_pipe`], of a pipe that has less: somebody may have given it more.
pub(crate) fn grow_pipe(pipe: BorrowedFd<'_>, bytes: i32) {
    #[cfg(target_os = "linux")]
    if fcntl(pipe, FcntlArg::F_GETPIPE_SZ).is_ok_and(|has| has < bytes) {
        resize_pipe(pipe, bytes);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (pipe, bytes);
}

pub(crate) fn set_nonblocking(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(descriptor, FcntlArg::F_GETFL)?);
    fcntl(descriptor, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

fn is_pipe(descriptor: BorrowedFd<'_>) -> bool {
    use nix::sys::stat::{SFlag, fstat};
    fstat(descriptor).is_ok_and(|stat| {
        SFlag::from_bits_truncate(stat.st_mode).intersection(SFlag::S_IFMT) == SFlag::S_IFIFO
    })
}

/// Whether it was opened to be written to.
fn is_writable(descriptor: BorrowedFd<'_>) -> io::Result<bool> {
    let flags = OFlag::from_bits_retain(fcntl(descriptor, FcntlArg::F_GETFL)?);
    Ok(flags.intersection(OFlag::O_ACCMODE) != OFlag::O_RDONLY)
}

/// Another way into the pipe that `end` writes to, which never blocks: an open file of its own, so that whoever shares
/// `end` is not concerned.
///
/// # Errors
/// It is no pipe, or another user's, nobody reads it, `end` is not written to, or the system knows no such way (macOS).
pub(crate) fn reopen_pipe(end: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    use std::os::unix::fs::OpenOptionsExt;
    if !is_pipe(end) || !is_writable(end)? {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let pipe = std::fs::OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(format!("/proc/self/fd/{}", end.as_raw_fd()))?;
    Ok(pipe.into())
}

/// What tells one pipe or file from all others: device and inode.
pub(crate) fn identity(descriptor: BorrowedFd<'_>) -> io::Result<(u64, u64)> {
    let stat = nix::sys::stat::fstat(descriptor)?;
    #[cfg(target_os = "linux")]
    return Ok((stat.st_dev, stat.st_ino));
    // There, a device is an i32.
    #[cfg(not(target_os = "linux"))]
    return Ok((stat.st_dev as u64, stat.st_ino));
}

/// Makes sure that 0, 1 and 2 are open, so that no descriptor of ours is taken for a standard one.
pub(crate) fn open_standard_ones() -> io::Result<()> {
    loop {
        let null = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/null")?;
        if null.as_raw_fd() > 2 {
            return Ok(());
        }
        // It fills a hole, for good.
        std::mem::forget(null);
    }
}

/// Sends bytes, and with the first of them `passed`. Returns how many bytes went: those few only if the
/// socket's buffer is full, and then the descriptors are on their way.
pub(crate) fn send(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    passed: &[OwnedFd],
    waits: Waits,
) -> io::Result<usize> {
    let raw: Vec<RawFd> = passed.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control = if raw.is_empty() { &[][..] } else { &rights[..] };
    let flags = match waits {
        Waits::Yes => NO_SIGNAL,
        Waits::No => NO_SIGNAL.union(MsgFlags::MSG_DONTWAIT),
    };
    loop {
        let slices = [IoSlice::new(bytes)];
        match sendmsg::<()>(socket.as_raw_fd(), &slices, control, flags, None) {
            Err(Errno::EINTR) => {}
            result => return Ok(result?),
        }
    }
}

/// Whether there was no memory for it, or too many descriptors are on their way: a moment later it may succeed.
pub(crate) fn is_short(error: &io::Error) -> bool {
    let short = [Errno::ENOMEM, Errno::ENOBUFS, Errno::ETOOMANYREFS];
    error
        .raw_os_error()
        .is_some_and(|raw| short.contains(&Errno::from_raw(raw)))
}

/// Ends a connection for both sides, whoever else has the descriptor open.
pub(crate) fn hang_up(socket: BorrowedFd<'_>) {
    // It fails where there is no connection any more.
    let _ = nix::sys::socket::shutdown(socket.as_raw_fd(), nix::sys::socket::Shutdown::Both);
}

/// EMFILE: this process has as many open as it may.
pub(crate) const TOO_MANY: i32 = libc::EMFILE;

/// Whether a call may block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    Yes,
    No,
}

/// Receives what is there: bytes are appended to `bytes`, descriptors to `passed`, in the order in which
/// they were sent, those of one message together. Never blocks. `Ok(0)` is the end of the stream. Where this process
/// has as many open as it may, descriptors are missing, of some messages all; the bytes are all there.
pub(crate) fn receive(
    socket: BorrowedFd<'_>,
    bytes: &mut Vec<u8>,
    passed: &mut VecDeque<Vec<OwnedFd>>,
) -> io::Result<usize> {
    // Where it stays: an array on the stack would be filled at each call, and copied after each fork.
    bytes.reserve(MOST_RECEIVED);
    let spare = bytes.spare_capacity_mut();
    // Aligned for a cmsghdr, and with room for all that one message brings.
    let mut control = [0u64; 4 + MAX_PASSED / 2];
    let mut slice = libc::iovec {
        iov_base: spare.as_mut_ptr().cast(),
        iov_len: spare.len(),
    };
    // SAFETY: an all-zero msghdr is valid: it points nowhere.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut slice;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control) as _;
    let flags = CLOSED_ON_EXEC.union(MsgFlags::MSG_DONTWAIT).bits();
    let received = loop {
        // SAFETY: both buffers are as long as the header says, and nobody else uses them meanwhile.
        let result = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, flags) };
        match Errno::result(result) {
            Err(Errno::EINTR) => {}
            result => break result? as usize,
        }
    };
    // SAFETY: the kernel has just filled in this header, and nobody has taken its descriptors yet.
    let together = unsafe { passed_with(&header) };
    #[cfg(not(target_os = "linux"))]
    for descriptor in &together {
        fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    if !together.is_empty() || header.msg_flags & libc::MSG_CTRUNC != 0 {
        passed.push_back(together);
    }
    // SAFETY: the kernel has just filled in so many of the spare ones.
    unsafe { bytes.set_len(bytes.len() + received) };
    Ok(received)
}

/// The descriptors that came with a message. nix hands out none where some are missing (`MSG_CTRUNC`): the others
/// would stay open for ever.
///
/// # Safety
/// `header` is as recvmsg(2) has left it, its buffers still live, and it is called once.
unsafe fn passed_with(header: &libc::msghdr) -> Vec<OwnedFd> {
    let mut passed = Vec::new();
    // SAFETY: as the caller promises; the kernel says how much of it there is.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(header);
        while let Some(message) = next.as_ref() {
            if (message.cmsg_level, message.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
                // Of another type on each system.
                let length: usize = message.cmsg_len as _;
                let length = length - libc::CMSG_LEN(0) as usize;
                let first: *const RawFd = libc::CMSG_DATA(next).cast();
                let raw = (0..length / size_of::<RawFd>()).map(|place| first.add(place));
                passed.extend(raw.map(|it| OwnedFd::from_raw_fd(it.read_unaligned())));
            }
            next = libc::CMSG_NXTHDR(header, next);
        }
    }
    passed
}

/// Reads what is there without blocking where the descriptor is non-blocking. `None`: nothing now.
pub(crate) fn read(descriptor: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    loop {
        match nix::unistd::read(descriptor, buffer) {
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return Ok(None),
            result => return Ok(Some(result?)),
        }
    }
}

/// Writes what there is room for without blocking where the descriptor is non-blocking. `None`: nothing now.
pub(crate) fn write_some(descriptor: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<Option<usize>> {
    loop {
        match nix::unistd::write(descriptor, bytes) {
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return Ok(None),
            result => return Ok(Some(result?)),
        }
    }
}

/// Writes all of it, however long that takes.
pub(crate) fn write_all(descriptor: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match nix::unistd::write(descriptor, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::EINTR) => {}
            // Somebody else made it so, for all who share it: wait as if it were not.
            Err(Errno::EAGAIN) => wait_until_writable(descriptor)?,
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

fn wait_until_writable(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    use nix::poll::{PollFd, PollFlags, PollTimeout};
    let mut polled = [PollFd::new(descriptor, PollFlags::POLLOUT)];
    match nix::poll::poll(&mut polled, PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Whether a few words written now are taken without waiting for a reader.
pub(crate) fn takes_at_once(descriptor: BorrowedFd<'_>) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout};
    let mut polled = [PollFd::new(descriptor, PollFlags::POLLOUT)];
    nix::poll::poll(&mut polled, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

/// Whether nobody is at the other end any more, or the terminal is gone.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    let gone = [Errno::EPIPE, Errno::EIO, Errno::EBADF];
    error
        .raw_os_error()
        .is_some_and(|raw| gone.contains(&Errno::from_raw(raw)))
}

/// Puts `/dev/null` in the place of 0, 1 and 2 and, with that, lets go of the caller's terminal and pipes.
pub(crate) fn detach_standard_ones() -> io::Result<()> {
    let null = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    nix::unistd::dup2_stdin(null.as_fd())?;
    nix::unistd::dup2_stdout(null.as_fd())?;
    nix::unistd::dup2_stderr(null.as_fd())?;
    Ok(())
}

/// Waits until one of `descriptors` can be read or is at its end; for ever without a `timeout`. A signal
/// ends the wait early. Returns whether each can be read.
pub(crate) fn poll(
    descriptors: &[BorrowedFd<'_>],
    timeout: Option<std::time::Duration>,
) -> io::Result<Vec<bool>> {
    use nix::poll::{PollFd, PollFlags, PollTimeout};
    let mut polled: Vec<PollFd<'_>> = descriptors
        .iter()
        .map(|descriptor| PollFd::new(*descriptor, PollFlags::POLLIN))
        .collect();
    let timeout = match timeout {
        None => PollTimeout::NONE,
        Some(timeout) => in_whole_milliseconds(timeout),
    };
    match nix::poll::poll(&mut polled, timeout) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    let is_readable = |polled: &PollFd<'_>| polled.any().unwrap_or(false);
    Ok(polled.iter().map(is_readable).collect())
}

/// Waits until nobody can write into the other end any more, at the longest for `timeout`, and returns whether that
/// is so. What was written there is still there.
#[cfg(target_os = "linux")]
pub(crate) fn is_hung_up_within(descriptor: BorrowedFd<'_>, timeout: std::time::Duration) -> bool {
    use nix::poll::{PollFd, PollFlags};
    let begun = std::time::Instant::now();
    loop {
        let left = timeout.saturating_sub(begun.elapsed());
        let mut polled = [PollFd::new(descriptor, PollFlags::empty())];
        // Where it fails it is tried again, as long as there is time.
        let _ = nix::poll::poll(&mut polled, in_whole_milliseconds(left));
        if polled[0].any().unwrap_or(false) || left.is_zero() {
            return polled[0].any().unwrap_or(false);
        }
    }
}

/// Rounded up: whoever waits for an instant would wait again and again for the last part of a millisecond.
fn in_whole_milliseconds(timeout: std::time::Duration) -> nix::poll::PollTimeout {
    let milliseconds = timeout.as_nanos().div_ceil(1_000_000);
    let milliseconds = i32::try_from(milliseconds).ok();
    milliseconds.map_or(nix::poll::PollTimeout::MAX, |it| {
        nix::poll::PollTimeout::try_from(it).expect("it is not negative")
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn descriptors_come_together_as_they_were_sent() {
        let (ours, theirs) = pair().unwrap();
        let (read, write) = pipe().unwrap();
        send(ours.as_fd(), b"ab", &[read, write], Waits::No).unwrap();
        send(ours.as_fd(), b"c", &[], Waits::No).unwrap();
        send(ours.as_fd(), b"d", &[pipe().unwrap().0], Waits::No).unwrap();
        let (mut bytes, mut passed) = (Vec::new(), VecDeque::new());
        while bytes != b"abcd" {
            receive(theirs.as_fd(), &mut bytes, &mut passed).unwrap();
        }
        let counts: Vec<usize> = passed.iter().map(Vec::len).collect();
        assert_eq!(counts, [2, 1]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_pipe_that_is_opened_anew_is_the_same_and_as_blocking_as_before_for_others() {
        let (from, end) = pipe().unwrap();
        let anew = reopen_pipe(end.as_fd()).unwrap();
        set_nonblocking(anew.as_fd()).unwrap();
        let flags = fcntl(&end, FcntlArg::F_GETFL).unwrap();
        assert!(!OFlag::from_bits_retain(flags).contains(OFlag::O_NONBLOCK));
        assert_eq!(write_some(anew.as_fd(), b"ab").unwrap(), Some(2));
        let mut bytes = [0; 3];
        assert_eq!(read(from.as_fd(), &mut bytes).unwrap(), Some(2));
        let (ours, _theirs) = pair().unwrap();
        assert!(reopen_pipe(ours.as_fd()).is_err());
    }

    #[test]
    fn the_end_that_a_pipe_is_read_from_is_no_way_into_it() {
        let (from, _end) = pipe().unwrap();
        assert!(reopen_pipe(from.as_fd()).is_err());
    }

    #[test]
    fn a_wait_is_never_shorter_than_was_asked_for() {
        let (read, _write) = pipe().unwrap();
        for timeout in [1, 1_500, 2_999].map(Duration::from_micros) {
            let begun = Instant::now();
            assert_eq!(poll(&[read.as_fd()], Some(timeout)).unwrap(), [false]);
            assert!(begun.elapsed() >= timeout, "{timeout:?}");
        }
    }
}
