//! Who listens on which TCP port.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "linux")]
mod netlink;
#[cfg(target_os = "linux")]
mod proc_net;

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;

use crate::os::process;
use crate::words::port::Holder;
use crate::words::wording;

/// Owners that were not found are looked for again after so long: somebody may have moved while it was looked;
const FIRST_PATIENCE: Duration = Duration::from_millis(20);
/// then ever more seldom, down to this.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// A socket that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listening {
    pub(crate) port: u16,
    /// The address that it is bound to; `0.0.0.0` and `::` are all of them.
    pub(crate) address: IpAddr,
    /// What it is known by among a process's descriptors.
    pub(crate) id: u64,
}

/// A socket that listens, and a process that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) socket: Listening,
    pub(crate) pid: i32,
}

/// Every TCP socket of this machine (of this network namespace) that listens, IPv4 and IPv6.
pub(crate) fn listeners() -> io::Result<Vec<Listening>> {
    system::listeners()
}

/// Remembers who holds which socket, so that asking again costs nothing while nothing changed.
#[derive(Debug)]
pub(crate) struct SocketTable {
    owners: HashMap<u64, i32>,
    /// They listen, and none of `asked` holds them.
    strangers: HashSet<u64>,
    /// Whose descriptors were read.
    asked: HashSet<i32>,
    /// Listened before there was any process of ours.
    before: HashSet<u64>,
    /// What listened the last time.
    seen: HashSet<u64>,
    /// When the owners of the strangers are looked for again, if nobody joins before. `None`: at once.
    asks_at: Option<Instant>,
    patience: Duration,
}

impl SocketTable {
    /// For processes that are all still to be started.
    pub(crate) fn new() -> Self {
        Self::after(&listeners().unwrap_or_default())
    }

    fn after(before: &[Listening]) -> Self {
        Self {
            owners: HashMap::new(),
            strangers: HashSet::new(),
            asked: HashSet::new(),
            before: before.iter().map(|socket| socket.id).collect(),
            seen: HashSet::new(),
            asks_at: None,
            patience: FIRST_PATIENCE,
        }
    }

    /// Another process is one of ours: it may hold a socket whose owner was not found.
    pub(crate) fn somebody_joined(&mut self) {
        self.asks_at = None;
        self.patience = FIRST_PATIENCE;
    }

    /// Takes out what listened before. Returns whether there can be news: sockets that came or went, or one without
    /// an owner, on which much may depend (`matters`), or for which it is time again.
    pub(crate) fn has_news(
        &mut self,
        listening: &mut Vec<Listening>,
        matters: impl Fn(&Listening) -> bool,
        now: Instant,
    ) -> bool {
        listening.retain(|socket| !self.before.contains(&socket.id));
        let ids: HashSet<u64> = listening.iter().map(|socket| socket.id).collect();
        if ids != self.seen {
            self.seen = ids;
            self.somebody_joined();
        } else if self.strangers.is_empty() {
            return false;
        }
        if self.asks_at.is_none_or(|at| at <= now) {
            self.asks_at = Some(now + self.patience);
            self.patience = (self.patience * 2).min(LAST_PATIENCE);
            return true;
        }
        let strangers = &self.strangers;
        let is_stranger = |socket: &&Listening| strangers.contains(&socket.id);
        listening.iter().filter(is_stranger).any(matters)
    }

    /// Which of `listening` are held by which of `pids` (parents before their children).
    pub(crate) fn held_by(&mut self, listening: &[Listening], pids: &[i32]) -> Vec<Owned> {
        let living: HashSet<i32> = pids.iter().copied().collect();
        self.asked.retain(|pid| living.contains(pid));
        let ids: HashSet<u64> = listening.iter().map(|socket| socket.id).collect();
        self.strangers.retain(|id| ids.contains(id));
        let is_known = |socket: &Listening| match self.owners.get(&socket.id) {
            Some(owner) => living.contains(owner),
            None => self.strangers.contains(&socket.id),
        };
        if !listening.iter().all(is_known) {
            self.forget(listening);
        }
        if !self.strangers.is_empty() {
            self.ask(pids);
        }
        let owned = listening.iter().filter_map(|socket| {
            let pid = *self.owners.get(&socket.id)?;
            Some(Owned {
                socket: *socket,
                pid,
            })
        });
        owned.collect()
    }

    /// A socket that is new may be held by anybody, one whose owner is gone by a child of it.
    fn forget(&mut self, listening: &[Listening]) {
        self.owners.clear();
        self.asked.clear();
        self.strangers = listening.iter().map(|socket| socket.id).collect();
    }

    /// Looks for the strangers among the descriptors of those that were not asked yet. A daemon turns up
    /// in its tree later than its socket. (One who is passed a socket by somebody else is not found.)
    fn ask(&mut self, pids: &[i32]) {
        for pid in pids.iter().filter(|pid| self.asked.insert(**pid)) {
            for id in system::sockets_of(*pid) {
                // A socket that parent and child share belongs to the parent, who comes first.
                if self.strangers.remove(&id) {
                    self.owners.insert(id, *pid);
                }
            }
        }
    }
}

