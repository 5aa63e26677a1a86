//! `devrun restart`, `stop` and `start PROCESS…` from another terminal: each answers when it is done.

use crate::schemas::check;
use crate::support::{Devrun, Finished, Project, get, helper, is_alive, wait_until_gone};
use crate::wiring::{api, shop};

/// web serves its PORT; worker has none and does nothing.
fn app() -> Project {
    let procfile = format!("web: {}\nworker: exec sleep 1000\n", helper("listen"));
    Project::called("shop")
        .file("Procfile", procfile)
        .file("devrun.yaml", "processes: { worker: { port: false } }\n")
}

fn started(project: &Project, arguments: &[&str]) -> Devrun {
    let mut devrun = project.start_with(arguments);
    devrun.wait_for("| all up ");
    devrun
}

/// In `web.1 ready http://localhost:5000 (pid 41310)`.
fn pid_in(line: &str) -> i32 {
    let rest = line.split("(pid ").nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no pid in {line:?}"));
    rest.split(')').next().unwrap().parse().unwrap()
}

fn url_in(line: &str) -> &str {
    line.split_whitespace()
        .find(|word| word.starts_with("http"))
        .unwrap_or_else(|| panic!("no URL in {line:?}"))
}

#[track_caller]
fn answers(finished: &Finished, status: i32, stdout: &str) {
    let Finished {
        stdout: out,
        stderr,
        ..
    } = finished;
    assert_eq!((finished.status, &out[..]), (status, stdout), "{stderr}");
}

