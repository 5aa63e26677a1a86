//! What is not there as it is here, said once each, with what to do about it.

use crate::export::app::{App, Service, secrets_of, signal};
use crate::export::command::{is_this_machine, names_this_machine, references};
use crate::export::{Manager, Options, Target, compose, place, ready};
use crate::plan::resolve::Resolved;
use crate::plan::uses::{Backing, Wire};
use crate::plan::{Plan, planning, server};
use crate::words::env::Source;
use crate::words::policy::{OnExit, RestartPolicy};
use crate::words::report::Report;
use crate::words::uses::{Origin, Use};
use crate::words::wording;

const TERM: i32 = 15;
/// Variables that every machine sets by itself.
const USUAL: [&str; 10] = [
    "HOME", "HOSTNAME", "LANG", "LOGNAME", "PATH", "PWD", "SHELL", "TERM", "TMPDIR", "USER",
];

/// In the order of the app's files.
pub(crate) fn notes(resolved: &Resolved, plan: &Plan, app: &App, options: &Options) -> Vec<Report> {
    let has_containers = options.target.has_containers();
    let mut all = Vec::new();
    let wires = resolved.wires.iter();
    let wires = wires.filter(|wire| resolved.is_wanted[wire.consumer] && !wire.is_hidden);
    for wire in wires.filter(|wire| resolved.is_root(resolved.slots[wire.consumer].app)) {
        all.extend(of_use(resolved, plan, wire, &options.target));
    }
    for service in &app.services {
        all.extend(names_of_the_shell(service));
        all.extend(ready::notes(service, &options.target));
        all.extend(of_port(service));
        if options.target == Target::Compose {
            all.extend(of_end(service));
        }
        if has_containers {
            all.extend(of_container(service));
        }
        if options.target == Target::Kubernetes {
            all.extend(of_kubernetes(service));
        }
        if service.planned.on_exit == OnExit::Shutdown {
            let note = "one process that ends does not end the others there (`on_exit: shutdown`)";
            all.push(Report::warning(note));
        }
    }
    if has_containers {
        all.extend(local_values(plan, resolved));
        all.extend(app.services.iter().filter_map(|it| path_in(it, resolved)));
        all.extend(of_image(app, options));
    }
    all.extend(of_root(options));
    all.extend(of_secrets(app, options));
    let mut said: Vec<Report> = Vec::new();
    for note in all {
        if !said.contains(&note) {
            said.push(note);
        }
    }
    said
}

fn warning_at(declared: &Use, what: String) -> Report {
    let report = Report::warning(format!("{}: {what}", declared.variable));
    match &declared.origin {
        Origin::File(place) => report.at(place.clone()),
        Origin::CommandLine => report,
    }
}

/// Another app is exported by itself, and what is managed elsewhere stays where it is.
fn of_use(resolved: &Resolved, plan: &Plan, wire: &Wire, target: &Target) -> Option<Report> {
    let declared = &wire.declared;
    let variable = &declared.variable;
    match &wire.backing {
        Backing::Process(provider) => {
            let slot = &resolved.slots[*provider];
            if resolved.is_root(slot.app) {
                return None;
            }
            let shown = &resolved.app(slot.app).shown;
            let has_name =
                *target == Target::Kubernetes && plan.processes[*provider].port.is_some();
            let (what, help) = match has_name {
                true => (
                    format!("is {} there", place::elsewhere(resolved, *provider)),
                    format!("export it as well, or say where else it is: `--use {variable}=URL`"),
                ),
                false => (
                    "is left out".to_string(),
                    format!(
                        "export it by itself, and say where it is then: `--use {variable}=URL`"
                    ),
                ),
            };
            let what = format!("{} of {shown} does not go along, and {what}", slot.name);
            Some(warning_at(declared, what).help(help))
        }
        Backing::Resource if target.has_containers() => {
            let handle = planning::handle(&resolved.sources, &resolved.slots, wire).ok()?;
            let (what, help) = match is_this_machine(&handle.host) {
                true => (
                    "is on this machine, which a container calls by another name".to_string(),
                    format!("`--use {variable}=URL` says where it is from there"),
                ),
                false => (
                    format!("{} is managed elsewhere and stays there", handle.host),
                    "it has to be reachable from there".to_string(),
                ),
            };
            Some(warning_at(declared, what).help(help))
        }
        Backing::Resource | Backing::Nothing(_) => None,
    }
}

