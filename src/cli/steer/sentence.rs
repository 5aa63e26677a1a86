//! What is said of a process that somebody waits for, and of what became of it.

use std::time::Duration;

use crate::cli::steer::progress::{Goal, Progress};
use crate::words::wire::{ProcessState, Steering};
use crate::words::wording;

/// Whether a process was, when it was asked, as it was to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    AsAsked,
    Otherwise,
}

/// How it was before `asked` was; `run` is what was answered.
pub(super) fn before(asked: Steering, run: u32, state: Option<&ProcessState>) -> Before {
    let is_as_asked = match (asked, state) {
        (Steering::Restart, _) => false,
        (Steering::Start, Some(state)) => state.run == run && state.pid.is_some(),
        (Steering::Start, None) => false,
        (Steering::Stop, Some(state)) => {
            matches!(&state.state[..], "stopped" | "completed" | "failed")
        }
        (Steering::Stop, None) => true,
    };
    if is_as_asked {
        Before::AsAsked
    } else {
        Before::Otherwise
    }
}

/// The line that says what became of a process.
pub(super) fn outcome(
    shown: &str,
    goal: Goal,
    progress: Progress,
    before: Before,
    state: Option<&ProcessState>,
) -> String {
    let nobody = ProcessState::default();
    let state = state.unwrap_or(&nobody);
    let word = match &state.state[..] {
        "" => "stopped",
        word => word,
    };
    match (goal, progress) {
        (_, Progress::Failed) => format!("{shown} failed{}", cause(state)),
        (_, Progress::Stopped) => format!("{shown} {word}: somebody has stopped it"),
        (Goal::Up, _) if before == Before::AsAsked => {
            format!("{shown} runs already{}", where_it_is(state))
        }
        (Goal::Up, _) => format!("{shown} {word}{}", where_it_is(state)),
        (Goal::Down, _) if before == Before::AsAsked => format!("{shown} {word} already"),
        (Goal::Down, _) if state.pid.is_some() => {
            format!("{shown} stopped, and somebody has started it again")
        }
        (Goal::Down, _) => format!("{shown} stopped"),
    }
}

/// `: status 1: ZeroDivisionError: division by zero`
fn cause(state: &ProcessState) -> String {
    let cause = state.cause.iter().chain(state.last_lines.last());
    cause.map(|words| format!(": {words}")).collect()
}

fn where_it_is(state: &ProcessState) -> String {
    let url = state.url.iter().map(|url| format!(" {url}"));
    let pid = state.pid.iter().map(|pid| format!(" (pid {pid})"));
    url.chain(pid).collect()
}

/// What a process that is not yet as it was to be is waited for; `ending`: so long it has been stopping.
pub(super) fn waiting(shown: &str, state: Option<&ProcessState>, ending: Duration) -> String {
    let Some(state) = state else {
        return format!("waiting for {shown}");
    };
    if !state.waiting_for.is_empty() {
        return format!("{shown} waits for {}", wording::listed(&state.waiting_for));
    }
    match (&state.state[..], state.pid) {
        ("stopping", Some(pid)) => {
            let left = Duration::from_millis(state.grace_ms.unwrap_or(0)).saturating_sub(ending);
            let left = left.as_secs_f64().ceil();
            format!("waiting for {shown} (pid {pid}), {left} s left")
        }
        (word, _) => format!("waiting for {shown} ({word})"),
    }
}

