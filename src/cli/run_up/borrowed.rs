//! What other processes are borrowed, and how they are: each app of its session, over a connection whose end gives
//! them back.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};

use crate::cli::run_up::{Needed, NeededApp};
use crate::control::client::{self, Following};
use crate::registry;
use crate::words::notice::Shown;
use crate::words::report::Report;
use crate::words::wire::{AppState, Asker, ProcessState, Told};
use crate::words::wording;

/// Whoever is waited for so long is named,
const NAMED_AFTER: Duration = Duration::from_secs(2);
/// and again after as long as this.
const NAMED_AGAIN: Duration = Duration::from_secs(10);
/// A session that was given something back says within this time that it stops that; else somebody else
/// needs it.
const STOPS_WITHIN: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Borrowed {
    apps: Vec<App>,
    /// As they are called in their sessions.
    lent: Vec<String>,
    told: Option<Ears>,
    /// One for each app.
    listening: JoinSet<()>,
}

#[derive(Debug)]
struct App {
    /// Within the app.
    processes: Vec<String>,
    state: Option<AppState>,
    is_over: bool,
}

/// What is told, with the place of the app; `None`: nothing more.
type Heard = (usize, Option<Told>);

#[derive(Debug)]
struct Ears {
    tell: mpsc::UnboundedSender<Heard>,
    heard: mpsc::UnboundedReceiver<Heard>,
}

impl Borrowed {
    /// # Errors
    /// Nobody runs it, or does not answer.
    pub(super) async fn borrow(&mut self, app: &NeededApp) -> Result<(), Report> {
        let way = Way::to(app)?;
        let following = client::borrow(&way.socket, &way.key, &way.asker, &app.processes);
        self.listen(app, following.await.map_err(|error| silent(app, &error))?);
        Ok(())
    }

    fn listen(&mut self, app: &NeededApp, mut following: Following) {
        let ears = self.told.get_or_insert_with(|| {
            let (tell, heard) = mpsc::unbounded_channel();
            Ears { tell, heard }
        });
        let (tell, place) = (ears.tell.clone(), self.apps.len());
        self.apps.push(App {
            processes: app.processes.clone(),
            state: None,
            is_over: false,
        });
        self.listening.spawn(async move {
            loop {
                let told = following.next().await;
                let is_last = told.is_none();
                if tell.send((place, told)).is_err() || is_last {
                    return;
                }
            }
        });
    }

    /// Something runs for our sake alone.
    pub(super) fn has_lent(&self) -> bool {
        !self.lent.is_empty()
    }

    /// Takes in the next news; never comes back where there are none to come. Cancel safe.
    pub(super) async fn look(&mut self) {
        let Some(ears) = &mut self.told else {
            return std::future::pending().await;
        };
        // We have an end to tell with ourselves, so there is no last one.
        let Some((place, told)) = ears.heard.recv().await else {
            return;
        };
        let app = &mut self.apps[place];
        match told {
            Some(Told::State(state)) => app.state = Some(state),
            Some(Told::Lent(names)) => {
                if !names.is_empty() {
                    eprintln!("starting {}", wording::listed(&names));
                }
                self.lent.extend(names);
            }
            Some(Told::Ended(_)) | None => app.is_over = true,
        }
    }

    /// Comes back when nothing more is to be waited for, and all is well.
    ///
    /// # Errors
    /// Somebody has failed for good, or a session has ended.
    pub(super) async fn until_ready(&mut self) -> Result<(), Vec<Report>> {
        let mut name_at = Instant::now() + NAMED_AFTER;
        loop {
            let failed = self.failures();
            if !failed.is_empty() {
                return Err(failed);
            }
            if self.apps.iter().all(App::is_settled) {
                return Ok(());
            }
            tokio::select! {
                () = self.look() => {}
                () = time::sleep_until(name_at) => {
                    self.say_waiting("to be ready", |process| !process.is_settled);
                    name_at = Instant::now() + NAMED_AGAIN;
                }
            }
        }
    }

    fn failures(&self) -> Vec<Report> {
        let is_over = self.apps.iter().any(|app| app.is_over && !app.is_settled());
        let ended = is_over.then(|| Report::new("the session has ended before all was ready"));
        let failed = self
            .processes()
            .filter_map(|process| Some(failure(process, process.failed?)));
        let failed: Vec<Report> = failed.collect();
        if failed.is_empty() {
            return ended.into_iter().collect();
        }
        failed
    }

