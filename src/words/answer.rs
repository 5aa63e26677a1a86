//! What devrun answers to what was typed: facts, not texts. `render::answer` words them.

use std::time::Duration;

use crate::words::exit::Exit;
use crate::words::name::ProcessName;
use crate::words::notice::{Shown, WaitedFor};
use crate::words::stand_in::Program;
use crate::words::wire::process::NotReady;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// All commands; `detach_keys` leave a process's terminal.
    Help {
        detach_keys: String,
    },
    UnknownCommand {
        typed: String,
    },
    /// This command is for certain processes.
    NameMissing {
        command: char,
    },
    /// `q web`: nothing was ended.
    QuitTakesNoName,
    UnknownProcess {
        asked: String,
        names: Vec<String>,
    },
    /// Names of several types begin so.
    Ambiguous {
        asked: String,
        names: Vec<String>,
    },
    List(Vec<ProcessRow>),
    Urls(Vec<ProcessRow>),
    NothingFailed,
    NothingStopped,
    RunsAlready(ProcessName),
    NotRunning(ProcessName),
    /// Another session has it, or nobody: nothing was done. `devrun start` there would run it.
    RunsElsewhere {
        process: ProcessName,
        directory: String,
    },
    /// Their lines are left out from now on.
    Muted(Vec<ProcessName>),
    /// Their lines are shown again; so many were not.
    Unmuted {
        processes: Vec<ProcessName>,
        hidden: u64,
    },
    NobodyMuted,
    /// Only their lines are shown from now on.
    Focused(Vec<ProcessName>),
    /// Nobody serves its URL yet, or it has none.
    NotServed(ProcessName),
    NobodyServes,
    Opening {
        url: String,
    },
    CannotOpen {
        url: String,
        cause: String,
    },
    Attached {
        process: ProcessName,
        detach_keys: String,
    },
    /// It has no terminal (`--tty never`), so nothing can be typed into it.
    HasNoTerminal(ProcessName),
    /// It is somebody's program, which is at the terminal where that was started.
    StoodIn {
        process: ProcessName,
        by: Program,
    },
    Detached {
        process: ProcessName,
        /// It shows a prompt.
        waits: bool,
    },
    /// The attached process is gone.
    AttachedEnded(ProcessName),
}

/// A process as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProcessRow {
    pub(crate) process: ProcessName,
    pub(crate) state: Shown,
    /// The number of its run, or of its last one, from 1; 0: there was none.
    pub(crate) run: u32,
    /// Only while it runs.
    pub(crate) pid: Option<i32>,
    pub(crate) up: Option<Duration>,
    /// Only once it is really served by that process.
    pub(crate) url: Option<String>,
    /// The port that it listens on in place of its PORT.
    pub(crate) elsewhere: Option<u16>,
    /// It is a program that somebody runs in its place.
    pub(crate) stand_in: bool,
    /// Nobody has asked for it: there is nothing to tell of it.
    pub(crate) is_dormant: bool,
    /// What its start waits for.
    pub(crate) waits_for: Vec<WaitedFor>,
    /// It runs, and why it is not ready by its `ready:`.
    pub(crate) not_ready: Option<NotReady>,
    /// It shows a prompt, and somebody at the keyboard could answer.
    pub(crate) waits: bool,
    /// Why it has failed, how long ago, and what it wrote last.
    pub(crate) failure: Option<(Exit, Duration, Option<String>)>,
}
