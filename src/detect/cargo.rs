//! Rust packages with a program. Reads as much of Cargo.toml as that takes, line by line.

use crate::detect::{Detected, Sources, is_plain, quoted};

/// Whoever depends on one of them serves something.
const SERVERS: [&str; 8] = [
    "actix-web",
    "axum",
    "hyper",
    "poem",
    "rocket",
    "salvo",
    "tonic",
    "warp",
];

#[derive(Debug, Default)]
struct Manifest<'a> {
    /// Of the package; `None`: there is none.
    name: Option<&'a str>,
    default_run: Option<&'a str>,
    is_workspace: bool,
    /// Of `[[bin]]`.
    programs: Vec<&'a str>,
    dependencies: Vec<&'a str>,
}

pub(super) fn detect(sources: &Sources, detected: &mut Detected) {
    let Some(text) = sources.text("Cargo.toml") else {
        return;
    };
    let manifest = Manifest::read(text);
    let Some(package) = manifest.name else {
        if manifest.is_workspace {
            detected.hint(super::several_apps("Cargo.toml", &[]));
        }
        return;
    };
    let mut programs = manifest.programs.clone();
    let files = sources
        .listed("src/bin")
        .map(|name| name.trim_end_matches(".rs"));
    programs.extend(files.filter(|name| is_plain(name)));
    if sources.has("src/main.rs") && !programs.contains(&package) {
        programs.push(package);
    }
    programs.sort_unstable();
    programs.dedup();
    let is_server = SERVERS
        .iter()
        .find(|server| manifest.dependencies.contains(server));
    match (programs.as_slice(), manifest.default_run) {
        ([], _) => {}
        ([_], _) | (_, Some(_)) => add(is_server.copied(), "cargo run".into(), detected),
        (_, None) if sources.has("src/main.rs") => {
            add(is_server.copied(), format!("cargo run --bin {package}"), detected);
        }
        ([first, ..], None) => detected.hint(format!(
            "Cargo.toml has several programs ({}); for each that is to run, a line such as\n{}: cargo run --bin {first}",
            quoted(&programs),
            super::name_of(first)
        )),
    }
}

fn add(server: Option<&str>, command: String, detected: &mut Detected) {
    match server {
        // It has a variable of its own for that.
        Some("rocket") => {
            let why = "Cargo.toml has a program, and rocket";
            detected.line(
                &["web", "rust"],
                format!("ROCKET_PORT=$PORT {command}"),
                why,
            );
        }
        Some(server) => {
            let why = format!("Cargo.toml has a program, and {server}; it is to listen on PORT");
            detected.line(&["web", "rust"], command, why);
        }
        None => detected.line(&["app", "rust"], command, "Cargo.toml has a program"),
    }
}

impl<'a> Manifest<'a> {
    fn read(text: &'a str) -> Self {
        let mut manifest = Self::default();
        let mut table = "";
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                table = line.split('#').next().unwrap_or(line).trim();
                manifest.is_workspace |= table == "[workspace]";
                let named = table.strip_prefix("[dependencies.");
                manifest
                    .dependencies
                    .extend(named.and_then(|rest| rest.strip_suffix(']')));
            } else if let Some((key, value)) = line.split_once('=') {
                manifest.note(table, key.trim(), value.trim());
            }
        }
        manifest
    }

    fn note(&mut self, table: &str, key: &'a str, value: &'a str) {
        match (table, key) {
            ("[package]", "name") => self.name = text(value),
            ("[package]", "default-run") => self.default_run = text(value),
            ("[[bin]]", "name") => self.programs.extend(text(value)),
            // `axum.workspace = true`
            ("[dependencies]", key) => self.dependencies.extend(key.split('.').next()),
            (_, _) => {}
        }
    }
}

/// The text between quotes, if it may stand in a command.
fn text(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (text, _) = value[1..].split_once(quote)?;
    Some(text).filter(|text| is_plain(text))
}
