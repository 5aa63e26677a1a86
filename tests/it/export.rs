//! `devrun export`: what it writes for each target, as committed; and that all of it is there again once the target
//! has read it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Finished, Project};

type Values = BTreeMap<String, String>;

/// Values that mean something to a shell, to systemd, to Compose, to Kubernetes or to YAML.
const ODD: [(&str, &str); 12] = [
    ("BACKSLASH", "C:\\new\\"),
    ("BLANKS", "  two  "),
    ("COLON", "a: b #c"),
    ("DOLLAR", "$HOME ${PORT} $(PORT) $$"),
    ("EMPTY", ""),
    ("LINES", "one\n two\n"),
    ("NO", "off"),
    ("NUMBER", "1e3"),
    ("PERCENT", "100% %h %%"),
    ("QUOTES", "it's \"quoted\""),
    ("TILDE", "~"),
    ("UMLAUT", "grün \u{2028}"),
];
const WEB: &str =
    r#"printf '%s\n' "$LINES" '100% %h' "a\\nb" "it's" '$HOME $(PORT)' "${PORT:-x}" \$ "$KEY""#;

/// With a formation, uses of all kinds, a directory of its own, and names that DNS does not take.
fn shop() -> Project {
    let project = Project::called("shop");
    let env: String = ODD
        .iter()
        .map(|(name, value)| format!("  \"{name}\": {}\n", serde_json::to_string(value).unwrap()))
        .collect();
    project.sibling("mail").write("Procfile", "web: x\n");
    project
        .file(
            "Procfile",
            format!(
                "web: {WEB}\nmy_api: exec puma -p $PORT\nworker: sidekiq; echo $?\nredis: redis-server --port $PORT\n"
            ),
        )
        .file(
            ".env",
            "KEY='it is a \"s3cret\" $HOME \\'\nLOG_LEVEL=debug\n",
        )
        .file(
            "devrun.yaml",
            format!(
                "formation: all=1,web=2\n\
                 env:\n{env}\
                 uses:\n\
                 \x20 API_URL: my_api\n\
                 \x20 CACHE: {{ process: redis, value: \"{{host}}:{{port}}\" }}\n\
                 \x20 DATABASE_URL: postgresql://shop:${{KEY}}@db.internal/shop\n\
                 \x20 MAIL_URL: ../mail\n\
                 \x20 SEARCH_URL: https://search.internal\n\
                 processes:\n\
                 \x20 my_api: {{ cwd: api, ports: [ADMIN_PORT] }}\n\
                 \x20 worker: {{ port: false, uses: [CACHE], restart: always, timeout: 2.5 }}\n\
                 \x20 redis: {{ stop_signal: INT }}\n"
            ),
        )
        .file("api/x", "")
}

fn export(project: &Project, arguments: &[&str]) -> Finished {
    let all: Vec<&str> = ["export"].iter().chain(arguments).copied().collect();
    let finished = project.run(&all);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    finished
}

/// What differs from one machine to the next.
fn plain(project: &Project, text: &str) -> String {
    let directory = project.directory();
    let parent = directory.parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap();
    text.replace(&parent, "/src").replace(&path, "/bin")
}

