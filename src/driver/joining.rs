//! Apps that this session uses and another one runs, or nobody: follows their owners, and becomes the owner
//! where it may.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::control::client;
use crate::driver::Driver;
use crate::driver::keyboard::Keyboard;
use crate::driver::world::World;
use crate::plan::AppIndex;
use crate::registry::{self, Owner, Ownership};
use crate::supervisor::{Elsewhere, Event, ProcessIndex};
use crate::words::name::ProcessName;
use crate::words::notice::{Notice, Shown};
use crate::words::uses::Start;
use crate::words::wire::{AppState, Farewell, Steering, Told};
use crate::words::wiring::Wiring;

/// How soon an owner is looked for again who is about to be there, or to be gone: no event tells of that.
const AGAIN_IN: Duration = Duration::from_millis(50);
/// One that is still not there after long is looked for this often.
const SELDOM: Duration = Duration::from_secs(1);
/// A wait of that length is said.
const NOTICEABLE: Duration = Duration::from_secs(1);
/// Whoever takes an app over should have it by then.
const TAKEN_OVER_IN: Duration = Duration::from_secs(10);

/// What is heard of the owners.
pub(super) type News = (AppIndex, Heard);

#[derive(Debug)]
pub(super) enum Heard {
    Told(Told),
    /// The connection is gone, without a farewell.
    Vanished,
    /// Nobody answers there yet.
    Unreached,
}

#[derive(Debug)]
pub(super) struct Joins {
    tell: mpsc::UnboundedSender<News>,
    heard: mpsc::UnboundedReceiver<News>,
    apps: Vec<Join>,
}

#[derive(Debug, Default)]
struct Join {
    following: Option<AbortHandle>,
    /// When the owner is to be looked for, and since when that is going on.
    seek_at: Option<Instant>,
    seeking_since: Option<Instant>,
    is_seeking_said: bool,
    /// It was looked for once: from then on events tell.
    is_sought: bool,
    /// It was ended on purpose: it is not started from here unless somebody asks for that.
    is_left_alone: bool,
    /// Of whom the owner was asked to start it.
    asked_for: HashSet<ProcessIndex>,
}

impl Joins {
    pub(super) fn new(world: &World) -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        let apps = world.resolved().sources.apps.apps.len();
        // One of ours is known, and who takes it over knocks; the others are sought once they are needed.
        let join = |app| Join {
            is_sought: world.is_owned(app) || world.is_left_alone(app),
            is_left_alone: world.is_left_alone(app),
            ..Join::default()
        };
        Self {
            tell,
            heard,
            apps: (0..apps).map(join).collect(),
        }
    }

    pub(super) async fn heard(&mut self) -> News {
        match self.heard.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }

    /// When an owner is to be looked for.
    pub(super) fn seek_at(&self) -> Option<Instant> {
        self.apps.iter().filter_map(|join| join.seek_at).min()
    }
}

impl Driver {
    /// Apps that could not be had when the session began: who cannot do without them fails.
    pub(super) fn failed_at_first(&self) -> Vec<Event> {
        let apps = 0..self.joins.apps.len();
        let failed = apps.filter(|app| self.world.is_left_alone(*app));
        failed
            .flat_map(|app| self.elsewhere(app, Elsewhere::Failed(1)))
            .collect()
    }

    /// Looks for the owners of apps that somebody needs only now.
    pub(super) fn seek_newly_needed(&mut self) {
        for app in 0..self.joins.apps.len() {
            if !self.joins.apps[app].is_sought && !self.world.is_owned(app) && self.is_needed(app) {
                self.joins.apps[app].is_sought = true;
                self.joins.apps[app].seek_at = Some(Instant::now());
            }
        }
    }

    /// It is used here, and is another session's to run.
    pub(super) fn is_joined(&self, app: AppIndex) -> bool {
        !self.world.is_owned(app) && self.is_needed(app)
    }

    /// Whether anything of an app is to run, here or elsewhere.
    fn is_needed(&self, app: AppIndex) -> bool {
        let places = self.world.processes_of(app);
        places
            .iter()
            .any(|place| self.supervisor.is_asked_for(*place))
    }

