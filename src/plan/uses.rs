//! Which backing services each process uses: by its settings and by the command line.

use crate::plan::command;
use crate::plan::slots::Slot;
use crate::plan::sources::{App, Behind, Sources};
use crate::plan::value::{self, Template};
use crate::syntax::settings::{PortSetting, Said};
use crate::words::report::Report;
use crate::words::uses::{Origin, Target, Use};
use crate::words::wording;

/// A variable of one process, and what is behind it.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    /// The consumer's place among the slots.
    pub(crate) consumer: usize,
    pub(crate) declared: Use,
    pub(crate) backing: Backing,
    /// A stronger layer sets the variable: nobody is started or waited for because of it.
    pub(crate) is_hidden: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Backing {
    /// The place of a process among the slots.
    Process(usize),
    /// A resource that is managed elsewhere.
    Resource,
    /// There is no such app here: why not.
    Nothing(Report),
}

/// The uses of all processes, in the order of the slots.
///
/// # Errors
/// Names that are none: of processes, and of variables in a process's own list.
pub(crate) fn wires(sources: &Sources, slots: &[Slot]) -> Result<Vec<Wire>, Vec<Report>> {
    let mut errors = Vec::new();
    let mut add = |report: Report| {
        if !errors.contains(&report) {
            errors.push(report);
        }
    };
    unknown_unuse(sources).into_iter().for_each(&mut add);
    for (place, app) in sources.apps.apps.iter().enumerate() {
        unknown_names(app).into_iter().for_each(&mut add);
        for declared in declared(sources, place) {
            bad_value(&declared).into_iter().for_each(&mut add);
        }
    }
    let mut wires = Vec::new();
    for (consumer, slot) in slots.iter().enumerate() {
        for declared in of_slot(sources, slot) {
            match backing(sources, slots, slot, &declared) {
                Ok(Some(Backing::Process(provider))) if is_same(slot, &slots[provider]) => {}
                Ok(Some(backing)) => wires.push(Wire {
                    consumer,
                    is_hidden: is_hidden(sources, slot, &declared),
                    declared,
                    backing,
                }),
                Ok(None) => {}
                Err(report) => add(report),
            }
        }
    }
    if errors.is_empty() {
        Ok(wires)
    } else {
        Err(errors)
    }
}

/// Nobody uses itself, nor another instance of itself.
fn is_same(one: &Slot, other: &Slot) -> bool {
    (one.app, one.entry) == (other.app, other.entry)
}

/// The uses of an app: the command line's in place of, and beside, those of its settings.
pub(crate) fn declared(sources: &Sources, app: usize) -> Vec<Use> {
    let settings = &sources.apps.apps[app].settings;
    let Some(asked) = sources.asked_of(app) else {
        return settings.uses.clone();
    };
    let is_kept = |declared: &&Use| {
        let is_replaced = asked
            .uses
            .iter()
            .any(|use_| use_.variable == declared.variable);
        !is_replaced && !asked.unuse.contains(&declared.variable)
    };
    let kept = settings.uses.iter().filter(is_kept);
    // What is replaced keeps how it is treated: only its target is another one.
    let added = asked.uses.iter().map(|added| {
        let mut old = settings.uses.iter();
        match old.find(|old| old.variable == added.variable) {
            Some(old) if added.value.is_none() => Use {
                is_optional: old.is_optional,
                on_change: old.on_change,
                ..added.clone()
            },
            Some(_) | None => added.clone(),
        }
    });
    kept.cloned().chain(added).collect()
}

