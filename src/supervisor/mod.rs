//! What is to happen when: a pure state machine. Events in, actions out; time is a parameter.

mod event;
mod readiness;
mod restart;
mod shutdown;
mod state;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use crate::plan::Plan;
pub(crate) use crate::supervisor::event::{Action, Event, Listener, ProcessIndex, SessionRules};
use crate::supervisor::shutdown::{Stopping, WAIT_SAID_AFTER};
use crate::supervisor::state::{Process, State, Up};
use crate::words::exit::Exit;
use crate::words::notice::{Ended, Next, Notice};
use crate::words::policy::OnExit;

/// The shell's status for what is there and cannot be run.
const NOT_EXECUTABLE: u8 = 126;

/// A session: every process of a plan, from start to end.
#[derive(Debug)]
pub(crate) struct Supervisor {
    processes: Vec<Process>,
    rules: SessionRules,
    /// Lines of the user's files that were left out; said again at the end.
    ignored_lines: usize,
    started: Option<Instant>,
    is_summed_up: bool,
    stopping: Option<Stopping>,
    /// That of the first process that failed for good.
    status: Option<u8>,
    is_finished: bool,
}

impl Supervisor {
    pub(crate) fn new(plan: &Plan, rules: SessionRules, ignored_lines: usize) -> Self {
        Self {
            processes: (0..plan.processes.len())
                .map(|index| Process::of(plan, index))
                .collect(),
            rules,
            ignored_lines,
            started: None,
            is_summed_up: false,
            stopping: None,
            status: None,
            is_finished: false,
        }
    }

    /// Records the fact, then brings what is closer to what is wanted.
    pub(crate) fn handle(&mut self, now: Instant, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        if !self.is_finished {
            self.record(now, event, &mut actions);
            self.reconcile(now, &mut actions);
        }
        actions
    }

