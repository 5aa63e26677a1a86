//! The table by examples.

use core::net::IpAddr;

use super::*;
use crate::words::exit::Exit;
use crate::words::wire::ProcessState;
use crate::words::wire::process::{Awaited, Failure, Listens, NotReady, Usage, Using};

fn state(name: &str, state: &str) -> ProcessState {
    ProcessState {
        name: name.into(),
        state: state.into(),
        ..ProcessState::default()
    }
}

/// `web.1`, as it is when all is well.
fn web() -> ProcessReport {
    ProcessReport {
        state: ProcessState {
            port: Some(5000),
            given: Some(5000),
            url: Some("http://localhost:5000".into()),
            pid: Some(41210),
            run: 1,
            is_ready: true,
            ..state("web.1", "ready")
        },
        up_ms: Some(12 * 60 * 1000),
        usage: Some(Usage {
            cpu: Some(0.9),
            memory: Some(84 * 1024 * 1024),
            processes: 2,
        }),
        ..ProcessReport::default()
    }
}

/// `worker.1`, given up.
fn worker() -> ProcessReport {
    let last_line = Some("ZeroDivisionError: division by zero".into());
    ProcessReport {
        state: ProcessState {
            port: Some(5200),
            given: Some(5200),
            run: 6,
            failed: Some(1),
            failure: Some(Failure::of(
                Exit::Status(1),
                Duration::from_secs(34),
                last_line,
            )),
            ..state("worker.1", "failed")
        },
        restarts: 5,
        ..ProcessReport::default()
    }
}

fn app(name: &str, processes: Vec<ProcessReport>) -> AppProcesses {
    AppProcesses {
        name: name.into(),
        identity: format!("/src/{name}"),
        directory: format!("~/src/{name}"),
        session: Session {
            app: name.into(),
            pid: 41200,
            up: Duration::from_secs(722),
            socket: None,
        },
        is_same_session: true,
        answers: true,
        processes,
        ..AppProcesses::default()
    }
}

fn block(apps: Vec<AppProcesses>) -> Block {
    Block {
        home: Some("/src/shop".into()),
        apps,
    }
}

fn named(app: &str, process: &str) -> Named {
    Named {
        app: app.into(),
        identity: format!("/src/{app}"),
        process: process.into(),
    }
}

#[test]
fn a_row_for_each_and_below_it_why_it_failed() {
    let block = block(vec![app("shop", vec![web(), worker()])]);
    let expected = "\
PROCESS   STATE   PORT  URL                    PID    UP    RESTARTS  CPU   MEM
web.1     ready   5000  http://localhost:5000  41210  12 m         0   1%  84 M
worker.1  failed  5200  -                      -      -            5    -     -
          status 1, 34 s ago: ZeroDivisionError: division by zero
";
    assert_eq!(table(&[block], Some(80), false), expected);
}

#[test]
fn what_there_is_no_room_for_is_left_out() {
    let block = block(vec![app("shop", vec![web(), worker()])]);
    let check = |columns, expected: &str| {
        let shown = table(std::slice::from_ref(&block), Some(columns), false);
        assert_eq!(shown.lines().next(), Some(expected));
        assert!(shown.lines().all(|line| line.len() <= columns), "{shown}");
    };
    check(
        78,
        "PROCESS   STATE   URL                    PID    UP    RESTARTS  CPU   MEM",
    );
    check(
        70,
        "PROCESS   STATE   URL                    UP    RESTARTS  CPU   MEM",
    );
    check(
        60,
        "PROCESS   STATE   URL                    UP    CPU   MEM",
    );
    check(50, "PROCESS   STATE   URL                    UP");
    check(44, "PROCESS   STATE   URL");
}

/// The lines below the row of a process.
fn check(report: ProcessReport, expected: &[&str]) {
    let shown = table(&[block(vec![app("shop", vec![report])])], None, false);
    let notes: Vec<&str> = shown.lines().skip(2).map(str::trim).collect();
    assert_eq!(notes, expected, "{shown}");
}

#[test]
fn a_failure_is_a_status_a_signal_or_a_provider() {
    let failed = |failure| {
        let mut report = web();
        report.state.failure = Some(failure);
        report
    };
    let ago = Duration::from_millis(500);
    check(
        failed(Failure::of(Exit::Signal(9), ago, None)),
        &["killed by SIGKILL, 0.5 s ago"],
    );
    check(
        failed(Failure::of(Exit::Unready, ago, Some("\x1b[2Jbye ".into()))),
        &["status 0 before it was ready, 0.5 s ago: \\x1b[2Jbye"],
    );
    let of_provider = |variable: Option<&str>| Failure {
        provider: Some(named("api", "web.1")),
        variable: variable.map(String::from),
        ..Failure::default()
    };
    check(
        failed(of_provider(Some("API_URL"))),
        &["API_URL: api/web.1 failed"],
    );
    check(failed(of_provider(None)), &["api/web.1 failed"]);
}

#[test]
fn a_wait_says_for_what() {
    let waiting = |waits_for| ProcessReport { waits_for, ..web() };
    let api = Awaited::Process {
        process: named("api", "web.1"),
        port: Some(5100),
        not_ready: None,
    };
    let database = Awaited::Address {
        host: "db.internal".into(),
        port: 5432,
    };
    check(
        waiting(vec![api, database]),
        &["waits for api/web.1 to listen on 5100 and db.internal:5432 to accept connections"],
    );
    let start = Awaited::Start(named("shop", "redis.1"));
    check(
        waiting(vec![start]),
        &["waits for somebody to start redis.1"],
    );
    let restarting = ProcessReport {
        starts_in_ms: Some(400),
        ..web()
    };
    check(restarting, &["starts again in 0.4 s"]);
}

