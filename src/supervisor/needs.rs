//! What a process needs: when that is there, and what becomes of its start when it fails.

use std::collections::HashSet;

use crate::plan::{External, Need, Plan, Provider};
use crate::supervisor::state::{Process, State, Up};
use crate::supervisor::{Elsewhere, ProcessIndex, Supervisor, Turn};
use crate::words::name::ProcessName;
use crate::words::notice::Notice;
use crate::words::policy::OnExit;

/// A backing service that is managed elsewhere.
#[derive(Debug)]
pub(super) struct Outside {
    pub(super) external: External,
    /// Its port has accepted.
    is_reached: bool,
}

impl Outside {
    /// All of a plan; what was reached before stays so.
    pub(super) fn all(plan: &Plan, before: &[Self]) -> Vec<Self> {
        let outside = |external: &External| Self {
            external: external.clone(),
            is_reached: before
                .iter()
                .any(|before| before.is_reached && before.external == *external),
        };
        plan.externals.iter().map(outside).collect()
    }
}

impl Supervisor {
    pub(super) fn reached(&mut self, external: &External) {
        let mut externals = self.externals.iter_mut();
        if let Some(outside) = externals.find(|outside| outside.external == *external) {
            outside.is_reached = true;
        }
    }

    /// What is managed elsewhere, and held up a start here: whether it is there has to be tried.
    pub(crate) fn awaited_externals(&self) -> Vec<External> {
        let mut awaited = Vec::new();
        if self.externals.is_empty() || self.is_stopping() {
            return awaited;
        }
        for index in 0..self.processes.len() {
            if !matches!(self.processes[index].state, State::Held(_)) {
                continue;
            }
            for need in self.unmet(index) {
                if let Provider::External(place) = need.on
                    && !awaited.contains(&self.externals[place].external)
                {
                    awaited.push(self.externals[place].external.clone());
                }
            }
        }
        awaited
    }

    /// It is to run, here or elsewhere: by plan, because somebody asked for it, or for one that does.
    pub(crate) fn is_asked_for(&self, index: ProcessIndex) -> bool {
        let is_its = |need: &Need| need.on == Provider::Process(index);
        let mut alive = self.processes.iter().filter(|process| !process.is_over());
        self.processes[index].is_wanted || alive.any(|process| process.needs.iter().any(is_its))
    }

    /// Hands on what has become of the providers: who is waited for is wanted, a failure is that of those
    /// who cannot do without, and what is failed no more is waited for again.
    pub(super) fn hand_on(&mut self, turn: &mut Turn) {
        while let Some(process) = self.dormant_and_needed() {
            let process = &mut self.processes[process];
            process.is_wanted = true;
            process.state = process.next_run(turn.now);
        }
        while let Some(process) = self.failed_for_nothing() {
            let process = &mut self.processes[process];
            process.state = process.next_run(turn.now);
        }
        while let Some((process, need, provider)) = self.failed_need() {
            self.fail(process, need, provider, turn);
        }
    }

    /// The needs for which the start of a process waits.
    pub(super) fn unmet(&self, index: ProcessIndex) -> impl Iterator<Item = &Need> {
        let needs = self.processes[index].needs.iter();
        needs.filter(|need| need.waits && !self.is_met(need))
    }

    /// Who holds the process up by this need, if it is one of ours that may still bring it about by itself.
    pub(super) fn holder_here(&self, need: &Need) -> Option<ProcessIndex> {
        let Provider::Process(provider) = need.on else {
            return None;
        };
        (!self.processes[provider].is_over()).then_some(provider)
    }

