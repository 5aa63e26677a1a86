//! Environments that are too large, odd or not there: what the system would not take is refused by its name.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::process::Command;

use crate::left::wait_until_nobody_is_left;
use crate::support::{Devrun, Project, helper};

pub const KIBIBYTE: usize = 1024;

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
pub fn odd() -> Vec<(OsString, OsString)> {
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
pub fn with_environment(project: &Project, environment: &[&str], arguments: &[&str]) -> Devrun {
    let helper = helper("");
    let mut command = Command::new(helper.trim());
    project.prepare(&mut command);
    command.arg("with-environment").args(environment).arg("--");
    command.arg(env!("CARGO_BIN_EXE_devrun")).args(arguments);
    project.spawn(command)
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
