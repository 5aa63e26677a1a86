//! The session that runs the app which is meant, and who is meant by a name there. Of the app's files only the
//! place matters: what runs can be seen and steered also when they are wrong by now.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use glob::{MatchOptions, Pattern};

use crate::cli::args::{self, AppOnly};
use crate::cli::context::Context;
use crate::cli::{Failure, NOT_RUNNING, NOT_STARTED, failure, live};
use crate::control::client;
use crate::load;
use crate::registry::{self, Owner};
use crate::words::report::Report;
use crate::words::wire::process::Named;
use crate::words::wire::{AppState, ProcessState};
use crate::words::wording;

/// From when its lock says that a session will listen until it does so,
const LISTENS_WITHIN: Duration = Duration::from_secs(1);
/// and how often it is tried. No event tells of that.
const INTERVAL: Duration = Duration::from_millis(20);

/// A session that runs, with the apps that it has to do with.
#[derive(Debug)]
pub(super) struct Running {
    /// Of the app that is meant, or of the root that names it.
    pub(super) owner: Owner,
    /// Those that are meant come first, then what else their session runs, then what it uses of others.
    pub(super) apps: Vec<RunningApp>,
    /// How many of them are meant.
    pub(super) meant: usize,
}

/// An app, and where it can be asked for.
#[derive(Clone, Debug)]
pub(super) struct RunningApp {
    /// Of the session that runs it.
    pub(super) socket: PathBuf,
    /// What its session knows it by.
    pub(super) key: String,
    pub(super) state: AppState,
}

/// A process that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The place of its app in [`Running::apps`].
    pub(super) app: usize,
    /// Within its app: `web.1`.
    pub(super) process: String,
    /// As it is called from here: `web.1`, `api/web.1`.
    pub(super) shown: String,
}

/// Finds the session.
///
/// # Errors
/// There is no such app (2); nobody runs it, or its session does not answer (3).
pub(super) fn running(place: &AppOnly) -> Result<Running, Failure> {
    running_app(&identity_of_running(place)?)
}

/// The session of that app.
///
/// # Errors
/// Nobody runs it, or its session does not answer (3).
pub(super) fn running_app(identity: &Path) -> Result<Running, Failure> {
    let owner = registry::running(identity);
    let owner = owner.ok_or_else(|| failure(nothing_runs(identity), NOT_RUNNING))?;
    let apps = owner.socket.as_deref().and_then(apps_of);
    let Some(apps) = apps else {
        return Err(failure(silent(owner.pid), NOT_RUNNING));
    };
    Ok(Running::of(owner, identity, apps))
}

/// The identity of the app that is meant, or of the root that names its members.
///
/// # Errors
/// There is none (2).
pub(super) fn identity(place: &AppOnly) -> Result<PathBuf, Failure> {
    load::identity(&context(place)?.place).map_err(|report| failure(report, NOT_STARTED))
}

/// The same, where it is enough that it runs: where no Procfile says which app is meant, or its app does not run, it
/// is the one that runs here with another Procfile (`-f`), or above here.
///
/// # Errors
/// There is none, or there are several (2).
pub(super) fn identity_of_running(place: &AppOnly) -> Result<PathBuf, Failure> {
    let context = context(place)?;
    let usual = load::identity(&context.place);
    let is_running = |identity: &PathBuf| registry::running(identity).is_some();
    if place.procfile.is_some() || usual.as_ref().is_ok_and(is_running) {
        return usual.map_err(|report| failure(report, NOT_STARTED));
    }
    let identities = registry::owners().into_iter();
    let identities: Vec<PathBuf> = identities.map(|it| it.directory.into()).collect();
    let directories = match &usual {
        Ok(identity) => vec![identity.clone()],
        Err(_) => load::directories(&context.place),
    };
    let mut here = directories.iter().map(|directory| {
        let is_here = |identity: &&PathBuf| directory_of(identity) == *directory;
        identities.iter().filter(is_here).collect::<Vec<_>>()
    });
    match here.find(|identities| !identities.is_empty()).as_deref() {
        None => usual.map_err(|report| failure(report, NOT_STARTED)),
        Some([only]) => Ok(only.to_path_buf()),
        Some(several) => Err(failure(several_run(several), NOT_STARTED)),
    }
}

fn context(place: &AppOnly) -> Result<Context, Failure> {
    let place = args::Where {
        procfile: place.procfile.clone(),
        root: place.root.clone(),
        ..args::Where::default()
    };
    Context::new(&place).map_err(|reports| Failure {
        reports,
        status: NOT_STARTED,
    })
}

/// Of an app with an unusual Procfile that is the last part.
fn directory_of(identity: &Path) -> &Path {
    match identity.parent() {
        Some(parent) if !identity.is_dir() => parent,
        Some(_) | None => identity,
    }
}

