//! `devrun stop` alone: ends the run as Ctrl-C does, and waits until nothing of it is left.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::Instant;

use crate::cli::args::AppOnly;
use crate::cli::session::{self, Running, Target};
use crate::cli::steer::awaiting::{self, Awaited, Over, Patience};
use crate::cli::steer::progress::Goal;
use crate::cli::steer::steer;
use crate::cli::steer::watch::Watch;
use crate::cli::{Failure, NOT_RUNNING, NOT_SO, NOT_STARTED, failure, live, print};
use crate::control::client;
use crate::registry::{self, CLEANED_UP_IN};
use crate::words::report::Report;
use crate::words::wire::{Ending, Steering};
use crate::words::wording;

pub(super) fn stop(place: &AppOnly) -> Result<ExitCode, Failure> {
    let identity = session::identity(place)?;
    let running = match session::running(place) {
        Ok(running) => running,
        Err(failure) => return after_its_manager(&identity, failure),
    };
    let meant = &running.apps[..running.meant];
    let is_root = meant.iter().any(|app| app.state.is_root);
    if running.owner.is_sibling && !is_root {
        return stop_there(&running);
    }
    say_whose_it_is(&running);
    let is_its = |target: &Target| is_of_session(&running, target);
    let targets: Vec<Target> = running.targets().filter(is_its).collect();
    let new = |target: &Target| Awaited::new(target.clone(), Goal::Down, u32::MAX);
    let mut awaited: Vec<Awaited> = targets.iter().map(new).collect();
    let runtime = live::runtime().map_err(|error| {
        let report = Report::new("devrun could not be started");
        failure(report.caused_by(error), NOT_STARTED)
    })?;
    let begun = Instant::now();
    let ended = runtime.block_on(async {
        let watch = awaiting::watch(&running.apps, &targets).await;
        end(&running, watch, &mut awaited).await
    });
    let ending = match ended {
        // Somebody else was quicker.
        Err(failure) if failure.status == NOT_RUNNING => {
            return after_its_manager(&identity, failure);
        }
        ended => ended?,
    };
    let within = Duration::from_millis(ending.within_ms);
    let left = within.saturating_sub(begun.elapsed());
    // Its session has said farewell, or is gone without: the lock tells when its family is.
    if !registry::is_free_within(&identity, left) {
        return Err(still_there(&awaited));
    }
    let stopped = wording::processes(ending.processes);
    Ok(print(format!("stopped: {stopped}\n").as_bytes()))
}

/// A member of a repository ends with all that its session runs.
fn say_whose_it_is(running: &Running) {
    let owner = &running.owner;
    if owner.is_sibling {
        let (app, session, pid) = (&owner.app, &owner.session, owner.pid);
        eprintln!("{app} is run with all of {session} (pid {pid}): all of that ends");
    }
}

/// It may run apps of others as well; what it has joined is not its own.
fn is_of_session(running: &Running, target: &Target) -> bool {
    Some(&running.apps[target.app].socket) == running.owner.socket.as_ref()
}

/// Asks for the end, and follows it until all processes are down.
async fn end(running: &Running, watch: Watch, awaited: &mut [Awaited]) -> Result<Ending, Failure> {
    let socket = running.owner.socket.as_deref().unwrap_or(Path::new(""));
    let ending = client::end(socket).await.map_err(|error| {
        let report = Report::new("the session is about to end, or is gone");
        failure(report.caused_by(error), NOT_RUNNING)
    })?;
    let until = Instant::now() + Duration::from_millis(ending.within_ms);
    let settled = awaiting::settle(watch, awaited, Patience::WithAll, Some(until), |_| {});
    match settled.await {
        Over::TimedOut => Err(still_there(awaited)),
        Over::Settled | Over::OneFailed | Over::Ended(_) => Ok(ending),
    }
}

fn still_there(awaited: &[Awaited]) -> Failure {
    let report = Report::new("what devrun had started is not gone yet");
    let alive = awaited.iter().filter(|it| it.is_alive());
    let report = alive.fold(report, |report, it| report.caused_by(it.waiting()));
    failure(report.help("`devrun ps` shows it".to_string()), NOT_SO)
}

/// Nobody answers: what is left of a session that was killed may still be on its way out.
fn after_its_manager(identity: &Path, nobody: Failure) -> Result<ExitCode, Failure> {
    if registry::running(identity).is_some() || registry::is_free_within(identity, Duration::ZERO) {
        return Err(nobody);
    }
    eprintln!("the last session of this app is still being ended: waiting for it");
    if registry::is_free_within(identity, CLEANED_UP_IN) {
        return Ok(print(b"stopped: what the last session had left\n"));
    }
    Err(failure(
        Report::new("what the last session had started is not gone yet"),
        NOT_SO,
    ))
}

/// Another app's session has it as a backing service, and goes on.
fn stop_there(running: &Running) -> Result<ExitCode, Failure> {
    let (app, owner) = (&running.owner.app, &running.owner);
    eprintln!(
        "{app} is run by {} (pid {}), which uses it: its processes are stopped there",
        owner.session, owner.pid
    );
    steer(running, Steering::Stop, running.own())
}
