//! Fits what the files say now onto the apps and processes that a session has: these never change while it
//! lives. What does not fit is for the next session.

use std::collections::HashMap;
use std::path::Path;

use crate::plan::sources::{App, Apps, Behind};
use crate::plan::{Plan, Used};
use crate::syntax::procfile::Entry;
use crate::syntax::settings::{PortSetting, ProcessSettings, Said};
use crate::words::report::Place;
use crate::words::uses::{Target, Use};

/// What is left out until the next session: where it stands, and why.
pub(crate) type Later = Vec<(String, String)>;

/// What the files say now.
pub(crate) struct Reread {
    pub(crate) plan: Plan,
    pub(crate) later: Later,
    pub(crate) edited: Vec<Edited>,
}

/// A use that has another value because the files say so: its process and variable, and that value.
pub(crate) type Edited = ((usize, String), Option<String>);

/// `before` and `now` are plans with the same ports.
pub(crate) fn edited(before: &Plan, now: &Plan) -> Vec<Edited> {
    let both = before.processes.iter().zip(&now.processes).enumerate();
    let edited = both.flat_map(|(process, (before, now))| {
        let is_as_before = |used: &&Used| before.uses.contains(used);
        let edited = now.uses.iter().filter(move |used| !is_as_before(used));
        edited.map(move |used| ((process, used.variable.clone()), used.value.clone()))
    });
    edited.collect()
}

const NEXT_START: &str = "applies at the next `devrun start`";

/// The apps of `old`, at their places, as far as they can be as `new` has them.
pub(crate) fn fitted(old: &Apps, new: &Apps) -> (Apps, Later) {
    let mut later = Later::new();
    let places = old.apps.iter().enumerate();
    let places: HashMap<&Path, usize> = places
        .map(|(place, app)| (app.identity.as_path(), place))
        .collect();
    // An app that nobody uses any more goes on as it was.
    let fit = |was: &App| match new.apps.iter().find(|app| app.identity == was.identity) {
        Some(now) => Fitting {
            was,
            now,
            new,
            places: &places,
        }
        .app(&mut later),
        None => was.clone(),
    };
    let apps = old.apps.iter().map(fit).collect();
    let fitted = Apps {
        apps,
        ..old.clone()
    };
    (fitted, later)
}

fn not_before_next_start(key: &str, place: &Place) -> (String, String) {
    let at = format!("{}:{}", place.file, place.line);
    (at, format!("`{key}` {NEXT_START}"))
}

struct Fitting<'a> {
    was: &'a App,
    now: &'a App,
    new: &'a Apps,
    /// Of the session's apps, by identity.
    places: &'a HashMap<&'a Path, usize>,
}

