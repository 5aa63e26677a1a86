//! `devrun attach`: a process's terminal, from another one.

mod visit;

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::args::Attach;
use crate::cli::attach::visit::{End, Visit};
use crate::cli::session::{self, Running, Target};
use crate::cli::tell::tell;
use crate::cli::{Failure, NOT_RUNNING, NOT_SO, NOT_STARTED, failure, live, refuse};
use crate::control::Whom;
use crate::control::client::{self, Attached};
use crate::os;
use crate::os::pty::Size;
use crate::os::terminal;
use crate::words::report::Report;
use crate::words::wire::{ProcessState, VisitorIs};
use crate::words::wording;

/// Whose terminal is wanted, and where it is.
struct Goal {
    socket: PathBuf,
    whom: Whom,
    /// `None`: the session says.
    shown: Option<String>,
}

pub(super) fn run(args: &Attach) -> ExitCode {
    match attach(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { reports, status }) => refuse(&reports, status),
    }
}

fn attach(args: &Attach) -> Result<(), Failure> {
    let terminal = own_terminal(args)?;
    let running = session::running(&args.place)?;
    let goal = goal(&running, args.process.as_deref())?;
    let keys = args.detach_keys.clone().unwrap_or_default();
    let runtime = live::runtime().map_err(not_started)?;
    let size = terminal::size().unwrap_or(Size::USUAL);
    let visitor = VisitorIs {
        pid: std::process::id() as i32,
        columns: size.columns,
        rows: size.rows,
    };
    let attached = runtime.block_on(client::attach(&goal.socket, &goal.whom, visitor));
    let attached = attached.map_err(|error| refused(args, &goal, &running, &error))?;
    let name = named(&goal, &attached);
    tell!(
        "this is {name}'s terminal, Ctrl-C too is for it; {} leaves",
        keys.as_str()
    );
    let visit = async { Ok(Visit::begin(terminal, attached, &keys)?.go_on().await) };
    match runtime.block_on(visit).map_err(not_started)? {
        End::Left => say(&format!("left {name}; it runs on")),
        End::Over(words) => {
            let command = format!("devrun attach {}", short(&name));
            let again = match state_of(args, &name).map(|now| now.state).as_deref() {
                Some("restarting" | "waiting") => format!("; once it runs again: {command}"),
                Some("completed" | "failed" | "stopping" | "stopped") | None => String::new(),
                Some(_) => format!("; attach again: {command}"),
            };
            say(&format!("{name} {}{again}", wording::escaped(&words)));
        }
        End::Lost => {
            let report = Report::new(format!("the session that runs {name} has gone")).help(
                "`devrun logs` shows what it wrote, `devrun start` runs it again".to_string(),
            );
            return Err(failure(report, NOT_SO));
        }
    }
    Ok(())
}

/// As it is now. `None`: its session is gone.
fn state_of(args: &Attach, name: &str) -> Option<ProcessState> {
    let running = session::running(&args.place).ok()?;
    let meant = running.meant(&[name.to_string()]).ok()?;
    Some(running.state(meant.first()?).clone())
}

/// The terminal may be gone, and then nobody wants to know.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// # Errors
/// There is none: nothing could be typed, or seen.
fn own_terminal(args: &Attach) -> Result<OwnedFd, Failure> {
    let terminal = terminal::of_stdin().filter(|_| terminal::is_terminal(&io::stdout()));
    terminal.ok_or_else(|| {
        let process = args.process.as_deref();
        let logs = process.map_or("devrun logs -f".into(), |name| {
            format!("devrun logs -f {name}")
        });
        let report = Report::new("attach needs a terminal, on stdin and on stdout");
        failure(
            report.help(format!("`{logs}` shows what is written")),
            NOT_STARTED,
        )
    })
}

fn goal(running: &Running, asked: Option<&str>) -> Result<Goal, Failure> {
    let Some(asked) = asked else {
        let socket = running.owner.socket.clone();
        return Ok(Goal {
            socket: socket.expect("the session was asked there already"),
            whom: Whom::WhoeverWaits,
            shown: None,
        });
    };
    let meant = running.meant(&[asked.to_string()]);
    let meant = meant.map_err(|report| failure(report, NOT_STARTED))?;
    let [target] = &meant[..] else {
        return Err(failure(ambiguous(asked, &meant), NOT_STARTED));
    };
    let app = &running.apps[target.app];
    Ok(Goal {
        socket: app.socket.clone(),
        whom: Whom::Process {
            app: app.key.clone(),
            process: target.process.clone(),
        },
        shown: Some(target.shown.clone()),
    })
}

fn ambiguous(asked: &str, meant: &[Target]) -> Report {
    let names: Vec<&str> = meant.iter().map(|target| &target.shown[..]).collect();
    let first = names.first().copied().unwrap_or_default();
    Report::new(format!("`{asked}` means {}", wording::list(&names)))
        .help(format!("one at a time: `devrun attach {first}`"))
}

fn named(goal: &Goal, attached: &Attached) -> String {
    let shown = goal.shown.clone();
    // It comes from elsewhere, and goes to a terminal.
    shown.unwrap_or_else(|| wording::escaped(&attached.process).into_owned())
}

/// Of the first instance, its type alone.
fn short(name: &str) -> &str {
    name.strip_suffix(".1").unwrap_or(name)
}

fn refused(args: &Attach, goal: &Goal, running: &Running, error: &io::Error) -> Failure {
    if error.kind() != io::ErrorKind::ResourceBusy {
        let report = Report::new("the session does not show it");
        return failure(report.caused_by(os::words_of(error)), NOT_RUNNING);
    }
    let report = Report::new(error.to_string());
    let help = match &goal.shown {
        Some(shown) => state_of(args, shown).and_then(|state| help_of(short(shown), &state)),
        None => {
            let mut own = running.own().into_iter();
            let runs = own.find(|target| running.state(target).pid.is_some());
            runs.map(|target| format!("name one: `devrun attach {}`", short(&target.shown)))
        }
    };
    failure(
        match help {
            Some(help) => report.help(help),
            None => report,
        },
        NOT_SO,
    )
}

/// What gives a process a terminal that has none.
fn help_of(name: &str, state: &ProcessState) -> Option<String> {
    match state.state.as_str() {
        "stopped" | "completed" => Some(format!("`devrun start {name}` starts it")),
        "failed" => Some(format!("`devrun restart {name}` starts it again")),
        _ if state.pid.is_some() && !state.stand_in => {
            Some("`devrun start --tty always`, or `tty: true` in devrun.yaml, gives it one".into())
        }
        _ => None,
    }
}

fn not_started(error: io::Error) -> Failure {
    let report = Report::new("the terminal could not be used");
    failure(report.caused_by(os::words_of(&error)), NOT_STARTED)
}
