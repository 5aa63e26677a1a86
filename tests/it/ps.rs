//! `devrun ps`: what runs, and what of it is not as hoped.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Instant;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::screen::Screen;
use crate::support::{Devrun, PATIENCE, Project, helper};
use crate::wiring::{api, shop};

const USES_API: &str = "uses: { API_URL: ../api }\n";

/// All processes that `devrun ps --json` has, of whatever app; none before the session answers.
fn processes(project: &Project) -> Vec<Value> {
    let shown = project.run(&["ps", "--json"]);
    if shown.status == 3 || shown.stderr.contains("does not answer") {
        return Vec::new();
    }
    assert_eq!((shown.status, &shown.stderr[..]), (0, ""));
    let json: Value = serde_json::from_str(&shown.stdout).unwrap();
    let apps = json["apps"].as_array().unwrap().iter();
    let processes = apps.flat_map(|app| app["processes"].as_array().unwrap().clone());
    processes.collect()
}

/// Asks until the process is as it should be.
fn until(project: &Project, name: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let all = processes(project);
        let process = all.iter().find(|process| process["process"] == name);
        if let Some(process) = process.filter(|process| is_so(process)) {
            return process.clone();
        }
        assert!(Instant::now() < deadline, "{name}: {all:?}");
    }
}

fn until_state(project: &Project, name: &str, state: &str) -> Value {
    until(project, name, |process| process["state"] == state)
}

/// The cells of a row, or what stands below one.
fn cells(line: &str) -> Vec<&str> {
    let cells = line.split("  ").map(str::trim);
    cells.filter(|cell| !cell.is_empty()).collect()
}

/// What stands below the row of a process.
fn notes(project: &Project, name: &str) -> Vec<String> {
    let shown = project.run(&["ps", name]).stdout;
    let lines = shown.lines().skip(2);
    let notes = lines.take_while(|line| line.starts_with(' '));
    notes.map(|line| line.trim().to_string()).collect()
}

#[test]
fn what_is_ready_has_its_url_pid_and_age() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("listen")));
    let mut devrun = project.start();
    let port = devrun.value_after("listens on ");
    devrun.wait_for("all up ");
    let web = until(&project, "web.1", |web| web["up"].as_f64() > Some(1.0));
    assert_eq!(web["state"], "ready");
    assert_eq!(web["port"].to_string(), port);
    assert_eq!(web["given"], web["port"]);
    assert_eq!((&web["run"], &web["restarts"]), (&1.into(), &0.into()));
    assert!(web["up"].as_f64().unwrap() < PATIENCE.as_secs_f64() * 2.0);
    let shown = project.run(&["ps"]).stdout;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 2, "{shown}");
    let heads = [
        "PROCESS", "STATE", "PORT", "URL", "PID", "UP", "RESTARTS", "CPU", "MEM",
    ];
    assert_eq!(cells(lines[0]), heads);
    let url = format!("http://localhost:{port}");
    let pid = web["pid"].to_string();
    let row = cells(lines[1]);
    assert_eq!(row[..5], ["web.1", "ready", &port, &url, &pid]);
    assert!(row[5].ends_with(" s"), "{shown}");
    assert!(lines.iter().all(|line| line.len() <= 80), "{shown}");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn every_state_has_its_word_and_its_reason() {
    let procfile = "\
        sleeper: exec sleep 1000\n\
        done: true\n\
        wrong: echo boom; exit 3\n\
        again: echo bang; kill -9 $$\n\
        silent: exec sleep 1000\n\
        patient: exec sleep 1000\n\
        nowhere: exec /nonexistent/program\n";
    let settings = "\
auto_urls: false
processes:
  sleeper: { port: false, uses: [] }
  done: { uses: [] }
  wrong: { max_restarts: 1, uses: [] }
  again: { max_restarts: 1000, uses: [] }
  nowhere: { uses: [] }
uses:
  SILENT_URL: silent
";
    let project = Project::with_procfile(procfile).file("devrun.yaml", settings);
    let mut devrun = project.start();
    devrun.wait_for("wrong.1 ");
    let sleeper = until_state(&project, "sleeper.1", "running");
    assert_eq!(sleeper["port"], Value::Null);
    let done = until_state(&project, "done.1", "completed");
    assert_eq!(done["failure"], Value::Null);
    let wrong = until_state(&project, "wrong.1", "failed");
    assert_eq!(wrong["failure"]["status"], 3);
    assert_eq!(wrong["failure"]["last_line"], "boom");
    assert!(notes(&project, "wrong")[0].starts_with("status 3, "));
    assert!(notes(&project, "wrong")[0].ends_with(" ago: boom"));
    let again = until_state(&project, "again.1", "restarting");
    assert_eq!(again["failure"]["signal"], 9);
    assert!(again["starts_in"].is_number(), "{again}");
    let patient = until_state(&project, "patient.1", "waiting");
    let port = &until_state(&project, "silent.1", "running")["given"];
    let waits = format!("silent.1 to listen on {port}");
    assert_eq!(patient["waits_for"], serde_json::json!([waits]));
    let expected = [
        format!("waits for {waits}"),
        "uses silent.1 (SILENT_URL)".into(),
    ];
    assert_eq!(notes(&project, "patient"), expected);
    assert_eq!(notes(&project, "silent"), ["used by patient.1"]);
    let nowhere = until_state(&project, "nowhere.1", "failed");
    assert_eq!(nowhere["failure"]["status"], 127);
    // Something has failed, and `ps` has done what was asked.
    assert_eq!(project.run(&["ps"]).status, 0);
    assert_ne!(devrun.interrupt(), 0);
}

