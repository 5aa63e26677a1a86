//! `devrun stop` alone: ends the run as Ctrl-C does, and waits until nothing of it is left.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::Instant;

use crate::cli::args::{Answer, Stop};
use crate::cli::session::{self, Running, Target};
use crate::cli::steer::awaiting::{self, Awaited, Over, Patience};
use crate::cli::steer::outcome::Outcome;
use crate::cli::steer::progress::Goal;
use crate::cli::steer::{if_said, steer, timed_out};
use crate::cli::tell::tell;
use crate::cli::{Failure, NOT_RUNNING, NOT_SO, NOT_STARTED, failure, live, print};
use crate::control::client;
use crate::registry::{self, CLEANED_UP_IN};
use crate::words::report::Report;
use crate::words::wire::{Ending, Steering};
use crate::words::wording;

/// How far the end has come in the time that it was given.
enum End {
    /// Nothing is left of so many processes.
    Gone(usize),
    /// Something is, though it should not be.
    StillThere,
    /// Whoever asked does not wait any longer.
    TimedOut,
}

pub(super) fn stop(args: &Stop) -> Result<ExitCode, Failure> {
    let identity = session::identity_of_running(&args.place)?;
    let running = match session::running_app(&identity) {
        Ok(running) => running,
        Err(failure) => return after_its_manager(&identity, failure, args.answer),
    };
    let meant = &running.apps[..running.meant];
    let is_root = meant.iter().any(|app| app.state.is_root);
    if running.owner.is_sibling && !is_root {
        return stop_there(&running, args.answer);
    }
    say_whose_it_is(&running);
    say_who_uses_it(&running);
    let is_its = |target: &Target| is_of_session(&running, target.app);
    let targets: Vec<Target> = running.targets().filter(is_its).collect();
    let mut awaited: Vec<Awaited> = targets.iter().map(|it| new(&running, it)).collect();
    match end(&running, &identity, &targets, &mut awaited, args.answer) {
        // Somebody else was quicker.
        Err(failure) if failure.status == NOT_RUNNING => {
            after_its_manager(&identity, failure, args.answer)
        }
        ended => say(&ended?, &running, &awaited, args.answer),
    }
}

fn new(running: &Running, target: &Target) -> Awaited {
    let mut awaited = Awaited::new(target.clone(), Goal::Down, u32::MAX);
    awaited.hear(&running.apps[target.app].state);
    awaited
}

fn say(
    end: &End,
    running: &Running,
    awaited: &[Awaited],
    answer: Answer,
) -> Result<ExitCode, Failure> {
    let outcome = match end {
        End::Gone(_) => Outcome::Stopped,
        End::StillThere => Outcome::Failed,
        End::TimedOut => Outcome::TimedOut,
    };
    if answer.json {
        let said = print(outcome.json(awaited, running).as_bytes());
        return Ok(if_said(ExitCode::from(outcome.status()), said));
    }
    match end {
        End::Gone(processes) => {
            let stopped = wording::processes(*processes);
            Ok(print(format!("stopped: {stopped}\n").as_bytes()))
        }
        End::StillThere => Err(still_there(awaited)),
        End::TimedOut => Err(timed_out(Goal::Down, awaited, answer)),
    }
}

/// A member of a repository ends with all that its session runs.
fn say_whose_it_is(running: &Running) {
    let owner = &running.owner;
    if owner.is_sibling {
        let (app, session, pid) = (&owner.app, &owner.session, owner.pid);
        tell!("{app} is run with all of {session} (pid {pid}): all of that ends");
    }
}

/// Of other sessions: those lose what they use.
fn say_who_uses_it(running: &Running) {
    let places = 0..running.apps.len();
    for place in places.filter(|place| is_of_session(running, *place)) {
        let state = &running.apps[place].state;
        if !state.used_by.is_empty() {
            tell!("{}", wording::still_used(&state.name, &state.used_by));
        }
    }
}

