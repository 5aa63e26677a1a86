//! One request → the driver's answer to it.

use std::cell::RefCell;
use std::rc::Rc;

use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, ORIGIN, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::control::follower::{self, Gone, Telling};
use crate::control::route::{self, Astray, Route};
use crate::control::visitor::{self, Visit};
use crate::control::{
    ASKER, Follower, FollowerId, PROCESS, Refusal, Reply, Request, TERMINAL, VISITOR, Whom,
    encoding,
};
use crate::os::pty::Size;
use crate::words::stand_in::Program;
use crate::words::wire::{Knock, VisitorIs, Wanted};
use crate::words::wording;

pub(super) type Body = Either<Full<Bytes>, Telling>;

/// What comes behind a head, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// A connection, and with it the one request that it may make.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) id: FollowerId,
    /// Who is connected; `None`: the kernel does not tell.
    pub(super) pid: Option<i32>,
    /// When all of its request has to be there.
    pub(super) read_by: Instant,
    pub(super) requests: mpsc::UnboundedSender<Request>,
    pub(super) upgrading: Upgrading,
}

/// What becomes of the connection behind its answer, if that is a process's terminal.
pub(super) type Upgrading = Rc<RefCell<Option<(OnUpgrade, Visit)>>>;

/// Why there is another answer than was asked for.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    error: String,
    allowed: Option<Method>,
    /// What the connection has to be upgraded to.
    upgrade: Option<HeaderValue>,
}

impl Caller {
    pub(super) async fn answer(self, asked: hyper::Request<Incoming>) -> Response<Body> {
        self.perform(asked)
            .await
            .unwrap_or_else(Failure::into_response)
    }

    async fn perform(self, asked: hyper::Request<Incoming>) -> Result<Response<Body>, Failure> {
        if asked.headers().contains_key(ORIGIN) {
            return Err(Failure::web_page());
        }
        match route::of(asked.method(), asked.uri().path())? {
            Route::Apps => {
                let apps = self.ask(Request::Apps).await?;
                Ok(json(StatusCode::OK, &apps))
            }
            Route::App(app) => {
                let state = self.ask(|reply| Request::App { app, reply }).await?;
                Ok(json(StatusCode::OK, &state))
            }
            Route::Env { app, process } => {
                let env = |reply| Request::Env {
                    app,
                    process,
                    reply,
                };
                Ok(json(StatusCode::OK, &self.ask(env).await?))
            }
            Route::Follow(app) => {
                let (follower, telling) = self.follower(app, &asked)?;
                self.ask(|reply| Request::Follow { follower, reply })
                    .await?;
                Ok(stream(telling))
            }
            Route::HandOver(app) => {
                let asker = self.body(asked).await?;
                let hand_over = |reply| Request::HandOver { app, asker, reply };
                let handed_over = self.ask(hand_over).await?;
                Ok(json(StatusCode::OK, &handed_over))
            }
            Route::Knock => {
                let Knock { app } = self.body(asked).await?;
                let is_heard = self.requests.send(Request::Knock { app });
                is_heard.map_err(|_| Failure::ending())?;
                Ok(json(StatusCode::ACCEPTED, &json!({})))
            }
            Route::Processes(app) => {
                let processes = |reply| Request::Processes { app, reply };
                Ok(json(StatusCode::OK, &self.ask(processes).await?))
            }
            Route::Replace { app, process } => {
                let replacing = self.body(asked).await?;
                let pid = self.pid.ok_or_else(Failure::unknown_asker)?;
                let replace = |reply| Request::Replace {
                    app,
                    process,
                    pid,
                    replacing,
                    reply,
                };
                Ok(json(StatusCode::OK, &self.ask(replace).await?))
            }
            Route::Attach(whom) => self.attach(whom, asked).await,
            Route::Borrow(app) => {
                let (borrower, telling) = self.follower(app, &asked)?;
                let Wanted { processes } = self.body(asked).await?;
                let borrow = |reply| Request::Borrow {
                    borrower,
                    processes,
                    reply,
                };
                self.ask(borrow).await?;
                Ok(stream(telling))
            }
            Route::Steer { app, asked: how } => {
                let Wanted { processes } = self.body(asked).await?;
                let steer = |reply| Request::Steer {
                    app,
                    asked: how,
                    processes,
                    reply,
                };
                Ok(json(StatusCode::ACCEPTED, &self.ask(steer).await?))
            }
            Route::End => Ok(json(StatusCode::ACCEPTED, &self.ask(Request::End).await?)),
        }
    }

    /// Whoever asks, as somebody who is told of an app until he hangs up, and his end of that.
    fn follower(
        &self,
        app: String,
        asked: &hyper::Request<Incoming>,
    ) -> Result<(Follower, Telling), Failure> {
        let header = asked.headers().get(ASKER);
        let header = header.map_or(&b""[..], HeaderValue::as_bytes);
        let asker = encoding::asker(header).map_err(|error| {
            Failure::new(StatusCode::BAD_REQUEST, format!("header {ASKER}: {error}"))
        })?;
        let gone = Gone {
            id: self.id,
            requests: self.requests.clone(),
        };
        let (teller, telling) = follower::pair(gone);
        let follower = Follower {
            id: self.id,
            app,
            asker,
            teller,
        };
        Ok((follower, telling))
    }