    /// Those that are needed, as they are now.
    fn processes(&self) -> impl Iterator<Item = &ProcessState> {
        self.apps.iter().flat_map(App::needed)
    }

    fn say_waiting(&self, what_for: &str, is_awaited: impl Fn(&ProcessState) -> bool) {
        let awaited = self.processes().filter(|process| is_awaited(process));
        let names: Vec<&String> = awaited.map(|process| &process.name).collect();
        if !names.is_empty() {
            eprintln!("waiting for {} {what_for}", wording::listed(names));
        }
    }

    /// Until `ended`, with a word on who is waited for.
    pub(super) async fn while_stopping(mut self, ended: impl Future<Output = ()>) {
        let mut name_at = Instant::now() + NAMED_AFTER;
        tokio::pin!(ended);
        loop {
            tokio::select! {
                () = &mut ended => return,
                () = self.look() => {}
                () = time::sleep_until(name_at) => {
                    self.say_waiting("to stop", |process| process.pid.is_some());
                    name_at = Instant::now() + NAMED_AGAIN;
                }
            }
        }
    }

    /// Hangs up, and waits until those have stopped that ran for us.
    pub(super) async fn give_back(self, needed: &Needed) {
        if self.lent.is_empty() {
            return;
        }
        // From before the end, so that nothing of it is missed.
        let mut seen = Self::default();
        for app in &needed.apps {
            let Ok(way) = Way::to(app) else { continue };
            if let Ok(following) = client::follow(&way.socket, &way.key, &way.asker).await {
                seen.listen(app, following);
            }
        }
        let lent = self.lent.clone();
        drop(self);
        let begun = Instant::now();
        let mut name_at = begun + NAMED_AFTER;
        let stopping = Shown::Stopping.word();
        loop {
            let is_late = begun.elapsed() >= STOPS_WITHIN;
            let is_awaited = |process: &ProcessState| {
                process.pid.is_some()
                    && lent.iter().any(|name| is_called(name, &process.name))
                    && (process.state == stopping || !is_late)
            };
            let is_seen = seen
                .apps
                .iter()
                .all(|app| app.is_over || app.state.is_some());
            if is_seen && !seen.processes().any(is_awaited) {
                return;
            }
            tokio::select! {
                () = seen.look() => {}
                () = time::sleep_until(begun + STOPS_WITHIN), if !is_late => {}
                () = time::sleep_until(name_at) => {
                    seen.say_waiting("to stop", is_awaited);
                    name_at = Instant::now() + NAMED_AGAIN;
                }
            }
        }
    }
}

impl App {
    fn needed(&self) -> impl Iterator<Item = &ProcessState> {
        let processes = self.state.iter().flat_map(|state| &state.processes);
        processes.filter(|process| self.processes.contains(&process.name))
    }

    fn is_settled(&self) -> bool {
        self.state.is_some() && self.needed().all(|process| process.is_settled)
    }
}

/// Where an app is borrowed, and by whom.
struct Way {
    socket: std::path::PathBuf,
    key: String,
    asker: Asker,
}

impl Way {
    fn to(app: &NeededApp) -> Result<Self, Report> {
        let owner = registry::running(&app.identity);
        let nobody = || Report::new(format!("nobody runs {}", app.name));
        Ok(Self {
            socket: owner.and_then(|owner| owner.socket).ok_or_else(nobody)?,
            key: registry::app_key(&app.identity),
            asker: Asker {
                pid: std::process::id() as i32,
                app: app.name.clone(),
                directory: app.directory.clone(),
                only_looks: true,
            },
        })
    }
}

fn silent(app: &NeededApp, error: &std::io::Error) -> Report {
    Report::new(format!("the session that runs {} does not help", app.name)).caused_by(error)
}

/// What it wrote last stands above it: the report comes where people look.
fn failure(process: &ProcessState, status: u8) -> Report {
    let name = &process.name;
    if !process.last_lines.is_empty() {
        eprintln!("the last lines of {name}:");
        for line in &process.last_lines {
            eprintln!("  {line}");
        }
    }
    Report::new(format!(
        "{name} failed with status {status} before all was ready"
    ))
}

/// Whether a process `name` of an app is the one that its session calls `called`: `api/web.1`.
fn is_called(called: &str, name: &str) -> bool {
    called.rsplit('/').next() == Some(name)
}
