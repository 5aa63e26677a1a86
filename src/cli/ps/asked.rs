//! Asks sessions for the processes of their apps.

use std::collections::HashSet;
use std::path::Path;

use crate::cli::live;
use crate::control::client;
use crate::registry::{self, Owner};
use crate::words::wire::process::{Named, ProcessReport};
use crate::words::wire::{AppState, ProcessState};

/// A session answers 64 askers at a time.
const AT_ONCE: usize = 32;

/// An app, and what its session has answered.
pub(super) struct Asked {
    pub(super) owner: Owner,
    /// `None`: it does not answer.
    pub(super) told: Option<(AppState, Vec<ProcessReport>)>,
}

/// Takes about a tenth of a second: in that it is measured what the processes take. What a session owns and has
/// nothing to tell of is left out: the root of a repository, which only names its members.
pub(super) fn ask(owners: Vec<Owner>) -> Vec<Asked> {
    let mut all = ask_all(owners);
    let answering = all.iter().filter(|asked| asked.told.is_some());
    let answering: HashSet<i32> = answering.map(|asked| asked.owner.pid).collect();
    all.retain(|asked| asked.told.is_some() || !answering.contains(&asked.owner.pid));
    all
}

fn ask_all(owners: Vec<Owner>) -> Vec<Asked> {
    let Ok(runtime) = live::runtime() else {
        let asked = |owner| Asked { owner, told: None };
        return owners.into_iter().map(asked).collect();
    };
    runtime.block_on(async {
        let mut all = Vec::new();
        for owners in owners.chunks(AT_ONCE) {
            let asked = owners.iter().cloned().map(ask_one).map(tokio::spawn);
            for (asked, owner) in asked.collect::<Vec<_>>().into_iter().zip(owners) {
                let told = asked.await.ok().flatten();
                let owner = owner.clone();
                all.push(Asked { owner, told });
            }
        }
        all
    })
}

async fn ask_one(owner: Owner) -> Option<(AppState, Vec<ProcessReport>)> {
    let socket = owner.socket?;
    let key = registry::app_key(Path::new(&owner.directory));
    let state = client::app(&socket, &key).await.ok()?;
    // A session of an older version tells less.
    let processes = client::processes(&socket, &key).await;
    let processes = processes.unwrap_or_else(|_| state.processes.iter().map(plain).collect());
    Some((state, processes))
}

fn plain(state: &ProcessState) -> ProcessReport {
    ProcessReport {
        state: state.clone(),
        restarts: state.run.saturating_sub(1),
        ..ProcessReport::default()
    }
}

/// A session knows the users among its own processes; those in other sessions are known by what they use.
pub(super) fn note_users(all: &mut [Asked]) {
    let others = ask(users_elsewhere(all));
    let known = all.iter().chain(&others).flat_map(uses);
    let known: Vec<(Named, Named)> = known.collect();
    for asked in all {
        let Some((state, processes)) = &mut asked.told else {
            continue;
        };
        for process in processes {
            let is_it = |provider: &Named| {
                provider.identity == state.identity && provider.process == process.state.name
            };
            for (user, provider) in &known {
                if is_it(provider) && !process.used_by.contains(user) {
                    process.used_by.push(user.clone());
                }
            }
        }
    }
}

/// Who runs the apps that use one of these and are none of them.
fn users_elsewhere(all: &[Asked]) -> Vec<Owner> {
    let mut names: HashSet<&String> = HashSet::new();
    for (state, _) in all.iter().filter_map(|asked| asked.told.as_ref()) {
        names.extend(&state.used_by);
    }
    if names.is_empty() {
        return Vec::new();
    }
    let known: HashSet<&String> = all.iter().map(|asked| &asked.owner.directory).collect();
    let owners = registry::owners().into_iter();
    let is_user = |owner: &Owner| names.contains(&owner.session) || names.contains(&owner.app);
    let others = owners.filter(|owner| !known.contains(&owner.directory) && is_user(owner));
    others.collect()
}

/// Who uses whom.
fn uses(asked: &Asked) -> Vec<(Named, Named)> {
    let Some((state, processes)) = &asked.told else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for process in processes {
        let user = Named {
            app: state.name.clone(),
            identity: state.identity.clone(),
            process: process.state.name.clone(),
        };
        let providers = process
            .uses
            .iter()
            .filter_map(|using| using.process.clone());
        all.extend(providers.map(|provider| (user.clone(), provider)));
    }
    all
}
