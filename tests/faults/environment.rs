//! Environments that are large, odd, broken or not there: what devrun was started with reaches its children
//! byte for byte, and what the system would not take is refused by its name.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::Command;

use crate::left::wait_until_nobody_is_left;
use crate::support::{Devrun, Project, helper};

const KIBIBYTE: usize = 1024;
/// Writes into a file what its shell was started with, before that has made its own of it.
const DUMP: &str = "web: cat /proc/$$/environ > dump; true\n";

/// What a process of devrun's had, each as `NAME=value`.
fn dumped(project: &Project) -> Vec<Vec<u8>> {
    let dump = fs::read(project.directory().join("dump")).unwrap();
    let parts = dump
        .split(|byte| *byte == 0)
        .filter(|part| !part.is_empty());
    parts.map(<[u8]>::to_vec).collect()
}

fn ends_well(project: &Project, mut devrun: Devrun) {
    let status = devrun.wait();
    let said = devrun.stdout.text() + &devrun.stderr.text();
    assert_eq!(status, 0, "{said}");
    wait_until_nobody_is_left(project);
}

/// Nine of 120 KiB each, of bytes of every kind but NUL.
fn large() -> Vec<(OsString, OsString)> {
    let value = |n: u8| {
        let byte = |at: usize| ((at * usize::from(n)) % 255 + 1) as u8;
        OsString::from_vec((0..120 * KIBIBYTE).map(byte).collect())
    };
    (1..=9)
        .map(|n| (format!("LARGE_{n}").into(), value(n)))
        .collect()
}

#[test]
#[cfg(target_os = "linux")]
fn a_megabyte_in_pieces_passes_through() {
    let project = Project::with_procfile(DUMP);
    let mut command = project.command(["start", "-p", "0"]);
    command.envs(large());
    ends_well(&project, project.spawn(command));
    let dumped: BTreeSet<Vec<u8>> = dumped(&project).into_iter().collect();
    for (name, value) in large() {
        let whole = [name.as_bytes(), b"=", value.as_bytes()].concat();
        assert!(dumped.contains(&whole), "{name:?}");
    }
}

/// In quotes, so that the file has them as they are, on one line each.
#[test]
#[cfg(target_os = "linux")]
fn a_megabyte_of_an_env_file_passes_through() {
    let value = |n: usize| format!("{n}{}", "é x#$`\\".repeat(12 * KIBIBYTE));
    let lines: String = (1..=9)
        .map(|n| format!("LARGE_{n}='{}'\n", value(n)))
        .collect();
    let project = Project::with_procfile(DUMP).file(".env", &lines);
    ends_well(&project, project.start());
    let dumped: BTreeSet<Vec<u8>> = dumped(&project).into_iter().collect();
    for n in 1..=9 {
        let whole = format!("LARGE_{n}={}", value(n)).into_bytes();
        assert!(dumped.contains(&whole), "{n}");
    }
    let run = project.run(&["run", "sh", "-c", "printf %s \"$LARGE_9\" | wc -c"]);
    assert_eq!(run.stdout.trim(), value(9).len().to_string());
}

/// The kernel's limit is 128 KiB, with the name, the `=` and the NUL at the end.
#[test]
fn what_is_just_too_long_is_refused_with_its_place() {
    let most = 128 * KIBIBYTE - 1;
    let checked = |project: &Project, expected: &str| {
        let (checked, started) = (project.run(&["check"]), project.run(&["start", "-p", "0"]));
        if expected.is_empty() {
            assert_eq!((checked.status, checked.stderr.as_str()), (0, ""));
            assert_eq!(started.status, 0, "{}", started.stdout);
            return;
        }
        let expected = format!(
            "error: {expected} is too long: 128 KiB\n caused by: the system takes less than 128 KiB\n help: put \
             it into a file, and give the file's name\n"
        );
        assert_eq!(
            (checked.status, checked.stderr),
            (1, format!("{expected}1 problem\n"))
        );
        assert_eq!(
            (started.status, started.stderr, started.stdout),
            (2, expected, String::new())
        );
        assert!(!project.directory().join("started").exists());
    };
    let command = |length: usize| {
        let command = "true && true ";
        let padded = format!("{command}{}", "x".repeat(length - command.len()));
        Project::with_procfile(&format!("a: touch started\nweb: {padded}\n"))
    };
    // `exec ` may come in front.
    let longest = most - "exec ".len();
    checked(&command(longest), "");
    checked(&command(longest + 1), "the command of `web` (Procfile:2)");
    let variable = |length: usize| {
        let value = "x".repeat(length - "A=".len());
        Project::with_procfile("web: touch started\n").file(".env", format!("\nA={value}\n"))
    };
    checked(&variable(most), "");
    checked(&variable(most + 1), "the variable `A` (.env:2)");
    let lines = format!("{}\n", "x".repeat(KIBIBYTE)).replace('x', "y");
    let settings = format!("env:\n  A: |\n{}", format!("    {lines}").repeat(128));
    let of_settings = Project::with_procfile("web: touch started\n").file("devrun.yaml", settings);
    checked(&of_settings, "the variable `A` (devrun.yaml:2)");
    let doubled = format!("B={}\nA=${{B}}${{B}}\n", "x".repeat(64 * KIBIBYTE));
    let of_references = Project::with_procfile("web: touch started\n").file(".env", doubled);
    checked(&of_references, "the variable `A` (.env:2)");
}

