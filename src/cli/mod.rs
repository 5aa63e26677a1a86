//! The command line: arguments, then one file per command.

mod args;
mod attach;
mod check;
mod complaint;
mod complete;
mod completions;
mod context;
mod descriptors;
mod env;
mod export;
mod front;
mod init;
mod link;
mod live;
mod logs;
mod man;
mod open;
mod own_terminal;
mod owning;
mod ps;
mod run;
mod run_as;
mod run_up;
mod schema;
mod session;
mod start;
mod steer;
mod tell;
mod url;
mod uses;
mod view;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::cli::args::{Args, Command};
use crate::cli::tell::tell;
use crate::os;
use crate::os::terminal;
use crate::words::report::Report;
use crate::words::secret::Secrets;

/// What was asked is not so, or the output was lost.
const NOT_SO: u8 = 1;
/// Nothing runs here.
const NOT_RUNNING: u8 = 3;
/// Wrong usage or files: nothing was started.
const NOT_STARTED: u8 = 2;

/// Runs the program: reads the arguments, carries out the command, and answers with its exit status.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return complaint::answer(&error),
    };
    match args.command {
        Command::Start(start) => start::run(&start),
        Command::Restart(restart) => steer::restart(&restart),
        Command::Stop(stop) => steer::stop(&stop),
        Command::Wait(wait) => steer::wait(&wait),
        Command::Check(check) => check::run(&check),
        Command::Init(init) => init::run(&init),
        Command::Link(arguments) => link::link(&arguments),
        Command::Unlink(arguments) => link::unlink(&arguments),
        Command::Run(run) if run.up => run_up::run(&run),
        Command::Run(run) => run::run(&run),
        Command::Logs(arguments) => logs::run(&arguments),
        Command::Open(open) => open::run(&open),
        Command::Attach(attach) => attach::run(&attach),
        Command::Env(env) => env::run(&env),
        Command::Export(export) => export::run(&export),
        Command::Url(url) => url::run(&url),
        Command::Ps(ps) => ps::run(&ps),
        Command::Uses(uses) => uses::run(&uses),
        Command::Schema => schema::run(),
        Command::Completions(completions) => completions::run(&completions),
        Command::Man(man) => man::run(&man),
        Command::Complete(complete) => complete::run(&complete),
    }
}

/// Why a command has not done what was asked, and the status that says so.
#[derive(Debug)]
struct Failure {
    reports: Vec<Report>,
    status: u8,
}

fn failure(report: Report, status: u8) -> Failure {
    let reports = vec![report];
    Failure { reports, status }
}

/// Writes to stdout what was asked for.
fn print(bytes: &[u8]) -> ExitCode {
    let mut stdout = std::io::stdout();
    printed(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// What became of an answer. Who stops reading has seen enough.
fn printed(written: io::Result<()>) -> ExitCode {
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let report = Report::new("the output could not be written");
            refuse(&[report.caused_by(os::words_of(&error))], NOT_SO)
        }
    }
}

/// What may be shown: on a terminal others may look on, and what is scrolled back stays there.
fn secrets(is_revealed: bool) -> Secrets {
    match is_revealed || !terminal::is_terminal(&std::io::stdout()) {
        true => Secrets::Revealed,
        false => Secrets::Masked,
    }
}

/// Shows what is wrong and says with which status to end.
fn refuse(reports: &[Report], status: u8) -> ExitCode {
    for report in reports {
        tell!("{report}");
    }
    ExitCode::from(status)
}
