//! `devrun run --up`: what is missing is started, and stopped afterwards.

use nix::sys::signal::Signal;

use crate::screen::{CTRL_C, CTRL_Z, Screen};
use crate::support::{Devrun, Finished, Project, get, helper, is_alive, wait_until_gone};

/// Two servers; each leaves its pid.
fn project() -> Project {
    let listen = helper("listen");
    let procfile = format!("web: echo $$ > web; {listen}\napi: echo $$ > api; {listen}\n");
    Project::with_procfile(&procfile).file("devrun.yaml", "port: 0\n")
}

fn pid(project: &Project, process: &str) -> i32 {
    project.read(process).trim().parse().unwrap()
}

fn run_up(project: &Project, script: &str) -> Finished {
    project.run(&["run", "--up", "sh", "-c", script])
}

#[test]
fn the_command_finds_all_up_and_nothing_is_left_behind_it() {
    let project = project();
    let ended = run_up(&project, "echo $WEB_URL $API_URL; cat web api > up; exit 7");
    assert_eq!(ended.status, 7, "{}", ended.stderr);
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    assert!(ended.stdout.starts_with("http://localhost:"));
    let mut said = ended.stderr.lines();
    assert_eq!(said.next(), Some("starting web.1 and api.1"));
    assert!(said.next().unwrap().starts_with("all ready in "));
    assert_eq!(said.next(), Some("stopped what it had started"));
    assert_eq!(said.next(), None);
    for pid in project.read("up").lines() {
        assert!(!is_alive(pid.parse().unwrap()), "{pid}");
    }
    assert!(!project.has_session());
}

#[test]
fn the_status_is_the_commands_also_by_a_signal() {
    assert_eq!(run_up(&project(), "kill -TERM $$").status, 143);
    let unknown = project().run(&["run", "--up", "no-such-program"]);
    assert_eq!(unknown.status, 125);
    let said = "`no-such-program` cannot be run";
    assert!(unknown.stderr.contains(said), "{}", unknown.stderr);
    assert!(!unknown.stderr.contains("starting"), "{}", unknown.stderr);
}

#[test]
fn a_process_that_is_named_lends_its_port() {
    let project = project();
    let ended = project.run(&[
        "run",
        "--up",
        "-p",
        "api",
        "sh",
        "-c",
        "echo $PORT $API_URL",
    ]);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.trim().parse::<u16>().is_ok(),
        "{}",
        ended.stdout
    );
    let unknown = project.run(&["run", "--up", "-p", "nobody", "true"]);
    assert_eq!(unknown.status, 125);
    assert!(!unknown.stderr.contains("starting"), "{}", unknown.stderr);
}

#[test]
fn what_fails_is_told_with_its_last_lines_and_the_command_is_not_run() {
    let listen = helper("listen");
    let procfile = format!("web: {listen}\nbad: echo no such database; exit 127\n");
    let project = Project::with_procfile(&procfile).file("devrun.yaml", "port: 0\n");
    let ended = run_up(&project, "echo never");
    assert_eq!((ended.status, ended.stdout.as_str()), (125, ""));
    for said in [
        "the last lines of bad.1:\n  no such database\n",
        "error: bad.1 failed with status 127 before all was ready\n",
    ] {
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
    assert!(!project.has_session());
}

#[test]
fn what_cannot_be_started_is_refused() {
    let refused = Project::empty().run(&["run", "--up", "true"]);
    assert_eq!(refused.status, 125);
    assert!(refused.stderr.starts_with("error: "), "{}", refused.stderr);
}

#[test]
fn one_shots_are_awaited_and_the_others_go_on_until_the_command_has_ended() {
    let procfile = "release: sleep 0.1; echo migrated > migrated\n";
    let project = Project::with_procfile(procfile);
    let ended = run_up(&project, "cat migrated");
    assert_eq!((ended.status, ended.stdout.as_str()), (0, "migrated\n"));
}

#[test]
fn however_it_ends_nothing_is_left() {
    let project = project();
    for signal in [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGHUP] {
        let script = "echo $$ > command; echo runs; exec sleep 1000";
        let mut devrun = project.spawn(project.command(["run", "--up", "sh", "-c", script]));
        devrun.wait_for("runs");
        let (session, command) = (project.session(), pid(&project, "command"));
        if signal == Signal::SIGKILL {
            devrun.kill();
        } else {
            assert_eq!(devrun.signal(signal).wait(), 128 + signal as i32);
        }
        for gone in [session, pid(&project, "web"), pid(&project, "api")] {
            wait_until_gone(gone);
        }
        if cfg!(target_os = "linux") {
            wait_until_gone(command);
        } else {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(command), Signal::SIGKILL);
        }
    }
}

