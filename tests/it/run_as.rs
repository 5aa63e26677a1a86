//! `devrun run --as`: a command in the place of a process of the running app.

use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::json;
use crate::screen::{CTRL_C, Screen};
use crate::support::{Devrun, Finished, Project, get, helper, is_alive, wait_until_gone};

const BACK: &str = "has ended; web.1 is started again\n";

fn serving() -> Project {
    Project::with_procfile(&format!("web: {}\n", helper("listen")))
}

/// A session whose `web.1` is ready.
fn start(project: &Project, arguments: &[&str]) -> Devrun {
    let mut devrun = project.start_with(arguments);
    devrun.wait_for("  web.1  ready    ");
    devrun
}

fn command(project: &Project, line: &str) -> Command {
    project.command(["run", "--as", "web"].into_iter().chain(line.split(' ')))
}

/// A program that has web's place, and listens there.
fn stand_in(project: &Project, devrun: &mut Devrun) -> Devrun {
    let mut stand_in = project.spawn(command(project, &helper("listen")));
    stand_in.wait_for("listens on ");
    devrun
        .wait_for("web.1 is run by `")
        .wait_for("web.1 is ready ");
    stand_in
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn it_has_the_environment_of_the_process_which_is_back_when_it_ends() {
    let project = serving().file(".env", "A=1\nB='two words'\n");
    let mut devrun = start(&project, &["--set", "C=3"]);
    let stood_in = project.run(&["run", "--as", "web", "env"]);
    assert_eq!(stood_in.status, 0, "{}", stood_in.stderr);
    devrun
        .wait_for("web.1 makes room for `env` (pid ")
        .wait_for("web.1 is run by `env` (pid ")
        .wait_for("`env` has ended; web.1 is started again\n")
        .wait_for("web.1 started (pid ")
        .wait_for("web.1 is ready ");
    let told = project.run(&["env", "web"]);
    assert_eq!(sorted(&stood_in.stdout), sorted(&told.stdout));
    let url = devrun.value_after("  web.1  ready    ");
    let port = format!("PORT={}\n", url.rsplit(':').next().unwrap());
    assert!(stood_in.stdout.contains(&port), "{}", stood_in.stdout);
    assert!(stood_in.stdout.contains("C=3\n"));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn what_is_set_here_is_above_all_and_the_terminal_is_the_one_here() {
    let project = serving();
    let mut session = project.command(["start", "-p", "0"]);
    session.envs([("TERM", "dumb"), ("SSH_TTY", "/dev/null"), ("LANG", "C")]);
    let mut devrun = project.spawn(session);
    devrun.wait_for("  web.1  ready    ");
    let script = "echo $A $TERM ${SSH_TTY-none} $LANG; pwd";
    let directory = project.sibling("elsewhere").directory();
    let mut here = project.command(["run", "--as", "web", "--set", "A=1", "-d"]);
    here.arg(project.directory()).args(["sh", "-c", script]);
    here.envs([("TERM", "vt100"), ("LANG", "de_DE")]);
    here.current_dir(&directory);
    let output = here.output().unwrap();
    let expected = format!("1 vt100 none C\n{}\n", directory.display());
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    devrun.wait_for(BACK);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn it_is_ready_under_the_process_s_url_until_it_is_killed() {
    let project = serving();
    let mut devrun = start(&project, &[]);
    let url = devrun.value_after("  web.1  ready    ");
    let mut stand_in = stand_in(&project, &mut devrun);
    get(&url);
    assert_eq!(project.run(&["url", "web"]).stdout.trim(), url);
    stand_in.kill();
    devrun
        .wait_for(BACK)
        .wait_for("web.1 started (pid ")
        .wait_for("web.1 is ready ")
        .wait_for(&url);
    get(&url);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn its_status_is_its_own_and_no_failure_of_the_process() {
    let project = serving();
    let mut devrun = start(&project, &["--restart", "never", "--fail-fast"]);
    let ended = project.run(&["run", "--as", "web", "sh", "-c", "exit 3"]);
    assert_eq!(ended.status, 3);
    devrun.wait_for(BACK).wait_for("web.1 is ready ");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn at_a_terminal_ctrl_c_is_for_it() {
    let project = serving();
    let mut devrun = start(&project, &[]);
    let mut screen = Screen::run(&project, command(&project, &helper("listen")), 80);
    screen.wait_for("listens on ");
    devrun.wait_for("web.1 is ready ");
    screen.type_(CTRL_C);
    assert_eq!(screen.wait(), 130);
    devrun.wait_for(BACK).wait_for("web.1 is ready ");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn the_procfile_s_own_line_runs_in_its_directory() {
    let project = Project::with_procfile("web: echo $PS in $PWD on $PORT; exec sleep 1000\n");
    let mut devrun = project.start();
    devrun.wait_for("web.1  | web.1 in ");
    let mut own = project.command(["run", "--as", "web", "-d"]);
    own.arg(project.directory()).arg("web");
    own.current_dir(project.sibling("elsewhere").directory());
    let mut own = project.spawn(own);
    own.wait_for(&format!("web.1 in {} on ", project.directory().display()));
    own.signal(Signal::SIGTERM);
    devrun.wait_for("`web` has ended; web.1 is started again");
    devrun.wait_for("web.1  | web.1 in ");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_session_that_ends_leaves_nothing_of_it() {
    let project = serving();
    let mut devrun = start(&project, &["-t", "1"]);
    // A shell that stays, with a server below it, and one that is deaf.
    let script = format!(
        "{} & echo $! > deaf; {} & echo $! > server; echo both; wait; wait; wait",
        helper("ignore-term"),
        helper("listen")
    );
    let script = format!("trap '' TERM; {script}");
    let mut command = project.command(["run", "--as", "web", "sh", "-c", &script]);
    // As in an interactive shell, where each job has a group of its own.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut stand_in = project.spawn(command);
    stand_in.wait_for("both");
    devrun.wait_for("web.1 is ready ");
    assert_eq!(devrun.interrupt(), 0, "{}", devrun.stdout.text());
    let said = devrun.stdout.text();
    assert!(said.contains("web.1 did not stop in 1 s: killed"), "{said}");
    assert_eq!(stand_in.wait(), 137);
    for file in ["deaf", "server"] {
        wait_until_gone(project.read(file).trim().parse().unwrap());
    }
}

#[test]
fn who_waits_for_the_process_is_started_when_it_serves() {
    let procfile = format!("web: exec sleep 1000\napi: {}\n", helper("fetch WEB_URL"));
    let settings = "uses: { WEB_URL: web }\n";
    let project = Project::with_procfile(&procfile).file("devrun.yaml", settings);
    let mut devrun = project.start();
    devrun.wait_for("web.1 started");
    let stand_in = project.spawn(command(&project, &helper("listen")));
    devrun
        .wait_for("web.1 is run by ")
        .wait_for("api.1 started")
        .wait_for("fetched HTTP/1.0 200 OK");
    assert!(is_alive(stand_in.pid().as_raw()));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_long_wait_is_said_and_hanging_up_in_it_brings_the_process_back() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("ignore-term")));
    let mut devrun = project.start_with(&["-t", "1"]);
    devrun.wait_for("ignores SIGTERM");
    let pid = devrun.pid_of("web.1");
    let mut stand_in = project.spawn(command(&project, "sleep 1000"));
    let waits = format!("waiting for web.1 to end (pid {pid}), at most 1 s\n");
    stand_in.stderr.wait_for(&waits, 0);
    stand_in.kill();
    devrun
        .wait_for("`sleep 1000` has ended; web.1 is started again")
        .wait_for("web.1 did not stop in 1 s: killed")
        .wait_for("ignores SIGTERM");
    assert_eq!(devrun.count("web.1 is run by"), 0);
    devrun.interrupt();
}

#[test]
fn one_of_another_app_is_its_session_s() {
    let shop = Project::called("shop")
        .file("Procfile", "web: exec sleep 1000\n")
        .file("devrun.yaml", "uses: { API_URL: ../api }\n");
    let api = shop
        .sibling("api")
        .file("Procfile", format!("web: {}\n", helper("listen")))
        .file("devrun.yaml", "port: 0\n");
    let mut owner = api.spawn(api.command(["start"]));
    owner.wait_for("  web.1  ready    ");
    let mut devrun = shop.start();
    devrun.wait_for("web.1 started");
    let stood_in = shop.run(&["run", "--as", "api/web", "sh", "-c", "echo $PORT $PS"]);
    assert_eq!(stood_in.status, 0, "{}", stood_in.stderr);
    let url = owner.value_after("  web.1  ready    ");
    let port = url.rsplit(':').next().unwrap();
    assert_eq!(stood_in.stdout, format!("{port} web.1\n"));
    owner.wait_for(BACK);
    devrun.interrupt();
    owner.interrupt();
}

fn refused(finished: &Finished, expected: &str) {
    assert_eq!((finished.status, &finished.stdout[..]), (125, ""));
    assert_eq!(finished.stderr, expected);
}

#[test]
fn a_place_that_cannot_be_had_is_refused_and_nothing_is_stopped() {
    let project = serving();
    let nobody = project.run(&["run", "--as", "web", "true"]);
    assert_eq!(nobody.status, 125);
    assert!(nobody.stderr.contains("nothing is running in "));
    assert!(nobody.stderr.contains("help: `devrun start` runs it"));
    let mut devrun = start(&project, &[]);
    refused(
        &project.run(&["run", "--as", "wbe", "true"]),
        "error: no process `wbe` in this session\n help: did you mean `web`? There is `web`\n",
    );
    refused(
        &project.run(&["run", "--as", "web", "no-such-program"]),
        "error: `no-such-program` cannot be run\n caused by: No such file or directory\n",
    );
    for arguments in [
        &["run", "--as", "web", "-p", "web", "true"][..],
        &["run", "--as", "web", "--set", "PORT=1", "true"],
    ] {
        assert_eq!(project.run(arguments).status, 125);
    }
    assert_eq!(devrun.count("makes room"), 0);
    let stand_in = stand_in(&project, &mut devrun);
    let by = format!("`{}` (pid {})", shown(&helper("listen")), stand_in.pid());
    refused(
        &project.run(&["run", "--as", "web", "true"]),
        &format!(
            "error: no place for a command as web.1\n caused by: {by} has the place of web.1\n"
        ),
    );
    assert!(is_alive(stand_in.pid().as_raw()));
    assert_eq!(devrun.interrupt(), 0);
}

/// As devrun cuts a long command line.
fn shown(command: &str) -> String {
    match command.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &command[..at]),
        None => command.to_string(),
    }
}

#[test]
fn somebody_at_the_keyboard_sees_it_and_ends_it() {
    let project = serving();
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("Ctrl-C: stop");
    let run = || {
        let mut stand_in = project.spawn(command(&project, &helper("listen")));
        stand_in.wait_for("listens on ");
        stand_in
    };
    let mut first = run();
    screen.wait_for("web.1 is ready ");
    screen.command("l").wait_for("(stand-in)\r\n");
    let ps = project.run(&["ps"]);
    assert!(
        ps.stdout.contains("a program stands in for it"),
        "{}",
        ps.stdout
    );
    screen.command("a web").wait_for("terminal of its own");
    // Where that line is folded depends on the path of the program.
    screen.command("r web").wait_for(" started again");
    assert_eq!(first.wait(), 143);
    screen.wait_for("web.1 is ready ");
    let mut second = run();
    screen.wait_for("web.1 is ready ");
    screen.command("x web").wait_for(" stopped");
    assert_eq!(second.wait(), 143);
    // What is stopped can be stood in for, and is stopped again afterwards.
    let mut third = run();
    screen.wait_for("web.1 is run by ");
    kill(third.pid(), Signal::SIGINT).unwrap();
    assert_eq!(third.wait(), 130);
    screen.wait_for("before\r\n");
    screen.command("l").wait_for("web.1  stopped");
    screen.interrupt();
}

#[test]
fn when_the_guardian_is_lost_it_is_asked_to_end() {
    let project = Project::with_procfile("web: echo $PPID > guardian; exec sleep 1000\n");
    let mut devrun = project.start();
    project.wait_for_file("guardian");
    devrun.wait_for("web.1 started");
    let mut stand_in = project.spawn(command(&project, "sleep 1000"));
    devrun.wait_for("web.1 is run by ");
    let guardian = project.read("guardian").trim().parse().unwrap();
    kill(Pid::from_raw(guardian), Signal::SIGKILL).unwrap();
    assert_eq!(devrun.wait(), 1);
    assert_eq!(stand_in.wait(), 143);
}

#[test]
fn programs_are_told_of_it() {
    let project = serving();
    let mut devrun = project.spawn(project.command(["start", "--json", "-p", "0"]));
    devrun.wait_for("\"all.ready\"");
    assert_eq!(project.run(&["run", "--as", "web", "true"]).status, 0);
    devrun
        .wait_for("\"stand_in.ended\"")
        .wait_for("\"process.ready\"");
    devrun.interrupt();
    let events = json::events(&devrun);
    let told = events.iter().map(|event| event["event"].as_str().unwrap());
    let told: Vec<&str> = told.filter(|event| event.starts_with("stand_in")).collect();
    let expected = ["stand_in.expected", "stand_in.begun", "stand_in.ended"];
    assert_eq!(told, expected);
}
