//! No byte is lost, torn or reordered.

use std::io::Read;
use std::process::Stdio;

use crate::support::{Project, helper, wait_until_gone};

/// What one process wrote: the bytes behind its prefix.
fn of(process: &str, output: &[u8]) -> Vec<u8> {
    let prefix = format!("{process} | ");
    let lines = output.split_inclusive(|byte| *byte == b'\n');
    let lines = lines.filter_map(|line| {
        let at = line
            .windows(prefix.len())
            .position(|window| window == prefix.as_bytes())?;
        Some(&line[at + prefix.len()..])
    });
    lines.flatten().copied().collect()
}

fn numbered(count: usize) -> String {
    (1..=count).map(|line| format!("line {line}\n")).collect()
}

#[test]
fn twenty_thousand_lines_and_a_sudden_end_are_all_there() {
    let mut devrun = Project::with_procfile(&format!("web: {}\n", helper("flood 20000"))).start();
    assert_eq!(devrun.wait(), 0);
    let seen = of("web.1 ", &devrun.stdout.bytes());
    assert!(String::from_utf8(seen).unwrap() == numbered(20_000));
}

#[test]
fn two_floods_do_not_tear_each_others_lines() {
    let flood = helper("flood 20000");
    let mut devrun = Project::with_procfile(&format!("a: {flood}\nb: {flood}\n")).start();
    assert_eq!(devrun.wait(), 0);
    for process in ["a.1   ", "b.1   "] {
        let seen = of(process, &devrun.stdout.bytes());
        assert!(
            String::from_utf8(seen).unwrap() == numbered(20_000),
            "{process}"
        );
    }
}

#[test]
fn what_a_killed_process_wrote_is_there() {
    let project = Project::with_procfile(&format!("web: {}; kill -9 $$\n", helper("flood 5000")));
    let mut devrun = project.start_with(&["--restart", "never"]);
    assert_eq!(devrun.wait(), 137);
    let seen = of("web.1 ", &devrun.stdout.bytes());
    assert!(String::from_utf8(seen).unwrap() == numbered(5000));
}

#[test]
fn lines_written_on_sigterm_are_there() {
    let flood = helper("flood 3000");
    let project = Project::with_procfile(&format!(
        "web: trap '{flood}; exit' TERM; echo up; sleep 1000 & wait\n"
    ));
    let mut devrun = project.start();
    devrun.wait_for("| up");
    assert_eq!(devrun.interrupt(), 0);
    let seen = of("web.1 ", &devrun.stdout.bytes());
    assert!(String::from_utf8(seen).unwrap() == format!("up\n{}", numbered(3000)));
}

#[test]
fn bytes_pass_into_a_pipe_as_they_are() {
    let project = Project::with_procfile("web: cat bytes\n");
    let bytes: Vec<u8> = (0..=255).chain(*b"\r\n\x1b[2Jx\rlast").collect();
    project.write("bytes", &bytes);
    let mut devrun = project.start();
    assert_eq!(devrun.wait(), 0);
    let mut expected = bytes;
    expected.push(b'\n');
    let seen = devrun.stdout.bytes();
    let start = b"web.1  | ";
    let at = seen
        .windows(start.len())
        .position(|window| window == start)
        .unwrap()
        + start.len();
    let text = String::from_utf8_lossy(&seen).into_owned();
    // The byte 10 among them is a newline, behind which there is a new prefix.
    let newline = expected.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    assert!(seen[at..].starts_with(&expected[..newline]), "{text}");
    let rest = &seen[at + newline..];
    let at = rest
        .windows(start.len())
        .position(|window| window == start)
        .unwrap()
        + start.len();
    let second = expected[newline..]
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap()
        + newline
        + 1;
    assert!(rest[at..].starts_with(&expected[newline..second]), "{text}");
    assert!(text.contains("| \u{1b}[2Jx\rlast\n"), "{text}");
}

