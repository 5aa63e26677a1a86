//! A program that somebody runs in the place of a process: a run like others, but not ours to spawn. Nobody
//! is told how it ends, so its end is never a failure.

use std::time::Instant;

use crate::supervisor::state::{Ending, Process, State, Up, Wish};
use crate::supervisor::{Action, ProcessIndex, Supervisor, Turn};
use crate::words::exit::Killed;
use crate::words::notice::Notice;
use crate::words::ready::Ready;
use crate::words::stand_in::{self, Program, Then};

/// Who is to have the place of a process as soon as that is free.
#[derive(Debug)]
pub(super) struct Guest {
    program: Program,
    rest: Option<Rest>,
}

/// Who has the place of a process.
#[derive(Debug)]
pub(super) struct StandIn {
    program: Program,
    rest: Option<Rest>,
    /// The changes that it was said to go on without.
    kept: Vec<String>,
}

/// To what a process returns that did not run before, and was not to. All others are started again.
#[derive(Clone, Copy, Debug)]
enum Rest {
    Dormant,
    Completed,
    /// By hand.
    Stopped,
}

impl Supervisor {
    /// Ends what runs, and has the place taken then. Its failures are forgotten, as by hand.
    pub(super) fn replace_asked(&mut self, index: ProcessIndex, program: Program, turn: &mut Turn) {
        let Some(process) = self.asked_for(index) else {
            turn.actions.push(Action::TurnAway { process: index });
            return;
        };
        if process.guest.is_some() || process.stand_in().is_some() {
            return;
        }
        if process.runs() {
            turn.say(Notice::StandIn(stand_in::StandIn::Expected {
                process: process.name.clone(),
                program: program.clone(),
            }));
        }
        let rest = process.rest();
        process.guest = Some(Guest { program, rest });
        process.wish = Wish::MakeRoom;
        process.history.forgive();
        self.status.forget(index);
        self.want_what_it_needs(index, turn.now);
    }

    /// Lets those in for whom there is room, and turns those away for whom there will be none.
    pub(super) fn receive_guests(&mut self, turn: &mut Turn) {
        let is_stopping = self.is_stopping();
        for (index, process) in self.processes.iter_mut().enumerate() {
            let is_expected = process.wish == Wish::MakeRoom && !is_stopping;
            if is_expected && process.runs() {
                continue;
            }
            match process.guest.take() {
                Some(guest) if is_expected => process.let_in(index, guest, turn),
                Some(_) => {
                    if process.wish == Wish::MakeRoom {
                        process.wish = Wish::Run;
                    }
                    turn.actions.push(Action::TurnAway { process: index });
                }
                None => {}
            }
        }
    }

    /// The process goes on, or is back as soon as its run is over.
    pub(super) fn guest_gone(&mut self, index: ProcessIndex, turn: &mut Turn) {
        let process = self.processes.get_mut(index);
        let guest = process.and_then(|process| Some((process.guest.take()?, process)));
        let Some((Guest { program, rest }, process)) = guest else {
            return;
        };
        process.wish = match (rest, &process.state) {
            (Some(_), _) => Wish::Stop,
            (None, State::Starting) => Wish::Run,
            (None, _) => Wish::Again,
        };
        turn.say(Notice::StandIn(stand_in::StandIn::Ended {
            process: process.name.clone(),
            program,
            then: process.then(rest),
        }));
    }

    /// The process is back at once, unless somebody wanted it otherwise.
    pub(super) fn stand_in_ended(&mut self, index: ProcessIndex, run: u32, turn: &mut Turn) {
        let is_stopping = self.is_stopping();
        let Some(process) = self.current(index, run) else {
            return;
        };
        let Some(up) = process.up_mut() else { return };
        let Some(stand_in) = up.stand_in.take() else {
            return;
        };
        if matches!(up.ending, Ending::Killed { is_late: true }) {
            turn.say(Notice::Killed {
                process: process.name.clone(),
                grace: process.grace,
                killed: Killed::default(),
            });
        }
        let StandIn { program, rest, .. } = *stand_in;
        let then = match process.then(rest) {
            Then::Back | Then::AsBefore if is_stopping => Then::Stopped,
            then => then,
        };
        turn.say(Notice::StandIn(stand_in::StandIn::Ended {
            process: process.name.clone(),
            program,
            then,
        }));
        process.settle(then, rest, turn.now);
    }

