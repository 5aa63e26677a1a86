//! Who reads: one who stands still for a while or for ever, one who goes away, a disk that is full, nobody at all.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{ChildStdout, Stdio};
use std::time::Instant;

use nix::sys::signal::Signal;

use crate::bytes::{
    Bounded, Raw, has_less_memory_than, has_little_memory, is_whole, of, start_raw,
};
use crate::left::wait_until_nobody_is_left;
use crate::support::{Devrun, PATIENCE, Project, helper, pause};

/// More of them than all buffers between a process and its reader hold.
const FLOOD: usize = 400_000;
/// Of a clock that ticks ten times a second: until all buffers are full, and nothing moves any more.
const A_WHILE: usize = 5;
const SECONDS: usize = 20;
/// A grace in which all is said that there is to say, on a slow machine too.
const LONG: &str = "100";

/// It says nothing, and lets time be seen.
const CLOCK: &str = "clock: while :; do echo >> ticks; sleep 0.1; done\n";

fn flood() -> String {
    format!(
        "web: {}; echo > flooded; exec sleep 1000\n{CLOCK}",
        helper(&format!("flood {FLOOD}"))
    )
}

fn flooded() -> String {
    (1..=FLOOD).map(|line| format!("line {line}\n")).collect()
}

/// A session whose reader reads the beginning, and nothing more until he is asked to.
struct Stalled {
    devrun: Raw,
    stdout: Bounded<ChildStdout>,
    /// What he has read.
    output: Vec<u8>,
}

impl Stalled {
    /// Time goes by until all buffers are full.
    fn new(project: &Project, arguments: &[&str]) -> Self {
        let mut devrun = start_raw(project, arguments, Stdio::piped());
        let mut stdout = Bounded(devrun.0.stdout.take().unwrap());
        let mut output = vec![0; 4096];
        stdout.read_exact(&mut output).unwrap();
        let stalled = Self {
            devrun,
            stdout,
            output,
        };
        wait_for_ticks(project, A_WHILE);
        assert!(
            !project.directory().join("flooded").exists(),
            "it is slowed down"
        );
        stalled
    }

    /// He goes on, to the end.
    fn read_on(mut self) -> (i32, Vec<u8>, String) {
        self.stdout.read_to_end(&mut self.output).unwrap();
        let mut said = String::new();
        let mut stderr = self.devrun.0.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        let status = self.devrun.0.wait().unwrap().code().unwrap();
        (status, std::mem::take(&mut self.output), said)
    }
}

/// So many more than there are.
fn wait_for_ticks(project: &Project, count: usize) {
    let ticks = || std::fs::read(project.directory().join("ticks")).map_or(0, |it| it.len());
    let (before, deadline) = (ticks(), Instant::now() + PATIENCE);
    while ticks() < before + count {
        assert!(Instant::now() < deadline, "the clock stands still");
        pause();
    }
}

/// Waits for its end; the status.
pub fn end_of(devrun: &mut Raw) -> i32 {
    let begun = Instant::now();
    loop {
        if let Some(status) = devrun.0.try_wait().unwrap() {
            return status.code().expect("it exits");
        }
        assert!(begun.elapsed() < PATIENCE, "it goes on");
        pause();
    }
}

#[test]
fn a_reader_who_stalls_for_seconds_has_every_line_and_supervision_goes_on_meanwhile() {
    let crash = "crash: echo >> starts; test $(wc -l < starts) -gt 2 || exit 1; echo > again; exec sleep 1000\n";
    let project = Project::with_procfile(&format!("{}{crash}", flood()));
    let stalled = Stalled::new(&project, &[]);
    wait_for_ticks(&project, SECONDS);
    project.wait_for_file("again");
    has_little_memory(stalled.devrun.pid());
    let pid = stalled.devrun.pid();
    let ends = project.clone();
    let end = std::thread::spawn(move || {
        ends.wait_for_file("flooded");
        nix::sys::signal::kill(pid, Signal::SIGTERM).unwrap();
    });
    let (status, output, said) = stalled.read_on();
    end.join().unwrap();
    assert_eq!((status, said.as_str()), (0, ""));
    is_whole(&of("web.1  ", &output), flooded().as_bytes());
    wait_until_nobody_is_left(&project);
}

#[test]
fn a_reader_who_stalls_for_ever_holds_up_nobody() {
    for arguments in [&["-t", "1"][..], &["-t", "1", "--json"]] {
        let deaf = format!("deaf: {} > deaf\n", helper("ignore-term"));
        let project = Project::with_procfile(&format!("{}{deaf}", flood()));
        let mut stalled = Stalled::new(&project, arguments);
        stalled.devrun.signal(Signal::SIGTERM);
        // One second of grace, and two; for a reader who stalls nobody would wait so long as here.
        let status = end_of(&mut stalled.devrun);
        wait_until_nobody_is_left(&project);
        let (_, _, said) = stalled.read_on();
        assert_eq!(status, 1, "{said}");
        assert!(
            said.starts_with("error: ") && said.contains("were lost"),
            "{said}"
        );
    }
}