fn several_run(identities: &[&PathBuf]) -> Report {
    let home = std::env::home_dir();
    let names = identities
        .iter()
        .map(|it| wording::path(it, home.as_deref()));
    Report::new(format!("several apps run here: {}", wording::listed(names))).help(
        "`-f` with its Procfile says which is meant (`devrun logs` calls it `--procfile`)"
            .to_string(),
    )
}

/// All apps that a session runs; `None`: it does not answer. One that has just begun may not listen yet.
pub(super) fn apps_of(socket: &Path) -> Option<Vec<RunningApp>> {
    let asked = once_it_listens(async || client::apps(socket).await);
    let states = live::runtime().ok()?.block_on(asked).ok()?;
    let app = |state: AppState| RunningApp {
        socket: socket.to_path_buf(),
        key: registry::app_key(Path::new(&state.identity)),
        state,
    };
    Some(states.into_iter().map(app).collect())
}

/// Asks a session that may not listen yet.
///
/// # Errors
/// As `ask` has them.
pub(super) async fn once_it_listens<T>(ask: impl AsyncFn() -> io::Result<T>) -> io::Result<T> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Err(error) if is_to_come(&error) && begun.elapsed() < LISTENS_WITHIN => {
                tokio::time::sleep(INTERVAL).await;
            }
            answer => return answer,
        }
    }
}

fn is_to_come(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}

fn nothing_runs(identity: &Path) -> Report {
    let shown = wording::path(identity, std::env::home_dir().as_deref());
    Report::new(format!("nothing is running in {shown}"))
        .help("`devrun start` runs it, `devrun ps --all` shows what runs elsewhere".to_string())
}

pub(super) fn silent(pid: i32) -> Report {
    Report::new(format!(
        "the session that runs it (pid {pid}) does not answer"
    ))
    .help(
        "if it was stopped (Ctrl-Z), `fg` in its terminal lets it go on; if it is ending, try again in a moment"
            .to_string(),
    )
}

impl Running {
    fn of(owner: Owner, identity: &Path, apps: Vec<RunningApp>) -> Self {
        let is_it = |app: &RunningApp| Path::new(&app.state.identity) == identity;
        // The root that names its members need not be an app.
        let means_all = apps
            .iter()
            .find(|app| is_it(app))
            .is_none_or(|app| !app.state.is_sibling);
        let is_meant = |app: &RunningApp| {
            if means_all {
                app.state.is_root
            } else {
                is_it(app)
            }
        };
        let (mut all, others): (Vec<_>, Vec<_>) = apps.into_iter().partition(is_meant);
        let meant = all.len();
        all.extend(others);
        let mut known: HashSet<String> = all.iter().map(|app| app.state.identity.clone()).collect();
        let joined: Vec<String> = all
            .iter()
            .flat_map(|app| app.state.joined.clone())
            .collect();
        for identity in joined {
            if known.insert(identity.clone()) {
                all.extend(joined_app(&identity));
            }
        }
        Self {
            owner,
            apps: all,
            meant,
        }
    }

    /// All processes of the apps that are meant.
    pub(super) fn own(&self) -> Vec<Target> {
        self.targets()
            .filter(|target| target.app < self.meant)
            .collect()
    }

    /// All processes of all apps.
    pub(super) fn targets(&self) -> impl Iterator<Item = Target> {
        let apps = self.apps.iter().enumerate();
        apps.flat_map(move |(place, app)| {
            let processes = app.state.processes.iter();
            processes.map(move |process| self.target(place, &process.name))
        })
    }

    /// Those as well that nobody has asked for yet.
    pub(super) fn startable(&self) -> impl Iterator<Item = Target> {
        let apps = self.apps.iter().enumerate();
        let dormant = apps.flat_map(move |(place, app)| {
            let names = app.state.dormant.iter();
            names.map(move |name| self.target(place, name))
        });
        self.targets().chain(dormant)
    }

    fn target(&self, app: usize, process: &str) -> Target {
        Target {
            app,
            process: process.to_string(),
            shown: self.called(app, process),
        }
    }

    /// What a process is called from here: of the one app that is meant without the app.
    fn called(&self, app: usize, process: &str) -> String {
        if app < self.meant && self.meant == 1 {
            return process.to_string();
        }
        format!("{}/{process}", self.apps[app].state.name)
    }

    /// The same of one that a session has named.
    pub(super) fn name_of(&self, named: &Named) -> String {
        let mut apps = self.apps.iter();
        match apps.position(|app| app.state.identity == named.identity) {
            Some(app) => self.called(app, &named.process),
            None => format!("{}/{}", named.app, named.process),
        }
    }

