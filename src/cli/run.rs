//! `devrun run`: a command in the app's environment. It takes devrun's place: terminal, descriptors and
//! exit status are its own.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::cli::args::{self, Run};
use crate::cli::context::Context;
use crate::cli::tell::tell;
use crate::cli::view::View;
use crate::cli::{live, refuse, run_as};
use crate::load;
use crate::os;
use crate::plan::command;
use crate::plan::resolve::Resolved;
use crate::plan::slots::Slot;
use crate::plan::sources::{Apps, Sources};
use crate::plan::wire::{self, Own};
use crate::words::env::Env;
use crate::words::report::Report;

/// The status for errors of our own: no program is likely to end with it.
pub(super) const FAILED: u8 = 125;

pub(super) fn run(args: &Run) -> ExitCode {
    let prepared = match &args.stands_in_for {
        Some(asked) => run_as::prepare(args, asked),
        None => prepare(args),
    };
    match prepared {
        Ok(mut command) => {
            let error = command.exec();
            refuse(&[cannot_run(&command, &error)], FAILED)
        }
        Err(reports) => refuse(&reports, FAILED),
    }
}

pub(super) fn cannot_run(command: &Command, error: &std::io::Error) -> Report {
    let program = command.get_program().to_string_lossy().into_owned();
    Report::new(format!("`{program}` cannot be run")).caused_by(os::words_of(error))
}

/// The command in the environment as it is now.
///
/// # Errors
/// What is wrong with the files; there is no such process.
pub(super) fn prepare(args: &Run) -> Result<Command, Vec<Report>> {
    let context = Context::new(&args.place)?;
    if args.process.is_none() && !load::has_procfile(&context.place) {
        let env = env_without_procfile(&context, &args.place)?;
        return Ok(with_env(as_given(args), &env));
    }
    let view = View::of(&context, context.asked(&args.place))?;
    let own_line = own_line(&view.resolved, &args.command);
    let env = env(args, &view, own_line)?;
    let command = match own_line {
        Some(place) => {
            let line = &view.plan.processes[place].command;
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(command::with_exec(line).as_ref());
            // The line means the app's directory, wherever it is called from.
            shell.current_dir(&view.resolved.app(0).directory);
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
    Ok(env_of_app(&context.sources(apps, context.asked(place))))
}

/// The first app's, without what it uses.
pub(super) fn env_of_app(sources: &Sources) -> Env {
    let below = wire::common(sources, 0, &[]);
    wire::complete(below, sources, 0, Own::default(), Vec::new())
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

/// # Errors
/// There is no such program in that environment.
pub(super) fn look_for(program: &OsStr, env: &Env) -> Result<(), Report> {
    let is_path = Path::new(program).components().count() > 1;
    let path = env.get("PATH").filter(|_| !is_path);
    let is_there = path.is_none_or(|path| {
        let mut directories = std::env::split_paths(&path.value);
        directories.any(|directory| directory.join(program).is_file())
    });
    if is_there {
        return Ok(());
    }
    let program = program.to_string_lossy();
    let missing = io::Error::from_raw_os_error(os::NO_SUCH_FILE);
    Err(Report::new(format!("`{program}` cannot be run")).caused_by(os::words_of(&missing)))
}

/// The first process of the Procfile line that a single argument names.
pub(super) fn own_line(resolved: &Resolved, given: &[OsString]) -> Option<usize> {
    let [name] = given else { return None };
    let is_it = |slot: &Slot| slot.app == 0 && name == slot.name.process_type.as_str();
    resolved.slots.iter().position(is_it)
}

/// The environment of the process that was asked for; else that which the Procfile's line would be started
/// with, or one of no type, which sees the URLs of all and has no PORT.
fn env(args: &Run, view: &View, own_line: Option<usize>) -> Result<Env, Vec<Report>> {
    let Some(asked) = &args.process else {
        return match own_line {
            Some(place) => view.env_of_files(place),
            None => Ok(view.one_off_env()?.env),
        };
    };
    let place = live::place_of(&view.resolved, asked).map_err(|report| vec![report])?;
    let seen = view.env(&args.place, place)?;
    for doubt in seen.doubts {
        tell!("{doubt}");
    }
    Ok(seen.env)
}
