//! What other sessions ask of this one: how its apps are, to start something of them, or to have one.

use std::collections::{BTreeMap, HashMap, HashSet};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::control::server::Server;
use crate::control::{Follower, FollowerId, Refusal, Reply, Request, Teller};
use crate::driver::Driver;
use crate::driver::world::World;
use crate::os;
use crate::plan::{self, AppIndex};
use crate::registry;
use crate::supervisor::{Event, ProcessIndex};
use crate::words::notice::{Notice, Shown};
use crate::words::wire::env::ProcessEnv;
use crate::words::wire::process::Failure;
use crate::words::wire::{AppState, Asker, Farewell, HandedOver, ProcessState, Told};
use crate::words::wiring::Wiring;
use crate::words::wording;

/// Of so many processes that have failed the last lines are told: a state is one line, of a bounded length.
const POST_MORTEMS: usize = 50;

/// Who asks this session, and what it was asked that is not done yet.
pub(super) struct Sharing {
    requests: mpsc::UnboundedReceiver<Request>,
    server: Option<(JoinHandle<()>, oneshot::Sender<()>)>,
    followers: HashMap<FollowerId, (AppIndex, Asker, Teller)>,
    /// What the followers of each app were told last.
    told: HashMap<AppIndex, AppState>,
    handing_over: HashMap<AppIndex, HandingOver>,
    /// To start, restart or stop something.
    requests_done: u64,
}

/// An app that is being given up.
struct HandingOver {
    replies: Vec<Reply<HandedOver>>,
    ports: BTreeMap<String, u16>,
    /// Its processes that are not gone yet.
    left: HashSet<ProcessIndex>,
}

impl Sharing {
    /// Listens where the registry says that this session is reached. Without such a place, on a full disk, or
    /// without the lock by which it is found nobody can ask, which is said: nothing else depends on it.
    pub(super) fn start(world: &mut World) -> (Self, Option<Notice>) {
        let (tell, requests) = mpsc::unbounded_channel();
        let socket = world.registry().socket();
        let server = socket
            .map_err(str::to_string)
            .and_then(|path| Server::bind(path).map_err(|error| os::words_of(&error)));
        if server.is_err() {
            world.registry().is_not_reached();
        }
        let unlocked = world.registry().unlocked();
        let unlocked = unlocked.map(|path| format!("`{}` cannot be locked", path.display()));
        let cause = server.as_ref().err().cloned().or(unlocked);
        let unreachable = cause.map(|cause| Notice::Unreachable { cause });
        let server = server.ok().map(|server| {
            let (end, ended) = oneshot::channel::<()>();
            let task = tokio::task::spawn_local(async move {
                let ended = async { drop(ended.await) };
                // Who cannot be answered finds nobody.
                let _ = server.run(tell, ended).await;
            });
            (task, end)
        });
        let sharing = Self {
            requests,
            server,
            followers: HashMap::new(),
            told: HashMap::new(),
            handing_over: HashMap::new(),
            requests_done: 0,
        };
        (sharing, unreachable)
    }

    /// The number of a request that is carried out now.
    pub(super) fn count_request(&mut self) -> u64 {
        self.requests_done += 1;
        self.requests_done
    }

    pub(super) async fn next(&mut self) -> Request {
        match self.requests.recv().await {
            Some(request) => request,
            None => std::future::pending().await,
        }
    }

    /// Who follows an app: the name of each one's own, each once.
    fn users(&self, app: AppIndex) -> Vec<String> {
        let followers = self.followers.values();
        let mut users: Vec<String> = followers
            .filter(|(followed, asker, _)| *followed == app && !asker.only_looks)
            .map(|(_, asker, _)| asker.app.clone())
            .collect();
        users.sort();
        users.dedup();
        users
    }
}

impl Driver {
    pub(super) fn asked(&mut self, request: Request) -> Vec<Event> {
        match request {
            Request::Apps(reply) => {
                let apps = 0..self.plan.apps.len();
                let owned = apps.filter(|app| self.world.is_owned(*app));
                let _ = reply.send(Ok(owned.map(|app| self.state_of(app)).collect()));
            }
            Request::App { app, reply } => {
                let found = self.owned(&app).map(|app| self.state_of(app));
                let _ = reply.send(found);
            }
            Request::Env {
                app,
                process,
                reply,
            } => {
                let _ = reply.send(self.env_of(&app, &process));
            }
            Request::Follow { follower, reply } => {
                let _ = reply.send(self.follower(follower));
            }
            Request::FollowerGone(id) => return self.hung_up(id),
            Request::HandOver { app, asker, reply } => return self.hand_over(&app, &asker, reply),
            Request::Knock { app } => return self.knocked(&app),
            Request::Processes { app, reply } => return self.tell_processes(&app, reply),
            Request::Replace {
                app,
                process,
                pid,
                replacing,
                reply,
            } => return self.replace((&app, &process), pid, replacing, reply),
            Request::Attach { visitor, reply } if !self.is_over() => {
                let _ = reply.send(self.visitor(visitor));
            }
            // Who gets no reply is told that the session ends.
            Request::Attach { .. } => {}
            Request::VisitorResized(id) => self.visitor_resized(id),
            Request::VisitorGone(id) => self.visitor_gone(id),
            Request::Borrow {
                borrower,
                processes,
                reply,
            } => return self.borrow(borrower, &processes, reply),
            Request::Steer {
                app,
                asked,
                processes,
                reply,
            } => return self.steer(&app, asked, &processes, reply),
            Request::End(reply) => return self.end_asked(reply),
        }
        Vec::new()
    }

