//! `devrun run --up`: starts what the app needs and does not run yet, waits until all is up, runs the command,
//! and stops what it started. stdout is the command's alone.

mod borrowed;
mod command;
mod leash;
mod signals;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;

use crate::cli::args::{self, Args, Run, Start};
use crate::cli::context::Context;
use crate::cli::front::Line;
use crate::cli::run::{self, FAILED};
use crate::cli::run_up::borrowed::Borrowed;
use crate::cli::run_up::leash::{Beginning, FORESTALLED, Leash};
use crate::cli::run_up::signals::Signals;
use crate::cli::tell::tell;
use crate::cli::{live, refuse, start};
use crate::os::limits;
use crate::plan::select::Wanted;
use crate::plan::sources::Asked;
use crate::registry;
use crate::words::exit::Exit;
use crate::words::policy::Attendance;
use crate::words::report::Report;
use crate::words::wording;

/// What the command needs: all that `devrun start` would start.
struct Needed {
    /// Of the app that is meant, or of the root that names its members.
    identity: PathBuf,
    apps: Vec<NeededApp>,
}

/// An app, and its processes by their names within it.
#[derive(Clone, Debug)]
struct NeededApp {
    identity: PathBuf,
    name: String,
    /// In front of the names of its processes, where there are several apps: `api/`.
    prefix: String,
    directory: String,
    processes: Vec<String>,
}

pub(super) fn run(args: &Run) -> ExitCode {
    let needed = match needed(args) {
        Ok(needed) => needed,
        Err(reports) => return refuse(&reports, FAILED),
    };
    let leash = match registry::running(&needed.identity) {
        Some(_) => None,
        None => match leash::split() {
            Ok(Ok(leash)) => Some(leash),
            Ok(Err(line)) => return session(&args.place, &needed, line),
            Err(error) => return refuse(&[impossible(&error)], FAILED),
        },
    };
    match attend(args, &needed, leash) {
        Ok(status) => ExitCode::from(status),
        Err(reports) => refuse(&reports, FAILED),
    }
}

/// The session that is started for the command: as `devrun start` would, and without a word.
fn session(place: &args::Where, needed: &Needed, line: Line) -> ExitCode {
    let parsed = Args::try_parse_from(["devrun", "start", "--quiet"]);
    let Ok(args::Command::Start(start)) = parsed.map(|args| args.command) else {
        unreachable!("these are the arguments of `start`");
    };
    let start = Start {
        place: place.clone(),
        ..*start
    };
    let session = start::prepare(&start, Attendance::Holder, Some(line));
    // Whoever was quicker lends as well what is needed.
    if session.is_err() && registry::running(&needed.identity).is_some() {
        return ExitCode::from(FORESTALLED);
    }
    start::run_prepared(session)
}

fn impossible(error: &io::Error) -> Report {
    Report::new("what the command needs cannot be started").caused_by(limits::words_of(error))
}

/// # Errors
/// All that is wrong with the files; there is no such process.
fn needed(args: &Run) -> Result<Needed, Vec<Report>> {
    let context = Context::new(&args.place)?;
    let asked = Asked {
        wanted: Wanted {
            formation: context.options.formation.clone(),
            ..Wanted::default()
        },
        base: context.options.port,
        ..context.asked(&args.place)
    };
    let (resolved, _) = context.resolved(asked, &[])?;
    if let Some(process) = &args.process {
        live::place_of(&resolved, process).map_err(|report| vec![report])?;
    }
    // A slip of the pen shall not cost a start of everything.
    if run::own_line(&resolved, &args.command).is_none() {
        let env = run::env_of_app(&resolved.sources);
        run::look_for(&args.command[0], &env).map_err(|report| vec![report])?;
    }
    let wanted = |app: usize| {
        let slots = resolved.slots.iter().zip(&resolved.is_wanted);
        let own = slots.filter(|(slot, is_wanted)| slot.app == app && **is_wanted);
        own.map(|(slot, _)| slot.name.in_app()).collect()
    };
    let apps = 0..resolved.sources.apps.roots;
    let apps = apps.map(|app| NeededApp {
        identity: resolved.app(app).identity.clone(),
        name: resolved.app_name(app).to_string(),
        prefix: match resolved.sources.apps.roots {
            1 => String::new(),
            _ => format!("{}/", resolved.app_name(app)),
        },
        directory: resolved.app(app).shown.clone(),
        processes: wanted(app),
    });
    Ok(Needed {
        identity: resolved.sources.apps.identity.clone(),
        apps: apps.collect(),
    })
}

