//! The ports of a session: claimed before its first child starts, looked at again before each restart.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::driver::{Recheck, RecheckPort};
use crate::os::port;
use crate::plan::Plan;
use crate::plan::ports::{self, Assigned, Claim, Request, Sources};
use crate::plan::resolve::Resolved;
use crate::registry::{Registry, memory};
use crate::words::name::ProcessName;
use crate::words::port::Holder;
use crate::words::report::Report;

/// Claims a port for every process, and remembers what was given up to other apps.
pub(super) fn assign(
    resolved: &Resolved,
    registry: &mut Registry,
    is_strict: bool,
) -> Result<Assigned, Vec<Report>> {
    let identity = &resolved.sources.identity;
    let remembered = memory::recall(identity, resolved.base);
    let sources = Sources {
        base: resolved.base,
        is_strict,
        remembered: &remembered,
        claim: &mut |process, port| registry.claim(identity, process, port),
        any_free: &mut port::any_free,
    };
    let assigned = ports::assign(&resolved.requests, sources)?;
    if resolved.base != 0 && !is_strict {
        memory::remember(identity, resolved.base, &assigned.to_remember);
    }
    Ok(assigned)
}

/// Before a process is started again: its port may have been taken by a stranger meanwhile. Then it gets
/// another one by the same rule as at first. The guardian is to be forked next: it inherits no lock that is
/// taken from here on.
pub(super) fn recheck(
    mut registry: Registry,
    resolved: &Resolved,
    is_strict: bool,
    plan: &Plan,
) -> RecheckPort {
    registry.forked();
    let mut again = Again {
        identity: resolved.sources.identity.clone(),
        requests: resolved.requests.clone(),
        base: resolved.base,
        is_strict,
        given: plan.ports(),
        registry,
    };
    Box::new(move |process, port| {
        let recheck = again.recheck(process, port);
        (recheck, again.registry.not_inherited())
    })
}

/// What a second look at a port needs.
struct Again {
    identity: PathBuf,
    requests: Vec<Request>,
    base: u16,
    is_strict: bool,
    given: BTreeMap<String, u16>,
    registry: Registry,
}

impl Again {
    fn recheck(&mut self, process: &ProcessName, port: u16) -> Recheck {
        let holder = match self.registry.claim(&self.identity, process, port) {
            Claim::Granted => return Recheck::Free,
            Claim::Taken(holder) => holder,
        };
        if self.is_strict {
            return Recheck::Taken(format!("port {port} is taken by {holder}"));
        }
        let Some(found) = self.another(process) else {
            return Recheck::Taken(format!(
                "port {port} is taken by {holder}, and no other is free"
            ));
        };
        self.given.insert(process.to_string(), found);
        self.registry.publish(&self.identity, self.given.clone());
        Recheck::Moved(found)
    }

    fn another(&mut self, process: &ProcessName) -> Option<u16> {
        let request = self.requests.iter().find(|it| it.process == *process)?;
        let mut claim = |process: &ProcessName, port| {
            if self.given.values().any(|of_others| *of_others == port) {
                return Claim::Taken(Holder::Unknown);
            }
            self.registry.claim(&self.identity, process, port)
        };
        let sources = Sources {
            base: self.base,
            is_strict: false,
            remembered: &BTreeMap::new(),
            claim: &mut claim,
            any_free: &mut port::any_free,
        };
        let assigned = ports::assign(std::slice::from_ref(request), sources).ok()?;
        assigned.ports.first().copied()
    }
}
