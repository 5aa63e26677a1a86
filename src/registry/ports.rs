//! The ports of a session, each with its lock: first the lock, so that no two sessions pick the same one,
//! then a look whether it is free.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::os::port::{self, Probe};
use crate::os::socket;
use crate::plan::ports::Claim;
use crate::registry::lock::{Lock, Locked};
use crate::registry::owner::PortOwner;
use crate::words::name::ProcessName;
use crate::words::port::Holder;

/// For whom a port is asked.
#[derive(Clone, Debug)]
pub(super) struct Claimant {
    pub(super) identity: PathBuf,
    pub(super) process: ProcessName,
    /// As others will read it.
    pub(super) record: PortOwner,
}

impl Claimant {
    fn is(&self, other: &Self) -> bool {
        (&self.identity, &self.process) == (&other.identity, &other.process)
    }

    /// How `other`, of the same session, is told whose the port is.
    fn as_seen_by(&self, other: &Self) -> Holder {
        if self.identity == other.identity {
            Holder::Neighbour(self.process.clone())
        } else {
            self.record.clone().into()
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Ports(BTreeMap<u16, Held>);

#[derive(Debug)]
struct Held {
    by: Claimant,
    /// `None`: it is used without a lock.
    lock: Option<Lock>,
}

impl Ports {
    /// A port that the same process has already is only looked at. What is not free is not kept.
    pub(super) fn claim(&mut self, runtime: Option<&Path>, claimant: Claimant, port: u16) -> Claim {
        match self.0.get(&port) {
            Some(held) if held.by.is(&claimant) => {}
            Some(held) => return Claim::Taken(held.by.as_seen_by(&claimant)),
            None => match lock(runtime, &claimant.record, port) {
                Ok(lock) => {
                    let by = claimant;
                    self.0.insert(port, Held { by, lock });
                }
                Err(holder) => return Claim::Taken(holder),
            },
        }
        let holder = match port::probe(port) {
            Probe::Free => return Claim::Granted,
            Probe::Taken => socket::holder(port),
            Probe::NeedsPrivilege => Holder::NeedsPrivilege,
        };
        self.release(port);
        Claim::Taken(holder)
    }

    pub(super) fn release(&mut self, port: u16) {
        if let Some(lock) = self.0.remove(&port).and_then(|held| held.lock) {
            lock.release();
        }
    }

    pub(super) fn release_all_of(&mut self, identity: &Path) {
        let is_its = |held: &&Held| held.by.identity == identity;
        let ports: Vec<u16> = self
            .0
            .iter()
            .filter(|(_, held)| is_its(held))
            .map(|(port, _)| *port)
            .collect();
        for port in ports {
            self.release(port);
        }
    }

    pub(super) fn locks(&mut self) -> impl Iterator<Item = &mut Lock> {
        self.0.values_mut().filter_map(|held| held.lock.as_mut())
    }
}

/// `None`: there is no lock to be had, and it is done without.
///
/// # Errors
/// Which session holds the port.
fn lock(runtime: Option<&Path>, record: &PortOwner, port: u16) -> Result<Option<Lock>, Holder> {
    let Some(runtime) = runtime else {
        return Ok(None);
    };
    match Lock::take(&runtime.join(format!("port-{port}.lock"))) {
        Locked::Unavailable => Ok(None),
        Locked::Held(file) => Err(PortOwner::read(&file).map_or(Holder::Unknown, Holder::from)),
        Locked::Ours(lock) => {
            lock.write(record);
            Ok(Some(lock))
        }
    }
}