/// From the first process that is started to the last one that has stopped.
fn attend(args: &Run, needed: &Needed, mut leash: Option<Leash>) -> Result<u8, Vec<Report>> {
    let runtime = live::runtime().map_err(|error| vec![impossible(&error)])?;
    let signals = runtime.block_on(async { Signals::listen() });
    let mut signals = signals.map_err(|error| vec![impossible(&error)])?;
    let mut borrowed = Borrowed::default();
    let begun = Instant::now();
    let came_up = runtime.block_on(async {
        tokio::select! {
            ready = bring_up(needed, &mut leash, &mut borrowed) => ready.map(|()| None),
            signal = signals.next() => Ok(Some(signal)),
        }
    });
    let ended = came_up.and_then(|interrupted| {
        if let Some(signal) = interrupted {
            return Ok(Exit::Signal(signal));
        }
        if leash.is_some() || borrowed.has_lent() {
            tell!("{}", sentence(&borrowed.silent(), begun.elapsed()));
        }
        let command = run::prepare(args)?;
        runtime.block_on(command::run(command, &mut signals, &mut borrowed))
    });
    runtime.block_on(async {
        tokio::select! {
            () = take_down(leash, borrowed) => {}
            // Whoever has no patience leaves the rest to the session.
            () = signals.again() => {}
        }
    });
    // A thread of it may still wait for a session that goes on.
    runtime.shutdown_background();
    ended.map(Exit::status)
}

/// That all came up. `silent`: who has a PORT, and does not listen.
fn sentence(silent: &[String], after: Duration) -> String {
    let after = wording::duration(after);
    if silent.is_empty() {
        return format!("all ready in {after}");
    }
    let do_not = wording::agreeing(silent.len(), "does not", "do not");
    format!(
        "all up in {after}; {} {do_not} listen",
        wording::listed(silent)
    )
}

/// Comes back when nothing more is to be waited for, and all is well.
async fn bring_up(
    needed: &Needed,
    leash: &mut Option<Leash>,
    borrowed: &mut Borrowed,
) -> Result<(), Vec<Report>> {
    if let Some(held) = leash {
        let of_app = |app: &NeededApp| -> Vec<String> {
            let names = app.processes.iter();
            names.map(|name| format!("{}{name}", app.prefix)).collect()
        };
        let all = needed.apps.iter().flat_map(of_app);
        tell!("starting {}", wording::listed(all));
        match held.begin().await {
            Beginning::Begun => {}
            Beginning::Forestalled => *leash = None,
            Beginning::Refused => {
                *leash = None;
                // What is wrong was said by the session.
                return Err(Vec::new());
            }
        }
    }
    for app in &needed.apps {
        borrowed.borrow(app).await.map_err(|report| vec![report])?;
    }
    borrowed.until_up().await
}

/// Comes back when all that was started has stopped.
async fn take_down(leash: Option<Leash>, borrowed: Borrowed) {
    let has_started = leash.is_some() || borrowed.has_lent();
    let Some(leash) = leash else {
        let has_stopped = borrowed.give_back().await;
        if has_started && has_stopped {
            tell!("stopped what it had started");
        } else if has_started {
            tell!("its session does not answer: what was started stops when that goes on");
        }
        return;
    };
    if borrowed.let_go(leash).await {
        tell!("stopped what it had started");
    } else {
        tell!("left running for others who use it: it ends with them");
    }
}
