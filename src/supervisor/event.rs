//! What passes through the supervisor's doors: events in, actions out.

use crate::plan::External;
use crate::words::exit::{Exit, Killed};
use crate::words::notice::Notice;
use crate::words::policy::{Attendance, KeyHints};
use crate::words::port::Holder;
use crate::words::ready::{Ready, Tried};
use crate::words::stand_in::Program;
use crate::words::watching::Changed;
use crate::words::wire::process::NotReady;

/// The place of a process in `Plan::processes`.
pub(crate) type ProcessIndex = usize;

/// What happened. Runs of a process count from 1; news of an earlier run than the current one is
/// late, and ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The first event of a session.
    SessionStarted,
    Spawned {
        process: ProcessIndex,
        run: u32,
        pid: i32,
    },
    /// The program could not be started at all: the system's words.
    SpawnFailed {
        process: ProcessIndex,
        run: u32,
        cause: String,
        /// The system was short of something, and may not be the next time.
        is_passing: bool,
    },
    /// The leader ended; `left` members of its tree live on.
    LeaderExited {
        process: ProcessIndex,
        run: u32,
        exit: Exit,
        left: usize,
    },
    /// The leader's status is known *and* no member of its tree is left *and* its output is read to
    /// the end. Comes after [`Event::LeaderExited`], once per run that was spawned.
    Exited {
        process: ProcessIndex,
        run: u32,
        /// What had to be killed of its tree.
        killed: Killed,
        /// What it wrote last, for a post-mortem: at most five lines, escaped.
        last_lines: Vec<String>,
    },
    /// What the process's own tree listens on, whenever that changed.
    Listens {
        process: ProcessIndex,
        run: u32,
        listeners: Vec<Listener>,
    },
    /// The answer to [`Action::Try`], and to [`Action::GiveUpTry`]: always one, whatever becomes of the run.
    Tried {
        process: ProcessIndex,
        number: u32,
        tried: Tried,
    },
    /// The run wrote the line by which it is ready.
    LineSeen { process: ProcessIndex, run: u32 },
    /// Somebody outside of the process's tree listens on its PORT.
    PortStolen {
        process: ProcessIndex,
        run: u32,
        holder: Holder,
    },
    /// The next run of the process was given another port.
    PortMoved {
        process: ProcessIndex,
        port: u16,
        /// Who took the one that it had, if that is why.
        taken_by: Option<Holder>,
    },
    /// What its owner, or the lack of one, makes of a process that another session runs.
    Elsewhere {
        process: ProcessIndex,
        now: Elsewhere,
        /// Somebody listens where it is reached.
        is_served: bool,
        /// As its owner has it.
        not_ready: Option<NotReady>,
    },
    /// From now on it is this session that runs the process: it is started if it is wanted.
    Adopted { process: ProcessIndex },
    /// Another session takes the process over: its run is ended here, and no other one begins.
    /// [`Action::GivenAway`] follows, once, when nothing of it is left.
    TakenOver { process: ProcessIndex },
    /// The port of an external backing service accepts.
    Reached { external: External },
    /// What these variables of its present run say is no longer so: it is started anew.
    EnvChanged {
        process: ProcessIndex,
        variables: Vec<String>,
    },
    /// Files that are watched for the process changed, and then none for a moment.
    FilesChanged {
        process: ProcessIndex,
        changed: Changed,
    },
    /// The settings say something else of its runs than when the present one began.
    SettingsChanged {
        process: ProcessIndex,
        changed: Changed,
    },
    /// SIGINT, SIGTERM, SIGHUP, SIGQUIT. The second, 150 ms after the first or later, kills at once.
    ShutdownRequested,
    /// By hand: a new run, as soon as the present one is gone.
    RestartAsked { process: ProcessIndex },
    /// By hand: no run until somebody asks for one.
    StopAsked { process: ProcessIndex },
    /// By hand: a run, where none goes on.
    StartAsked { process: ProcessIndex },
    /// Somebody wants to run this program in the process's place. [`Action::LetIn`] follows or
    /// [`Action::TurnAway`]; not to be asked while a program has the place, or waits for it.
    ReplaceAsked {
        process: ProcessIndex,
        program: Program,
    },
    /// The program that was to have the process's place is gone before it had it.
    GuestGone { process: ProcessIndex },
    /// The program that had the place of the process for this run is gone.
    StandInEnded { process: ProcessIndex, run: u32 },
    /// From elsewhere: the session ends. Nobody has pressed a key for it.
    EndAsked,
    /// Nobody reads our output any more, or it can no longer be written.
    OutputClosed,
    /// The guardian is gone, and with it every child that it had started.
    GuardianLost,
    /// The time of [`crate::supervisor::Supervisor::next_deadline`] has come.
    DeadlineReached,
}

