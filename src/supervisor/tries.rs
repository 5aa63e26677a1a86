//! When a run is tried whether it is ready by its `ready:`, and what is made of what came of that. Never more than one
//! try of a process at a time, and what comes of an earlier run counts for none.

use std::time::{Duration, Instant};

use crate::supervisor::state::{Process, State, Up, Wish};
use crate::supervisor::{Action, Elsewhere, ProcessIndex, Supervisor, Turn, readiness, waits};
use crate::words::notice::Notice;
use crate::words::policy::{Attendance, RestartPolicy};
use crate::words::ready::{Ready, Tried};
use crate::words::wire::process::NotReady;

/// How soon it is tried again at first;
const FIRST_INTERVAL: Duration = Duration::from_millis(20);
/// then ever more seldom, down to this.
const LAST_INTERVAL: Duration = Duration::from_secs(1);
/// Of one that was ready: how soon, at first and whenever it has failed,
const FIRST_WATCH: Duration = Duration::from_secs(1);
/// and how seldom, at the last.
const LAST_WATCH: Duration = Duration::from_secs(10);
/// One that was ready is not any more when it has failed so often in a row.
const IN_A_ROW: u32 = 3;
/// That a run is not ready yet is said from here on.
const SAID_FROM: Duration = Duration::from_secs(10);

/// A try whose outcome is awaited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trying {
    number: u32,
    run: u32,
    is_given_up: bool,
}

/// What the tries of a run have come to. Of one that is ready by a line: whether that has come.
#[derive(Debug)]
pub(super) struct Tries {
    pub(super) by: Ready,
    has_passed: bool,
    /// In a row, since it passed.
    failures: u32,
    /// What came of the last one, if it failed.
    seen: Option<String>,
    next_at: Instant,
    interval: Duration,
    /// Since when one that was ready has failed, once it is not any more.
    failing_since: Option<Instant>,
    /// Since when it is not ready, unless it is,
    since: Instant,
    /// and when that is to be said next.
    said_at: Instant,
}

impl Tries {
    pub(super) fn new(by: Ready, now: Instant) -> Self {
        Self {
            by,
            has_passed: false,
            failures: 0,
            seen: None,
            next_at: now,
            interval: FIRST_INTERVAL,
            failing_since: None,
            since: now,
            said_at: now + SAID_FROM,
        }
    }

    pub(super) fn has_passed(&self) -> bool {
        self.has_passed
    }

    /// It has begun, or ceased, to listen: what came before says nothing of it.
    pub(super) fn begin_anew(&mut self, now: Instant) {
        if std::mem::replace(&mut self.has_passed, false) {
            self.since = now;
            self.said_at = now + SAID_FROM;
        }
        self.failures = 0;
        self.seen = None;
        self.next_at = now;
        self.interval = FIRST_INTERVAL;
    }

    fn passed(&mut self, now: Instant) {
        let first = !std::mem::replace(&mut self.has_passed, true);
        self.interval = if first || self.failures > 0 {
            FIRST_WATCH
        } else {
            (self.interval * 2).min(LAST_WATCH)
        };
        self.failures = 0;
        self.seen = None;
        self.next_at = now + self.interval;
    }

    /// Returns whether it is ready no more by that.
    fn failed(&mut self, seen: String, now: Instant) -> bool {
        self.seen = Some(seen);
        self.next_at = now + self.interval;
        if !self.has_passed {
            self.interval = (self.interval * 2).min(LAST_INTERVAL);
            return false;
        }
        self.failures += 1;
        self.interval = FIRST_WATCH;
        self.next_at = now + self.interval;
        let is_over = self.failures == IN_A_ROW;
        if is_over {
            self.has_passed = false;
            self.failing_since.get_or_insert(now);
        }
        is_over
    }
}

impl Supervisor {
    pub(super) fn try_who_is_due(&mut self, turn: &mut Turn) {
        if self.is_stopping() {
            return;
        }
        for (index, process) in self.processes.iter_mut().enumerate() {
            if process.tried_at().is_none_or(|at| at > turn.now) {
                continue;
            }
            let ready = process.up().and_then(|up| up.ready().cloned());
            let ready = ready.expect("only who has a `ready:` is tried");
            process.tries += 1;
            let number = process.tries;
            process.trying = Some(Trying {
                number,
                run: process.run,
                is_given_up: false,
            });
            turn.actions.push(Action::Try {
                process: index,
                number,
                ready,
            });
        }
    }

    /// Of runs that do not go on.
    pub(super) fn give_tries_up(&mut self, turn: &mut Turn) {
        let is_stopping = self.is_stopping();
        for (index, process) in self.processes.iter_mut().enumerate() {
            let Some(trying) = process.trying else {
                continue;
            };
            let goes_on = process.up().is_some_and(Up::goes_on) && trying.run == process.run;
            if trying.is_given_up || (goes_on && !is_stopping) {
                continue;
            }
            process.trying = Some(Trying {
                is_given_up: true,
                ..trying
            });
            turn.actions.push(Action::GiveUpTry {
                process: index,
                number: trying.number,
            });
        }
    }

    pub(super) fn tried(
        &mut self,
        index: ProcessIndex,
        number: u32,
        tried: Tried,
        turn: &mut Turn,
    ) {
        let is_told_at_once = self.tells_at_once();
        let Some(process) = self.processes.get_mut(index) else {
            return;
        };
        let trying = process.trying.take_if(|trying| trying.number == number);
        let is_its = |trying: &Trying| trying.run == process.run && !trying.is_given_up;
        if !trying.is_some_and(|trying| is_its(&trying)) || !process.is_tried() {
            return;
        }
        match tried {
            Tried::Passed => {
                turn.say_all(process.pass(turn.now));
                turn.say_all(readiness::judge(process, turn.now, is_told_at_once));
            }
            Tried::Failed(seen) => turn.say_all(process.fail(seen, turn.now)),
        }
    }

