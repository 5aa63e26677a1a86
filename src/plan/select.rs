//! Which processes, and how many of each.

use std::num::NonZeroU16;

use crate::plan::ports::Request;
use crate::syntax::formation::{Formation, MAX_PROCESSES};
use crate::syntax::procfile::Entry;
use crate::words::name::ProcessName;
use crate::words::report::Report;
use crate::words::wording;

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Types, or instances (`web.2`); none: all of the formation.
    pub(crate) named: Vec<String>,
    pub(crate) without: Vec<String>,
    /// `None`: one of each.
    pub(crate) formation: Option<Formation>,
}

/// The processes that are to run, in Procfile order, with the places of their types in it. `file` is the
/// Procfile's name, for the reports.
///
/// # Errors
/// Every name that is none of the Procfile's; nothing left to start; too many, in the Procfile or at once.
pub(crate) fn select(
    file: &str,
    entries: &[Entry],
    wanted: &Wanted,
) -> Result<Vec<Request>, Vec<Report>> {
    if entries.len() > MAX_PROCESSES {
        return Err(vec![too_many(entries.len())]);
    }
    let errors = unknown(file, entries, wanted);
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut selected = Vec::new();
    for (type_index, entry) in entries.iter().enumerate() {
        let count = count(entry, wanted);
        let instances = (1..=count).filter_map(NonZeroU16::new);
        let processes = instances.map(|instance| ProcessName {
            instance,
            ..ProcessName::first(entry.process_type.clone())
        });
        let processes = processes.filter(|process| is_wanted(process, wanted));
        selected.extend(processes.map(|process| Request {
            process,
            type_index,
            pinned: None,
            further: 0,
        }));
    }
    match selected.len() {
        0 => Err(vec![nothing_left(file, entries)]),
        1..=MAX_PROCESSES => Ok(selected),
        count => Err(vec![too_many(count)]),
    }
}

fn too_many(count: usize) -> Report {
    Report::new(format!(
        "{count} processes are more than devrun starts at once: {MAX_PROCESSES}"
    ))
}

fn count(entry: &Entry, wanted: &Wanted) -> u16 {
    let name = entry.process_type.as_str();
    let by_formation = wanted
        .formation
        .as_ref()
        .map_or(1, |formation| formation.count(name));
    // Who names a process wants it, though the formation does not speak of it.
    let is_named = wanted.named.iter().any(|named| named == name);
    let is_counted = wanted
        .formation
        .as_ref()
        .is_some_and(|formation| formation.counts.iter().any(|(counted, _)| counted == name));
    if is_named && !is_counted {
        by_formation.max(1)
    } else {
        by_formation
    }
}

fn is_wanted(process: &ProcessName, wanted: &Wanted) -> bool {
    let is_it =
        |asked: &String| asked == process.process_type.as_str() || *asked == process.to_string();
    (wanted.named.is_empty() || wanted.named.iter().any(is_it)) && !wanted.without.iter().any(is_it)
}

fn unknown(file: &str, entries: &[Entry], wanted: &Wanted) -> Vec<Report> {
    let counted = wanted
        .formation
        .iter()
        .flat_map(|formation| &formation.counts);
    let asked = wanted
        .named
        .iter()
        .chain(&wanted.without)
        .chain(counted.map(|(name, _)| name));
    let mut errors: Vec<Report> = Vec::new();
    for report in asked.filter_map(|asked| why_not(file, asked, entries, wanted)) {
        if !errors.contains(&report) {
            errors.push(report);
        }
    }
    errors
}

/// `None`: there is such a type, or such an instance of one.
fn why_not(file: &str, asked: &str, entries: &[Entry], wanted: &Wanted) -> Option<Report> {
    let entry = |name: &str| {
        entries
            .iter()
            .find(|entry| entry.process_type.as_str() == name)
    };
    if entry(asked).is_some() {
        return None;
    }
    let instance = asked.rsplit_once('.').and_then(|(name, number)| {
        let instance: NonZeroU16 = number.parse().ok()?;
        Some((entry(name)?, instance)).filter(|_| instance.to_string() == number)
    });
    match instance {
        None => Some(unknown_type(file, asked, entries)),
        Some((entry, instance)) if instance.get() <= count(entry, wanted) => None,
        Some((entry, instance)) => {
            let name = &entry.process_type;
            let report = Report::new(format!(
                "no process `{asked}`: too few of `{name}` are wanted"
            ));
            Some(report.help(format!("`-m {name}={instance}` is enough")))
        }
    }
}

