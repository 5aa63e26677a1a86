//! A file of Docker Compose: a service for each process type, with as many replicas as the formation says.

use crate::export::app::{App, Service, seconds, signal, written_by};
use crate::export::container::arguments;
use crate::export::ready::{self, EVERY, LONGEST};
use crate::export::yaml::{Yaml, list, map};
use crate::export::{File, Target, systemd};
use crate::words::policy::RestartPolicy;

pub(crate) fn files(app: &App) -> Vec<File> {
    let services = app.services.iter();
    let services = services.map(|service| (service.host.clone(), of(app, service)));
    let document = map([
        ("name", app.label.as_str().into()),
        ("services", Yaml::Map(services.collect())),
    ]);
    // Compose puts variables of its own everywhere.
    let document = document.map_texts(&|text| text.replace('$', "$$"));
    vec![File {
        name: "compose.yaml".into(),
        text: written_by(&Target::Compose) + &document.document(),
    }]
}

/// Beside compose.yaml. The form is the same as systemd's.
pub(crate) fn secrets(app: &App) -> Vec<File> {
    systemd::secrets(app)
}

fn of(app: &App, service: &Service) -> Yaml {
    let planned = &service.planned;
    let build = service.build.to_string_lossy().into_owned();
    let is_stopped_otherwise = planned.stop_signal != 15;
    let stop_signal = is_stopped_otherwise.then(|| signal(planned.stop_signal).into());
    map([("image", service.image.as_str().into())])
        .with_any("build", service.is_built.then(|| build.into()))
        .with("command", list(arguments(service)))
        // As here, it is not the first process of its machine: that one would ignore SIGTERM.
        .with("init", Yaml::Flag(true))
        .with_any(
            "tty",
            (planned.tty == Some(true)).then_some(Yaml::Flag(true)),
        )
        .with("environment", environment(app, service))
        .with_any("env_file", any(env_files(app, service)))
        .with_any("expose", any(exposed(service)))
        .with_any("ports", any(published(service)))
        .with_any("depends_on", depends_on(app, service))
        .with_any("healthcheck", healthcheck(service))
        .with_any("deploy", replicas(service))
        .with("restart", restart(service).into())
        .with_any("stop_signal", stop_signal)
        .with("stop_grace_period", seconds(planned.grace).into())
}

fn any(yaml: Yaml) -> Option<Yaml> {
    (yaml != Yaml::List(Vec::new())).then_some(yaml)
}

/// Of several replicas none knows which it is.
fn environment(app: &App, service: &Service) -> Yaml {
    let first = service.first();
    let ports = first.ports();
    let mut pairs: Vec<(String, Yaml)> = ports
        .map(|(name, port)| (name.to_string(), port.to_string().into()))
        .collect();
    let ps = match service.processes.len() {
        1 => first.ps.as_str(),
        _ => first.ps.trim_end_matches(".1"),
    };
    pairs.push(("PS".into(), ps.into()));
    let plain = app.common.plain.iter().chain(&service.own.plain);
    pairs.extend(plain.map(|(name, value)| (name.clone(), value.as_str().into())));
    Yaml::Map(pairs)
}

fn env_files(app: &App, service: &Service) -> Yaml {
    let configs = [("all", &app.common), (&service.host, &service.own)];
    let there = configs
        .iter()
        .filter(|(_, config)| !config.secret.is_empty());
    list(there.map(|(name, _)| format!("{name}.env")))
}

fn exposed(service: &Service) -> Yaml {
    let ports = service.first().ports().map(|(_, port)| port.to_string());
    list(ports)
}

/// Each replica on a port of its own, as here.
fn published(service: &Service) -> Yaml {
    let Some(port) = service.first().port.filter(|_| service.is_public) else {
        return Yaml::List(Vec::new());
    };
    let last = usize::from(port) + service.processes.len() - 1;
    list([match service.processes.len() {
        1 => format!("{port}:{port}"),
        _ => format!("{port}-{last}:{port}"),
    }])
}

/// Healthy is what is ready here, of one that somebody can look at. One that listens or ends, whichever it does, is taken
/// to end: else nobody would be started who comes after a `release`.
fn depends_on(app: &App, service: &Service) -> Option<Yaml> {
    let after = service.after.iter().map(|after| {
        let before = &app.services[after.service];
        let condition = if after.waits && healthcheck(before).is_some() {
            "service_healthy"
        } else if after.waits && ends_first(before) {
            "service_completed_successfully"
        } else {
            "service_started"
        };
        (before.host.clone(), map([("condition", condition.into())]))
    });
    let after: Vec<(String, Yaml)> = after.collect();
    (!after.is_empty()).then_some(Yaml::Map(after))
}

/// Without a PORT nobody waits for anything, as here.
pub(crate) fn ends_first(service: &Service) -> bool {
    service.is_one_shot && service.is_awaited && service.first().port.is_some()
}

/// Until it has passed once nothing counts as a failure.
fn healthcheck(service: &Service) -> Option<Yaml> {
    let trial = ready::trial(service, service.is_awaited && !service.is_one_shot)?;
    let trial = trial.in_container(service);
    let seconds = |seconds: u64| Yaml::Text(format!("{seconds}s"));
    Some(map([
        ("test", list(["CMD-SHELL", &trial.script()])),
        ("interval", seconds(EVERY)),
        ("timeout", seconds(trial.longest())),
        ("retries", Yaml::Number(3)),
        ("start_period", seconds(LONGEST)),
    ]))
}

fn replicas(service: &Service) -> Option<Yaml> {
    let count = service.processes.len();
    (count > 1).then(|| map([("replicas", Yaml::Number(count as u64))]))
}

fn restart(service: &Service) -> String {
    let planned = &service.planned;
    match (planned.restart, planned.max_restarts) {
        (RestartPolicy::Never, _) | (RestartPolicy::OnFailure, 0) => "no".into(),
        (RestartPolicy::OnFailure, max) => format!("on-failure:{max}"),
        (RestartPolicy::Always, _) => "always".into(),
    }
}
