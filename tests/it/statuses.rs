//! docs/exit-statuses.md: each row of its tables is tried, here or by the test that is named.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::{Devrun, Finished, Project, helper};

const PAGE: &str = include_str!("../../docs/exit-statuses.md");

/// A row's first two cells, what is run, and how that ends.
type Case = (&'static str, &'static str, &'static str, i32);

/// Where nothing runs. The commands are split at their blanks.
const AT_REST: &[Case] = &[
    ("wait", "3", "wait", 3),
    ("restart", "3", "restart", 3),
    ("stop", "3", "stop", 3),
    ("ps", "3", "ps", 3),
    ("logs", "3", "logs", 3),
    ("open", "3", "open web", 3),
    ("run", "*n*", "run false", 1),
    ("run", "128 + *n*", "run dies", 137),
    ("run", "125", "run no-such-program", 125),
    ("run", "125", "run --no-such-flag", 125),
    ("run --as", "125", "run --as web true", 125),
    ("run --up", "125", "run --up true", 125),
    ("check", "0", "check", 0),
    ("check", "1", "check -f no-such-file", 1),
    ("check", "2", "check --no-such-flag", 2),
    ("env", "0", "env web", 0),
    ("env", "2", "env nope", 2),
    ("url", "0", "url web", 0),
    ("url", "2", "url nope", 2),
    ("uses", "0", "uses", 0),
    ("uses", "2", "uses -f no-such-file", 2),
    ("link", "0", "link web --as SHOP_URL", 0),
    ("link", "2", "link nope", 2),
    ("unlink", "0", "unlink SHOP_URL", 0),
    ("unlink", "2", "unlink SHOP_URL", 2),
    ("export", "0", "export compose", 0),
    ("export", "2", "export nope", 2),
    ("schema`, `man`, `completions", "0", "schema", 0),
    ("schema`, `man`, `completions", "0", "man start", 0),
    ("schema`, `man`, `completions", "0", "completions fish", 0),
    ("man`, `completions", "2", "man nope", 2),
    ("man`, `completions", "2", "completions nope", 2),
    ("init", "2", "init", 2),
    ("start", "2", "start nope", 2),
    ("start -D", "2", "start -D nope", 2),
];

/// Beside a session, one after the other: `worker` has no port, `bad` has failed, `never` is never ready.
const BESIDE_A_SESSION: &[Case] = &[
    ("start", "2", "start", 2),
    (IN_A_SESSION, "0", "start worker", 0),
    (IN_A_SESSION, "1", "start bad", 1),
    (IN_A_SESSION, "2", "start nope", 2),
    (IN_A_SESSION, "2", "start -p 3000 worker", 2),
    ("wait", "0", "wait web worker", 0),
    ("wait", "1", "wait bad", 1),
    ("wait", "2", "wait nope", 2),
    ("wait", "124", "wait never --timeout 0.1", 124),
    ("restart", "0", "restart worker", 0),
    ("restart", "1", "restart bad", 1),
    ("restart", "2", "restart nope", 2),
    ("restart", "124", "restart never --timeout 0.1", 124),
    ("stop", "0", "stop worker", 0),
    ("stop", "0", "stop worker", 0),
    ("stop", "2", "stop nope", 2),
    ("wait", "1", "wait worker", 1),
    ("ps", "0", "ps", 0),
    ("ps", "2", "ps nope", 2),
    ("logs", "0", "logs", 0),
    ("logs", "1", "logs --grep no-such-line", 1),
    ("logs", "2", "logs nope", 2),
    ("logs", "2", "logs --session -9", 2),
    ("attach", "2", "attach web", 2),
    ("open", "1", "open bad", 1),
    ("open", "2", "open worker", 2),
    ("open", "3", "open none", 3),
    ("run --as", "*n*", "run --as worker false", 1),
    ("run --as", "125", "run --as nope true", 125),
];

const IN_A_SESSION: &str = "start NAME`, where the app runs";

/// `start`, of a Procfile of its own.
const ALONE: &[(&str, &str, &str, i32)] = &[
    ("start", "0", "web: exit 0", 0),
    ("start", "*n*", "web: exit 7", 7),
    ("start", "*n*", "web: no-such-program", 127),
    ("start", "128 + *n*", "web: kill -9 $$", 137),
    ("start -D", "0", "web: exit 0", 0),
    ("start -D", "*n*", "web: exit 7\nworker: exec sleep 1000", 7),
    ("run --up", "*n*", "web: exit 0", 1),
];

/// What takes more than a command: the file under tests, and the test in it.
const ELSEWHERE: &[(&str, &str, &str, &str)] = &[
    (
        "start",
        "1",
        "faults/guardian.rs",
        "killed_it_leaves_nobody",
    ),
    (
        "start -D",
        "128 + *n*",
        "it/detach.rs",
        "a_session_that_is_killed_is_seen_in_front",
    ),
    (
        IN_A_SESSION,
        "3",
        "it/steer.rs",
        "a_session_that_vanishes_meanwhile_is_told_of",
    ),
    (
        "stop",
        "124",
        "it/steer.rs",
        "an_end_that_lasts_too_long_goes_on",
    ),
    (
        "attach",
        "0",
        "it/attach_remote.rs",
        "the_end_of_the_run_is_told_in_words",
    ),
    (
        "attach",
        "1",
        "it/attach_remote.rs",
        "what_cannot_be_attached_to_is_said",
    ),
    (
        "attach",
        "3",
        "it/attach_remote.rs",
        "what_cannot_be_attached_to_is_said",
    ),
    (
        "open",
        "0",
        "it/open.rs",
        "what_is_served_is_opened_where_it_is",
    ),
    (
        "run --up",
        "128 + *n*",
        "it/run_up.rs",
        "the_status_is_the_commands_also_by_a_signal",
    ),
    (
        "init",
        "0",
        "it/init.rs",
        "on_a_terminal_it_asks_and_enter_writes",
    ),
    ("init", "1", "it/init.rs", "any_other_answer_writes_nothing"),
];

/// What no test can make happen: a process that SIGKILL does not end.
const NOWHERE: &[(&str, &str)] = &[("stop", "1")];

/// The command and the status of each row of the tables that have three columns.
fn rows() -> BTreeSet<(&'static str, &'static str)> {
    let cells = |line: &'static str| -> Vec<&'static str> {
        let line = line.trim_matches('|');
        line.split(" | ").map(str::trim).collect()
    };
    let row = |line| match cells(line)[..] {
        [command, status, _] if command.starts_with('`') => {
            Some((command.strip_prefix('`')?, status))
        }
        _ => None,
    };
    let row = |line| row(line).map(|(command, status)| (command.trim_end_matches('`'), status));
    PAGE.lines().filter_map(row).collect()
}

#[track_caller]
fn ends(case: &Case, finished: &Finished) {
    let Finished { stdout, stderr, .. } = finished;
    assert_eq!(finished.status, case.3, "{case:?}\n{stdout}{stderr}");
}

fn run_all(project: &Project, cases: &[Case]) {
    for case in cases {
        let arguments: Vec<&str> = case.2.split(' ').collect();
        ends(case, &project.run(&arguments));
    }
}

#[test]
fn every_row_of_the_page_has_a_case_and_every_case_a_row() {
    let here = [AT_REST, BESIDE_A_SESSION, ALONE].concat();
    let here = here.iter().map(|case| (case.0, case.1));
    let elsewhere = ELSEWHERE.iter().map(|case| (case.0, case.1));
    let tried = here.chain(elsewhere).chain(NOWHERE.iter().copied());
    assert_eq!(rows(), tried.collect());
    for (_, _, file, test) in ELSEWHERE {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(file);
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(&format!("\nfn {test}()")), "{file}: {test}");
    }
}

