//! What is known of one process.

use std::time::{Duration, Instant};

use crate::plan::{self, Plan, server};
use crate::supervisor::ProcessIndex;
use crate::supervisor::readiness::Listening;
use crate::supervisor::restart::History;
use crate::words::exit::Exit;
use crate::words::name::ProcessName;
use crate::words::notice::Shown;
use crate::words::policy::{OnExit, RestartPolicy};

/// What a process is by plan, what it is now, and what it did before.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) name: ProcessName,
    pub(super) port: Option<u16>,
    pub(super) scheme: &'static str,
    pub(super) restart: RestartPolicy,
    pub(super) max_restarts: u32,
    pub(super) on_exit: OnExit,
    pub(super) grace: Duration,
    /// The Procfile line that would make it listen on its PORT.
    pub(super) cure: Option<String>,
    /// Who was given its URL.
    pub(super) consumers: Vec<ProcessName>,
    pub(super) state: State,
    pub(super) wish: Wish,
    /// The number of the current run, or of the last one; 0 before the first.
    pub(super) run: u32,
    pub(super) history: History,
    /// The PORT it was given and the port on which it listened instead, as last said.
    pub(super) mismatch_said: Option<(u16, u16)>,
}

#[derive(Debug)]
pub(super) enum State {
    /// Not started yet.
    Waiting,
    /// The guardian was asked.
    Starting,
    Up(Up),
    Restarting {
        at: Instant,
    },
    Completed,
    Failed,
    /// It ended because we ended it, or will not be started again for that reason.
    Stopped,
}

/// What somebody asked for by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nothing: its policy says what is to be.
    Run,
    Stop,
    /// Another run, after the present one.
    Again,
}

/// A run between its spawn and the end of its tree and its output.
#[derive(Debug)]
pub(super) struct Up {
    pub(super) pid: i32,
    pub(super) since: Instant,
    pub(super) leader_end: Option<LeaderEnd>,
    pub(super) ending: Ending,
    pub(super) listening: Listening,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct LeaderEnd {
    pub(super) exit: Exit,
    pub(super) at: Instant,
    /// It follows our own signal.
    pub(super) is_ours: bool,
    /// Members of its tree that lived on.
    pub(super) left: usize,
}

/// What we did to end a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Nothing,
    Terminated {
        kill_at: Instant,
    },
    Killed {
        /// Its grace was over; else it was a second request.
        is_late: bool,
    },
}

impl Process {
    pub(super) fn of(plan: &Plan, index: ProcessIndex) -> Self {
        let planned = &plan.processes[index];
        Self {
            name: planned.name.clone(),
            port: planned.port,
            scheme: planned.scheme,
            restart: planned.restart,
            max_restarts: planned.max_restarts,
            on_exit: planned.on_exit,
            grace: planned.grace,
            cure: server::cure(planned.name.process_type.as_str(), &planned.command),
            consumers: plan.consumers(index),
            state: State::Waiting,
            wish: Wish::Run,
            run: 0,
            history: History::default(),
            mismatch_said: None,
        }
    }

    pub(super) fn up(&self) -> Option<&Up> {
        match &self.state {
            State::Up(up) => Some(up),
            State::Waiting
            | State::Starting
            | State::Restarting { .. }
            | State::Completed
            | State::Failed
            | State::Stopped => None,
        }
    }

    pub(super) fn up_mut(&mut self) -> Option<&mut Up> {
        match &mut self.state {
            State::Up(up) => Some(up),
            State::Waiting
            | State::Starting
            | State::Restarting { .. }
            | State::Completed
            | State::Failed
            | State::Stopped => None,
        }
    }

    pub(super) fn is_starting(&self) -> bool {
        matches!(self.state, State::Starting)
    }

    /// Some of it runs, or is about to: only its last output may still be on the way.
    pub(super) fn is_alive(&self) -> bool {
        self.is_starting() || self.up().is_some_and(|up| !up.is_tree_gone())
    }

    /// Nothing more will come of it.
    pub(super) fn is_over(&self) -> bool {
        matches!(
            self.state,
            State::Completed | State::Failed | State::Stopped
        )
    }

    /// When its grace is over.
    pub(super) fn kill_at(&self) -> Option<Instant> {
        self.up().and_then(Up::kill_at)
    }

    pub(super) fn shown(&self) -> Shown {
        match &self.state {
            State::Waiting => Shown::Waiting,
            State::Starting => Shown::Starting,
            State::Up(up) if !up.goes_on() => Shown::Stopping,
            State::Up(up) if up.listening.is_ready() => Shown::Ready,
            State::Up(up) if up.leader_end.is_some() => Shown::RunningDaemon,
            State::Up(_) => Shown::Running,
            State::Restarting { .. } => Shown::Restarting,
            State::Completed => Shown::Completed,
            State::Failed => Shown::Failed,
            State::Stopped => Shown::Stopped,
        }
    }

    /// Its URL by its PORT, whether anybody serves it or not.
    pub(super) fn url(&self) -> Option<String> {
        Some(plan::url(self.scheme, self.port?))
    }
}

impl Up {
    pub(super) fn new(pid: i32, now: Instant) -> Self {
        Self {
            pid,
            since: now,
            leader_end: None,
            ending: Ending::Nothing,
            listening: Listening::default(),
        }
    }

    pub(super) fn is_ending(&self) -> bool {
        match self.ending {
            Ending::Nothing => false,
            Ending::Terminated { .. } | Ending::Killed { .. } => true,
        }
    }

    /// It does what it was started for, and nothing says that it is about to cease.
    pub(super) fn goes_on(&self) -> bool {
        !self.is_ending() && !self.is_tree_gone()
    }

    /// Nobody is left to signal; its last output is still on the way.
    pub(super) fn is_tree_gone(&self) -> bool {
        self.leader_end.is_some_and(|end| end.left == 0)
    }

    pub(super) fn kill_at(&self) -> Option<Instant> {
        match self.ending {
            Ending::Terminated { kill_at } if !self.is_tree_gone() => Some(kill_at),
            Ending::Terminated { .. } | Ending::Nothing | Ending::Killed { .. } => None,
        }
    }
}
