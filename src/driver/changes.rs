//! What becomes of the processes' environments while the session lives: a provider that moved, and files
//! that were edited.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::time::{Duration, Instant};

use crate::driver::Driver;
use crate::plan::{Plan, PlannedProcess, Used};
use crate::supervisor::{Event, ProcessIndex};
use crate::words::env::Env;
use crate::words::notice::{Elsewhere, Notice};
use crate::words::report::Report;
use crate::words::secret;
use crate::words::uses::OnChange;
use crate::words::wiring::Wiring;

/// News of providers is gathered for so long, so that whoever uses several of them is restarted once.
const GATHERED_FOR: Duration = Duration::from_millis(100);

/// What the processes run with, and what is about to change.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Of the present run of each process, or of its last.
    envs: HashMap<ProcessIndex, Env>,
    /// As which the present run of each process began, or its last.
    begun: HashMap<ProcessIndex, PlannedProcess>,
    /// What was said to be behind a variable; `None`: nothing.
    said: HashMap<(ProcessIndex, String), Option<String>>,
    due_at: Option<Instant>,
    /// Uses that were edited, and their values then: these are for the next run of their process.
    edited: HashMap<(ProcessIndex, String), Option<String>>,
    /// What is left out until the next session, as said.
    later_said: HashSet<(String, String)>,
    /// Commands of which it was said why the shell does not take them.
    pub(super) refused_said: HashSet<String>,
}

impl Changes {
    /// When what was gathered is due, if anything was.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    /// Of the present run, or of the last; `None`: there was none.
    pub(super) fn env_of_run(&self, process: ProcessIndex) -> Option<&Env> {
        self.envs.get(&process)
    }

    /// Its last run began as it would now.
    pub(super) fn is_as_begun(&self, process: ProcessIndex, now: &PlannedProcess) -> bool {
        let begun = self.begun.get(&process);
        begun.is_some_and(|begun| begun.begins_like(now))
    }

    /// There is news of ports.
    pub(super) fn gather(&mut self) {
        self.due_at = self.due_at.or(Some(Instant::now() + GATHERED_FOR));
    }
}

impl Driver {
    /// A process is reached elsewhere than before; `None`: nobody knows where.
    pub(super) fn reached(&mut self, process: ProcessIndex, port: Option<u16>) {
        if self.world.reached(process, port) {
            self.changes.gather();
        }
    }

    /// The verdict on a process that does not listen on its PORT.
    pub(super) fn note_verdict(&mut self, verdict: &Elsewhere) {
        let mut processes = self.plan.processes.iter();
        let place = processes.position(|process| process.name == verdict.process);
        if let Some(place) = place {
            self.reached(place, Some(verdict.found));
        }
    }

    /// One that came back to its PORT is reached there again.
    pub(super) fn note_ready(&mut self) {
        for place in 0..self.plan.processes.len() {
            let given = self.world.ports(place).given;
            let is_away = given.is_some() && self.world.ports(place).reached != given;
            if is_away && self.supervisor.serves_its_port(place) {
                self.reached(place, given);
            }
        }
    }

    /// Before a run: an optional use of what has failed meanwhile gives its variable up.
    pub(super) fn note_failures(&mut self) {
        let mut is_news = false;
        for place in 0..self.plan.processes.len() {
            is_news |= self.world.failed(place, self.supervisor.has_failed(place));
        }
        if is_news {
            self.changes.gather();
        }
    }

    /// Plans anew with what was gathered: who runs with a value that is no longer so is to be told.
    pub(super) fn changes_due(&mut self) -> Vec<Event> {
        self.changes.due_at = None;
        match self.world.plan() {
            Ok(plan) => self.adopt(plan),
            Err(reports) => self.say_kept(&reports),
        }
        let places = 0..self.plan.processes.len();
        let changed = places.filter_map(|process| {
            let variables = self.changed(process);
            (!variables.is_empty()).then_some(Event::EnvChanged { process, variables })
        });
        changed.collect()
    }

    /// The variables of a process's uses that its present run has another value of, or has where none is to
    /// be, as far as it is to be restarted for them.
    fn changed(&self, process: ProcessIndex) -> Vec<String> {
        let Some(env) = self.changes.envs.get(&process) else {
            return Vec::new();
        };
        let planned = &self.plan.processes[process];
        let is_other = |used: &&Used| {
            let then = env.get(&used.variable).map(|variable| &variable.value);
            let now = planned
                .env
                .get(&used.variable)
                .map(|variable| &variable.value);
            let key = (process, used.variable.clone());
            let is_edited = self.changes.edited.get(&key) == Some(&used.value);
            used.on_change == OnChange::Restart && !is_edited && then != now
        };
        let changed = planned.uses.iter().filter(is_other);
        // Nobody knows where it is now: what it was is as good as anything.
        let known = changed.filter(|used| used.value.is_some() || self.is_absent(used));
        known.map(|used| used.variable.clone()).collect()
    }

