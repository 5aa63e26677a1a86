//! `devrun export`: what becomes of `ready:` and `depends_on:` at each target, and what is said of the rest.

use std::process::Command;

use serde_json::{Value, json};

use crate::export::{Objects, yaml};
use crate::support::Project;

const PROCFILE: &str = "web: a\napi: b\ndb: c\nworker: d\nlogged: e\nredis: f\ntick: g\n";
const SETTINGS: &str = r#"
uses: { API_URL: api, LOGGED_URL: { process: logged, optional: true } }
processes:
  web: { ready: { http: "/up?a=b&c", status: [204, 401] } }
  api: { ready: { http: /up }, restart: always, uses: [], depends_on: [db] }
  db: { cwd: data, uses: [], ready: { exec: 'is "$PORT" $(date +%s) # ?' } }
  worker: { port: false, uses: [], ready: { log: "on air" } }
  logged: { uses: [], ready: { log: "on air" } }
  redis: { uses: [], ready: { tcp: true } }
  tick: { uses: [] }
"#;
/// What a port in hexadecimal is found by.
const LISTENS: &str =
    r#"grep -qs ":$(printf %04X "$PORT") [0-9A-F]*:0000 0A" /proc/net/tcp /proc/net/tcp6"#;

fn shop() -> Project {
    Project::called("shop")
        .file("Procfile", PROCFILE)
        .file("devrun.yaml", SETTINGS)
        .file("data/x", "")
        .file("Dockerfile", "")
}

/// What is written, and what is said.
fn exported(format: &str) -> (String, String) {
    let finished = shop().run(&["export", format]);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    (finished.stdout, finished.stderr)
}

