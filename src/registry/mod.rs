//! Who owns which app and which port now, and which ports an app had.
//!
//! Ownership is a lock (flock(2)) on a file in the user's runtime directory, never a pid in a file. The
//! guardian is given a copy of every lock, so they are free when the last descendant is gone, not when the manager
//! is; an app is given up before that only by [`Registry::release`]. All of it is optional: without a
//! directory that is ours alone, nothing is locked and nothing stops.

mod directories;
mod lock;
pub(crate) mod memory;
mod owner;
mod ports;
#[cfg(test)]
pub(crate) mod scratch;
mod session;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use crate::plan::ports::Claim;
use crate::registry::lock::{Lock, Locked};
pub(crate) use crate::registry::owner::Owner;
use crate::registry::owner::PortOwner;
use crate::registry::ports::{Claimant, Ports};
use crate::registry::session::Session;
use crate::words::name::ProcessName;

/// How long a family without its manager may take to be gone: its grace, and what the guardian needs.
pub(crate) const CLEANED_UP_IN: Duration = Duration::from_secs(10);
/// A wait that nobody notices is not said: somebody only looks, or has not written yet who he is.
const UNNOTICED: Duration = Duration::from_millis(200);
/// How often a lock is tried meanwhile. No event tells that somebody else's is free.
const INTERVAL: Duration = Duration::from_millis(50);

/// One app as the registry knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct App {
    /// The real path of its directory, with the Procfile's name if that is not the usual one.
    pub(crate) identity: PathBuf,
    /// What people call it.
    pub(crate) name: String,
}

/// What came of asking for an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ownership {
    Ours,
    /// By a session that lives.
    Held(Box<Owner>),
    /// A family that has lost its manager is still being ended, or the holder has not yet written who he
    /// is, or somebody only looks: ask again.
    BeingCleanedUp,
}

/// The apps and ports of a session. Their locks are held as long as this process, or one that has copies of
/// them, lives; or until they are released.
#[derive(Debug)]
pub(crate) struct Registry {
    /// Where the locks are; `None`: nowhere, and nothing is locked.
    runtime: Option<PathBuf>,
    session: Session,
    socket: Option<PathBuf>,
    /// What the session is called: as the app that it owned first.
    called: Option<String>,
    /// By identity.
    apps: BTreeMap<PathBuf, OwnedApp>,
    ports: Ports,
}

#[derive(Debug)]
struct OwnedApp {
    /// As others read it.
    record: Owner,
    /// `None`: it is run without a lock.
    lock: Option<Lock>,
}

impl OwnedApp {
    fn write(&self) {
        if let Some(lock) = &self.lock {
            lock.write(&self.record);
        }
    }
}

impl Registry {
    pub(crate) fn open() -> Self {
        Self::open_in(directories::runtime())
    }

    fn open_in(runtime: Option<PathBuf>) -> Self {
        let session = Session::own();
        let socket = runtime
            .as_deref()
            .and_then(|runtime| session.socket(runtime));
        Self {
            runtime,
            session,
            socket,
            called: None,
            apps: BTreeMap::new(),
            ports: Ports::default(),
        }
    }

