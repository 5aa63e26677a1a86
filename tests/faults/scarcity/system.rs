//! What the system lacks: /proc, terminals, watches; and calls that it refuses.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::left::wait_until_nobody_is_left;
use crate::scarcity::mounts;
use crate::support::{Devrun, Project, is_installed};

const WEB: &str = "web: echo up; exec sleep 1000\n";

#[test]
fn without_proc_it_is_said_what_cannot_be_seen() {
    let project = Project::with_procfile(WEB);
    let Some(mut devrun) = mounts::start(&project, "mount -t tmpfs none /proc", &[]) else {
        return;
    };
    devrun.see(
        "system | there is no /proc: who listens, and what becomes a daemon, cannot be seen\n",
    );
    devrun.see("web.1  | up\n");
    assert_eq!(devrun.interrupt(), 0);
    wait_until_nobody_is_left(&project);
}

#[test]
fn without_terminals_processes_get_pipes() {
    let project = Project::with_procfile(
        "a: test -t 1 && echo terminal || echo pipe; exec sleep 1000\nb: test -t 1 && echo terminal || echo pipe; exec sleep 1000\n",
    );
    for (mount, terminals) in [
        ("mount --bind /dev/null /dev/ptmx", 0),
        (
            "mount -t devpts -o newinstance,max=1,ptmxmode=0666 none /dev/pts; mount --bind /dev/pts/ptmx /dev/ptmx",
            1,
        ),
    ] {
        let Some(mut devrun) = mounts::start(&project, mount, &["--tty", "always"]) else {
            return;
        };
        devrun.see(if terminals == 0 {
            "a.1    | pipe"
        } else {
            "a.1    | terminal"
        });
        devrun.see("b.1    | pipe");
        assert_eq!(devrun.interrupt(), 0);
        wait_until_nobody_is_left(&project);
    }
}

/// devrun, where the kernel refuses a call as `fault` has it. `None`: that takes strace, which is said.
fn faulty(project: &Project, fault: &str, arguments: &[&str]) -> Option<Devrun> {
    faulty_at(project, fault, None, arguments)
}

/// Only where a call is about that path.
fn faulty_at(
    project: &Project,
    fault: &str,
    path: Option<&Path>,
    arguments: &[&str],
) -> Option<Devrun> {
    if !is_installed("strace") {
        return None;
    }
    let mut command = Command::new("strace");
    project.prepare(&mut command);
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", "signal=none"]);
    command.arg("-e").arg(format!("inject={fault}"));
    if let Some(path) = path {
        command.arg("-P").arg(path);
    }
    command.arg(env!("CARGO_BIN_EXE_devrun")).args(arguments);
    Some(project.spawn(command))
}

#[test]
fn a_system_without_room_or_leave_for_a_guardian_is_refused() {
    for (fault, words) in [
        (
            "clone,clone3,fork,vfork:error=ENOMEM:when=1",
            "Cannot allocate memory",
        ),
        ("prctl:error=EPERM:when=1", "Operation not permitted"),
        (
            "socketpair:error=ENFILE:when=1",
            "Too many open files in system",
        ),
        (
            "epoll_create1:error=ENFILE",
            "Too many open files in system",
        ),
        ("eventfd2:error=EMFILE", "Too many open files"),
    ] {
        let project = Project::with_procfile("web: echo never\n");
        let Some(mut devrun) = faulty(&project, fault, &["start", "-p", "0"]) else {
            return;
        };
        assert_eq!(devrun.wait(), 2, "{fault}");
        let said = devrun.stderr.text();
        let expected = format!("error: the session could not be started\n caused by: {words}");
        assert!(said.starts_with(&expected), "{said}");
        assert!(!devrun.stdout.text().contains("never"));
        wait_until_nobody_is_left(&project);
    }
}

