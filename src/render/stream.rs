//! The one stream: lines of all processes and devrun's own, each behind its prefix, in true order.

mod hidden;
mod prompt;
mod shown_whole;

use crate::log::lines::{self, Cut, Open};
use crate::log::tail::Tail;
use crate::render::palette::{self, Depth};
use crate::render::sanitize::{self, Sanitizer};
use crate::render::{answer, name, notice};
use crate::words::answer::Answer;
use crate::words::notice::Notice;
use crate::words::wording;

/// The name that devrun's own lines have.
const SYSTEM: &str = "system";
/// Below this many columns there is no time, and names are cut.
const NARROW: u16 = 60;
/// Notices are not squeezed into less.
const NARROWEST: usize = 24;

/// How the stream looks.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// What a child writes is kept from steering it.
    pub(crate) is_terminal: bool,
    /// In columns, if it is known.
    pub(crate) width: Option<u16>,
    pub(crate) depth: Depth,
    /// devrun's own lines are left out.
    pub(crate) is_quiet: bool,
}

impl Look {
    fn is_narrow(&self) -> bool {
        self.is_terminal && self.width.is_some_and(|width| width < NARROW)
    }
}

#[derive(Debug)]
pub(crate) struct Stream {
    look: Look,
    /// Those of the plan, in its order, and devrun itself behind them.
    sources: Vec<Source>,
    /// The time, with a blank behind it.
    stamp: String,
    /// Counts the stamps, so that a prefix is built once for each.
    stamps: u64,
    /// Who has written the beginning of a row and not yet its end.
    unfinished: Option<usize>,
    widest: usize,
    skipped: u64,
    /// Lines that were skipped since that was said last.
    skipped_lines: u64,
    /// Where what nobody sees is written to.
    unseen: Vec<u8>,
}

#[derive(Debug)]
struct Source {
    /// Behind the time: name and bar.
    label: String,
    color: String,
    prefix: Vec<u8>,
    prefix_of: u64,
    open: Open,
    /// A part of the line that has no end yet was shown.
    is_begun: bool,
    /// That part ended with a carriage return: what comes is written over it.
    is_returned: bool,
    /// The beginning of a line was skipped: so will be the rest.
    is_torn: bool,
    sanitizer: Sanitizer,
    tail: Tail,
    /// It is muted; so many of its lines were left out because of that.
    muted: Option<u64>,
}

impl Stream {
    pub(crate) fn new(names: &[String], look: Look) -> Self {
        let limit = match look.width.filter(|_| look.is_narrow()) {
            Some(width) => usize::from(width) / 4,
            None => usize::MAX,
        };
        let names = names.iter().map(String::as_str).chain([SYSTEM]);
        let names: Vec<String> = names.map(|text| name::shortened(text, limit)).collect();
        let widest = names.iter().map(|name| name.chars().count()).max();
        let widest = widest.unwrap_or(0);
        let colors = (0..names.len() - 1).map(|index| palette::of_process(index, look.depth));
        let colors = colors.chain([palette::of_system(look.depth).to_string()]);
        let sources = names.iter().zip(colors);
        let sources = sources.map(|(name, color)| Source::new(name, widest, color));
        Self {
            sources: sources.collect(),
            look,
            stamp: String::new(),
            stamps: 1,
            unfinished: None,
            widest,
            skipped: 0,
            skipped_lines: 0,
            unseen: Vec::new(),
        }
    }

    /// The time of the lines to come.
    pub(crate) fn set_stamp(&mut self, stamp: String) {
        self.stamp = if self.look.is_narrow() {
            String::new()
        } else {
            stamp
        };
        self.stamps += 1;
    }

    /// How many columns stand in front of the text of a line.
    pub(crate) fn prefix_columns(&self) -> usize {
        self.stamp.len() + self.widest + 3
    }

