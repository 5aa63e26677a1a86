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
mod route;
pub(crate) mod server;
#[cfg(test)]
mod tests;

use tokio::sync::oneshot;

use crate::words::wire::env::ProcessEnv;
use crate::words::wire::process::ProcessReport;
use crate::words::wire::{AppState, Asker, HandedOver};

pub(crate) use follower::Teller;

/// The header that says who follows.
const ASKER: &str = "devrun-asker";

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
    /// The reply says that it is under way.
    Start {
        app: String,
        processes: Vec<String>,
        reply: Reply<()>,
    },
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
}

/// Whoever wants to know of every change of an app, until it hangs up.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) id: FollowerId,
    pub(crate) app: String,
    pub(crate) asker: Asker,
    pub(crate) teller: Teller,
}

/// No two of a server have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FollowerId(u64);
