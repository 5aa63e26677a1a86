//! The environment of each process, layer by layer: automatic URLs, the shell, env files, `.env.local`,
//! devrun's own, the command line.

use std::ffi::{OsStr, OsString};

use crate::plan::{Plan, PlannedProcess, server, url};
use crate::syntax::dotenv::Assignment;
use crate::syntax::procfile::Entry;
use crate::words::env::{Env, Source};
use crate::words::name::{ProcessName, ProcessType};
use crate::words::secret;

/// The layers that all processes of an app share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    pub(crate) shell: Vec<(OsString, OsString)>,
    /// Each file as it is shown to the user, in the order in which they are laid.
    pub(crate) env_files: Vec<(String, Vec<Assignment>)>,
    /// `--set`.
    pub(crate) set: Vec<(String, String)>,
}

/// A type that has a port, and what its first instance is reached by.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    pub(crate) process_type: ProcessType,
    pub(crate) url: String,
}

/// The types that others get an automatic URL of. A known server that takes its port by flag only, and
/// whose command does not mention PORT, listens where it likes: its URL would be wrong.
pub(crate) fn provider(entry: &Entry, port: u16) -> Option<Provider> {
    let url = url(server::scheme(&entry.command), port);
    (!server::ignores_port(&entry.command)).then(|| Provider {
        process_type: entry.process_type.clone(),
        url,
    })
}

/// `name` is `None` for a command that is run once: it sees everybody's URL.
pub(crate) fn environment(
    name: Option<&ProcessName>,
    port: Option<u16>,
    providers: &[Provider],
    layers: &Layers,
) -> Env {
    let mut env = Env::default();
    let is_other =
        |provider: &&Provider| name.is_none_or(|name| provider.process_type != name.process_type);
    for provider in providers.iter().filter(is_other) {
        let variable = provider.process_type.url_variable();
        let source = Source::Automatic(provider.process_type.clone());
        env.lay(variable.into(), provider.url.clone().into(), source);
    }
    for (name, value) in &layers.shell {
        env.lay(name.clone(), value.clone(), Source::Shell);
    }
    for (file, assignments) in &layers.env_files {
        for Assignment { name, value, line } in assignments {
            let source = Source::EnvFile {
                file: file.clone(),
                line: *line,
            };
            env.lay(name.clone(), value.clone(), source);
        }
    }
    if let Some(port) = port {
        env.lay("PORT".into(), port.to_string().into(), Source::Devrun);
    }
    if let Some(name) = name {
        env.lay("PS".into(), name.to_string().into(), Source::Devrun);
    }
    for (name, value) in &layers.set {
        env.lay(name.into(), value.into(), Source::CommandLine);
    }
    env
}

/// Gives a process another port, and all who have its automatic URL the new one.
pub(crate) fn set_port(plan: &mut Plan, index: usize, port: u16) {
    let PlannedProcess { name, scheme, .. } = plan.processes[index].clone();
    plan.processes[index].port = Some(port);
    plan.processes[index]
        .env
        .replace("PORT", port.to_string().into());
    if name.instance.get() != 1 {
        return;
    }
    let source = Source::Automatic(name.process_type.clone());
    let variable = name.process_type.url_variable();
    for process in &mut plan.processes {
        if process
            .env
            .get(&variable)
            .is_some_and(|variable| variable.source == source)
        {
            process.env.replace(&variable, url(scheme, port).into());
        }
    }
}

/// A variable of the user's shell that a file hides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) line: usize,
    /// The shell's value, where it may be shown.
    pub(crate) value: Option<String>,
}

