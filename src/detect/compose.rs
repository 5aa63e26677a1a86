//! Compose files: the backing services that they publish. Containers are Compose's to run; what an app needs to know
//! of them is a URL.

use crate::detect::{Detected, Sources, get, is_plain, text_of};
use crate::syntax::settings::yaml::{self, Node, Value};
use crate::words::wording;

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
    let reader = Reader { sources, text };
    let mut uses: Vec<(&str, String)> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for (name, service) in services(&tree) {
        let Some((known, port)) = reader.published(service) else {
            others.extend(reader.other(name, service));
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
    if !others.is_empty() {
        detected.hint(format!(
            "{file} publishes {}: under which variable, and with which URL, is for you to say in `uses:`",
            wording::listed(&others)
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

/// Each with its name.
fn services(tree: &Node) -> Vec<(&str, &Node)> {
    let services = get(tree, "services").map(|node| &node.value);
    let Some(Value::Mapping(pairs)) = services else {
        return Vec::new();
    };
    let pairs = pairs.iter();
    pairs
        .filter_map(|(name, service)| Some((text_of(name)?, service)))
        .collect()
}

struct Reader<'a> {
    sources: &'a Sources,
    /// Of the whole file.
    text: &'a str,
}

impl Reader<'_> {
    /// The server that a service is, and on which port of this machine.
    fn published(&self, service: &Node) -> Option<(&'static Known, u16)> {
        let image = text_of(get(service, "image")?)?;
        let name = image.rsplit('/').next()?.split([':', '@']).next()?;
        let is_it = |known: &&Known| known.images.iter().any(|image| name.contains(image));
        let known = KNOWN.iter().find(is_it)?;
        let mut ports = self.ports(service).into_iter();
        let (_, published) = ports.find(|(target, _)| target == known.port)?;
        Some((known, published))
    }

    /// "`s3` on 9000", of one whose protocol nobody knows. What the app itself is made of is none of them.
    fn other(&self, name: &str, service: &Node) -> Option<String> {
        get(service, "image").filter(|_| get(service, "build").is_none())?;
        let (_, port) = self.ports(service).into_iter().next()?;
        is_plain(name).then(|| format!("`{name}` on {port}"))
    }

    /// Each port of the container that is one of this machine, with that one.
    fn ports(&self, service: &Node) -> Vec<(String, u16)> {
        match get(service, "ports").map(|ports| &ports.value) {
            Some(Value::List(ports)) => ports.iter().filter_map(|port| self.port(port)).collect(),
            Some(
                Value::Null | Value::Bool(_) | Value::Number | Value::Text(_) | Value::Mapping(_),
            )
            | None => Vec::new(),
        }
    }

    /// `5433:5432`, `127.0.0.1:5433:5432`, or in keys. Without a port of this machine Compose takes any.
    fn port(&self, port: &Node) -> Option<(String, u16)> {
        let (published, target) = match &port.value {
            Value::Text(short) => {
                let short = self.filled_in(short)?;
                let short = short.strip_suffix("/tcp").unwrap_or(&short);
                let (before, target) = short.rsplit_once(':')?;
                (before.rsplit(':').next()?.to_string(), target.to_string())
            }
            Value::Mapping(_) => {
                let key = |name: &str| self.filled_in(self.written(get(port, name)?));
                (key("published")?, key("target")?)
            }
            Value::Null | Value::Bool(_) | Value::Number | Value::List(_) => return None,
        };
        Some((target, published.parse().ok()?))
    }

    /// With the defaults of Compose's variables: `${DB_PORT:-5432}`. `None`: one has none, or an env file sets it.
    fn filled_in(&self, text: &str) -> Option<String> {
        let mut parts = text.split("${");
        let mut filled = parts.next()?.to_string();
        for part in parts {
            let (variable, behind) = part.split_once('}')?;
            let (name, default) = variable.split_once('-')?;
            let is_set = is_set(self.sources, name.trim_end_matches(':'));
            filled.push_str(Some(default).filter(|_| !is_set)?);
            filled.push_str(behind);
        }
        Some(filled)
    }

    /// A number or a text, as it was written.
    fn written<'a>(&'a self, node: &'a Node) -> &'a str {
        let span = || self.text.get(node.span.clone());
        text_of(node).or_else(span).unwrap_or_default()
    }
}
