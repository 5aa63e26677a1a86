//! `devrun url`: one URL and nothing else, of a process or of what is behind a variable.

use std::process::ExitCode;

use crate::cli::args::Url;
use crate::cli::context::Context;
use crate::cli::live::{self, Live, WOULD_BE};
use crate::cli::{NOT_STARTED, print, refuse, secrets};
use crate::plan::resolve::{Ports, Resolved};
use crate::plan::uses::{Backing, Wire};
use crate::plan::{self, Plan};
use crate::words::report::Report;
use crate::words::secret::{self, Secrets};
use crate::words::wording;

/// What a name stands for.
struct Found {
    url: String,
    /// Nobody who runs has it.
    would_be: bool,
}

pub(super) fn run(args: &Url) -> ExitCode {
    match find(args) {
        Ok(found) => {
            if found.would_be {
                eprintln!("{WOULD_BE}");
            }
            let shown = match secrets(args.reveal) {
                Secrets::Masked => wording::escaped(&secret::masked("", &found.url)).into_owned(),
                Secrets::Revealed => found.url,
            };
            print(format!("{shown}\n").as_bytes())
        }
        Err(reports) => refuse(&reports, NOT_STARTED),
    }
}

fn find(args: &Url) -> Result<Found, Vec<Report>> {
    let context = Context::new(&args.place)?;
    let (resolved, live) = live::resolved(&context, context.asked(&args.place))?;
    let ports = live.ports(&resolved);
    let plan = resolved.plan(&ports)?;
    let place = match &args.name {
        None => live::usual(&resolved, "url").map_err(|report| vec![report])?,
        Some(name) => match live::place_of(&resolved, name) {
            Ok(place) => place,
            Err(_) => return of_variable(&resolved, &live, &plan, name),
        },
    };
    let found = of_process(&resolved, &live, &plan, &ports, place);
    found.map_err(|report| vec![report])
}

fn of_process(
    resolved: &Resolved,
    live: &Live,
    plan: &Plan,
    ports: &[Ports],
    place: usize,
) -> Result<Found, Report> {
    let process = &plan.processes[place];
    let port = ports[place].reached.or(ports[place].given);
    let port = port.ok_or_else(|| without_port(resolved, place))?;
    Ok(Found {
        url: plan::url(process.scheme, port),
        would_be: !live.runs(&resolved.slots[place]),
    })
}

/// It has none, or will get any.
fn without_port(resolved: &Resolved, place: usize) -> Report {
    let name = &resolved.slots[place].name;
    if resolved.request(place).is_none() {
        return Report::new(format!("{name} has no port"));
    }
    Report::new(format!("{name} has no port before it is started"))
        .help("`devrun start` gives it one".to_string())
}

/// The value of a variable of `uses:`, as the first process has it that uses it.
fn of_variable(
    resolved: &Resolved,
    live: &Live,
    plan: &Plan,
    name: &str,
) -> Result<Found, Vec<Report>> {
    let of_roots = |wire: &&Wire| resolved.is_root(resolved.slots[wire.consumer].app);
    let mut wires = resolved.wires.iter().filter(of_roots);
    let Some(wire) = wires.find(|wire| wire.declared.variable == name) else {
        let wires = resolved.wires.iter().filter(of_roots);
        let mut variables: Vec<String> = wires.map(|wire| wire.declared.variable.clone()).collect();
        variables.sort();
        variables.dedup();
        return Err(vec![live::unknown(resolved, name, &variables)]);
    };
    let Some(variable) = plan.processes[wire.consumer].env.get(name) else {
        return Err(vec![match &wire.backing {
            Backing::Nothing(why) => why.clone(),
            Backing::Process(provider) => without_port(resolved, *provider),
            Backing::Resource => Report::new(format!("nobody is behind {name}")),
        }]);
    };
    let would_be = match wire.backing {
        Backing::Process(provider) => !wire.is_hidden && !live.runs(&resolved.slots[provider]),
        Backing::Resource | Backing::Nothing(_) => false,
    };
    Ok(Found {
        url: variable.value.to_string_lossy().into_owned(),
        would_be,
    })
}