/// A process that another session runs, seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// Nothing is known of it, and somebody may yet start it.
    Unknown,
    /// Nobody runs it, and nobody will be asked to: those who can do without it go on.
    Absent,
    /// Its owner has it, and it is not ready.
    NotReady,
    Ready,
    /// For good, with this status.
    Failed(u8),
}

/// A listening socket of a process's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) port: u16,
    /// Only loopback reaches it.
    pub(crate) loopback_only: bool,
    pub(crate) pid: i32,
    /// The listener's program: `node`.
    pub(crate) command: String,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Spawn {
        process: ProcessIndex,
        run: u32,
    },
    /// The stop signal to the group and SIGTERM to the strays of its tree, once per run.
    Terminate {
        process: ProcessIndex,
        run: u32,
    },
    /// SIGKILL to the whole tree, until it is empty.
    Kill {
        process: ProcessIndex,
        run: u32,
    },
    /// A signal to its first process, which goes on.
    Signal {
        process: ProcessIndex,
        run: u32,
        /// Its number on this system.
        signal: i32,
    },
    /// Try whether the process is ready. Of one process there is no other try until [`Event::Tried`] has come.
    Try {
        process: ProcessIndex,
        /// Of its tries, in whatever run.
        number: u32,
        /// One that [is tried](Ready::is_tried).
        ready: Ready,
    },
    /// Nobody wants to know any more: nothing of this try is to be left.
    GiveUpTry {
        process: ProcessIndex,
        number: u32,
    },
    /// Nothing of the process runs any more: the program that was to have its place has it, as this run.
    LetIn {
        process: ProcessIndex,
        run: u32,
    },
    /// The program that was to have its place will not have it.
    TurnAway {
        process: ProcessIndex,
    },
    Say(Notice),
    /// Another session may have the process now: nothing of it is left here.
    GivenAway {
        process: ProcessIndex,
    },
    /// All that was to be started is up, has ended, or has failed for good; said once, where nobody attends
    /// the session. `status` is that of the first failure, else 0.
    Settled {
        status: u8,
    },
    /// Last, and once: nothing is alive.
    Finish {
        status: u8,
    },
}

impl Event {
    /// It tells what became of a run, and more of that kind may follow; nobody has asked for anything.
    pub(crate) fn is_news(&self) -> bool {
        match self {
            Self::SessionStarted
            | Self::Spawned { .. }
            | Self::SpawnFailed { .. }
            | Self::LeaderExited { .. }
            | Self::Exited { .. }
            | Self::Listens { .. }
            | Self::Tried { .. }
            | Self::LineSeen { .. }
            | Self::PortStolen { .. }
            | Self::PortMoved { .. }
            | Self::StandInEnded { .. }
            | Self::DeadlineReached => true,
            Self::Elsewhere { .. }
            | Self::Adopted { .. }
            | Self::TakenOver { .. }
            | Self::Reached { .. }
            | Self::EnvChanged { .. }
            | Self::FilesChanged { .. }
            | Self::SettingsChanged { .. }
            | Self::ShutdownRequested
            | Self::RestartAsked { .. }
            | Self::StopAsked { .. }
            | Self::StartAsked { .. }
            | Self::ReplaceAsked { .. }
            | Self::GuestGone { .. }
            | Self::EndAsked
            | Self::OutputClosed
            | Self::GuardianLost => false,
        }
    }
}

impl Action {
    /// It asks the guardian, or a program that stands in, to end something.
    pub(crate) fn ends_a_run(&self) -> bool {
        matches!(self, Self::Terminate { .. } | Self::Kill { .. })
    }
}

/// How a session as a whole behaves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SessionRules {
    /// The first failure, without a retry, ends all with its status.
    pub(crate) fail_fast: bool,
    pub(crate) hints: KeyHints,
    /// A program listens: each readiness is said at once, and each end that was asked for.
    pub(crate) says_all: bool,
    pub(crate) attendance: Attendance,
}
