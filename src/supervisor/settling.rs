//! Of whom nothing more is expected: what somebody waits for who has started a session and wants to go on.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::supervisor::readiness::certainly_elsewhere_at;
use crate::supervisor::state::{State, Up, Wish};
use crate::supervisor::{Action, Elsewhere, ProcessIndex, Supervisor, Turn};

/// Who serves nothing and lives so long has not died of its first lines.
const LIVES: Duration = Duration::from_millis(500);
/// Who has a PORT, and is not expected to listen, may do so all the same within this time.
const MAY_LISTEN: Duration = Duration::from_secs(3);
/// Who is expected to listen may be compiling; but some servers that are called `web` are none.
const IS_TO_LISTEN: Duration = Duration::from_secs(60);

/// Of the type that everybody takes for a server.
const SERVER: &str = "web";

/// What decides of all processes when they are settled.
struct Measure {
    /// When the session was.
    started: Instant,
    /// Somebody waits for them to listen.
    awaited: HashSet<ProcessIndex>,
}

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
        let measure = self.measure().filter(|_| !self.is_stopping())?;
        let processes = 0..self.processes.len();
        let open = processes.filter(|index| !self.is_settled(*index));
        open.filter_map(|index| self.settles_at(index, &measure))
            .min()
    }

    /// `None`: that depends on what is still to happen.
    pub(super) fn all_settle_at(&self) -> Option<Instant> {
        let measure = self.measure()?;
        let mut processes = 0..self.processes.len();
        processes.try_fold(measure.started, |latest, index| {
            Some(latest.max(self.settles_at(index, &measure)?))
        })
    }

    pub(super) fn note_who_is_settled(&mut self, turn: &Turn) {
        // Also while all is being ended: who is stopping is up no more.
        let Some(measure) = self.measure() else {
            return;
        };
        for index in 0..self.processes.len() {
            let at = self.settles_at(index, &measure);
            let process = &mut self.processes[index];
            process.is_settled = at.is_some_and(|at| at <= turn.now);
            let Some(up) = process.up().filter(|up| up.goes_on()) else {
                continue;
            };
            let (was_ready, is_silent) = (up.listening.was_ready(), up.listening.is_silent());
            process.has_listened |= was_ready;
            if process.is_settled {
                process.is_silent_by_habit = is_silent;
            }
        }
    }

    /// Tells whoever waits and then goes.
    pub(super) fn tell_settled(&mut self, turn: &mut Turn) {
        if self.is_attended_until_settled() && self.are_all_settled() {
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

    /// `None`: nothing was started.
    fn measure(&self) -> Option<Measure> {
        Some(Measure {
            started: self.started?,
            awaited: self.needed_to_start(),
        })
    }

    /// `None`: that depends on what is still to happen.
    fn settles_at(&self, index: ProcessIndex, measure: &Measure) -> Option<Instant> {
        let process = &self.processes[index];
        match &process.state {
            State::Elsewhere(Elsewhere::Unknown | Elsewhere::NotReady) if process.is_wanted => None,
            State::Elsewhere(_)
            | State::Dormant
            | State::Completed
            | State::Failed
            | State::FailedFor(_)
            | State::Stopped => Some(measure.started),
            State::Up(up) if up.goes_on() => self.up_settles_at(index, up, measure),
            State::Up(_)
            | State::Waiting
            | State::Held(_)
            | State::Starting
            | State::Restarting { .. } => None,
        }
    }

    /// `None`: it says when it is ready, and has not said so.
    fn up_settles_at(&self, index: ProcessIndex, up: &Up, measure: &Measure) -> Option<Instant> {
        let process = &self.processes[index];
        if let Some(ready_at) = up.listening.ready_at {
            return Some(ready_at);
        }
        let alive_at = up.since + LIVES;
        Some(if let Some(certain_at) = certainly_elsewhere_at(up) {
            alive_at.max(certain_at)
        } else if up.tries.is_some() {
            return None;
        } else if process.port.is_none() {
            alive_at
        } else if self.is_to_listen(index, measure) {
            up.since + IS_TO_LISTEN
        } else if process.is_silent_by_habit {
            alive_at
        } else {
            up.since + MAY_LISTEN
        })
    }

    /// Whether a process that has a PORT is expected to listen: somebody waits for that, its type says so, or it did.
    fn is_to_listen(&self, index: ProcessIndex, measure: &Measure) -> bool {
        let process = &self.processes[index];
        let is_server = process.name.process_type.as_str() == SERVER;
        is_server || process.has_listened || measure.awaited.contains(&index)
    }
}
