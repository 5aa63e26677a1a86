//! Readiness that proves ownership: which listening sockets belong to a run's own tree. Never connects:
//! that would disturb servers. Of a process without a PORT nobody waits to know: it is looked at with the others, or
//! when somebody asks.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use crate::driver::trees;
use crate::guardian::ID_VARIABLE;
use crate::guardian::protocol::RunId;
use crate::os::family::Marks;
use crate::os::process;
use crate::os::socket::{self, Listening, Owned, SocketTable};
use crate::plan::resolve::Ports;
use crate::supervisor::{Event, Listener};
use crate::words::port::Holder;
use crate::words::wire::process::Listens;

/// The kernel tells of no listen(2), so it is asked: this often at first,
const FIRST_INTERVAL: Duration = Duration::from_millis(10);
/// for so long after the spawn,
const EAGER: Duration = Duration::from_secs(2);
/// then ever more seldom, down to this,
const LAST_INTERVAL: Duration = Duration::from_secs(1);
/// and after so long only when the process writes.
const PATIENT: Duration = Duration::from_secs(60);

/// A listener whose owner cannot be told is somebody's server after so long: one that is being closed belongs to
/// nobody too, while its owner waits for the processor in the midst of close(2).
const OWNERLESS: Duration = Duration::from_millis(200);

/// Which every Erlang node (RabbitMQ, ejabberd) starts where none runs, long before it listens itself.
const PORT_MAPPER: &str = "epmd";

/// Watches the runs that have not bound their PORT yet.
#[derive(Debug)]
pub(super) struct Probe {
    guardian: i32,
    watched: BTreeMap<RunId, Watched>,
    sockets: SocketTable,
    looked_at: Option<Instant>,
    /// When the first of the watched is to be looked at, or one that was and is forgotten.
    due: Option<Instant>,
}

#[derive(Debug)]
struct Watched {
    port: Option<u16>,
    /// Its further ports: whoever listens there listens where it was told to.
    further: Vec<u16>,
    marks: Marks,
    spawned_at: Option<Instant>,
    next_at: Option<Instant>,
    interval: Duration,
    known: Vec<Listener>,
    /// The same, with addresses.
    sockets: Vec<Listens>,
    /// Somebody outside of its tree listens on its PORT; whether that one could be identified.
    stranger: Option<bool>,
    /// The listener on its PORT that nobody can be told of, and since when.
    ownerless: Option<(u64, Instant)>,
    /// Once so many orphans are known, those of them who have ended are forgotten.
    looked_through: usize,
}

impl Watched {
    /// News of it is waited for.
    fn is_to_listen(&self) -> bool {
        self.port.is_some()
    }

    fn is_ready(&self) -> bool {
        self.known
            .iter()
            .any(|listener| Some(listener.port) == self.port)
    }

    /// It is on its PORT, and not known yet whose it is.
    fn is_puzzled_by(&self, socket: &Listening) -> bool {
        Some(socket.port) == self.port && self.spawned_at.is_some() && self.stranger.is_none()
    }

    /// Not what it serves its PORT with, nor what it does in its place.
    fn is_beside(&self, owned: &Owned) -> bool {
        self.further.contains(&owned.socket.port)
            || process::name(owned.pid).is_some_and(|name| name == PORT_MAPPER)
    }

    fn schedule(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.spawned_at.unwrap_or(now));
        if age >= EAGER {
            self.interval = (self.interval * 2).min(LAST_INTERVAL);
        }
        self.next_at = (age < PATIENT && !self.is_ready()).then(|| now + self.interval);
    }

    /// Whether `socket`, which was there all the time, is somebody's server; else it is to be looked at again.
    fn has_outlasted(&mut self, socket: &Listening, now: Instant) -> bool {
        let since = self.ownerless.filter(|(id, _)| *id == socket.id);
        let since = since.map_or(now, |(_, since)| since);
        self.ownerless = Some((socket.id, since));
        let until = since + OWNERLESS;
        if now < until {
            self.next_at = Some(self.next_at.map_or(until, |next| next.min(until)));
        }
        now >= until
    }
}

impl Probe {
    pub(super) fn new(guardian: i32) -> Self {
        Self {
            guardian,
            watched: BTreeMap::new(),
            sockets: SocketTable::new(),
            looked_at: None,
            due: None,
        }
    }

