//! What runs only because somebody borrows it (`devrun run --up`): it is started for him, and stopped when the last
//! one who needs it has hung up.

use std::collections::{HashMap, HashSet};
use std::future;

use tokio::sync::oneshot;

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
    /// Tells that whoever holds the session on a leash is gone.
    leash: Option<oneshot::Receiver<()>>,
    /// He is: the session goes on for borrowers alone.
    is_let_go: bool,
}

impl Lending {
    pub(super) fn is_leashed_by(&mut self, leash: oneshot::Receiver<()>) {
        self.leash = Some(leash);
    }

    /// Comes back once the leash is let go. Cancel safe.
    pub(super) async fn let_go(&mut self) {
        match &mut self.leash {
            // Without a task that tells there is nobody either.
            Some(leash) => drop(leash.await),
            None => future::pending().await,
        }
        self.leash = None;
        self.is_let_go = true;
    }

    /// Nobody needs the session any more.
    pub(super) fn end(&self) -> Option<Event> {
        let is_over = self.is_let_go && self.borrowers.is_empty();
        is_over.then_some(Event::ShutdownRequested)
    }

    /// Somebody else asked for a process that was lent: it is his from now on.
    pub(super) fn note(&mut self, event: &Event) {
        if let Event::StartAsked { process }
        | Event::RestartAsked { process }
        | Event::ReplaceAsked { process, .. } = event
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
        let stopped = self.lending.gone(id).into_iter().map(stop);
        stopped.chain(self.lending.end()).collect()
    }
}