    fn is_absent(&self, used: &Used) -> bool {
        used.provider.is_none()
    }

    pub(super) fn adopt(&mut self, plan: Plan) {
        let before = std::mem::replace(&mut self.plan, plan);
        let both = before.processes.iter().zip(&self.plan.processes);
        for (place, (before, now)) in both.enumerate() {
            if before.color != now.color {
                self.output.choose_color(&self.plan, place);
            }
        }
        self.supervisor.adopt_plan(&self.plan);
        self.watching.is_replanned = true;
    }

    /// Before another run: the files may have been edited.
    pub(super) fn read_again(&mut self) {
        match self.world.read_again() {
            Ok(read) => {
                self.kept_said = None;
                self.watching.plan_changes(&self.plan);
                // Nobody is restarted because somebody edits.
                self.changes.edited.extend(read.edited);
                self.adopt(read.plan);
                for (place, why) in read.later {
                    if self.changes.later_said.insert((place.clone(), why.clone())) {
                        self.output.say(&Notice::LineIgnored { place, why });
                    }
                }
            }
            Err(reports) => self.say_kept(&reports),
        }
    }

    /// That the files are wrong is said once, until they are wrong in another way.
    fn say_kept(&mut self, reports: &[Report]) {
        let Some(first) = reports.first() else { return };
        let place = first.places.first();
        let place = place.map(|place| format!("{}:{}: ", place.file, place.line));
        let why = format!("{}{}", place.unwrap_or_default(), first.headline);
        if self.kept_said.as_ref() != Some(&why) {
            self.kept_said = Some(why.clone());
            self.output
                .say(&Notice::Wiring(Wiring::SettingsKept { why }));
        }
    }

    /// A run begins with its environment as it is planned now: says what is behind its uses, and what differs
    /// from the last run.
    pub(super) fn note_env(&mut self, process: ProcessIndex) {
        let planned = self.plan.processes[process].clone();
        self.say_uses(process, &planned);
        self.changes.edited.retain(|(of, _), _| *of != process);
        self.changes.begun.insert(process, planned.clone());
        let before = self.changes.envs.insert(process, planned.env.clone());
        let Some(before) = before else { return };
        let (mut added, mut changed, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        let text = |name: &OsStr| name.to_string_lossy().into_owned();
        for (name, variable) in planned.env.iter() {
            match before.get(name) {
                None => added.push(text(name)),
                Some(then) if then.value != variable.value => changed.push(text(name)),
                Some(_) => {}
            }
        }
        removed.extend(
            before
                .iter()
                .filter(|(name, _)| planned.env.get(name).is_none())
                .map(|(name, _)| text(name)),
        );
        // Of the URLs of others it was said what they are.
        let is_use = |name: &String| planned.uses.iter().any(|used| used.variable == *name);
        for names in [&mut added, &mut changed, &mut removed] {
            names.retain(|name| name != "PORT" && !is_use(name));
        }
        if !(added.is_empty() && changed.is_empty() && removed.is_empty()) {
            self.output.say(&Notice::Wiring(Wiring::EnvReread {
                process: planned.name,
                added,
                changed,
                removed,
            }));
        }
    }

    fn say_uses(&mut self, process: ProcessIndex, planned: &PlannedProcess) {
        for used in &planned.uses {
            let key = (process, used.variable.clone());
            if self.changes.said.get(&key) == Some(&used.value) {
                continue;
            }
            self.changes.said.insert(key, used.value.clone());
            let (process, variable) = (planned.name.clone(), used.variable.clone());
            let provider = used
                .provider
                .map(|place| self.plan.processes[place].name.clone());
            let shown = |value: &str| match used.is_secret {
                true => secret::MASK.to_string(),
                false => secret::masked(&variable, value).into_owned(),
            };
            let instead = planned.env.get(&variable);
            let instead = instead.map(|there| shown(&there.value.to_string_lossy()));
            let news = match used.value.as_deref().map(shown) {
                Some(value) => Wiring::Wired {
                    process,
                    variable,
                    value,
                    provider,
                },
                None => Wiring::WithoutUse {
                    process,
                    variable,
                    provider,
                    instead,
                },
            };
            self.output.say(&Notice::Wiring(news));
        }
    }
}
