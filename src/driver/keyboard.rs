//! What is typed into our terminal, as long as that is for us.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::os::{descriptor, signals, terminal, watched};

/// What one read takes at the most: a terminal's line is no longer.
const CHUNK: usize = 4096;

#[derive(Debug)]
pub(super) struct Keyboard {
    terminal: AsyncFd<OwnedFd>,
    /// The terminal hung up: SIGHUP tells what is to be done.
    is_gone: bool,
}

impl Keyboard {
    /// From here on devrun is not stopped when it uses the terminal in the background.
    ///
    /// # Errors
    /// The terminal cannot be watched.
    pub(super) fn new(terminal: OwnedFd) -> io::Result<Self> {
        signals::ignore_terminal_stops()?;
        Ok(Self {
            terminal: watched::watch(terminal, Interest::READABLE)?,
            is_gone: false,
        })
    }

    pub(super) fn terminal(&self) -> BorrowedFd<'_> {
        self.terminal.get_ref().as_fd()
    }

    /// Whether what is typed, and how the terminal is set, is our business: not in the background.
    pub(super) fn is_ours(&self) -> bool {
        !self.is_gone && terminal::is_ours(self.terminal())
    }

    /// What was typed: a line, or in raw mode some keys. In the background it is somebody else's, and left
    /// alone. Cancel safe.
    pub(super) async fn next(&mut self) -> Vec<u8> {
        while !self.is_gone {
            let Ok(mut ready) = self.terminal.readable().await else {
                break;
            };
            // A terminal that hung up stays ready for ever.
            self.is_gone = ready.ready().is_read_closed();
            let terminal = ready.get_inner().as_fd();
            if self.is_gone || !terminal::is_ours(terminal) {
                ready.clear_ready();
                continue;
            }
            let mut chunk = vec![0; CHUNK];
            match descriptor::read(terminal, &mut chunk) {
                Ok(Some(count @ 1..)) => {
                    chunk.truncate(count);
                    return chunk;
                }
                // Nothing, or Ctrl-D. An error: it became somebody else's just now.
                Ok(_) | Err(_) => ready.clear_ready(),
            }
        }
        std::future::pending().await
    }
}
