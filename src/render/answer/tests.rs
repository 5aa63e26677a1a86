//! Every answer, as people read it.

use unicode_width::UnicodeWidthStr;

use super::*;
use crate::render::charset::Charset;
use crate::render::name::Labels;
use crate::words::name::ProcessType;
use crate::words::notice::{Shown, WaitedFor};

fn name(process_type: &str) -> ProcessName {
    ProcessName::first(ProcessType::new(process_type).unwrap())
}

fn laid_out(answer: &Answer, columns: usize, charset: Charset) -> Vec<String> {
    let page = Page {
        columns,
        labels: &Labels::default(),
        charset,
    };
    lines(answer, &page)
}

fn check(answer: &Answer, columns: usize, expected: &[&str]) {
    assert_eq!(laid_out(answer, columns, Charset::Utf8), expected);
}

fn rows() -> Vec<ProcessRow> {
    vec![
        ProcessRow {
            process: name("web"),
            state: Shown::Ready,
            run: 1,
            pid: Some(41_210),
            up: Some(Duration::from_secs(754)),
            url: Some("http://localhost:5000".into()),
            elsewhere: None,
            stand_in: false,
            is_dormant: false,
            waits_for: Vec::new(),
            not_ready: None,
            waits: false,
            failure: None,
        },
        ProcessRow {
            process: name("worker"),
            state: Shown::Failed,
            run: 1,
            pid: None,
            up: None,
            url: None,
            elsewhere: None,
            stand_in: false,
            is_dormant: false,
            waits_for: Vec::new(),
            not_ready: None,
            waits: false,
            failure: Some((
                Exit::Status(1),
                Duration::from_secs(34),
                Some("ZeroDivisionError: division by zero".into()),
            )),
        },
    ]
}

#[test]
fn a_program_in_a_process_s_place_is_marked_and_has_no_terminal_here() {
    let [web, _] = rows().try_into().unwrap();
    let web = ProcessRow {
        stand_in: true,
        ..web
    };
    let row = "web.1  ready  12 m  pid 41210    http://localhost:5000 (stand-in)";
    check(&Answer::List(vec![web.clone()]), 80, &[row]);
    let silent = ProcessRow {
        state: Shown::Running,
        url: None,
        ..web
    };
    let row = "web.1  running  12 m  pid 41210    (stand-in)";
    check(&Answer::List(vec![silent]), 80, &[row]);
    let stood_in = Answer::StoodIn {
        process: name("web"),
        by: Program {
            pid: 41_300,
            command: "python -m pdb app.py".into(),
        },
    };
    let said = "web.1 is run by `python -m pdb app.py` (pid 41300), in a terminal of its own";
    check(&stood_in, 100, &[said]);
}

#[test]
fn who_is_held_up_is_listed_with_what_for() {
    let [mut web, _] = rows().try_into().unwrap();
    web.state = Shown::Waiting;
    (web.pid, web.up, web.url) = (None, None, None);
    web.waits_for = vec![
        WaitedFor::Process {
            provider: name("api"),
            port: Some(5100),
            not_ready: None,
        },
        WaitedFor::External {
            host: "db.internal".into(),
            port: 5432,
        },
    ];
    let expected = [
        "web.1  waiting",
        "  waits for api.1 to listen on 5100 and db.internal:5432 to",
        "    accept connections",
    ];
    check(&Answer::List(vec![web]), 60, &expected);
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
    let begins = |columns, expected: &[&str]| {
        let lines = laid_out(&list, columns, Charset::Utf8);
        assert_eq!(lines[..expected.len()], *expected);
    };
    begins(50, &["web.1     ready   12 m  http://localhost:5000"]);
    begins(40, &["web.1     ready   http://localhost:5000"]);
    begins(30, &["web.1     ready   12 m", "  http://localhost:5000"]);
    begins(21, &["web.1     ready", "  http://localhost:5000"]);
}

#[test]
fn urls_stand_alone_so_that_they_can_be_clicked() {
    let expected = ["web.1     http://localhost:5000", "worker.1  (failed)"];
    check(&Answer::Urls(rows()), 31, &expected);
    let narrow = ["web.1", "  http://localhost:5000", "worker.1  (failed)"];
    check(&Answer::Urls(rows()), 30, &narrow);
}

#[test]
fn who_listens_elsewhere_is_shown_with_that_port() {
    let elsewhere = || {
        let mut rows = rows();
        rows.truncate(1);
        rows[0].state = Shown::Running;
        rows[0].url = None;
        rows[0].elsewhere = Some(5173);
        rows
    };
    let list = Answer::List(elsewhere());
    let line = "web.1  running  12 m  pid 41210    (listens on 5173)";
    check(&list, 60, &[line]);
    check(&list, 26, &["web.1  running  12 m", "  (listens on 5173)"]);
    let urls = Answer::Urls(elsewhere());
    check(&urls, 60, &["web.1  (listens on 5173)"]);
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
    check(
        &Answer::QuitTakesNoName,
        80,
        &["q quits all and takes no name; x web stops web"],
    );
}

#[test]
fn the_help_fits_beside_a_prefix() {
    let help = Answer::Help {
        detach_keys: "ctrl-]".into(),
    };
    for columns in [60, 40, 27] {
        for charset in [Charset::Utf8, Charset::Ascii] {
            let lines = laid_out(&help, columns, charset);
            assert!(
                lines.iter().all(|line| line.width() <= columns),
                "{lines:#?}"
            );
            let is_ascii = lines.iter().all(|line| line.is_ascii());
            assert_eq!(is_ascii, charset == Charset::Ascii);
        }
    }
    let line = |columns, charset| laid_out(&help, columns, charset).remove(1);
    let row = line(60, Charset::Ascii);
    assert_eq!(row, "  r [NAME...]  restart; alone: what failed");
    assert_eq!(line(27, Charset::Utf8), "r [NAME…]: restart; alone:");
}

#[test]
fn of_many_names_the_first_are_said() {
    let names = (1..=30).map(|number| name(&format!("svc{number}")));
    let said = ["muted: svc1.1, svc2.1, svc3.1 and 27 others; m shows all again"];
    check(&Answer::Muted(names.collect()), 80, &said);
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
