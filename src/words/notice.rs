//! What devrun has to say while processes run: facts, not texts. `render::notice` words them.

use std::time::Duration;

use crate::words::exit::{Exit, Killed};
use crate::words::name::{AppName, ProcessName};
use crate::words::policy::KeyHints;
use crate::words::port::Holder;
use crate::words::stand_in::StandIn;
use crate::words::watching::Watching;
use crate::words::wire::process::NotReady;
use crate::words::wiring::Wiring;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The first line of a session.
    SessionStarted {
        procfile: String,
        processes: usize,
        /// Each env file that was read, with the number of its variables.
        env_files: Vec<(String, usize)>,
    },
    /// A line of a user's file that is left out: the file with its line, and why.
    LineIgnored {
        place: String,
        why: String,
    },
    /// A file's value is laid over a different one of the user's shell. `value`: the shell's, where it
    /// may be shown.
    ShellHidden {
        name: String,
        place: String,
        value: Option<String>,
    },
    /// A port that was wanted is taken; `instead` is what the process gets, `None` where the next port
    /// that was tried is taken too, which the next notice says.
    PortTaken {
        port: u16,
        holder: Holder,
        process: ProcessName,
        instead: Option<u16>,
    },
    /// A port that is kept from the last time, though a lower one would be free.
    PortRemembered {
        process: ProcessName,
        port: u16,
        usual: u16,
    },
    Started {
        process: ProcessName,
        run: u32,
        pid: i32,
        port: Option<u16>,
    },
    SpawnFailed(NotStarted),
    Exited(Ended),
    /// The end of a run that we asked for. Only programs are told: people see the whole stop.
    Stopped {
        process: ProcessName,
        exit: Exit,
        /// How long it ran.
        after: Duration,
        /// What it wrote last, escaped.
        last_lines: Vec<String>,
    },
    /// The leader ended with status 0 and members of its tree live on.
    Daemonised {
        process: ProcessName,
    },
    /// The leader is gone, its tree is not: what is left was sent SIGTERM.
    WaitsForTree {
        process: ProcessName,
        exit: Exit,
        left: usize,
    },
    /// All that were started are ready, or run without a port, or have completed.
    AllUp {
        after: Duration,
        rows: Vec<SummaryRow>,
        hints: KeyHints,
    },
    /// A process serves its PORT, or is ready by its `ready:`. People are told only after the summary, which says
    /// that of all.
    Ready {
        process: ProcessName,
        /// `None`: it has no PORT.
        url: Option<String>,
        after: Duration,
    },
    /// Listens somewhere, but not on its PORT.
    ListensElsewhere(Elsewhere),
    /// Somebody outside the process's tree listens on the port that was chosen for it.
    PortStolen {
        process: ProcessName,
        port: u16,
        holder: Holder,
    },
    /// The next run gets another port than the last one.
    PortMoved {
        process: ProcessName,
        from: u16,
        to: u16,
        /// Who took the old one, if that is known.
        taken_by: Option<Holder>,
        /// Who runs with the old URL.
        misled: Vec<ProcessName>,
    },
    /// A process is not started yet: what for, and since when.
    Waits {
        process: ProcessName,
        for_: Vec<WaitedFor>,
        since: Duration,
    },
    /// A run is not ready by its `ready:`, and has not been for so long.
    NotReady {
        process: ProcessName,
        why: NotReady,
        since: Duration,
        /// It was ready, and its policy is to start it again for that.
        is_restarted: bool,
    },
    /// It was said to be ready no more, and is again after so long.
    ReadyAgain {
        process: ProcessName,
        after: Duration,
    },
    /// Whoever started the session waits for them, and goes once they listen.
    Awaited {
        for_: Vec<WaitedFor>,
    },
    /// A process that waited has failed, since what it waited for has.
    NeedFailed {
        process: ProcessName,
        /// Of the declared use; `None`: it is to be started after `provider`.
        variable: Option<String>,
        provider: ProcessName,
    },
    /// What these variables say is no longer so: the process is being restarted.
    EnvChanged {
        process: ProcessName,
        variables: Vec<String>,
    },
    /// Somebody asked for another run; the present one is being ended.
    RestartAsked {
        process: ProcessName,
    },
    /// Somebody asked for its end.
    StopAsked {
        process: ProcessName,
    },
    /// It runs no more, because somebody asked for that.
    StoppedByHand {
        process: ProcessName,
    },
    Stopping {
        processes: usize,
        grace: Duration,
        hints: bool,
    },
    StopsWaiting {
        process: ProcessName,
        pid: i32,
        left: Duration,
    },
    /// Killed after its grace, as far as that could be done.
    Killed {
        process: ProcessName,
        grace: Duration,
        killed: Killed,
    },
    /// A second Ctrl-C: the grace is over.
    KillingAll {
        /// Those that had not ended yet.
        processes: Vec<ProcessName>,
    },
    /// Lines were left out, because the terminal stood still or somebody was attached.
    Skipped {
        lines: u64,
        /// They can be read again.
        is_stored: bool,
    },
    /// Its shell did not take its command, in which this is bash's.
    OfBash {
        process: ProcessName,
        what: &'static str,
        /// What any shell takes for it.
        instead: Option<&'static str>,
    },
    /// It repaints rows above its cursor: of that, only what changed is shown.
    Redraws {
        process: ProcessName,
    },
    /// It shows a prompt, and nothing happens: somebody at the keyboard can answer.
    SeemsToWait {
        process: ProcessName,
    },
    /// Somebody uses its terminal over the control socket.
    Visited {
        process: ProcessName,
        pid: i32,
    },
    /// Of backing services and other sessions.
    Wiring(Wiring),
    /// Of programs in the places of processes.
    StandIn(StandIn),
    /// Of files that changed.
    Watching(Watching),
    /// What processes write is not stored any more.
    StoreStopped {
        cause: String,
    },
    /// The session has no socket: no other command or session finds it.
    Unreachable {
        cause: String,
    },
    /// There is no /proc: who listens and what daemons there are cannot be seen.
    Unseen,
    /// The guardian is gone; what it held is being ended.
    GuardianLost,
    /// Said at the end, where others have gone on meanwhile. Without lines where they were just shown.
    FailedFirst(FirstFailure),
    /// The last line of a session.
    Done {
        up: Duration,
        restarts: u32,
        ignored_lines: usize,
        /// devrun's exit status.
        status: u8,
        /// The command that shows all of it again. The supervisor does not know; who carries out what it says does.
        read_again: Option<String>,
    },
}

