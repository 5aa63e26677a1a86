//! What is read from a settings file, and what lies over what.

mod document;
mod reports;
mod schema;

use super::*;

use crate::syntax::formation;
use crate::words::uses::{OnChange, Start, Target};

fn read(text: &str) -> Settings {
    let parsed = parse("devrun.yaml", text);
    let reports: Vec<String> = parsed.errors.iter().map(ToString::to_string).collect();
    assert!(reports.is_empty(), "{text}\n{}", reports.join("\n"));
    parsed.value
}

fn env(sets: &[Set]) -> Vec<(&str, &str)> {
    sets.iter()
        .map(|set| (set.name.as_str(), set.value.as_str()))
        .collect()
}

fn values(said: &[Said<String>]) -> Vec<&str> {
    said.iter().map(|said| said.value.as_str()).collect()
}

/// The one process of a file.
fn process(settings: &str) -> ProcessSettings {
    read(&format!("processes:\n  web: {settings}\n"))
        .processes
        .remove(0)
}

#[test]
fn every_key_of_an_app_is_read() {
    let app = read(
        "name: shop\nprocfile: Procfile.test\nenv: {A: b}\nport: 3000\nrestart: never\non_exit: shutdown\n\
         timeout: 2.5\nformation: all=1,web=2\nauto_urls: false\nuses: {API_URL: ../api}\n\
         apps: [apps/*, b]\nprocesses: {web: {port: false}, worker: }\n",
    );
    assert_eq!(app.name, AppName::new("shop").ok());
    assert_eq!(app.procfile.unwrap().value, "Procfile.test");
    assert_eq!(env(&app.env), [("A", "b")]);
    assert_eq!(app.port.unwrap().value, 3000);
    assert_eq!(app.restart, Some(RestartPolicy::Never));
    assert_eq!(app.on_exit, Some(OnExit::Shutdown));
    assert_eq!(app.timeout, Some(Duration::from_millis(2500)));
    let formation = app.formation.unwrap().value;
    assert_eq!([formation.count("web"), formation.count("x")], [2, 1]);
    assert_eq!(app.auto_urls, Some(false));
    assert_eq!(app.uses[0].variable, "API_URL");
    assert_eq!(values(&app.apps), ["apps/*", "b"]);
    let types = app
        .processes
        .iter()
        .map(|it| it.process_type.value.as_str());
    assert_eq!(types.collect::<Vec<_>>(), ["web", "worker"]);
}

#[test]
fn every_key_of_a_process_is_read() {
    let web = process(
        "{cwd: web, env: {A: 1}, port: 5300, ports: [ADMIN_PORT], uses: [DB_URL], depends_on: db, restart: always, \
         max_restarts: 3, on_exit: keep, timeout: 0, stop_signal: SIGINT, tty: always, \
         ready: {http: /healthz, status: [200, 401]}, color: 208}",
    );
    assert_eq!(web.process_type.value, "web");
    assert_eq!(web.process_type.place.line, 2);
    assert_eq!(web.cwd.unwrap().value, "web");
    assert_eq!(env(&web.env), [("A", "1")]);
    assert_eq!(web.port.unwrap().value, PortSetting::Pinned(5300));
    assert_eq!(values(&web.ports), ["ADMIN_PORT"]);
    assert_eq!(values(&web.uses.unwrap()), ["DB_URL"]);
    assert_eq!(values(&web.depends_on), ["db"]);
    assert_eq!(web.restart, Some(RestartPolicy::Always));
    assert_eq!(web.max_restarts, Some(3));
    assert_eq!(web.on_exit, Some(OnExit::Keep));
    assert_eq!(web.timeout, Some(Duration::ZERO));
    assert_eq!(web.stop_signal, Some(2));
    assert_eq!(web.tty, Some(true));
    assert_eq!(web.color, Some(208));
    let ready = Ready::Http {
        path: "/healthz".into(),
        statuses: vec![200, 401],
    };
    assert_eq!(web.ready.unwrap().value, ready);
}

