//! What other processes are borrowed, and how they are: each app of its session, over a connection whose end gives
//! them back.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};

use crate::cli::run_up::NeededApp;
use crate::cli::run_up::leash::Leash;
use crate::cli::session;
use crate::cli::tell::tell;
use crate::control::client::{self, Following};
use crate::os::spawn;
use crate::registry;
use crate::words::notice::Shown;
use crate::words::report::Report;
use crate::words::wire::{AppState, Asker, ProcessState, Told};
use crate::words::wording;

/// Whoever is to come up is named if he is waited for so long, and whenever that is somebody else.
const SAID_AFTER: Duration = Duration::from_secs(1);
/// Whoever is to stop is named if he is waited for so long,
const NAMED_AFTER: Duration = Duration::from_secs(2);
/// and all are again after as long as this.
const NAMED_AGAIN: Duration = Duration::from_secs(10);
/// A session that was given something back says within this time that it stops that; else somebody else
/// needs it.
const STOPS_WITHIN: Duration = Duration::from_secs(1);

/// Within this time a session answers that goes on.
const SAYS_WITHIN: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(super) struct Borrowed {
    needed: Vec<NeededApp>,
    apps: Vec<App>,
    /// As they are called in their sessions.
    lent: Vec<String>,
    told: Option<Ears>,
    /// One for each app.
    listening: JoinSet<()>,
}