#[test]
fn a_signal_before_all_is_ready_ends_what_was_started() {
    let project = Project::with_procfile("web: echo $$ > web; exec sleep 1000\n");
    let mut devrun = project.spawn(project.command(["run", "--up", "echo", "never"]));
    project.wait_for_file("web");
    assert_eq!(devrun.signal(Signal::SIGINT).wait(), 130);
    assert_eq!(devrun.stdout.text(), "");
    wait_until_gone(pid(&project, "web"));
}

#[test]
fn beside_a_session_only_what_was_missing_is_started_and_stopped() {
    let project = project();
    let mut session = project.spawn(project.command(["start", "--without", "api"]));
    let web = session.value_after("web.1  ready    ");
    let ended = run_up(&project, "cat api web > up; echo $API_URL");
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(ended.stderr.starts_with("starting api.1\nall ready in "));
    assert!(ended.stderr.ends_with("stopped what it had started\n"));
    let up = project.read("up");
    let (api, other) = up.trim().split_once('\n').unwrap();
    assert!(!is_alive(api.parse().unwrap()));
    assert!(is_alive(other.parse().unwrap()));
    get(&web);
    session.wait_for("api.1 is stopped");
    assert_eq!(session.interrupt(), 0);
}

#[test]
fn beside_a_session_in_which_all_runs_nothing_happens_but_the_command() {
    let project = project();
    let mut session = project.spawn(project.command(["start"]));
    session.wait_for("all up ");
    let ended = run_up(&project, "echo $WEB_URL");
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    assert!(session.stdout.text().contains(ended.stdout.trim()));
    for process in ["web", "api"] {
        assert!(is_alive(pid(&project, process)));
    }
    assert_eq!(session.interrupt(), 0);
}

#[test]
fn what_two_borrow_goes_on_until_the_second_has_ended() {
    let project = project();
    let mut session = project.spawn(project.command(["start", "--without", "api"]));
    session.wait_for("web.1  ready");
    let borrow = |name: &str| {
        let script = format!("echo runs; while ! test -e {name}; do sleep 0.02; done");
        let mut devrun = project.spawn(project.command(["run", "--up", "sh", "-c", &script]));
        devrun.wait_for("runs");
        devrun
    };
    let (mut first, mut second) = (borrow("first"), borrow("second"));
    let api = pid(&project, "api");
    project.write("first", "");
    assert_eq!(first.wait(), 0);
    assert!(is_alive(api));
    project.write("second", "");
    assert_eq!(second.wait(), 0);
    wait_until_gone(api);
    assert_eq!(session.interrupt(), 0);
}

#[test]
fn a_session_that_was_started_for_one_goes_on_for_another() {
    let project = project();
    let run_up = |name: &str| {
        let script = format!("echo runs; while ! test -e {name}; do sleep 0.02; done");
        let mut devrun = project.spawn(project.command(["run", "--up", "sh", "-c", &script]));
        devrun.wait_for("runs");
        devrun
    };
    let (mut first, mut second) = (run_up("first"), run_up("second"));
    let (session, web) = (project.session(), pid(&project, "web"));
    project.write("first", "");
    assert_eq!(first.wait(), 0);
    let said = first.stderr.text();
    assert!(said.contains("left running for others"), "{said}");
    assert!(is_alive(web));
    project.write("second", "");
    assert_eq!(second.wait(), 0);
    wait_until_gone(session);
    assert!(!is_alive(web));
}

