//! Asks another session, over its socket.

use std::io;
use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderValue, UPGRADE};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::control::encoding::{self, Lines};
use crate::control::frames::{Frames, Malformed, ToVisitor};
use crate::control::{ASKER, PROCESS, TERMINAL, VISITOR, Whom, visitor};
use crate::os::process::own_user;
use crate::words::wire::env::ProcessEnv;
use crate::words::wire::process::ProcessReport;
use crate::words::wire::{
    AppState, Asker, Ending, HandedOver, Knock, Replaced, Replacing, Steered, Steering, Told,
    VisitorIs, Wanted,
};

/// For what a session answers at once. One that is stopped (Ctrl-Z) accepts, and says nothing.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// All apps of a session, of whatever size.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// An app that is followed. Dropping it hangs up.
#[derive(Debug)]
pub(crate) struct Following {
    answer: Answer,
    lines: Lines,
}

/// A process's terminal that somebody looks at. Dropping it hangs up.
#[derive(Debug)]
pub(crate) struct Attached {
    /// As its session calls it.
    pub(crate) process: String,
    stream: UnixStream,
    frames: Frames,
}

#[derive(Debug)]
struct Answer {
    body: Incoming,
    /// Carries the connection; dropping it closes that.
    _connection: JoinSet<()>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

/// All apps of the session.
///
/// # Errors
/// As of all here: nobody listens (`ConnectionRefused`, `NotFound`), the socket is another user's
/// (`PermissionDenied`), the answer is malformed, late, or a refusal. `NotFound` is also the refusal of an
/// app or process that the session does not have.
pub(crate) async fn apps(socket: &Path) -> io::Result<Vec<AppState>> {
    soon(get(socket, "/v1/apps")).await
}

/// One app of the session, by its key.
pub(crate) async fn app(socket: &Path, app: &str) -> io::Result<AppState> {
    soon(get(socket, &format!("/v1/apps/{app}"))).await
}

/// The environment of a process: `web.1`.
pub(crate) async fn env(socket: &Path, app: &str, process: &str) -> io::Result<ProcessEnv> {
    soon(get(
        socket,
        &format!("/v1/apps/{app}/processes/{process}/env"),
    ))
    .await
}

/// All that the session knows of the processes of an app. It takes the session a tenth of a second to see
/// what they take.
pub(crate) async fn processes(socket: &Path, app: &str) -> io::Result<Vec<ProcessReport>> {
    soon(get(socket, &format!("/v1/apps/{app}/processes"))).await
}

/// Comes back when the owner has accepted, however long it is stopped meanwhile.
pub(crate) async fn follow(socket: &Path, app: &str, asker: &Asker) -> io::Result<Following> {
    let request = Request::get(format!("/v1/apps/{app}/follow"))
        .header(ASKER, encoding::header(asker))
        .body(Full::default());
    let answer = ask(socket, request.map_err(io::Error::other)?).await?;
    Ok(Following {
        answer,
        lines: Lines::default(),
    })
}

/// Has these processes, and what they need, started where they do not run. They run as long as what is returned
/// lives, and what ran before goes on.
pub(crate) async fn borrow(
    socket: &Path,
    app: &str,
    asker: &Asker,
    processes: &[String],
) -> io::Result<Following> {
    let wanted = Wanted {
        processes: processes.to_vec(),
    };
    let request = Request::post(format!("/v1/apps/{app}/borrow"))
        .header(ASKER, encoding::header(asker))
        .body(Full::from(serde_json::to_vec(&wanted)?));
    let answer = soon(ask(socket, request.map_err(io::Error::other)?)).await?;
    Ok(Following {
        answer,
        lines: Lines::default(),
    })
}

/// Comes back when it is under way.
pub(crate) async fn steer(
    socket: &Path,
    app: &str,
    asked: Steering,
    processes: &[String],
) -> io::Result<Steered> {
    let wanted = Wanted {
        processes: processes.to_vec(),
    };
    let word = match asked {
        Steering::Start => "start",
        Steering::Restart => "restart",
        Steering::Stop => "stop",
    };
    soon(post(socket, format!("/v1/apps/{app}/{word}"), &wanted)).await
}

/// Ends the session; comes back when that is under way.
pub(crate) async fn end(socket: &Path) -> io::Result<Ending> {
    soon(post(socket, "/v1/stop".into(), &())).await
}

/// Comes back when nothing of the app runs any more, however long that takes.
///
/// # Errors
/// `ResourceBusy`: the app was started by its own `devrun start`.
pub(crate) async fn hand_over(socket: &Path, app: &str, asker: &Asker) -> io::Result<HandedOver> {
    post(socket, format!("/v1/apps/{app}/hand-over"), asker).await
}

/// Comes back when this process has the place of that one (`web.1`), however long that one takes to end.
///
/// # Errors
/// `ResourceBusy`: it cannot have it, in words.
pub(crate) async fn replace(
    socket: &Path,
    app: &str,
    process: &str,
    replacing: &Replacing,
) -> io::Result<Replaced> {
    let path = format!("/v1/apps/{app}/processes/{process}/replace");
    post(socket, path, replacing).await
}

/// Tells the session that somebody owns `app` now.
pub(crate) async fn knock(socket: &Path, app: &str) -> io::Result<()> {
    let knock = Knock {
        app: app.to_string(),
    };
    let heard = post::<IgnoredAny>(socket, "/v1/knock".into(), &knock);
    soon(heard).await.map(drop)
}

/// Goes to a process's terminal.
///
/// # Errors
/// `ResourceBusy`: it has none, it does not run, or it cannot be said whose is meant.
pub(crate) async fn attach(socket: &Path, whom: &Whom, visitor: VisitorIs) -> io::Result<Attached> {
    let path = match whom {
        Whom::Process { app, process } => format!("/v1/apps/{app}/processes/{process}/attach"),
        Whom::WhoeverWaits => "/v1/attach".to_string(),
    };
    let request = Request::post(path)
        .header(CONNECTION, "upgrade")
        .header(UPGRADE, TERMINAL)
        .header(VISITOR, serde_json::to_string(&visitor)?)
        .body(Full::default());
    let request = request.map_err(io::Error::other)?;
    let attached = async {
        let (response, connection) = respond(socket, request).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refused(response, connection).await);
        }
        let process = response.headers().get(PROCESS);
        let process = process.and_then(|name| name.to_str().ok());
        let process = process.unwrap_or_default().to_string();
        let upgraded = hyper::upgrade::on(response).await;
        let (stream, frames) = visitor::parts(upgraded.map_err(io::Error::other)?)?;
        Ok(Attached {
            process,
            stream,
            frames,
        })
    };
    soon(attached).await
}

