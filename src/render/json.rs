//! The stream as events: one JSON object a line, for programs. docs/events.md describes them all.

mod line;
mod notice;
mod stand_in;
pub(crate) mod stored;
mod watching;
mod wiring;

use std::collections::HashMap;

use crate::log::lines::{self, Cut, Open};
use crate::log::tail::Tail;
use crate::render::json::line::Line;
use crate::render::stream;

/// Changes when a field is removed or gets another meaning.
const VERSION: u32 = 1;

#[derive(Debug)]
pub(crate) struct Json {
    /// Those of the plan, in its order.
    sources: Vec<Source>,
    /// Where a name stands in `sources`.
    by_name: HashMap<String, usize>,
    /// How every event begins: version and time.
    head: Vec<u8>,
    /// The number of the next event.
    seq: u64,
    skipped: u64,
}

#[derive(Debug)]
struct Source {
    name: String,
    /// Of the current run, or of the last one; 0 before the first.
    run: u32,
    /// Of that run; `None` if it never had one.
    pid: Option<i32>,
    /// How a `log` goes on behind its number: process and run.
    label: Vec<u8>,
    open: Open,
    /// A piece of the line that has no end yet was told.
    is_begun: bool,
    /// The beginning of a line was skipped: so will be the rest.
    is_torn: bool,
    /// Bytes that were skipped since that was told last.
    skipped: u64,
    tail: Tail,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// The line ends with it.
    Last,
    /// More of the line follows.
    Partial,
}

impl Json {
    pub(crate) fn new(names: &[String]) -> Self {
        let places = names.iter().enumerate();
        Self {
            sources: names.iter().map(|name| Source::new(name)).collect(),
            by_name: places.map(|(place, name)| (name.clone(), place)).collect(),
            head: Vec::new(),
            seq: 0,
            skipped: 0,
        }
    }

    /// The time of the events to come, in RFC 3339.
    pub(crate) fn set_stamp(&mut self, stamp: &str) {
        let stamp = stamp.trim_end();
        self.head = format!(r#"{{"v":{VERSION},"t":"{stamp}","seq":"#).into_bytes();
    }

    /// Takes in what a process wrote, and appends a `log` for each line that it completes.
    pub(crate) fn chunk(&mut self, source: usize, chunk: &[u8], out: &mut Vec<u8>) {
        self.sources[source].tail.push(chunk);
        let (torn, chunk) = lines::split_torn(&mut self.sources[source].is_torn, chunk);
        self.count_skipped(source, torn.len());
        if !self.sources[source].is_torn {
            self.tell_skipped(source, out);
        }
        let Cut { complete, rest } = lines::cut(chunk);
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', complete) {
            self.line(source, &complete[start..end], out);
            start = end + 1;
        }
        let open = &mut self.sources[source].open;
        open.push(rest);
        if open.is_too_long() {
            self.show_open(source, out);
        }
    }

    /// In the place of [`Json::chunk`], where nobody wants to know: its last lines are known all the same.
    pub(crate) fn observe(&mut self, source: usize, chunk: &[u8]) {
        self.sources[source].tail.push(chunk);
    }

    /// In the place of [`Json::chunk`], where there is no room: what the process wrote is counted, and
    /// remembered for its post-mortem. Only whole lines are left out, but for one that was begun.
    pub(crate) fn skip(&mut self, source: usize, chunk: &[u8], out: &mut Vec<u8>) {
        let this = &mut self.sources[source];
        this.tail.push(chunk);
        let open = this.open.bytes().len();
        this.open.consume(open);
        this.is_torn = !chunk.ends_with(b"\n");
        let was_begun = this.is_begun;
        self.count_skipped(source, open + chunk.len());
        if was_begun {
            self.line(source, b"", out);
        }
    }

    /// How many bytes were skipped, in all.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Whether a line of the process waits for its end.
    pub(crate) fn has_open(&self, source: usize) -> bool {
        !self.sources[source].open.is_empty()
    }

    /// Tells an unfinished line as far as it goes: a prompt, or a piece of a very long line.
    pub(crate) fn show_open(&mut self, source: usize, out: &mut Vec<u8>) {
        let mut open = std::mem::take(&mut self.sources[source].open);
        let whole = lines::whole_characters(open.bytes());
        if whole > 0 {
            self.log(source, &open.bytes()[..whole], Piece::Partial, out);
            self.sources[source].is_begun = true;
        }
        open.consume(whole);
        self.sources[source].open = open;
    }

    /// The run is over: a last line without a newline is told. Returns what it wrote last, escaped,
    /// without colours.
    pub(crate) fn end(&mut self, source: usize, out: &mut Vec<u8>) -> Vec<String> {
        if self.has_open(source) || self.sources[source].is_begun {
            self.line(source, b"", out);
        }
        self.tell_skipped(source, out);
        let this = &mut self.sources[source];
        this.is_torn = false;
        let last_lines = this.tail.take();
        last_lines.iter().map(|line| stream::plain(line)).collect()
    }

    fn count_skipped(&mut self, source: usize, bytes: usize) {
        self.skipped += bytes as u64;
        self.sources[source].skipped += bytes as u64;
    }

    fn tell_skipped(&mut self, source: usize, out: &mut Vec<u8>) {
        let skipped = std::mem::take(&mut self.sources[source].skipped);
        if skipped > 0 {
            let this = &self.sources[source];
            let (name, run) = (this.name.clone(), this.run);
            let line = self.event("log.skipped", out).put("process", name);
            line.put("run", run).put("skipped_bytes", skipped).end();
        }
    }

    /// The end of a line: what was open, and `text`.
    fn line(&mut self, source: usize, text: &[u8], out: &mut Vec<u8>) {
        self.sources[source].is_begun = false;
        let mut open = std::mem::take(&mut self.sources[source].open);
        if open.is_empty() {
            self.log(source, text, Piece::Last, out);
        } else {
            open.push(text);
            self.log(source, open.bytes(), Piece::Last, out);
            open.consume(open.bytes().len());
        }
        self.sources[source].open = open;
    }

    fn log(&mut self, source: usize, text: &[u8], piece: Piece, out: &mut Vec<u8>) {
        let line = self.event("log", out).extend(&self.sources[source].label);
        let line = line.written(text);
        match piece {
            Piece::Last => line.end(),
            Piece::Partial => line.put("partial", true).end(),
        }
    }

    /// Begins an event, and gives it its number.
    fn event<'a>(&mut self, name: &str, out: &'a mut Vec<u8>) -> Line<'a> {
        let seq = self.seq;
        self.seq += 1;
        Line::begin(&self.head, seq, name, out)
    }
}

impl Source {
    fn new(name: &str) -> Self {
        let mut this = Self {
            name: name.into(),
            run: 0,
            pid: None,
            label: Vec::new(),
            open: Open::default(),
            is_begun: false,
            is_torn: false,
            skipped: 0,
            tail: Tail::default(),
        };
        this.begin_run(0, None);
        this
    }

    /// Its name holds no character that JSON would escape.
    fn begin_run(&mut self, run: u32, pid: Option<i32>) {
        self.run = run;
        self.pid = pid;
        self.label = format!(r#","process":"{}","run":{run}"#, self.name).into_bytes();
    }
}

#[cfg(test)]
mod tests;
