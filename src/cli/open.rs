//! `devrun open`: a process's URL in the browser, once it is served.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::timeout;

use crate::cli::args::{self, Open};
use crate::cli::context::Context;
use crate::cli::live::{self, LiveApp};
use crate::cli::tell::tell;
use crate::cli::{Failure, NOT_RUNNING, NOT_SO, NOT_STARTED, failure, refuse};
use crate::control::client::{self, Following};
use crate::driver::browser;
use crate::plan;
use crate::plan::resolve::Resolved;
use crate::plan::server;
use crate::plan::sources::Asked;
use crate::registry;
use crate::words::report::Report;
use crate::words::wire::{Asker, ProcessState, Told};
use crate::words::wording;

/// Nobody looks at a terminal for longer, to see a browser open.
const SERVED_WITHIN: Duration = Duration::from_secs(60);
/// So long it may take to turn out that there is no browser.
const BROWSER_FAILS_WITHIN: Duration = Duration::from_secs(3);

/// A process that is to be opened, and where to ask for it.
struct Meant {
    name: String,
    /// Within its app.
    process: String,
    at: At,
}

enum At {
    Socket {
        socket: PathBuf,
        key: String,
        asker: Asker,
    },
    /// Its session cannot be asked, and has written its ports all the same.
    Url(String),
}

pub(super) fn run(args: &Open) -> ExitCode {
    match meant(args).and_then(|meant| open(&meant)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { reports, status }) => refuse(&reports, status),
    }
}

fn open(meant: &Meant) -> Result<(), Failure> {
    let runtime = live::runtime().map_err(|error| {
        let report = Report::new("devrun could not be started");
        failure(report.caused_by(error), NOT_STARTED)
    })?;
    runtime.block_on(async {
        let url = served(meant).await?;
        tell!("opening {url}");
        // A command that runs on is the browser itself.
        match timeout(BROWSER_FAILS_WITHIN, browser::start(&url)).await {
            Ok(Ok(Err(cause))) => {
                let report = Report::new(format!("{url} could not be opened"));
                Err(failure(report.caused_by(cause), NOT_SO))
            }
            Ok(Ok(Ok(())) | Err(_)) | Err(_) => Ok(()),
        }
    })
}

fn meant(args: &Open) -> Result<Meant, Failure> {
    let place = args::Where {
        procfile: args.place.procfile.clone(),
        root: args.place.root.clone(),
        ..args::Where::default()
    };
    let wrong = |reports| Failure {
        reports,
        status: NOT_STARTED,
    };
    let context = Context::new(&place).map_err(wrong)?;
    let asked = Asked {
        only_looks: true,
        ..Asked::default()
    };
    let (resolved, live) = live::resolved(&context, asked).map_err(wrong)?;
    let place = match &args.process {
        Some(asked) => live::place_of(&resolved, asked),
        None => live::usual(&resolved, "open"),
    };
    let place = place.map_err(|report| wrong(vec![report]))?;
    let slot = &resolved.slots[place];
    if resolved.request(place).is_none() {
        let report = Report::new(format!("{} has no port", slot.name));
        return Err(wrong(vec![report]));
    }
    let app = live.app(slot.app);
    let app = app.ok_or_else(|| not_running(&resolved, place))?;
    Ok(Meant {
        name: slot.name.to_string(),
        process: slot.name.in_app(),
        at: match &app.owner.socket {
            Some(socket) => At::Socket {
                socket: socket.clone(),
                key: registry::app_key(&resolved.app(slot.app).identity),
                asker: onlooker(&resolved),
            },
            None => At::Url(in_lock(&resolved, place, app)?),
        },
    })
}

fn onlooker(resolved: &Resolved) -> Asker {
    Asker {
        pid: std::process::id() as i32,
        app: resolved.app_name(0).to_string(),
        directory: resolved.app(0).shown.clone(),
        only_looks: true,
    }
}

async fn served(meant: &Meant) -> Result<String, Failure> {
    match &meant.at {
        At::Url(url) => Ok(url.clone()),
        At::Socket { socket, key, asker } => {
            let followed = followed(meant, client::follow(socket, key, asker));
            timeout(SERVED_WITHIN, followed).await.unwrap_or_else(|_| {
                let limit = wording::duration(SERVED_WITHIN);
                let report = Report::new(format!("{} has served no URL in {limit}", meant.name));
                Err(failure(report, NOT_SO))
            })
        }
    }
}

/// Waits until the process serves its URL.
async fn followed(
    meant: &Meant,
    following: impl Future<Output = io::Result<Following>>,
) -> Result<String, Failure> {
    let gone = || {
        let report = Report::new(format!("{} does not run any more", meant.name));
        failure(
            report.help("`devrun start` runs it".to_string()),
            NOT_RUNNING,
        )
    };
    let mut following = following.await.map_err(|_| gone())?;
    let mut is_said = false;
    loop {
        let Some(Told::State(state)) = following.next().await else {
            return Err(gone());
        };
        let mut processes = state.processes.iter();
        let process = processes.find(|process| process.name == meant.process);
        match process.map(Progress::of) {
            Some(Progress::Serves(url)) => return Ok(url),
            Some(Progress::Comes(word)) => {
                if !std::mem::replace(&mut is_said, true) {
                    let limit = wording::duration(SERVED_WITHIN);
                    let name = &meant.name;
                    tell!("{name} is {word}: waiting until it serves its URL, at most {limit}");
                }
            }
            Some(Progress::Ended(word)) => return Err(ended(meant, &word)),
            None => return Err(ended(meant, "not running")),
        }
    }
}

/// What a process's state means for somebody who waits for its URL.
enum Progress {
    Serves(String),
    Comes(String),
    Ended(String),
}

impl Progress {
    fn of(process: &ProcessState) -> Self {
        if let Some(url) = &process.url {
            return Self::Serves(url.clone());
        }
        let word = process.state.clone();
        match word.as_str() {
            "failed" | "stopped" | "stopping" | "completed" => Self::Ended(word),
            _ => Self::Comes(word),
        }
    }
}

fn ended(meant: &Meant, word: &str) -> Failure {
    let report = Report::new(format!("{} is {word}", meant.name));
    let name = match meant.name.rsplit_once('.') {
        Some((name, "1")) => name,
        Some(_) | None => &meant.name,
    };
    let verb = if word == "failed" { "restart" } else { "start" };
    let help = format!("`devrun {verb} {name}` starts it");
    let status = if word == "failed" {
        NOT_SO
    } else {
        NOT_RUNNING
    };
    failure(report.help(help), status)
}

fn not_running(resolved: &Resolved, place: usize) -> Failure {
    let slot = &resolved.slots[place];
    let report = Report::new(format!("{} does not run", slot.name));
    let help = match resolved.is_root(slot.app) {
        true => "`devrun start` runs it".to_string(),
        false => format!("`devrun start` in {} runs it", resolved.app(slot.app).shown),
    };
    failure(report.help(help), NOT_RUNNING)
}

fn in_lock(resolved: &Resolved, place: usize, app: &LiveApp) -> Result<String, Failure> {
    let slot = &resolved.slots[place];
    let port = app.owner.ports.get(&slot.name.in_app());
    let port = port.ok_or_else(|| not_running(resolved, place))?;
    let command = &resolved.app(slot.app).entries[slot.entry].command;
    Ok(plan::url(server::scheme(command), *port))
}
