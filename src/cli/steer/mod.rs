//! `devrun restart`, `stop`, `start PROCESS…` and `wait`: what a running session is asked, and waits until it
//! is done.

mod again;
mod awaiting;
mod outcome;
mod progress;
mod sentence;
mod wait;
mod watch;
mod whole;

use std::process::ExitCode;

pub(super) use crate::cli::steer::again::in_running_session;
pub(super) use crate::cli::steer::wait::run as wait;

use tokio::time::Instant;

use crate::cli::args::{Answer, RestartArgs, Stop};
use crate::cli::session::{self, Running, Target};
use crate::cli::steer::awaiting::{Awaited, Over, Patience};
use crate::cli::steer::outcome::{Outcome, TIMED_OUT};
use crate::cli::steer::progress::Goal;
use crate::cli::{Failure, NOT_RUNNING, NOT_SO, NOT_STARTED, failure, live, print, refuse};
use crate::control::client;
use crate::words::report::Report;
use crate::words::wire::{Farewell, Steering};
use crate::words::wording;

pub(super) fn restart(args: &RestartArgs) -> ExitCode {
    end(session::running(&args.place).and_then(|running| {
        let targets = if args.processes.is_empty() {
            failed(&running)?
        } else {
            meant(&running, &args.processes)?
        };
        steer(&running, Steering::Restart, targets, args.answer)
    }))
}

pub(super) fn stop(args: &Stop) -> ExitCode {
    if args.processes.is_empty() {
        return end(whole::stop(args));
    }
    end(session::running(&args.place).and_then(|running| {
        let targets = meant(&running, &args.processes)?;
        steer(&running, Steering::Stop, targets, args.answer)
    }))
}

/// What is not as it was to be has been told on stdout.
fn end(done: Result<ExitCode, Failure>) -> ExitCode {
    done.unwrap_or_else(|Failure { reports, status }| refuse(&reports, status))
}

fn meant(running: &Running, names: &[String]) -> Result<Vec<Target>, Failure> {
    let meant = running.meant(names);
    meant.map_err(|report| failure(report, NOT_STARTED))
}

/// What has failed, or is about to be tried again.
fn failed(running: &Running) -> Result<Vec<Target>, Failure> {
    let has_failed =
        |target: &Target| matches!(&running.state(target).state[..], "failed" | "restarting");
    let failed: Vec<Target> = running.own().into_iter().filter(has_failed).collect();
    if failed.is_empty() {
        let report = Report::new("nothing has failed");
        let help = "`devrun restart web` restarts web, `devrun restart '*'` all".to_string();
        return Err(failure(report.help(help), NOT_SO));
    }
    Ok(failed)
}

/// Asks the sessions that run them, waits until it is done, and says what became of each.
fn steer(
    running: &Running,
    asked: Steering,
    targets: Vec<Target>,
    answer: Answer,
) -> Result<ExitCode, Failure> {
    let until = answer.timeout.map(|timeout| Instant::now() + timeout);
    let runtime = live::runtime().map_err(|error| {
        let report = Report::new("devrun could not be started");
        failure(report.caused_by(error), NOT_STARTED)
    })?;
    let mut said = ExitCode::SUCCESS;
    let (over, awaited) = runtime.block_on(async {
        let watch = awaiting::watch(&running.apps, &targets).await;
        let mut awaited = ask(running, asked, targets).await?;
        let tell = |it: &Awaited| said = if_said(said, say(it, answer));
        let over = awaiting::settle(watch, &mut awaited, Patience::WithAll, until, tell).await;
        Ok((over, awaited))
    })?;
    let status = finish(&over, goal(asked), &awaited, running, answer)?;
    Ok(if_said(status, said))
}

fn goal(asked: Steering) -> Goal {
    match asked {
        Steering::Start | Steering::Restart => Goal::Up,
        Steering::Stop => Goal::Down,
    }
}

/// What each session has answered.
async fn ask(
    running: &Running,
    asked: Steering,
    mut targets: Vec<Target>,
) -> Result<Vec<Awaited>, Failure> {
    let goal = goal(asked);
    let mut all = Vec::new();
    while let Some(first) = targets.first() {
        let place = first.app;
        let (its, others) = targets.into_iter().partition(|target| target.app == place);
        targets = others;
        let its: Vec<Target> = its;
        let names: Vec<String> = its.iter().map(|target| target.process.clone()).collect();
        let app = &running.apps[place];
        let steered = client::steer(&app.socket, &app.key, asked, &names).await;
        let steered = steered.map_err(|error| {
            let report = Report::new("the session did not do what was asked");
            failure(report.caused_by(error), NOT_RUNNING)
        })?;
        let request = steered.request;
        let answered = its.into_iter().zip(steered.processes);
        all.extend(answered.map(|(target, answer)| {
            let before = sentence::before(asked, answer.run, running.last_state(&target));
            Awaited::new(target, goal, answer.run).by(request, before)
        }));
    }
    Ok(all)
}

/// Says what became of one, if that is not for programs.
fn say(settled: &Awaited, answer: Answer) -> ExitCode {
    match answer.json {
        true => ExitCode::SUCCESS,
        false => print(format!("{}\n", settled.outcome()).as_bytes()),
    }
}

/// What has gone well, and could not be said, has not gone well for whoever was to hear of it.
fn if_said(status: ExitCode, said: ExitCode) -> ExitCode {
    if status == ExitCode::SUCCESS {
        said
    } else {
        status
    }
}

/// What there is to say at the end of a wait, and its exit status.
fn finish(
    over: &Over,
    goal: Goal,
    awaited: &[Awaited],
    running: &Running,
    answer: Answer,
) -> Result<ExitCode, Failure> {
    let outcome = Outcome::of(over, goal, awaited);
    let status = ExitCode::from(outcome.status());
    if answer.json {
        let said = print(outcome.json(awaited, running).as_bytes());
        return Ok(if_said(status, said));
    }
    match over {
        Over::Settled | Over::OneFailed => Ok(status),
        Over::TimedOut => Err(timed_out(goal, awaited, answer)),
        Over::Ended(farewell) => Err(ended(*farewell)),
    }
}

/// Who is not done, and why not.
fn timed_out(goal: Goal, awaited: &[Awaited], answer: Answer) -> Failure {
    let after = wording::duration(answer.timeout.unwrap_or_default());
    let wanted = match goal {
        Goal::Up | Goal::Serving => "ready",
        Goal::Down => "stopped",
    };
    let report = Report::new(format!("not all are {wanted} after {after}"));
    let open = awaited.iter().filter(|it| it.comes());
    let report = open.fold(report, |report, it| report.caused_by(it.not_yet()));
    failure(report, TIMED_OUT)
}

fn ended(farewell: Option<Farewell>) -> Failure {
    let words = match farewell {
        Some(Farewell::Stopped | Farewell::LeftToUsers) => "the session was ended meanwhile",
        Some(Farewell::TakenOver) => {
            "a `devrun start` in the app's own directory has taken it over meanwhile"
        }
        None => "the session is gone: it was killed",
    };
    failure(Report::new(words), NOT_RUNNING)
}
