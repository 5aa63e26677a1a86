//! Begins to store what a session writes.

use std::path::Path;

use tokio::sync::mpsc;

use crate::driver::output::{Output, Told};
use crate::os;
use crate::plan::Plan;
use crate::registry;
use crate::store::segment::Source;
use crate::store::writer::{Opening, Writer};
use crate::supervisor::ProcessIndex;

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

/// As the store names a process.
pub(super) fn source(plan: &Plan, place: ProcessIndex) -> Source {
    let process = &plan.processes[place];
    Source {
        name: process.name.to_string(),
        app: registry::app_key(&plan.apps[process.app].identity),
        in_app: process.name.in_app(),
        color: process.color,
    }
}

/// The session is found under what it was started for: an app, or the root that names its members.
fn opening(plan: &Plan, root: &Path) -> Opening {
    let places = 0..plan.processes.len();
    Opening {
        sources: places.map(|place| source(plan, place)).collect(),
        directory: plan.apps[0].shown.clone(),
        app: registry::app_key(root),
    }
}
