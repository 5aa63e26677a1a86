//! `devrun logs`: what a session's processes wrote and devrun said, while it runs and when it is long over. It
//! reads files and nothing else: the session never waits for it.

mod cast;
mod elsewhere;
mod outlet;
mod reading;
mod sessions;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, Zoned};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::cli::args::Logs;
use crate::cli::logs::cast::{Cast, Viewpoint};
use crate::cli::logs::outlet::Outlet;
use crate::cli::logs::reading::{Asked, Over, Reading};
use crate::cli::tell::tell;
use crate::cli::{
    Failure, NOT_RUNNING, NOT_SO, NOT_STARTED, failure, live, refuse, session, start,
};
use crate::log::matcher::Wanted;
use crate::os::{self, terminal, watched};
use crate::registry;
use crate::render::json::stored::Json;
use crate::render::stored::{Form, Shown, Stamps, WHY_CUT_OFF};
use crate::render::stream::{Look, Stream};
use crate::render::timestamp::Timestamp;
use crate::store::place::StoredSession;
use crate::words::report::Report;

/// So many lines come before what is followed.
const BEFORE_FOLLOWED: usize = 10;
/// A line that is being written when somebody presses Ctrl-C is written to its end, if that takes no longer.
const LAST_WRITE: Duration = Duration::from_millis(200);

pub(super) fn run(args: &Logs) -> ExitCode {
    let reading = match prepare(args) {
        Ok(reading) => reading,
        Err(Failure { reports, status }) => return refuse(&reports, status),
    };
    match read(reading) {
        Ok(over) => answer(args, &over),
        Err(error) => refuse(&[unreadable(&error)], NOT_SO),
    }
}

/// Finds the session, and who is meant in it.
fn prepare(args: &Logs) -> Result<Reading, Failure> {
    let identity = session::identity_of_running(&args.place())?;
    let mut session = sessions::chosen(&identity, args.session)?;
    let key = registry::app_key(&identity);
    let sources =
        reading::sources(&session).map_err(|error| failure(unreadable(&error), NOT_RUNNING))?;
    let from = Viewpoint {
        key: &key,
        is_others: session.is_link,
    };
    let cast = Cast::new(&sources, from, &args.processes);
    let mut cast = cast.map_err(|report| failure(report, NOT_STARTED))?;
    if args.session == 0 {
        let other = elsewhere::find(&session, &sources, from, &args.processes);
        let other = other.map_err(|error| failure(unreadable(&error), NOT_RUNNING))?;
        if let Some(other) = other {
            (session, cast) = (other.session, other.cast);
        }
    }
    if args.raw && args.processes.is_empty() {
        cast.hide_system();
    }
    let now = Zoned::now();
    let asked = Asked {
        last: args.last.or_else(|| {
            let is_whole = !args.follow || args.since.is_some();
            (!is_whole).then_some(BEFORE_FOLLOWED)
        }),
        since: args.since.map_or(0, |since| since.at_ns(&now)),
        until: args.until.map_or(u64::MAX, |until| until.at_ns(&now)),
        follows: args.follow,
        tells_gaps: args.raw || args.grep.is_some(),
        tells_runs: args.json || !cast.shows_system(),
        places_open: !args.json && !args.raw,
        wanted: args.grep.clone().map(|expression| Wanted {
            expression,
            is_inverted: args.invert,
            context: args.context.unwrap_or(0),
        }),
    };
    let shown = shown(args, &session, &cast, now.time_zone());
    Ok(Reading::new(
        session,
        cast.is_shown,
        asked,
        Outlet::new(shown),
    ))
}

fn shown(args: &Logs, session: &StoredSession, cast: &Cast, zone: &TimeZone) -> Shown {
    let timestamp = match args.lines.timestamp {
        Some(stamp) => stamp.into(),
        None if args.json => Timestamp::Iso,
        None if args.lines.no_timestamp || args.raw => Timestamp::None,
        None => Timestamp::Short,
    };
    let started = session.started_at.duration_since(UNIX_EPOCH);
    let stamps = Stamps {
        timestamp,
        zone: zone.clone(),
        started_ns: u64::try_from(started.unwrap_or_default().as_nanos()).unwrap_or(0),
        shown: None,
    };
    let form = if args.json {
        Form::Json(Json::new(cast.names.clone()))
    } else if args.raw {
        Form::Raw
    } else {
        let is_terminal = terminal::is_terminal(&io::stdout());
        let size = is_terminal.then(terminal::size).flatten();
        let width = size.map(|size| size.columns);
        let look = Look {
            unexpected: cast.unexpected(),
            chosen: cast.colors.clone(),
            ..start::look(args.lines.color, is_terminal, width)
        };
        Form::Text(Box::new(Stream::new(&cast.names, look)), cast.names.clone())
    };
    Shown::new(form, stamps)
}

/// Reads on a thread of its own: that may stand in a write for as long as nobody takes what it writes.
fn read(reading: Reading) -> io::Result<Over> {
    let runtime = live::runtime()?;
    let stop = Arc::new(AtomicBool::new(false));
    let (tell, mut told) = oneshot::channel();
    let stops = Arc::clone(&stop);
    let follows = reading.follows();
    std::thread::Builder::new()
        .name("devrun-logs".into())
        .spawn(move || tell.send(reading.run(&stops)))?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            over = &mut told => return over.unwrap_or(Ok(Over::Stopped)),
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = reader_gone(), if follows => {}
        }
        stop.store(true, Ordering::Relaxed);
        let over = timeout(LAST_WRITE, told).await;
        Ok(over
            .ok()
            .and_then(Result::ok)
            .and_then(Result::ok)
            .unwrap_or(Over::Stopped))
    })
}

/// Resolves once nobody reads our stdout any more, though nothing is written.
async fn reader_gone() {
    use std::os::fd::AsFd;
    let stdout = io::stdout().as_fd().try_clone_to_owned();
    let is_gone = match stdout {
        Ok(stdout) => watched::reader_gone(stdout).await.is_ok(),
        Err(_) => false,
    };
    if !is_gone {
        std::future::pending::<()>().await;
    }
}

fn answer(args: &Logs, over: &Over) -> ExitCode {
    match over {
        Over::Read { has_found: false } if args.grep.is_some() && !args.follow => {
            ExitCode::from(NOT_SO)
        }
        Over::Read { .. } | Over::Stopped => ExitCode::SUCCESS,
        Over::Ended { at_ns, is_orderly } => {
            tell!("{}", ending(*at_ns, *is_orderly));
            ExitCode::SUCCESS
        }
        Over::Unwritten(error) => {
            let report = Report::new("the output could not be written");
            refuse(&[report.caused_by(os::words_of(error))], NOT_SO)
        }
    }
}

/// Why nothing more is to be followed.
fn ending(at_ns: u64, is_orderly: bool) -> String {
    let at = Instant::from_nanosecond(i128::from(at_ns)).unwrap_or(Instant::UNIX_EPOCH);
    let at = at.to_zoned(TimeZone::system());
    let (at, today) = (at.strftime("%Y-%m-%d %H:%M:%S").to_string(), Zoned::now());
    let at = at.trim_start_matches(&today.strftime("%Y-%m-%d ").to_string());
    if is_orderly {
        format!("the session ended at {at}")
    } else {
        format!("the session was cut off after {at}: {WHY_CUT_OFF}")
    }
}

fn unreadable(error: &io::Error) -> Report {
    Report::new("the logs cannot be read").caused_by(os::words_of(error))
}