    /// The app of ours that has this key.
    pub(super) fn owned(&self, key: &str) -> Result<AppIndex, Refusal> {
        let mut apps = 0..self.plan.apps.len();
        let is_it = |app: &AppIndex| {
            self.world.is_owned(*app) && registry::app_key(&self.plan.apps[*app].identity) == key
        };
        apps.find(is_it).ok_or(Refusal::UnknownApp)
    }

    /// `process` as it is called within its app.
    pub(super) fn place_of(&self, app: &str, process: &str) -> Result<ProcessIndex, Refusal> {
        let mut places = self.world.processes_of(self.owned(app)?).into_iter();
        let is_it = |place: &ProcessIndex| self.plan.processes[*place].name.in_app() == process;
        let place = places.find(is_it);
        place.ok_or_else(|| Refusal::UnknownProcess(process.to_string()))
    }

    fn env_of(&self, app: &str, process: &str) -> Result<ProcessEnv, Refusal> {
        let place = self.place_of(app, process)?;
        Ok(match self.changes.env_of_run(place) {
            Some(env) => ProcessEnv::of(env, false),
            None => ProcessEnv::of(&self.plan.processes[place].env, true),
        })
    }

    fn follower(&mut self, follower: Follower) -> Result<(), Refusal> {
        let app = self.owned(&follower.app)?;
        self.add_follower(app, follower)
    }

    /// The state is told with the next round: it is to be the one after all that has happened by then.
    pub(super) fn add_follower(
        &mut self,
        app: AppIndex,
        follower: Follower,
    ) -> Result<(), Refusal> {
        // Who only looks may see how it ends.
        if self.is_over() && !follower.asker.only_looks {
            return Err(Refusal::UnknownApp);
        }
        let Follower {
            id, asker, teller, ..
        } = follower;
        if !asker.only_looks {
            self.output.say(&Notice::Wiring(Wiring::UsedBy {
                app: self.plan.apps[app].name.clone(),
                by: asker.app.clone(),
                pid: asker.pid,
            }));
        }
        self.sharing.followers.insert(id, (app, asker, teller));
        self.sharing.told.remove(&app);
        Ok(())
    }

    pub(super) fn follower_gone(&mut self, id: FollowerId) {
        self.sharing.followers.remove(&id);
    }

    /// Tells the followers of each app what has changed.
    pub(super) fn publish(&mut self) {
        let mut followed: Vec<AppIndex> = self
            .sharing
            .followers
            .values()
            .map(|(app, _, _)| *app)
            .collect();
        followed.sort_unstable();
        followed.dedup();
        for app in followed {
            let state = self.state_of(app);
            if self.sharing.told.get(&app) == Some(&state) {
                continue;
            }
            for (_, _, teller) in self.sharing.followers.values().filter(|it| it.0 == app) {
                teller.tell(Told::State(state.clone()));
            }
            self.sharing.told.insert(app, state);
        }
    }

    pub(super) fn state_of(&self, app: AppIndex) -> AppState {
        let now = self.now();
        let rows = self.supervisor.rows(now);
        let all = self.world.processes_of(app).into_iter();
        let (dormant, places): (Vec<ProcessIndex>, Vec<ProcessIndex>) =
            all.partition(|place| rows[*place].is_dormant);
        let process = |place: ProcessIndex| {
            let row = &rows[place];
            let failure = row.failure.as_ref();
            let ports = self.world.ports(place);
            let is_known = row.url.is_some() || ports.reached != ports.given;
            ProcessState {
                name: row.process.in_app(),
                state: row.state.word().to_string(),
                port: ports.reached,
                given: ports.given,
                further: ports.further.clone(),
                url: ports
                    .reached
                    .filter(|_| is_known)
                    .map(|port| plan::url(self.plan.processes[place].scheme, port)),
                pid: row.pid,
                run: row.run,
                stand_in: row.stand_in,
                grace_ms: row.pid.map(|_| {
                    let grace = self.plan.processes[place].grace;
                    u64::try_from(grace.as_millis()).unwrap_or(u64::MAX)
                }),
                is_ready: self.supervisor.serves(place),
                is_settled: self.supervisor.is_settled(place),
                last_lines: self.supervisor.last_lines(place).to_vec(),
                failed: (row.state == Shown::Failed)
                    .then(|| failure.map_or(1, |(exit, _, _)| exit.status())),
                cause: self.cause_of(place, row),
                failure: self.failure_of(place, now).map(Failure::without_time),
                not_ready: row.not_ready.clone(),
                waiting_for: row.waits_for.iter().map(wording::waited_for).collect(),
            }
        };
        let mut processes: Vec<ProcessState> = places.into_iter().map(process).collect();
        let post_mortems = processes
            .iter_mut()
            .filter_map(|it| Some((&mut it.last_lines, it.failure.as_mut()?)));
        for (last_lines, failure) in post_mortems.skip(POST_MORTEMS) {
            last_lines.clear();
            failure.last_line = None;
        }
        AppState {
            name: self.plan.apps[app].name.to_string(),
            identity: self.plan.apps[app].identity.to_string_lossy().into_owned(),
            pid: std::process::id() as i32,
            is_sibling: !self.world.is_started_for_itself(app),
            is_root: self.world.resolved().is_root(app),
            used_by: self.sharing.users(app),
            processes,
            joined: self.joined_apps(),
            dormant: dormant
                .into_iter()
                .map(|place| rows[place].process.in_app())
                .collect(),
            requests: self.sharing.requests_done,
            is_ending: self.is_over(),
        }
    }

