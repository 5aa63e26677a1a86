//! Waits until processes are as they were asked to be, and says meanwhile what is waited for.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::time::Duration;

use tokio::time::Instant;

use crate::cli::session::{self, RunningApp, Target};
use crate::cli::steer::progress::{self, Goal, Progress};
use crate::cli::steer::sentence::{self, Before};
use crate::cli::steer::watch::{Heard, Watch};
use crate::cli::tell::tell;
use crate::words::wire::{AppState, Farewell, ProcessState};

/// What has been waited for so long is said: where somebody looks on,
const SAID_TO_PEOPLE_AFTER: Duration = Duration::from_millis(300);
/// and elsewhere.
const SAID_AFTER: Duration = Duration::from_secs(2);
/// After so long it is said what helps if a process never listens.
const HINTED_AFTER: Duration = Duration::from_secs(10);

/// A process that somebody waits for.
#[derive(Debug)]
pub(super) struct Awaited {
    pub(super) target: Target,
    goal: Goal,
    /// The run whose outcome counts, or a later one.
    run: u32,
    /// What is told before this request was carried out does not count.
    request: u64,
    before: Before,
    /// As last heard.
    pub(super) state: Option<ProcessState>,
    pub(super) progress: Progress,
    /// Its session is: whatever is not up will not be.
    is_ending: bool,
    stopping_since: Option<Instant>,
    /// What it is waited for, whatever time is left; `None`: something else tells.
    what_for: Option<String>,
    what_for_since: Instant,
    /// The same, as far as that was said.
    said: BTreeSet<String>,
    /// The run whose crash was.
    crash_said: Option<u32>,
    /// Its outcome was.
    is_told: bool,
}

/// Why the wait is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Each is as it will be.
    Settled,
    /// One is not as it was to be, and nobody waits for the others.
    OneFailed,
    TimedOut,
    /// A session that runs one of them ends, or gives the app up.
    Ended(Option<Farewell>),
}

/// Whether the first failure ends the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    WithAll,
    UntilOneFails,
}

impl Awaited {
    pub(super) fn new(target: Target, goal: Goal, run: u32) -> Self {
        Self {
            what_for: sentence::waiting(&target.shown, goal, None, None),
            what_for_since: Instant::now(),
            target,
            goal,
            run,
            request: 0,
            before: Before::Otherwise,
            state: None,
            progress: Progress::Comes,
            is_ending: false,
            stopping_since: None,
            said: BTreeSet::new(),
            crash_said: None,
            is_told: false,
        }
    }

    /// It was asked for by this request.
    pub(super) fn by(self, request: u64, before: Before) -> Self {
        Self {
            request,
            before,
            ..self
        }
    }