/// The one report for a name that the Procfile does not have.
pub(crate) fn unknown_type(file: &str, asked: &str, entries: &[Entry]) -> Report {
    let names = || entries.iter().map(|entry| entry.process_type.as_str());
    let has = wording::list(names());
    let help = match wording::did_you_mean(asked, names()) {
        Some(suggestion) => format!("{suggestion} It has {has}"),
        None => format!("it has {has}"),
    };
    Report::new(format!("no process type `{asked}` in {file}")).help(help)
}

fn nothing_left(file: &str, entries: &[Entry]) -> Report {
    let names = wording::list(entries.iter().map(|entry| entry.process_type.as_str()));
    Report::new("nothing is left to start").caused_by(format!(
        "{file} has {names}; names, `--without` and the formation leave none of them"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{formation, procfile};

    const PROCFILE: &str = "web: a\napi: b\nworker: c\n";

    fn selected(
        named: &[&str],
        without: &[&str],
        formation: Option<&str>,
    ) -> Result<String, String> {
        let entries = procfile::parse("Procfile", PROCFILE).value;
        let wanted = Wanted {
            named: named.iter().map(ToString::to_string).collect(),
            without: without.iter().map(ToString::to_string).collect(),
            formation: formation.map(|text| formation::parse(text).unwrap()),
        };
        match select("Procfile", &entries, &wanted) {
            Ok(requests) => Ok(requests
                .iter()
                .map(|request| format!("{}@{}", request.process, request.type_index))
                .collect::<Vec<_>>()
                .join(" ")),
            Err(reports) => Err(reports
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")),
        }
    }

    #[test]
    fn the_port_index_is_the_place_in_the_whole_procfile() {
        let check = |named: &[&str], without: &[&str], formation: Option<&str>, expected: &str| {
            assert_eq!(selected(named, without, formation).as_deref(), Ok(expected));
        };
        check(&[], &[], None, "web.1@0 api.1@1 worker.1@2");
        check(&["worker", "web"], &[], None, "web.1@0 worker.1@2");
        check(&[], &["api"], None, "web.1@0 worker.1@2");
        check(&[], &[], Some("web=2"), "web.1@0 web.2@0");
        check(
            &[],
            &[],
            Some("all=1,web=2,api=0"),
            "web.1@0 web.2@0 worker.1@2",
        );
        check(&["web.2"], &[], Some("all=1,web=3"), "web.2@0");
        check(&["api"], &[], Some("web=2"), "api.1@1");
    }

    #[test]
    fn what_is_not_there_is_said_with_what_is() {
        assert_eq!(
            selected(&["wbe"], &[], None).unwrap_err(),
            "error: no process type `wbe` in Procfile\n help: did you mean `web`? It has `web`, `api` and `worker`"
        );
        assert_eq!(
            selected(&[], &["database"], None).unwrap_err(),
            "error: no process type `database` in Procfile\n help: it has `web`, `api` and `worker`"
        );
        assert_eq!(
            selected(&["web.2"], &[], None).unwrap_err(),
            "error: no process `web.2`: too few of `web` are wanted\n help: `-m web=2` is enough"
        );
        for none in ["web.0", "web.01", "web.", "web.x", "clock.1"] {
            let expected = format!("error: no process type `{none}` in Procfile");
            assert!(
                selected(&[none], &[], None)
                    .unwrap_err()
                    .starts_with(&expected)
            );
        }
        assert!(
            selected(&[], &[], Some("clock=1"))
                .unwrap_err()
                .contains("`clock`")
        );
        assert!(
            selected(&[], &[], Some("web=0"))
                .unwrap_err()
                .starts_with("error: nothing is left to start")
        );
        assert!(
            selected(&[], &[], Some("all=2000"))
                .unwrap_err()
                .contains("6000 processes")
        );
    }
}
