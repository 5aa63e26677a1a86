//! `devrun env`: the environment of a process, as it is while the app runs, else as it would be.

use std::process::ExitCode;

use crate::cli::args::{Env as Args, EnvFormat};
use crate::cli::context::Context;
use crate::cli::tell::tell;
use crate::cli::view::{Seen, View, WOULD_BE};
use crate::cli::{NOT_STARTED, live, print, refuse, run, secrets};
use crate::load;
use crate::os::terminal;
use crate::plan::resolve::Resolved;
use crate::plan::wire;
use crate::render::env::json::{self, Whose};
use crate::render::env::{self, dotenv, shell};
use crate::words::env::Env;
use crate::words::report::Report;
use crate::words::secret::Secrets;

/// Of a table that nobody looks at: wide enough for a source behind most values.
const COLUMNS_OF_A_PIPE: usize = 120;
/// In place of a value that only the shell can tell.
const UNKNOWN: &str = "(whatever the shell makes of it)";

/// What is shown.
#[derive(Debug, Default)]
struct Subject {
    seen: Seen,
    /// `None`: a command that is run once.
    process: Option<String>,
}

pub(super) fn run(args: &Args) -> ExitCode {
    match subject(args) {
        Ok(subject) => {
            for doubt in &subject.seen.doubts {
                tell!("{doubt}");
            }
            print(&rendered(args, subject))
        }
        Err(reports) => refuse(&reports, NOT_STARTED),
    }
}

fn subject(args: &Args) -> Result<Subject, Vec<Report>> {
    let context = Context::new(&args.place)?;
    if args.process.is_none() && !load::has_procfile(&context.place) {
        return Ok(Subject {
            seen: Seen {
                env: run::env_without_procfile(&context, &args.place)?,
                doubts: vec![WOULD_BE.to_string()],
                ..Seen::default()
            },
            process: None,
        });
    }
    let view = View::of(&context, context.asked(&args.place))?;
    let place = match &args.process {
        Some(asked) => Some(live::place_of(&view.resolved, asked).map_err(|report| vec![report])?),
        None => only(&view.resolved),
    };
    match place {
        Some(place) => of_process(args, &view, place),
        None => Ok(Subject {
            seen: view.one_off_env()?,
            process: None,
        }),
    }
}

/// The first process of the only type.
fn only(resolved: &Resolved) -> Option<usize> {
    let is_one = resolved.sources.apps.roots == 1 && resolved.app(0).entries.len() == 1;
    is_one.then_some(0)
}

fn of_process(args: &Args, view: &View, place: usize) -> Result<Subject, Vec<Report>> {
    let slot = &view.resolved.slots[place];
    let app = view.resolved.app(slot.app);
    let mut seen = view.env(&args.place, place)?;
    let unknown = args.explain.then_some(UNKNOWN);
    let entry = &app.entries[slot.entry];
    wire::lay_line(&mut seen.env, &app.procfile, entry, unknown);
    Ok(Subject {
        seen,
        process: Some(slot.name.to_string()),
    })
}

fn rendered(args: &Args, subject: Subject) -> Vec<u8> {
    let Subject { seen, process } = subject;
    let Seen {
        env, is_running, ..
    } = seen;
    let stdout = std::io::stdout();
    let is_terminal = terminal::is_terminal(&stdout);
    let secrets = secrets(args.reveal);
    if args.explain {
        let size = is_terminal.then(terminal::size).flatten();
        let columns = match (is_terminal, size) {
            (false, _) => COLUMNS_OF_A_PIPE,
            (true, Some(size)) => usize::from(size.columns),
            (true, None) => usize::from(crate::os::pty::Size::USUAL.columns),
        };
        return env::explain(&env, secrets, columns).into_bytes();
    }
    match args.format {
        EnvFormat::Text if is_terminal => env::text(&env, secrets).into_bytes(),
        EnvFormat::Text => env::bytes(&env),
        EnvFormat::Dotenv => dotenv::dotenv(&shown(env, secrets, is_terminal)),
        EnvFormat::Shell => shell::shell(&shown(env, secrets, is_terminal)),
        EnvFormat::Json => {
            let whose = Whose {
                process: process.as_deref(),
                is_running,
            };
            json::json(&env, whose, secrets).into_bytes()
        }
    }
}

/// What is to be read back, as a terminal may have it if that is where it goes.
fn shown(env: Env, secrets: Secrets, is_terminal: bool) -> Env {
    let env = match secrets {
        Secrets::Revealed => env,
        Secrets::Masked => env::masked(&env),
    };
    if is_terminal {
        env::harmless(&env)
    } else {
        env
    }
}