/// How a process is that is not as it was to be, though nobody waits any longer.
pub(super) fn not_yet(shown: &str, state: Option<&ProcessState>) -> String {
    let Some(state) = state else {
        return format!("{shown}: nothing is known of it");
    };
    if !state.waiting_for.is_empty() {
        return format!("{shown} waits for {}", wording::listed(&state.waiting_for));
    }
    match &state.state[..] {
        "running" => format!("{shown} runs, and does not listen yet"),
        word => format!("{shown} is {word}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(word: &str, pid: Option<i32>) -> ProcessState {
        ProcessState {
            state: word.into(),
            pid,
            run: 2,
            grace_ms: Some(5000),
            ..ProcessState::default()
        }
    }

    #[test]
    fn an_outcome_is_one_line() {
        let check = |goal, progress, before, state: &ProcessState, expected: &str| {
            assert_eq!(
                outcome("web.1", goal, progress, before, Some(state)),
                expected
            );
        };
        let ready = ProcessState {
            url: Some("http://localhost:5000".into()),
            ..state("ready", Some(7))
        };
        let (up, down, done) = (Goal::Up, Goal::Down, Progress::Done);
        let (as_asked, otherwise) = (Before::AsAsked, Before::Otherwise);
        check(
            up,
            done,
            otherwise,
            &ready,
            "web.1 ready http://localhost:5000 (pid 7)",
        );
        check(
            up,
            done,
            as_asked,
            &ready,
            "web.1 runs already http://localhost:5000 (pid 7)",
        );
        check(
            up,
            done,
            otherwise,
            &state("running", Some(7)),
            "web.1 running (pid 7)",
        );
        check(
            up,
            done,
            otherwise,
            &state("completed", None),
            "web.1 completed",
        );
        let mut failed = state("failed", None);
        check(up, Progress::Failed, otherwise, &failed, "web.1 failed");
        failed.cause = Some("status 1".into());
        failed.last_lines = vec!["Traceback".into(), "ZeroDivisionError".into()];
        let words = "web.1 failed: status 1: ZeroDivisionError";
        check(up, Progress::Failed, otherwise, &failed, words);
        let words = "web.1 stopped: somebody has stopped it";
        check(
            up,
            Progress::Stopped,
            otherwise,
            &state("stopped", None),
            words,
        );
        check(
            down,
            done,
            otherwise,
            &state("stopped", None),
            "web.1 stopped",
        );
        check(
            down,
            done,
            as_asked,
            &state("completed", None),
            "web.1 completed already",
        );
        let words = "web.1 stopped, and somebody has started it again";
        check(down, done, otherwise, &state("running", Some(8)), words);
        assert_eq!(
            outcome("web.1", down, done, as_asked, None),
            "web.1 stopped already"
        );
    }

    #[test]
    fn what_runs_already_is_known_by_its_run() {
        let running = state("running", Some(7));
        let check = |asked, run, state: Option<&ProcessState>, expected| {
            assert_eq!(
                before(asked, run, state),
                expected,
                "{asked:?} {run} {state:?}"
            );
        };
        check(Steering::Start, 2, Some(&running), Before::AsAsked);
        check(Steering::Start, 3, Some(&running), Before::Otherwise);
        check(Steering::Start, 1, None, Before::Otherwise);
        check(Steering::Restart, 3, Some(&running), Before::Otherwise);
        check(Steering::Stop, 2, Some(&running), Before::Otherwise);
        check(
            Steering::Stop,
            2,
            Some(&state("failed", None)),
            Before::AsAsked,
        );
    }

    #[test]
    fn who_is_not_ready_in_time_is_told_of() {
        let mut found = state("running", Some(7));
        let words = "web.1 runs, and does not listen yet";
        assert_eq!(not_yet("web.1", Some(&found)), words);
        found.state = "restarting".into();
        assert_eq!(not_yet("web.1", Some(&found)), "web.1 is restarting");
        found.waiting_for = vec!["db.1 to run".into()];
        assert_eq!(
            not_yet("web.1", Some(&found)),
            "web.1 waits for db.1 to run"
        );
    }

    #[test]
    fn a_wait_says_what_for() {
        let check = |state: Option<&ProcessState>, expected: &str| {
            let seconds = Duration::from_millis(1200);
            assert_eq!(waiting("web.1", state, seconds), expected);
        };
        check(None, "waiting for web.1");
        check(
            Some(&state("starting", None)),
            "waiting for web.1 (starting)",
        );
        let stopping = state("stopping", Some(7));
        check(Some(&stopping), "waiting for web.1 (pid 7), 4 s left");
        let held = ProcessState {
            waiting_for: vec!["api.1 to listen on 5100".into(), "db.1 to run".into()],
            ..state("waiting", None)
        };
        check(
            Some(&held),
            "web.1 waits for api.1 to listen on 5100 and db.1 to run",
        );
    }
}
