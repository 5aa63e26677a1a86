//! What follows when files change: another run, a signal, or nothing where a run is about to begin anyway.

use crate::supervisor::state::{State, Wish};
use crate::supervisor::{Action, ProcessIndex, Supervisor, Turn};
use crate::words::notice::Notice;
use crate::words::watching::{Changed, Then, Watching};

/// Whose changes matter to a process, as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    Nothing,
    /// The files of its `watch:`.
    Named,
    /// It has failed, and the next edit may be the cure: whatever is in its directory.
    Directory,
}

impl Supervisor {
    pub(crate) fn watched(&self, index: ProcessIndex) -> Watched {
        let process = &self.processes[index];
        let is_ours = matches!(process.wish, Wish::Run | Wish::Again);
        if self.is_stopping() || !is_ours {
            return Watched::Nothing;
        }
        let is_named = process.watch.is_some();
        match process.state {
            State::Elsewhere(_) | State::Dormant | State::Stopped => Watched::Nothing,
            State::Failed if !is_named => Watched::Directory,
            State::Failed
            | State::FailedFor(_)
            | State::Waiting
            | State::Held(_)
            | State::Starting
            | State::Up(_)
            | State::Restarting { .. }
            | State::Completed => match is_named {
                true => Watched::Named,
                false => Watched::Nothing,
            },
        }
    }

    /// Files changed that [`Supervisor::watched`] has said. A run that is about to begin reads them as they are now.
    pub(super) fn files_changed(&mut self, index: ProcessIndex, changed: Changed, turn: &mut Turn) {
        if self.watched(index) == Watched::Nothing {
            return;
        }
        let process = &self.processes[index];
        match process.watch.as_ref().and_then(|watch| watch.signal) {
            Some(signal) => self.send_for(index, signal, changed, turn),
            None => self.begin_again(index, changed, turn),
        }
    }

    /// What the files say of a process's runs is something else now.
    pub(super) fn settings_changed(
        &mut self,
        index: ProcessIndex,
        changed: Changed,
        turn: &mut Turn,
    ) {
        let Some(process) = self.asked_for(index) else {
            return;
        };
        // Who has done its work is not asked to do it again.
        if !matches!(process.state, State::Completed) {
            self.begin_again(index, changed, turn);
        }
    }

    fn begin_again(&mut self, index: ProcessIndex, changed: Changed, turn: &mut Turn) {
        let Some(process) = self.asked_for(index) else {
            return;
        };
        let is_for_us = matches!(process.wish, Wish::Run | Wish::Again);
        if !is_for_us || process.stand_in().is_some() {
            return;
        }
        let then = match process.state {
            State::Starting | State::Up(_) if process.wish == Wish::Again => return,
            State::Starting | State::Up(_) => {
                process.wish = Wish::Again;
                Then::Restart
            }
            State::Restarting { .. } | State::Completed | State::Failed | State::FailedFor(_) => {
                Then::Start
            }
            State::Elsewhere(_)
            | State::Dormant
            | State::Waiting
            | State::Held(_)
            | State::Stopped => return,
        };
        let is_cure = process.watch.is_none() && process.has_failed();
        process.begin_anew(turn.now);
        if is_cure {
            process.history.try_once();
        }
        turn.say(Notice::Watching(Watching::Changed {
            process: process.name.clone(),
            changed,
            then,
        }));
        self.status.forget(index);
        self.want_what_it_needs(index, turn.now);
        self.begin_for_whom_it_failed(index, turn);
    }

    /// Who was not started because it had failed is to wait for it once more.
    fn begin_for_whom_it_failed(&mut self, index: ProcessIndex, turn: &Turn) {
        let mut begun = vec![index];
        while let Some(provider) = begun.pop() {
            for (consumer, process) in self.processes.iter_mut().enumerate() {
                if matches!(process.state, State::FailedFor(failed) if failed == provider) {
                    process.begin_anew(turn.now);
                    self.status.forget(consumer);
                    begun.push(consumer);
                }
            }
        }
    }

    /// A signal needs somebody to take it: who has failed or has done its work begins again.
    fn send_for(&mut self, index: ProcessIndex, signal: i32, changed: Changed, turn: &mut Turn) {
        let process = &self.processes[index];
        let Some(up) = process.up().filter(|_| process.goes_on()) else {
            return match process.state {
                State::Starting | State::Up(_) => {}
                State::Restarting { .. }
                | State::Completed
                | State::Failed
                | State::FailedFor(_)
                | State::Elsewhere(_)
                | State::Dormant
                | State::Waiting
                | State::Held(_)
                | State::Stopped => self.begin_again(index, changed, turn),
            };
        };
        if up.stand_in.is_some() || up.leader_end.is_some() {
            return;
        }
        turn.say(Notice::Watching(Watching::Changed {
            process: process.name.clone(),
            changed,
            then: Then::Signal(signal),
        }));
        turn.actions.push(Action::Signal {
            process: index,
            run: process.run,
            signal,
        });
    }

    /// Whether somebody who is over may begin again by a change of what its `watch:` names: then a session goes on though
    /// nothing runs.
    pub(super) fn waits_for_a_change(&self) -> bool {
        let mut processes = 0..self.processes.len();
        processes
            .any(|index| self.watched(index) == Watched::Named && self.processes[index].is_over())
    }
}
