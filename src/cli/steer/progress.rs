//! Whether what was asked of a process is done, by what its session says of it.

use crate::words::wire::ProcessState;

/// What is to become of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    Up,
    /// The same, and who has a PORT listens.
    Serving,
    Down,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Comes,
    Done,
    /// For good.
    Failed,
    /// Somebody has stopped it, and it was to be up.
    Stopped,
}

/// `run` is the one whose outcome is awaited, or a later one; `None` for the state: nobody asks for the process
/// any more. The state is one of after the request.
pub(super) fn of(goal: Goal, run: u32, state: Option<&ProcessState>) -> Progress {
    let Some(state) = state else {
        return match goal {
            Goal::Up | Goal::Serving => Progress::Stopped,
            Goal::Down => Progress::Done,
        };
    };
    let is_over = matches!(&state.state[..], "stopped" | "completed" | "failed");
    match goal {
        Goal::Down if is_over || state.run > run => Progress::Done,
        Goal::Down => Progress::Comes,
        Goal::Up | Goal::Serving => match &state.state[..] {
            "failed" => Progress::Failed,
            "stopped" => Progress::Stopped,
            _ if state.run >= run && is_there(goal, state) => Progress::Done,
            _ => Progress::Comes,
        },
    }
}

fn is_there(goal: Goal, state: &ProcessState) -> bool {
    let is_to_listen = goal == Goal::Serving && state.given.is_some();
    if is_to_listen && state.state != "completed" {
        state.is_ready
    } else {
        state.is_settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(goal: Goal, run: u32, state: (&str, u32, bool), expected: Progress) {
        let (word, its_run, is_settled) = state;
        let state = ProcessState {
            state: word.into(),
            run: its_run,
            is_settled,
            ..ProcessState::default()
        };
        let found = of(goal, run, Some(&state));
        assert_eq!(found, expected, "{goal:?} {run} {word} {its_run}");
    }

    #[test]
    fn it_is_up_with_the_awaited_run_or_a_later_one() {
        let up = |run, state, expected| check(Goal::Up, run, state, expected);
        up(2, ("stopping", 1, false), Progress::Comes);
        up(2, ("waiting", 1, false), Progress::Comes);
        up(2, ("starting", 2, false), Progress::Comes);
        up(2, ("running", 2, false), Progress::Comes);
        up(2, ("running", 2, true), Progress::Done);
        up(2, ("running (daemon)", 2, true), Progress::Done);
        up(2, ("ready", 2, true), Progress::Done);
        up(2, ("completed", 2, true), Progress::Done);
        up(2, ("restarting", 2, false), Progress::Comes);
        up(2, ("ready", 3, true), Progress::Done);
        up(2, ("ready", 1, true), Progress::Comes);
    }

    #[test]
    fn who_has_a_port_and_is_named_is_up_when_it_listens() {
        let check = |word: &str, given: Option<u16>, is_ready, expected: Progress| {
            let state = ProcessState {
                state: word.into(),
                given,
                run: 1,
                is_ready,
                is_settled: true,
                ..ProcessState::default()
            };
            let found = of(Goal::Serving, 0, Some(&state));
            assert_eq!(found, expected, "{word} {given:?} {is_ready}");
        };
        check("running", Some(5100), false, Progress::Comes);
        check("running (daemon)", Some(5100), false, Progress::Comes);
        // On another port in its place.
        check("running", Some(5100), true, Progress::Done);
        check("ready", Some(5100), true, Progress::Done);
        check("completed", Some(5100), false, Progress::Done);
        check("failed", Some(5100), false, Progress::Failed);
        check("running", None, true, Progress::Done);
    }

    #[test]
    fn who_is_not_to_be_up_any_more_is_told_of_at_once() {
        let up = |run, state, expected| check(Goal::Up, run, state, expected);
        up(2, ("failed", 2, true), Progress::Failed);
        // Its start waited for another one that has failed: there was no run.
        up(2, ("failed", 1, true), Progress::Failed);
        up(2, ("stopped", 2, true), Progress::Stopped);
        assert_eq!(of(Goal::Up, 1, None), Progress::Stopped);
    }

    #[test]
    fn it_is_down_when_the_run_is_over() {
        let down = |run, state, expected| check(Goal::Down, run, state, expected);
        down(1, ("ready", 1, true), Progress::Comes);
        down(1, ("stopping", 1, false), Progress::Comes);
        down(1, ("stopped", 1, true), Progress::Done);
        down(1, ("completed", 1, true), Progress::Done);
        down(1, ("failed", 1, true), Progress::Done);
        // Somebody has started it again meanwhile.
        down(1, ("starting", 2, false), Progress::Done);
        assert_eq!(of(Goal::Down, 1, None), Progress::Done);
    }
}
