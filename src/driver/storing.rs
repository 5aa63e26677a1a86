//! Begins to store what a session writes.

use std::path::Path;

use tokio::sync::mpsc;

use crate::driver::output::{Output, Told};
use crate::os;
use crate::plan::Plan;
use crate::registry;
use crate::store::segment::Source;
use crate::store::writer::{Opening, Writer};

/// A store that cannot be had is told of like one that has stopped.
/// `read_again` is the command that shows what is stored.
pub(super) fn start(
    output: &Output,
    (plan, root): (&Plan, &Path),
    read_again: String,
    told: mpsc::UnboundedSender<Told>,
) {
    let stopped = {
        let told = told.clone();
        move |error| {
            let _ = told.send(Told::StoreStopped(os::words_of(&error)));
        }
    };
    match Writer::start(opening(plan, root), registry::logs, stopped) {
        Ok(writer) => output.store(writer, read_again),
        Err(error) => {
            let _ = told.send(Told::StoreStopped(os::words_of(&error)));
        }
    }
}

/// The session is found under what it was started for: an app, or the root that names its members.
fn opening(plan: &Plan, root: &Path) -> Opening {
    let keys: Vec<String> = plan
        .apps
        .iter()
        .map(|app| registry::app_key(&app.identity))
        .collect();
    let sources = plan.processes.iter().map(|process| Source {
        name: process.name.to_string(),
        app: keys[process.app].clone(),
        in_app: process.name.in_app(),
    });
    Opening {
        sources: sources.collect(),
        directory: plan.apps[0].shown.clone(),
        app: registry::app_key(root),
    }
}
