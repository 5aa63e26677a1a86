//! Three who follow the logs of a formation that writes 100,000 lines a second: each gets every line that was written,
//! and the formation waits for none of them.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::support::{Devrun, PATIENCE, Project, Seen, helper, pause};

const NAMES: [&str; 4] = ["one", "two", "three", "four"];
/// Of each of them.
const PER_SECOND: usize = 25_000;
const LINES: usize = 4 * PER_SECOND;
/// What each says before it writes.
const IS_UP: &str = "is up";

/// Four that write as soon as there is a file `go`, into a copy `NAME.written` as well.
fn formation() -> (Project, Devrun) {
    let line = |name: &&str| {
        let pace = helper(&format!("pace {LINES} {PER_SECOND} {name}.written"));
        format!("{name}: {pace}\n")
    };
    let project = Project::with_procfile(&NAMES.iter().map(line).collect::<String>());
    let mut devrun = project.start_with(&["--restart", "never"]);
    devrun.wait_for(IS_UP);
    (project, devrun)
}

/// A `devrun logs -f` of the four.
struct Follower {
    child: Child,
    notes: Seen,
}

impl Follower {
    fn new(project: &Project, stdout: Stdio) -> Self {
        let arguments = ["logs", "-f", "--no-timestamp"].iter().chain(&NAMES);
        let mut command = project.command(arguments);
        let child = command.stdout(stdout).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        let notes = Seen::new(child.stderr.take().unwrap());
        Self { child, notes }
    }

    /// Into that file. It follows when this returns.
    fn into_file(project: &Project, name: &str) -> Self {
        let file = File::create(project.directory().join(name)).unwrap();
        let follower = Self::new(project, file.into());
        let deadline = Instant::now() + PATIENCE;
        while project.read(name).matches(IS_UP).count() < NAMES.len() {
            assert!(Instant::now() < deadline, "{}", project.read(name));
            pause();
        }
        follower
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// It stands still when this returns.
    fn stop(&self) {
        kill(self.pid(), Signal::SIGSTOP).unwrap();
        let stopped = WaitStatus::Stopped(self.pid(), Signal::SIGSTOP);
        let status = waitpid(self.pid(), Some(WaitPidFlag::WUNTRACED));
        assert_eq!(status, Ok(stopped));
    }

    /// Waits until it ends because the session has.
    fn end(&mut self) {
        self.notes.wait_for_end(Instant::now() + PATIENCE);
        let note = self.notes.text();
        assert!(note.starts_with("the session ended at "), "{note}");
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was followed is, of each process, what it has written: each line once, in order, and then that it
/// has ended.
fn is_what_was_written(project: &Project, followed: &str) {
    let mut gaps = followed.lines().filter(|row| row.contains(" lost here: "));
    assert_eq!(gaps.next(), None);
    for name in NAMES {
        let written = project.read(&format!("{name}.written"));
        assert_eq!(written.lines().count(), LINES, "{name}");
        let start = format!("{name}.1");
        let rows = followed.lines().filter(|row| row.starts_with(&start));
        let mut rows = rows.map(|row| row.split_once(" | ").unwrap().1);
        assert_eq!(rows.next(), Some(IS_UP));
        for (number, line) in (1..).zip(written.lines()) {
            assert!(line.starts_with(&format!("line {number} at ")), "{line}");
            is_shown(line, &mut rows);
        }
        assert_eq!(rows.next(), None, "{name}");
    }
    let is_ones = |row: &&str| NAMES.iter().any(|name| row.starts_with(name));
    let others: Vec<&str> = followed.lines().filter(|row| !is_ones(row)).collect();
    assert_eq!(others.len(), NAMES.len(), "{others:?}");
    let is_end = |row: &&str| row.starts_with("system") && row.ends_with("exited with status 0");
    assert!(others.iter().all(is_end), "{others:?}");
}

/// In one row, or in several: on a machine that is busy a process may stand still in the middle of a line, which is
/// then shown as a prompt would be.
fn is_shown<'a>(line: &str, rows: &mut impl Iterator<Item = &'a str>) {
    let mut rest = line;
    while !rest.is_empty() {
        let row = rows.next().unwrap_or_else(|| panic!("{line} is missing"));
        let after = rest.strip_prefix(row).filter(|_| !row.is_empty());
        rest = after.unwrap_or_else(|| panic!("{row}, not {line}"));
    }
}

#[test]
fn three_have_every_line_and_one_of_them_reads_late() {
    let (project, mut devrun) = formation();
    let mut quick = ["a", "b"].map(|name| Follower::into_file(&project, name));
    let mut late = Follower::new(&project, Stdio::piped());
    let mut stdout = BufReader::new(late.child.stdout.take().unwrap());
    let mut text = String::new();
    for _ in NAMES {
        stdout.read_line(&mut text).unwrap();
    }
    project.write("go", "");
    assert_eq!(devrun.wait(), 0);
    quick.iter_mut().for_each(Follower::end);
    stdout.read_to_string(&mut text).unwrap();
    late.end();
    for name in ["a", "b"] {
        is_what_was_written(&project, &project.read(name));
    }
    is_what_was_written(&project, &text);
}

#[test]
fn nobody_waits_for_one_who_stands_still() {
    let (project, mut devrun) = formation();
    let mut stopped = Follower::into_file(&project, "stopped");
    stopped.stop();
    let before = project.read("stopped");
    project.write("go", "");
    assert_eq!(devrun.wait(), 0);
    assert_eq!(project.read("stopped"), before);
    kill(stopped.pid(), Signal::SIGCONT).unwrap();
    stopped.end();
    is_what_was_written(&project, &project.read("stopped"));
}
