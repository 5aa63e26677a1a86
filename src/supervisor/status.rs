//! The end of a process for good, the end of the session, and its exit status.

use std::time::{Duration, Instant};

use crate::supervisor::state::Process;
use crate::supervisor::{Action, ProcessIndex, Supervisor, Turn};
use crate::words::exit::Exit;
use crate::words::name::ProcessName;
use crate::words::notice::{FirstFailure, Notice};
use crate::words::policy::OnExit;

/// devrun's exit status once the guardian is gone.
const GUARDIAN_LOST: u8 = 1;
/// What was said of a failure so short a time ago is still before people's eyes.
const JUST_NOW: Duration = Duration::from_secs(1);

/// What is known of all that failed for good.
#[derive(Debug, Default)]
pub(super) struct Status(Vec<Failure>);

/// The end of a process for good.
#[derive(Debug)]
pub(super) struct Finale {
    pub(super) process: ProcessIndex,
    pub(super) exit: Exit,
    pub(super) at: Instant,
    pub(super) last_lines: Vec<String>,
}

#[derive(Debug)]
struct Failure {
    end: Finale,
    /// Who was alive then.
    others: Vec<ProcessName>,
    ended_all: bool,
}

impl Status {
    /// Somebody has started it again by hand.
    pub(super) fn forget(&mut self, process: ProcessIndex) {
        self.0.retain(|failure| failure.end.process != process);
    }

    /// How this process failed for good.
    pub(super) fn end_of(&self, process: ProcessIndex) -> Option<&Finale> {
        let mut ends = self.0.iter().map(|failure| &failure.end);
        ends.find(|end| end.process == process)
    }

    /// News of an end comes behind the last output of its run, so it may not be the first to come.
    fn first(&self) -> Option<&Failure> {
        self.0.iter().min_by_key(|failure| failure.end.at)
    }

    /// That of the first failure, else 0.
    pub(super) fn code(&self) -> u8 {
        self.first().map_or(0, |first| first.end.exit.status())
    }
}

impl Supervisor {
    /// Whether the session ends when this process has ended so for good.
    pub(super) fn ends_all(&self, process: ProcessIndex, exit: Exit) -> bool {
        match self.processes[process].on_exit {
            OnExit::Shutdown => true,
            OnExit::Keep => self.rules.fail_fast && !exit.is_success(),
        }
    }

    /// What the end of one process for good means for the session.
    pub(super) fn ended_for_good(&mut self, end: Finale, turn: &mut Turn) {
        let has_failed = !end.exit.is_success();
        let ends_all = self.ends_all(end.process, end.exit);
        let ended_all = ends_all && !self.is_stopping();
        if has_failed {
            self.note_failure(end, ended_all);
        }
        if ends_all {
            self.stop(turn);
        }
    }

    /// A process that another session runs has failed, and with it one of ours.
    pub(super) fn failed_elsewhere(&mut self, process: ProcessIndex, status: u8, turn: &Turn) {
        if self.status.end_of(process).is_some() {
            return;
        }
        let end = Finale {
            process,
            // A failure is none with status 0.
            exit: Exit::Status(status.max(1)),
            at: turn.now,
            last_lines: Vec::new(),
        };
        self.note_failure(end, false);
    }

    fn note_failure(&mut self, end: Finale, ended_all: bool) {
        let others = self.processes.iter().filter(|process| process.is_alive());
        let others = others.map(|process| process.name.clone()).collect();
        self.status.0.push(Failure {
            end,
            others,
            ended_all,
        });
    }

    /// The first failure may be far up the screen, and the others' last lines behind it. Where it is not,
    /// there is only left to say whom it took down.
    fn say_what_failed_first(&self, turn: &mut Turn) {
        let first = self.status.first();
        let Some(first) = first.filter(|first| !first.others.is_empty()) else {
            return;
        };
        let ago = turn.now.duration_since(first.end.at);
        let is_in_sight = ago < JUST_NOW && !self.rules.says_all;
        if is_in_sight && !first.ended_all {
            return;
        }
        turn.say(Notice::FailedFirst(FirstFailure {
            process: self.processes[first.end.process].name.clone(),
            exit: first.end.exit,
            ago,
            last_lines: if is_in_sight {
                Vec::new()
            } else {
                first.end.last_lines.clone()
            },
            took_down: if first.ended_all {
                first.others.clone()
            } else {
                Vec::new()
            },
        }));
    }

    pub(super) fn finish(&mut self, turn: &mut Turn) {
        self.say_what_failed_first(turn);
        let up = self.started.map(|started| turn.now.duration_since(started));
        turn.say(Notice::Done {
            up: up.unwrap_or(Duration::ZERO),
            restarts: self.processes.iter().map(Process::restarts).sum(),
            ignored_lines: self.ignored_lines,
            status: self.status.code(),
            read_again: None,
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
