//! Who serves its PORT, who listens elsewhere, and whose port is somebody else's.

use std::time::{Duration, Instant};

use crate::plan;
use crate::supervisor::Listener;
use crate::supervisor::state::{Process, Up};
use crate::words::notice::{Elsewhere, Notice};
use crate::words::port::Holder;
use crate::words::ready::Ready;

/// A server that opened another port first has so long to open its PORT as well.
const VERDICT_AFTER: Duration = Duration::from_secs(1);
/// Nobody waits longer than this for the URL of a process that is ready, whomever the summary waits for.
const URL_AFTER: Duration = Duration::from_secs(1);
/// For a process that listens nowhere the summary waits so long after another one was ready,
const AFTER_ANOTHER: Duration = Duration::from_secs(3);
/// and so long where nobody is: they may all still be compiling.
const WITHOUT_ANOTHER: Duration = Duration::from_secs(10);
/// For a process that says when it is ready the summary waits so long.
const DECLARED: Duration = Duration::from_secs(60);

/// What the tree of a run listens on.
#[derive(Debug, Default)]
pub(super) struct Listening {
    listeners: Vec<Listener>,
    /// One of them is its PORT.
    is_served: bool,
    /// Since when it is ready: by its `ready:`, else by serving its PORT.
    pub(super) ready_at: Option<Instant>,
    /// How often it was said that it is waited for.
    pub(super) waits_said: usize,
    /// It was ready once. A server that closes it to load itself anew is not told of.
    was_ready: bool,
    /// Since when it has listened, but not on its PORT.
    elsewhere_since: Option<Instant>,
    /// For so long that this is where it is to be found.
    is_surely_elsewhere: bool,
    /// The user knows that it is ready,
    is_ready_said: bool,
    /// and its URL.
    is_url_said: bool,
    is_theft_said: bool,
}

impl Listening {
    pub(super) fn is_ready(&self) -> bool {
        self.ready_at.is_some()
    }

    /// It listens on its PORT, ready or not.
    pub(super) fn is_served(&self) -> bool {
        self.is_served
    }

    /// It was said that it is ready, if it is, with the URL that it serves.
    pub(super) fn note_summary(&mut self) {
        self.is_ready_said |= self.is_ready();
        self.is_url_said |= self.is_ready() && self.is_served;
    }

    /// Whoever is ready before it listens is said to be so once more, with its URL.
    fn is_unsaid(&self) -> bool {
        !self.is_ready_said || (self.is_served && !self.is_url_said)
    }

    /// It was, in this run, even if it is not now.
    pub(super) fn was_ready(&self) -> bool {
        self.was_ready || self.is_surely_elsewhere
    }

    /// Whoever waits for it need wait no more: it serves its PORT, or another one in its place.
    pub(super) fn is_to_be_found(&self) -> bool {
        self.is_ready() || self.is_surely_elsewhere
    }

    pub(super) fn is_silent(&self) -> bool {
        self.listeners.is_empty()
    }

    /// The port that it listens on in place of its PORT.
    pub(super) fn elsewhere(&self) -> Option<u16> {
        let first = self
            .listeners
            .first()
            .filter(|_| self.elsewhere_since.is_some());
        first.map(|listener| listener.port)
    }
}

/// Takes in what a process listens on now. Returns the news that it is ready: once a run, and only where
/// that is told at once; before the summary it is not, which says that of all, if it comes in time.
pub(super) fn listens(
    process: &mut Process,
    listeners: Vec<Listener>,
    now: Instant,
    is_told_at_once: bool,
) -> Option<Notice> {
    let port = process.port?;
    let up = process.up_mut().filter(|up| up.goes_on())?;
    let listening = &mut up.listening;
    let is_served = listeners.iter().any(|listener| listener.port == port);
    let is_elsewhere = !is_served && !listeners.is_empty();
    listening.listeners = listeners;
    let has_changed = std::mem::replace(&mut listening.is_served, is_served) != is_served;
    listening.elsewhere_since = is_elsewhere.then(|| listening.elsewhere_since.unwrap_or(now));
    listening.is_surely_elsewhere &= is_elsewhere;
    let tries = up.tries.as_mut().filter(|tries| tries.by.is_of_port());
    if let Some(tries) = tries.filter(|_| has_changed) {
        tries.begin_anew(now);
    }
    judge(process, now, is_told_at_once)
}

/// Whether a process is ready, by all that is known now; returns that as news, as [`listens`] does.
pub(super) fn judge(process: &mut Process, now: Instant, is_told_at_once: bool) -> Option<Notice> {
    let up = process.up_mut()?;
    let listening = &mut up.listening;
    let is_ready = match &up.tries {
        None => listening.is_served,
        Some(tries) => tries.has_passed() && (listening.is_served || !tries.by.is_of_port()),
    };
    listening.was_ready |= is_ready;
    listening.ready_at = is_ready.then(|| listening.ready_at.unwrap_or(now));
    is_told_at_once.then(|| news(process, now)).flatten()
}

