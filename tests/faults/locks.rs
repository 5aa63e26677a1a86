//! The files whose locks say who runs an app and who has a port: what is done where they are no good.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;

use crate::left::wait_until_nobody_is_left;
use crate::support::{Project, helper};

const WEB: &str = "web: echo up; exec sleep 1000\n";

/// Each lock file of that user, with its inode.
fn locks(project: &Project) -> Vec<(PathBuf, u64)> {
    let directory = project.directory().with_file_name("run").join("devrun");
    let entries = fs::read_dir(directory).unwrap().flatten();
    let paths = entries.map(|entry| entry.path());
    let locks = paths.filter(|path| path.extension().is_some_and(|it| it == "lock"));
    let mut locks: Vec<_> = locks.map(|path| (path.clone(), inode(&path))).collect();
    locks.sort();
    locks
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

/// Whoever has it open would hold a lock on nothing.
#[test]
fn a_lock_file_is_the_same_one_whatever_becomes_of_its_sessions() {
    let project = Project::with_procfile(WEB);
    let start = |port: &str| {
        let mut devrun = project.spawn(project.command(["start", "-p", port]));
        devrun.wait_for("| up");
        devrun
    };
    let mut devrun = start("0");
    let port = devrun
        .value_after("PORT=")
        .trim_end_matches(')')
        .to_string();
    let first = locks(&project);
    assert_eq!(first.len(), 2, "of the app and of its port: {first:?}");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(locks(&project), first);
    start(&port).kill();
    assert_eq!(locks(&project), first);
    // Which waits for what the killed one has left.
    let mut devrun = start(&port);
    assert_eq!(locks(&project), first);
    assert_eq!(project.run(&["ps", "--all"]).status, 0);
    assert_eq!(project.run(&["stop"]).status, 0);
    assert_eq!(devrun.wait(), 0);
    assert_eq!(locks(&project), first);
    wait_until_nobody_is_left(&project);
}

/// A lock on what no longer has that name is none: of two sessions one would not know of the other.
#[test]
fn who_holds_a_lock_file_that_was_removed_is_not_taken_for_the_owner() {
    let project = Project::with_procfile(WEB);
    let mut first = project.start();
    first.wait_for("| up");
    let (lock, _) = locks(&project).into_iter().next().unwrap();
    fs::remove_file(&lock).unwrap();
    let mut second = project.start();
    second.wait_for("| up");
    let seen = project.run(&["ps", "--json"]).stdout;
    let pid = second.pid_of("web.1");
    assert!(seen.contains(&format!("\"pid\":{pid}")), "{seen}");
    assert_eq!(first.interrupt(), 0);
    assert_eq!(second.interrupt(), 0);
    wait_until_nobody_is_left(&project);
}

/// Its socket no longer answers, and its lock is held as long as something of it lives.
#[test]
fn what_a_killed_session_left_is_waited_for_visibly() {
    let procfile = format!("web: test -e again || {}; echo up\n", helper("ignore-term"));
    let project = Project::with_procfile(&procfile);
    let mut killed = project.start_with(&["-t", "4"]);
    killed.wait_for("| ignores SIGTERM");
    let pid = killed.pid_of("web.1");
    project.write("again", "");
    killed.kill();
    let mut next = project.start();
    next.wait_for("| up");
    assert!(!crate::support::is_alive(pid), "one after the other");
    let said = next.stderr.text() + &next.stdout.text();
    assert!(said.contains("is still being ended"), "{said}");
    assert_eq!(next.wait(), 0);
    wait_until_nobody_is_left(&project);
}

/// Who finds sessions finds them by their locks.
#[test]
fn a_session_that_has_no_lock_says_that_nobody_finds_it() {
    let project = Project::with_procfile(WEB);
    let mut devrun = project.start();
    devrun.wait_for("| up");
    assert_eq!(devrun.interrupt(), 0);
    let (lock, _) = locks(&project).into_iter().next().unwrap();
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let mut devrun = project.start();
    devrun.see("| up");
    let expected = format!(
        "system | ps, stop, restart and attach will not find this session: `{}` cannot be locked\n",
        lock.display()
    );
    devrun.see(&expected);
    assert_eq!(project.run(&["ps"]).status, 3);
    assert_eq!(devrun.signal(Signal::SIGTERM).wait(), 0);
    assert_eq!(devrun.count("will not find this session"), 1);
    wait_until_nobody_is_left(&project);
}
