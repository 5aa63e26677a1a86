//! Every answer, as people read it.

use super::*;
use crate::words::name::ProcessType;
use crate::words::notice::Shown;

fn name(process_type: &str) -> ProcessName {
    ProcessName::first(ProcessType::new(process_type).unwrap())
}

fn check(answer: &Answer, columns: usize, expected: &[&str]) {
    assert_eq!(lines(answer, columns), expected);
}

fn rows() -> Vec<ProcessRow> {
    vec![
        ProcessRow {
            process: name("web"),
            state: Shown::Ready,
            pid: Some(41_210),
            up: Some(Duration::from_secs(754)),
            url: Some("http://localhost:5000".into()),
            failure: None,
        },
        ProcessRow {
            process: name("worker"),
            state: Shown::Failed,
            pid: None,
            up: None,
            url: None,
            failure: Some((
                Exit::Status(1),
                Duration::from_secs(34),
                Some("ZeroDivisionError: division by zero".into()),
            )),
        },
    ]
}

#[test]
fn the_list_leaves_out_what_there_is_no_room_for() {
    let list = Answer::List(rows());
    let cause = "  exited with status 1, 34 s ago: ZeroDivisionError:";
    check(
        &list,
        60,
        &[
            "web.1     ready   12 m  pid 41210    http://localhost:5000",
            "worker.1  failed",
            cause,
            "    division by zero",
        ],
    );
    let first = |columns| lines(&list, columns).remove(0);
    assert_eq!(first(50), "web.1     ready   12 m  http://localhost:5000");
    assert_eq!(first(40), "web.1     ready   http://localhost:5000");
    assert_eq!(first(30), "web.1     ready");
}

#[test]
fn urls_stand_alone_so_that_they_can_be_clicked() {
    let expected = ["web.1     http://localhost:5000", "worker.1  (failed)"];
    check(&Answer::Urls(rows()), 60, &expected);
}

#[test]
fn what_is_not_understood_is_explained() {
    let names = || vec!["web".to_string(), "worker".to_string()];
    check(
        &Answer::UnknownCommand {
            typed: "\u{1b}[A".into(),
        },
        80,
        &["`\\x1b[A` is no command; h + Enter shows them, Ctrl-C stops all"],
    );
    check(
        &Answer::UnknownProcess {
            asked: "wbe".into(),
            names: names(),
        },
        80,
        &["no process is called `wbe`: there are web and worker; did you mean `web`?"],
    );
    check(
        &Answer::Ambiguous {
            asked: "w".into(),
            names: names(),
        },
        80,
        &["`w` could be `web` or `worker`: type more of it"],
    );
    check(
        &Answer::NameMissing { command: 'x' },
        80,
        &["which process? x web stops web, x all stops all; q quits"],
    );
}

#[test]
fn the_help_fits_beside_a_prefix() {
    for columns in [60, 40] {
        let help = Answer::Help {
            detach_keys: "ctrl-]".into(),
        };
        for line in lines(&help, columns) {
            assert!(line.width() <= 60, "{line}");
        }
    }
}

#[test]
fn who_was_muted_is_told_what_was_missed() {
    let unmuted = |hidden| Answer::Unmuted {
        processes: vec![name("web")],
        hidden,
    };
    check(&unmuted(0), 80, &["shown again: web.1"]);
    check(
        &unmuted(1),
        80,
        &["shown again: web.1; 1 line was left out"],
    );
    check(
        &unmuted(7),
        80,
        &["shown again: web.1; 7 lines were left out"],
    );
}
