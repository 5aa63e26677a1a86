//! From a plan to what goes along of it.

use std::path::{Component, Path, PathBuf};

use crate::export::app::{After, App, Process, Service};
use crate::export::config::{self, Config};
use crate::export::names::{Name, label};
use crate::export::{Options, command, ready};
use crate::plan::resolve::{Ports, Resolved};
use crate::plan::uses::{Backing, Wire};
use crate::plan::{Need, Plan, PlannedProcess, Provider};
use crate::words::env::Source;
use crate::words::policy::RestartPolicy;
use crate::words::report::Report;

/// # Errors
/// A secret stands in a command.
pub(crate) fn app(
    resolved: &Resolved,
    plan: &Plan,
    ports: &[Ports],
    names: &[Name],
    options: &Options,
) -> Result<App, Vec<Report>> {
    let apps = &resolved.sources.apps;
    let own_name = || match apps.roots {
        1 if apps.apps[0].identity == apps.identity => apps.apps[0].name(),
        _ => apps.root_name(),
    };
    let name = options.name.clone().unwrap_or_else(own_name);
    let label = label(name.as_str());
    let builder = Builder {
        resolved,
        plan,
        ports,
        names,
        options,
        label: &label,
    };
    let errors: Vec<Report> = names.iter().filter_map(|name| builder.told(name)).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let built = names.iter().map(|name| builder.service(name));
    let (mut services, left_out): (Vec<Service>, Vec<Vec<Report>>) = built.unzip();
    let mut configs: Vec<Config> = services.iter().map(|service| service.own.clone()).collect();
    let common = config::common(&mut configs);
    for (service, own) in services.iter_mut().zip(configs) {
        service.own = own;
    }
    let mut notes: Vec<Report> = Vec::new();
    for note in left_out.into_iter().flatten() {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    let host = options.host.clone();
    Ok(App {
        host: host.unwrap_or_else(|| format!("{label}.localhost")),
        name,
        label,
        services,
        common,
        notes,
    })
}

struct Builder<'a> {
    resolved: &'a Resolved,
    plan: &'a Plan,
    ports: &'a [Ports],
    names: &'a [Name],
    options: &'a Options,
    label: &'a str,
}

