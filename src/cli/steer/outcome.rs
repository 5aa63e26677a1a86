//! How a wait has ended, as an exit status and as the one JSON object that programs get. docs/wait.md describes it.

use serde::Serialize;

use crate::cli::session::Running;
use crate::cli::steer::awaiting::{Awaited, Over};
use crate::cli::steer::progress::{Goal, Progress};
use crate::cli::{NOT_RUNNING, NOT_SO};
use crate::render::harmless;
use crate::words::wire::ProcessState;
use crate::words::wire::process::{Failure, NotReady};

/// As timeout(1) has it.
pub(super) const TIMED_OUT: u8 = 124;
/// Changes when a field is removed or gets another meaning.
const VERSION: u32 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Ready,
    Stopped,
    Failed,
    TimedOut,
    Ended,
}

#[derive(Serialize)]
struct Document<'a> {
    v: u32,
    outcome: &'static str,
    processes: Vec<Process<'a>>,
}

/// The names are those of `devrun ps --json`.
#[derive(Serialize)]
struct Process<'a> {
    process: &'a str,
    done: bool,
    state: Option<&'a str>,
    ready: bool,
    run: u32,
    pid: Option<i32>,
    stand_in: bool,
    port: Option<u16>,
    given: Option<u16>,
    further: &'a [u16],
    url: Option<&'a str>,
    not_ready: Option<&'a NotReady>,
    waits_for: &'a [String],
    failure: Option<Cause<'a>>,
}

#[derive(Serialize)]
struct Cause<'a> {
    status: Option<u8>,
    signal: Option<i32>,
    last_line: Option<&'a str>,
    provider: Option<String>,
    variable: Option<&'a str>,
}

impl Outcome {
    pub(super) fn of(over: &Over, goal: Goal, awaited: &[Awaited]) -> Self {
        let are_all_done = awaited.iter().all(|it| it.progress == Progress::Done);
        match over {
            Over::Settled | Over::OneFailed if !are_all_done => Self::Failed,
            Over::Settled | Over::OneFailed => match goal {
                Goal::Up | Goal::Serving => Self::Ready,
                Goal::Down => Self::Stopped,
            },
            Over::TimedOut => Self::TimedOut,
            Over::Ended(_) => Self::Ended,
        }
    }

    pub(super) fn status(self) -> u8 {
        match self {
            Self::Ready | Self::Stopped => 0,
            Self::Failed => NOT_SO,
            Self::TimedOut => TIMED_OUT,
            Self::Ended => NOT_RUNNING,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Ended => "ended",
        }
    }

    /// In one line, with its end. `running`: who calls the processes so.
    pub(super) fn json(self, awaited: &[Awaited], running: &Running) -> String {
        self.document(awaited.iter().map(|it| Process::of(it, running)).collect())
    }

    /// Of no process: nothing is known of them any more.
    pub(super) fn bare_json(self) -> String {
        self.document(Vec::new())
    }

    fn document(self, processes: Vec<Process<'_>>) -> String {
        let document = Document {
            v: VERSION,
            outcome: self.word(),
            processes,
        };
        harmless::json(&document) + "\n"
    }
}

impl<'a> Process<'a> {
    fn of(awaited: &'a Awaited, running: &Running) -> Self {
        let state = awaited.state.as_ref();
        let text = |field: fn(&ProcessState) -> Option<&str>| state.and_then(field);
        let failure = state.and_then(|state| state.failure.as_ref());
        Self {
            process: &awaited.target.shown,
            done: awaited.progress == Progress::Done,
            state: text(|state| Some(&state.state)),
            ready: state.is_some_and(|state| state.is_ready),
            run: state.map_or(0, |state| state.run),
            pid: state.and_then(|state| state.pid),
            stand_in: state.is_some_and(|state| state.stand_in),
            port: state.and_then(|state| state.port),
            given: state.and_then(|state| state.given),
            further: state.map_or(&[], |state| &state.further),
            url: text(|state| state.url.as_deref()),
            not_ready: state.and_then(|state| state.not_ready.as_ref()),
            waits_for: state.map_or(&[], |state| &state.waiting_for),
            failure: failure.map(|failure| Cause::of(failure, running)),
        }
    }
}

impl<'a> Cause<'a> {
    fn of(failure: &'a Failure, running: &Running) -> Self {
        Self {
            status: failure.status,
            signal: failure.signal,
            last_line: failure.last_line.as_deref(),
            provider: failure.provider.as_ref().map(|it| running.name_of(it)),
            variable: failure.variable.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::Target;

    fn awaited(progress: Progress) -> Awaited {
        let target = Target {
            app: 0,
            process: "web.1".into(),
            shown: "web.1".into(),
        };
        let mut awaited = Awaited::new(target, Goal::Up, 1);
        awaited.progress = progress;
        awaited
    }

    #[test]
    fn an_outcome_is_a_word_and_a_status() {
        let check = |over: Over, goal, all: &[Progress], expected: (&str, u8)| {
            let awaited: Vec<Awaited> = all.iter().copied().map(awaited).collect();
            let outcome = Outcome::of(&over, goal, &awaited);
            assert_eq!((outcome.word(), outcome.status()), expected, "{over:?}");
        };
        let (done, failed) = (Progress::Done, Progress::Failed);
        check(Over::Settled, Goal::Up, &[], ("ready", 0));
        check(Over::Settled, Goal::Serving, &[done], ("ready", 0));
        check(Over::Settled, Goal::Down, &[done], ("stopped", 0));
        check(Over::Settled, Goal::Up, &[done, failed], ("failed", 1));
        let stopped = [Progress::Stopped, Progress::Comes];
        check(Over::OneFailed, Goal::Up, &stopped, ("failed", 1));
        check(Over::TimedOut, Goal::Down, &[done], ("timed_out", 124));
        check(Over::Ended(None), Goal::Up, &[done], ("ended", 3));
    }
}
