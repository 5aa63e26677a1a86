//! `devrun run`: a command in the app's environment. It takes devrun's place: terminal, descriptors and
//! exit status are its own.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::cli::args::Run;
use crate::cli::{context, refuse};
use crate::load::{self, Where};
use crate::os;
use crate::plan::resolve::{self, Resolved, Rules};
use crate::plan::select::{self, Wanted};
use crate::plan::wire::{self, Layers};
use crate::plan::{PlannedProcess, command};
use crate::registry;
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
    let (options, _, errors) = context::options();
    if !errors.is_empty() {
        return Err(errors);
    }
    let place = context::place(&args.place, &options).map_err(|report| vec![report])?;
    if args.process.is_none() && !load::has_procfile(&place) {
        return without_procfile(args, &place);
    }
    let loaded = load::app(&place);
    if !loaded.errors.is_empty() {
        return Err(loaded.errors);
    }
    let sources = context::sources(
        loaded.value,
        &place,
        &args.place.set,
        Wanted::default(),
        None,
        Rules::default(),
    );
    let resolved = resolve::resolve(sources)?;
    let own_line = own_line(&resolved, &args.command);
    let env = env(args, &resolved, own_line.as_ref())?;
    let command = match &own_line {
        Some(line) => {
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(command::with_exec(line).as_ref());
            // The line means the app's directory, wherever it is called from.
            shell.current_dir(&resolved.sources.directory);
            shell
        }
        None => as_given(args),
    };
    Ok(with_env(command, &env))
}

/// The env files are worth something by themselves.
fn without_procfile(args: &Run, place: &Where) -> Result<Command, Vec<Report>> {
    let loaded = load::env_alone(place);
    if !loaded.errors.is_empty() {
        return Err(loaded.errors);
    }
    let layers = Layers {
        shell: place.shell.clone(),
        env_files: loaded.value.env_files,
        set: args.place.set.clone(),
    };
    let env = wire::environment(None, None, &[], &layers);
    Ok(with_env(as_given(args), &env))
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
    let entries = &resolved.sources.entries;
    let entry = entries
        .iter()
        .find(|entry| name == entry.process_type.as_str())?;
    Some(entry.command.clone())
}

/// The process whose environment the command gets: the one that was asked for, else that of the Procfile
/// line, else one of no type, which sees the URLs of all and has no PORT.
fn env(args: &Run, resolved: &Resolved, own_line: Option<&String>) -> Result<Env, Vec<Report>> {
    let sources = &resolved.sources;
    // The ports of the running app; those that it would have, if it does not run.
    let live = registry::running(&sources.identity).map(|owner| owner.ports);
    let ports = resolved.expected_ports(&live.unwrap_or_default());
    let plan = resolved.plan(&ports)?;
    let named = args.process.clone();
    let of_line = own_line
        .and(args.command.first())
        .map(|name| name.to_string_lossy().into_owned());
    let Some(asked) = named.or(of_line) else {
        return Ok(resolved.one_off_env(&ports));
    };
    let is_it = |process: &&PlannedProcess| {
        process.name.to_string() == asked || process.name.process_type.as_str() == asked
    };
    let found = plan.processes.iter().find(is_it);
    found.map(|process| process.env.clone()).ok_or_else(|| {
        vec![select::unknown_type(
            &sources.procfile,
            &asked,
            &sources.entries,
        )]
    })
}
