//! The way down: one stop signal each, a grace, SIGKILL.

use std::time::{Duration, Instant};

use crate::supervisor::state::{Ending, Process, State};
use crate::supervisor::{Action, ProcessIndex, Supervisor, Turn};
use crate::words::notice::Notice;
use crate::words::policy::KeyHints;

/// From the first request to stop, so long a second one is taken for the same key press.
const SECOND_REQUEST_AFTER: Duration = Duration::from_millis(150);
/// From the beginning of the end, after so long it is said who is still waited for.
const WAITS_SAID_AFTER: Duration = Duration::from_secs(1);

/// From this on no run is started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopping {
    since: Instant,
    /// When the user first asked for it. `None`: it began by itself, and nobody has asked yet.
    requested_at: Option<Instant>,
    /// A second request came.
    is_killing: bool,
    are_waits_said: bool,
}

impl Supervisor {
    pub(super) fn shutdown_requested(&mut self, turn: &mut Turn) {
        let Some(stopping) = &mut self.stopping else {
            self.begin_to_stop(Some(turn.now), turn);
            return;
        };
        let first = *stopping.requested_at.get_or_insert(turn.now);
        if stopping.is_killing || turn.now < first + SECOND_REQUEST_AFTER {
            return;
        }
        stopping.is_killing = true;
        let alive = self.processes.iter().filter(|process| process.is_alive());
        let processes = alive.count();
        if processes > 0 {
            turn.say(Notice::KillingAll { processes });
        }
    }

    /// Without anybody's request.
    pub(super) fn stop(&mut self, turn: &mut Turn) {
        if !self.is_stopping() {
            self.begin_to_stop(None, turn);
        }
    }

    fn begin_to_stop(&mut self, requested_at: Option<Instant>, turn: &mut Turn) {
        self.stopping = Some(Stopping {
            since: turn.now,
            requested_at,
            is_killing: false,
            are_waits_said: false,
        });
        let alive = || self.processes.iter().filter(|process| process.is_alive());
        if let Some(grace) = alive().map(|process| process.grace).max() {
            turn.say(Notice::Stopping {
                processes: alive().count(),
                grace,
                // "Again" is only for those who have pressed it once.
                hints: self.rules.hints != KeyHints::None && requested_at.is_some(),
            });
        }
    }

    pub(super) fn bring_down(&mut self, index: ProcessIndex, stopping: Stopping, turn: &mut Turn) {
        let process = &mut self.processes[index];
        let (run, grace) = (process.run, process.grace);
        match &mut process.state {
            State::Waiting | State::Restarting { .. } => process.state = State::Stopped,
            State::Up(up) => {
                if up.goes_on() {
                    let kill_at = turn.now + grace;
                    up.ending = Ending::Terminated { kill_at };
                    turn.actions.push(Action::Terminate {
                        process: index,
                        run,
                    });
                }
                if stopping.is_killing && up.kill_at().is_some() {
                    up.ending = Ending::Killed { is_late: false };
                    turn.actions.push(Action::Kill {
                        process: index,
                        run,
                    });
                }
            }
            State::Starting | State::Completed | State::Failed | State::Stopped => {}
        }
    }

    pub(super) fn kill_if_late(&mut self, index: ProcessIndex, turn: &mut Turn) {
        let process = &mut self.processes[index];
        let run = process.run;
        let Some(up) = process.up_mut() else { return };
        if up.kill_at().is_some_and(|at| at <= turn.now) {
            up.ending = Ending::Killed { is_late: true };
            turn.actions.push(Action::Kill {
                process: index,
                run,
            });
        }
    }

    /// When it is said who is waited for, if there is anybody whose grace is not over.
    pub(super) fn waits_said_at(&self, stopping: Stopping) -> Option<Instant> {
        let is_waited_for = |process: &Process| process.kill_at().is_some();
        let is_due = !stopping.are_waits_said && self.processes.iter().any(is_waited_for);
        is_due.then(|| stopping.since + WAITS_SAID_AFTER)
    }

    pub(super) fn say_who_is_waited_for(&mut self, turn: &mut Turn) {
        let Some(stopping) = &mut self.stopping else {
            return;
        };
        if stopping.are_waits_said || turn.now < stopping.since + WAITS_SAID_AFTER {
            return;
        }
        stopping.are_waits_said = true;
        for process in &self.processes {
            if let Some((up, kill_at)) = process.up().zip(process.kill_at()) {
                turn.say(Notice::StopsWaiting {
                    process: process.name.clone(),
                    pid: up.pid,
                    left: kill_at.duration_since(turn.now),
                });
            }
        }
    }
}
