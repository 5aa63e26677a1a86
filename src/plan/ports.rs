//! Which process gets which port: foreman's rule, around what is taken. Never probes: the caller claims.

use std::collections::{BTreeMap, BTreeSet};

use crate::words::name::ProcessName;
use crate::words::notice::Notice;
use crate::words::port::Holder;
use crate::words::report::Report;

/// Each process type has a block of so many ports.
pub(crate) const BLOCK: u16 = 100;

/// How many proposals may be in vain before no port is left.
const PROPOSALS: usize = 100;

/// A process that needs a port, and its place by foreman's rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) process: ProcessName,
    /// The place of its type in the whole Procfile, from 0.
    pub(crate) type_index: usize,
    /// This port or none, whatever foreman's rule says.
    pub(crate) pinned: Option<u16>,
    /// How many more it needs, any of its block.
    pub(crate) further: usize,
}

/// What came of asking for a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It is held for this session from now on.
    Granted,
    Taken(Holder),
}

/// Where ports come from.
pub(crate) struct Sources<'a> {
    /// 0: any free ports.
    pub(crate) base: u16,
    /// A taken port is an error instead of a reason to move.
    pub(crate) is_strict: bool,
    /// What processes of this app were given the last time, because their own place was another app's.
    pub(crate) remembered: &'a BTreeMap<String, u16>,
    pub(crate) claim: &'a mut dyn FnMut(&ProcessName, u16) -> Claim,
    /// Proposes any port that is free.
    pub(crate) any_free: &'a mut dyn FnMut() -> Option<u16>,
}

impl Sources<'_> {
    /// A place that was given up to another app is given up for good: what came instead is tried first.
    fn kept(&self, process: &ProcessName) -> Option<u16> {
        let kept = self.remembered.get(&process.to_string());
        kept.copied().filter(|_| !self.is_strict)
    }
}

/// The ports of a session, in the order of the requests.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Assigned {
    pub(crate) ports: Vec<u16>,
    /// The further ones of each.
    pub(crate) further: Vec<Vec<u16>>,
    /// Every skip, once, with who holds the port.
    pub(crate) notices: Vec<Notice>,
    /// What to remember for the next time, in place of what was remembered: the ports of those that
    /// gave way to another app of devrun, now or earlier, also of processes that this session leaves out.
    pub(crate) to_remember: BTreeMap<String, u16>,
}

/// Gives every request a port: base + 100·i + n − 1, or the next free one of the type's own block, or,
/// when that is spent, any free one. No port is given twice, none that browsers refuse, and none that
/// is another process's own place.
///
/// # Errors
/// A place above 65535; a taken port under `is_strict`; no port left at all.
pub(crate) fn assign(requests: &[Request], sources: Sources<'_>) -> Result<Assigned, Vec<Report>> {
    let places = places(requests, sources.base)?;
    let mut assignment = Assignment {
        owners: owners(requests, &places, &sources),
        given: BTreeSet::new(),
        notices: Vec::new(),
        to_remember: sources.remembered.clone(),
        sources,
    };
    let mut ports = Vec::new();
    let mut errors = Vec::new();
    for (request, place) in requests.iter().zip(places) {
        match assignment.port(request, place) {
            Ok(port) => {
                assignment.given.insert(port);
                ports.push(port);
            }
            Err(report) => errors.push(report),
        }
    }
    // Last, so that none of them is another process's own.
    let mut further = Vec::new();
    for request in requests {
        match assignment.further(request) {
            Ok(ports) => further.push(ports),
            Err(report) => errors.push(report),
        }
    }
    if errors.is_empty() {
        Ok(Assigned {
            ports,
            further,
            notices: assignment.notices,
            to_remember: assignment.to_remember,
        })
    } else {
        Err(errors)
    }
}