    /// Where this session can be asked, once somebody listens there.
    ///
    /// # Errors
    /// Nowhere: why.
    pub(crate) fn socket(&self) -> Result<&Path, &'static str> {
        let why_not = match self.runtime {
            None => "no directory for its socket is private; `XDG_RUNTIME_DIR` can name one",
            Some(_) => {
                "the path of its socket is too long; `XDG_RUNTIME_DIR` can name a shorter one"
            }
        };
        self.socket.as_deref().ok_or(why_not)
    }

    /// The lock file of an app of ours that could not be locked: whoever looks there finds nobody.
    pub(crate) fn unlocked(&self) -> Option<PathBuf> {
        let runtime = self.runtime.as_deref()?;
        let mut apps = self.apps.iter();
        let (identity, _) = apps.find(|(_, owned)| owned.lock.is_none())?;
        Some(app_lock(runtime, identity))
    }

    /// Nobody listens where this session was to be asked: others are to know that they need not try.
    pub(crate) fn is_not_reached(&mut self) {
        self.socket = None;
        for owned in self.apps.values_mut() {
            owned.record.socket = None;
            owned.write();
        }
    }

    /// A look for the sockets of all sessions that live but this one; of those that are gone without a farewell,
    /// they are removed. Whether somebody answers there, who knocks will see. Among thousands of lock files it takes
    /// milliseconds.
    pub(crate) fn sessions(&self) -> impl FnOnce() -> Vec<PathBuf> + use<> {
        let (runtime, own) = (self.runtime.clone(), self.session);
        move || runtime.map_or_else(Vec::new, |runtime| session::others(&runtime, own))
    }

    /// Makes this session the owner of the app if nobody else is. Never waits. What it owns already it is
    /// given again, and `is_sibling` is then as it says now.
    pub(crate) fn try_own(&mut self, app: &App, is_sibling: bool) -> Ownership {
        match self.ask_for(app, is_sibling) {
            Ok(()) => Ownership::Ours,
            Err(Some(owner)) if owner.is_alive() => Ownership::Held(owner),
            Err(_) => Ownership::BeingCleanedUp,
        }
    }

    /// # Errors
    /// Who has it, dead or alive, as far as that is written.
    fn ask_for(&mut self, app: &App, is_sibling: bool) -> Result<(), Option<Box<Owner>>> {
        if let Some(owned) = self.apps.get_mut(&app.identity) {
            owned.record.is_sibling = is_sibling;
            owned.write();
            return Ok(());
        }
        let lock = match &self.runtime {
            None => None,
            Some(runtime) => match Lock::take(&app_lock(runtime, &app.identity)) {
                Locked::Ours(lock) => Some(lock),
                Locked::Unavailable => None,
                Locked::Held(file) => return Err(Owner::read(&file, runtime).map(Box::new)),
            },
        };
        self.take(app, is_sibling, lock);
        Ok(())
    }

    fn take(&mut self, app: &App, is_sibling: bool, lock: Option<Lock>) {
        let record = Owner {
            pid: self.session.pid,
            start_time: self.session.start_time,
            since: UNIX_EPOCH.elapsed().unwrap_or_default().as_secs(),
            app: app.name.clone(),
            directory: app.identity.to_string_lossy().into_owned(),
            ports: BTreeMap::new(),
            session: self.called.get_or_insert(app.name.clone()).clone(),
            is_sibling,
            socket: self.socket.clone(),
        };
        let owned = OwnedApp { record, lock };
        owned.write();
        self.apps.insert(app.identity.clone(), owned);
    }

    /// Makes this session the owner of the app. A family that has lost its manager is waited for, at most
    /// 10 s, and `say_wait` is called once if that takes noticeably long.
    ///
    /// # Errors
    /// Who owns it: somebody who lives, or whose family takes longer than that.
    pub(crate) fn own(
        &mut self,
        app: &App,
        is_sibling: bool,
        say_wait: impl FnOnce(),
    ) -> Result<(), Box<Owner>> {
        let begun = Instant::now();
        let mut say_wait = Some(say_wait);
        loop {
            let is_overdue = begun.elapsed() >= CLEANED_UP_IN;
            match self.ask_for(app, is_sibling) {
                Ok(()) => return Ok(()),
                Err(Some(owner)) if is_overdue || owner.is_alive() => return Err(owner),
                // Nobody who could be named, and nobody who could be asked to end it.
                Err(None) if is_overdue => {
                    self.take(app, is_sibling, None);
                    return Ok(());
                }
                Err(_) => {}
            }
            if begun.elapsed() >= UNNOTICED
                && let Some(say_wait) = say_wait.take()
            {
                say_wait();
            }
            thread::sleep(INTERVAL);
        }
    }

    /// Lets others see where the processes of an app of ours are reached.
    pub(crate) fn publish(&mut self, identity: &Path, ports: BTreeMap<String, u16>) {
        if let Some(owned) = self.apps.get_mut(identity) {
            owned.record.ports = ports;
            owned.write();
        }
    }

    /// Gives an app and all its ports up, at once: also the guardian's copies of the locks hold nothing any
    /// more. Nothing of the app may run.
    pub(crate) fn release(&mut self, identity: &Path) {
        // First: whoever gets the app is to find its ports free.
        self.ports.release_all_of(identity);
        if let Some(lock) = self.apps.remove(identity).and_then(|owned| owned.lock) {
            lock.release();
        }
    }

    /// Takes a port for a process of an app of ours, if neither another session nor another process of this
    /// one has it, and nobody listens there. A port that is the process's already is only looked at, and is
    /// given up if somebody listens.
    pub(crate) fn claim(&mut self, identity: &Path, process: &ProcessName, port: u16) -> Claim {
        let owned = self.apps.get(identity);
        let claimant = Claimant {
            identity: identity.to_path_buf(),
            process: process.clone(),
            record: PortOwner {
                pid: self.session.pid,
                start_time: self.session.start_time,
                app: owned.map_or_else(String::new, |owned| owned.record.app.clone()),
                directory: identity.to_string_lossy().into_owned(),
                process: process.to_string(),
            },
        };
        self.ports.claim(self.runtime.as_deref(), claimant, port)
    }

    /// Copies of the locks that the guardian does not have, for it: each is given out once. A lock that is
    /// released later needs no word to the guardian, whose copy holds nothing then and only stays open. Where
    /// a copy cannot be made (too many are open), the next call gives it.
    pub(crate) fn not_copied(&mut self) -> Vec<OwnedFd> {
        self.locks().filter_map(Lock::copy_once).collect()
    }

    fn locks(&mut self) -> impl Iterator<Item = &mut Lock> {
        let of_apps = self.apps.values_mut().filter_map(|app| app.lock.as_mut());
        of_apps.chain(self.ports.locks())
    }
}