#[test]
fn a_guardian_that_cannot_be_one_ends_the_session() {
    for fault in ["setsid:error=EPERM:when=1", "prctl:error=EPERM:when=2"] {
        let project = Project::with_procfile("web: echo up; exec sleep 1000\n");
        let Some(mut devrun) = faulty(&project, fault, &["start", "-p", "0"]) else {
            return;
        };
        devrun.see("system | the guardian is gone: ending what it had started\n");
        assert_eq!(devrun.wait(), 1, "{fault}");
        wait_until_nobody_is_left(&project);
    }
}

#[test]
fn a_fork_that_is_refused_for_a_restart_is_tried_again() {
    let project = Project::with_procfile("web: test -e up && exec sleep 1000; : > up; exit 1\n");
    // The second of the guardian: nobody else forks as often, and threads come by another call.
    let fault = "clone,fork,vfork:error=EAGAIN:when=2";
    let Some(mut devrun) = faulty(&project, fault, &["start", "-p", "0"]) else {
        return;
    };
    devrun.wait_for("web.1 exited with status 1 ");
    devrun.wait_for("web.1 could not be started: Resource temporarily unavailable");
    devrun.wait_for("; restart 2 in 1 s\n");
    devrun.wait_for("web.1 started (pid ");
    assert_eq!(project.run(&["stop"]).status, 0);
    assert_eq!(devrun.wait(), 0);
    wait_until_nobody_is_left(&project);
}

/// As on a file system that does not answer.
#[test]
fn a_start_that_is_held_up_holds_nobody_else_up() {
    let project =
        Project::with_procfile("slow: echo late; exec sleep 1000\nweb: echo up; exec sleep 1000\n");
    project.write("devrun.yaml", "processes:\n  slow:\n    cwd: slow\n");
    std::fs::create_dir(project.directory().join("slow")).unwrap();
    // Microseconds: longer than anybody waits.
    let fault = "chdir:delay_enter=600000000";
    let slow = project.directory().join("slow");
    let arguments = ["start", "-p", "0", "--tty", "never"];
    let Some(mut devrun) = faulty_at(&project, fault, Some(&slow), &arguments) else {
        return;
    };
    // The guardian serves others meanwhile.
    devrun.wait_for("web.1  | up\n");
    assert_eq!(devrun.count("late\n"), 0);
    // Without strace it gets on.
    devrun.signal(Signal::SIGKILL);
    devrun.wait_for("slow.1 | late\n");
    assert_eq!(project.run(&["stop"]).status, 0);
    wait_until_nobody_is_left(&project);
}

/// Newer than the system may be, or nice to have.
#[test]
fn what_an_older_system_has_not_is_done_without() {
    for fault in [
        "pidfd_open:error=ENOSYS",
        "memfd_create:error=ENOSYS",
        "close_range:error=ENOSYS",
        "flock:error=ENOLCK",
    ] {
        let project = Project::with_procfile(WEB);
        let Some(mut devrun) = faulty(&project, fault, &["start", "-p", "0"]) else {
            return;
        };
        devrun.see("web.1  | up\n");
        // To strace, which passes it on to nobody: devrun is asked by its own command.
        let stopped = project.run(&["stop"]);
        assert!(
            stopped.status == 0 || fault.starts_with("flock"),
            "{fault}: {stopped:?}"
        );
        if stopped.status != 0 {
            let pid = project.session();
            nix::sys::signal::kill(
                nix::unistd::Pid::from_raw(pid),
                nix::sys::signal::Signal::SIGINT,
            )
            .unwrap();
        }
        assert_eq!(devrun.wait(), 0, "{fault}");
        wait_until_nobody_is_left(&project);
    }
}

#[test]
fn logs_are_followed_without_a_watch_too() {
    let project = Project::with_procfile(
        "web: echo first; while [ ! -e go ]; do sleep 0.01; done; echo second; exec sleep 1000\n",
    );
    let mut devrun = project.start();
    devrun.see("| first");
    let Some(mut logs) = faulty(&project, "inotify_init1:error=EMFILE", &["logs", "-f"]) else {
        return;
    };
    logs.see("| first");
    project.write("go", "");
    logs.see("| second");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(logs.wait(), 0);
}