#[test]
fn a_restart_answers_once_the_new_run_serves() {
    let project = app();
    let mut devrun = started(&project, &[]);
    let before = devrun.pid_of("web.1");
    let restarted = project.run(&["restart", "web"]);
    assert_eq!(restarted.status, 0, "{}", restarted.stderr);
    let line = &restarted.stdout;
    assert!(line.starts_with("web.1 ready http://localhost:"), "{line}");
    assert!(get(url_in(line)).contains("200 OK"));
    assert_ne!(pid_in(line), before);
    assert!(is_alive(pid_in(line)) && !is_alive(before));
    devrun.see("restarting web.1");
    assert_eq!(devrun.count("worker.1 started"), 1);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_restart_that_crashes_says_of_what() {
    let line =
        "web: [ -e bad ] && { echo first; echo last words; exit 3; }; echo up; exec sleep 1000\n";
    let project = Project::with_procfile(line);
    // Nothing is left to run then: the session ends as soon as it crashed.
    let mut devrun = project.start_with(&["--restart", "never"]);
    devrun.wait_for("| up");
    project.write("bad", "");
    let restarted = project.run(&["restart", "web"]);
    answers(&restarted, 1, "web.1 failed: status 3: last words\n");
    assert_eq!(devrun.wait(), 3);
}

#[test]
fn a_crash_is_said_once_and_what_follows() {
    let line = format!(
        "web: [ ! -e bad ] || {{ rm bad; echo SyntaxError; exit 1; }}; exec {}\n",
        helper("listen")
    );
    let project = Project::with_procfile(&line);
    let mut devrun = started(&project, &[]);
    project.write("bad", "");
    let restarted = project.run(&["restart", "web"]);
    assert_eq!(restarted.status, 0, "{}", restarted.stderr);
    assert!(restarted.stdout.starts_with("web.1 ready http://"));
    let crash = "web.1 exited with status 1: SyntaxError; starts again in 0.5 s\n";
    assert_eq!(restarted.stderr, crash);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn instances_are_told_of_in_their_order() {
    let line = format!(
        "web: [ $PS != web.1 ] || until [ -e go ]; do sleep 0.02; done; exec {}\n",
        helper("listen")
    );
    let project = Project::with_procfile(&line);
    project.write("go", "");
    let mut devrun = started(&project, &["-m", "web=2"]);
    std::fs::remove_file(project.directory().join("go")).unwrap();
    let mut restarting = project.spawn(project.command(["restart", "web"]));
    let second = ["wait", "web.2", "--json"];
    devrun.wait_for("restarting web.2");
    assert_eq!(project.run(&second).status, 0);
    assert_eq!(restarting.stdout.text(), "");
    project.write("go", "");
    assert_eq!(restarting.wait(), 0);
    let told = restarting.stdout.text();
    let names: Vec<&str> = told.lines().map(|line| &line[..5]).collect();
    assert_eq!(names, ["web.1", "web.2"], "{told}");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_time_limit_ends_the_waiting_and_nothing_else() {
    let project = shop("DB_URL", "uses: { DB_URL: db }\n");
    let procfile = format!("web: {0}\ndb: {0}\n", helper("listen"));
    project.write("Procfile", procfile);
    let mut devrun = project.start();
    devrun.wait_for("| all up ");
    answers(&project.run(&["stop", "db"]), 0, "db.1 stopped\n");
    let late = project.run(&["restart", "web", "--timeout", "1s"]);
    answers(&late, 124, "");
    let expected = "error: not all are ready after 1 s\n \
                    caused by: web.1 waits for somebody to start db.1\n";
    assert_eq!(late.stderr, expected);
    assert_eq!(project.run(&["start", "db"]).status, 0);
    assert_eq!(project.run(&["wait", "web"]).status, 0);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn an_end_that_lasts_too_long_goes_on() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("ignore-term")));
    let mut devrun = project.start_with(&["-t", "5"]);
    devrun.wait_for("| ignores SIGTERM");
    let pid = devrun.pid_of("web.1");
    let late = project.run(&["stop", "web", "--timeout", "0.5s"]);
    answers(&late, 124, "");
    let expected = format!(
        "error: not all are stopped after 0.5 s\n caused by: waiting for web.1 (pid {pid}), "
    );
    assert!(late.stderr.starts_with(&expected), "{}", late.stderr);
    let late = project.run(&["stop", "--timeout", "0.1s", "--json"]);
    assert_eq!(late.status, 124, "{}", late.stderr);
    let late = check("wait", &late.stdout);
    assert_eq!(late["outcome"], "timed_out");
    assert_eq!(late["processes"][0]["pid"], pid);
    // The whole run ends meanwhile.
    devrun.wait();
    assert!(!is_alive(pid));
}

#[test]
fn programs_get_one_object() {
    let project = app();
    let mut devrun = started(&project, &[]);
    let is_so = |arguments: &[&str], outcome: &str, state: &str| {
        let finished = project.run(arguments);
        assert_eq!((finished.status, &finished.stderr[..]), (0, ""));
        let object = check("wait", &finished.stdout);
        let web = &object["processes"][0];
        assert_eq!(object["outcome"], outcome);
        assert_eq!(
            (&web["process"], &web["state"]),
            (&"web.1".into(), &state.into())
        );
        assert_eq!(web["done"], true);
        assert_eq!(web["pid"].is_null(), state == "stopped");
        object
    };
    let restarted = is_so(&["restart", "web", "--json"], "ready", "ready");
    assert_eq!(restarted["processes"][0]["run"], 2);
    is_so(&["stop", "web", "--json"], "stopped", "stopped");
    let all = is_so(&["stop", "--json"], "stopped", "stopped");
    assert_eq!(all["processes"].as_array().unwrap().len(), 2);
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn who_ends_a_run_learns_who_still_uses_it() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let api = api(&project);
    let mut owner = api.start();
    owner.wait_for(" up ");
    let mut devrun = project.start();
    devrun.wait_for("API_URL=[http");
    let stopped = api.run(&["stop"]);
    answers(&stopped, 0, "stopped: 1 process\n");
    assert_eq!(stopped.stderr, "shop still uses api\n");
    assert_eq!(owner.wait(), 0);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn what_has_failed_is_restarted_where_nobody_is_named() {
    let project = app().file(
        "Procfile",
        "web: exec sleep 1000\nworker: [ -e ../good ] || exit 3; exec sleep 1000\n",
    );
    project.write(
        "devrun.yaml",
        "processes: { web: { port: false }, worker: { port: false } }\n",
    );
    let mut devrun = project.start_with(&["--restart", "never"]);
    devrun.wait_for("worker.1 exited with status 3");
    // Not in its own directory: a change there would have it started again by itself.
    project.write("../good", "");
    let restarted = project.run(&["restart"]);
    assert_eq!(restarted.status, 0, "{}", restarted.stderr);
    assert!(
        restarted.stdout.starts_with("worker.1 running (pid "),
        "{}",
        restarted.stdout
    );
    let nothing = project.run(&["restart"]);
    answers(&nothing, 1, "");
    let expected = "error: nothing has failed\n help: `devrun restart web` restarts web, \
                    `devrun restart '*'` all\n";
    assert_eq!(nothing.stderr, expected);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn globs_types_and_instances_mean_whom_they_match() {
    let project = Project::with_procfile("web: exec sleep 1000\nworker: exec sleep 1000\n").file(
        "devrun.yaml",
        "processes: { web: { port: false }, worker: { port: false } }\n",
    );
    let mut devrun = started(&project, &["-m", "web=2,worker=1"]);
    let check = |arguments: &[&str], expected: &[&str]| {
        let all: Vec<&str> = ["stop"].iter().chain(arguments).copied().collect();
        let stopped = project.run(&all);
        // Who has ended first is told first.
        let mut lines: Vec<&str> = stopped.stdout.lines().collect();
        lines.sort_unstable();
        assert_eq!((stopped.status, &lines[..]), (0, expected));
    };
    check(&["web.2"], &["web.2 stopped"]);
    check(&["web.*"], &["web.1 stopped", "web.2 stopped already"]);
    let up = project.run(&["start", "w*"]);
    let words: Vec<&str> = up
        .stdout
        .lines()
        .map(|line| line.split(" (pid").next().unwrap())
        .collect();
    let expected = ["web.1 running", "web.2 running", "worker.1 runs already"];
    assert_eq!(words.len(), 3);
    assert!(expected.iter().all(|it| words.contains(it)), "{words:?}");
    check(
        &["worker", "web.1", "worker.1"],
        &["web.1 stopped", "worker.1 stopped"],
    );
    let unknown = project.run(&["stop", "wbe"]);
    answers(&unknown, 2, "");
    assert!(
        unknown.stderr.contains("did you mean `web`?"),
        "{}",
        unknown.stderr
    );
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_session_is_found_from_below_and_from_elsewhere() {
    let project = app().file(".git/HEAD", "ref: refs/heads/main\n");
    let mut devrun = started(&project, &[]);
    let below = project.below("src/deep").run(&["restart", "worker"]);
    assert_eq!(below.status, 0, "{}", below.stderr);
    let directory = project.directory();
    let elsewhere = project.sibling("elsewhere");
    let root = directory.to_str().unwrap();
    answers(
        &elsewhere.run(&["stop", "-d", root, "worker"]),
        0,
        "worker.1 stopped\n",
    );
    let nothing = elsewhere
        .file("Procfile", "web: true\n")
        .run(&["restart", "web"]);
    answers(&nothing, 3, "");
    assert!(
        nothing.stderr.contains("nothing is running in "),
        "{}",
        nothing.stderr
    );
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn what_was_stopped_is_started_in_its_session() {
    let project = app();
    let mut devrun = started(&project, &[]);
    let web = devrun.pid_of("web.1");
    answers(&project.run(&["stop", "web"]), 0, "web.1 stopped\n");
    assert!(!is_alive(web));
    let started = project.run(&["start", "web"]);
    assert!(
        started.stdout.starts_with("web.1 ready http"),
        "{}",
        started.stdout
    );
    let again = project.run(&["start", "web", "worker"]);
    assert_eq!(again.status, 0);
    let pid = pid_in(&started.stdout);
    let line = again.stdout.lines().find(|line| line.starts_with("web.1"));
    assert!(
        line.unwrap().starts_with("web.1 runs already http"),
        "{}",
        again.stdout
    );
    assert_eq!(pid_in(line.unwrap()), pid);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn what_nobody_had_asked_for_is_started_in_the_session() {
    let project = app();
    let mut devrun = started(&project, &["worker"]);
    let unknown = project.run(&["restart", "web"]);
    assert_eq!(unknown.status, 2);
    let started = project.run(&["start", "web"]);
    assert_eq!(started.status, 0, "{}", started.stderr);
    assert!(get(url_in(&started.stdout)).contains("200 OK"));
    let unknown = project.run(&["start", "web.2"]);
    assert_eq!(unknown.status, 2);
    assert!(
        unknown
            .stderr
            .contains("comes with the next `devrun start`"),
        "{}",
        unknown.stderr
    );
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_second_start_touches_nothing() {
    let project = app();
    let mut devrun = started(&project, &[]);
    devrun.wait_for("  worker.1  running\n");
    let before = devrun.stdout.text();
    let second = project.run(&["start"]);
    answers(&second, 2, "");
    let expected = format!(
        "error: devrun already runs this app (pid {}, since ",
        devrun.pid()
    );
    assert!(second.stderr.starts_with(&expected), "{}", second.stderr);
    let help = " help: `devrun ps` and `devrun logs -f` show it, `devrun restart` restarts it, \
                `devrun stop` ends it\n";
    assert!(second.stderr.ends_with(help), "{}", second.stderr);
    assert_eq!(devrun.stdout.text(), before);
    // Wrong files are no reason not to say so.
    project.write("devrun.yaml", "unknown: 1\n");
    assert_eq!(project.run(&["start"]).stderr, second.stderr);
    let refused = project.run(&["start", "-m", "web=2", "-p", "3000", "web"]);
    answers(&refused, 2, "");
    assert!(
        refused
            .stderr
            .starts_with("error: `-m` and `-p` are for a session that begins"),
        "{}",
        refused.stderr
    );
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_process_of_an_app_that_is_used_is_restarted_by_whoever_runs_it() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let api = api(&project);
    let mut owner = api.start();
    owner.wait_for(" up ");
    let before = owner.pid_of("web.1");
    let mut devrun = project.start();
    devrun.wait_for("API_URL=[http");
    let restarted = project.run(&["restart", "api/web"]);
    assert_eq!(restarted.status, 0, "{}", restarted.stderr);
    let line = &restarted.stdout;
    assert!(
        line.starts_with("api/web.1 ready http://localhost:"),
        "{line}"
    );
    assert_ne!(pid_in(line), before);
    owner.see("restarting web.1");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn who_waits_for_another_one_is_waited_for_visibly() {
    let project = shop("DB_URL", "uses: { DB_URL: db }\n");
    let procfile = format!(
        "web: {0}\ndb: until [ -e go ]; do sleep 0.05; done; {0}\n",
        helper("listen")
    );
    project.write("Procfile", procfile);
    let mut devrun = project.start();
    devrun.wait_for("db.1 started");
    let mut restarting = project.spawn(project.command(["restart", "web"]));
    restarting
        .stderr
        .wait_for("web.1 waits for db.1 to listen on ", 0);
    project.write("go", "");
    restarting.wait_for("web.1 ready http");
    assert_eq!(restarting.wait(), 0);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn stop_alone_ends_the_run_and_the_next_one_may_begin() {
    let project = app();
    let mut devrun = started(&project, &[]);
    let pids = ["web.1", "worker.1"].map(|name| devrun.pid_of(name));
    answers(&project.run(&["stop"]), 0, "stopped: 2 processes\n");
    assert!(pids.into_iter().all(|pid| !is_alive(pid)));
    let mut next = started(&project, &[]);
    assert_eq!(devrun.wait(), 0);
    answers(&project.run(&["down"]), 0, "stopped: 2 processes\n");
    assert_eq!(next.wait(), 0);
    let nothing = project.run(&["stop"]);
    answers(&nothing, 3, "");
    assert!(
        nothing.stderr.contains("nothing is running in "),
        "{}",
        nothing.stderr
    );
}

#[test]
fn who_ignores_sigterm_is_waited_for_until_it_is_killed() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("ignore-term")));
    let mut devrun = project.start_with(&["-t", "5"]);
    devrun.wait_for("| ignores SIGTERM");
    let pid = devrun.pid_of("web.1");
    let stopped = project.run(&["stop", "web"]);
    answers(&stopped, 0, "web.1 stopped\n");
    let said = &stopped.stderr;
    let expected = format!("waiting for web.1 (pid {pid}), ");
    assert!(
        said.starts_with(&expected) && said.ends_with(" s left\n"),
        "{said}"
    );
    assert!(!is_alive(pid));
    answers(&project.run(&["stop"]), 0, "stopped: 0 processes\n");
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn all_who_stop_at_once_wait_for_the_same_end() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("ignore-term")));
    let mut devrun = project.start_with(&["-t", "5"]);
    devrun.wait_for("| ignores SIGTERM");
    let pid = devrun.pid_of("web.1");
    let stop = || project.spawn(project.command(["stop"]));
    let mut first = stop();
    devrun.wait_for("stopping 1 process: SIGTERM");
    let mut others = [stop(), stop()];
    for stopping in others.iter_mut().chain([&mut first]) {
        stopping.wait_for("stopped: 1 process\n");
        assert_eq!(stopping.wait(), 0);
        let said = stopping.stderr.text();
        assert!(
            said.starts_with(&format!("waiting for web.1 (pid {pid}), ")),
            "{said}"
        );
    }
    assert!(!is_alive(pid));
    devrun.wait_for("did not stop in 5 s: killed");
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn what_a_killed_session_left_is_waited_for() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("ignore-term")));
    let mut devrun = project.start_with(&["-t", "4"]);
    devrun.wait_for("| ignores SIGTERM");
    let pid = devrun.pid_of("web.1");
    devrun.kill();
    let stopped = project.run(&["stop"]);
    answers(&stopped, 0, "stopped: what the last session had left\n");
    assert!(
        stopped
            .stderr
            .starts_with("the last session of this app is still being ended"),
        "{}",
        stopped.stderr
    );
    assert!(!is_alive(pid));
}

#[test]
fn a_sibling_is_started_again_where_it_was_stopped() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let api = api(&project);
    let mut devrun = project.start();
    devrun.wait_for("API_URL=[http");
    answers(&api.run(&["stop", "web"]), 0, "web.1 stopped\n");
    let started = api.run(&["start", "web"]);
    assert_eq!(started.status, 0, "{}", started.stderr);
    assert!(
        started.stdout.starts_with("web.1 ready http"),
        "{}",
        started.stdout
    );
    let there = format!(
        "api is run by shop (pid {}), which uses it: that is started there\n",
        devrun.pid()
    );
    assert!(started.stderr.starts_with(&there), "{}", started.stderr);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_sibling_is_stopped_in_the_session_that_uses_it() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let api = api(&project);
    let mut devrun = project.start();
    devrun.wait_for("API_URL=[http");
    let pid = devrun.pid_of("api/web.1");
    let stopped = api.run(&["stop"]);
    answers(&stopped, 0, "web.1 stopped\n");
    let expected = format!(
        "api is run by shop (pid {}), which uses it: its processes are stopped there\n",
        devrun.pid()
    );
    assert_eq!(stopped.stderr, expected);
    assert!(!is_alive(pid));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_session_that_vanishes_meanwhile_is_told_of() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("ignore-term")));
    let mut devrun = project.start_with(&["-t", "4"]);
    devrun.wait_for("| ignores SIGTERM");
    let pid = devrun.pid_of("web.1");
    let mut restarting = project.spawn(project.command(["restart", "web"]));
    restarting.stderr.wait_for("waiting for web.1 (pid ", 0);
    devrun.kill();
    assert_eq!(restarting.wait(), 3);
    let said = restarting.stderr.text();
    assert!(
        said.contains("the session is gone: it was killed"),
        "{said}"
    );
    wait_until_gone(pid);
}

