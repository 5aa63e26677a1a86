//! Values → [`Plan`], the resolved release: what is to run, with which config, on which port.

use std::path::PathBuf;
use std::time::Duration;

use crate::words::env::Env;
use crate::words::name::{AppName, ProcessName};
use crate::words::policy::{OnExit, RestartPolicy};

/// All of it resolved. Nothing in it is looked up again while it runs, except by planning anew.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) app: AppName,
    /// In Procfile order, the instances of a type side by side. Never empty.
    pub(crate) processes: Vec<PlannedProcess>,
}

#[derive(Clone, Debug)]
pub(crate) struct PlannedProcess {
    pub(crate) name: ProcessName,
    /// As it stands in the Procfile.
    pub(crate) command: String,
    /// `None`: the process has no port, and no PORT in its environment.
    pub(crate) port: Option<u16>,
    /// The scheme of its URL: `http`, or that of a known server.
    pub(crate) scheme: &'static str,
    /// The whole environment, PORT and PS included.
    pub(crate) env: Env,
    pub(crate) directory: PathBuf,
    pub(crate) restart: RestartPolicy,
    /// How many failures in a row, none of them lasting 10 s, end it for good.
    pub(crate) max_restarts: u32,
    pub(crate) on_exit: OnExit,
    /// From the stop signal to SIGKILL.
    pub(crate) grace: Duration,
    pub(crate) stop_signal: i32,
}
