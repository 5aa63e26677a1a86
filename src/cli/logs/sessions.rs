//! The sessions that are stored of an app, and the one that is meant.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::tell::tell;
use crate::cli::{Failure, NOT_RUNNING, NOT_STARTED, failure};
use crate::os;
use crate::registry;
use crate::store::place::{self, StoredSession};
use crate::words::report::Report;
use crate::words::wording;

/// From when somebody runs the app until its session is stored,
const STORES_WITHIN: Duration = Duration::from_secs(1);
/// and how often somebody looks.
const INTERVAL: Duration = Duration::from_millis(10);

/// The session that is called `number`: 0 is the one that runs the app or, if nobody does, the last; -1 the one
/// before.
///
/// # Errors
/// There is none of that number (2), or none at all (3).
pub(super) fn chosen(identity: &Path, number: i64) -> Result<StoredSession, Failure> {
    let logs = registry::logs().map_err(|error| {
        let report = Report::new("the logs cannot be found").caused_by(os::words_of(&error));
        failure(report, NOT_RUNNING)
    })?;
    let mut sessions = stored(&logs, identity);
    if sessions.is_empty() {
        return Err(failure(none(identity), NOT_RUNNING));
    }
    match usize::try_from(number.saturating_neg()) {
        Ok(place) if place < sessions.len() => Ok(sessions.swap_remove(place)),
        Ok(_) | Err(_) => Err(failure(unknown(number, &sessions), NOT_STARTED)),
    }
}

/// The latest first, but the one that runs the app before all: a session that has run it may have begun later.
fn stored(logs: &Path, identity: &Path) -> Vec<StoredSession> {
    let key = registry::app_key(identity);
    let begun = Instant::now();
    loop {
        let owner = registry::running(identity).map(|owner| owner.pid.unsigned_abs());
        let mut sessions = place::sessions(logs, &key);
        sessions.reverse();
        let runs = |session: &StoredSession| Some(session.pid) == owner && session.is_live();
        if let Some(place) = sessions.iter().position(runs) {
            sessions[..=place].rotate_right(1);
            return sessions;
        }
        let is_overdue = begun.elapsed() >= STORES_WITHIN;
        if is_overdue && !sessions.is_empty() {
            tell!("the session that runs now is not stored: this is an earlier one");
        }
        if is_overdue || owner.is_none() {
            return sessions;
        }
        thread::sleep(INTERVAL);
    }
}

/// The session that has run this `app`, which `user` uses: the one that runs it or, if `user` is over as well,
/// the last. `None`: there is none, or it is `user` itself.
pub(super) fn that_runs(app: &str, user: &StoredSession) -> Option<StoredSession> {
    let sessions = place::sessions(&registry::logs().ok()?, app);
    if sessions.iter().any(|session| session.id == user.id) {
        return None;
    }
    let can_be = |session: &StoredSession| session.is_live() || !user.is_live();
    let sessions = sessions.into_iter().filter(can_be);
    // Of equals the last.
    sessions.max_by_key(StoredSession::is_live)
}

fn none(identity: &Path) -> Report {
    let shown = wording::path(identity, std::env::home_dir().as_deref());
    Report::new(format!("no session of {shown} is stored"))
        .help("`devrun start` runs it, and stores what its processes write".to_string())
}

fn unknown(number: i64, sessions: &[StoredSession]) -> Report {
    let zone = TimeZone::system();
    let line = |(place, session): (usize, &StoredSession)| {
        let number = if place == 0 {
            "0".into()
        } else {
            format!("-{place}")
        };
        let at = Timestamp::try_from(session.started_at).unwrap_or_default();
        let at = at.to_zoned(zone.clone());
        let began = at.strftime("began %Y-%m-%d %H:%M:%S");
        let runs = if session.is_live() { ", runs" } else { "" };
        format!("{number:>3}  {began}{runs}")
    };
    let lines: Vec<String> = sessions.iter().enumerate().map(line).collect();
    Report::new(format!("no session {number} is stored"))
        .help(format!("there are\n{}", lines.join("\n")))
}