/// It may run apps of others as well; what it has joined is not its own.
fn is_of_session(running: &Running, app: usize) -> bool {
    Some(&running.apps[app].socket) == running.owner.socket.as_ref()
}

/// Asks for the end, and follows it until nothing is left.
fn end(
    running: &Running,
    identity: &Path,
    targets: &[Target],
    awaited: &mut [Awaited],
    answer: Answer,
) -> Result<End, Failure> {
    let runtime = live::runtime().map_err(|error| {
        let report = Report::new("devrun could not be started");
        failure(report.caused_by(error), NOT_STARTED)
    })?;
    let begun = Instant::now();
    let (ending, over) = runtime.block_on(async {
        let watch = awaiting::watch(&running.apps, targets).await;
        let ending = ask(running).await?;
        let until = begun + patience(&ending, answer);
        let settled = awaiting::settle(watch, awaited, Patience::WithAll, Some(until), |_| {});
        Ok((ending, settled.await))
    })?;
    let left = patience(&ending, answer).saturating_sub(begun.elapsed());
    // Its session has said farewell, or is gone without: the lock tells when its family is.
    if over != Over::TimedOut && registry::is_free_within(identity, left) {
        let last = awaited.iter_mut().filter(|it| it.comes());
        last.for_each(Awaited::is_gone);
        return Ok(End::Gone(ending.processes));
    }
    let is_ours = answer.timeout.is_some_and(|it| it < within(&ending));
    Ok(if is_ours {
        End::TimedOut
    } else {
        End::StillThere
    })
}

async fn ask(running: &Running) -> Result<Ending, Failure> {
    let socket = running.owner.socket.as_deref().unwrap_or(Path::new(""));
    client::end(socket).await.map_err(|error| {
        let report = Report::new("the session is about to end, or is gone");
        failure(report.caused_by(error), NOT_RUNNING)
    })
}

/// How long it takes at most.
fn within(ending: &Ending) -> Duration {
    Duration::from_millis(ending.within_ms)
}

/// How long it is waited for.
fn patience(ending: &Ending, answer: Answer) -> Duration {
    within(ending).min(answer.timeout.unwrap_or(Duration::MAX))
}

fn still_there(awaited: &[Awaited]) -> Failure {
    let report = Report::new("what devrun had started is not gone yet");
    let alive = awaited.iter().filter(|it| it.is_alive());
    let report = alive.fold(report, |report, it| report.caused_by(it.not_yet()));
    failure(report.help("`devrun ps` shows it".to_string()), NOT_SO)
}

/// Nobody answers: what is left of a session that was killed may still be on its way out.
fn after_its_manager(
    identity: &Path,
    nobody: Failure,
    answer: Answer,
) -> Result<ExitCode, Failure> {
    if registry::running(identity).is_some() || registry::is_free_within(identity, Duration::ZERO) {
        return Err(nobody);
    }
    tell!("the last session of this app is still being ended: waiting for it");
    let timeout = answer.timeout.filter(|timeout| *timeout < CLEANED_UP_IN);
    let outcome = match registry::is_free_within(identity, timeout.unwrap_or(CLEANED_UP_IN)) {
        true => Outcome::Stopped,
        false if timeout.is_some() => Outcome::TimedOut,
        false => Outcome::Failed,
    };
    if answer.json {
        let said = print(outcome.bare_json().as_bytes());
        return Ok(if_said(ExitCode::from(outcome.status()), said));
    }
    if outcome == Outcome::Stopped {
        return Ok(print(b"stopped: what the last session had left\n"));
    }
    Err(failure(
        Report::new("what the last session had started is not gone yet"),
        outcome.status(),
    ))
}

/// Another app's session has it as a backing service, and goes on.
fn stop_there(running: &Running, answer: Answer) -> Result<ExitCode, Failure> {
    let (app, owner) = (&running.owner.app, &running.owner);
    tell!(
        "{app} is run by {} (pid {}), which uses it: its processes are stopped there",
        owner.session,
        owner.pid
    );
    steer(running, Steering::Stop, running.own(), answer)
}
