//! Processes that fork faster than anybody can look, or more than anybody should look at one by one.

use nix::sys::signal::Signal;

use crate::left::wait_until_nobody_is_left;
use crate::support::{Project, helper};

#[test]
fn a_hundred_forks_a_second_in_sessions_of_their_own_are_ended() {
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let project = Project::with_procfile(&format!("web: {}\n", helper("storm")));
        let mut devrun = project.start_with(&["-t", "0.5"]);
        devrun.wait_for("storms").signal(signal).wait();
        wait_until_nobody_is_left(&project);
    }
}

#[test]
fn a_command_that_leaves_two_thousand_behind_holds_nobody_up() {
    let many = "for i in $(seq 2000); do sleep 300 & done";
    let project = Project::with_procfile(&format!("web: {many}\n"));
    let mut devrun = project.start_with(&["-t", "1"]);
    devrun.wait_for("web.1 runs on as a daemon");
    devrun.signal(Signal::SIGINT).wait();
    wait_until_nobody_is_left(&project);
}
