//! A descriptor that tokio's reactor watches.

use std::io;
use std::os::fd::OwnedFd;

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
