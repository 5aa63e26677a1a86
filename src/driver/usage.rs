//! Measures what runs take, beside the loop: it takes a tenth of a second, and longer where trees are large.

use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::driver::trees;
use crate::guardian::protocol::RunId;
use crate::os::family::Marks;
use crate::os::usage;
use crate::words::wire::process::Usage;

/// What is computed within it counts.
const MOMENT: Duration = Duration::from_millis(100);

/// Whose trees are measured.
#[derive(Debug)]
pub(super) struct Runs {
    pub(super) guardian: i32,
    /// All that were spawned: only by that it is known to whom an orphan belongs.
    pub(super) all: Vec<(RunId, Marks)>,
    pub(super) asked: HashSet<RunId>,
}

/// A process as the first look has it.
struct Seen {
    pid: i32,
    run: RunId,
    /// When it was looked at, and what it had computed until then.
    cpu: Option<(Instant, Duration)>,
}

/// What each of the runs that were asked for takes. Where that cannot be measured, nothing comes.
pub(super) fn measure(runs: Runs) -> oneshot::Receiver<HashMap<RunId, Usage>> {
    let (tell, told) = oneshot::channel();
    let measuring = thread::Builder::new().name("usage".into());
    // Who waits sees that the channel is closed.
    let _ = measuring.spawn(move || tell.send(measured(&runs)));
    told
}

fn measured(runs: &Runs) -> HashMap<RunId, Usage> {
    let marks: Vec<(RunId, &Marks)> = runs.all.iter().map(|(id, marks)| (*id, marks)).collect();
    let members = trees::members(runs.guardian, &marks).into_iter();
    let members = members.filter(|(_, run)| runs.asked.contains(run));
    let begun = Instant::now();
    let seen: Vec<Seen> = members.map(|(pid, run)| look(pid, run)).collect();
    let mut taken: HashMap<RunId, Usage> = HashMap::new();
    for process in &seen {
        let taken = taken.entry(process.run).or_default();
        taken.processes += 1;
        taken.memory = sum(taken.memory, usage::memory(process.pid));
    }
    thread::sleep(MOMENT.saturating_sub(begun.elapsed()));
    for process in &seen {
        let taken = taken.entry(process.run).or_default();
        taken.cpu = sum(taken.cpu, share(process));
    }
    for taken in taken.values_mut() {
        // More would be a precision that is not there.
        taken.cpu = taken.cpu.map(|cpu| (cpu * 10.0).round() / 10.0);
    }
    taken
}

fn look(pid: i32, run: RunId) -> Seen {
    let cpu = usage::cpu_time(pid).map(|cpu| (Instant::now(), cpu));
    Seen { pid, run, cpu }
}

/// In percent of one processor; `None`: not told, or it has ended meanwhile.
fn share(process: &Seen) -> Option<f64> {
    let (at, before) = process.cpu?;
    let computed = usage::cpu_time(process.pid)?.saturating_sub(before);
    let passed = at.elapsed().as_secs_f64();
    (passed > 0.0).then(|| computed.as_secs_f64() / passed * 100.0)
}

fn sum<T: std::ops::Add<Output = T>>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}
