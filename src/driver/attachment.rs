//! Somebody at the keyboard uses one process's terminal: keys go there, its output comes as it is.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use tokio::io::Interest;
use tokio::sync::mpsc;

use crate::driver::Driver;
use crate::driver::keyboard::Keyboard;
use crate::guardian::protocol::Request;
use crate::os::pty::{self, Size};
use crate::os::terminal::{self, Raw, Settings};
use crate::os::{descriptor, watched};
use crate::supervisor::ProcessIndex;
use crate::syntax::keys::Watch;
use crate::words::answer::Answer;

/// How long what was printed before may take to reach the terminal: then it is changed all the same.
const FLUSH: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Attachment {
    pub(super) process: ProcessIndex,
    /// As long as it is held the terminal is raw. `None`: the job is stopped, or in the background.
    raw: Option<Raw>,
    watch: Watch,
    /// To whoever writes into the process's terminal.
    keys: mpsc::UnboundedSender<Vec<u8>>,
}

impl Driver {
    /// Shows a process's terminal, if it has one.
    pub(super) async fn attach(&mut self, process: ProcessIndex) {
        let name = self.plan.processes[process].name.clone();
        let Some(input) = self.terminal_of(process) else {
            let runs = self.runs.keys().any(|id| id.process as usize == process);
            self.output.answer(&if !self.is_ours(process) {
                self.runs_elsewhere(process)
            } else if let Some(by) = self.supervisor.program(process) {
                let (process, by) = (name, by.clone());
                Answer::StoodIn { process, by }
            } else if runs {
                Answer::HasNoTerminal(name)
            } else {
                Answer::NotRunning(name)
            });
            return;
        };
        // What it has switched on may stand in a line that has no end yet.
        self.output
            .change(|stream, out| stream.show_open(process, out));
        let detach_keys = self.detach_keys.as_str().to_string();
        self.output.answer(&Answer::Attached {
            process: name,
            detach_keys,
        });
        // These lines are for a terminal that is not raw.
        let _ = tokio::time::timeout(FLUSH, self.output.flushed()).await;
        self.tell_guardian();
        let raw = self.raw();
        let (keys, mut typed) = mpsc::unbounded_channel();
        let size = terminal::size().unwrap_or(Size::USUAL);
        self.output.attach(process, usize::from(size.rows));
        let _ = pty::resize(input.as_fd(), size);
        tokio::task::spawn_local(feed(input, async move || typed.recv().await));
        self.attachment = Some(Attachment {
            process,
            raw,
            watch: Watch::new(&self.detach_keys),
            keys,
        });
    }

    /// Leaves the process's terminal; the user's is as before.
    pub(super) async fn detach(&mut self) {
        let Some(attachment) = self.attachment.take() else {
            return;
        };
        self.output.detach();
        let _ = tokio::time::timeout(FLUSH, self.output.flushed()).await;
        drop(attachment.raw);
        self.guardian.send(&Request::Detached, Vec::new());
        self.output.show_held();
        let process = self.plan.processes[attachment.process].name.clone();
        let waits = self.output.has_prompt(attachment.process);
        if !self.is_over() {
            self.output
                .answer(&if self.has_terminal(attachment.process) {
                    Answer::Detached { process, waits }
                } else {
                    Answer::AttachedEnded(process)
                });
        }
        self.fit_terminal(attachment.process);
    }

    /// Keys for the attached process. `true`: among them were those that leave it.
    pub(super) fn keys_typed(&mut self, typed: &[u8]) -> bool {
        let Some(attachment) = &mut self.attachment else {
            return false;
        };
        let mut passed = Vec::new();
        let leaves = attachment.watch.typed(typed, &mut passed);
        // Nobody takes them once the process is gone.
        let _ = attachment.keys.send(passed);
        leaves
    }

    /// The user's terminal has another size now: whoever is attached follows it, and runs to come. All
    /// others keep theirs: Apache takes SIGWINCH for a request to stop.
    pub(super) fn resized(&mut self) {
        let Some(size) = terminal::size().filter(|_| self.keyboard.is_some()) else {
            return;
        };
        self.terminals = self.terminals.map(|_| size);
        self.output
            .change(|stream, _| stream.set_width(Some(size.columns)));
        if let Some(attachment) = &self.attachment
            && let Some(input) = self.terminal_of(attachment.process)
        {
            let _ = pty::resize(input.as_fd(), size);
        }
    }

    /// While the job is stopped or in the background the shell has the terminal, as it was.
    pub(super) fn set_raw(&mut self, is_raw: bool) {
        let Some(mut attachment) = self.attachment.take() else {
            return;
        };
        attachment.raw = match attachment.raw {
            Some(raw) if is_raw => {
                raw.again();
                Some(raw)
            }
            None if is_raw => self.raw(),
            Some(_) | None => None,
        };
        self.attachment = Some(attachment);
    }

    /// Nobody else could put the terminal back if we were killed.
    fn tell_guardian(&mut self) {
        let Some(keyboard) = &self.keyboard else {
            return;
        };
        let terminal = keyboard.terminal();
        let settings = Settings::of(terminal);
        if let (Ok(settings), Ok(passed)) = (settings, terminal.try_clone_to_owned()) {
            let request = Request::Attached(settings.halves());
            self.guardian.send(&request, vec![passed]);
        }
    }

    fn raw(&self) -> Option<Raw> {
        let keyboard = self
            .keyboard
            .as_ref()
            .filter(|keyboard| keyboard.is_ours())?;
        Raw::new(keyboard.terminal()).ok()
    }

    /// Whether somebody at the keyboard could use its terminal now.
    pub(super) fn can_attach(&self, process: ProcessIndex) -> bool {
        let is_ours = self.keyboard.as_ref().is_some_and(Keyboard::is_ours);
        is_ours && self.has_terminal(process)
    }

    /// Whether the process that somebody looks at still runs; also if nobody looks.
    pub(super) fn is_attachment_alive(&self) -> bool {
        let attachment = self.attachment.as_ref();
        attachment.is_none_or(|attachment| self.has_terminal(attachment.process))
    }

    /// Whether it runs, on a terminal of its own.
    pub(super) fn has_terminal(&self, process: ProcessIndex) -> bool {
        self.live_terminal(process).is_some()
    }

    /// Our end of the terminal of a process that runs and has one.
    pub(super) fn terminal_of(&self, process: ProcessIndex) -> Option<OwnedFd> {
        self.live_terminal(process)?.try_clone().ok()
    }

    pub(super) fn live_terminal(&self, process: ProcessIndex) -> Option<&OwnedFd> {
        let mut runs = self.runs.iter();
        let live = runs.find(|(id, live)| id.process as usize == process && live.has_terminal);
        Some(&live?.1.input)
    }
}

/// Writes what is typed into a process's terminal, as it takes it.
pub(super) async fn feed(input: OwnedFd, mut typed: impl AsyncFnMut() -> Option<Vec<u8>>) {
    let Ok(input) = watched::watch(input, Interest::WRITABLE) else {
        return;
    };
    while let Some(keys) = typed().await {
        let mut rest = &keys[..];
        while !rest.is_empty() {
            let Ok(mut ready) = input.writable().await else {
                return;
            };
            match descriptor::write_some(ready.get_inner().as_fd(), rest) {
                Ok(Some(count)) => rest = &rest[count..],
                Ok(None) => ready.clear_ready(),
                Err(_) => return,
            }
        }
    }
}
