//! What a plan has wrong though each file alone is right.

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;

use crate::plan::Plan;
use crate::plan::resolve::USUAL_BASE;
use crate::plan::sources::{App, Asked};
use crate::syntax::number;
use crate::syntax::procfile::Entry;
use crate::syntax::settings::{PortSetting, ProcessSettings, Said, Settings};
use crate::words::env::Source;
use crate::words::name::ProcessType;
use crate::words::ready::Ready;
use crate::words::report::{Place, Report};
use crate::words::uses::Use;
use crate::words::wording;

/// The kernel takes no single argument or variable of this length or more (MAX_ARG_STRLEN, execve(2)).
const MAX_TEXT: usize = 128 * 1024;

/// Two types whose URLs would have one variable.
pub(crate) fn names(entries: &[Entry]) -> Vec<Report> {
    let mut reports = Vec::new();
    let mut owners: HashMap<String, &ProcessType> = HashMap::new();
    for Entry { process_type, .. } in entries {
        let variable = process_type.url_variable();
        let Some(twin) = owners.get(&variable) else {
            owners.insert(variable, process_type);
            continue;
        };
        let names = wording::list([twin.as_str(), process_type.as_str()]);
        reports.push(
            Report::new(format!(
                "{names} have one variable for their URLs: {variable}"
            ))
            .help("rename one of them".to_string()),
        );
    }
    reports
}

/// Processes without a port that are to be ready by one.
pub(crate) fn ready(settings: &Settings) -> Vec<Report> {
    let is_portless = |said: &&ProcessSettings| {
        let port = said.port.as_ref();
        port.is_some_and(|port| port.value == PortSetting::None)
    };
    let portless = settings.processes.iter().filter(is_portless);
    let of_port = portless.filter_map(|said| {
        let ready = said
            .ready
            .as_ref()
            .filter(|ready| ready.value.is_of_port())?;
        Some((&said.process_type.value, ready))
    });
    let report = |(process_type, ready): (&String, &Said<Ready>)| {
        let place = Place {
            label: "by its port".into(),
            ..ready.place.clone()
        };
        Report::new(format!("`{process_type}` has no port to be ready by"))
            .at(place)
            .help("take `port: false` out, or write `log` or `exec`".to_string())
    };
    of_port.map(report).collect()
}

/// What the command line may not set.
pub(crate) fn forbidden(asked: &Asked) -> Vec<Report> {
    let ports = asked.set.iter().filter(|(name, _)| name == "PORT");
    let port = |(_, value): &(String, String)| {
        let base = number::port(value).unwrap_or(USUAL_BASE);
        Report::new(format!(
            "`--set PORT={value}` would give all processes one port"
        ))
        .help(format!(
            "`-p {base}` sets the first one's, and the others follow"
        ))
    };
    let is_set = |use_: &&Use| asked.set.iter().any(|(name, _)| *name == use_.variable);
    let twice = |use_: &Use| {
        let name = &use_.variable;
        Report::new(format!(
            "`--set {name}` and `--use {name}` say different things"
        ))
        .help("leave one of them out".to_string())
    };
    let twices = asked.uses.iter().filter(is_set).map(twice);
    ports.map(port).chain(twices).collect()
}

/// Commands and variables that the kernel would refuse (E2BIG). `apps`: those of the plan, as they were read.
pub(crate) fn sizes(plan: &Plan, apps: &[App]) -> Vec<Report> {
    let mut reports: Vec<Report> = Vec::new();
    let mut add = |report: Report| {
        if !reports.contains(&report) {
            reports.push(report);
        }
    };
    for process in &plan.processes {
        let length = "exec ".len() + process.command.len();
        if length >= MAX_TEXT {
            let process_type = &process.name.process_type;
            let App { procfile, .. } = &apps[process.app];
            let entry = apps[process.app].entry(process_type.as_str());
            let line = entry.map_or(0, |entry| apps[process.app].entries[entry].line);
            add(too_long(
                format!("the command of `{process_type}` ({procfile}:{line})"),
                length,
            ));
        }
        for (name, variable) in process.env.iter() {
            let length = name.len() + 1 + variable.value.len();
            if length >= MAX_TEXT {
                let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
                let from = match &variable.source {
                    Source::Shell => " of your shell".to_string(),
                    Source::EnvFile { .. }
                    | Source::Settings { .. }
                    | Source::Use { .. }
                    | Source::ProcfileLine { .. } => format!(" ({})", variable.source),
                    Source::Automatic(_)
                    | Source::Devrun
                    | Source::Port { .. }
                    | Source::CommandLine => String::new(),
                };
                add(too_long(format!("the variable `{name}`{from}"), length));
            }
        }
    }
    reports
}

fn too_long(what: String, length: usize) -> Report {
    Report::new(format!("{what} is too long: {} KiB", length / 1024))
        .caused_by("the system takes less than 128 KiB")
        .help("put it into a file, and give the file's name".to_string())
}
