//! docs/control.md has every path, and every field of what is answered.

use std::collections::BTreeSet;

use hyper::Method;
use serde::Serialize;
use serde_json::Value;

use super::*;
use crate::control::route::{self, Astray, Route};
use crate::words::wire::process::{
    Awaited as WaitedFor, Failure, Listens, Named, NotReady, ProcessReport, Usage, Using,
};
use crate::words::wire::{AppState, Asker, Awaited, Ending, HandedOver, Steered, VisitorIs};

const PAGE: &str = include_str!("../../../docs/control.md");

/// Methods and paths, of the table at the page's beginning.
fn rows() -> Vec<(Method, &'static str)> {
    let row = |line: &'static str| {
        let (method, rest) = line.strip_prefix("| `")?.split_once("` | [`")?;
        Some((method.parse().ok()?, rest.split_once('`')?.0))
    };
    PAGE.lines().filter_map(row).collect()
}

/// What tells it from the others.
fn kind(route: &Route) -> String {
    match route {
        Route::Apps => "apps".into(),
        Route::App(_) => "app".into(),
        Route::Env { .. } => "env".into(),
        Route::Follow(_) => "follow".into(),
        Route::HandOver(_) => "hand-over".into(),
        Route::Knock => "knock".into(),
        Route::Processes(_) => "processes".into(),
        Route::Replace { .. } => "replace".into(),
        Route::Attach(whom) => format!("attach {}", matches!(whom, Whom::WhoeverWaits)),
        Route::Borrow(_) => "borrow".into(),
        Route::Steer { asked, .. } => format!("{asked:?}"),
        Route::End => "end".into(),
    }
}

#[test]
fn every_path_is_in_the_table_and_takes_its_method_alone() {
    let mut kinds = BTreeSet::new();
    for (method, path) in rows() {
        let route = route::of(&method, path);
        let route = route.unwrap_or_else(|_| panic!("{method} {path}"));
        assert!(kinds.insert(kind(&route)), "{path} is there twice");
        let other = if method == Method::GET {
            Method::POST
        } else {
            Method::GET
        };
        assert_eq!(route::of(&other, path), Err(Astray::Only(method)), "{path}");
    }
    // Three ways to steer and two to attach, and one of each of the other ten.
    assert_eq!(kinds.len(), 15, "{kinds:?}");
}

/// All names of fields, at whatever depth.
fn fields(value: &impl Serialize) -> BTreeSet<String> {
    fn gather(value: &Value, names: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                names.extend(object.keys().cloned());
                object.values().for_each(|value| gather(value, names));
            }
            Value::Array(items) => items.iter().for_each(|item| gather(item, names)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut names = BTreeSet::new();
    gather(&serde_json::to_value(value).unwrap(), &mut names);
    names
}

#[track_caller]
fn are_described(value: &impl Serialize) {
    let is_missing = |name: &&String| {
        let forms = [format!("`{name}`"), format!("\"{name}\"")];
        !forms.iter().any(|form| PAGE.contains(form))
    };
    let names = fields(value);
    let missing: Vec<&String> = names.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "docs/control.md lacks {missing:?}");
}

fn named() -> Named {
    Named {
        app: "api".into(),
        identity: "/api".into(),
        process: "web.1".into(),
    }
}

/// With something in every field.
fn state() -> ProcessState {
    let not_ready = NotReady {
        listens: true,
        was_ready: true,
        seen: Some("HTTP 503".into()),
    };
    let failure = Failure {
        status: Some(1),
        signal: Some(9),
        is_unready: true,
        ago_ms: Some(1),
        delay_ms: Some(1),
        last_line: Some("x".into()),
        provider: Some(named()),
        variable: Some("API_URL".into()),
    };
    ProcessState {
        name: "web.1".into(),
        state: "ready".into(),
        port: Some(1),
        given: Some(1),
        further: vec![1],
        url: Some("x".into()),
        pid: Some(1),
        run: 1,
        stand_in: true,
        grace_ms: Some(1),
        is_ready: true,
        is_settled: true,
        last_lines: vec!["x".into()],
        failed: Some(1),
        cause: Some("x".into()),
        failure: Some(failure),
        not_ready: Some(not_ready),
        waiting_for: vec!["x".into()],
    }
}

#[test]
fn every_field_of_an_app_is_described() {
    are_described(&AppState {
        name: "api".into(),
        identity: "/api".into(),
        pid: 1,
        is_sibling: true,
        is_root: true,
        used_by: vec!["shop".into()],
        processes: vec![state()],
        joined: vec!["/db".into()],
        dormant: vec!["job.1".into()],
        requests: 1,
        is_ending: true,
    });
}

#[test]
fn every_field_of_a_process_is_described() {
    let waits_for = vec![
        WaitedFor::Process {
            process: named(),
            port: Some(1),
            not_ready: state().not_ready,
        },
        WaitedFor::Address {
            host: "x".into(),
            port: 1,
        },
        WaitedFor::Start(named()),
    ];
    are_described(&ProcessReport {
        state: state(),
        up_ms: Some(1),
        restarts: 1,
        starts_in_ms: Some(1),
        usage: Some(Usage {
            cpu: Some(1.0),
            memory: Some(1),
            processes: 1,
        }),
        listens: vec![Listens {
            port: 1,
            address: [127, 0, 0, 1].into(),
        }],
        waits_for,
        uses: vec![Using {
            variable: "API_URL".into(),
            process: Some(named()),
            value: Some("x".into()),
        }],
        used_by: vec![named()],
        waits_for_input: true,
    });
}

#[test]
fn every_field_of_a_request_and_its_answer_is_described() {
    are_described(&Asker {
        pid: 1,
        app: "shop".into(),
        directory: "~/shop".into(),
        only_looks: true,
    });
    are_described(&VisitorIs {
        pid: 1,
        columns: 80,
        rows: 24,
    });
    are_described(&Steered {
        request: 1,
        processes: vec![Awaited {
            name: "web.1".into(),
            run: 1,
        }],
    });
    are_described(&Ending {
        processes: 1,
        within_ms: 1,
    });
    are_described(&HandedOver::default());
}
