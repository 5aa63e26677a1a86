//! A command line that clap does not take, in devrun's own form.

use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::args::Args;
use crate::cli::tell::tell;
use crate::cli::{NOT_STARTED, printed, refuse};
use crate::words::report::Report;
use crate::words::wording;

/// The status for errors of `devrun run` itself.
const RUN_FAILED: u8 = 125;

/// Prints help, the version, or what is wrong.
pub(super) fn answer(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => printed(error.print()),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            tell!("{}", Args::command().render_help().to_string().trim_end());
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
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            let help = match text(error, ContextKind::SuggestedArg) {
                none if none.is_empty() => "`--help` behind the command lists its flags".into(),
                flag => format!("did you mean `{flag}`?"),
            };
            Report::new(format!("no flag `{argument}`")).help(help)
        }
        ErrorKind::UnknownArgument => Report::new(format!("nothing is expected at `{argument}`"))
            .help("`--help` behind the command shows how it is written".to_string()),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => bad_value(error, &argument),
        ErrorKind::TooManyValues => {
            let flag = flag(&argument);
            Report::new(format!("`{flag}` takes no value")).help(format!("write it as `{flag}`"))
        }
        ErrorKind::MissingRequiredArgument => missing(&argument),
        ErrorKind::ArgumentConflict => {
            let other = text(error, ContextKind::PriorArg);
            let (one, other) = (flag(&argument), flag(&other));
            Report::new(format!("`{one}` and `{other}` exclude one another"))
        }
        ErrorKind::InvalidUtf8 => Report::new("an argument is not UTF-8"),
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

/// What other tools call it, and what it is called here.
const CALLED_HERE: [(&str, &str); 10] = [
    ("connect", "attach"),
    ("exec", "run"),
    ("kill", "stop"),
    ("list", "ps"),
    ("ls", "ps"),
    ("quit", "stop"),
    ("serve", "start"),
    ("status", "ps"),
    ("tail", "logs -f"),
    ("version", "--version"),
];

fn unknown_command(asked: &str) -> Report {
    if let Some((_, here)) = CALLED_HERE.iter().find(|(there, _)| *there == asked) {
        return Report::new(format!("no command `{asked}`"))
            .help(format!("that is `devrun {here}`"));
    }
    let command = Args::command();
    let names: Vec<&str> = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
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
    if value.is_empty() {
        return missing(argument).help(choices(error).or_else(|| for_example(argument)));
    }
    let why = std::error::Error::source(error).map(ToString::to_string);
    let headline = match flag(argument) {
        "--port" => format!("`{value}` is no port"),
        "--formation" => format!("`{value}` is no formation"),
        "<SHELL>" => format!("no completions for `{value}`"),
        "<FORMAT>" => format!("no export to `{value}`"),
        flag => format!("`{value}` cannot be the value of `{flag}`"),
    };
    Report::new(headline).help(why.or_else(|| choices(error)))
}

/// An argument, or the value of a flag, that is not there.
fn missing(argument: &str) -> Report {
    let headline = match flag(argument) {
        "<CMD>..." => "`devrun run` needs a command".into(),
        "<SHELL>" => "`devrun completions` needs a shell".into(),
        "<FORMAT>" => "`devrun export` needs a format".into(),
        "<DIR|URL|PROCESS>" => "`devrun link` needs what is behind the variable".into(),
        "<VARIABLE>" => "`devrun unlink` needs a variable".into(),
        flag => format!("`{flag}` needs a value"),
    };
    Report::new(headline).help(for_example(argument))
}

/// The values that clap itself knows to be allowed.
fn choices(error: &clap::Error) -> Option<String> {
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) if !values.is_empty() => {
            Some(format!("it may be {}", wording::choice(values)))
        }
        Some(_) | None => None,
    }
}

/// Something to type in place of what is missing.
fn for_example(argument: &str) -> Option<String> {
    let is_it = |(name, _): &&(&str, &str)| *name == argument || *name == flag(argument);
    let (_, example) = EXAMPLES.iter().find(is_it)?;
    Some(format!("for example `{example}`"))
}

/// For every argument whose values are not a closed list, as clap names it.
const EXAMPLES: [(&str, &str); 34] = [
    ("--procfile", "--procfile Procfile.dev"),
    ("--root", "--root services/shop"),
    ("--env", "--env .env.test"),
    ("--set", "--set DEBUG=1"),
    ("--use", "--use API_URL=../api"),
    ("--unuse", "--unuse API_URL"),
    ("--formation", "--formation all=1,worker=2"),
    ("--without", "--without worker"),
    ("--port", "--port 3000"),
    ("--timeout", "--timeout 10"),
    ("--process", "--process web"),
    ("--detach-keys", "--detach-keys ctrl-p,ctrl-q"),
    ("--as <PROCESS>", "--as web"),
    ("--as", "--as API_URL"),
    ("--lines", "--lines 100"),
    ("--since", "--since 5m"),
    ("--until", "--until 10:07"),
    ("--grep", "--grep 'error|warning'"),
    ("--context", "--context 3"),
    ("--session", "--session -1"),
    ("--app", "--app shop"),
    ("--user", "--user deploy"),
    ("--image", "--image registry/shop:1"),
    ("--host", "--host shop.example.com"),
    ("<FORMAT>", "devrun export compose ."),
    ("[DIR]", "devrun export compose ."),
    ("<DIR|URL|PROCESS>", "devrun link ../api"),
    ("<VARIABLE>", "devrun unlink API_URL"),
    ("<CMD>...", "devrun run rails console"),
    ("<SHELL>", "devrun completions bash"),
    ("[PROCESS]...", "devrun start web"),
    ("[PROCESS]", "devrun env web"),
    ("[NAME]", "devrun url web"),
    ("[COMMAND]", "devrun man start"),
];

/// `--port <BASE>` → `--port`.
fn flag(argument: &str) -> &str {
    argument.split([' ', '=']).next().unwrap_or(argument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_has_an_example_or_a_list_of_its_values() {
        let mut devrun = Args::command();
        devrun.build();
        let of_ours = devrun
            .get_subcommands()
            .filter(|command| command.get_name() != "help" && !command.is_hide_set());
        for command in of_ours {
            for argument in command.get_arguments() {
                let takes_value = argument.get_action().takes_values();
                let is_closed = !argument.get_possible_values().is_empty();
                assert!(
                    !takes_value || is_closed || for_example(&argument.to_string()).is_some(),
                    "{argument}"
                );
            }
        }
    }
}
