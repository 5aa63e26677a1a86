//! What of an app goes along, as every target has it: its process types, how many of each, their configs, and who
//! comes after whom.

use std::path::PathBuf;
use std::time::Duration;

use crate::export::Target;
use crate::export::config::Config;
use crate::plan::PlannedProcess;
use crate::words::name::AppName;
use crate::words::report::Report;

#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) name: AppName,
    /// The name as DNS takes it.
    pub(crate) label: String,
    /// In Procfile order.
    pub(crate) services: Vec<Service>,
    /// What all of them have alike.
    pub(crate) common: Config,
    /// The name by which browsers reach it.
    pub(crate) host: String,
    /// What has been left out on the way here.
    pub(crate) notes: Vec<Report>,
}

/// A process type of which something is to run.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// What others call it on a network.
    pub(crate) host: String,
    pub(crate) processes: Vec<Process>,
    /// As it stands in the Procfile.
    pub(crate) command: String,
    /// Where its app is from where the files are: `.`, `apps/shop`; absolute if it is not below.
    pub(crate) build: PathBuf,
    pub(crate) image: String,
    /// Whether nobody has said of what its image is made.
    pub(crate) is_built: bool,
    pub(crate) directory: PathBuf,
    /// Its directory from its app's: empty if it is the same, `None` if it is not below.
    pub(crate) below: Option<PathBuf>,
    /// The PATH of the user's shell, where no file sets one.
    pub(crate) path: Option<String>,
    /// What not all have.
    pub(crate) own: Config,
    /// Of its URL; empty: it has none.
    pub(crate) scheme: &'static str,
    /// As planned for the first of its processes.
    pub(crate) planned: PlannedProcess,
    pub(crate) after: Vec<After>,
    /// Browsers reach it.
    pub(crate) is_public: bool,
    /// Somebody waits until it listens.
    pub(crate) is_awaited: bool,
    /// It is never started again, says no `ready:`, and nobody uses its URL: who waits for it lets it end.
    pub(crate) is_one_shot: bool,
}

/// What a service is started after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct After {
    /// The place of that in `App::services`.
    pub(crate) service: usize,
    /// That has to be ready, and not only started.
    pub(crate) waits: bool,
}

/// One instance of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    /// `web.1`, `shop-web.1` where several apps go along.
    pub(crate) name: String,
    /// Its value of PS.
    pub(crate) ps: String,
    pub(crate) port: Option<u16>,
    /// Its further ports, each with its variable.
    pub(crate) further: Vec<(String, u16)>,
}

impl Service {
    /// The one that stands for all where they are alike.
    pub(crate) fn first(&self) -> &Process {
        &self.processes[0]
    }

    /// It runs in a directory that is none of its app's.
    pub(crate) fn is_outside(&self) -> bool {
        self.below.is_none()
    }
}

impl Process {
    /// All ports, each with its variable.
    pub(crate) fn ports(&self) -> impl Iterator<Item = (&str, u16)> {
        let own = self.port.map(|port| ("PORT", port));
        let further = self.further.iter();
        own.into_iter()
            .chain(further.map(|(name, port)| (name.as_str(), *port)))
    }
}

/// What a signal is called in a file; its number where it has no name.
pub(crate) fn signal(number: i32) -> String {
    let name = crate::words::exit::signal_name(number);
    match name.starts_with("SIG") {
        true => name,
        false => number.to_string(),
    }
}

/// `5s`; what is no whole number of them in milliseconds.
pub(crate) fn seconds(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

/// A line above a file's content.
pub(crate) fn written_by(target: &Target) -> String {
    format!(
        "# Written by `devrun export {}`, from the app's own files.\n",
        target.name()
    )
}

/// The names of all that is kept elsewhere.
pub(crate) fn secrets_of(app: &App) -> Vec<&str> {
    let own = app.services.iter().map(|service| &service.own);
    let configs = std::iter::once(&app.common).chain(own);
    let mut names: Vec<&str> = configs
        .flat_map(|config| config.secret.keys().map(String::as_str))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