#[test]
fn who_failed_for_another_says_for_whom() {
    let procfile = "db: exit 4\nweb: exec sleep 1000\nother: exec sleep 1000\n";
    let settings =
        "uses: { DB_URL: db }\nprocesses: { db: { max_restarts: 1 }, other: { uses: [] } }\n";
    let project = Project::with_procfile(procfile).file("devrun.yaml", settings);
    let mut devrun = project.start();
    let web = until_state(&project, "web.1", "failed");
    assert_eq!(web["failure"]["provider"], "db.1");
    assert_eq!(web["failure"]["variable"], "DB_URL");
    assert_eq!(notes(&project, "web")[0], "DB_URL: db.1 failed");
    assert_eq!(devrun.interrupt(), 4);
}

#[test]
fn what_was_stopped_by_hand_and_who_asks_is_shown() {
    let procfile = "web: exec sleep 1000\nasks: printf 'name? '; read name; exec sleep 1000\n";
    let project = Project::with_procfile(procfile);
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for_all(&["web.1 started", "name?"]);
    let asks = until(&project, "asks.1", |asks| asks["waits_for_input"] == true);
    assert_eq!(asks["state"], "running");
    let expected = ["waits for input: devrun attach asks"];
    assert_eq!(notes(&project, "asks"), expected);
    screen.command("x web");
    screen.wait_for("web.1 is stopped");
    let web = until_state(&project, "web.1", "stopped");
    assert_eq!((&web["pid"], &web["up"]), (&Value::Null, &Value::Null));
    screen.interrupt();
}

