//! All hops from the files and the command line to a plan, but for the ports: those are claimed between
//! [`resolve`] and [`Resolved::plan`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::plan::ports::{self, Request};
use crate::plan::select::{self, Wanted};
use crate::plan::wire::{self, Layers, Provider};
use crate::plan::{Host, Plan, PlannedApp, PlannedProcess, check, server};
use crate::syntax::dotenv::Assignment;
use crate::syntax::number;
use crate::syntax::procfile::Entry;
use crate::words::env::Env;
use crate::words::name::AppName;
use crate::words::policy::{OnExit, RestartPolicy};
use crate::words::report::Report;
use crate::words::uses::Start;

/// Foreman's.
const USUAL_BASE: u16 = 5000;
/// SIGTERM on every system.
const STOP_SIGNAL: i32 = 15;

/// What the files and the command line say, side by side.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    pub(crate) app: AppName,
    pub(crate) directory: PathBuf,
    /// What tells this app from all others: see `load::App`.
    pub(crate) identity: PathBuf,
    /// The Procfile's name, for the reports.
    pub(crate) procfile: String,
    pub(crate) entries: Vec<Entry>,
    pub(crate) layers: Layers,
    pub(crate) wanted: Wanted,
    /// `-p`.
    pub(crate) base: Option<u16>,
    pub(crate) rules: Rules,
}

/// How every process is treated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) restart: RestartPolicy,
    pub(crate) max_restarts: u32,
    pub(crate) on_exit: OnExit,
    pub(crate) grace: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            restart: RestartPolicy::default(),
            max_restarts: 5,
            on_exit: OnExit::default(),
            grace: Duration::from_secs(5),
        }
    }
}

/// A plan that wants its ports.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) sources: Sources,
    /// In Procfile order.
    pub(crate) requests: Vec<Request>,
    /// 0: any free ports.
    pub(crate) base: u16,
}

/// # Errors
/// All that is wrong, at once.
pub(crate) fn resolve(sources: Sources) -> Result<Resolved, Vec<Report>> {
    let mut errors = check::names(&sources.entries);
    errors.extend(forbidden(&sources.layers.set));
    let base = match sources.base.map_or_else(|| base(&sources.layers), Ok) {
        Ok(base) => base,
        Err(report) => {
            errors.push(report);
            USUAL_BASE
        }
    };
    let requests = match select::select(&sources.procfile, &sources.entries, &sources.wanted) {
        Ok(requests) => requests,
        Err(reports) => {
            errors.extend(reports);
            Vec::new()
        }
    };
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Resolved {
        sources,
        requests,
        base,
    })
}

impl Resolved {
    /// `ports` in the order of the requests.
    ///
    /// # Errors
    /// What the kernel would refuse to start.
    pub(crate) fn plan(&self, ports: &[u16]) -> Result<Plan, Vec<Report>> {
        let providers = self.providers(ports);
        let processes = self.requests.iter().zip(ports);
        let processes = processes.map(|(request, port)| self.process(request, *port, &providers));
        let plan = Plan {
            apps: vec![PlannedApp {
                name: self.sources.app.clone(),
                identity: self.sources.identity.clone(),
                shown: self.sources.directory.display().to_string(),
                start: Start::Auto,
            }],
            externals: Vec::new(),
            processes: processes.collect(),
        };
        match check::sizes(&plan) {
            errors if errors.is_empty() => Ok(plan),
            errors => Err(errors),
        }
    }

    /// A process of no type, for a command that is run once: it sees the URLs of all, and has no port of
    /// its own.
    pub(crate) fn one_off_env(&self, ports: &[u16]) -> Env {
        wire::environment(None, None, &self.providers(ports), &self.sources.layers)
    }

    /// The ports as they are where the app runs, else those that foreman's rule gives.
    pub(crate) fn expected_ports(&self, live: &BTreeMap<String, u16>) -> Vec<u16> {
        let by_rule = |request: &Request| {
            let place = usize::from(self.base) + ports::offset(request);
            u16::try_from(place).unwrap_or(u16::MAX)
        };
        let port = |request: &Request| live.get(&request.process.to_string()).copied();
        self.requests
            .iter()
            .map(|request| port(request).unwrap_or_else(|| by_rule(request)))
            .collect()
    }

    fn providers(&self, ports: &[u16]) -> Vec<Provider> {
        let firsts = self
            .requests
            .iter()
            .zip(ports)
            .filter(|(request, _)| request.process.instance.get() == 1);
        firsts
            .filter_map(|(request, port)| {
                wire::provider(&self.sources.entries[request.type_index], *port)
            })
            .collect()
    }

    fn process(&self, request: &Request, port: u16, providers: &[Provider]) -> PlannedProcess {
        let command = self.sources.entries[request.type_index].command.clone();
        let rules = self.sources.rules;
        PlannedProcess {
            name: request.process.clone(),
            app: 0,
            host: Host::Here,
            is_wanted: true,
            needs: Vec::new(),
            tty: None,
            port: Some(port),
            scheme: server::scheme(&command),
            env: wire::environment(
                Some(&request.process),
                Some(port),
                providers,
                &self.sources.layers,
            ),
            command,
            directory: self.sources.directory.clone(),
            restart: rules.restart,
            max_restarts: rules.max_restarts,
            on_exit: rules.on_exit,
            grace: rules.grace,
            stop_signal: STOP_SIGNAL,
        }
    }
}

/// `PORT` of the env files, else of the shell, else foreman's.
fn base(layers: &Layers) -> Result<u16, Report> {
    let mut assignments = layers.env_files.iter().flat_map(|(file, assignments)| {
        assignments.iter().map(move |assignment| (file, assignment))
    });
    let in_files = assignments.rfind(|(_, assignment)| assignment.name == "PORT");
    if let Some((file, Assignment { value, line, .. })) = in_files {
        let value = value.to_string_lossy();
        return number::port(&value)
            .map_err(|why| not_a_port(&value, &format!("{file}:{line}"), why));
    }
    match layers.shell.iter().find(|(name, _)| name == "PORT") {
        Some((_, value)) => {
            let value = value.to_string_lossy();
            number::port(&value).map_err(|why| not_a_port(&value, "your shell", why))
        }
        None => Ok(USUAL_BASE),
    }
}

fn not_a_port(value: &str, of: &str, why: String) -> Report {
    Report::new(format!("PORT={value} of {of} is no port")).help(why)
}

fn forbidden(set: &[(String, String)]) -> Vec<Report> {
    let ports = set.iter().filter(|(name, _)| name == "PORT");
    let report = |(_, value): &(String, String)| {
        let base = number::port(value).unwrap_or(USUAL_BASE);
        Report::new(format!(
            "`--set PORT={value}` would give all processes one port"
        ))
        .help(format!(
            "`-p {base}` sets the first one's, and the others follow"
        ))
    };
    ports.map(report).collect()
}
