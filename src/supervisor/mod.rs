//! What is to happen when: a pure state machine. Events in, actions out; time is a parameter.

mod awaited;
mod by_hand;
mod ends;
mod event;
mod hosts;
mod needs;
mod readiness;
mod restart;
mod rows;
mod settling;
mod shutdown;
mod stand_in;
mod starts;
mod state;
mod status;
mod summary;
#[cfg(test)]
mod tests;
mod tries;
mod unstarted;
mod waits;
mod watching;

use std::time::Instant;

use crate::plan::{Plan, consumers};
pub(crate) use crate::supervisor::event::{
    Action, Elsewhere, Event, Listener, ProcessIndex, SessionRules,
};
use crate::supervisor::needs::Outside;
use crate::supervisor::shutdown::Stopping;
use crate::supervisor::state::{Process, State, Up};
use crate::supervisor::status::Status;
use crate::supervisor::unstarted::Why;
pub(crate) use crate::supervisor::watching::Watched;
use crate::words::notice::Notice;
use crate::words::policy::Attendance;
use crate::words::port::Holder;

/// A session: every process of a plan, from start to end.
#[derive(Debug)]
pub(crate) struct Supervisor {
    processes: Vec<Process>,
    externals: Vec<Outside>,
    rules: SessionRules,
    /// Lines of the user's files that were left out; said again at the end.
    ignored_lines: usize,
    started: Option<Instant>,
    is_summed_up: bool,
    is_settled_said: bool,
    stopping: Option<Stopping>,
    status: Status,
    is_finished: bool,
}

/// One call of [`Supervisor::handle`]: when it is, and what is to be done.
#[derive(Debug)]
struct Turn {
    now: Instant,
    actions: Vec<Action>,
}

impl Turn {
    fn say(&mut self, notice: Notice) {
        self.actions.push(Action::Say(notice));
    }

    fn say_all(&mut self, notices: impl IntoIterator<Item = Notice>) {
        self.actions.extend(notices.into_iter().map(Action::Say));
    }
}

impl Supervisor {
    pub(crate) fn new(plan: &Plan, rules: SessionRules, ignored_lines: usize) -> Self {
        let processes = plan.processes.iter().zip(consumers::of_all(plan));
        let of = |(planned, consumers)| Process::of(planned, consumers);
        Self {
            processes: processes.map(of).collect(),
            externals: Outside::all(plan, &[]),
            rules,
            ignored_lines,
            started: None,
            is_summed_up: false,
            is_settled_said: false,
            stopping: None,
            status: Status::default(),
            is_finished: false,
        }
    }

    /// Takes over what was planned anew: needs, policies, names of consumers. The processes are the same
    /// ones, at the same places; where they run, and on which port, stays. What follows from it is done with
    /// the next event.
    pub(crate) fn adopt_plan(&mut self, plan: &Plan) {
        let planned = plan.processes.iter().zip(consumers::of_all(plan));
        for (process, (planned, consumers)) in self.processes.iter_mut().zip(planned) {
            process.adopt_plan(planned, consumers);
        }
        self.externals = Outside::all(plan, &self.externals);
    }

    /// Records what has happened, in that order, then brings what is closer to what is wanted, in Procfile order: once
    /// for all of it, for that takes time with every process there is.
    pub(crate) fn handle(
        &mut self,
        now: Instant,
        events: impl IntoIterator<Item = Event>,
    ) -> Vec<Action> {
        let actions = Vec::new();
        let mut turn = Turn { now, actions };
        if !self.is_finished {
            for event in events {
                self.record(event, &mut turn);
                if self.is_finished {
                    return turn.actions;
                }
            }
            // Whose leader ended first, and the rest of its tree right after it, is not to be ended.
            turn.actions
                .retain(|action| self.is_about_the_living(action));
            self.reconcile(&mut turn);
        }
        turn.actions
    }