#[test]
fn there_are_four_ways_to_be_ready() {
    let check = |text: &str, expected: Ready| {
        let web = process(&format!("{{ready: {{{text}}}}}"));
        assert_eq!(web.ready.unwrap().value, expected);
    };
    let http = |statuses: &[u16]| Ready::Http {
        path: "/".into(),
        statuses: statuses.to_vec(),
    };
    check("http: /", http(&[]));
    check("http: /, status: 401", http(&[401]));
    check("tcp: true", Ready::Tcp);
    check("log: 'up$'", Ready::Log("up$".into()));
    check("exec: pg_isready -q", Ready::Exec("pg_isready -q".into()));
}

#[test]
fn a_watch_has_several_forms() {
    let watch = |text: &str| process(&format!("{{watch: {text}}}")).watch;
    let of = |paths: &[&str]| WatchSetting {
        paths: paths.iter().map(ToString::to_string).collect(),
        ..WatchSetting::default()
    };
    assert_eq!(watch("src"), Some(of(&["src"])));
    assert_eq!(watch("[src, '*.toml']"), Some(of(&["src", "*.toml"])));
    assert_eq!(watch("[]"), Some(of(&[])));
    assert_eq!(watch(""), None);
    let long = WatchSetting {
        ignore: vec!["*.log".into()],
        signal: Some(1),
        ..of(&["src"])
    };
    assert_eq!(
        watch("{paths: [src], ignore: '*.log', signal: HUP}"),
        Some(long)
    );
}

#[test]
fn values_have_several_forms() {
    let tty = |text: &str| process(&format!("{{tty: {text}}}")).tty;
    assert_eq!(
        ["auto", "never", "true", "false"].map(tty),
        [None, Some(false), Some(true), Some(false)]
    );
    let signal = |text: &str| process(&format!("{{stop_signal: {text}}}")).stop_signal;
    assert_eq!(["INT", "SIGINT", "2"].map(signal), [Some(2); 3]);
    let usr1 = if cfg!(target_os = "linux") { 10 } else { 30 };
    assert_eq!(signal("USR1"), Some(usr1));
    assert_eq!(
        process("{port: false}").port.unwrap().value,
        PortSetting::None
    );
    assert_eq!(process("{uses: []}").uses, Some(Vec::new()));
    assert_eq!(process("{uses: }").uses, None);
    let mapping = read("formation: {all: 1, web: 0}").formation.unwrap();
    assert_eq!(mapping.value, formation::parse("all=1,web=0").unwrap());
    assert_eq!(mapping.place.column, 1);
}

#[test]
fn variables_are_texts_as_they_were_written() {
    let app = read(
        "env:\n  PORT_X: 1\n  DEBUG: True\n  HEX: 0x10\n  VERSION: 1.50\n  OLD: yes\n  EMPTY: ''\n  ZERO: 007\n  \
         TAGGED: !!int \"5\"\n  BIG: 1e999\n  TEXT: \"a\\tb # c\"\n  LINES: |\n    a\n    b\n",
    );
    assert_eq!(
        env(&app.env),
        [
            ("PORT_X", "1"),
            ("DEBUG", "True"),
            ("HEX", "0x10"),
            ("VERSION", "1.50"),
            ("OLD", "yes"),
            ("EMPTY", ""),
            ("ZERO", "007"),
            ("TAGGED", "5"),
            ("BIG", "1e999"),
            ("TEXT", "a\tb # c"),
            ("LINES", "a\nb\n"),
        ]
    );
    assert_eq!((app.env[1].place.line, app.env[1].place.column), (3, 3));
}