    /// Something of it runs, as far as was heard.
    pub(super) fn is_alive(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.pid.is_some())
    }

    /// It is not yet as it will be.
    pub(super) fn comes(&self) -> bool {
        self.progress == Progress::Comes
    }

    fn is_to_be_up(&self) -> bool {
        match self.goal {
            Goal::Up | Goal::Serving => true,
            Goal::Down => false,
        }
    }

    /// Takes in how its app is.
    pub(super) fn hear(&mut self, app: &AppState) {
        if app.requests < self.request {
            return;
        }
        let mut processes = app.processes.iter();
        let found = processes.find(|process| process.name == self.target.process);
        self.state = found.cloned();
        self.is_ending = app.is_ending;
        self.progress = match progress::of(self.goal, self.run, found) {
            // Nobody has stopped this one but with all others,
            Progress::Stopped if app.is_ending => Progress::Comes,
            // and whose turn has not come yet will be.
            Progress::Done if app.is_ending && self.is_to_be_up() && self.is_alive() => {
                Progress::Comes
            }
            progress => progress,
        };
        let is_stopping = found.is_some_and(|found| found.state == "stopping");
        self.stopping_since = is_stopping.then(|| self.stopping_since.unwrap_or_else(Instant::now));
        let what_for = self.waiting_for(self.stopping_since.map(|_| Duration::ZERO));
        if self.what_for != what_for {
            self.what_for = what_for;
            self.what_for_since = Instant::now();
        }
    }

    /// Whether it is over with it now that its session has said farewell.
    fn hear_farewell(&mut self, farewell: Option<Farewell>) -> bool {
        let is_all_down = match farewell {
            Some(Farewell::Stopped | Farewell::LeftToUsers) => true,
            Some(Farewell::TakenOver) | None => false,
        };
        let is_done = is_all_down && self.goal == Goal::Down;
        if is_done {
            self.is_gone();
        }
        is_done
    }

    /// Nothing of it runs any more.
    pub(super) fn is_gone(&mut self) {
        self.progress = Progress::Done;
        let last = self.state.take().unwrap_or_default();
        self.state = Some(ProcessState {
            state: "stopped".into(),
            name: last.name,
            run: last.run,
            given: last.given,
            further: last.further,
            ..ProcessState::default()
        });
    }

    /// What became of it, once.
    fn tell(&mut self, tell: &mut impl FnMut(&Self)) {
        if !std::mem::replace(&mut self.is_told, true) {
            tell(self);
        }
    }

    /// What became of it, as a line.
    pub(super) fn outcome(&self) -> String {
        let Self {
            target,
            goal,
            progress,
            before,
            ..
        } = self;
        sentence::outcome(
            &target.shown,
            *goal,
            *progress,
            *before,
            self.state.as_ref(),
        )
    }

    /// What it is waited for, as a line.
    pub(super) fn waiting(&self) -> Option<String> {
        self.waiting_for(self.stopping_since.map(|since| since.elapsed()))
    }

    /// How it is now that nobody waits any longer.
    pub(super) fn not_yet(&self) -> String {
        let stopping = self.waiting().filter(|_| self.stopping_since.is_some());
        let not_yet = || sentence::not_yet(&self.target.shown, self.state.as_ref());
        stopping.unwrap_or_else(not_yet)
    }

    fn waiting_for(&self, ending: Option<Duration>) -> Option<String> {
        let state = self.state.as_ref();
        // The awaited run ends by itself: nobody has set it a time.
        let is_asked =
            !self.is_to_be_up() || self.is_ending || state.is_some_and(|it| it.run < self.run);
        let ending = ending.filter(|_| is_asked);
        sentence::waiting(&self.target.shown, self.goal, state, ending)
    }

    /// When it is to be said what it is waited for, if that was not yet.
    fn said_at(&self) -> Option<Instant> {
        let what_for = self.what_for.as_ref().filter(|_| self.comes())?;
        let is_said = self.said.contains(what_for);
        (!is_said).then(|| self.what_for_since + said_after())
    }

    /// Says it on stderr, if it is time.
    fn say(&mut self) {
        if self.said_at().is_none_or(|at| at > Instant::now()) {
            return;
        }
        self.said.extend(self.what_for.clone());
        if let Some(waiting) = self.waiting() {
            tell!("{waiting}");
        }
    }

    /// Says on stderr of what it has crashed, once a run. `is_news`: it has just now.
    pub(super) fn say_crash(&mut self, is_news: bool) {
        let state = self.state.as_ref().filter(|state| state.run >= self.run);
        let Some(state) = state.filter(|_| self.is_to_be_up() && !self.is_ending) else {
            return;
        };
        if self.crash_said == Some(state.run) {
            return;
        }
        if let Some(crash) = sentence::crash(&self.target.shown, state, is_news) {
            self.crash_said = Some(state.run);
            tell!("{crash}");
        }
    }

    /// Says on stderr what helps if it never listens.
    fn hint(&self) {
        let state = self.state.as_ref().filter(|_| self.goal == Goal::Serving);
        if let Some(hint) = state.and_then(|state| sentence::hint(&self.target.shown, state)) {
            tell!("{hint}");
        }
    }
}

/// Hears of all apps of these processes, from now on.
pub(super) async fn watch(apps: &[RunningApp], targets: &[Target]) -> Watch {
    let places: BTreeSet<usize> = targets.iter().map(|target| target.app).collect();
    Watch::of(apps, places).await
}

/// Waits until each is settled; `tell` is called for each as soon as it is, and those of its type before it are.
pub(super) async fn settle(
    mut watch: Watch,
    awaited: &mut [Awaited],
    patience: Patience,
    until: Option<Instant>,
    mut tell: impl FnMut(&Awaited),
) -> Over {
    let mut hint = Some(Instant::now() + HINTED_AFTER);
    loop {
        tell_settled(awaited, &mut tell);
        if let Some(over) = over(awaited, patience) {
            tell_rest(awaited, &mut tell);
            return over;
        }
        let long = awaited.iter().filter_map(Awaited::said_at).min();
        let heard = tokio::select! {
            heard = watch.next() => heard,
            () = at(long) => {
                coming(awaited).for_each(Awaited::say);
                continue;
            }
            () = at(hint) => {
                hint = None;
                coming(awaited).for_each(|it| it.hint());
                continue;
            }
            () = at(until) => {
                tell_rest(awaited, &mut tell);
                return Over::TimedOut;
            }
        };
        let ended = match heard {
            Some((app, heard)) => hear(awaited, app, &heard),
            None => Some(Over::Ended(None)),
        };
        if let Some(ended) = ended {
            tell_rest(awaited, &mut tell);
            return ended;
        }
    }
}

