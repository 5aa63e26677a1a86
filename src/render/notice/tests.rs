//! Every notice, as people read it.

mod ready;
mod stand_in;
mod starts;
mod summary;
mod watching;
mod wiring;

use unicode_width::UnicodeWidthStr;

use super::*;
use crate::render::charset::Charset;
use crate::render::name::Labels;
use crate::words::exit::Exit;
use crate::words::name::{AppName, ProcessType};
use crate::words::notice::{Ended, FirstFailure, Next};
use crate::words::policy::KeyHints;

fn name(process_type: &str) -> ProcessName {
    ProcessName::first(ProcessType::new(process_type).unwrap())
}

fn laid_out(notice: &Notice, columns: usize) -> Vec<String> {
    let page = Page {
        columns,
        labels: &Labels::default(),
        charset: Charset::Utf8,
    };
    lines(notice, &page)
}

/// On a narrow terminal nothing is wider either, but for single words and what is to be copied.
fn check(notice: &Notice, expected: &[&str]) {
    assert_eq!(laid_out(notice, 60), expected);
    for line in laid_out(notice, 27) {
        let text = line.trim();
        let is_whole = expected.iter().any(|line| line.ends_with(text)) || !text.contains(' ');
        assert!(is_whole || line.width() <= 27, "{line:?}");
    }
}

fn ended(exit: Exit, next: Next, last_lines: &[&str]) -> Notice {
    Notice::Exited(Ended {
        process: name("worker"),
        exit,
        after: Duration::from_secs(208),
        next,
        last_lines: last_lines.iter().map(ToString::to_string).collect(),
        hints: KeyHints::None,
    })
}

#[test]
fn the_first_line_names_what_was_read() {
    let notice = Notice::SessionStarted {
        procfile: "Procfile".into(),
        processes: 3,
        env_files: vec![(".env".into(), 6), (".env.local".into(), 1)],
    };
    let version = env!("CARGO_PKG_VERSION");
    let first = format!("devrun {version}: Procfile, 3 processes; .env, 6 variables;");
    check(&notice, &[&first, "  .env.local, 1 variable"]);
}

#[test]
fn an_exit_says_what_follows_and_only_the_last_one_shows_lines() {
    let number = Next::Restart {
        number: 1,
        delay: Duration::from_millis(500),
    };
    let line = "worker.1 exited with status 1 after 3 m 28 s; restart 1 in";
    check(&ended(Exit::Status(1), number, &["x"]), &[line, "  0.5 s"]);
    let given_up = Next::GivenUp {
        failures: 6,
        within: Duration::from_secs(34),
    };
    check(
        &ended(
            Exit::Signal(11),
            given_up,
            &["ZeroDivisionError: division by zero"],
        ),
        &[
            "worker.1 was killed by SIGSEGV after 3 m 28 s",
            "worker.1 failed 6 times in 34 s, given up. Its last lines:",
            "  ZeroDivisionError: division by zero",
        ],
    );
    check(
        &ended(Exit::Status(127), Next::Unstartable, &[]),
        &[
            "worker.1 exited with status 127 after 3 m 28 s (command not",
            "  found); not restarted",
        ],
    );
    check(
        &ended(Exit::Status(0), Next::Completed, &["x"]),
        &["worker.1 exited with status 0 after 3 m 28 s; completed"],
    );
}

#[test]
fn a_taken_port_is_said_with_its_holder() {
    let notice = |holder| Notice::PortTaken {
        port: 5000,
        holder,
        process: name("web"),
        instead: Some(5001),
    };
    let holder = Holder::Process {
        pid: 2214,
        command: "next dev".into(),
        directory: Some("~/blog".into()),
    };
    check(
        &notice(holder),
        &[
            "port 5000 is taken by next dev (pid 2214, in ~/blog)",
            "web.1 gets 5001",
        ],
    );
    check(
        &notice(Holder::RefusedByBrowsers),
        &["port 5000 is one that browsers refuse", "web.1 gets 5001"],
    );
}