/// So many more ports for one process as its request wants further ones; `given`: those that the session has.
///
/// # Errors
/// A place above 65535; no port left at all.
pub(crate) fn further(
    request: &Request,
    given: BTreeSet<u16>,
    sources: Sources<'_>,
) -> Result<Vec<u16>, Vec<Report>> {
    let requests = std::slice::from_ref(request);
    let places = places(requests, sources.base)?;
    let mut assignment = Assignment {
        owners: owners(requests, &places, &sources),
        given,
        notices: Vec::new(),
        to_remember: BTreeMap::new(),
        sources,
    };
    assignment.further(request).map_err(|report| vec![report])
}

/// Every request's own place; `None` where any port will do.
///
/// # Errors
/// A place above 65535.
pub(crate) fn places(requests: &[Request], base: u16) -> Result<Vec<Option<u16>>, Vec<Report>> {
    let mut errors = Vec::new();
    let mut places = Vec::new();
    for request in requests {
        let offset = offset(request);
        match u16::try_from(usize::from(base) + offset) {
            _ if request.pinned.is_some() => places.push(request.pinned),
            _ if base == 0 => places.push(None),
            Ok(place) => places.push(Some(place)),
            Err(_) => errors.push(above_the_last(request, base, offset)),
        }
    }
    if errors.is_empty() {
        Ok(places)
    } else {
        Err(errors)
    }
}

/// From the base to the request's own place: 100·i + n − 1.
pub(crate) fn offset(request: &Request) -> usize {
    let instance = usize::from(request.process.instance.get());
    usize::from(BLOCK) * request.type_index + instance - 1
}

/// For whom a port is held free: whose own place it is, then for whom it was remembered. Where the block
/// of a type overflows into the next one (`web.101`), the process whose block it is comes first.
fn owners(
    requests: &[Request],
    places: &[Option<u16>],
    sources: &Sources<'_>,
) -> BTreeMap<u16, ProcessName> {
    let (mut own, mut beyond, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for (Request { process, .. }, place) in requests.iter().zip(places) {
        kept.extend(sources.kept(process).map(|port| (port, process)));
        let Some(place) = *place else { continue };
        let places = if process.instance.get() <= BLOCK {
            &mut own
        } else {
            &mut beyond
        };
        places.push((place, process));
    }
    let mut owners = BTreeMap::new();
    for (port, process) in [own, beyond, kept].concat() {
        owners.entry(port).or_insert_with(|| process.clone());
    }
    owners
}

struct Assignment<'a> {
    /// Nobody else moves there.
    owners: BTreeMap<u16, ProcessName>,
    given: BTreeSet<u16>,
    notices: Vec<Notice>,
    to_remember: BTreeMap<String, u16>,
    sources: Sources<'a>,
}

/// A port that was tried, and who holds it.
type Skip = (u16, Holder);

