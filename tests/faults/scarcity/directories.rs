//! Directories that are missing, unusable, removed or renamed.

use std::fs;
use std::process::Command;

use crate::left::wait_until_nobody_is_left;
use crate::support::{Devrun, Project};

const WEB: &str = "web: echo up; exec sleep 1000\n";

/// Runs with that instead of the project's own, says what is expected (once, or nothing), and ends well.
fn check(variables: &[(&str, Option<&str>)], says: Option<&str>) {
    let project = Project::with_procfile(WEB);
    let root = project.directory().parent().unwrap().to_path_buf();
    fs::create_dir(root.join("temporary")).unwrap();
    let mut command = project.command(["start", "-p", "0"]);
    command.env("TMPDIR", root.join("temporary"));
    for (name, value) in variables {
        match value {
            Some(value) => command.env(name, value.replace("ROOT", root.to_str().unwrap())),
            None => command.env_remove(name),
        };
    }
    let before = entries(&project);
    let mut devrun = project.spawn(command);
    devrun.see("web.1  | up\n");
    if let Some(says) = says {
        devrun.see(&format!("system | {says}\n"));
    }
    assert_eq!(devrun.interrupt(), 0);
    let noted = |text: &str| devrun.count(text);
    let notices = noted("the log store has stopped") + noted("will not find this session");
    assert_eq!(
        notices,
        usize::from(says.is_some()),
        "{}",
        devrun.stdout.text()
    );
    assert_eq!(devrun.stderr.text(), "");
    assert_eq!(entries(&project), before, "nothing is left in the project");
    wait_until_nobody_is_left(&project);
}

