//! What somebody asks for while the session runs: this process again, that one no more.

use std::time::Instant;

use crate::supervisor::state::{Ending, Process, State, Up, Wish};
use crate::supervisor::{Action, ProcessIndex, Supervisor, Turn};
use crate::words::notice::Notice;

impl Supervisor {
    /// A new run, without a delay, as soon as the present one is gone.
    pub(super) fn restart_asked(&mut self, index: ProcessIndex, turn: &mut Turn) {
        let Some(process) = self.asked_for(index) else {
            return;
        };
        if process.up().is_some() && process.wish != Wish::Again {
            turn.say(Notice::RestartAsked {
                process: process.name.clone(),
            });
        }
        process.wish = match process.state {
            State::Starting | State::Up(_) => Wish::Again,
            State::Waiting
            | State::Restarting { .. }
            | State::Completed
            | State::Failed
            | State::Stopped => Wish::Run,
        };
        process.begin_anew(turn.now);
        self.status.forget(index);
    }

    /// What runs already goes on.
    pub(super) fn start_asked(&mut self, index: ProcessIndex, turn: &mut Turn) {
        let goes_on = |process: &Process| {
            process.wish == Wish::Run
                && (process.is_starting() || process.up().is_some_and(Up::goes_on))
        };
        if !self.processes.get(index).is_some_and(goes_on) {
            self.restart_asked(index, turn);
        }
    }

    /// It is ended, and not started again until somebody asks for that.
    pub(super) fn stop_asked(&mut self, index: ProcessIndex, turn: &mut Turn) {
        let Some(process) = self.asked_for(index) else {
            return;
        };
        match process.state {
            State::Starting | State::Up(_) => {
                process.wish = Wish::Stop;
                turn.say(Notice::StopAsked {
                    process: process.name.clone(),
                });
            }
            State::Waiting | State::Restarting { .. } => {
                process.wish = Wish::Stop;
                process.state = State::Stopped;
                turn.say(Notice::StoppedByHand {
                    process: process.name.clone(),
                });
            }
            State::Completed | State::Failed | State::Stopped => {}
        }
    }

    /// The process, unless all is being ended anyway.
    fn asked_for(&mut self, index: ProcessIndex) -> Option<&mut Process> {
        if self.is_stopping() {
            return None;
        }
        self.processes.get_mut(index)
    }

    /// Ends the run of whoever is wanted no more, or anew.
    pub(super) fn grant_wish(&mut self, index: ProcessIndex, turn: &mut Turn) {
        let process = &mut self.processes[index];
        let (run, grace, wish) = (process.run, process.grace, process.wish);
        let Some(up) = process.up_mut() else { return };
        if wish != Wish::Run && up.goes_on() {
            let kill_at = turn.now + grace;
            up.ending = Ending::Terminated { kill_at };
            turn.actions.push(Action::Terminate {
                process: index,
                run,
            });
        }
    }

    /// Whether somebody stopped a process who may start it again: then a session goes on though nothing
    /// runs.
    pub(super) fn waits_for_somebody(&self) -> bool {
        let is_stopped = |process: &Process| process.wish == Wish::Stop;
        self.processes.iter().any(is_stopped)
    }
}

impl Process {
    /// Forgets its failures; where nothing of it runs, its next run is due.
    fn begin_anew(&mut self, now: Instant) {
        self.history.forgive();
        if !matches!(self.state, State::Starting | State::Up(_)) {
            self.state = self.next_run(now);
        }
    }

    fn next_run(&self, now: Instant) -> State {
        match self.history.not_before(now) {
            Some(at) => State::Restarting { at },
            None => State::Waiting,
        }
    }

    /// Its run is over: another one is due, if somebody asked for that.
    pub(super) fn fulfil_wish(&mut self, now: Instant) -> bool {
        let is_wanted = self.wish == Wish::Again;
        if is_wanted {
            self.wish = Wish::Run;
            self.state = self.next_run(now);
        }
        is_wanted
    }
}
