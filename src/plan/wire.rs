//! The environment of each process, layer by layer, the weakest first: automatic URLs, the shell, env files,
//! `env:` of the settings, declared uses, `.env.local`, devrun's own, the command line.

use std::ffi::OsStr;

use crate::plan::sources::{EnvFile, Sources};
use crate::plan::{Plan, command, local_host, server, url_at};
use crate::syntax::dotenv::Assignment;
use crate::syntax::procfile::Entry;
use crate::words::env::{Env, Source};
use crate::words::name::{ProcessName, ProcessType};
use crate::words::secret;

/// A type that has a port, and what its first instance is reached by.
#[derive(Clone, Debug)]
pub(crate) struct Automatic {
    pub(crate) process_type: ProcessType,
    pub(crate) url: String,
}

/// The types that others get an automatic URL of. A known server that takes its port by flag only, and
/// whose command does not mention PORT, listens where it likes: its URL would be wrong. `host`: `None` is this
/// machine.
pub(crate) fn automatic(entry: &Entry, host: Option<&str>, port: u16) -> Option<Automatic> {
    let scheme = server::scheme(&entry.command);
    let url = url_at(host.unwrap_or(local_host(scheme)), scheme, port);
    (!server::ignores_port(&entry.command)).then(|| Automatic {
        process_type: entry.process_type.clone(),
        url,
    })
}

/// A variable that a use gives a value.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) variable: String,
    pub(crate) value: String,
    pub(crate) source: Source,
}

/// What is known of a process whose environment is built.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Own<'a> {
    /// `None`: a command that is run once; it sees everybody's URL.
    pub(crate) name: Option<&'a ProcessName>,
    pub(crate) port: Option<u16>,
    /// Where foreman's rule began to count for that; `None`: it did not.
    pub(crate) base: Option<u16>,
    /// Its further ports, each with its variable.
    pub(crate) further: &'a [(String, u16)],
    pub(crate) automatic: &'a [Automatic],
}

/// Layers 1 to 4: what a reference in a use's value may name, and what lies below the uses.
pub(crate) fn below_uses(sources: &Sources, app: usize, own: Own<'_>) -> Env {
    let mut env = Env::default();
    let is_other = |other: &&Automatic| {
        own.name
            .is_none_or(|name| other.process_type != name.process_type)
    };
    for other in own.automatic.iter().filter(is_other) {
        let variable = other.process_type.url_variable();
        let source = Source::Automatic(other.process_type.clone());
        env.lay(variable.into(), other.url.clone().into(), source);
    }
    for (name, value) in &sources.shell {
        env.lay(name.clone(), value.clone(), Source::Shell);
    }
    let app = &sources.apps.apps[app];
    for file in &app.env_files {
        lay_file(&mut env, file);
    }
    let said = own
        .name
        .and_then(|name| app.said_of(name.process_type.as_str()));
    let of_process = said.map(|said| said.env.as_slice()).unwrap_or_default();
    for set in app.settings.env.iter().chain(of_process) {
        let source = Source::Settings {
            file: set.place.file.clone(),
            line: set.place.line,
        };
        env.lay(set.name.clone().into(), set.value.clone().into(), source);
    }
    env
}

/// Layers 5 to 8, on the others.
pub(crate) fn complete(
    mut env: Env,
    sources: &Sources,
    app: usize,
    own: Own<'_>,
    given: Vec<Given>,
) -> Env {
    let (asked, declared): (Vec<Given>, Vec<Given>) = given
        .into_iter()
        .partition(|given| given.source.is_of_command_line());
    for Given {
        variable,
        value,
        source,
    } in declared
    {
        env.lay(variable.into(), value.into(), source);
    }
    if let Some(file) = &sources.apps.apps[app].env_local {
        lay_file(&mut env, file);
    }
    for (name, port) in own.port.iter().map(|port| ("PORT", port)) {
        let source = own
            .base
            .map_or(Source::Devrun, |base| Source::Port { base });
        env.lay(name.into(), port.to_string().into(), source);
    }
    for (name, port) in own.further {
        env.lay(name.into(), port.to_string().into(), Source::Devrun);
    }
    if let Some(name) = own.name {
        env.lay("PS".into(), name.in_app().into(), Source::Devrun);
    }
    for Given {
        variable,
        value,
        source,
    } in asked
    {
        env.lay(variable.into(), value.into(), source);
    }
    for (name, value) in sources.asked_of(app).iter().flat_map(|asked| &asked.set) {
        env.lay(name.into(), value.into(), Source::CommandLine);
    }
    // A process without a port has no PORT, wherever the name comes from.
    if own.name.is_some() && own.port.is_none() {
        env.remove("PORT");
    }
    env
}

/// Layer 9: what the Procfile's line itself sets, which the shell does after everything. `unknown` stands for a
/// value that only the shell can tell; without it such a variable is left as it is.
pub(crate) fn lay_line(env: &mut Env, procfile: &str, entry: &Entry, unknown: Option<&str>) {
    for (name, value) in command::assignments(&entry.command) {
        let Some(value) = value.or(unknown.map(str::to_string)) else {
            continue;
        };
        let source = Source::ProcfileLine {
            file: procfile.to_string(),
            line: entry.line,
        };
        env.lay(name.into(), value.into(), source);
    }
}

fn lay_file(env: &mut Env, (file, assignments): &EnvFile) {
    for Assignment { name, value, line } in assignments {
        let source = Source::EnvFile {
            file: file.clone(),
            line: *line,
        };
        env.lay(name.clone(), value.clone(), source);
    }
}

/// A variable of the user's shell that a file or a use hides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) name: String,
    /// The file and its line, or the use.
    pub(crate) place: String,
    /// The shell's value, where it may be shown, and can be had by `--set`.
    pub(crate) value: Option<String>,
}

/// What files and uses hide of the shell's *different* values, for one line each at the start. What devrun or
/// the command line sets anew is hidden by those.
pub(crate) fn hidden_shell_values(plan: &Plan, sources: &Sources) -> Vec<Hidden> {
    let mut hidden: Vec<Hidden> = Vec::new();
    for process in plan.processes.iter().filter(|process| process.runs_here()) {
        for (name, variable) in process.env.iter() {
            let place = match &variable.source {
                Source::EnvFile { file, line } | Source::Settings { file, line } => {
                    format!("{file}:{line}")
                }
                Source::Use { origin, .. } if !variable.source.is_of_command_line() => {
                    origin.clone()
                }
                Source::Use { .. }
                | Source::Automatic(_)
                | Source::Shell
                | Source::Devrun
                | Source::Port { .. }
                | Source::CommandLine
                | Source::ProcfileLine { .. } => continue,
            };
            let mut below = variable.hidden.iter();
            let shell = below.find(|(_, source)| *source == Source::Shell);
            let Some((shell, _)) = shell.filter(|(shell, _)| *shell != variable.value) else {
                continue;
            };
            let can_set = sources.asked_of(process.app).is_some();
            let found = Hidden {
                name: name.to_string_lossy().into_owned(),
                place,
                value: shown(name, shell).filter(|_| can_set),
            };
            if !hidden.contains(&found) {
                hidden.push(found);
            }
        }
    }
    hidden
}

/// Secrets are never shown; nor is what would not fit into a line.
fn shown(name: &OsStr, value: &OsStr) -> Option<String> {
    let (name, value) = (name.to_str()?, value.to_str()?);
    let is_plain = value.len() <= 40
        && value
            .chars()
            .all(|c| c.is_ascii_graphic() && !"'\"\\$`&|;<>()*?!#~".contains(c));
    (is_plain && !secret::is_in(name, value)).then(|| value.to_string())
}
