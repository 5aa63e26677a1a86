//! Where each process is reached once it is exported: foreman's ports, and a host where the target has one for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::export::Target;
use crate::export::names::{Name, label};
use crate::plan::ports::{self, Assigned, Claim, Request};
use crate::plan::resolve::{Ports, Resolved};
use crate::words::port::Holder;
use crate::words::report::Report;

/// In the order of the slots. What belongs to an app that is only used has none, as nobody knows where that is, but for
/// Kubernetes: see [`elsewhere`].
///
/// # Errors
/// There is no rule for the ports, or it leads above 65535.
pub(crate) fn ports(
    resolved: &Resolved,
    names: &[Name],
    target: &Target,
) -> Result<Vec<Ports>, Vec<Report>> {
    let has_hosts = target.has_containers();
    let mut all = vec![Ports::default(); resolved.slots.len()];
    let mut taken = BTreeSet::new();
    for app in 0..resolved.sources.apps.roots {
        let (places, assigned) = assigned(resolved, app, &mut taken)?;
        let given = assigned.ports.into_iter().zip(assigned.further);
        for (place, (port, further)) in places.into_iter().zip(given) {
            let slot = &resolved.slots[place];
            let mut names = names.iter();
            let name = names.find(|name| (name.app, name.entry) == (slot.app, slot.entry));
            all[place] = Ports {
                further,
                host: name.filter(|_| has_hosts).map(|name| name.host.clone()),
                ..Ports::given(port)
            };
        }
    }
    if *target == Target::Kubernetes {
        for app in resolved.sources.apps.roots..resolved.sources.apps.apps.len() {
            neighbours(resolved, app, &mut all);
        }
    }
    Ok(all)
}

/// The ports of an app, none of which is `taken`, and the places of those who have them.
fn assigned(
    resolved: &Resolved,
    app: usize,
    taken: &mut BTreeSet<u16>,
) -> Result<(Vec<usize>, Assigned), Vec<Report>> {
    let (places, requests) = requests(resolved, app);
    if resolved.bases[app] == 0 && !requests.is_empty() {
        let report = Report::new("no port can be written down where any will do (`-p 0`)");
        return Err(vec![
            report.help("`-p 5000` says where they begin".to_string()),
        ]);
    }
    let sources = ports::Sources {
        base: resolved.bases[app],
        is_strict: false,
        remembered: &BTreeMap::new(),
        // Two apps of one base stay apart, as in a session.
        claim: &mut |process, port| match taken.insert(port) {
            true => Claim::Granted,
            false => Claim::Taken(Holder::Neighbour(process.clone())),
        },
        any_free: &mut || None,
    };
    Ok((places, ports::assign(&requests, sources)?))
}

/// Those of an app that is only used, as its own export has them. Where there is no rule for them, nobody knows.
fn neighbours(resolved: &Resolved, app: usize, all: &mut [Ports]) {
    let Ok((places, assigned)) = assigned(resolved, app, &mut BTreeSet::new()) else {
        return;
    };
    for (place, port) in places.into_iter().zip(assigned.ports) {
        all[place] = Ports {
            host: Some(elsewhere(resolved, place)),
            ..Ports::given(port)
        };
    }
}

/// What Kubernetes' DNS calls a process of an app that is exported by itself: its Service, in the app's own namespace.
pub(crate) fn elsewhere(resolved: &Resolved, place: usize) -> String {
    let slot = &resolved.slots[place];
    let app = resolved.app(slot.app).name();
    format!(
        "{}.{}",
        label(slot.name.process_type.as_str()),
        label(app.as_str())
    )
}

/// Who wants a port, and its place among the slots.
fn requests(resolved: &Resolved, app: usize) -> (Vec<usize>, Vec<Request>) {
    // Of an app that is only used all count, as in its own export.
    let is_meant = |place: usize| resolved.is_wanted[place] || !resolved.is_root(app);
    let is_asking = |place: &usize| resolved.slots[*place].app == app && is_meant(*place);
    let places = (0..resolved.slots.len()).filter(is_asking);
    places
        .filter_map(|place| Some((place, resolved.request(place)?)))
        .unzip()
}