/// Values that are written by hand, and mean another machine in a container.
fn local_values(plan: &Plan, resolved: &Resolved) -> Vec<Report> {
    let processes = plan.processes.iter();
    let processes = processes.filter(|process| resolved.is_root(process.app) && process.is_wanted);
    let variables = processes.flat_map(|process| process.env.iter());
    let notes = variables.filter_map(|(name, variable)| {
        let is_by_hand = match &variable.source {
            Source::EnvFile { .. } | Source::Settings { .. } | Source::CommandLine => true,
            Source::Automatic(_)
            | Source::Shell
            | Source::Use { .. }
            | Source::Devrun
            | Source::Port { .. }
            | Source::ProcfileLine { .. } => false,
        };
        let value = variable.value.to_str()?;
        let is_local = names_this_machine(value) || holds_a_path(value, resolved);
        (is_by_hand && is_local).then(|| {
            let (name, source) = (name.to_string_lossy(), &variable.source);
            let what =
                format!("{name} ({source}) means this machine: in a container that is another");
            let help = format!("`--set {name}=…` sets another value, `uses:` one that goes along");
            Report::warning(what).help(help)
        })
    });
    notes.collect()
}

/// A path below the user's home or an app's directory, which no image has.
fn holds_a_path(text: &str, resolved: &Resolved) -> bool {
    let shell = resolved.sources.shell.iter();
    let home = shell.filter(|(name, _)| name == "HOME");
    let home = home.filter_map(|(_, home)| home.to_str());
    let apps = resolved.sources.apps.apps.iter();
    let apps = apps.filter_map(|app| app.directory.to_str());
    // `/` would be in all of them.
    let mut places = home.chain(apps).filter(|place| place.len() > 1);
    places.any(|place| text.contains(place))
}

fn path_in(service: &Service, resolved: &Resolved) -> Option<Report> {
    holds_a_path(&service.command, resolved).then(|| {
        let process_type = &service.planned.name.process_type;
        let note = format!("the command of `{process_type}` holds a path of this machine");
        Report::warning(note).help("write it from the app's directory".to_string())
    })
}

/// What a command reads and only the user's shell sets.
fn names_of_the_shell(service: &Service) -> Vec<Report> {
    let is_of_shell = |name: &&str| {
        let variable = service.planned.env.get(name);
        let is_shell = variable.is_some_and(|variable| variable.source == Source::Shell);
        is_shell && !USUAL.contains(name)
    };
    let texts = [&service.command, ready::text(&service.planned)];
    let names = texts.into_iter().flat_map(references).filter(is_of_shell);
    let note = |name| {
        let process_type = &service.planned.name.process_type;
        Report::warning(format!(
            "the command of `{process_type}` reads {name}, which only your shell sets: it does not go along"
        ))
        .help(format!("set it in .env or in `env:` of devrun.yaml, or by `--set {name}=…`"))
    };
    names.map(note).collect()
}

/// Its own port is not the one that all others are told.
fn of_port(service: &Service) -> Option<Report> {
    let port = service.first().port?;
    let process_type = &service.planned.name.process_type;
    server::ignores_port(&service.command).then(|| {
        let note = format!(
            "the command of `{process_type}` does not take PORT: nothing listens on {port} there"
        );
        match server::cure(process_type.as_str(), &service.command) {
            Some(cure) => Report::warning(note).help(format!("`{cure}` in the Procfile")),
            None => Report::warning(note),
        }
    })
}

/// Compose cannot wait for whichever comes first.
fn of_end(service: &Service) -> Option<Report> {
    compose::ends_first(service).then(|| {
        let process_type = &service.planned.name.process_type;
        let note = format!(
            "`{process_type}` is waited for until it has ended there, and not until it listens"
        );
        let help = "`ready: {tcp: true}` in devrun.yaml if it is a server".to_string();
        Report::warning(note).help(help)
    })
}