impl Attached {
    /// What is shown next, of what has come so far.
    ///
    /// # Errors
    /// It cannot be understood.
    pub(crate) fn next(&mut self) -> Result<Option<ToVisitor>, Malformed> {
        self.frames.next_to_visitor()
    }

    /// Waits until there is more for [`Attached::next`], or there is room for what is to be sent, of which
    /// the first bytes go. Cancel safe.
    ///
    /// # Errors
    /// The session has gone.
    pub(crate) async fn move_on(&mut self, hears: bool, out: &mut Vec<u8>) -> io::Result<()> {
        tokio::select! {
            received = visitor::receive(&self.stream, &mut self.frames), if hears => received,
            sent = visitor::send(&self.stream, out), if !out.is_empty() => sent,
            else => std::future::pending().await,
        }
    }
}

impl Following {
    /// `None`: there is nothing more. Unless a farewell came before, the owner has vanished, or says what
    /// cannot be understood. Nothing is lost if this is dropped before it is done.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.lines.next() {
                return Some(told);
            }
            let frame = self.answer.body.frame().await?.ok()?;
            if let Ok(piece) = frame.into_data() {
                self.lines.push(&piece).ok()?;
            }
        }
    }
}

async fn soon<T>(answer: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(ANSWERS_WITHIN, answer).await?
}

async fn get<T: DeserializeOwned>(socket: &Path, path: &str) -> io::Result<T> {
    let request = Request::get(path).body(Full::default());
    read(ask(socket, request.map_err(io::Error::other)?).await?).await
}

async fn post<T: DeserializeOwned>(
    socket: &Path,
    path: String,
    content: &impl Serialize,
) -> io::Result<T> {
    let content = Full::from(serde_json::to_vec(content)?);
    let request = Request::post(path).body(content);
    read(ask(socket, request.map_err(io::Error::other)?).await?).await
}

/// The answer, if it is a good one.
async fn ask(socket: &Path, request: Request<Full<Bytes>>) -> io::Result<Answer> {
    let (response, connection) = respond(socket, request).await?;
    if !response.status().is_success() {
        return Err(refused(response, connection).await);
    }
    Ok(Answer {
        body: response.into_body(),
        _connection: connection,
    })
}

/// The head of whatever is answered, and what carries the rest.
async fn respond(
    socket: &Path,
    mut request: Request<Full<Bytes>>,
) -> io::Result<(Response<Incoming>, JoinSet<()>)> {
    let stream = connect(socket, own_user()).await?;
    let host = HeaderValue::from_static("devrun");
    request.headers_mut().insert(HOST, host);
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(io::Error::other)?;
    let mut driven = JoinSet::new();
    // What goes wrong there is seen at the answer.
    driven.spawn(async { drop(connection.with_upgrades().await) });
    let response = sender.send_request(request).await;
    Ok((response.map_err(io::Error::other)?, driven))
}

/// Connects, and makes sure that whoever listens is `user`.
pub(super) async fn connect(socket: &Path, user: u32) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(socket).await?;
    if stream.peer_cred()?.uid() == user {
        Ok(stream)
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

async fn read<T: DeserializeOwned>(answer: Answer) -> io::Result<T> {
    let body = Limited::new(answer.body, MAX_ANSWER).collect().await;
    let body = body.map_err(io::Error::other)?.to_bytes();
    Ok(serde_json::from_slice(&body)?)
}

async fn refused(response: Response<Incoming>, connection: JoinSet<()>) -> io::Error {
    let status = response.status();
    let answer = Answer {
        body: response.into_body(),
        _connection: connection,
    };
    let kind = match status {
        StatusCode::NOT_FOUND => io::ErrorKind::NotFound,
        StatusCode::CONFLICT => io::ErrorKind::ResourceBusy,
        _ => io::ErrorKind::Other,
    };
    match read::<Refused>(answer).await {
        Ok(refused) => io::Error::new(kind, refused.error),
        Err(_) => io::Error::new(kind, status.to_string()),
    }
}