    /// The program that has the place of a process, or is to have it.
    pub(crate) fn program(&self, index: ProcessIndex) -> Option<&Program> {
        let process = self.processes.get(index)?;
        let guest = process.guest.as_ref().map(|guest| &guest.program);
        guest.or_else(|| Some(&process.stand_in()?.program))
    }
}

impl Process {
    pub(super) fn stand_in(&self) -> Option<&StandIn> {
        self.up()?.stand_in.as_deref()
    }

    /// Where a program goes on in its place, or waits for it: whatever the process did before, it is started
    /// afterwards. Whether that is so.
    pub(super) fn brings_back(&mut self) -> bool {
        let is_waited_for = self.wish == Wish::MakeRoom;
        if let Some(guest) = self.guest.as_mut().filter(|_| is_waited_for) {
            guest.rest = None;
            return true;
        }
        let goes_on = self.goes_on();
        let stand_in = self.up_mut().and_then(|up| up.stand_in.as_mut());
        let stand_in = stand_in.filter(|_| goes_on);
        stand_in.map(|stand_in| stand_in.rest = None).is_some()
    }

    fn runs(&self) -> bool {
        matches!(self.state, State::Starting | State::Up(_))
    }

    fn let_in(&mut self, index: ProcessIndex, guest: Guest, turn: &mut Turn) {
        let Guest { program, rest } = guest;
        self.wish = Wish::Run;
        self.run += 1;
        self.stand_ins += 1;
        turn.actions.push(Action::LetIn {
            process: index,
            run: self.run,
        });
        turn.say(Notice::StandIn(stand_in::StandIn::Begun {
            process: self.name.clone(),
            run: self.run,
            program: program.clone(),
        }));
        // What it writes goes elsewhere.
        let ready = self.ready.clone().filter(Ready::is_tried);
        let up = Up::new(program.pid, ready, turn.now);
        let kept = Vec::new();
        self.state = State::Up(Up {
            stand_in: Some(Box::new(StandIn {
                program,
                rest,
                kept,
            })),
            ..up
        });
    }

    fn rest(&self) -> Option<Rest> {
        match self.state {
            State::Dormant => Some(Rest::Dormant),
            State::Completed => Some(Rest::Completed),
            State::Stopped => Some(Rest::Stopped),
            State::Starting | State::Up(_) => (self.wish == Wish::Stop).then_some(Rest::Stopped),
            State::Elsewhere(_)
            | State::Waiting
            | State::Held(_)
            | State::Restarting { .. }
            | State::Failed
            | State::FailedFor(_) => None,
        }
    }

    /// What follows its stand-in.
    fn then(&self, rest: Option<Rest>) -> Then {
        match (self.wish, rest) {
            (Wish::Run, None) | (Wish::Again, _) => Then::Back,
            (Wish::Run, Some(_)) => Then::AsBefore,
            (Wish::Stop | Wish::GiveAway | Wish::MakeRoom, _) => Then::Stopped,
        }
    }

    fn settle(&mut self, then: Then, rest: Option<Rest>, now: Instant) {
        self.state = match (then, rest) {
            (Then::Back, _) => self.next_run(now),
            (Then::AsBefore, Some(Rest::Dormant)) => State::Dormant,
            (Then::AsBefore, Some(Rest::Completed)) => State::Completed,
            (Then::AsBefore, Some(Rest::Stopped) | None) | (Then::Stopped, _) => State::Stopped,
        };
        self.wish = match (then, rest) {
            (Then::Back, _) => Wish::Run,
            // Still until somebody asks for it.
            (Then::AsBefore, Some(Rest::Stopped)) => Wish::Stop,
            (Then::AsBefore | Then::Stopped, _) => self.wish,
        };
    }

    /// Nobody ends somebody's debugger because a URL has changed: that is said, once.
    pub(super) fn keep_env(&mut self, variables: Vec<String>, turn: &mut Turn) {
        let process = self.name.clone();
        let Some(stand_in) = self.up_mut().and_then(|up| up.stand_in.as_mut()) else {
            return;
        };
        if stand_in.kept == variables {
            return;
        }
        stand_in.kept.clone_from(&variables);
        turn.say(Notice::StandIn(stand_in::StandIn::EnvKept {
            process,
            program: stand_in.program.clone(),
            variables,
        }));
    }
}
