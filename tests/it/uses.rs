//! `devrun uses`: the table, and the JSON against its documentation.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::Project;
use crate::wiring::{api, shop};

/// Uses of all kinds.
const SETTINGS: &str = "\
port: 5000
uses:
  API_URL: ../api
  MAYBE_URL: { app: '../api#web', start: never, optional: true }
  GONE_URL: ../gone
  DB_URL: 'pg://u:verysecret@h:1/x'
  HIDDEN_URL: 'x://hidden'
  NOBODYS_URL: 'x://nobodys'
processes:
  web: { uses: [API_URL, MAYBE_URL, GONE_URL, DB_URL, HIDDEN_URL] }
";

fn project() -> (Project, Project) {
    let project = shop("API_URL", SETTINGS).file(".env.local", "HIDDEN_URL=mine\n");
    let api = api(&project);
    (project, api)
}

/// The cells of each line.
fn rows(table: &str) -> Vec<Vec<&str>> {
    let cells = |line| -> Vec<&str> {
        let cells = str::split(line, "  ").map(str::trim);
        cells.filter(|cell| !cell.is_empty()).collect()
    };
    table.lines().map(cells).collect()
}

#[test]
fn a_table_has_a_line_for_each_variable() {
    let (project, api) = project();
    let shown = project.run(&["uses"]);
    assert_eq!((shown.status, &shown.stderr[..]), (0, ""));
    let rest = [
        ["GONE_URL", "../gone", "absent", "-", "-", "web.1"],
        [
            "DB_URL",
            "pg://u:****@h:1/x",
            "elsewhere",
            "-",
            "pg://u:****@h:1/x",
            "web.1",
        ],
        [
            "HIDDEN_URL",
            "x://hidden",
            "hidden by .env.local:1",
            "-",
            "-",
            "-",
        ],
        ["NOBODYS_URL", "x://nobodys", "unused", "-", "-", "-"],
    ];
    let heads = ["VARIABLE", "TARGET", "STATE", "OWNER", "URL", "USED BY"];
    let table = rows(&shown.stdout);
    assert_eq!(table[0], heads);
    assert_eq!(table[1][..4], ["API_URL", "../api", "not running", "-"]);
    assert_eq!(table[3..], rest, "{}", shown.stdout);
    let mut owner = api.start();
    let url = format!("http://localhost:{}", owner.value_after("listens on "));
    owner.wait_for("all up ");
    let shown = project.run(&["uses"]).stdout;
    let by = format!("api ({})", owner.pid());
    let table = rows(&shown);
    assert_eq!(table[1], ["API_URL", "../api", "ready", &by, &url, "web.1"]);
    assert_eq!(
        table[2],
        ["MAYBE_URL", "../api#web", "ready", &by, &url, "web.1"]
    );
    assert_eq!(table[3..], rest, "{shown}");
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn an_optional_use_that_nobody_starts_is_absent() {
    let settings = "uses: { API_URL: { app: ../api, start: never, optional: true } }\n";
    let project = shop("API_URL", settings);
    api(&project);
    let table = project.run(&["uses"]).stdout;
    assert_eq!(
        rows(&table)[1],
        ["API_URL", "../api", "absent", "-", "-", "web.1"]
    );
}

#[test]
fn what_is_required_is_not_running_until_somebody_starts_it() {
    let project = shop(
        "API_URL",
        "port: 5000\nuses: { API_URL: { app: ../api, start: never } }\n",
    );
    api(&project).write("devrun.yaml", "port: 5300\n");
    let table = project.run(&["uses"]).stdout;
    let url = "http://localhost:5300";
    assert_eq!(
        rows(&table)[1],
        ["API_URL", "../api", "not running", "-", url, "web.1"]
    );
}

#[test]
fn who_runs_is_shown_with_the_value_that_it_has() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let api = api(&project);
    let mut owner = api.start();
    let url = format!("http://localhost:{}", owner.value_after("listens on "));
    let mut devrun = project.start();
    devrun.wait_for(&format!("API_URL=[{url}]"));
    assert_eq!(owner.interrupt(), 0);
    devrun.wait_for("api was stopped in ");
    let table = project.run(&["uses"]).stdout;
    let row = ["API_URL", "../api", "not running", "-", &url, "web.1"];
    assert_eq!(rows(&table)[1], row);
    devrun.interrupt();
    let mut devrun = project.start_with(&["--use", "API_URL=x://asked"]);
    devrun.wait_for("API_URL=[x://asked]");
    let table = project.run(&["uses"]).stdout;
    assert_eq!(rows(&table)[1][4], "x://asked");
    devrun.interrupt();
}

/// The fields that each table of docs/json.md has.
fn documented() -> Vec<BTreeSet<String>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    let page = fs::read_to_string(page).unwrap();
    let tables = page
        .split("\n\n")
        .filter(|part| part.starts_with("| field"));
    let fields = |table: &str| {
        let cells = table
            .lines()
            .skip(2)
            .map(|row| row.split('|').nth(1).unwrap());
        let names = cells.flat_map(|cell| cell.split(','));
        names.map(|name| name.trim().replace('`', "")).collect()
    };
    tables.map(fields).collect()
}

fn fields(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_json_has_the_fields_that_are_documented() {
    let (project, api) = project();
    let mut owner = api.start();
    owner.wait_for("all up ");
    let shown = project.run(&["uses", "--json"]).stdout;
    assert_eq!(shown.matches('\n').count(), 1);
    let json: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(json["v"], 1);
    let app = &json["apps"][0];
    let [of_app, of_use] = &documented()[..] else {
        panic!("{:?}", documented());
    };
    assert_eq!(fields(app), *of_app);
    let mut seen = BTreeSet::new();
    for used in app["uses"].as_array().unwrap() {
        let is_hidden = used["state"] == "hidden";
        assert_eq!(used.get("hidden_by").is_some(), is_hidden, "{used}");
        seen.extend(fields(used));
    }
    assert_eq!(seen, *of_use);
    let maybe = &app["uses"][1];
    assert_eq!(maybe["optional"], true);
    assert_eq!(maybe["provider"], "api/web.1");
    assert_eq!(
        maybe["owner"],
        serde_json::json!({ "app": "api", "pid": owner.pid().as_raw() })
    );
    assert_eq!(app["uses"][2]["state"], "absent");
    assert_eq!(app["uses"][2]["optional"], false);
    assert_eq!(app["owner"], Value::Null);
    assert!(!shown.contains("verysecret"));
    assert_eq!(owner.interrupt(), 0);
}
