//! One JSON object, for programs. docs/ps.md describes it.

use serde::Serialize;

use crate::render::harmless;
use crate::render::ps::{AppProcesses, Block, notes};
use crate::words::wire::process::{Failure, Listens, NotReady, ProcessReport, Using};

/// Changes when a field is removed or gets another meaning.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    v: u32,
    apps: Vec<App<'a>>,
}

#[derive(Serialize)]
struct App<'a> {
    name: &'a str,
    identity: &'a str,
    key: &'a str,
    session: Session<'a>,
    answers: bool,
    sibling: bool,
    used_by: &'a [String],
    processes: Vec<Process<'a>>,
}

#[derive(Serialize)]
struct Session<'a> {
    app: &'a str,
    pid: i32,
    up: u64,
    socket: Option<&'a str>,
}

#[derive(Serialize)]
struct Process<'a> {
    process: String,
    state: Option<&'a str>,
    ready: bool,
    run: u32,
    restarts: u32,
    pid: Option<i32>,
    stand_in: bool,
    /// In seconds.
    up: Option<f64>,
    starts_in: Option<f64>,
    port: Option<u16>,
    given: Option<u16>,
    further: &'a [u16],
    url: Option<&'a str>,
    listens: &'a [Listens],
    cpu: Option<f64>,
    memory: Option<u64>,
    members: Option<usize>,
    not_ready: Option<&'a NotReady>,
    waits_for: Vec<String>,
    waits_for_input: bool,
    uses: Vec<Use<'a>>,
    used_by: Vec<String>,
    failure: Option<Cause<'a>>,
}

#[derive(Serialize)]
struct Use<'a> {
    variable: &'a str,
    provider: Option<String>,
    value: Option<&'a str>,
}

#[derive(Serialize)]
struct Cause<'a> {
    status: Option<u8>,
    signal: Option<i32>,
    ago: Option<f64>,
    last_line: Option<&'a str>,
    provider: Option<String>,
    variable: Option<&'a str>,
}

/// In one line, with its end.
pub(crate) fn json(blocks: &[Block]) -> String {
    let apps = blocks.iter().flat_map(|block| {
        let apps = block.apps.iter();
        apps.map(move |app| App::of(block, app))
    });
    let document = Document {
        v: VERSION,
        apps: apps.collect(),
    };
    harmless::json(&document) + "\n"
}

fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

impl<'a> App<'a> {
    fn of(block: &Block, app: &'a AppProcesses) -> Self {
        let processes = app.processes.iter();
        let process = |report| Process::of(block, block.called_of(app, report), report);
        Self {
            name: &app.name,
            identity: &app.identity,
            key: &app.key,
            session: Session {
                app: &app.session.app,
                pid: app.session.pid,
                up: app.session.up.as_secs(),
                socket: app.session.socket.as_deref(),
            },
            answers: app.answers,
            sibling: app.is_sibling,
            used_by: &app.used_by,
            processes: processes.map(process).collect(),
        }
    }
}

impl<'a> Process<'a> {
    fn of(block: &Block, process: String, report: &'a ProcessReport) -> Self {
        let state = &report.state;
        let waits_for = report.waits_for.iter();
        let used_by = report.used_by.iter();
        Self {
            process,
            state: Some(&state.state[..]).filter(|state| !state.is_empty()),
            ready: state.is_ready,
            run: state.run,
            restarts: report.restarts,
            pid: state.pid,
            stand_in: state.stand_in,
            up: report.up_ms.map(seconds),
            starts_in: report.starts_in_ms.map(seconds),
            port: state.port,
            given: state.given,
            further: &state.further,
            url: state.url.as_deref(),
            listens: &report.listens,
            cpu: report.usage.and_then(|usage| usage.cpu),
            memory: report.usage.and_then(|usage| usage.memory),
            members: report.usage.map(|usage| usage.processes),
            not_ready: state.not_ready.as_ref(),
            waits_for: waits_for.map(|it| notes::awaited(block, it)).collect(),
            waits_for_input: report.waits_for_input,
            uses: report.uses.iter().map(|it| Use::of(block, it)).collect(),
            used_by: used_by.map(|process| block.called(process)).collect(),
            failure: state.failure.as_ref().map(|it| Cause::of(block, it)),
        }
    }
}

impl<'a> Use<'a> {
    fn of(block: &Block, using: &'a Using) -> Self {
        Self {
            variable: &using.variable,
            provider: using.process.as_ref().map(|process| block.called(process)),
            value: using.value.as_deref(),
        }
    }
}

impl<'a> Cause<'a> {
    fn of(block: &Block, failure: &'a Failure) -> Self {
        Self {
            status: failure.status,
            signal: failure.signal,
            ago: failure.ago_ms.map(seconds),
            last_line: failure.last_line.as_deref(),
            provider: failure.provider.as_ref().map(|it| block.called(it)),
            variable: failure.variable.as_deref(),
        }
    }
}
