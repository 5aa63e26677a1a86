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

/// Resolves once nobody holds the reading end of the pipe that `end` is the writing end of, or the terminal that
/// it is is closed, though nothing is written; at once with an error for what is neither. `end` stays as blocking
/// as it is.
pub(crate) async fn reader_gone(end: OwnedFd) -> io::Result<()> {
    let end = File::from(end);
    if !end.metadata()?.file_type().is_fifo() && !end.is_terminal() {
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
