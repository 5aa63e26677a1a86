//! `devrun env`: the environment of a process, as it is while the app runs, else as it would be.

use std::process::ExitCode;

use crate::cli::args::{Env as Args, EnvFormat};
use crate::cli::context::Context;
use crate::cli::live::{self, Live, WOULD_BE};
use crate::cli::{NOT_STARTED, print, refuse, run, secrets};
use crate::load;
use crate::os::terminal;
use crate::plan::resolve::{Ports, Resolved};
use crate::plan::{Plan, planning, wire};
use crate::render::env::json::{self, Whose};
use crate::render::env::{self, dotenv, shell};
use crate::words::env::Env;
use crate::words::report::Report;
use crate::words::secret::Secrets;

/// Of a table that nobody looks at: wide enough for a source behind most values.
const COLUMNS_OF_A_PIPE: usize = 120;
/// In place of a value that only the shell can tell.
const UNKNOWN: &str = "(whatever the shell makes of it)";

/// An environment, and what is to be known of it.
#[derive(Debug, Default)]
struct Subject {
    env: Env,
    /// `None`: a command that is run once.
    process: Option<String>,
    is_running: bool,
    /// Which of the values are none of a process that runs.
    doubts: Vec<String>,
}

pub(super) fn run(args: &Args) -> ExitCode {
    match subject(args) {
        Ok(subject) => {
            if !subject.is_running {
                eprintln!("{WOULD_BE}");
            }
            for doubt in &subject.doubts {
                eprintln!("{doubt}");
            }
            print(&rendered(args, subject))
        }
        Err(reports) => refuse(&reports, NOT_STARTED),
    }
}

fn subject(args: &Args) -> Result<Subject, Vec<Report>> {
    let context = Context::new(&args.place)?;
    if args.process.is_none() && !load::has_procfile(&context.place) {
        let env = run::env_without_procfile(&context, &args.place)?;
        return Ok(Subject {
            env,
            ..Subject::default()
        });
    }
    let (resolved, live) = live::resolved(&context, context.asked(&args.place))?;
    let ports = live.ports(&resolved);
    let place = match &args.process {
        Some(asked) => Some(live::place_of(&resolved, asked).map_err(|report| vec![report])?),
        None => only(&resolved),
    };
    match place {
        Some(place) => of_process(args, &resolved, &live, &ports, place),
        None => Ok(Subject {
            env: planning::one_off_env(&resolved, &ports),
            process: None,
            is_running: live.app(0).is_some(),
            doubts: Vec::new(),
        }),
    }
}

/// The first process of the only type.
fn only(resolved: &Resolved) -> Option<usize> {
    let is_one = resolved.sources.apps.roots == 1 && resolved.app(0).entries.len() == 1;
    is_one.then_some(0)
}

fn of_process(
    args: &Args,
    resolved: &Resolved,
    live: &Live,
    ports: &[Ports],
    place: usize,
) -> Result<Subject, Vec<Report>> {
    let plan = resolved.plan(ports)?;
    let slot = &resolved.slots[place];
    let is_running = live.runs(slot);
    let mut env = plan.processes[place].env.clone();
    let app = resolved.app(slot.app);
    let unknown = args.explain.then_some(UNKNOWN);
    wire::lay_line(&mut env, &app.procfile, &app.entries[slot.entry], unknown);
    Ok(Subject {
        env,
        process: Some(slot.name.to_string()),
        is_running,
        doubts: if is_running {
            doubts(&plan, ports, place)
        } else {
            Vec::new()
        },
    })
}

/// The uses of a process that runs, of which the provider does not.
fn doubts(plan: &Plan, ports: &[Ports], place: usize) -> Vec<String> {
    let uses = plan.processes[place].uses.iter();
    let doubt = |used: &crate::plan::Used| {
        let provider = used.provider.filter(|provider| !ports[*provider].is_live)?;
        used.value.as_ref()?;
        let name = &plan.processes[provider].name;
        Some(format!("{}: {name} is {WOULD_BE}", used.variable))
    };
    uses.filter_map(doubt).collect()
}

fn rendered(args: &Args, subject: Subject) -> Vec<u8> {
    let Subject {
        env,
        process,
        is_running,
        ..
    } = subject;
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
        EnvFormat::Dotenv => dotenv::dotenv(&shown(env, secrets)),
        EnvFormat::Shell => shell::shell(&shown(env, secrets)),
        EnvFormat::Json => {
            let whose = Whose {
                process: process.as_deref(),
                is_running,
            };
            json::json(&env, whose, secrets).into_bytes()
        }
    }
}

/// What is to be read back, as a terminal may have it.
fn shown(env: Env, secrets: Secrets) -> Env {
    match secrets {
        Secrets::Revealed => env,
        Secrets::Masked => env::masked(&env),
    }
}
