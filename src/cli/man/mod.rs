//! `devrun man`: a page of the manual, as man(1) reads it. The pages lie under man/, for packagers; a test makes
//! them of the definitions of the command line, and says when they are not the same any more.

mod pages;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use crate::cli::args::Man;
use crate::cli::man::pages::PAGES;
use crate::cli::{NOT_STARTED, print, refuse};
use crate::words::report::Report;
use crate::words::wording;

pub(super) fn run(args: &Man) -> ExitCode {
    let asked = args.command.as_deref().unwrap_or("devrun");
    let page = PAGES.iter().find(|(command, _)| *command == asked);
    match page {
        Some((_, text)) => print(text.as_bytes()),
        None => refuse(&[unknown(asked)], NOT_STARTED),
    }
}

fn unknown(asked: &str) -> Report {
    let commands = PAGES.map(|(command, _)| command);
    let help = wording::did_you_mean(asked, commands)
        .unwrap_or_else(|| format!("there are pages of {}", wording::list(commands)));
    Report::new(format!("no page of the manual for `{asked}`")).help(help)
}
