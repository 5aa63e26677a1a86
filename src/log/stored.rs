//! What was stored of a session → lines, each with the time at which it was whole.
//!
//! Lines of one process never mix with another's, nor those of two of its runs. Memory is bounded: a line that is
//! longer than [`lines::MAX_LINE`] comes in pieces.

use std::time::Duration;

use crate::log::lines::{self, Open};
use crate::words::exit::Exit;

/// Who wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    /// devrun itself.
    System,
    /// By its place among the session's processes.
    Process { place: usize, run: u32 },
}

/// A line, or a piece of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) author: Author,
    /// When the last of it came, in nanoseconds since 1970. Lines come in the order of that, but for those that
    /// never had an end: they come when that is known.
    pub(crate) at_ns: u64,
    /// With its newline, if it has one.
    pub(crate) text: &'a [u8],
    /// Pieces of it came before.
    pub(crate) is_continued: bool,
    pub(crate) end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The text ends with it.
    Newline,
    /// More of the line follows.
    Later,
    /// The line was never finished, or its end is lost.
    Never,
}

/// Output that is not there: it was never stored, or has been removed, or cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// In nanoseconds since 1970.
    pub(crate) at_ns: u64,
    /// Of all processes; some of it may be of none that was asked for.
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
    pub(crate) cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The disk was slower than the processes.
    Slow,
    /// It was removed to make room for what came later.
    Removed,
    /// It cannot be read.
    Damaged,
}

/// A run of a process begins or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// In nanoseconds since 1970.
    pub(crate) at_ns: u64,
    /// Among the session's processes.
    pub(crate) place: usize,
    /// From 1.
    pub(crate) run: u32,
    pub(crate) what: Turned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    Started {
        pid: i32,
    },
    /// How its first process did; `None`: nobody knows.
    Ended(Option<Exit>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry<'a> {
    Line(Line<'a>),
    Gap(Gap),
    Turn(Turn),
    /// Between lines of one process some are left out, because nobody has asked for them.
    LeftOut {
        /// Of the line behind it, in nanoseconds since 1970.
        at_ns: u64,
    },
    /// The session has no end: it was killed, or not stored any more.
    CutOff {
        /// Of the last that is there, in nanoseconds since 1970.
        at_ns: u64,
    },
}

/// Cuts what was stored.
#[derive(Debug)]
pub(crate) struct Lines {
    /// By their places.
    processes: Vec<Process>,
    /// Reading began in the middle of the session: the first line of a process may have begun before.
    is_tail: bool,
    torn_until: Option<u64>,
    /// Nobody has had an open line for longer, in nanoseconds since 1970: who reads a long session does not
    /// look at everybody for each of its records.
    silent_since: u64,
    /// In nanoseconds since 1970: a line whose beginning is older is only given out when it is whole.
    pub(crate) since: u64,
}

#[derive(Debug, Default)]
struct Process {
    run: u32,
    open: Open,
    /// When the last of what is open came.
    at_ns: u64,
    /// When that was read, if somebody follows: the store may be behind.
    read_ns: u64,
    /// A piece of the open line was given out.
    is_begun: bool,
    /// What comes may belong to a line whose beginning nobody has read.
    is_torn: bool,
}

impl Author {
    /// For tables: devrun itself comes first.
    pub(crate) fn index(self) -> usize {
        match self {
            Self::System => 0,
            Self::Process { place, run: _ } => place + 1,
        }
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            processes: Vec::new(),
            is_tail: false,
            torn_until: None,
            silent_since: u64::MAX,
            since: 0,
        }
    }
}

impl Entry<'_> {
    pub(crate) fn at_ns(&self) -> u64 {
        match self {
            Self::Line(line) => line.at_ns,
            Self::Gap(gap) => gap.at_ns,
            Self::Turn(turn) => turn.at_ns,
            Self::LeftOut { at_ns } | Self::CutOff { at_ns } => *at_ns,
        }
    }
}

impl Lines {
    /// Of the end of a session: lines whose beginning may stand before it are left out.
    pub(crate) fn of_tail() -> Self {
        Self {
            is_tail: true,
            ..Self::default()
        }
    }

    /// The end of the tail is reached: who writes for the first time now begins with a line, as far as anybody
    /// knows, and of a line that had begun before the rest is shown.
    pub(crate) fn go_on(&mut self) {
        self.is_tail = false;
        for process in &mut self.processes {
            process.is_torn = false;
        }
    }

    /// Until when lines were left out of the tail, in nanoseconds since 1970: behind that it is complete.
    pub(crate) fn torn_until(&self) -> Option<u64> {
        self.torn_until
    }

