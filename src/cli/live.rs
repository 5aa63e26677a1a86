//! The apps as the sessions that run them have them now, and who is meant by a name.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use crate::cli::context::Context;
use crate::control::client;
use crate::plan::AppIndex;
use crate::plan::ports::{self, Claim};
use crate::plan::resolve::{self, Ports, Resolved};
use crate::plan::select;
use crate::plan::slots::Slot;
use crate::plan::sources::{Asked, Sources};
use crate::registry::{self, Owner};
use crate::syntax::formation::Formation;
use crate::words::name::ProcessName;
use crate::words::report::Report;
use crate::words::uses::Start;
use crate::words::wire::env::ProcessEnv;
use crate::words::wire::{AppState, ProcessState};
use crate::words::wording;

/// By the places of the apps.
#[derive(Debug)]
pub(super) struct Live(Vec<Option<LiveApp>>);

/// An app that some session runs.
#[derive(Debug)]
pub(super) struct LiveApp {
    pub(super) owner: Owner,
    /// `None`: its session does not answer. What its lock says still holds.
    pub(super) state: Option<AppState>,
}

/// The app that is meant, resolved with as many processes as its session has, if there is one.
///
/// # Errors
/// All that is wrong with the files.
pub(super) fn resolved(
    context: &Context,
    mut asked: Asked,
) -> Result<(Resolved, Live), Vec<Report>> {
    asked.base = context.options.port;
    asked.wanted.formation = context.options.formation.clone();
    let (resolved, _) = context.resolved(asked, &[])?;
    let live = Live::of(&resolved);
    let Some(formation) = live.formation(&resolved) else {
        return Ok((resolved, live));
    };
    let Sources {
        apps,
        shell,
        mut asked,
    } = resolved.sources;
    asked.wanted.formation = Some(formation);
    let sources = Sources { apps, shell, asked };
    Ok((resolve::resolve(sources)?, live))
}

impl Live {
    fn of(resolved: &Resolved) -> Self {
        let apps = resolved.sources.apps.apps.iter();
        let owners: Vec<_> = apps.map(|app| registry::running(&app.identity)).collect();
        let ways = owners.iter().zip(&resolved.sources.apps.apps);
        let ways = ways.map(|(owner, app)| {
            let socket = owner.as_ref()?.socket.clone()?;
            Some((socket, registry::app_key(&app.identity)))
        });
        let states = ask(ways.collect()).unwrap_or_else(|_| vec![None; owners.len()]);
        let apps = owners.into_iter().zip(states);
        let apps = apps.map(|(owner, state)| owner.map(|owner| LiveApp { owner, state }));
        Self(apps.collect())
    }

    pub(super) fn app(&self, app: AppIndex) -> Option<&LiveApp> {
        self.0[app].as_ref()
    }

    /// The state of a process in the session that runs its app; `None`: it has never been started there.
    pub(super) fn process(&self, slot: &Slot) -> Option<&ProcessState> {
        let state = self.app(slot.app)?.state.as_ref()?;
        let name = slot.name.in_app();
        state.processes.iter().find(|process| process.name == name)
    }

    /// The environment of a process as the session tells it that runs its app; `None`: nobody tells.
    pub(super) fn env(&self, resolved: &Resolved, slot: &Slot) -> Option<ProcessEnv> {
        let LiveApp { owner, state } = self.app(slot.app)?;
        // Who did not answer before does not now.
        state.as_ref()?;
        let key = registry::app_key(&resolved.app(slot.app).identity);
        let name = slot.name.in_app();
        let told = client::env(owner.socket.as_ref()?, &key, &name);
        runtime().ok()?.block_on(told).ok()
    }

    /// Nobody runs its app, and no use starts it.
    pub(super) fn is_absent(&self, resolved: &Resolved, slot: &Slot) -> bool {
        resolved.start[slot.app] == Start::Never && self.app(slot.app).is_none()
    }

    /// Whether it is alive; where a session does not answer, whether it was given a port.
    pub(super) fn runs(&self, slot: &Slot) -> bool {
        match self.app(slot.app) {
            None => false,
            Some(LiveApp { owner, state: None }) => owner.ports.contains_key(&slot.name.in_app()),
            Some(LiveApp { state: Some(_), .. }) => {
                let process = self.process(slot);
                // A daemon has left no pid of its own.
                process.is_some_and(|process| {
                    process.pid.is_some() || process.state.starts_with("running")
                })
            }
        }
    }

    /// The ports of all processes: those that they have, else those that they would have.
    pub(super) fn ports(&self, resolved: &Resolved) -> Vec<Ports> {
        let of_owner = |app| self.app(app).map(|live| live.owner.ports.clone());
        let mut ports = resolved.expected_ports(&of_owner);
        for app in 0..self.0.len() {
            for (place, further) in further_by_rule(resolved, app) {
                ports[place].further = further;
            }
        }
        for (place, slot) in resolved.slots.iter().enumerate() {
            if resolved.request(place).is_none() {
                continue;
            }
            if let Some(live) = self.live_ports(slot) {
                ports[place] = live;
            } else if ports[place].given.is_none() {
                // Nobody is about to start it, so nobody is told where it would be.
                ports[place].given = resolved.port_by_rule(place);
            }
            // Who can do without it does.
            ports[place].has_failed |= self.is_absent(resolved, slot);
        }
        ports
    }