/// When it is to be said of a process that it is ready, if the summary does not come first.
pub(super) fn ready_said_at(process: &Process) -> Option<Instant> {
    let listening = &process.up().filter(|up| up.goes_on())?.listening;
    let ready_at = listening.ready_at.filter(|_| listening.is_unsaid());
    ready_at.map(|at| at + URL_AFTER)
}

/// The news of a process that has been ready for so long that the summary is not waited for.
pub(super) fn overdue(process: &mut Process, now: Instant) -> Option<Notice> {
    ready_said_at(process).filter(|at| *at <= now)?;
    news(process, now)
}

/// That it is ready, unless that was said.
fn news(process: &mut Process, now: Instant) -> Option<Notice> {
    let url = process.url();
    let up = process.up_mut()?;
    let ready_at = up.listening.ready_at?;
    if !up.listening.is_unsaid() {
        return None;
    }
    // Of one that was said to be ready before: it listens only now.
    let at = if up.listening.is_ready_said {
        now
    } else {
        ready_at
    };
    up.listening.note_summary();
    let after = at.duration_since(up.since);
    Some(Notice::Ready {
        process: process.name.clone(),
        url,
        after,
    })
}

/// When it is certain that a process listens elsewhere, if it is not yet.
pub(super) fn certain_at(process: &Process) -> Option<Instant> {
    let listening = &process.up().filter(|up| up.goes_on())?.listening;
    certainly_elsewhere_at(process.up()?).filter(|_| !listening.is_surely_elsewhere)
}

/// Those who wait for a process that has listened elsewhere for long enough need wait no more.
pub(super) fn make_certain(process: &mut Process, now: Instant) {
    let is_certain = certain_at(process).is_some_and(|at| at <= now);
    if let Some(up) = process.up_mut().filter(|_| is_certain) {
        up.listening.is_surely_elsewhere = true;
    }
}

/// When the verdict on a process that listens elsewhere is due, if it is to be said.
pub(super) fn verdict_at(process: &Process) -> Option<Instant> {
    let given = process.port?;
    let listening = &process.up().filter(|up| up.goes_on())?.listening;
    let mut listeners = listening.listeners.iter();
    let is_said = listeners.any(|listener| process.mismatch_said == Some((given, listener.port)));
    let since = listening.elsewhere_since;
    let since = since.filter(|_| !listening.was_ready && !is_said);
    since.map(|since| since + VERDICT_AFTER)
}

/// The verdict on a process that has listened elsewhere for long enough: once, not once a run.
pub(super) fn verdict(process: &mut Process, now: Instant) -> Option<Notice> {
    verdict_at(process).filter(|at| *at <= now)?;
    let given = process.port?;
    let found = process.up()?.listening.listeners.first()?.clone();
    process.mismatch_said = Some((given, found.port));
    Some(Notice::ListensElsewhere(Elsewhere {
        process: process.name.clone(),
        given,
        url: plan::url(process.scheme, given),
        found: found.port,
        loopback_only: found.loopback_only,
        command: found.command,
        pid: found.pid,
        misled: process.consumers.names(),
        cure: process.cure.clone(),
    }))
}

/// Somebody else listens on its PORT: said once a run.
pub(super) fn stolen(process: &mut Process, holder: Holder) -> Option<Notice> {
    let port = process.port?;
    let up = process.up_mut().filter(|up| !up.is_ending())?;
    if std::mem::replace(&mut up.listening.is_theft_said, true) {
        return None;
    }
    Some(Notice::PortStolen {
        process: process.name.clone(),
        port,
        holder,
    })
}

/// From when on it is certain that a run is to be found on another port than its PORT, if it listens there. Who says by
/// other means when he is ready is ready then, and nowhere else.
pub(super) fn certainly_elsewhere_at(up: &Up) -> Option<Instant> {
    let is_by_port = up.ready().is_none_or(Ready::is_of_port);
    let since = up.listening.elsewhere_since.filter(|_| is_by_port);
    since.map(|since| since + VERDICT_AFTER)
}

/// From when on the summary does not wait for a run that goes on as it is. `latest_ready`: when the latest
/// of all that are ready was.
pub(super) fn summed_up_at(port: Option<u16>, up: &Up, latest_ready: Option<Instant>) -> Instant {
    let listening = &up.listening;
    let is_to_listen = port.is_some() && !listening.is_served;
    // The line by which a server is ready may come just before it listens.
    let ready_at = match listening.ready_at {
        Some(at) if is_to_listen => Some(at + URL_AFTER),
        ready_at => ready_at,
    };
    let known = ready_at.or(certainly_elsewhere_at(up));
    match (port, known, latest_ready) {
        (_, Some(known), _) => known,
        // It says when it is ready: it is expected to be.
        (_, None, _) if up.tries.is_some() => up.since + DECLARED,
        (None, None, _) => up.since,
        (Some(_), None, Some(ready)) => ready.max(up.since) + AFTER_ANOTHER,
        (Some(_), None, None) => up.since + WITHOUT_ANOTHER,
    }
}
