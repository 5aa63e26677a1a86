//! The order in which manager, guardian and child are made, as the system sees it: of what each does before the next
//! is there hangs that nobody is left behind, and no signal lost.

use std::process::Command;

use crate::left::wait_until_nobody_is_left;
use crate::support::{Project, is_installed};

/// Each with the pid of who made it.
type Calls = Vec<(String, String)>;

const TRACED: &str = "flock,prlimit64,rt_sigaction,rt_sigprocmask,prctl,socketpair,clone,clone3,fork,vfork,setsid,\
    dup2,dup3,sendmsg,poll,ppoll,epoll_create1,epoll_wait,epoll_pwait,setpgid,getppid,chdir,close_range,execve";

/// In the order in which they began. `None`: nobody may trace.
fn traced(project: &Project) -> Option<Calls> {
    if !is_installed("strace") {
        return None;
    }
    let trace = project.directory().with_file_name("trace");
    let mut command = Command::new("strace");
    project.prepare(&mut command);
    command.args(["-f", "-qq", "-s", "16", "-e", "signal=none", "-o"]);
    command.arg(&trace).arg("-e").arg(format!("trace={TRACED}"));
    command.arg(env!("CARGO_BIN_EXE_devrun"));
    command.args(["start", "-p", "0", "--tty", "never"]);
    let mut devrun = project.spawn(command);
    let status = devrun.wait();
    let Ok(text) = std::fs::read_to_string(trace) else {
        println!("strace may not trace here: left out");
        return None;
    };
    assert_eq!(status, 0, "{}", devrun.stderr.text());
    let calls = text.lines().filter(|line| !line.contains("<... "));
    let parts = calls.filter_map(|line| line.split_once(' '));
    Some(
        parts
            .map(|(pid, call)| (pid.to_string(), call.trim_start().to_string()))
            .collect(),
    )
}

/// Of the calls of that process these are in this order, with others between them.
fn follows(calls: &Calls, pid: &str, expected: &[&str]) {
    let mut own = calls.iter().filter(|(by, _)| by == pid);
    for call in expected {
        let is_there = own.any(|(_, made)| made.starts_with(call));
        assert!(is_there, "no {call} in its place: {calls:#?}");
    }
}

/// Whoever makes that call first.
fn who<'a>(calls: &'a Calls, call: &str) -> &'a str {
    let first = calls.iter().find(|(_, made)| made.starts_with(call));
    &first.expect(call).0
}

/// The places of the calls of `pid` that begin so.
fn places(calls: &Calls, pid: &str, call: &str) -> Vec<usize> {
    let all = calls.iter().enumerate();
    all.filter(|(_, (by, made))| by == pid && made.starts_with(call))
        .map(|(place, _)| place)
        .collect()
}

const HELD_BACK: &str = "rt_sigprocmask(SIG_BLOCK, [HUP INT QUIT TERM CHLD]";
const RELEASED: &str = "rt_sigprocmask(SIG_UNBLOCK, [HUP INT QUIT TERM CHLD]";

#[test]
fn each_of_the_three_is_made_in_the_order_on_which_all_depends() {
    let project = Project::with_procfile("web: echo up\n");
    let Some(calls) = traced(&project) else {
        return;
    };
    let manager = who(&calls, "execve(");
    // Deaf and subreaper when it forks. All is locked before it hears signals by its handlers, and before it asks for a
    // process: what comes first is the locks.
    follows(
        &calls,
        manager,
        &[
            "rt_sigaction(SIGHUP, NULL",
            "rt_sigaction(SIGCHLD, {sa_handler=SIG_DFL",
            HELD_BACK,
            "prctl(PR_SET_CHILD_SUBREAPER, 1",
            "socketpair(AF_UNIX, SOCK_STREAM",
            "clone(",
            RELEASED,
            "flock(",
            HELD_BACK,
            "epoll_create1(",
            "rt_sigaction(SIGINT, {",
            "rt_sigaction(SIGTERM, {",
            "rt_sigaction(SIGHUP, {",
            "rt_sigaction(SIGQUIT, {",
            RELEASED,
            "sendmsg(",
        ],
    );
    // One thread until there is a guardian.
    let threads = calls
        .iter()
        .position(|(_, call)| call.contains("CLONE_THREAD"));
    let forks = places(&calls, manager, "clone(");
    assert!(threads.is_none_or(|thread| thread > forks[0]), "{calls:#?}");

    let guardian = who(&calls, "prctl(PR_SET_NAME, \"drguard\"");
    follows(
        &calls,
        guardian,
        &[
            "setsid(",
            "prctl(PR_SET_NAME, \"drguard\"",
            "prctl(PR_SET_CHILD_SUBREAPER, 1",
            "prctl(PR_SET_PDEATHSIG, SIGCONT",
            "dup2(",
            "rt_sigaction(SIGINT, {",
            "rt_sigaction(SIGTERM, {",
            "rt_sigaction(SIGHUP, {",
            "rt_sigaction(SIGQUIT, {",
            "rt_sigaction(SIGCHLD, {",
            RELEASED,
            "poll(",
            HELD_BACK,
            "clone(",
            "poll(",
            RELEASED,
        ],
    );
    // Nobody but the guardian forks from then on.
    assert_eq!(forks.len(), 1, "{calls:#?}");

    let child = who(&calls, "prctl(PR_SET_PDEATHSIG, SIGKILL");
    follows(
        &calls,
        child,
        &[
            "prctl(PR_SET_PDEATHSIG, SIGKILL",
            "getppid(",
            "setpgid(0, 0",
            "dup2(",
            "close_range(3, 4294967295, CLOSE_RANGE_CLOEXEC",
            "rt_sigaction(SIGHUP, {sa_handler=SIG_DFL",
            "rt_sigaction(SIGTERM, {sa_handler=SIG_DFL",
            "rt_sigprocmask(SIG_SETMASK, []",
            "execve(\"/bin/sh\"",
        ],
    );
    // Whoever signals its group finds it: the guardian waits until the child has founded it, and executes its program;
    // not in the fork itself, from which nothing would wake it.
    let mut forks = calls
        .iter()
        .filter(|(by, call)| by == guardian && call.starts_with("clone("));
    let is_shared = |call: &str| call.contains("CLONE_VM") && !call.contains("CLONE_VFORK");
    assert!(forks.any(|(_, call)| is_shared(call)), "{calls:#?}");
    wait_until_nobody_is_left(&project);
}
