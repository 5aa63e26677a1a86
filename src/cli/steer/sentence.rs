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
        (Goal::Up | Goal::Serving, _) if before == Before::AsAsked => {
            format!("{shown} runs already{}", where_it_is(state))
        }
        (Goal::Up | Goal::Serving, _) => format!("{shown} {word}{}", where_it_is(state)),
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

/// `web.1 exited with status 1: SyntaxError: invalid syntax; starts again in 0.5 s`. `None`: it is not about to be
/// started again after a failure. `is_news`: it has failed just now.
pub(super) fn crash(shown: &str, state: &ProcessState, is_news: bool) -> Option<String> {
    let failure = state.failure.as_ref()?;
    let exit = failure.exit().filter(|_| state.state == "restarting")?;
    let last_line = failure.last_line.as_ref();
    let last_line = last_line.map(|line| format!(": {}", wording::escaped(line.trim())));
    let delay = failure.delay_ms.filter(|_| is_news);
    let delay = delay.map(|delay| wording::duration(Duration::from_millis(delay)));
    Some(format!(
        "{shown} {exit}{}; starts again{}",
        last_line.unwrap_or_default(),
        delay
            .map(|delay| format!(" in {delay}"))
            .unwrap_or_default()
    ))
}

/// What a process that is not yet as it was to be is waited for; `ending`: somebody has asked for its end, which
/// has lasted so long. `None`: something else tells.
pub(super) fn waiting(
    shown: &str,
    goal: Goal,
    state: Option<&ProcessState>,
    ending: Option<Duration>,
) -> Option<String> {
    let Some(state) = state else {
        return Some(format!("waiting for {shown}"));
    };
    if let Some(said) = held_up(shown, state).filter(|_| goal != Goal::Down) {
        return Some(said);
    }
    match (&state.state[..], state.pid) {
        ("stopping", Some(pid)) => {
            let grace = Duration::from_millis(state.grace_ms.unwrap_or(0));
            let left = grace.saturating_sub(ending?).as_secs_f64().ceil();
            Some(format!("waiting for {shown} (pid {pid}), {left} s left"))
        }
        // That it has crashed was said.
        ("restarting", _) if state.failure.is_some() => None,
        (word, _) => Some(format!("waiting for {shown} ({word})")),
    }
}

/// How a process is that is not as it was to be, though nobody waits any longer.
pub(super) fn not_yet(shown: &str, state: Option<&ProcessState>) -> String {
    let Some(state) = state else {
        return format!("{shown}: nothing is known of it");
    };
    let said = held_up(shown, state).or_else(|| crash(shown, state, false));
    said.unwrap_or_else(|| format!("{shown} is {}", state.state))
}

/// What it waits for itself, or that it is not ready or does not listen.
fn held_up(shown: &str, state: &ProcessState) -> Option<String> {
    if !state.waiting_for.is_empty() {
        return Some(format!(
            "{shown} waits for {}",
            wording::listed(&state.waiting_for)
        ));
    }
    if let Some(not_ready) = &state.not_ready {
        return Some(format!("{shown} {}", not_ready.words()));
    }
    let port = state.given.filter(|_| is_silent(state))?;
    Some(format!(
        "{shown} runs and does not listen on port {port} yet"
    ))
}

/// It has a PORT, by which it is ready, runs, and does not listen.
fn is_silent(state: &ProcessState) -> bool {
    let runs = matches!(&state.state[..], "running" | "running (daemon)");
    let is_by_port = state.not_ready.is_none();
    runs && is_by_port && state.given.is_some() && !state.is_ready
}

/// What helps if a process never listens. `None`: it is not known to be such a one.
pub(super) fn hint(shown: &str, state: &ProcessState) -> Option<String> {
    is_silent(state).then(|| {
        format!("does {shown} never listen? `port: false` in devrun.yaml says that it never will")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::exit::Exit;
    use crate::words::wire::process::Failure;

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
        assert_eq!(not_yet("web.1", Some(&found)), "web.1 is running");
        found.given = Some(5100);
        let words = "web.1 runs and does not listen on port 5100 yet";
        assert_eq!(not_yet("web.1", Some(&found)), words);
        let words = "does web.1 never listen? `port: false` in devrun.yaml says that it never will";
        assert_eq!(hint("web.1", &found).unwrap(), words);
        found.state = "starting".into();
        assert_eq!(hint("web.1", &found), None);
        assert_eq!(not_yet("web.1", Some(&found)), "web.1 is starting");
        found.waiting_for = vec!["db.1 to run".into()];
        assert_eq!(
            not_yet("web.1", Some(&found)),
            "web.1 waits for db.1 to run"
        );
    }

    #[test]
    fn a_crash_says_of_what_and_what_follows() {
        let check = |exit, last_line: Option<&str>, expected: &str| {
            let mut found = state("restarting", None);
            found.failure = Some(Failure {
                delay_ms: Some(500),
                ..Failure::of(exit, Duration::ZERO, last_line.map(String::from))
            });
            assert_eq!(crash("web.1", &found, true).unwrap(), expected);
            let old = expected.replace(" in 0.5 s", "");
            assert_eq!(crash("web.1", &found, false).unwrap(), old);
            assert_eq!(not_yet("web.1", Some(&found)), old);
            assert_eq!(waiting("web.1", Goal::Up, Some(&found), None), None);
            found.state = "starting".into();
            assert_eq!(crash("web.1", &found, true), None);
        };
        let words = "web.1 exited with status 1: SyntaxError: \\x1b; starts again in 0.5 s";
        check(Exit::Status(1), Some("SyntaxError: \x1b"), words);
        let words = "web.1 was killed by SIGKILL; starts again in 0.5 s";
        check(Exit::Signal(9), None, words);
    }

    #[test]
    fn a_wait_says_what_for() {
        let check = |goal, state: Option<&ProcessState>, expected: Option<&str>| {
            let ending = (goal == Goal::Down).then_some(Duration::from_millis(1200));
            let found = waiting("web.1", goal, state, ending);
            assert_eq!(found.as_deref(), expected);
        };
        let (up, down) = (Goal::Up, Goal::Down);
        check(up, None, Some("waiting for web.1"));
        let starting = state("starting", None);
        check(up, Some(&starting), Some("waiting for web.1 (starting)"));
        let restarting = state("restarting", None);
        check(
            up,
            Some(&restarting),
            Some("waiting for web.1 (restarting)"),
        );
        let stopping = state("stopping", Some(7));
        let words = "waiting for web.1 (pid 7), 4 s left";
        check(down, Some(&stopping), Some(words));
        // It ends by itself.
        check(up, Some(&stopping), None);
        let running = ProcessState {
            given: Some(5100),
            ..state("running", Some(7))
        };
        let words = "web.1 runs and does not listen on port 5100 yet";
        check(up, Some(&running), Some(words));
        check(down, Some(&running), Some("waiting for web.1 (running)"));
        let held = ProcessState {
            waiting_for: vec!["api.1 to listen on 5100".into(), "db.1 to run".into()],
            ..state("waiting", None)
        };
        let words = "web.1 waits for api.1 to listen on 5100 and db.1 to run";
        check(up, Some(&held), Some(words));
    }
}
