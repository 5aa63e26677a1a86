//! Who owns which app and which port now, and which ports an app had.
//!
//! Ownership is a lock (flock(2)) on a file in the user's runtime directory, never a pid in a file. The
//! guardian inherits the locks, so they are free when the last descendant is gone, not when the manager
//! is. All of it is optional: without a directory that is ours alone, nothing is locked and nothing stops.

mod directories;
mod lock;
pub(crate) mod memory;
#[cfg(test)]
mod scratch;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::os::port::{self, Probe};
use crate::os::{process, socket};
use crate::plan::ports::Claim;
use crate::registry::lock::{Lock, Locked};
use crate::words::name::ProcessName;
use crate::words::port::Holder;
use crate::words::wording;

/// How long a family without its manager may take to be gone: its grace, and what the guardian needs.
const CLEANED_UP_IN: Duration = Duration::from_secs(10);
/// A wait that nobody notices is not said: somebody only looks, or has not written yet who he is.
const UNNOTICED: Duration = Duration::from_millis(200);
/// How often a lock is tried meanwhile. No event tells that somebody else's is free.
const INTERVAL: Duration = Duration::from_millis(50);

/// What stands in an app's lock file: who runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    pub(crate) pid: i32,
    /// Of that pid: a later process of the same number is not meant.
    start_time: u64,
    /// Seconds since 1970.
    pub(crate) since: u64,
    pub(crate) app: String,
    pub(crate) directory: String,
    /// By process: `web.1`.
    pub(crate) ports: BTreeMap<String, u16>,
}

impl Owner {
    /// It is not only its family that lives.
    pub(crate) fn is_alive(&self) -> bool {
        is_alive(self.pid, self.start_time)
    }
}

/// What stands in a port's lock file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct PortOwner {
    pid: i32,
    start_time: u64,
    app: String,
    directory: String,
    process: String,
}

/// The locks of a session. They are held as long as this process, or one that it forked, has them open.
#[derive(Debug)]
pub(crate) struct Registry {
    /// Where the locks are; `None`: nowhere, and nothing is locked.
    runtime: Option<PathBuf>,
    /// As others will read it, but for the ports.
    own: Owner,
    app_directory: PathBuf,
    app_lock: Option<Lock>,
    /// `None`: it is used without a lock.
    ports: BTreeMap<u16, Option<Lock>>,
}

impl Registry {
    /// `app_directory` is the app's identity: the real path of its directory, with the Procfile's name if
    /// that is not the usual one.
    pub(crate) fn open(app: &str, app_directory: &Path) -> Self {
        Self::open_in(directories::runtime(), app, app_directory)
    }

    fn open_in(runtime: Option<PathBuf>, app: &str, app_directory: &Path) -> Self {
        let pid = std::process::id() as i32;
        let own = Owner {
            pid,
            start_time: process::status(pid).map_or(0, |status| status.start_time),
            since: UNIX_EPOCH.elapsed().unwrap_or_default().as_secs(),
            app: app.to_string(),
            directory: app_directory.to_string_lossy().into_owned(),
            ports: BTreeMap::new(),
        };
        Self {
            runtime,
            own,
            app_directory: app_directory.to_path_buf(),
            app_lock: None,
            ports: BTreeMap::new(),
        }
    }

    /// Makes this process the owner of the app. A family that has lost its manager is waited for, and
    /// `say_wait` is called once if that takes noticeably long.
    ///
    /// # Errors
    /// Who owns it.
    pub(crate) fn own(&mut self, say_wait: impl FnOnce()) -> Result<(), Box<Owner>> {
        let Some(runtime) = &self.runtime else {
            return Ok(());
        };
        let path = app_lock(runtime, &self.app_directory);
        let begun = Instant::now();
        let mut say_wait = Some(say_wait);
        loop {
            let file = match Lock::take(&path) {
                Locked::Ours(lock) => {
                    lock.write(&self.own);
                    self.app_lock = Some(lock);
                    return Ok(());
                }
                Locked::Unavailable => return Ok(()),
                Locked::Held(file) => file,
            };
            let is_overdue = begun.elapsed() >= CLEANED_UP_IN;
            match lock::owner::<Owner>(&file) {
                Some(owner) if is_overdue || owner.is_alive() => {
                    return Err(Box::new(owner));
                }
                // Nobody who could be named, and nobody who could be asked to end it.
                None if is_overdue => return Ok(()),
                Some(_) | None => {}
            }
            if begun.elapsed() >= UNNOTICED
                && let Some(say_wait) = say_wait.take()
            {
                say_wait();
            }
            thread::sleep(INTERVAL);
        }
    }

