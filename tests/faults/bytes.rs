//! What comes out: every byte that a process has written, as it was, wherever that goes, in bounded memory.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::process::{Child, Stdio};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::left::wait_until_nobody_is_left;
use crate::support::{Devrun, PATIENCE, Project, helper};

const MEBIBYTE: usize = 1024 * 1024;
/// Whatever is written.
const MOST_MEMORY: usize = 200 * MEBIBYTE;
/// The length of what the helper pours, between two numbers.
const NUMBER: usize = 64;
/// Behind what is poured.
const THE_END: &[u8] = b"\nthe end\n";

/// What a process called `web` wrote into a session's output without times: what stands behind its prefix.
pub fn of(process: &str, output: &[u8]) -> Vec<u8> {
    let prefix = format!("{process} | ");
    let lines = output.split_inclusive(|byte| *byte == b'\n');
    let mut written = Vec::new();
    for line in lines.filter_map(|line| line.strip_prefix(prefix.as_bytes())) {
        written.extend_from_slice(line);
    }
    written
}

/// What the helper pours.
pub fn poured(bytes: usize) -> Vec<u8> {
    let numbers = 0..bytes / NUMBER;
    let mut poured = Vec::with_capacity(bytes);
    for number in numbers {
        poured.extend_from_slice(format!("{number:0width$} ", width = NUMBER - 1).as_bytes());
    }
    poured
}

/// That this is what was written, said in few words if it is not.
pub fn is_whole(seen: &[u8], expected: &[u8]) {
    let is_other = |(seen, expected): (&u8, &u8)| seen != expected;
    let first = seen.iter().zip(expected).position(is_other);
    let (length, all) = (seen.len(), expected.len());
    assert!(
        seen == expected,
        "{length} bytes, not {all}; the first that differs is {first:?}"
    );
}

/// A process that writes so much without a newline, and goes on if it is to.
fn pours(bytes: usize, then: &str) -> Project {
    let pour = helper(&format!("pour {bytes}"));
    Project::with_procfile(&format!("web: {pour}; echo; echo the end; {then}\n"))
}

/// A devrun whose output goes where the test says, and which does not outlive it.
pub struct Raw(pub Child);

impl Raw {
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id() as i32)
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `devrun start` with these arguments; text is without times.
pub fn start_raw(project: &Project, arguments: &[&str], stdout: impl Into<Stdio>) -> Raw {
    let all = ["start", "-p", "0"].iter().chain(arguments);
    let mut command = project.command(all);
    if !arguments.contains(&"--json") {
        command.arg("--no-timestamp");
    }
    command.stdout(stdout).stderr(Stdio::piped());
    Raw(command.spawn().unwrap())
}

/// The most memory that it ever had, in bytes.
#[cfg(target_os = "linux")]
pub fn most_memory(pid: Pid) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.split("VmHWM:").nth(1).expect("every process has it");
    let kibibytes: usize = peak.split_whitespace().next().unwrap().parse().unwrap();
    kibibytes * 1024
}

/// Never had so many bytes.
#[cfg(target_os = "linux")]
pub fn has_less_memory_than(pid: Pid, bytes: usize) {
    let most = most_memory(pid);
    assert!(most < bytes, "{most} bytes, not less than {bytes}");
}

#[cfg(not(target_os = "linux"))]
pub fn has_less_memory_than(_: Pid, _: usize) {}

pub fn has_little_memory(pid: Pid) {
    has_less_memory_than(pid, MOST_MEMORY);
}

/// A reader who is not made to wait for ever.
pub struct Bounded<T>(pub T);

impl<T: Read + AsFd> Read for Bounded<T> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut polled = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        let most = PollTimeout::try_from(PATIENCE).unwrap();
        assert_ne!(poll(&mut polled, most), Ok(0), "nothing comes");
        self.0.read(buffer)
    }
}

/// Reads until that comes.
fn read_until(from: &mut impl Read, end: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    while !bytes.ends_with(end) {
        let count = from.read(&mut chunk).unwrap();
        let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(1000)..]);
        assert!(count > 0, "it ends with {text:?}");
        bytes.extend_from_slice(&chunk[..count]);
    }
    bytes
}

/// Where devrun has a word of its own while the process takes a breath, the line is broken.
const ALONE: &[&str] = &["--quiet"];

#[test]
fn sixty_four_mebibytes_without_a_newline_come_whole_in_little_memory() {
    let project = pours(64 * MEBIBYTE, "exec sleep 1000");
    let mut devrun = start_raw(&project, ALONE, Stdio::piped());
    let mut stdout = Bounded(devrun.0.stdout.take().unwrap());
    let output = read_until(&mut stdout, b"web.1  | the end\n");
    has_little_memory(devrun.pid());
    devrun.signal(Signal::SIGTERM);
    stdout.read_to_end(&mut Vec::new()).unwrap();
    assert!(devrun.0.wait().unwrap().success());
    let expected = [&poured(64 * MEBIBYTE)[..], THE_END].concat();
    is_whole(&of("web.1 ", &output), &expected);
    wait_until_nobody_is_left(&project);
}

#[test]
fn they_come_whole_into_a_file() {
    let project = pours(64 * MEBIBYTE, "");
    let path = project.directory().join("output");
    let mut devrun = start_raw(&project, ALONE, File::create(&path).unwrap());
    assert!(devrun.0.wait().unwrap().success());
    let output = std::fs::read(path).unwrap();
    let expected = [&poured(64 * MEBIBYTE)[..], THE_END].concat();
    is_whole(&of("web.1 ", &output), &expected);
}

