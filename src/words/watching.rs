//! What devrun has to say of files that changed. `render::notice::watching` words it.

use crate::words::name::ProcessName;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Watching {
    /// Files changed that a process is restarted for, or sent a signal.
    Changed {
        process: ProcessName,
        changed: Changed,
        then: Then,
    },
    /// Changes of these files are not seen, or not all.
    Blind { files: String, why: Blind },
}

/// Files that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    /// The first of them, as it is shown.
    pub(crate) file: String,
    /// How many more there are.
    pub(crate) others: usize,
}

/// What follows a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The present run ends, and another one begins.
    Restart,
    /// It did not run.
    Start,
    /// Its first process is sent this signal: its number on this system.
    Signal(i32),
}

/// Why changes are not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Blind {
    /// The user has as many watched directories as he may, or as many watchers.
    Limit {
        /// The setting of the system that says so.
        setting: String,
    },
    /// There are more directories than are watched.
    TooMany { directories: usize },
    /// What others change in it is not told: of that kind it is.
    Network { kind: String },
    /// In the system's words.
    Cause(String),
}
