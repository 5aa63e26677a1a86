//! `devrun check`.

use crate::support::Project;

#[test]
fn a_clean_app_has_no_problems() {
    let project = Project::with_procfile("web: touch started\napi: b\n")
        .file(".env", "A=1\nB=$(touch started)\n");
    let finished = project.run(&["check"]);
    assert_eq!((finished.status, finished.stderr.as_str()), (0, ""));
    assert_eq!(
        finished.stdout,
        "Procfile: 2 processes; .env: 2 variables: no problems\n"
    );
    assert!(
        !project.directory().join("started").exists(),
        "nothing is ever run"
    );
}

#[test]
fn all_findings_of_all_files_are_shown_at_once() {
    let project = Project::with_procfile("web bundle exec puma\napi: a\napi: b\nempty:\n")
        .file(".env", "A=1\nnot a line\n")
        .file(".foreman", "prot: 3000\n");
    let finished = project.run(&["check"]);
    assert_eq!(finished.status, 1);
    let expected = "\
warning: devrun has no option `prot`
 --> .foreman:1:1
1 | prot: 3000
  | ^^^^
 help: did you mean `port`?
warning: not a `name: command` line
 --> Procfile:1:1
1 | web bundle exec puma
  | ^^^ expected `:` after the name
 help: write it as `web: bundle exec puma`
";
    assert!(finished.stderr.starts_with(expected), "{}", finished.stderr);
    for part in [
        "`api` is defined twice",
        "Procfile:4:1",
        ".env:2:1",
        "5 problems\n",
    ] {
        assert!(
            finished.stderr.contains(part),
            "{part} in:\n{}",
            finished.stderr
        );
    }
}

#[test]
fn what_the_system_would_refuse_is_found() {
    let long = "x".repeat(200_000);
    let project =
        Project::with_procfile(&format!("web: echo {long}\n")).file(".env", format!("A={long}\n"));
    let finished = project.run(&["check"]);
    assert_eq!(finished.status, 1);
    assert!(
        finished
            .stderr
            .contains("error: the command of `web` (Procfile:1) is too long: 195 KiB"),
        "{}",
        finished.stderr
    );
    assert!(
        finished
            .stderr
            .contains("error: the variable `A` (.env:1) is too long: 195 KiB")
    );
}

#[test]
fn what_start_would_refuse_is_found() {
    let project = || Project::with_procfile("web: a\napi: b\n");
    let finds = |project: Project, expected: &str| {
        let (checked, started) = (project.run(&["check"]), project.run(&["start"]));
        assert_eq!((checked.status, started.status), (1, 2), "{expected}");
        assert_eq!(checked.stderr, format!("{expected}\n1 problem\n"));
        assert_eq!(started.stderr, format!("{expected}\n"));
    };
    finds(
        project().file(".env", "PORT=65500\n"),
        "error: `api.1` would get port 65600\n caused by: ports end at 65535; 65500 + 100 for each type \
         before it\n help: choose a lower base port: `devrun start -p 5000`",
    );
    finds(
        project().file(".foreman", "port: abc\n"),
        "error: `abc` cannot be the value of `port`\n --> .foreman:1:7\n1 | port: abc\n  |       ^^^\n \
         help: a port is 0 to 65535; 0 takes any free ones",
    );
    finds(
        project().file(".foreman", "formation: clock=1\n"),
        "error: no process type `clock` in Procfile\n help: it has `web` and `api`",
    );
}

#[test]
fn what_can_be_started_and_is_hardly_meant_is_found() {
    let project = Project::with_procfile("web: [[ -n $A ]] && exec node x\napi: source .env\n")
        .file(".env", "A=1\nB=2\nA=3\n")
        .file(".env.local", "B=4\n");
    let finished = project.run(&["check"]);
    let expected = "\
warning: `A` is set twice
 --> .env:1:1
1 | A=****
  | ^ first here
 --> .env:3:1
3 | A=****
  | ^ this one counts
 help: take one of them out
";
    assert!(finished.stderr.contains(expected), "{}", finished.stderr);
    assert!(!finished.stderr.contains("`B`"), "{}", finished.stderr);
    assert_eq!(finished.status, 1);
    let shell = std::fs::canonicalize("/bin/sh").unwrap();
    if shell.ends_with("dash") {
        let expected = "\
warning: `[[` in the command of `web` (Procfile:1) is bash's, and /bin/sh here is dash
 help: write `[`, or have it run by bash: `bash -c '…'`
warning: `source` in the command of `api` (Procfile:2) is bash's, and /bin/sh here is dash
 help: write `.`, or have it run by bash: `bash -c '…'`
3 problems
";
        assert!(finished.stderr.ends_with(expected), "{}", finished.stderr);
    }
}

#[test]
fn why_the_shell_does_not_take_a_command_is_said_once() {
    if !std::fs::canonicalize("/bin/sh").unwrap().ends_with("dash") {
        return;
    }
    let project = Project::with_procfile("web: cat <(echo hello)\nother: nobody-has-this\n");
    let finished = project.run(&["start", "-p", "0", "--restart", "never"]);
    let expected = "web.1: `<(` is bash's, but /bin/sh runs it: write `bash -c '…'` around it\n";
    assert!(finished.stdout.contains(expected), "{}", finished.stdout);
    assert_eq!(finished.stdout.matches("is bash's").count(), 1);
}
