//! Too few processes and threads (`ulimit -u`). That binds no root and counts all processes of a user: so devrun runs as
//! a user that nobody else is, which takes root.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::resource::Resource;

use crate::copy::copy_program;
use crate::left::wait_until_nobody_is_left;
use crate::scarcity::limited;
use crate::support::{Devrun, Project};

/// devrun with these arguments as a user of its own, to whom the project belongs. `None`: only root can do that.
pub fn as_somebody(project: &Project, arguments: &[&str]) -> Option<Command> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if !nix::unistd::geteuid().is_root() {
        println!("not root: what only another user sees is left out");
        return None;
    }
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let user = 200_000 + std::process::id() % 100_000 * 64 + number;
    let directory = project.directory();
    let root = directory.parent().unwrap();
    let owner = format!("{user}:{user}");
    let status = Command::new("chown")
        .arg("-R")
        .arg(owner)
        .arg(root)
        .status();
    assert!(status.unwrap().success());
    // Where it was built, another user may not look.
    let program = root.join("devrun");
    let built = env!("CARGO_BIN_EXE_devrun");
    if std::fs::hard_link(built, &program).is_err() {
        copy_program(built.as_ref(), &program);
    }
    let mut command = Command::new(program);
    project.prepare(&mut command);
    command.args(arguments).uid(user).gid(user);
    Some(command)
}

/// Of processes and threads, devrun's own among them.
fn start_with(project: &Project, processes: u64, arguments: &[&str]) -> Option<Devrun> {
    let command = as_somebody(project, &[&["start", "-p", "0"], arguments].concat())?;
    Some(project.spawn(limited(command, Resource::RLIMIT_NPROC, processes)))
}

fn words(limit: u64) -> String {
    format!("Resource temporarily unavailable (too many processes? `ulimit -u` is {limit})")
}

#[test]
fn without_a_guardian_or_a_thread_that_writes_nothing_is_started() {
    // The guardian; the thread that writes to stdout; the session of a front.
    for (processes, arguments) in [(1, &[][..]), (2, &[]), (1, &["--detach"])] {
        let project = Project::with_procfile("web: echo never\n");
        let Some(mut devrun) = start_with(&project, processes, arguments) else {
            return;
        };
        assert_eq!(devrun.wait(), 2, "{processes}");
        let expected = format!(
            "error: the session could not be started\n caused by: {}\n",
            words(processes)
        );
        assert_eq!(devrun.stderr.text(), expected);
        assert_eq!(devrun.stdout.text(), "");
        // It was waited for.
        assert_eq!(crate::left::left(&project), [] as [String; 0]);
    }
}

#[test]
fn a_store_and_a_process_that_cannot_be_had_are_said() {
    let project = Project::with_procfile("web: echo never\n");
    let Some(mut devrun) = start_with(&project, 3, &[]) else {
        return;
    };
    devrun
        .see("the log store has stopped: Resource temporarily unavailable; devrun logs ends here");
    devrun.see(&format!("web.1 could not be started: {}\n", words(3)));
    assert_eq!(devrun.wait(), 126);
    wait_until_nobody_is_left(&project);
}

#[test]
fn who_can_be_started_runs_and_who_cannot_is_named() {
    let project = Project::with_procfile("web: echo up; exec sleep 1000\nlate: echo never\n");
    // Of devrun's: the manager, the guardian, the threads that write to stdout and to the store.
    let Some(mut devrun) = start_with(&project, 5, &[]) else {
        return;
    };
    devrun.see("web.1  | up\n");
    devrun.see(&format!("late.1 could not be started: {}\n", words(5)));
    assert_eq!(devrun.interrupt(), 126);
    assert!(!devrun.stdout.text().contains("never"));
    wait_until_nobody_is_left(&project);
}

#[test]
fn what_only_looks_needs_nobody() {
    for arguments in [&["check"][..], &["env", "web"], &["url"]] {
        let project = Project::with_procfile("web: true\n");
        let Some(command) = as_somebody(&project, arguments) else {
            return;
        };
        let mut devrun = project.spawn(limited(command, Resource::RLIMIT_NPROC, 1));
        assert_eq!(devrun.wait(), 0, "{arguments:?}");
    }
}
