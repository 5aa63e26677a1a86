//! What the supervisor has to say, and what the driver makes of it besides.

use crate::driver::{Driver, resting};
use crate::guardian::protocol::Request;
use crate::plan::bash::{self, Bashism};
use crate::words::notice::{Ended, Notice};

impl Driver {
    pub(super) fn say(&mut self, mut notice: Notice) {
        self.output.complete(&mut notice);
        self.output.say(&notice);
        if let Notice::ListensElsewhere(verdict) = &notice {
            self.note_verdict(verdict);
        }
        if let Notice::Exited(ended) = &notice {
            self.say_of_bash(ended);
        }
        // The start is over.
        if matches!(notice, Notice::AllUp { .. }) {
            resting::begin();
            self.guardian.send(&Request::Rest, Vec::new());
        }
    }

    /// Why the shell did not take the command, if that is known: once for each command.
    fn say_of_bash(&mut self, ended: &Ended) {
        let mut processes = self.plan.processes.iter();
        let Some(planned) = processes.find(|planned| planned.name == ended.process) else {
            return;
        };
        let Some(refused) = bash::refused(&planned.command, &ended.last_lines) else {
            return;
        };
        if self.changes.refused_said.insert(planned.command.clone()) {
            let Bashism { what, instead } = refused;
            self.output.say(&Notice::OfBash {
                process: ended.process.clone(),
                what,
                instead,
            });
        }
    }
}
