//! The end of a process for good, the end of the session, and its exit status.

use std::time::{Duration, Instant};

use crate::supervisor::{Action, ProcessIndex, Supervisor, Turn};
use crate::words::exit::Exit;
use crate::words::notice::Notice;
use crate::words::policy::OnExit;

/// devrun's exit status once the guardian is gone.
const GUARDIAN_LOST: u8 = 1;

/// That of the first process that failed for good.
#[derive(Debug, Default)]
pub(super) struct Status(Option<(Instant, Exit)>);

impl Status {
    /// News of an end comes behind the last output of its run, so it may not be the first to come.
    fn note_failure(&mut self, at: Instant, exit: Exit) {
        if self.0.is_none_or(|(first, _)| at < first) {
            self.0 = Some((at, exit));
        }
    }

    fn code(&self) -> u8 {
        self.0.map_or(0, |(_, exit)| exit.status())
    }
}

impl Supervisor {
    /// What the end of one process for good means for the session.
    pub(super) fn ended_for_good(
        &mut self,
        process: ProcessIndex,
        exit: Exit,
        at: Instant,
        turn: &mut Turn,
    ) {
        let has_failed = !exit.is_success();
        if has_failed {
            self.status.note_failure(at, exit);
        }
        let ends_all = match self.processes[process].on_exit {
            OnExit::Shutdown => true,
            OnExit::Keep => self.rules.fail_fast && has_failed,
        };
        if ends_all {
            self.stop(turn);
        }
    }

    pub(super) fn finish(&mut self, turn: &mut Turn) {
        let restarts = |run: u32| run.saturating_sub(1);
        let up = self.started.map(|started| turn.now.duration_since(started));
        turn.say(Notice::Done {
            up: up.unwrap_or(Duration::ZERO),
            restarts: self
                .processes
                .iter()
                .map(|process| restarts(process.run))
                .sum(),
            ignored_lines: self.ignored_lines,
            status: self.status.code(),
        });
        self.end(self.status.code(), turn);
    }

    /// Its children died with it, and what they leave behind is not ours to follow.
    pub(super) fn guardian_lost(&mut self, turn: &mut Turn) {
        turn.say(Notice::GuardianLost);
        self.end(GUARDIAN_LOST, turn);
    }

    fn end(&mut self, status: u8, turn: &mut Turn) {
        self.is_finished = true;
        turn.actions.push(Action::Finish { status });
    }
}
