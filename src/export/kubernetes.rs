//! Objects of Kubernetes, in a namespace of the app's own: Deployments, Services, ConfigMaps, and an Ingress for what
//! browsers reach.

use crate::export::app::{App, Service, written_by};
use crate::export::config::{Config, Values};
use crate::export::container::arguments;
use crate::export::names::{free, label};
use crate::export::ready::{self, EVERY, LONGEST, Trial};
use crate::export::yaml::{Yaml, list, map};
use crate::export::{File, Target};
use crate::words::policy::RestartPolicy;

/// What all have in common: no process type is called so.
const ALL: &str = "all";

pub(crate) fn files(app: &App) -> Vec<File> {
    let mut objects = vec![namespace(app)];
    objects.extend(configs(app, |config| &config.plain).map(|(name, values)| {
        let data = values.iter();
        let data = data.map(|(name, value)| (name.clone(), value.as_str().into()));
        object("v1", "ConfigMap", metadata(app, name)).with("data", Yaml::Map(data.collect()))
    }));
    objects.extend(app.services.iter().map(|service| workload(app, service)));
    let served = app
        .services
        .iter()
        .filter(|service| service.first().port.is_some());
    objects.extend(served.map(|served| service(app, served)));
    let public: Vec<&Service> = app.services.iter().filter(|it| it.is_public).collect();
    if !public.is_empty() {
        objects.push(ingress(app, &public));
    }
    vec![file(app, "", &objects)]
}

/// A Secret for each ConfigMap, if it has any.
pub(crate) fn secrets(app: &App) -> Vec<File> {
    let secrets = configs(app, |config| &config.secret).map(|(name, values)| {
        let data = values.iter();
        let data = data.map(|(name, value)| (name.clone(), value.as_str().into()));
        object("v1", "Secret", metadata(app, name))
            .with("type", "Opaque".into())
            .with("stringData", Yaml::Map(data.collect()))
    });
    let secrets: Vec<Yaml> = secrets.collect();
    if secrets.is_empty() {
        return Vec::new();
    }
    // Whichever is applied first.
    let objects: Vec<Yaml> = [namespace(app)].into_iter().chain(secrets).collect();
    vec![file(app, "-secrets", &objects)]
}

fn file(app: &App, suffix: &str, objects: &[Yaml]) -> File {
    let documents: Vec<String> = objects.iter().map(Yaml::document).collect();
    File {
        name: format!("{}{suffix}.yaml", app.label),
        text: written_by(&Target::Kubernetes) + &documents.join("---\n"),
    }
}

/// The values of `part` that all have, and those of each, by the names of their objects.
fn configs<'a>(
    app: &'a App,
    part: impl Fn(&'a Config) -> &'a Values,
) -> impl Iterator<Item = (&'a str, &'a Values)> {
    let own = app.services.iter();
    let own = own.map(|service| (service.host.as_str(), &service.own));
    let all = std::iter::once((ALL, &app.common)).chain(own);
    let all = all.map(move |(name, config)| (name, part(config)));
    all.filter(|(_, values)| !values.is_empty())
}

fn object(version: &str, kind: &str, metadata: Yaml) -> Yaml {
    map([
        ("apiVersion", version.into()),
        ("kind", kind.into()),
        ("metadata", metadata),
    ])
}

fn namespace(app: &App) -> Yaml {
    let name = map([("name", app.label.as_str().into())]);
    object("v1", "Namespace", name)
}

fn metadata(app: &App, name: &str) -> Yaml {
    map([
        ("name", name.into()),
        ("namespace", app.label.as_str().into()),
        ("labels", labels(app, name)),
    ])
}

fn labels(app: &App, name: &str) -> Yaml {
    map([
        ("app.kubernetes.io/name", name.into()),
        ("app.kubernetes.io/part-of", app.label.as_str().into()),
    ])
}

