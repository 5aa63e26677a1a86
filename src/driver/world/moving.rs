//! Looks at a process's ports before each of its runs: what somebody took meanwhile is chosen anew.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::driver::world::World;
use crate::os::port;
use crate::plan::ports::{self, Claim, Request};
use crate::plan::resolve::Ports;
use crate::supervisor::ProcessIndex;
use crate::words::port::Holder;

/// The PORT that a process has from now on.
pub(crate) struct Moved {
    pub(crate) port: u16,
    /// Who has the one that it had before, if it had any.
    pub(crate) taken_by: Option<Holder>,
}

impl World {
    /// Before a run: a process that was never meant to run gets its ports now, and one of which somebody took
    /// a port meanwhile another one for that. `None`: it has what it had.
    ///
    /// # Errors
    /// There is none to be had, in words.
    pub(crate) fn port_for(&mut self, place: ProcessIndex) -> Result<Option<Moved>, String> {
        let Some(request) = self.resolved.request(place) else {
            return Ok(None);
        };
        let slot = self.resolved.slots[place].clone();
        let identity = self.resolved.app(slot.app).identity.clone();
        let Some(port) = self.ports[place].given else {
            let assigned = self.assign_to(slot.app, &[place], &BTreeMap::new());
            assigned.map_err(|reports| reports[0].headline.clone())?;
            return Ok(self.moved(place, None));
        };
        self.look_at_further(place, &request)?;
        let holder = match self.registry.claim(&identity, &request.process, port) {
            Claim::Granted => return Ok(None),
            Claim::Taken(holder) => holder,
        };
        let cannot_move = self.is_strict && self.resolved.is_root(slot.app);
        if cannot_move || request.pinned.is_some() {
            return Err(format!("port {port} is taken by {holder}"));
        }
        self.ports[place].given = None;
        if self
            .assign_to(slot.app, &[place], &BTreeMap::new())
            .is_err()
        {
            self.ports[place].given = Some(port);
            return Err(format!(
                "port {port} is taken by {holder}, and no other is free"
            ));
        }
        Ok(self.moved(place, Some(holder)))
    }

    fn moved(&self, place: ProcessIndex, taken_by: Option<Holder>) -> Option<Moved> {
        let port = self.ports[place].given?;
        Some(Moved { port, taken_by })
    }

    /// Gives a process others for those of its further ports that somebody has taken meanwhile.
    ///
    /// # Errors
    /// There is none to be had, in words.
    fn look_at_further(&mut self, place: ProcessIndex, request: &Request) -> Result<(), String> {
        let app = self.resolved.slots[place].app;
        let identity = self.resolved.app(app).identity.clone();
        let has = |port: &u16| {
            let claim = self.registry.claim(&identity, &request.process, *port);
            claim == Claim::Granted
        };
        let before = &self.ports[place].further;
        let kept: HashSet<u16> = before.iter().copied().filter(has).collect();
        let request = Request {
            further: before.len() - kept.len(),
            ..request.clone()
        };
        if request.further == 0 {
            return Ok(());
        }
        let given: BTreeSet<u16> = self.ports.iter().flat_map(Ports::all).collect();
        let registry = &mut self.registry;
        let sources = ports::Sources {
            base: self.resolved.bases[app],
            is_strict: false,
            remembered: &BTreeMap::new(),
            claim: &mut |process, port| registry.claim(&identity, process, port),
            any_free: &mut port::any_free,
        };
        let others = ports::further(&request, given, sources);
        let mut others = others
            .map_err(|reports| reports[0].headline.clone())?
            .into_iter();
        for port in &mut self.ports[place].further {
            if !kept.contains(port) {
                *port = others.next().unwrap_or(*port);
            }
        }
        Ok(())
    }
}