#[test]
fn of_several_at_once_one_starts_what_all_need() {
    let project = project();
    let script = "echo runs; while ! test -e go; do sleep 0.02; done";
    let run_up = || project.spawn(project.command(["run", "--up", "sh", "-c", script]));
    let mut all: Vec<Devrun> = (0..4).map(|_| run_up()).collect();
    for devrun in &mut all {
        devrun.wait_for("runs");
    }
    let session = project.session();
    project.write("go", "");
    for devrun in &mut all {
        assert_eq!(devrun.wait(), 0, "{}", devrun.stderr.text());
    }
    wait_until_gone(session);
}

#[test]
fn a_session_that_is_stopped_is_not_waited_for() {
    let project = project();
    let mut session = project.spawn(project.command(["start"]));
    session.wait_for("all up ").signal(Signal::SIGSTOP);
    let ended = run_up(&project, "echo never");
    assert_eq!((ended.status, ended.stdout.as_str()), (125, ""));
    let said = ended.stderr.contains("does not answer");
    assert!(said, "{}", ended.stderr);
    session.signal(Signal::SIGCONT);
    assert_eq!(session.interrupt(), 0);
}

#[test]
fn what_a_session_that_is_stopped_does_not_stop_is_said_to_run() {
    let project = project();
    let mut session = project.spawn(project.command(["start", "--without", "api"]));
    session.wait_for("web.1  ready");
    let script = "echo runs; while ! test -e go; do sleep 0.02; done";
    let mut devrun = project.spawn(project.command(["run", "--up", "sh", "-c", script]));
    devrun.wait_for("runs");
    session.signal(Signal::SIGSTOP);
    project.write("go", "");
    assert_eq!(devrun.wait(), 0);
    let said = devrun.stderr.text();
    assert!(
        said.ends_with("what was started stops when that goes on\n"),
        "{said}"
    );
    session.signal(Signal::SIGCONT).wait_for("api.1 is stopped");
    assert_eq!(session.interrupt(), 0);
}

