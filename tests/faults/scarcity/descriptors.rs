//! Too few open files, from the start and in the middle.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::resource::Resource;

use crate::kernel::{self, guardian_of};
use crate::left::wait_until_nobody_is_left;
use crate::scarcity::{limit_running, limited};
use crate::support::{Devrun, Project, wait_until};

/// So many processes that live.
fn procfile(processes: usize) -> String {
    let lines = (1..=processes).map(|number| format!("p{number}: echo up; exec sleep 1000\n"));
    lines.collect()
}

fn start_with(project: &Project, descriptors: u64) -> Devrun {
    let command = project.command(["start", "-p", "0"]);
    project.spawn(limited(command, Resource::RLIMIT_NOFILE, descriptors))
}

#[test]
fn sixty_four_are_enough_for_a_few_processes() {
    let project = Project::with_procfile(&procfile(5));
    let mut devrun = start_with(&project, 64);
    for number in 1..=5 {
        devrun.see(&format!("p{number}.1   | up\n"));
    }
    assert_eq!(devrun.interrupt(), 0);
    wait_until_nobody_is_left(&project);
}

#[test]
fn too_few_are_refused_before_anything_is_started() {
    for (descriptors, processes, needed) in [
        (64, 100, 332),
        (32, 5, 47),
        (16, 2, 38),
        (10, 1, 35),
        (6, 1, 35),
    ] {
        let project = Project::with_procfile(&procfile(processes));
        let mut devrun = start_with(&project, descriptors);
        assert_eq!(devrun.wait(), 2, "{descriptors}");
        let counted = if processes == 1 {
            "1 process".into()
        } else {
            format!("{processes} processes")
        };
        let expected = format!(
            "error: too few files may be open for {counted}\n \
             caused by: Too many open files (`ulimit -n` is {descriptors})\n \
             help: about {needed} more are needed: `ulimit -Hn` shows the most that this login may have\n"
        );
        assert_eq!(devrun.stderr.text(), expected);
        assert_eq!(devrun.stdout.text(), "");
        wait_until_nobody_is_left(&project);
    }
}

/// What is on its way to the guardian holds more than what comes of it.
#[test]
fn as_many_as_are_needed_are_enough_for_all_to_start_at_once() {
    let project = Project::with_procfile(&procfile(200));
    let mut devrun = start_with(&project, 640);
    wait_until(|| devrun.count(" started (pid ") + devrun.count("could not be started") == 200);
    assert_eq!(devrun.count("could not be started"), 0);
    assert_eq!(devrun.interrupt(), 0);
    wait_until_nobody_is_left(&project);
}

#[test]
fn a_soft_limit_is_no_limit_and_the_processes_have_it_all_the_same() {
    let lines =
        (1..=40).map(|number| format!("p{number}: echo limit $(ulimit -n); exec sleep 1000\n"));
    let project = Project::with_procfile(&lines.collect::<String>());
    let mut shell = std::process::Command::new("sh");
    project.prepare(&mut shell);
    let script = r#"ulimit -Sn 64; exec "$0" start -p 0"#;
    let mut devrun = project.spawn({
        shell.args(["-c", script, env!("CARGO_BIN_EXE_devrun")]);
        shell
    });
    devrun.see("| limit 64\n").see("p40.1  | ");
    assert_eq!(devrun.count("could not be started"), 0);
    assert_eq!(devrun.interrupt(), 0);
}

/// A process that fails once there is a file `go`, and one that has nothing to do with it.
const ONE_FAILS: &str =
    "web: exec sleep 1000\nflaky: while [ ! -e go ]; do sleep 0.01; done; rm go; exit 1\n";

/// What is restarted finds so few descriptors in one of devrun's two processes, and comes up once there are more.
fn one_is_tried_again(pid: impl FnOnce(&Devrun) -> i32, limit: impl FnOnce(i32) -> u64) {
    let project = Project::with_procfile(ONE_FAILS);
    let mut devrun = project.start();
    devrun.see("web.1 started").see("flaky.1 started");
    let pid = pid(&devrun);
    limit_running(pid, limit(pid));
    project.write("go", "");
    devrun.wait_for("flaky.1 exited with status 1 ");
    devrun.wait_for("flaky.1 could not be started: Too many open files (`ulimit -n` is ");
    devrun.wait_for("); restart 2 in 1 s\n");
    limit_running(pid, 1024);
    devrun.wait_for("flaky.1 started");
    assert_eq!(devrun.count("web.1 started"), 1);
    assert!(crate::support::is_alive(devrun.pid_of("web.1")));
    assert_eq!(devrun.interrupt(), 0);
    wait_until_nobody_is_left(&project);
}

