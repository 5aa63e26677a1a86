//! Every process that a session may come to run: those that are meant, and one of each other type, which is
//! started only when somebody asks for it. Their places never change while the session lives.

use std::collections::{HashMap, HashSet};

use crate::plan::ports::Request;
use crate::plan::select::{self, Wanted};
use crate::plan::sources::{Apps, Asked, Sources};
use crate::words::name::{AppName, ProcessName};
use crate::words::report::Report;
use crate::words::wording;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Its place in `Apps::apps`.
    pub(crate) app: usize,
    /// The place of its type in that app's Procfile.
    pub(crate) entry: usize,
    pub(crate) name: ProcessName,
    /// It is meant by itself, whoever else uses it.
    pub(crate) is_meant: bool,
}

impl Slot {
    /// What it asks of the ports of its app.
    pub(crate) fn request(&self) -> Request {
        let process = ProcessName {
            app: None,
            ..self.name.clone()
        };
        Request {
            process,
            type_index: self.entry,
            pinned: None,
            further: 0,
        }
    }
}

/// App by app, in Procfile order.
///
/// # Errors
/// Every name that is none of a Procfile's; nothing left to start.
pub(crate) fn slots(sources: &Sources) -> Result<Vec<Slot>, Vec<Report>> {
    let shown = shown_names(&sources.apps);
    let wanted = wanted(sources)?;
    let (mut slots, mut errors) = (Vec::new(), Vec::new());
    for (place, app) in sources.apps.apps.iter().enumerate() {
        let meant = match wanted.get(place).and_then(Option::as_ref) {
            None => Vec::new(),
            Some(wanted) => match select::select(&app.procfile, &app.entries, wanted) {
                Ok(meant) => meant,
                Err(reports) => {
                    errors.extend(reports);
                    continue;
                }
            },
        };
        for (entry, of_type) in app.entries.iter().enumerate() {
            let meant = meant.iter().filter(|request| request.type_index == entry);
            let meant = meant.map(|request| (request.process.clone(), true));
            let mut processes: Vec<(ProcessName, bool)> = meant.collect();
            let first = ProcessName::first(of_type.process_type.clone());
            if processes.iter().all(|(process, _)| *process != first) {
                processes.insert(0, (first, false));
            }
            slots.extend(processes.into_iter().map(|(process, is_meant)| Slot {
                app: place,
                entry,
                name: ProcessName {
                    app: shown[place].clone(),
                    ..process
                },
                is_meant,
            }));
        }
    }
    if errors.is_empty() {
        Ok(slots)
    } else {
        Err(errors)
    }
}

/// What is wanted of each app that is meant; `None`: nothing of it was named.
fn wanted(sources: &Sources) -> Result<Vec<Option<Wanted>>, Vec<Report>> {
    let Apps { apps, roots, .. } = &sources.apps;
    let of_settings = |place: usize| {
        let formation = apps[place].settings.formation.clone();
        formation.map(|said| said.value)
    };
    let formation = |place| {
        let asked = sources.asked.wanted.formation.clone();
        asked.or_else(|| of_settings(place))
    };
    // The only member of a root is called like one of several.
    let is_alone = *roots == 1 && apps[0].identity == sources.apps.identity;
    if is_alone {
        let wanted = Wanted {
            formation: formation(0),
            ..sources.asked.wanted.clone()
        };
        return Ok(vec![Some(wanted)]);
    }
    let names: Vec<String> = apps[..*roots]
        .iter()
        .map(|app| app.name().to_string())
        .collect();
    let unknown = unknown_apps(&sources.asked, &names);
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let of_app = |name: &String, all: &[String]| -> Vec<String> {
        let prefix = format!("{name}/");
        let own = all.iter().filter_map(|asked| asked.strip_prefix(&prefix));
        own.map(str::to_string).collect()
    };
    let asked = &sources.asked.wanted;
    let wanted = names.iter().enumerate().map(|(place, name)| {
        let named = of_app(name, &asked.named);
        (asked.named.is_empty() || !named.is_empty()).then(|| Wanted {
            named,
            without: of_app(name, &asked.without),
            formation: formation(place),
        })
    });
    Ok(wanted.collect())
}

/// Of several apps a process is named with its app: `shop/web`.
fn unknown_apps(asked: &Asked, names: &[String]) -> Vec<Report> {
    let asked = asked.wanted.named.iter().chain(&asked.wanted.without);
    let is_unknown = |asked: &&String| match asked.split_once('/') {
        Some((app, _)) => names.iter().all(|name| name != app),
        None => true,
    };
    let report = |asked: &String| {
        let report = Report::new(format!("no process `{asked}`"));
        report.help(format!(
            "here a process is named with its app: {}",
            wording::choice(names.iter().map(|name| format!("{name}/web")))
        ))
    };
    asked.filter(is_unknown).map(report).collect()
}

/// What stands in front of the processes of each app: nothing where one app is meant and this is it. No two
/// apps of a session are called the same.
pub(crate) fn shown_names(apps: &Apps) -> Vec<Option<AppName>> {
    let mut taken: HashSet<AppName> = HashSet::new();
    let mut counts: HashMap<AppName, usize> = HashMap::new();
    for app in &apps.apps {
        *counts.entry(app.name()).or_default() += 1;
    }
    let name = |(place, app): (usize, &crate::plan::sources::App)| {
        let mut name = app.name();
        if place > 0 && counts[&name] > 1 {
            let parent = app.directory.parent().and_then(|parent| parent.file_name());
            let parent = parent.unwrap_or_default().to_string_lossy().into_owned();
            name = AppName::from_directory(&format!("{parent}-{name}"));
        }
        let base = name.clone();
        for number in 2.. {
            if taken.insert(name.clone()) {
                break;
            }
            name = AppName::from_directory(&format!("{base}-{number}"));
        }
        let is_own = app.identity == apps.identity;
        (!is_own).then_some(name)
    };
    apps.apps.iter().enumerate().map(name).collect()
}