impl Assignment<'_> {
    fn port(&mut self, request: &Request, place: Option<u16>) -> Result<u16, Report> {
        let process = &request.process;
        let Some(place) = place else {
            // Where any will do, the one that it had is as good.
            let kept = self.sources.kept(process);
            let kept = kept.filter(|port| self.try_place(process, *port).is_ok());
            let port = kept.or_else(|| self.any(process));
            return port.ok_or_else(|| none_left(process));
        };
        if let Some(pinned) = request.pinned {
            return match (self.sources.claim)(process, pinned) {
                Claim::Granted => Ok(pinned),
                Claim::Taken(holder) => Err(pinned_taken(process, pinned, &holder)),
            };
        }
        let kept = self.sources.kept(process).filter(|kept| *kept != place);
        let first = kept.unwrap_or(place);
        let Err(holder) = self.try_place(process, first) else {
            self.notices.extend(kept.map(|port| Notice::PortRemembered {
                process: process.clone(),
                port,
                usual: place,
            }));
            return Ok(first);
        };
        if self.sources.is_strict {
            return Err(taken(process, place, &holder));
        }
        let is_given_up = match holder {
            Holder::Devrun { .. } => true,
            Holder::Neighbour(_) => kept.is_some(),
            Holder::Process { .. }
            | Holder::OtherUser
            | Holder::Unknown
            | Holder::AirPlay
            | Holder::NeedsPrivilege
            | Holder::RefusedByBrowsers => false,
        };
        let mut skips = vec![(first, holder)];
        let instead = self
            .in_block(request, first, place, &mut skips)
            .or_else(|| self.any(process))
            .ok_or_else(|| none_left(process))?;
        if is_given_up {
            self.to_remember.insert(process.to_string(), instead);
        }
        self.say(process, skips, instead);
        Ok(instead)
    }

    /// The next free ones of its block, or any.
    fn further(&mut self, request: &Request) -> Result<Vec<u16>, Report> {
        let base = usize::from(self.sources.base);
        let place = u16::try_from(base + offset(request)).ok();
        let place = place.filter(|_| base > 0);
        let mut ports = Vec::new();
        for _ in 0..request.further {
            let in_block = place.and_then(|place| {
                let first = ports.last().copied().unwrap_or(place);
                self.in_block(request, first, place, &mut Vec::new())
            });
            let port = in_block.or_else(|| self.any(&request.process));
            let port = port.ok_or_else(|| none_left(&request.process))?;
            self.given.insert(port);
            ports.push(port);
        }
        Ok(ports)
    }

    fn try_place(&mut self, process: &ProcessName, port: u16) -> Result<(), Holder> {
        if is_refused_by_browsers(port) {
            return Err(Holder::RefusedByBrowsers);
        }
        match self.owners.get(&port) {
            Some(owner) if owner != process => return Err(Holder::Neighbour(owner.clone())),
            Some(_) | None => {}
        }
        match (self.sources.claim)(process, port) {
            Claim::Granted => Ok(()),
            Claim::Taken(holder) => Err(holder),
        }
    }

    /// The next free port of the type's own block after `first`, from its end on to its beginning.
    /// `place` was given up.
    fn in_block(
        &mut self,
        request: &Request,
        first: u16,
        place: u16,
        skips: &mut Vec<Skip>,
    ) -> Option<u16> {
        let begin = place - (request.process.instance.get() - 1);
        let block = begin..=begin.saturating_add(BLOCK - 1);
        let (after, before): (Vec<u16>, Vec<u16>) = block.partition(|port| *port > first);
        for port in after.into_iter().chain(before) {
            if port == first || port == place || self.is_somebodys(port) {
                continue;
            }
            match self.try_place(&request.process, port) {
                Ok(()) => return Some(port),
                // That much was said by the first.
                Err(Holder::NeedsPrivilege) => {}
                Err(holder) => skips.push((port, holder)),
            }
        }
        None
    }

    fn any(&mut self, process: &ProcessName) -> Option<u16> {
        for _ in 0..PROPOSALS {
            let port = (self.sources.any_free)()?;
            if !self.is_somebodys(port) && self.try_place(process, port).is_ok() {
                return Some(port);
            }
        }
        None
    }

    /// Given to a process of this session, or held free for one.
    fn is_somebodys(&self, port: u16) -> bool {
        self.given.contains(&port) || self.owners.contains_key(&port)
    }

    fn say(&mut self, process: &ProcessName, skips: Vec<Skip>, instead: u16) {
        let last = skips.len() - 1;
        for (number, (port, holder)) in skips.into_iter().enumerate() {
            self.notices.push(Notice::PortTaken {
                port,
                holder,
                process: process.clone(),
                instead: (number == last).then_some(instead),
            });
        }
    }
}

fn above_the_last(request: &Request, base: u16, offset: usize) -> Report {
    const USUAL: u16 = 5000;
    let place = usize::from(base) + offset;
    let would_fit = usize::from(USUAL) + offset <= usize::from(u16::MAX);
    let help = format!("choose a lower base port: `devrun start -p {USUAL}`");
    Report::new(format!("`{}` would get port {place}", request.process))
        .caused_by(format!(
            "ports end at 65535; {base} + 100 for each type before it"
        ))
        .help(would_fit.then_some(help))
}

