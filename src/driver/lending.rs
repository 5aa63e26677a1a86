//! What runs only because somebody borrows it (`devrun run --up`): it is started for him, and stopped when the last
//! one who needs it has hung up.

use std::collections::{HashMap, HashSet};

use crate::control::{Follower, FollowerId, Reply};
use crate::driver::Driver;
use crate::plan::{AppIndex, Provider};
use crate::supervisor::{Event, ProcessIndex};
use crate::words::wire::Told;

#[derive(Debug, Default)]
pub(super) struct Lending {
    /// Who borrows what: all that he needs, also what ran already.
    borrowers: HashMap<FollowerId, HashSet<ProcessIndex>>,
    /// Started for borrowers, and asked for by nobody else since.
    lent: HashSet<ProcessIndex>,
    /// Whose start is asked for by ourselves.
    asking: HashSet<ProcessIndex>,
}

impl Lending {
    /// Somebody else asked for a process that was lent: it is his from now on.
    pub(super) fn note(&mut self, event: &Event) {
        if let Event::StartAsked { process } | Event::RestartAsked { process } = event
            && !self.asking.remove(process)
        {
            self.lent.remove(process);
        }
    }

    /// Who is to be stopped: nobody needs it any more.
    fn gone(&mut self, borrower: FollowerId) -> Vec<ProcessIndex> {
        let Some(needed) = self.borrowers.remove(&borrower) else {
            return Vec::new();
        };
        let is_needed = |place: &ProcessIndex| {
            let mut others = self.borrowers.values();
            others.any(|others| others.contains(place))
        };
        let mut left: Vec<ProcessIndex> = self
            .lent
            .intersection(&needed)
            .copied()
            .filter(|place| !is_needed(place))
            .collect();
        left.sort_unstable();
        self.lent.retain(|place| !left.contains(place));
        left
    }
}

impl Driver {
    /// Starts what is needed and does not run, and tells the borrower what becomes of it. A process that this
    /// session does not have (it was started with fewer) is nobody's.
    pub(super) fn borrow(
        &mut self,
        borrower: Follower,
        processes: &[String],
        reply: Reply<()>,
    ) -> Vec<Event> {
        let found = self.owned(&borrower.app).and_then(|app| {
            let needed = self.with_needs(app, processes);
            let started: Vec<ProcessIndex> = needed
                .iter()
                .copied()
                .filter(|place| self.supervisor.is_to_be_started(*place))
                .collect();
            let names = started
                .iter()
                .map(|place| &self.plan.processes[*place].name);
            let names = names.map(ToString::to_string).collect();
            borrower.teller.tell(Told::Lent(names));
            let id = borrower.id;
            self.add_follower(app, borrower)?;
            self.lending
                .borrowers
                .insert(id, needed.into_iter().collect());
            Ok(started)
        });
        let _ = reply.send(found.as_ref().map(drop).map_err(Clone::clone));
        let started = found.unwrap_or_default();
        self.lending.lent.extend(&started);
        self.lending.asking.extend(&started);
        let start = |process| Event::StartAsked { process };
        started.into_iter().map(start).collect()
    }

    /// The processes of these names, and all that they need and this session runs.
    fn with_needs(&self, app: AppIndex, names: &[String]) -> Vec<ProcessIndex> {
        let is_named = |place: &ProcessIndex| {
            let name = self.plan.processes[*place].name.in_app();
            names.contains(&name)
        };
        let places = self.world.processes_of(app).into_iter();
        let mut queue: Vec<ProcessIndex> = places.filter(is_named).collect();
        let mut needed = Vec::new();
        while let Some(place) = queue.pop() {
            if needed.contains(&place) {
                continue;
            }
            needed.push(place);
            let needs = self.plan.processes[place].needs.iter();
            queue.extend(needs.filter_map(|need| match need.on {
                Provider::Process(provider) => Some(provider),
                Provider::External(_) => None,
            }));
        }
        needed.sort_unstable();
        needed
    }

    /// Whoever followed an app, or borrowed of it, has hung up.
    pub(super) fn hung_up(&mut self, id: FollowerId) -> Vec<Event> {
        self.follower_gone(id);
        let stop = |process| Event::StopAsked { process };
        self.lending.gone(id).into_iter().map(stop).collect()
    }
}
