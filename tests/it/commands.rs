//! `run`, `completions`, help and version.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Devrun, Project, helper};

#[test]
fn run_gives_a_command_the_apps_environment_and_hands_its_status_on() {
    let project = Project::with_procfile("web: a\nmy-api: b\n").file(".env", "A=1\n");
    let finished = project.run(&[
        "run",
        "sh",
        "-c",
        "echo $A $MY_API_URL $WEB_URL $PORT.; exit 7",
    ]);
    assert_eq!(
        finished.stdout,
        "1 http://localhost:5100 http://localhost:5000 .\n"
    );
    assert_eq!(finished.status, 7);
    let finished = project.run(&["run", "-p", "my-api", "sh", "-c", "echo $PORT $PS $WEB_URL"]);
    assert_eq!(finished.stdout, "5100 my-api.1 http://localhost:5000\n");
}

#[test]
fn run_knows_the_procfiles_lines_by_name() {
    let project = Project::with_procfile("web: a\nrelease: echo migrate $PS; exit 3\n");
    let finished = project.run(&["run", "release"]);
    assert_eq!(
        (finished.stdout.as_str(), finished.status),
        ("migrate release.1\n", 3)
    );
}

#[test]
fn run_takes_a_procfiles_line_to_its_directory_and_needs_no_procfile_for_the_rest() {
    let project = Project::with_procfile("where: pwd\n")
        .file(".git/HEAD", "")
        .file("sub/x", "");
    let mut command = project.command(["run", "where"]);
    command.current_dir(project.directory().join("sub"));
    let mut devrun = Devrun::spawn(command);
    devrun.wait_for(&format!("{}\n", project.directory().display()));
    assert_eq!(devrun.wait(), 0);
    let bare = Project::empty().file(".env", "A=1\n");
    let finished = bare.run(&["run", "sh", "-c", "echo $A"]);
    assert_eq!((finished.stdout.as_str(), finished.status), ("1\n", 0));
}

#[test]
fn run_sees_the_ports_of_the_running_app() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("listen")));
    let mut devrun = project.start();
    devrun.wait_for("  web.1  ready    ");
    let url = devrun.value_after("  web.1  ready    ");
    let finished = project.run(&["run", "sh", "-c", "echo $WEB_URL"]);
    assert_eq!(finished.stdout.trim(), url);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn run_hands_stdin_through() {
    let project = Project::with_procfile("web: a\n");
    let mut child = project
        .command(["run", "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"through\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"through\n");
}

#[test]
fn errors_of_run_itself_have_status_125() {
    let project = Project::with_procfile("web: a\n");
    let missing = project.run(&["run", "no-such-program"]);
    assert_eq!(missing.status, 125);
    assert_eq!(
        missing.stderr,
        "error: `no-such-program` cannot be run\n caused by: No such file or directory\n"
    );
    assert_eq!(project.run(&["run", "-p", "wbe", "true"]).status, 125);
    assert_eq!(project.run(&["run"]).status, 125);
    let unknown = project.run(&["run", "--proces", "web", "true"]);
    assert_eq!(
        (unknown.status, unknown.stderr.as_str()),
        (
            125,
            "error: no flag `--proces`\n help: did you mean `--process`?\n"
        )
    );
    assert_eq!(
        project.run(&["run", "echo", "-p", "web"]).stdout,
        "-p web\n"
    );
    assert_eq!(project.run(&["run", "-f", "nope", "true"]).status, 125);
}

#[test]
fn the_committed_completions_are_what_devrun_prints() {
    let files = [
        ("bash", "devrun.bash"),
        ("zsh", "_devrun"),
        ("fish", "devrun.fish"),
    ];
    for (shell, file) in files {
        let finished = Project::empty().run(&["completions", shell]);
        assert_eq!(finished.status, 0);
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("completions")
            .join(file);
        let committed = std::fs::read_to_string(&path).unwrap();
        assert_eq!(finished.stdout, committed);
    }
}

#[test]
fn the_schema_is_the_committed_one() {
    let finished = Project::empty().run(&["schema"]);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/devrun.schema.json");
    assert_eq!(finished.stdout, std::fs::read_to_string(path).unwrap());
    assert_eq!(finished.status, 0);
}

#[test]
fn the_version_is_the_packages() {
    let finished = Project::empty().run(&["--version"]);
    assert_eq!(
        finished.stdout,
        concat!("devrun ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn help_fits_80_columns_and_is_as_committed() {
    let commands = [
        ("devrun", &["--help"][..]),
        ("start", &["start", "--help"]),
        ("check", &["check", "--help"]),
        ("logs", &["logs", "--help"]),
        ("ps", &["ps", "--help"]),
        ("restart", &["restart", "--help"]),
        ("stop", &["stop", "--help"]),
        ("wait", &["wait", "--help"]),
        ("open", &["open", "--help"]),
        ("attach", &["attach", "--help"]),
        ("env", &["env", "--help"]),
        ("url", &["url", "--help"]),
        ("uses", &["uses", "--help"]),
        ("link", &["link", "--help"]),
        ("unlink", &["unlink", "--help"]),
        ("run", &["run", "--help"]),
        ("schema", &["schema", "--help"]),
        ("init", &["init", "--help"]),
        ("export", &["export", "--help"]),
        ("completions", &["completions", "--help"]),
        ("man", &["man", "--help"]),
    ];
    for (name, arguments) in commands {
        let finished = Project::empty().run(arguments);
        assert_eq!(finished.status, 0);
        for line in finished.stdout.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        let path = format!("{}/tests/it/help/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("DEVRUN_UPDATE").is_some() {
            std::fs::write(&path, &finished.stdout).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            finished.stdout, committed,
            "`just update` writes {path} anew"
        );
    }
}

/// Rails' generated `bin/dev` calls foreman like this.
#[test]
fn a_script_may_call_devrun_in_foremans_place() {
    let project = Project::empty()
        .file("Procfile.dev", "web: echo $A-$PORT\n")
        .file(".env", "A=1\n");
    let mut command = project.command([
        "start",
        "-f",
        "Procfile.dev",
        "--env",
        "/dev/null",
        "-p",
        "0",
    ]);
    command.env("A", "shell");
    let mut devrun = Devrun::spawn(command);
    devrun.wait_for("web.1  | shell-");
    assert_eq!(devrun.wait(), 0);
}
