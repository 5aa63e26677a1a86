//! `devrun start --json`: whatever happens, each event is as docs/events.schema.json has it.

use std::collections::BTreeSet;
use std::net::TcpListener;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::ports::free_base;
use crate::schema::Schema;
use crate::support::{Devrun, Project, helper};

fn doc() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/events.md");
    std::fs::read_to_string(path).unwrap()
}

/// One definition per event.
struct Events(Schema);

impl Events {
    fn read() -> Self {
        Self(Schema::read("docs/events.schema.json"))
    }

    fn names(&self) -> BTreeSet<String> {
        let all = self.0.document["oneOf"].as_array().unwrap().iter();
        all.map(|it| it["$ref"].as_str().unwrap().replace("#/$defs/", ""))
            .collect()
    }

    /// What is wrong with an event: nothing, if it is as it should be.
    fn check(&self, event: &Value) -> Result<(), String> {
        let name = event["event"].as_str().unwrap_or_default();
        if !self.names().contains(name) {
            return Err("it is not listed".into());
        }
        self.0.fits(event, &self.0.document["$defs"][name])
    }
}

fn start(project: &Project, arguments: &[&str]) -> Devrun {
    let all = ["start", "--json"].iter().chain(arguments).copied();
    Devrun::spawn(project.command(all))
}

/// Of a session that is over: all its events, each as the schema has it.
pub fn events(devrun: &Devrun) -> Vec<Value> {
    let schema = Events::read();
    let text = String::from_utf8(devrun.stdout.bytes()).expect("JSON is UTF-8");
    let mut events = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let event: Value = serde_json::from_str(line).expect("each line is JSON");
        let fault = schema.check(&event);
        assert_eq!(fault, Ok(()), "{line}");
        assert_eq!(event["seq"], number, "{text}");
        events.push(event);
    }
    assert_eq!(events.first().unwrap()["event"], "hello");
    assert_eq!(devrun.stderr.text(), "");
    check_runs(&events);
    events
}

/// Each run has one beginning and one end, and its lines stand between them.
fn check_runs(events: &[Value]) {
    let mut alive = BTreeSet::new();
    for event in events {
        let run = (event["process"].to_string(), event["run"].to_string());
        match event["event"].as_str().unwrap() {
            "process.started" => assert!(alive.insert(run), "{event}"),
            "process.exited" => assert!(alive.remove(&run), "{event}"),
            "log" | "process.ready" | "process.killed" => assert!(alive.contains(&run), "{event}"),
            _ => {}
        }
    }
    let is_lost = events.iter().any(|event| event["event"] == "guardian.lost");
    assert!(is_lost || alive.is_empty(), "{alive:?}");
    assert!(is_lost || events.last().unwrap()["event"] == "bye");
}

fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["event"] == name)
        .collect()
}

fn only<'a>(events: &'a [Value], name: &str) -> &'a Value {
    match named(events, name)[..] {
        [one] => one,
        ref others => panic!("{name}: {others:?}"),
    }
}

/// The bytes of a process's lines, with a newline behind each, as docs/events.md says how to join them.
fn joined(events: &[Value], process: &str) -> Vec<u8> {
    let mut joined = Vec::new();
    for log in named(events, "log") {
        if log["process"] == process {
            match log["bytes"].as_str() {
                Some(base64) => joined.extend(decoded(base64)),
                None => joined.extend(log["line"].as_str().unwrap().bytes()),
            }
            if log["partial"] != true {
                joined.push(b'\n');
            }
        }
    }
    joined
}

fn decoded(base64: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = base64.trim_end_matches('=').chars();
    let bits: Vec<bool> = digits
        .map(|digit| DIGITS.find(digit).expect("it is a digit"))
        .flat_map(|value| (0..6).rev().map(move |bit| value >> bit & 1 == 1))
        .collect();
    let byte = |bits: &[bool]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    bits.chunks_exact(8).map(byte).collect()
}

/// Every example is an event of the schema, and every event of the schema has a section and an example.
#[test]
fn the_document_has_what_the_schema_has() {
    let (schema, doc) = (Events::read(), doc());
    let mut seen = BTreeSet::new();
    for line in doc.lines().filter(|line| line.starts_with('{')) {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(schema.check(&event), Ok(()), "{line}");
        seen.insert(event["event"].as_str().unwrap().to_string());
    }
    assert_eq!(seen, schema.names());
    let sections = doc.lines().filter_map(|line| line.strip_prefix("### "));
    let sections: BTreeSet<String> = sections.map(ToString::to_string).collect();
    assert_eq!(sections, schema.names());
    for name in schema.names() {
        let start = doc.find(&format!("### {name}\n")).unwrap();
        let section = doc[start + 4..].split("\n### ").next().unwrap();
        let chapter = doc[..start].rsplit("\n## ").next().unwrap();
        let of_all = chapter.split("\n### ").next().unwrap();
        let general = ["v", "t", "seq", "event", "process", "run", "pid"];
        let fields = schema.0.document["$defs"][&name]["properties"]
            .as_object()
            .unwrap();
        for field in fields
            .keys()
            .filter(|field| !general.contains(&field.as_str()))
        {
            let quoted = format!("`{field}`");
            let is_there = section.contains(&quoted) || of_all.contains(&quoted);
            assert!(is_there, "{name}: {field}");
        }
    }
}

