//! What `devrun export` writes, as the targets' own checkers see it: systemd-analyze, the schema of Compose and those
//! of Kubernetes, which packages for pip bring along; and as Python's YAML, an old and loose one, reads it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::Project;
use crate::{NOBODY, installed, program};

const WEB: &str = r#"exec node x --title "50% 'off'" "a\\nb" ${PORT:-1} $$"#;
/// What a reader might take for something else; beside them `DOLLAR` and `UMLAUT`.
const VALUES: [(&str, &str); 11] = [
    ("NO", "off"),
    ("N", "1e3"),
    ("OCTAL", "010"),
    ("T", "~"),
    ("TIME", "12:30"),
    ("DATE", "2026-01-01"),
    ("PERCENT", "100% %h"),
    ("LINES", "a\n b\n"),
    ("QUOTES", "it's \"so\" \\"),
    ("LEAD", " x"),
    ("EMPTY", ""),
];

/// Formation, uses, secrets, and values that a reader might take for something else.
fn shop() -> Project {
    let odd = r#"{ "NO": "off", N: "1e3", OCTAL: "010", T: "~", TIME: "12:30", DATE: "2026-01-01", DOLLAR: "$HOME $(PORT) $$", PERCENT: "100% %h", LINES: "a\n b\n", QUOTES: "it's \"so\" \\", UMLAUT: "ü", LEAD: " x", EMPTY: "" }"#;
    Project::called("shop")
        .file(
            "Procfile",
            format!(
                "web: {WEB}\nmy_api: cd api && exec puma -p $PORT\n\
                 worker: sidekiq\nredis: redis-server --port $PORT\nrelease: migrate\n"
            ),
        )
        .file(".env", "API_KEY=abc\nLOG=1\n")
        .file(
            "devrun.yaml",
            format!(
                "formation: all=1,web=2\nenv: {odd}\n\
                 uses: {{ API_URL: my_api, CACHE_URL: redis, DB_URL: \"postgresql://u:${{API_KEY}}@db.internal/d\" }}\n\
                 processes:\n\
                 \x20 my_api: {{ ports: [ADMIN_PORT], ready: {{ http: /up }} }}\n\
                 \x20 worker: {{ port: false, restart: always, timeout: 2.5, ready: {{ exec: 'test \"$(date +%s)\"' }} }}\n\
                 \x20 release: {{ port: false, restart: never }}\n\
                 \x20 redis: {{ stop_signal: INT, tty: always }}\n"
            ),
        )
}

