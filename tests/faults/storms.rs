//! A process that forks faster than anybody can look.

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
