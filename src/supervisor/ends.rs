//! The end of a run: of its leader first, then of its whole tree; and what follows for its process.

use std::time::Duration;

use crate::supervisor::state::{Ending, LeaderEnd, State, Up, Wish};
use crate::supervisor::status::Finale;
use crate::supervisor::{Action, ProcessIndex, Supervisor, Turn, restart};
use crate::words::exit::{Exit, Killed};
use crate::words::notice::{Ended, Next, Notice};
use crate::words::policy::KeyHints;

/// What a shell answers for a program that is there and cannot be run.
const UNSTARTABLE: Exit = Exit::Status(126);

impl Supervisor {
    pub(super) fn spawn_failed(
        &mut self,
        index: ProcessIndex,
        run: u32,
        cause: String,
        turn: &mut Turn,
    ) {
        let starting = self
            .current(index, run)
            .filter(|process| process.is_starting());
        let Some(process) = starting else { return };
        process.state = State::Failed;
        process.wish = Wish::Run;
        turn.say(Notice::SpawnFailed {
            process: process.name.clone(),
            run,
            cause,
        });
        let end = Finale {
            process: index,
            exit: UNSTARTABLE,
            at: turn.now,
            last_lines: Vec::new(),
        };
        self.ended_for_good(end, turn);
    }

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
        let Some(up) = process.up_mut() else {
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
        up.ending = Ending::Terminated {
            kill_at: turn.now + grace,
        };
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
        let (rules, is_stopping) = (self.rules, self.is_stopping());
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
        let name = process.name.clone();
        let is_by_hand = process.wish != Wish::Run && !is_stopping;
        let own_end = own_end(up, turn).filter(|_| !is_by_hand);
        let Some((end, lasted)) = own_end else {
            if let Some(end) = up.leader_end.filter(|_| rules.says_all) {
                turn.say(Notice::Stopped {
                    process: name.clone(),
                    exit: end.exit,
                    after: turn.now.duration_since(up.since),
                    last_lines,
                });
            }
            process.state = State::Stopped;
            if is_by_hand && !process.fulfil_wish(turn.now) {
                turn.say(Notice::StoppedByHand { process: name });
            }
            return;
        };
        let (state, next) = match restart::next(process, end, lasted, rules.fail_fast, turn.now) {
            // It ended just before it would have been asked to: there is no next run.
            Next::Restart { .. } if is_stopping => (State::Stopped, Next::NotRestarted),
            Next::Restart { number, delay } => {
                let at = turn.now + delay;
                (State::Restarting { at }, Next::Restart { number, delay })
            }
            Next::Completed => (State::Completed, Next::Completed),
            next @ (Next::NotRestarted | Next::Unstartable | Next::GivenUp { .. }) => {
                (State::Failed, next)
            }
        };
        let is_for_good = matches!(state, State::Completed | State::Failed);
        process.state = state;
        let goes_on = !self.is_stopping() && !self.is_all_over() && !self.ends_all(index, end.exit);
        let has_hint = self.rules.hints == KeyHints::Commands && goes_on;
        turn.say(Notice::Exited(Ended {
            process: name,
            exit: end.exit,
            after: lasted,
            next,
            last_lines: last_lines.clone(),
            has_hint,
        }));
        if is_for_good {
            let end = Finale {
                process: index,
                exit: end.exit,
                at: end.at,
                last_lines,
            };
            self.ended_for_good(end, turn);
        }
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
