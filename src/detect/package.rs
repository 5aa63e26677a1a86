//! The scripts of package.json: what people run while they develop, by their package manager, with PORT as the server
//! behind the script takes it.

use serde_json::Value;

use crate::detect::{Detected, Sources, get, is_plain, text_of};
use crate::plan::server;
use crate::syntax::settings::yaml;
use crate::words::name::ProcessType;
use crate::words::secret;

/// The script that serves the app: the first of them that is there.
const MAIN: [&str; 5] = ["dev", "start:dev", "develop", "serve", "start"];
/// Those that work beside it.
const BESIDES: [&str; 1] = ["worker"];
/// `dev:api`, `dev:client`: the parts of a `dev` that is not there.
const PARTS: &str = "dev:*";
/// More parts nobody runs side by side; the rest is left out.
const MOST_PARTS: usize = 12;
/// They run several scripts side by side, which is what a Procfile is for.
const RUN_SEVERAL: [&str; 4] = ["concurrently", "npm-run-all", "npm-run-all2", "run-p"];
/// They run the scripts of other packages.
const RUN_PACKAGES: [&str; 3] = ["turbo", "nx", "lerna"];
/// So do package managers with one of these.
const OF_PACKAGES: [&str; 9] = [
    "-r",
    "--recursive",
    "--filter",
    "-F",
    "-w",
    "--workspace",
    "--workspaces",
    "workspace",
    "workspaces",
];
/// They run a Procfile, this one too: a circle.
const RUN_PROCFILES: [&str; 7] = [
    "devrun", "foreman", "goreman", "hivemind", "honcho", "nf", "overmind",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manager {
    Npm,
    Pnpm,
    Yarn,
    Bun,
}

const MANAGERS: [(&str, Manager); 4] = [
    ("npm", Manager::Npm),
    ("pnpm", Manager::Pnpm),
    ("yarn", Manager::Yarn),
    ("bun", Manager::Bun),
];

const LOCKS: [(&str, Manager); 5] = [
    ("pnpm-lock.yaml", Manager::Pnpm),
    ("yarn.lock", Manager::Yarn),
    ("bun.lock", Manager::Bun),
    ("bun.lockb", Manager::Bun),
    ("package-lock.json", Manager::Npm),
];

impl Manager {
    /// What declares it counts more than what it left behind.
    fn of(package: &Value, sources: &Sources) -> (Self, Option<&'static str>) {
        let declared = package["packageManager"].as_str().unwrap_or_default();
        let declared = declared.split('@').next();
        if let Some((_, manager)) = MANAGERS.iter().find(|(name, _)| declared == Some(name)) {
            return (*manager, Some("packageManager"));
        }
        let lock = LOCKS.into_iter().find(|(lock, _)| sources.has(lock));
        lock.map_or((Self::Npm, None), |(lock, manager)| (manager, Some(lock)))
    }

    /// Only npm takes flags behind a script's name for its own.
    fn run(self, script: &str, arguments: Option<&str>) -> String {
        let name = MANAGERS.iter().find(|(_, manager)| *manager == self);
        let name = name.map_or("npm", |(name, _)| name);
        match (self, arguments) {
            (_, None) => format!("{name} run {script}"),
            (Self::Npm, Some(arguments)) => format!("npm run {script} -- {arguments}"),
            (Self::Pnpm | Self::Yarn | Self::Bun, Some(arguments)) => {
                format!("{name} run {script} {arguments}")
            }
        }
    }
}

pub(super) fn detect(sources: &Sources, detected: &mut Detected) {
    let package = package(sources, detected);
    detected.hints.extend(workspace(sources, &package));
    let (manager, told_by) = Manager::of(&package, sources);
    let mut writer = Writer {
        package: &package,
        manager,
        told_by,
        detected,
    };
    writer.main();
    for name in BESIDES {
        if script(&package, name).is_some() {
            writer.line(&[name], name);
        }
    }
}

/// Null, which has no scripts, where there is none.
fn package(sources: &Sources, detected: &mut Detected) -> Value {
    let Some(text) = sources.text("package.json") else {
        return Value::Null;
    };
    let package = serde_json::from_str(text.trim_start_matches('\u{feff}'));
    package.unwrap_or_else(|error| {
        detected.hint(format!(
            "package.json is no JSON, so it is left out: {error}"
        ));
        Value::Null
    })
}

fn script<'a>(package: &'a Value, name: &str) -> Option<&'a str> {
    package["scripts"][name].as_str()
}

/// The scripts that `pattern` names, in the order of their names: `dev:*`, or one as it is. They may stand in a
/// command, and are programs themselves.
fn scripts_like<'a>(package: &'a Value, pattern: &str) -> Vec<&'a str> {
    let scripts = package["scripts"].as_object().into_iter().flatten();
    let is_meant = |name: &str| match pattern.strip_suffix('*') {
        Some(prefix) => !prefix.is_empty() && name.starts_with(prefix),
        None => name == pattern,
    };
    let is_program = |text: &str| Kind::of(text) == Kind::Program;
    let found = scripts.filter(|(name, text)| {
        let is_name = is_plain(name) && ProcessType::new(&part_name(name)).is_ok();
        is_name && is_meant(name) && text.as_str().is_some_and(is_program)
    });
    found.map(|(name, _)| name.as_str()).collect()
}