    /// Looks for the owners that are due.
    pub(super) fn seek_due(&mut self) -> Vec<Event> {
        let now = Instant::now();
        let due = |app: &usize| self.joins.apps[*app].seek_at.is_some_and(|at| at <= now);
        let due: Vec<AppIndex> = (0..self.joins.apps.len()).filter(due).collect();
        due.into_iter().flat_map(|app| self.seek(app)).collect()
    }

    /// Follows the app's owner; where there is none, becomes it, if that may be.
    fn seek(&mut self, app: AppIndex) -> Vec<Event> {
        let join = &mut self.joins.apps[app];
        join.seek_at = None;
        if self.world.is_owned(app) || self.is_over() {
            return Vec::new();
        }
        let identity = self.world.resolved().app(app).identity.clone();
        if let Some(owner) = registry::running(&identity) {
            return self.follow(app, &owner);
        }
        let join = &self.joins.apps[app];
        if self.world.resolved().start[app] == Start::Never || join.is_left_alone {
            self.joins.apps[app].seeking_since = None;
            return self.elsewhere(app, Elsewhere::Absent);
        }
        match self.world.try_own(app) {
            Ownership::Ours => self.start_sibling(app, None),
            Ownership::Held(_) | Ownership::BeingCleanedUp => {
                self.seek_again(app);
                Vec::new()
            }
        }
    }

    fn seek_again(&mut self, app: AppIndex) {
        let now = Instant::now();
        let join = &mut self.joins.apps[app];
        let since = *join.seeking_since.get_or_insert(now);
        let waited = now.duration_since(since);
        join.seek_at = Some(now + (waited / 10).clamp(AGAIN_IN, SELDOM));
        if waited >= NOTICEABLE && !std::mem::replace(&mut join.is_seeking_said, true) {
            let app = self.world.resolved().app_name(app);
            self.output
                .say(&Notice::Wiring(Wiring::BeingCleanedUp { app }));
        }
    }

    fn follow(&mut self, app: AppIndex, owner: &Owner) -> Vec<Event> {
        let join = &mut self.joins.apps[app];
        join.asked_for.clear();
        if let Some(following) = join.following.take() {
            following.abort();
        }
        let Some(socket) = owner.socket.clone() else {
            // Where no session can be asked, its word in the lock is all there is.
            self.joined(app, &owner.ports);
            return self.elsewhere(app, Elsewhere::Ready);
        };
        let key = registry::app_key(&self.world.resolved().app(app).identity);
        let asker = self.world.asker();
        let tell = self.joins.tell.clone();
        let task = tokio::task::spawn_local(async move {
            let Ok(mut following) = client::follow(&socket, &key, &asker).await else {
                let _ = tell.send((app, Heard::Unreached));
                return;
            };
            while let Some(told) = following.next().await {
                let is_last = matches!(told, Told::Ended(_));
                let _ = tell.send((app, Heard::Told(told)));
                if is_last {
                    return;
                }
            }
            let _ = tell.send((app, Heard::Vanished));
        });
        self.joins.apps[app].following = Some(task.abort_handle());
        Vec::new()
    }

    pub(super) fn heard(&mut self, (app, heard): News) -> Vec<Event> {
        if self.world.is_owned(app) || self.is_over() {
            return Vec::new();
        }
        let join = &mut self.joins.apps[app];
        match heard {
            Heard::Unreached => {
                self.seek_again(app);
                Vec::new()
            }
            Heard::Told(Told::State(state)) => {
                join.seeking_since = None;
                join.is_seeking_said = false;
                join.is_left_alone = false;
                self.seen(app, &state)
            }
            // Nothing is borrowed here.
            Heard::Told(Told::Lent(_)) => Vec::new(),
            Heard::Told(Told::Ended(farewell)) => {
                join.following = None;
                self.left(app, farewell)
            }
            Heard::Vanished => {
                join.following = None;
                let starts_it = self.world.resolved().start[app] == Start::Auto;
                let name = self.world.resolved().app_name(app);
                let vanished = Wiring::ProviderVanished {
                    app: name,
                    starts_it,
                };
                self.output.say(&Notice::Wiring(vanished));
                self.joins.apps[app].seek_at = Some(Instant::now());
                self.elsewhere(app, Elsewhere::Unknown)
            }
        }
    }