#[derive(Debug)]
struct App {
    /// Of the session that runs it.
    socket: PathBuf,
    /// In front of the names of its processes, where there are several apps: `api/`.
    prefix: String,
    /// Within the app.
    processes: Vec<String>,
    state: Option<AppState>,
    is_over: bool,
    is_end_said: bool,
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
        self.needed.push(app.clone());
        let borrow =
            async || client::borrow(&way.socket, &way.key, &way.asker, &app.processes).await;
        let following = session::once_it_listens(borrow).await;
        let following = following.map_err(|error| silent(app, way.pid, &error))?;
        self.listen(app, way.socket, following);
        Ok(())
    }

    fn listen(&mut self, app: &NeededApp, socket: PathBuf, mut following: Following) {
        let ears = self.told.get_or_insert_with(|| {
            let (tell, heard) = mpsc::unbounded_channel();
            Ears { tell, heard }
        });
        let (tell, place) = (ears.tell.clone(), self.apps.len());
        self.apps.push(App {
            socket,
            prefix: app.prefix.clone(),
            processes: app.processes.clone(),
            state: None,
            is_over: false,
            is_end_said: false,
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
                    tell!("starting {}", wording::listed(&names));
                }
                self.lent.extend(names);
            }
            Some(Told::Ended(_)) | None => app.is_over = true,
        }
    }

    /// Once each: the command fails soon, and shall not be blamed for it.
    pub(super) fn say_whose_session_has_ended(&mut self) {
        for (app, needed) in self.apps.iter_mut().zip(&self.needed) {
            if app.is_over && !std::mem::replace(&mut app.is_end_said, true) {
                tell!("{} no longer runs: its session has ended", needed.name);
            }
        }
    }

    /// Comes back when nothing more is to be waited for, and all is well.
    ///
    /// # Errors
    /// Somebody has failed for good, or a session has ended.
    pub(super) async fn until_up(&mut self) -> Result<(), Vec<Report>> {
        let mut look_at = Instant::now() + SAID_AFTER;
        let (mut said, mut say_again_at) = (String::new(), look_at);
        loop {
            if self.has_gone_wrong() {
                return Err(self.failures().await);
            }
            if self.apps.iter().all(App::is_settled) {
                return Ok(());
            }
            tokio::select! {
                () = self.look() => {}
                () = time::sleep_until(look_at) => {
                    let (now, awaited) = (Instant::now(), self.awaited());
                    look_at = now + SAID_AFTER;
                    if !awaited.is_empty() && (awaited != said || now >= say_again_at) {
                        tell!("waiting for {awaited}");
                        (said, say_again_at) = (awaited, now + NAMED_AGAIN);
                    }
                }
            }
        }
    }

    /// Who is to come up, and what is missing: "web.1 to listen on 5000, and for api.1 to be ready".
    fn awaited(&self) -> String {
        let open = self.processes().filter(|(_, process)| !process.is_settled);
        let (mut listening, mut others) = (Vec::new(), Vec::new());
        for (shown, process) in open {
            let port = process.given.filter(|_| process.pid.is_some());
            let not_ready = process.not_ready.as_ref();
            if port.is_some() || not_ready.is_some() {
                listening.push(wording::ready(shown, port, not_ready));
            } else {
                others.push(shown);
            }
        }
        let listening = (!listening.is_empty()).then(|| wording::listed(listening));
        let others =
            (!others.is_empty()).then(|| format!("{} to be ready", wording::listed(others)));
        let all: Vec<String> = listening.into_iter().chain(others).collect();
        all.join(", and for ")
    }

    /// Who has a PORT and runs, but does not listen.
    pub(super) fn silent(&self) -> Vec<String> {
        let is_silent = |process: &ProcessState| {
            process.given.is_some() && process.pid.is_some() && !process.is_ready
        };
        let silent = self.processes().filter(|(_, process)| is_silent(process));
        silent.map(|(shown, _)| shown).collect()
    }

    fn has_gone_wrong(&self) -> bool {
        let has_failed = self
            .processes()
            .any(|(_, process)| process.failed.is_some());
        has_failed || self.apps.iter().any(|app| app.ends() && !app.is_settled())
    }

    /// Also of the apps that are used and run in the same session: the cause may be there.
    async fn failures(&self) -> Vec<Report> {
        let mut failed = Vec::new();
        let mut sockets: Vec<&PathBuf> = self.apps.iter().map(|app| &app.socket).collect();
        sockets.dedup();
        for socket in sockets {
            for state in client::apps(socket).await.unwrap_or_default() {
                if !self.apps.iter().any(|app| app.is_of(&state)) {
                    let shown = |process: &ProcessState| format!("{}/{}", state.name, process.name);
                    let others = state.processes.iter();
                    failed.extend(others.filter_map(|it| failure(&shown(it), it)));
                }
            }
        }
        failed.extend(
            self.processes()
                .filter_map(|(shown, it)| failure(&shown, it)),
        );
        if failed.is_empty() {
            failed.push(Report::new("the session ends before all is ready"));
        }
        failed
    }

    /// Those that are needed, as they are called and as they are now.
    fn processes(&self) -> impl Iterator<Item = (String, &ProcessState)> {
        self.apps.iter().flat_map(|app| {
            let shown = |process: &ProcessState| format!("{}{}", app.prefix, process.name);
            app.needed().map(move |process| (shown(process), process))
        })
    }

    fn say_waiting(&self, what_for: &str, is_awaited: impl Fn(&str, &ProcessState) -> bool) {
        let awaited = self.processes();
        let awaited = awaited.filter(|(shown, process)| is_awaited(shown, process));
        let names: Vec<String> = awaited.map(|(shown, _)| shown).collect();
        if !names.is_empty() {
            tell!("waiting for {} {what_for}", wording::listed(names));
        }
    }

    /// Lets the session go, and waits until it has ended, with a word on who is waited for. `false`: it goes on,
    /// for others.
    pub(super) async fn let_go(self, leash: Leash) -> bool {
        let mut seen = self.seen().await;
        drop(self);
        let session = leash.let_go();
        let ended = tokio::task::spawn_blocking(move || spawn::wait_for_exit(session));
        let begun = Instant::now();
        let mut name_at = begun + NAMED_AFTER;
        tokio::pin!(ended);
        loop {
            let is_late = begun.elapsed() >= STOPS_WITHIN;
            if is_late && seen.goes_on() {
                return false;
            }
            tokio::select! {
                _ = &mut ended => return true,
                () = seen.look() => {}
                () = time::sleep_until(begun + STOPS_WITHIN), if !is_late => {}
                () = time::sleep_until(name_at) => {
                    seen.say_waiting("to stop", |_, process| process.pid.is_some());
                    name_at = Instant::now() + NAMED_AGAIN;
                }
            }
        }
    }

    /// Something runs, and nothing is being stopped.
    fn goes_on(&self) -> bool {
        let mut running = self
            .processes()
            .filter(|(_, process)| process.pid.is_some());
        let is_stopping =
            |(_, process): (String, &ProcessState)| process.state == Shown::Stopping.word();
        running.next().is_some() && !self.processes().any(is_stopping)
    }

    /// The same apps, for whoever only looks on.
    async fn seen(&self) -> Self {
        let mut seen = Self::default();
        for app in &self.needed {
            let Ok(way) = Way::to(app) else { continue };
            let following = client::follow(&way.socket, &way.key, &way.asker);
            // One that is stopped (Ctrl-Z) says nothing, and shall not keep us.
            if let Ok(Ok(following)) = time::timeout(SAYS_WITHIN, following).await {
                seen.listen(app, way.socket, following);
            }
        }
        seen
    }

    /// Hangs up, and waits until those have stopped that ran for us. `false`: a session that stands still has
    /// them, and stops them when it goes on.
    pub(super) async fn give_back(self) -> bool {
        if self.lent.is_empty() {
            return true;
        }
        // From before the end, so that nothing of it is missed.
        let mut seen = self.seen().await;
        let is_all_seen = seen.apps.len() == self.apps.len();
        let (lent, needed) = (self.lent.clone(), self.needed.clone());
        drop(self);
        let begun = Instant::now();
        let mut name_at = begun + NAMED_AFTER;
        let stopping = Shown::Stopping.word();
        loop {
            let is_late = begun.elapsed() >= STOPS_WITHIN;
            let is_awaited = |shown: &str, process: &ProcessState| {
                process.pid.is_some()
                    && lent.iter().any(|called| is_called(called, shown))
                    && (process.state == stopping || !is_late)
            };
            let is_seen = seen
                .apps
                .iter()
                .all(|app| app.is_over || app.state.is_some());
            if is_seen
                && !seen
                    .processes()
                    .any(|(shown, process)| is_awaited(&shown, process))
            {
                return is_all_seen || !needed.iter().any(is_running);
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

    fn is_of(&self, other: &AppState) -> bool {
        let state = self.state.as_ref();
        state.is_some_and(|state| state.identity == other.identity)
    }

    /// What its session ends is up no more, or soon will be; what has done its work has done it.
    fn is_settled(&self) -> bool {
        let done = Shown::Completed.word();
        let is_settled = |it: &ProcessState| it.is_settled && (!self.ends() || it.state == done);
        self.state.is_some() && self.needed().all(is_settled)
    }

    fn ends(&self) -> bool {
        self.is_over || self.state.as_ref().is_some_and(|state| state.is_ending)
    }
}

/// Where an app is borrowed, and by whom.
struct Way {
    pid: i32,
    socket: PathBuf,
    key: String,
    asker: Asker,
}

impl Way {
    fn to(app: &NeededApp) -> Result<Self, Report> {
        let owner = registry::running(&app.identity);
        let place = owner.and_then(|owner| Some((owner.pid, owner.socket?)));
        let nobody = || Report::new(format!("nobody runs {}", app.name));
        let (pid, socket) = place.ok_or_else(nobody)?;
        Ok(Self {
            pid,
            socket,
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

fn is_running(app: &NeededApp) -> bool {
    registry::running(&app.identity).is_some()
}

fn silent(app: &NeededApp, pid: i32, error: &std::io::Error) -> Report {
    if error.kind() == std::io::ErrorKind::TimedOut {
        return session::silent(pid);
    }
    Report::new(format!("the session that runs {} does not help", app.name)).caused_by(error)
}

/// What it wrote last stands above it: the report comes where people look. `None`: it has not failed.
fn failure(shown: &str, process: &ProcessState) -> Option<Report> {
    let status = process.failed?;
    if !process.last_lines.is_empty() {
        tell!("the last lines of {shown}:");
        for line in &process.last_lines {
            tell!("  {line}");
        }
    }
    let headline = format!("{shown} failed with status {status} before all was ready");
    Some(Report::new(headline))
}

/// Whether the process that is `shown` as that is the one that its session, perhaps of several apps, calls
/// `called`: `api/web.1`.
fn is_called(called: &str, shown: &str) -> bool {
    called == shown || called.ends_with(&format!("/{shown}"))
}