/// Each is short enough; together they are more than the system takes.
#[test]
fn more_than_the_system_takes_in_all_is_named() {
    let lines: String = (0..80)
        .map(|n| format!("LARGE_{n}={}\n", "x".repeat(100 * KIBIBYTE)))
        .collect();
    let project = Project::with_procfile("web: touch started\n").file(".env", lines);
    let mut devrun = project.start();
    assert_eq!(devrun.wait(), 126);
    let said = devrun.stdout.text();
    let expected = "web.1 could not be started: Argument list too long";
    assert!(said.contains(expected), "{said}");
    let run = project.run(&["run", "true"]);
    let expected = "error: `true` cannot be run\n caused by: Argument list too long\n";
    assert_eq!((run.status, run.stderr.as_str()), (125, expected));
    wait_until_nobody_is_left(&project);
}

/// Names that no shell would give, and values that are no text.
fn odd() -> Vec<(OsString, OsString)> {
    let text = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
    vec![
        text("A.B", "dot"),
        text("1X", "digit"),
        text("%", "percent"),
        text("WITH BLANK", " a b "),
        text("BASH_FUNC_x%%", "() {  echo hi\n}"),
        text("é", "ü"),
        text("EMPTY", ""),
        text("LINES", "a\nb=c\n"),
        text("\u{1b}[2J", "\u{1b}]0;x\u{7}"),
        (
            OsString::from_vec(vec![0xff]),
            OsString::from_vec(vec![0xfe, b'=', 0x80]),
        ),
    ]
}

fn has_all_that_is_odd(project: &Project) {
    let dumped = dumped(project);
    for (name, value) in odd() {
        let whole = [name.as_bytes(), b"=", value.as_bytes()].concat();
        let count = dumped.iter().filter(|part| **part == whole).count();
        assert_eq!(count, 1, "{name:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn odd_names_and_values_pass_through() {
    let project = Project::with_procfile(DUMP);
    let mut command = project.command(["start", "-p", "0"]);
    command.envs(odd());
    ends_well(&project, project.spawn(command));
    has_all_that_is_odd(&project);
    let mut command = project.command(["run", "env", "-0"]);
    command.envs(odd());
    project.write("dump", command.output().unwrap().stdout);
    has_all_that_is_odd(&project);
}

#[test]
fn odd_names_are_shown_as_they_are() {
    let project = Project::with_procfile("web: true\n");
    let mut command = project.command(["env", "web", "--format", "json"]);
    command.envs(odd());
    let shown = command.output().unwrap().stdout;
    let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
    let variables = shown["variables"].as_array().unwrap();
    for (name, value) in odd() {
        let is_it =
            |variable: &&serde_json::Value| variable["name"] == name.to_string_lossy().as_ref();
        let variable = variables.iter().find(is_it);
        let shown = variable.unwrap_or_else(|| panic!("{name:?}: {variables:?}"));
        assert_eq!(shown["value"], value.to_string_lossy().as_ref());
    }
}

/// devrun with an environment as it is, which no `Command` would make.
fn with_environment(project: &Project, environment: &[&str], arguments: &[&str]) -> Devrun {
    let helper = helper("");
    let mut command = Command::new(helper.trim());
    project.prepare(&mut command);
    command.arg("with-environment").args(environment).arg("--");
    command.arg(env!("CARGO_BIN_EXE_devrun")).args(arguments);
    project.spawn(command)
}

#[test]
#[cfg(target_os = "linux")]
fn an_environment_that_is_none_does_no_harm() {
    let project = Project::with_procfile(DUMP);
    let environment = [
        "A=1",
        "NONE",
        "A=2",
        "=x",
        "=",
        "",
        "B=3",
        "PATH=/usr/bin:/bin",
    ];
    ends_well(
        &project,
        with_environment(&project, &environment, &["start", "-p", "0"]),
    );
    let dumped = dumped(&project);
    let count = |of: &[u8]| dumped.iter().filter(|part| part.starts_with(of)).count();
    assert_eq!(
        (count(b"A="), count(b"B=3")),
        (1, 1),
        "the later one counts"
    );
    assert!(dumped.contains(&b"A=2".to_vec()));
    assert!(dumped.iter().all(|part| part.contains(&b'=')));
}

/// No PATH, no HOME, no TERM, no SHELL, nothing.
#[test]
fn no_environment_at_all_is_enough() {
    let project = Project::with_procfile("web: echo up; exec sleep 1000\n");
    let port = "--port=0";
    let mut devrun = with_environment(&project, &[], &["start", port, "--no-timestamp"]);
    devrun.wait_for("web.1  | up");
    for (arguments, status) in [
        (&["check"][..], 0),
        (&["ps"], 0),
        (&["env", "web"], 0),
        (&["uses"], 0),
        (&["complete", "bash", "--", "devrun start "], 0),
        (&["run", "/bin/sh", "-c", "exit 7"], 7),
        (&["logs"], 3),
        (&["stop"], 0),
    ] {
        let mut other = with_environment(&project, &[], arguments);
        let found = other.wait();
        let said = other.stdout.text() + &other.stderr.text();
        assert_eq!(found, status, "{arguments:?}: {said}");
    }
    assert_eq!(devrun.wait(), 0);
    let said = devrun.stdout.text();
    let degraded = "the log store has stopped: the user has no home directory";
    assert!(said.contains(degraded), "{said}");
    wait_until_nobody_is_left(&project);
}
