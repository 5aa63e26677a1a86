//! Pipes in the place of files: as good as those, read once, and never waited for without end.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::stat::Mode;

use crate::bounds;
use crate::files::{FILES, runs, whole, with};
use crate::left::wait_until_nobody_is_left;
use crate::support::{Project, is_installed};

pub fn make(path: &Path) {
    nix::unistd::mkfifo(path, Mode::S_IRWXU).unwrap();
}

/// Another process's part: it writes once somebody reads.
fn write_to(path: PathBuf, text: &'static str) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || fs::write(path, text).unwrap())
}

#[test]
fn a_pipe_is_as_good_as_a_file() {
    for (name, text) in FILES {
        let project = with(name, make);
        let path = project.directory().join(name);
        let written = write_to(path.clone(), text);
        let checked = project.run(&["check"]);
        assert_eq!((checked.status, checked.stderr.as_str()), (0, ""), "{name}");
        written.join().unwrap();
        let written = write_to(path, text);
        runs(&project);
        written.join().unwrap();
    }
}

/// What a shell makes of `<(…)`, and of `|`.
#[test]
fn a_pipe_without_a_name_is_as_good_as_a_file() {
    let project = Project::empty();
    let devrun = env!("CARGO_BIN_EXE_devrun");
    let run = |shell: &str, script: &str| {
        let mut command = Command::new(shell);
        project.prepare(&mut command);
        command.args(["-c", script, devrun]);
        let mut devrun = project.spawn(command);
        assert_eq!(devrun.wait(), 0, "{script}: {}", devrun.stderr.text());
        let said = devrun.stdout.text();
        assert!(said.contains("web.1  | up 1\n"), "{script}: {said}");
    };
    project.write("one.env", "A=1\n");
    run(
        "sh",
        "echo 'web: echo up $A' | \"$0\" start -p 0 -f /dev/stdin -e one.env",
    );
    project.write("procs", "web: echo up $A\n");
    run("sh", "echo A=1 | \"$0\" start -p 0 -f procs -e /dev/stdin");
    run("sh", "\"$0\" start -p 0 -f /dev/stdin --set A=1 < procs");
    if is_installed("bash") {
        run(
            "bash",
            "\"$0\" start -p 0 -f <(echo 'web: echo up $A') -e <(echo A=1)",
        );
    }
    wait_until_nobody_is_left(&project);
}

#[test]
fn stdin_that_is_closed_or_endless_is_no_file() {
    let project = Project::empty();
    let run = |redirected: &str| {
        let mut command = Command::new("sh");
        project.prepare(&mut command);
        let script = format!("\"$0\" start -f /dev/stdin {redirected}");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_devrun")]);
        let mut devrun = project.spawn(command);
        assert_eq!(devrun.wait(), 2, "{redirected}");
        devrun.stderr.text()
    };
    let unreadable =
        "error: cannot read `/dev/stdin`\n caused by: it is neither a file nor a pipe\n";
    assert_eq!(run("< /dev/zero"), unreadable);
    assert_eq!(run("< /dev/null"), unreadable);
    assert!(run("<&-").starts_with("error: "));
    assert!(run("< /").contains("it is a directory"));
}

/// All at the same time: each takes the five seconds that somebody has to come.
#[test]
fn a_pipe_that_nobody_opens_is_given_up() {
    let projects = FILES.map(|(name, _)| (name, with(name, make)));
    let mut running: Vec<_> = projects
        .iter()
        .map(|(name, project)| (name, bounds::spawn(project, &["start"])))
        .collect();
    for (name, devrun) in &mut running {
        assert_eq!(devrun.wait(), 2, "{name}");
        assert_eq!(
            devrun.stderr.text(),
            format!(
                "error: cannot read `{name}`\n caused by: it is a pipe, and nobody writes to it\n"
            )
        );
    }
}

#[test]
fn a_pipe_that_never_ends_is_too_large() {
    let project = with("Procfile", make);
    let path = project.directory().join("Procfile");
    let endless = std::thread::spawn(move || {
        let mut pipe = File::options().write(true).open(path).unwrap();
        while pipe.write_all(&[b'#'; 4096]).is_ok() {}
    });
    let started = bounds::run(&project, &["start"]);
    endless.join().unwrap();
    assert_eq!(
        (started.status, started.stderr.as_str()),
        (
            2,
            "error: cannot read `Procfile`\n caused by: it is larger than 16 MiB\n"
        )
    );
}

/// A Tab waits for nobody, and takes nothing from whoever is meant to read it.
#[test]
fn completions_leave_pipes_alone() {
    for (name, text) in FILES {
        let project = with(name, make);
        let path = project.directory().join(name);
        let written = write_to(path, text);
        let offered = bounds::run(&project, &["complete", "bash", "--", "devrun start "]);
        assert_eq!((offered.status, offered.stderr.as_str()), (0, ""), "{name}");
        runs(&project);
        written.join().unwrap();
    }
}

/// `devrun start < /dev/null > /dev/null` in a script is the usual case; stdin is never waited for.
#[test]
fn a_stdin_that_nobody_writes_to_holds_nobody_up() {
    let project = whole();
    let mut command = project.command(["start"]);
    command.stdin(Stdio::piped());
    let mut devrun = project.spawn(command);
    devrun.wait_for("| [1234]");
    assert_eq!(devrun.wait(), 0);
}
