//! Starts runs: what they read from and write to, and a look at their ports.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use crate::driver::child::{self, Ends};
use crate::driver::output::Reader;
use crate::driver::world::moving::Moved;
use crate::driver::{Driver, probe};
use crate::guardian::protocol::{Request, RunId};
use crate::os::limits;
use crate::os::pty::Size;
use crate::supervisor::{Event, ProcessIndex};
use crate::words::exit::Exit;
use crate::words::ready::Ready;

/// A port that was claimed so short a time ago is not looked at again.
const FRESH: Duration = Duration::from_millis(500);
/// So long is waited until requests have been sent that hold descriptors.
const UNTIL_SENT: Duration = Duration::from_millis(10);

/// What is held for a run from its spawn to its end.
pub(super) struct LiveRun {
    pub(super) reader: Reader,
    /// The writing end of its stdin, or our end of its terminal.
    pub(super) input: OwnedFd,
    pub(super) has_terminal: bool,
    /// How its leader ended.
    pub(super) exit: Option<Exit>,
}

/// Why a run could not be started, in words.
struct NotStarted {
    cause: String,
    is_passing: bool,
}

impl From<io::Error> for NotStarted {
    fn from(error: io::Error) -> Self {
        Self {
            cause: limits::words_of(&error),
            is_passing: limits::is_passing(&error),
        }
    }
}

/// What is wrong with a port or the user's files is for somebody to change.
impl From<String> for NotStarted {
    fn from(cause: String) -> Self {
        let is_passing = false;
        Self { cause, is_passing }
    }
}

/// Runs for which there is no descriptor left, while there are some on their way to the guardian.
#[derive(Debug, Default)]
pub(super) struct Unspawned(VecDeque<(ProcessIndex, u32)>);

impl Unspawned {
    /// When to look whether there are some now.
    pub(super) fn tried_at(&self) -> Option<Instant> {
        (!self.0.is_empty()).then(|| Instant::now() + UNTIL_SENT)
    }
}

impl Driver {
    /// In the order in which it was asked for.
    pub(super) fn spawn(&mut self, process: ProcessIndex, run: u32) {
        self.unspawned.0.push_back((process, run));
        if self.unspawned.0.len() == 1 {
            self.spawn_on();
        }
    }

    /// Starts those that waited: each of the requests in flight holds two descriptors more than what comes of it.
    pub(super) fn spawn_on(&mut self) {
        while let Some((process, run)) = self.unspawned.0.front().copied() {
            let spawned = self.try_spawn(process, run);
            if let Err(NotStarted { cause, is_passing }) = spawned {
                if is_passing && self.guardian.holds_descriptors() {
                    return;
                }
                let _ = self.news.send(Event::SpawnFailed {
                    process,
                    run,
                    cause,
                    is_passing,
                });
            }
            self.unspawned.0.pop_front();
        }
    }

    /// Gives a run its ports and its environment, as the files and all others are now.
    ///
    /// # Errors
    /// There is no port for it, or nothing to be made of its environment, in words.
    pub(super) fn prepare(&mut self, process: ProcessIndex, run: u32) -> Result<(), String> {
        if self.world.are_files_changed() {
            self.read_again();
        }
        if run > 1 || self.world.lacks_port(process) || self.begun.elapsed() > FRESH {
            self.port_for(process, run)?;
        }
        self.note_failures();
        if self.world.is_planned_anew() {
            let plan = self.world.plan();
            self.adopt(plan.map_err(|reports| reports[0].headline.clone())?);
        }
        if let Some(why) = &self.plan.processes[process].cannot {
            return Err(why.clone());
        }
        self.note_env(process);
        Ok(())
    }

    fn try_spawn(&mut self, process: ProcessIndex, run: u32) -> Result<(), NotStarted> {
        self.prepare(process, run)?;
        let id = id(process, run);
        let mark = format!("{}.{process}.{run}", self.session_mark);
        let planned = &self.plan.processes[process];
        let terminals = match (planned.tty, self.terminals) {
            (None, usual) => usual,
            (Some(false), _) => None,
            (Some(true), usual) => Some(usual.unwrap_or(Size::USUAL)),
        };
        let ends = match terminals {
            // The system may have no terminals (a container without devpts), or none left: a pipe does.
            Some(size) => {
                let size = self.output.beside_prefix(process, size);
                Ends::terminal(size).or_else(|_| Ends::pipes(process))
            }
            None => Ends::pipes(process),
        }?;
        let request = child::spawn_request(planned, id, &mark, ends.are_terminal);
        if ends.are_terminal {
            self.output.follow_terminal(process);
        }
        let marks = probe::marks(ends.identity, &mark);
        let reader = self.output.read(process, run, ends.output);
        if let Some(Ready::Log(expression)) = &planned.ready {
            self.output.seek(process, run, expression);
        }
        let live = LiveRun {
            reader: reader?,
            input: ends.input,
            has_terminal: request.has_terminal,
            exit: None,
        };
        self.probe.watch(id, self.world.ports(process), marks);
        // Last: from here on there is a child to be looked after.
        self.guardian.send(&Request::Spawn(request), ends.childs);
        self.runs.insert(id, live);
        Ok(())
    }

    fn port_for(&mut self, process: ProcessIndex, run: u32) -> Result<(), String> {
        let moved = self.world.port_for(process);
        // Before the spawn: whoever is to bind the port shall not be without its lock.
        self.guardian.hold(self.world.new_locks());
        if let Some(Moved { port, taken_by }) = moved? {
            if run > 1 {
                let _ = self.news.send(Event::PortMoved {
                    process,
                    port,
                    taken_by,
                });
            }
            self.changes.gather();
        }
        Ok(())
    }
}

/// Our pid, and when we started: no other session has both.
pub(super) fn session_mark() -> String {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    format!("{}.{}", std::process::id(), since.as_micros())
}

pub(super) fn id(process: ProcessIndex, run: u32) -> RunId {
    let process = u32::try_from(process).expect("a plan has at most 5,000 processes");
    RunId { process, run }
}

pub(super) fn parts(id: RunId) -> (ProcessIndex, u32) {
    (id.process as usize, id.run)
}