#[test]
fn compose_looks_whether_a_service_is_ready() {
    let (text, _) = exported("compose");
    let services = &yaml(&text)["services"];
    let check = |name: &str, expected: &str| {
        let test = services[name]["healthcheck"]["test"].as_array();
        let script = test.map_or(String::new(), |test| {
            assert_eq!(test[0], "CMD-SHELL");
            test[1].as_str().unwrap().replace("$$", "$")
        });
        assert!(script.ends_with(expected), "{name}: {script}");
        assert_eq!(script.is_empty(), expected.is_empty(), "{name}: {script}");
    };
    check("web", "case $status in 204*|401*) ;; *) exit 1 ;; esac");
    check("api", "case $status in 2*|3*) ;; *) exit 1 ;; esac");
    check("db", r#"cd data || exit; is "$PORT" $(date +%s) # ?"#);
    check("worker", "");
    check("logged", LISTENS);
    check("redis", LISTENS);
    check("tick", "");
    assert_eq!(services["db"]["healthcheck"]["timeout"], "10s");
    assert_eq!(
        services["web"]["depends_on"],
        json!({
            "api": { "condition": "service_healthy" },
            "logged": { "condition": "service_started" },
        })
    );
    assert_eq!(
        services["api"]["depends_on"],
        json!({ "db": { "condition": "service_healthy" } })
    );
}

#[test]
fn kubernetes_probes_what_it_can() {
    let (text, _) = exported("kubernetes");
    let objects = Objects::read(&text);
    let container = |name: &str| {
        let deployment = objects.one("Deployment", name);
        deployment["spec"]["template"]["spec"]["containers"][0].clone()
    };
    let check = |name: &str, expected: Value| {
        let mut probe = container(name)["readinessProbe"].clone();
        if let Some(probe) = probe.as_object_mut() {
            assert_eq!(probe.remove("periodSeconds"), Some(json!(2)));
            assert!(probe.remove("timeoutSeconds").is_some());
        }
        assert_eq!(probe, expected, "{name}");
    };
    let page = json!({ "httpGet": {
        "path": "/up", "port": 5100, "httpHeaders": [{ "name": "Host", "value": "localhost:5100" }],
    } });
    check("web", json!({ "tcpSocket": { "port": 5000 } }));
    check("api", page.clone());
    let command = r#"cd data || exit; is "$$PORT" $$(date +%s) # ?"#;
    check(
        "db",
        json!({ "exec": { "command": ["/bin/sh", "-c", command] } }),
    );
    check("worker", Value::Null);
    check("logged", json!({ "tcpSocket": { "port": 5400 } }));
    check("redis", json!({ "tcpSocket": { "port": 5500 } }));
    check("tick", Value::Null);
    // What is restarted when it is ready no more is so there, and not before it was ready.
    let api = container("api");
    for probe in ["livenessProbe", "startupProbe"] {
        assert_eq!(api[probe]["httpGet"], page["httpGet"]);
        assert_eq!(container("db")[probe], Value::Null);
    }
    assert_eq!(api["startupProbe"]["failureThreshold"], 300);
}

#[test]
fn a_unit_of_systemd_is_started_once_it_is_ready() {
    let (text, _) = exported("systemd");
    let of = |name: &str| {
        let (_, unit) = text
            .split_once(&format!("# shop-{name}.1.service\n"))
            .unwrap();
        let unit = unit.split_once("\n# shop-").map_or(unit, |(unit, _)| unit);
        let mut lines = unit.lines();
        let script = lines.find_map(|line| line.strip_prefix("ExecStartPost="));
        assert_eq!(unit.contains("TimeoutStartSec=600\n"), script.is_some());
        script.unwrap_or_default().to_string()
    };
    assert_eq!(
        of("db"),
        r#"/bin/sh -c "while kill -0 \"$$MAINPID\" 2>/dev/null; do (\nis \"$$PORT\" $$(date +%%s) # ?\n) && exit; sleep 1; done""#
    );
    let listens = LISTENS
        .replace('%', "%%")
        .replace('$', "$$")
        .replace('"', "\\\"");
    for name in ["logged", "redis", "api"] {
        assert!(of(name).contains(&listens), "{}", of(name));
    }
    for name in ["worker", "tick"] {
        assert_eq!(of(name), "");
    }
}

#[test]
fn what_nobody_looks_for_there_is_said() {
    let by_tool = "curl or wget looks whether `api` is ready there";
    let started = "`worker` is ready there once it is started: nobody looks for its line";
    let listens = "`logged` is ready there once it listens on its PORT: nobody looks for its line";
    let again = "`api` is not started again there when it is ready no more";
    let statuses = "`web` is ready there once it listens on its PORT: Kubernetes takes any status";
    for (format, said, unsaid) in [
        (
            "systemd",
            &[by_tool, started, listens, again][..],
            &[statuses][..],
        ),
        ("compose", &[by_tool, started, listens, again], &[statuses]),
        (
            "kubernetes",
            &[started, listens, statuses],
            &[by_tool, again],
        ),
    ] {
        let (_, text) = exported(format);
        for part in said {
            assert_eq!(text.matches(part).count(), 1, "{part}: {text}");
        }
        for part in unsaid {
            assert!(!text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn a_server_that_does_not_take_its_port_is_named_and_not_waited_for() {
    let project = Project::with_procfile("web: a\nredis: redis-server\n")
        .file("devrun.yaml", "uses: { CACHE_URL: redis }\n");
    let finished = project.run(&["export", "compose"]);
    let said = "the command of `redis` does not take PORT: nothing listens on 5100 there";
    assert!(finished.stderr.contains(said), "{}", finished.stderr);
    let services = &yaml(&finished.stdout)["services"];
    assert_eq!(services["redis"]["healthcheck"], Value::Null);
    let condition = &services["web"]["depends_on"]["redis"]["condition"];
    assert_eq!(condition, "service_started");
}

#[test]
fn a_secret_in_a_probe_is_refused_and_what_only_the_shell_has_is_named() {
    for ready in [
        "exec: 'redis-cli --password=hunter2 ping'",
        "http: '/up?token=hunter2'",
    ] {
        let project = Project::with_procfile("web: a\n").file(
            "devrun.yaml",
            format!("processes: {{ web: {{ ready: {{ {ready} }} }} }}\n"),
        );
        for format in ["systemd", "compose", "kubernetes"] {
            let finished = project.run(&["export", format]);
            let said = &finished.stderr;
            assert_eq!(
                (finished.status, finished.stdout.as_str()),
                (2, ""),
                "{ready}"
            );
            assert!(
                said.contains("the `ready:` of `web` holds a secret"),
                "{said}"
            );
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
    let project = Project::with_procfile("web: a\n").file(
        "devrun.yaml",
        "processes: { web: { ready: { exec: 'test $MODE' } } }\n",
    );
    let mut command = project.command(["export", "compose"]);
    let output = command.env("MODE", "dev").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("`web` reads MODE, which only your shell sets"),
        "{said}"
    );
}

#[test]
fn the_script_of_a_unit_ends_when_it_is_ready_and_when_its_process_has_ended() {
    let project = Project::called("shop").file("Procfile", "web: a\n").file(
        "devrun.yaml",
        "processes: { web: { ready: { exec: 'test -e \"up $PORT\" # 100%' } } }\n",
    );
    let units = project.run(&["export", "systemd"]).stdout;
    let (_, script) = units.split_once("ExecStartPost=/bin/sh -c \"").unwrap();
    let script = script.lines().next().unwrap().strip_suffix('"').unwrap();
    let script = script.replace("\\\"", "\"").replace("\\n", "\n");
    let script = script.replace("$$", "$").replace("%%", "%");
    // It is its own process: while that runs, it looks.
    let run = |text: String, port: &str| {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &text]).env("PORT", port);
        shell.current_dir(project.directory()).spawn().unwrap()
    };
    let mut waiting = run(format!("MAINPID=$$; {script}"), "5000");
    project.write("up 5000", "");
    assert!(waiting.wait().unwrap().success());
    let mut alone = run(format!("true & MAINPID=$!; wait; {script}"), "1");
    assert!(alone.wait().unwrap().success());
}

#[test]
fn compose_waits_for_the_end_of_what_never_listens() {
    let project = Project::called("shop")
        .file("Dockerfile", "")
        .file("Procfile", "web: a\nrelease: b\nseed: c\ndb: d\nonce: e\n")
        .file(
            "devrun.yaml",
            "uses: { DB_URL: db }\n\
             processes:\n\
             \x20 web: { depends_on: [release, seed, once] }\n\
             \x20 release: { restart: never, uses: [] }\n\
             \x20 seed: { restart: never, uses: [], port: false }\n\
             \x20 db: { restart: never, uses: [] }\n\
             \x20 once: { restart: never, uses: [], ready: { tcp: true } }\n",
        );
    let finished = project.run(&["export", "compose"]);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    let services = &yaml(&finished.stdout)["services"];
    assert_eq!(
        services["web"]["depends_on"],
        json!({
            "release": { "condition": "service_completed_successfully" },
            "seed": { "condition": "service_started" },
            "db": { "condition": "service_healthy" },
            "once": { "condition": "service_healthy" },
        })
    );
    assert_eq!(services["release"]["healthcheck"], Value::Null);
    let said = &finished.stderr;
    assert!(
        said.contains("`release` is waited for until it has ended there"),
        "{said}"
    );
    assert_eq!(said.matches("until it has ended").count(), 1, "{said}");
}

#[test]
fn ports_of_a_service_have_names_of_their_own() {
    let project = Project::called("shop").file("Procfile", "web: a\n").file(
        "devrun.yaml",
        "processes: { web: { ports: [HTTP, A_PORT, a_port] } }\n",
    );
    let text = project.run(&["export", "kubernetes"]).stdout;
    let objects = Objects::read(&text);
    let service = objects.one("Service", "web");
    let ports = service["spec"]["ports"].as_array().unwrap();
    let names: Vec<&Value> = ports.iter().map(|port| &port["name"]).collect();
    assert_eq!(names, ["http", "http-2", "a-port", "a-port-2"]);
}