    /// The apps that are used here and run elsewhere.
    fn joined_apps(&self) -> Vec<String> {
        let apps = (0..self.plan.apps.len()).filter(|app| self.is_joined(*app));
        let identity = |app: AppIndex| self.plan.apps[app].identity.to_string_lossy().into_owned();
        apps.map(identity).collect()
    }

    fn hand_over(&mut self, key: &str, asker: &Asker, reply: Reply<HandedOver>) -> Vec<Event> {
        let app = match self.owned(key) {
            Ok(app) if self.world.is_started_for_itself(app) => {
                let _ = reply.send(Err(Refusal::IsItsOwn));
                return Vec::new();
            }
            Ok(app) => app,
            Err(refusal) => {
                let _ = reply.send(Err(refusal));
                return Vec::new();
            }
        };
        if let Some(handing_over) = self.sharing.handing_over.get_mut(&app) {
            handing_over.replies.push(reply);
            return Vec::new();
        }
        let places = self.world.processes_of(app);
        let rows = self.supervisor.rows(self.now());
        let running = places.iter().filter(|place| rows[**place].pid.is_some());
        self.output.say(&Notice::Wiring(Wiring::HandsOver {
            app: self.plan.apps[app].name.clone(),
            pid: asker.pid,
            processes: running.count(),
        }));
        let handing_over = HandingOver {
            replies: vec![reply],
            ports: self.world.known_ports(app),
            left: places.iter().copied().collect(),
        };
        self.sharing.handing_over.insert(app, handing_over);
        let taken_over = |process| Event::TakenOver { process };
        places.into_iter().map(taken_over).collect()
    }

    /// Nothing of the process is left here. With the last one its app is free.
    pub(super) fn given_away(&mut self, process: ProcessIndex) {
        let app = self.plan.processes[process].app;
        let Some(handing_over) = self.sharing.handing_over.get_mut(&app) else {
            return;
        };
        handing_over.left.remove(&process);
        if !handing_over.left.is_empty() {
            return;
        }
        let handed_over = self.sharing.handing_over.remove(&app);
        self.world.release(app);
        self.farewell(app, Farewell::TakenOver);
        self.await_taker(app);
        let Some(HandingOver { replies, ports, .. }) = handed_over else {
            return;
        };
        for reply in replies {
            let ports = ports.clone();
            let _ = reply.send(Ok(HandedOver { ports }));
        }
    }

    fn farewell(&mut self, app: AppIndex, farewell: Farewell) {
        self.sharing.told.remove(&app);
        let followers = &mut self.sharing.followers;
        let of_app = followers.extract_if(|_, (followed, _, _)| *followed == app);
        for (_, (_, _, teller)) in of_app {
            teller.tell(Told::Ended(farewell));
        }
    }

    /// Who outside still uses what is about to end.
    pub(super) fn say_still_used(&self) {
        for app in 0..self.plan.apps.len() {
            let by = self.sharing.users(app);
            if self.world.is_owned(app) && !by.is_empty() {
                let app = self.plan.apps[app].name.clone();
                self.output
                    .say(&Notice::Wiring(Wiring::StillUsed { app, by }));
            }
        }
    }

    /// Nothing runs here any more: whoever uses an app of ours may go on with it, or learns that it is
    /// stopped.
    pub(super) async fn leave(&mut self) {
        for app in 0..self.plan.apps.len() {
            if !self.world.is_owned(app) {
                continue;
            }
            let farewell = if self.world.is_started_for_itself(app) {
                Farewell::Stopped
            } else {
                Farewell::LeftToUsers
            };
            self.world.release(app);
            self.farewell(app, farewell);
        }
        self.sharing.handing_over.clear();
        self.output.close_visits();
        if let Some((task, end)) = self.sharing.server.take() {
            drop(end);
            let _ = task.await;
        }
    }
}
