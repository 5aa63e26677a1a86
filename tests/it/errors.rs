//! Every mistake of a user's is one clear message, before anything is started.

use crate::support::Project;

fn check(project: &Project, arguments: &[&str], expected: &str) {
    let finished = project.run(arguments);
    assert_eq!(
        finished.stderr.trim_end(),
        expected.trim_end(),
        "{arguments:?}"
    );
    assert_eq!(
        (finished.status, finished.stdout.as_str()),
        (2, ""),
        "{arguments:?}"
    );
}

fn project() -> Project {
    Project::with_procfile("web: touch started\napi: b\nworker: c\n")
}

#[test]
fn names_that_are_none() {
    check(
        &project(),
        &["start", "wbe"],
        "error: no process type `wbe` in Procfile\n help: did you mean `web`? It has `web`, `api` and `worker`",
    );
    check(
        &project(),
        &["start", "--without", "clock"],
        "error: no process type `clock` in Procfile\n help: it has `web`, `api` and `worker`",
    );
    check(
        &project(),
        &["strat"],
        "error: no command `strat`\n help: did you mean `start`?",
    );
    // What foreman and overmind have, by another name.
    for (theirs, here) in [("version", "--version"), ("connect", "attach")] {
        let said = format!("error: no command `{theirs}`\n help: that is `devrun {here}`");
        check(&project(), &[theirs], &said);
    }
    check(
        &project(),
        &["start", "--prot", "1"],
        "error: no flag `--prot`\n help: did you mean `--port`?",
    );
}

#[test]
fn ports_that_are_none() {
    for value in ["-1", "70000", "abc"] {
        check(
            &project(),
            &["start", "-p", value],
            &format!(
                "error: `{value}` is no port\n help: a port is 0 to 65535; 0 takes any free ones"
            ),
        );
    }
    let with_file = project().file(".env", "PORT=abc\n");
    check(
        &with_file,
        &["start"],
        "error: PORT=abc of .env:1 is no port\n help: a port is 0 to 65535; 0 takes any free ones",
    );
    check(
        &project(),
        &["start", "-p", "65500"],
        "error: `api.1` would get port 65600\n caused by: ports end at 65535; 65500 + 100 for each type before it\n \
         help: choose a lower base port: `devrun start -p 5000`\nerror: `worker.1` would get port 65700\n \
         caused by: ports end at 65535; 65500 + 100 for each type before it\n \
         help: choose a lower base port: `devrun start -p 5000`",
    );
    check(
        &project(),
        &["start", "--set", "PORT=3000"],
        "error: `--set PORT=3000` would give all processes one port\n help: `-p 3000` sets the first one's, and the others follow",
    );
}

#[test]
fn formations_that_are_none() {
    for (value, why) in [
        ("web=-1", "`-1` is not a number from 0 to 5000"),
        ("web=abc", "`abc` is not a number from 0 to 5000"),
        ("web=5001", "`5001` is not a number from 0 to 5000"),
        ("web", "write it as `web=1`"),
        ("web=1,web=2", "`web` stands in it twice"),
    ] {
        check(
            &project(),
            &["start", "-m", value],
            &format!("error: `{value}` is no formation\n help: {why}"),
        );
    }
    check(
        &project(),
        &["start", "-m", "web=0"],
        "error: nothing is left to start\n caused by: Procfile has `web`, `api` and `worker`; names, \
         `--without` and the formation leave none of them",
    );
    check(
        &project(),
        &["start", "-m", "all=2000"],
        "error: 6000 processes are more than devrun starts at once: 5000",
    );
}

#[test]
fn values_that_are_none() {
    check(
        &project(),
        &["start", "--restart", "sometimes"],
        "error: `sometimes` cannot be the value of `--restart`\n help: it may be `always`, `on-failure` or `never`",
    );
    check(
        &project(),
        &["start", "-t", "-1"],
        "error: `-1` cannot be the value of `--timeout`\n help: it is a number of seconds from 0 to 86400, such as 5 or 0.5",
    );
    check(
        &project(),
        &["start", "--set", "X"],
        "error: `X` cannot be the value of `--set`\n help: it is written as KEY=VALUE",
    );
    check(
        &project(),
        &["start", "-p"],
        "error: `--port` needs a value\n help: for example `--port 3000`",
    );
}

#[test]
fn what_no_command_takes() {
    check(
        &project(),
        &["check", "extra"],
        "error: nothing is expected at `extra`\n help: `--help` behind the command shows how it is written",
    );
    check(
        &project(),
        &["start", "--quiet=3"],
        "error: `--quiet` takes no value\n help: write it as `--quiet`",
    );
    check(
        &project(),
        &["start", "--restart"],
        "error: `--restart` needs a value\n help: it may be `always`, `on-failure` or `never`",
    );
    check(
        &project(),
        &["completions"],
        "error: `devrun completions` needs a shell\n help: for example `devrun completions bash`",
    );
    check(
        &project(),
        &["completions", "tcsh"],
        "error: no completions for `tcsh`\n help: it may be `bash`, `zsh` or `fish`",
    );
}