#[test]
fn it_is_said_why_a_process_that_runs_is_not_ready() {
    let not_ready = NotReady {
        listens: false,
        was_ready: false,
        seen: Some("status 1: no response".into()),
    };
    let mut report = web();
    report.state.not_ready = Some(not_ready);
    check(report, &["is not ready yet: status 1: no response"]);
}

#[test]
fn where_it_listens_is_said_if_that_is_not_as_one_expects() {
    let listening = |all: &[(&str, u16)]| {
        let listens = |(address, port): &(&str, u16)| Listens {
            port: *port,
            address: address.parse::<IpAddr>().unwrap(),
        };
        let listens = all.iter().map(listens).collect();
        ProcessReport { listens, ..web() }
    };
    check(listening(&[]), &[]);
    check(listening(&[("127.0.0.1", 5000), ("::1", 5000)]), &[]);
    check(
        listening(&[("0.0.0.0", 5000), ("::", 5000)]),
        &["listens on all addresses: others in the network reach it"],
    );
    check(
        listening(&[("127.0.0.1", 5000), ("0.0.0.0", 9229), ("::", 9230)]),
        &["listens on all addresses (ports 9229 and 9230): others in the network reach it"],
    );
    check(
        listening(&[("192.168.1.7", 5000)]),
        &["listens on 192.168.1.7: others in the network reach it"],
    );
    check(
        listening(&[("::1", 5000), ("127.0.0.1", 9229)]),
        &["listens on ::1 only: 127.0.0.1 does not reach it"],
    );
    let mut elsewhere = web();
    elsewhere.state.port = Some(5173);
    check(elsewhere, &["was given PORT=5000, listens on 5173"]);
}

#[test]
fn who_shows_a_prompt_can_be_attached_to() {
    let asking = |name: &str| ProcessReport {
        state: state(name, "running"),
        waits_for_input: true,
        ..ProcessReport::default()
    };
    check(asking("web.1"), &["waits for input: devrun attach web"]);
    check(asking("web.2"), &["waits for input: devrun attach web.2"]);
}

#[test]
fn a_program_in_its_place_is_told() {
    let mut stood_in = web();
    stood_in.state.stand_in = true;
    check(stood_in, &["a program stands in for it: devrun run --as"]);
}

#[test]
fn both_directions_of_a_use_are_shown() {
    let using = |variable: &str, process, value: Option<&str>| Using {
        variable: variable.into(),
        process,
        value: value.map(String::from),
    };
    let report = ProcessReport {
        uses: vec![
            using("REDIS_URL", Some(named("shop", "redis.1")), None),
            using("API_URL", Some(named("api", "web.1")), Some("http://x")),
            using("DB_URL", None, Some("pg://u:****@h/x")),
            using("GONE_URL", None, None),
        ],
        used_by: vec![named("blog", "web.1"), named("shop", "css.1")],
        ..web()
    };
    let expected = "uses redis.1 (REDIS_URL), api/web.1 (API_URL) and pg://u:****@h/x (DB_URL); \
         used by blog/web.1 and css.1";
    check(report, &[expected]);
}

#[test]
fn what_another_session_runs_is_said_to_be_its() {
    let api = AppProcesses {
        is_same_session: false,
        used_by: vec!["shop".into(), "blog".into()],
        ..app("api", vec![web()])
    };
    let search = AppProcesses {
        is_sibling: true,
        session: app("shop", Vec::new()).session,
        ..app("search", vec![web()])
    };
    let shown = table(
        &[block(vec![app("shop", vec![web()]), api, search])],
        None,
        false,
    );
    let first: Vec<&str> = shown
        .lines()
        .map(|line| line.split("  ").next().unwrap())
        .collect();
    let expected = [
        "PROCESS",
        "web.1",
        "api/web.1",
        "search/web.1",
        "api: devrun start in ~/src/api (pid 41200)",
        "api is used by shop and blog",
        "search: started for shop (pid 41200)",
    ];
    assert_eq!(first, expected);
}

#[test]
fn several_sessions_have_titles() {
    let blocks = ["shop", "blog"].map(|name| Block {
        home: Some(format!("/src/{name}")),
        apps: vec![app(name, vec![web()])],
    });
    let shown = table(&blocks, None, true);
    let titles: Vec<&str> = shown.lines().filter(|line| line.contains(": ")).collect();
    let expected = [
        "shop in ~/src/shop: devrun start (pid 41200), up 12 m 2 s",
        "blog in ~/src/blog: devrun start (pid 41200), up 12 m 2 s",
    ];
    assert_eq!(titles, expected);
    assert_eq!(shown.matches("\nweb.1 ").count(), 2, "{shown}");
}

#[test]
fn what_is_not_told_is_a_dash() {
    let mut report = ProcessReport::default();
    report.state.name = "web.1".into();
    report.state.port = Some(5000);
    let shown = table(&[block(vec![app("shop", vec![report])])], None, false);
    let row: Vec<&str> = shown.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..5], ["web.1", "-", "5000", "-", "-"]);
}

#[test]
fn memory_has_the_unit_that_fits() {
    let check = |bytes, expected: &str| assert_eq!(table::size(bytes), expected);
    check(0, "0 K");
    check(300 * 1024, "300 K");
    check(84 << 20, "84 M");
    check(1229 << 20, "1.2 G");
}
