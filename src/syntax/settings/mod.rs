//! What stands in `devrun.yaml`, and in `devrun.local.yaml` over it. Never opens a file.

use std::time::Duration;

use crate::syntax::formation::Formation;
use crate::words::name::AppName;
use crate::words::policy::{OnExit, RestartPolicy};
use crate::words::report::Place;
use crate::words::uses::Use;

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
    /// Whether it gets a terminal; `None`: as the session has it.
    pub(crate) tty: Option<bool>,
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

pub(crate) fn parse(_file: &str, _text: &str) -> crate::syntax::Parsed<Settings> {
    crate::syntax::Parsed::default()
}

impl Settings {
    pub(crate) fn overlaid(self, _local: Settings) -> Settings {
        self
    }
}
