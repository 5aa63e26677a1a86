//! `devrun wait`: until processes are ready, or one has failed, or it has lasted too long.

use nix::sys::signal::Signal;

use crate::schemas::check;
use crate::support::{Devrun, Finished, Project, get, helper};

/// db serves once there is a file `go`, web once db does.
fn app() -> Project {
    let procfile = format!(
        "web: {0}\ndb: until [ -e go ]; do sleep 0.05; done; {0}\nworker: exec sleep 1000\n",
        helper("listen")
    );
    let settings = "uses: { DB_URL: db }\n\
                    processes: { worker: { port: false, uses: [] }, web: { uses: [DB_URL] } }\n";
    Project::with_procfile(&procfile).file("devrun.yaml", settings)
}

fn started(project: &Project) -> Devrun {
    let mut devrun = project.start();
    devrun.wait_for("db.1 started");
    devrun
}

#[track_caller]
fn is_status(finished: &Finished, status: i32) {
    assert_eq!(
        finished.status, status,
        "{}{}",
        finished.stdout, finished.stderr
    );
}

#[test]
fn it_ends_when_all_are_ready() {
    let project = app();
    let mut devrun = started(&project);
    let worker = project.run(&["wait", "worker"]);
    is_status(&worker, 0);
    assert!(
        worker.stdout.starts_with("worker.1 running (pid "),
        "{}",
        worker.stdout
    );
    let mut waiting = project.spawn(project.command(["wait"]));
    waiting
        .stderr
        .wait_for("web.1 waits for db.1 to listen on ", 0);
    project.write("go", "");
    waiting.wait_for("web.1 ready http://localhost:");
    assert_eq!(waiting.wait(), 0);
    let said = waiting.stdout.text();
    let url = said
        .split_whitespace()
        .find(|word| word.starts_with("http"));
    assert!(get(url.unwrap()).contains("200 OK"));
    assert_eq!(said.lines().count(), 3, "{said}");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn what_ends_with_its_session_is_not_up() {
    let listen = helper("listen");
    let slow = "trap 'until [ -e end ]; do sleep 0.02; done; exit' TERM";
    let project = Project::with_procfile(&format!("web: {slow}; {listen} & wait; wait\n"));
    let mut devrun = project.start();
    devrun.wait_for("all up ");
    devrun.signal(Signal::SIGINT).wait_for("stopping 1 process");
    let waited = project.run(&["wait"]);
    is_status(&waited, 3);
    assert_eq!(waited.stdout, "");
    let run = project.run(&["run", "--up", "echo", "never"]);
    is_status(&run, 125);
    assert_eq!(run.stdout, "");
    project.write("end", "");
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn who_is_named_and_has_a_port_is_waited_for_until_it_listens() {
    let slow = "until [ -e go ]; do sleep 0.05; done";
    let project = Project::with_procfile(&format!("slow: {slow}; exec {}\n", helper("listen")));
    let mut devrun = project.start();
    devrun.wait_for("slow.1 started");
    let mut waiting = project.spawn(project.command(["wait", "slow"]));
    let words = "slow.1 runs and does not listen on port ";
    waiting.stderr.wait_for(words, 0);
    let late = project.run(&["wait", "slow", "--timeout", "0.1"]);
    is_status(&late, 124);
    assert!(late.stderr.contains(words), "{}", late.stderr);
    project.write("go", "");
    waiting.wait_for("slow.1 ready http://localhost:");
    assert_eq!(waiting.wait(), 0);
    assert_eq!(waiting.stderr.text().lines().count(), 1);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_time_limit_tells_who_is_not_ready() {
    let project = app();
    let mut devrun = started(&project);
    is_status(&project.run(&["wait", "worker"]), 0);
    let late = project.run(&["wait", "--timeout", "0.2s"]);
    is_status(&late, 124);
    let said = &late.stderr;
    assert!(
        said.starts_with("error: not all are ready after 0.2 s\n"),
        "{said}"
    );
    assert!(
        said.contains(" caused by: web.1 waits for db.1 to listen on "),
        "{said}"
    );
    assert!(!said.contains("worker"), "{said}");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn the_first_failure_ends_it() {
    let project = Project::with_procfile(
        "web: until [ -e go ]; do sleep 0.05; done; echo oh no; exit 7\nidle: exec sleep 1000\n",
    );
    let mut devrun = project.start_with(&["--restart", "never"]);
    devrun.wait_for("web.1 started");
    let mut waiting = project.spawn(project.command(["wait"]));
    project.write("go", "");
    waiting.wait_for("web.1 failed: status 7: oh no\n");
    assert_eq!(waiting.wait(), 1);
    let again = project.run(&["wait", "web"]);
    is_status(&again, 1);
    assert_eq!(again.stdout, "web.1 failed: status 7: oh no\n");
    assert_eq!(devrun.interrupt(), 7);
}

#[test]
fn who_was_stopped_is_only_waited_for_by_name() {
    let project = app();
    let mut devrun = started(&project);
    project.write("go", "");
    is_status(&project.run(&["wait"]), 0);
    is_status(&project.run(&["stop", "worker"]), 0);
    let rest = project.run(&["wait"]);
    is_status(&rest, 0);
    assert!(!rest.stdout.contains("worker"), "{}", rest.stdout);
    let named = project.run(&["wait", "worker"]);
    is_status(&named, 1);
    assert_eq!(named.stdout, "worker.1 stopped: somebody has stopped it\n");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn an_end_of_the_session_ends_it() {
    let project = app();
    let mut devrun = started(&project);
    let mut waiting = project.spawn(project.command(["wait"]));
    waiting.stderr.wait_for("web.1 waits for db.1", 0);
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(waiting.wait(), 3);
    let said = waiting.stderr.text();
    assert!(
        said.contains("error: the session was ended meanwhile"),
        "{said}"
    );
    is_status(&project.run(&["wait"]), 3);
}

#[test]
fn programs_get_one_object() {
    let project = app();
    let mut devrun = started(&project);
    let late = project.run(&["wait", "web", "--timeout", "0", "--json"]);
    is_status(&late, 124);
    project.write("go", "");
    let done = project.run(&["wait", "web", "--json"]);
    is_status(&done, 0);
    let late = check("wait", &late.stdout);
    assert_eq!(late["outcome"], "timed_out");
    let waits_for = late["processes"][0]["waits_for"][0].as_str().unwrap();
    assert!(waits_for.starts_with("db.1 to listen on "), "{waits_for}");
    let done = check("wait", &done.stdout);
    assert_eq!(done["outcome"], "ready");
    let web = &done["processes"][0];
    assert_eq!(
        (&web["process"], &web["state"]),
        (&"web.1".into(), &"ready".into())
    );
    assert_eq!((&web["done"], &web["ready"]), (&true.into(), &true.into()));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn programs_are_told_why_one_has_failed() {
    let project = Project::with_procfile("web: echo oh no; exit 7\nidle: exec sleep 1000\n");
    let mut devrun = project.start_with(&["--restart", "never"]);
    devrun.wait_for("web.1 exited");
    let failed = project.run(&["wait", "web", "--json"]);
    is_status(&failed, 1);
    let failed = check("wait", &failed.stdout);
    assert_eq!(failed["outcome"], "failed");
    let web = &failed["processes"][0];
    assert_eq!(
        (&web["failure"]["status"], &web["failure"]["last_line"]),
        (&7.into(), &"oh no".into())
    );
    assert_eq!(devrun.interrupt(), 7);
}
