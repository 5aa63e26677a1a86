//! A server, its driver and its clients, all in one thread.

mod endpoints;
mod followers;
mod hostile;
mod page;
mod socket;
mod visitors;

use std::fs;
use std::io;
use std::path::PathBuf;

use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use super::*;
use crate::control::client::Following;
use crate::control::server::Server;
use crate::os::directory::temporary;
use crate::os::process::own_user;
use crate::words::wire::{Farewell, ProcessState, Told};

/// A directory for one socket, gone when the test is.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = temporary().join(format!("devrun-control-{}-{name}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("socket")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server, seen from the driver.
struct Session {
    socket: PathBuf,
    requests: mpsc::UnboundedReceiver<Request>,
    end: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
}

impl Session {
    fn of(server: Server, socket: PathBuf) -> Self {
        let (ask, requests) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel::<()>();
        let ended = async { drop(ended.await) };
        let serving = spawn_local(async move { server.run(ask, ended).await });
        Self {
            socket,
            requests,
            end,
            serving,
        }
    }

    async fn asked(&mut self) -> Request {
        self.requests.recv().await.unwrap()
    }

    /// Whoever asks for the apps is told of none.
    async fn answers(&mut self) {
        let reply = async {
            match self.requests.recv().await {
                Some(Request::Apps(reply)) => reply.send(Ok(Vec::new())).unwrap(),
                other => panic!("{other:?}"),
            }
        };
        let ask = client::apps(&self.socket);
        let reply = async {
            reply.await;
            Ok(())
        };
        let (apps, ()) = tokio::try_join!(ask, reply).unwrap();
        assert_eq!(apps, []);
    }

    async fn follow(&mut self) -> (Following, Follower) {
        let accept = async {
            match self.requests.recv().await {
                Some(Request::Follow { follower, reply }) => {
                    follower.teller.tell(state("starting"));
                    reply.send(Ok(())).unwrap();
                    follower
                }
                other => panic!("{other:?}"),
            }
        };
        let asker = asker();
        let follow = client::follow(&self.socket, "ab", &asker);
        let (following, follower) = tokio::join!(follow, accept);
        let mut following = following.unwrap();
        assert_eq!(following.next().await, Some(state("starting")));
        (following, follower)
    }

    async fn hears_that_it_is_gone(&mut self, id: FollowerId) {
        match self.asked().await {
            Request::FollowerGone(gone) => assert_eq!(gone, id),
            other => panic!("{other:?}"),
        }
    }
}

fn run(story: impl AsyncFnOnce()) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.unwrap(), story());
}

fn with_session(name: &str, story: impl AsyncFnOnce(Session)) {
    let scratch = Scratch::new(name);
    let socket = scratch.socket();
    let server = Server::bind(&socket).unwrap();
    run(async || story(Session::of(server, socket)).await);
}

fn asker() -> Asker {
    Asker {
        pid: 7,
        app: "shop".into(),
        directory: "~/Läden/shop".into(),
        only_looks: false,
    }
}

fn app(word: &str) -> AppState {
    AppState {
        name: "api".into(),
        processes: vec![ProcessState {
            name: "web.1".into(),
            state: word.into(),
            port: Some(5100),
            ..ProcessState::default()
        }],
        ..AppState::default()
    }
}

fn state(word: &str) -> Told {
    Told::State(app(word))
}