    fn expect(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// Before the spawn.
    pub(super) fn watch(&mut self, id: RunId, ports: &Ports, marks: Marks) {
        let watched = Watched {
            port: ports.given,
            further: ports.further.clone(),
            marks,
            spawned_at: None,
            next_at: None,
            interval: FIRST_INTERVAL,
            known: Vec::new(),
            sockets: Vec::new(),
            stranger: None,
            ownerless: None,
            looked_through: 0,
        };
        self.watched.insert(id, watched);
    }

    /// `session`: the number of its session.
    pub(super) fn spawned(&mut self, id: RunId, (pid, session): (i32, i32), now: Instant) {
        if let Some(watched) = self.watched.get_mut(&id) {
            watched.marks.begin(pid, session);
            watched.spawned_at = Some(now);
            self.sockets.somebody_joined();
            if watched.is_to_listen() {
                let at = now + FIRST_INTERVAL;
                watched.next_at = Some(at);
                self.expect(at);
            }
        }
    }

    /// A program that somebody else has started: with all that descend from it, and nobody else of its
    /// session.
    pub(super) fn follow(&mut self, id: RunId, ports: &Ports, pid: i32, mark: &str) {
        self.watch(id, ports, marks((0, 0), mark));
        self.spawned(id, (pid, pid), Instant::now());
    }

    /// The guardian counts that orphan among those of a run, whatever is on it: it may be heard of where it listens.
    pub(super) fn adopted(&mut self, id: RunId, pid: i32, now: Instant) {
        if let Some(watched) = self.watched.get_mut(&id) {
            let adopted = &mut watched.marks.adopted;
            // The numbers of those who have ended may be given to others. Not looked at anew with each that comes: they may
            // be thousands. macOS gives orphans to launchd.
            if adopted.len() >= watched.looked_through {
                let parents = [Some(self.guardian), Some(1)];
                adopted.retain(|pid| parents.contains(&process::parents(*pid).next()));
                watched.looked_through = 2 * adopted.len();
            }
            adopted.push(pid);
            self.sockets.somebody_joined();
            if watched.is_to_listen() {
                watched.next_at = Some(now);
                self.expect(now);
            }
        }
    }

    pub(super) fn forget(&mut self, id: RunId) {
        self.watched.remove(&id);
    }

    /// A process wrote something: it may have begun, or ceased, to listen.
    pub(super) fn wrote(&mut self, process: usize, now: Instant) {
        let at = now + LAST_INTERVAL;
        for (id, watched) in &mut self.watched {
            if id.process as usize == process {
                watched.next_at = watched.next_at.or(Some(at));
            }
        }
        self.expect(at);
    }

    /// The processes that are looked at again only when they write.
    pub(super) fn patient(&self) -> impl Iterator<Item = usize> {
        let patient = self
            .watched
            .iter()
            .filter(|(_, watched)| watched.is_to_listen() && watched.next_at.is_none());
        patient.map(|(id, _)| id.process as usize)
    }

    /// One look serves all runs, so looks keep their distance.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let earliest = self.looked_at.map(|last| last + FIRST_INTERVAL);
        let due = self.due?;
        Some(earliest.map_or(due, |earliest| due.max(earliest)))
    }

    /// Asks the kernel once and returns what changed.
    pub(super) fn look(&mut self, now: Instant) -> Vec<Event> {
        self.looked_at = Some(now);
        for watched in self.watched.values_mut() {
            if watched.next_at.is_some_and(|next| next <= now) {
                watched.schedule(now);
            }
        }
        let events = self.changed(now);
        // One of them may have to be looked at again soon.
        let next = self.watched.values().filter_map(|watched| watched.next_at);
        self.due = next.min();
        events
    }

    fn changed(&mut self, now: Instant) -> Vec<Event> {
        // Where the kernel refuses to tell, nothing is ever ready: `running` is all that can be said.
        let Ok(mut listening) = socket::listeners() else {
            return Vec::new();
        };
        let watched = self.watched.values();
        let matters = |socket: &Listening| watched.clone().any(|it| it.is_puzzled_by(socket));
        if !self.sockets.has_news(&mut listening, matters, now) {
            return Vec::new();
        }
        let owners = trees::members(self.guardian, &self.spawned_runs());
        let pids: Vec<i32> = owners.iter().map(|(pid, _)| *pid).collect();
        let owners: HashMap<i32, RunId> = owners.into_iter().collect();
        let mut held: BTreeMap<RunId, Vec<Owned>> = BTreeMap::new();
        for owned in self.sockets.held_by(&listening, &pids) {
            held.entry(owners[&owned.pid]).or_default().push(owned);
        }
        let mut events = Vec::new();
        for (id, watched) in &mut self.watched {
            let held = held.remove(id).unwrap_or_default();
            let listeners = held.iter().filter(|it| !watched.is_beside(it));
            let listeners = listeners.map(listener).collect();
            watched.sockets = held.iter().map(|owned| listens(&owned.socket)).collect();
            let of_guardian = |holder: &Holder| is_below(holder, self.guardian, &owners);
            events.extend(changes(
                (*id, now),
                watched,
                listeners,
                &listening,
                of_guardian,
            ));
        }
        events
    }

    /// What the tree of a run listens on, as was seen last.
    pub(super) fn sockets(&self, id: RunId) -> &[Listens] {
        let watched = self.watched.get(&id);
        watched.map_or(&[], |watched| &watched.sockets)
    }

    /// What the runs that were spawned are known by.
    pub(super) fn spawned_runs(&self) -> Vec<(RunId, &Marks)> {
        let watched = self.watched.iter();
        let spawned = watched.filter(|(_, watched)| watched.spawned_at.is_some());
        spawned.map(|(id, watched)| (*id, &watched.marks)).collect()
    }
}

