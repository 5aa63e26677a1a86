//! `devrun wait`: until processes are ready, or one of them has failed.

use std::process::ExitCode;

use serde::Serialize;
use tokio::time::Instant;

use crate::cli::args::Wait;
use crate::cli::session::{self, Running, Target};
use crate::cli::steer::awaiting::{self, Awaited, Over, Patience};
use crate::cli::steer::progress::{Goal, Progress};
use crate::cli::steer::sentence;
use crate::cli::steer::{self, end, ended, meant};
use crate::cli::{Failure, NOT_RUNNING, NOT_SO, NOT_STARTED, failure, live, print};
use crate::words::report::Report;
use crate::words::wire::ProcessState;
use crate::words::wording;

/// As timeout(1) has it.
const TIMED_OUT: u8 = 124;

/// What `--json` prints.
#[derive(Serialize)]
struct Outcome<'a> {
    v: u8,
    /// `ready`, `failed`, `timed_out` or `ended`.
    outcome: &'static str,
    processes: Vec<OfProcess<'a>>,
}

#[derive(Serialize)]
struct OfProcess<'a> {
    /// As it is called from here: `api/web.1`.
    process: &'a str,
    is_done: bool,
    #[serde(flatten)]
    state: Option<&'a ProcessState>,
}

pub(in crate::cli) fn run(args: &Wait) -> ExitCode {
    end(session::running(&args.place).and_then(|running| wait(&running, args)))
}

fn wait(running: &Running, args: &Wait) -> Result<ExitCode, Failure> {
    let targets = if args.processes.is_empty() {
        let is_wanted = |target: &Target| running.state(target).state != "stopped";
        running.own().into_iter().filter(is_wanted).collect()
    } else {
        meant(running, &args.processes)?
    };
    let runtime = live::runtime().map_err(|error| {
        let report = Report::new("devrun could not be started");
        failure(report.caused_by(error), NOT_STARTED)
    })?;
    let new = |target: &Target| Awaited::new(target.clone(), Goal::Up, 0);
    let mut awaited: Vec<Awaited> = targets.iter().map(new).collect();
    let say = |it: &Awaited| {
        if !args.json {
            steer::say(it);
        }
    };
    for it in &mut awaited {
        it.hear(&running.apps[it.target.app].state);
        if !it.comes() {
            say(it);
        }
    }
    let over = runtime.block_on(async {
        let watch = awaiting::watch(&running.apps, &targets).await;
        let until = args.timeout.map(|timeout| Instant::now() + timeout);
        awaiting::settle(watch, &mut awaited, Patience::UntilOneFails, until, say).await
    });
    if args.json {
        let status = status(&over);
        print(&json(&over, &awaited));
        return Ok(ExitCode::from(status));
    }
    match over {
        Over::Settled => Ok(ExitCode::SUCCESS),
        Over::OneFailed => Ok(ExitCode::from(NOT_SO)),
        Over::TimedOut => Err(timed_out(args, &awaited)),
        Over::Ended(farewell) => Err(ended(farewell)),
    }
}

fn status(over: &Over) -> u8 {
    match over {
        Over::Settled => 0,
        Over::OneFailed => NOT_SO,
        Over::TimedOut => TIMED_OUT,
        Over::Ended(_) => NOT_RUNNING,
    }
}

fn json(over: &Over, awaited: &[Awaited]) -> Vec<u8> {
    let outcome = Outcome {
        v: 1,
        outcome: match over {
            Over::Settled => "ready",
            Over::OneFailed => "failed",
            Over::TimedOut => "timed_out",
            Over::Ended(_) => "ended",
        },
        processes: awaited
            .iter()
            .map(|it| OfProcess {
                process: &it.target.shown,
                is_done: it.progress == Progress::Done,
                state: it.state.as_ref(),
            })
            .collect(),
    };
    let mut bytes = serde_json::to_vec(&outcome).expect("texts and numbers");
    bytes.push(b'\n');
    bytes
}

fn timed_out(args: &Wait, awaited: &[Awaited]) -> Failure {
    let after = wording::duration(args.timeout.unwrap_or_default());
    let report = Report::new(format!("not all are ready after {after}"));
    let open = awaited.iter().filter(|it| it.progress == Progress::Comes);
    let report = open.fold(report, |report, it| {
        report.caused_by(sentence::not_yet(&it.target.shown, it.state.as_ref()))
    });
    failure(report, TIMED_OUT)
}
