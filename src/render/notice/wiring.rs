//! The words for what devrun has to say of backing services and of other sessions.

use crate::words::name::{AppName, ProcessName};
use crate::words::wiring::Wiring;
use crate::words::wording::{self, agreeing, listed};

/// Facts first, what to do last.
pub(super) fn sentence(news: &Wiring) -> String {
    match news {
        Wiring::SiblingStarts {
            app,
            directory,
            processes,
            others,
        } => starting(app, directory, processes, others),
        Wiring::Joined {
            app,
            directory,
            pid,
        } => format!("{app} already runs (pid {pid}, in {directory}): using that one"),
        Wiring::Unowned { app, directory } => {
            format!("{app} does not run; `devrun start` in {directory} starts it")
        }
        Wiring::Wired {
            process,
            variable,
            value,
            provider,
        } => match provider {
            Some(provider) => format!("{process} uses {provider}: {variable}={value}"),
            None => format!("{process} uses {variable}={value}"),
        },
        Wiring::WithoutUse {
            process,
            variable,
            provider,
            instead,
        } => without(process, variable, provider.as_ref(), instead.as_deref()),
        Wiring::CycleRelaxed { cycle } => relaxed(cycle),
        Wiring::TakesOver {
            app,
            from,
            pid,
            has_same_ports,
        } => {
            let ports = if *has_same_ports {
                "same ports"
            } else {
                "on other ports"
            };
            format!("taking {app} over from {from} (pid {pid}), {ports}")
        }
        Wiring::HandsOver {
            app,
            pid,
            processes: _,
        } => format!("handing {app} over to its own `devrun start` (pid {pid})"),
        Wiring::ProviderStopped {
            app,
            directory,
            keep,
            has_hint,
        } => {
            let hint = has_hint.then(|| format!("; `s {app}` + Enter starts it"));
            let hint = hint.unwrap_or_default();
            format!("{app} was stopped in {directory}{}{hint}", kept(keep))
        }
        Wiring::ProviderVanished { app, starts_it } => {
            let next = if *starts_it {
                "it is started again"
            } else {
                "waiting for somebody to start it"
            };
            format!("the session that ran {app} is gone: {next}")
        }
        Wiring::BeingCleanedUp { app } => {
            format!("the last session of {app} is still ending: waiting for that")
        }
        Wiring::EnvReread {
            process,
            added,
            changed,
            removed,
        } => reread(process, added, changed, removed),
        Wiring::SettingsKept { why } => format!("{why}; what the files said before still holds"),
        Wiring::StillUsed { app, by } => wording::still_used(app, by),
        Wiring::UsedBy { app, by, pid } => format!("{by} (pid {pid}) now uses {app}"),
        Wiring::CannotStart { app, why } => format!("{app} could not be started: {why}"),
    }
}

fn starting(
    app: &AppName,
    directory: &str,
    processes: &[ProcessName],
    others: &[String],
) -> String {
    let others = match others {
        [] => String::new(),
        [..] => format!("; not started: {}", listed(others)),
    };
    let processes = listed(processes);
    format!("starting {app} (in {directory}): {processes}{others}")
}

fn without(
    process: &ProcessName,
    variable: &str,
    provider: Option<&ProcessName>,
    instead: Option<&str>,
) -> String {
    match (provider, instead) {
        (Some(provider), Some(value)) => {
            format!("{process} does without {provider}: {variable}={value}")
        }
        (Some(provider), None) => {
            format!("{process} does without {provider}: {variable} is not set")
        }
        (None, Some(value)) => format!("{process}: nobody is behind {variable}, it is {value}"),
        (None, None) => format!("{process}: nobody is behind {variable}, it is not set"),
    }
}

fn relaxed(cycle: &[ProcessName]) -> String {
    let all = listed(cycle);
    match cycle {
        // Nobody uses itself.
        [] | [_] => String::new(),
        [first, _] => format!("{all} use each other: {first} does not wait"),
        [first, second, ..] => format!("{all} use each other: {first} does not wait for {second}"),
    }
}

/// "; web.1 keeps API_URL".
fn kept(keep: &[(ProcessName, String)]) -> String {
    if keep.is_empty() {
        return String::new();
    }
    let mut processes: Vec<String> = keep.iter().map(|(name, _)| name.to_string()).collect();
    let mut variables: Vec<String> = keep.iter().map(|(_, name)| name.clone()).collect();
    for names in [&mut processes, &mut variables] {
        names.sort();
        names.dedup();
    }
    let verb = agreeing(processes.len(), "keeps", "keep");
    format!("; {} {verb} {}", listed(processes), listed(variables))
}

/// Only names: what they say may be secret.
fn reread(
    process: &ProcessName,
    added: &[String],
    changed: &[String],
    removed: &[String],
) -> String {
    let parts = [(changed, "changed"), (added, "added"), (removed, "removed")];
    let parts = parts.iter().filter(|(names, _)| !names.is_empty());
    let parts: Vec<String> = parts
        .map(|(names, what)| format!("{} {what}", listed(*names)))
        .collect();
    format!("{process}'s environment: {}", parts.join(", "))
}
