//! From what is in a directory to a Procfile for it: `devrun init`. Names what it is certain of, and only hints at the
//! rest. Never opens a file.
//!
//! No line has an `exec`: each is a simple command, and devrun runs those without a shell in between.

mod cargo;
mod compose;
mod elixir;
mod go;
mod package;
mod php;
mod python;
mod ruby;

use std::collections::{BTreeMap, BTreeSet};

use crate::syntax::settings::yaml::{Node, Value};
use crate::words::name::{MAX_NAME, ProcessType};
use crate::words::wording;

/// Files that are read, where they are there.
pub(crate) const READ: &[&str] = &[
    ".env",
    ".env.local",
    "Cargo.toml",
    "Gemfile",
    "Pipfile",
    "app.py",
    "app/main.py",
    "compose.yaml",
    "compose.yml",
    "config/dev.exs",
    "docker-compose.yaml",
    "docker-compose.yml",
    "go.mod",
    "main.go",
    "main.py",
    "manage.py",
    "mix.exs",
    "package.json",
    "pnpm-workspace.yaml",
    "pyproject.toml",
    "requirements.txt",
    "wsgi.py",
];

/// Files and directories of which it is enough to know that they are there.
pub(crate) const LOOKED_FOR: &[&str] = &[
    ".venv/bin/python",
    "artisan",
    "bin/dev",
    "bin/jobs",
    "bin/rails",
    "bun.lock",
    "bun.lockb",
    "config.ru",
    "go.work",
    "lerna.json",
    "nx.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "poetry.lock",
    "src/main.rs",
    "turbo.json",
    "uv.lock",
    "venv/bin/python",
    "yarn.lock",
];

/// Files that are looked for in each directory of a directory: programs, where a project has several.
pub(crate) const LISTED: &[(&str, &str)] = &[("cmd", "main.go"), ("src/bin", "")];

/// Files that are looked for in the directories of the directory itself. But for [`CELERY`] each makes an app of its own of
/// one.
pub(crate) const BELOW: &[&str] = &[
    "Cargo.toml",
    "Procfile",
    "artisan",
    CELERY,
    "config.ru",
    "go.mod",
    "manage.py",
    "mix.exs",
    "package.json",
    "pyproject.toml",
];
const CELERY: &str = "celery.py";
/// Directories with the apps of others.
const FOREIGN: [&str; 3] = ["node_modules", "vendor", "target"];

/// What is in a directory, by paths from there.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) texts: BTreeMap<String, String>,
    /// Of [`LOOKED_FOR`], [`LISTED`] and [`BELOW`].
    pub(crate) there: BTreeSet<String>,
}

impl Sources {
    fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    fn mentions(&self, name: &str, word: &str) -> bool {
        self.text(name).is_some_and(|text| text.contains(word))
    }

    fn has(&self, name: &str) -> bool {
        self.there.contains(name) || self.texts.contains_key(name)
    }

    /// The names of what is directly in a directory of [`LISTED`].
    fn listed<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = &'a str> {
        let below = move |path: &'a String| path.strip_prefix(directory)?.strip_prefix('/');
        self.there.iter().filter_map(below)
    }

    /// The names of the directories that have a file of [`BELOW`].
    fn with<'a>(&'a self, file: &'a str) -> impl Iterator<Item = &'a str> {
        let name = move |path: &'a String| path.strip_suffix(file)?.strip_suffix('/');
        let names = self.there.iter().filter_map(name);
        names.filter(|name| is_plain(name) && !name.contains('/') && !name.starts_with('.'))
    }
}

/// A line of the Procfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) process_type: ProcessType,
    pub(crate) command: String,
    /// In a few words; may quote what stands in the user's files.
    pub(crate) why: String,
}

/// What `init` makes of a directory.
#[derive(Debug, Default)]
pub(crate) struct Detected {
    pub(crate) lines: Vec<Line>,
    /// What people should know besides. They may have several lines, and may quote what stands in the user's files.
    pub(crate) hints: Vec<String>,
}

