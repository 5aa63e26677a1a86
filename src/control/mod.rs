//! What sessions of one user ask each other, as HTTP and JSON over a unix socket. docs/control.md has the
//! endpoints.
//!
//! Nothing is decided here: a request becomes a [`Request`] to the driver, and what the driver replies is
//! the answer. Whoever asks is the same user (asked of the kernel at every connection), and is bounded all
//! the same: in how much it sends, how long it takes for that, and how many there are.

mod answer;
pub(crate) mod client;
pub(crate) mod encoding;
mod follower;
pub(crate) mod frames;
#[cfg(fuzzing)]
pub(crate) mod fuzz;
mod route;
pub(crate) mod server;
#[cfg(test)]
mod tests;
mod visitor;

use tokio::sync::oneshot;

use crate::words::stand_in::Program;
use crate::words::wire::env::ProcessEnv;
use crate::words::wire::process::ProcessReport;
use crate::words::wire::{
    AppState, Asker, Ending, HandedOver, Replaced, Replacing, Steered, Steering,
};

pub(crate) use follower::Teller;
pub(crate) use visitor::{Screen, Visitor, Whom};

/// The header that says who follows.
const ASKER: &str = "devrun-asker";
/// The header that says who attaches, and how large its terminal is.
const VISITOR: &str = "devrun-visitor";
/// The header of the answer to that: whose terminal it is.
const PROCESS: &str = "devrun-process";
/// What such a connection is upgraded to.
const TERMINAL: &str = "devrun-terminal";

/// What the driver is asked. `app` is an app's key (`registry::app_key`), of which nothing is checked.
#[derive(Debug)]
pub(crate) enum Request {
    Apps(Reply<Vec<AppState>>),
    App {
        app: String,
        reply: Reply<AppState>,
    },
    /// The process by its name within the app: `web.1`.
    Env {
        app: String,
        process: String,
        reply: Reply<ProcessEnv>,
    },
    /// Tell the follower the present state and all that follow, and reply. Each is followed by one
    /// [`Request::FollowerGone`].
    Follow {
        follower: Follower,
        reply: Reply<()>,
    },
    /// It hung up, has got its farewell, or was refused.
    FollowerGone(FollowerId),
    /// Replied to when nothing of the app runs any more. The reply is closed if the asker hung up.
    HandOver {
        app: String,
        asker: Asker,
        reply: Reply<HandedOver>,
    },
    /// Somebody owns this app now.
    Knock {
        app: String,
    },
    /// All that is known of every process that anybody has asked for.
    Processes {
        app: String,
        reply: Reply<Vec<ProcessReport>>,
    },
    /// Replied to when nothing of the process runs any more: from then on the asker is the process, until it
    /// is gone. The reply is closed if it hung up.
    Replace {
        app: String,
        process: String,
        /// Who is connected, as the kernel tells it.
        pid: i32,
        replacing: Replacing,
        reply: Reply<Replaced>,
    },
    /// Show the visitor a process's terminal, and reply with the process's name. Each is followed by one
    /// [`Request::VisitorGone`].
    Attach {
        visitor: Visitor,
        reply: Reply<String>,
    },
    /// Its terminal has another size.
    VisitorResized(FollowerId),
    /// It hung up, was told how the run ended, or was refused.
    VisitorGone(FollowerId),
    /// Start what of these processes, by their names within the app, and of what they need does not run; tell
    /// the follower first which those are, then as with [`Request::Follow`]. What was started for it is stopped
    /// once it has hung up.
    Borrow {
        borrower: Follower,
        processes: Vec<String>,
        reply: Reply<()>,
    },
    /// The reply says that it is under way, and which runs are to be awaited.
    Steer {
        app: String,
        asked: Steering,
        processes: Vec<String>,
        reply: Reply<Steered>,
    },
    /// The reply says that the session is being ended.
    End(Reply<Ending>),
}

/// Dropped without a word, it is answered that the session ends.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// This session does not own it.
    UnknownApp,
    UnknownProcess(String),
    /// It was started by a `devrun start` of its own, from which nobody takes it over.
    IsItsOwn,
    /// Another program has the process's place, or waits for it.
    StoodIn {
        process: String,
        by: Program,
    },
    /// Somebody wanted the process otherwise meanwhile.
    TurnedAway,
    /// There is no port for it, or nothing to be made of its environment.
    CannotRun(String),
    /// It does not run, but is in this state.
    NotUp {
        process: String,
        state: &'static str,
    },
    /// It runs with pipes.
    HasNoTerminal(String),
    /// There are none whose terminal could be meant, or several.
    WhoseTerminal(Vec<String>),
}

/// Whoever wants to know of every change of an app, until it hangs up.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) id: FollowerId,
    pub(crate) app: String,
    pub(crate) asker: Asker,
    pub(crate) teller: Teller,
}

/// Of a connection; no two of a server have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FollowerId(u64);
