//! Of whom nothing more is expected: what somebody waits for who has started a session and wants to go on.

use std::time::{Duration, Instant};

use crate::supervisor::readiness::settles_at;
use crate::supervisor::state::{Process, State, Up, Wish};
use crate::supervisor::{Action, Elsewhere, ProcessIndex, Supervisor, Turn};
use crate::words::policy::Attendance;

/// Who serves nothing and lives so long has not died of its first lines.
const LIVES: Duration = Duration::from_millis(500);

impl Supervisor {
    /// It is up, has ended, or has failed for good.
    pub(crate) fn is_settled(&self, index: ProcessIndex) -> bool {
        self.processes[index].is_settled
    }

    /// Nothing of it runs or is about to, though something could: what has done its work is not among them.
    pub(crate) fn is_to_be_started(&self, index: ProcessIndex) -> bool {
        let process = &self.processes[index];
        match process.state {
            State::Dormant | State::Failed | State::FailedFor(_) | State::Stopped => true,
            State::Up(_) | State::Starting => process.wish == Wish::Stop,
            State::Elsewhere(_)
            | State::Waiting
            | State::Held(_)
            | State::Restarting { .. }
            | State::Completed => false,
        }
    }

    /// What it wrote before it failed for good.
    pub(crate) fn last_lines(&self, index: ProcessIndex) -> &[String] {
        let has_failed = self.processes[index].has_failed();
        let end = self.status.end_of(index).filter(|_| has_failed);
        end.map_or(&[], |end| &end.last_lines)
    }

    /// When somebody will be settled to whom nothing happens until then.
    pub(super) fn next_settles_at(&self) -> Option<Instant> {
        let started = self.started.filter(|_| !self.is_stopping())?;
        let latest_ready = self.latest_ready();
        let open = self.processes.iter().filter(|process| !process.is_settled);
        open.filter_map(|process| settled_at(process, started, latest_ready))
            .min()
    }

    /// `None`: that depends on what is still to happen.
    pub(super) fn all_settle_at(&self) -> Option<Instant> {
        let started = self.started?;
        let latest_ready = self.latest_ready();
        let mut settled = self.processes.iter();
        settled.try_fold(started, |latest, process| {
            Some(latest.max(settled_at(process, started, latest_ready)?))
        })
    }

    pub(super) fn note_who_is_settled(&mut self, turn: &Turn) {
        // Also while all is being ended: who is stopping is up no more.
        let Some(started) = self.started else { return };
        let latest_ready = self.latest_ready();
        for process in &mut self.processes {
            let at = settled_at(process, started, latest_ready);
            process.is_settled = at.is_some_and(|at| at <= turn.now);
            if let Some(up) = process.up().filter(|up| process.is_settled && up.goes_on()) {
                process.is_silent_by_habit = up.listening.is_silent();
            }
        }
    }

    /// Tells whoever waits and then goes.
    pub(super) fn tell_settled(&mut self, turn: &mut Turn) {
        let is_awaited = self.rules.attendance == Attendance::Nobody && !self.is_settled_said;
        if is_awaited && !self.is_stopping() && self.are_all_settled() {
            self.is_settled_said = true;
            let status = self.status.code();
            turn.actions.push(Action::Settled { status });
        }
    }

    /// Whoever waits is also to see the summary, if there is one to come.
    fn are_all_settled(&self) -> bool {
        let is_nobody_up = self.processes.iter().all(|process| process.up().is_none());
        (self.is_summed_up || is_nobody_up) && self.processes.iter().all(|it| it.is_settled)
    }

    /// Of all that are up, when the last one was ready.
    fn latest_ready(&self) -> Option<Instant> {
        let ups = self.processes.iter().filter_map(Process::up);
        ups.filter_map(|up| up.listening.ready_at).max()
    }
}

/// `None`: that depends on what is still to happen.
fn settled_at(
    process: &Process,
    started: Instant,
    latest_ready: Option<Instant>,
) -> Option<Instant> {
    match &process.state {
        State::Elsewhere(Elsewhere::Unknown | Elsewhere::NotReady) if process.is_wanted => None,
        State::Elsewhere(_)
        | State::Dormant
        | State::Completed
        | State::Failed
        | State::FailedFor(_)
        | State::Stopped => Some(started),
        State::Up(up) if up.goes_on() => Some(up_settles_at(process, up, latest_ready)),
        State::Up(_)
        | State::Waiting
        | State::Held(_)
        | State::Starting
        | State::Restarting { .. } => None,
    }
}

fn up_settles_at(process: &Process, up: &Up, latest_ready: Option<Instant>) -> Instant {
    let is_expected_silent = process.is_silent_by_habit && up.listening.is_silent();
    let port = process.port.filter(|_| !is_expected_silent);
    let at = settles_at(port, up, latest_ready);
    if up.listening.is_ready() {
        at
    } else {
        at.max(up.since + LIVES)
    }
}