/// What a run will be known by: `output` is the identity of what it writes to, `mark` its `DEVRUN_ID`. Its
/// leader is told later.
pub(super) fn marks(output: (u64, u64), mark: &str) -> Marks {
    let variable = format!("{ID_VARIABLE}={mark}");
    Marks::new(variable.into_bytes(), output)
}

fn listens(socket: &Listening) -> Listens {
    Listens {
        port: socket.port,
        address: socket.address,
    }
}

fn listener(owned: &Owned) -> Listener {
    Listener {
        port: owned.socket.port,
        loopback_only: owned.socket.address.is_loopback(),
        pid: owned.pid,
        command: process::name(owned.pid).unwrap_or_else(|| "a process".into()),
    }
}

/// What is news since the last look.
fn changes(
    (id, now): (RunId, Instant),
    watched: &mut Watched,
    mut listeners: Vec<Listener>,
    listening: &[Listening],
    is_ours: impl Fn(&Holder) -> bool,
) -> Vec<Event> {
    let (process, run) = (id.process as usize, id.run);
    let mut events = Vec::new();
    let on_its_port = listening
        .iter()
        .find(|socket| Some(socket.port) == watched.port);
    let is_own = listeners
        .iter()
        .any(|listener| Some(listener.port) == watched.port);
    if let Some(socket) = on_its_port.filter(|_| !is_own && watched.spawned_at.is_some()) {
        if watched.stranger.is_none() {
            let holder = holder_of(socket);
            watched.stranger = if is_identified(&holder) {
                Some(!is_ours(&holder))
            } else {
                (socket::still_listens(socket) && watched.has_outlasted(socket, now))
                    .then_some(false)
            };
            if watched.stranger == Some(true) {
                events.push(Event::PortStolen {
                    process,
                    run,
                    holder,
                });
            }
        }
        if watched.stranger == Some(false) {
            watched.sockets.push(listens(socket));
            listeners.push(Listener {
                port: socket.port,
                loopback_only: socket.address.is_loopback(),
                pid: watched.marks.leader,
                command: "a process that cannot be read".into(),
            });
        }
    } else {
        watched.stranger = None;
    }
    if listeners != watched.known {
        watched.known.clone_from(&listeners);
        events.push(Event::Listens {
            process,
            run,
            listeners,
        });
    }
    events
}

/// Whether it descends from the guardian, and from none of the runs that are known: it is making itself a daemon
/// just now, and the guardian has not said yet whose it is.
fn is_below(holder: &Holder, guardian: i32, owners: &HashMap<i32, RunId>) -> bool {
    let Holder::Process { pid, .. } = holder else {
        return false;
    };
    let is_guardian = |pid: i32| pid == guardian;
    !owners.contains_key(pid) && process::parents(*pid).any(is_guardian)
}

/// Looks twice before it says that nobody can be identified: who was forked while the processes were gone through has
/// its parent's sockets until its exec.
fn holder_of(socket: &Listening) -> Holder {
    let holder = socket::holder(socket.port);
    if is_identified(&holder) {
        return holder;
    }
    socket::holder(socket.port)
}

/// The port was free before the spawn. Where the owner of its listener cannot be read (a proxy of
/// docker's, a program with capabilities) it counts as the run's own: only an identified one is a
/// stranger.
fn is_identified(holder: &Holder) -> bool {
    match holder {
        Holder::Process { .. } | Holder::Devrun { .. } => true,
        Holder::OtherUser
        | Holder::Unknown
        | Holder::NeedsPrivilege
        | Holder::RefusedByBrowsers
        | Holder::Neighbour(_)
        | Holder::AirPlay => false,
    }
}

#[cfg(test)]
mod tests {
    /// A pull of images takes its minute, and what listens then is docker's.
    #[cfg(target_os = "linux")]
    #[test]
    fn one_who_listens_late_and_cannot_be_read_is_looked_at_until_it_is_certain() {
        use std::net::{Ipv4Addr, TcpListener};
        use std::os::fd::AsFd;

        use super::*;
        use crate::os::descriptor::{self, Waits};

        let id = RunId { process: 0, run: 1 };
        let now = Instant::now();
        let mut probe = Probe::new(std::process::id() as i32);
        // On its way from one process to another a socket is nobody's.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (from, _to) = descriptor::pair().unwrap();
        descriptor::send(from.as_fd(), b"x", &[listener.into()], Waits::No).unwrap();
        let ports = Ports {
            given: Some(port),
            ..Ports::default()
        };
        probe.watch(id, &ports, marks((0, 0), "late"));
        probe.spawned(id, (i32::MAX, i32::MAX), now - PATIENT);

        probe.wrote(0, now);
        assert_eq!(probe.look(now + LAST_INTERVAL), [], "it may be closed yet");
        let certain_at = now + LAST_INTERVAL + OWNERLESS;
        assert_eq!(probe.next_deadline(), Some(certain_at));
        let [Event::Listens { listeners, .. }] = &probe.look(certain_at)[..] else {
            panic!("it listens");
        };
        assert_eq!(listeners[0].port, port);
    }
}
