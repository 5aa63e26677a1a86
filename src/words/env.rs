//! A process's config: its environment, each variable with the place it came from.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::rc::Rc;

use crate::words::name::ProcessType;
use crate::words::uses::Origin;

/// Where a value came from. Listed from the weakest to the strongest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The URL of another process type of the same Procfile.
    Automatic(ProcessType),
    /// The environment in which devrun itself was started.
    Shell,
    /// A line of an env file, as its path is shown to the user.
    EnvFile { file: String, line: usize },
    /// `env:` of a settings file.
    Settings { file: String, line: usize },
    /// A declared use, or `--use`.
    Use {
        /// Where it was said: `devrun.yaml:3`, `--use`.
        origin: String,
        /// What is behind it, in words: `redis.1`, `web.1 of ~/src/api (live)`. Empty: a URL.
        provider: String,
    },
    /// `PORT`, `PS`: devrun's own.
    Devrun,
    /// `PORT` by foreman's rule, which begins here.
    Port { base: u16 },
    /// `--set`.
    CommandLine,
    /// An assignment in the command itself. The shell makes it: devrun can only foretell it.
    ProcfileLine { file: String, line: usize },
}

impl Source {
    /// `--set` or `--use`: above all files.
    pub(crate) fn is_of_command_line(&self) -> bool {
        match self {
            Self::CommandLine => true,
            Self::Use { origin, .. } => *origin == Origin::CommandLine.to_string(),
            Self::Automatic(_)
            | Self::Shell
            | Self::EnvFile { .. }
            | Self::Settings { .. }
            | Self::Devrun
            | Self::Port { .. }
            | Self::ProcfileLine { .. } => false,
        }
    }
}

/// As people are told it.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Automatic(_) => f.write_str("automatic (same Procfile)"),
            Self::Shell => f.write_str("your shell"),
            Self::EnvFile { file, line }
            | Self::Settings { file, line }
            | Self::ProcfileLine { file, line } => write!(f, "{file}:{line}"),
            Self::Use { origin, provider } if provider.is_empty() => f.write_str(origin),
            Self::Use { origin, provider } => write!(f, "{origin}, {provider}"),
            Self::Devrun => f.write_str("devrun"),
            Self::Port { base } => write!(f, "devrun (base {base})"),
            Self::CommandLine => f.write_str("--set"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) value: OsString,
    pub(crate) source: Source,
    /// What `value` hides, the strongest last.
    pub(crate) hidden: Vec<(OsString, Source)>,
}

/// Names and values are bytes: what is not UTF-8 passes through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Env {
    /// Shared by all copies, until one of them is changed.
    variables: Rc<BTreeMap<OsString, Variable>>,
}

impl Env {
    /// Lays a value over what is there. Call it in the order of the layers, weakest first.
    pub(crate) fn lay(&mut self, name: OsString, value: OsString, source: Source) {
        let variables = Rc::make_mut(&mut self.variables);
        let hidden = match variables.remove(&name) {
            None => Vec::new(),
            Some(Variable {
                value,
                source,
                mut hidden,
            }) => {
                hidden.push((value, source));
                hidden
            }
        };
        variables.insert(
            name,
            Variable {
                value,
                source,
                hidden,
            },
        );
    }

    /// Gives a variable another value, in its own layer. One that is not there stays away.
    pub(crate) fn replace(&mut self, name: impl AsRef<OsStr>, value: OsString) {
        if let Some(variable) = Rc::make_mut(&mut self.variables).get_mut(name.as_ref()) {
            variable.value = value;
        }
    }

    /// Says better where a value comes from.
    pub(crate) fn attribute(&mut self, name: impl AsRef<OsStr>, source: Source) {
        if let Some(variable) = Rc::make_mut(&mut self.variables).get_mut(name.as_ref()) {
            variable.source = source;
        }
    }

    /// Takes a variable away, with all that it hides.
    pub(crate) fn remove(&mut self, name: impl AsRef<OsStr>) {
        Rc::make_mut(&mut self.variables).remove(name.as_ref());
    }

    pub(crate) fn get(&self, name: impl AsRef<OsStr>) -> Option<&Variable> {
        self.variables.get(name.as_ref())
    }

    /// In the order of the names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OsStr, &Variable)> {
        self.variables
            .iter()
            .map(|(name, variable)| (name.as_os_str(), variable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_layer_hides_the_earlier_one_and_remembers_it() {
        let mut env = Env::default();
        env.lay("A".into(), "1".into(), Source::Shell);
        env.lay("A".into(), "2".into(), Source::CommandLine);
        let variable = env.get("A").unwrap();
        assert_eq!(variable.value, "2");
        assert_eq!(variable.hidden, [("1".into(), Source::Shell)]);
    }

    #[test]
    fn a_source_is_where_a_value_can_be_changed() {
        let check = |source: Source, expected: &str| assert_eq!(source.to_string(), expected);
        let of = |provider: &str| Source::Use {
            origin: "devrun.yaml:3".into(),
            provider: provider.into(),
        };
        check(of(""), "devrun.yaml:3");
        check(
            of("web.1 of ~/src/api"),
            "devrun.yaml:3, web.1 of ~/src/api",
        );
        check(Source::Port { base: 5000 }, "devrun (base 5000)");
        check(
            Source::ProcfileLine {
                file: "Procfile".into(),
                line: 2,
            },
            "Procfile:2",
        );
    }
}
