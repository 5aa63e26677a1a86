//! A descriptor that tokio's reactor watches.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::os::descriptor;

/// The end of the other side is told of whatever is watched, but something has to be (EPOLLIN, EVFILT_WRITE). Who writes
/// reads nothing there; room for more bytes would be news after each read of the other side's.
#[cfg(target_os = "linux")]
const TELLS_OF_THE_END: Interest = Interest::READABLE;
/// There, what is watched is of one direction, and so is its end.
#[cfg(not(target_os = "linux"))]
const TELLS_OF_THE_END: Interest = Interest::WRITABLE;

/// Makes it non-blocking and registers it with the runtime that this is called in.
pub(crate) fn watch(descriptor: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    use std::os::fd::AsFd;
    descriptor::set_nonblocking(descriptor.as_fd())?;
    // SAFETY: an OwnedFd stays the same open descriptor until it is dropped, and with `AsyncFd` that
    // happens after it is deregistered.
    unsafe { AsyncFd::register_with_interest(descriptor, interest) }.map_err(io::Error::from)
}

/// Resolves once nobody holds the other end of the pipe or socket that `end` writes to, or the terminal that it is
/// is closed, though nothing is written; at once with an error for what is none of these. `end` stays as blocking
/// as it is.
pub(crate) async fn reader_gone(end: OwnedFd) -> io::Result<()> {
    let end = File::from(end);
    let kind = end.metadata()?.file_type();
    // sshd and Node give their children sockets where others give pipes.
    if !kind.is_fifo() && !kind.is_socket() && !end.is_terminal() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    // SAFETY: as above.
    let end = unsafe { AsyncFd::register_with_interest(end, TELLS_OF_THE_END) }?;
    loop {
        // Not that it takes bytes: that is not watched. But that is how its end counts.
        let mut ready = end.writable().await?;
        if ready.ready().is_write_closed() {
            return Ok(());
        }
        ready.clear_ready();
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::os::fd::AsFd;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    /// Whether it is pending, though everything was looked at.
    async fn is_pending(gone: std::pin::Pin<&mut impl Future>) -> bool {
        tokio::task::yield_now().await;
        let mut gone = gone;
        poll_fn(|context| Poll::Ready(gone.as_mut().poll(context).is_pending())).await
    }

    fn check(other: OwnedFd, end: OwnedFd) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut gone = pin!(reader_gone(end.try_clone().unwrap()));
            assert!(is_pending(gone.as_mut()).await);
            descriptor::write_all(end.as_fd(), b"x").unwrap();
            descriptor::read(other.as_fd(), &mut [0; 1]).unwrap();
            assert!(is_pending(gone.as_mut()).await);
            drop(other);
            gone.await.unwrap();
        });
    }

    #[test]
    fn a_reader_who_is_gone_is_missed() {
        let (read, write) = descriptor::pipe().unwrap();
        check(read, write);
        let (ours, theirs) = descriptor::pair().unwrap();
        check(theirs, ours);
        #[cfg(target_os = "linux")]
        {
            let terminal = nix::pty::openpty(None, None).unwrap();
            check(terminal.master, terminal.slave);
        }
    }
}