#[test]
fn a_wrong_port_is_said_with_its_cure() {
    let notice = Notice::ListensElsewhere(Elsewhere {
        process: name("web"),
        given: 5000,
        url: "http://localhost:5000".into(),
        found: 5173,
        loopback_only: true,
        command: "node".into(),
        pid: 41231,
        misled: vec![name("api")],
        cure: Some("web: vite --port $PORT --strictPort".into()),
    });
    check(
        &notice,
        &[
            "web.1 was given PORT=5000 but listens on 5173 (node,",
            "  pid 41231, 127.0.0.1 only)",
            "  http://localhost:5000 is dead; api.1 was given that URL",
            "  in the Procfile: web: vite --port $PORT --strictPort",
        ],
    );
}

#[test]
fn a_stop_names_and_counts_what_had_to_be_killed() {
    let grace = Duration::from_secs(5);
    let stopping = |hints| Notice::Stopping {
        processes: 3,
        grace,
        hints,
    };
    let line = "stopping 3 processes: SIGTERM, after 5 s SIGKILL";
    check(&stopping(false), &[line]);
    check(&stopping(true), &[line, "Ctrl-C again kills now"]);
    let left = Duration::from_millis(3990);
    check(
        &Notice::StopsWaiting {
            process: name("worker"),
            pid: 41377,
            left,
        },
        &["waiting for worker.1 (pid 41377), 4 s left"],
    );
    let killed = |others, survivors| Notice::Killed {
        process: name("worker"),
        grace,
        killed: Killed { others, survivors },
    };
    check(&killed(0, 0), &["worker.1 did not stop in 5 s: killed"]);
    check(
        &killed(2, 0),
        &["worker.1 did not stop in 5 s: killed, and its 2 children"],
    );
    check(
        &killed(0, 1),
        &[
            "worker.1 did not stop in 5 s: 1 process runs on with another",
            "  user's rights, which devrun may not end",
        ],
    );
    let up = Duration::from_secs(954);
    check(
        &Notice::Done {
            up,
            restarts: 2,
            ignored_lines: 1,
            status: 0,
            read_again: Some("devrun logs".into()),
        },
        &[
            "done. up 15 m 54 s, 2 restarts. Read again: devrun logs",
            "1 line was left out: `devrun check` shows them",
        ],
    );
}

#[test]
fn what_is_one_sentence() {
    let (process, second) = (name("web"), Duration::from_secs(1));
    let hidden = |value: Option<&str>| Notice::ShellHidden {
        name: "DEBUG".into(),
        place: ".env:3".into(),
        value: value.map(Into::into),
    };
    check(
        &Notice::LineIgnored {
            place: "Procfile:2".into(),
            why: "not a `name: command` line".into(),
        },
        &["Procfile:2 is left out: not a `name: command` line"],
    );
    check(
        &hidden(Some("1")),
        &[
            "DEBUG: .env:3 hides your shell's value; for one run: --set",
            "  DEBUG=1",
        ],
    );
    check(&hidden(None), &["DEBUG: .env:3 hides your shell's value"]);
    let started = |port| Notice::Started {
        process: name("web"),
        run: 1,
        pid: 41210,
        port,
    };
    check(
        &started(Some(5000)),
        &["web.1 started (pid 41210, PORT=5000)"],
    );
    let narrow = laid_out(&started(Some(5000)), 27);
    assert_eq!(narrow, ["web.1 started (PORT=5000)"]);
    check(&started(None), &["web.1 started (pid 41210)"]);
    check(
        &Notice::Daemonised {
            process: process.clone(),
        },
        &[
            "web.1 runs on as a daemon: its first process ended with",
            "  status 0",
        ],
    );
    let left = |left| Notice::WaitsForTree {
        process: name("web"),
        exit: Exit::Status(1),
        left,
    };
    check(
        &left(1),
        &[
            "web.1 exited with status 1; 1 process of its tree lives on",
            "  and got SIGTERM",
        ],
    );
    check(
        &left(2),
        &[
            "web.1 exited with status 1; 2 processes of its tree live on",
            "  and got SIGTERM",
        ],
    );
    check(
        &Notice::Ready {
            process,
            url: Some("http://localhost:5000".into()),
            after: second,
        },
        &["web.1 is ready after 1 s: http://localhost:5000"],
    );
    check(
        &Notice::KillingAll {
            processes: vec![name("web"), name("worker")],
        },
        &["killing web.1 and worker.1"],
    );
    check(
        &Notice::StoreStopped {
            cause: "No space left on device".into(),
        },
        &[
            "the log store has stopped: No space left on device; devrun",
            "  logs ends here",
        ],
    );
    check(
        &Notice::Unreachable {
            cause: "Read-only file system".into(),
        },
        &[
            "ps, stop, restart and attach will not find this session:",
            "  Read-only file system",
        ],
    );
    check(
        &Notice::Unseen,
        &[
            "there is no /proc: who listens, and what becomes a daemon,",
            "  cannot be seen",
        ],
    );
    check(
        &Notice::GuardianLost,
        &["the guardian is gone: ending what it had started"],
    );
}

