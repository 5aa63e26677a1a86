//! Our terminal is a process's for a while: in raw mode, keys go there, what it writes comes here. Whatever
//! ends that, the terminal is afterwards as before.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::timeout;

use crate::control::client::Attached;
use crate::control::frames::{FromVisitor, ToVisitor};
use crate::driver::stop_signals::StopSignals;
use crate::driver::terminal_signals::{TerminalSignal, TerminalSignals};
use crate::os::terminal::{self, Raw};
use crate::os::{descriptor, signals, watched};
use crate::render::whole::Whole;
use crate::syntax::keys::{Keys, Watch};

/// What one read of the keyboard takes at the most.
const CHUNK: usize = 4096;
/// While so many bytes wait for the terminal, no more are fetched: the session counts what it leaves out.
const FULL: usize = 64 * 1024;
/// While so many bytes wait for a session that stands still, what is typed is dropped.
const MOST_TYPED: usize = 64 * 1024;
/// How long the last bytes may take to reach a terminal.
const FLUSH: Duration = Duration::from_secs(1);

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By the keys for that, or a signal.
    Left,
    /// The run of the process did, in these words.
    Over(String),
    /// Its session, without a word.
    Lost,
}

pub(super) struct Visit {
    /// As long as it is held the terminal is raw. First, so that it is put back while that is open.
    raw: Option<Raw>,
    terminal: AsyncFd<OwnedFd>,
    session: Attached,
    watch: Watch,
    whole: Whole,
    to_terminal: Vec<u8>,
    to_session: Vec<u8>,
    stop_signals: StopSignals,
    terminal_signals: TerminalSignals,
}

impl Visit {
    /// # Errors
    /// The terminal or the signal handlers cannot be had.
    pub(super) fn begin(terminal: OwnedFd, session: Attached, keys: &Keys) -> io::Result<Self> {
        let ignores_hangup = signals::is_ignored(signals::HANG_UP)?;
        let stop_signals = StopSignals::new(ignores_hangup)?;
        let terminal_signals = TerminalSignals::new()?;
        let interest = Interest::READABLE.add(Interest::WRITABLE);
        Ok(Self {
            raw: Some(Raw::new(terminal.as_fd())?),
            terminal: watched::watch(terminal, interest)?,
            session,
            watch: Watch::new(keys),
            whole: Whole::default(),
            to_terminal: Vec::new(),
            to_session: Vec::new(),
            stop_signals,
            terminal_signals,
        })
    }

    pub(super) async fn go_on(mut self) -> End {
        let end = loop {
            if let Some(end) = self.heard() {
                break end;
            }
            let has_room = self.to_terminal.len() < FULL;
            let shows = !self.to_terminal.is_empty();
            tokio::select! {
                typed = typed(&self.terminal) => {
                    if typed.is_none_or(|typed| self.typed(&typed)) {
                        break End::Left;
                    }
                }
                is_there = write(&self.terminal, &mut self.to_terminal), if shows => {
                    if !is_there {
                        break End::Left;
                    }
                }
                moved = self.session.move_on(has_room, &mut self.to_session) => {
                    if moved.is_err() {
                        // It may have said why before it went.
                        break self.heard().unwrap_or(End::Lost);
                    }
                }
                _ = self.stop_signals.next() => break End::Left,
                signal = self.terminal_signals.next() => self.signalled(signal),
            }
        };
        self.leave().await;
        end
    }

    /// Takes what the session has sent, as far as the terminal has room.
    fn heard(&mut self) -> Option<End> {
        while self.to_terminal.len() < FULL {
            match self.session.next() {
                Ok(Some(ToVisitor::Output(bytes))) => {
                    self.whole.chunk(&bytes, &mut self.to_terminal);
                }
                Ok(Some(ToVisitor::LeftOut(count))) => {
                    self.whole.gap(count, &mut self.to_terminal);
                }
                Ok(Some(ToVisitor::Ended(words))) => return Some(End::Over(words)),
                Ok(None) => break,
                Err(_) => return Some(End::Lost),
            }
        }
        None
    }

    /// `true`: among it were the keys that leave.
    fn typed(&mut self, typed: &[u8]) -> bool {
        let mut passed = Vec::new();
        let leaves = self.watch.typed(typed, &mut passed);
        if !passed.is_empty() && self.to_session.len() < MOST_TYPED {
            FromVisitor::Keys(passed).write(&mut self.to_session);
        }
        leaves
    }

    fn signalled(&mut self, signal: TerminalSignal) {
        match signal {
            // Not Ctrl-Z, which is the process's.
            TerminalSignal::Stop => {
                self.raw = None;
                let _ = signals::stop_ourselves();
                self.raw = Raw::new(self.terminal.get_ref().as_fd()).ok();
                self.resized();
            }
            TerminalSignal::Continue => {
                if let Some(raw) = &self.raw {
                    raw.again();
                }
                self.resized();
            }
            TerminalSignal::Window => self.resized(),
        }
    }

    fn resized(&mut self) {
        if let Some(size) = terminal::size()
            && self.to_session.len() < MOST_TYPED
        {
            FromVisitor::Size(size).write(&mut self.to_session);
        }
    }

    /// Undoes what the process did to the terminal, and what we did.
    async fn leave(&mut self) {
        self.whole.leave(&mut self.to_terminal);
        let flush = async {
            // What was typed ahead of the keys that leave.
            while !self.to_session.is_empty() {
                if self
                    .session
                    .move_on(false, &mut self.to_session)
                    .await
                    .is_err()
                {
                    break;
                }
            }
            while !self.to_terminal.is_empty() {
                if !write(&self.terminal, &mut self.to_terminal).await {
                    break;
                }
            }
        };
        // Where one of both stands still, nothing is seen anyway.
        let _ = timeout(FLUSH, flush).await;
        self.raw = None;
    }
}

/// What is typed next. `None`: the terminal is gone. Cancel safe.
async fn typed(terminal: &AsyncFd<OwnedFd>) -> Option<Vec<u8>> {
    loop {
        let mut ready = terminal.readable().await.ok()?;
        let mut typed = vec![0; CHUNK];
        match descriptor::read(ready.get_inner().as_fd(), &mut typed).ok()? {
            Some(0) => return None,
            Some(count) => {
                typed.truncate(count);
                return Some(typed);
            }
            None => ready.clear_ready(),
        }
    }
}

/// Writes the first of `out`, as many as there is room for. `false`: the terminal is gone. Cancel safe.
async fn write(terminal: &AsyncFd<OwnedFd>, out: &mut Vec<u8>) -> bool {
    loop {
        let Ok(mut ready) = terminal.writable().await else {
            return false;
        };
        match descriptor::write_some(ready.get_inner().as_fd(), out) {
            Ok(Some(count)) => {
                out.drain(..count);
                return true;
            }
            Ok(None) => ready.clear_ready(),
            Err(_) => return false,
        }
    }
}