/// A process's own list narrows; without one it has all, but for a provider of the list, which has none.
fn of_slot(sources: &Sources, slot: &Slot) -> Vec<Use> {
    let app = &sources.apps.apps[slot.app];
    let process_type = app.entries[slot.entry].process_type.as_str();
    let list = app
        .said_of(process_type)
        .and_then(|said| said.uses.as_ref());
    let all = declared(sources, slot.app);
    let is_provider = all
        .iter()
        .any(|declared| declared.target == Target::Process(process_type.into()));
    let has = |declared: &Use| match list {
        Some(list) => list.iter().any(|said| said.value == declared.variable),
        None => !is_provider,
    };
    // Who says it for this run means it.
    let is_asked = |declared: &Use| declared.origin == Origin::CommandLine;
    let own = all
        .iter()
        .filter(|declared| has(declared) || is_asked(declared));
    own.cloned().collect()
}

/// Whether `.env.local`, `--set` or the Procfile's line itself sets the variable.
fn is_hidden(sources: &Sources, slot: &Slot, declared: &Use) -> bool {
    let app = &sources.apps.apps[slot.app];
    let variable = declared.variable.as_str();
    let asked = sources.asked_of(slot.app);
    let is_set =
        |asked: &crate::plan::sources::Asked| asked.set.iter().any(|(name, _)| name == variable);
    let is_local = declared.origin != Origin::CommandLine
        && app.env_local.iter().any(|(_, assignments)| {
            let mut names = assignments.iter().map(|assignment| &assignment.name);
            names.any(|name| name == variable)
        });
    let line = command::assignments(&app.entries[slot.entry].command);
    is_local || asked.is_some_and(is_set) || line.iter().any(|(name, _)| name == variable)
}

/// `None`: nothing can be said yet, because the provider's app could not be read.
fn backing(
    sources: &Sources,
    slots: &[Slot],
    consumer: &Slot,
    declared: &Use,
) -> Result<Option<Backing>, Report> {
    let apps = &sources.apps.apps;
    let (app, process_type) = match &declared.target {
        Target::Url(_) => return Ok(Some(Backing::Resource)),
        Target::Process(name) => (consumer.app, Some(name.as_str())),
        Target::App { directory, process } => match apps[consumer.app].siblings.get(directory) {
            Some(Behind::App(app)) => (*app, process.as_deref()),
            Some(Behind::Nothing(why)) => {
                return Ok(Some(Backing::Nothing(missing(
                    sources,
                    consumer.app,
                    declared,
                    why,
                ))));
            }
            None => return Ok(None),
        },
    };
    let entry = entry(&apps[app], process_type, declared)?;
    with_port(&apps[app], entry, declared)?;
    let is_it =
        |slot: &Slot| (slot.app, slot.entry) == (app, entry) && slot.name.instance.get() == 1;
    Ok(slots.iter().position(is_it).map(Backing::Process))
}

/// The type that is meant: by default `web`, else the only one.
fn entry(app: &App, process_type: Option<&str>, declared: &Use) -> Result<usize, Report> {
    let names = || app.entries.iter().map(|entry| entry.process_type.as_str());
    if let Some(named) = process_type {
        return app.entry(named).ok_or_else(|| {
            let has = wording::list(names());
            let is_near = app.near.iter().any(|near| near == named);
            let help = match wording::did_you_mean(named, names()) {
                _ if is_near => format!("did you mean `../{named}`? It has {has}"),
                Some(suggestion) => format!("{suggestion} It has {has}"),
                None => format!("it has {has}"),
            };
            let what = format!("no process type `{named}` in {}", app.procfile);
            at(declared, what).help(help)
        });
    }
    let only = (app.entries.len() == 1).then_some(0);
    app.entry("web").or(only).ok_or_else(|| {
        let what = format!(
            "{} has no `web`: which process of it is meant?",
            app.procfile
        );
        let first = names().next().unwrap_or("web");
        at(declared, what).help(format!(
            "it has {}; write `{}#{first}`",
            wording::list(names()),
            declared.target
        ))
    })
}