/// What a script runs side by side, as far as that is scripts: `concurrently npm:api "npm run web"`.
fn parts<'a>(package: &'a Value, script: &str) -> Vec<&'a str> {
    let words = script.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
    let behind = words.skip_while(|word| !RUN_SEVERAL.contains(word));
    let mut parts = Vec::new();
    for word in behind {
        let name = word
            .split_once(':')
            .filter(|(manager, _)| is_manager(manager));
        for part in scripts_like(package, name.map_or(word, |(_, name)| name)) {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    parts
}

fn is_manager(word: &str) -> bool {
    MANAGERS.iter().any(|(name, _)| *name == word)
}

/// `api` of `dev:api`.
fn part_name(script: &str) -> String {
    super::name_of(script.split_once(':').map_or(script, |(_, part)| part))
}

/// What a script is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Program,
    Several,
    Packages,
    Procfile,
}

impl Kind {
    fn of(script: &str) -> Self {
        let words: Vec<&str> = script.split_whitespace().collect();
        let has = |names: &[&str]| words.iter().any(|word| names.contains(word));
        if has(&RUN_PROCFILES) {
            Self::Procfile
        } else if has(&RUN_SEVERAL) {
            Self::Several
        } else if has(&RUN_PACKAGES) || words.split(is_operator).any(runs_packages) {
            Self::Packages
        } else {
            Self::Program
        }
    }
}

fn is_operator(word: &&str) -> bool {
    matches!(*word, "&&" | "||" | "&" | "|" | ";")
}

/// `pnpm -r dev`, but not `node -r dotenv/config`.
fn runs_packages(words: &[&str]) -> bool {
    let Some((program, arguments)) = words.split_first() else {
        return false;
    };
    let mut flags = arguments.iter().filter_map(|word| word.split('=').next());
    is_manager(program) && flags.any(|flag| OF_PACKAGES.contains(&flag))
}

struct Writer<'a> {
    package: &'a Value,
    manager: Manager,
    told_by: Option<&'static str>,
    detected: &'a mut Detected,
}

impl Writer<'_> {
    fn main(&mut self) {
        let main = MAIN.into_iter();
        let main = main.filter_map(|name| Some((name, script(self.package, name)?)));
        let Some((name, text)) = main.into_iter().next() else {
            return self.parts(&scripts_like(self.package, PARTS));
        };
        match Kind::of(text) {
            Kind::Program => self.line(&["web", "js"], name),
            Kind::Several => self.several(name, text),
            Kind::Packages => self.detected.hint(format!(
                "the script `{name}` runs those of other packages: it is left out"
            )),
            Kind::Procfile => self.detected.hint(format!(
                "the script `{name}` runs a Procfile: in one it would run itself, so it is left out"
            )),
        }
    }

    fn several(&mut self, name: &str, text: &str) {
        let parts = parts(self.package, text);
        if parts.len() > 1 {
            self.parts(&parts);
            self.detected.hint(format!(
                "the script `{name}` runs these side by side; what else it runs wants a line of its own"
            ));
        } else {
            self.line(&["web", "js"], name);
            self.detected.hint(format!(
                "the script `{name}` runs several programs; each can have a line of its own"
            ));
        }
    }

    fn parts(&mut self, scripts: &[&str]) {
        for script in scripts.iter().take(MOST_PARTS) {
            self.line(&[&part_name(script), &super::name_of(script)], script);
        }
    }

    fn line(&mut self, names: &[&str], name: &str) {
        let text = script(self.package, name).unwrap_or_default();
        let told = server::port_arguments(text);
        let arguments = told.as_ref().map(|told| told.arguments.as_str());
        let command = self.manager.run(name, arguments);
        let by = self
            .told_by
            .map_or(String::new(), |by| format!(", by {by}"));
        let why = format!(
            "the script `{name}` of package.json{by}: {}",
            cut(&secret::masked_line(text))
        );
        self.detected.line(names, command, why);
        let sets_port = text
            .split_whitespace()
            .any(|word| word.starts_with("PORT="));
        if sets_port || told.is_some_and(|told| told.is_fixed) {
            self.detected.hint(format!(
                "the script `{name}` sets a port itself: take that out of package.json, or it may count more than PORT"
            ));
        }
    }
}

/// As much of a script as goes into a line.
fn cut(script: &str) -> String {
    const MOST: usize = 60;
    match script.char_indices().nth(MOST) {
        None => script.to_string(),
        Some((end, _)) => format!("{}…", &script[..end]),
    }
}

/// That the packages of a repository are not looked into.
fn workspace(sources: &Sources, package: &Value) -> Option<String> {
    let listed = match &package["workspaces"] {
        Value::Object(map) => map.get("packages").unwrap_or(&Value::Null),
        other => other,
    };
    let globs = listed.as_array().into_iter().flatten();
    let globs: Vec<&str> = globs.filter_map(Value::as_str).collect();
    if !globs.is_empty() {
        return Some(super::several_apps("package.json", &globs));
    }
    if let Some(text) = sources.text("pnpm-workspace.yaml") {
        let globs = globs_of_pnpm(text);
        let globs: Vec<&str> = globs.iter().map(String::as_str).collect();
        return Some(super::several_apps("pnpm-workspace.yaml", &globs));
    }
    let files = ["lerna.json", "nx.json", "turbo.json"];
    let file = files.into_iter().find(|file| sources.has(file))?;
    Some(super::several_apps(file, &[]))
}

/// What `packages:` lists.
fn globs_of_pnpm(text: &str) -> Vec<String> {
    let Ok(tree) = yaml::tree(text) else {
        return Vec::new();
    };
    let listed = get(&tree, "packages").map(|node| &node.value);
    let Some(yaml::Value::List(items)) = listed else {
        return Vec::new();
    };
    let texts = items.iter().filter_map(text_of);
    texts.map(str::to_string).collect()
}
