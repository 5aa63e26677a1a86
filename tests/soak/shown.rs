//! Reads the events of the long session as they come, and holds each run against what its writers noted.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::chance::Chance;
use crate::line::Order;
use crate::records;
use crate::session::Soak;

/// What of an event is looked at (docs/events.md).
#[derive(Deserialize)]
pub struct Event {
    pub seq: Option<u64>,
    pub event: String,
    pub process: Option<String>,
    pub run: Option<u32>,
    pid: Option<i32>,
    pub line: Option<String>,
    #[serde(default)]
    pub partial: bool,
    signal: Option<String>,
    status: Option<u8>,
    skipped_bytes: Option<u64>,
    pub lines: Option<u64>,
}

/// Of one run, while it lasts.
struct Run {
    number: u32,
    pid: i32,
    order: Order,
    /// The beginning of a line.
    open: String,
    /// A line was not whole: its writer was killed, so it is the last one.
    is_torn: bool,
    skipped: u64,
    total: Total,
}

/// Of one run, for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    pub lines: u64,
    pub bytes: u64,
    /// Of all that it wrote (FNV-1a).
    pub hash: u64,
}

impl Total {
    pub fn add(&mut self, text: &str) {
        self.lines += 1;
        self.bytes += text.len() as u64 + 1;
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.hash = text.bytes().fold(step(self.hash, b'\n'), step);
    }
}

/// Of all runs that have ended, by process and number.
pub type Totals = HashMap<(String, u32), Total>;

pub struct Shown<'a> {
    soak: &'a Soak,
    running: HashMap<String, Run>,
    pub totals: Totals,
    events: u64,
    last: String,
}

impl<'a> Shown<'a> {
    /// Reads until the session has ended. Now and then it stands still for up to a second.
    pub fn read(soak: &'a Soak, stdout: impl Read) -> Totals {
        let mut shown = Self {
            soak,
            running: HashMap::new(),
            totals: Totals::new(),
            events: 0,
            last: String::new(),
        };
        let mut chance = Chance::of(soak.seed, 1);
        let mut stdout = BufReader::with_capacity(256 * 1024, stdout);
        let mut line = Vec::new();
        let mut stall_at = Instant::now();
        while stdout.read_until(b'\n', &mut line).expect("it is a pipe") > 0 {
            shown.take(&line);
            line.clear();
            if Instant::now() >= stall_at {
                chance.rest(1000);
                soak.tally.count("reader: stalls", 1);
                stall_at = Instant::now() + Duration::from_millis(chance.below(10_000));
            }
        }
        shown.end()
    }

    fn take(&mut self, line: &[u8]) {
        let tally = &self.soak.tally;
        let Ok(event) = serde_json::from_slice::<Event>(line) else {
            let line = String::from_utf8_lossy(line);
            return tally.fail(format!(
                "no event: {}",
                line.chars().take(300).collect::<String>()
            ));
        };
        if event.seq != Some(self.events) {
            tally.fail(format!(
                "event {} has the number {:?}",
                self.events, event.seq
            ));
        }
        self.events += 1;
        match &event.event[..] {
            "process.started" => self.started(&event),
            "log" => self.log(&event),
            "log.skipped" => self.skipped(&event),
            "process.exited" => self.exited(&event),
            "guardian.lost" | "process.start_failed" => {
                tally.fail(String::from_utf8_lossy(line));
            }
            other => tally.count(&format!("event: {other}"), 1),
        }
        self.last = event.event;
    }

    fn started(&mut self, event: &Event) {
        let (process, pid) = (event.name(), event.pid.expect("a run has a pid"));
        self.soak.tally.count("runs: started", 1);
        self.soak.live.lock().unwrap().insert(process.clone(), pid);
        let run = Run {
            number: event.number(),
            pid,
            order: Order::default(),
            open: String::new(),
            is_torn: false,
            skipped: 0,
            total: Total::default(),
        };
        if let Some(before) = self.running.insert(process, run) {
            let number = before.number;
            self.soak
                .tally
                .fail(format!("run {number} of {} goes on", event.name()));
        }
    }