#[test]
fn a_port_that_is_not_the_usual_one_is_explained() {
    check(
        &Notice::PortRemembered {
            process: name("web"),
            port: 5001,
            usual: 5000,
        },
        &["web.1 keeps 5001: 5000 was another app's the last time"],
    );
    check(
        &Notice::PortStolen {
            process: name("web"),
            port: 5000,
            holder: Holder::OtherUser,
        },
        &["port 5000 of web.1 is in the hands of another user's process"],
    );
    check(
        &Notice::PortMoved {
            process: name("web"),
            from: 5000,
            to: 5001,
            taken_by: None,
            misled: vec![name("api"), name("worker")],
        },
        &[
            "web.1 gets 5001: port 5000 was taken meanwhile; api.1 and",
            "  worker.1 were given that URL",
        ],
    );
    check(
        &Notice::PortMoved {
            process: name("web"),
            from: 5000,
            to: 5001,
            taken_by: Some(Holder::OtherUser),
            misled: Vec::new(),
        },
        &[
            "web.1 gets 5001: port 5000 was taken meanwhile by another",
            "  user's process",
        ],
    );
}

#[test]
fn what_is_asked_for_by_hand_is_said() {
    let process = || name("web");
    let asked = Notice::RestartAsked { process: process() };
    check(&asked, &["restarting web.1"]);
    check(
        &Notice::StopAsked { process: process() },
        &["stopping web.1"],
    );
    let stopped = Notice::StoppedByHand { process: process() };
    check(&stopped, &["web.1 is stopped"]);
    let waits = Notice::SeemsToWait { process: process() };
    check(&waits, &["web.1 seems to wait for input: a web + Enter"]);
    let of_bash = |what, instead| Notice::OfBash {
        process: process(),
        what,
        instead,
    };
    check(
        &of_bash("[[", Some("[")),
        &[
            "web.1: `[[` is bash's, but /bin/sh runs it: write `[`, or",
            "  `bash -c '…'` around it",
        ],
    );
    let redraws = Notice::Redraws {
        process: name("top"),
    };
    let how = "top.1 redraws its screen: a top + Enter shows it; `tty:";
    check(&redraws, &[how, "  never` ends that"]);
    let visited = Notice::Visited {
        process: process(),
        pid: 41300,
    };
    let how = "web.1: its terminal is used from elsewhere (pid 41300)";
    check(&visited, &[how]);
    check(
        &Notice::Skipped {
            lines: 1204,
            is_stored: false,
        },
        &["1204 lines were left out here: nobody could see them"],
    );
    check(
        &Notice::Skipped {
            lines: 1,
            is_stored: true,
        },
        &[
            "1 line was left out here: nobody could see them; devrun logs",
            "  has it",
        ],
    );
}

#[test]
fn who_was_given_up_can_be_started_by_hand_where_somebody_is_there() {
    let Notice::Exited(ended) = ended(Exit::Status(1), Next::NotRestarted, &["boom"]) else {
        unreachable!("it is made so");
    };
    let hinted = |hints, expected: &str| {
        let notice = Notice::Exited(Ended {
            hints,
            ..ended.clone()
        });
        let not_restarted = "worker.1 exited with status 1 after 3 m 28 s; not restarted:";
        check(&notice, &[not_restarted, "  boom", expected]);
        notice
    };
    let long = "failed; waiting for a change or r worker + Enter";
    let notice = hinted(KeyHints::Commands, long);
    hinted(
        KeyHints::Clients,
        "failed; waiting for a change or devrun restart worker",
    );
    // Where both do not stand in one line, that of the keyboard does.
    let check = |columns, expected: &[&str]| {
        assert!(
            laid_out(&notice, columns)
                .ends_with(&expected.iter().map(ToString::to_string).collect::<Vec<_>>())
        );
    };
    check(
        80,
        &["  boom", &format!("{long}, or devrun restart worker")],
    );
    check(
        40,
        &[
            "  boom",
            "failed; waiting for a change or",
            "  r worker + Enter",
        ],
    );
}