fn none_left(process: &ProcessName) -> Report {
    Report::new(format!("no free port for `{process}`"))
}

fn pinned_taken(process: &ProcessName, port: u16, holder: &Holder) -> Report {
    let report = Report::new(format!("port {port} of `{process}` cannot be had"));
    let report = report.caused_by(match holder {
        Holder::NeedsPrivilege => "it needs privileges".to_string(),
        Holder::Process { .. }
        | Holder::Devrun { .. }
        | Holder::OtherUser
        | Holder::Unknown
        | Holder::AirPlay
        | Holder::RefusedByBrowsers
        | Holder::Neighbour(_) => format!("it is taken by {holder}"),
    });
    report.help("end that, or choose another `port:` in devrun.yaml".to_string())
}

fn taken(process: &ProcessName, port: u16, holder: &Holder) -> Report {
    let what = match holder {
        Holder::RefusedByBrowsers => "is one that browsers refuse",
        Holder::NeedsPrivilege => "needs privileges",
        Holder::Process { .. }
        | Holder::Devrun { .. }
        | Holder::OtherUser
        | Holder::Unknown
        | Holder::AirPlay
        | Holder::Neighbour(_) => "is taken",
    };
    let report = Report::new(format!(
        "port {port} {what}, and `{process}` may have no other"
    ));
    let report = if what == "is taken" {
        report.caused_by(holder)
    } else {
        report
    };
    report.help("without `--strict-ports` it gets the next free one".to_string())
}

