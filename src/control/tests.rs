//! A server and its clients in one thread: what each endpoint carries, and what nobody can spoil for others.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use super::*;
use crate::control::client::Following;
use crate::control::server::{MAX_CONNECTIONS, Server};
use crate::os::directory::temporary;
use crate::os::process::own_user;
use crate::words::wire::{Farewell, ProcessState, Told};

/// A directory for one socket, gone when the test is.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = temporary().join(format!("devrun-test-{}-{name}", std::process::id()));
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
        let (apps, ()) = tokio::join!(client::apps(&self.socket), reply);
        assert_eq!(apps.unwrap(), []);
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

/// Sends `bytes` as they are, and reads until the other side closes.
async fn raw(stream: &mut UnixStream, bytes: &[u8]) -> String {
    // The other side may have seen enough before all is written, or read.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[test]
fn only_its_user_can_open_the_socket_and_it_goes_with_its_server() {
    let scratch = Scratch::new("mode");
    let server = Server::bind(&scratch.socket()).unwrap();
    let metadata = fs::symlink_metadata(scratch.socket()).unwrap();
    assert_eq!(metadata.mode() & 0o7777, 0o600);
    drop(server);
    assert!(!scratch.socket().exists());
}

#[test]
fn what_stands_in_the_place_of_the_socket_is_removed_and_not_followed() {
    let scratch = Scratch::new("stale");
    let socket = scratch.socket();
    drop(UnixListener::bind(&socket).unwrap());
    assert!(socket.exists(), "a remnant");
    let first = Server::bind(&socket).unwrap();
    let second = Server::bind(&socket).unwrap();
    drop(first);
    assert!(socket.exists(), "it removed another's socket");
    drop(second);

    let elsewhere = scratch.0.join("elsewhere");
    fs::write(&elsewhere, "precious").unwrap();
    symlink(&elsewhere, &socket).unwrap();
    let server = Server::bind(&socket).unwrap();
    assert_eq!(fs::read(&elsewhere).unwrap(), b"precious");
    assert!(!fs::symlink_metadata(&socket).unwrap().is_symlink());
    drop(server);
    symlink(scratch.0.join("nowhere"), &socket).unwrap();
    drop(Server::bind(&socket).unwrap());
    assert!(!scratch.0.join("nowhere").exists());
}

#[test]
fn a_path_that_is_too_long_on_any_system_is_refused() {
    let scratch = Scratch::new("long");
    let path = |length: usize| {
        let rest = length - scratch.0.as_os_str().len() - 1;
        scratch.0.join("s".repeat(rest))
    };
    Server::bind(&path(103)).unwrap();
    let error = Server::bind(&path(104)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidFilename);
}

#[test]
fn apps_are_told_all_or_one() {
    with_session("apps", async |mut session| {
        let socket = session.socket.clone();
        let reply = async {
            match session.asked().await {
                Request::Apps(reply) => reply.send(Ok(vec![app("ready")])).unwrap(),
                other => panic!("{other:?}"),
            }
            match session.asked().await {
                Request::App { app: key, reply } => {
                    assert_eq!(key, "ab");
                    reply.send(Ok(app("failed"))).unwrap();
                }
                other => panic!("{other:?}"),
            }
        };
        let ask = async {
            assert_eq!(client::apps(&socket).await.unwrap(), [app("ready")]);
            assert_eq!(client::app(&socket, "ab").await.unwrap(), app("failed"));
        };
        tokio::join!(ask, reply);
    });
}

#[test]
fn processes_are_started_and_a_knock_is_heard() {
    with_session("start", async |mut session| {
        let socket = session.socket.clone();
        let web = ["web".to_string()];
        let reply = async {
            match session.asked().await {
                Request::Start {
                    app,
                    processes,
                    reply,
                } => {
                    assert_eq!((&app[..], &processes[..]), ("ab", &web[..]));
                    reply.send(Ok(())).unwrap();
                }
                other => panic!("{other:?}"),
            }
        };
        let (started, ()) = tokio::join!(client::start(&socket, "ab", &web), reply);
        started.unwrap();
        client::knock(&socket, "cd").await.unwrap();
        match session.asked().await {
            Request::Knock { app } => assert_eq!(app, "cd"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn an_app_is_handed_over_with_its_ports() {
    with_session("hand-over", async |mut session| {
        let socket = session.socket.clone();
        let handed_over = HandedOver {
            ports: [("web.1".to_string(), 5100)].into(),
        };
        let reply = async {
            match session.asked().await {
                Request::HandOver {
                    app,
                    asker: who,
                    reply,
                } => {
                    assert_eq!((&app[..], who), ("ab", asker()));
                    reply.send(Ok(handed_over.clone())).unwrap();
                }
                other => panic!("{other:?}"),
            }
        };
        let asker = asker();
        let (got, ()) = tokio::join!(client::hand_over(&socket, "ab", &asker), reply);
        assert_eq!(got.unwrap(), handed_over);
    });
}

#[test]
fn a_refusal_says_why() {
    with_session("refusal", async |mut session| {
        let socket = session.socket.clone();
        let mut check = async |refusal: Option<Refusal>, kind: io::ErrorKind, words: &str| {
            let reply = async {
                match session.asked().await {
                    Request::HandOver { reply, .. } => {
                        refusal.map(|refusal| reply.send(Err(refusal)));
                    }
                    other => panic!("{other:?}"),
                }
            };
            let asker = asker();
            let (got, ()) = tokio::join!(client::hand_over(&socket, "ab", &asker), reply);
            let error = got.unwrap_err();
            assert_eq!((error.kind(), &error.to_string()[..]), (kind, words));
        };
        let unknown = "this session does not run that app";
        check(Some(Refusal::UnknownApp), io::ErrorKind::NotFound, unknown).await;
        let process = Some(Refusal::UnknownProcess("wbe".into()));
        let words = "the app has no process `wbe`";
        check(process, io::ErrorKind::NotFound, words).await;
        let own = "the app was started by a `devrun start` of its own";
        check(Some(Refusal::IsItsOwn), io::ErrorKind::ResourceBusy, own).await;
        check(None, io::ErrorKind::Other, "the session is ending").await;
    });
}

#[test]
fn a_follower_is_told_of_every_change_and_of_the_end() {
    with_session("follow", async |mut session| {
        let (mut following, follower) = session.follow().await;
        assert_eq!(follower.app, "ab");
        assert_eq!(follower.asker, asker());
        follower.teller.tell(state("ready"));
        assert_eq!(following.next().await, Some(state("ready")));
        follower.teller.tell(state("stopping"));
        follower.teller.tell(Told::Ended(Farewell::Stopped));
        follower.teller.tell(state("never"));
        assert_eq!(following.next().await, Some(state("stopping")));
        let farewell = Some(Told::Ended(Farewell::Stopped));
        assert_eq!(following.next().await, farewell);
        assert_eq!(following.next().await, None);
        session.hears_that_it_is_gone(follower.id).await;
    });
}

#[test]
fn a_slow_follower_gets_the_newest_state_and_costs_no_memory() {
    with_session("slow", async |mut session| {
        let (mut following, follower) = session.follow().await;
        let long = "x".repeat(100_000);
        for number in 0..1000 {
            follower.teller.tell(state(&format!("{number}{long}")));
            // The server writes what the socket takes.
            tokio::task::yield_now().await;
        }
        follower.teller.tell(Told::Ended(Farewell::TakenOver));
        let mut states = Vec::new();
        while let Some(Told::State(state)) = following.next().await {
            states.push(state);
        }
        let newest = format!("999{long}");
        assert_eq!(states.last().unwrap().processes[0].state, newest);
        assert!(states.len() < 100, "{} states were kept", states.len());
    });
}

#[test]
fn an_owner_that_vanishes_says_no_farewell() {
    with_session("vanished", async |mut session| {
        let (mut following, follower) = session.follow().await;
        session.serving.abort();
        assert_eq!(following.next().await, None);
        assert_eq!(following.next().await, None);
        drop(follower);
    });
    with_session("dropped", async |mut session| {
        let (mut following, follower) = session.follow().await;
        drop(follower);
        assert_eq!(following.next().await, None);
    });
}

#[test]
fn the_driver_hears_that_a_follower_hung_up() {
    with_session("hang-up", async |mut session| {
        let (following, follower) = session.follow().await;
        drop(following);
        session.hears_that_it_is_gone(follower.id).await;
    });
}

#[test]
fn whoever_hangs_up_before_the_reply_is_known_to_be_gone() {
    with_session("early", async |mut session| {
        let socket = session.socket.clone();
        let following = spawn_local(async move { client::follow(&socket, "ab", &asker()).await });
        let Request::Follow { follower, reply } = session.asked().await else {
            panic!("it is no follower");
        };
        following.abort();
        session.hears_that_it_is_gone(follower.id).await;
        assert!(reply.is_closed());

        let socket = session.socket.clone();
        let taking = spawn_local(async move { client::hand_over(&socket, "ab", &asker()).await });
        let Request::HandOver { mut reply, .. } = session.asked().await else {
            panic!("it takes nothing over");
        };
        taking.abort();
        reply.closed().await;
    });
}

#[test]
fn farewells_arrive_though_the_session_ends_at_once() {
    with_session("end", async |mut session| {
        let (mut following, follower) = session.follow().await;
        follower.teller.tell(Told::Ended(Farewell::LeftToUsers));
        drop(session.end);
        session.serving.await.unwrap().unwrap();
        assert!(!session.socket.exists());
        let farewell = Some(Told::Ended(Farewell::LeftToUsers));
        assert_eq!(following.next().await, farewell);
        let error = client::apps(&session.socket).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    });
}

#[test]
fn a_follower_that_reads_nothing_does_not_hold_up_the_end() {
    with_session("stalled", async |mut session| {
        let (following, follower) = session.follow().await;
        let long = "x".repeat(4_000_000);
        follower.teller.tell(state(&long));
        tokio::time::pause();
        drop(session.end);
        session.serving.await.unwrap().unwrap();
        drop(following);
    });
}

#[test]
fn nonsense_is_refused_and_harms_nobody() {
    with_session("nonsense", async |mut session| {
        let socket = session.socket.clone();
        let mut check = async |bytes: &[u8], status: &str| {
            let mut stream = UnixStream::connect(&socket).await.unwrap();
            let answer = raw(&mut stream, bytes).await;
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
            let is_so = match status {
                "" => answer.is_empty(),
                status => answer.starts_with(&format!("HTTP/1.1 {status}")),
            };
            assert!(is_so, "{shown:?} → {answer:?}");
            session.answers().await;
        };
        let post = |path: &str, body: &str| {
            let length = body.len();
            format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}")
        };
        let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n{more}\r\n");
        check(b"\r\n\r\n\0\0garbage\r\n\r\n", "400").await;
        check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "").await;
        check(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "400").await;
        check(get("/", "").as_bytes(), "404").await;
        check(get("/v1/knock", "").as_bytes(), "405").await;
        check(post("/v1/knock", "{").as_bytes(), "400").await;
        check(post("/v1/knock", "{\"app\":7}").as_bytes(), "400").await;
        check(post("/v1/knock", &"[".repeat(60_000)).as_bytes(), "400").await;
        let huge = format!("{{\"app\":\"{}\"}}", "x".repeat(70_000));
        check(post("/v1/knock", &huge).as_bytes(), "413").await;
        check(post("/v1/apps/ab/hand-over", "{}").as_bytes(), "400").await;
        let follow = "/v1/apps/ab/follow";
        check(get(follow, "").as_bytes(), "400").await;
        check(get(follow, "devrun-asker: {}\r\n").as_bytes(), "400").await;
        let huge = format!("x: {}\r\n", "x".repeat(70_000));
        check(get("/v1/apps", &huge).as_bytes(), "431").await;
        let many = "x: x\r\n".repeat(1000);
        check(get("/v1/apps", &many).as_bytes(), "431").await;
        let long = format!("/{}", "x".repeat(70_000));
        check(get(&long, "").as_bytes(), "414").await;
    });
}

#[test]
fn a_request_that_has_no_end_is_closed_after_a_while() {
    let check = |name: &str, bytes: &'static [u8], status: &'static str| {
        with_session(name, async |session| {
            let mut stream = UnixStream::connect(&session.socket).await.unwrap();
            tokio::time::pause();
            let before = tokio::time::Instant::now();
            let answer = raw(&mut stream, bytes).await;
            assert!(answer.starts_with(status), "{answer:?}");
            assert_eq!(before.elapsed().as_secs(), 5);
        });
    };
    check("silent", b"", "");
    check("half-head", b"GET /v1/apps HTTP/1.1\r\nho", "");
    let half = b"POST /v1/knock HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{\"a";
    check("half-body", half, "HTTP/1.1 408");
}

#[test]
fn whoever_comes_when_all_places_are_taken_is_turned_away() {
    with_session("full", async |mut session| {
        let mut others = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            others.push(UnixStream::connect(&session.socket).await.unwrap());
        }
        let error = client::apps(&session.socket).await.unwrap_err();
        assert_eq!(error.to_string(), "too many connections");
        let mut first = others.swap_remove(0);
        raw(&mut first, b"\r\n\r\n\0\r\n\r\n").await;
        session.answers().await;
    });
}

#[test]
fn another_user_is_neither_heard_nor_asked() {
    let scratch = Scratch::new("stranger");
    let socket = scratch.socket();
    let mut server = Server::bind(&socket).unwrap();
    server.user = own_user() + 1;
    run(async || {
        let mut session = Session::of(server, socket.clone());
        client::apps(&socket).await.unwrap_err();
        assert!(session.requests.try_recv().is_err());
        let error = client::connect(&socket, own_user() + 1).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    });
}

#[test]
fn a_malformed_answer_is_an_error() {
    let check = |name: &str, answer: &'static str| {
        let scratch = Scratch::new(name);
        run(async || {
            let listener = tokio::net::UnixListener::bind(scratch.socket()).unwrap();
            let answers = spawn_local(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let mut request = [0; 1000];
                    let _ = stream.read(&mut request).await.unwrap();
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
            client::apps(&scratch.socket()).await.unwrap_err();
            let socket = scratch.socket();
            if let Ok(mut following) = client::follow(&socket, "ab", &asker()).await {
                assert_eq!(following.next().await, None);
            }
            answers.abort();
        });
    };
    check("nothing", "");
    check("no-http", "220 mail.example ESMTP\r\n");
    check("no-json", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    check("cut", "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n[");
    check("error", "HTTP/1.1 500 x\r\ncontent-length: 2\r\n\r\nok");
    check(
        "chunk",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"x\n}\r\n-7\r\n",
    );
}
