//! What stands in `devrun.yaml`, and in `devrun.local.yaml` over it. Never opens a file.

mod app;
mod kind;
mod overlay;
mod process;
mod reader;
mod ready;
mod refusal;
mod signal;
#[cfg(test)]
mod tests;
mod uses;
mod value;
mod variable;
mod watch;
pub(crate) mod yaml;

use std::time::Duration;

use crate::syntax::Parsed;
use crate::syntax::formation::Formation;
use crate::syntax::settings::reader::Reader;
use crate::syntax::settings::yaml::Value;
use crate::words::name::AppName;
use crate::words::policy::{OnExit, RestartPolicy};
use crate::words::ready::Ready;
use crate::words::report::Place;
use crate::words::uses::Use;

pub(super) use crate::syntax::settings::reader::cut;

/// Shared with everybody who works on the app.
pub(crate) const SHARED: &str = "devrun.yaml";
/// One's own, laid over it, and kept out of version control.
pub(crate) const PERSONAL: &str = "devrun.local.yaml";

/// An app's settings; what is not said is `None`, or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Settings {
    /// What people call the app.
    pub(crate) name: Option<AppName>,
    /// Its Procfile, from its directory.
    pub(crate) procfile: Option<Said<String>>,
    pub(crate) env: Vec<Set>,
    /// The base port; 0: any free ones.
    pub(crate) port: Option<Said<u16>>,
    pub(crate) restart: Option<RestartPolicy>,
    pub(crate) on_exit: Option<OnExit>,
    /// From the stop signal to SIGKILL.
    pub(crate) timeout: Option<Duration>,
    pub(crate) formation: Option<Said<Formation>>,
    /// Whether each process is given the URLs of the others without asking.
    pub(crate) auto_urls: Option<bool>,
    pub(crate) uses: Vec<Use>,
    /// Globs of the directories of further apps, from this one.
    pub(crate) apps: Vec<Said<String>>,
    /// In the order of the file.
    pub(crate) processes: Vec<ProcessSettings>,
}

/// What is said of one process type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProcessSettings {
    /// Whether there is such a type is for the plan to say.
    pub(crate) process_type: Said<String>,
    /// Its working directory, from the app's.
    pub(crate) cwd: Option<Said<String>>,
    pub(crate) env: Vec<Set>,
    pub(crate) port: Option<Said<PortSetting>>,
    /// Variables that get a further free port each.
    pub(crate) ports: Vec<Said<String>>,
    /// The variables of `uses:` that are for it; `None`: all that no process's list names.
    pub(crate) uses: Option<Vec<Said<String>>>,
    /// Process types that it is started after.
    pub(crate) depends_on: Vec<Said<String>>,
    pub(crate) restart: Option<RestartPolicy>,
    pub(crate) max_restarts: Option<u32>,
    pub(crate) on_exit: Option<OnExit>,
    pub(crate) timeout: Option<Duration>,
    /// In place of SIGTERM: its number on this system.
    pub(crate) stop_signal: Option<i32>,
    /// When it is ready, if not once it listens on its PORT.
    pub(crate) ready: Option<Said<Ready>>,
    /// Whether it gets a terminal; `None`: as the session has it.
    pub(crate) tty: Option<bool>,
    /// That of its lines' prefix, of the 256 that terminals have.
    pub(crate) color: Option<u8>,
    pub(crate) watch: Option<WatchSetting>,
}

/// `watch:` of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WatchSetting {
    /// Globs of the files whose changes count, from the app's directory; none: no file's do.
    pub(crate) paths: Vec<String>,
    /// Those that do not count after all, as lines of a `.gitignore`.
    pub(crate) ignore: Vec<String>,
    /// What it is sent in place of a restart: its number on this system.
    pub(crate) signal: Option<i32>,
}

/// `port:` of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PortSetting {
    /// It has none, and no PORT.
    None,
    /// This one or none: a taken one is an error.
    Pinned(u16),
}

/// A variable of `env:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) value: String,
    /// Of the name.
    pub(crate) place: Place,
}

/// A value whose meaning only the plan can judge, with its place for that report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// Reads every key and reports every bad one. `file` is the name that the reports show. Nothing but
/// comments is an app of which nothing is said.
pub(crate) fn parse(file: &str, text: &str) -> Parsed<Settings> {
    let text = text.trim_start_matches('\u{feff}');
    let mut settings = Settings::default();
    let mut reader = Reader::new(file, text);
    if let Some(report) = refusal::too_large(file, text) {
        reader.add(report);
        return reader.finish(settings);
    }
    match yaml::tree(text) {
        Err((refusal, at)) => {
            let place = |label: &str| reader.place_of(at..at, label);
            reader.add(refusal::report(refusal, text, at, place));
        }
        Ok(root) => match &root.value {
            Value::Null => {}
            Value::Mapping(pairs) => reader.fill(pairs, &app::KEYS, &mut settings),
            Value::Bool(_) | Value::Number | Value::Text(_) | Value::List(_) => {
                reader.add(refusal::no_mapping(reader.place(&root, "expected keys")));
            }
        },
    }
    reader.finish(settings)
}