/// Takes in what is heard of an app; the end, if it ends with that.
fn hear(awaited: &mut [Awaited], app: usize, heard: &Heard) -> Option<Over> {
    let mut its = coming(awaited).filter(|it| it.target.app == app);
    match heard {
        Heard::State(state) => {
            for it in its {
                it.hear(state);
                it.say_crash(true);
            }
            None
        }
        Heard::Ended(farewell) => {
            let are_all_done = its.all(|it| it.hear_farewell(*farewell));
            (!are_all_done).then_some(Over::Ended(*farewell))
        }
    }
}

/// In Procfile order as far as that holds up nobody of another type.
fn tell_settled(awaited: &mut [Awaited], tell: &mut impl FnMut(&Awaited)) {
    let mut coming: BTreeSet<String> = BTreeSet::new();
    for it in awaited {
        let process_type = session::type_of(&it.target.shown);
        if it.comes() {
            coming.insert(process_type.to_string());
        } else if !coming.contains(process_type) {
            it.tell(tell);
        }
    }
}

/// Nobody is waited for any more.
fn tell_rest(awaited: &mut [Awaited], tell: &mut impl FnMut(&Awaited)) {
    let settled = awaited.iter_mut().filter(|it| !it.comes());
    settled.for_each(|it| it.tell(tell));
}

/// Whether there is nothing left to wait for.
fn over(awaited: &[Awaited], patience: Patience) -> Option<Over> {
    let has_failed = |it: &Awaited| matches!(it.progress, Progress::Failed | Progress::Stopped);
    if patience == Patience::UntilOneFails && awaited.iter().any(has_failed) {
        return Some(Over::OneFailed);
    }
    if !awaited.iter().any(Awaited::comes) {
        return Some(Over::Settled);
    }
    let is_lost = |it: &Awaited| it.comes() && it.is_to_be_up() && it.is_ending;
    let is_lost = awaited.iter().any(is_lost);
    is_lost.then_some(Over::Ended(Some(Farewell::Stopped)))
}

/// Those who are not yet as they will be.
fn coming(awaited: &mut [Awaited]) -> impl Iterator<Item = &mut Awaited> {
    awaited.iter_mut().filter(|it| it.comes())
}

fn said_after() -> Duration {
    if std::io::stderr().is_terminal() {
        SAID_TO_PEOPLE_AFTER
    } else {
        SAID_AFTER
    }
}

/// Until then; for ever if there is no such time.
async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is told of at once, and who at the end.
    fn check(all: &[(&str, Progress)], told: &[&str], rest: &[&str]) {
        let awaited = |(shown, progress): &(&str, Progress)| {
            let target = Target {
                app: 0,
                process: (*shown).to_string(),
                shown: (*shown).to_string(),
            };
            let mut awaited = Awaited::new(target, Goal::Up, 1);
            awaited.progress = *progress;
            awaited
        };
        let mut awaited: Vec<Awaited> = all.iter().map(awaited).collect();
        let mut names = Vec::new();
        tell_settled(&mut awaited, &mut |it| names.push(it.target.shown.clone()));
        assert_eq!(names, told, "{all:?}");
        tell_rest(&mut awaited, &mut |it| names.push(it.target.shown.clone()));
        assert_eq!(&names[told.len()..], rest, "{all:?}");
    }

    #[test]
    fn an_instance_is_told_of_after_those_before_it_and_no_other_type_waits() {
        let (comes, done, failed) = (Progress::Comes, Progress::Done, Progress::Failed);
        check(
            &[("web.1", done), ("web.2", failed)],
            &["web.1", "web.2"],
            &[],
        );
        check(&[("web.1", comes), ("web.2", done)], &[], &["web.2"]);
        check(
            &[("web.1", comes), ("web.2", done), ("worker.1", done)],
            &["worker.1"],
            &["web.2"],
        );
        check(
            &[("web.1", comes), ("api/web.1", done), ("api/web.2", comes)],
            &["api/web.1"],
            &[],
        );
    }
}
