//! Where each process is reached once it is exported: foreman's ports, and a host where the target has one for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::export::names::Name;
use crate::plan::ports::{self, Claim, Request};
use crate::plan::resolve::{Ports, Resolved};
use crate::words::port::Holder;
use crate::words::report::Report;

/// In the order of the slots. What belongs to an app that is only used has none: nobody knows where that is.
///
/// # Errors
/// There is no rule for the ports, or it leads above 65535.
pub(crate) fn ports(
    resolved: &Resolved,
    names: &[Name],
    has_hosts: bool,
) -> Result<Vec<Ports>, Vec<Report>> {
    let mut all = vec![Ports::default(); resolved.slots.len()];
    let mut taken = BTreeSet::new();
    for app in 0..resolved.sources.apps.roots {
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
        let assigned = ports::assign(&requests, sources)?;
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
    Ok(all)
}

/// Who wants a port, and its place among the slots.
fn requests(resolved: &Resolved, app: usize) -> (Vec<usize>, Vec<Request>) {
    let is_asking = |place: &usize| resolved.slots[*place].app == app && resolved.is_wanted[*place];
    let places = (0..resolved.slots.len()).filter(is_asking);
    places
        .filter_map(|place| Some((place, resolved.request(place)?)))
        .unzip()
}
