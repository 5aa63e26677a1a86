//! A program that somebody runs in the place of a process, and what is said of it.

use crate::words::name::ProcessName;

/// Somebody else's program: devrun has not started it, and is not told how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) pid: i32,
    /// Its command line, as it was typed.
    pub(crate) command: String,
}

/// The facts; `render::notice` words them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StandIn {
    /// The process's run is being ended for it.
    Expected {
        process: ProcessName,
        program: Program,
    },
    /// From now on the process is that program.
    Begun {
        process: ProcessName,
        run: u32,
        program: Program,
    },
    Ended {
        process: ProcessName,
        program: Program,
        then: Then,
    },
    /// What these variables say is no longer so, and it is not restarted for that.
    EnvKept {
        process: ProcessName,
        program: Program,
        variables: Vec<String>,
    },
}

/// What becomes of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It is started again.
    Back,
    /// It did not run before, and does not now.
    AsBefore,
    /// Somebody has asked for its end, or all ends.
    Stopped,
}
