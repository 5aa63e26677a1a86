//! The log store of the session that is over against what was shown, as far as it was kept.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::line::Order;
use crate::session::Soak;
use crate::shown::{Event, Total, Totals};
use crate::tally::Tally;

/// What of one run is stored.
#[derive(Default)]
struct Kept {
    order: Order,
    open: String,
    total: Total,
}

pub fn compare(soak: &Soak, totals: &Totals) {
    let mut kept: HashMap<(String, u32), Kept> = HashMap::new();
    // Those whose beginning was seen.
    let mut begun = HashSet::new();
    let mut command = soak.project.command(["logs", "--json"]);
    command.stdout(Stdio::piped());
    let mut logs = command.spawn().expect("devrun is built");
    let stdout = BufReader::new(logs.stdout.take().expect("it is a pipe"));
    for line in stdout.split(b'\n') {
        let line = line.expect("it is a pipe");
        let event: Event = serde_json::from_slice(&line).expect("each line is JSON");
        let run = (event.name(), event.number());
        match &event.event[..] {
            "run.started" => {
                begun.insert(run);
            }
            "log" => take(soak, kept.entry(run).or_default(), &event),
            "gap" => {
                soak.tally
                    .count("log store: lines removed", event.lines.unwrap_or(0));
            }
            "said" | "run.ended" => {}
            other => soak.tally.fail(format!("the log store tells of {other}")),
        }
    }
    let status = logs.wait().expect("it is ours");
    if !status.success() {
        soak.tally.fail(format!("logs ended with {status}"));
    }
    compare_all(&soak.tally);
    for run in &begun {
        compare_run(soak, run, kept.get(run), totals);
    }
    soak.tally
        .count("log store: runs compared", begun.len() as u64);
}

/// What was kept and what was removed is all there was. A removed line without an end may count as none.
fn compare_all(tally: &Tally) {
    let stored = tally.of("log store: lines kept") + tally.of("log store: lines removed");
    let (shown, cut) = (
        tally.of("lines: shown"),
        tally.of("lines: cut short by a kill"),
    );
    if stored > shown || stored + cut < shown {
        tally.fail(format!(
            "{shown} lines were shown and {stored} stored or removed"
        ));
    }
}

fn take(soak: &Soak, kept: &mut Kept, event: &Event) {
    kept.open
        .push_str(event.line.as_deref().unwrap_or_default());
    if event.partial {
        return;
    }
    let text = std::mem::take(&mut kept.open);
    kept.total.add(&text);
    soak.tally.count("log store: lines kept", 1);
    if let Err(fault) = kept.order.take_later(&text) {
        let (name, number) = (event.name(), event.number());
        soak.tally
            .fail(format!("stored of {name} run {number}: {fault}"));
    }
}

fn compare_run(soak: &Soak, run: &(String, u32), kept: Option<&Kept>, totals: &Totals) {
    let kept = kept.map(|kept| kept.total).unwrap_or_default();
    let (name, number) = run;
    match totals.get(run) {
        Some(shown) if *shown == kept => {}
        shown => {
            let text = format!("{name} run {number}: stored is {kept:?}, shown {shown:?}");
            soak.tally.fail(text);
        }
    }
}
