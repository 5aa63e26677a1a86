//! `devrun url`: one URL and nothing else, of a process or of what is behind a variable.

use std::borrow::Cow;
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::args::Url;
use crate::cli::context::Context;
use crate::cli::tell::tell;
use crate::cli::view::{View, WOULD_BE};
use crate::cli::{NOT_STARTED, live, print, refuse, secrets};
use crate::plan;
use crate::plan::resolve::Resolved;
use crate::plan::uses::Backing;
use crate::render::harmless;
use crate::words::env::Source;
use crate::words::report::Report;
use crate::words::secret::{self, Secrets};
use crate::words::wording;

/// Of the JSON; changes when a field is removed or gets another meaning.
const VERSION: u32 = 1;

/// What a name stands for.
struct Found {
    url: String,
    /// Nobody who runs has it.
    would_be: bool,
}

/// docs/json.md describes it.
#[derive(Serialize)]
struct Document<'a> {
    v: u32,
    url: &'a str,
    running: bool,
}

pub(super) fn run(args: &Url) -> ExitCode {
    match find(args) {
        Ok(found) => {
            let secrets = secrets(args.reveal);
            match args.json {
                true => print(json(&found, secrets).as_bytes()),
                false => print_text(&found, secrets),
            }
        }
        Err(reports) => refuse(&reports, NOT_STARTED),
    }
}

impl Found {
    fn shown(&self, secrets: Secrets) -> Cow<'_, str> {
        match secrets {
            Secrets::Masked => secret::masked("", &self.url),
            Secrets::Revealed => self.url.as_str().into(),
        }
    }
}

/// In one line, with its end.
fn json(found: &Found, secrets: Secrets) -> String {
    let document = Document {
        v: VERSION,
        url: &found.shown(secrets),
        running: !found.would_be,
    };
    harmless::json(&document) + "\n"
}

fn print_text(found: &Found, secrets: Secrets) -> ExitCode {
    if found.would_be {
        tell!("{WOULD_BE}");
    }
    let shown = found.shown(secrets);
    let shown = match secrets {
        Secrets::Masked => wording::escaped(&shown),
        Secrets::Revealed => Cow::Borrowed(&*shown),
    };
    print(format!("{shown}\n").as_bytes())
}

fn find(args: &Url) -> Result<Found, Vec<Report>> {
    let context = Context::new(&args.place)?;
    let view = View::of(&context, context.asked(&args.place))?;
    let place = match &args.name {
        None => live::usual(&view.resolved, "url").map_err(|report| vec![report])?,
        Some(name) => match live::place_of(&view.resolved, name) {
            Ok(place) => place,
            Err(_) => return of_variable(args, &view, name),
        },
    };
    of_process(&view, place).map_err(|report| vec![report])
}

fn of_process(view: &View, place: usize) -> Result<Found, Report> {
    let ports = &view.ports[place];
    let port = ports.reached.or(ports.given);
    let port = port.ok_or_else(|| without_port(&view.resolved, place))?;
    Ok(Found {
        url: plan::url(view.plan.processes[place].scheme, port),
        would_be: !view.live.runs(&view.resolved.slots[place]),
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

/// The value of a variable of `uses:`, as the first process has it that uses it: one that runs before others.
fn of_variable(args: &Url, view: &View, name: &str) -> Result<Found, Vec<Report>> {
    if let Some(found) = of_running(args, view, name)? {
        return Ok(found);
    }
    let View { resolved, live, .. } = view;
    let wires = || {
        let wires = resolved.wires.iter();
        wires.filter(|wire| resolved.is_root(resolved.slots[wire.consumer].app))
    };
    let Some(wire) = wires().find(|wire| wire.declared.variable == name) else {
        let mut variables: Vec<String> =
            wires().map(|wire| wire.declared.variable.clone()).collect();
        variables.sort();
        variables.dedup();
        return Err(vec![live::unknown(resolved, name, &variables)]);
    };
    let Some(variable) = view.plan.processes[wire.consumer].env.get(name) else {
        return Err(match &wire.backing {
            Backing::Nothing(why) => vec![why.clone()],
            Backing::Process(provider) => vec![without_port(resolved, *provider)],
            Backing::Resource => view.refused.clone(),
        });
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

/// The value that a process runs with: by a use, whatever the files say of it now, or in place of one.
fn of_running(args: &Url, view: &View, name: &str) -> Result<Option<Found>, Vec<Report>> {
    let slots = view.resolved.slots.iter().enumerate();
    let runs = slots
        .filter(|(_, slot)| view.resolved.is_root(slot.app) && view.live.runs(slot))
        .map(|(place, _)| place);
    for place in runs {
        let mut wires = view.resolved.wires.iter();
        let is_declared =
            wires.any(|wire| wire.consumer == place && wire.declared.variable == name);
        let seen = view.env(&args.place, place)?;
        let Some(variable) = seen.env.get(name).filter(|_| seen.is_told) else {
            continue;
        };
        if is_declared || matches!(variable.source, Source::Use { .. }) {
            return Ok(Some(Found {
                url: variable.value.to_string_lossy().into_owned(),
                would_be: false,
            }));
        }
    }
    Ok(None)
}