#[test]
fn all_members_of_a_root_come_up_and_a_cause_is_found_where_it_is() {
    let listen = helper("listen");
    let project = Project::empty()
        .file("devrun.yaml", "port: 0\napps: [api, shop]\n")
        .file("api/Procfile", format!("web: {listen}\n"))
        .file("api/devrun.yaml", "port: 0\n")
        .file("shop/Procfile", format!("web: {listen}\n"))
        .file("shop/devrun.yaml", "port: 0\nuses: { API_URL: ../api }\n");
    let ended = run_up(&project, "echo done");
    assert_eq!(
        (ended.status, ended.stdout.as_str()),
        (0, "done\n"),
        "{}",
        ended.stderr
    );
    assert!(
        ended
            .stderr
            .starts_with("starting api/web.1 and shop/web.1\n")
    );
    project.write("api/Procfile", "web: echo no luck; exit 127\n");
    let shop = project.below("shop");
    let ended = run_up(&shop, "echo never");
    assert_eq!((ended.status, ended.stdout.as_str()), (125, ""));
    for said in [
        "the last lines of api/web.1:\n  no luck\n",
        "error: web.1 failed",
    ] {
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
}

#[test]
fn who_has_the_place_of_what_was_lent_keeps_it() {
    let project = project();
    let mut session = project.spawn(project.command(["start", "--without", "api"]));
    session.wait_for("web.1  ready");
    let run = |how: &[&str], name: &str| {
        let script = format!("echo runs; while ! test -e {name}; do sleep 0.02; done; exit 5");
        let command = ["sh", "-c", &script];
        let arguments = ["run"].iter().chain(how).chain(&command);
        let mut devrun = project.spawn(project.command(arguments));
        devrun.wait_for("runs");
        devrun
    };
    let mut borrower = run(&["--up"], "first");
    let mut stand_in = run(&["--as", "api"], "second");
    project.write("first", "");
    assert_eq!(borrower.wait(), 5);
    project.write("second", "");
    assert_eq!(stand_in.wait(), 5);
    assert_eq!(session.interrupt(), 0);
}

#[test]
fn a_borrower_that_is_killed_gives_back_what_it_had() {
    let project = project();
    let mut session = project.spawn(project.command(["start", "--without", "api"]));
    session.wait_for("web.1  ready");
    let mut devrun =
        project.spawn(project.command(["run", "--up", "sh", "-c", "echo runs; read x"]));
    devrun.wait_for("runs");
    devrun.kill();
    wait_until_gone(pid(&project, "api"));
    assert!(is_alive(pid(&project, "web")));
    assert_eq!(session.interrupt(), 0);
}

#[test]
fn the_keys_of_the_terminal_are_the_commands() {
    let script = "trap 'touch caught; exit 9' INT; trap 'echo goes on' CONT; echo it runs; \
                  while :; do sleep 0.05; done\n";
    let project = project().file("script", script);
    let mut screen = Screen::shell(&project);
    screen.command("$D run --up sh script").wait_for("it runs");
    screen.type_(CTRL_Z).wait_for("Stopped").wait_for("$ ");
    let web = pid(&project, "web");
    assert!(is_alive(web));
    // The shell names the job before the keys are that one's.
    screen.command("fg").wait_for("goes on");
    screen
        .type_(CTRL_C)
        .wait_for("stopped what it had started")
        .wait_for("$ ");
    screen.command("echo status $?").wait_for("status 9");
    project.wait_for_file("caught");
    wait_until_gone(web);
    screen.command("exit").wait();
}

#[test]
fn who_ends_slowly_is_named() {
    let listen = helper("listen");
    let procfile = format!("web: trap '' TERM; echo $$ > web; {listen} & wait; wait; sleep 1000\n");
    let project = Project::with_procfile(&procfile).file(
        "devrun.yaml",
        "port: 0\nprocesses: { web: { timeout: 3 } }\n",
    );
    let mut devrun = Devrun::spawn(project.command(["run", "--up", "true"]));
    assert_eq!(devrun.wait(), 0);
    let said = devrun.stderr.text();
    assert!(said.contains("waiting for web.1 to stop\n"), "{said}");
}

#[test]
fn a_server_that_is_slow_to_listen_is_waited_for_visibly() {
    let listen = helper("listen");
    let procfile = format!("web: until test -e gate; do sleep 0.05; done; {listen}\n");
    let project = Project::with_procfile(&procfile).file("devrun.yaml", "port: 0\n");
    let mut devrun = project.spawn(project.command(["run", "--up", "cat", "gate"]));
    let said = devrun.stderr.wait_for("waiting for web.1 to listen on ", 0);
    project.write("gate", "open\n");
    assert_eq!(devrun.wait(), 0);
    devrun.stderr.wait_for("all ready in ", said);
    assert_eq!(devrun.stdout.text(), "open\n");
}

#[test]
fn who_does_not_listen_is_not_called_ready() {
    let procfile = format!("web: {}\nworker: exec sleep 1000\n", helper("listen"));
    let project = Project::with_procfile(&procfile).file("devrun.yaml", "port: 0\n");
    let ended = run_up(&project, "true");
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let mut said = ended.stderr.lines();
    let all_up = said.find(|line| line.starts_with("all up ")).unwrap();
    assert!(all_up.ends_with("; worker.1 does not listen"), "{all_up}");
}
