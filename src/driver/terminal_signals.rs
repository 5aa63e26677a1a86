//! What the terminal tells by signals: Ctrl-Z, and another size.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::os::signals;

#[derive(Debug)]
pub(super) struct TerminalSignals {
    stop: Signal,
    window: Signal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TerminalSignal {
    Stop,
    Window,
}

impl TerminalSignals {
    /// From here on Ctrl-Z alone does not stop the program.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            stop: signal(SignalKind::from_raw(signals::TERMINAL_STOP))?,
            window: signal(SignalKind::from_raw(signals::WINDOW))?,
        })
    }

    /// Cancel safe.
    pub(super) async fn next(&mut self) -> TerminalSignal {
        tokio::select! {
            _ = self.stop.recv() => TerminalSignal::Stop,
            _ = self.window.recv() => TerminalSignal::Window,
        }
    }
}