/// What the files hide of the shell's *different* values, for one line each at the start. What devrun or
/// the command line sets anew is hidden by those.
pub(crate) fn hidden_shell_values(layers: &Layers) -> Vec<Hidden> {
    let is_set = |name: &OsStr| {
        let set = layers.set.iter().map(|(name, _)| name.as_str());
        set.chain(["PORT", "PS"]).any(|set| name == set)
    };
    let mut hidden = Vec::new();
    for (name, shell) in layers.shell.iter().filter(|(name, _)| !is_set(name)) {
        let mut set = layers.env_files.iter().flat_map(|(file, assignments)| {
            assignments.iter().map(move |assignment| (file, assignment))
        });
        let last = set.rfind(|(_, assignment)| assignment.name == *name);
        let Some((file, assignment)) = last.filter(|(_, found)| found.value != *shell) else {
            continue;
        };
        hidden.push(Hidden {
            name: name.to_string_lossy().into_owned(),
            file: file.clone(),
            line: assignment.line,
            value: shown(name, shell),
        });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn name(process_type: &str) -> ProcessName {
        ProcessName::first(ProcessType::new(process_type).unwrap())
    }

    fn assignment(name: &str, value: &str) -> Assignment {
        Assignment {
            name: name.into(),
            value: value.into(),
            line: 3,
        }
    }

    fn provider_of(process_type: &str, command: &str, port: u16) -> Option<Provider> {
        let text = format!("{process_type}: {command}\n");
        let entry = crate::syntax::procfile::parse("Procfile", &text)
            .value
            .remove(0);
        provider(&entry, port)
    }

    fn value(env: &Env, name: &str) -> Option<String> {
        env.get(name)
            .map(|variable| variable.value.to_string_lossy().into_owned())
    }

    #[test]
    fn every_other_type_with_a_port_is_there_by_url() {
        let providers: Vec<Provider> = [
            provider_of("web", "node web.js", 5000),
            provider_of("my-api", "node api.js", 5100),
            provider_of("redis", "redis-server --port $PORT", 5200),
            provider_of("db", "redis-server", 5300),
        ]
        .into_iter()
        .flatten()
        .collect();
        let env = environment(
            Some(&name("web")),
            Some(5000),
            &providers,
            &Layers::default(),
        );
        assert_eq!(
            value(&env, "MY_API_URL").as_deref(),
            Some("http://localhost:5100")
        );
        assert_eq!(
            value(&env, "REDIS_URL").as_deref(),
            Some("redis://127.0.0.1:5200")
        );
        assert_eq!(
            value(&env, "DB_URL"),
            None,
            "it listens on 6379 whatever PORT says"
        );
        assert_eq!(value(&env, "WEB_URL"), None);
        assert_eq!(value(&env, "PORT").as_deref(), Some("5000"));
        assert_eq!(value(&env, "PS").as_deref(), Some("web.1"));
    }

    #[test]
    fn each_layer_hides_the_one_below() {
        let providers = [provider_of("api", "a", 5100).unwrap()];
        let mut layers = Layers::default();
        let check = |layers: &Layers, expected: &str| {
            let env = environment(Some(&name("web")), None, &providers, layers);
            assert_eq!(value(&env, "API_URL").as_deref(), Some(expected));
        };
        check(&layers, "http://localhost:5100");
        layers.shell.push(("API_URL".into(), "shell".into()));
        check(&layers, "shell");
        layers
            .env_files
            .push((".env".into(), vec![assignment("API_URL", "file")]));
        check(&layers, "file");
        layers
            .env_files
            .push((".env.local".into(), vec![assignment("API_URL", "local")]));
        check(&layers, "local");
        layers.set.push(("API_URL".into(), "set".into()));
        check(&layers, "set");
    }

    #[test]
    fn a_hidden_value_is_told_with_its_way_out_but_never_a_secret() {
        let layers = Layers {
            shell: vec![
                ("DEBUG".into(), "1".into()),
                ("API_KEY".into(), "abc".into()),
                ("db_password".into(), "abc".into()),
                ("DATABASE_URL".into(), "postgres://me:abc@db/x".into()),
                ("SAME".into(), "x".into()),
                ("SET".into(), "x".into()),
                ("PS".into(), "x".into()),
            ],
            env_files: vec![(
                ".env".into(),
                vec![
                    assignment("DEBUG", "0"),
                    assignment("API_KEY", "def"),
                    assignment("db_password", "def"),
                    assignment("DATABASE_URL", "def"),
                    assignment("SAME", "x"),
                    assignment("SET", "y"),
                    assignment("PS", "y"),
                ],
            )],
            set: vec![("SET".into(), "z".into())],
        };
        let hidden = hidden_shell_values(&layers);
        let shown: Vec<_> = hidden
            .iter()
            .map(|hidden| (hidden.name.as_str(), hidden.value.as_deref()))
            .collect();
        assert_eq!(
            shown,
            [
                ("DEBUG", Some("1")),
                ("API_KEY", None),
                ("db_password", None),
                ("DATABASE_URL", None)
            ]
        );
    }
}
