//! What is said of a start that failed.

use super::*;
use crate::words::notice::NotStarted;

fn not_started(cause: &str, next: Next) -> Notice {
    Notice::SpawnFailed(NotStarted {
        process: name("web"),
        run: 2,
        cause: cause.into(),
        next,
        hints: KeyHints::Commands,
    })
}

#[test]
fn what_comes_from_outside_is_escaped() {
    let notice = not_started("a\u{1b}[2Jb", Next::Unstartable);
    check(&notice, &["web.1 could not be started: a\\x1b[2Jb"]);
}

#[test]
fn what_follows_a_start_that_failed_is_said() {
    let check = |next: Next, expected: &[&str]| {
        let lines = plain(&not_started("Cannot allocate memory", next));
        assert_eq!(lines, expected);
    };
    let failed = "web.1 could not be started: Cannot allocate memory";
    let (number, delay) = (2, Duration::from_secs(1));
    check(
        Next::Restart { number, delay },
        &[&format!("{failed}; restart 2 in 1 s")],
    );
    let hint = "failed; waiting for a change or r web + Enter, or devrun restart web";
    check(
        Next::NotRestarted,
        &[&format!("{failed}; not restarted"), hint],
    );
    let (failures, within) = (5, Duration::from_millis(7500));
    check(
        Next::GivenUp { failures, within },
        &[failed, "web.1 failed 5 times in 7.5 s, given up", hint],
    );
    check(Next::Unstartable, &[failed]);
}
