//! What sessions tell each other over their sockets. Additions are compatible; whoever reads ignores what it
//! does not know.

pub(crate) mod env;
pub(crate) mod process;

use serde::{Deserialize, Serialize};

use crate::words::wire::env::ProcessEnv;
use crate::words::wire::process::{Failure, NotReady};

/// An app as its owner has it now: the whole, so that a reader who missed one has lost nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AppState {
    /// What people call it.
    pub(crate) name: String,
    /// What tells it from all others, see `load::App`.
    pub(crate) identity: String,
    /// The session's process.
    pub(crate) pid: i32,
    /// It was started as another app's backing service, not by a `devrun start` of its own.
    pub(crate) is_sibling: bool,
    /// Its session was started for it, alone or as one of several.
    #[serde(default)]
    pub(crate) is_root: bool,
    /// The names of the apps that have joined it.
    pub(crate) used_by: Vec<String>,
    /// In Procfile order.
    pub(crate) processes: Vec<ProcessState>,
    /// The identities of the apps that its session uses and does not run: others do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) joined: Vec<String>,
    /// Its processes that nobody has asked for yet: they can be started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) dormant: Vec<String>,
    /// How many requests to start, restart or stop something its session has carried out: a state with fewer
    /// than an answer tells was before that.
    #[serde(default)]
    pub(crate) requests: u64,
    /// Its session is being ended: nothing of it is started any more.
    #[serde(default)]
    pub(crate) is_ending: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessState {
    /// `web.1`, without the app.
    pub(crate) name: String,
    /// One of the words that people see: `ready`.
    pub(crate) state: String,
    /// Where it is reached: its PORT, or what it listens on in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// Its PORT, as it was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) given: Option<u16>,
    /// Its further ports, in the order of their variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) further: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pid: Option<i32>,
    /// The number of its present run, or of its last one, from 1; 0: it was never started.
    #[serde(default)]
    pub(crate) run: u32,
    /// It is a program that somebody runs in its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stand_in: bool,
    /// While it runs: how long it would be given to end, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) grace_ms: Option<u64>,
    /// It serves its port, or is all that it can be: whoever waits for it waits no more.
    pub(crate) is_ready: bool,
    /// It is up, has ended, or has failed for good: nothing more is to be waited for.
    #[serde(default)]
    pub(crate) is_settled: bool,
    /// What it wrote before it failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) last_lines: Vec<String>,
    /// It has failed for good, with this status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<u8>,
    /// Why it has failed, in words: `status 1`, `api.1 failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<String>,
    /// Why it has failed for good, or is started again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<Failure>,
    /// It runs, and why it is not ready by its `ready:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) not_ready: Option<NotReady>,
    /// What its start waits for, in words: `api.1 to listen on 5100`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) waiting_for: Vec<String>,
}

/// What a follower is sent, one JSON object a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    /// Now it is so.
    State(AppState),
    /// The owner gives the app up, in good order. Last.
    Ended(Farewell),
    /// To a borrower, first: these were started for it, as they are called in that session.
    Lent(Vec<String>),
}

/// Why an owner gives an app up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Farewell {
    /// Its session ends, and it was the app's own: nobody is to start it in its place.
    Stopped,
    /// Its session ends, and had only started it for its own use: whoever uses it may go on with it.
    LeftToUsers,
    /// A `devrun start` in the app's own directory takes it over.
    TakenOver,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asker {
    pub(crate) pid: i32,
    /// The name of its app.
    pub(crate) app: String,
    /// As it is shown to people.
    pub(crate) directory: String,
    /// It uses nothing, and nobody is told of it.
    #[serde(default)]
    pub(crate) only_looks: bool,
}

/// Who attaches to a process's terminal, and how large its own is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VisitorIs {
    pub(crate) pid: i32,
    pub(crate) columns: u16,
    pub(crate) rows: u16,
}

/// The answer to whoever takes an app over: nothing of it runs any more, and its locks are free.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HandedOver {
    /// The ports that its processes had, by process: `web.1`.
    pub(crate) ports: std::collections::BTreeMap<String, u16>,
}

/// What somebody wants of processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steering {
    Start,
    Restart,
    Stop,
}

/// The body of a request to start, restart or stop processes of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// As they were asked for: `web`, `web.1`.
    pub(crate) processes: Vec<String>,
}

/// The body of a request for a process's place. Whose it is tells the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replacing {
    /// The command line that will run there, for people.
    pub(crate) command: String,
}

/// The answer to whoever has a process's place now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replaced {
    #[serde(flatten)]
    pub(crate) env: ProcessEnv,
    /// The line of the Procfile that would run there,
    pub(crate) command: String,
    /// and where it would.
    pub(crate) directory: String,
}

/// The answer to it: the processes that are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Steered {
    /// Which request this was: see [`AppState::requests`].
    pub(crate) request: u64,
    pub(crate) processes: Vec<Awaited>,
}

/// A process, and the run whose outcome answers what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Awaited {
    /// `web.1`, without the app.
    pub(crate) name: String,
    /// The present one where it goes on or is ended, else the next one.
    pub(crate) run: u32,
}

/// The answer to whoever ends a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ending {
    /// How many processes still run.
    pub(crate) processes: usize,
    /// How long their end takes at most, in milliseconds.
    pub(crate) within_ms: u64,
}

/// The body of a knock: somebody owns this app now, and whoever waits for it may look again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Knock {
    /// The app's key, see `registry::app_key`.
    pub(crate) app: String,
}
