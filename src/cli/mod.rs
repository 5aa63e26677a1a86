//! The command line: arguments, then one file per command.

mod args;
mod check;
mod complaint;
mod completions;
mod context;
mod link;
mod owning;
mod run;
mod schema;
mod start;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::args::{Args, Command};
use crate::words::report::Report;

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
        Command::Check(check) => check::run(&check),
        Command::Link(arguments) => link::link(&arguments),
        Command::Unlink(arguments) => link::unlink(&arguments),
        Command::Run(run) => run::run(&run),
        Command::Schema => schema::run(),
        Command::Completions(completions) => completions::run(&completions),
    }
}

/// Shows what is wrong and says with which status to end.
fn refuse(reports: &[Report], status: u8) -> ExitCode {
    for report in reports {
        eprintln!("{report}");
    }
    ExitCode::from(status)
}
