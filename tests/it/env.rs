//! `devrun env`, and what `run` and `url` have of the same: of what runs, what its session says.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::screen::on_terminal;
use crate::support::{Finished, Project, helper};
use crate::wiring::{api, shop, shows};

const WOULD_BE: &str = "not running: would be\n";

fn finished(output: Output) -> Finished {
    Finished {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The value of a variable; `None`: it is not set. Nothing is to be doubted.
fn value(project: &Project, arguments: &[&str], variable: &str) -> Option<String> {
    let shown = project.run(&[&["env"], arguments].concat());
    assert_eq!((shown.status, &shown.stderr[..]), (0, ""));
    let mut lines = shown.stdout.lines();
    let line = lines.find_map(|line| line.strip_prefix(&format!("{variable}=")));
    line.map(Into::into)
}

#[test]
fn all_nine_layers_are_explained() {
    let settings = "\
env: { API_URL: of-app }
processes:
  web: { env: { API_URL: of-process } }
uses: { API_URL: 'x://use' }
";
    let project = Project::with_procfile("web: API_URL=line ./web\napi: ./api\n")
        .file("devrun.yaml", settings)
        .file(".env", "# A comment\nAPI_URL=file\n")
        .file(".env.local", "API_URL=personal\n");
    let mut command = project.command(["env", "web", "--explain", "--set", "API_URL=set"]);
    command.env("API_URL", "shell");
    let shown = finished(command.output().unwrap());
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let rows: Vec<String> = shown.stdout.lines().map(words).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    assert_eq!(
        rows[..9],
        [
            "API_URL line Procfile:1",
            "hides set --set",
            "hides personal .env.local:1",
            "hides x://use devrun.yaml:4",
            "hides of-process devrun.yaml:3",
            "hides of-app devrun.yaml:1",
            "hides file .env:2",
            "hides shell your shell",
            "hides http://localhost:5100 automatic (same Procfile)",
        ],
        "{}",
        shown.stdout
    );
    assert!(rows.contains(&"PORT 5000 devrun (base 5000)"), "{rows:?}");
    assert!(rows.contains(&"PS web.1 devrun"), "{rows:?}");
}

/// What is hard to write down, as an env file has it, and as it is.
const HARD: [(&str, &str, &str); 4] = [
    ("QUOTES", "\"it's a \\\"b\\\"\"", "it's a \"b\""),
    ("DOLLAR", "'$5 `x` \\n'", "$5 `x` \\n"),
    ("LINES", "'a\nb #c'", "a\nb #c"),
    ("BLANKS", "' a '", " a "),
];

fn hard() -> Project {
    let lines = HARD.map(|(name, written, _)| format!("{name}={written}\n"));
    Project::with_procfile("web: true\n").file(".env", lines.concat())
}

#[test]
fn a_shell_reads_back_what_env_writes() {
    let project = hard();
    let names = HARD.map(|(name, ..)| format!("\"${name}\""));
    let script = format!(
        "eval \"$(\"$0\" env web --format shell 2> error)\"; printf '%s|' {}",
        names.join(" ")
    );
    let mut shell = Command::new("sh");
    project.prepare(&mut shell);
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_devrun")]);
    let read = finished(shell.output().unwrap());
    let expected = HARD.map(|(_, _, value)| format!("{value}|"));
    assert_eq!(read.stdout, expected.concat(), "{}", read.stderr);
    assert_eq!(project.read("error"), WOULD_BE);
}

#[test]
fn devrun_reads_back_what_it_writes_as_an_env_file() {
    let project = hard();
    let written = project.run(&["env", "web", "--format", "dotenv"]).stdout;
    let other = Project::with_procfile("web: true\n").file("back.env", written);
    for (name, _, value) in HARD {
        let script = format!("printf %s \"${name}\"");
        let read = other.run(&["run", "-e", "back.env", "sh", "-c", &script]);
        assert_eq!(read.stdout, value, "{name}");
    }
}

/// The names in the first column of the tables of a page, from one heading or table head to the next.
fn documented(page: &str) -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let page = fs::read_to_string(page).unwrap();
    let fields = page.lines().filter_map(|line| line.strip_prefix("| `"));
    fields
        .map(|row| row.split_once('`').unwrap().0.to_string())
        .collect()
}

fn keys(value: &Value, keys_seen: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                keys_seen.insert(key.clone());
                keys(value, keys_seen);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, keys_seen)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_json_has_the_fields_that_are_documented() {
    let project = Project::with_procfile("web: true\n").file(".env", "A=2\nT_TOKEN=abc\n");
    let mut command = project.command(["env", "web", "--format", "json"]);
    command.env("A", "1").env("L", OsStr::from_bytes(b"f\xff"));
    let shown = finished(command.output().unwrap());
    assert_eq!(shown.stderr, WOULD_BE);
    assert_eq!(shown.stdout.matches('\n').count(), 1);
    let json: Value = serde_json::from_str(&shown.stdout).unwrap();
    let mut seen = BTreeSet::new();
    keys(&json, &mut seen);
    assert_eq!(seen, documented("docs/env.md"));
    assert_eq!(json["v"], 1);
    assert_eq!(json["running"], false);
    let expected = serde_json::json!([
        { "name": "A", "value": "2", "source": ".env:1",
          "hides": [{ "value": "1", "source": "your shell" }] },
        { "name": "L", "value": "f\u{fffd}", "bytes": "Zv8=", "source": "your shell", "hides": [] },
        { "name": "T_TOKEN", "value": "abc", "source": ".env:2", "hides": [] },
    ]);
    let variables = json["variables"].as_array().unwrap();
    for variable in expected.as_array().unwrap() {
        assert!(variables.contains(variable), "{variable}: {json}");
    }
}

#[test]
fn every_form_is_masked_on_a_terminal_and_none_in_a_pipe() {
    let settings = "uses: { DB_URL: 'pg://u:verysecret@h:1/x' }\n";
    let project = shop("DB_URL", settings).file(".env", "API_TOKEN=verysecret\n");
    for form in [
        &["--explain"][..],
        &["--format", "text"],
        &["--format", "dotenv"],
        &["--format", "shell"],
        &["--format", "json"],
    ] {
        let command = [&["env", "web"], form].concat();
        let shown = on_terminal(&project, &command);
        assert!(shown.contains("pg://u:****@h:1/x"), "{form:?}: {shown}");
        assert!(!shown.contains("verysecret"), "{form:?}: {shown}");
        let shown = on_terminal(&project, &[&command[..], &["--reveal"]].concat());
        assert_eq!(shown.matches("verysecret").count(), 2, "{form:?}: {shown}");
        let piped = project.run(&command).stdout;
        assert_eq!(piped.matches("verysecret").count(), 2, "{form:?}: {piped}");
    }
}

#[test]
fn no_form_acts_on_a_terminal_and_each_says_in_a_pipe_what_it_is() {
    let escapes = "\u{1b}]52;c;aGk=\u{7}\u{9b}31m\u{202e}";
    let project = Project::with_procfile("web: true\n").file(".env", format!("A={escapes}\n"));
    for form in ["text", "dotenv", "shell", "json"] {
        let arguments = ["env", "web", "--reveal", "--format", form];
        let shown = on_terminal(&project, &arguments);
        let acts = |c: char| matches!(c, '\u{1b}' | '\u{7}' | '\u{9b}' | '\u{202e}');
        assert!(!shown.contains(acts), "{form}: {shown:?}");
        let piped = project.run(&arguments).stdout;
        let is_raw = form != "json";
        assert_eq!(piped.contains(escapes), is_raw, "{form}: {piped:?}");
    }
}

/// A session whose web has something of each kind that files and shell do not say any more.
#[test]
fn a_process_that_runs_is_shown_as_its_session_has_it() {
    let settings = "uses: { X_URL: 'x://settings' }\n";
    let project = shop("A", settings)
        .file(".env", "A=1\nB=1\n")
        .file("other.env", "A=2\nE=2\n");
    let mut command = project.command(["start", "-p", "0", "--set", "S=set", "-e", "other.env"]);
    command.args(["--use", "X_URL=x://asked", "--json"]);
    command
        .env("H", OsStr::from_bytes(b"shell \xff"))
        .env("K_TOKEN", "verysecret");
    let mut devrun = project.spawn(command);
    devrun.wait_for("A=[2]");
    project.write("other.env", "A=3\nN=3\n");
    let of_web = |variable: &str| value(&project, &["web"], variable);
    assert_eq!(of_web("A").as_deref(), Some("2"));
    assert_eq!(of_web("E").as_deref(), Some("2"));
    assert_eq!(of_web("S").as_deref(), Some("set"));
    assert_eq!(of_web("X_URL").as_deref(), Some("x://asked"));
    for unset in ["B", "N"] {
        assert_eq!(of_web(unset), None, "{unset}");
    }
    let all = project.command(["env", "web"]).output().unwrap().stdout;
    let is_there = |line: &[u8]| all.split(|byte| *byte == b'\n').any(|have| have == line);
    assert!(is_there(b"H=shell \xff"));
    assert!(is_there(b"K_TOKEN=verysecret"));
    let table = project.run(&["env", "web", "--explain"]).stdout;
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    for row in ["S set --set", "A 2 other.env:1", "X_URL x://asked --use"] {
        assert!(
            table.lines().any(|line| words(line) == row),
            "{row}:\n{table}"
        );
    }
    let script = "printf %s \"$A $S $X_URL $K_TOKEN\"";
    let run = project.run(&["run", "-p", "web", "sh", "-c", script]);
    assert_eq!(run.stdout, "2 set x://asked verysecret");
    let url = project.run(&["url", "X_URL"]);
    assert_eq!((&url.stdout[..], &url.stderr[..]), ("x://asked\n", ""));
    devrun.interrupt();
    assert_eq!(devrun.count("verysecret"), 0);
    assert!(!devrun.stderr.text().contains("verysecret"));
}

#[test]
fn what_this_command_line_says_is_laid_over_what_runs() {
    let project = shop(
        "A",
        "uses: { X_URL: 'x://settings', Y_URL: 'y://settings' }\n",
    )
    .file("more.env", "M=more\n");
    let mut devrun = project.start_with(&["--set", "A=session", "--set", "B=session"]);
    devrun.wait_for("A=[session]");
    let asked = [
        "web",
        "--set",
        "A=here",
        "--use",
        "X_URL=x://here",
        "--unuse",
        "Y_URL",
        "-e",
        "more.env",
    ];
    let of_web = |variable: &str| value(&project, &asked, variable);
    assert_eq!(of_web("A").as_deref(), Some("here"));
    assert_eq!(of_web("B").as_deref(), Some("session"));
    assert_eq!(of_web("X_URL").as_deref(), Some("x://here"));
    assert_eq!(of_web("Y_URL"), None);
    assert_eq!(of_web("M").as_deref(), Some("more"));
    let run = project.run(&[
        "run",
        "-p",
        "web",
        "--set",
        "A=here",
        "sh",
        "-c",
        "printf %s \"$A $B\"",
    ]);
    assert_eq!(run.stdout, "here session");
    devrun.interrupt();
}

#[test]
fn what_a_session_runs_with_needs_nothing_of_this_shell() {
    let settings = "uses: { DB_URL: 'pg://u:${DB_PASSWORD}@h:1/x' }\n";
    let project = shop("DB_URL", settings);
    let mut command = project.command(["start", "-p", "0"]);
    command.env("DB_PASSWORD", "verysecret");
    let mut devrun = project.spawn(command);
    devrun.wait_for("DB_URL=[pg://");
    let url = "pg://u:verysecret@h:1/x";
    assert_eq!(value(&project, &["web"], "DB_URL").as_deref(), Some(url));
    assert_eq!(project.run(&["url", "DB_URL"]).stdout, format!("{url}\n"));
    devrun.interrupt();
    let refused = project.run(&["env", "web"]);
    assert_eq!(refused.status, 2);
    assert!(refused.stderr.contains("DB_PASSWORD"), "{}", refused.stderr);
}

#[test]
fn a_provider_that_stopped_leaves_its_url_to_its_consumer() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let api = api(&project);
    let mut owner = api.start();
    let url = format!("http://localhost:{}", owner.value_after("listens on "));
    let mut devrun = project.start();
    devrun.wait_for(&format!("API_URL=[{url}]"));
    let explained = || project.run(&["env", "web", "--explain"]).stdout;
    let source = format!("devrun.yaml:1, web.1 of {}", api.directory().display());
    assert!(
        explained().contains(&format!("{source} (live)\n")),
        "{}",
        explained()
    );
    assert_eq!(owner.interrupt(), 0);
    devrun.wait_for("api was stopped in ");
    assert_eq!(value(&project, &["web"], "API_URL"), Some(url.clone()));
    assert!(
        explained().contains(&format!("{source}\n")),
        "{}",
        explained()
    );
    let shown = project.run(&["url", "API_URL"]);
    assert_eq!(
        (shown.stdout, shown.stderr),
        (format!("{url}\n"), String::new())
    );
    devrun.interrupt();
}

