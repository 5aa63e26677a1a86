//! What `devrun start` starts, and with which environment.

use std::process::Command;

use crate::support::{Devrun, Project, get, helper};

#[test]
fn a_process_gets_its_port_its_name_and_the_urls_of_the_others() {
    let project = Project::with_procfile(
        "web: env | grep -E '^(PORT|PS|.*_URL)=' | sort; sleep 1000\nmy-api: sleep 1000\n",
    );
    let mut devrun = project.start();
    devrun.wait_for("web.1    | MY_API_URL=http://localhost:");
    devrun
        .wait_for("web.1    | PORT=")
        .wait_for("web.1    | PS=web.1");
    assert_eq!(devrun.interrupt(), 0);
    let said = devrun.stdout.text();
    assert!(
        !said.contains("| WEB_URL"),
        "nobody gets its own URL:\n{said}"
    );
}

#[test]
fn one_process_is_another_ones_backing_service() {
    let procfile = format!(
        "web: {}\nclient: {}\n",
        helper("listen"),
        helper("fetch WEB_URL")
    );
    let mut devrun = Project::with_procfile(&procfile).start();
    devrun.wait_for("client.1 | fetched HTTP/1.0 200 OK");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn the_summary_shows_a_url_once_it_is_served_and_who_does_not_listen() {
    let procfile = format!("web: {}\nworker: sleep 1000\n", helper("listen"));
    let project = Project::with_procfile(&procfile);
    let mut devrun = project.start();
    // Nobody waits for its URL as long as for the summary.
    devrun.wait_for("web.1 is ready ");
    devrun.wait_for("all up ");
    let url = devrun.value_after("  web.1     ready    ");
    devrun.wait_for("  worker.1  running  (does not listen)");
    assert!(get(&url).starts_with("HTTP/1.0 200 OK"));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_server_on_ipv6_alone_is_ready_too() {
    if std::net::TcpListener::bind(("::1", 0)).is_err() {
        return;
    }
    let mut devrun = Project::with_procfile(&format!("web: {}\n", helper("listen6"))).start();
    devrun.wait_for("  web.1  ready    http://localhost:");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_server_behind_shells_is_ready_too() {
    let procfile = format!("web: true && sh -c '{}; true'; true\n", helper("listen"));
    let mut devrun = Project::with_procfile(&procfile).start();
    devrun.wait_for("  web.1  ready    http://localhost:");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn the_working_directory_is_the_procfiles() {
    let project = Project::empty().file("sub/Procfile", "web: pwd\n");
    let expected = project.directory().join("sub");
    for arguments in [&["-f", "sub/Procfile"][..], &["-d", "sub"]] {
        let mut devrun = project.start_with(arguments);
        devrun.wait_for(&format!("web.1  | {}", expected.display()));
        assert_eq!(devrun.wait(), 0);
    }
}

#[test]
fn the_app_is_found_upwards_to_the_repositorys_root() {
    let project = Project::with_procfile("web: pwd\n")
        .file(".git/HEAD", "")
        .file("a/b/c.txt", "");
    let mut command = project.command(["start", "-p", "0"]);
    command.current_dir(project.directory().join("a/b"));
    let mut devrun = Devrun::spawn(command);
    devrun.wait_for(&format!("web.1  | {}\n", project.directory().display()));
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn outside_of_a_repository_only_the_current_directory_counts() {
    let project = Project::with_procfile("web: pwd\n").file("a/c.txt", "");
    let mut command = project.command(["start"]);
    command.current_dir(project.directory().join("a"));
    let mut devrun = Devrun::spawn(command);
    assert_eq!(devrun.wait(), 2);
    assert!(devrun.stderr.text().starts_with("error: no Procfile in "));
}

#[test]
fn procfile_dev_comes_first() {
    let project =
        Project::with_procfile("web: echo plain\n").file("Procfile.dev", "web: echo dev\n");
    let mut devrun = project.start();
    devrun
        .wait_for("Procfile.dev, 1 process")
        .wait_for("web.1  | dev");
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn env_files_lie_over_the_shell_and_each_other() {
    let project = Project::with_procfile("web: echo $A-$B-$C-$D-$E\n")
        .file(
            ".env",
            "A=file\nB=file\nC=file\nE=${A}/${SHELL_ONLY}\nbad line\n",
        )
        .file(".env.local", "B=local\n");
    let mut command = project.command(["start", "-p", "0", "--set", "C=set"]);
    command
        .env("A", "shell")
        .env("D", "shell")
        .env("SHELL_ONLY", "x");
    let mut devrun = Devrun::spawn(command);
    devrun.wait_for(".env, 4 variables; .env.local, 1 variable");
    devrun.wait_for(".env:5 is left out: not a `KEY=value` line");
    devrun.wait_for("A: .env:1 hides your shell's value; for one run: --set A=shell");
    devrun.wait_for("web.1  | file-local-set-shell-file/x");
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn named_env_files_replace_the_default_one() {
    let project = Project::with_procfile("web: echo $A-$B\n")
        .file(".env", "A=1\n")
        .file("b.env", "B=2\n")
        .file("c.env", "B=3\n");
    let mut devrun = project.start_with(&["-e", "b.env,c.env"]);
    devrun.wait_for("web.1  | -3");
    assert_eq!(devrun.wait(), 0);
    let mut devrun = project.start_with(&["--env", "/dev/null"]);
    devrun.wait_for("web.1  | -\n");
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn a_procfile_may_come_out_of_a_pipe() {
    let project = Project::empty();
    let mut command = Command::new("bash");
    project.prepare(&mut command);
    let devrun = env!("CARGO_BIN_EXE_devrun");
    command.arg("-c").arg(format!(
        "{devrun} start -p 0 -f <(echo 'web: echo piped; pwd')"
    ));
    let mut devrun = Devrun::spawn(command);
    devrun.wait_for("web.1  | piped");
    devrun.wait_for(&format!("web.1  | {}\n", project.directory().display()));
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn names_formation_and_without_choose_the_processes() {
    let project = Project::with_procfile("web: echo web\napi: echo api\nworker: echo worker\n");
    let started = |arguments: &[&str]| {
        let mut devrun = project.start_with(arguments);
        assert_eq!(devrun.wait(), 0);
        let said = devrun.stdout.text();
        let names = said
            .lines()
            .filter_map(|line| line.split_once(" started (pid")?.0.split(' ').next_back());
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        names.join(" ")
    };
    assert_eq!(started(&[]), "api.1 web.1 worker.1");
    assert_eq!(started(&["worker", "web"]), "web.1 worker.1");
    assert_eq!(started(&["--without", "api"]), "web.1 worker.1");
    assert_eq!(
        started(&["-m", "all=1,web=2,worker=0"]),
        "api.1 web.1 web.2"
    );
    assert_eq!(started(&["-c", "api=2"]), "api.1 api.2");
}

#[test]
fn foremans_options_file_is_read_and_the_command_line_beats_it() {
    let project = Project::empty()
        .file("Procfile.x", "web: echo $A web\nworker: echo worker\n")
        .file("x.env", "A=1\n")
        .file(
            ".foreman",
            "procfile: Procfile.x\nformation: web=2\nenv: x.env\n",
        );
    let mut devrun = project.start();
    devrun.wait_for("Procfile.x, 2 processes");
    assert_eq!(devrun.wait(), 0);
    assert!(devrun.stdout.text().contains("web.2  | 1 web"));
    let mut devrun = project.start_with(&["-m", "worker=1"]);
    devrun.wait_for("worker.1 | worker");
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn stdin_is_open_and_empty() {
    let project = Project::with_procfile(
        "web: exec 3<&0; (cat <&3; echo ended) & sleep 0.3; echo still; sleep 1000\n",
    );
    let mut devrun = project.start();
    devrun.wait_for("web.1  | still");
    assert_eq!(devrun.interrupt(), 0);
    assert!(!devrun.stdout.text().contains("ended"));
}

#[test]
fn dev_stdout_can_be_opened_by_its_path() {
    let project = Project::with_procfile("web: echo one > /dev/stdout; echo two > /dev/stderr\n");
    let mut devrun = project.start();
    devrun.wait_for("web.1  | one").wait_for("web.1  | two");
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn a_second_start_of_the_same_app_says_who_runs_it() {
    let project = Project::with_procfile("web: sleep 1000\n");
    let mut first = project.start();
    first.wait_for("web.1 started");
    let second = project.run(&["start", "-p", "0"]);
    assert_eq!(second.status, 2);
    let expected = format!(
        "error: devrun already runs this app (pid {}, since ",
        first.pid()
    );
    assert!(second.stderr.starts_with(&expected), "{}", second.stderr);
    assert_eq!(first.interrupt(), 0);
    let mut third = project.start();
    third.wait_for("web.1 started");
    assert_eq!(third.interrupt(), 0);
}

#[test]
fn quiet_leaves_devruns_own_lines_out() {
    let mut devrun = Project::with_procfile("web: echo hi\n").start_with(&["-q", "--no-timestamp"]);
    assert_eq!(devrun.wait(), 0);
    assert_eq!(devrun.stdout.text(), "web.1  | hi\n");
}

#[test]
fn a_line_that_is_none_is_left_out_and_said_twice() {
    let mut devrun = Project::with_procfile("web: echo hi\nnot a line\n").start();
    devrun.wait_for("Procfile:2 is left out: not a `name: command` line");
    devrun.wait_for("1 line was left out: `devrun check` shows them");
    assert_eq!(devrun.wait(), 0);
}