    fn live_ports(&self, slot: &Slot) -> Option<Ports> {
        let in_lock = || {
            let port = self.app(slot.app)?.owner.ports.get(&slot.name.in_app())?;
            Some(Ports::given(*port))
        };
        let told = self.process(slot).and_then(|process| {
            let reached = process.port.or(process.given)?;
            Some(Ports {
                given: process.given.or(Some(reached)),
                further: process.further.clone(),
                has_failed: process.failed.is_some(),
                ..Ports::given(reached)
            })
        });
        let ports = told.or_else(in_lock)?;
        Some(Ports {
            is_live: true,
            ..ports
        })
    }

    /// How many of each the session has of the one app that is meant.
    fn formation(&self, resolved: &Resolved) -> Option<Formation> {
        if resolved.sources.apps.roots != 1 {
            return None;
        }
        let state = self.app(0)?.state.as_ref()?;
        let mut counts: BTreeMap<String, u16> = BTreeMap::new();
        for process in &state.processes {
            let (process_type, instance) = process.name.rsplit_once('.')?;
            let count = counts.entry(process_type.to_string()).or_default();
            *count = instance.parse::<u16>().ok()?.max(*count);
        }
        let app = resolved.app(0);
        // A Procfile that has changed since is not what runs.
        counts.retain(|process_type, _| app.entry(process_type).is_some());
        (!counts.is_empty()).then(|| Formation {
            all: None,
            counts: counts.into_iter().collect(),
        })
    }
}

/// The further ports of an app's processes, as if none were taken.
fn further_by_rule(resolved: &Resolved, app: AppIndex) -> Vec<(usize, Vec<u16>)> {
    let places = (0..resolved.slots.len()).filter(|place| resolved.slots[*place].app == app);
    let asking = places.filter_map(|place| Some((place, resolved.request(place)?)));
    let (places, requests): (Vec<usize>, Vec<_>) = asking.unzip();
    let sources = ports::Sources {
        base: resolved.bases[app],
        is_strict: false,
        remembered: &BTreeMap::new(),
        claim: &mut |_, _| Claim::Granted,
        any_free: &mut || None,
    };
    // Without a rule nobody can tell them.
    let further = ports::assign(&requests, sources)
        .unwrap_or_default()
        .further;
    places.into_iter().zip(further).collect()
}

/// Asks every session for its app, all at once.
fn ask(ways: Vec<Option<(PathBuf, String)>>) -> io::Result<Vec<Option<AppState>>> {
    let runtime = runtime()?;
    Ok(runtime.block_on(async {
        let asked: Vec<_> = ways
            .into_iter()
            .map(|way| {
                tokio::spawn(async move {
                    let (socket, key) = way?;
                    client::app(&socket, &key).await.ok()
                })
            })
            .collect();
        let mut states = Vec::new();
        for task in asked {
            states.push(task.await.ok().flatten());
        }
        states
    }))
}

pub(super) fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
}

/// The place of the process that is called `web`, `web.2`, `api/web` or `api/web.1`.
///
/// # Errors
/// There is none: which there are.
pub(super) fn place_of(resolved: &Resolved, asked: &str) -> Result<usize, Report> {
    let is_it = |slot: &Slot| is_called(&slot.name, asked);
    let found = resolved.slots.iter().position(is_it);
    found.ok_or_else(|| unknown(resolved, asked, &[]))
}

/// `web`, `web.1`, of another app `api/web` and `api/web.1`.
fn is_called(name: &ProcessName, asked: &str) -> bool {
    name.to_string() == asked || (name.instance.get() == 1 && of_type(name) == asked)
}

/// The type, with the app as processes are named.
fn of_type(name: &ProcessName) -> String {
    match &name.app {
        Some(app) => format!("{app}/{}", name.process_type),
        None => name.process_type.to_string(),
    }
}

/// `others` could have been asked for as well.
pub(super) fn unknown(resolved: &Resolved, asked: &str, others: &[String]) -> Report {
    let apps = &resolved.sources.apps;
    if others.is_empty() && apps.apps.len() == 1 {
        let app = resolved.app(0);
        return select::unknown_type(&app.procfile, asked, &app.entries);
    }
    let firsts = resolved
        .slots
        .iter()
        .filter(|slot| slot.name.instance.get() == 1);
    let mut names: Vec<String> = firsts.map(|slot| of_type(&slot.name)).collect();
    names.extend(others.iter().cloned());
    let has = wording::list(&names);
    let are = wording::agreeing(names.len(), "is", "are");
    let help = match wording::did_you_mean(asked, &names) {
        Some(suggestion) => format!("{suggestion} There {are} {has}"),
        None => format!("there {are} {has}"),
    };
    let what = if others.is_empty() {
        "process"
    } else {
        "process or variable"
    };
    Report::new(format!("no {what} `{asked}`")).help(help)
}

/// The process that is meant where none is named: `web`, else the only one with a port.
///
/// # Errors
/// There are several, or none.
pub(super) fn usual(resolved: &Resolved, command: &str) -> Result<usize, Report> {
    let has_port = |place: &usize| {
        resolved.is_root(resolved.slots[*place].app) && resolved.request(*place).is_some()
    };
    let candidates: Vec<usize> = (0..resolved.slots.len()).filter(has_port).collect();
    let is_web = |place: &&usize| is_called(&resolved.slots[**place].name, "web");
    if let Some(web) = candidates.iter().find(is_web) {
        return Ok(*web);
    }
    match candidates[..] {
        [only] => Ok(only),
        [] => Err(Report::new("no process of this app has a port")),
        [first, ..] => {
            let names = candidates.iter().map(|place| &resolved.slots[*place].name);
            let names: Vec<String> = names.map(of_type).collect();
            let first = of_type(&resolved.slots[first].name);
            let report = Report::new("which process is meant? There is no `web`");
            Err(report.help(format!(
                "there are {}: `devrun {command} {first}`",
                wording::list(&names)
            )))
        }
    }
}