    async fn attach(
        self,
        whom: Whom,
        mut asked: hyper::Request<Incoming>,
    ) -> Result<Response<Body>, Failure> {
        let terminal = HeaderValue::from_static(TERMINAL);
        if asked.headers().get(UPGRADE) != Some(&terminal) {
            return Err(Failure::not_upgraded(terminal));
        }
        let header = asked.headers().get(VISITOR);
        let header = header.map_or(&b""[..], HeaderValue::as_bytes);
        let VisitorIs { pid, columns, rows } = serde_json::from_slice(header).map_err(|error| {
            Failure::new(
                StatusCode::BAD_REQUEST,
                format!("header {VISITOR}: {error}"),
            )
        })?;
        let size = Size { columns, rows };
        // The kernel knows better, where it tells.
        let pid = self.pid.unwrap_or(pid);
        let (visitor, visit) = visitor::pair(self.id, pid, size, whom, self.requests.clone());
        let upgrade = hyper::upgrade::on(&mut asked);
        let name = self.ask(|reply| Request::Attach { visitor, reply }).await?;
        *self.upgrading.borrow_mut() = Some((upgrade, visit));
        let mut response = Response::new(Either::Left(Full::default()));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, terminal);
        let name = HeaderValue::from_str(&name).expect("names are letters and digits");
        headers.insert(PROCESS, name);
        Ok(response)
    }

    /// Puts a request to the driver and waits for its reply.
    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, Failure> {
        let (reply, replied) = oneshot::channel();
        // Who cannot be asked drops the reply with the request.
        let _ = self.requests.send(request(reply));
        Ok(replied.await.map_err(|_| Failure::ending())??)
    }

    async fn body<T: DeserializeOwned>(
        &self,
        asked: hyper::Request<Incoming>,
    ) -> Result<T, Failure> {
        let body = Limited::new(asked.into_body(), MAX_BODY).collect();
        let body = timeout_at(self.read_by, body).await.map_err(|_| {
            Failure::new(StatusCode::REQUEST_TIMEOUT, "the request has no end".into())
        })?;
        let body = body.map_err(|error| {
            let status = if error.is::<LengthLimitError>() {
                StatusCode::PAYLOAD_TOO_LARGE
            } else {
                StatusCode::BAD_REQUEST
            };
            Failure::new(status, error.to_string())
        })?;
        serde_json::from_slice(&body.to_bytes())
            .map_err(|error| Failure::new(StatusCode::BAD_REQUEST, error.to_string()))
    }
}

fn stream(telling: Telling) -> Response<Body> {
    let mut response = Response::new(Either::Right(telling));
    let lines = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(CONTENT_TYPE, lines);
    response
}

fn json(status: StatusCode, content: &impl Serialize) -> Response<Body> {
    let content = serde_json::to_vec(content).expect("texts and numbers");
    let mut response = Response::new(Either::Left(Full::from(content)));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

impl Failure {
    fn new(status: StatusCode, error: String) -> Self {
        Self {
            status,
            error,
            allowed: None,
            upgrade: None,
        }
    }

    fn not_upgraded(to: HeaderValue) -> Self {
        let error = format!("this path takes the header `upgrade: {TERMINAL}` only");
        Self {
            upgrade: Some(to),
            ..Self::new(StatusCode::UPGRADE_REQUIRED, error)
        }
    }

    fn ending() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the session is ending".into(),
        )
    }

    /// None reaches a unix socket, unless somebody forwards a TCP port to it.
    fn web_page() -> Self {
        let error = "web pages are not answered (header `origin`)";
        Self::new(StatusCode::FORBIDDEN, error.into())
    }

    fn unknown_asker() -> Self {
        let error = "the system does not tell which process asks";
        Self::new(StatusCode::CONFLICT, error.into())
    }

    fn into_response(self) -> Response<Body> {
        let mut response = json(self.status, &json!({ "error": self.error }));
        if let Some(allowed) = self.allowed {
            let allowed = HeaderValue::from_str(allowed.as_str()).expect("a method is a token");
            response.headers_mut().insert(ALLOW, allowed);
        }
        if let Some(upgrade) = self.upgrade {
            response.headers_mut().insert(UPGRADE, upgrade);
        }
        response
    }
}

impl From<Astray> for Failure {
    fn from(astray: Astray) -> Self {
        match astray {
            Astray::Unknown => Self::new(StatusCode::NOT_FOUND, "there is no such path".into()),
            Astray::Only(method) => Self {
                allowed: Some(method.clone()),
                ..Self::new(
                    StatusCode::METHOD_NOT_ALLOWED,
                    format!("this path takes {method} only"),
                )
            },
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownApp => Self::new(
                StatusCode::NOT_FOUND,
                "this session does not run that app".into(),
            ),
            Refusal::UnknownProcess(name) => Self::new(
                StatusCode::NOT_FOUND,
                format!("the app has no process `{name}`"),
            ),
            Refusal::IsItsOwn => Self::new(
                StatusCode::CONFLICT,
                "the app was started by a `devrun start` of its own".into(),
            ),
            Refusal::StoodIn {
                process,
                by: Program { pid, command },
            } => Self::new(
                StatusCode::CONFLICT,
                format!("`{command}` (pid {pid}) has the place of {process}"),
            ),
            Refusal::TurnedAway => Self::new(
                StatusCode::CONFLICT,
                "somebody wanted that process otherwise meanwhile".into(),
            ),
            Refusal::CannotRun(cause) => Self::new(StatusCode::CONFLICT, cause),
            Refusal::NotUp { process, state } => {
                Self::new(StatusCode::CONFLICT, format!("{process} is {state}"))
            }
            Refusal::HasNoTerminal(process) => Self::new(
                StatusCode::CONFLICT,
                format!("{process} has no terminal: it runs with pipes"),
            ),
            Refusal::WhoseTerminal(names) if names.is_empty() => Self::new(
                StatusCode::CONFLICT,
                "no process that runs has a terminal".into(),
            ),
            Refusal::WhoseTerminal(names) => Self::new(
                StatusCode::CONFLICT,
                format!(
                    "nobody waits for input, and several have a terminal: {}",
                    wording::list(&names)
                ),
            ),
        }
    }
}
