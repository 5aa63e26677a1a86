//! A start that is held up is visible: what it waits for, since when, and when that is said.

use std::time::{Duration, Instant};

use crate::plan::{External, Need, Provider};
use crate::supervisor::state::{Process, State};
use crate::supervisor::{Elsewhere, ProcessIndex, Supervisor, Turn};
use crate::words::notice::{Notice, WaitedFor};

/// A wait is said after so many seconds,
const SAID_AFTER: [u64; 3] = [2, 10, 30];
/// and then whenever so many more have passed.
const SAID_EVERY: u64 = 60;

/// A start that is due, but for what the process needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) since: Instant,
    /// When it is to be said next.
    pub(super) said_at: Instant,
}

impl Wait {
    fn new(now: Instant) -> Self {
        Self {
            since: now,
            said_at: said_first_at(now),
        }
    }
}

/// From when on it is no secret that something has been waited for since then.
pub(super) fn said_first_at(since: Instant) -> Instant {
    since + said_after(Duration::ZERO)
}

impl Supervisor {
    /// Of a process that is held up.
    pub(super) fn waited_for_by(&self, index: ProcessIndex) -> Vec<WaitedFor> {
        let mut all = Vec::new();
        if matches!(self.processes[index].state, State::Held(_)) {
            for waited_for in self.unmet(index).map(|need| self.waited_for(need)) {
                if !all.contains(&waited_for) {
                    all.push(waited_for);
                }
            }
        }
        all
    }

    pub(super) fn say_who_waits(&mut self, turn: &mut Turn) {
        for index in 0..self.processes.len() {
            let State::Held(wait) = self.processes[index].state else {
                continue;
            };
            if wait.said_at > turn.now {
                continue;
            }
            let since = turn.now.duration_since(wait.since);
            turn.say(Notice::Waits {
                process: self.processes[index].name.clone(),
                for_: self.waited_for_by(index),
                since,
            });
            let said_at = wait.since + said_after(since);
            self.processes[index].state = State::Held(Wait { said_at, ..wait });
        }
    }

    fn waited_for(&self, need: &Need) -> WaitedFor {
        let provider = match need.on {
            Provider::Process(provider) => &self.processes[provider],
            Provider::External(place) => {
                let External { host, port } = self.externals[place].external.clone();
                return WaitedFor::External { host, port };
            }
        };
        let comes = matches!(provider.state, State::Elsewhere(Elsewhere::NotReady));
        let is_on_its_way = comes || !provider.is_over();
        let (not_ready, port) = (provider.not_ready(), provider.port);
        let provider = provider.name.clone();
        if is_on_its_way {
            WaitedFor::Process {
                provider,
                port,
                not_ready,
            }
        } else {
            WaitedFor::Somebody { provider }
        }
    }
}

impl Process {
    /// Holds it up, from now on if it was not held up before.
    pub(super) fn hold(&mut self, now: Instant) {
        if !matches!(self.state, State::Held(_)) {
            self.state = State::Held(Wait::new(now));
        }
    }
}

/// From the beginning of a wait that has lasted for `waited`, when it is to be said next.
pub(super) fn said_after(waited: Duration) -> Duration {
    let seconds = waited.as_secs();
    let first = SAID_AFTER.into_iter().find(|after| *after > seconds);
    Duration::from_secs(first.unwrap_or((seconds / SAID_EVERY + 1) * SAID_EVERY))
}
