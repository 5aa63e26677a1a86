//! System calls that fail, each at its first, second and third time in every process: strace injects the errors
//! into manager, guardian and children alike. Whatever fails, the session ends soon, says something, and leaves
//! nobody behind.

use std::fs::File;
use std::process::Command;
use std::time::Instant;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::left::wait_until_nobody_is_left;
use crate::support::{PATIENCE, Project, Seen, is_installed};

/// One that takes no SIGTERM, and one whose end is the end of all, with status 3.
const PROCFILE: &str =
    "web: trap '' TERM; while :; do sleep 0.05; done\njob: sleep 0.1; echo bye; exit 3\n";

#[test]
fn a_process_or_what_connects_it_cannot_be_had() {
    check("clone", "EAGAIN");
    check("clone3", "EAGAIN");
    check("pipe2", "EMFILE");
    check("openat", "EMFILE");
    check("epoll_ctl", "ENOMEM");
    check_at("socketpair", "EMFILE", 1);
}

#[test]
fn manager_and_guardian_cannot_talk() {
    check("sendmsg", "ENOMEM");
    check("sendmsg", "EPIPE");
    check("recvmsg", "ENOMEM");
    check("recvmsg", "EMFILE");
    check("poll", "ENOMEM");
}

#[test]
fn processes_cannot_be_looked_after() {
    check("prctl", "EINVAL");
    check("setsid", "EPERM");
    check("waitid", "ECHILD");
    check("kill", "EPERM");
    check("kill", "ESRCH");
    check("getdents64", "EIO");
}

#[test]
fn files_cannot_be_opened_or_locked() {
    check("openat", "ENOSPC");
    check("mkdir", "ENOSPC");
    check("flock", "ENOLCK");
    check("bind", "EADDRNOTAVAIL");
}

/// The runtime takes it for a bug, and panics. The guardian does the rest.
#[test]
fn a_manager_that_panics_leaves_nobody_behind() {
    if can_inject() {
        assert_eq!(run("epoll_wait", "EINVAL", 2).0, 101);
    }
}

/// Whoever opens the first one that is not to be had: it is another one with each limit.
#[test]
fn descriptors_run_out_one_after_the_other() {
    for limit in 6..24 {
        let project = Project::with_procfile(PROCFILE);
        let mut command = Command::new("/bin/sh");
        project.prepare(&mut command);
        let devrun = env!("CARGO_BIN_EXE_devrun");
        command.arg("-c").arg(format!(
            "ulimit -n {limit} && exec {devrun} start -p 0 -t 0.2 --restart never --on-exit shutdown"
        ));
        let mut devrun = project.spawn(command);
        let status = devrun.wait();
        let said = devrun.stdout.text() + &devrun.stderr.text();
        assert!([1, 2, 3, 126].contains(&status), "{limit}: {status} {said}");
        assert!(!said.contains("panicked") && !said.is_empty(), "{limit}");
        wait_until_nobody_is_left(&project);
    }
}

/// A pipe takes its pages when it is written to. Nobody takes a want of them for the end of the reader.
#[test]
fn what_a_pipe_has_no_memory_for_is_written_later() {
    if !can_inject() {
        return;
    }
    let project = Project::with_procfile("job: seq 1 5\n");
    let fifo = project.directory().join("out");
    mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    let mut command = Command::new("/bin/sh");
    project.prepare(&mut command);
    let traced = "exec strace -qq -o /dev/null -P \"$1\" -e inject=write:error=ENOMEM:when=1+2";
    let devrun = env!("CARGO_BIN_EXE_devrun");
    command.args(["-c", &format!("{traced} {devrun} start -p 0 > \"$1\""), "-"]);
    command.arg(&fifo);
    let reader = std::thread::spawn(move || Seen::new(File::open(fifo).unwrap()));
    let status = project.spawn(command).wait();
    let seen = reader.join().unwrap();
    seen.wait_for_end(Instant::now() + PATIENCE);
    let text = seen.text();
    assert_eq!(status, 0, "{text}");
    for line in 1..=5 {
        assert_eq!(
            text.matches(&format!("job.1  | {line}\n")).count(),
            1,
            "{text}"
        );
    }
    assert!(text.contains("done. up"), "{text}");
}

fn check(call: &str, errno: &str) {
    for time in 1..=3 {
        check_at(call, errno, time);
    }
}

fn check_at(call: &str, errno: &str, time: usize) {
    if !can_inject() {
        return;
    }
    let (status, said) = run(call, errno, time);
    let what = format!("{call} fails with {errno} at time {time}: status {status}, said {said}");
    assert!(!said.contains("panicked") && !said.is_empty(), "{what}");
    assert_ne!(status, 0, "job.1 failed, or devrun did: {what}");
}

/// Returns the status, and all that was said.
fn run(call: &str, errno: &str, time: usize) -> (i32, String) {
    let project = Project::with_procfile(PROCFILE);
    let mut command = Command::new("strace");
    project.prepare(&mut command);
    let fault = format!("inject={call}:error={errno}:when={time}");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &fault]);
    command.arg(env!("CARGO_BIN_EXE_devrun"));
    command.args(["start", "-p", "0", "-t", "0.2"]);
    command.args(["--restart", "never", "--on-exit", "shutdown"]);
    let mut devrun = project.spawn(command);
    let status = devrun.wait();
    wait_until_nobody_is_left(&project);
    (status, devrun.stdout.text() + &devrun.stderr.text())
}

/// A container may forbid to trace.
fn can_inject() -> bool {
    if !is_installed("strace") {
        return false;
    }
    let mut trial = Command::new("strace");
    let output = trial.args(["-o", "/dev/null", "true"]).output();
    let is_allowed = output.is_ok_and(|output| output.status.success());
    if !is_allowed {
        println!("strace may not trace here: left out");
    }
    is_allowed
}