    /// The run that an event tells of.
    fn run(&mut self, event: &Event) -> Option<&mut Run> {
        let run = self.running.get_mut(&event.name());
        let run = run.filter(|run| Some(run.number) == event.run);
        if run.is_none() {
            let (process, number) = (event.name(), event.number());
            let text = format!("{}: {process} has no run {number}", event.event);
            self.soak.tally.fail(text);
        }
        run
    }

    fn log(&mut self, event: &Event) {
        let tally = &self.soak.tally;
        let Some(run) = self.run(event) else { return };
        run.open.push_str(event.line.as_deref().unwrap_or_default());
        if event.partial {
            return tally.count("lines: pieces", 1);
        }
        let text = std::mem::take(&mut run.open);
        run.total.add(&text);
        let fault = match run.order.take(&text) {
            _ if run.is_torn => Err("a line after one that is not whole".to_string()),
            Ok(is_whole) => {
                run.is_torn = !is_whole;
                Ok(())
            }
            // The hole is the one that was told.
            Err(_) if run.skipped > 0 => Ok(()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = fault {
            let text: String = text.chars().take(100).collect();
            tally.fail(format!(
                "{} run {}: {fault}: {text}",
                event.name(),
                event.number()
            ));
        }
    }

    fn skipped(&mut self, event: &Event) {
        let bytes = event.skipped_bytes.unwrap_or(0);
        self.soak
            .tally
            .count("bytes: skipped within a shutdown", bytes);
        if let Some(run) = self.run(event) {
            run.skipped += bytes;
        }
    }

    fn exited(&mut self, event: &Event) {
        let (process, tally) = (event.name(), &self.soak.tally);
        self.soak.live.lock().unwrap().remove(&process);
        if self.run(event).is_none() {
            return;
        }
        let run = self.running.remove(&process).expect("it was there");
        let how = match (&event.signal, event.status) {
            (Some(signal), _) => signal.clone(),
            (None, Some(0)) => "status 0".to_string(),
            (None, _) => "another status".to_string(),
        };
        tally.count("runs: reaped", 1);
        tally.count(&format!("runs: reaped after {how}"), 1);
        tally.count("lines: shown", run.total.lines);
        tally.count("lines: cut short by a kill", u64::from(run.is_torn));
        tally.count("bytes: shown", run.shown());
        self.compare(&process, &run);
        self.totals.insert((process, run.number), run.total);
    }

    /// What the writers noted against what was shown; and none of them is alive.
    fn compare(&self, process: &str, run: &Run) {
        let (tally, number) = (&self.soak.tally, run.number);
        let written = records::of_run(&self.soak.records, process, run.pid);
        records::forget(&self.soak.records, process, run.pid);
        tally.count("runs: writers in all", written.writers);
        tally.count("bytes: written at least", written.taken);
        tally.count("bytes: written at most", written.intended);
        if !written.alive.is_empty() {
            tally.fail(format!(
                "{process} run {number} was told to be over: {:?}",
                written.alive
            ));
        }
        let shown = run.shown() + run.skipped;
        if shown < written.taken || shown > written.intended {
            let (taken, intended) = (written.taken, written.intended);
            tally.fail(format!(
                "{process} run {number} wrote {taken} to {intended} bytes, of which {shown} were shown"
            ));
        }
    }

    fn end(self) -> Totals {
        let tally = &self.soak.tally;
        if self.last != "bye" {
            tally.fail(format!("the last event is {}", self.last));
        }
        for (process, run) in &self.running {
            tally.fail(format!("run {} of {process} has no end", run.number));
        }
        tally.count("events", self.events);
        self.totals
    }
}

impl Run {
    /// A line that is not whole has no newline.
    fn shown(&self) -> u64 {
        self.total.bytes - u64::from(self.is_torn)
    }
}

impl Event {
    pub fn name(&self) -> String {
        self.process.clone().unwrap_or_default()
    }

    pub fn number(&self) -> u32 {
        self.run.unwrap_or(0)
    }
}
