//! `devrun start --detach`: the front returns, the session goes on.

use std::process::Command;

use nix::sys::signal::Signal;

use crate::support::{Devrun, Finished, Project, get, helper, is_alive, wait_until_gone};

/// A server, and what its terminal is like.
fn web() -> String {
    let listen = helper("listen");
    format!("web: (stty size; echo $PPID) > seen; {listen}\n")
}

fn detach(project: &Project, arguments: &[&str]) -> Finished {
    let all = ["start", "-D", "-p", "0"].iter().chain(arguments).copied();
    project.run(&all.collect::<Vec<_>>())
}

fn url(said: &str) -> &str {
    let rest = said.split_once("ready    ").expect("somebody is ready").1;
    rest.lines().next().unwrap()
}

/// `run` waits for the end of stdout and stderr: nothing that goes on has them open.
#[test]
fn it_returns_once_all_is_ready_and_says_where_and_how_to_go_on() {
    let project = Project::with_procfile(&web());
    let Finished {
        status,
        stdout,
        stderr,
    } = detach(&project, &[]);
    assert_eq!((status, stderr.as_str()), (0, ""), "{stdout}");
    assert!(stdout.contains("all up "), "{stdout}");
    assert!(
        stdout.contains("devrun ps: how it is   devrun logs -f: what it writes   devrun stop"),
        "{stdout}"
    );
    assert!(get(url(&stdout)).starts_with("HTTP/1"), "{stdout}");
    let seen = project.read("seen");
    let (size, guardian) = seen.trim().split_once('\n').unwrap();
    assert_eq!(size, "24 80");
    project.end_session();
    wait_until_gone(guardian.parse().unwrap());
}

#[test]
fn without_a_terminal_it_is_a_pipe() {
    let project = Project::with_procfile("job: test -t 1 && echo yes > tty || echo no > tty\n");
    assert_eq!(detach(&project, &["--tty", "never"]).status, 0);
    assert_eq!(project.read("tty"), "no\n");
    assert_eq!(detach(&project, &[]).status, 0);
    assert_eq!(project.read("tty"), "yes\n");
}

#[test]
fn what_fails_for_good_is_its_status_with_its_last_lines_and_the_others_go_on() {
    let project = Project::with_procfile(&format!("{}bad: echo oops; exit 3\n", web()));
    let ended = detach(&project, &["--restart", "never"]);
    assert_eq!(ended.status, 3, "{}", ended.stdout);
    assert!(ended.stdout.contains("bad.1 exited with status 3"));
    assert!(ended.stdout.contains("system |   oops\n"));
    assert!(!ended.stdout.contains("bad.1  |"), "{}", ended.stdout);
    get(url(&ended.stdout));
    project.end_session();
}

#[test]
fn what_was_started_again_is_waited_for() {
    let listen = helper("listen");
    let procfile = format!("web: test -e again || {{ touch again; exit 1; }}; {listen}\n");
    let project = Project::with_procfile(&procfile);
    let ended = detach(&project, &[]);
    assert_eq!(ended.status, 0, "{}", ended.stdout);
    assert!(ended.stdout.contains("restart 1 in 0.5 s"));
    let summary = "all up ";
    assert!(ended.stdout.contains(summary), "{}", ended.stdout);
    project.end_session();
}

#[test]
fn a_session_that_is_over_at_once_ends_by_itself() {
    let project = Project::with_procfile("migrate: echo done\n");
    let ended = detach(&project, &[]);
    assert_eq!(ended.status, 0, "{}", ended.stdout);
    assert!(ended.stdout.contains("migrate.1 exited with status 0"));
    assert!(ended.stdout.contains("system    | done. up"));
    let failing = Project::with_procfile("migrate: exit 7\n");
    assert_eq!(detach(&failing, &["--restart", "never"]).status, 7);
    for project in [project, failing] {
        assert!(!project.has_session());
    }
}

#[test]
fn a_reader_who_goes_leaves_it_running() {
    let project = Project::with_procfile(&web());
    let mut shell = Command::new("/bin/sh");
    project.prepare(&mut shell);
    let devrun = env!("CARGO_BIN_EXE_devrun");
    shell.arg("-c").arg(format!(
        "{devrun} start -D -p 0 | head -1; said=$({devrun} url); echo \"at $said\""
    ));
    let mut shell = Devrun::spawn(shell);
    shell.wait_for("Procfile, 1 process\n");
    let url = shell.value_after("at ");
    assert_eq!(shell.wait(), 0);
    get(&url);
    project.end_session();
}

