//! `devrun run`: a command in the app's environment. It takes devrun's place: terminal, descriptors and
//! exit status are its own.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::cli::args::{self, Run};
use crate::cli::context::Context;
use crate::cli::{context, refuse};
use crate::load;
use crate::os;
use crate::plan::resolve::{Ports, Resolved};
use crate::plan::sources::Apps;
use crate::plan::wire::{self, Own};
use crate::plan::{PlannedProcess, command, planning, select};
use crate::words::env::Env;
use crate::words::report::Report;

/// The status for errors of our own: no program is likely to end with it.
const FAILED: u8 = 125;

pub(super) fn run(args: &Run) -> ExitCode {
    match prepare(args) {
        Ok(mut command) => {
            let error = command.exec();
            let program = command.get_program().to_string_lossy().into_owned();
            let report =
                Report::new(format!("`{program}` cannot be run")).caused_by(os::words_of(&error));
            refuse(&[report], FAILED)
        }
        Err(reports) => refuse(&reports, FAILED),
    }
}

fn prepare(args: &Run) -> Result<Command, Vec<Report>> {
    let context = Context::new(&args.place)?;
    if args.process.is_none() && !load::has_procfile(&context.place) {
        let env = env_without_procfile(&context, &args.place)?;
        return Ok(with_env(as_given(args), &env));
    }
    let (resolved, _) = context.resolved(context.asked(&args.place), &[])?;
    let own_line = own_line(&resolved, &args.command);
    let env = env(args, &resolved, own_line.as_ref())?;
    let command = match &own_line {
        Some(line) => {
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(command::with_exec(line).as_ref());
            // The line means the app's directory, wherever it is called from.
            shell.current_dir(&resolved.app(0).directory);
            shell
        }
        None => as_given(args),
    };
    Ok(with_env(command, &env))
}

/// The env files are worth something by themselves.
pub(super) fn env_without_procfile(
    context: &Context,
    place: &args::Where,
) -> Result<Env, Vec<Report>> {
    let loaded = load::env_alone(&context.place);
    if !loaded.errors.is_empty() {
        return Err(loaded.errors);
    }
    let apps = Apps {
        apps: vec![loaded.value],
        roots: 1,
        ..Apps::default()
    };
    let sources = context.sources(apps, context.asked(place));
    let own = Own::default();
    let below = wire::below_uses(&sources, 0, own);
    Ok(wire::complete(below, &sources, 0, own, Vec::new()))
}

fn as_given(args: &Run) -> Command {
    let (program, arguments) = args.command.split_first().expect("clap demands one");
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

fn with_env(mut command: Command, env: &Env) -> Command {
    command.env_clear();
    command.envs(env.iter().map(|(name, variable)| (name, &variable.value)));
    command
}

/// The command of the Procfile line that a single argument names.
fn own_line(resolved: &Resolved, given: &[OsString]) -> Option<String> {
    let [name] = given else { return None };
    let entries = &resolved.app(0).entries;
    let entry = entries
        .iter()
        .find(|entry| name == entry.process_type.as_str())?;
    Some(entry.command.clone())
}

/// The process whose environment the command gets: the one that was asked for, else that of the Procfile
/// line, else one of no type, which sees the URLs of all and has no PORT.
fn env(args: &Run, resolved: &Resolved, own_line: Option<&String>) -> Result<Env, Vec<Report>> {
    let ports = ports(resolved);
    let plan = resolved.plan(&ports)?;
    let named = args.process.clone();
    let of_line = own_line
        .and(args.command.first())
        .map(|name| name.to_string_lossy().into_owned());
    let Some(asked) = named.or(of_line) else {
        return Ok(planning::one_off_env(resolved, &ports));
    };
    let is_it = |process: &&PlannedProcess| {
        process.name.to_string() == asked || process.name.process_type.as_str() == asked
    };
    let found = plan.processes.iter().find(is_it);
    found.map(|process| process.env.clone()).ok_or_else(|| {
        let app = resolved.app(0);
        vec![select::unknown_type(&app.procfile, &asked, &app.entries)]
    })
}

/// The ports of the running apps; those that they would have, where they do not run.
fn ports(resolved: &Resolved) -> Vec<Ports> {
    let live = context::live(resolved);
    resolved.expected_ports(&|app| live[app].as_ref().map(|owner| owner.ports.clone()))
}