    /// The owner gives the app up.
    fn left(&mut self, app: AppIndex, farewell: Farewell) -> Vec<Event> {
        let now = Instant::now();
        let join = &mut self.joins.apps[app];
        match farewell {
            Farewell::LeftToUsers => join.seek_at = Some(now),
            // Whoever has it now knocks.
            Farewell::TakenOver => join.seek_at = Some(now + TAKEN_OVER_IN),
            Farewell::Stopped => {
                join.is_left_alone = true;
                let stopped = Wiring::ProviderStopped {
                    app: self.world.resolved().app_name(app),
                    directory: self.world.resolved().app(app).shown.clone(),
                    keep: self.keepers(app),
                    has_hint: self.keyboard.as_ref().is_some_and(Keyboard::is_ours),
                };
                self.output.say(&Notice::Wiring(stopped));
                return self.elsewhere(app, Elsewhere::Absent);
            }
        }
        self.elsewhere(app, Elsewhere::Unknown)
    }

    /// Who runs here with a URL of the app, and in which variable.
    fn keepers(&self, app: AppIndex) -> Vec<(ProcessName, String)> {
        let rows = self.supervisor.rows(self.now());
        let alive = self.plan.processes.iter().zip(&rows);
        let alive = alive.filter(|(process, row)| row.pid.is_some() && process.app != app);
        let mut keepers = Vec::new();
        for (process, _) in alive {
            for used in &process.uses {
                let is_its = |place: usize| self.plan.processes[place].app == app;
                if used.provider.is_some_and(is_its) {
                    keepers.push((process.name.clone(), used.variable.clone()));
                }
            }
        }
        keepers
    }

    /// What the owner says of the app now.
    fn seen(&mut self, app: AppIndex, state: &AppState) -> Vec<Event> {
        let mut events = Vec::new();
        let mut missing = Vec::new();
        for place in self.world.processes_of(app) {
            let slot = &self.world.resolved().slots[place];
            let is_wanted = self.supervisor.is_asked_for(place);
            let (name, process_type) = (slot.name.in_app(), slot.name.process_type.to_string());
            let found = state.processes.iter().find(|process| process.name == name);
            let now = match found {
                Some(found) => {
                    if let Some(port) = found.port {
                        self.reached(place, Some(port));
                        events.push(Event::PortMoved {
                            process: place,
                            port,
                            taken_by: None,
                        });
                    }
                    match found.failed {
                        Some(status) => Elsewhere::Failed(status),
                        None if found.is_ready => Elsewhere::Ready,
                        // Somebody has stopped it there, and may start it again.
                        None if found.state == Shown::Stopped.word() => Elsewhere::Absent,
                        None => Elsewhere::NotReady,
                    }
                }
                None => {
                    if is_wanted && self.joins.apps[app].asked_for.insert(place) {
                        missing.push(process_type);
                    }
                    Elsewhere::NotReady
                }
            };
            events.push(Event::Elsewhere {
                process: place,
                now,
                is_served: found.is_some_and(|found| found.url.is_some()),
                not_ready: found.and_then(|found| found.not_ready.clone()),
            });
        }
        if self.world.resolved().start[app] == Start::Auto && !missing.is_empty() {
            self.ask_to_start(app, missing);
        }
        events
    }

    /// Asks the app's owner to start what he does not run.
    pub(super) fn ask_to_start(&mut self, app: AppIndex, processes: Vec<String>) {
        let identity = &self.world.resolved().app(app).identity;
        let socket = registry::running(identity).and_then(|owner| owner.socket);
        let key = registry::app_key(identity);
        if let Some(socket) = socket {
            tokio::task::spawn_local(async move {
                // Whoever waits for it sees whether it helped.
                let _ = client::steer(&socket, &key, Steering::Start, &processes).await;
            });
        }
    }

