//! Whom somebody waits for who has started a session and goes once all are settled: he is told.

use std::time::{Duration, Instant};

use crate::supervisor::state::{Process, Up};
use crate::supervisor::{Supervisor, Turn};
use crate::words::notice::{Notice, WaitedFor};
use crate::words::policy::Attendance;

/// That a run is to listen, or to be ready, is said when it has not done so for this long.
const SAID_AFTER: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(120),
    Duration::from_secs(300),
];

impl Supervisor {
    pub(super) fn awaited_said_at(&self) -> Option<Instant> {
        if !self.is_attended_until_settled() {
            return None;
        }
        self.processes.iter().filter_map(said_at).min()
    }

    /// Once one has been waited for long enough, all who are still to listen, or to be ready, are named: one line tells all.
    pub(super) fn say_who_is_awaited(&mut self, turn: &mut Turn) {
        if self.awaited_said_at().is_none_or(|at| at > turn.now) {
            return;
        }
        let mut for_ = Vec::new();
        for process in &mut self.processes {
            if awaited(process).is_none() {
                continue;
            }
            for_.push(WaitedFor::Process {
                provider: process.name.clone(),
                port: process.port,
                not_ready: process.not_ready(),
            });
            if let Some(up) = process.up_mut() {
                let lasted = turn.now.duration_since(up.since);
                let due = SAID_AFTER.iter().filter(|after| **after <= lasted);
                up.listening.waits_said = due.count().max(up.listening.waits_said + 1);
            }
        }
        turn.say(Notice::Awaited { for_ });
    }

    /// Somebody waits until all are settled, and then goes.
    pub(super) fn is_attended_until_settled(&self) -> bool {
        let is_awaited = self.rules.attendance == Attendance::Nobody && !self.is_settled_said;
        is_awaited && !self.is_stopping()
    }
}

/// The run of a process that may yet listen.
fn awaited(process: &Process) -> Option<&Up> {
    let up = process.up().filter(|up| up.goes_on())?;
    let is_open = process.becomes_ready(up) && !process.is_settled;
    let is_silent = up.listening.is_silent() || process.not_ready().is_some();
    (is_open && is_silent).then_some(up)
}

fn said_at(process: &Process) -> Option<Instant> {
    let up = awaited(process)?;
    let after = SAID_AFTER.get(up.listening.waits_said)?;
    Some(up.since + *after)
}
