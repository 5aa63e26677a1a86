//! devrun is killed while a command tries whether a process is ready.

use nix::sys::signal::Signal;

use crate::left::wait_until_nobody_is_left;
use crate::support::{Project, wait_until_gone};

#[test]
fn a_command_that_is_tried_does_not_outlive_the_manager() {
    let slow = "(trap \"\" TERM; sleep 1000 & echo $! > child; mv child pid; wait); wait";
    let settings = format!("processes: {{ db: {{ ready: {{ exec: '{slow}' }} }} }}\n");
    let project = Project::with_procfile("db: exec sleep 1000\n").file("devrun.yaml", settings);
    let mut devrun = project.start();
    project.wait_for_file("pid");
    let child = project.read("pid").trim().parse().unwrap();
    devrun.signal(Signal::SIGKILL);
    assert_eq!(devrun.wait(), 128 + Signal::SIGKILL as i32);
    wait_until_gone(child);
    wait_until_nobody_is_left(&project);
}