/// Nobody is asked to take what nobody reads.
#[test]
fn nor_does_one_who_reads_stderr_as_well() {
    let project = Project::with_procfile(&flood());
    let (reads, writes) = std::io::pipe().unwrap();
    let mut command = project.command(["start", "-p", "0", "-t", "1"]);
    command.stdout(writes.try_clone().unwrap()).stderr(writes);
    let mut devrun = Raw(command.spawn().unwrap());
    drop(command);
    wait_for_ticks(&project, A_WHILE);
    devrun.signal(Signal::SIGTERM);
    assert_eq!(end_of(&mut devrun), 1);
    wait_until_nobody_is_left(&project);
    drop(reads);
}

/// Of a process that has so much to say when it is stopped.
fn last_words(lines: usize) -> String {
    let words = helper(&format!("flood {lines}"));
    format!("last: trap '{words}; echo > said; exit' TERM; echo > up; sleep 1000 & wait\n")
}

/// Who says more than is kept is heard out, and not shown.
#[test]
fn nobody_is_killed_in_his_last_words_because_the_reader_stalls() {
    let project = Project::with_procfile(&format!("{}{}", flood(), last_words(1_000_000)));
    let mut stalled = Stalled::new(&project, &["-t", LONG]);
    project.wait_for_file("up");
    stalled.devrun.signal(Signal::SIGTERM);
    end_of(&mut stalled.devrun);
    project.wait_for_file("said");
    let logs = project.run(&["logs", "system"]);
    assert!(logs.stdout.contains("last.1 "), "{}", logs.stdout);
    assert!(!logs.stdout.contains("killed"), "{}", logs.stdout);
    wait_until_nobody_is_left(&project);
}

/// More than devrun ever has of memory for anything, and nobody takes any of it.
#[test]
fn last_words_without_an_end_are_dropped_and_counted_in_little_memory() {
    const WORDS: usize = 128 * 1024 * 1024;
    let words = helper(&format!("pour {WORDS}"));
    let last = format!(
        "last: trap '{words}; echo > said; until test -e go; do sleep 0.01; done; exit' TERM; \
                        echo > up; sleep 1000 & wait\n"
    );
    let project = Project::with_procfile(&format!("{}{last}", flood()));
    let mut stalled = Stalled::new(&project, &["-t", LONG]);
    project.wait_for_file("up");
    stalled.devrun.signal(Signal::SIGTERM);
    project.wait_for_file("said");
    has_less_memory_than(stalled.devrun.pid(), WORDS * 3 / 4);
    project.write("go", "");
    end_of(&mut stalled.devrun);
    wait_until_nobody_is_left(&project);
    let (status, _, said) = stalled.read_on();
    assert_eq!(status, 1, "{said}");
    let mut words = said.split_whitespace();
    let lost: Option<usize> = words.find_map(|word| word.parse().ok());
    assert!(lost.expect(&said) > WORDS, "nobody took any: {said}");
}

#[test]
fn nor_when_it_alone_is_stopped_or_started_again() {
    let project = Project::with_procfile(&format!("{}{}", flood(), last_words(40_000)));
    let stalled = Stalled::new(&project, &["-t", LONG]);
    for command in ["restart", "stop"] {
        project.wait_for_file("up");
        let mut asked = Devrun::spawn(project.command([command, "last"]));
        assert_eq!(asked.wait(), 0, "{}", asked.stderr.text());
        project.wait_for_file("said");
        std::fs::remove_file(project.directory().join("said")).unwrap();
    }
    let logs = project.run(&["logs", "system"]);
    assert!(!logs.stdout.contains("killed"), "{}", logs.stdout);
    stalled.devrun.signal(Signal::SIGTERM);
    let (_, output, _) = stalled.read_on();
    let words = String::from_utf8(of("last.1 ", &output)).unwrap();
    assert_eq!(words.matches("line 40000\n").count(), 2);
    wait_until_nobody_is_left(&project);
}

