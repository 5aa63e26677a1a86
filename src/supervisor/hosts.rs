//! Which session runs a process: this one, or another; and how it passes from one to the other.

use crate::supervisor::state::{State, Wish};
use crate::supervisor::{Action, Elsewhere, ProcessIndex, Supervisor, Turn};
use crate::words::wire::process::NotReady;

impl Supervisor {
    /// Ours are known better here.
    pub(super) fn seen_elsewhere(
        &mut self,
        index: ProcessIndex,
        (now, is_served): (Elsewhere, bool),
        not_ready: Option<NotReady>,
    ) {
        let is_stopping = self.is_stopping();
        let Some(process) = self.processes.get_mut(index) else {
            return;
        };
        if let State::Elsewhere(before) = &mut process.state {
            *before = now;
            process.is_served_elsewhere = is_served;
            process.not_ready_elsewhere = not_ready;
            if !process.has_failed() && !is_stopping {
                self.status.forget(index);
            }
        }
    }

    pub(super) fn adopted(&mut self, index: ProcessIndex, turn: &Turn) {
        let is_stopping = self.is_stopping();
        let process = self.processes.get_mut(index);
        let Some(process) = process.filter(|process| process.is_elsewhere()) else {
            return;
        };
        process.state = if is_stopping {
            State::Stopped
        } else if process.is_wanted {
            process.next_run(turn.now)
        } else {
            State::Dormant
        };
        if !is_stopping {
            self.status.forget(index);
        }
    }

    /// How it ended here is forgotten: it is another session's to run it better.
    pub(super) fn taken_over(&mut self, index: ProcessIndex) {
        let is_stopping = self.is_stopping();
        let process = self.processes.get_mut(index);
        let Some(process) = process.filter(|process| !process.is_elsewhere()) else {
            return;
        };
        process.wish = Wish::GiveAway;
        if !is_stopping {
            self.status.forget(index);
        }
    }

    /// Those of whom nothing is left here.
    pub(super) fn give_away(&mut self, turn: &mut Turn) {
        for (index, process) in self.processes.iter_mut().enumerate() {
            let runs = matches!(process.state, State::Starting | State::Up(_));
            if process.wish == Wish::GiveAway && !runs {
                process.wish = Wish::Run;
                process.state = State::Elsewhere(Elsewhere::Unknown);
                turn.actions.push(Action::GivenAway { process: index });
            }
        }
    }
}
