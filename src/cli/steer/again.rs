//! `devrun start` of an app that a session of its own runs: what is named is started there; else it is said who
//! runs it. Nothing of it is touched.

use std::process::ExitCode;

use crate::cli::args::{Answer, Start};
use crate::cli::steer::{end, steer};
use crate::cli::tell::tell;
use crate::cli::{Failure, NOT_STARTED, failure, owning, session};
use crate::registry::{self, Owner};
use crate::words::report::Report;
use crate::words::wire::Steering;
use crate::words::wording;

/// `None`: this `devrun start` has a session to begin, or more to say about the files.
pub(in crate::cli) fn in_running_session(args: &Start) -> Option<ExitCode> {
    let place = args.app_only();
    let identity = session::identity(&place).ok()?;
    let owner = registry::running(&identity)?;
    let current = std::env::current_dir().ok()?;
    if args.is_of_directories(&current) {
        return None;
    }
    if owner.is_sibling {
        return where_it_is_used(args, &owner);
    }
    if args.processes.is_empty() {
        let report = owning::already_runs(&owner);
        return Some(end(Err(failure(report, NOT_STARTED))));
    }
    Some(end(start(args)))
}

/// An app that another one has started for itself is taken over (`None`), unless all that is asked for is a process
/// that its session has: that is started where the others run, as it is stopped there.
fn where_it_is_used(args: &Start, owner: &Owner) -> Option<ExitCode> {
    let is_session = args.detach || !args.flags_of_a_session().is_empty();
    if args.processes.is_empty() || is_session {
        return None;
    }
    let running = session::running(&args.app_only()).ok()?;
    let targets = running.meant_to_start(&args.processes).ok()?;
    let Owner {
        app, session, pid, ..
    } = owner;
    tell!("{app} is run by {session} (pid {pid}), which uses it: that is started there");
    let answer = Answer::default();
    Some(end(steer(&running, Steering::Start, targets, answer)))
}

fn start(args: &Start) -> Result<ExitCode, Failure> {
    let running = session::running(&args.app_only())?;
    let flags = args.flags_of_a_session();
    if !flags.is_empty() {
        return Err(failure(too_late(&flags, running.owner.pid), NOT_STARTED));
    }
    let meant = running.meant_to_start(&args.processes);
    let targets = meant.map_err(|report| failure(comes_later(report), NOT_STARTED))?;
    steer(&running, Steering::Start, targets, Answer::default())
}

fn too_late(flags: &[&str], pid: i32) -> Report {
    let (given, is) = (
        wording::list(flags),
        wording::agreeing(flags.len(), "is", "are"),
    );
    Report::new(format!(
        "{given} {is} for a session that begins, and devrun already runs this app (pid {pid})"
    ))
    .help("without that, what is named is started there; `devrun stop` ends it".to_string())
}

/// A session has the processes with which it began.
fn comes_later(report: Report) -> Report {
    let help = report.help.clone().unwrap_or_default();
    report.help(format!(
        "{help}\nwhat is new in the Procfile or in a formation comes with the next `devrun start`"
    ))
}
