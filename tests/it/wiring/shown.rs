//! What the commands show of a running app, and what is typed into a session that uses others.

use crate::screen::{Screen, on_terminal};
use crate::support::{Devrun, Project, helper};
use crate::wiring::{api, shop, shows};

const USES_API: &str = "uses: { API_URL: ../api }\n";
const WOULD_BE: &str = "not running: would be\n";

/// shop and api, with everything that hides something or is secret.
fn secretive() -> Project {
    let settings = "port: 5000\nuses: { DB_URL: 'pg://u:verysecret@h:1/x' }\n";
    shop("DB_URL", settings).file(".env", "LEVEL=low\nAPI_TOKEN=verysecret\n")
}

#[test]
fn env_explains_every_value_and_what_it_hides() {
    let project = secretive();
    let mut command = project.command(["env", "web", "--explain"]);
    command.env("LEVEL", "high");
    let output = command.output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<String> = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for row in [
        "DB_URL pg://u:verysecret@h:1/x devrun.yaml:2",
        "LEVEL low .env:1",
        "hides high your shell",
        "PORT 5000 devrun (base 5000)",
        "PS web.1 devrun",
    ] {
        assert!(rows.iter().any(|have| have == row), "{row}:\n{table}");
    }
}

#[test]
fn secrets_are_shown_on_a_terminal_only_where_that_is_asked_for() {
    let project = secretive();
    for command in [
        &["env", "web"][..],
        &["env", "web", "--explain"],
        &["env", "web", "--format", "json"],
        &["url", "DB_URL"],
        &["uses"],
        &["uses", "--json"],
    ] {
        let shown = on_terminal(&project, command);
        assert!(shown.contains("****"), "{command:?}: {shown}");
        assert!(!shown.contains("verysecret"), "{command:?}: {shown}");
    }
    let shown = on_terminal(&project, &["env", "web", "--reveal"]);
    assert!(shown.contains("verysecret"), "{shown}");
    let piped = project.run(&["env", "web"]);
    assert!(piped.stdout.contains("API_TOKEN=verysecret\n"));
}

#[test]
fn env_can_be_read_by_shells_editors_and_programs() {
    let project = secretive().file(".env", "A=it's $5\n");
    let run = |form: &str| project.run(&["env", "web", "--format", form]).stdout;
    assert!(run("dotenv").contains("\nDB_URL="), "{}", run("dotenv"));
    let json: serde_json::Value = serde_json::from_str(&run("json")).unwrap();
    assert_eq!(json["v"], 1);
    assert_eq!(json["process"], "web.1");
    assert_eq!(json["running"], false);
    let first = &json["variables"][0];
    assert_eq!(
        (&first["name"], &first["value"]),
        (&"A".into(), &"it's $5".into())
    );
    let mut shell = std::process::Command::new("sh");
    project.prepare(&mut shell);
    let script = format!("{}printf %s \"$A\"", run("shell"));
    let output = shell.args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "it's $5");
}

#[test]
fn values_are_those_of_the_running_app_or_said_to_be_none() {
    let project = shop("API_URL", USES_API);
    let api = api(&project);
    let would_be = project.run(&["url", "API_URL"]);
    // It takes any free port.
    let unknown = "error: api/web.1 has no port before it is started";
    assert!(would_be.stderr.starts_with(unknown), "{}", would_be.stderr);
    let mut devrun = project.start();
    let url = devrun.value_after("API_URL=[").replace(']', "");
    let shown = project.run(&["url", "API_URL"]);
    assert_eq!(
        (shown.stdout, shown.stderr),
        (format!("{url}\n"), String::new())
    );
    let shown = api.run(&["url"]);
    assert_eq!(
        (shown.stdout, shown.stderr),
        (format!("{url}\n"), String::new())
    );
    let shown = project.run(&["url", "api/web"]);
    assert_eq!(shown.stdout, format!("{url}\n"));
    let env = project.run(&["env", "web"]);
    assert!(
        env.stdout.contains(&format!("API_URL={url}\n")),
        "{}",
        env.stdout
    );
    assert_eq!(env.stderr, "");
    let run = project.run(&["run", "-p", "web", "sh", "-c", "printf %s $API_URL"]);
    assert_eq!(run.stdout, url);
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(project.run(&["env", "web"]).stderr, WOULD_BE);
}

#[test]
fn uses_shows_both_directions() {
    let project = shop("API_URL", USES_API);
    let api = api(&project);
    let json = |project: &Project| -> serde_json::Value {
        serde_json::from_str(&project.run(&["uses", "--json"]).stdout).unwrap()
    };
    assert_eq!(json(&project)["apps"][0]["uses"][0]["state"], "not running");
    let mut owner = api.start();
    let port = owner.value_after("listens on ");
    let mut devrun = project.start();
    devrun.wait_for("API_URL=[http");
    owner.wait_for(") now uses api");
    let uses = json(&project);
    let row = &uses["apps"][0]["uses"][0];
    assert_eq!(row["variable"], "API_URL");
    assert_eq!(row["target"], "../api");
    assert_eq!(row["state"], "ready");
    assert_eq!(row["provider"], "api/web.1");
    assert_eq!(row["owner"]["pid"], owner.pid().as_raw());
    assert_eq!(row["url"], format!("http://localhost:{port}"));
    assert_eq!(row["used_by"][0], "web.1");
    assert_eq!(json(&api)["apps"][0]["used_by"][0], "shop");
    let table = project.run(&["uses"]).stdout;
    assert!(table.contains("API_URL"), "{table}");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}

/// shop on a terminal, and api in another session.
fn joined() -> (Screen, Devrun, Project) {
    let project = shop("API_URL", USES_API);
    let api = api(&project);
    let mut owner = api.start();
    owner.wait_for("listens on");
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("API_URL=[http");
    owner.wait_for(") now uses api");
    (screen, owner, api)
}

#[test]
fn an_app_that_was_stopped_elsewhere_can_be_started_by_hand() {
    let (mut screen, mut owner, _api) = joined();
    assert_eq!(owner.interrupt(), 0);
    screen.wait_for("api was stopped in ");
    screen.wait_for("Enter starts it");
    screen.command("s api");
    screen
        .wait_for("starting api (in ")
        .wait_for("| listens on ");
    screen.interrupt();
}

#[test]
fn a_process_that_another_session_runs_is_not_stopped_from_here() {
    let (mut screen, mut owner, api) = joined();
    screen.command("x api/web");
    screen.command("l");
    screen.wait_for("api/web.1");
    let shown = api.run(&["url"]);
    assert_eq!(shown.stderr, "");
    assert_eq!(owner.count("exited"), 0);
    screen.interrupt();
    assert_eq!(owner.interrupt(), 0);
    assert_eq!(owner.count("stopping web.1"), 0);
}

#[test]
fn an_edited_env_file_applies_at_a_restart_by_hand() {
    let project = Project::with_procfile(&format!(
        "web: {}\nback: {}\n",
        shows("A"),
        helper("listen")
    ))
    .file(".env", "A=1\n");
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("A=[1]");
    project.write(".env", "");
    screen.command("r web");
    screen.wait_for("web.1's environment: A removed");
    screen.wait_for("A=[none]");
    screen.interrupt();
}
