//! What devrun has to say of backing services and of other sessions. `render::notice::wiring` words it.

use crate::words::name::{AppName, ProcessName};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wiring {
    /// This session runs that app because it is used here.
    SiblingStarts {
        app: AppName,
        /// Its directory, as it is shown.
        directory: String,
        processes: Vec<ProcessName>,
        /// The types of its Procfile that nobody uses.
        others: Vec<String>,
    },
    /// Another session runs it: it is used, and never signalled.
    Joined {
        app: AppName,
        directory: String,
        pid: i32,
    },
    /// Nobody runs it, and this session is not to.
    Unowned { app: AppName, directory: String },
    /// A process starts with this behind a variable. The value is masked.
    Wired {
        process: ProcessName,
        variable: String,
        value: String,
        /// `None`: a resource that is managed elsewhere.
        provider: Option<ProcessName>,
    },
    /// A process starts without what it could use.
    WithoutUse {
        process: ProcessName,
        variable: String,
        /// `None`: its directory is not there.
        provider: Option<ProcessName>,
        /// What the variable says all the same, from a lower layer. It is masked.
        instead: Option<String>,
    },
    /// Each of them needs the next one, and the last one the first: the first does not wait.
    CycleRelaxed { cycle: Vec<ProcessName> },
    /// This session has taken its app over from another one.
    TakesOver {
        app: AppName,
        /// The app that the other one was started for.
        from: String,
        pid: i32,
        /// Whoever was told a URL of it finds it there again.
        has_same_ports: bool,
    },
    /// A `devrun start` in the app's own directory takes it over from this session.
    HandsOver {
        app: AppName,
        pid: i32,
        /// How many are ended here for that.
        processes: usize,
    },
    /// Its owner has ended it.
    ProviderStopped {
        app: AppName,
        directory: String,
        /// Who runs on with its URL, and in which variable.
        keep: Vec<(ProcessName, String)>,
        /// Somebody at the keyboard may start it here.
        has_hint: bool,
    },
    /// Its owner is gone without a word.
    ProviderVanished { app: AppName, starts_it: bool },
    /// A family without its manager is being ended; then the app is free.
    BeingCleanedUp { app: AppName },
    /// The environment of a process was built anew, and these variables differ from its last run.
    EnvReread {
        process: ProcessName,
        added: Vec<String>,
        changed: Vec<String>,
        removed: Vec<String>,
    },
    /// The files are wrong now: what they said before still holds.
    SettingsKept { why: String },
    /// Who uses an app of this session from outside, as it is being ended.
    StillUsed { app: AppName, by: Vec<String> },
    /// Another session began to use an app of this one.
    UsedBy { app: AppName, by: String, pid: i32 },
    /// It could not be started here.
    CannotStart { app: AppName, why: String },
}
