//! `devrun run --up` around the test-suite of a web app that keeps its data in PostgreSQL and redis.

use std::path::Path;

use crate::support::{Devrun, Project, wait_until_gone};
use crate::tmux::Pane;
use crate::{as_database_user, database_user, descendants, pids_in, program, with_database};

/// Counts visits in redis, and writes each into a table.
const WEB: &str = r#"
import http.server, os, subprocess
def redis(*words): return subprocess.check_output([os.environ["REDIS_CLI"], "-u", os.environ["REDIS_URL"], "--raw", *words], text=True).strip()
def sql(text): return subprocess.check_output([os.environ["PSQL"], os.environ["DATABASE_URL"], "-wqAtc", text], text=True).strip()
sql("create table if not exists visits (number int)")
class Visits(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        number = redis("incr", "visits")
        sql(f"insert into visits values ({number})")
        body = sql("select count(*) from visits").encode()
        self.send_response(200); self.end_headers(); self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Visits).serve_forever()
"#;

const SUITE: &str = r#"
import os, unittest, urllib.request
def visit(): return int(urllib.request.urlopen(os.environ["WEB_URL"]).read())
class Visits(unittest.TestCase):
    def test_each_visit_is_counted(self):
        before = visit()
        self.assertEqual(visit(), before + 1)
    def test_that_is_wrong_on_purpose(self):
        self.assertFalse(os.environ.get("WRONG"))
unittest.main(verbosity=2)
"#;

const SETTINGS: &str = "\
port: 0
uses:
  REDIS_URL: redis
  DATABASE_URL: { process: db, value: \"postgresql://shop@{host}:{port}/postgres\" }
processes:
  web: { uses: [REDIS_URL, DATABASE_URL] }
";

/// Whoever PostgreSQL agrees to run as may have no way into our own directories.
fn python() -> String {
    let usual = Path::new("/usr/bin/python3");
    let found = || program("python3", &[]).display().to_string();
    if usual.exists() {
        usual.display().to_string()
    } else {
        found()
    }
}

fn project() -> Project {
    let redis = |name| program(name, &[]).display().to_string();
    with_database(|postgres, psql| {
        format!(
            "web: REDIS_CLI={} PSQL={psql} exec {} web.py\n\
             redis: {} --port $PORT --bind 127.0.0.1 --save '' --appendonly no\n\
             db: {postgres} -D data -p $PORT -k '' -c listen_addresses=127.0.0.1\n",
            redis("redis-cli"),
            python(),
            redis("redis-server"),
        )
    })
    .file("web.py", WEB)
    .file("suite.py", SUITE)
    .file("devrun.yaml", SETTINGS)
}

fn devrun(project: &Project, arguments: &[&str]) -> Devrun {
    let mut command = as_database_user(project, &project.directory().join("devrun"));
    command.args(arguments);
    project.spawn(command)
}

fn run_suite(project: &Project, options: &[&str]) -> (i32, Devrun) {
    let python = python();
    let suite = [python.as_str(), "suite.py"];
    let mut devrun = devrun(project, &[&["run", "--up"], options, &suite].concat());
    (devrun.wait(), devrun)
}

#[test]
fn a_test_suite_finds_all_up_and_leaves_nothing() {
    let project = project();
    let (status, suite) = run_suite(&project, &[]);
    let said = suite.stderr.text();
    assert_eq!(status, 0, "{said}");
    for line in [
        "starting ",
        "all ready in ",
        "\nOK\n",
        "stopped what it had started",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert!(!project.directory().join("data/postmaster.pid").exists());
    assert!(!project.has_session());
    let (status, suite) = run_suite(&project, &["--set", "WRONG=1"]);
    assert_eq!(status, 1, "{}", suite.stderr.text());
    assert!(!project.directory().join("data/postmaster.pid").exists());
}

#[test]
fn in_a_terminal_it_has_the_screen_and_gives_it_back() {
    let project = project();
    let mut pane = Pane::open_as(database_user(), &project, (100, 40), &[]);
    pane.command("stty -g > before")
        .command(&format!("./devrun run --up {} suite.py", python()));
    pane.wait_for("test_each_visit_is_counted")
        .wait_for("\nOK\n")
        .wait_for("stopped what it had started")
        .wait_for("\n$");
    pane.command("echo status $?; stty -g > after; echo written")
        .wait_for("\nstatus 0\nwritten");
    assert_eq!(project.read("before"), project.read("after"));
    assert!(!project.directory().join("data/postmaster.pid").exists());
    assert!(!project.has_session());
}

#[test]
fn beside_a_session_without_its_web_process_only_that_is_started() {
    let project = project();
    let mut session = devrun(&project, &["start", "redis", "db"]);
    session.wait_for("all up ");
    let trees: Vec<i32> = pids_in(&session.stdout.text())
        .into_iter()
        .flat_map(descendants)
        .collect();
    let (status, suite) = run_suite(&project, &[]);
    let said = suite.stderr.text();
    assert_eq!(status, 0, "{said}");
    assert!(said.starts_with("starting web.1\n"), "{said}");
    assert!(project.directory().join("data/postmaster.pid").exists());
    assert_eq!(session.interrupt(), 0);
    trees.into_iter().for_each(wait_until_gone);
}