#[test]
fn a_member_keeps_its_name_at_the_root_when_the_others_are_run_elsewhere() {
    let root = Project::called("mono").file("devrun.yaml", "apps: [shop, api]\n");
    for app in ["shop", "api"] {
        root.write(
            &format!("{app}/Procfile"),
            format!("web: {}\n", helper("listen")),
        );
        root.write(&format!("{app}/devrun.yaml"), "port: 0\n");
    }
    let mut devrun = root.spawn(root.command(["start"]));
    devrun.wait_for("| all up ");
    let member = root.below("api");
    let mut taker = member.spawn(member.command(["start"]));
    taker.wait_for("all up ");
    let stopped = root.run(&["stop", "shop/web"]);
    answers(&stopped, 0, "web.1 stopped\n");
    assert_eq!(taker.interrupt(), 0);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_member_of_a_repository_is_steered_from_the_root_and_ends_with_the_whole_run() {
    let root = Project::called("mono").file("devrun.yaml", "apps: [apps/*]\n");
    root.write(".git/HEAD", "");
    let served = format!("web: {}\n", helper("listen"));
    root.write("apps/shop/Procfile", &served);
    root.write(
        "apps/shop/devrun.yaml",
        "port: 0\nuses: { API_URL: ../api }\n",
    );
    root.write("apps/api/Procfile", &served);
    root.write("apps/api/devrun.yaml", "port: 0\n");
    let mut devrun = root.spawn(root.command(["start"]));
    devrun.wait_for("| all up ");
    // Who uses another one waits for its new run.
    let restarted = root.run(&["restart", "*/web"]);
    assert_eq!(restarted.status, 0, "{}", restarted.stderr);
    let ready = |line: &str| line.contains("/web.1 ready http://localhost:");
    assert_eq!(
        restarted.stdout.lines().filter(|line| ready(line)).count(),
        2,
        "{}",
        restarted.stdout
    );
    let member = root.below("apps/shop");
    answers(&member.run(&["stop", "web"]), 0, "web.1 stopped\n");
    assert_eq!(root.run(&["start"]).status, 2);
    let stopped = member.run(&["stop"]);
    answers(&stopped, 0, "stopped: 1 process\n");
    assert!(
        stopped
            .stderr
            .starts_with("shop is run with all of mono (pid "),
        "{}",
        stopped.stderr
    );
    assert_eq!(devrun.wait(), 0);
}
