//! What is known of one process.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::plan::{Plan, PlannedProcess, command};
use crate::supervisor::{Listener, ProcessIndex};
use crate::words::exit::Exit;
use crate::words::name::ProcessName;
use crate::words::notice::{Notice, Shown};
use crate::words::policy::{OnExit, RestartPolicy};
use crate::words::port::Holder;

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
    /// The number of the current run, or of the last one; 0 before the first.
    pub(super) run: u32,
    pub(super) history: History,
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
    /// It ended because we ended it.
    Stopped,
}

/// A run between its spawn and the end of its tree.
#[derive(Debug)]
pub(super) struct Up {
    pub(super) pid: i32,
    pub(super) since: Instant,
    /// The leader's end, while others of its tree live.
    pub(super) exit: Option<(Exit, Instant)>,
    /// We asked it to end, before its leader did by itself.
    pub(super) is_ended_by_us: bool,
    /// It was sent its stop signal; at this instant it is killed.
    pub(super) kill_at: Option<Instant>,
    pub(super) is_killed: bool,
    pub(super) listeners: Vec<Listener>,
    pub(super) ready_at: Option<Instant>,
    /// Since when it has listened, but never on its PORT.
    pub(super) elsewhere_since: Option<Instant>,
    pub(super) is_verdict_said: bool,
    pub(super) is_wait_said: bool,
}

/// What the runs so far say about the next one.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) restarts: u32,
    /// Ends in a row, none after a run that lasted: they double the delay.
    pub(super) quick_ends: u32,
    /// The failures among them: they count against the limit.
    pub(super) failures: u32,
    pub(super) first_failure: Option<Instant>,
    /// The latest ones only, the oldest first.
    pub(super) starts: VecDeque<Instant>,
}

impl Process {
    pub(super) fn of(plan: &Plan, index: ProcessIndex) -> Self {
        let PlannedProcess { name, port, .. } = &plan.processes[index];
        let planned = &plan.processes[index];
        Self {
            name: name.clone(),
            port: *port,
            scheme: planned.scheme,
            restart: planned.restart,
            max_restarts: planned.max_restarts,
            on_exit: planned.on_exit,
            grace: planned.grace,
            cure: command::cure(name.process_type.as_str(), &planned.command),
            consumers: plan.consumers(index),
            state: State::Waiting,
            run: 0,
            history: History::default(),
        }
    }

    pub(super) fn up(&mut self) -> Option<&mut Up> {
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

    /// It runs, or is about to.
    pub(super) fn is_alive(&self) -> bool {
        matches!(self.state, State::Starting | State::Up(_))
    }

    /// Nothing more will come of it.
    pub(super) fn is_over(&self) -> bool {
        matches!(
            self.state,
            State::Completed | State::Failed | State::Stopped
        )
    }

    pub(super) fn shown(&self) -> Shown {
        match &self.state {
            State::Waiting => Shown::Waiting,
            State::Starting => Shown::Starting,
            State::Up(up) if up.kill_at.is_some() => Shown::Stopping,
            State::Up(up) if up.ready_at.is_some() => Shown::Ready,
            State::Up(up) if up.exit.is_some() => Shown::RunningDaemon,
            State::Up(_) => Shown::Running,
            State::Restarting { .. } => Shown::Restarting,
            State::Completed => Shown::Completed,
            State::Failed => Shown::Failed,
            State::Stopped => Shown::Stopped,
        }
    }

    /// Gives it another PORT for the runs to come.
    pub(super) fn move_to(&mut self, port: u16) -> Notice {
        let from = self.port.replace(port).unwrap_or(port);
        Notice::PortMoved {
            process: self.name.clone(),
            from,
            to: port,
            misled: self.consumers.clone(),
        }
    }

    /// What is to be said of a stranger on its PORT.
    pub(super) fn port_stolen(&self, holder: Holder) -> Option<Notice> {
        Some(Notice::PortStolen {
            process: self.name.clone(),
            port: self.port?,
            holder,
        })
    }

    /// Its URL by its PORT, whether anybody serves it or not.
    pub(super) fn url(&self) -> Option<String> {
        Some(crate::plan::url(self.scheme, self.port?))
    }
}

impl Up {
    pub(super) fn new(pid: i32, now: Instant) -> Self {
        Self {
            pid,
            since: now,
            exit: None,
            is_ended_by_us: false,
            kill_at: None,
            is_killed: false,
            listeners: Vec::new(),
            ready_at: None,
            elsewhere_since: None,
            is_verdict_said: false,
            is_wait_said: false,
        }
    }
}
