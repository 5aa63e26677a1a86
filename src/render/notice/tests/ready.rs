//! What is said of processes that are not ready by their `ready:`.

use std::time::Duration;

use super::{check, name};
use crate::words::notice::{Notice, WaitedFor};
use crate::words::wire::process::NotReady;

fn why(was_ready: bool) -> NotReady {
    NotReady {
        listens: true,
        was_ready,
        seen: Some("HTTP 503".into()),
    }
}

#[test]
fn it_is_said_why_a_process_is_not_ready() {
    let not_ready = |was_ready, is_restarted| Notice::NotReady {
        process: name("api"),
        why: why(was_ready),
        since: Duration::from_secs(10),
        is_restarted,
    };
    let check_one = |notice: &Notice, expected: &str| check(notice, &[expected]);
    check_one(
        &not_ready(false, false),
        "api.1 listens, not ready yet: HTTP 503 (10 s)",
    );
    check_one(
        &not_ready(true, false),
        "api.1 is not ready any more: HTTP 503",
    );
    check_one(
        &not_ready(true, true),
        "api.1 is not ready any more: HTTP 503; restarting it",
    );
    let again = Notice::ReadyAgain {
        process: name("api"),
        after: Duration::from_secs(12),
    };
    check_one(&again, "api.1 is ready again after 12 s");
    let without_a_port = Notice::Ready {
        process: name("api"),
        url: None,
        after: Duration::from_secs(2),
    };
    check_one(&without_a_port, "api.1 is ready after 2 s");
}

#[test]
fn a_wait_tells_why_as_well() {
    let waits = Notice::Waits {
        process: name("web"),
        for_: vec![WaitedFor::Process {
            provider: name("db"),
            port: None,
            not_ready: Some(why(false)),
        }],
        since: Duration::from_secs(2),
    };
    let lines = [
        "web.1 waits for db.1 (listens, not ready yet: HTTP 503)",
        "  (2 s)",
    ];
    check(&waits, &lines);
}
