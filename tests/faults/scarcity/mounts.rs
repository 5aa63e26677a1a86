//! A devrun that sees other file systems than we do: mounts of its own, in a namespace of its own.

use std::process::Command;

use crate::support::{Devrun, Project};

/// devrun with these arguments after the shell script `before`, in which `$RUN`, `$STATE` and `$TEMPORARY` are the
/// project's directories. `None`: this user may have no mounts of his own, which is said.
pub(super) fn devrun(project: &Project, before: &str, arguments: &[&str]) -> Option<Devrun> {
    let mut command = own_mounts()?;
    project.prepare(&mut command);
    let root = project.directory().parent().unwrap().to_path_buf();
    std::fs::create_dir_all(root.join("temporary")).unwrap();
    command
        .env("ROOT", &root)
        .env("RUN", root.join("run"))
        .env("STATE", root.join("state"))
        .env("TMPDIR", root.join("temporary"));
    let script = format!("set -e\n{before}\nexec \"$0\" \"$@\"");
    command.args(["sh", "-c", &script, env!("CARGO_BIN_EXE_devrun")]);
    command.args(arguments);
    Some(project.spawn(command))
}

/// As `devrun start`, on any ports.
pub(super) fn start(project: &Project, before: &str, arguments: &[&str]) -> Option<Devrun> {
    devrun(
        project,
        before,
        &[&["start", "-p", "0"], arguments].concat(),
    )
}

/// `unshare`, as far as it goes.
fn own_mounts() -> Option<Command> {
    for arguments in [&["-m"][..], &["-Urm"]] {
        let mut trial = Command::new("unshare");
        let trial = trial.args(arguments).arg("true").output();
        if trial.is_ok_and(|output| output.status.success()) {
            let mut command = Command::new("unshare");
            command.args(arguments);
            return Some(command);
        }
    }
    println!("no mounts of our own (unshare -m): left out");
    None
}
