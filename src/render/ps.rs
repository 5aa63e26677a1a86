//! The processes of apps as their sessions tell them → the table and the JSON of `devrun ps`.

mod json;
mod notes;
mod table;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::words::wire::process::{Named, ProcessReport};

pub(crate) use json::json;
pub(crate) use table::table;

/// Apps that are shown together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// The identity of the one whose processes are called without it.
    pub(crate) home: Option<String>,
    /// Those without processes are left out.
    pub(crate) apps: Vec<AppProcesses>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct AppProcesses {
    pub(crate) name: String,
    pub(crate) identity: String,
    /// What its session knows it by.
    pub(crate) key: String,
    /// Its directory as it is shown.
    pub(crate) directory: String,
    pub(crate) session: Session,
    /// It was started as another app's backing service.
    pub(crate) is_sibling: bool,
    /// Its session is that of the block's first app.
    pub(crate) is_same_session: bool,
    /// Its session answers; else there is only what stands in its lock.
    pub(crate) answers: bool,
    /// The apps of other sessions that use it.
    pub(crate) used_by: Vec<String>,
    pub(crate) processes: Vec<ProcessReport>,
}

/// The `devrun start` that runs an app.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    /// What it was started for.
    pub(crate) app: String,
    pub(crate) pid: i32,
    pub(crate) up: Duration,
    /// Where it can be asked; `None`: nowhere.
    pub(crate) socket: Option<String>,
}

impl Block {
    /// What a process is called here: `web.1`, of another app `api/web.1`.
    fn called(&self, process: &Named) -> String {
        self.name(&process.identity, &process.app, &process.process)
    }

    fn called_of(&self, app: &AppProcesses, report: &ProcessReport) -> String {
        self.name(&app.identity, &app.name, &report.state.name)
    }

    fn name(&self, identity: &str, app: &str, process: &str) -> String {
        if self.home.as_deref() == Some(identity) {
            return process.to_string();
        }
        format!("{app}/{process}")
    }

    fn processes(&self) -> impl Iterator<Item = (&AppProcesses, &ProcessReport)> {
        let apps = self.apps.iter();
        apps.flat_map(|app| app.processes.iter().map(move |report| (app, report)))
    }
}
