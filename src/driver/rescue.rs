//! When the guardian is gone: its direct children die with it, what they left behind comes to us.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::os::family::{self, Marks};
use crate::os::{signals, spawn};

/// Nobody tells when somebody else's descendants come to us.
const INTERVAL: Duration = Duration::from_millis(10);

/// Who is not gone so long after SIGKILL will not go because of us.
const PATIENCE: Duration = Duration::from_secs(2);

/// Ends every descendant of ours: SIGTERM, then, after `grace`, SIGKILL until none is left.
pub(super) async fn end_orphans(runs: &[&Marks], grace: Duration) {
    let kill_at = Instant::now() + grace;
    let mut asked = HashSet::new();
    loop {
        let orphans = family::left_behind(runs);
        if orphans.as_ref().is_some_and(Vec::is_empty) {
            return;
        }
        let is_late = Instant::now() >= kill_at;
        if Instant::now() >= kill_at + PATIENCE {
            // Stuck in the kernel, or run with another user's rights.
            return;
        }
        for orphan in orphans.unwrap_or_default() {
            spawn::reap(orphan.pid);
            for member in family::tree(orphan.pid) {
                if is_late {
                    signals::send(member.pid, signals::KILL);
                } else if asked.insert(member.identity()) {
                    signals::terminate(member.pid);
                }
            }
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