/// Where the disk could not keep up, it is told of every byte that is missing.
#[test]
fn the_log_store_has_them_too() {
    let project = pours(32 * MEBIBYTE, "");
    let mut devrun = start_raw(&project, &[], Stdio::null());
    assert!(devrun.0.wait().unwrap().success());
    let expected = [&poured(32 * MEBIBYTE)[..], THE_END].concat();
    let mut logs = Devrun::spawn(project.command(["logs", "--raw"]));
    assert_eq!(logs.wait(), 0);
    let told = logs.stderr.text();
    let missing = |line: &str| -> usize {
        let slow = " bytes lost here: the disk was slower than the processes";
        let count = line.strip_suffix(slow).expect(line);
        count.parse().expect(line)
    };
    let missing: usize = told.lines().map(missing).sum();
    let kept = logs.stdout.bytes();
    assert_eq!(kept.len() + missing, expected.len(), "{told}");
    if missing == 0 {
        is_whole(&kept, &expected);
    }
}

#[test]
fn events_have_every_byte_of_a_line_without_an_end() {
    let project = pours(8 * MEBIBYTE, "");
    let mut devrun = project.start_with(&["--json"]);
    assert_eq!(devrun.wait(), 0);
    let expected = [&poured(8 * MEBIBYTE)[..], THE_END].concat();
    is_whole(&of_events(&devrun.stdout.text()), &expected);
}

/// The text of all its lines.
fn of_events(text: &str) -> Vec<u8> {
    let events = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let logs = events.filter(|event: &serde_json::Value| event["event"] == "log");
    let mut written = Vec::new();
    for log in logs {
        written.extend_from_slice(log["line"].as_str().unwrap().as_bytes());
        if log["partial"] != true {
            written.push(b'\n');
        }
    }
    written
}

/// Each as a process writes it, in one line or several.
const ODD: [(&str, &[u8]); 8] = [
    ("NUL", b"a\0b\0\n\0\n"),
    ("no UTF-8", b"caf\xe9\n\xff\xfe\n\xf0\x9f\x98\n\xc0\x80\n"),
    ("CRLF", b"one\r\n\r\ntwo\r\n"),
    ("a progress bar", b"10%\r20%\r\x1b[K30%\r100%\n"),
    ("an open colour", b"\x1b[31mred\nstill red\n\x1b[1m\n"),
    ("half an escape sequence", b"\x1b[3\n\x1b]0;title\n\x1b\n"),
    ("empty lines", b"\n\n \n\t\n"),
    ("a long one", &[b'x'; 70_000]),
];

#[test]
fn odd_bytes_are_in_a_pipe_in_a_file_and_in_the_store_as_they_were() {
    let bytes: Vec<u8> = ODD.iter().flat_map(|(_, bytes)| *bytes).copied().collect();
    let project = Project::with_procfile("web: cat bytes\n").file("bytes", &bytes);
    let mut expected = bytes;
    expected.push(b'\n');
    let mut devrun = project.start_with(&["--no-timestamp"]);
    assert_eq!(devrun.wait(), 0);
    is_whole(&of("web.1 ", &devrun.stdout.bytes()), &expected);
    let path = project.directory().join("output");
    let mut devrun = start_raw(&project, &[], File::create(&path).unwrap());
    assert!(devrun.0.wait().unwrap().success());
    is_whole(&of("web.1 ", &std::fs::read(path).unwrap()), &expected);
    let mut logs = Devrun::spawn(project.command(["logs", "--raw"]));
    assert_eq!(logs.wait(), 0);
    // What has no newline at its end has none there.
    is_whole(&logs.stdout.bytes(), &expected[..expected.len() - 1]);
}

/// The first half of a character is there, and nothing is shown of it until the other one comes.
#[test]
fn a_character_that_is_written_in_two_halves_is_one() {
    let halves = "web: printf 'caf\\303'; until test -e go; do sleep 0.01; done; printf '\\251 au lait\\n'\n";
    let check = |arguments: &[&str], half: &str, whole: &str| {
        let project = Project::with_procfile(halves);
        let mut devrun = project.start_with(arguments);
        devrun.wait_for(half);
        project.write("go", "");
        assert_eq!(devrun.wait(), 0);
        let text = String::from_utf8(devrun.stdout.bytes()).expect("every character is whole");
        assert!(text.contains(whole), "{text}");
    };
    check(&[], "| caf", "| caf\u{e9} au lait\n");
    let half = r#""line":"caf","partial":true"#;
    check(&["--json"], half, "\"line\":\"\u{e9} au lait\"");
}

#[test]
fn two_programs_that_write_by_turns_are_in_the_order_of_writing() {
    let project = Project::with_procfile(
        "web: i=0; while [ $i -lt 300 ]; do i=$((i+1)); /bin/echo out $i; /bin/echo err $i >&2; done\n",
    );
    let mut devrun = project.start_with(&["--no-timestamp"]);
    assert_eq!(devrun.wait(), 0);
    let expected: String = (1..=300).map(|i| format!("out {i}\nerr {i}\n")).collect();
    is_whole(&of("web.1 ", &devrun.stdout.bytes()), expected.as_bytes());
}