    /// Lets others see where the app's processes are reached.
    pub(crate) fn publish(&mut self, ports: BTreeMap<String, u16>) {
        self.own.ports = ports;
        if let Some(lock) = &self.app_lock {
            lock.write(&self.own);
        }
    }

    /// Takes a port for this session: its lock first, so that no two sessions pick the same one, then a
    /// look whether it is free on all addresses. A port that is ours already is only looked at.
    pub(crate) fn claim(&mut self, process: &ProcessName, port: u16) -> Claim {
        if !self.ports.contains_key(&port) {
            match self.lock_port(process, port) {
                Ok(lock) => self.ports.insert(port, lock),
                Err(holder) => return Claim::Taken(holder),
            };
        }
        let holder = match port::probe(port) {
            Probe::Free => return Claim::Granted,
            Probe::Taken => socket::holder(port),
            Probe::NeedsPrivilege => Holder::NeedsPrivilege,
        };
        self.ports.remove(&port);
        Claim::Taken(holder)
    }

    fn lock_port(&self, process: &ProcessName, port: u16) -> Result<Option<Lock>, Holder> {
        let Some(runtime) = &self.runtime else {
            return Ok(None);
        };
        match Lock::take(&runtime.join(format!("port-{port}.lock"))) {
            Locked::Unavailable => Ok(None),
            Locked::Held(file) => Err(port_owner(&file).map_or(Holder::Unknown, Holder::from)),
            Locked::Ours(lock) => {
                lock.write(&PortOwner {
                    pid: self.own.pid,
                    start_time: self.own.start_time,
                    app: self.own.app.clone(),
                    directory: self.own.directory.clone(),
                    process: process.to_string(),
                });
                Ok(Some(lock))
            }
        }
    }
}

impl From<PortOwner> for Holder {
    fn from(owner: PortOwner) -> Self {
        let directory = Path::new(&owner.directory);
        Self::Devrun {
            app: wording::escaped(&owner.app).into_owned(),
            directory: wording::path(directory, process::home().as_deref()),
            process: wording::escaped(&owner.process).into_owned(),
            pid: owner.pid,
        }
    }
}

/// Who holds a port's lock. Between a lock and its content there is an instant in which the last holder's
/// name, or none, stands there.
fn port_owner(file: &File) -> Option<PortOwner> {
    const READINGS: usize = 4;
    let mut owner: Option<PortOwner> = lock::owner(file);
    for _ in 1..READINGS {
        match &owner {
            Some(owner) if is_alive(owner.pid, owner.start_time) => break,
            Some(_) | None => thread::sleep(INTERVAL / 10),
        }
        owner = lock::owner(file);
    }
    owner
}

fn is_alive(pid: i32, start_time: u64) -> bool {
    let status = process::status(pid);
    status.is_some_and(|status| !status.is_zombie && status.start_time == start_time)
}

/// Who runs the app in `app_directory` now, if anybody does.
pub(crate) fn running(app_directory: &Path) -> Option<Owner> {
    running_in(&directories::runtime()?, app_directory)
}

/// What stands for an app in the names of files and in requests: its identity, hashed.
pub(crate) fn app_key(identity: &Path) -> String {
    directories::hash(identity)
}

fn running_in(runtime: &Path, app_directory: &Path) -> Option<Owner> {
    let file = lock::held(&app_lock(runtime, app_directory))?;
    let owner = lock::owner::<Owner>(&file);
    owner.filter(|owner| is_alive(owner.pid, owner.start_time))
}