/// Nothing is settled before a minute is over: it never listens.
const SILENT: &str = "web: echo $$ > pid; exec sleep 1000\n";

#[test]
fn ctrl_c_in_front_leaves_it_running_and_says_so() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let project = Project::with_procfile(SILENT);
        let mut front = project.start_with(&["-D"]);
        front.wait_for("web.1 started");
        assert_eq!(front.signal(signal).wait(), 0);
        let said = front.stderr.text();
        let session = project.session();
        let left = format!("left running (pid {session}): `devrun stop` ends it\n");
        assert_eq!(said, left);
        project.end_session();
    }
}

#[test]
fn a_front_that_is_killed_leaves_it_running() {
    let project = Project::with_procfile(SILENT);
    let mut front = project.start_with(&["-D"]);
    front.wait_for("web.1 started");
    front.kill();
    project.wait_for_file("pid");
    // It answers, so it goes on.
    let url = project.run(&["env", "web"]);
    assert_eq!(url.status, 0, "{}", url.stderr);
    project.end_session();
}

#[test]
fn a_session_that_is_killed_is_seen_in_front() {
    let project = Project::with_procfile(SILENT);
    let mut front = project.start_with(&["-D"]);
    front.wait_for("web.1 started");
    project.wait_for_file("pid");
    let session = nix::unistd::Pid::from_raw(project.session());
    nix::sys::signal::kill(session, Signal::SIGKILL).unwrap();
    assert_eq!(front.wait(), 137);
    let said = front.stderr.text();
    assert_eq!(said, "the session was killed by SIGKILL\n");
}

#[test]
fn what_cannot_be_started_is_refused_in_front() {
    let project = Project::empty();
    let refused = detach(&project, &[]);
    assert_eq!((refused.status, refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.starts_with("error: "), "{}", refused.stderr);

    let project = Project::with_procfile(&web());
    assert_eq!(detach(&project, &[]).status, 0);
    let session = project.session();
    let second = detach(&project, &[]);
    assert_eq!(second.status, 2);
    assert!(second.stderr.contains("devrun already runs this app"));
    assert!(is_alive(session));
    project.end_session();
}

#[test]
fn quiet_says_nothing_and_json_tells_no_lines_of_processes() {
    let procfile = format!("web: echo a line; {}\n", helper("listen"));
    let project = Project::with_procfile(&procfile);
    let quiet = detach(&project, &["-q"]);
    assert_eq!((quiet.status, quiet.stdout.as_str()), (0, ""));
    project.end_session();
    let json = detach(&project, &["--json"]);
    assert_eq!(json.status, 0);
    assert!(
        json.stdout.contains(r#""event":"all.ready""#),
        "{}",
        json.stdout
    );
    assert!(!json.stdout.contains("a line"), "{}", json.stdout);
    project.end_session();
}

/// A server that listens once there is a file `gate`.
fn gated() -> String {
    format!(
        "until test -e gate; do sleep 0.05; done; {}",
        helper("listen")
    )
}

#[test]
fn a_server_that_is_slow_to_listen_is_waited_for_visibly() {
    let api = helper("listen");
    let procfile = format!("web: {}\napi: {api}\nworker: exec sleep 1000\n", gated());
    let project = Project::with_procfile(&procfile);
    let mut front = project.start_with(&["-D"]);
    front.wait_for("waiting for web.1 to listen on ");
    // Who is not expected to listen is waited for no more.
    assert_eq!(project.run(&["start", "worker"]).status, 0);
    assert_eq!(front.count("all up"), 0, "{}", front.stdout.text());
    project.write("gate", "");
    assert_eq!(front.wait(), 0);
    let said = front.stdout.text();
    get(url(&said));
    assert!(said.contains("worker.1  running"), "{said}");
    project.end_session();
}

#[test]
fn a_session_that_has_nothing_left_to_run_is_told_from_one_that_is_partly_up() {
    let over = "nothing runs any more: the session has ended\n";
    let bad = "bad: echo oops; exit 5\n";
    let project = Project::with_procfile(bad);
    let ended = detach(&project, &["--restart", "never"]);
    assert_eq!((ended.status, ended.stderr.as_str()), (5, over));
    let project = Project::with_procfile(&format!("{}{bad}", web()));
    let ended = detach(&project, &["--restart", "never"]);
    assert_eq!((ended.status, ended.stderr.as_str()), (5, ""));
    project.end_session();
}