#[test]
fn who_finds_none_left_in_the_middle_is_named_and_comes_up_when_there_are_some_again() {
    one_is_tried_again(|devrun| devrun.pid().as_raw(), |_| 3);
}

#[test]
fn nor_is_anybody_lost_for_whom_the_guardian_has_none_left() {
    // Of the two that are passed to it one finds room, or none.
    for room in [0, 1] {
        let guardian = |devrun: &Devrun| guardian_of(devrun.pid()).as_raw();
        one_is_tried_again(guardian, |pid| first_unused(pid) + room);
    }
}

#[test]
fn who_is_first_started_without_any_left_is_named_and_not_tried_again() {
    let project = Project::with_procfile("web: exec sleep 1000\nlate: exec sleep 1000\n");
    let mut devrun = project.start_with(&["web"]);
    devrun.see("web.1 started");
    let guardian = guardian_of(devrun.pid()).as_raw();
    limit_running(guardian, first_unused(guardian));
    let started = project.run(&["start", "late"]);
    assert_eq!(started.status, 1, "{started:?}");
    devrun.see("late.1 could not be started: Too many open files (`ulimit -n` is ");
    assert_eq!(devrun.interrupt(), 126);
    wait_until_nobody_is_left(&project);
}

/// The manager's only socket with a name.
fn socket(project: &Project) -> PathBuf {
    let directory = project.directory().join("../run/devrun");
    let mut paths = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .find(|path| path.extension().is_some_and(|it| it == "sock"))
        .unwrap()
}

fn first_unused(pid: i32) -> u64 {
    let is_unused = |number: &u64| std::fs::read_link(format!("/proc/{pid}/fd/{number}")).is_err();
    (0..).find(is_unused).unwrap()
}

#[test]
fn a_session_with_none_left_can_be_seen_and_stopped() {
    let project = Project::with_procfile("web: exec sleep 1000\n");
    let mut devrun = project.start();
    devrun.see("web.1 started");
    // The server runs, and holds some back.
    assert_eq!(project.run(&["ps"]).status, 0);
    let pid = devrun.pid().as_raw();
    limit_running(pid, first_unused(pid));
    for _ in 0..3 {
        let seen = project.run(&["ps"]);
        assert_eq!(seen.status, 0, "{seen:?}");
        assert!(seen.stdout.contains("web.1    running"), "{seen:?}");
    }
    let stopped = project.run(&["stop"]);
    assert_eq!(stopped.status, 0, "{stopped:?}");
    assert_eq!(devrun.wait(), 0);
    wait_until_nobody_is_left(&project);
}

#[test]
fn a_connection_that_cannot_be_accepted_costs_no_time_and_is_accepted_later() {
    let project = Project::with_procfile("web: exec sleep 1000\n");
    let mut devrun = project.start();
    devrun.see("web.1 started");
    let pid = devrun.pid().as_raw();
    limit_running(pid, 3);
    let mut stream = UnixStream::connect(socket(&project)).unwrap();
    stream
        .write_all(b"GET /v1/apps HTTP/1.1\r\nHost: devrun\r\n\r\n")
        .unwrap();
    let time = || kernel::stat(pid).expect("it lives").time;
    let (before, begun) = (time(), Instant::now());
    stream
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let mut answer = [0; 8];
    assert_eq!(
        stream.read(&mut answer).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    // Who tries without end takes all that there is.
    let (spent, lasted) = (time() - before, begun.elapsed());
    assert!(spent < lasted / 4, "{spent:?} of {lasted:?}");
    limit_running(pid, 1024);
    stream.set_read_timeout(None).unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1");
    assert_eq!(devrun.interrupt(), 0);
}