fn app_lock(runtime: &Path, app_directory: &Path) -> PathBuf {
    runtime.join(format!("app-{}.lock", directories::hash(app_directory)))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::registry::scratch::{Scratch, soon};
    use crate::words::name::ProcessType;

    fn web() -> ProcessName {
        ProcessName::first(ProcessType::new("web").unwrap())
    }

    fn open(scratch: &Scratch, app: &str) -> Registry {
        let directory = Path::new("/src").join(app);
        Registry::open_in(Some(scratch.path("")), app, &directory)
    }

    fn own(registry: &mut Registry) -> Result<(), Box<Owner>> {
        registry.own(|| panic!("nothing is waited for"))
    }

    #[test]
    fn one_session_owns_an_app_and_others_see_where_it_is_reached() {
        let scratch = Scratch::new("own");
        let running = || running_in(&scratch.path(""), Path::new("/src/shop"));
        let mut first = open(&scratch, "shop");
        assert_eq!(running(), None);
        own(&mut first).unwrap();
        let ports = BTreeMap::from([("web.1".to_string(), 5000)]);
        first.publish(ports.clone());
        assert_eq!(running().unwrap().ports, ports);

        let owner = own(&mut open(&scratch, "shop")).unwrap_err();
        assert_eq!(owner.pid, std::process::id() as i32);
        assert_eq!(*owner, running().unwrap());
        own(&mut open(&scratch, "api")).unwrap();

        drop(first);
        assert!(soon(|| running().is_none()));
        own(&mut open(&scratch, "shop")).unwrap();
    }

    #[test]
    fn a_family_that_has_lost_its_manager_is_waited_for_and_that_is_said() {
        let scratch = Scratch::new("orphaned");
        let mut dead = open(&scratch, "shop");
        dead.own.start_time += 1;
        own(&mut dead).unwrap();
        assert_eq!(running_in(&scratch.path(""), Path::new("/src/shop")), None);
        let mut said = 0;
        let mut next = open(&scratch, "shop");
        next.own(|| {
            said += 1;
            drop(dead);
        })
        .unwrap();
        assert_eq!(said, 1);
    }

    #[test]
    fn no_two_sessions_are_given_the_same_port() {
        let scratch = Scratch::new("claim");
        let (mut shop, mut api) = (open(&scratch, "shop"), open(&scratch, "api"));
        let port = port::any_free().unwrap();
        assert_eq!(shop.claim(&web(), port), Claim::Granted);
        assert_eq!(shop.claim(&web(), port), Claim::Granted, "it is ours");
        let holder = Holder::Devrun {
            app: "shop".into(),
            directory: "/src/shop".into(),
            process: "web.1".into(),
            pid: std::process::id() as i32,
        };
        assert_eq!(api.claim(&web(), port), Claim::Taken(holder));
        drop(shop);
        assert!(soon(|| api.claim(&web(), port) == Claim::Granted));
    }

    #[test]
    fn a_port_that_a_stranger_listens_on_is_not_kept() {
        let scratch = Scratch::new("stranger");
        let (mut shop, mut api) = (open(&scratch, "shop"), open(&scratch, "api"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        for registry in [&mut shop, &mut api] {
            let own = std::process::id() as i32;
            let is_found = |claim| match claim {
                Claim::Taken(Holder::Process { pid, .. }) => pid == own,
                Claim::Taken(_) | Claim::Granted => false,
            };
            assert!(soon(|| is_found(registry.claim(&web(), port))));
        }
    }

    #[test]
    fn without_a_directory_nothing_is_locked_and_nothing_stops() {
        let scratch = Scratch::new("nothing");
        for runtime in [None, Some(scratch.path("missing"))] {
            let mut registry = Registry::open_in(runtime, "shop", Path::new("/src/shop"));
            own(&mut registry).unwrap();
            registry.publish(BTreeMap::new());
            let port = port::any_free().unwrap();
            assert_eq!(registry.claim(&web(), port), Claim::Granted);
        }
    }
}