/// A script's `devrun start -p 3000 "$@"` can be overruled.
#[test]
fn a_flag_that_is_given_twice_counts_as_it_was_given_last() {
    check(
        &project(),
        &[
            "start",
            "-q",
            "-q",
            "-p",
            "3000",
            "-p",
            "65500",
            "web",
            "api",
            "--without",
            "worker",
        ],
        "error: `api.1` would get port 65600\n caused by: ports end at 65535; 65500 + 100 for each type before it\n \
         help: choose a lower base port: `devrun start -p 5000`",
    );
}

#[test]
fn files_that_are_not_there_or_cannot_be_read() {
    check(
        &project(),
        &["start", "-f", "Procfile.x"],
        "error: cannot read `Procfile.x`\n caused by: No such file or directory",
    );
    check(
        &project(),
        &["start", "-e", "x.env"],
        "error: cannot read `x.env`\n caused by: No such file or directory",
    );
    check(
        &project(),
        &["start", "-d", "nowhere"],
        "error: no directory `nowhere`",
    );
    check(
        &Project::empty().file("Procfile/x", ""),
        &["start"],
        "error: cannot read `Procfile`\n caused by: it is a directory",
    );
    check(
        &project(),
        &["start", "-f", "/dev/zero"],
        "error: cannot read `/dev/zero`\n caused by: it is neither a file nor a pipe",
    );
    check(
        &Project::empty().file("Procfile", vec![b'x'; 100 * 1024 * 1024]),
        &["start"],
        "error: cannot read `Procfile`\n caused by: it is larger than 16 MiB",
    );
}

#[test]
fn no_procfile_at_all() {
    let finished = Project::empty().run(&["start"]);
    assert_eq!(finished.status, 2);
    assert!(
        finished.stderr.starts_with("error: no Procfile in "),
        "{}",
        finished.stderr
    );
    let help =
        "\n help: it names your processes, one per line, for example\n         web: npm run dev\n";
    assert!(finished.stderr.ends_with(help), "{}", finished.stderr);
    let project = Project::empty().file("package.json", "{\"scripts\": {\"dev\": \"vite\"}}");
    assert!(
        project
            .run(&["start"])
            .stderr
            .ends_with("\n       `devrun init` writes one from what is there\n")
    );
}

#[test]
fn procfiles_with_mistakes() {
    check(
        &Project::with_procfile(""),
        &["start"],
        "error: `Procfile` names no process\n help: write one per line, for example\n         web: npm run dev",
    );
    check(
        &Project::with_procfile("web: a\nweb: b\n"),
        &["start"],
        "error: `web` is defined twice\n --> Procfile:1:1\n1 | web: a\n  | ^^^ first here\n --> Procfile:2:1\n\
         2 | web: b\n  | ^^^ and again here\n help: rename one of them or take it out",
    );
    check(
        &Project::with_procfile("my-api: a\nmy_api: b\n"),
        &["start"],
        "error: `my-api` and `my_api` have one variable for their URLs: MY_API_URL\n help: rename one of them",
    );
    check(
        &Project::with_procfile("web bundle exec puma\n"),
        &["start"],
        "error: not a `name: command` line\n --> Procfile:1:1\n1 | web bundle exec puma\n  | ^^^ expected `:` \
         after the name\n help: write it as `web: bundle exec puma`",
    );
    let binary = Project::empty().file("Procfile", b"web: a\napi: \xff\n");
    check(
        &binary,
        &["start"],
        "error: `Procfile` is not UTF-8\n --> Procfile:2:6\n2 | api: \u{fffd}\n  |      ^ this byte begins no character\n help: save it as UTF-8",
    );
    check(
        &Project::empty().file("Procfile", b"\xff\xfew\0e\0b\0:\0 \0a\0"),
        &["start"],
        "error: `Procfile` is UTF-16\n help: save it as UTF-8",
    );
}

/// Each took the square of its size in time, the last one any amount of memory.
#[test]
fn huge_files_are_read_at_once() {
    let ends_with = |project: Project, expected: &str| {
        let finished = project.run(&["check"]);
        assert_eq!(finished.status, 1);
        assert!(finished.stderr.contains(expected), "{expected}");
    };
    ends_with(
        Project::with_procfile(&"garbage here\n".repeat(200_000)),
        "not a `name: command` line, and 199900 further problems",
    );
    let types: String = (0..100_000).map(|n| format!("w{n}: x\n")).collect();
    ends_with(
        Project::with_procfile(&types),
        "100000 processes are more than devrun starts at once: 5000",
    );
    let doubling: String = (1..60)
        .map(|n| format!("A{n}=${{A{}}}${{A{}}}\n", n - 1, n - 1))
        .collect();
    ends_with(
        project().file(".env", format!("A0=x\n{doubling}")),
        "what the file refers to takes more than 1 MiB",
    );
}

#[test]
fn nothing_is_started_when_anything_is_wrong() {
    let project = project();
    project.run(&["start", "web", "nope"]);
    assert!(!project.directory().join("started").exists());
}

#[test]
fn no_arguments_show_the_help_and_refuse() {
    let finished = Project::empty().run(&[]);
    assert_eq!(finished.status, 2);
    assert!(finished.stderr.contains("devrun COMMAND"));
}