    /// The state, when the session was asked, of one that is not dormant.
    pub(super) fn state(&self, target: &Target) -> &ProcessState {
        self.last_state(target).expect("targets are made of states")
    }

    /// The same; `None`: nobody had asked for it yet.
    pub(super) fn last_state(&self, target: &Target) -> Option<&ProcessState> {
        let mut processes = self.apps[target.app].state.processes.iter();
        processes.find(|process| process.name == target.process)
    }

    /// Who is meant: `web` is all of its instances, `web.2` one, `wor*` whoever is called so, `api/web` another
    /// app's, `api/*` all of an app. In the order of the Procfile, each once.
    ///
    /// # Errors
    /// A name that means nobody: which there are.
    pub(super) fn meant(&self, asked: &[String]) -> Result<Vec<Target>, Report> {
        self.among(self.targets().collect(), asked)
    }

    /// The same, for what can be started.
    ///
    /// # Errors
    /// As there.
    pub(super) fn meant_to_start(&self, asked: &[String]) -> Result<Vec<Target>, Report> {
        self.among(self.startable().collect(), asked)
    }

    fn among(&self, all: Vec<Target>, asked: &[String]) -> Result<Vec<Target>, Report> {
        let mut meant = HashSet::new();
        for name in asked {
            let is_shown = |place: &usize| is_called(&all[*place].shown, name);
            let is_whole = |place: &usize| is_called(&self.whole_name(&all[*place]), name);
            let mut places: Vec<usize> = (0..all.len()).filter(is_shown).collect();
            if places.is_empty() {
                places = (0..all.len()).filter(is_whole).collect();
            }
            if places.is_empty() {
                return Err(unknown(name, all.iter().map(|target| &target.shown[..])));
            }
            meant.extend(places);
        }
        let targets = all.into_iter().enumerate();
        let targets = targets.filter(|(place, _)| meant.contains(place));
        Ok(targets.map(|(_, target)| target).collect())
    }

    /// With the app, also where people leave that out: at a root the last app that runs has it no more.
    fn whole_name(&self, target: &Target) -> String {
        format!("{}/{}", self.apps[target.app].state.name, target.process)
    }
}

/// Nobody of those who are `shown` is called so: which there are.
pub(super) fn unknown<'a>(asked: &str, shown: impl Iterator<Item = &'a str>) -> Report {
    let mut types: Vec<&str> = Vec::new();
    for process_type in shown.map(type_of) {
        if !types.contains(&process_type) {
            types.push(process_type);
        }
    }
    let has = wording::list(&types);
    let are = wording::agreeing(types.len(), "is", "are");
    let help = match wording::did_you_mean(asked, &types) {
        Some(suggestion) => format!("{suggestion} There {are} {has}"),
        None => format!("there {are} {has}"),
    };
    Report::new(format!("no process `{asked}` in this session")).help(help)
}

/// An app that a session uses and another one runs, if that one answers.
fn joined_app(identity: &str) -> Option<RunningApp> {
    let socket = registry::running(Path::new(identity))?.socket?;
    let mut apps = apps_of(&socket)?.into_iter();
    apps.find(|app| app.state.identity == identity)
}

/// `web` of `web.1`, `api/web` of `api/web.1`.
pub(super) fn type_of(shown: &str) -> &str {
    shown.rsplit_once('.').map_or(shown, |(name, _)| name)
}

/// Whether somebody means the process `shown` who says `asked`: its name, its type, or a glob of one of both.
pub(super) fn is_called(shown: &str, asked: &str) -> bool {
    if shown == asked || type_of(shown) == asked {
        return true;
    }
    let options = MatchOptions {
        require_literal_separator: true,
        ..MatchOptions::new()
    };
    Pattern::new(asked).is_ok_and(|pattern| {
        pattern.matches_with(shown, options) || pattern.matches_with(type_of(shown), options)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_an_instance_a_type_or_whoever_a_glob_matches() {
        let check = |shown: &str, asked: &str, expected: bool| {
            assert_eq!(is_called(shown, asked), expected, "{shown} {asked}");
        };
        check("web.1", "web.1", true);
        check("web.1", "web", true);
        check("web.2", "web", true);
        check("web.2", "web.1", false);
        check("web.1", "we", false);
        check("worker.1", "wor*", true);
        check("worker.12", "worker.?", false);
        check("worker.12", "*.12", true);
        check("web.1", "*", true);
        check("api/web.1", "*", false);
        check("api/web.1", "web", false);
        check("api/web.1", "api/web", true);
        check("api/web.1", "api/*", true);
        check("api/web.1", "*/web", true);
        check("web.1", "[", false);
    }
}
