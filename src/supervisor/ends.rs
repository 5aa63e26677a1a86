//! The end of a run: of its leader first, then of its whole tree; and what follows for its process.

use std::time::Duration;

use crate::supervisor::restart::Outcome;
use crate::supervisor::state::{Ending, LastFailure, LeaderEnd, State, Up, Wish};
use crate::supervisor::status::Finale;
use crate::supervisor::{Action, ProcessIndex, Supervisor, Turn, restart};
use crate::words::exit::{Exit, Killed};
use crate::words::notice::{Ended, Next, Notice};
use crate::words::policy::KeyHints;

impl Supervisor {
    pub(super) fn leader_exited(
        &mut self,
        index: ProcessIndex,
        run: u32,
        exit: Exit,
        left: usize,
        turn: &mut Turn,
    ) {
        let Some(process) = self.current(index, run) else {
            return;
        };
        let (name, grace) = (process.name.clone(), process.grace);
        // Told twice, it would seem to follow what we did because of it.
        let news = process.up_mut().filter(|up| up.leader_end.is_none());
        let Some(up) = news else {
            return;
        };
        let is_ours = up.is_ending();
        up.leader_end = Some(LeaderEnd {
            exit,
            at: turn.now,
            is_ours,
            left,
        });
        if left == 0 || is_ours {
            return;
        }
        if exit.is_success() {
            turn.say(Notice::Daemonised { process: name });
            return;
        }
        up.end_within(grace, turn.now);
        turn.say(Notice::WaitsForTree {
            process: name,
            exit,
            left,
        });
        turn.actions.push(Action::Terminate {
            process: index,
            run,
        });
    }

    pub(super) fn exited(
        &mut self,
        index: ProcessIndex,
        run: u32,
        killed: Killed,
        last_lines: Vec<String>,
        turn: &mut Turn,
    ) {
        let Some(process) = self.current(index, run) else {
            return;
        };
        let Some(up) = process.up() else { return };
        if matches!(up.ending, Ending::Killed { is_late: true }) {
            turn.say(Notice::Killed {
                process: process.name.clone(),
                grace: process.grace,
                killed,
            });
        }
        match own_end(up, turn) {
            Some((end, lasted)) => {
                let exit = self.exit_of(index, end.exit);
                let end = LeaderEnd { exit, ..end };
                self.ended_by_itself(index, end, lasted, last_lines, turn);
            }
            None => self.ended_by_us(index, last_lines, turn),
        }
    }

    fn ended_by_us(&mut self, index: ProcessIndex, last_lines: Vec<String>, turn: &mut Turn) {
        let (rules, is_stopping) = (self.rules, self.is_stopping());
        let process = &mut self.processes[index];
        let up = process.up().filter(|_| rules.says_all);
        if let Some((up, end)) = up.and_then(|up| Some((up, up.leader_end?))) {
            turn.say(Notice::Stopped {
                process: process.name.clone(),
                exit: end.exit,
                after: turn.now.duration_since(up.since),
                last_lines,
            });
        }
        let is_by_hand = matches!(process.wish, Wish::Stop | Wish::Again) && !is_stopping;
        process.state = State::Stopped;
        if is_by_hand && !process.fulfil_wish(turn.now) {
            turn.say(Notice::StoppedByHand {
                process: process.name.clone(),
            });
        }
    }

    fn ended_by_itself(
        &mut self,
        index: ProcessIndex,
        end: LeaderEnd,
        lasted: Duration,
        last_lines: Vec<String>,
        turn: &mut Turn,
    ) {
        let next = self.next(index, Outcome::of_run(end, lasted), turn);
        let hints = self.hints_after(index, end.exit);
        let process = &mut self.processes[index];
        process.last_failure = (!end.exit.is_success()).then(|| LastFailure {
            exit: end.exit,
            at: end.at,
            over_at: turn.now,
            said: last_lines.last().cloned(),
        });
        turn.say(Notice::Exited(Ended {
            process: process.name.clone(),
            exit: end.exit,
            after: lasted,
            next,
            last_lines: last_lines.clone(),
            hints,
        }));
        if matches!(process.state, State::Completed | State::Failed) {
            let end = Finale {
                process: index,
                exit: end.exit,
                at: end.at,
                last_lines,
            };
            self.ended_for_good(end, turn);
        }
    }

    /// How somebody may start a process again that has ended so: a session that ends has no room for that.
    pub(super) fn hints_after(&self, index: ProcessIndex, exit: Exit) -> KeyHints {
        let goes_on = !self.is_stopping() && !self.will_be_over() && !self.ends_all(index, exit);
        if goes_on {
            self.rules.hints
        } else {
            KeyHints::None
        }
    }

    /// As those see it who wait for a process.
    fn exit_of(&self, index: ProcessIndex, exit: Exit) -> Exit {
        let process = &self.processes[index];
        let is_unready = |up: &Up| process.becomes_ready(up) && !up.listening.was_ready();
        let is_too_early = process.up().is_some_and(is_unready) && self.is_used(index);
        if exit.is_success() && is_too_early {
            return Exit::Unready;
        }
        exit
    }

    /// Puts the process into the state that follows, and tells what that is.
    pub(super) fn next(&mut self, index: ProcessIndex, outcome: Outcome, turn: &mut Turn) -> Next {
        let (fail_fast, is_stopping) = (self.rules.fail_fast, self.is_stopping());
        let process = &mut self.processes[index];
        process.state = State::Stopped;
        if matches!(process.wish, Wish::Stop | Wish::GiveAway | Wish::MakeRoom) {
            return Next::NotRestarted;
        }
        if !is_stopping && process.fulfil_wish(turn.now) {
            let (number, delay) = (1, Duration::ZERO);
            return Next::Restart { number, delay };
        }
        let next = restart::next(process, outcome, fail_fast, turn.now);
        match next {
            // It ended just before it would have been asked to: there is no next run.
            Next::Restart { .. } if is_stopping => return Next::NotRestarted,
            Next::Restart { delay, .. } => {
                let at = turn.now + delay;
                process.state = State::Restarting { at };
            }
            Next::Completed => process.state = State::Completed,
            Next::NotRestarted | Next::Unstartable | Next::GivenUp { .. } => {
                process.state = State::Failed;
            }
        }
        next
    }
}

/// How a run ended, and how long it had lasted. `None`: we ended it, so it is no failure, whatever the
/// status.
fn own_end(up: &Up, turn: &Turn) -> Option<(LeaderEnd, Duration)> {
    let end = up.leader_end.filter(|end| !end.is_ours)?;
    if !end.exit.is_success() || end.left == 0 {
        return Some((end, end.at.duration_since(up.since)));
    }
    // A daemon has lasted until the last of its tree was gone.
    let at = turn.now;
    (!up.is_ending()).then(|| (LeaderEnd { at, ..end }, at.duration_since(up.since)))
}