/// What has no port has no URL, and nothing else that a value could be made of.
fn with_port(app: &App, entry: usize, declared: &Use) -> Result<(), Report> {
    let process_type = app.entries[entry].process_type.as_str();
    let said = app
        .said_of(process_type)
        .and_then(|said| said.port.as_ref());
    if said.is_none_or(|said| said.value != PortSetting::None) {
        return Ok(());
    }
    let help = "`port: false` says so; `depends_on` starts a process after another one";
    Err(at(declared, format!("`{process_type}` has no port")).help(help.to_string()))
}

/// A report about a use, at its place.
pub(crate) fn at(declared: &Use, what: String) -> Report {
    let report = Report::new(format!("{}: {what}", declared.variable));
    match &declared.origin {
        Origin::File(place) => report.at(place.clone()),
        Origin::CommandLine => report,
    }
}

fn missing(sources: &Sources, app: usize, declared: &Use, why: &Report) -> Report {
    let variable = &declared.variable;
    let report = at(declared, why.headline.clone());
    if app < sources.apps.roots {
        return report.help(format!(
            "`devrun link DIR --as {variable}` says where it is on this machine,\n\
             `devrun start --unuse {variable}` does without it for one run"
        ));
    }
    // What the command line says is for the app that is meant.
    let shown = &sources.apps.apps[app].shown;
    report.help(format!(
        "{shown} uses it: `devrun link DIR --as {variable} -d {shown}`\nsays where it is on this machine"
    ))
}

/// Names behind `--unuse` that no app that is meant uses.
fn unknown_unuse(sources: &Sources) -> Vec<Report> {
    let roots = &sources.apps.apps[..sources.apps.roots];
    let declared = roots.iter().flat_map(|app| &app.settings.uses);
    let mut names: Vec<&str> = declared
        .map(|declared| declared.variable.as_str())
        .collect();
    names.dedup();
    let unused = sources.asked.unuse.iter();
    let unused = unused.filter(|name| !names.contains(&name.as_str()));
    let report = |name: &String| {
        let has = format!("it has {}", wording::list(&names));
        let help = wording::did_you_mean(name, &names).unwrap_or(has);
        Report::new(format!(
            "`--unuse {name}`: no variable of `uses:` is called so"
        ))
        .help(help)
    };
    unused.map(report).collect()
}

fn bad_value(declared: &Use) -> Option<Report> {
    let behind = match declared.target {
        Target::Url(_) => value::Behind::Url,
        Target::Process(_) | Target::App { .. } => value::Behind::Process,
    };
    let template = declared.value.as_ref()?;
    let bad = Template::parse(template, behind).err()?;
    Some(at(declared, bad.why))
}

/// Names of process types and variables that mean nothing.
fn unknown_names(app: &App) -> Vec<Report> {
    let types: Vec<&str> = app
        .entries
        .iter()
        .map(|entry| entry.process_type.as_str())
        .collect();
    let variables: Vec<&str> = app
        .settings
        .uses
        .iter()
        .map(|declared| declared.variable.as_str())
        .collect();
    let unknown = |said: &Said<String>, names: &[&str], what: &str| {
        if names.contains(&said.value.as_str()) {
            return None;
        }
        let has = wording::list(names);
        let help = match wording::did_you_mean(&said.value, names) {
            Some(suggestion) => format!("{suggestion} It has {has}"),
            None => format!("it has {has}"),
        };
        let report = Report::new(format!("no {what} `{}`", said.value));
        Some(report.at(said.place.clone()).help(help))
    };
    let of_types = format!("process type in {}:", app.procfile);
    // The settings are those of the usual Procfile; another one may have fewer types.
    let is_usual = app.identity == app.directory;
    let mut reports = Vec::new();
    for process in app.settings.processes.iter().filter(|_| is_usual) {
        reports.extend(unknown(&process.process_type, &types, &of_types));
        let depends_on = process.depends_on.iter();
        reports.extend(depends_on.filter_map(|said| unknown(said, &types, &of_types)));
        let uses = process.uses.iter().flatten();
        reports.extend(uses.filter_map(|said| unknown(said, &variables, "variable in `uses`:")));
    }
    reports
}