/// A Deployment starts again whatever ends; what is never started again is a Job.
fn workload(app: &App, service: &Service) -> Yaml {
    let count = Yaml::Number(service.processes.len() as u64);
    let metadata = metadata(app, &service.host);
    match service.planned.restart {
        RestartPolicy::Always | RestartPolicy::OnFailure => {
            let spec = map([
                ("replicas", count),
                (
                    "selector",
                    map([("matchLabels", labels(app, &service.host))]),
                ),
                ("template", pod(app, service, None)),
            ]);
            object("apps/v1", "Deployment", metadata).with("spec", spec)
        }
        RestartPolicy::Never => {
            let spec = map([
                ("parallelism", count.clone()),
                ("completions", count),
                ("backoffLimit", Yaml::Number(0)),
                ("template", pod(app, service, Some("Never"))),
            ]);
            object("batch/v1", "Job", metadata).with("spec", spec)
        }
    }
}

fn pod(app: &App, service: &Service, restart: Option<&str>) -> Yaml {
    let grace = service.planned.grace.as_secs_f64().ceil() as u64;
    let spec = map([
        // They are variables such as WEB_PORT=tcp://…, which programs take for something else.
        ("enableServiceLinks", Yaml::Flag(false)),
        ("terminationGracePeriodSeconds", Yaml::Number(grace)),
    ])
    .with_any("restartPolicy", restart.map(Into::into))
    .with("containers", Yaml::List(vec![container(app, service)]));
    map([
        ("metadata", map([("labels", labels(app, &service.host))])),
        ("spec", spec),
    ])
}

fn container(app: &App, service: &Service) -> Yaml {
    let ports = service.first().ports();
    let ports = ports.map(|(_, port)| map([("containerPort", Yaml::Number(port.into()))]));
    let ports: Vec<Yaml> = ports.collect();
    let plain = [(ALL, &app.common), (&service.host, &service.own)];
    let plain = plain.iter().filter(|(_, config)| !config.plain.is_empty());
    let plain = plain.map(|(name, _)| map([("configMapRef", map([("name", (*name).into())]))]));
    let plain: Vec<Yaml> = plain.collect();
    let arguments = arguments(service).map(|argument| literal(&argument));
    // Beside the program, which the image may start in a way of its own.
    map([
        ("name", service.host.as_str().into()),
        ("image", service.image.as_str().into()),
        ("args", list(arguments)),
    ])
    .with_any(
        "tty",
        (service.planned.tty == Some(true)).then_some(Yaml::Flag(true)),
    )
    .with_any("ports", (!ports.is_empty()).then_some(Yaml::List(ports)))
    .with("env", Yaml::List(environment(app, service)))
    .with_any("envFrom", (!plain.is_empty()).then_some(Yaml::List(plain)))
    .with_any("readinessProbe", readiness(service))
    .with_any("livenessProbe", liveness(service))
    .with_any("startupProbe", startup(service))
}

/// What the ConfigMaps do not have: what differs by its nature, and what is secret.
fn environment(app: &App, service: &Service) -> Vec<Yaml> {
    let valued = |name: &str, value: Yaml| map([("name", name.into()), ("value", value)]);
    let from = |name: &str, source: Yaml| map([("name", name.into()), ("valueFrom", source)]);
    let ports = service.first().ports();
    let mut all: Vec<Yaml> = ports
        .map(|(name, port)| valued(name, port.to_string().into()))
        .collect();
    // Nobody numbers them there.
    let own_name = map([("fieldRef", map([("fieldPath", "metadata.name".into())]))]);
    all.push(from("PS", own_name));
    for (secret, config) in [(ALL, &app.common), (&service.host, &service.own)] {
        all.extend(config.secret.keys().map(|name| {
            let key = map([("name", secret.into()), ("key", name.as_str().into())]);
            from(name, map([("secretKeyRef", key)]))
        }));
    }
    all
}

/// Ready is as here. Of a worker that nobody waits for that is not asked.
fn readiness(service: &Service) -> Option<Yaml> {
    let is_asked = service.is_public || service.is_awaited;
    let trial = ready::trial(service, is_asked)?.in_container(service);
    Some(probe(service, &trial).with("periodSeconds", Yaml::Number(EVERY)))
}

