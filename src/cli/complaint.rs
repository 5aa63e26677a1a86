//! A command line that clap does not take, in devrun's own form.

use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::args::Args;
use crate::cli::{NOT_STARTED, refuse};
use crate::words::report::Report;
use crate::words::wording;

/// The status for errors of `devrun run` itself.
const RUN_FAILED: u8 = 125;

/// Prints help, the version, or what is wrong.
pub(super) fn answer(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            eprint!("{}", Args::command().render_help());
            ExitCode::from(NOT_STARTED)
        }
        _ => {
            let is_run = std::env::args_os()
                .nth(1)
                .is_some_and(|command| command == "run");
            refuse(
                &[report(error)],
                if is_run { RUN_FAILED } else { NOT_STARTED },
            )
        }
    }
}

fn report(error: &clap::Error) -> Report {
    let argument = text(error, ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            unknown_command(&text(error, ContextKind::InvalidSubcommand))
        }
        ErrorKind::UnknownArgument => {
            let help = match text(error, ContextKind::SuggestedArg) {
                none if none.is_empty() => "`--help` behind the command lists its flags".into(),
                flag => format!("did you mean `{flag}`?"),
            };
            Report::new(format!("no flag `{argument}`")).help(help)
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => bad_value(error, &argument),
        ErrorKind::MissingRequiredArgument => Report::new(format!("`{argument}` is missing"))
            .help("`--help` behind the command shows how it is written".to_string()),
        ErrorKind::ArgumentConflict => {
            let other = text(error, ContextKind::PriorArg);
            let (one, other) = (flag(&argument), flag(&other));
            Report::new(format!("`{one}` and `{other}` exclude one another"))
        }
        _ => {
            let said = error.to_string();
            let first = said.lines().next().unwrap_or_default();
            Report::new(first.trim_start_matches("error: ").to_string())
        }
    }
}

/// What clap knows about the error, the first of several; empty if nothing.
fn text(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.first().cloned().unwrap_or_default(),
        Some(_) | None => String::new(),
    }
}

fn unknown_command(asked: &str) -> Report {
    let command = Args::command();
    let names: Vec<&str> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    let help = wording::did_you_mean(asked, &names).unwrap_or_else(|| {
        let names = wording::list(&names);
        format!("the commands are {names}; `devrun --help` tells more")
    });
    Report::new(format!("no command `{asked}`")).help(help)
}

fn bad_value(error: &clap::Error, argument: &str) -> Report {
    let value = text(error, ContextKind::InvalidValue);
    let flag = flag(argument);
    if value.is_empty() {
        return Report::new(format!("`{flag}` needs a value"))
            .help(format!("write it as `{argument}`"));
    }
    let why = match (
        std::error::Error::source(error),
        error.get(ContextKind::ValidValue),
    ) {
        (Some(why), _) => Some(why.to_string()),
        (None, Some(ContextValue::Strings(values))) => {
            Some(format!("it may be {}", wording::choice(values)))
        }
        (None, _) => None,
    };
    Report::new(format!("`{value}` cannot be the value of `{flag}`")).help(why)
}

/// `--port <BASE>` → `--port`.
fn flag(argument: &str) -> &str {
    argument.split([' ', '=']).next().unwrap_or(argument)
}