    /// Takes in what a process wrote, and appends the lines that it completes to `out` as one block.
    pub(crate) fn chunk(&mut self, source: usize, chunk: &[u8], out: &mut Vec<u8>) {
        self.sources[source].tail.push(chunk);
        let chunk = self.behind_torn(source, chunk);
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

    /// Whether a line of the process waits for its end.
    pub(crate) fn has_open(&self, source: usize) -> bool {
        !self.sources[source].open.is_empty()
    }

    /// Whether showing the open line would write another state of a row that was shown: a progress bar.
    pub(crate) fn is_next_state(&self, source: usize) -> bool {
        let this = &self.sources[source];
        let text = trim_returns(this.open.bytes());
        self.look.is_terminal
            && this.is_begun
            && (this.is_returned || memchr::memchr(b'\r', text).is_some())
    }

    /// Shows an unfinished line as far as it goes: a prompt.
    pub(crate) fn show_open(&mut self, source: usize, out: &mut Vec<u8>) {
        let mut open = std::mem::take(&mut self.sources[source].open);
        let whole = lines::whole_characters(open.bytes());
        let text = &open.bytes()[..whole];
        if whole > 0 && self.look.is_terminal {
            self.show_state(source, text, out);
        } else if whole > 0 {
            self.begin(source, out);
            out.extend_from_slice(text);
            self.sources[source].is_begun = true;
        }
        open.consume(whole);
        self.sources[source].open = open;
    }

    /// The run is over: a last line without a newline is shown, and gets one. Returns what it wrote
    /// last, escaped, without colours.
    pub(crate) fn end(&mut self, source: usize, out: &mut Vec<u8>) -> Vec<String> {
        if self.has_open(source) || self.unfinished == Some(source) {
            self.line(source, b"", out);
        }
        let this = &mut self.sources[source];
        this.is_begun = false;
        this.is_returned = false;
        this.is_torn = false;
        this.sanitizer = Sanitizer::default();
        this.tail.take().iter().map(|line| plain(line)).collect()
    }

    /// Appends devrun's own lines.
    pub(crate) fn say(&mut self, said: &Notice, out: &mut Vec<u8>) {
        if !self.look.is_quiet {
            self.own_lines(out, |columns| notice::lines(said, columns));
        }
    }

    /// Appends what devrun answers to what was typed: whoever asks is not quiet.
    pub(crate) fn answer(&mut self, answer: &Answer, out: &mut Vec<u8>) {
        self.own_lines(out, |columns| answer::lines(answer, columns));
    }

    /// From now on the terminal has so many columns.
    pub(crate) fn set_width(&mut self, width: Option<u16>) {
        self.look.width = width;
    }

    /// Somebody pressed Enter: the terminal has ended the row.
    pub(crate) fn enter(&mut self, out: &mut Vec<u8>) {
        if let Some(source) = self.unfinished.take() {
            self.sources[source].sanitizer.pause(out);
        }
    }

    fn own_lines(&mut self, out: &mut Vec<u8>, lines: impl FnOnce(usize) -> Vec<String>) {
        // Only a terminal has a width: in a pipe or a file a notice's line is one line.
        let beside = self.prefix_columns();
        let columns = self.look.width.map_or(usize::MAX, |width| {
            usize::from(width).saturating_sub(beside).max(NARROWEST)
        });
        let system = self.sources.len() - 1;
        for line in lines(columns) {
            self.begin(system, out);
            out.extend_from_slice(line.as_bytes());
            self.end_row(out);
        }
    }

    /// What of `chunk` does not belong to a line whose beginning was skipped.
    fn behind_torn<'a>(&mut self, source: usize, chunk: &'a [u8]) -> &'a [u8] {
        let this = &mut self.sources[source];
        if !this.is_torn {
            return chunk;
        }
        let end = memchr::memchr(b'\n', chunk);
        let (torn, rest) = chunk.split_at(end.map_or(chunk.len(), |end| end + 1));
        this.is_torn = end.is_none();
        self.skipped += torn.len() as u64;
        rest
    }

    /// One whole line: what was open, and `text`.
    fn line(&mut self, source: usize, text: &[u8], out: &mut Vec<u8>) {
        let is_shown = self.is_shown(source, text);
        let this = &mut self.sources[source];
        this.is_begun = false;
        if is_shown {
            this.is_returned = false;
            this.sanitizer.end(&mut self.unseen);
            return;
        }
        if self.look.is_terminal {
            self.clean_line(source, text, out);
        } else {
            self.begin(source, out);
            let this = &mut self.sources[source];
            this.open.take(out);
            out.extend_from_slice(text);
        }
        self.end_row(out);
    }

    /// Whether all of the line was shown, and somebody else has ended its row.
    fn is_shown(&self, source: usize, text: &[u8]) -> bool {
        let this = &self.sources[source];
        let is_nothing = |bytes| match self.look.is_terminal {
            true => trim_returns(bytes).is_empty(),
            false => bytes.is_empty(),
        };
        let is_over = this.is_begun && self.unfinished != Some(source);
        is_over && is_nothing(this.open.bytes()) && is_nothing(text)
    }

    fn clean_line(&mut self, source: usize, text: &[u8], out: &mut Vec<u8>) {
        let mut whole = Vec::new();
        let this = &mut self.sources[source];
        let text = if this.open.is_empty() {
            text
        } else {
            this.open.take(&mut whole);
            whole.extend_from_slice(text);
            &whole
        };
        let state = self.last_state(source, text, out);
        self.begin(source, out);
        let this = &mut self.sources[source];
        this.is_returned = false;
        this.sanitizer.text(state, out);
        this.sanitizer.end(out);
    }

    /// On a terminal: the last state of a row that may be written over, if there is anything to be seen.
    fn show_state(&mut self, source: usize, text: &[u8], out: &mut Vec<u8>) {
        let state = self.last_state(source, text, out);
        let this = &mut self.sources[source];
        this.is_returned |= text.ends_with(b"\r");
        if self.unfinished != Some(source) {
            let mut ahead = this.sanitizer.clone();
            if !ahead.text(state, &mut self.unseen) {
                this.sanitizer = ahead;
                return;
            }
        }
        this.is_begun = true;
        self.begin(source, out);
        self.sources[source].sanitizer.text(state, out);
    }

    /// What was written last at the same place of the row. The states before it are gone, but for the
    /// colours that they leave on; one that was shown keeps its row.
    fn last_state<'a>(&mut self, source: usize, text: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let text = trim_returns(text);
        let start = memchr::memrchr(b'\r', text).map_or(0, |at| at + 1);
        let (gone, state) = text.split_at(start);
        let this = &mut self.sources[source];
        let is_next = (this.is_returned || !gone.is_empty()) && !state.is_empty();
        this.is_returned &= !is_next;
        if is_next && self.unfinished == Some(source) {
            self.leave_row(out);
        }
        self.unseen.clear();
        self.sources[source].sanitizer.text(gone, &mut self.unseen);
        state
    }

    /// Goes to where `source` may write: on in its own row, or behind a prefix in a new one.
    fn begin(&mut self, source: usize, out: &mut Vec<u8>) {
        if self.unfinished == Some(source) {
            return;
        }
        self.leave_row(out);
        let this = &mut self.sources[source];
        if this.prefix_of != self.stamps {
            this.build_prefix(&self.stamp);
            this.prefix_of = self.stamps;
        }
        out.extend_from_slice(&this.prefix);
        if self.look.is_terminal {
            this.sanitizer.begin(out);
        }
        self.unfinished = Some(source);
    }

    /// Ends the row that somebody has begun, if there is one.
    fn leave_row(&mut self, out: &mut Vec<u8>) {
        let Some(other) = self.unfinished else { return };
        if self.look.is_terminal {
            self.sources[other].sanitizer.pause(out);
        }
        self.end_row(out);
    }

    fn end_row(&mut self, out: &mut Vec<u8>) {
        out.push(b'\n');
        self.unfinished = None;
    }
}

impl Source {
    fn new(name: &str, widest: usize, color: String) -> Self {
        Self {
            label: format!("{name:widest$} |"),
            color,
            prefix: Vec::new(),
            prefix_of: 0,
            open: Open::default(),
            is_begun: false,
            is_returned: false,
            is_torn: false,
            sanitizer: Sanitizer::default(),
            tail: Tail::default(),
            muted: None,
        }
    }

    fn build_prefix(&mut self, stamp: &str) {
        let reset = if self.color.is_empty() { "" } else { "\x1b[0m" };
        self.prefix = format!("{}{stamp}{}{reset} ", self.color, self.label).into_bytes();
    }
}

fn trim_returns(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .rposition(|byte| *byte != b'\r')
        .map_or(0, |at| at + 1);
    &text[..end]
}

/// A line for a post-mortem: its last state, without colours or links.
pub(super) fn plain(line: &[u8]) -> String {
    let line = trim_returns(line);
    let start = memchr::memrchr(b'\r', line).map_or(0, |at| at + 1);
    let shown = sanitize::without_escapes(&line[start..]);
    wording::escaped(shown.trim_end()).into_owned()
}

#[cfg(test)]
mod tests;
