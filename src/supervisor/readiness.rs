//! Who serves its PORT, who listens elsewhere, and when all that can be up is up.

use std::time::{Duration, Instant};

use crate::supervisor::state::{Process, State, Up};
use crate::supervisor::{Listener, SessionRules};
use crate::words::notice::{Elsewhere, Notice, Shown, SummaryRow};

/// A server that opened another port first has so long to open its PORT as well.
const VERDICT_AFTER: Duration = Duration::from_secs(1);
/// For a process that listens nowhere the summary waits so long after another one was ready,
const AFTER_ANOTHER: Duration = Duration::from_secs(3);
/// and so long where nobody is: they may all still be compiling.
const WITHOUT_ANOTHER: Duration = Duration::from_secs(10);

/// Takes in what a process listens on now.
pub(super) fn listens(
    process: &mut Process,
    listeners: Vec<Listener>,
    now: Instant,
    is_summed_up: bool,
) -> Option<Notice> {
    let port = process.port?;
    let up = process.up()?;
    let is_on_port = listeners.iter().any(|listener| listener.port == port);
    let is_new = is_on_port && up.ready_at.is_none();
    up.elsewhere_since = match (is_on_port, listeners.is_empty()) {
        (true, _) | (false, true) => None,
        (false, false) => Some(up.elsewhere_since.unwrap_or(now)),
    };
    up.listeners = listeners;
    if !is_on_port {
        up.ready_at = None;
        return None;
    }
    up.ready_at = Some(up.ready_at.unwrap_or(now));
    let after = now.duration_since(up.since);
    (is_new && is_summed_up).then(|| Notice::Ready {
        process: process.name.clone(),
        url: process.url().expect("it has a port"),
        after,
    })
}

/// The verdict on a process that has listened elsewhere for long enough, once.
pub(super) fn verdict(process: &mut Process, now: Instant) -> Option<Notice> {
    let given = process.port?;
    let (process_name, misled, cure) = (
        process.name.clone(),
        process.consumers.clone(),
        process.cure.clone(),
    );
    let up = process.up()?;
    if up.is_verdict_said || now < up.elsewhere_since? + VERDICT_AFTER {
        return None;
    }
    up.is_verdict_said = true;
    let found = up.listeners.first()?.clone();
    Some(Notice::ListensElsewhere(Elsewhere {
        process: process_name,
        given,
        found: found.port,
        loopback_only: found.loopback_only,
        command: found.command,
        pid: found.pid,
        misled,
        cure,
    }))
}

/// What is due next because of this process, for the summary or the verdict.
pub(super) fn deadline(
    process: &Process,
    latest_ready: Option<Instant>,
    is_summed_up: bool,
) -> Option<Instant> {
    let State::Up(up) = &process.state else {
        return None;
    };
    let verdict = up.elsewhere_since.filter(|_| !up.is_verdict_said);
    let verdict = verdict.map(|since| since + VERDICT_AFTER);
    let is_awaited = !is_summed_up && !is_settled_now(process, up);
    let summary = is_awaited.then(|| awaited_until(up, latest_ready));
    verdict.into_iter().chain(summary).min()
}

fn is_settled_now(process: &Process, up: &Up) -> bool {
    process.port.is_none() || up.ready_at.is_some() || up.is_verdict_said
}

/// Nothing more is expected of it before the summary.
fn is_settled(process: &Process, latest_ready: Option<Instant>, now: Instant) -> bool {
    match &process.state {
        State::Waiting | State::Starting => false,
        State::Up(up) => {
            process.run > 1 || is_settled_now(process, up) || now >= awaited_until(up, latest_ready)
        }
        State::Restarting { .. } | State::Completed | State::Failed | State::Stopped => true,
    }
}

/// Until when the summary waits for a process that listens nowhere.
fn awaited_until(up: &Up, latest_ready: Option<Instant>) -> Instant {
    match latest_ready {
        Some(ready) => ready.max(up.since) + AFTER_ANOTHER,
        None => up.since + WITHOUT_ANOTHER,
    }
}

/// When the latest of those that are ready was.
pub(super) fn latest_ready(processes: &[Process]) -> Option<Instant> {
    ups(processes).filter_map(|up| up.ready_at).max()
}

fn ups(processes: &[Process]) -> impl Iterator<Item = &Up> {
    processes.iter().filter_map(|process| match &process.state {
        State::Up(up) => Some(up),
        State::Waiting
        | State::Starting
        | State::Restarting { .. }
        | State::Completed
        | State::Failed
        | State::Stopped => None,
    })
}

/// The summary, as soon as everybody is settled and somebody is up.
pub(super) fn summary(
    processes: &[Process],
    started: Instant,
    now: Instant,
    rules: SessionRules,
) -> Option<Notice> {
    let latest = ups(processes)
        .map(|up| up.ready_at.unwrap_or(up.since))
        .max()?;
    let latest_ready = latest_ready(processes);
    let is_settled = |process| is_settled(process, latest_ready, now);
    if !processes.iter().all(is_settled) {
        return None;
    }
    Some(Notice::AllUp {
        after: latest.duration_since(started),
        rows: processes.iter().map(row).collect(),
        hints: rules.hints,
    })
}

fn row(process: &Process) -> SummaryRow {
    let state = process.shown();
    let is_silent = matches!(&process.state, State::Up(up) if up.listeners.is_empty());
    SummaryRow {
        process: process.name.clone(),
        state,
        url: process.url().filter(|_| state == Shown::Ready),
        does_not_listen: is_silent && process.port.is_some() && state == Shown::Running,
    }
}
