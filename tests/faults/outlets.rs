//! What devrun is given as stdin, stdout and stderr: a disk that is full, or nothing at all.

use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::bytes::Raw;
use crate::left::wait_until_nobody_is_left;
use crate::support::{PATIENCE, Project, pause};

/// It says something, and shows that it ran.
const WEB: &str = "web: echo hello; echo > ran; exec sleep 1000\n";

/// Every combination of 0, 1 and 2 that a caller may have closed, as a shell closes them.
fn closings() -> Vec<[bool; 3]> {
    let is_closed = |number: usize| [0, 1, 2].map(|descriptor| number >> descriptor & 1 == 1);
    (0..8).map(is_closed).collect()
}

/// devrun with these arguments and without those descriptors. What is not closed is `/dev/null`, so that nobody
/// has to read.
fn without(project: &Project, closed: [bool; 3], arguments: &[&str]) -> Command {
    let mut shell = Command::new("/bin/sh");
    project.prepare(&mut shell);
    let ends = ["<&-", ">&-", "2>&-"].into_iter().zip(closed);
    let ends: Vec<&str> = ends.filter(|(_, is)| *is).map(|(end, _)| end).collect();
    shell
        .args(["-c", &format!("exec \"$0\" \"$@\" {}", ends.join(" "))])
        .arg(env!("CARGO_BIN_EXE_devrun"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    shell
}

fn status_of(command: &mut Command) -> i32 {
    let mut child = Raw(command.spawn().unwrap());
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.0.try_wait().unwrap() {
            return status.code().expect("it exits");
        }
        assert!(Instant::now() < deadline, "it goes on");
        pause();
    }
}

#[test]
fn a_session_whose_caller_closed_any_of_0_1_and_2_runs_and_ends_in_order() {
    for closed in closings() {
        let project = Project::with_procfile(WEB);
        let command = without(&project, closed, &["start", "-p", "0"]).spawn();
        let mut devrun = Raw(command.unwrap());
        project.wait_for_file("ran");
        nothing_of_ours_is_a_standard_one(devrun.pid());
        devrun.signal(Signal::SIGTERM);
        let status = devrun.0.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{closed:?}");
        wait_until_nobody_is_left(&project);
        let logs = project.run(&["logs", "--raw"]);
        assert_eq!(logs.stdout, "hello\n", "{closed:?}");
    }
}

/// Nobody writes into a lock, a socket or a log because it has the number of stdout.
#[cfg(target_os = "linux")]
fn nothing_of_ours_is_a_standard_one(pid: Pid) {
    for pid in [pid, crate::kernel::guardian_of(pid)] {
        for descriptor in 0..=2 {
            let path = std::fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).unwrap();
            assert_eq!(
                path,
                std::path::Path::new("/dev/null"),
                "{descriptor} of {pid}"
            );
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn nothing_of_ours_is_a_standard_one(_: Pid) {}

#[test]
fn a_detached_session_goes_on_whatever_its_caller_closed() {
    for closed in closings() {
        let project = Project::with_procfile(WEB);
        let mut command = without(&project, closed, &["start", "-D", "-p", "0", "-t", "1"]);
        let mut front = Raw(command.spawn().unwrap());
        project.wait_for_file("ran");
        // It would wait for a port that nobody listens on: Ctrl-C leaves the session running.
        front.signal(Signal::SIGINT);
        assert_eq!(front.0.wait().unwrap().code(), Some(0), "{closed:?}");
        nothing_of_ours_is_a_standard_one(Pid::from_raw(project.session()));
        let stopped = status_of(&mut without(&project, closed, &["stop"]));
        assert_eq!(stopped, 0, "{closed:?}");
        wait_until_nobody_is_left(&project);
    }
}

#[test]
fn every_other_command_ends_as_it_does_with_all_three() {
    let project = Project::with_procfile(WEB);
    for arguments in [
        &["check"][..],
        &["ps"],
        &["logs"],
        &["run", "true"],
        &["nonsense"],
        &[],
    ] {
        let usual = status_of(&mut without(&project, [false; 3], arguments));
        for closed in closings() {
            let status = status_of(&mut without(&project, closed, arguments));
            assert_eq!(status, usual, "{arguments:?} without {closed:?}");
        }
    }
    let wrong = Project::with_procfile("nonsense\n");
    for closed in closings() {
        for arguments in [&["check"][..], &["start"], &["start", "-D"]] {
            let usual = if arguments == ["check"] { 1 } else { 2 };
            let status = status_of(&mut without(&wrong, closed, arguments));
            assert_eq!(status, usual, "{arguments:?} without {closed:?}");
        }
    }
}

#[test]
fn the_program_of_run_runs_whatever_is_closed() {
    for closed in closings() {
        let project = Project::with_procfile(WEB);
        let run = ["run", "sh", "-c", "echo > ran; exit 7"];
        assert_eq!(
            status_of(&mut without(&project, closed, &run)),
            7,
            "{closed:?}"
        );
        project.wait_for_file("ran");
    }
}

#[test]
fn an_error_that_is_told_to_somebody_who_has_gone_has_its_status_all_the_same() {
    let project = Project::with_procfile("nonsense\n");
    for (arguments, expected) in [(["check"], 1), (["start"], 2), (["stop"], 3)] {
        let (_, writes) = std::io::pipe().unwrap();
        let mut command = project.command(arguments);
        command.stdout(writes.try_clone().unwrap()).stderr(writes);
        assert_eq!(status_of(&mut command), expected, "{arguments:?}");
    }
}

/// A disk on which there is no room.
#[cfg(target_os = "linux")]
mod full {
    use std::fs::File;
    use std::process::Output;

    use super::*;

    const ALL: [[bool; 2]; 3] = [[true, false], [false, true], [true, true]];

    /// devrun to its end, with such a disk as stdout, as stderr or as both.
    fn run(project: &Project, [stdout, stderr]: [bool; 2], arguments: &[&str]) -> Output {
        let full = |is_full: bool| match is_full {
            true => Stdio::from(File::options().write(true).open("/dev/full").unwrap()),
            false => Stdio::piped(),
        };
        let mut command = project.command(arguments);
        command.stdout(full(stdout)).stderr(full(stderr));
        command.spawn().unwrap().wait_with_output().unwrap()
    }

    #[test]
    fn a_session_runs_on_and_says_by_its_status_that_output_was_lost() {
        for full in ALL {
            let project = Project::with_procfile("web: echo hello; echo > ran\n");
            let output = run(&project, full, &["start", "-p", "0"]);
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(project.directory().join("ran").exists());
            let expected = if full[0] { 1 } else { 0 };
            assert_eq!(output.status.code(), Some(expected), "{full:?}: {said}");
            if full == [true, false] {
                assert!(said.starts_with("error: output was lost"), "{said}");
            }
            let logs = project.run(&["logs", "--raw"]);
            assert_eq!(logs.stdout, "hello\n", "the store has it");
            wait_until_nobody_is_left(&project);
        }
    }

    #[test]
    fn so_it_does_with_events() {
        for full in ALL {
            let project = Project::with_procfile("web: echo hello\n");
            let output = run(&project, full, &["start", "-p", "0", "--json"]);
            let expected = if full[0] { 1 } else { 0 };
            assert_eq!(output.status.code(), Some(expected), "{full:?}");
        }
    }

    #[test]
    fn a_command_whose_answer_is_lost_says_so_by_its_status() {
        let project = Project::with_procfile("web: echo hello\n").file("bin/rails", "");
        assert_eq!(project.start().wait(), 0);
        for arguments in [
            &["check"][..],
            &["init"],
            &["env", "web"],
            &["logs"],
            &["logs", "--raw"],
            &["--help"],
            &["--version"],
            &["man"],
            &["schema"],
        ] {
            for full in [[true, false], [true, true]] {
                let output = run(&project, full, arguments);
                let said = String::from_utf8(output.stderr).unwrap();
                assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
                if !full[1] {
                    assert!(
                        said.contains("error: the output could not be written"),
                        "{arguments:?}: {said}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_error_that_nobody_can_be_told_has_its_status_all_the_same() {
        let project = Project::with_procfile("nonsense\n");
        let check = |arguments: &[&str], status: i32| {
            for full in [[false, true], [true, true]] {
                let output = run(&project, full, arguments);
                assert_eq!(output.status.code(), Some(status), "{arguments:?}");
            }
        };
        check(&["check"], 1);
        check(&["start"], 2);
        check(&["start", "-D"], 2);
        check(&["start", "--nonsense"], 2);
        check(&["nonsense"], 2);
        check(&[], 2);
        check(&["run"], 125);
        check(&["stop"], 3);
        check(&["ps", "--nonsense"], 2);
    }
}
