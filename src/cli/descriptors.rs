//! Whether a session can have all the descriptors that it needs: asked before anything is locked, started or said.

use crate::os::limits;
use crate::plan::resolve::Resolved;
use crate::words::report::Report;
use crate::words::wording;

/// For a session of no process: its own, what it has open for a moment while it starts, and some who ask it.
const SESSION: usize = 32;
/// Of each process: the lock of its port, what it reads from, and what it writes to.
const PROCESS: usize = 3;

/// Counts the processes of the apps that are meant: which backing services it starts as well is not known yet.
///
/// # Errors
/// There are too few.
pub(super) fn check(resolved: &Resolved) -> Result<(), Vec<Report>> {
    let wanted = resolved.slots.iter().zip(&resolved.is_wanted);
    let own = wanted.filter(|(slot, is_wanted)| **is_wanted && resolved.is_root(slot.app));
    let processes = own.count();
    let needed = SESSION + PROCESS * processes;
    limits::try_descriptors(needed).map_err(|error| {
        let processes = wording::processes(processes);
        let report = Report::new(format!("too few files may be open for {processes}"))
            .caused_by(limits::words_of(&error))
            .help(format!(
                "about {needed} more are needed: `ulimit -Hn` shows the most that this login may have"
            ));
        vec![report]
    })
}
