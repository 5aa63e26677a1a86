//! `devrun open`, with a browser that only notes what it is to show.

use std::process::Command;

#[cfg(target_os = "linux")]
use crate::support::helper;
use crate::support::{Finished, Project};
use crate::wiring::{api, shop};

/// `devrun open` with that browser before all others.
fn opening(project: &Project, arguments: &[&str]) -> Command {
    let mut command = project.command(["open"].iter().chain(arguments));
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", project.directory().display()));
    command
}

fn finished(mut command: Command) -> Finished {
    let output = command.output().unwrap();
    Finished {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn open(project: &Project, arguments: &[&str]) -> Finished {
    finished(opening(project, arguments))
}

/// Puts the browser there.
#[cfg(target_os = "linux")]
fn with_browser(project: Project, script: &str) -> Project {
    use std::os::unix::fs::PermissionsExt;
    project.write("xdg-open", format!("#!/bin/sh\n{script}\n"));
    let browser = project.directory().join("xdg-open");
    std::fs::set_permissions(browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    project
}

#[cfg(target_os = "linux")]
const NOTES: &str = "echo \"$1\" > opened.draft; mv opened.draft opened";

#[test]
fn where_nothing_runs_nothing_is_opened() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let api = api(&project);
    let there = api.directory();
    for (name, place) in [
        ("web", String::new()),
        ("api/web", format!(" in {}", there.display())),
    ] {
        let refused = open(&project, &[name]);
        assert_eq!((refused.status, &refused.stdout[..]), (3, ""), "{name}");
        let expected =
            format!("error: {name}.1 does not run\n help: `devrun start`{place} runs it\n");
        assert_eq!(refused.stderr, expected);
    }
}

#[test]
fn what_has_no_url_is_not_opened() {
    let settings = "processes: { web: { port: false } }\n";
    let project = Project::with_procfile("web: true\n").file("devrun.yaml", settings);
    let refused = open(&project, &["web"]);
    assert_eq!(refused.status, 2);
    assert!(
        refused.stderr.contains("web.1 has no port"),
        "{}",
        refused.stderr
    );
    let refused = open(&project, &["wbe"]);
    assert_eq!(refused.status, 2);
    assert!(
        refused.stderr.contains("did you mean `web`?"),
        "{}",
        refused.stderr
    );
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_served_is_opened_where_it_is() {
    let settings = "uses: { API_URL: ../api, GONE_URL: ../gone }\n";
    let project = with_browser(shop("API_URL", settings), NOTES);
    let serving = format!("web: {}\ntask: exit 3\n", helper("listen"));
    project.write("Procfile", serving);
    api(&project);
    let mut devrun = project.start_with(&["--restart", "never", "--unuse", "GONE_URL"]);
    devrun.see(" processes up");
    for name in ["web", "api/web"] {
        let url = project.run(&["url", name]).stdout;
        let opened = open(&project, &[name]);
        assert_eq!(opened.status, 0, "{}", opened.stderr);
        assert_eq!(opened.stderr, format!("opening {url}"));
        assert_eq!(project.read("opened"), url, "{name}");
    }
    let ended = open(&project, &["task"]);
    assert_eq!(ended.status, 1);
    assert!(
        ended.stderr.contains("task.1 is failed"),
        "{}",
        ended.stderr
    );
    devrun.interrupt();
}

#[cfg(target_os = "linux")]
#[test]
fn who_is_not_ready_yet_is_waited_for() {
    let line = format!(
        "until [ -e go ]; do sleep 0.05; done; exec {}",
        helper("listen")
    );
    let project = with_browser(Project::with_procfile(&format!("web: {line}\n")), NOTES);
    let mut devrun = project.start();
    devrun.wait_for("web.1");
    let mut opening = project.spawn(opening(&project, &[]));
    opening
        .stderr
        .wait_for("waiting until it serves its URL", 0);
    project.write("go", NOTES);
    assert_eq!(opening.wait(), 0);
    let port = devrun.value_after("listens on ");
    assert_eq!(project.read("opened"), format!("http://localhost:{port}\n"));
    devrun.interrupt();
}

#[cfg(target_os = "linux")]
#[test]
fn a_browser_that_fails_is_told() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("listen")));
    let project = with_browser(project, "exit 3");
    let mut devrun = project.start();
    devrun.wait_for("listens on ");
    let mut command = opening(&project, &[]);
    // There is no other browser.
    command.env("PATH", project.directory());
    let failed = finished(command);
    let said = &failed.stderr;
    assert_eq!(failed.status, 1, "{said}");
    assert!(said.contains(" could not be opened\n"), "{said}");
    assert!(said.contains("exit status: 3"), "{said}");
    devrun.interrupt();
}