    pub(super) fn line_seen(&mut self, index: ProcessIndex, run: u32, turn: &mut Turn) {
        let is_told_at_once = self.tells_at_once();
        let Some(process) = self.current(index, run) else {
            return;
        };
        let up = process.up_mut().filter(|up| up.goes_on());
        let tries = up.and_then(|up| up.tries.as_mut());
        let Some(tries) = tries.filter(|tries| matches!(tries.by, Ready::Log(_))) else {
            return;
        };
        tries.passed(turn.now);
        turn.say_all(readiness::judge(process, turn.now, is_told_at_once));
    }

    /// Not where somebody waits until all are settled, and then goes: he is told by other means.
    pub(super) fn say_who_is_not_ready(&mut self, turn: &mut Turn) {
        if self.is_stopping() || self.rules.attendance == Attendance::Nobody {
            return;
        }
        for process in &mut self.processes {
            if process.not_ready_said_at().is_none_or(|at| at > turn.now) {
                continue;
            }
            let (name, why) = (process.name.clone(), process.not_ready());
            let Some((tries, why)) = process.tries_mut().zip(why) else {
                continue;
            };
            let since = turn.now.duration_since(tries.since);
            tries.said_at = tries.since + waits::said_after(since);
            turn.say(Notice::NotReady {
                process: name,
                why,
                since,
                is_restarted: false,
            });
        }
    }

    /// When it is next due to be said of one that it is not ready yet.
    pub(super) fn not_ready_said_at(&self) -> Option<Instant> {
        if self.is_stopping() || self.rules.attendance == Attendance::Nobody {
            return None;
        }
        let processes = self.processes.iter();
        processes.filter_map(Process::not_ready_said_at).min()
    }
}

impl Process {
    /// Whether a run that goes on is not there before it is ready.
    pub(super) fn becomes_ready(&self, up: &Up) -> bool {
        self.port.is_some() || up.tries.is_some()
    }

    /// When it is to be tried next; `None`: it is being tried, or not to be.
    pub(super) fn tried_at(&self) -> Option<Instant> {
        if self.trying.is_some() || !self.is_tried() {
            return None;
        }
        let tries = self.up()?.tries.as_ref()?;
        let is_done = tries.has_passed && !tries.by.is_tried_on();
        (!is_done).then_some(tries.next_at)
    }

    /// Its run goes on and is ready by something that is tried. On a port only while its own tree listens there.
    fn is_tried(&self) -> bool {
        let up = self.up().filter(|up| up.goes_on());
        let ready = up.and_then(|up| Some((up, up.ready()?)));
        ready.is_some_and(|(up, ready)| {
            ready.is_tried() && (up.listening.is_served() || !ready.is_of_port())
        })
    }

    /// Why its run is not ready, if that goes on and has a `ready:`.
    pub(super) fn not_ready(&self) -> Option<NotReady> {
        if matches!(self.state, State::Elsewhere(Elsewhere::NotReady)) {
            return self.not_ready_elsewhere.clone();
        }
        let up = self.up().filter(|up| up.goes_on())?;
        let tries = up.tries.as_ref()?;
        if up.listening.is_to_be_found() {
            return None;
        }
        let listens = up.listening.is_served();
        let seen = match &tries.by {
            Ready::Log(expression) => Some(format!("no line matches `{expression}`")),
            Ready::Http { .. } | Ready::Tcp if !listens => Some("does not listen".into()),
            Ready::Http { .. } | Ready::Tcp | Ready::Exec(_) => tries.seen.clone(),
        };
        Some(NotReady {
            listens,
            was_ready: tries.failing_since.is_some(),
            seen,
        })
    }

    /// Of one that was ready that was said when it ceased to be.
    fn not_ready_said_at(&self) -> Option<Instant> {
        let up = self.up().filter(|up| up.goes_on())?;
        let tries = up.tries.as_ref()?;
        let is_not_yet = !up.listening.is_to_be_found() && tries.failing_since.is_none();
        is_not_yet.then_some(tries.said_at)
    }

    fn tries_mut(&mut self) -> Option<&mut Tries> {
        self.up_mut()?.tries.as_deref_mut()
    }

    fn pass(&mut self, now: Instant) -> Option<Notice> {
        let process = self.name.clone();
        let tries = self.tries_mut()?;
        tries.passed(now);
        let since = tries.failing_since.take()?;
        Some(Notice::ReadyAgain {
            process,
            after: now.duration_since(since),
        })
    }

    /// Whoever is ready no more is started again only if it always is. Somebody's program in its place is not.
    fn fail(&mut self, seen: String, now: Instant) -> Option<Notice> {
        let is_over = self.tries_mut()?.failed(seen, now);
        readiness::judge(self, now, false);
        let why = self.not_ready().filter(|_| is_over)?;
        let is_always = self.restart == RestartPolicy::Always;
        let is_restarted = is_always && self.wish == Wish::Run && self.stand_in().is_none();
        if is_restarted {
            self.wish = Wish::Again;
        }
        Some(Notice::NotReady {
            process: self.name.clone(),
            why,
            since: now.duration_since(self.up()?.since),
            is_restarted,
        })
    }
}
