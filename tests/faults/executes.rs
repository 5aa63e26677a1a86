//! What runs something: `start`, `run` and the line commands. All else only reads, whatever stands in the files of
//! a hostile repository and whatever programs lie in it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::left::wait_until_nobody_is_left;
use crate::support::{Project, helper};

/// What somebody may hope that devrun calls by its name.
const PROGRAMS: [&str; 20] = [
    "bash", "cat", "devrun", "drguard", "env", "getent", "gio", "git", "id", "less", "man",
    "mandoc", "more", "pager", "ps", "sh", "stty", "tput", "uname", "xdg-open",
];

/// Without a session.
const READERS: [&[&str]; 31] = [
    &["check"],
    &["init"],
    &["ps"],
    &["ps", "--all"],
    &["ps", "--json"],
    &["env"],
    &["env", "web"],
    &["env", "web", "--explain"],
    &["uses"],
    &["uses", "--json"],
    &["url", "web"],
    &["logs"],
    &["logs", "--json"],
    &["wait", "web"],
    &["attach", "web"],
    &["open", "web"],
    &["restart", "web"],
    &["stop"],
    &["complete", "bash", "--", "devrun start "],
    &["completions", "bash"],
    &["completions", "fish"],
    &["export", "systemd"],
    &["export", "compose"],
    &["export", "kubernetes", "--secrets"],
    &["schema"],
    &["link", "../api", "--as", "API_URL"],
    &["unlink", "API_URL"],
    &["man"],
    &["--help"],
    &["help", "start"],
    &["--version"],
];

/// A repository in which every value asks to be executed, and a program lies for every name. Whoever does either
/// leaves a file whose name begins with `pwned`.
fn hostile(procfile: &str) -> Project {
    let project = Project::with_procfile(procfile);
    let directory = project.directory();
    let touch = |name: &str| format!(": > {}/pwned-{name}", directory.display());
    for place in ["", "bin/"] {
        for program in PROGRAMS {
            let path = format!("{place}{program}");
            project.write(&path, format!("#!/bin/sh\n{}\n", touch(program)));
            let runs = fs::Permissions::from_mode(0o755);
            fs::set_permissions(directory.join(path), runs).unwrap();
        }
    }
    let touch = touch("value");
    project.write(
        ".env",
        format!("A=$({touch})\nB=\"`{touch}`\"\nC=${{X:-$({touch})}}\nD=x;{touch}\n$({touch})\n;{touch}\nE='\n"),
    );
    let settings = format!(
        "env: {{ F: \"$({touch})\" }}\nuses: {{ G_URL: \"http://127.0.0.1/?$({touch})\" }}\n"
    );
    project.write("devrun.yaml", settings);
    project.write(".foreman", "root: .\n");
    let script =
        format!("{{\"scripts\": {{\"dev\": \"{touch}\", \"dev:$({touch})\": \"{touch}\"}}}}");
    project.write("package.json", script);
    let hook = format!("[core]\n\tfsmonitor = \"{touch}\"\n\tpager = \"{touch}\"\n");
    project.write(".git/config", hook);
    project.write(".git/HEAD", "ref: refs/heads/main\n");
    project.write(".git/objects/info/packs", "");
    project.write(".git/refs/heads/none", "");
    project
        .sibling("api")
        .write("Procfile", format!("web: {touch}\n"));
    project
}

fn pwned(project: &Project) -> Vec<OsString> {
    let entries = fs::read_dir(project.directory()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.as_encoded_bytes().starts_with(b"pwned"))
        .collect()
}

/// Nothing but what is in the repository, by every way to say so.
fn path_of(project: &Project) -> String {
    let directory = project.directory();
    format!(".::bin:{}:{0}/bin", directory.display())
}

/// What relative entries lead to is the repository's, and no user has named it. No browser is where the last one is.
const RELATIVE: &str = ".::bin:/nonexistent/bin";