    /// When [`Event::DeadlineReached`] is next due, if ever. Always later than the last event.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        if self.is_finished {
            return None;
        }
        let kills = self.processes.iter().filter_map(Process::kill_at);
        let others = match self.stopping {
            None => self
                .processes
                .iter()
                .filter_map(Self::start_or_news_at)
                .min(),
            Some(stopping) => self.waits_said_at(stopping),
        };
        let settled = self.next_settles_at();
        kills
            .chain(others)
            .chain(self.summary_at())
            .chain(settled)
            .chain(self.awaited_said_at())
            .chain(self.not_ready_said_at())
            .min()
    }

    /// No run is started any more.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    fn start_or_news_at(process: &Process) -> Option<Instant> {
        match process.state {
            State::Restarting { at } => Some(at),
            State::Held(wait) => Some(wait.said_at),
            State::Up(_) => {
                let certain_at = readiness::certain_at(process).into_iter();
                let verdict_at = certain_at.chain(readiness::verdict_at(process));
                let ready_said_at = readiness::ready_said_at(process);
                let tried_at = process.tried_at().into_iter();
                verdict_at.chain(ready_said_at).chain(tried_at).min()
            }
            State::Elsewhere(_)
            | State::Dormant
            | State::Waiting
            | State::Starting
            | State::Completed
            | State::Failed
            | State::FailedFor(_)
            | State::Stopped => None,
        }
    }

    fn record(&mut self, event: Event, turn: &mut Turn) {
        match event {
            Event::SessionStarted => self.started = self.started.or(Some(turn.now)),
            Event::Spawned { process, run, pid } => self.spawned(process, run, pid, turn),
            Event::SpawnFailed {
                process,
                run,
                cause,
                is_passing,
            } => {
                let why = Why { cause, is_passing };
                self.spawn_failed(process, run, why, turn);
            }
            Event::LeaderExited {
                process,
                run,
                exit,
                left,
            } => self.leader_exited(process, run, exit, left, turn),
            Event::Exited {
                process,
                run,
                killed,
                last_lines,
            } => self.exited(process, run, killed, last_lines, turn),
            Event::Listens {
                process,
                run,
                listeners,
            } => self.listens(process, run, listeners, turn),
            Event::Tried {
                process,
                number,
                tried,
            } => self.tried(process, number, tried, turn),
            Event::LineSeen { process, run } => self.line_seen(process, run, turn),
            Event::PortStolen {
                process,
                run,
                holder,
            } => self.port_stolen(process, run, holder, turn),
            Event::PortMoved {
                process,
                port,
                taken_by,
            } => self.port_moved(process, port, taken_by, turn),
            Event::RestartAsked { process } => self.restart_asked(process, turn),
            Event::StopAsked { process } => self.stop_asked(process, turn),
            Event::StartAsked { process } => self.start_asked(process, turn),
            Event::Elsewhere {
                process,
                now,
                is_served,
                not_ready,
            } => self.seen_elsewhere(process, (now, is_served), not_ready),
            Event::Adopted { process } => self.adopted(process, turn),
            Event::TakenOver { process } => self.taken_over(process),
            Event::Reached { external } => self.reached(&external),
            Event::ReplaceAsked { process, program } => self.replace_asked(process, program, turn),
            Event::GuestGone { process } => self.guest_gone(process, turn),
            Event::StandInEnded { process, run } => self.stand_in_ended(process, run, turn),
            Event::EnvChanged { process, variables } => self.env_changed(process, variables, turn),
            Event::FilesChanged { process, changed } => self.files_changed(process, changed, turn),
            Event::SettingsChanged { process, changed } => {
                self.settings_changed(process, changed, turn);
            }
            Event::ShutdownRequested => self.shutdown_requested(turn),
            Event::EndAsked | Event::OutputClosed => self.stop(turn),
            Event::GuardianLost => self.guardian_lost(turn),
            Event::DeadlineReached => {}
        }
    }

    fn is_about_the_living(&self, action: &Action) -> bool {
        match action {
            Action::Terminate { process, .. } | Action::Signal { process, .. } => {
                self.processes[*process].is_alive()
            }
            Action::Spawn { .. }
            | Action::Kill { .. }
            | Action::Try { .. }
            | Action::GiveUpTry { .. }
            | Action::LetIn { .. }
            | Action::TurnAway { .. }
            | Action::Say(_)
            | Action::GivenAway { .. }
            | Action::Settled { .. }
            | Action::Finish { .. } => true,
        }
    }

    /// The process, if this is news of its current run.
    fn current(&mut self, process: ProcessIndex, run: u32) -> Option<&mut Process> {
        let process = self.processes.get_mut(process)?;
        (process.run == run).then_some(process)
    }

    fn spawned(&mut self, process: ProcessIndex, run: u32, pid: i32, turn: &mut Turn) {
        let starting = self
            .current(process, run)
            .filter(|process| process.is_starting());
        let Some(process) = starting else { return };
        process.state = State::Up(Up::new(pid, process.ready.clone(), turn.now));
        turn.say(Notice::Started {
            process: process.name.clone(),
            run,
            pid,
            port: process.port,
        });
    }

    fn listens(
        &mut self,
        process: ProcessIndex,
        run: u32,
        listeners: Vec<Listener>,
        turn: &mut Turn,
    ) {
        let is_told_at_once = self.tells_at_once();
        let Some(process) = self.current(process, run) else {
            return;
        };
        let news = readiness::listens(process, listeners, turn.now, is_told_at_once);
        turn.say_all(news);
    }

    /// Whoever becomes ready now is told of at once: the summary was before.
    fn tells_at_once(&self) -> bool {
        self.is_summed_up || self.rules.says_all
    }

    fn port_stolen(&mut self, process: ProcessIndex, run: u32, holder: Holder, turn: &mut Turn) {
        let process = self.current(process, run);
        if let Some(stolen) = process.and_then(|process| readiness::stolen(process, holder)) {
            turn.say(stolen);
        }
    }

    fn port_moved(
        &mut self,
        process: ProcessIndex,
        port: u16,
        taken_by: Option<Holder>,
        turn: &mut Turn,
    ) {
        let Some(process) = self.processes.get_mut(process) else {
            return;
        };
        let from = process.port.replace(port).filter(|from| *from != port);
        // What becomes of another session's ports is its to say.
        if let Some(from) = from.filter(|_| !process.is_elsewhere()) {
            turn.say(Notice::PortMoved {
                process: process.name.clone(),
                from,
                to: port,
                taken_by,
                misled: process.consumers.names(),
            });
        }
    }

    fn reconcile(&mut self, turn: &mut Turn) {
        if self.started.is_none() || self.is_finished {
            return;
        }
        self.give_away(turn);
        self.receive_guests(turn);
        if !self.is_stopping() {
            self.say_verdicts(turn);
            self.end_delays(turn);
            self.hand_on(turn);
        }
        match self.stopping {
            None => self.bring_all_up(turn),
            Some(stopping) => self.bring_all_down(stopping, turn),
        }
        self.try_who_is_due(turn);
        self.give_tries_up(turn);
        self.say_who_is_waited_for(turn);
        self.say_who_waits(turn);
        self.say_who_is_not_ready(turn);
        self.sum_up(turn);
        self.say_who_is_ready(turn);
        self.note_who_is_settled(turn);
        self.say_who_is_awaited(turn);
        if self.may_end() && self.is_all_over() {
            self.finish(turn);
        } else {
            self.tell_settled(turn);
        }
    }

    fn may_end(&self) -> bool {
        let is_held = self.rules.attendance == Attendance::Holder;
        let waits = self.waits_for_somebody() || self.waits_for_a_change();
        self.is_stopping() || !(is_held || waits || self.is_joined())
    }

    /// What this session was started for runs in other ones, or may yet.
    fn is_joined(&self) -> bool {
        let mut processes = self.processes.iter();
        processes.any(|process| process.is_meant && process.may_run_elsewhere())
    }

    fn is_all_over(&self) -> bool {
        self.processes.iter().all(Process::is_over)
    }
}
