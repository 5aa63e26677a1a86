//! Which apps a session makes its own before it starts: those that are meant, and those that they use and
//! nobody runs.

use std::collections::BTreeMap;

use crate::control::client;
use crate::driver::world::World;
use crate::plan::AppIndex;
use crate::registry::{self, Owner};
use crate::words::notice::Notice;
use crate::words::report::Report;
use crate::words::uses::Start;
use crate::words::wire::Asker;
use crate::words::wiring::Wiring;

/// Owns what is to be owned, and says what became of the others.
///
/// # Errors
/// Another session runs what is meant.
pub(super) fn own(world: &mut World) -> Result<Owned, Vec<Report>> {
    let mut owned = Owned::default();
    own_session(world)?;
    for app in 0..world.resolved().sources.apps.apps.len() {
        owned.preferred.push(BTreeMap::new());
        if world.is_started_for_itself(app) {
            owned.preferred[app] = own_root(world, app, &mut owned.news)?;
        } else if is_needed(world, app) {
            own_sibling(world, app, &mut owned.news);
        }
    }
    Ok(owned)
}
fn already_runs(owner: &Owner) -> Report {
    let since =
        jiff::Timestamp::from_second(owner.since.try_into().unwrap_or(0)).unwrap_or_default();
    let since = since
        .to_zoned(jiff::tz::TimeZone::system())
        .strftime("%H:%M")
        .to_string();
    let pid = owner.pid;
    if !owner.is_alive() {
        return Report::new(format!(
            "what devrun (pid {pid}) had started is still being ended"
        ))
        .help("try again in a moment".to_string());
    }
    Report::new(format!(
        "devrun already runs this app (pid {pid}, since {since})"
    ))
    .help(format!("Ctrl-C in its terminal ends it, or `kill {pid}`"))
}

