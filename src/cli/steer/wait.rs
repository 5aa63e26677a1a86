//! `devrun wait`: until processes are ready, or one of them has failed.

use std::process::ExitCode;

use tokio::time::Instant;

use crate::cli::args::Wait;
use crate::cli::session::{self, Running, Target};
use crate::cli::steer::awaiting::{self, Awaited, Patience};
use crate::cli::steer::progress::Goal;
use crate::cli::steer::{end, finish, if_said, meant, say};
use crate::cli::{Failure, NOT_STARTED, failure, live};
use crate::words::report::Report;

pub(in crate::cli) fn run(args: &Wait) -> ExitCode {
    end(session::running(&args.place).and_then(|running| wait(&running, args)))
}

fn wait(running: &Running, args: &Wait) -> Result<ExitCode, Failure> {
    let (goal, targets) = if args.processes.is_empty() {
        let is_wanted = |target: &Target| running.state(target).state != "stopped";
        let wanted = running.own().into_iter().filter(is_wanted).collect();
        (Goal::Up, wanted)
    } else {
        // Who names a process knows that it is to listen.
        (Goal::Serving, meant(running, &args.processes)?)
    };
    let until = args.answer.timeout.map(|timeout| Instant::now() + timeout);
    let runtime = live::runtime().map_err(|error| {
        let report = Report::new("devrun could not be started");
        failure(report.caused_by(error), NOT_STARTED)
    })?;
    let new = |target: &Target| Awaited::new(target.clone(), goal, 0);
    let mut awaited: Vec<Awaited> = targets.iter().map(new).collect();
    for it in &mut awaited {
        it.hear(&running.apps[it.target.app].state);
        it.say_crash(false);
    }
    let mut said = ExitCode::SUCCESS;
    let over = runtime.block_on(async {
        let watch = awaiting::watch(&running.apps, &targets).await;
        let tell = |it: &Awaited| said = if_said(said, say(it, args.answer));
        awaiting::settle(watch, &mut awaited, Patience::UntilOneFails, until, tell).await
    });
    let status = finish(&over, goal, &awaited, running, args.answer)?;
    Ok(if_said(status, said))
}
