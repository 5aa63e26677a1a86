//! A start that failed. What passes by itself is tried again like a run that failed: a machine that is short of processes
//! for a second costs nobody his server. All else is final, and so is whatever keeps a first run from starting: then
//! nothing was up yet, and somebody looks.

use crate::supervisor::restart::Outcome;
use crate::supervisor::state::{LastFailure, State, Wish};
use crate::supervisor::status::Finale;
use crate::supervisor::{ProcessIndex, Supervisor, Turn};
use crate::words::exit::Exit;
use crate::words::notice::{Next, NotStarted, Notice};

/// What a shell answers for a program that is there and cannot be run.
const UNSTARTABLE: Exit = Exit::Status(126);

/// Why a run could not be started.
#[derive(Debug)]
pub(super) struct Why {
    pub(super) cause: String,
    pub(super) is_passing: bool,
}

impl Supervisor {
    pub(super) fn spawn_failed(
        &mut self,
        index: ProcessIndex,
        run: u32,
        Why { cause, is_passing }: Why,
        turn: &mut Turn,
    ) {
        let starting = self
            .current(index, run)
            .filter(|process| process.is_starting());
        let Some(process) = starting else { return };
        let is_given_away = matches!(process.wish, Wish::GiveAway | Wish::MakeRoom);
        process.last_failure = Some(LastFailure {
            exit: UNSTARTABLE,
            at: turn.now,
            over_at: turn.now,
            said: Some(cause.clone()),
        });
        let next = if is_passing && run > 1 {
            self.next(index, Outcome::not_started(turn.now), turn)
        } else {
            process.state = State::Failed;
            Next::Unstartable
        };
        turn.say(Notice::SpawnFailed(NotStarted {
            process: self.processes[index].name.clone(),
            run,
            cause,
            next,
            hints: self.hints_after(index, UNSTARTABLE),
        }));
        if !is_given_away && matches!(self.processes[index].state, State::Failed) {
            self.never_started(index, turn);
        }
    }

    fn never_started(&mut self, index: ProcessIndex, turn: &mut Turn) {
        self.processes[index].wish = Wish::Run;
        let end = Finale {
            process: index,
            exit: UNSTARTABLE,
            at: turn.now,
            last_lines: Vec::new(),
        };
        self.ended_for_good(end, turn);
    }
}
