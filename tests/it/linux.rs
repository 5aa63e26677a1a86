//! What only Linux can promise: whoever left its group and session is found all the same, also when
//! devrun itself, or its guardian, is killed.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};

use crate::kernel::guardian_of;
use crate::support::{Devrun, Project, helper, is_alive, wait_until_gone};

/// A daemon, a shell with a child, and one that is stopped: all are gone after `end`.
fn nothing_survives(end: impl FnOnce(&mut Devrun)) {
    let procfile = format!(
        "daemon: {}\nweb: sleep 1000 & echo $! > child; echo up; wait\nstopped: kill -STOP $$\n",
        helper("daemon pid")
    );
    let project = Project::with_procfile(&procfile);
    let mut devrun = project.start_with(&["-t", "1"]);
    devrun.wait_for("runs on as a daemon");
    devrun.stdout.wait_for("web.1     | up", 0);
    let mut pids: Vec<i32> = ["web.1", "stopped.1"]
        .map(|process| devrun.pid_of(process))
        .to_vec();
    pids.push(project.read("pid").trim().parse().unwrap());
    pids.push(project.read("child").trim().parse().unwrap());
    pids.push(guardian_of(devrun.pid()).as_raw());
    end(&mut devrun);
    for pid in pids {
        wait_until_gone(pid);
    }
}

#[test]
fn sigkill_of_devrun_takes_every_descendant_with_it() {
    nothing_survives(|devrun| {
        devrun.signal(Signal::SIGKILL);
        assert_eq!(devrun.wait(), 137);
    });
}

#[test]
fn sigkill_of_the_guardian_ends_all_with_status_1() {
    nothing_survives(|devrun| {
        kill(guardian_of(devrun.pid()), Signal::SIGKILL).unwrap();
        devrun.wait_for("the guardian is gone");
        assert_eq!(devrun.wait(), 1);
    });
}

#[test]
fn the_loss_of_the_guardian_is_an_event() {
    let mut devrun = Project::with_procfile("web: sleep 1000\n").start_with(&["--json"]);
    devrun.wait_for(r#""event":"process.started""#);
    kill(guardian_of(devrun.pid()), Signal::SIGKILL).unwrap();
    assert_eq!(devrun.wait(), 1);
    let events = crate::json::events(&devrun);
    assert_eq!(events.last().unwrap()["event"], "guardian.lost");
}

#[test]
fn ctrl_c_ends_daemons_and_stopped_processes_too() {
    nothing_survives(|devrun| assert_eq!(devrun.interrupt(), 0));
}

#[test]
fn a_daemon_that_a_finished_process_left_behind_ends_with_the_session() {
    let procfile = format!(
        "web: {} ; exit 3\nother: sleep 1000\n",
        helper("stubborn-daemon pid")
    );
    let project = Project::with_procfile(&procfile);
    let mut devrun = project.start_with(&["-t", "0.3", "--restart", "never"]);
    devrun.wait_for("1 process of its tree lives on and got SIGTERM");
    devrun.wait_for("web.1 did not stop in 0.3 s: killed");
    let pid = project.read("pid").trim().parse().unwrap();
    assert!(!is_alive(pid), "a restart must find its port free");
    assert_eq!(devrun.interrupt(), 3);
}

#[test]
fn a_daemon_serves_its_port_and_ends_with_the_session() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("daemon pid")));
    let mut devrun = project.start();
    // In either order.
    devrun.stdout.wait_for("web.1 runs on as a daemon", 0);
    devrun
        .stdout
        .wait_for("  web.1  ready    http://localhost:", 0);
    let pid = project.read("pid").parse().unwrap();
    assert_eq!(devrun.interrupt(), 0);
    assert!(!is_alive(pid));
}

#[test]
fn a_full_disk_is_said_by_the_status() {
    let project = Project::with_procfile("web: echo x\n");
    let mut command = project.command(["start", "-p", "0"]);
    command.stdout(std::fs::File::create("/dev/full").unwrap());
    command.stderr(Stdio::piped());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("error: output was lost"), "{said}");
}

/// As nginx does, which writes its title over its environment.
#[test]
fn a_daemon_is_known_though_it_wipes_later_what_told_whose_it_is() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("forgetful-daemon pid")));
    let mut devrun = project.start();
    devrun.wait_for("web.1 runs on as a daemon");
    let pid = project.read("pid");
    project.write("go", "");
    devrun.wait_for(&format!("(test-helper, pid {pid}, 127.0.0.1 only)"));
    assert_eq!(devrun.interrupt(), 0);
    wait_until_gone(pid.parse().unwrap());
}

#[test]
fn a_daemon_without_its_main_thread_is_ended_too() {
    let procfile = format!("web: {}; exec sleep 1000\n", helper("headless-daemon pid"));
    let project = Project::with_procfile(&procfile);
    let mut devrun = project.start_with(&["-t", "0.5"]);
    devrun.wait_for("web.1 started");
    project.wait_for_file("pid");
    let pid = project.read("pid").trim().parse().unwrap();
    assert_eq!(devrun.interrupt(), 0);
    wait_until_gone(pid);
}
