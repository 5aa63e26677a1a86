//! Values → [`Plan`], the resolved release: what is to run, with which config, on which port.

pub(crate) mod bash;
pub(crate) mod check;
pub(crate) mod command;
pub(crate) mod consumers;
pub(crate) mod doubts;
pub(crate) mod fitting;
pub(crate) mod handle;
pub(crate) mod names;
mod order;
mod place;
pub(crate) mod planning;
pub(crate) mod ports;
mod reference;
pub(crate) mod resolve;
pub(crate) mod select;
pub(crate) mod server;
pub(crate) mod slots;
pub(crate) mod sources;
#[cfg(test)]
mod tests;
pub(crate) mod uses;
pub(crate) mod value;
pub(crate) mod wire;

use std::path::PathBuf;
use std::time::Duration;

use crate::words::env::Env;
use crate::words::name::{AppName, ProcessName};
use crate::words::policy::{OnExit, RestartPolicy};
use crate::words::ready::Ready;
use crate::words::uses::OnChange;

/// All of it resolved. Nothing in it is looked up again while it runs, except by planning anew.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The app that the session was started for comes first.
    pub(crate) apps: Vec<PlannedApp>,
    pub(crate) externals: Vec<External>,
    /// App by app, in Procfile order, the instances of a type side by side. Never empty.
    pub(crate) processes: Vec<PlannedProcess>,
}

/// The place of an app in `Plan::apps`.
pub(crate) type AppIndex = usize;

/// An app of which a session runs, or uses, something.
#[derive(Clone, Debug)]
pub(crate) struct PlannedApp {
    pub(crate) name: AppName,
    /// What tells it from all others: see `load::App`.
    pub(crate) identity: PathBuf,
    /// Its directory as it is shown to the user: `~/src/api`.
    pub(crate) shown: String,
}

/// Who runs a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// This session.
    Here,
    /// Another session, or nobody.
    Elsewhere,
}

/// What a process is started after, and stopped before. The needs of a plan form no cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) on: Provider,
    /// The variable of a declared use; `None`: `depends_on`.
    pub(crate) variable: Option<String>,
    /// It is started only once the provider is ready, or reached.
    pub(crate) waits: bool,
    /// A provider that is absent or has failed holds nobody up.
    pub(crate) is_optional: bool,
}

/// What is behind a need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provider {
    /// Its place in `Plan::processes`.
    Process(usize),
    /// Its place in `Plan::externals`.
    External(usize),
}

/// A backing service that is managed elsewhere, and waited for: until its port accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct External {
    /// `db.internal:5432`: never a user or a password.
    pub(crate) host: String,
    pub(crate) port: u16,
}

#[derive(Clone, Debug)]
pub(crate) struct PlannedProcess {
    pub(crate) name: ProcessName,
    pub(crate) app: AppIndex,
    pub(crate) host: Host,
    /// Started with the session; else only when somebody asks for it.
    pub(crate) is_wanted: bool,
    /// The session was started for it, whoever else uses it.
    pub(crate) is_meant: bool,
    pub(crate) needs: Vec<Need>,
    /// What it uses by declaration, as far as no stronger layer hides it.
    pub(crate) uses: Vec<Used>,
    /// Why it cannot be started: nobody is behind what it uses, or that cannot be said. Only of one that is
    /// not wanted: another one is an error before anything is started.
    pub(crate) cannot: Option<String>,
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
    /// When it is ready, if not once it listens on its PORT.
    pub(crate) ready: Option<Ready>,
    /// Whether it gets a terminal; `None`: as the session has it.
    pub(crate) tty: Option<bool>,
    /// That of its lines' prefix, of the 256 that terminals have; `None`: by its place.
    pub(crate) color: Option<u8>,
    /// The files whose changes restart it, if any do.
    pub(crate) watch: Option<Watch>,
}

/// Files that are watched for a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Watch {
    /// From where the globs count.
    pub(crate) base: PathBuf,
    /// See [`crate::syntax::paths::Selection::new`]; never empty.
    pub(crate) paths: Vec<String>,
    pub(crate) ignore: Vec<String>,
    /// What it is sent in place of a restart.
    pub(crate) signal: Option<i32>,
}

/// A declared use of a process, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) variable: String,
    /// Its place in `Plan::processes`; `None`: a resource that is managed elsewhere, or nobody.
    pub(crate) provider: Option<usize>,
    /// `None`: not known yet, or absent.
    pub(crate) value: Option<String>,
    /// It is never shown.
    pub(crate) is_secret: bool,
    pub(crate) on_change: OnChange,
}

impl PlannedProcess {
    /// A run of it would begin in no other way than one of `other`.
    pub(crate) fn begins_like(&self, other: &Self) -> bool {
        let is_same = (&self.command, &self.directory) == (&other.command, &other.directory);
        is_same
            && self.env.has_values_of(&other.env)
            && self.stop_signal == other.stop_signal
            && self.tty == other.tty
    }

    /// It is started with the session, by this session.
    pub(crate) fn runs_here(&self) -> bool {
        self.is_wanted && self.host == Host::Here
    }
}

/// The URL of a process that listens on `port` of this machine; no scheme at all where `scheme` is empty.
pub(crate) fn url(scheme: &str, port: u16) -> String {
    url_at(local_host(scheme), scheme, port)
}

/// The same of one on any `host`.
fn url_at(host: &str, scheme: &str, port: u16) -> String {
    match scheme {
        "" => format!("{host}:{port}"),
        _ => format!("{scheme}://{host}:{port}"),
    }
}

/// This machine in a URL: `localhost` for http and its kin (certificates, cookies, servers on ::1 only),
/// `127.0.0.1` for every other scheme (MySQL clients take "localhost" for a unix socket).
fn local_host(scheme: &str) -> &'static str {
    let kin = ["http", "https", "ws", "wss"];
    match kin.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        true => "localhost",
        false => "127.0.0.1",
    }
}