impl Detected {
    /// The text of the Procfile.
    pub(crate) fn procfile(&self) -> String {
        let line = |line: &Line| format!("{}: {}\n", line.process_type, line.command);
        self.lines.iter().map(line).collect()
    }

    /// Adds a line under the first of the `names` that is still free. What a file says stands in `command` only as
    /// far as [`is_plain`] takes it.
    fn line(&mut self, names: &[&str], command: impl Into<String>, why: impl Into<String>) {
        let is_free = |name: &ProcessType| self.lines.iter().all(|it| it.process_type != *name);
        let names = names.iter().filter_map(|name| ProcessType::new(name).ok());
        let Some(process_type) = names.into_iter().find(is_free) else {
            return;
        };
        self.lines.push(Line {
            process_type,
            command: command.into(),
            why: why.into(),
        });
    }

    fn hint(&mut self, hint: impl Into<String>) {
        self.hints.push(hint.into());
    }
}

/// The Procfile that fits what is there. The first server is `web`, whose PORT is the base.
pub(crate) fn detect(sources: &Sources) -> Detected {
    let mut detected = Detected::default();
    ruby::detect(sources, &mut detected);
    python::detect(sources, &mut detected);
    elixir::detect(sources, &mut detected);
    php::detect(sources, &mut detected);
    go::detect(sources, &mut detected);
    cargo::detect(sources, &mut detected);
    package::detect(sources, &mut detected);
    compose::detect(sources, &mut detected);
    if detected.lines.is_empty() && detected.hints.is_empty() {
        detected.hints.extend(apart(sources));
    }
    if sources.has("bin/dev") {
        detected.hint("bin/dev is there: what else it starts wants a line of its own");
    }
    detected
}

/// Whether a word from a file means itself to every shell and in every Procfile, and is no flag.
fn is_plain(word: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.:/".contains(c);
    !word.is_empty() && !word.starts_with('-') && word.chars().all(is_allowed)
}

/// What a process that runs a program is called.
fn name_of(program: &str) -> String {
    let allowed = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c
        } else {
            '-'
        }
    };
    program.chars().take(MAX_NAME).map(allowed).collect()
}

/// That the apps of a repository are for their own directories; `globs`: where they are, as far as it is known.
fn several_apps(told_by: &str, globs: &[&str]) -> String {
    let is_glob = |glob: &&&str| is_plain(&glob.replace('*', "x"));
    let globs: Vec<&str> = globs.iter().filter(is_glob).copied().collect();
    let there =
        format!("{told_by} names several packages: run `devrun init` in each that is an app");
    match globs.is_empty() {
        true => there,
        false => format!(
            "{there},\nand name those in a devrun.yaml here, so that `devrun start` runs them all:\napps: [{}]",
            globs.join(", ")
        ),
    }
}

/// That directories look like apps of their own, where nothing is to be run here.
fn apart(sources: &Sources) -> Option<String> {
    let of_apps = BELOW.iter().filter(|file| **file != CELERY);
    let apps = of_apps.flat_map(|file| sources.with(file));
    let apps: BTreeSet<&str> = apps.filter(|name| !FOREIGN.contains(name)).collect();
    let apps: Vec<&str> = apps.into_iter().collect();
    (!apps.is_empty()).then(|| {
        format!(
            "{} {} an app: run `devrun init` there,\nand name it in a devrun.yaml here, so that `devrun start` runs it:\napps: [{}]",
            quoted(&apps),
            wording::agreeing(apps.len(), "looks like", "each look like"),
            apps.join(", ")
        )
    })
}

/// "`a` and `b`", of names that a file has.
fn quoted<T: AsRef<str>>(names: &[T]) -> String {
    wording::listed(names.iter().map(|name| format!("`{}`", name.as_ref())))
}

/// What a mapping of YAML has under that key.
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

fn text_of(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        Value::Null | Value::Bool(_) | Value::Number | Value::List(_) | Value::Mapping(_) => None,
    }
}

#[cfg(test)]
mod tests;
