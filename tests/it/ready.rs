//! `ready:` in devrun.yaml: a process is ready once it says so, not once it listens.

use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::Value;

use crate::schemas::check;
use crate::support::{Devrun, Project, helper, wait_until, wait_until_gone};

fn project(procfile: &str, settings: &str) -> Project {
    Project::with_procfile(procfile).file("devrun.yaml", settings)
}

fn ps(project: &Project) -> String {
    project.run(&["ps"]).stdout
}

/// As `devrun ps --json` has the process at this place.
fn told(project: &Project, place: usize) -> Value {
    let document = check("ps", &project.run(&["ps", "--json"]).stdout);
    document["apps"][0]["processes"][place].clone()
}

#[track_caller]
fn wait_until_shown(project: &Project, text: &str) {
    wait_until(|| ps(project).contains(text));
}

/// web uses api, which answers 503 unless there is a file `go`.
fn with_a_page() -> Project {
    let api = helper("healthy-while go");
    project(
        &format!("api: {api}\nweb: echo fetches; exec sleep 1000\n"),
        "processes: { api: { ready: { http: /healthz } }, web: { depends_on: api, port: false } }\n",
    )
}

#[test]
fn a_server_that_answers_503_is_not_ready_and_what_it_says_is_shown() {
    let project = with_a_page();
    let mut devrun = project.start();
    devrun.wait_for("api.1  | GET /healthz HTTP/1.1 503");
    devrun.wait_for("web.1 waits for api.1 (listens, not ready yet: HTTP 503");
    assert!(ps(&project).contains("listens, not ready yet: HTTP 503"));
    let api = told(&project, 0);
    let why = &api["not_ready"];
    assert_eq!(why["listens"], true, "{api}");
    assert_eq!(why["was_ready"], false, "{api}");
    assert_eq!(why["seen"], "HTTP 503", "{api}");
    assert_eq!((&api["ready"], &api["url"]), (&false.into(), &Value::Null));
    let waited = project.run(&["wait", "api", "--timeout", "0.2"]);
    assert_eq!(waited.status, 124);
    let said = "api.1 listens, not ready yet: HTTP 503";
    assert!(waited.stderr.contains(said), "{}", waited.stderr);
    let waited = project.run(&["wait", "api", "--timeout", "0.2", "--json"]);
    let document = check("wait", &waited.stdout);
    assert_eq!(document["processes"][0]["not_ready"], *why);
    assert_eq!(devrun.count("web.1 started"), 0);
    project.write("go", "");
    devrun.wait_for("web.1  | fetches");
    assert_eq!(told(&project, 0)["not_ready"], Value::Null);
    assert!(ps(&project).contains("ready"));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn one_that_is_ready_no_more_is_said_once_and_so_is_that_it_is_again() {
    let project = with_a_page().file("go", "");
    let mut devrun = project.start();
    devrun.wait_for("all up ");
    std::fs::remove_file(project.directory().join("go")).unwrap();
    devrun.wait_for("api.1 is not ready any more: HTTP 503");
    wait_until_shown(&project, "is not ready any more: HTTP 503");
    assert_eq!(told(&project, 0)["not_ready"]["was_ready"], true);
    project.write("go", "");
    devrun.wait_for("api.1 is ready again ");
    assert_eq!(devrun.count("is not ready any more"), 1);
    assert_eq!(devrun.count("api.1 started"), 1);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn one_that_is_restarted_by_an_edit_is_ready_only_when_it_says_so_again() {
    let project = project(
        &format!("api: {}\n", helper("healthy-while go")),
        "processes: { api: { ready: { http: /healthz }, watch: [src] } }\n",
    )
    .file("go", "")
    .file("src/app.py", "1");
    let mut devrun = project.start();
    devrun.wait_for("all up ");
    assert_eq!(told(&project, 0)["ready"], true);
    std::fs::remove_file(project.directory().join("go")).unwrap();
    project.write("src/app.py", "2");
    devrun.wait_for("api.1: src/app.py changed, restarting it");
    wait_until_shown(&project, "listens, not ready yet: HTTP 503");
    assert_eq!(told(&project, 0)["run"], 2);
    project.write("go", "");
    assert_eq!(project.run(&["wait", "api"]).status, 0);
    assert_eq!(told(&project, 0)["ready"], true);
    assert_eq!(devrun.count("restarting it"), 1);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn one_that_is_always_restarted_is_restarted_when_it_is_ready_no_more() {
    let command = format!("{}; rm -f never", helper("healthy-while go"));
    let settings = "processes: { api: { restart: always, ready: { http: /, status: [200] } } }\n";
    let project = project(&format!("api: {command}\n"), settings).file("go", "");
    let mut devrun = project.start();
    devrun.wait_for("all up ");
    std::fs::remove_file(project.directory().join("go")).unwrap();
    devrun.wait_for("api.1 is not ready any more: HTTP 503; restarting it");
    devrun.wait_for("api.1 started");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn who_waits_for_another_session_is_told_the_same() {
    let shop = Project::called("shop")
        .file("Procfile", "web: echo fetches; exec sleep 1000\n")
        .file("devrun.yaml", "uses: { API_URL: ../api }\n");
    let api = shop.sibling("api");
    api.write("Procfile", format!("web: {}\n", helper("healthy-while go")));
    api.write(
        "devrun.yaml",
        "processes: { web: { ready: { http: / } } }\n",
    );
    let mut owner = api.start();
    owner.wait_for("web.1 started");
    let mut devrun = shop.start();
    devrun.wait_for("web.1 waits for api/web.1 (listens, not ready yet: HTTP 503");
    api.write("go", "");
    devrun.wait_for("| fetches");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}

/// Nobody goes where they lead to.
#[test]
fn a_page_that_leads_elsewhere_is_enough_and_so_is_whatever_is_listed() {
    for (answer, ready, is_enough) in [
        ("302 Found", "{ http: / }", true),
        ("401 Unauthorized", "{ http: / }", false),
        ("401 Unauthorized", "{ http: /, status: [200, 401] }", true),
        ("200 OK", "{ http: /, status: 204 }", false),
    ] {
        let web = helper(&format!("answer '{answer}'"));
        let settings = format!("processes: {{ web: {{ ready: {ready} }} }}\n");
        let project = project(&format!("web: {web}\n"), &settings);
        let mut devrun = project.start();
        devrun.see("web.1  | GET / HTTP/1.1 ");
        let number = &answer[..3];
        match is_enough {
            true => {
                devrun.see("all up ").see("web.1  ready");
            }
            false => wait_until_shown(&project, &format!("listens, not ready yet: HTTP {number}")),
        }
        assert_eq!(devrun.interrupt(), 0);
    }
}

/// As Tomcat does for seconds.
#[test]
fn a_server_that_listens_and_says_nothing_is_not_ready_yet() {
    let web = helper("mute-until go");
    let settings = "processes: { web: { ready: { http: / } } }\n";
    let project = project(&format!("web: {web}\n"), settings);
    let mut devrun = project.start();
    devrun.wait_for("web.1  | listens");
    wait_until_shown(&project, "listens, not ready yet");
    project.write("go", "");
    devrun.wait_for("all up ").wait_for("web.1  ready");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_connection_is_enough_for_tcp() {
    let web = helper("mute-until never");
    let settings = "processes: { web: { ready: { tcp: true } } }\n";
    let project = project(&format!("web: {web}\n"), settings);
    let mut devrun = project.start();
    devrun.wait_for("all up ").wait_for("web.1  ready");
    assert_eq!(devrun.interrupt(), 0);
}

/// Somebody else has the port in its place: he is never asked.
#[test]
fn only_the_own_tree_is_asked() {
    let settings = "processes: { web: { ready: { http: / } } }\n";
    let project = project("web: echo PORT=$PORT; exec sleep 1000\n", settings);
    let mut devrun = project.start();
    let port: u16 = devrun.value_after("web.1  | PORT=").parse().unwrap();
    let stranger = TcpListener::bind(("127.0.0.1", port)).unwrap();
    stranger.set_nonblocking(true).unwrap();
    devrun.wait_for("of web.1 is in the hands of");
    wait_until_shown(&project, "is not ready yet: does not listen");
    devrun.wait_for("web.1 is not ready yet: does not listen (10 s)");
    let asked = stranger.accept().unwrap_err();
    assert_eq!(asked.kind(), ErrorKind::WouldBlock);
    assert_eq!(devrun.interrupt(), 0);
}

/// In each run anew, and without its colours; of a line only when it is whole.
#[test]
fn a_line_makes_its_run_ready() {
    let go = "until [ -e go ]; do sleep 0.02; done; rm go";
    let line = r"printf '\033[32mup in \033[1m3\033[0m s'; sleep 0.1; echo";
    let procfile = format!("web: echo begins; {go}; {line}; sleep 1000\n");
    for tty in ["never", "always"] {
        let settings = "processes: { web: { port: false, ready: { log: '^up in [0-9] s$' } } }\n";
        let project = project(&procfile, settings);
        let mut devrun = project.start_with(&["--tty", tty]);
        devrun.wait_for("begins");
        wait_until_shown(
            &project,
            "is not ready yet: no line matches `^up in [0-9] s$`",
        );
        project.write("go", "");
        devrun.wait_for("all up ").wait_for("web.1  ready");
        let restarted = project.run(&["restart", "web", "--timeout", "0.3"]);
        assert_eq!(restarted.status, 124, "{}", restarted.stderr);
        wait_until_shown(&project, "is not ready yet: no line matches");
        project.write("go", "");
        let waited = project.run(&["wait", "web"]);
        assert!(
            waited.stdout.starts_with("web.1 ready"),
            "{}",
            waited.stdout
        );
        assert_eq!(devrun.interrupt(), 0);
    }
}

#[test]
fn a_command_is_asked_in_the_processs_place_and_says_why() {
    let settings = "processes: { db: { cwd: data, env: { NAME: main }, ready: { exec: \
                    'test $NAME -a $PORT && cat >&2 && echo not there && test -e ../go' } } }\n";
    let project = project("db: echo begins; exec sleep 1000\n", settings);
    std::fs::create_dir(project.directory().join("data")).unwrap();
    let mut devrun = project.start();
    wait_until_shown(&project, "is not ready yet: status 1: not there");
    project.write("go", "");
    devrun.wait_for("all up ").wait_for("db.1  ready");
    assert_eq!(devrun.count("not there"), 0, "it is not shown");
    assert_eq!(devrun.interrupt(), 0);
}

/// It waits for ever, and for a child.
fn with_a_slow_command(settings: &str) -> (Project, Devrun) {
    let slow = "[ -e go ] || { sleep 1000 & echo $! > child; mv child pid; wait; }";
    let settings = format!("processes: {{ db: {{ {settings} ready: {{ exec: '{slow}' }} }} }}\n");
    let project = project("db: exec sleep 1000\n", &settings);
    let devrun = project.start();
    project.wait_for_file("pid");
    (project, devrun)
}

fn pid(project: &Project) -> i32 {
    let pid = project.read("pid").trim().parse().unwrap();
    std::fs::remove_file(project.directory().join("pid")).unwrap();
    pid
}

#[test]
fn a_command_that_takes_too_long_is_killed_with_all_that_it_started() {
    let (project, mut devrun) = with_a_slow_command("");
    let child = pid(&project);
    devrun.wait_for("db.1 is not ready yet");
    wait_until_gone(child);
    wait_until_shown(&project, "is not ready yet: did not end within 10 s");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_restart_ends_what_is_tried_and_begins_anew() {
    let (project, mut devrun) = with_a_slow_command("");
    let child = pid(&project);
    project.write("go", "");
    let restarted = project.run(&["restart", "db"]);
    assert_eq!(restarted.status, 0, "{}", restarted.stderr);
    assert!(
        restarted.stdout.contains("db.1 ready"),
        "{}",
        restarted.stdout
    );
    wait_until_gone(child);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn who_starts_a_session_and_goes_is_told_and_waits_until_it_is_ready() {
    let project = with_a_page();
    let mut front = project.start_with(&["--detach"]);
    front.see("api.1 (listens, not ready yet: HTTP 503");
    project.write("go", "");
    assert_eq!(front.wait(), 0);
    assert_eq!(told(&project, 0)["state"], "ready");
    project.end_session();
}

#[test]
fn who_borrows_a_process_is_told_and_waits_until_it_is_ready() {
    let project = with_a_page();
    let run = project.command(["run", "--up", "echo", "runs"]);
    let mut run = project.spawn(run);
    run.stderr
        .wait_for("api.1 (listens, not ready yet: HTTP 503", 0);
    project.write("go", "");
    run.wait_for("runs");
    assert_eq!(run.wait(), 0);
}

#[test]
fn a_stop_leaves_nobody_of_what_is_tried() {
    let (project, mut devrun) = with_a_slow_command("");
    let child = pid(&project);
    assert_eq!(devrun.interrupt(), 0);
    wait_until_gone(child);
}

#[test]
fn what_is_left_behind_by_a_command_that_passed_is_ended() {
    let command = "sleep 1000 > log 2>&1 & echo $! > child; mv child pid";
    let settings = format!("processes: {{ db: {{ ready: {{ exec: '{command}' }} }} }}\n");
    let project = project("db: exec sleep 1000\n", &settings);
    let mut devrun = project.start();
    devrun.wait_for("db.1  ready");
    wait_until_gone(pid(&project));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_process_without_a_port_cannot_be_ready_by_one() {
    let settings = "processes:\n  web: { port: false, ready: { http: / } }\n";
    let project = project("web: sleep 1000\n", settings);
    let finished = project.run(&["start"]);
    assert_eq!(finished.status, 2);
    let expected = "error: `web` has no port to be ready by\n --> devrun.yaml:2:23\n";
    assert!(finished.stderr.starts_with(expected), "{}", finished.stderr);
}

/// `--json` tells the same.
#[test]
fn programs_are_told_of_what_is_not_ready() {
    let project = with_a_page().file("go", "");
    let mut devrun = project.start_with(&["--json"]);
    devrun.wait_for("all.ready");
    std::fs::remove_file(project.directory().join("go")).unwrap();
    devrun.wait_for("process.not_ready");
    project.write("go", "");
    devrun.wait_for("process.ready_again");
    assert_eq!(devrun.interrupt(), 0);
    let events = crate::json::events(&devrun);
    let of = |name: &str| events.iter().find(|event| event["event"] == name).unwrap();
    let not_ready = of("process.not_ready");
    assert_eq!(not_ready["seen"], "HTTP 503", "{not_ready}");
    assert_eq!(not_ready["was_ready"], true, "{not_ready}");
    assert_eq!(of("process.ready_again")["process"], "api.1");
}

/// It is ready by other means than its port, and listens only later, or never.
#[test]
fn there_is_no_url_before_somebody_listens_there() {
    let procfile = format!(
        "web: until [ -e go ]; do sleep 0.02; done; exec {}\n",
        helper("listen")
    );
    let settings = "processes: { web: { ready: { exec: 'true' } } }\n";
    let project = project(&procfile, settings);
    let mut devrun = project.start();
    devrun.wait_for("all up ").wait_for("web.1  ready\n");
    let web = told(&project, 0);
    assert_eq!((&web["ready"], &web["url"]), (&true.into(), &Value::Null));
    assert_eq!(devrun.count("http://"), 0);
    project.write("go", "");
    devrun
        .wait_for("web.1 is ready ")
        .wait_for(": http://localhost:");
    wait_until(|| !told(&project, 0)["url"].is_null());
    assert_eq!(devrun.count("web.1 is ready "), 1);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn nor_is_there_one_of_another_sessions_process() {
    let shop = Project::called("shop")
        .file("Procfile", "web: exec sleep 1000\n")
        .file("devrun.yaml", "uses: { API_URL: ../api }\n");
    let api = shop.sibling("api");
    api.write("Procfile", "web: exec sleep 1000\n");
    let settings = "processes: { web: { ready: { exec: 'true' } } }\n";
    api.write("devrun.yaml", settings);
    let mut owner = api.start();
    owner.wait_for("web.1  ready\n");
    let mut devrun = shop.start();
    devrun.wait_for("all up ").see("api/web.1  ready\n");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}

/// A server may write so just before it listens.
#[test]
fn the_url_of_one_that_is_ready_by_a_line_is_told() {
    let procfile = format!("web: echo ready; sleep 0.1; exec {}\n", helper("listen"));
    let settings = "processes: { web: { ready: { log: ready } } }\n";
    let mut devrun = project(&procfile, settings).start();
    devrun.wait_for("http://localhost:");
    assert_eq!(devrun.count("http://localhost:"), 1);
    assert_eq!(devrun.interrupt(), 0);
}

/// Also in what is read later.
#[test]
fn a_color_may_be_chosen_and_is_another_one_once_it_is_edited() {
    let color = |color| format!("processes: {{ web: {{ color: {color} }} }}\n");
    let procfile = "web: while :; do echo hello; sleep 0.05; done\n";
    let project = project(procfile, &color("bright-red"));
    let mut devrun = project.start_with(&["--color", "always", "--no-timestamp"]);
    devrun.wait_for("\x1b[91mweb.1  |\x1b[0m hello\n");
    project.write("devrun.yaml", color("green"));
    devrun.wait_for("\x1b[32mweb.1  |\x1b[0m hello\n");
    assert_eq!(devrun.count("restarting"), 0);
    assert_eq!(devrun.interrupt(), 0);
    let logs = project.run(&["logs", "--color", "always", "--no-timestamp"]);
    let of = |color: &str| logs.stdout.find(&format!("\x1b[{color}mweb.1  |"));
    assert!(of("91").is_some() && of("91") < of("32"), "{}", logs.stdout);
}
