//! What there is to say of a process besides its row.

use core::net::Ipv6Addr;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::render::ps::Block;
use crate::words::wire::process::{Awaited, Failure, Listens, NotReady, ProcessReport, Using};
use crate::words::wording::{self, duration, listed};

const STAND_IN: &str = "a program stands in for it: devrun run --as";

/// One line each, the most urgent first. `name`: what the process is called here.
pub(super) fn notes(block: &Block, name: &str, report: &ProcessReport) -> Vec<String> {
    let all = [
        failure(block, report),
        report.starts_in_ms.map(starts_again),
        report.state.stand_in.then(|| STAND_IN.to_string()),
        waits(block, report),
        report.state.not_ready.as_ref().map(NotReady::words),
        mismatch(report),
        reached_by_others(report),
        one_family(report),
        report.waits_for_input.then(|| prompt(name)),
        uses(block, report),
    ];
    all.into_iter().flatten().collect()
}

fn milliseconds(milliseconds: u64) -> String {
    duration(Duration::from_millis(milliseconds))
}

fn failure(block: &Block, report: &ProcessReport) -> Option<String> {
    let failure = report.state.failure.as_ref()?;
    if let Some(provider) = &failure.provider {
        let provider = block.called(provider);
        return Some(match &failure.variable {
            Some(variable) => format!("{variable}: {provider} failed"),
            None => format!("{provider} failed"),
        });
    }
    ended(failure)
}

/// `status 1, 34 s ago: ZeroDivisionError: division by zero`.
fn ended(failure: &Failure) -> Option<String> {
    let mut text = failure.exit()?.brief();
    if let Some(ago) = failure.ago_ms {
        text.push_str(&format!(", {} ago", milliseconds(ago)));
    }
    if let Some(line) = &failure.last_line {
        text.push_str(&format!(": {}", line.trim()));
    }
    Some(text)
}

fn starts_again(in_ms: u64) -> String {
    format!("starts again in {}", milliseconds(in_ms))
}

pub(super) fn awaited(block: &Block, awaited: &Awaited) -> String {
    match awaited {
        Awaited::Process {
            process,
            port,
            not_ready,
        } => wording::ready(block.called(process), *port, not_ready.as_ref()),
        Awaited::Address { host, port } => wording::accepting(host, *port),
        Awaited::Start(process) => wording::somebody(block.called(process)),
    }
}

fn waits(block: &Block, report: &ProcessReport) -> Option<String> {
    let all = report.waits_for.iter().map(|what| awaited(block, what));
    (!report.waits_for.is_empty()).then(|| format!("waits for {}", listed(all)))
}

fn mismatch(report: &ProcessReport) -> Option<String> {
    let (given, found) = report.state.given.zip(report.state.port)?;
    let is_other = given != found && report.up_ms.is_some();
    is_other.then(|| format!("was given PORT={given}, listens on {found}"))
}

fn reached_by_others(report: &ProcessReport) -> Option<String> {
    let is_open = |listens: &&Listens| !listens.address.is_loopback();
    let open: Vec<&Listens> = report.listens.iter().filter(is_open).collect();
    if open.is_empty() {
        return None;
    }
    let addresses: BTreeSet<String> = open.iter().map(|it| it.address.to_string()).collect();
    let is_all = open.iter().any(|it| it.address.is_unspecified());
    let place = if is_all {
        "all addresses".to_string()
    } else {
        listed(addresses)
    };
    let ports: BTreeSet<u16> = open.iter().map(|it| it.port).collect();
    let is_its_port = |port: &u16| Some(*port) == report.state.port;
    let which = if ports.iter().all(is_its_port) {
        String::new()
    } else {
        let noun = wording::agreeing(ports.len(), "port", "ports");
        format!(" ({noun} {})", listed(ports))
    };
    Some(format!(
        "listens on {place}{which}: others in the network reach it"
    ))
}

/// Its URL says `localhost`, and some programs know only the other family by that name.
fn one_family(report: &ProcessReport) -> Option<String> {
    let on_its_port = |it: &&Listens| Some(it.port) == report.state.port;
    let mut on_its_port = report.listens.iter().filter(on_its_port).peekable();
    on_its_port.peek()?;
    let is_only = on_its_port.all(|it| it.address == Ipv6Addr::LOCALHOST);
    is_only.then(|| "listens on ::1 only: 127.0.0.1 does not reach it".into())
}

fn prompt(name: &str) -> String {
    let short = name.strip_suffix(".1").unwrap_or(name);
    format!("waits for input: devrun attach {short}")
}

fn uses(block: &Block, report: &ProcessReport) -> Option<String> {
    let uses: Vec<String> = report
        .uses
        .iter()
        .filter_map(|it| used(block, it))
        .collect();
    let uses = (!uses.is_empty()).then(|| format!("uses {}", listed(uses)));
    let by = report.used_by.iter().map(|process| block.called(process));
    let by = (!report.used_by.is_empty()).then(|| format!("used by {}", listed(by)));
    let both: Vec<String> = [uses, by].into_iter().flatten().collect();
    (!both.is_empty()).then(|| both.join("; "))
}

fn used(block: &Block, using: &Using) -> Option<String> {
    let process = using.process.as_ref().map(|process| block.called(process));
    let what = process.or_else(|| using.value.clone())?;
    Some(format!("{what} ({})", using.variable))
}