/// Who runs that app now, if anybody does.
pub(crate) fn running(identity: &Path) -> Option<Owner> {
    running_in(&directories::runtime()?, identity)
}

fn running_in(runtime: &Path, identity: &Path) -> Option<Owner> {
    let file = lock::held(&app_lock(runtime, identity))?;
    Owner::read(&file, runtime).filter(Owner::is_alive)
}

/// Who runs which app now, of all apps of this user.
pub(crate) fn owners() -> Vec<Owner> {
    directories::runtime().map_or_else(Vec::new, |runtime| owners_in(&runtime))
}

fn owners_in(runtime: &Path) -> Vec<Owner> {
    let entries = std::fs::read_dir(runtime).into_iter().flatten().flatten();
    let locks = entries.filter(|entry| is_app_lock(&entry.file_name()));
    let held = locks.filter_map(|entry| lock::held(&entry.path()));
    let owners = held.filter_map(|file| Owner::read(&file, runtime));
    owners.filter(Owner::is_alive).collect()
}

fn is_app_lock(name: &OsStr) -> bool {
    let name = name.to_str().unwrap_or_default();
    name.starts_with("app-") && name.ends_with(".lock")
}

/// Whether nothing is left of whoever has run that app, or will not be after so long: not its family either.
pub(crate) fn is_free_within(identity: &Path, limit: Duration) -> bool {
    let Some(runtime) = directories::runtime() else {
        return true;
    };
    lock::is_free_within(&app_lock(&runtime, identity), limit)
}

/// What an app is called where a path is too long, or has characters that do not go there.
pub(crate) fn app_key(identity: &Path) -> String {
    directories::hash(identity)
}

/// Where sessions are stored, by the keys of their apps.
///
/// # Errors
/// There is no directory that is ours alone.
pub(crate) fn logs() -> io::Result<PathBuf> {
    Ok(directories::state()?.join("logs"))
}

fn app_lock(runtime: &Path, identity: &Path) -> PathBuf {
    runtime.join(format!("app-{}.lock", app_key(identity)))
}

#[cfg(test)]
mod tests;