#[test]
fn a_reader_who_goes_away_ends_a_session_that_says_nothing() {
    let check = |arguments: &[&str], stdout: OwnedFd, reader: OwnedFd| {
        let project = Project::with_procfile(&CLOCK.replace("while", "echo up; while"));
        let mut devrun = start_raw(&project, arguments, stdout);
        let mut reader = Bounded(File::from(reader));
        reader.read_exact(&mut [0]).unwrap();
        wait_for_ticks(&project, A_WHILE);
        drop(reader);
        assert_eq!(end_of(&mut devrun), 0);
        wait_until_nobody_is_left(&project);
    };
    for arguments in [&["--quiet"][..], &["--json"]] {
        let (reads, writes) = std::io::pipe().unwrap();
        check(arguments, writes.into(), reads.into());
    }
    // As sshd and Node have it.
    let (ours, theirs) = UnixStream::pair().unwrap();
    check(&["--quiet"], theirs.into(), ours.into());
}

#[test]
fn a_follower_who_stalls_is_ended_by_a_signal_and_slows_nobody() {
    let project = Project::with_procfile(&format!(
        "web: echo up; until test -e go; do sleep 0.01; done; {}; echo > flooded; exec sleep 1000\n",
        helper("flood 100000")
    ));
    let mut devrun = project.start();
    devrun.wait_for("| up");
    for (number, signal) in [Signal::SIGINT, Signal::SIGTERM].into_iter().enumerate() {
        let mut command = project.command(["logs", "-f"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut follower = Raw(child.unwrap());
        let mut stdout = follower.0.stdout.take().unwrap();
        stdout.read_exact(&mut [0]).unwrap();
        if number == 0 {
            project.write("go", "");
        }
        project.wait_for_file("flooded");
        follower.signal(signal);
        end_of(&mut follower);
    }
    assert_eq!(devrun.interrupt(), 0);
    wait_until_nobody_is_left(&project);
}

/// What holds the pipe of a process after its end.
mod holders {
    use super::*;

    /// Its child lives on, and writes as soon as there is a file `go`.
    fn leaves_behind(then: &str) -> Project {
        Project::with_procfile(&format!(
            "web: (trap 'echo stopped; exit' TERM; until test -e go; do sleep 0.01; done; {}; \
             echo > said; sleep 1000 & wait) & {then}\n{CLOCK}",
            helper("flood 3000")
        ))
    }

    fn flooded() -> String {
        (1..=3000).map(|line| format!("line {line}\n")).collect()
    }

    #[test]
    fn what_a_daemon_writes_after_its_process_is_there() {
        let project = leaves_behind("echo bye; exit 0");
        let mut devrun = project.start_with(&["--no-timestamp"]);
        // The end is told, and nobody waits for the end of the pipe.
        devrun.wait_for("runs on as a daemon");
        project.write("go", "");
        project.wait_for_file("said");
        assert_eq!(devrun.interrupt(), 0);
        let expected = format!("bye\n{}stopped\n", flooded());
        is_whole(&of("web.1  ", &devrun.stdout.bytes()), expected.as_bytes());
        wait_until_nobody_is_left(&project);
    }

    #[test]
    fn a_failure_is_told_at_once_and_last_words_of_those_left_are_there() {
        let project = leaves_behind("until test -e fail; do sleep 0.01; done; exit 3");
        let mut devrun = project.start_with(&["--no-timestamp", "--restart", "never"]);
        devrun.wait_for("web.1 started");
        project.write("go", "");
        project.wait_for_file("said");
        project.write("fail", "");
        devrun.wait_for(
            "web.1 exited with status 3; 2 processes of its tree live on and got SIGTERM",
        );
        devrun
            .wait_for("| stopped\n")
            .wait_for("web.1 exited with status 3 ");
        assert_eq!(devrun.interrupt(), 3);
        let expected = format!("{}stopped\n", flooded());
        is_whole(&of("web.1  ", &devrun.stdout.bytes()), expected.as_bytes());
        wait_until_nobody_is_left(&project);
    }

    /// One who is no descendant of devrun: it is not waited for, and not ended.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_stranger_who_holds_the_pipe_holds_up_nobody() {
        use std::io::Write;
        let project = Project::with_procfile(&format!(
            "web: echo $$ > pid.draft; mv pid.draft pid; until test -e go; do sleep 0.01; done; echo bye\n{CLOCK}"
        ));
        let mut devrun = project.start_with(&["--no-timestamp", "--restart", "never"]);
        project.wait_for_file("pid");
        let pid = project.read("pid");
        let path = format!("/proc/{}/fd/1", pid.trim());
        let mut pipe = std::fs::File::options().write(true).open(path).unwrap();
        pipe.write_all(b"from a stranger\n").unwrap();
        devrun.wait_for("| from a stranger\n");
        project.write("go", "");
        devrun
            .wait_for("| bye\n")
            .wait_for("web.1 exited with status 0");
        let late = pipe.write_all(b"too late\n").unwrap_err();
        assert_eq!(late.kind(), std::io::ErrorKind::BrokenPipe);
        assert_eq!(devrun.interrupt(), 0);
        wait_until_nobody_is_left(&project);
    }
}
