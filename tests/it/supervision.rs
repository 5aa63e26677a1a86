//! What follows the end of a process.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Project, helper};

#[test]
fn a_process_that_fails_is_started_again_a_little_later_each_time() {
    let project = Project::with_procfile(
        "web: echo run >> runs; test $(wc -l < runs) -ge 3 && exec sleep 1000; exit 3\n",
    );
    let mut devrun = project.start();
    devrun
        .wait_for("web.1 exited with status 3 ")
        .wait_for("; restart 1 in 0.5 s");
    devrun
        .wait_for("; restart 2 in 1 s")
        .wait_for("web.1 started");
    assert_eq!(devrun.interrupt(), 0);
    assert!(devrun.stdout.text().contains(", 2 restarts"));
}

#[test]
fn the_first_failure_for_good_is_the_sessions_status_and_its_last_lines_are_shown() {
    let project =
        Project::with_procfile("web: echo one; echo 'two words'; exit 7\nworker: exit 4\n");
    let mut devrun = project.start_with(&["--restart", "never"]);
    let status = devrun.wait();
    let said = devrun.stdout.text();
    assert!(status == 7 || status == 4, "{status}");
    assert!(said.contains("web.1 exited with status 7 "), "{said}");
    assert!(
        said.contains("; not restarted. Its last lines:\n")
            && said.contains("system   |   two words"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_run_or_found_is_not_tried_again() {
    let project = Project::with_procfile("web: no-such-program --flag\n");
    let mut devrun = project.start();
    assert_eq!(devrun.wait(), 127);
    let said = devrun.stdout.text();
    assert!(
        said.contains("(command not found); not restarted"),
        "{said}"
    );
    assert!(
        said.contains("no-such-program"),
        "the shell's words:\n{said}"
    );
    let project = Project::with_procfile("web: ./data.txt\n").file("data.txt", "x");
    let mut devrun = project.start();
    assert_eq!(devrun.wait(), 126);
    assert!(
        devrun
            .stdout
            .text()
            .contains("(not executable); not restarted")
    );
}

#[test]
fn death_by_a_signal_is_named() {
    let mut devrun =
        Project::with_procfile("web: kill -SEGV $$\n").start_with(&["--restart", "never"]);
    assert_eq!(devrun.wait(), 139);
    assert!(
        devrun
            .stdout
            .text()
            .contains("web.1 was killed by SIGSEGV ")
    );
}

#[test]
fn status_0_is_completed_and_the_others_go_on() {
    let mut devrun = Project::with_procfile("release: echo done\nweb: sleep 1000\n").start();
    devrun
        .wait_for("release.1 exited with status 0 ")
        .wait_for("; completed");
    devrun
        .wait_for("  release.1  completed")
        .wait_for("  web.1      running");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn always_starts_again_after_status_0_as_well() {
    let mut devrun = Project::with_procfile("web: true\n").start_with(&["--restart", "always"]);
    devrun
        .wait_for("; restart 1 in 0.5 s")
        .wait_for("; restart 2 in 1 s");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn when_all_have_ended_devrun_ends() {
    let mut devrun = Project::with_procfile("a: true\nb: echo x\n").start();
    assert_eq!(devrun.wait(), 0);
    assert!(devrun.stdout.text().contains("done. up "));
}

#[test]
fn on_exit_shutdown_ends_all_with_the_first() {
    let project = Project::with_procfile("web: sleep 1000\njob: sleep 0.1; exit 5\n");
    let mut devrun = project.start_with(&["--on-exit", "shutdown", "--restart", "never"]);
    assert_eq!(devrun.wait(), 5);
    let project = Project::with_procfile("web: sleep 1000\njob: true\n");
    assert_eq!(project.start_with(&["--on-exit", "shutdown"]).wait(), 0);
}

#[test]
fn fail_fast_ends_all_without_a_retry() {
    let project = Project::with_procfile("web: sleep 1000\njob: sleep 0.1; exit 6\nok: true\n");
    let mut devrun = project.start_with(&["--fail-fast"]);
    assert_eq!(devrun.wait(), 6);
    assert!(!devrun.stdout.text().contains("; restart"));
}

/// A shell often stays as the leader and dies first, while the server below it still closes.
#[test]
fn a_run_has_ended_when_its_whole_tree_is_gone() {
    let server = helper("ignore-term");
    let project = Project::with_procfile(&format!("web: {server} & wait; true\n"));
    let mut devrun = project.start_with(&["-t", "0.5"]);
    devrun.wait_for("web.1  | ignores SIGTERM");
    let pid = devrun.pid_of("web.1");
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    devrun.wait_for("web.1 was killed by SIGKILL; 1 process of its tree lives on and got SIGTERM");
    devrun.wait_for("web.1 did not stop in 0.5 s: killed");
    devrun
        .wait_for("web.1 was killed by SIGKILL ")
        .wait_for("restart 1 in 0.5 s");
    devrun.wait_for("web.1 started").wait_for("ignores SIGTERM");
    assert_eq!(devrun.interrupt(), 0);
}