    /// The processes behind the declared uses of this one.
    pub(super) fn uses(&self, process: &Process) -> Vec<ProcessName> {
        let mut names = Vec::new();
        for need in process.needs.iter().filter(|need| need.variable.is_some()) {
            let Provider::Process(provider) = need.on else {
                continue;
            };
            let name = &self.processes[provider].name;
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// Whether a declared use of a process of ours waits for this one.
    pub(super) fn is_used(&self, index: ProcessIndex) -> bool {
        let is_use = |need: &&Need| need.variable.is_some() && need.waits;
        providers(self.needs_of_ours().filter(is_use)).any(|provider| provider == index)
    }

    /// Those for whom the start of a process of ours waits, or would.
    pub(super) fn needed_to_start(&self) -> HashSet<ProcessIndex> {
        providers(self.needs_of_ours().filter(|need| need.waits)).collect()
    }

    fn needs_of_ours(&self) -> impl Iterator<Item = &Need> {
        let is_ours = |process: &&Process| !process.is_elsewhere() && !process.is_dormant();
        let ours = self.processes.iter().filter(is_ours);
        ours.flat_map(|process| &process.needs)
    }

    /// Nothing is left to run, or to wait for, once the failures so far are handed on.
    pub(super) fn will_be_over(&self) -> bool {
        (0..self.processes.len())
            .all(|index| self.processes[index].is_over() || self.is_doomed(index))
            && !self.waits_for_a_change()
    }

    fn is_doomed(&self, index: ProcessIndex) -> bool {
        let process = &self.processes[index];
        let fails = |provider: ProcessIndex| {
            self.processes[provider].has_failed() || self.is_doomed(provider)
        };
        process.is_waiting() && process.needs.iter().filter_map(required).any(fails)
    }

    pub(super) fn is_met(&self, need: &Need) -> bool {
        match need.on {
            Provider::Process(provider) => self.processes[provider].meets(need),
            Provider::External(place) => self.externals[place].is_reached,
        }
    }

    fn dormant_and_needed(&self) -> Option<ProcessIndex> {
        let is_to_start = |process: &&Process| {
            process.is_waiting() || matches!(process.state, State::Restarting { .. })
        };
        let waiting = self.processes.iter().filter(is_to_start);
        let mut providers = waiting.flat_map(|process| process.needs.iter().filter_map(required));
        providers.find(|provider| self.processes[*provider].is_dormant())
    }

    /// A process that has failed for the sake of one that has not failed any more.
    fn failed_for_nothing(&self) -> Option<ProcessIndex> {
        self.processes.iter().position(|process| {
            matches!(process.state, State::FailedFor(provider) if !self.processes[provider].has_failed())
        })
    }

    /// A process whose start waits for one that has failed: its need, and who that is.
    fn failed_need(&self) -> Option<(ProcessIndex, Need, ProcessIndex)> {
        let failed = |need: &Need| {
            let provider = required(need)?;
            let has_failed = self.processes[provider].has_failed();
            has_failed.then(|| (need.clone(), provider))
        };
        let processes = self.processes.iter().enumerate();
        let mut waiting = processes.filter(|(_, process)| process.is_waiting());
        waiting.find_map(|(index, process)| {
            let (need, provider) = process.needs.iter().find_map(failed)?;
            Some((index, need, provider))
        })
    }

    /// The status of the session is that of the provider.
    fn fail(&mut self, index: ProcessIndex, need: Need, provider: ProcessIndex, turn: &mut Turn) {
        if let State::Elsewhere(Elsewhere::Failed(status)) = self.processes[provider].state {
            self.failed_elsewhere(provider, status, turn);
        }
        turn.say(Notice::NeedFailed {
            process: self.processes[index].name.clone(),
            variable: need.variable,
            provider: self.processes[provider].name.clone(),
        });
        let process = &mut self.processes[index];
        process.state = State::FailedFor(provider);
        if self.rules.fail_fast || process.on_exit == OnExit::Shutdown {
            self.stop(turn);
        }
    }
}

impl Process {
    /// Its start is due, or held up.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting | State::Held(_))
    }

    /// Whether a need of this process need not be waited for.
    fn meets(&self, need: &Need) -> bool {
        match &self.state {
            State::Elsewhere(Elsewhere::Ready) => true,
            State::Elsewhere(Elsewhere::Absent | Elsewhere::Failed(_)) => need.is_optional,
            State::Elsewhere(Elsewhere::Unknown | Elsewhere::NotReady) => false,
            State::Up(up) => self.serves(up),
            // To be started after it is all that was asked for, and without a port it had nothing to serve.
            State::Completed => need.variable.is_none() || self.port.is_none() || need.is_optional,
            State::Dormant | State::Failed | State::FailedFor(_) | State::Stopped => {
                need.is_optional
            }
            State::Waiting | State::Held(_) | State::Starting | State::Restarting { .. } => false,
        }
    }

    fn serves(&self, up: &Up) -> bool {
        up.goes_on() && (!self.becomes_ready(up) || up.listening.is_to_be_found())
    }
}

/// The processes behind these needs.
pub(super) fn providers<'a>(
    needs: impl Iterator<Item = &'a Need>,
) -> impl Iterator<Item = ProcessIndex> {
    needs.filter_map(|need| match need.on {
        Provider::Process(provider) => Some(provider),
        Provider::External(_) => None,
    })
}

/// The process without which the one that has this need is not started, if there is one.
fn required(need: &Need) -> Option<ProcessIndex> {
    match need.on {
        Provider::Process(provider) => (need.waits && !need.is_optional).then_some(provider),
        Provider::External(_) => None,
    }
}