fn check_committed(name: &str, text: &str) {
    let path = format!("{}/tests/it/export/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("DEVRUN_UPDATE").is_some() {
        fs::write(&path, text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, committed, "`just update` writes {path} anew");
}

#[test]
fn each_format_is_as_committed() {
    let shop = shop();
    for (name, arguments) in [
        ("systemd", &["systemd"][..]),
        ("system", &["systemd", "--system", "-u", "deploy"]),
        ("compose", &["compose"]),
        ("kubernetes", &["kubernetes"]),
    ] {
        let finished = export(&shop, arguments);
        let text = plain(&shop, &finished.stdout);
        assert!(
            !text.contains("s3cret") && !text.contains("debug"),
            "{text}"
        );
        check_committed(&format!("{name}.txt"), &text);
        let said = plain(&shop, &finished.stderr);
        assert!(!said.contains("s3cret"), "{said}");
        check_committed(&format!("{name}.said.txt"), &said);
        let secrets = [arguments, &["--secrets"]].concat();
        let finished = export(&shop, &secrets);
        assert_eq!(finished.stderr, "");
        check_committed(&format!("{name}.secrets.txt"), &finished.stdout);
    }
}

/// A process as a target has it.
#[derive(Debug, Default)]
struct Found {
    count: usize,
    command: String,
    env: Values,
}

/// What the files of each target say, without what is only referred to.
fn check_found(found: &BTreeMap<String, Found>, hosts: [&str; 2], api: &str) {
    let [api_host, redis_host] = hosts;
    let web = &found["web"];
    assert_eq!((web.count, web.command.as_str()), (2, WEB));
    let expected = [
        ("PORT", "5000"),
        ("API_URL", &format!("http://{api_host}:5100")),
        ("MY_API_URL", &format!("http://{api_host}:5100")),
        ("REDIS_URL", &format!("redis://{redis_host}:5300")),
        ("CACHE", &format!("{redis_host}:5300")),
        ("SEARCH_URL", "https://search.internal"),
    ];
    for (name, value) in expected.iter().chain(&ODD) {
        assert_eq!(
            web.env.get(*name).map(String::as_str),
            Some(*value),
            "{name}"
        );
    }
    let worker = &found["worker"];
    assert_eq!(worker.command, "sidekiq; echo $?");
    assert_eq!(worker.env["CACHE"], format!("{redis_host}:5300"));
    for absent in ["PORT", "API_URL", "MAIL_URL", "DATABASE_URL"] {
        assert!(!worker.env.contains_key(absent), "{absent}");
    }
    let api = &found[api];
    assert_eq!(
        (&*api.env["PORT"], &*api.env["ADMIN_PORT"]),
        ("5100", "5101")
    );
    assert!(
        api.command.ends_with("exec puma -p $PORT"),
        "{}",
        api.command
    );
    assert_eq!(found["redis"].env["PORT"], "5300");
    assert_eq!(found["redis"].command, "exec redis-server --port $PORT");
    assert_eq!(found.len(), 4);
    for process in found.values() {
        for secret in ["KEY", "LOG_LEVEL", "DATABASE_URL"] {
            assert!(!process.env.contains_key(secret), "{secret}");
        }
    }
}

/// A line of a unit as systemd.syntax(7) and systemd.unit(5) have it: words in quotes, C's escapes, `%%`.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut is_quoted, mut is_there) = (false, false);
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => (is_quoted, is_there) = (!is_quoted, true),
            ' ' if !is_quoted => {
                words.extend(is_there.then(|| std::mem::take(&mut word)));
                is_there = false;
            }
            '\\' => word.push(match rest.next().unwrap() {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('"' | '\\') => c,
                other => panic!("\\{other}: {line}"),
            }),
            '%' => {
                assert_eq!(rest.next(), Some('%'), "a specifier: {line}");
                word.push('%');
            }
            c => {
                is_there = true;
                word.push(c);
            }
        }
    }
    assert!(!is_quoted, "{line}");
    words.extend(is_there.then_some(word));
    words
}

/// systemd.service(5): `$$` is a dollar, any other is a variable of the unit's.
fn without_variables(word: &str) -> String {
    let parts: Vec<&str> = word.split("$$").collect();
    assert!(parts.iter().all(|part| !part.contains('$')), "{word}");
    parts.join("$")
}

