//! A process's config: its environment, each variable with the place it came from.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::iter;
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
#[derive(Clone, Debug, Default)]
pub(crate) struct Env {
    /// What the processes of an app have in common.
    ground: Rc<BTreeMap<OsString, Variable>>,
    /// What differs from the ground, whole; `None`: it is not there. Shared by all copies, until one of them is
    /// changed.
    own: Rc<BTreeMap<OsString, Option<Variable>>>,
}

impl Env {
    /// The same environment, of which copies share all that is in it now.
    pub(crate) fn into_ground(self) -> Self {
        let owned = |(name, variable): (&OsStr, &Variable)| (name.into(), variable.clone());
        Self {
            ground: Rc::new(self.iter().map(owned).collect()),
            own: Rc::default(),
        }
    }

    /// Whether it is the same to a program, wherever the values are from.
    pub(crate) fn has_values_of(&self, other: &Self) -> bool {
        self.values().eq(other.values())
    }

    fn values(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        let variables = self.iter();
        variables.map(|(name, variable)| (name, variable.value.as_os_str()))
    }

    /// Lays a value over what is there. Call it in the order of the layers, weakest first.
    pub(crate) fn lay(&mut self, name: OsString, value: OsString, source: Source) {
        let own = Rc::make_mut(&mut self.own);
        let below = match own.remove(&name) {
            Some(below) => below,
            None => self.ground.get(&name).cloned(),
        };
        let hidden = below.map_or_else(Vec::new, |below| {
            let Variable {
                value,
                source,
                mut hidden,
            } = below;
            hidden.push((value, source));
            hidden
        });
        let variable = Variable {
            value,
            source,
            hidden,
        };
        own.insert(name, Some(variable));
    }

    /// Takes away what was laid first of a variable, if it is of this source; what lies above it stays.
    pub(crate) fn leave_out(&mut self, name: impl AsRef<OsStr>, source: &Source) {
        let name = name.as_ref();
        let Some(Variable {
            source: top,
            hidden,
            ..
        }) = self.get(name)
        else {
            return;
        };
        match hidden.first() {
            None if top == source => self.remove(name),
            Some((_, lowest)) if lowest == source => {
                self.get_mut(name).map(|variable| variable.hidden.remove(0));
            }
            None | Some(_) => {}
        }
    }

    /// Gives a variable another value, in its own layer. One that is not there stays away.
    pub(crate) fn replace(&mut self, name: impl AsRef<OsStr>, value: OsString) {
        if let Some(variable) = self.get_mut(name.as_ref()) {
            variable.value = value;
        }
    }

    /// Says better where a value comes from.
    pub(crate) fn attribute(&mut self, name: impl AsRef<OsStr>, source: Source) {
        if let Some(variable) = self.get_mut(name.as_ref()) {
            variable.source = source;
        }
    }

    /// Takes a variable away, with all that it hides.
    pub(crate) fn remove(&mut self, name: impl AsRef<OsStr>) {
        let name = name.as_ref();
        let own = Rc::make_mut(&mut self.own);
        if self.ground.contains_key(name) {
            own.insert(name.into(), None);
        } else {
            own.remove(name);
        }
    }

    pub(crate) fn get(&self, name: impl AsRef<OsStr>) -> Option<&Variable> {
        let name = name.as_ref();
        match self.own.get(name) {
            Some(own) => own.as_ref(),
            None => self.ground.get(name),
        }
    }

    fn get_mut(&mut self, name: &OsStr) -> Option<&mut Variable> {
        let own = Rc::make_mut(&mut self.own);
        if !own.contains_key(name) {
            own.insert(name.into(), Some(self.ground.get(name)?.clone()));
        }
        own.get_mut(name)?.as_mut()
    }

    /// In the order of the names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OsStr, &Variable)> {
        let mut ground = self.ground.iter().peekable();
        let mut own = self.own.iter().peekable();
        let next = move || {
            if let Some((name, variable)) =
                ground.next_if(|(below, _)| own.peek().is_none_or(|(above, _)| below < above))
            {
                return Some((name, Some(variable)));
            }
            let (name, variable) = own.next()?;
            ground.next_if(|(below, _)| *below == name);
            Some((name, variable.as_ref()))
        };
        iter::from_fn(next).filter_map(|(name, variable)| Some((name.as_os_str(), variable?)))
    }
}

impl PartialEq for Env {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Env {}

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

    fn of(variables: &[(&str, &str)]) -> Env {
        let mut env = Env::default();
        for (name, value) in variables {
            env.lay(name.into(), value.into(), Source::Shell);
        }
        env
    }

    /// All of it in order: `A=2 B=1`.
    fn text(env: &Env) -> String {
        let variables = env.iter().map(|(name, variable)| {
            let (name, value) = (name.to_string_lossy(), variable.value.to_string_lossy());
            format!("{name}={value}")
        });
        variables.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_laid_on_a_common_ground_hides_it_as_if_it_were_its_own() {
        let own = of(&[("B", "1"), ("C", "1"), ("D", "1")]);
        let ground = own.clone().into_ground();
        let change = |mut env: Env| {
            for name in ["A", "C", "E"] {
                env.lay(name.into(), "2".into(), Source::CommandLine);
            }
            env.remove("B");
            env.replace("D", "2".into());
            env.attribute("D", Source::Devrun);
            env
        };
        let changed = change(ground.clone());
        assert_eq!(text(&changed), "A=2 C=2 D=2 E=2");
        assert_eq!(changed, change(own));
        assert_eq!(changed, changed.clone().into_ground());
        assert_eq!(text(&ground), "B=1 C=1 D=1");
    }

    #[test]
    fn what_was_taken_away_can_be_laid_anew() {
        let mut env = of(&[("A", "1")]).into_ground();
        env.remove("A");
        assert_eq!(env.get("A"), None);
        env.replace("A", "2".into());
        assert_eq!(text(&env), "");
        env.lay("A".into(), "3".into(), Source::Devrun);
        assert_eq!(env.get("A").unwrap().hidden, []);
    }

    #[test]
    fn what_is_left_out_leaves_what_lies_above_it() {
        let check = |name: &str, source: &Source, expected: &str| {
            let mut env = of(&[("A", "1"), ("B", "1")]);
            env.lay("B".into(), "2".into(), Source::Devrun);
            let mut env = env.into_ground();
            env.leave_out(name, source);
            let hidden = env.get("B").unwrap().hidden.len();
            assert_eq!(format!("{} hides {hidden}", text(&env)), expected);
        };
        check("A", &Source::Shell, "B=2 hides 1");
        check("B", &Source::Shell, "A=1 B=2 hides 0");
        check("B", &Source::Devrun, "A=1 B=2 hides 1");
        check("C", &Source::Shell, "A=1 B=2 hides 1");
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
