//! Bytes and notices in, events out.

mod wiring;

use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::words::exit::{Exit, Killed};
use crate::words::name::{ProcessName, ProcessType};
use crate::words::notice::{
    Elsewhere, Ended, Next, NotStarted, Notice, Shown, SummaryRow, WaitedFor,
};
use crate::words::policy::KeyHints;
use crate::words::port::Holder;
use crate::words::watching::{Blind, Changed, Then, Watching};
use crate::words::wire::process::NotReady;

fn name(process_type: &str) -> ProcessName {
    ProcessName::first(ProcessType::new(process_type).unwrap())
}

fn started(run: u32) -> Notice {
    Notice::Started {
        process: name("web"),
        run,
        pid: 41210,
        port: Some(5000),
    }
}

/// Two processes; the first one is in its second run.
fn json() -> Json {
    let mut json = Json::new(&["web.1".into(), "api.1".into()]);
    json.set_stamp("2026-03-01T10:04:11.042+01:00 ");
    json.say(&started(2), &mut Vec::new());
    json
}

/// The events that `write` appends, from behind their number.
fn events(json: &mut Json, write: impl FnOnce(&mut Json, &mut Vec<u8>)) -> Vec<String> {
    let first = json.seq;
    let mut out = Vec::new();
    write(json, &mut out);
    let out = String::from_utf8(out).unwrap();
    let lines = out.lines().enumerate();
    let events: Vec<String> = lines
        .map(|(place, line)| {
            let seq = first + place as u64;
            let head =
                format!(r#"{{"v":1,"t":"2026-03-01T10:04:11.042+01:00","seq":{seq},"event":"#);
            let rest = line.strip_prefix(&head).expect("it begins so");
            serde_json::from_str::<Value>(line).expect("it is JSON");
            rest.strip_suffix('}').unwrap().to_string()
        })
        .collect();
    assert_eq!(json.seq, first + events.len() as u64);
    events
}

fn said(notice: &Notice) -> Vec<String> {
    events(&mut json(), |json, out| json.say(notice, out))
}

fn log(fields: &str) -> String {
    format!(r#""log","process":"web.1","run":2,{fields}"#)
}

#[test]
fn a_line_is_one_event_with_its_bytes_where_it_is_no_text() {
    let check = |chunk: &[u8], expected: &[&str]| {
        let expected: Vec<String> = expected.iter().map(|fields| log(fields)).collect();
        let seen = events(&mut json(), |json, out| json.chunk(0, chunk, out));
        assert_eq!(seen, expected);
    };
    check(b"a\nb \"q\"\n", &[r#""line":"a""#, r#""line":"b \"q\"""#]);
    check(b"\n", &[r#""line":"""#]);
    check(b"a\rb\r\n", &[r#""line":"a\rb\r""#]);
    check(b"\x1b[31mred\x00\n", &[r#""line":"\u001b[31mred\u0000""#]);
    check("é🦀\n".as_bytes(), &[r#""line":"é🦀""#]);
    let replaced = "\"line\":\"\u{fffd}x\",\"bytes\":\"/3g=\"";
    check(b"\xffx\n", &[replaced]);
}

#[test]
fn a_line_in_two_chunks_is_one_event() {
    let mut json = json();
    assert!(
        events(&mut json, |json, out| json.chunk(
            0,
            &"é".as_bytes()[..1],
            out
        ))
        .is_empty()
    );
    assert!(json.has_open(0));
    let seen = events(&mut json, |json, out| json.chunk(0, b"\xa9!\n", out));
    assert_eq!(seen, [log(r#""line":"é!""#)]);
    assert!(!json.has_open(0));
}

#[test]
fn pieces_of_a_line_are_partial_up_to_the_last_which_may_be_empty() {
    let mut json = json();
    let seen = events(&mut json, |json, out| {
        json.chunk(0, b"name? ", out);
        json.show_open(0, out);
        // Nothing new is nothing.
        json.show_open(0, out);
        json.chunk(1, b"other\n", out);
        json.chunk(0, b"Ada\n", out);
    });
    assert_eq!(seen[0], log(r#""line":"name? ","partial":true"#));
    assert_eq!(seen[1], r#""log","process":"api.1","run":0,"line":"other""#);
    assert_eq!(seen[2..], [log(r#""line":"Ada""#)]);
    let seen = events(&mut json, |json, out| {
        json.chunk(0, b"name? ", out);
        json.show_open(0, out);
        json.chunk(0, b"\n", out);
    });
    assert_eq!(seen[1..], [log(r#""line":"""#)]);
    // The end of the run ends the line as well.
    let seen = events(&mut json, |json, out| {
        json.chunk(0, b"bye", out);
        assert_eq!(json.end(0, out), ["name? Ada", "name?", "bye"]);
    });
    assert_eq!(seen, [log(r#""line":"bye""#)]);
}

#[test]
fn a_very_long_line_comes_in_pieces_that_tear_no_character() {
    let mut json = json();
    let line = "é".repeat(3 * lines::MAX_LINE);
    let seen = events(&mut json, |json, out| {
        for chunk in line.as_bytes().chunks(1001) {
            json.chunk(0, chunk, out);
        }
        json.chunk(0, b"\n", out);
    });
    let pieces: Vec<Value> = seen
        .iter()
        .map(|event| serde_json::from_str(&format!("{{\"event\":{event}}}")).unwrap())
        .collect();
    let (last, partial) = pieces.split_last().unwrap();
    assert!(partial.len() > 2);
    assert!(partial.iter().all(|piece| piece["partial"] == true));
    assert_eq!(last["partial"], Value::Null);
    let joined: String = pieces
        .iter()
        .filter_map(|piece| piece["line"].as_str())
        .collect();
    assert!(joined == line);
}

#[test]
fn what_is_skipped_is_whole_lines_and_is_told() {
    let mut json = json();
    let seen = events(&mut json, |json, out| {
        json.chunk(0, b"be", out);
        json.show_open(0, out);
        json.skip(0, b"gun\nto", out);
        json.chunk(0, b"rn", out);
        json.chunk(0, b"\nwhole\n", out);
    });
    let expected = [
        log(r#""line":"be","partial":true"#),
        log(r#""line":"""#),
        r#""log.skipped","process":"web.1","run":2,"skipped_bytes":9"#.into(),
        log(r#""line":"whole""#),
    ];
    assert_eq!(seen, expected);
    assert_eq!(json.skipped(), 9);
}

#[test]
fn an_end_is_told_with_what_follows() {
    let ended = |exit, next| {
        let last_lines = vec!["why".into()];
        said(&Notice::Exited(Ended {
            process: name("web"),
            exit,
            after: Duration::from_millis(1500),
            next,
            last_lines,
            hints: KeyHints::None,
        }))
    };
    let about = r#""process":"web.1","run":2,"pid":41210"#;
    let exited =
        |fields: &str| format!(r#""process.exited",{about},{fields},"last_lines":["why"]"#);
    let restart = Next::Restart {
        number: 2,
        delay: Duration::from_secs(1),
    };
    let restarting = format!(r#""process.restarting",{about},"restart":2,"delay_s":1.0"#);
    assert_eq!(
        ended(Exit::Status(3), restart),
        [
            exited(r#""status":3,"signal":null,"after_s":1.5,"next":"restart""#),
            restarting
        ]
    );
    let given_up = Next::GivenUp {
        failures: 5,
        within: Duration::from_secs(34),
    };
    let gave_up = format!(r#""process.gave_up",{about},"failures":5,"within_s":34.0"#);
    assert_eq!(
        ended(Exit::Signal(11), given_up),
        [
            exited(r#""status":null,"signal":"SIGSEGV","after_s":1.5,"next":"given_up""#),
            gave_up
        ]
    );
    let completed = exited(r#""status":0,"signal":null,"after_s":1.5,"next":"completed""#);
    assert_eq!(ended(Exit::Status(0), Next::Completed), [completed]);
}

#[test]
fn a_port_that_is_taken_is_told_with_its_holder() {
    let taken = |instead| Notice::PortTaken {
        port: 5000,
        holder: Holder::OtherUser,
        process: name("web"),
        instead,
    };
    let holder = r#""holder":{"kind":"other_user"}"#;
    let expected = format!(r#""port.taken","process":"web.1","port":5000,{holder}"#);
    assert_eq!(said(&taken(None)), [expected]);
    let expected =
        format!(r#""port.moved","process":"web.1","from":5000,"to":5001,{holder},"misled":[]"#);
    assert_eq!(said(&taken(Some(5001))), [expected]);
    let moved = Notice::PortMoved {
        process: name("web"),
        from: 5000,
        to: 5001,
        taken_by: None,
        misled: vec![name("api")],
    };
    let expected =
        r#""port.moved","process":"web.1","from":5000,"to":5001,"holder":null,"misled":["api.1"]"#;
    assert_eq!(said(&moved), [expected]);
}

#[test]
fn a_run_that_never_began_has_no_pid() {
    let failed = |next: Next| {
        said(&Notice::SpawnFailed(NotStarted {
            process: name("api"),
            run: 2,
            cause: "Cannot allocate memory".into(),
            next,
            hints: KeyHints::None,
        }))
    };
    let told = |next: &str| {
        let about = r#""process":"api.1","run":2,"cause":"Cannot allocate memory""#;
        format!(r#""process.start_failed",{about},"next":"{next}""#)
    };
    assert_eq!(failed(Next::Unstartable), [told("unstartable")]);
    assert_eq!(failed(Next::NotRestarted), [told("not_restarted")]);
    let about = r#""process":"api.1","run":2,"pid":null"#;
    let (number, delay) = (2, Duration::from_secs(1));
    let restarting = format!(r#""process.restarting",{about},"restart":2,"delay_s":1.0"#);
    assert_eq!(
        failed(Next::Restart { number, delay }),
        [told("restart"), restarting]
    );
    let (failures, within) = (5, Duration::from_millis(7500));
    let gave_up = format!(r#""process.gave_up",{about},"failures":5,"within_s":7.5"#);
    assert_eq!(
        failed(Next::GivenUp { failures, within }),
        [told("given_up"), gave_up]
    );
}

#[test]
fn the_rest_is_told_in_full() {
    let check = |notice: &Notice, expected: &str| assert_eq!(said(notice), [expected]);
    check(
        &Notice::SessionStarted {
            procfile: "Procfile".into(),
            processes: 2,
            env_files: vec![(".env".into(), 6)],
        },
        concat!(
            r#""hello","version":""#,
            env!("CARGO_PKG_VERSION"),
            r#"","procfile":"Procfile","processes":["web.1","api.1"],"env_files":[{"file":".env","variables":6}]"#
        ),
    );
    check(
        &Notice::ListensElsewhere(Elsewhere {
            process: name("web"),
            given: 5000,
            url: "http://localhost:5000".into(),
            found: 5173,
            loopback_only: true,
            command: "node".into(),
            pid: 41231,
            misled: vec![name("api")],
            cure: None,
        }),
        r#""port.mismatch","process":"web.1","run":2,"pid":41210,"given":5000,"found":5173,"loopback_only":true,"command":"node","listener_pid":41231,"misled":["api.1"],"cure":null"#,
    );
    let row = SummaryRow {
        process: name("web"),
        state: Shown::Ready,
        url: Some("http://localhost:5000".into()),
        does_not_listen: false,
        elsewhere: None,
        uses: vec![name("api")],
    };
    check(
        &Notice::AllUp {
            after: Duration::from_millis(2100),
            rows: vec![row],
            hints: KeyHints::None,
        },
        r#""all.ready","after_s":2.1,"up":1,"processes":[{"does_not_listen":false,"listens_on":null,"process":"web.1","state":"ready","url":"http://localhost:5000","uses":["api.1"]}]"#,
    );
    check(
        &Notice::Killed {
            process: name("web"),
            grace: Duration::from_secs(5),
            killed: Killed {
                others: 2,
                survivors: 0,
            },
        },
        r#""process.killed","process":"web.1","run":2,"pid":41210,"grace_s":5.0,"others":2,"survivors":0"#,
    );
    check(
        &Notice::StoreStopped {
            cause: "No space left on device".into(),
        },
        r#""store.stopped","cause":"No space left on device""#,
    );
    check(
        &Notice::Unreachable {
            cause: "No space left on device".into(),
        },
        r#""session.unreachable","cause":"No space left on device""#,
    );
    check(&Notice::Unseen, r#""processes.unseen""#);
    check(&Notice::GuardianLost, r#""guardian.lost""#);
    check(
        &Notice::Done {
            up: Duration::from_secs(954),
            restarts: 2,
            ignored_lines: 1,
            status: 3,
            read_again: None,
        },
        r#""bye","status":3,"up_s":954.0,"restarts":2,"ignored_lines":1"#,
    );
}

#[test]
fn who_is_not_ready_is_told_with_what_was_seen() {
    let not_ready = Notice::NotReady {
        process: name("web"),
        why: NotReady {
            listens: true,
            was_ready: true,
            seen: Some("HTTP 503".into()),
        },
        since: Duration::from_secs(10),
        is_restarted: false,
    };
    let expected = r#""process.not_ready","process":"web.1","run":2,"pid":41210,"listens":true,"was_ready":true,"seen":"HTTP 503","restarts":false,"since_s":10.0"#;
    assert_eq!(said(&not_ready), [expected]);
    let again = Notice::ReadyAgain {
        process: name("web"),
        after: Duration::from_secs(12),
    };
    let expected = r#""process.ready_again","process":"web.1","run":2,"pid":41210,"after_s":12.0"#;
    assert_eq!(said(&again), [expected]);
}

#[test]
fn what_waiting_comes_to_is_told() {
    let check = |notice: &Notice, expected: &str| assert_eq!(said(notice), [expected]);
    let for_ = vec![
        WaitedFor::Process {
            provider: name("api"),
            port: Some(5100),
            not_ready: None,
        },
        WaitedFor::External {
            host: "db.internal".into(),
            port: 5432,
        },
        WaitedFor::Somebody {
            provider: name("job"),
        },
    ];
    let since = Duration::from_secs(2);
    let process = name("web");
    let told = concat!(
        r#"{"kind":"process","not_ready":null,"port":5100,"process":"api.1"},"#,
        r#"{"host":"db.internal","kind":"external","port":5432},"#,
        r#"{"kind":"somebody","process":"job.1"}"#
    );
    check(
        &Notice::Awaited { for_: for_.clone() },
        &format!(r#""all.waiting","for":[{told}]"#),
    );
    check(
        &Notice::Waits {
            process,
            for_,
            since,
        },
        &format!(r#""process.waiting","process":"web.1","for":[{told}],"since_s":2.0"#),
    );
    check(
        &Notice::NeedFailed {
            process: name("web"),
            variable: Some("API_URL".into()),
            provider: name("api"),
        },
        r#""process.need_failed","process":"web.1","variable":"API_URL","provider":"api.1""#,
    );
    check(
        &Notice::EnvChanged {
            process: name("web"),
            variables: vec!["API_URL".into()],
        },
        r#""process.env_changed","process":"web.1","variables":["API_URL"]"#,
    );
    let news = Watching::Changed {
        process: name("web"),
        changed: Changed {
            file: "src/app.py".into(),
            others: 3,
        },
        then: Then::Signal(1),
    };
    check(
        &Notice::Watching(news),
        r#""files.changed","process":"web.1","file":"src/app.py","others":3,"next":"signal","signal":1"#,
    );
    let news = Watching::Blind {
        files: "~/shop".into(),
        why: Blind::Network { kind: "NFS".into() },
    };
    check(
        &Notice::Watching(news),
        r#""files.unseen","files":"~/shop","why":"network","said":"NFS""#,
    );
}
