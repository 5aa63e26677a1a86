//! Waits until processes are as they were asked to be, and says meanwhile what is waited for.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::time::Duration;

use tokio::time::Instant;

use crate::cli::session::{RunningApp, Target};
use crate::cli::steer::progress::{self, Goal, Progress};
use crate::cli::steer::sentence::{self, Before};
use crate::cli::steer::watch::{Heard, Watch};
use crate::words::wire::{AppState, Farewell, ProcessState};

/// After so long a wait says what for: where somebody looks on,
const SAID_TO_PEOPLE_AFTER: Duration = Duration::from_millis(300);
/// and elsewhere.
const SAID_AFTER: Duration = Duration::from_secs(2);

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
    said: Option<String>,
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
            target,
            goal,
            run,
            request: 0,
            before: Before::Otherwise,
            state: None,
            progress: Progress::Comes,
            is_ending: false,
            stopping_since: None,
            said: None,
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
            Progress::Done if app.is_ending && self.goal == Goal::Up && self.is_alive() => {
                Progress::Comes
            }
            progress => progress,
        };
        let is_stopping = found.is_some_and(|found| found.state == "stopping");
        self.stopping_since = is_stopping.then(|| self.stopping_since.unwrap_or_else(Instant::now));
    }

    /// Whether it is over with it now that its session has said farewell.
    fn hear_farewell(&mut self, farewell: Option<Farewell>) -> bool {
        let is_all_down = match farewell {
            Some(Farewell::Stopped | Farewell::LeftToUsers) => true,
            Some(Farewell::TakenOver) | None => false,
        };
        let is_done = is_all_down && self.goal == Goal::Down;
        if is_done {
            self.state = None;
            self.progress = Progress::Done;
        }
        is_done
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
    pub(super) fn waiting(&self) -> String {
        let ending = self.stopping_since.map(|since| since.elapsed());
        sentence::waiting(
            &self.target.shown,
            self.state.as_ref(),
            ending.unwrap_or_default(),
        )
    }

    /// Says it on stderr, once as long as nothing changes.
    fn say(&mut self) {
        let state = self.state.as_ref();
        let what = state.map_or_else(String::new, |state| {
            format!("{} {:?} {:?}", state.state, state.pid, state.waiting_for)
        });
        if self.said.as_ref() != Some(&what) {
            eprintln!("{}", self.waiting());
            self.said = Some(what);
        }
    }
}

/// Hears of all apps of these processes, from now on.
pub(super) async fn watch(apps: &[RunningApp], targets: &[Target]) -> Watch {
    let places: BTreeSet<usize> = targets.iter().map(|target| target.app).collect();
    Watch::of(apps, places).await
}

/// Waits until each is settled; `settled` is called for each as it is.
pub(super) async fn settle(
    mut watch: Watch,
    awaited: &mut [Awaited],
    patience: Patience,
    until: Option<Instant>,
    mut settled: impl FnMut(&Awaited),
) -> Over {
    let long = Instant::now() + said_after();
    let mut is_long = false;
    loop {
        if let Some(over) = over(awaited, patience) {
            return over;
        }
        let heard = tokio::select! {
            heard = watch.next() => heard,
            () = tokio::time::sleep_until(long), if !is_long => {
                is_long = true;
                say_all(awaited);
                continue;
            }
            () = at(until) => return Over::TimedOut,
        };
        let Some((app, heard)) = heard else {
            return Over::Ended(None);
        };
        let mut its: Vec<&mut Awaited> = awaited
            .iter_mut()
            .filter(|it| it.target.app == app && it.comes())
            .collect();
        match heard {
            Heard::State(state) => {
                for it in &mut its {
                    it.hear(&state);
                    if !it.comes() {
                        settled(it);
                    }
                }
            }
            Heard::Ended(farewell) => {
                for it in &mut its {
                    if !it.hear_farewell(farewell) {
                        return Over::Ended(farewell);
                    }
                    settled(it);
                }
            }
        }
        if is_long {
            say_all(awaited);
        }
    }
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
    let is_lost = |it: &Awaited| it.comes() && it.goal == Goal::Up && it.is_ending;
    let is_lost = awaited.iter().any(is_lost);
    is_lost.then_some(Over::Ended(Some(Farewell::Stopped)))
}

fn say_all(awaited: &mut [Awaited]) {
    awaited
        .iter_mut()
        .filter(|it| it.comes())
        .for_each(Awaited::say);
}

pub(super) fn said_after() -> Duration {
    if std::io::stderr().is_terminal() {
        SAID_TO_PEOPLE_AFTER
    } else {
        SAID_AFTER
    }
}

/// Until then; for ever if there is no such time.
pub(super) async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
