//! A descriptor that tokio's reactor watches.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::os::descriptor;

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
    let end = unsafe { AsyncFd::register_with_interest(end, Interest::WRITABLE) }?;
    loop {
        let mut ready = end.writable().await?;
        if ready.ready().is_write_closed() {
            return Ok(());
        }
        ready.clear_ready();
    }
}