/// The files of a format, in a directory of its name.
fn exported(project: &Project, format: &str, arguments: &[&str]) -> Vec<PathBuf> {
    let directory = format!("out-{format}{}", arguments.concat());
    let all = ["export", format, &directory];
    let all: Vec<&str> = all.iter().chain(arguments).copied().collect();
    let finished = project.run(&all);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    let entries = std::fs::read_dir(project.directory().join(directory)).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn run(project: &Project, program: &Path, arguments: &[&str], files: &[PathBuf]) -> Output {
    let mut command = Command::new(program);
    project.prepare(&mut command);
    command.args(arguments).args(files).output().unwrap()
}

/// A program that `.ci/run` gets by pip.
fn tool(name: &str) -> PathBuf {
    let path = installed().join("python/bin").join(name);
    assert!(path.exists(), "{name} is not installed: see .ci/run");
    path
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let shop = shop();
    let analyze = program("systemd-analyze", &[]);
    for (manager, arguments) in [
        ("--user", &[][..]),
        ("--system", &["--system", "--user", "daemon"]),
    ] {
        let units = exported(&shop, "systemd", arguments);
        assert_eq!(units.len(), 7);
        let verify = ["verify", manager, "--man=no"];
        // It tells of the machine's own units as well, and of a key that it does not know by a line alone.
        let faults = |units: &[PathBuf]| -> Vec<String> {
            let output = run(&shop, &analyze, &verify, units);
            let said = said(&output);
            let lines = said.lines().filter(|line| line.contains("shop"));
            let lines: Vec<String> = lines.map(str::to_string).collect();
            assert!(output.status.success() || !lines.is_empty(), "{said}");
            lines
        };
        assert_eq!(faults(&units), Vec::<String>::new(), "{manager}");
        let web = units
            .iter()
            .find(|unit| unit.ends_with("shop-web.1.service"))
            .unwrap();
        let text = std::fs::read_to_string(web).unwrap();
        std::fs::write(web, text.replace("Restart=on-failure", "Restart=perhaps")).unwrap();
        assert_ne!(faults(&units), Vec::<String>::new(), "the checker is blind");
    }
}

/// systemd's own dump of what it makes of the units, without starting any. As root it refuses.
fn dumped(units: &Path) -> String {
    let systemd = program(
        "systemd",
        &["/usr/lib/systemd".into(), "/lib/systemd".into()],
    );
    let mut command = Command::new(systemd);
    command
        .args(["--test", "--system", "--unit=shop.target"])
        .env("SYSTEMD_UNIT_PATH", units);
    if nix::unistd::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    said(&command.output().unwrap())
}

/// The command of a unit, which the dump has in quotes for a shell, and systemd's `$$` as it is.
fn command_of(dump: &str, unit: &str) -> String {
    let (_, unit) = dump.split_once(&format!("-> Unit {unit}:\n")).expect(unit);
    let (_, rest) = unit.split_once("Command Line: /bin/sh -c \"").expect(unit);
    let line = rest.lines().next().unwrap().strip_suffix('"').unwrap();
    let mut chars = line.chars();
    let mut command = String::new();
    while let Some(c) = chars.next() {
        command.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    let parts: Vec<&str> = command.split("$$").collect();
    assert!(parts.iter().all(|part| !part.contains('$')), "{line}");
    parts.join("$")
}

#[test]
fn systemd_reads_every_value_and_command_back() {
    let shop = shop();
    let units = exported(&shop, "systemd", &["--system", "--user", "daemon"]);
    let dump = dumped(units[0].parent().unwrap());
    for (name, value) in VALUES.iter().chain(&[
        ("PORT", "5000"),
        ("PORT", "5001"),
        ("PS", "web.2"),
        ("ADMIN_PORT", "5101"),
        ("API_URL", "http://localhost:5100"),
        ("CACHE_URL", "redis://127.0.0.1:5300"),
        ("DOLLAR", "$HOME $(PORT) $$"),
        ("UMLAUT", "ü"),
    ]) {
        let line = format!("\tEnvironment: {name}={value}\n");
        assert!(dump.contains(&line), "{line}{dump}");
    }
    for (unit, command) in [
        ("shop-web.1.service", WEB),
        ("shop-my_api.1.service", "cd api && exec puma -p $PORT"),
        ("shop-worker.1.service", "exec sidekiq"),
    ] {
        assert_eq!(command_of(&dump, unit), command);
    }
    let directory = format!("WorkingDirectory: {}\n", shop.directory().display());
    for said in [
        &directory,
        "EnvironmentFile: /etc/shop/all.env\n",
        "IgnoreSIGPIPE: no\n",
    ] {
        assert!(dump.contains(said), "{said}{dump}");
    }
}

#[test]
fn the_schema_of_compose_takes_the_file() {
    let shop = shop();
    let check = tool("check-jsonschema");
    let arguments = ["--builtin-schema", "vendor.compose-spec"];
    let files = exported(&shop, "compose", &[]);
    let output = run(&shop, &check, &arguments, &files);
    assert!(output.status.success(), "{}", said(&output));
    let text = std::fs::read_to_string(&files[0]).unwrap();
    std::fs::write(&files[0], text.replace("command:", "comand:")).unwrap();
    let output = run(&shop, &check, &arguments, &files);
    assert!(!output.status.success(), "the checker is blind");
}

/// podman-compose reads the file, and puts in Compose's own variables. It asks podman for its version alone.
#[test]
fn another_reader_of_compose_finds_every_process_port_and_url() {
    let shop = shop();
    let files = exported(&shop, "compose", &[]);
    let podman = shop.directory().join("podman");
    std::fs::write(&podman, "#!/bin/sh\necho podman version 5.0.0\n").unwrap();
    std::fs::set_permissions(&podman, Permissions::from_mode(0o755)).unwrap();
    let podman = podman.display().to_string();
    let read = |files: &[PathBuf]| {
        let file = files[0].display().to_string();
        let arguments = ["--podman-path", &podman, "-f", &file, "config"];
        run(&shop, &tool("podman-compose"), &arguments, &[])
    };
    let output = read(&files);
    assert!(output.status.success(), "{}", said(&output));
    // It writes the YAML that Python reads.
    std::fs::write(shop.directory().join("read"), &output.stdout).unwrap();
    let reader = "import json, yaml; print(json.dumps(yaml.safe_load(open('read'))))";
    let output = run(&shop, &tool("python"), &["-c", reader], &[]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let services = &document["services"];
    for (name, command, port) in [
        ("web", WEB, json!("5000")),
        ("my-api", "cd api && exec puma -p $PORT", json!("5100")),
        ("worker", "exec sidekiq", Value::Null),
        ("redis", "exec redis-server --port $PORT", json!("5300")),
        ("release", "exec migrate", Value::Null),
    ] {
        let service = &services[name];
        assert_eq!(service["command"], json!(["/bin/sh", "-c", command]));
        assert_eq!(service["environment"]["PORT"], port, "{name}");
        for (variable, value) in &VALUES {
            assert_eq!(service["environment"][variable], *value, "{name}");
        }
    }
    let web = &services["web"];
    assert_eq!(web["environment"]["API_URL"], "http://my-api:5100");
    assert_eq!(web["environment"]["CACHE_URL"], "redis://redis:5300");
    assert_eq!(web["environment"]["DOLLAR"], "$HOME $(PORT) $$");
    assert_eq!(web["deploy"]["replicas"], 2);
    assert_eq!(web["depends_on"]["redis"]["condition"], "service_healthy");
    let text = std::fs::read_to_string(&files[0]).unwrap();
    std::fs::write(&files[0], text.replace("  web:", " web:")).unwrap();
    assert!(!read(&files).status.success(), "the reader is blind");
}

#[test]
fn the_schemas_of_kubernetes_take_every_object() {
    let shop = shop();
    let validate = tool("kubernetes-validate");
    let objects = exported(&shop, "kubernetes", &[]);
    for files in [&objects, &exported(&shop, "kubernetes", &["--secrets"])] {
        let output = run(&shop, &validate, &["--strict"], files);
        assert!(output.status.success(), "{}", said(&output));
    }
    let text = std::fs::read_to_string(&objects[0]).unwrap();
    assert!(text.contains("kind: Job"), "{text}");
    std::fs::write(&objects[0], text.replace("replicas: 2", "replicas: two")).unwrap();
    let output = run(&shop, &validate, &["--strict"], &objects);
    assert!(!output.status.success(), "the checker is blind");
}

/// Prints all texts of all documents below the keys `environment` and `data`, one as JSON a line.
const READER: &str = "
import json, sys, yaml
def walk(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ('environment', 'data'):
                for name, text in inner.items(): print(json.dumps([name, text]))
            else: walk(inner)
    elif isinstance(value, list):
        for inner in value: walk(inner)
for path in sys.argv[1:]:
    for document in yaml.safe_load_all(open(path)): walk(document)
";

#[test]
fn an_old_reader_of_yaml_takes_every_value_for_the_text_that_it_is() {
    let shop = shop();
    let python = tool("python");
    for (format, dollars) in [
        ("compose", "$$HOME $$(PORT) $$$$"),
        ("kubernetes", "$HOME $(PORT) $$"),
    ] {
        let files = exported(&shop, format, &[]);
        let output = run(&shop, &python, &["-c", READER], &files);
        assert!(output.status.success(), "{}", said(&output));
        let read = said(&output);
        for (name, value) in VALUES.iter().chain(&[("DOLLAR", dollars)]) {
            let line = format!("[\"{name}\", {}]", serde_json::to_string(value).unwrap());
            assert!(read.lines().any(|read| read == line), "{line}: {read}");
        }
    }
}