impl Fitting<'_> {
    fn app(&self, later: &mut Later) -> App {
        let mut app = self.now.clone();
        app.entries = self.entries(later);
        self.keep_formation(&mut app, later);
        let uses = self.now.settings.uses.iter();
        app.settings.uses = uses
            .filter_map(|declared| self.declared(declared, later))
            .collect();
        let processes = &mut app.settings.processes;
        processes.retain(|said| !self.is_new(&said.process_type.value));
        for said in processes {
            said.depends_on.retain(|other| !self.is_new(&other.value));
        }
        self.keep_ports(&mut app, later);
        // Those of before are for the uses that stay as they were.
        app.siblings.clone_from(&self.was.siblings);
        for directory in self.now.siblings.keys() {
            let behind = self.behind(directory);
            app.siblings
                .extend(behind.map(|behind| (directory.clone(), behind)));
        }
        app
    }

    fn keep_formation(&self, app: &mut App, later: &mut Later) {
        let was = &self.was.settings.formation;
        let now = app.settings.formation.as_ref();
        let is_as_before = now.map(|said| &said.value) == was.as_ref().map(|said| &said.value);
        if let Some(now) = now.filter(|_| !is_as_before) {
            later.push(not_before_next_start("formation", &now.place));
        }
        app.settings.formation.clone_from(was);
    }

    /// All ports are chosen before anything is started: who is reached where is not for an edit to say.
    fn keep_ports(&self, app: &mut App, later: &mut Later) {
        let mut say = |place: &Place| later.push(not_before_next_start("port", place));
        let value = |said: &Option<Said<u16>>| said.as_ref().map(|said| said.value);
        if value(&app.settings.port) != value(&self.was.settings.port) {
            app.settings.port.iter().for_each(|said| say(&said.place));
            app.settings.port.clone_from(&self.was.settings.port);
        }
        // Of whom nothing is said any more has them as well.
        let is_said = |was: &&ProcessSettings| app.said_of(&was.process_type.value).is_some();
        let unsaid = self.was.settings.processes.iter();
        let unsaid = unsaid.filter(|was| !is_said(was));
        let unsaid = unsaid.map(|was| ProcessSettings::of(was.process_type.clone()));
        let unsaid: Vec<ProcessSettings> = unsaid.collect();
        app.settings.processes.extend(unsaid);
        for said in &mut app.settings.processes {
            let was = self.was.said_of(&said.process_type.value);
            let was = was.and_then(|was| was.port.clone());
            let value = |port: &Option<Said<PortSetting>>| port.as_ref().map(|said| said.value);
            if value(&said.port) != value(&was) {
                said.port.iter().for_each(|said| say(&said.place));
                said.port = was;
            }
        }
        for said in &mut app.settings.processes {
            let was = self.was.said_of(&said.process_type.value);
            let was = was.map_or(Vec::new(), |was| was.ports.clone());
            let mut both = said.ports.iter().zip(&was);
            let is_as_before =
                said.ports.len() == was.len() && both.all(|(now, was)| now.value == was.value);
            if let Some(now) = said.ports.first().filter(|_| !is_as_before) {
                later.push(not_before_next_start("ports", &now.place));
            }
            said.ports = was;
        }
    }

    /// A process type that the session does not have.
    fn is_new(&self, process_type: &str) -> bool {
        self.now.entry(process_type).is_some() && self.was.entry(process_type).is_none()
    }

    /// The types that there were, with the commands that they have now.
    fn entries(&self, later: &mut Later) -> Vec<Entry> {
        let is_known = |entry: &Entry| self.was.entry(entry.process_type.as_str()).is_some();
        for added in self.now.entries.iter().filter(|entry| !is_known(entry)) {
            let place = format!("{}:{}", self.now.procfile, added.line);
            later.push((place, format!("{} {NEXT_START}", added.process_type)));
        }
        let now = |was: &Entry| {
            let place = self.now.entry(was.process_type.as_str());
            place.map_or(was, |place| &self.now.entries[place]).clone()
        };
        self.was.entries.iter().map(now).collect()
    }

    /// One of an app or a process that the session does not have is as it was before, if it was.
    fn declared(&self, declared: &Use, later: &mut Later) -> Option<Use> {
        let is_known = match &declared.target {
            Target::Url(_) => true,
            Target::Process(name) => !self.is_new(name),
            Target::App { directory, .. } => match self.now.siblings.get(directory) {
                Some(Behind::App(_)) => self.behind(directory).is_some(),
                Some(Behind::Nothing(_)) | None => true,
            },
        };
        if is_known {
            return Some(declared.clone());
        }
        let why = format!("{} {NEXT_START}", declared.target);
        later.push((declared.origin.to_string(), why));
        let mut before = self.was.settings.uses.iter();
        before
            .find(|before| before.variable == declared.variable)
            .cloned()
    }

    /// What is behind a directory now, if that is an app of the session.
    fn behind(&self, directory: &str) -> Option<Behind> {
        match self.now.siblings.get(directory)? {
            Behind::App(place) => {
                let identity = self.new.apps[*place].identity.as_path();
                self.places.get(identity).map(|place| Behind::App(*place))
            }
            nothing @ Behind::Nothing(_) => Some(nothing.clone()),
        }
    }
}
