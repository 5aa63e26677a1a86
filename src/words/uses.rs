//! What an app says about its backing services: what is behind a variable, and how that is treated.

use std::fmt;

use crate::words::report::Place;
use crate::words::secret;

/// One variable of `uses:`, or of `--use`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    /// The variable that the consumer's code reads.
    pub(crate) variable: String,
    pub(crate) target: Target,
    /// What the variable is made of; `None`: the URL.
    pub(crate) value: Option<String>,
    pub(crate) start: Start,
    /// Whether its consumers wait until it is ready. `None`: for a process they do, for a `url` they do not.
    pub(crate) waits: Option<bool>,
    /// Absent or failed is no failure: the variable comes from the lower layers then, else it is unset.
    pub(crate) is_optional: bool,
    pub(crate) on_change: OnChange,
    pub(crate) origin: Origin,
}

/// What is behind a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A process type of the same Procfile.
    Process(String),
    /// A process of another app; `None`: its `web`, else its only one. The directory is as it was written.
    App {
        directory: String,
        process: Option<String>,
    },
    /// Managed elsewhere.
    Url(String),
}

/// Whether an app that nobody runs is started for its consumer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Start {
    #[default]
    Auto,
    /// It is waited for until somebody starts it.
    Never,
}

/// What a consumer gets when the value changes while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnChange {
    #[default]
    Restart,
    Ignore,
}

/// Where something was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Its key in a settings file.
    File(Place),
    /// `--use`.
    CommandLine,
}

impl Use {
    /// With nothing said but what is behind it.
    pub(crate) fn new(variable: impl Into<String>, target: Target, origin: Origin) -> Self {
        Self {
            variable: variable.into(),
            target,
            value: None,
            start: Start::default(),
            waits: None,
            is_optional: false,
            on_change: OnChange::default(),
            origin,
        }
    }

    /// Its value holds a secret that is not to be told from the rest: of a URL the password alone is hidden.
    pub(crate) fn gives_a_secret(&self) -> bool {
        let value = self.value.as_deref().unwrap_or_default();
        let passwords = value.match_indices("{password}").map(|(at, _)| at);
        let references = value.match_indices("${").filter(|(at, _)| {
            let name = value[at + "${".len()..].split('}').next();
            name.is_some_and(secret::is_secret_name)
        });
        let mut places = passwords.chain(references.map(|(at, _)| at));
        places.any(|at| !is_in_userinfo(value, at))
    }

    pub(crate) fn is_waited_for(&self) -> bool {
        let by_itself = !matches!(self.target, Target::Url(_));
        self.waits.unwrap_or(by_itself)
    }
}

/// Between the `://` of a URL and the `@` in front of its host.
fn is_in_userinfo(text: &str, at: usize) -> bool {
    let ends = ['/', '?', '#'];
    let Some(begin) = text[..at].rfind("://") else {
        return false;
    };
    let before = &text[begin + "://".len()..at];
    let after = text[at..].split(ends).next().unwrap_or_default();
    !before.contains(ends) && after.contains('@')
}

impl Target {
    /// The short form: a path (`.`, `/` or `~` first), a URL (`://` in it), else a process type.
    pub(crate) fn of(text: &str) -> Self {
        if text.starts_with(['.', '/', '~']) {
            Self::of_app(text)
        } else if text.contains("://") {
            Self::Url(text.to_string())
        } else {
            Self::Process(text.to_string())
        }
    }

    /// `DIR` or `DIR#process`.
    pub(crate) fn of_app(text: &str) -> Self {
        let (directory, process) = match text.rsplit_once('#') {
            Some((directory, process)) => (directory, Some(process.to_string())),
            None => (text, None),
        };
        Self::App {
            directory: directory.to_string(),
            process,
        }
    }
}

/// As it is written in the short form.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(text) | Self::Url(text) => f.write_str(text),
            Self::App {
                directory,
                process: None,
            } => f.write_str(directory),
            Self::App {
                directory,
                process: Some(process),
            } => write!(f, "{directory}#{process}"),
        }
    }
}

/// `devrun.yaml:3`, `--use`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(place) => write!(f, "{}:{}", place.file, place.line),
            Self::CommandLine => f.write_str("--use"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_by_itself_is_a_secret_and_within_a_url_it_is_found_there() {
        let gives = |value: &str| {
            let target = Target::Url("x://u:p@y:1".into());
            let mut declared = Use::new("T", target, Origin::CommandLine);
            declared.value = Some(value.into());
            declared.gives_a_secret()
        };
        assert!(gives("{user}|{password}"));
        assert!(gives("host={host} password=${DB_PASSWORD}"));
        assert!(!gives("{host}:{port} ${NAME}"));
        assert!(!gives("y://{user}:{password}@{host}"));
        assert!(gives("{scheme}://{host}/#{password}"));
        assert!(gives("y://{host}/${API_KEY}"));
    }

    #[test]
    fn the_short_form_is_a_path_a_url_or_a_process() {
        let app = |directory: &str, process: Option<&str>| Target::App {
            directory: directory.into(),
            process: process.map(Into::into),
        };
        let check = |text: &str, expected: Target| {
            assert_eq!(Target::of(text), expected);
            assert_eq!(expected.to_string(), text);
        };
        check("../api", app("../api", None));
        check("~/src/api#grpc", app("~/src/api", Some("grpc")));
        check("/srv/api", app("/srv/api", None));
        check("redis", Target::Process("redis".into()));
        check("redis://db:1/2", Target::Url("redis://db:1/2".into()));
    }
}
