//! When all that can be up is up: said once, with a row for each process.

use std::time::Instant;

use crate::plan::Need;
use crate::supervisor::readiness::{self, summed_up_at};
use crate::supervisor::state::{Process, State, Up};
use crate::supervisor::{Elsewhere, ProcessIndex, Supervisor, Turn, waits};
use crate::words::notice::{Notice, Shown, SummaryRow};
use crate::words::policy::Attendance;

impl Supervisor {
    /// When everybody will be settled, as far as that can be known now.
    pub(super) fn summary_at(&self) -> Option<Instant> {
        let started = self.started?;
        if self.is_summed_up || self.is_stopping() {
            return None;
        }
        // Where nobody is up there is nothing to sum up.
        self.processes.iter().find_map(Process::up)?;
        if self.rules.attendance == Attendance::Nobody {
            return self.all_settle_at();
        }
        let ups = self.processes.iter().filter_map(Process::up);
        let is_ready_elsewhere =
            |process: &Process| matches!(process.state, State::Elsewhere(Elsewhere::Ready));
        // Whoever was ready before we came counts as well.
        let elsewhere = self.processes.iter().any(is_ready_elsewhere);
        let latest_ready = ups.filter_map(|up| up.listening.ready_at).max();
        let latest_ready = latest_ready.or(elsewhere.then_some(started));
        let processes = 0..self.processes.len();
        let mut settled = processes.map(|index| self.settled_at(index, started, latest_ready));
        settled.try_fold(started, |latest, at| Some(latest.max(at?)))
    }

    /// `None`: that depends on what is still to happen. Who had to be started again is not waited for: the
    /// others' URLs would be held back by it.
    fn settled_at(
        &self,
        index: ProcessIndex,
        started: Instant,
        latest_ready: Option<Instant>,
    ) -> Option<Instant> {
        let process = &self.processes[index];
        match &process.state {
            // It passes from one session to another, or has just been started there.
            State::Elsewhere(Elsewhere::Unknown | Elsewhere::NotReady) if process.is_wanted => {
                Some(waits::said_first_at(started))
            }
            State::Elsewhere(_)
            | State::Dormant
            | State::Completed
            | State::Failed
            | State::FailedFor(_)
            | State::Stopped
            | State::Restarting { .. } => Some(started),
            State::Up(_) if process.run > 1 => Some(started),
            State::Up(up) if up.goes_on() => Some(summed_up_at(process.port, up, latest_ready)),
            State::Held(wait) => {
                let holds_until = |need: &Need| match self.holder_here(need) {
                    Some(provider) => self.settled_at(provider, started, latest_ready),
                    // What is not in our hands may last.
                    None => Some(waits::said_first_at(wait.since)),
                };
                self.unmet(index).filter_map(holds_until).min()
            }
            State::Up(_) | State::Waiting | State::Starting => None,
        }
    }

    /// Of those for whose URL the summary comes too late.
    pub(super) fn say_who_is_ready(&mut self, turn: &mut Turn) {
        if self.is_stopping() {
            return;
        }
        for process in &mut self.processes {
            if let Some(ready) = readiness::overdue(process, turn.now) {
                turn.say(ready);
            }
        }
    }

    pub(super) fn sum_up(&mut self, turn: &mut Turn) {
        let is_due = self.summary_at().is_some_and(|at| at <= turn.now);
        let Some(started) = self.started.filter(|_| is_due) else {
            return;
        };
        self.is_summed_up = true;
        let ups = self.processes.iter().filter_map(Process::up);
        let last_up = ups.map(came_up_at).max().unwrap_or(started);
        turn.say(Notice::AllUp {
            after: last_up.duration_since(started),
            rows: self.summary_rows(),
            hints: self.rules.hints,
        });
        for up in self.processes.iter_mut().filter_map(Process::up_mut) {
            up.listening.note_summary();
        }
    }

    fn summary_rows(&self) -> Vec<SummaryRow> {
        let processes = self.processes.iter().filter(|process| process.is_wanted);
        processes.map(|process| self.summary_row(process)).collect()
    }

    fn summary_row(&self, process: &Process) -> SummaryRow {
        // Who has failed and serves nothing yet will most likely fail again.
        let state = match process.shown() {
            Shown::Running if process.history.has_failed() => Shown::Restarting,
            state => state,
        };
        let is_silent = process.up().is_some_and(|up| up.listening.is_silent());
        SummaryRow {
            process: process.name.clone(),
            state,
            url: process.url(),
            does_not_listen: is_silent && process.port.is_some() && state == Shown::Running,
            elsewhere: process.up().and_then(|up| up.listening.elsewhere()),
            uses: self.uses(process),
        }
    }
}

/// Not when it was settled: nobody waits for a verdict.
fn came_up_at(up: &Up) -> Instant {
    up.listening.ready_at.unwrap_or(up.since)
}