#[test]
fn a_crash_is_counted_and_the_next_run_has_another_pid() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("listen-until crash")));
    let mut devrun = project.start();
    let first = until_state(&project, "web.1", "ready");
    project.write("crash", "");
    devrun.wait_for("exited with status 1");
    let second = until(&project, "web.1", |web| {
        web["state"] == "ready" && web["restarts"] == 1
    });
    assert_eq!(second["run"], 2);
    assert_ne!(first["pid"], second["pid"]);
    assert_eq!(second["failure"], Value::Null);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_busy_loop_takes_what_there_is_of_a_processor_and_a_sleeper_none() {
    // Not the leader computes, but a child of it in a session of its own.
    let procfile = "busy: setsid sh -c 'while :; do :; done' & wait\nidle: exec sleep 1000\n";
    let procfile = match cfg!(target_os = "linux") {
        true => procfile.to_string(),
        false => procfile.replace("setsid ", ""),
    };
    let project = Project::with_procfile(&procfile);
    let mut devrun = project.start();
    // All that runs on this machine may want the same one.
    let busy = until(&project, "busy.1", |busy| busy["cpu"].as_f64() > Some(5.0));
    assert!(busy["members"].as_u64() >= Some(2), "{busy}");
    let idle = until(&project, "idle.1", |idle| idle["cpu"].as_f64() < Some(1.0));
    assert_eq!(idle["members"], 1);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn memory_is_that_of_the_whole_tree() {
    const SIZE: u64 = 64 * 1024 * 1024;
    let hoard = format!("{{ head -c {SIZE} /dev/zero; sleep 1000; }} | tail -c {SIZE}");
    let project = Project::with_procfile(&format!("hoard: {hoard}\nsmall: exec sleep 1000\n"));
    let mut devrun = project.start();
    let is_large = |hoard: &Value| hoard["memory"].as_u64() > Some(SIZE);
    let hoard = until(&project, "hoard.1", is_large);
    assert!(hoard["memory"].as_u64() < Some(3 * SIZE), "{hoard}");
    let small = until_state(&project, "small.1", "running");
    assert!(small["memory"].as_u64() > Some(0), "{small}");
    assert!(small["memory"].as_u64() < Some(SIZE / 4), "{small}");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn who_listens_for_the_network_or_elsewhere_is_pointed_out() {
    let procfile = format!(
        "open: {}\naway: {}\n",
        helper("listen6"),
        helper("elsewhere")
    );
    let project = Project::with_procfile(&procfile);
    let mut devrun = project.start();
    let is_open = |open: &Value| open["listens"][0]["address"] == "::";
    until(&project, "open.1", is_open);
    let expected = ["listens on all addresses: others in the network reach it"];
    assert_eq!(notes(&project, "open"), expected);
    let is_away = |away: &Value| away["port"] != away["given"];
    let away = until(&project, "away.1", is_away);
    let expected = format!(
        "was given PORT={}, listens on {}",
        away["given"], away["port"]
    );
    assert_eq!(notes(&project, "away"), [expected]);
    assert_eq!(away["url"], format!("http://localhost:{}", away["port"]));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn an_app_is_found_from_below_and_by_its_directory() {
    let project = Project::called("shop").file("Procfile", "web: exec sleep 1000\n");
    project.write(".git/HEAD", "");
    let mut devrun = project.start();
    devrun.wait_for("web.1 started");
    let below = project.below("deep/down");
    assert_eq!(processes(&below)[0]["process"], "web.1");
    let elsewhere = project.sibling("elsewhere");
    let shown = elsewhere.run(&["ps", "-d", "../shop", "--json"]);
    let json: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(json["apps"][0]["name"], "shop");
    let pid = devrun.pid().as_raw();
    assert_eq!(json["apps"][0]["session"]["pid"], pid);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn named_processes_alone_are_shown_and_unknown_ones_refused() {
    let procfile = "web: exec sleep 1000\nworker: exec sleep 1000\n";
    let project = Project::with_procfile(procfile);
    let mut devrun = project.start_with(&["-m", "web=1,worker=2"]);
    devrun.wait_for("worker.2 started");
    let shown = |names: &[&str]| {
        let shown = project.run(&[&["ps"], names].concat()).stdout;
        let rows = shown.lines().skip(1).map(|line| cells(line)[0].to_string());
        rows.collect::<Vec<String>>()
    };
    assert_eq!(shown(&["worker"]), ["worker.1", "worker.2"]);
    assert_eq!(shown(&["w*.2"]), ["worker.2"]);
    assert_eq!(shown(&["worker.2", "web"]), ["web.1", "worker.2"]);
    let refused = project.run(&["ps", "wokrer"]);
    assert_eq!((refused.status, &refused.stdout[..]), (2, ""));
    assert_eq!(
        refused.stderr,
        "error: no process `wokrer` in this session\n \
         help: did you mean `worker`? There are `web` and `worker`\n"
    );
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn where_nothing_runs_the_status_is_3() {
    let project = Project::called("shop").file("Procfile", "web: exec sleep 1000\n");
    for arguments in [&["ps"][..], &["ps", "--json"], &["ps", "web"]] {
        let refused = project.run(arguments);
        assert_eq!((refused.status, &refused.stdout[..]), (3, ""));
        let begin = "error: nothing is running in ";
        assert!(refused.stderr.starts_with(begin), "{}", refused.stderr);
    }
    let refused = project.run(&["ps", "--all"]);
    assert_eq!((refused.status, &refused.stdout[..]), (3, ""));
    let expected = "error: nothing is running\n help: `devrun start` runs an app\n";
    assert_eq!(refused.stderr, expected);
    let refused = project.run(&["ps", "--all", "web"]);
    assert_eq!(refused.status, 2);
}

#[test]
fn all_apps_are_shown_each_with_its_directory() {
    let project = Project::called("shop").file("Procfile", "web: exec sleep 1000\n");
    let blog = project.sibling("blog");
    let blog = blog.file("Procfile", "web: exec sleep 1000\n");
    let (mut one, mut other) = (project.start(), blog.start());
    one.wait_for("web.1 started");
    other.wait_for("web.1 started");
    let nowhere = project.sibling("nowhere");
    let shown = nowhere.run(&["ps", "--all"]).stdout;
    for (app, devrun) in [(&project, &one), (&blog, &other)] {
        let directory = app.directory();
        let title = format!(
            "{} in {}: devrun start (pid {}), up ",
            directory.file_name().unwrap().display(),
            directory.display(),
            devrun.pid()
        );
        assert!(shown.contains(&title), "{shown}");
    }
    assert_eq!(shown.matches("\nweb.1 ").count(), 2, "{shown}");
    assert_eq!((one.interrupt(), other.interrupt()), (0, 0));
}

/// Both ready.
fn both(project: &Project) -> (Project, Devrun) {
    let api = api(project);
    let mut devrun = project.start();
    devrun.wait_for("API_URL=[http");
    until_state(project, "api/web.1", "ready");
    (api, devrun)
}

#[test]
fn what_the_session_runs_for_an_app_is_shown_with_it() {
    let project = shop("API_URL", USES_API);
    let (api, mut devrun) = both(&project);
    let shown = project.run(&["ps"]).stdout;
    let pid = devrun.pid();
    assert!(
        shown.ends_with(&format!("\napi: started for shop (pid {pid})\n")),
        "{shown}"
    );
    assert_eq!(notes(&project, "web"), ["uses api/web.1 (API_URL)"]);
    assert_eq!(notes(&project, "api/web"), ["used by web.1"]);
    // From there it is the other way round.
    assert_eq!(notes(&api, "web"), ["used by shop/web.1"]);
    assert_eq!(notes(&api, "shop/*"), ["uses web.1 (API_URL)"]);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn what_another_session_runs_is_shown_in_both_directions() {
    let project = shop("API_URL", USES_API);
    let api = api(&project);
    let mut owner = api.start();
    owner.wait_for("all up ");
    let mut devrun = project.start();
    devrun.wait_for("API_URL=[http");
    owner.wait_for("now uses api");
    let shown = project.run(&["ps"]).stdout;
    let directory = api.directory();
    let expected = format!(
        "\napi: devrun start in {} (pid {})\napi is used by shop\n",
        directory.display(),
        owner.pid()
    );
    assert!(shown.ends_with(&expected), "{shown}");
    assert_eq!(notes(&project, "api/web"), ["used by web.1"]);
    let shown = api.run(&["ps"]).stdout;
    let rest: Vec<&str> = shown.lines().skip(2).map(str::trim).collect();
    assert_eq!(rest, ["used by shop/web.1", "api is used by shop"]);
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn at_the_root_of_a_repository_all_members_are_shown() {
    let root = Project::called("mono").file("devrun.yaml", "apps: [apps/*]\n");
    root.write(".git/HEAD", "");
    for member in ["api", "shop"] {
        let procfile = format!("apps/{member}/Procfile");
        root.write(&procfile, "web: exec sleep 1000\n");
    }
    let mut devrun = root.start();
    until_state(&root, "api/web.1", "running");
    until_state(&root, "shop/web.1", "running");
    let first = |shown: String| {
        let lines = shown.lines().map(|line| cells(line)[0].to_string());
        lines.collect::<Vec<String>>()
    };
    let shown = first(root.run(&["ps"]).stdout);
    assert_eq!(shown, ["PROCESS", "api/web.1", "shop/web.1"]);
    let shown = first(root.run(&["ps", "shop/web"]).stdout);
    assert_eq!(shown, ["PROCESS", "shop/web.1"]);
    let shop = root.below("apps/shop");
    let whose = |app: &str| format!("{app}: started for mono (pid {})", devrun.pid());
    let shown = first(shop.run(&["ps"]).stdout);
    let expected = [
        "PROCESS",
        "web.1",
        "api/web.1",
        &whose("shop"),
        &whose("api"),
    ];
    assert_eq!(shown, expected);
    let all = root.run(&["ps", "--all"]);
    assert_eq!(
        (all.stdout.matches(" in ").count(), &all.stderr[..]),
        (2, "")
    );
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_narrow_terminal_has_the_columns_for_which_there_is_room() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("listen")));
    let mut devrun = project.start();
    until_state(&project, "web.1", "ready");
    let mut screen = Screen::run(&project, project.command(["ps"]), 50);
    screen.wait_for("web.1    ready");
    let text = screen.text();
    assert_eq!(screen.wait(), 0);
    let heads = cells(text.lines().next().unwrap());
    assert_eq!(heads, ["PROCESS", "STATE", "URL", "UP"], "{text}");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_session_that_is_stopped_is_shown_by_its_lock() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("listen")));
    let mut devrun = project.start();
    let port = devrun.value_after("listens on ");
    devrun.wait_for("all up ");
    devrun.signal(Signal::SIGSTOP);
    let shown = project.run(&["ps"]);
    let unknown = project.run(&["ps", "wbe"]);
    devrun.signal(Signal::SIGCONT);
    assert_eq!(shown.status, 0);
    let row = cells(shown.stdout.lines().nth(1).unwrap());
    assert_eq!(row[..3], ["web.1", "-", &port], "{}", shown.stdout);
    let pid = devrun.pid();
    let doubt = format!("session (pid {pid}) does not answer; this is what its lock says\n");
    assert!(shown.stderr.ends_with(&doubt), "{}", shown.stderr);
    assert_eq!((unknown.status, &unknown.stdout[..]), (2, ""));
    assert_eq!(devrun.interrupt(), 0);
}

/// The names in the first column of the tables of docs/ps.md.
fn documented() -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ps.md");
    let page = fs::read_to_string(page).unwrap();
    let fields = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = fields.map(|row| row.split_once('`').unwrap().0.to_string());
    names.collect()
}

fn keys(value: &Value, seen: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                seen.insert(key.clone());
                keys(value, seen);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, seen)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_json_has_the_fields_that_are_documented() {
    let settings = "\
uses: { API_URL: api, DB_URL: 'pg://u:verysecret@127.0.0.1:1/x' }
processes: { wrong: { max_restarts: 1, uses: [] }, web: { ready: { tcp: true } } }
";
    let procfile = format!(
        "web: exec sleep 1000\napi: {}\nwrong: exit 3\n",
        helper("listen")
    );
    let project = Project::with_procfile(&procfile).file("devrun.yaml", settings);
    let mut devrun = project.start();
    until_state(&project, "api.1", "ready");
    until_state(&project, "web.1", "running");
    until_state(&project, "wrong.1", "failed");
    let shown = project.run(&["ps", "--json"]).stdout;
    assert_eq!(shown.matches('\n').count(), 1);
    let json: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(json["v"], 1);
    let mut seen = BTreeSet::new();
    keys(&json, &mut seen);
    assert_eq!(seen, documented());
    for process in json["apps"][0]["processes"].as_array().unwrap() {
        assert_eq!(process.as_object().unwrap().len(), 23, "{process}");
    }
    assert!(!shown.contains("verysecret"));
    devrun.interrupt();
}

#[test]
fn an_app_that_runs_is_found_by_its_directory_whatever_its_procfile_is_called() {
    let project = Project::empty()
        .file("Procfile.demo", format!("web: {}\n", helper("listen")))
        .file("sub/deep/x", "");
    let mut devrun = project.start_with(&["-f", "Procfile.demo"]);
    devrun.wait_for("web.1  ready");
    for directory in ["", "sub/deep"] {
        for arguments in [&["ps"][..], &["wait"], &["logs", "web"]] {
            let mut command = project.command(arguments);
            command.current_dir(project.directory().join(directory));
            let mut asked = Devrun::spawn(command);
            let status = asked.wait();
            let said = asked.stderr.text();
            assert_eq!(status, 0, "{directory} {arguments:?}: {said}");
        }
    }
    // What has a Procfile of its own is another app, and one that is not named is the usual one.
    project.write("sub/Procfile", "web: sleep 1000\n");
    let own = project.run(&["ps", "-d", "sub"]);
    assert_eq!(own.status, 3, "{}", own.stderr);
    project.write("Procfile.second", "web: sleep 1000\n");
    let mut second = project.start_with(&["-f", "Procfile.second"]);
    second.wait_for("web.1 started");
    let both = project.run(&["stop"]);
    assert_eq!(both.status, 2);
    assert!(
        both.stderr.contains("several apps run here: "),
        "{}",
        both.stderr
    );
    assert_eq!(project.run(&["stop", "-f", "Procfile.second"]).status, 0);
    assert_eq!(second.wait(), 0);
    assert_eq!(project.run(&["stop"]).status, 0);
    assert_eq!(devrun.wait(), 0);
}
