//! The way up: whoever is due is started, once all is there that it needs.

use crate::supervisor::state::State;
use crate::supervisor::{Action, ProcessIndex, Supervisor, Turn, readiness};

impl Supervisor {
    pub(super) fn say_verdicts(&mut self, turn: &mut Turn) {
        for process in &mut self.processes {
            readiness::make_certain(process, turn.now);
            if let Some(verdict) = readiness::verdict(process, turn.now) {
                turn.say(verdict);
            }
        }
    }

    /// Who was to be started again later may be now.
    pub(super) fn end_delays(&mut self, turn: &Turn) {
        for process in &mut self.processes {
            if matches!(process.state, State::Restarting { at } if at <= turn.now) {
                process.state = State::Waiting;
            }
        }
    }

    pub(super) fn bring_all_up(&mut self, turn: &mut Turn) {
        // Who is about to end is not to be counted on.
        for index in 0..self.processes.len() {
            self.grant_wish(index, turn);
        }
        for index in 0..self.processes.len() {
            self.bring_up(index, turn);
            self.kill_if_late(index, turn);
        }
    }

    fn bring_up(&mut self, index: ProcessIndex, turn: &mut Turn) {
        if !self.processes[index].is_waiting() {
            return;
        }
        let is_held = self.unmet(index).next().is_some();
        let process = &mut self.processes[index];
        if is_held {
            process.hold(turn.now);
            return;
        }
        process.run += 1;
        process.state = State::Starting;
        process.history.note_start(turn.now);
        turn.actions.push(Action::Spawn {
            process: index,
            run: process.run,
        });
    }
}