/// A checker that takes everything may be blind.
#[test]
fn the_checker_sees_what_is_wrong() {
    let schema = Events::read();
    let check = |fields: &str, is_good: bool| {
        let head = r#""v":1,"t":"2026-03-01T10:04:11.042+01:00","seq":0,"event":"#;
        let event = serde_json::from_str(&format!("{{{head}{fields}}}")).unwrap();
        assert_eq!(schema.check(&event).is_ok(), is_good, "{fields}");
    };
    check(r#""guardian.lost""#, true);
    check(r#""guardian.found""#, false);
    check(r#""guardian.lost","extra":1"#, false);
    check(r#""shutdown.killing","processes":1"#, true);
    check(r#""shutdown.killing","processes":"1""#, false);
    check(r#""shutdown.killing""#, false);
    let taken = r#""port.taken","process":"web.1","port":5000,"holder":"#;
    check(&format!(r#"{taken}{{"kind":"unknown"}}"#), true);
    check(&format!(r#"{taken}{{"kind":"devil"}}"#), false);
    check(&format!("{taken}null"), false);
}

#[test]
fn a_session_from_hello_to_bye() {
    let procfile = format!("web: {}\njob: echo done\n", helper("listen"));
    let project = Project::with_procfile(&procfile).file(".env", "A=1\nnonsense\n");
    let mut command = project.command(["start", "--json", "-p", "0"]);
    command.env("A", "2");
    let mut devrun = Devrun::spawn(command);
    devrun.wait_for(r#""event":"all.ready""#);
    assert_eq!(devrun.interrupt(), 0);
    let events = events(&devrun);
    let hello = only(&events, "hello");
    assert_eq!(hello["processes"], serde_json::json!(["web.1", "job.1"]));
    assert_eq!(hello["env_files"][0]["variables"], 1);
    assert_eq!(only(&events, "line.ignored")["place"], ".env:2");
    assert_eq!(only(&events, "shell.hidden")["name"], "A");
    let ready = only(&events, "process.ready");
    let started = named(&events, "process.started");
    let started = started.iter().find(|it| it["process"] == "web.1").unwrap();
    let url = format!("http://localhost:{}", started["port"]);
    assert_eq!(
        (&ready["process"], &ready["url"]),
        (&"web.1".into(), &url.into())
    );
    let all = only(&events, "all.ready");
    assert_eq!(
        (&all["up"], &all["processes"][1]["state"]),
        (&2.into(), &"completed".into())
    );
    assert_eq!(only(&events, "shutdown.begin")["processes"], 1);
    let exited = named(&events, "process.exited");
    assert_eq!(
        (&exited[0]["next"], &exited[0]["status"]),
        (&"completed".into(), &0.into())
    );
    assert_eq!(
        (&exited[1]["next"], &exited[1]["signal"]),
        (&"stopped".into(), &"SIGTERM".into())
    );
    let bye = only(&events, "bye");
    assert_eq!(
        (&bye["status"], &bye["ignored_lines"]),
        (&0.into(), &1.into())
    );
}

#[test]
fn no_byte_of_a_line_is_lost() {
    let project = Project::with_procfile(
        "web: printf 'name? '; until test -e answered; do sleep 0.01; done; echo Ada; \
         printf 'caf\\351\\r\\n\\n\\033[31mred'\n\
         long: head -c 300000 /dev/zero | tr '\\000' x; echo; echo short\n",
    );
    let mut devrun = start(&project, &["-p", "0"]);
    devrun.wait_for(r#""line":"name? ","partial":true"#);
    project.write("answered", "");
    assert_eq!(devrun.wait(), 0);
    let events = events(&devrun);
    assert_eq!(
        joined(&events, "web.1"),
        b"name? Ada\ncaf\xe9\r\n\n\x1b[31mred\n"
    );
    let long = [&[b'x'; 300_000][..], b"\nshort\n"].concat();
    assert!(joined(&events, "long.1") == long);
    let pieces = named(&events, "log");
    assert!(
        pieces
            .iter()
            .all(|log| log["line"].as_str().unwrap().len() <= 128 * 1024)
    );
}

#[test]
fn failures_are_told_until_it_is_given_up() {
    let project = Project::with_procfile("web: echo why; exit 3\n");
    let mut devrun = start(&project, &["-p", "0"]);
    assert_eq!(devrun.wait(), 3);
    let events = events(&devrun);
    let restarts = named(&events, "process.restarting");
    let delays: Vec<f64> = restarts
        .iter()
        .map(|it| it["delay_s"].as_f64().unwrap())
        .collect();
    assert_eq!(delays, [0.5, 1.0, 2.0, 4.0]);
    let gave_up = only(&events, "process.gave_up");
    assert_eq!(
        (&gave_up["run"], &gave_up["failures"]),
        (&5.into(), &5.into())
    );
    let exited = named(&events, "process.exited");
    assert_eq!(
        (exited.len(), &exited[4]["last_lines"][0]),
        (5, &"why".into())
    );
    let bye = only(&events, "bye");
    assert_eq!((&bye["status"], &bye["restarts"]), (&3.into(), &4.into()));
}

#[test]
fn what_cannot_be_run_is_told() {
    let project = Project::with_procfile("web: no-such-program\nsegv: kill -SEGV $$\n");
    let mut devrun = start(&project, &["-p", "0", "--restart", "never"]);
    assert!([127, 139].contains(&devrun.wait()));
    let events = events(&devrun);
    let mut ends: Vec<String> = named(&events, "process.exited")
        .iter()
        .map(|it| format!("{} {} {}", it["status"], it["signal"], it["next"]))
        .collect();
    ends.sort();
    assert_eq!(
        ends,
        [
            r#"127 null "unstartable""#,
            r#"null "SIGSEGV" "not_restarted""#
        ]
    );
}

/// Two ports in a row that the test itself holds.
fn two_taken() -> (u16, [TcpListener; 2]) {
    loop {
        let base = free_base();
        let take = |port| TcpListener::bind(("127.0.0.1", port));
        // A child that is just being forked may hold one for a moment.
        if let (Ok(first), Ok(second)) = (take(base), take(base + 1)) {
            return (base, [first, second]);
        }
    }
}

#[test]
fn a_port_that_is_taken_and_one_that_is_not_listened_on_are_told() {
    let procfile = format!("web: {}\napi: {}\n", helper("elsewhere"), helper("listen"));
    let project = Project::with_procfile(&procfile);
    let (base, taken) = two_taken();
    let mut devrun = start(&project, &["-p", &base.to_string()]);
    devrun
        .wait_for(r#""event":"port.mismatch""#)
        .wait_for(r#""event":"all.ready""#);
    assert_eq!(devrun.interrupt(), 0);
    drop(taken);
    let events = events(&devrun);
    assert_eq!(named(&events, "port.taken")[0]["port"], base);
    let moved = named(&events, "port.moved")[0];
    assert_eq!(moved["process"], "web.1");
    assert_eq!(moved["holder"]["kind"], "process");
    let mismatch = only(&events, "port.mismatch");
    assert_eq!(
        (&mismatch["given"], &mismatch["misled"][0]),
        (&moved["to"], &"api.1".into())
    );
    assert_eq!(
        only(&events, "all.ready")["processes"][0]["listens_on"],
        mismatch["found"]
    );
}

#[test]
fn a_port_that_was_lost_between_two_runs_is_told() {
    let project = Project::with_procfile("web: test -e taken && exec sleep 1000; exit 1\n");
    let base = free_base();
    let mut devrun = start(&project, &["-p", &base.to_string()]);
    devrun.wait_for(r#""event":"process.restarting""#);
    let _taken = TcpListener::bind(("127.0.0.1", base)).unwrap();
    project.write("taken", "");
    devrun.wait_for(r#""event":"port.moved""#);
    devrun.wait_for(r#""event":"process.started""#);
    assert_eq!(devrun.interrupt(), 0);
    let events = events(&devrun);
    let moved = only(&events, "port.moved");
    let started = named(&events, "process.started");
    assert_eq!(moved["holder"]["pid"], std::process::id());
    assert_eq!(
        (&moved["from"], &moved["to"]),
        (&started[0]["port"], &started[1]["port"])
    );
}

#[test]
fn a_stranger_on_the_port_of_a_run_is_told() {
    let project = Project::with_procfile("web: echo up; sleep 1000\n");
    let base = free_base();
    let mut devrun = start(&project, &["-p", &base.to_string()]);
    devrun.wait_for(r#""line":"up""#);
    let _stranger = TcpListener::bind(("127.0.0.1", base)).unwrap();
    devrun.wait_for(r#""event":"port.stolen""#);
    assert_eq!(devrun.interrupt(), 0);
    let events = events(&devrun);
    let stolen = only(&events, "port.stolen");
    assert_eq!((&stolen["port"], &stolen["run"]), (&base.into(), &1.into()));
}

#[test]
fn who_does_not_stop_is_told() {
    let ignore = helper("ignore-term");
    let procfile = format!("web: trap '' TERM; {ignore} & wait; wait\n");
    let project = Project::with_procfile(&procfile);
    let mut devrun = start(&project, &["-p", "0", "-t", "1.5"]);
    devrun.wait_for("ignores SIGTERM");
    assert_eq!(devrun.interrupt(), 0);
    let events = events(&devrun);
    assert_eq!(only(&events, "shutdown.begin")["grace_s"], 1.5);
    assert_eq!(only(&events, "shutdown.waiting")["process"], "web.1");
    let killed = only(&events, "process.killed");
    assert_eq!(
        (&killed["grace_s"], &killed["others"]),
        (&1.5.into(), &1.into())
    );
    assert_eq!(only(&events, "process.exited")["signal"], "SIGKILL");
}

#[test]
fn a_second_request_is_told() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("ignore-term")));
    let mut devrun = start(&project, &["-p", "0", "-t", "1000"]);
    devrun.wait_for("ignores SIGTERM").signal(Signal::SIGINT);
    devrun.wait_for(r#""event":"shutdown.waiting""#);
    assert_eq!(devrun.interrupt(), 0);
    let events = events(&devrun);
    assert_eq!(only(&events, "shutdown.killing")["processes"], 1);
    assert_eq!(only(&events, "process.exited")["next"], "stopped");
}

#[test]
fn a_tree_that_outlives_its_first_process_is_told() {
    let project = Project::with_procfile(&format!(
        "web: {} & wait; true\ndaemon: {}\n",
        helper("ignore-term"),
        helper("daemon pid")
    ));
    let mut devrun = start(&project, &["-p", "0", "-t", "0.5", "--restart", "never"]);
    devrun.wait_for("ignores SIGTERM");
    devrun.stdout.wait_for(r#""event":"process.daemonised""#, 0);
    let pid = devrun.value_after(r#""event":"process.started","process":"web.1","run":1,"pid":"#);
    let pid: i32 = pid.split(',').next().unwrap().parse().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    devrun
        .stdout
        .wait_for(r#""event":"process.exited","process":"web.1""#, 0);
    assert_eq!(devrun.interrupt(), 137);
    let events = events(&devrun);
    let left = only(&events, "process.tree_left");
    assert_eq!(
        (&left["signal"], &left["left"]),
        (&"SIGKILL".into(), &1.into())
    );
    assert_eq!(only(&events, "process.daemonised")["process"], "daemon.1");
}

#[test]
fn an_app_that_is_used_is_told_with_what_stands_behind_the_variable() {
    let listen = format!("web: {}\n", helper("listen"));
    let uses = "uses:\n  API_URL: ../api\n  FIND_URL: { app: ../find, optional: true }\n";
    let project = Project::empty()
        .file("shop/Procfile", &listen)
        .file("shop/devrun.yaml", uses)
        .file("api/devrun.yaml", "port: 0\n")
        .file("api/Procfile", format!("{listen}worker: echo never\n"));
    let mut command = project.command(["start", "--json", "-p", "0"]);
    command.current_dir(project.directory().join("shop"));
    let mut devrun = Devrun::spawn(command);
    devrun.wait_for(r#""event":"all.ready""#);
    assert_eq!(devrun.interrupt(), 0);
    let events = events(&devrun);
    let starting = only(&events, "app.starting");
    assert_eq!(starting["app"], "api");
    assert_eq!(starting["processes"], serde_json::json!(["api/web.1"]));
    assert_eq!(starting["not_started"], serde_json::json!(["worker"]));
    let wired = only(&events, "service.wired");
    assert_eq!(
        (&wired["process"], &wired["provider"]),
        (&"web.1".into(), &"api/web.1".into())
    );
    let absent = only(&events, "service.absent");
    assert_eq!(
        (&absent["variable"], &absent["value"]),
        (&"FIND_URL".into(), &Value::Null)
    );
}

#[test]
fn refusals_stay_text() {
    let project = Project::with_procfile("web: a\n");
    let finished = project.run(&["start", "--json", "wbe"]);
    assert_eq!((finished.status, finished.stdout.as_str()), (2, ""));
    assert!(
        finished.stderr.starts_with("error: "),
        "{}",
        finished.stderr
    );
    for other in [
        &["--quiet"][..],
        &["--color", "never"],
        &["--timestamp", "ms"],
        &["--no-timestamp"],
    ] {
        let finished = project.run(&[&["start", "--json"], other].concat());
        assert_eq!(finished.status, 2);
        assert!(
            finished.stderr.contains("exclude one another"),
            "{}",
            finished.stderr
        );
    }
}