fn entries(project: &Project) -> Vec<std::ffi::OsString> {
    let entries = fs::read_dir(project.directory()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[test]
fn without_a_usable_home_nothing_is_stored() {
    let without =
        |words: &str| format!("the log store has stopped: {words}; devrun logs ends here");
    let state = ("XDG_STATE_HOME", None);
    let none = without("the user has no home directory");
    check(&[state, ("HOME", None)], Some(&none));
    check(&[state, ("HOME", Some(""))], Some(&none));
    check(&[state, ("HOME", Some("home"))], Some(&none));
    check(
        &[state, ("HOME", Some("ROOT/app/Procfile"))],
        Some(&without("Not a directory")),
    );
    check(&[state, ("HOME", Some("ROOT/missing"))], None);
    check(&[("HOME", None)], None);
}

#[test]
fn a_runtime_directory_that_is_none_gives_way_to_the_temporary_one() {
    check(&[("XDG_RUNTIME_DIR", None)], None);
    check(&[("XDG_RUNTIME_DIR", Some(""))], None);
    check(&[("XDG_RUNTIME_DIR", Some("run"))], None);
    check(&[("XDG_RUNTIME_DIR", Some("ROOT/app/Procfile"))], None);
    check(&[("XDG_RUNTIME_DIR", Some("ROOT/missing"))], None);
    let long = format!("ROOT/{}", "d".repeat(100));
    check(&[("XDG_RUNTIME_DIR", Some(&long))], None);
}

/// Every command that needs to know where it is says the same, and ends with its status for wrong usage.
#[test]
fn in_a_directory_that_is_gone_every_command_says_so() {
    let project = Project::with_procfile(WEB);
    let said = "error: the current directory is gone: somebody has removed it\n help: `cd` to where the app is now\n";
    for arguments in [
        &["start"][..],
        &["start", "--detach"],
        &["check"],
        &["ps"],
        &["logs"],
        &["stop"],
        &["restart"],
        &["wait"],
        &["env"],
        &["url"],
        &["uses"],
        &["open"],
        &["run", "true"],
        &["run", "--up", "true"],
    ] {
        let finished = in_removed_directory(&project, arguments);
        let expected = if arguments[0] == "run" { 125 } else { 2 };
        assert_eq!(
            (finished.wait_status(), finished.said()),
            (expected, said.to_string()),
            "{arguments:?}"
        );
    }
}

struct Ended(Devrun, i32);

impl Ended {
    fn wait_status(&self) -> i32 {
        self.1
    }

    fn said(&self) -> String {
        self.0.stderr.text()
    }
}

fn in_removed_directory(project: &Project, arguments: &[&str]) -> Ended {
    let mut shell = Command::new("sh");
    project.prepare(&mut shell);
    let script = r#"mkdir gone; cd gone; rmdir ../gone; exec "$0" "$@""#;
    shell
        .args(["-c", script, env!("CARGO_BIN_EXE_devrun")])
        .args(arguments);
    let mut devrun = project.spawn(shell);
    let status = devrun.wait();
    Ended(devrun, status)
}

/// What runs runs on and can be seen; what is to be started again is not; the end is a clean one.
fn a_session_outlives(project: &Project, lose: impl FnOnce(), says: &[&str]) {
    let mut devrun = project.start();
    devrun.see("web.1  | up\n").see("job.1 started");
    lose();
    for text in says {
        devrun.see(text);
    }
    let mut ps = project.command(["ps", "--all"]);
    ps.current_dir("/");
    let seen = String::from_utf8(ps.output().unwrap().stdout).unwrap();
    assert!(seen.contains("web.1    running"), "{seen}");
    assert_eq!(devrun.interrupt(), 126);
    wait_until_nobody_is_left(project);
}

#[test]
fn a_project_that_is_removed_or_renamed_leaves_its_session_running() {
    let root = |project: &Project| project.directory().parent().unwrap().to_path_buf();
    let procfile =
        "web: echo up; exec sleep 1000\njob: while [ ! -e ../go ]; do sleep 0.01; done; exit 1\n";
    let says = [
        "what the files said before still holds",
        "job.1 could not be started: its directory is gone: ",
    ];
    let project = Project::with_procfile(procfile);
    a_session_outlives(
        &project,
        || {
            fs::remove_dir_all(project.directory()).unwrap();
            fs::write(root(&project).join("go"), "").unwrap();
        },
        &says,
    );
    let project = Project::with_procfile(procfile);
    a_session_outlives(
        &project,
        || {
            fs::rename(project.directory(), root(&project).join("renamed")).unwrap();
            fs::write(root(&project).join("go"), "").unwrap();
        },
        &says,
    );
}

/// It is restarted as the files said before, and that is said.
#[test]
fn a_procfile_that_is_removed_or_garbage_does_not_stop_a_restart() {
    for (garbage, says) in [
        (None, "no Procfile in "),
        (
            Some("%%%\n"),
            "Procfile:1: not a `name: command` line; what the files said before still holds",
        ),
    ] {
        let project = Project::with_procfile(
            "web: echo up; while [ ! -e go ]; do sleep 0.01; done; rm go; exit 1\n",
        );
        let mut devrun = project.start();
        devrun.wait_for("web.1  | up\n");
        match garbage {
            Some(garbage) => project.write("Procfile", garbage),
            None => fs::remove_file(project.directory().join("Procfile")).unwrap(),
        }
        project.write("go", "");
        devrun
            .wait_for("restart 1 in 0.5 s")
            .wait_for(says)
            .wait_for("web.1  | up\n");
        assert_eq!(devrun.interrupt(), 0);
    }
}

/// Who may enter a directory and not list it can run what is there.
#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_cannot_be_listed_will_do_and_one_that_cannot_be_entered_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::with_procfile("web: echo up\n");
    let mode = |mode: u32| {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(project.directory(), permissions).unwrap();
    };
    let Some(command) = super::processes::as_somebody(&project, &["start", "-p", "0"]) else {
        return;
    };
    mode(0o111);
    let mut devrun = Devrun::spawn(command);
    devrun.see("web.1  | up\n");
    assert_eq!(devrun.wait(), 0);
}