/// With `restart: always` one that is ready no more is started again, here and there.
fn liveness(service: &Service) -> Option<Yaml> {
    let trial = tried_on(service)?;
    Some(probe(service, &trial).with("periodSeconds", Yaml::Number(10)))
}

/// Until it is ready it is not found dead.
fn startup(service: &Service) -> Option<Yaml> {
    let trial = tried_on(service)?;
    let probe = probe(service, &trial)
        .with("periodSeconds", Yaml::Number(EVERY))
        .with("failureThreshold", Yaml::Number(LONGEST / EVERY));
    Some(probe)
}

fn tried_on(service: &Service) -> Option<Trial> {
    let planned = &service.planned;
    let ready = planned.ready.as_ref()?;
    let is_restarted = ready.is_tried_on() && planned.restart == RestartPolicy::Always;
    let trial = ready::trial(service, false).filter(|_| is_restarted)?;
    Some(trial.in_container(service))
}

fn probe(service: &Service, trial: &Trial) -> Yaml {
    let number = service.first().port.unwrap_or_default();
    let port = || ("port", Yaml::Number(number.into()));
    let tried = match trial {
        Trial::Page { path, statuses } if ready::is_known(statuses) => {
            // Frameworks that check it know this name, and not the pod's address.
            let name = map([
                ("name", "Host".into()),
                ("value", format!("localhost:{number}").into()),
            ]);
            let headers = ("httpHeaders", Yaml::List(vec![name]));
            (
                "httpGet",
                map([("path", path.as_str().into()), port(), headers]),
            )
        }
        Trial::Port | Trial::Page { .. } => ("tcpSocket", map([port()])),
        Trial::Command(command) => {
            let words = list(["/bin/sh", "-c", &literal(command)]);
            ("exec", map([("command", words)]))
        }
    };
    map([tried, ("timeoutSeconds", Yaml::Number(trial.longest()))])
}

fn service(app: &App, service: &Service) -> Yaml {
    let mut names: Vec<String> = Vec::new();
    let ports = service.first().ports().map(|(name, port)| {
        let name = match name {
            "PORT" if service.scheme.is_empty() => "tcp".to_string(),
            "PORT" => service.scheme.to_string(),
            further => label(further),
        };
        // No two of a Service have the same.
        let name = free(&name, |label| names.iter().any(|name| name == label));
        names.push(name.clone());
        map([("name", name.into()), ("port", Yaml::Number(port.into()))])
    });
    let spec = map([
        ("selector", labels(app, &service.host)),
        ("ports", Yaml::List(ports.collect())),
    ]);
    object("v1", "Service", metadata(app, &service.host)).with("spec", spec)
}

/// One for all that browsers reach; of several apps each has a name below the whole's.
fn ingress(app: &App, public: &[&Service]) -> Yaml {
    let rules = public.iter().map(|service| {
        let host = match public.len() {
            1 => app.host.clone(),
            _ => format!("{}.{}", service.host, app.host),
        };
        let port = service.first().port.unwrap_or_default();
        let port = map([("number", Yaml::Number(port.into()))]);
        let backend = map([("name", service.host.as_str().into()), ("port", port)]);
        let path = map([
            ("path", "/".into()),
            ("pathType", "Prefix".into()),
            ("backend", map([("service", backend)])),
        ]);
        let http = map([("paths", Yaml::List(vec![path]))]);
        map([("host", host.into()), ("http", http)])
    });
    let spec = map([("rules", Yaml::List(rules.collect()))]);
    object("networking.k8s.io/v1", "Ingress", metadata(app, &app.label)).with("spec", spec)
}

/// Where `$(NAME)` is a reference, and `$$` a dollar.
pub(super) fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::export::reading;

    proptest! {
        #[test]
        fn no_dollar_begins_a_reference(text in "[$()A{} -]{0,20}") {
            prop_assert_eq!(reading::dollars(&literal(&text)), Some(text));
        }
    }
}
