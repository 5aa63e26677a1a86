//! What follows the end of a run: a restart after a while, or none.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::supervisor::state::{LeaderEnd, Process};
use crate::words::notice::Next;
use crate::words::policy::RestartPolicy;

/// The delay before the first restart; it doubles with every restart,
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// up to this,
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// and begins anew after a run that lasted so long.
const LASTED: Duration = Duration::from_secs(10);
/// Whatever the policy, never more than so many starts of one process
const MAX_STARTS: usize = 20;
/// in so long.
const START_WINDOW: Duration = Duration::from_secs(8);

/// What the runs so far say about the next one.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Restarts since the last run that lasted, or that somebody asked for: they double the delay.
    restarts: u32,
    /// Failures since then.
    failures: u32,
    /// When the first run that failed so began.
    failing_since: Option<Instant>,
    /// Its next failure is final: whatever cured the last ones did not.
    is_on_trial: bool,
    /// The latest starts only, the oldest first.
    starts: VecDeque<Instant>,
}

/// The end of a run that nobody asked for, or of the attempt to start one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    verdict: Verdict,
    at: Instant,
    /// From its spawn to its end.
    lasted: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Success,
    Failure,
    /// Another run would fail as well.
    Hopeless,
}

/// Counts what a run has come to, and says what follows. `now`: from when a delay counts.
pub(super) fn next(process: &mut Process, outcome: Outcome, fail_fast: bool, now: Instant) -> Next {
    let is_success = outcome.verdict == Verdict::Success;
    let history = &mut process.history;
    history.note_end(outcome);
    let is_wanted = match process.restart {
        RestartPolicy::Always => true,
        RestartPolicy::OnFailure => !is_success,
        RestartPolicy::Never => false,
    };
    if outcome.verdict == Verdict::Hopeless {
        return Next::Unstartable;
    }
    if is_success && !is_wanted {
        return Next::Completed;
    }
    let is_final = fail_fast || history.is_on_trial;
    if !is_wanted || (is_final && !is_success) {
        return Next::NotRestarted;
    }
    let failing_since = history.failing_since.filter(|_| !is_success);
    if let Some(since) = failing_since.filter(|_| history.failures >= process.max_restarts) {
        return Next::GivenUp {
            failures: history.failures,
            within: outcome.at.duration_since(since),
        };
    }
    let delay = history.delay(now);
    Next::Restart {
        number: history.restarts,
        delay,
    }
}

impl Outcome {
    pub(super) fn of_run(end: LeaderEnd, lasted: Duration) -> Self {
        let verdict = if end.exit.is_success() {
            Verdict::Success
        } else if end.exit.is_unstartable() {
            Verdict::Hopeless
        } else {
            Verdict::Failure
        };
        let at = end.at;
        Self {
            verdict,
            at,
            lasted,
        }
    }

    /// For a reason that may be gone the next time.
    pub(super) fn not_started(at: Instant) -> Self {
        Self {
            verdict: Verdict::Failure,
            at,
            lasted: Duration::ZERO,
        }
    }
}

impl History {
    /// It has, and no run has lasted since.
    pub(super) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// Somebody has seen to it. How often it was started still counts.
    pub(super) fn forgive(&mut self) {
        self.restarts = 0;
        self.failures = 0;
        self.failing_since = None;
        self.is_on_trial = false;
    }

    /// Something may have cured it: one run will tell.
    pub(super) fn try_once(&mut self) {
        self.is_on_trial = true;
    }

    pub(super) fn note_start(&mut self, now: Instant) {
        self.starts.push_back(now);
        if self.starts.len() > MAX_STARTS {
            self.starts.pop_front();
        }
    }

    fn note_end(&mut self, outcome: Outcome) {
        if outcome.lasted >= LASTED {
            self.forgive();
        } else if outcome.verdict != Verdict::Success {
            self.failures += 1;
            let began = outcome.at - outcome.lasted;
            self.failing_since.get_or_insert(began);
        }
    }

    /// Counts the restart as well.
    fn delay(&mut self, now: Instant) -> Duration {
        let doubled = FIRST_DELAY.saturating_mul(2u32.saturating_pow(self.restarts));
        self.restarts += 1;
        let guard = self.not_before(now).map(|at| at.duration_since(now));
        doubled.min(LONGEST_DELAY).max(guard.unwrap_or_default())
    }

    /// When there may be another start, if not now: then the oldest one is out of the window.
    pub(super) fn not_before(&self, now: Instant) -> Option<Instant> {
        let oldest = self.starts.front()?;
        let at = *oldest + START_WINDOW;
        (self.starts.len() == MAX_STARTS && at > now).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The delays alone keep to it today; it stands over whatever will start processes tomorrow.
    #[test]
    fn the_21st_start_waits_until_the_first_is_8_s_ago() {
        let first = Instant::now();
        let mut history = History::default();
        for _ in 0..MAX_STARTS - 1 {
            history.note_start(first);
        }
        assert_eq!(history.delay(first), FIRST_DELAY);
        history.note_start(first + FIRST_DELAY);
        let rest = START_WINDOW - FIRST_DELAY;
        assert_eq!(history.delay(first + FIRST_DELAY), rest);
    }
}
