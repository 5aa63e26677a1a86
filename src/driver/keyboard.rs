//! What is typed into our terminal, as long as that is for us.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::os::{descriptor, signals, terminal, watched};

/// What one read takes at the most: a terminal's line is no longer.
const CHUNK: usize = 4096;
/// With `fg` the shell makes us the foreground job, and nobody tells us. What was typed in that moment is
/// looked at again so often,
const SETTLE_INTERVAL: Duration = Duration::from_millis(50);
/// for so long.
const SETTLING: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Keyboard {
    terminal: AsyncFd<OwnedFd>,
    /// The terminal hung up: SIGHUP tells what is to be done.
    is_gone: bool,
    /// Something was typed that was not for us: whether it will be is seen until then.
    unsettled_until: Option<Instant>,
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
            unsettled_until: None,
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
            if let Some(until) = self.unsettled_until {
                if !self.is_ours() && Instant::now() < until {
                    tokio::time::sleep(SETTLE_INTERVAL).await;
                    continue;
                }
                self.unsettled_until = None;
                let is_ours = self.is_ours();
                if let Some(typed) = is_ours.then(|| self.read()).flatten() {
                    return typed;
                }
            }
            let Ok(mut ready) = self.terminal.readable().await else {
                break;
            };
            // A terminal that hung up stays ready for ever.
            self.is_gone = ready.ready().is_read_closed();
            if !terminal::is_ours(ready.get_inner().as_fd()) {
                ready.clear_ready();
                self.unsettled_until = Some(Instant::now() + SETTLING);
                continue;
            }
            match self.read() {
                Some(typed) => return typed,
                None => ready.clear_ready(),
            }
        }
        std::future::pending().await
    }

    /// `None`: nothing, or Ctrl-D; or it became somebody else's just now.
    fn read(&self) -> Option<Vec<u8>> {
        let mut typed = vec![0; CHUNK];
        let count = descriptor::read(self.terminal(), &mut typed).ok().flatten();
        typed.truncate(count?);
        (!typed.is_empty()).then_some(typed)
    }
}
