//! What follows the end of a run: a restart after a while, or none.

use std::time::{Duration, Instant};

use crate::supervisor::state::{History, Process};
use crate::words::exit::Exit;
use crate::words::notice::Next;
use crate::words::policy::RestartPolicy;

/// The delay before the first restart; it doubles with every quick end,
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// up to this,
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// and begins anew after a run that lasted so long.
const LASTED: Duration = Duration::from_secs(10);
/// Whatever the policy, never more than so many starts of one process
const MAX_STARTS: usize = 20;
/// in so long.
const START_WINDOW: Duration = Duration::from_secs(8);

/// Counts the end of a run that nobody asked for, and says what follows.
pub(super) fn next(
    process: &mut Process,
    exit: Exit,
    lasted: Duration,
    fail_fast: bool,
    now: Instant,
) -> Next {
    let history = &mut process.history;
    if lasted >= LASTED {
        history.quick_ends = 0;
        history.failures = 0;
        history.first_failure = None;
    }
    if !exit.is_success() {
        history.failures += 1;
        history.first_failure.get_or_insert(now);
    }
    let is_restarted = match process.restart {
        RestartPolicy::Always => true,
        RestartPolicy::OnFailure => !exit.is_success(),
        RestartPolicy::Never => false,
    };
    if !is_restarted && exit.is_success() {
        return Next::Completed;
    }
    if exit.is_unstartable() {
        return Next::Unstartable;
    }
    if !is_restarted || (fail_fast && !exit.is_success()) {
        return Next::NotRestarted;
    }
    if history.failures > process.max_restarts && !exit.is_success() {
        let since = history.first_failure.unwrap_or(now);
        return Next::GivenUp {
            failures: history.failures,
            within: now.duration_since(since),
        };
    }
    history.restarts += 1;
    history.quick_ends += 1;
    Next::Restart {
        number: history.restarts,
        delay: delay(history, now),
    }
}

fn delay(history: &History, now: Instant) -> Duration {
    let doublings = history.quick_ends.saturating_sub(1).min(16);
    let delay = (FIRST_DELAY * 2u32.pow(doublings)).min(LONGEST_DELAY);
    // The start that has to be out of the window before there may be another.
    let oldest = history
        .starts
        .len()
        .checked_sub(MAX_STARTS)
        .map(|at| history.starts[at]);
    let guard = oldest.map_or(Duration::ZERO, |oldest| {
        (oldest + START_WINDOW).saturating_duration_since(now)
    });
    delay.max(guard)
}

pub(super) fn note_start(history: &mut History, now: Instant) {
    history.starts.push_back(now);
    if history.starts.len() > MAX_STARTS {
        history.starts.pop_front();
    }
}