#[test]
fn where_nothing_runs_it_is_as_the_page_has_it() {
    let project = Project::with_procfile("web: exit 3\ndies: kill -9 $$\n")
        .file("devrun.yaml", "restart: never\n");
    run_all(&project, &AT_REST[..AT_REST.len() - 3]);
    // Of a directory in which nothing is.
    run_all(&Project::empty(), &AT_REST[AT_REST.len() - 3..]);
}

#[test]
fn beside_a_session_it_is_as_the_page_has_it() {
    let listen = helper("listen");
    let procfile = format!(
        "web: {listen}\nworker: exec sleep 1000\nbad: exit 3\nnever: exec sleep 1000\nnone: exit 0\n"
    );
    let settings = "processes:\n  worker: { port: false }\n  never: { ready: { log: never } }\n";
    let project = Project::with_procfile(&procfile).file("devrun.yaml", settings);
    let mut devrun: Devrun = project.start_with(&["--restart", "never"]);
    devrun.see("bad.1 exited with status 3");
    devrun.see("none.1 exited with status 0");
    devrun.see("web.1 is ready");
    run_all(&project, BESIDE_A_SESSION);
    assert_eq!(devrun.interrupt(), 3);
}

#[test]
fn a_session_ends_as_the_page_has_it() {
    for case in ALONE {
        let project = Project::with_procfile(&format!("{}\n", case.2));
        let arguments: &[&str] = match case.0 {
            "start" => &["start", "-p", "0", "--restart", "never"],
            "start -D" => &["start", "-D", "-p", "0", "--restart", "never"],
            _ => &["run", "--up", "false"],
        };
        ends(case, &project.run(arguments));
        if project.has_session() {
            project.end_session();
        }
    }
}

/// A disk on which there is no room.
#[cfg(target_os = "linux")]
#[test]
fn who_cannot_answer_has_not_done_what_was_asked() {
    let project = Project::with_procfile("worker: exec sleep 1000\n")
        .file("devrun.yaml", "processes: { worker: { port: false } }\n");
    let mut devrun = project.start();
    devrun.wait_for("| all up");
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for line in [
        "wait",
        "wait --json",
        "restart worker",
        "stop worker",
        "stop --json",
    ] {
        let mut command = project.command(line.split(' '));
        let status = command
            .stdout(full())
            .stderr(std::process::Stdio::null())
            .status();
        assert_eq!(status.unwrap().code(), Some(1), "{line}");
    }
    assert_eq!(devrun.wait(), 0);
}