    /// Becomes the app's owner, and starts what is wanted of it, on the ports that it had. `asked`: somebody
    /// asked for this one.
    fn start_sibling(&mut self, app: AppIndex, asked: Option<ProcessIndex>) -> Vec<Event> {
        self.joins.apps[app].seeking_since = None;
        self.joins.apps[app].is_seeking_said = false;
        self.joins.apps[app].is_left_alone = false;
        self.joins.apps[app].is_sought = true;
        let known = self.world.known_ports(app);
        let assigned = self.world.assign(app, &known);
        self.guardian.hold(self.world.new_locks());
        let notices = match assigned {
            Ok(notices) => notices,
            Err(reports) => {
                self.world.release(app);
                self.joins.apps[app].is_left_alone = true;
                let app_name = self.world.resolved().app_name(app);
                let why = reports[0].headline.clone();
                let cannot = Wiring::CannotStart { app: app_name, why };
                self.output.say(&Notice::Wiring(cannot));
                return self.elsewhere(app, Elsewhere::Failed(1));
            }
        };
        let is_started = |place| asked == Some(place) || self.supervisor.is_asked_for(place);
        let starts = self.world.sibling_starts(app, &is_started);
        self.output.say(&Notice::Wiring(starts));
        for notice in &notices {
            self.output.say(notice);
        }
        self.changes.gather();
        if let Ok(plan) = self.world.plan() {
            self.adopt(plan);
        }
        self.knock(app);
        let places = self.world.processes_of(app).into_iter();
        places
            .flat_map(|process| {
                let port = self.plan.processes[process].port;
                let moved = port.map(|port| Event::PortMoved {
                    process,
                    port,
                    taken_by: None,
                });
                moved.into_iter().chain([Event::Adopted { process }])
            })
            .collect()
    }

    /// Tells all other sessions that an app has an owner now.
    pub(super) fn knock(&mut self, app: AppIndex) {
        let key = registry::app_key(&self.world.resolved().app(app).identity);
        let sessions = self.world.registry().sessions();
        // Not before the first processes are started.
        tokio::task::spawn_local(async move {
            for socket in sessions() {
                let key = key.clone();
                // One that is stopped (Ctrl-Z) holds nobody else up.
                tokio::task::spawn_local(async move {
                    // Whoever does not answer does not wait either.
                    let _: io::Result<()> = client::knock(&socket, &key).await;
                });
            }
        });
    }

    /// Somebody else owns an app now, as he says.
    pub(super) fn knocked(&mut self, key: &str) -> Vec<Event> {
        let apps = 0..self.joins.apps.len();
        let is_meant = |app: &usize| {
            registry::app_key(&self.world.resolved().app(*app).identity) == key
                && self.is_needed(*app)
                && !self.world.is_owned(*app)
        };
        let meant: Vec<AppIndex> = apps.filter(is_meant).collect();
        meant.into_iter().flat_map(|app| self.seek(app)).collect()
    }

    /// By hand: it is started here if nobody runs it.
    pub(super) fn start_elsewhere(&mut self, process: ProcessIndex) -> Vec<Event> {
        let slot = self.world.resolved().slots[process].clone();
        let identity = &self.world.resolved().app(slot.app).identity;
        if registry::running(identity).is_some() {
            self.ask_to_start(slot.app, vec![slot.name.process_type.to_string()]);
            return Vec::new();
        }
        self.joins.apps[slot.app].is_left_alone = false;
        let asked = Event::StartAsked { process };
        if self.world.try_own(slot.app) == Ownership::Ours {
            let mut events = self.start_sibling(slot.app, Some(process));
            events.push(asked);
            return events;
        }
        self.seek_again(slot.app);
        Vec::new()
    }

    /// Waits until whoever has taken the app over knocks.
    pub(super) fn await_taker(&mut self, app: AppIndex) {
        self.joins.apps[app].seek_at = Some(Instant::now() + TAKEN_OVER_IN);
    }

    fn joined(&mut self, app: AppIndex, ports: &BTreeMap<String, u16>) {
        self.world.joined(app, ports);
        self.changes.gather();
    }

    /// The same of all of an app's processes.
    fn elsewhere(&self, app: AppIndex, now: Elsewhere) -> Vec<Event> {
        let places = self.world.processes_of(app).into_iter();
        places
            .map(|process| Event::Elsewhere {
                process,
                now,
                is_served: false,
                not_ready: None,
            })
            .collect()
    }
}
