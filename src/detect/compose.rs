//! Compose files: the backing services that they publish. Containers are Compose's to run; what an app needs to know
//! of them is a URL.

use crate::detect::{Detected, Sources};
use crate::syntax::settings::yaml::{self, Node, Value};

/// As Compose looks for them.
const FILES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

/// A server, by what its image is called.
struct Known {
    images: &'static [&'static str],
    /// In its container.
    port: &'static str,
    scheme: &'static str,
    variable: &'static str,
}

const fn known(
    images: &'static [&'static str],
    port: &'static str,
    scheme: &'static str,
    variable: &'static str,
) -> Known {
    Known {
        images,
        port,
        scheme,
        variable,
    }
}

const KNOWN: [Known; 8] = [
    known(
        &["postgres", "postgis", "pgvector", "timescaledb"],
        "5432",
        "postgresql",
        "DATABASE_URL",
    ),
    known(&["mysql", "mariadb"], "3306", "mysql", "DATABASE_URL"),
    known(&["redis", "valkey"], "6379", "redis", "REDIS_URL"),
    known(&["mongo"], "27017", "mongodb", "MONGODB_URL"),
    known(&["rabbitmq"], "5672", "amqp", "AMQP_URL"),
    known(&["nats"], "4222", "nats", "NATS_URL"),
    known(
        &["elasticsearch", "opensearch"],
        "9200",
        "http",
        "ELASTICSEARCH_URL",
    ),
    known(&["mailpit", "mailhog"], "1025", "smtp", "SMTP_URL"),
];

pub(super) fn detect(sources: &Sources, detected: &mut Detected) {
    let mut files = FILES.into_iter();
    let Some((file, text)) = files.find_map(|file| Some((file, sources.text(file)?))) else {
        return;
    };
    let Ok(tree) = yaml::tree(text) else {
        detected.hint(format!(
            "{file} could not be read: its services are not looked at"
        ));
        return;
    };
    let mut uses: Vec<(&str, String)> = Vec::new();
    for service in services(&tree) {
        let Some((known, port)) = published(service, text) else {
            continue;
        };
        let is_known = |(variable, _): &(&str, String)| *variable == known.variable;
        if !uses.iter().any(is_known) && !is_set(sources, known.variable) {
            uses.push((
                known.variable,
                format!("{}://127.0.0.1:{port}", known.scheme),
            ));
        }
    }
    if !uses.is_empty() {
        let uses = uses
            .iter()
            .map(|(variable, url)| format!("\n  {variable}: {url}"));
        detected.hint(format!(
            "{file} is for `docker compose up`; who uses its services is told by a devrun.yaml\n\
             (with the user, password and database that {file} has):\nuses:{}",
            uses.collect::<String>()
        ));
    }
}

/// Whether an env file says what is behind it: a use would hide that.
fn is_set(sources: &Sources, variable: &str) -> bool {
    let texts = [".env", ".env.local"].map(|file| sources.text(file).unwrap_or_default());
    let mut lines = texts.iter().flat_map(|text| text.lines());
    lines.any(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let rest = line.trim_start().strip_prefix(variable);
        rest.is_some_and(|rest| rest.trim_start().starts_with('='))
    })
}

fn services(tree: &Node) -> Vec<&Node> {
    let services = get(tree, "services").map(|node| &node.value);
    match services {
        Some(Value::Mapping(pairs)) => pairs.iter().map(|(_, service)| service).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number | Value::Text(_) | Value::List(_))
        | None => Vec::new(),
    }
}

/// The server that a service is, and on which port of this machine.
fn published(service: &Node, text: &str) -> Option<(&'static Known, u16)> {
    let Value::Text(image) = &get(service, "image")?.value else {
        return None;
    };
    let name = image.rsplit('/').next()?.split([':', '@']).next()?;
    let is_it = |known: &&Known| known.images.iter().any(|image| name.contains(image));
    let known = KNOWN.iter().find(is_it)?;
    let Value::List(ports) = &get(service, "ports")?.value else {
        return None;
    };
    let port = ports
        .iter()
        .find_map(|port| port_for(port, known.port, text))?;
    Some((known, port))
}

/// Where `wanted`, a port of the container, is on this machine: `5433:5432`, `127.0.0.1:5433:5432`, or in keys.
fn port_for(port: &Node, wanted: &str, text: &str) -> Option<u16> {
    match &port.value {
        Value::Text(short) => {
            let short = short.strip_suffix("/tcp").unwrap_or(short);
            let (before, target) = short.rsplit_once(':')?;
            let published = before.rsplit(':').next()?;
            (target == wanted).then(|| published.parse().ok())?
        }
        Value::Mapping(_) => {
            let target = written(get(port, "target")?, text);
            let published = written(get(port, "published")?, text);
            (target == wanted).then(|| published.parse().ok())?
        }
        // Without a port of this machine Compose takes any.
        Value::Null | Value::Bool(_) | Value::Number | Value::List(_) => None,
    }
}

/// A number or a text, as it was written.
fn written<'a>(node: &'a Node, text: &'a str) -> &'a str {
    match &node.value {
        Value::Text(text) => text,
        Value::Null | Value::Bool(_) | Value::Number | Value::List(_) | Value::Mapping(_) => {
            text.get(node.span.clone()).unwrap_or_default()
        }
    }
}

fn get<'a>(node: &'a Node, wanted: &str) -> Option<&'a Node> {
    let Value::Mapping(pairs) = &node.value else {
        return None;
    };
    let is_wanted = |key: &Node| matches!(&key.value, Value::Text(name) if name == wanted);
    pairs
        .iter()
        .find(|(key, _)| is_wanted(key))
        .map(|(_, value)| value)
}
