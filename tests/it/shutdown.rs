//! Ctrl-C and its kin.

use nix::sys::signal::Signal;

use crate::support::{Project, helper};

#[test]
fn every_stopping_signal_ends_all_with_status_0_and_last_words_are_shown() {
    for signal in [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGQUIT,
    ] {
        let project = Project::with_procfile(
            "web: trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done\n",
        );
        let mut devrun = project.start();
        devrun
            .wait_for("web.1  | up")
            .signal(signal)
            .wait_for("web.1  | bye");
        assert_eq!(devrun.wait(), 0, "{signal}");
        assert!(
            devrun
                .stdout
                .text()
                .contains("stopping 1 process: SIGTERM, after 5 s SIGKILL")
        );
    }
}

#[test]
fn each_group_gets_one_sigterm() {
    let project = Project::with_procfile(
        "web: trap 'echo got it' TERM; echo up; while :; do sleep 0.01; done\n",
    );
    let mut devrun = project.start_with(&["-t", "0.4"]);
    devrun.wait_for("web.1  | up");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.stdout.text().matches("got it").count(), 1);
}

#[test]
fn who_does_not_stop_is_killed_named_and_counted() {
    let ignore = helper("ignore-term");
    let project = Project::with_procfile(&format!(
        "web: trap '' TERM; {ignore} & {ignore} & wait; wait\n"
    ));
    let mut devrun = project.start_with(&["-t", "1.5"]);
    devrun
        .wait_for("ignores SIGTERM")
        .wait_for("ignores SIGTERM");
    devrun.signal(Signal::SIGINT);
    devrun.wait_for("stopping 1 process: SIGTERM, after 1.5 s SIGKILL");
    devrun.wait_for("waiting for web.1 (pid ");
    devrun.wait_for("web.1 did not stop in 1.5 s: killed, and its 2 children");
    assert_eq!(
        devrun.wait(),
        0,
        "an end that follows our own signal is no failure"
    );
}

#[test]
fn a_second_ctrl_c_kills_at_once() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("ignore-term")));
    let mut devrun = project.start_with(&["-t", "1000"]);
    devrun
        .wait_for("ignores SIGTERM")
        .signal(Signal::SIGINT)
        .wait_for("waiting for web.1");
    devrun.signal(Signal::SIGINT).wait_for("killing web.1");
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn two_signals_of_one_key_press_are_one_request() {
    let project = Project::with_procfile(
        "web: trap 'sleep 0.3; echo bye; exit' TERM; echo up; while :; do sleep 0.01; done\n",
    );
    let mut devrun = project.start();
    // What is sent to who is stopped arrives all at once, however busy the machine is meanwhile.
    devrun
        .wait_for("up")
        .signal(Signal::SIGSTOP)
        .signal(Signal::SIGINT)
        .signal(Signal::SIGINT)
        .signal(Signal::SIGTERM)
        .signal(Signal::SIGCONT);
    devrun.wait_for("web.1  | bye");
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn a_failure_before_the_stop_keeps_its_status() {
    let mut devrun = Project::with_procfile("web: sleep 1000\njob: exit 9\n")
        .start_with(&["--restart", "never"]);
    devrun.wait_for("job.1 exited with status 9");
    assert_eq!(devrun.interrupt(), 9);
}

#[test]
fn a_process_that_waits_for_its_restart_is_not_started_by_the_stop() {
    let mut devrun = Project::with_procfile("web: exit 1\nworker: sleep 1000\n").start();
    devrun.wait_for("restart 2 in 1 s");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.stdout.text().matches("web.1 started").count(), 2);
}

#[test]
fn under_nohup_a_hang_up_changes_nothing() {
    let project = Project::with_procfile(
        "web: trap 'echo hup' HUP; echo up; sleep 0.2; kill -HUP $$; echo on; exec sleep 1000\n",
    );
    let mut command = std::process::Command::new("nohup");
    project.prepare(&mut command);
    command
        .arg(env!("CARGO_BIN_EXE_devrun"))
        .args(["start", "-p", "0"]);
    let mut devrun = crate::support::Devrun::spawn(command);
    devrun
        .wait_for("web.1  | up")
        .signal(Signal::SIGHUP)
        .wait_for("web.1  | on");
    assert_eq!(devrun.interrupt(), 0);
    assert!(!devrun.stdout.text().contains("hup"));
}