#[test]
fn a_line_of_many_mebibytes_is_one_line() {
    let mut devrun =
        Project::with_procfile("web: head -c 8388608 /dev/zero | tr '\\0' x\n").start();
    assert_eq!(devrun.wait(), 0);
    let seen = of("web.1 ", &devrun.stdout.bytes());
    assert_eq!(seen.len(), 8 * 1024 * 1024 + 1);
}

#[test]
fn a_prompt_is_shown_and_holds_nobody_up() {
    let project = Project::with_procfile(
        "web: printf 'name? '; sleep 1000\nother: sleep 0.1; echo on; sleep 1000\n",
    );
    let mut devrun = project.start();
    devrun.stdout.wait_for("web.1   | name? ", 0);
    devrun.stdout.wait_for("other.1 | on", 0);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn stdout_and_stderr_keep_their_order() {
    let project =
        Project::with_procfile("web: for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done\n");
    let mut devrun = project.start();
    assert_eq!(devrun.wait(), 0);
    let seen = String::from_utf8(of("web.1 ", &devrun.stdout.bytes())).unwrap();
    let expected: String = (1..=5).map(|i| format!("out {i}\nerr {i}\n")).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_reader_that_goes_away_ends_the_session() {
    let project = Project::with_procfile("web: while echo x; do :; done\nother: sleep 1000\n");
    let mut command = project.command(["start", "-p", "0"]);
    command.stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0; 4096];
    stdout.read_exact(&mut first).unwrap();
    let first = String::from_utf8_lossy(&first).into_owned();
    let pid = first.split("web.1 started (pid ").nth(1).unwrap();
    let pid: i32 = pid.split(',').next().unwrap().parse().unwrap();
    drop(stdout);
    assert!(
        child.wait().unwrap().success(),
        "a reader that went away is no failure"
    );
    wait_until_gone(pid);
}

#[test]
fn a_slow_reader_slows_the_children_and_loses_nothing() {
    let project = Project::with_procfile(&format!(
        "web: {}; echo flooded > done\n",
        helper("flood 1000000")
    ));
    let mut command = project.command(["start", "-p", "0", "--no-timestamp"]);
    command.stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut output = vec![0; 4096];
    stdout.read_exact(&mut output).unwrap();
    // 14 MB are more than all buffers between here and there: the child has to wait.
    assert!(!project.directory().join("done").exists());
    stdout.read_to_end(&mut output).unwrap();
    assert!(child.wait().unwrap().success());
    let seen = of("web.1 ", &output);
    assert!(String::from_utf8(seen).unwrap() == numbered(1_000_000));
}

#[test]
fn colours_are_forced_or_left_out() {
    let project = Project::with_procfile("web: echo x\n");
    let mut devrun = project.start_with(&["--color", "always", "--no-timestamp"]);
    devrun.wait_for("\u{1b}[36mweb.1  |\u{1b}[0m x\n");
    assert_eq!(devrun.wait(), 0);
    let mut devrun = project.start();
    assert_eq!(devrun.wait(), 0);
    assert!(!devrun.stdout.text().contains('\u{1b}'));
}

#[test]
fn the_time_has_the_form_that_is_asked_for() {
    let project = Project::with_procfile("web: echo x\n");
    let shape = |form: &str| {
        let mut devrun = project.start_with(&["--timestamp", form]);
        assert_eq!(devrun.wait(), 0);
        let said = devrun.stdout.text();
        let line = said.lines().find(|line| line.ends_with("| x")).unwrap();
        line.replace(|c: char| c.is_ascii_digit(), "0")
            .replace('-', "+")
    };
    assert_eq!(shape("short"), "00:00:00 web.0  | x");
    assert_eq!(shape("ms"), "00:00:00.000 web.0  | x");
    assert_eq!(shape("iso"), "0000+00+00T00:00:00.000+00:00 web.0  | x");
    assert_eq!(shape("elapsed"), "0:00:00 web.0  | x");
    assert_eq!(shape("none"), "web.0  | x");
}
