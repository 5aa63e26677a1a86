//! Every process as it is now, for whoever asks.

use std::time::{Duration, Instant};

use crate::plan::{Need, Provider};
use crate::supervisor::state::{Process, State, Up};
use crate::supervisor::{ProcessIndex, Supervisor};
use crate::words::answer::ProcessRow;
use crate::words::exit::Exit;
use crate::words::notice::Shown;

/// How a run ended, how long ago, and what it wrote last or why there was none.
pub(crate) type Failed = (Exit, Duration, Option<String>);

impl Supervisor {
    /// It listens on its PORT now.
    pub(crate) fn serves_its_port(&self, index: ProcessIndex) -> bool {
        let up = self.processes[index].up().filter(|up| up.goes_on());
        up.is_some_and(|up| up.listening.is_served())
    }

    /// Whoever declares a use of it need not wait.
    pub(crate) fn serves(&self, index: ProcessIndex) -> bool {
        let need = Need {
            on: Provider::Process(index),
            variable: Some(String::new()),
            waits: true,
            is_optional: false,
        };
        self.is_met(&need)
    }

    /// For good, here or elsewhere.
    pub(crate) fn has_failed(&self, index: ProcessIndex) -> bool {
        self.processes[index].has_failed()
    }

    /// How the last run of a process has failed that is not going to run, or is to be started again for that
    /// reason; and how long ago.
    pub(crate) fn failure(&self, index: ProcessIndex, now: Instant) -> Option<Failed> {
        let process = &self.processes[index];
        let is_its = matches!(process.state, State::Failed | State::Restarting { .. });
        let last = process.last_failure.as_ref().filter(|_| is_its)?;
        let ago = now.saturating_duration_since(last.at);
        Some((last.exit, ago, last.said.clone()))
    }

    /// Who has failed first, and the variable of the use, of a process that cannot do without.
    pub(crate) fn failed_for(&self, index: ProcessIndex) -> Option<(ProcessIndex, Option<&str>)> {
        let process = &self.processes[index];
        let State::FailedFor(provider) = process.state else {
            return None;
        };
        let mut needs = process.needs.iter();
        let need = needs.find(|need| need.on == Provider::Process(provider));
        let variable = need.and_then(|need| need.variable.as_deref());
        Some((provider, variable))
    }

    /// The number of its present run, or of its last one.
    pub(crate) fn run(&self, index: ProcessIndex) -> u32 {
        self.processes[index].run
    }

    /// How long it is until the process is started again.
    pub(crate) fn starts_in(&self, index: ProcessIndex, now: Instant) -> Option<Duration> {
        let State::Restarting { at } = self.processes[index].state else {
            return None;
        };
        Some(at.saturating_duration_since(now))
    }

    /// How long after its failed run was over the process is started again.
    pub(crate) fn restart_delay(&self, index: ProcessIndex) -> Option<Duration> {
        let process = &self.processes[index];
        let State::Restarting { at } = process.state else {
            return None;
        };
        let last = process.last_failure.as_ref()?;
        Some(at.saturating_duration_since(last.over_at))
    }

    /// Its runs but for the first, and for those that were other programs.
    pub(crate) fn restarts(&self, index: ProcessIndex) -> u32 {
        self.processes[index].restarts()
    }

    /// In Procfile order.
    pub(crate) fn rows(&self, now: Instant) -> Vec<ProcessRow> {
        let row = |(index, process): (usize, &Process)| {
            let state = process.shown();
            let failed = (state == Shown::Failed)
                .then(|| self.status.end_of(index))
                .flatten();
            ProcessRow {
                process: process.name.clone(),
                state,
                run: process.run,
                pid: process.up().map(|up| up.pid),
                up: process.up().map(|up: &Up| now.duration_since(up.since)),
                url: process.url(),
                is_dormant: process.is_dormant(),
                stand_in: process.stand_in().is_some(),
                waits_for: self.waited_for_by(index),
                not_ready: process.not_ready(),
                // What is on a screen is not known here.
                waits: false,
                elsewhere: process
                    .up()
                    .filter(|up| up.goes_on())
                    .and_then(|up| up.listening.elsewhere()),
                failure: failed.map(|end| {
                    let last_line = end.last_lines.last().cloned();
                    (end.exit, now.duration_since(end.at), last_line)
                }),
            }
        };
        self.processes.iter().enumerate().map(row).collect()
    }
}
