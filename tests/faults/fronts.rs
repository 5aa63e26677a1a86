//! `start --detach` with a reader who stands still: Ctrl-C is heard all the same, and nothing is lost where he goes on.

use std::io::{PipeReader, Read, Write};
use std::process::Stdio;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::Signal;

use crate::bytes::Raw;
use crate::left::wait_until_nobody_is_left;
use crate::readers::end_of;
use crate::support::Project;

/// A pipe in which there is room for nothing, what fills it, and its reader.
fn full_pipe() -> (Stdio, usize, PipeReader) {
    let (reads, mut writes) = std::io::pipe().unwrap();
    fcntl(&writes, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    let mut filled = 0;
    for piece in [4096, 1] {
        while let Ok(count) = writes.write(&vec![b'.'; piece]) {
            filled += count;
        }
    }
    fcntl(&writes, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    (Stdio::from(writes), filled, reads)
}

/// The front of a session whose first words nobody takes, nor what it says on stderr.
fn front(project: &Project) -> (Raw, usize, PipeReader) {
    let (stdout, filled, reads) = full_pipe();
    let (stderr, ..) = full_pipe();
    let mut command = project.command(["start", "-D", "-p", "0", "-t", "1"]);
    command.stdout(stdout).stderr(stderr);
    (Raw(command.spawn().unwrap()), filled, reads)
}

/// Nobody listens on its port: it is waited for.
const WEB: &str = "web: echo > ran; exec sleep 1000\n";

#[test]
fn ctrl_c_leaves_a_session_running_though_nobody_reads() {
    let project = Project::with_procfile(WEB);
    let (mut front, _, reader) = front(&project);
    project.wait_for_file("ran");
    front.signal(Signal::SIGINT);
    assert_eq!(end_of(&mut front), 0);
    assert!(project.has_session());
    project.end_session();
    wait_until_nobody_is_left(&project);
    drop(reader);
}

#[test]
fn a_front_whose_session_was_stopped_ends_by_ctrl_c_though_nobody_reads() {
    let project = Project::with_procfile(WEB);
    let (mut front, _, reader) = front(&project);
    project.wait_for_file("ran");
    project.end_session();
    crate::support::wait_until(|| !project.has_session());
    front.signal(Signal::SIGINT);
    end_of(&mut front);
    wait_until_nobody_is_left(&project);
    drop(reader);
}

#[test]
fn who_reads_late_has_all_that_was_said() {
    let project = Project::with_procfile("job: echo > ran\n");
    let (mut front, filled, mut reader) = front(&project);
    project.wait_for_file("ran");
    crate::support::wait_until(|| !project.has_session());
    let mut output = String::new();
    reader.read_to_string(&mut output).unwrap();
    let said = &output[filled..];
    for words in ["Procfile, 1 process", "job.1 started", "done. up "] {
        assert!(said.contains(words), "{words:?} in {said}");
    }
    assert_eq!(end_of(&mut front), 0);
    wait_until_nobody_is_left(&project);
}
