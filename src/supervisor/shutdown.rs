//! The way down: one stop signal each, a grace, SIGKILL.

use std::time::{Duration, Instant};

use crate::supervisor::state::State;
use crate::supervisor::{Action, ProcessIndex, Supervisor};
use crate::words::notice::Notice;

/// From the first request to stop, so long a second one is taken for the same key press.
const SECOND_REQUEST_AFTER: Duration = Duration::from_millis(150);
/// From the request to stop, after so long it is said who is still waited for.
pub(super) const WAIT_SAID_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
pub(super) struct Stopping {
    pub(super) since: Instant,
    /// A second request came.
    pub(super) is_killing: bool,
}

impl Supervisor {
    pub(super) fn shutdown_requested(&mut self, now: Instant, actions: &mut Vec<Action>) {
        match &mut self.stopping {
            None => self.stop(now, actions),
            Some(stopping)
                if stopping.is_killing || now < stopping.since + SECOND_REQUEST_AFTER => {}
            Some(stopping) => {
                stopping.is_killing = true;
                let processes = self
                    .processes
                    .iter()
                    .filter(|process| process.is_alive())
                    .count();
                actions.push(Action::Say(Notice::KillingAll { processes }));
            }
        }
    }

    pub(super) fn stop(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if self.stopping.is_some() {
            return;
        }
        self.stopping = Some(Stopping {
            since: now,
            is_killing: false,
        });
        let alive = || self.processes.iter().filter(|process| process.is_alive());
        if let Some(grace) = alive().map(|process| process.grace).max() {
            let processes = alive().count();
            actions.push(Action::Say(Notice::Stopping {
                processes,
                grace,
                hints: self.rules.hints,
            }));
        }
    }

    pub(super) fn bring_down(
        &mut self,
        index: ProcessIndex,
        stopping: Stopping,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let process = &mut self.processes[index];
        let (run, grace, name) = (process.run, process.grace, process.name.clone());
        match &mut process.state {
            State::Waiting | State::Restarting { .. } => process.state = State::Stopped,
            State::Up(up) => {
                if up.kill_at.is_none() {
                    up.kill_at = Some(now + grace);
                    actions.push(Action::Terminate {
                        process: index,
                        run,
                    });
                }
                if stopping.is_killing {
                    up.kill_at = Some(now);
                }
                let kill_at = up.kill_at.unwrap_or(now);
                if !up.is_wait_said && now >= stopping.since + WAIT_SAID_AFTER && kill_at > now {
                    up.is_wait_said = true;
                    let left = kill_at.duration_since(now);
                    actions.push(Action::Say(Notice::StopsWaiting {
                        process: name,
                        pid: up.pid,
                        left,
                    }));
                }
            }
            State::Starting | State::Completed | State::Failed | State::Stopped => {}
        }
    }

    pub(super) fn kill_the_late(&mut self, now: Instant, actions: &mut Vec<Action>) {
        for (index, process) in self.processes.iter_mut().enumerate() {
            let run = process.run;
            let Some(up) = process.up() else { continue };
            if !up.is_killed && up.kill_at.is_some_and(|at| at <= now) {
                up.is_killed = true;
                up.is_wait_said = true;
                actions.push(Action::Kill {
                    process: index,
                    run,
                });
            }
        }
    }
}