#[test]
fn the_first_failure_comes_with_its_last_lines_and_whom_it_took_down() {
    let failure = |took_down: &[&str]| {
        Notice::FailedFirst(FirstFailure {
            process: name("db"),
            exit: Exit::Signal(9),
            ago: Duration::from_secs(12),
            last_lines: vec!["out of memory".into()],
            took_down: took_down.iter().map(|process| name(process)).collect(),
        })
    };
    let first = "first failure: db.1 was killed by SIGKILL, 12 s ago:";
    check(&failure(&[]), &[first, "  out of memory"]);
    check(
        &failure(&["web", "api"]),
        &[first, "  out of memory", "it took down web.1 and api.1"],
    );
}

fn sibling(app: &str, process_type: &str) -> ProcessName {
    ProcessName {
        app: Some(AppName::from_directory(app)),
        ..name(process_type)
    }
}

#[test]
fn a_wait_names_what_for_and_how_long() {
    let waits = |for_: &[WaitedFor]| Notice::Waits {
        process: name("web"),
        for_: for_.to_vec(),
        since: Duration::from_secs(12),
    };
    let api = WaitedFor::Process {
        provider: sibling("api", "web"),
        port: Some(5100),
        not_ready: None,
    };
    let line = "web.1 waits for api/web.1 to listen on 5100 (12 s)";
    check(&waits(std::slice::from_ref(&api)), &[line]);
    let db = WaitedFor::External {
        host: "db.internal".into(),
        port: 5432,
    };
    let lines = [
        "web.1 waits for db.internal:5432 to accept connections",
        "  (12 s)",
    ];
    check(&waits(std::slice::from_ref(&db)), &lines);
    let nobody = WaitedFor::Somebody {
        provider: sibling("api", "web"),
    };
    let line = "web.1 waits for somebody to start api/web.1 (12 s)";
    check(&waits(&[nobody]), &[line]);
    let clock = WaitedFor::Process {
        provider: name("clock"),
        port: None,
        not_ready: None,
    };
    let line = "web.1 waits for clock.1 to run (12 s)";
    check(&waits(std::slice::from_ref(&clock)), &[line]);
    let lines = [
        "web.1 waits for api/web.1 to listen on 5100,",
        "  db.internal:5432 to accept connections and clock.1 to run",
        "  (12 s)",
    ];
    check(&waits(&[api.clone(), db, clock]), &lines);
    let line = "waiting for api/web.1 to listen on 5100";
    check(&Notice::Awaited { for_: vec![api] }, &[line]);
}

#[test]
fn a_failure_is_handed_on_with_the_reason() {
    let failed = |variable: Option<&str>, provider| Notice::NeedFailed {
        process: name("web"),
        variable: variable.map(Into::into),
        provider,
    };
    let line = "web.1 failed: API_URL: api/web.1 failed";
    check(&failed(Some("API_URL"), sibling("api", "web")), &[line]);
    let line = "web.1 failed: it is started after db.1, which failed";
    check(&failed(None, name("db")), &[line]);
}

#[test]
fn a_change_of_the_environment_is_named() {
    let changed = |variables: &[&str]| Notice::EnvChanged {
        process: name("web"),
        variables: variables.iter().map(ToString::to_string).collect(),
    };
    let line = "web.1: API_URL changed, restarting it";
    check(&changed(&["API_URL"]), &[line]);
    let line = "web.1: API_URL and DB_URL changed, restarting it";
    check(&changed(&["API_URL", "DB_URL"]), &[line]);
}

#[test]
fn what_was_said_is_laid_out_again_as_it_was_where_there_is_room() {
    let check = |line: &str, columns: usize, expected: &[&str]| {
        let page = Page {
            columns,
            labels: &Labels::default(),
            charset: Charset::Utf8,
        };
        assert_eq!(again(line, &page), expected, "{columns}");
    };
    let ways = "devrun ps: how it is   devrun stop: ends it";
    check(ways, 80, &[ways]);
    check(
        ways,
        30,
        &["devrun ps: how it is devrun", "  stop: ends it"],
    );
    check("  web.1  ready", 80, &["  web.1  ready"]);
}
