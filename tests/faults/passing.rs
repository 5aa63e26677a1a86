//! What devrun was started with reaches its children byte for byte: a megabyte of it, names that no shell would
//! give, values that are no text. Linux shows what a process was started with.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::environment::{KIBIBYTE, odd, with_environment};
use crate::left::wait_until_nobody_is_left;
use crate::support::{Devrun, Project};

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

fn has_all_that_is_odd(project: &Project) {
    let dumped = dumped(project);
    for (name, value) in odd() {
        let whole = [name.as_bytes(), b"=", value.as_bytes()].concat();
        let count = dumped.iter().filter(|part| **part == whole).count();
        assert_eq!(count, 1, "{name:?}");
    }
}

#[test]
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