#[test]
fn a_use_is_short_or_long() {
    let app = read(
        "uses:\n  A: ../api#grpc\n  B: redis\n  C: redis://db:1/2\n  D: {url: '${X}'}\n  \
         E: {app: ../api, value: '{host}', start: never, wait: none, optional: true, on_change: ignore}\n",
    );
    let targets: Vec<String> = app.uses.iter().map(|it| it.target.to_string()).collect();
    assert_eq!(
        targets,
        ["../api#grpc", "redis", "redis://db:1/2", "${X}", "../api"]
    );
    assert!(matches!(app.uses[3].target, Target::Url(_)));
    let waits: Vec<bool> = app.uses.iter().map(Use::is_waited_for).collect();
    assert_eq!(waits, [true, true, false, false, false]);
    let long = &app.uses[4];
    assert_eq!(long.value.as_deref(), Some("{host}"));
    assert_eq!(
        (long.start, long.on_change),
        (Start::Never, OnChange::Ignore)
    );
    assert!(long.is_optional);
    assert_eq!(long.origin.to_string(), "devrun.yaml:6");
}

#[test]
fn a_file_may_say_nothing() {
    let texts = [
        "",
        "\u{feff}",
        "# x\n",
        "---\n",
        "\r\n",
        "{}",
        "env:\nuses:\nprocesses:\napps:\n",
    ];
    for text in texts {
        assert_eq!(read(text), Settings::default(), "{text:?}");
    }
}

#[test]
fn the_mark_and_the_line_ends_of_other_systems_do_not_matter() {
    let app = read("\u{feff}name: shop\r\nenv:\r\n  É: ü\r\n  B: c\r\n");
    assert_eq!(app.name, AppName::new("shop").ok());
    assert_eq!(env(&app.env), [("É", "ü"), ("B", "c")]);
    assert_eq!(app.env[1].place.text, "  B: ****");
}

#[test]
fn anchors_and_merges_save_writing() {
    let app = read(
        "processes:\n  a: &a {env: &e {X: 1, Y: 2}, tty: true}\n  b: *a\n  c: {<<: *a, tty: false}\n  \
         d: {env: {<<: *e, X: 3}}\n",
    );
    let tty: Vec<Option<bool>> = app.processes.iter().map(|it| it.tty).collect();
    assert_eq!(tty, [Some(true), Some(true), Some(false), None]);
    assert_eq!(env(&app.processes[2].env), [("X", "1"), ("Y", "2")]);
    assert_eq!(env(&app.processes[3].env), [("X", "3"), ("Y", "2")]);
}

#[test]
fn the_personal_file_lies_over_the_shared_one() {
    let shared = read(
        "name: shop\nport: 3000\nenv: {A: 1, B: 2}\nuses: {API_URL: ../api, DB_URL: db}\napps: [a]\n\
         processes: {web: {port: 5300, tty: true, env: {X: 1}, ports: [P]}, db: {port: false}}\n",
    );
    let local = read(
        "port: 4000\nenv: {B: 3, C: 4}\nuses: {API_URL: ~/api, MORE: more}\n\
         processes: {worker: {timeout: 1}, web: {port: 5400, env: {X: 2, Y: 3}, ports: [Q]}}\n",
    );
    let laid = shared.clone().overlaid(local);
    assert_eq!(laid.name, shared.name);
    assert_eq!(laid.port.as_ref().unwrap().value, 4000);
    assert_eq!(env(&laid.env), [("A", "1"), ("B", "3"), ("C", "4")]);
    let uses: Vec<String> = laid.uses.iter().map(|it| it.target.to_string()).collect();
    assert_eq!(uses, ["~/api", "db", "more"]);
    assert_eq!(values(&laid.apps), ["a"]);
    let [web, db, worker] = laid.processes.as_slice() else {
        panic!("{:?}", laid.processes)
    };
    assert_eq!(web.port.as_ref().unwrap().value, PortSetting::Pinned(5400));
    assert_eq!(web.tty, Some(true));
    assert_eq!(env(&web.env), [("X", "2"), ("Y", "3")]);
    assert_eq!(values(&web.ports), ["Q"]);
    assert_eq!(db.port.as_ref().unwrap().value, PortSetting::None);
    assert_eq!(worker.process_type.value, "worker");
    assert_eq!(shared.clone().overlaid(Settings::default()), shared);
}