#[test]
fn what_does_not_run_is_said_to_be_none() {
    let procfile = format!(
        "web: {}\ntask: echo done $A\nlater: true\n",
        helper("listen")
    );
    let project = Project::with_procfile(&procfile).file(".env", "A=1\n");
    let mut devrun = project.start_with(&["web", "task", "--set", "S=set"]);
    devrun.see("listens on ").see("; completed");
    let shown = |process: &str| project.run(&["env", process]);
    project.write(".env", "A=2\n");
    let web = shown("web");
    assert_eq!(web.stderr, "");
    let port = web.stdout.lines().find(|line| line.starts_with("PORT="));
    let task = shown("task");
    assert_eq!(task.stderr, "not running: as in its last run\n");
    assert!(task.stdout.contains("A=1\n"), "{}", task.stdout);
    let later = shown("later");
    assert_eq!(later.stderr, WOULD_BE);
    assert!(later.stdout.contains("S=set\n"), "{}", later.stdout);
    let run = project.run(&["run", "-p", "later", "sh", "-c", "echo $S"]);
    assert_eq!((&run.stdout[..], &run.stderr[..]), ("set\n", WOULD_BE));
    let line = project.run(&["run", "task"]);
    assert_eq!((&line.stdout[..], &line.stderr[..]), ("done 2\n", ""));
    let url = project.run(&["url"]).stdout;
    let port = port.unwrap().replace("PORT=", "");
    assert_eq!(url, format!("http://localhost:{port}\n"));
    devrun.interrupt();
    assert_eq!(shown("web").stderr, WOULD_BE);
}