/// It was not closed since.
pub(crate) fn still_listens(socket: &Listening) -> bool {
    listeners().is_ok_and(|listening| listening.iter().any(|it| it.id == socket.id))
}

/// Who listens on `port`, as far as it can be known. Looks at every process: for conflicts only.
pub(crate) fn holder(port: u16) -> Holder {
    let listening = listeners().unwrap_or_default().into_iter();
    let on_port = listening.filter(|socket| socket.port == port);
    let ids: HashSet<u64> = on_port.map(|socket| socket.id).collect();
    let holds = |pid: &i32| system::sockets_of(*pid).iter().any(|id| ids.contains(id));
    let found = if ids.is_empty() {
        None
    } else {
        process::all().into_iter().find(holds)
    };
    match found {
        Some(pid) if is_airplay(pid, port) => Holder::AirPlay,
        Some(pid) => Holder::Process {
            pid,
            command: process::command_line(pid).unwrap_or_else(|| "a process".into()),
            directory: process::directory(pid)
                .map(|path| wording::path(&path, process::home().as_deref())),
        },
        // macOS tells of this user's sockets only.
        None if ids.is_empty() && cfg!(target_os = "linux") => Holder::Unknown,
        None => Holder::OtherUser,
    }
}

/// Its receiver is a part of the Control Centre.
fn is_airplay(pid: i32, port: u16) -> bool {
    cfg!(target_os = "macos")
        && matches!(port, 5000 | 7000)
        && process::name(pid).is_some_and(|name| name.starts_with("ControlCe"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::process::{Command, Stdio};

    use super::*;

    fn own_pid() -> i32 {
        std::process::id() as i32
    }

    fn socket_of(listener: &TcpListener) -> Listening {
        let address = listener.local_addr().unwrap();
        let is_it = |socket: &Listening| {
            socket.port == address.port() && socket.address == address.ip().to_canonical()
        };
        listeners().unwrap().into_iter().find(is_it).unwrap()
    }

    #[test]
    fn a_listener_is_found_with_its_address_and_its_owner() {
        for address in ["127.0.0.1", "0.0.0.0", "::1", "::"] {
            let Ok(listener) = TcpListener::bind((address, 0)) else {
                continue;
            };
            let socket = socket_of(&listener);
            let mut table = SocketTable::after(&[]);
            let pid = own_pid();
            for _ in 0..2 {
                let owned = table.held_by(&[socket], &[pid]);
                assert_eq!(owned, [Owned { socket, pid }]);
            }
            assert!(
                matches!(holder(socket.port), Holder::Process { pid: found, .. } if found == pid)
            );
        }
    }

    #[test]
    fn a_mapped_address_is_told_as_the_ipv4_address_that_it_is() {
        let Ok(listener) = TcpListener::bind(("::ffff:127.0.0.1", 0)) else {
            return;
        };
        assert_eq!(socket_of(&listener).address.to_string(), "127.0.0.1");
    }

    #[test]
    fn an_owner_that_turns_up_later_is_found() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let socket = socket_of(&listener);
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let other = child.id() as i32;
        let mut table = SocketTable::after(&[]);
        assert_eq!(table.held_by(&[socket], &[other]), []);
        let pid = own_pid();
        let owned = table.held_by(&[socket], &[other, pid]);
        assert_eq!(owned, [Owned { socket, pid }]);
        assert_eq!(
            table.held_by(&[socket], &[other]),
            [],
            "the owner has left the tree"
        );
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn an_owner_that_is_not_found_is_looked_for_ever_more_seldom_until_somebody_joins() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let socket = socket_of(&listener);
        let (begin, mut table) = (Instant::now(), SocketTable::after(&[]));
        let asks = |table: &mut SocketTable, matters: bool, after: u64| {
            let now = begin + Duration::from_millis(after);
            let is_asked = table.has_news(&mut vec![socket], |_| matters, now);
            if is_asked {
                assert_eq!(table.held_by(&[socket], &[]), []);
            }
            is_asked
        };
        let looks = (0..400).map(|look| look * 10);
        let asked: Vec<u64> = looks.filter(|at| asks(&mut table, false, *at)).collect();
        assert_eq!(asked, [0, 20, 60, 140, 300, 620, 1260, 2260, 3260]);
        assert!(asks(&mut table, true, 3990));
        assert!(!asks(&mut table, false, 4000));
        table.somebody_joined();
        assert!(asks(&mut table, false, 4000));
        assert!(!asks(&mut table, false, 4010));
        assert!(asks(&mut table, false, 4020));
    }

    #[test]
    fn what_is_bound_and_does_not_listen_has_no_holder_that_could_be_named() {
        use nix::sys::socket::{
            AddressFamily, SockFlag, SockType, SockaddrIn, bind, getsockname, socket,
        };
        use std::os::fd::AsRawFd;
        let flags = SockFlag::empty();
        let bound = socket(AddressFamily::Inet, SockType::Stream, flags, None).unwrap();
        bind(bound.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
        let address: SockaddrIn = getsockname(bound.as_raw_fd()).unwrap();
        assert!(matches!(
            holder(address.port()),
            Holder::Unknown | Holder::OtherUser
        ));
    }
}
