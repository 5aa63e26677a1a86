//! The words for what devrun has to say of backing services and of other sessions.

use crate::words::name::ProcessName;
use crate::words::wiring::Wiring;
use crate::words::wording::{escaped, listed, processes};

pub(super) fn sentence(news: &Wiring) -> String {
    match news {
        Wiring::SiblingStarts {
            app: _,
            directory,
            processes,
            others,
        } => {
            let rest = match others.as_slice() {
                [] => String::new(),
                others => format!("; not started: {}", listed(others)),
            };
            format!("{directory} is started here: {}{rest}", listed(processes))
        }
        Wiring::Joined {
            app,
            directory,
            pid,
        } => format!("{app} runs already (pid {pid}, in {directory}): it is used as it is"),
        Wiring::Unowned { app, directory } => {
            format!("nobody runs {app}: `devrun start` in {directory} does")
        }
        Wiring::Wired {
            process,
            variable,
            value,
            provider,
        } => match provider {
            Some(provider) => format!("{process} uses {provider}: {variable}={}", escaped(value)),
            None => format!("{process} uses {variable}={}", escaped(value)),
        },
        Wiring::WithoutUse { process, variable } => {
            format!("{process} does without {variable}: nobody is there")
        }
        Wiring::CycleRelaxed { cycle } => cycle_relaxed(cycle),
        Wiring::TakesOver { app, from, pid } => {
            format!("taking {app} over from {from} (pid {pid}), same ports")
        }
        Wiring::HandsOver {
            app,
            pid,
            processes: count,
        } => format!(
            "{app} is taken over by its own `devrun start` (pid {pid}): {} stop here",
            processes(*count)
        ),
        Wiring::ProviderStopped {
            app,
            directory,
            keep,
        } => stopped(app.as_str(), directory, keep),
        Wiring::ProviderVanished { app, starts_it } => {
            let next = if *starts_it {
                "starting it here"
            } else {
                "it is waited for"
            };
            format!("the session that ran {app} is gone: {next}")
        }
        Wiring::BeingCleanedUp { app } => {
            format!("{app} is still being ended by its last session: waiting for that")
        }
        Wiring::EnvReread {
            process,
            added,
            changed,
            removed,
        } => reread(process, added, changed, removed),
        Wiring::SettingsKept { why } => {
            format!("the files are not read anew: {}", escaped(why))
        }
        Wiring::StillUsed { app, by } => {
            let verb = if by.len() == 1 { "uses" } else { "use" };
            format!("{} still {verb} {app}", escaped(&listed(by)))
        }
        Wiring::UsedBy { app, by, pid } => format!("{} (pid {pid}) uses {app}", escaped(by)),
        Wiring::CannotStart { app, why } => format!("{app} cannot be started here: {why}"),
    }
}

/// "web.1 does not wait for api/web.1: each needs the other".
fn cycle_relaxed(cycle: &[ProcessName]) -> String {
    let (Some(first), Some(second)) = (cycle.first(), cycle.get(1)) else {
        return String::new();
    };
    let why = match cycle {
        [_, _] => "each uses the other".to_string(),
        others => format!("they use each other ({})", listed(others)),
    };
    format!("{first} does not wait for {second}: {why}")
}

fn stopped(app: &str, directory: &str, keep: &[(ProcessName, String)]) -> String {
    let start = format!("`s {app}` + Enter starts it");
    match keep {
        [] => format!("{app} was stopped in {directory}; {start}"),
        keep => {
            let mut processes: Vec<String> =
                keep.iter().map(|(name, _)| name.to_string()).collect();
            let mut variables: Vec<String> = keep.iter().map(|(_, name)| name.clone()).collect();
            for names in [&mut processes, &mut variables] {
                names.sort();
                names.dedup();
            }
            let verb = if processes.len() == 1 {
                "keeps"
            } else {
                "keep"
            };
            let (processes, variables) = (listed(processes), listed(variables));
            format!("{app} was stopped in {directory}; {processes} {verb} {variables}; {start}")
        }
    }
}

fn reread(
    process: &ProcessName,
    added: &[String],
    changed: &[String],
    removed: &[String],
) -> String {
    let part = |names: &[String], what: &str| {
        let names: Vec<String> = names
            .iter()
            .map(|name| escaped(name).into_owned())
            .collect();
        (!names.is_empty()).then(|| format!("{} {what}", listed(names)))
    };
    let parts = [
        part(changed, "changed"),
        part(added, "added"),
        part(removed, "removed"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("{process} has another environment: {}", parts.join(", "))
}