impl Builder<'_> {
    /// The places of a type's processes among the slots.
    fn places(&self, name: &Name) -> Vec<usize> {
        let is_it = |place: &usize| {
            let slot = &self.resolved.slots[*place];
            (slot.app, slot.entry) == (name.app, name.entry) && self.resolved.is_wanted[*place]
        };
        (0..self.resolved.slots.len()).filter(is_it).collect()
    }

    /// A secret that stands in the Procfile itself, or in how it is tried, would stand in the file, too.
    fn told(&self, name: &Name) -> Option<Report> {
        let app = self.resolved.app(name.app);
        let entry = &app.entries[name.entry];
        let process_type = &entry.process_type;
        let tried = ready::text(&self.plan.processes[self.places(name)[0]]);
        let holder = if command::tells_a_secret(&entry.command) {
            format!(
                "the command of `{process_type}` ({}:{})",
                app.procfile, entry.line
            )
        } else if command::tells_a_secret(tried) {
            format!("the `ready:` of `{process_type}`")
        } else {
            return None;
        };
        let report = Report::new(format!(
            "{holder} holds a secret, which may stand in no file that is exported"
        ));
        Some(
            report.help("put it into .env, and its variable into the command: `$NAME`".to_string()),
        )
    }

    fn service(&self, name: &Name) -> (Service, Vec<Report>) {
        let places = self.places(name);
        let first = places[0];
        let planned = self.plan.processes[first].clone();
        let app = self.resolved.app(name.app);
        let (own, left_out) = self.config(first);
        let path = planned.env.get("PATH");
        let path = path.filter(|path| path.source == Source::Shell);
        let service = Service {
            host: name.host.clone(),
            processes: places.iter().map(|place| self.process(*place)).collect(),
            command: planned.command.clone(),
            build: self.build(&app.directory),
            image: self.image(name),
            is_built: self.options.image.is_none(),
            directory: planned.directory.clone(),
            below: below(&app.directory, &planned.directory),
            path: path.and_then(|path| Some(path.value.to_str()?.to_string())),
            own,
            scheme: planned.scheme,
            after: self.after(&planned),
            is_public: planned.port.is_some() && self.is_public(name),
            is_awaited: self.is_used(first) || self.is_depended_on(first),
            is_one_shot: planned.restart == RestartPolicy::Never
                && planned.ready.is_none()
                && !self.is_used(first),
            planned,
        };
        (service, left_out)
    }

    fn process(&self, place: usize) -> Process {
        let name = &self.resolved.slots[place].name;
        let further = self.resolved.further(place).into_iter();
        let further = further.zip(self.ports[place].further.iter().copied());
        Process {
            name: name.to_string().replace('/', "-"),
            ps: name.in_app(),
            port: self.ports[place].given,
            further: further.collect(),
        }
    }

    fn config(&self, place: usize) -> (Config, Vec<Report>) {
        let planned = &self.plan.processes[place];
        let wires = self.resolved.wires.iter();
        let wires: Vec<&Wire> = wires.filter(|wire| wire.consumer == place).collect();
        let mut own: Vec<String> = vec!["PORT".into(), "PS".into()];
        own.extend(self.resolved.further(place));
        let (config, left_out) = config::config(planned, &wires, &own);
        let target = self.options.target.name();
        let note = |name: String| {
            Report::warning(format!(
                "{name} is left out: {target} takes no such name or value"
            ))
            .help("names have letters, digits and `_`, values are UTF-8".to_string())
        };
        (config, left_out.into_iter().map(note).collect())
    }

    /// Of the first of its processes: those of all types form no cycle.
    fn after(&self, planned: &PlannedProcess) -> Vec<After> {
        let mut after: Vec<After> = Vec::new();
        for need in &planned.needs {
            let Provider::Process(provider) = need.on else {
                continue;
            };
            let slot = &self.resolved.slots[provider];
            let mut names = self.names.iter();
            let service = names.position(|name| (name.app, name.entry) == (slot.app, slot.entry));
            let Some(service) = service else { continue };
            // One that may be absent holds nobody up for long.
            let waits = need.waits && !need.is_optional;
            match after.iter_mut().find(|after| after.service == service) {
                Some(after) => after.waits |= waits,
                None => after.push(After { service, waits }),
            }
        }
        after
    }

    /// The app's `web`, else the only type that has a port.
    fn is_public(&self, name: &Name) -> bool {
        let app = self.resolved.app(name.app);
        let has_port = |name: &&Name| {
            let places = self.places(name);
            places
                .iter()
                .any(|place| self.ports[*place].given.is_some())
        };
        let of_app = self.names.iter().filter(|other| other.app == name.app);
        let served: Vec<&Name> = of_app.filter(has_port).collect();
        let web = app.entry("web");
        match served.iter().find(|served| Some(served.entry) == web) {
            Some(web) => *web == name,
            None => served == [name],
        }
    }

    fn goes_along(&self, place: usize) -> bool {
        let is_root = self.resolved.is_root(self.resolved.slots[place].app);
        is_root && self.resolved.is_wanted[place]
    }

    /// By a declared use of whoever goes along. Those of a cycle are no needs of the plan.
    fn is_used(&self, place: usize) -> bool {
        let mut wires = self.resolved.wires.iter();
        wires.any(|wire| {
            let is_it = matches!(wire.backing, Backing::Process(provider) if provider == place);
            is_it && self.goes_along(wire.consumer) && !wire.is_hidden
        })
    }

    /// By a need of whoever goes along.
    fn is_depended_on(&self, place: usize) -> bool {
        let consumers = self.plan.processes.iter().enumerate();
        let mut consumers = consumers.filter(|(consumer, _)| self.goes_along(*consumer));
        let is_it = |need: &Need| need.waits && need.on == Provider::Process(place);
        consumers.any(|(_, consumer)| consumer.needs.iter().any(is_it))
    }

    fn image(&self, name: &Name) -> String {
        let image = self.options.image.clone();
        image.unwrap_or_else(|| match self.resolved.sources.apps.roots {
            1 => self.label.to_string(),
            _ => {
                let app = self.resolved.app_name(name.app);
                format!("{}-{}", self.label, label(app.as_str()))
            }
        })
    }

    fn build(&self, directory: &Path) -> PathBuf {
        let apps = &self.resolved.sources.apps;
        if apps.roots == 1 {
            return PathBuf::from(".");
        }
        let below = directory.strip_prefix(&apps.identity);
        below.unwrap_or(directory).to_path_buf()
    }
}

/// `cwd: ../x` is outside, though the path begins alike.
fn below(app: &Path, directory: &Path) -> Option<PathBuf> {
    let below = directory.strip_prefix(app).ok()?;
    let mut parts = below.components();
    let is_below = parts.all(|part| matches!(part, Component::Normal(_)));
    is_below.then(|| below.to_path_buf())
}