    /// When [`Event::DeadlineReached`] is next due, if ever.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        if self.is_finished {
            return None;
        }
        let latest_ready = readiness::latest_ready(&self.processes);
        self.processes
            .iter()
            .filter_map(|process| self.deadline(process, latest_ready))
            .min()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    fn deadline(&self, process: &Process, latest_ready: Option<Instant>) -> Option<Instant> {
        match &process.state {
            State::Restarting { at } => Some(*at),
            State::Up(up) => {
                let kill = up.kill_at.filter(|_| !up.is_killed);
                let wait = self.stopping.filter(|_| !up.is_wait_said && !up.is_killed);
                let wait = wait.map(|stopping| stopping.since + WAIT_SAID_AFTER);
                let readiness = self
                    .stopping
                    .is_none()
                    .then(|| readiness::deadline(process, latest_ready, self.is_summed_up));
                kill.into_iter()
                    .chain(wait)
                    .chain(readiness.flatten())
                    .min()
            }
            State::Waiting
            | State::Starting
            | State::Completed
            | State::Failed
            | State::Stopped => None,
        }
    }

    fn record(&mut self, now: Instant, event: Event, actions: &mut Vec<Action>) {
        match event {
            Event::SessionStarted => self.started = Some(now),
            Event::Spawned { process, run, pid } => {
                if let Some(process) = self.current(process, run) {
                    process.state = State::Up(Up::new(pid, now));
                    actions.push(Action::Say(Notice::Started {
                        process: process.name.clone(),
                        pid,
                        port: process.port,
                    }));
                }
            }
            Event::SpawnFailed {
                process,
                run,
                cause,
            } => self.spawn_failed(now, process, run, cause, actions),
            Event::LeaderExited {
                process,
                run,
                exit,
                left,
            } => self.leader_exited(now, process, run, exit, left, actions),
            Event::Exited {
                process,
                run,
                killed,
                last_lines,
            } => self.exited(now, process, run, killed, last_lines, actions),
            Event::Listens {
                process,
                run,
                listeners,
            } => {
                let is_summed_up = self.is_summed_up;
                let process = self.current(process, run);
                let notice = process
                    .and_then(|process| readiness::listens(process, listeners, now, is_summed_up));
                actions.extend(notice.map(Action::Say));
            }
            Event::PortStolen {
                process,
                run,
                holder,
            } => {
                let process = self.current(process, run);
                let notice = process.and_then(|process| process.port_stolen(holder));
                actions.extend(notice.map(Action::Say));
            }
            Event::PortMoved { process, port } => {
                let notice = self.processes[process].move_to(port);
                actions.push(Action::Say(notice));
            }
            Event::ShutdownRequested => self.shutdown_requested(now, actions),
            Event::OutputClosed => self.stop(now, actions),
            Event::GuardianLost => {
                actions.push(Action::Say(Notice::GuardianLost));
                actions.push(Action::Finish { status: 1 });
                self.is_finished = true;
            }
            Event::DeadlineReached => {}
        }
    }

    /// The process, if this is news of its current run.
    fn current(&mut self, process: ProcessIndex, run: u32) -> Option<&mut Process> {
        let process = self.processes.get_mut(process)?;
        (process.run == run && process.is_alive()).then_some(process)
    }

    fn spawn_failed(
        &mut self,
        now: Instant,
        index: ProcessIndex,
        run: u32,
        cause: String,
        actions: &mut Vec<Action>,
    ) {
        let Some(process) = self.current(index, run) else {
            return;
        };
        process.state = State::Failed;
        let process = process.name.clone();
        actions.push(Action::Say(Notice::SpawnFailed { process, cause }));
        self.ended_for_good(index, Exit::Status(NOT_EXECUTABLE), now, actions);
    }

    fn leader_exited(
        &mut self,
        now: Instant,
        process: ProcessIndex,
        run: u32,
        exit: Exit,
        left: usize,
        actions: &mut Vec<Action>,
    ) {
        let is_stopping = self.stopping.is_some();
        let Some(current) = self.current(process, run) else {
            return;
        };
        let (name, grace) = (current.name.clone(), current.grace);
        let Some(up) = current.up() else { return };
        up.exit = Some((exit, now));
        up.is_ended_by_us = up.kill_at.is_some();
        if left == 0 || up.is_ended_by_us || is_stopping {
            return;
        }
        if exit.is_success() {
            actions.push(Action::Say(Notice::Daemonised { process: name }));
            return;
        }
        up.kill_at = Some(now + grace);
        actions.push(Action::Say(Notice::WaitsForTree {
            process: name,
            exit,
            left,
        }));
        actions.push(Action::Terminate { process, run });
    }

    fn exited(
        &mut self,
        now: Instant,
        index: ProcessIndex,
        run: u32,
        killed: usize,
        last_lines: Vec<String>,
        actions: &mut Vec<Action>,
    ) {
        let (fail_fast, is_killing) = (
            self.rules.fail_fast,
            self.stopping.is_some_and(|stopping| stopping.is_killing),
        );
        let Some(process) = self.current(index, run) else {
            return;
        };
        let (name, grace) = (process.name.clone(), process.grace);
        let Some(up) = process.up() else { return };
        let (exit, at) = up.exit.unwrap_or((Exit::Signal(9), now));
        let after = at.duration_since(up.since);
        if up.is_killed && !is_killing {
            actions.push(Action::Say(Notice::Killed {
                process: name.clone(),
                grace,
                others: killed,
            }));
        }
        if up.is_ended_by_us
            || (up.exit.is_some_and(|(exit, _)| exit.is_success()) && up.kill_at.is_some())
        {
            process.state = State::Stopped;
            return;
        }
        let next = match self.stopping {
            // It ended by itself, just before it would have been asked to: there is no next run.
            Some(_) if exit.is_success() => Next::Completed,
            Some(_) => Next::NotRestarted,
            None => restart::next(&mut self.processes[index], exit, after, fail_fast, now),
        };
        let process = &mut self.processes[index];
        process.state = match &next {
            Next::Restart { delay, .. } => State::Restarting { at: now + *delay },
            Next::Completed => State::Completed,
            Next::NotRestarted | Next::Unstartable | Next::GivenUp { .. } => State::Failed,
        };
        actions.push(Action::Say(Notice::Exited(Ended {
            process: name,
            exit,
            after,
            next,
            last_lines,
        })));
        if self.processes[index].is_over() {
            self.ended_for_good(index, exit, now, actions);
        }
    }

    /// What the end of one process for good means for the session.
    fn ended_for_good(
        &mut self,
        process: ProcessIndex,
        exit: Exit,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        if !exit.is_success() {
            self.status.get_or_insert(exit.status());
        }
        let ends_all = match self.processes[process].on_exit {
            OnExit::Shutdown => true,
            OnExit::Keep => self.rules.fail_fast && !exit.is_success(),
        };
        if ends_all {
            self.stop(now, actions);
        }
    }

    fn reconcile(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if self.is_finished {
            return;
        }
        for index in 0..self.processes.len() {
            match self.stopping {
                None => self.bring_up(index, now, actions),
                Some(stopping) => self.bring_down(index, stopping, now, actions),
            }
        }
        self.kill_the_late(now, actions);
        self.sum_up(now, actions);
        if self.processes.iter().all(Process::is_over) {
            self.finish(now, actions);
        }
    }

    fn bring_up(&mut self, index: ProcessIndex, now: Instant, actions: &mut Vec<Action>) {
        let process = &mut self.processes[index];
        let is_due = match &process.state {
            State::Waiting => true,
            State::Restarting { at } => *at <= now,
            State::Starting | State::Up(_) | State::Completed | State::Failed | State::Stopped => {
                false
            }
        };
        if is_due {
            process.run += 1;
            process.state = State::Starting;
            restart::note_start(&mut process.history, now);
            actions.push(Action::Spawn {
                process: index,
                run: process.run,
            });
        }
        actions.extend(readiness::verdict(process, now).map(Action::Say));
    }

    fn sum_up(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let Some(started) = self
            .started
            .filter(|_| !self.is_summed_up && self.stopping.is_none())
        else {
            return;
        };
        if let Some(summary) = readiness::summary(&self.processes, started, now, self.rules) {
            self.is_summed_up = true;
            actions.push(Action::Say(summary));
        }
    }

    fn finish(&mut self, now: Instant, actions: &mut Vec<Action>) {
        self.is_finished = true;
        actions.push(Action::Say(Notice::Done {
            up: self
                .started
                .map_or(Duration::ZERO, |started| now.duration_since(started)),
            restarts: self
                .processes
                .iter()
                .map(|process| process.history.restarts)
                .sum(),
            ignored_lines: self.ignored_lines,
        }));
        actions.push(Action::Finish {
            status: self.status.unwrap_or(0),
        });
    }
}
