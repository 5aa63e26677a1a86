//! What the terminal, or the shell on it, tells by signals: Ctrl-Z, `fg`, and another size.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::os::signals;

#[derive(Debug)]
pub(crate) struct TerminalSignals {
    /// `None`: whoever started us has it ignored.
    stop: Option<Signal>,
    continue_: Signal,
    window: Signal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TerminalSignal {
    Stop,
    Continue,
    Window,
}

impl TerminalSignals {
    /// From here on Ctrl-Z alone does not stop the program.
    pub(crate) fn new() -> io::Result<Self> {
        let stream = |number: i32| signal(SignalKind::from_raw(number));
        let stop = signals::TERMINAL_STOP;
        let is_heard = !signals::is_ignored(stop)?;
        Ok(Self {
            stop: is_heard.then(|| stream(stop as i32)).transpose()?,
            continue_: stream(signals::CONTINUE)?,
            window: stream(signals::WINDOW)?,
        })
    }

    /// From here on Ctrl-Z stops the program by itself: nobody asks for [`TerminalSignals::next`] any more, and
    /// a reader of ours that was stopped would keep us for ever.
    pub(crate) fn release(&self) {
        if self.stop.is_some() {
            // It cannot fail for a signal that can be handled.
            let _ = signals::set_default(signals::TERMINAL_STOP);
        }
    }

    /// Cancel safe.
    pub(crate) async fn next(&mut self) -> TerminalSignal {
        let stop = async {
            match &mut self.stop {
                Some(stop) => stop.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = stop => TerminalSignal::Stop,
            _ = self.continue_.recv() => TerminalSignal::Continue,
            _ = self.window.recv() => TerminalSignal::Window,
        }
    }
}
