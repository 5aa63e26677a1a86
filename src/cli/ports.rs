//! The ports of a session: claimed before its first child starts, looked at again before each restart.

use std::collections::BTreeMap;

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
        claim: &mut |process, port| registry.claim(process, port),
        any_free: &mut port::any_free,
    };
    let assigned = ports::assign(&resolved.requests, sources)?;
    if resolved.base != 0 && !is_strict {
        memory::remember(identity, resolved.base, &assigned.to_remember);
    }
    Ok(assigned)
}

/// Before a process is started again: its port may have been taken by a stranger meanwhile. Then it gets
/// another one by the same rule as at first.
pub(super) fn recheck(
    mut registry: Registry,
    resolved: &Resolved,
    is_strict: bool,
    plan: &Plan,
) -> RecheckPort {
    let requests = resolved.requests.clone();
    let base = resolved.base;
    let mut given: BTreeMap<String, u16> = plan.ports();
    Box::new(move |process, port| {
        let holder = match registry.claim(process, port) {
            Claim::Granted => return Recheck::Free,
            Claim::Taken(holder) => holder,
        };
        if is_strict {
            return Recheck::Taken(format!("port {port} is taken by {holder}"));
        }
        let request = requests.iter().find(|request| request.process == *process);
        let moved = request.and_then(|request| another(request, base, &given, &mut registry));
        let Some(found) = moved else {
            return Recheck::Taken(format!(
                "port {port} is taken by {holder}, and no other is free"
            ));
        };
        given.insert(process.to_string(), found);
        registry.publish(given.clone());
        Recheck::Moved(found)
    })
}

fn another(
    request: &Request,
    base: u16,
    given: &BTreeMap<String, u16>,
    registry: &mut Registry,
) -> Option<u16> {
    let mut claim = |process: &ProcessName, port| {
        if given.values().any(|of_others| *of_others == port) {
            return Claim::Taken(Holder::Unknown);
        }
        registry.claim(process, port)
    };
    let sources = Sources {
        base,
        is_strict: false,
        remembered: &BTreeMap::new(),
        claim: &mut claim,
        any_free: &mut port::any_free,
    };
    let assigned = ports::assign(std::slice::from_ref(request), sources).ok()?;
    assigned.ports.first().copied()
}