#[test]
fn a_session_that_does_not_answer_leaves_the_files_and_a_doubt() {
    let project = shop("A", "env: { A: 1 }\n");
    let mut devrun = project.start();
    devrun.wait_for("A=[1]");
    devrun.signal(Signal::SIGSTOP);
    project.write("devrun.yaml", "env: { A: 2 }\n");
    let shown = project.run(&["env", "web"]);
    devrun.signal(Signal::SIGCONT);
    let doubt = "web.1: its session does not answer; this is as the files are now\n";
    assert_eq!(shown.stderr, doubt);
    assert!(shown.stdout.contains("A=2\n"), "{}", shown.stdout);
    devrun.interrupt();
}

#[test]
fn run_and_env_mean_the_same_process_by_a_name() {
    let project = shop("API_URL", "port: 5000\nuses: { API_URL: ../api }\n");
    let api = api(&project);
    api.write("devrun.yaml", "port: 5300\n");
    let port = |name: &str| project.run(&["run", "-p", name, "sh", "-c", "printf %s $PORT"]);
    for (name, expected) in [("web", "5000"), ("web.1", "5000"), ("api/web", "5300")] {
        let run = port(name);
        assert_eq!(
            (&run.stdout[..], &run.stderr[..]),
            (expected, WOULD_BE),
            "{name}"
        );
        let env = project.run(&["env", name]).stdout;
        assert!(env.contains(&format!("PORT={expected}\n")), "{name}: {env}");
    }
    let unknown = port("wbe");
    assert_eq!(unknown.status, 125);
    assert_eq!(unknown.stderr, project.run(&["env", "wbe"]).stderr);
}

#[test]
fn an_optional_use_that_nobody_runs_is_absent() {
    let settings = "uses: { API_URL: { app: ../api, start: never, optional: true } }\n";
    let project = shop("API_URL", settings);
    let api = api(&project);
    let env = || project.run(&["env", "web"]).stdout;
    assert!(!env().contains("API_URL"), "{}", env());
    let mut owner = api.start();
    let url = format!("http://localhost:{}", owner.value_after("listens on "));
    assert!(env().contains(&format!("API_URL={url}\n")), "{}", env());
    assert_eq!(owner.interrupt(), 0);
    let echo = project.run(&[
        "run",
        "-p",
        "web",
        "sh",
        "-c",
        &shows("API_URL").replace("; exec sleep 1000", ""),
    ]);
    assert_eq!(echo.stdout, "API_URL=[none]\n");
}
