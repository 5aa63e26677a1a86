//! `devrun ps`: the processes of an app that runs, or of all, as their sessions have them now.

mod asked;

use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use crate::cli::args::{AppOnly, Ps};
use crate::cli::ps::asked::Asked;
use crate::cli::session::{self, Running, Target};
use crate::cli::tell::tell;
use crate::cli::{Failure, NOT_RUNNING, NOT_STARTED, failure, print, refuse};
use crate::os::pty::Size;
use crate::os::terminal;
use crate::registry::{self, Owner};
use crate::render::ps::{AppProcesses, Block, Session, json, table};
use crate::words::report::Report;
use crate::words::wire::ProcessState;
use crate::words::wire::process::ProcessReport;
use crate::words::wording;

pub(super) fn run(args: &Ps) -> ExitCode {
    let found = match args.all {
        true => everywhere(),
        false => here(&args.place, &args.processes).map(|block| vec![block]),
    };
    match found {
        Ok(blocks) if args.json => print(json(&blocks).as_bytes()),
        Ok(blocks) => {
            let is_terminal = terminal::is_terminal(&std::io::stdout());
            let columns = is_terminal.then(|| terminal::size().unwrap_or(Size::USUAL).columns);
            print(table(&blocks, columns.map(usize::from), args.all).as_bytes())
        }
        Err(Failure { reports, status }) => refuse(&reports, status),
    }
}

/// The app that is meant, and those that its session has to do with.
fn here(place: &AppOnly, names: &[String]) -> Result<Block, Failure> {
    let identity = session::identity_of_running(place)?;
    let running = match session::running_app(&identity) {
        Ok(running) => running,
        Err(failure) if failure.status == NOT_RUNNING => {
            return silent(&identity, names)?.ok_or(failure);
        }
        Err(failure) => return Err(failure),
    };
    let meant = match names {
        [] => running.targets().collect(),
        names => running
            .meant(names)
            .map_err(|report| failure(report, NOT_STARTED))?,
    };
    let identities = running.apps.iter().map(|app| &app.state.identity);
    let owners = identities.filter_map(|identity| registry::running(Path::new(identity)));
    let mut apps = apps(owners.collect());
    if !names.is_empty() {
        keep(&mut apps, &running, &meant);
    }
    let is_one = running.meant == 1;
    let home = running.apps.first().filter(|_| is_one);
    Ok(Block {
        home: home.map(|app| app.state.identity.clone()),
        apps,
    })
}

/// Leaves those out that were not named.
fn keep(apps: &mut Vec<AppProcesses>, running: &Running, meant: &[Target]) {
    let named = meant.iter().map(|target| {
        let identity = &running.apps[target.app].state.identity;
        (identity.as_str(), target.process.as_str())
    });
    let named: HashSet<(&str, &str)> = named.collect();
    for app in apps.iter_mut() {
        let identity = &app.identity;
        let is_named = |it: &ProcessReport| named.contains(&(identity, &it.state.name));
        app.processes.retain(is_named);
    }
    apps.retain(|app| !app.processes.is_empty());
}

/// The app that is meant, if somebody runs it whose session does not answer: as its lock has it.
fn silent(identity: &Path, names: &[String]) -> Result<Option<Block>, Failure> {
    let Some(owner) = registry::running(identity) else {
        return Ok(None);
    };
    let home = owner.directory.clone();
    // Asked a moment ago, it has not answered.
    let mut apps = shown(vec![Asked { owner, told: None }]);
    for app in &mut apps {
        let is_meant = |process: &ProcessReport| {
            let mut names = names.iter();
            names.any(|name| session::is_called(&process.state.name, name))
        };
        if !names.is_empty() {
            app.processes.retain(is_meant);
        }
    }
    if apps.iter().all(|app| app.processes.is_empty()) && !names.is_empty() {
        let asked = wording::choice(names);
        let report = Report::new(format!("no process with a port is called {asked}"));
        return Err(failure(report, NOT_STARTED));
    }
    let home = Some(home);
    Ok(Some(Block { home, apps }))
}

/// Every app that anybody of this user runs.
fn everywhere() -> Result<Vec<Block>, Failure> {
    let mut owners = registry::owners();
    if owners.is_empty() {
        let report =
            Report::new("nothing is running").help("`devrun start` runs an app".to_string());
        return Err(failure(report, NOT_RUNNING));
    }
    let in_order = |owner: &Owner| {
        let Owner {
            since,
            pid,
            is_sibling,
            ..
        } = owner;
        (*is_sibling, *since, *pid, owner.directory.clone())
    };
    owners.sort_by_key(in_order);
    let blocks = apps(owners).into_iter().map(|app| Block {
        home: Some(app.identity.clone()),
        apps: vec![app],
    });
    Ok(blocks.collect())
}

/// The apps of these owners, as their sessions have them.
fn apps(owners: Vec<Owner>) -> Vec<AppProcesses> {
    let mut asked = asked::ask(owners);
    asked::note_users(&mut asked);
    shown(asked)
}

/// Says on stderr of whom nothing certain is known.
fn shown(asked: Vec<Asked>) -> Vec<AppProcesses> {
    let first = asked.first().map(|asked| asked.owner.pid);
    let apps = asked.into_iter().map(|asked| {
        if asked.told.is_none() {
            tell!(
                "{}: its session (pid {}) does not answer; this is what its lock says",
                wording::escaped(&asked.owner.app),
                asked.owner.pid
            );
        }
        let is_same_session = Some(asked.owner.pid) == first;
        app(asked, is_same_session)
    });
    apps.collect()
}

fn app(asked: Asked, is_same_session: bool) -> AppProcesses {
    let owner = asked.owner;
    let now = UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
    let directory = Path::new(&owner.directory);
    let answers = asked.told.is_some();
    let (state, processes) = asked.told.unwrap_or_else(|| {
        let processes = owner.ports.iter().map(|(name, port)| in_lock(name, *port));
        (Default::default(), processes.collect())
    });
    AppProcesses {
        directory: wording::path(directory, std::env::home_dir().as_deref()),
        session: Session {
            // An older version has not written whose session it is.
            app: match &owner.session[..] {
                "" => owner.app.clone(),
                session => session.to_string(),
            },
            pid: owner.pid,
            up: Duration::from_secs(now.saturating_sub(owner.since)),
            socket: owner.socket.map(|path| path.to_string_lossy().into_owned()),
        },
        key: registry::app_key(directory),
        name: owner.app,
        identity: owner.directory,
        is_sibling: owner.is_sibling,
        is_same_session,
        answers,
        used_by: state.used_by,
        processes,
    }
}

/// What a lock tells of a process.
fn in_lock(name: &str, port: u16) -> ProcessReport {
    ProcessReport {
        state: ProcessState {
            name: name.to_string(),
            port: Some(port),
            ..ProcessState::default()
        },
        ..ProcessReport::default()
    }
}