fn found_in_units(directory: &Path) -> BTreeMap<String, Found> {
    let target = fs::read_to_string(directory.join("shop.target")).unwrap();
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for unit in target
        .lines()
        .filter_map(|line| line.strip_prefix("Wants="))
    {
        let text = fs::read_to_string(directory.join(unit)).unwrap();
        let name = unit
            .strip_prefix("shop-")
            .and_then(|unit| unit.split('.').next());
        let process = found.entry(name.unwrap().to_string()).or_default();
        process.count += 1;
        if process.count > 1 {
            assert!(
                text.contains("\"PORT=5001\"") && text.contains("\"PS=web.2\""),
                "{text}"
            );
            continue;
        }
        for line in text.lines() {
            if let Some(value) = line.strip_prefix("ExecStart=") {
                let words = words(value);
                assert_eq!((words.len(), &*words[0], &*words[1]), (3, "/bin/sh", "-c"));
                process.command = without_variables(&words[2]);
            } else if let Some(value) = line.strip_prefix("Environment=") {
                let words = words(value);
                let (name, value) = words[0].split_once('=').unwrap();
                assert_eq!(words.len(), 1, "{line}");
                process.env.insert(name.into(), value.into());
            }
        }
    }
    found
}

#[test]
fn systemd_reads_every_process_port_and_url_back() {
    let shop = shop();
    export(&shop, &["systemd", "units"]);
    let units = shop.directory().join("units");
    assert_eq!(fs::read_dir(&units).unwrap().count(), 6);
    let found = found_in_units(&units);
    check_found(&found, ["localhost", "127.0.0.1"], "my_api");
    assert_eq!(found["my_api"].command, "exec puma -p $PORT");
    assert_eq!(found["web"].env.get("MAIL_URL"), None, "nobody knows");
}

pub fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("{value} is no text"))
        .to_string()
}

