//! What becomes of a session whose guardian is killed, or stopped; and what the guardian collects.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::families::{Family, check, check_those};
use crate::kernel::{guardian, guardian_of, zombies};
use crate::killed::fifty;
use crate::left::wait_until_nobody_is_left;
use crate::pipes;
use crate::support::{Devrun, Project, helper, wait_until};

const LOST: &str = "the guardian is gone";

#[test]
fn killed_it_leaves_nobody() {
    check(
        |devrun| kill(guardian_of(devrun.pid()), Signal::SIGKILL).unwrap(),
        1,
        LOST,
    );
}

#[test]
fn killed_in_a_shutdown_it_leaves_nobody() {
    check_those(
        Family::that_holds_out,
        |devrun| {
            devrun.signal(Signal::SIGTERM).wait_for("stopping ");
            kill(guardian_of(devrun.pid()), Signal::SIGKILL).unwrap();
        },
        1,
        LOST,
    );
}

#[test]
fn killed_without_anybody_to_see_it_leaves_nobody() {
    let family = Family::new();
    let mut front = family.run(family.command(&["-D"]));
    wait_until(|| family.project.has_session());
    let guardian = guardian_of(Pid::from_raw(family.project.session()));
    kill(guardian, Signal::SIGKILL).unwrap();
    front.wait();
    family.wait_until_gone();
}

/// Whoever finds it in a list of processes, and means the session.
#[test]
fn asked_to_stop_it_has_devrun_stop() {
    check(
        |devrun| kill(guardian_of(devrun.pid()), Signal::SIGTERM).unwrap(),
        0,
        "stopping ",
    );
}

/// One that listens to nobody is set going for it.
#[test]
fn stopped_it_ends_all_when_devrun_is_killed() {
    check(
        |devrun| {
            kill(guardian_of(devrun.pid()), Signal::SIGSTOP).unwrap();
            devrun.signal(Signal::SIGKILL);
        },
        128 + Signal::SIGKILL as i32,
        "",
    );
}

#[test]
fn stopped_it_does_not_hold_up_the_end() {
    check(
        |devrun| {
            kill(guardian_of(devrun.pid()), Signal::SIGSTOP).unwrap();
            devrun.signal(Signal::SIGTERM);
        },
        0,
        "stopping ",
    );
}

#[test]
fn stopped_it_does_not_hold_up_a_start_that_is_refused() {
    let project = Project::empty();
    let procfile = project.directory().join("Procfile");
    pipes::make(&procfile);
    let mut devrun = project.start();
    wait_until(|| guardian(devrun.pid().as_raw()).is_some());
    kill(guardian_of(devrun.pid()), Signal::SIGSTOP).unwrap();
    std::fs::write(&procfile, "no process\n").unwrap();
    assert_eq!(devrun.wait(), 2);
    wait_until_nobody_is_left(&project);
}

/// Fifty processes, and one of the two killed once so many of them have been started.
#[test]
fn one_of_the_two_is_killed_in_the_midst_of_a_start() {
    for tty in ["never", "always"] {
        for whose in [
            |devrun: &Devrun| devrun.pid(),
            |devrun: &Devrun| guardian_of(devrun.pid()),
        ] {
            for started in [1, 2, 10, 40] {
                let project = fifty();
                let mut devrun = project.start_with(&["--tty", tty]);
                wait_until(|| files(&project) >= started);
                kill(whose(&devrun), Signal::SIGKILL).unwrap();
                devrun.wait();
                wait_until_nobody_is_left(&project);
            }
        }
    }
}

/// Those that came to the guardian are collected as they end; a leader is kept while its run goes on.
#[test]
fn a_zombie_is_a_leader_whose_run_goes_on_and_nobody_else() {
    let orphan = "(sh -c \"sleep 0.0$i; echo > end$i\" &)";
    let orphans = format!("for i in $(seq 20); do {orphan}; done; exec sleep 1000");
    let daemon = helper("leave-behind daemon");
    let procfile = format!("orphans: {orphans}\ndaemon: {daemon}\ndone: true\nbad: exit 1\n");
    let project = Project::with_procfile(&procfile);
    let mut devrun = project.start_with(&["--restart", "on-failure"]);
    (1..=20).for_each(|number| project.wait_for_file(&format!("end{number}")));
    devrun.see("daemon.1 runs on as a daemon");
    devrun
        .see("done.1 exited with status 0")
        .see("restart 2 in");
    let leader = devrun.pid_of("daemon.1");
    let parents = [devrun.pid(), guardian_of(devrun.pid())].map(Pid::as_raw);
    let zombies = || parents.map(zombies).concat();
    wait_until(|| zombies() == [leader]);
    let daemon = Pid::from_raw(project.read("daemon").parse().unwrap());
    kill(daemon, Signal::SIGKILL).unwrap();
    wait_until(|| zombies().is_empty());
    assert_eq!(devrun.interrupt(), 0);
}

fn files(project: &Project) -> usize {
    let entries = std::fs::read_dir(project.directory()).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("file")).count()
}
