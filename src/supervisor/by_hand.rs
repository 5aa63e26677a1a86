//! What is asked for while the session runs, mostly by hand: this process again, that one no more.

use std::time::{Duration, Instant};

use crate::plan::Provider;
use crate::supervisor::state::{Process, State, Wish};
use crate::supervisor::{Action, ProcessIndex, Supervisor, Turn};
use crate::words::notice::Notice;
use crate::words::wire::Steering;

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
            State::Elsewhere(_)
            | State::Dormant
            | State::Waiting
            | State::Held(_)
            | State::Restarting { .. }
            | State::Completed
            | State::Failed
            | State::FailedFor(_)
            | State::Stopped => Wish::Run,
        };
        process.begin_anew(turn.now);
        self.status.forget(index);
        self.want_what_it_needs(index, turn.now);
    }

    /// As with the session, what a process uses is started with it, and what that uses.
    pub(super) fn want_what_it_needs(&mut self, index: ProcessIndex, now: Instant) {
        let mut queue = vec![index];
        while let Some(index) = queue.pop() {
            let needs = self.processes[index].needs.clone();
            for need in needs {
                let Provider::Process(provider) = need.on else {
                    continue;
                };
                let process = &mut self.processes[provider];
                if std::mem::replace(&mut process.is_wanted, true) {
                    continue;
                }
                if process.is_dormant() {
                    process.state = process.next_run(now);
                }
                queue.push(provider);
            }
        }
    }

    /// What runs already goes on, and what has a stand-in is started after that.
    pub(super) fn start_asked(&mut self, index: ProcessIndex, turn: &mut Turn) {
        let process = self.asked_for(index);
        if process.is_some_and(Process::brings_back) {
            return;
        }
        if !self.processes.get(index).is_some_and(Process::goes_on) {
            self.restart_asked(index, turn);
        }
    }

    /// The number of the run whose outcome answers somebody who asks for that now.
    pub(crate) fn run_after(&self, index: ProcessIndex, asked: Steering) -> u32 {
        let process = &self.processes[index];
        match asked {
            Steering::Stop => process.run,
            Steering::Start if process.goes_on() => process.run,
            Steering::Start | Steering::Restart => process.run + 1,
        }
    }

    /// How many run, and how long their end takes at most: whoever is used ends after who uses it.
    pub(crate) fn end_takes(&self) -> (usize, Duration) {
        let alive = || self.processes.iter().filter(|process| process.is_alive());
        let longest = alive().map(|process| process.grace).max();
        let is_used = |process: &&Process| {
            let mut needs = alive().flat_map(|process| &process.needs);
            needs.any(|need| match need.on {
                Provider::Process(provider) => self.processes[provider].name == process.name,
                Provider::External(_) => false,
            })
        };
        let stages: Duration = alive().filter(is_used).map(|used| used.grace).sum();
        (alive().count(), longest.unwrap_or_default() + stages)
    }

    /// A new run, as by hand, but for who is to be started anew anyway; its failures are not forgotten.
    pub(super) fn env_changed(
        &mut self,
        index: ProcessIndex,
        variables: Vec<String>,
        turn: &mut Turn,
    ) {
        let process = self.asked_for(index);
        let Some(process) = process.filter(|process| process.goes_on()) else {
            return;
        };
        if process.stand_in().is_some() {
            process.keep_env(variables, turn);
            return;
        }
        process.wish = Wish::Again;
        turn.say(Notice::EnvChanged {
            process: process.name.clone(),
            variables,
        });
    }

    /// It is ended, and not started again until somebody asks for that.
    pub(super) fn stop_asked(&mut self, index: ProcessIndex, turn: &mut Turn) {
        let Some(process) = self.asked_for(index) else {
            return;
        };
        match process.state {
            State::Starting | State::Up(_) => {
                if std::mem::replace(&mut process.wish, Wish::Stop) != Wish::Stop {
                    turn.say(Notice::StopAsked {
                        process: process.name.clone(),
                    });
                }
            }
            State::Waiting | State::Held(_) | State::Restarting { .. } => {
                process.wish = Wish::Stop;
                process.state = State::Stopped;
                turn.say(Notice::StoppedByHand {
                    process: process.name.clone(),
                });
            }
            State::Elsewhere(_)
            | State::Dormant
            | State::Completed
            | State::Failed
            | State::FailedFor(_)
            | State::Stopped => {}
        }
    }

    /// The process, unless all is being ended anyway, or it is none of ours.
    pub(super) fn asked_for(&mut self, index: ProcessIndex) -> Option<&mut Process> {
        if self.is_stopping() {
            return None;
        }
        let process = self.processes.get_mut(index)?;
        let is_ours = !process.is_elsewhere() && process.wish != Wish::GiveAway;
        is_ours.then_some(process)
    }

    /// Ends the run of whoever is wanted no more, or anew.
    pub(super) fn grant_wish(&mut self, index: ProcessIndex, turn: &mut Turn) {
        let process = &mut self.processes[index];
        let (run, grace, wish) = (process.run, process.grace, process.wish);
        let Some(up) = process.up_mut() else { return };
        if wish != Wish::Run && up.goes_on() {
            up.end_within(grace, turn.now);
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
    pub(super) fn begin_anew(&mut self, now: Instant) {
        self.history.forgive();
        self.is_wanted = true;
        if !matches!(self.state, State::Starting | State::Up(_) | State::Held(_)) {
            self.state = self.next_run(now);
        }
    }

    /// Waiting, and so started as soon as what it needs is there.
    pub(super) fn next_run(&self, now: Instant) -> State {
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