fn pairs(value: &Value) -> Values {
    let pairs = value.as_object().unwrap().iter();
    pairs
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// Compose's own variables: `$$` is a dollar, any other begins one.
fn of_compose(values: Values) -> Values {
    let plain = |(name, value): (String, String)| (name, without_variables(&value));
    values.into_iter().map(plain).collect()
}

fn found_in_compose(document: &Value) -> BTreeMap<String, Found> {
    let services = document["services"].as_object().unwrap().iter();
    let found = services.map(|(name, service)| {
        let command = service["command"].as_array().unwrap();
        assert_eq!(
            (&command[0], &command[1]),
            (&"/bin/sh".into(), &"-c".into())
        );
        let count = service["deploy"]["replicas"].as_u64().unwrap_or(1);
        let found = Found {
            count: count as usize,
            command: without_variables(&text(&command[2])),
            env: of_compose(pairs(&service["environment"])),
        };
        (name.clone(), found)
    });
    found.collect()
}

#[test]
fn compose_reads_every_process_port_and_url_back() {
    let shop = shop();
    export(&shop, &["compose", "."]);
    let document = yaml(&shop.read("compose.yaml"));
    let found = found_in_compose(&document);
    check_found(&found, ["my-api", "redis"], "my-api");
    assert_eq!(found["web"].env.get("MAIL_URL"), None, "nobody knows");
    assert_eq!(
        found["my-api"].command,
        "cd api || exit; exec puma -p $PORT"
    );
    let services = &document["services"];
    assert_eq!(
        services["web"]["ports"],
        serde_json::json!(["5000-5001:5000"])
    );
    assert_eq!(
        services["web"]["depends_on"],
        serde_json::json!({
            "my-api": { "condition": "service_healthy" },
            "redis": { "condition": "service_healthy" },
        })
    );
    assert_eq!(
        services["web"]["env_file"],
        serde_json::json!(["all.env", "web.env"])
    );
    assert_eq!(
        services["my-api"]["expose"],
        serde_json::json!(["5100", "5101"])
    );
    assert_eq!(services["worker"]["restart"], "always");
    assert_eq!(services["worker"]["stop_grace_period"], "2500ms");
    assert_eq!(services["redis"]["stop_signal"], "SIGINT");
}

/// Kubernetes' own: `$$` is a dollar, `$(` begins a variable.
fn of_kubernetes(text: &str) -> String {
    let parts: Vec<&str> = text.split("$$").collect();
    assert!(parts.iter().all(|part| !part.contains("$(")), "{text}");
    parts.join("$")
}

/// What is in a file for Kubernetes.
pub struct Objects(Vec<Value>);

impl Objects {
    pub fn read(text: &str) -> Self {
        Self(text.split("---\n").map(yaml).collect())
    }

    pub fn all(&self, kind: &str) -> impl Iterator<Item = &Value> {
        let objects = self.0.iter();
        objects.filter(move |object| object["kind"] == kind)
    }

    pub fn one(&self, kind: &str, name: &str) -> &Value {
        let mut all = self.all(kind);
        let found = all.find(|object| object["metadata"]["name"] == name);
        found.unwrap_or_else(|| panic!("no {kind} {name}"))
    }

    /// What a container finds in its environment, without the secrets.
    fn env(&self, container: &Value) -> Values {
        let mut env = Values::new();
        for from in container["envFrom"].as_array().into_iter().flatten() {
            let name = text(&from["configMapRef"]["name"]);
            env.extend(pairs(&self.one("ConfigMap", &name)["data"]));
        }
        for variable in container["env"].as_array().unwrap() {
            if let Some(value) = variable["value"].as_str() {
                env.insert(text(&variable["name"]), of_kubernetes(value));
            }
        }
        env
    }

    fn found(&self) -> BTreeMap<String, Found> {
        let deployments = self.all("Deployment").map(|deployment| {
            let spec = &deployment["spec"];
            let container = &spec["template"]["spec"]["containers"][0];
            let arguments = container["args"].as_array().unwrap();
            assert_eq!(
                (&arguments[0], &arguments[1]),
                (&"/bin/sh".into(), &"-c".into())
            );
            let found = Found {
                count: spec["replicas"].as_u64().unwrap() as usize,
                command: of_kubernetes(&text(&arguments[2])),
                env: self.env(container),
            };
            (text(&deployment["metadata"]["name"]), found)
        });
        deployments.collect()
    }
}

#[test]
fn kubernetes_reads_every_process_port_and_url_back() {
    let shop = shop();
    export(&shop, &["kubernetes", "."]);
    let objects = Objects::read(&shop.read("shop.yaml"));
    check_found(&objects.found(), ["my-api", "redis"], "my-api");
    let ports = |name: &str| {
        let ports = objects.one("Service", name)["spec"]["ports"]
            .as_array()
            .unwrap();
        let ports = ports.iter().map(|port| port["port"].as_u64().unwrap());
        ports.collect::<Vec<_>>()
    };
    assert_eq!(ports("web"), [5000]);
    assert_eq!(ports("my-api"), [5100, 5101]);
    assert_eq!(ports("redis"), [5300]);
    assert_eq!(objects.all("Service").count(), 3, "the worker has no port");
    let ingress = &objects.one("Ingress", "shop")["spec"]["rules"][0];
    assert_eq!(ingress["host"], "shop.localhost");
    let backend = &ingress["http"]["paths"][0]["backend"]["service"];
    assert_eq!(
        (&backend["name"], &backend["port"]["number"]),
        (&"web".into(), &5000.into())
    );
    // Every reference leads to a key of a Secret.
    let secrets = Objects::read(&export(&shop, &["kubernetes", "--secrets"]).stdout);
    for deployment in objects.all("Deployment") {
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        for variable in container["env"].as_array().unwrap() {
            let reference = &variable["valueFrom"]["secretKeyRef"];
            if let Some(name) = reference["name"].as_str() {
                let data = &secrets.one("Secret", name)["stringData"];
                assert!(data[text(&reference["key"])].is_string(), "{reference}");
            }
        }
    }
}

/// systemd.exec(5) and Compose's "Env file syntax", as far as both read it alike: double quotes, and `\` before what
/// it takes the meaning from.
fn env_file(text: &str) -> Values {
    let mut values = Values::new();
    let mut rest = text;
    while let Some((name, behind)) = rest.split_once("=\"") {
        let (mut value, mut end) = (String::new(), 0);
        let mut chars = behind.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    end = at;
                    break;
                }
                '\\' => {
                    let (_, c) = chars.next().unwrap();
                    assert!("\\\"$".contains(c), "\\{c}");
                    value.push(c);
                }
                '$' => panic!("a variable: {text}"),
                c => value.push(c),
            }
        }
        values.insert(name.trim().to_string(), value);
        rest = &behind[end + 1..];
    }
    assert_eq!(rest.trim(), "");
    values
}