    /// Takes in what a process wrote, and gives out the lines that it completes.
    pub(crate) fn chunk(
        &mut self,
        (place, run): (usize, u32),
        at_ns: u64,
        bytes: &[u8],
        sink: &mut impl FnMut(Line<'_>),
    ) {
        let process = self.process(place);
        if process.run != run {
            process.finish(place, sink);
            // What an earlier run had begun is not gone on with. Runs are counted from 1.
            process.is_torn &= process.run == 0;
            process.run = run;
        }
        let was_torn = process.is_torn;
        let (_, bytes) = lines::split_torn(&mut process.is_torn, bytes);
        process.at_ns = at_ns;
        process.take(place, bytes, sink);
        if was_torn {
            self.torn_until = Some(at_ns);
        }
        self.silent_since = self.silent_since.min(at_ns);
    }

    /// What a process wrote last was read at this time, and its silence is counted from there: what follows may be
    /// on its way through the store.
    pub(crate) fn was_read(&mut self, place: usize, now_ns: u64) {
        self.process(place).read_ns = now_ns;
    }

    /// A run begins: what it writes begins with a line.
    pub(crate) fn begin_run(&mut self, place: usize, run: u32, sink: &mut impl FnMut(Line<'_>)) {
        self.end(place, sink);
        self.process(place).run = run;
    }

    /// The run is over: its last line has no newline any more.
    pub(crate) fn end(&mut self, place: usize, sink: &mut impl FnMut(Line<'_>)) {
        let process = self.process(place);
        process.finish(place, sink);
        process.is_torn = false;
    }

    /// Something is missing here, and nobody knows of whom: what is open was not finished by what follows.
    pub(crate) fn lose(&mut self, sink: &mut impl FnMut(Line<'_>)) {
        for (place, process) in self.processes.iter_mut().enumerate() {
            process.finish(place, sink);
        }
    }

    /// Since when the process is silent that has been so longest with an open line, in nanoseconds since 1970.
    pub(crate) fn open_since(&self) -> Option<u64> {
        let open = self.processes.iter();
        let open = open.filter(|process| process.has_open(self.since));
        open.map(Process::silent_since).min()
    }

    /// Gives out open lines as far as they go, of those who are silent for so long; the earliest first. All that
    /// was there at `until_ns` is taken in.
    pub(crate) fn show_open(
        &mut self,
        until_ns: u64,
        silence: Duration,
        sink: &mut impl FnMut(Line<'_>),
    ) {
        let is_silent = |since: u64| {
            let silent = Duration::from_nanos(until_ns.saturating_sub(since));
            silent >= silence
        };
        while is_silent(self.silent_since) {
            let open = self.processes.iter_mut().enumerate();
            let open = open.filter(|(_, process)| process.has_open(self.since));
            let earliest = open.min_by_key(|(_, process)| process.silent_since());
            self.silent_since = earliest
                .as_ref()
                .map_or(u64::MAX, |(_, it)| it.silent_since());
            if let Some((place, process)) = earliest.filter(|(_, it)| is_silent(it.silent_since()))
            {
                process.give_open(place, sink);
            }
        }
    }

    fn process(&mut self, place: usize) -> &mut Process {
        let is_tail = self.is_tail;
        if self.processes.len() <= place {
            self.processes.resize_with(place + 1, || Process {
                is_torn: is_tail,
                ..Process::default()
            });
        }
        &mut self.processes[place]
    }
}

impl Process {
    fn silent_since(&self) -> u64 {
        self.at_ns.max(self.read_ns)
    }

    /// There is something that [`Process::give_open`] gives out, and that came then or later: not the beginning
    /// of a character alone.
    fn has_open(&self, since: u64) -> bool {
        self.at_ns >= since && lines::whole_characters(self.open.bytes()) > 0
    }

    fn take(&mut self, place: usize, bytes: &[u8], sink: &mut impl FnMut(Line<'_>)) {
        let mut start = 0;
        for newline in memchr::memchr_iter(b'\n', bytes) {
            let text = &bytes[start..=newline];
            start = newline + 1;
            if self.open.is_empty() {
                sink(self.line(place, text, End::Newline));
            } else {
                self.open.push(text);
                sink(self.line(place, self.open.bytes(), End::Newline));
                self.open.consume(self.open.bytes().len());
            }
            self.is_begun = false;
        }
        self.open.push(&bytes[start..]);
        if self.open.is_too_long() {
            self.give_open(place, sink);
        }
    }

    fn give_open(&mut self, place: usize, sink: &mut impl FnMut(Line<'_>)) {
        let whole = lines::whole_characters(self.open.bytes());
        sink(self.line(place, &self.open.bytes()[..whole], End::Later));
        self.open.consume(whole);
        self.is_begun = true;
    }

    fn finish(&mut self, place: usize, sink: &mut impl FnMut(Line<'_>)) {
        if !self.open.is_empty() || self.is_begun {
            sink(self.line(place, self.open.bytes(), End::Never));
            self.open.consume(self.open.bytes().len());
            self.is_begun = false;
        }
    }

    fn line<'a>(&self, place: usize, text: &'a [u8], end: End) -> Line<'a> {
        let run = self.run;
        Line {
            author: Author::Process { place, run },
            at_ns: self.at_ns,
            text,
            is_continued: self.is_begun,
            end,
        }
    }
}

#[cfg(test)]
mod tests;
