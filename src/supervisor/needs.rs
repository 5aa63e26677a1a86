//! What the start of a process waits for, until when, and what becomes of it when that fails.

use std::time::{Duration, Instant};

use crate::plan::{External, Need, Plan, Provider};
use crate::supervisor::state::{Process, State, Up};
use crate::supervisor::{Elsewhere, ProcessIndex, Supervisor, Turn};
use crate::words::name::ProcessName;
use crate::words::notice::{Notice, WaitedFor};
use crate::words::policy::OnExit;

/// A wait is said after so many seconds,
const SAID_AFTER: [u64; 3] = [2, 10, 30];
/// and then whenever so many more have passed.
const SAID_EVERY: u64 = 60;

/// A start that is due, but for what the process needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    since: Instant,
    /// When it is to be said next.
    pub(super) said_at: Instant,
}

/// A backing service that is managed elsewhere.
#[derive(Debug)]
pub(super) struct Outside {
    external: External,
    /// Its port has accepted.
    is_reached: bool,
}

impl Wait {
    fn new(now: Instant) -> Self {
        let mut wait = Self {
            since: now,
            said_at: now,
        };
        wait.said_at = wait.said_first_at();
        wait
    }

    pub(super) fn said_first_at(&self) -> Instant {
        self.since + said_after(Duration::ZERO)
    }
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
    pub(super) fn reached(&mut self, external: usize) {
        if let Some(outside) = self.externals.get_mut(external) {
            outside.is_reached = true;
        }
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
        while let Some((process, need)) = self.failed_need() {
            self.fail(process, need, turn);
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

    /// Of a process that is held up.
    pub(super) fn waited_for_by(&self, index: ProcessIndex) -> Vec<WaitedFor> {
        let mut all = Vec::new();
        if matches!(self.processes[index].state, State::Held(_)) {
            for waited_for in self.unmet(index).map(|need| self.waited_for(need)) {
                if !all.contains(&waited_for) {
                    all.push(waited_for);
                }
            }
        }
        all
    }

    pub(super) fn say_who_waits(&mut self, turn: &mut Turn) {
        for index in 0..self.processes.len() {
            let State::Held(wait) = self.processes[index].state else {
                continue;
            };
            if wait.said_at > turn.now {
                continue;
            }
            let since = turn.now.duration_since(wait.since);
            turn.say(Notice::Waits {
                process: self.processes[index].name.clone(),
                for_: self.waited_for_by(index),
                since,
            });
            let said_at = wait.since + said_after(since);
            self.processes[index].state = State::Held(Wait { said_at, ..wait });
        }
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
        let is_use = |need: &Need| {
            need.on == Provider::Process(index) && need.variable.is_some() && need.waits
        };
        let mut ours = self.processes.iter().filter(|process| {
            let is_ours = !process.is_elsewhere() && !process.is_dormant();
            is_ours
        });
        ours.any(|process| process.needs.iter().any(is_use))
    }

    /// Nothing is left to run, or to wait for, once the failures so far are handed on.
    pub(super) fn will_be_over(&self) -> bool {
        (0..self.processes.len())
            .all(|index| self.processes[index].is_over() || self.is_doomed(index))
    }

    fn is_doomed(&self, index: ProcessIndex) -> bool {
        let process = &self.processes[index];
        let fails = |need: &Need| match need.on {
            Provider::Process(provider) => {
                need.is_required()
                    && (self.processes[provider].has_failed() || self.is_doomed(provider))
            }
            Provider::External(_) => false,
        };
        process.is_waiting() && process.needs.iter().any(fails)
    }

    fn is_met(&self, need: &Need) -> bool {
        match need.on {
            Provider::Process(provider) => self.processes[provider].meets(need),
            Provider::External(place) => self.externals[place].is_reached,
        }
    }

    fn waited_for(&self, need: &Need) -> WaitedFor {
        let provider = match need.on {
            Provider::Process(provider) => &self.processes[provider],
            Provider::External(place) => {
                let External { host, port } = self.externals[place].external.clone();
                return WaitedFor::External { host, port };
            }
        };
        let is_on_its_way = match provider.state {
            State::Elsewhere(now) => now == Elsewhere::NotReady,
            State::Dormant
            | State::Waiting
            | State::Held(_)
            | State::Starting
            | State::Up(_)
            | State::Restarting { .. }
            | State::Completed
            | State::Failed
            | State::FailedFor(_)
            | State::Stopped => !provider.is_over(),
        };
        let (provider, port) = (provider.name.clone(), provider.port);
        if is_on_its_way {
            WaitedFor::Process { provider, port }
        } else {
            WaitedFor::Somebody { provider }
        }
    }

    fn dormant_and_needed(&self) -> Option<ProcessIndex> {
        let is_to_start = |process: &&Process| {
            process.is_waiting() || matches!(process.state, State::Restarting { .. })
        };
        let dormant = |need: &Need| match need.on {
            Provider::Process(provider) => {
                let is_dormant = need.is_required() && self.processes[provider].is_dormant();
                is_dormant.then_some(provider)
            }
            Provider::External(_) => None,
        };
        let waiting = self.processes.iter().filter(is_to_start);
        waiting.flat_map(|process| &process.needs).find_map(dormant)
    }

    /// A process that has failed for the sake of one that has not failed any more.
    fn failed_for_nothing(&self) -> Option<ProcessIndex> {
        self.processes.iter().position(|process| {
            matches!(process.state, State::FailedFor(provider) if !self.processes[provider].has_failed())
        })
    }

    /// A process whose start waits for one that has failed, and the need.
    fn failed_need(&self) -> Option<(ProcessIndex, Need)> {
        let has_failed = |need: &&Need| match need.on {
            Provider::Process(provider) => {
                need.is_required() && self.processes[provider].has_failed()
            }
            Provider::External(_) => false,
        };
        let processes = self.processes.iter().enumerate();
        let mut waiting = processes.filter(|(_, process)| process.is_waiting());
        waiting.find_map(|(index, process)| {
            let need = process.needs.iter().find(has_failed)?;
            Some((index, need.clone()))
        })
    }

    /// The status of the session is that of the provider.
    fn fail(&mut self, index: ProcessIndex, need: Need, turn: &mut Turn) {
        let Provider::Process(provider) = need.on else {
            return;
        };
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

impl Need {
    /// Its consumer is not started without it.
    fn is_required(&self) -> bool {
        self.waits && !self.is_optional
    }
}

impl Process {
    /// Its start is due, or held up.
    fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting | State::Held(_))
    }

    /// Holds it up, from now on if it was not held up before.
    pub(super) fn hold(&mut self, now: Instant) {
        if !matches!(self.state, State::Held(_)) {
            self.state = State::Held(Wait::new(now));
        }
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

    pub(super) fn serves(&self, up: &Up) -> bool {
        up.goes_on() && (self.port.is_none() || up.listening.is_to_be_found())
    }
}

/// From the beginning of a wait that has lasted for `waited`, when it is to be said next.
fn said_after(waited: Duration) -> Duration {
    let seconds = waited.as_secs();
    let first = SAID_AFTER.into_iter().find(|after| *after > seconds);
    Duration::from_secs(first.unwrap_or((seconds / SAID_EVERY + 1) * SAID_EVERY))
}