fn of_container(service: &Service) -> Vec<Report> {
    let process_type = &service.planned.name.process_type;
    let mut notes = Vec::new();
    if service.host != service.first().name.trim_end_matches(".1") {
        let note = format!("`{process_type}` is called `{}` there", service.host);
        notes.push(Report::warning(note));
    }
    if service.planned.port.is_some() && names_this_machine(&service.command) {
        let note = format!(
            "the command of `{process_type}` names this machine: what listens on it is reached by nobody outside of the container"
        );
        let help = "listen on 0.0.0.0 there, by a variable that is another here".to_string();
        notes.push(Report::warning(note).help(help));
    }
    if service.is_outside() {
        let note = format!(
            "`{process_type}` runs in {}, outside of the app's directory: it runs in the image's own there",
            service.directory.display()
        );
        notes.push(Report::warning(note));
    }
    notes
}

fn of_kubernetes(service: &Service) -> Vec<Report> {
    let planned = &service.planned;
    let process_type = &planned.name.process_type;
    let mut notes = Vec::new();
    if planned.stop_signal != TERM {
        let signal = signal(planned.stop_signal);
        let note = format!(
            "`{process_type}` is stopped by {signal} here, and there by what its image says"
        );
        let help = format!("`STOPSIGNAL {signal}` in its Dockerfile");
        notes.push(Report::warning(note).help(help));
    }
    if process_type.as_str() == "release" && planned.restart != RestartPolicy::Never {
        let note = "a Deployment starts `release` again when it has ended";
        let help = "`processes: {release: {restart: never}}` in devrun.yaml makes it a Job";
        notes.push(Report::warning(note).help(help.to_string()));
    }
    notes
}

fn of_image(app: &App, options: &Options) -> Vec<Report> {
    let mut notes = Vec::new();
    if options.image.is_none() {
        let image = &app.label;
        let help = || Some("`--image NAME` names one that is there".to_string());
        match &options.target {
            Target::Compose if !options.has_dockerfile => notes.push(
                Report::warning("there is no Dockerfile to build the image from").help(help()),
            ),
            Target::Kubernetes => {
                notes.push(Report::warning(format!("the image is called `{image}`")).help(help()))
            }
            Target::Compose | Target::Systemd(_) => {}
        }
    }
    let has_public = app.services.iter().any(|service| service.is_public);
    if options.target == Target::Kubernetes && options.host.is_none() && has_public {
        let note = format!("browsers reach it as http://{}", app.host);
        let help = "`--host shop.example.com` gives it another name".to_string();
        notes.push(Report::warning(note).help(help));
    }
    notes
}

fn of_root(options: &Options) -> Option<Report> {
    let is_root =
        matches!(&options.target, Target::Systemd(Manager::System { user }) if user == "root");
    let report = || Report::warning("the processes are to run as root");
    is_root.then(|| report().help("`--user NAME` says who else runs them".to_string()))
}

fn of_secrets(app: &App, options: &Options) -> Option<Report> {
    let names = secrets_of(app);
    if names.is_empty() {
        return None;
    }
    let listed = wording::listed(&names);
    let verb = wording::agreeing(names.len(), "is", "are");
    let note = format!("{listed} {verb} not written, only referred to");
    let name = &app.name;
    let help = match &options.target {
        Target::Systemd(Manager::User) => {
            format!("`devrun export systemd --secrets ~/.config/{name}` writes them where the units look")
        }
        Target::Systemd(Manager::System { .. }) => {
            format!("`devrun export systemd --system --secrets /etc/{name}` writes them where the units look")
        }
        Target::Compose => {
            "`devrun export compose --secrets .` writes them beside compose.yaml; git is to ignore that".into()
        }
        Target::Kubernetes => "`devrun export kubernetes --secrets | kubectl apply -f -` hands them over".into(),
    };
    Some(Report::warning(note).help(help))
}