/// Runs devrun to its end, and tells which programs it and its descendants have become; `None`: nobody looked.
fn programs_run(project: &Project, arguments: &[&str], path: &str) -> Option<Vec<String>> {
    let devrun = env!("CARGO_BIN_EXE_devrun");
    let trace = project.directory().join("trace");
    let tracer = tracer();
    let mut command = match &tracer {
        Some(tracer) => {
            let mut command = Command::new(tracer);
            command.args(["-f", "-qq", "-e", "trace=execve,execveat", "-o"]);
            command.arg(&trace).arg(devrun);
            command
        }
        None => Command::new(devrun),
    };
    project.prepare(&mut command);
    command.args(arguments).env("PATH", path);
    let output = command.output().unwrap();
    assert!(output.status.code().is_some(), "{arguments:?}: {output:?}");
    tracer?;
    let trace = fs::read_to_string(trace).unwrap();
    let calls = trace
        .lines()
        .filter(|line| line.contains("exec") && line.ends_with(" = 0"));
    Some(calls.map(str::to_string).collect())
}

fn tracer() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap();
    let tracer = std::env::split_paths(&path).map(|path| path.join("strace"));
    let tracer = tracer.into_iter().find(|path| path.exists());
    // Some containers let nobody trace.
    let works = |tracer: &PathBuf| {
        let tried = Command::new(tracer)
            .args(["-qq", "-o", "/dev/null", "true"])
            .status();
        tried.is_ok_and(|status| status.success())
    };
    let tracer = tracer.filter(works);
    if tracer.is_none() {
        println!("no strace that may trace: what was executed is seen by its traces alone");
    }
    tracer
}

fn reads_only(project: &Project, arguments: &[&str], path: &str) {
    if let Some(calls) = programs_run(project, arguments, path) {
        assert_eq!(
            calls.len(),
            1,
            "devrun itself, and by {arguments:?}: {calls:#?}"
        );
    }
    assert_eq!(pwned(project), [] as [&Path; 0], "{arguments:?}");
}

#[test]
fn no_command_that_reads_executes_anything() {
    let project = hostile("web: touch pwned; $(touch pwned)\nworker: `touch pwned`\n");
    let path = path_of(&project);
    for arguments in READERS {
        // A browser that the user himself names by an absolute entry is one.
        let path = if arguments[0] == "open" {
            RELATIVE
        } else {
            &path
        };
        reads_only(&project, arguments, path);
    }
}

#[test]
fn nor_does_one_that_asks_a_session() {
    let project = hostile(&format!("web: {}\n", helper("listen")));
    let mut devrun = project.start();
    devrun.wait_for("| listens on");
    let commands = [
        &["ps"][..],
        &["ps", "--json"],
        &["env", "web"],
        &["url", "web"],
        &["uses"],
        &["logs"],
        &["wait", "web"],
        &["restart", "web"],
        &["complete", "bash", "--", "devrun restart "],
        &["open", "web"],
        &["stop"],
    ];
    // macOS has its own opener, by an absolute path: a browser would come up.
    let is_quiet = |arguments: &&&[&str]| cfg!(target_os = "linux") || arguments[0] != "open";
    for arguments in commands.iter().filter(is_quiet) {
        reads_only(&project, arguments, RELATIVE);
    }
    assert_eq!(devrun.wait(), 0);
    wait_until_nobody_is_left(&project);
}

#[test]
fn a_session_calls_no_program_by_its_name_and_evaluates_no_value() {
    let project = hostile(
        "web: printf '<%s>\\n' \"$A\" \"$B\" \"$C\" \"$D\" \"$F\" \"$G_URL\"; read -r stay\n",
    );
    let mut command = project.command(["start", "-p", "0", "--tty", "always"]);
    command.env("PATH", path_of(&project));
    let mut devrun = project.spawn(command);
    let touch = format!(": > {}/pwned-value", project.directory().display());
    for value in [
        format!("$({touch})"),
        format!("`{touch}`"),
        format!("$({touch})"),
        format!("x;{touch}"),
        format!("$({touch})"),
        format!("http://127.0.0.1/?$({touch})"),
    ] {
        devrun.wait_for(&format!("| <{value}>\n"));
    }
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(pwned(&project), [] as [&Path; 0]);
    wait_until_nobody_is_left(&project);
}