/// The ports that browsers, and fetch in general, refuse to connect to: the WHATWG fetch standard's
/// [bad ports](https://fetch.spec.whatwg.org/#port-blocking).
pub(crate) fn is_refused_by_browsers(port: u16) -> bool {
    /// In ascending order.
    const REFUSED: &[u16] = &[
        0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95,
        101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179,
        389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601,
        636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566,
        6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
    ];
    REFUSED.binary_search(&port).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words::name::ProcessType;

    fn request(process_type: &str, instance: u16, type_index: usize) -> Request {
        let mut process = ProcessName::first(ProcessType::new(process_type).unwrap());
        process.instance = instance.try_into().unwrap();
        Request {
            process,
            type_index,
            pinned: None,
            further: 0,
        }
    }

    fn stranger() -> Holder {
        Holder::Process {
            pid: 7,
            command: "next dev".into(),
            directory: None,
        }
    }

    fn app() -> Holder {
        Holder::Devrun {
            app: "blog".into(),
            directory: "~/blog".into(),
            process: "web.1".into(),
            pid: 7,
        }
    }

    /// Assigns with these ports taken by these holders. Any free ports begin at 20000.
    fn assign_around(
        requests: &[Request],
        base: u16,
        taken: &[(u16, Holder)],
        remembered: &[(&str, u16)],
    ) -> Assigned {
        let remembered = remembered_as(remembered);
        let mut proposals = 20_000..;
        let sources = Sources {
            base,
            is_strict: false,
            remembered: &remembered,
            claim: &mut |_, port| match taken.iter().find(|(taken, _)| *taken == port) {
                Some((_, holder)) => Claim::Taken(holder.clone()),
                None => Claim::Granted,
            },
            any_free: &mut || proposals.next(),
        };
        assign(requests, sources).unwrap()
    }

    fn remembered_as(ports: &[(&str, u16)]) -> BTreeMap<String, u16> {
        let ports = ports.iter();
        ports.map(|(name, port)| ((*name).into(), *port)).collect()
    }

    fn errors(requests: &[Request], base: u16, is_strict: bool, holder: Holder) -> Vec<String> {
        let sources = Sources {
            base,
            is_strict,
            remembered: &BTreeMap::new(),
            claim: &mut |_, _| Claim::Taken(holder.clone()),
            any_free: &mut || None,
        };
        let errors = assign(requests, sources).unwrap_err();
        errors.iter().map(ToString::to_string).collect()
    }

    fn skip(process: &Request, port: u16, holder: Holder, instead: Option<u16>) -> Notice {
        Notice::PortTaken {
            port,
            holder,
            process: process.process.clone(),
            instead,
        }
    }

    #[test]
    fn where_any_port_will_do_the_one_it_had_is_kept() {
        let requests = [request("web", 1, 0), request("api", 1, 1)];
        let kept =
            |taken: &[(u16, Holder)]| assign_around(&requests, 0, taken, &[("api.1", 7123)]).ports;
        assert_eq!(kept(&[]), [20_000, 7123]);
        assert_eq!(kept(&[(7123, stranger())]), [20_000, 20_001]);
    }

    #[test]
    fn a_pinned_port_is_that_or_none() {
        let pinned = Request {
            pinned: Some(6000),
            ..request("web", 1, 0)
        };
        assert_eq!(
            assign_around(std::slice::from_ref(&pinned), 5000, &[], &[]).ports,
            [6000]
        );
        let error = &errors(&[pinned], 5000, false, stranger())[0];
        assert!(
            error.starts_with("error: port 6000 of `web.1` cannot be had"),
            "{error}"
        );
    }

    #[test]
    fn further_ports_are_the_next_of_the_block_and_nobodys_own() {
        let several = Request {
            further: 2,
            ..request("mq", 1, 1)
        };
        let requests = [request("web", 1, 0), several, request("mq", 2, 1)];
        let assigned = assign_around(&requests, 5000, &[(5102, stranger())], &[]);
        assert_eq!(assigned.ports, [5000, 5100, 5101]);
        assert_eq!(assigned.further, [vec![], vec![5103, 5104], vec![]]);
        let any = assign_around(&requests[1..2], 0, &[], &[]);
        assert_eq!(
            (any.ports, any.further),
            (vec![20_000], vec![vec![20_001, 20_002]])
        );
    }

    #[test]
    fn foremans_rule_is_what_a_newcomer_gets() {
        let requests = [
            request("web", 1, 0),
            request("web", 2, 0),
            request("worker", 1, 1),
            request("db", 1, 3),
        ];
        let ports = |base| assign_around(&requests, base, &[], &[]).ports;
        assert_eq!(ports(5000), [5000, 5001, 5100, 5300]);
        assert_eq!(ports(0), [20_000, 20_001, 20_002, 20_003]);
    }

    #[test]
    fn a_taken_port_is_skipped_and_the_holder_is_named() {
        let requests = [request("web", 1, 0), request("web", 2, 0)];
        let assigned = assign_around(&requests, 5000, &[(5000, stranger())], &[]);
        // 5001 is its neighbour's own place.
        assert_eq!(assigned.ports, [5002, 5001]);
        let said = skip(&requests[0], 5000, stranger(), Some(5002));
        assert_eq!(assigned.notices, [said]);
        assert!(
            assigned.to_remember.is_empty(),
            "a stranger's port is tried again next time"
        );
    }

    #[test]
    fn every_skip_is_said_and_the_last_one_says_what_came_instead() {
        let web = request("web", 1, 0);
        let taken = [(5000, stranger()), (5001, Holder::OtherUser)];
        let assigned = assign_around(std::slice::from_ref(&web), 5000, &taken, &[]);
        assert_eq!(
            assigned.notices,
            [
                skip(&web, 5000, stranger(), None),
                skip(&web, 5001, Holder::OtherUser, Some(5002)),
            ]
        );
    }

    #[test]
    fn a_port_given_up_to_another_app_is_given_up_for_good() {
        let web = request("web", 1, 0);
        let requests = std::slice::from_ref(&web);
        let assigned = assign_around(requests, 5000, &[(5000, app())], &[]);
        let remembered = remembered_as(&[("web.1", 5001)]);
        assert_eq!(assigned.to_remember, remembered);

        let again = assign_around(requests, 5000, &[], &[("web.1", 5001)]);
        assert_eq!(again.ports, [5001]);
        assert_eq!(again.to_remember, remembered);
        assert_eq!(
            again.notices,
            [Notice::PortRemembered {
                process: web.process,
                port: 5001,
                usual: 5000
            }]
        );
    }

    #[test]
    fn a_remembered_port_may_be_lost_in_its_turn() {
        let web = request("web", 1, 0);
        let lost_to = |holder| {
            let requests = std::slice::from_ref(&web);
            assign_around(requests, 5000, &[(5001, holder)], &[("web.1", 5001)])
        };
        let to_stranger = lost_to(stranger());
        assert_eq!(to_stranger.ports, [5002]);
        assert_eq!(
            to_stranger.notices,
            [skip(&web, 5001, stranger(), Some(5002))]
        );
        assert_eq!(to_stranger.to_remember, remembered_as(&[("web.1", 5001)]));
        let to_app = lost_to(app());
        assert_eq!(to_app.ports, [5002]);
        assert_eq!(to_app.to_remember, remembered_as(&[("web.1", 5002)]));
    }

    #[test]
    fn a_remembered_port_gives_way_to_a_neighbour_whose_place_it_is() {
        let requests = [request("web", 1, 0), request("web", 2, 0)];
        let assigned = assign_around(&requests, 5000, &[], &[("web.1", 5001)]);
        assert_eq!(assigned.ports, [5002, 5001]);
        assert_eq!(assigned.to_remember, remembered_as(&[("web.1", 5002)]));
    }

    #[test]
    fn nobody_moves_to_a_port_that_is_remembered_for_another() {
        let requests = [request("web", 1, 0), request("worker", 1, 1)];
        let kept = [("worker.1", 5001)];
        let assigned = assign_around(&requests, 5000, &[(5000, stranger())], &kept);
        assert_eq!(assigned.ports, [5002, 5001]);
    }

    #[test]
    fn what_a_session_leaves_out_stays_remembered() {
        let assigned = assign_around(&[request("worker", 1, 1)], 5000, &[], &[("web.1", 5001)]);
        assert_eq!(assigned.ports, [5100]);
        assert_eq!(assigned.to_remember, remembered_as(&[("web.1", 5001)]));
    }

    #[test]
    fn a_block_is_spent_only_when_its_beginning_is_too() {
        let last = [request("web", 100, 0)];
        let assigned = assign_around(&last, 5000, &[(5099, stranger())], &[]);
        assert_eq!(assigned.ports, [5000]);
        let taken: Vec<_> = (5000..5100).map(|port| (port, stranger())).collect();
        let assigned = assign_around(&[request("web", 1, 0)], 5000, &taken, &[]);
        assert_eq!(assigned.ports, [20_000]);
    }

    #[test]
    fn a_block_that_overflows_gives_way_to_the_next_types_own() {
        let requests = [request("web", 101, 0), request("worker", 1, 1)];
        let assigned = assign_around(&requests, 5000, &[], &[]);
        assert_eq!(assigned.ports, [5000, 5100]);
        let neighbour = Holder::Neighbour(requests[1].process.clone());
        let said = skip(&requests[0], 5100, neighbour, Some(5000));
        assert_eq!(assigned.notices, [said]);
        assert_eq!(assign_around(&requests[..1], 5000, &[], &[]).ports, [5100]);
    }

    #[test]
    fn the_eleventh_process_type_does_not_get_6000() {
        let web = request("web", 1, 10);
        let assigned = assign_around(std::slice::from_ref(&web), 5000, &[], &[]);
        assert_eq!(assigned.ports, [6001]);
        let said = skip(&web, 6000, Holder::RefusedByBrowsers, Some(6001));
        assert_eq!(assigned.notices, [said]);
    }

    #[test]
    fn privileged_ports_are_said_once() {
        let taken: Vec<_> = (0..1024)
            .map(|port| (port, Holder::NeedsPrivilege))
            .collect();
        let web = request("web", 1, 0);
        let assigned = assign_around(std::slice::from_ref(&web), 200, &taken, &[]);
        let said = skip(&web, 200, Holder::NeedsPrivilege, Some(20_000));
        assert_eq!(assigned.notices, [said]);
    }

    #[test]
    fn strict_ports_refuse_and_name_every_holder() {
        let requests = [request("web", 1, 0), request("worker", 1, 1)];
        let errors = errors(&requests, 5000, true, stranger());
        assert_eq!(errors.len(), 2);
        assert_eq!(
            errors[0],
            "error: port 5000 is taken, and `web.1` may have no other\n caused by: next dev (pid 7)\n \
             help: without `--strict-ports` it gets the next free one"
        );
    }

    #[test]
    fn strict_ports_know_of_no_port_given_up() {
        let mut asked = Vec::new();
        let sources = Sources {
            base: 5000,
            is_strict: true,
            remembered: &remembered_as(&[("web.1", 5001)]),
            claim: &mut |_, port| {
                asked.push(port);
                Claim::Granted
            },
            any_free: &mut || None,
        };
        let assigned = assign(&[request("web", 1, 0)], sources).unwrap();
        assert_eq!((assigned.ports, asked), (vec![5000], vec![5000]));
    }

    #[test]
    fn a_place_above_65535_is_an_error() {
        let requests = [request("web", 1, 0), request("worker", 1, 1)];
        let errors = errors(&requests, 65_500, false, stranger());
        assert_eq!(errors.len(), 1);
        assert!(errors[0].starts_with("error: `worker.1` would get port 65600"));
        assert!(errors[0].ends_with("`devrun start -p 5000`"));
    }

    #[test]
    fn without_any_port_left_the_process_is_named() {
        let errors = errors(&[request("web", 1, 0)], 5000, false, stranger());
        assert_eq!(errors, ["error: no free port for `web.1`"]);
    }

    proptest! {
        #[test]
        fn ports_are_distinct_free_and_the_own_place_where_that_is_free(
            base in 1u16..60_000,
            counts in proptest::collection::vec(0u16..4, 1..20),
            taken in proptest::collection::btree_set(0u16..300, 0..100),
            kept in proptest::collection::btree_map(0usize..20, 0u16..300, 0..4),
        ) {
            let instances = counts.iter().enumerate();
            let requests: Vec<Request> = instances
                .flat_map(|(index, count)| {
                    (1..=*count).map(move |n| request(&format!("p{index}"), n, index))
                })
                .collect();
            let taken: Vec<_> = taken.iter().map(|offset| (base + offset, stranger())).collect();
            let kept: Vec<(String, u16)> = kept
                .iter()
                .map(|(index, offset)| (format!("p{index}.1"), base + offset))
                .collect();
            let kept: Vec<_> = kept.iter().map(|(name, port)| (name.as_str(), *port)).collect();
            let assigned = assign_around(&requests, base, &taken, &kept);

            let ports: BTreeSet<u16> = assigned.ports.iter().copied().collect();
            prop_assert_eq!(ports.len(), requests.len());
            prop_assert!(!ports.iter().any(|port| is_refused_by_browsers(*port)));
            prop_assert!(!taken.iter().any(|(port, _)| ports.contains(port)));
            for (request, port) in requests.iter().zip(&assigned.ports) {
                let place = base + u16::try_from(offset(request)).unwrap();
                let is_free = !taken.iter().any(|(taken, _)| *taken == place);
                let name = request.process.to_string();
                let is_kept = kept.iter().any(|(kept, _)| *kept == name);
                if is_free && !is_kept && !is_refused_by_browsers(place) {
                    prop_assert_eq!(*port, place);
                }
            }
        }
    }
}
