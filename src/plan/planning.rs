//! From resolved sources and ports to a plan: each process's environment, and what its uses are worth now.

use std::ffi::{OsStr, OsString};

use crate::plan::handle::{BadHandle, Handle};
use crate::plan::resolve::{self, MAX_RESTARTS, Ports, Resolved, USUAL_GRACE, unfilled};
use crate::plan::slots::Slot;
use crate::plan::sources::{App, Sources};
use crate::plan::uses::{self, Backing, Wire};
use crate::plan::value::{Behind, Served, Template};
use crate::plan::wire::{self, Automatic, Given, Own};
use crate::plan::{Host, Plan, PlannedApp, PlannedProcess, Used, Watch, check, ports, server};
use crate::syntax::settings::ProcessSettings;
use crate::words::env::{Env, Source};
use crate::words::report::Report;
use crate::words::uses::Target;

pub(super) fn plan(resolved: &Resolved, ports: &[Ports]) -> Result<Plan, Vec<Report>> {
    let mut errors: Vec<Report> = Vec::new();
    let mut processes = Vec::new();
    let common: Vec<Env> = (0..resolved.sources.apps.apps.len())
        .map(|app| wire::common(&resolved.sources, app, &automatic(resolved, ports, app)))
        .collect();
    for (place, slot) in resolved.slots.iter().enumerate() {
        match process(resolved, ports, place, &common[slot.app]) {
            Ok(process) => processes.push(process),
            // Of one mistake in the files all instances tell.
            Err(reports) => {
                for report in reports {
                    if !errors.contains(&report) {
                        errors.push(report);
                    }
                }
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let plan = Plan {
        apps: (0..resolved.sources.apps.apps.len())
            .map(|app| planned_app(resolved, app))
            .collect(),
        externals: resolved.externals.clone(),
        processes,
    };
    match check::sizes(&plan, &resolved.sources.apps.apps) {
        errors if errors.is_empty() => Ok(plan),
        errors => Err(errors),
    }
}

fn planned_app(resolved: &Resolved, app: usize) -> PlannedApp {
    let sources = resolved.app(app);
    PlannedApp {
        name: resolved.app_name(app),
        identity: sources.identity.clone(),
        shown: sources.shown.clone(),
    }
}

/// Each type of an app that others of the same Procfile get the URL of, and that is there.
fn automatic(resolved: &Resolved, ports: &[Ports], app: usize) -> Vec<Automatic> {
    let sources = resolved.app(app);
    if sources.settings.auto_urls == Some(false) {
        return Vec::new();
    }
    let slots = resolved.slots.iter().zip(ports).enumerate();
    let firsts = slots.filter(|(place, (slot, _))| {
        slot.app == app && slot.name.instance.get() == 1 && resolved.is_wanted[*place]
    });
    firsts
        .filter_map(|(_, (slot, ports))| {
            let entry = &sources.entries[slot.entry];
            wire::automatic(entry, ports.host.as_deref(), ports.reached?)
        })
        .collect()
}

fn process(
    resolved: &Resolved,
    ports: &[Ports],
    place: usize,
    common: &Env,
) -> Result<PlannedProcess, Vec<Report>> {
    let slot = &resolved.slots[place];
    let app = resolved.app(slot.app);
    let entry = &app.entries[slot.entry];
    let said = app.said_of(entry.process_type.as_str());
    let asked = resolved.sources.asked_of(slot.app);
    let names = resolved.further(place);
    let further: Vec<(String, u16)> = names
        .into_iter()
        .zip(ports[place].further.clone())
        .collect();
    let own = Own {
        name: Some(&slot.name),
        port: ports[place].given,
        base: base(resolved, ports, place),
        further: &further,
    };
    let below = wire::below_uses(common, &resolved.sources, slot.app, &slot.name);
    let worth = worth(resolved, ports, place, &below);
    // Who is not wanted holds nobody up: he is refused if he is asked for.
    let cannot = worth.errors.first().map(|report| report.headline.clone());
    let is_refused = resolved.is_wanted[place] && !resolved.sources.asked.only_looks;
    if is_refused && !worth.errors.is_empty() {
        return Err(worth.errors);
    }
    let usual = &app.settings;
    Ok(PlannedProcess {
        name: slot.name.clone(),
        app: slot.app,
        host: if ports[place].is_elsewhere {
            Host::Elsewhere
        } else {
            Host::Here
        },
        is_wanted: resolved.is_wanted[place],
        is_meant: slot.is_meant,
        needs: resolved.needs[place].clone(),
        uses: worth.uses,
        cannot,
        command: entry.command.clone(),
        port: ports[place].given,
        scheme: server::scheme(&entry.command),
        env: wire::complete(below, &resolved.sources, slot.app, own, worth.given),
        directory: match said.and_then(|said| said.cwd.as_ref()) {
            Some(cwd) => app.directory.join(&cwd.value),
            None => app.directory.clone(),
        },
        restart: asked
            .and_then(|asked| asked.restart)
            .or(said.and_then(|said| said.restart))
            .or(usual.restart)
            .unwrap_or_default(),
        max_restarts: said
            .and_then(|said| said.max_restarts)
            .unwrap_or(MAX_RESTARTS),
        on_exit: asked
            .and_then(|asked| asked.on_exit)
            .or(said.and_then(|said| said.on_exit))
            .or(usual.on_exit)
            .unwrap_or_default(),
        grace: asked
            .and_then(|asked| asked.grace)
            .or(said.and_then(|said| said.timeout))
            .or(usual.timeout)
            .unwrap_or(USUAL_GRACE),
        stop_signal: said
            .and_then(|said| said.stop_signal)
            .unwrap_or_else(|| server::stop_signal(&entry.command)),
        ready: said
            .and_then(|said| said.ready.as_ref())
            .map(|said| said.value.clone()),
        tty: said.and_then(|said| said.tty),
        color: said.and_then(|said| said.color),
        watch: said.and_then(|said| watch(app, said)),
    })
}

fn watch(app: &App, said: &ProcessSettings) -> Option<Watch> {
    let watch = said.watch.clone()?;
    (!watch.paths.is_empty()).then(|| Watch {
        base: app.directory.clone(),
        paths: watch.paths,
        ignore: watch.ignore,
        signal: watch.signal,
    })
}

/// What the uses of a process are worth now.
#[derive(Default)]
struct Worth {
    given: Vec<Given>,
    uses: Vec<Used>,
    /// Why some of them are worth nothing.
    errors: Vec<Report>,
}

fn worth(resolved: &Resolved, ports: &[Ports], place: usize, below: &Env) -> Worth {
    let mut worth = Worth::default();
    for wire in resolved.wires.iter().filter(|wire| wire.consumer == place) {
        let value = value(resolved, ports, wire, below).unwrap_or_else(|report| {
            worth.errors.extend((!wire.is_hidden).then_some(report));
            None
        });
        worth.errors.extend(resolve::nobody_there(wire).cloned());
        worth.given.extend(value.clone().map(|value| Given {
            variable: wire.declared.variable.clone(),
            value,
            source: source(resolved, ports, wire),
        }));
        worth.uses.extend((!wire.is_hidden).then(|| Used {
            variable: wire.declared.variable.clone(),
            provider: match wire.backing {
                Backing::Process(provider) => Some(provider),
                Backing::Resource | Backing::Nothing(_) => None,
            },
            value,
            is_secret: wire.declared.gives_a_secret(),
            on_change: wire.declared.on_change,
        }));
    }
    worth
}

/// Where foreman's rule began to count for its PORT, as far as that is known: a session that runs may have been
/// started with another base.
fn base(resolved: &Resolved, ports: &[Ports], place: usize) -> Option<u16> {
    let base = resolved.base_of(place)?;
    let place_of_its_own = usize::from(base) + ports::offset(&resolved.slots[place].request());
    let is_by_rule = ports[place].given.map(usize::from) == Some(place_of_its_own);
    (is_by_rule || !ports[place].is_live).then_some(base)
}

/// A process of no type, for a command that is run once: it sees the URLs of all, what the app uses, and has
/// no port of its own.
pub(crate) fn one_off_env(resolved: &Resolved, ports: &[Ports]) -> Env {
    let below = wire::common(&resolved.sources, 0, &automatic(resolved, ports, 0));
    let mut given: Vec<Given> = Vec::new();
    for wire in resolved
        .wires
        .iter()
        .filter(|wire| resolved.slots[wire.consumer].app == 0)
    {
        let variable = &wire.declared.variable;
        let is_known = given.iter().any(|given| given.variable == *variable);
        // What cannot be made is not missed until the command asks for it.
        let value = value(resolved, ports, wire, &below).ok().flatten();
        given.extend(value.filter(|_| !is_known).map(|value| Given {
            variable: variable.clone(),
            value,
            source: source(resolved, ports, wire),
        }));
    }
    wire::complete(below, &resolved.sources, 0, Own::default(), given)
}

/// `None`: nobody knows yet where the provider is, or there is none.
fn value(
    resolved: &Resolved,
    ports: &[Ports],
    wire: &Wire,
    below: &Env,
) -> Result<Option<String>, Report> {
    let lookup = |name: &str| lookup(below, name);
    match wire.backing {
        Backing::Nothing(_) => Ok(None),
        Backing::Resource => resource(wire, &lookup).map(Some),
        Backing::Process(provider) if ports[provider].has_failed && wire.declared.is_optional => {
            Ok(None)
        }
        Backing::Process(provider) => {
            let slot = &resolved.slots[provider];
            let entry = &resolved.app(slot.app).entries[slot.entry];
            let Some(port) = ports[provider].reached else {
                return Ok(None);
            };
            let served = Served {
                scheme: server::scheme(&entry.command),
                host: ports[provider].host.as_deref(),
                port,
            };
            let template = template(wire)?;
            let filled = template.fill(&served, &lookup);
            filled.map(Some).map_err(|why| unfilled(wire, &why))
        }
    }
}

fn template(wire: &Wire) -> Result<Template, Report> {
    let text = wire.declared.value.as_deref().unwrap_or("{url}");
    let behind = match wire.declared.target {
        Target::Url(_) => Behind::Url,
        Target::Process(_) | Target::App { .. } => Behind::Process,
    };
    Template::parse(text, behind).map_err(|bad| uses::at(&wire.declared, bad.why))
}

fn resource(wire: &Wire, lookup: &dyn Fn(&str) -> Option<OsString>) -> Result<String, Report> {
    let handle = handle_of(wire, lookup)?;
    let filled = template(wire)?.fill_from(&handle, lookup);
    filled.map_err(|why| unfilled(wire, &why))
}

/// The resource behind a use, as its consumer would have it.
pub(crate) fn handle(sources: &Sources, slots: &[Slot], wire: &Wire) -> Result<Handle, Report> {
    let slot = &slots[wire.consumer];
    let common = wire::common(sources, slot.app, &[]);
    let below = wire::below_uses(&common, sources, slot.app, &slot.name);
    handle_of(wire, &|name| lookup(&below, name))
}

fn handle_of(wire: &Wire, lookup: &dyn Fn(&str) -> Option<OsString>) -> Result<Handle, Report> {
    let text = wire.declared.target.to_string();
    Handle::parse(&text, lookup).map_err(|bad| match bad {
        BadHandle::Url(bad) => uses::at(&wire.declared, bad.why),
        BadHandle::Missing(why) => unfilled(wire, &why),
    })
}

/// What `${NAME}` stands for: as files, settings and the shell have it.
fn lookup(below: &Env, name: &str) -> Option<OsString> {
    let found = below.get(OsStr::new(name))?;
    Some(found.value.clone())
}

fn source(resolved: &Resolved, ports: &[Ports], wire: &Wire) -> Source {
    let provider = match wire.backing {
        Backing::Process(provider) => {
            let slot = &resolved.slots[provider];
            let name = slot.name.in_app();
            let live = if ports[provider].is_live {
                " (live)"
            } else {
                ""
            };
            if slot.app == resolved.slots[wire.consumer].app {
                format!("{name}{live}")
            } else {
                format!("{name} of {}{live}", resolved.app(slot.app).shown)
            }
        }
        Backing::Resource | Backing::Nothing(_) => String::new(),
    };
    Source::Use {
        origin: wire.declared.origin.to_string(),
        provider,
    }
}
