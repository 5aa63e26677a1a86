//! The way down: one stop signal each, consumers before what they use, a grace, SIGKILL.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::supervisor::needs::providers;
use crate::supervisor::state::{Ending, Process, State, Up};
use crate::supervisor::{Action, ProcessIndex, Supervisor, Turn};
use crate::words::notice::Notice;

/// From the first request to stop, so long a second one is taken for the same key press.
const SECOND_REQUEST_AFTER: Duration = Duration::from_millis(150);
/// From its stop signal, but not before the end began, after so long it is said of a process that it is
/// still waited for.
const WAITS_SAID_AFTER: Duration = Duration::from_secs(1);

/// From this on no run is started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopping {
    since: Instant,
    /// When the user first asked for it. `None`: it began by itself, and nobody has asked yet.
    requested_at: Option<Instant>,
    /// A second request came.
    is_killing: bool,
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
        for (index, process) in self.processes.iter().enumerate() {
            // Its exec may be held up, so that it would never turn up.
            if process.is_starting() {
                turn.actions.push(Action::Kill {
                    process: index,
                    run: process.run,
                });
            }
        }
        let alive = self.processes.iter().filter(|process| process.is_alive());
        let processes: Vec<_> = alive.map(|process| process.name.clone()).collect();
        if !processes.is_empty() {
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
        });
        let alive = || self.processes.iter().filter(|process| process.is_alive());
        if let Some(grace) = alive().map(|process| process.grace).max() {
            turn.say(Notice::Stopping {
                processes: alive().count(),
                grace,
                // "Again" is only for those who have pressed it once.
                hints: self.rules.hints.are_of_keys() && requested_at.is_some(),
            });
        }
    }

    /// Whatever may be signalled now is: an end without a grace makes way for the next stage at once.
    pub(super) fn bring_all_down(&mut self, stopping: Stopping, turn: &mut Turn) {
        let mut done = None;
        while done.replace(turn.actions.len()) != Some(turn.actions.len()) {
            let still_used = self.still_used();
            for index in 0..self.processes.len() {
                let is_its_turn = stopping.is_killing || !still_used.contains(&index);
                self.bring_down(index, is_its_turn, stopping, turn);
                self.kill_if_late(index, turn);
            }
        }
    }

    fn bring_down(
        &mut self,
        index: ProcessIndex,
        is_its_turn: bool,
        stopping: Stopping,
        turn: &mut Turn,
    ) {
        let process = &mut self.processes[index];
        let (run, grace) = (process.run, process.grace);
        match &mut process.state {
            State::Waiting | State::Held(_) | State::Restarting { .. } => {
                process.state = State::Stopped;
            }
            State::Up(up) => {
                if is_its_turn && up.goes_on() {
                    up.end_within(grace, turn.now);
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
            State::Elsewhere(_)
            | State::Dormant
            | State::Starting
            | State::Completed
            | State::Failed
            | State::FailedFor(_)
            | State::Stopped => {}
        }
    }

    /// Those that somebody uses who is alive, and has time left to end.
    fn still_used(&self) -> HashSet<ProcessIndex> {
        let has_time = |process: &&Process| {
            let is_killed = |up: &Up| matches!(up.ending, Ending::Killed { .. });
            process.is_alive() && !process.up().is_some_and(is_killed)
        };
        let alive = self.processes.iter().filter(has_time);
        providers(alive.flat_map(|process| &process.needs)).collect()
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

    /// When it is next said who is waited for, if there is anybody whose grace is not over.
    pub(super) fn waits_said_at(&self, stopping: Stopping) -> Option<Instant> {
        let ups = self.processes.iter().filter_map(Process::up);
        ups.filter_map(|up| wait_said_at(up, stopping)).min()
    }

    pub(super) fn say_who_is_waited_for(&mut self, turn: &mut Turn) {
        let Some(stopping) = self.stopping else {
            return;
        };
        for process in &mut self.processes {
            let name = &process.name;
            let State::Up(up) = &mut process.state else {
                continue;
            };
            if wait_said_at(up, stopping).is_none_or(|at| at > turn.now) {
                continue;
            }
            let pid = up.pid;
            if let Ending::Terminated {
                kill_at,
                is_wait_said,
                ..
            } = &mut up.ending
            {
                *is_wait_said = true;
                turn.say(Notice::StopsWaiting {
                    process: name.clone(),
                    pid,
                    left: kill_at.duration_since(turn.now),
                });
            }
        }
    }
}

/// `None`: it was said, or there is nothing to wait for.
fn wait_said_at(up: &Up, stopping: Stopping) -> Option<Instant> {
    match up.ending {
        Ending::Terminated {
            at,
            is_wait_said: false,
            ..
        } if !up.is_tree_gone() => Some(at.max(stopping.since) + WAITS_SAID_AFTER),
        Ending::Terminated { .. } | Ending::Nothing | Ending::Killed { .. } => None,
    }
}