impl Notice {
    /// Of a port: the process is one of that app.
    pub(crate) fn of_app(mut self, app: Option<AppName>) -> Self {
        if let Self::PortTaken { process, .. } | Self::PortRemembered { process, .. } = &mut self {
            process.app = app;
        }
        self
    }
}

/// What a process waits for before it is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WaitedFor {
    /// Until it serves this port; where it has none, until it runs; or until it is ready by its `ready:`.
    Process {
        provider: ProcessName,
        port: Option<u16>,
        /// It runs, and its `ready:` says when it is ready.
        not_ready: Option<NotReady>,
    },
    /// Until it accepts connections.
    External { host: String, port: u16 },
    /// Nobody runs it: until somebody does.
    Somebody { provider: ProcessName },
}

/// A run whose program could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotStarted {
    pub(crate) process: ProcessName,
    pub(crate) run: u32,
    /// In the system's words, or in ours.
    pub(crate) cause: String,
    /// Never [`Next::Completed`].
    pub(crate) next: Next,
    /// As in [`Ended`].
    pub(crate) hints: KeyHints,
}

/// The end of a run that nobody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) process: ProcessName,
    pub(crate) exit: Exit,
    /// How long it ran.
    pub(crate) after: Duration,
    pub(crate) next: Next,
    /// What it wrote last, escaped.
    pub(crate) last_lines: Vec<String>,
    /// The session goes on, and this is how somebody may start it again.
    pub(crate) hints: KeyHints,
}

/// What went wrong first in a session that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FirstFailure {
    pub(crate) process: ProcessName,
    pub(crate) exit: Exit,
    /// How long ago.
    pub(crate) ago: Duration,
    pub(crate) last_lines: Vec<String>,
    /// Who had to end because of it.
    pub(crate) took_down: Vec<ProcessName>,
}

/// A process that listens, but not on its PORT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    pub(crate) process: ProcessName,
    /// Its PORT.
    pub(crate) given: u16,
    /// What it was to be reached by: nobody is.
    pub(crate) url: String,
    pub(crate) found: u16,
    pub(crate) loopback_only: bool,
    /// The listener's program and pid.
    pub(crate) command: String,
    pub(crate) pid: i32,
    /// Who was given the dead URL.
    pub(crate) misled: Vec<ProcessName>,
    /// What to write in the Procfile instead.
    pub(crate) cure: Option<String>,
}

/// What follows an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Restart {
        /// Of the restarts in a row: 1 after a run that lasted, or that somebody asked for.
        number: u32,
        delay: Duration,
    },
    /// Status 0, and nobody asked for more.
    Completed,
    /// It failed, and its policy is not to be restarted.
    NotRestarted,
    /// Trying again would not help: 126 or 127, or what keeps it from being started does not pass by itself. A first
    /// run is not tried again either.
    Unstartable,
    GivenUp {
        failures: u32,
        within: Duration,
    },
}

/// The states that people see; one list everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Waiting,
    Starting,
    Running,
    RunningDaemon,
    Ready,
    Restarting,
    Completed,
    Failed,
    Stopping,
    Stopped,
}

impl Shown {
    /// It does what it was started for, or has done it.
    pub(crate) fn is_up(self) -> bool {
        match self {
            Self::Running | Self::RunningDaemon | Self::Ready | Self::Completed => true,
            Self::Waiting
            | Self::Starting
            | Self::Restarting
            | Self::Failed
            | Self::Stopping
            | Self::Stopped => false,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::RunningDaemon => "running (daemon)",
            Self::Ready => "ready",
            Self::Restarting => "restarting",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SummaryRow {
    pub(crate) process: ProcessName,
    pub(crate) state: Shown,
    /// Only once the port is really served by that process.
    pub(crate) url: Option<String>,
    /// For a process that has a PORT and serves nothing.
    pub(crate) does_not_listen: bool,
    /// Where it listens in place of its PORT.
    pub(crate) elsewhere: Option<u16>,
    /// The processes behind its declared uses.
    pub(crate) uses: Vec<ProcessName>,
}