#[test]
fn the_secrets_are_what_the_processes_have_here_and_nobody_elses() {
    let shop = shop();
    let values = |name: &str| {
        let env = shop.run(&["env", "web", "--format", "json"]).stdout;
        let env: Value = serde_json::from_str(&env).unwrap();
        let mut variables = env["variables"].as_array().unwrap().iter();
        let found = variables.find(|variable| variable["name"] == name);
        text(&found.unwrap()["value"])
    };
    for format in ["systemd", "compose"] {
        export(&shop, &[format, "--secrets", format]);
        let read = |name: &str| env_file(&shop.read(&format!("{format}/{name}")));
        let all = read("all.env");
        assert_eq!(all["KEY"], values("KEY"));
        assert!(all["KEY"].ends_with("$HOME \\"), "{all:?}");
        assert_eq!(all["LOG_LEVEL"], "debug");
        assert_eq!(all.len(), 2);
        assert_eq!(read("web.env")["DATABASE_URL"], values("DATABASE_URL"));
        let path = shop.directory().join(format).join("all.env");
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let secrets = Objects::read(&export(&shop, &["kubernetes", "--secrets"]).stdout);
    let all = pairs(&secrets.one("Secret", "all")["stringData"]);
    assert_eq!(all["KEY"], values("KEY"));
    let web = pairs(&secrets.one("Secret", "web")["stringData"]);
    assert_eq!(web["DATABASE_URL"], values("DATABASE_URL"));
}

/// What a shell makes of a command in this environment.
fn output(command: &str, env: &Values) -> String {
    let mut shell = Command::new("/bin/sh");
    let output = shell
        .args(["-c", command])
        .env_clear()
        .envs(env)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_command_says_the_same_wherever_it_runs() {
    let shop = shop();
    let mut here = shop.start_with(&[
        "-m",
        "web=1",
        "--unuse",
        "MAIL_URL,API_URL,CACHE",
        "--no-timestamp",
    ]);
    here.wait_for("100% %h");
    assert_eq!(here.wait(), 0);
    let said = here.stdout.text();
    let lines = said
        .lines()
        .filter_map(|line| line.strip_prefix("web.1  | "));
    let port = said
        .split("PORT=")
        .nth(1)
        .unwrap()
        .split(')')
        .next()
        .unwrap()
        .to_string();
    let here: Vec<String> = lines.map(|line| line.replace(&port, "5000")).collect();
    export(&shop, &["systemd", "units"]);
    let units = found_in_units(&shop.directory().join("units"));
    let compose = found_in_compose(&yaml(&export(&shop, &["compose"]).stdout));
    let kubernetes = Objects::read(&export(&shop, &["kubernetes"]).stdout).found();
    export(&shop, &["compose", "--secrets", "secrets"]);
    let secrets = env_file(&shop.read("secrets/all.env"));
    for found in [units, compose, kubernetes] {
        let mut env = found["web"].env.clone();
        env.extend(secrets.clone());
        let there = output(&found["web"].command, &env);
        assert_eq!(there.lines().collect::<Vec<_>>(), here);
    }
}

#[test]
fn files_that_are_there_are_written_over_by_force_alone() {
    let project = Project::called("shop").file("Procfile", "web: a\n");
    let first = export(&project, &["compose", "out/a"]);
    assert!(
        first.stderr.contains("wrote out/a/compose.yaml\n"),
        "{}",
        first.stderr
    );
    let text = project.read("out/a/compose.yaml");
    export(&project, &["compose", "out/a"]);
    project.write("out/a/compose.yaml", "mine\n");
    let refused = project.run(&["export", "compose", "out/a"]);
    assert_eq!(refused.status, 2);
    assert!(
        refused.stderr.ends_with(
            "error: `out/a/compose.yaml` is there already, and another one\n help: `--force` writes over it\n"
        ),
        "{}",
        refused.stderr
    );
    assert_eq!(project.read("out/a/compose.yaml"), "mine\n");
    export(&project, &["compose", "out/a", "--force"]);
    assert_eq!(project.read("out/a/compose.yaml"), text);
    project.write("out/b/shop.target", "mine\n");
    let refused = project.run(&["export", "systemd", "out/b"]);
    assert_eq!(refused.status, 2);
    let entries = fs::read_dir(project.directory().join("out/b")).unwrap();
    assert_eq!(entries.count(), 1, "none of them is written then");
}

#[test]
fn a_repository_of_several_apps_goes_along_as_one() {
    let root = Project::called("mono")
        .file("devrun.yaml", "apps: [apps/*]\n")
        .file("apps/api/Procfile", "web: puma -p $PORT\n")
        .file("apps/shop/Procfile", "web: node x\n")
        .file("apps/shop/devrun.yaml", "uses: { API_URL: ../api }\n");
    let document = yaml(&export(&root, &["compose"]).stdout);
    let services = &document["services"];
    assert_eq!(document["name"], "mono");
    assert_eq!(
        services["shop-web"]["environment"]["API_URL"],
        "http://api-web:5000"
    );
    assert_eq!(services["shop-web"]["build"], "apps/shop");
    assert_eq!(services["shop-web"]["image"], "mono-shop");
    assert_eq!(
        services["shop-web"]["depends_on"],
        serde_json::json!({ "api-web": { "condition": "service_healthy" } })
    );
    let units = export(&root, &["systemd"]).stdout;
    assert!(units.contains("# mono-shop-web.1.service\n"), "{units}");
    assert!(
        units.contains("Environment=\"API_URL=http://localhost:5000\"\n"),
        "{units}"
    );
}

#[test]
fn what_is_said_on_the_command_line_counts_and_nonsense_is_refused() {
    let project = Project::called("shop")
        .file("Procfile", "web: a\nall-day: b\nALL: c\n")
        .file("devrun.yaml", "uses: { API_URL: ../api }\n")
        .file(".foreman", "formation: web=3\nport: 4000\n");
    project.sibling("api").write("Procfile", "web: a\n");
    let said = export(
        &project,
        &[
            "kubernetes",
            "-a",
            "Blog",
            "-c",
            "all=1,web=4",
            "-p",
            "7000",
            "--image",
            "r/blog:1",
            "--host",
            "blog.example.com",
            "--use",
            "API_URL=https://api.example.com",
            "--set",
            "A=1",
            "--set",
            "API_KEY=abc",
        ],
    );
    let objects = Objects::read(&said.stdout);
    let found = objects.found();
    assert_eq!(
        (found["web"].count, &*found["web"].env["PORT"]),
        (4, "7000")
    );
    assert_eq!(found["web"].env["API_URL"], "https://api.example.com");
    assert_eq!(found["web"].env["A"], "1");
    assert!(
        found.contains_key("all-2"),
        "`all` is what they have in common"
    );
    assert!(!said.stdout.contains("abc"));
    objects.one("Namespace", "blog");
    let web = objects.one("Deployment", "web");
    assert_eq!(
        web["spec"]["template"]["spec"]["containers"][0]["image"],
        "r/blog:1"
    );
    assert_eq!(
        objects.one("Ingress", "blog")["spec"]["rules"][0]["host"],
        "blog.example.com"
    );
    let of_foreman = Objects::read(&export(&project, &["kubernetes"]).stdout).found();
    assert_eq!((of_foreman.len(), of_foreman["web"].count), (1, 3));
    assert_eq!(of_foreman["web"].env["PORT"], "4000");

    let check = |arguments: &[&str], expected: &str| {
        let all: Vec<&str> = ["export"].iter().chain(arguments).copied().collect();
        let finished = project.run(&all);
        assert_eq!(
            (finished.status, finished.stdout.as_str()),
            (2, ""),
            "{arguments:?}"
        );
        assert!(finished.stderr.starts_with(expected), "{}", finished.stderr);
    };
    check(
        &[],
        "error: `devrun export` needs a format\n help: for example `devrun export compose .`\n",
    );
    check(
        &["upstart"],
        "error: no export to `upstart`\n help: it may be `systemd`, `compose` or `kubernetes`\n",
    );
    check(
        &["compose", "--system"],
        "error: `--system` means nothing to compose\n",
    );
    check(
        &["compose", "--host", "a"],
        "error: `--host` means nothing to compose\n",
    );
    check(
        &["systemd", "--image", "a"],
        "error: `--image` means nothing to systemd\n",
    );
    check(
        &["systemd", "--system", "--user", "a\nExecStartPre=b"],
        "error: `a\\nExecStartPre=b` cannot be the value of `--user`\n",
    );
    check(
        &["compose", "--image", ""],
        "error: `--image` needs a value\n",
    );
    check(
        &["kubernetes", "--host", "Shop.example.com:80"],
        "error: `Shop.example.com:80` cannot be the value of `--host`\n",
    );
    check(
        &["systemd", "-p", "0"],
        "error: no port can be written down where any will do (`-p 0`)\n",
    );
}

#[test]
fn a_secret_in_the_procfile_is_refused_with_the_way_out() {
    let project =
        Project::with_procfile("web: API_KEY=abc123 node x\nb: psql postgres://u:hunter2@h/d\n");
    for format in ["systemd", "compose", "kubernetes"] {
        let finished = project.run(&["export", format]);
        assert_eq!((finished.status, finished.stdout.as_str()), (2, ""));
        let said = &finished.stderr;
        assert!(
            !said.contains("abc123") && !said.contains("hunter2"),
            "{said}"
        );
        assert!(
            said.contains("`web` (Procfile:1)") && said.contains("`b` (Procfile:2)"),
            "{said}"
        );
    }
}

#[test]
fn what_a_container_does_not_see_is_said() {
    let project =
        Project::with_procfile("web: flask run -h 127.0.0.1 -p $PORT -e $MODE\nrelease: migrate\n")
            .file(".env", "REDIS_URL=redis://localhost:6379\nBAD-NAME=1\n")
            .file("Dockerfile", "")
            .file("../x/y", "")
            .file(
                "devrun.yaml",
                "on_exit: shutdown\nprocesses: { release: { cwd: ../x } }\n",
            );
    let here = project.directory().display().to_string();
    project.write(".env.local", format!("CACHE={here}/tmp\n"));
    let mut procfile = project.read("Procfile");
    procfile.push_str(&format!("job: {here}/bin/job\n"));
    project.write("Procfile", procfile);
    let mut command = project.command(["export", "kubernetes"]);
    let output = command.env("MODE", "dev").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    for part in [
        "the command of `web` reads MODE, which only your shell sets",
        "the command of `web` names this machine",
        "REDIS_URL (.env:1) means this machine",
        "BAD-NAME is left out",
        "CACHE (.env.local:1) means this machine",
        "the command of `job` holds a path of this machine",
        "`on_exit: shutdown`",
        "a Deployment starts `release` again",
        "outside of the app's directory",
    ] {
        assert_eq!(said.matches(part).count(), 1, "{part}: {said}");
    }
    assert!(!export(&project, &["compose"]).stderr.contains("Dockerfile"));
    let units = export(&project, &["systemd"]).stderr;
    assert!(
        !units.contains("this machine") && !units.contains("outside"),
        "{units}"
    );
}
