//! Many at once, and many after one another: none is lost, and nothing of them stays.

use nix::sys::signal::Signal;

use crate::bytes::{is_whole, of};
use crate::left::wait_until_nobody_is_left;
use crate::support::Project;

/// Each writes so many lines.
const LINES: usize = 50;
const PROCESSES: usize = 200;

#[test]
fn two_hundred_processes_at_once_have_every_line_from_start_to_stop() {
    let project = Project::with_procfile(&format!(
        "web: trap 'echo bye; exit' TERM; i=0; while [ $i -lt {LINES} ]; do i=$((i+1)); echo line $i; done; \
         echo > up.$PS; sleep 1000 & wait\n"
    ));
    let formation = format!("web={PROCESSES}");
    // On a slow machine so many take their time to end.
    let mut devrun = project.start_with(&["-m", &formation, "--no-timestamp", "-t", "100"]);
    for instance in 1..=PROCESSES {
        project.wait_for_file(&format!("up.web.{instance}"));
    }
    assert_eq!(devrun.signal(Signal::SIGTERM).wait(), 0);
    let output = devrun.stdout.bytes();
    let lines: String = (1..=LINES).map(|line| format!("line {line}\n")).collect();
    for instance in 1..=PROCESSES {
        let name = format!("web.{instance}");
        let expected = format!("{lines}bye\n");
        is_whole(&of(&format!("{name:<7}"), &output), expected.as_bytes());
    }
    let said = devrun.stdout.text();
    assert!(!said.contains("killed"), "{said}");
    wait_until_nobody_is_left(&project);
}

#[cfg(target_os = "linux")]
mod on_linux {
    use std::time::Instant;

    use nix::unistd::Pid;

    use super::*;
    use crate::bytes::has_little_memory;
    use crate::kernel::{guardian_of, zombies};
    use crate::support::{PATIENCE, helper, pause};

    /// Each leaves an orphan: twice as many.
    const CHILDREN: usize = 5000;
    /// What a session may still have opened for itself after its first line: the log store's files, for one.
    const OWN: usize = 8;

    #[test]
    fn ten_thousand_short_lived_children_leave_no_zombie_and_no_descriptor() {
        let brood = helper(&format!("brood {CHILDREN}"));
        let project = Project::with_procfile(&format!(
            "web: echo up; until test -e go; do sleep 0.01; done; {brood}; echo it is over; exec sleep 1000\n"
        ));
        let mut devrun = project.start();
        devrun.wait_for("| up");
        let both = [devrun.pid(), guardian_of(devrun.pid())];
        let before = both.map(descriptors);
        project.write("go", "");
        devrun.wait_for("| it is over");
        wait_until("zombies", || both.map(|pid| zombies(pid.as_raw())).concat());
        for (pid, before) in both.into_iter().zip(before) {
            wait_until("descriptors", || {
                let now = descriptors(pid);
                let is_flat = now <= before + OWN;
                if is_flat { Vec::new() } else { vec![now] }
            });
            has_little_memory(pid);
        }
        assert_eq!(devrun.interrupt(), 0);
        wait_until_nobody_is_left(&project);
    }

    fn wait_until<T: std::fmt::Debug>(what: &str, are_there: impl Fn() -> Vec<T>) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let there = are_there();
            if there.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "{what}: {there:?}");
            pause();
        }
    }

    fn descriptors(pid: Pid) -> usize {
        std::fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap()
            .count()
    }
}
