//! `devrun run --as web`: the command is a process of the running app, in its place until it ends.

use std::ffi::OsString;
use std::io;
use std::process::Command;
use std::time::Duration;

use crate::cli::args::{AppOnly, Run};
use crate::cli::session::{self, Running, RunningApp, Target};
use crate::cli::tell::tell;
use crate::cli::{live, own_terminal, run};
use crate::control::client;
use crate::os;
use crate::plan::check;
use crate::plan::command;
use crate::plan::sources::Asked;
use crate::words::env::Source;
use crate::words::report::Report;
use crate::words::wire::{ProcessState, Replaced, Replacing};
use crate::words::wording;

/// From then on it is visible that something is waited for.
const SAID_AFTER: Duration = Duration::from_millis(300);

/// The command to be executed in our place: from here on the session takes this process for the one that was
/// asked for. If nothing comes of it, that one is started again.
///
/// # Errors
/// No session runs here, or the place cannot be had.
pub(super) fn prepare(args: &Run, asked: &str) -> Result<Command, Vec<Report>> {
    let set = Asked {
        set: args.place.set.clone(),
        ..Asked::default()
    };
    let forbidden = check::forbidden(&set);
    if !forbidden.is_empty() {
        return Err(forbidden);
    }
    let place = AppOnly {
        procfile: args.place.procfile.clone(),
        root: args.place.root.clone(),
    };
    let running = session::running(&place).map_err(|failure| failure.reports)?;
    let meant = running.meant(&[asked.to_string()]);
    let meant = meant.map_err(|report| vec![report])?.into_iter().next();
    let target = meant.expect("a name that means nobody is an error");
    take(args, &running, &target).map_err(|report| vec![report])
}

fn take(args: &Run, running: &Running, target: &Target) -> Result<Command, Report> {
    let app = &running.apps[target.app];
    let refused = |error: &io::Error| {
        let shown = &target.shown;
        Report::new(format!("no place for a command as {shown}")).caused_by(os::words_of(error))
    };
    let runtime = live::runtime().map_err(|error| refused(&error))?;
    if !is_own_line(args, target) {
        let now = runtime.block_on(client::env(&app.socket, &app.key, &target.process));
        // A slip of the pen shall not cost the process a restart.
        now.map_or(Ok(()), |now| run::look_for(&args.command[0], &now.into()))?;
    }
    let replaced = replace(args, app, target, running.state(target));
    let replaced = runtime
        .block_on(replaced)
        .map_err(|error| refused(&error))?;
    Ok(command(args, target, replaced))
}

async fn replace(
    args: &Run,
    app: &RunningApp,
    target: &Target,
    state: &ProcessState,
) -> io::Result<Replaced> {
    let words = args.command.iter().map(|word| word.to_string_lossy());
    let replacing = Replacing {
        command: words.collect::<Vec<_>>().join(" "),
    };
    let replaced = client::replace(&app.socket, &app.key, &target.process, &replacing);
    tokio::pin!(replaced);
    tokio::select! {
        replaced = &mut replaced => return replaced,
        () = tokio::time::sleep(SAID_AFTER) => tell!("{}", waits(&target.shown, state)),
    }
    replaced.await
}

fn waits(shown: &str, state: &ProcessState) -> String {
    let pid = state.pid.map(|pid| format!(" (pid {pid})"));
    let grace = state.grace_ms.map(|grace| {
        let grace = wording::duration(Duration::from_millis(grace));
        format!(", at most {grace}")
    });
    let (pid, grace) = (pid.unwrap_or_default(), grace.unwrap_or_default());
    format!("waiting for {shown} to end{pid}{grace}")
}

/// By its name the process's own line of the Procfile is meant.
fn is_own_line(args: &Run, target: &Target) -> bool {
    let process_type = target.process.rsplit_once('.');
    let process_type = process_type.map_or(&target.process[..], |(process_type, _)| process_type);
    matches!(&args.command[..], [name] if name == process_type)
}

fn command(args: &Run, target: &Target, replaced: Replaced) -> Command {
    let mut command = if is_own_line(args, target) {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c");
        shell.arg(command::with_exec(&replaced.command).as_ref());
        // The line means that directory, wherever it is called from.
        shell.current_dir(&replaced.directory);
        shell
    } else {
        let mut command = Command::new(&args.command[0]);
        command.args(&args.command[1..]);
        command
    };
    let shell: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let mut env = own_terminal::of(replaced.env.into(), &shell);
    for (name, value) in &args.place.set {
        env.lay(name.into(), value.into(), Source::CommandLine);
    }
    command.env_clear();
    command.envs(env.iter().map(|(name, variable)| (name, &variable.value)));
    command
}
