//! Every process as it is now, for whoever asks.

use std::time::Instant;

use crate::plan::{Need, Provider};
use crate::supervisor::state::{Process, State, Up};
use crate::supervisor::{ProcessIndex, Supervisor};
use crate::words::answer::ProcessRow;
use crate::words::notice::Shown;

impl Supervisor {
    /// It listens on its PORT now.
    pub(crate) fn serves_its_port(&self, index: ProcessIndex) -> bool {
        self.processes[index].shown() == Shown::Ready && !self.processes[index].is_elsewhere()
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

    /// Whose failure is the reason that it has failed.
    pub(crate) fn failed_for(&self, index: ProcessIndex) -> Option<ProcessIndex> {
        match self.processes[index].state {
            State::FailedFor(provider) => Some(provider),
            State::Elsewhere(_)
            | State::Dormant
            | State::Waiting
            | State::Held(_)
            | State::Starting
            | State::Up(_)
            | State::Restarting { .. }
            | State::Completed
            | State::Failed
            | State::Stopped => None,
        }
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
                url: process.url().filter(|_| state == Shown::Ready),
                is_dormant: process.is_dormant(),
                waits_for: self.waited_for_by(index),
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
