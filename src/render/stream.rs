//! The one stream: lines of all processes and devrun's own, each behind its prefix, in true order.

use crate::log::lines::{self, Cut, Open};
use crate::log::tail::Tail;
use crate::render::palette::{self, Depth};
use crate::render::sanitize::{Line, Sanitizer};
use crate::render::{notice, sanitize};
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
    /// It may have been dropped in the middle.
    is_row_lost: bool,
    widest: usize,
}

#[derive(Debug)]
struct Source {
    /// Behind the time: name and bar.
    label: String,
    color: String,
    prefix: Vec<u8>,
    prefix_of: u64,
    open: Open,
    sanitizer: Sanitizer,
    tail: Tail,
}

impl Stream {
    pub(crate) fn new(names: &[String], look: Look) -> Self {
        let is_narrow = look.is_terminal && look.width.is_some_and(|width| width < NARROW);
        let limit = if is_narrow {
            usize::from(look.width.unwrap_or(NARROW)) / 4
        } else {
            usize::MAX
        };
        let shown: Vec<String> = names.iter().map(|name| shortened(name, limit)).collect();
        let widest = shown
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0);
        let widest = widest.max(shortened(SYSTEM, limit).chars().count());
        let colors = (0..names.len()).map(|index| palette::of_process(index, look.depth));
        let colors = colors.chain([palette::of_system(look.depth).to_string()]);
        let shown = shown.into_iter().chain([shortened(SYSTEM, limit)]);
        let sources = shown
            .zip(colors)
            .map(|(name, color)| Source::new(&name, widest, color));
        Self {
            sources: sources.collect(),
            look,
            stamp: String::new(),
            stamps: 1,
            unfinished: None,
            is_row_lost: false,
            widest,
        }
    }

    /// The time of the lines to come.
    pub(crate) fn set_stamp(&mut self, stamp: String) {
        let is_narrow =
            self.look.is_terminal && self.look.width.is_some_and(|width| width < NARROW);
        self.stamp = if is_narrow { String::new() } else { stamp };
        self.stamps += 1;
    }

    /// Takes in what a process wrote, and appends the lines that it completes to `out` as one block.
    pub(crate) fn chunk(&mut self, source: usize, chunk: &[u8], out: &mut Vec<u8>) {
        self.sources[source].tail.push(chunk);
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

    /// Shows an unfinished line as far as it goes: a prompt. On a terminal, of a row that was written over
    /// the last state, in a row of its own.
    pub(crate) fn show_open(&mut self, source: usize, out: &mut Vec<u8>) {
        let mut open = std::mem::take(&mut self.sources[source].open);
        let whole = &open.bytes()[..lines::whole_characters(open.bytes())];
        let used = if self.look.is_terminal {
            self.show_state(source, whole, out)
        } else {
            self.begin(source, out);
            out.extend_from_slice(whole);
            self.unfinished = Some(source);
            whole.len()
        };
        open.consume(used);
        self.sources[source].open = open;
    }

    fn show_state(&mut self, source: usize, text: &[u8], out: &mut Vec<u8>) -> usize {
        let state = after_return(text);
        let start = state.as_ptr() as usize - text.as_ptr() as usize;
        if start > 0 && self.unfinished == Some(source) {
            self.sources[source].sanitizer.end(out);
            self.end_row(out);
        }
        self.begin(source, out);
        let sanitizer = &mut self.sources[source].sanitizer;
        let used = sanitizer.text(state, Line::Open, out);
        self.unfinished = Some(source);
        if text.ends_with(b"\r") {
            // The next state will be written over this one.
            self.sources[source].sanitizer.end(out);
            self.end_row(out);
            return text.len();
        }
        start + used
    }

    /// The run is over: a last line without a newline is shown, and gets one. Returns what it wrote
    /// last, escaped, without colours.
    pub(crate) fn end(&mut self, source: usize, out: &mut Vec<u8>) -> Vec<String> {
        if self.has_open(source) || self.unfinished == Some(source) {
            self.line(source, b"", out);
        }
        let this = &mut self.sources[source];
        this.sanitizer = Sanitizer::default();
        this.tail.take().iter().map(|line| plain(line)).collect()
    }

    /// Appends devrun's own lines.
    pub(crate) fn say(&mut self, said: &Notice, out: &mut Vec<u8>) {
        if self.look.is_quiet {
            return;
        }
        // Only a terminal has a width: in a pipe or a file a notice's line is one line.
        let beside = self.stamp.len() + self.widest + 3;
        let columns = self.look.width.map_or(usize::MAX, |width| {
            usize::from(width).saturating_sub(beside).max(NARROWEST)
        });
        let system = self.sources.len() - 1;
        for line in notice::lines(said, columns) {
            self.begin(system, out);
            out.extend_from_slice(line.as_bytes());
            self.end_row(out);
        }
    }

    /// One whole line: what was open, and `text`.
    fn line(&mut self, source: usize, text: &[u8], out: &mut Vec<u8>) {
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
        let text = trim_returns(text);
        let last = after_return(text);
        if last.len() < text.len() && self.unfinished == Some(source) {
            // A newer state of the same row: the older one was shown, so it gets a row of its own.
            self.sources[source].sanitizer.end(out);
            self.end_row(out);
        }
        self.begin(source, out);
        let sanitizer = &mut self.sources[source].sanitizer;
        sanitizer.text(last, Line::Complete, out);
        sanitizer.end(out);
    }

    /// What was appended last is dropped: whatever row stands there, it is not to be gone on with.
    pub(crate) fn lose_row(&mut self) {
        self.unfinished = None;
        self.is_row_lost = true;
    }

    /// Goes to where `source` may write: on in its own row, or behind a prefix in a new one.
    fn begin(&mut self, source: usize, out: &mut Vec<u8>) {
        if self.unfinished == Some(source) {
            return;
        }
        if std::mem::take(&mut self.is_row_lost) {
            out.push(b'\n');
        }
        if let Some(other) = self.unfinished {
            if self.look.is_terminal {
                self.sources[other].sanitizer.end(out);
            }
            self.end_row(out);
        }
        let this = &mut self.sources[source];
        if this.prefix_of != self.stamps {
            this.build_prefix(&self.stamp);
            this.prefix_of = self.stamps;
        }
        out.extend_from_slice(&this.prefix);
        if self.look.is_terminal {
            this.sanitizer.begin(out);
        }
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
            sanitizer: Sanitizer::default(),
            tail: Tail::default(),
        }
    }

    fn build_prefix(&mut self, stamp: &str) {
        let reset = if self.color.is_empty() { "" } else { "\x1b[0m" };
        self.prefix = format!("{}{stamp}{}{reset} ", self.color, self.label).into_bytes();
    }
}

/// `a-very-long-name.1` → `a-ve…me.1`: the instance stays.
fn shortened(name: &str, limit: usize) -> String {
    let length = name.chars().count();
    if length <= limit {
        return name.to_string();
    }
    let limit = limit.max(5);
    let (front, back) = ((limit - 1) / 2, limit - 1 - (limit - 1) / 2);
    let front: String = name.chars().take(front).collect();
    let back: String = name.chars().skip(length - back).collect();
    format!("{front}…{back}")
}

fn trim_returns(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .rposition(|byte| *byte != b'\r')
        .map_or(0, |at| at + 1);
    &text[..end]
}

/// Behind the last carriage return: the last state of a row that was written over.
fn after_return(text: &[u8]) -> &[u8] {
    let text = trim_returns(text);
    memchr::memrchr(b'\r', text).map_or(text, |at| &text[at + 1..])
}

/// A line for a post-mortem: its last state, without colours or links.
fn plain(line: &[u8]) -> String {
    let shown = sanitize::without_escapes(after_return(line));
    wording::escaped(shown.trim_end()).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream(is_terminal: bool) -> Stream {
        let look = Look {
            is_terminal,
            width: None,
            depth: Depth::None,
            is_quiet: false,
        };
        let mut stream = Stream::new(&["web.1".into(), "api.1".into()], look);
        stream.set_stamp("10:04:11 ".into());
        stream
    }

    fn shown(stream: &mut Stream, chunks: &[(usize, &str)]) -> String {
        let mut out = Vec::new();
        for (source, chunk) in chunks {
            stream.chunk(*source, chunk.as_bytes(), &mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn one_line_of_a_child_is_one_line_of_the_stream() {
        let out = shown(
            &mut stream(false),
            &[(0, "a\nb\n"), (1, "c"), (0, "d\n"), (1, "e\n")],
        );
        assert_eq!(
            out,
            "10:04:11 web.1  | a\n10:04:11 web.1  | b\n10:04:11 web.1  | d\n10:04:11 api.1  | ce\n"
        );
    }

    #[test]
    fn into_a_pipe_the_bytes_are_never_changed() {
        let mut out = Vec::new();
        stream(false).chunk(0, b"a\0\xff\x1b[2Jb\rc\r\n", &mut out);
        assert_eq!(out, b"10:04:11 web.1  | a\0\xff\x1b[2Jb\rc\r\n");
    }

    #[test]
    fn on_a_terminal_a_row_shows_its_last_state() {
        let out = shown(
            &mut stream(true),
            &[(0, "10%\r20%\r\n"), (0, "\x1b[2Jx\r\n")],
        );
        assert_eq!(out, "10:04:11 web.1  | 20%\n10:04:11 web.1  | x\n");
    }

    #[test]
    fn a_prompt_goes_on_in_its_row_unless_somebody_else_wrote() {
        for is_terminal in [false, true] {
            let mut stream = stream(is_terminal);
            let mut out = Vec::new();
            stream.chunk(0, b"name? ", &mut out);
            assert!(out.is_empty() && stream.has_open(0));
            stream.show_open(0, &mut out);
            stream.chunk(0, b"Ada\n", &mut out);
            assert_eq!(out, b"10:04:11 web.1  | name? Ada\n");
            out.clear();
            stream.chunk(0, b"name? ", &mut out);
            stream.show_open(0, &mut out);
            stream.chunk(1, b"x\n", &mut out);
            stream.chunk(0, b"Ada\n", &mut out);
            assert_eq!(
                String::from_utf8_lossy(&out),
                "10:04:11 web.1  | name? \n10:04:11 api.1  | x\n10:04:11 web.1  | Ada\n"
            );
        }
    }

    #[test]
    fn each_state_of_a_progress_bar_that_is_shown_has_a_row_of_its_own() {
        for (first, second) in [("10%\r", "20%\r"), ("\r10%", "\r20%")] {
            let mut stream = stream(true);
            let mut out = Vec::new();
            for state in [first, second] {
                stream.chunk(0, b"x%\r", &mut out);
                stream.chunk(0, state.as_bytes(), &mut out);
                stream.show_open(0, &mut out);
            }
            stream.chunk(0, b"\r\n", &mut out);
            let rows = String::from_utf8(out).unwrap();
            let rows: Vec<&str> = rows.lines().filter(|row| !row.ends_with("| ")).collect();
            assert_eq!(rows, ["10:04:11 web.1  | 10%", "10:04:11 web.1  | 20%"]);
        }
    }

    #[test]
    fn the_last_line_needs_no_newline() {
        let mut stream = stream(false);
        let mut out = Vec::new();
        stream.chunk(0, b"one\n\x1b[31mlast", &mut out);
        assert_eq!(stream.end(0, &mut out), ["one", "last"]);
        assert!(out.ends_with(b"web.1  | \x1b[31mlast\n"));
        assert!(stream.end(0, &mut out).is_empty());
        stream.chunk(0, b"shown", &mut out);
        stream.show_open(0, &mut out);
        stream.end(0, &mut out);
        assert!(out.ends_with(b"web.1  | shown\n"));
    }

    #[test]
    fn a_long_line_is_streamed() {
        let mut stream = stream(false);
        let mut out = Vec::new();
        let piece = [b'x'; 10_000];
        for _ in 0..1000 {
            stream.chunk(0, &piece, &mut out);
            assert!(stream.sources[0].open.bytes().len() <= lines::MAX_LINE + piece.len());
        }
        stream.end(0, &mut out);
        assert_eq!(out.iter().filter(|byte| **byte == b'x').count(), 10_000_000);
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
    }

    #[test]
    fn a_narrow_terminal_has_short_names_and_no_time() {
        let look = Look {
            is_terminal: true,
            width: Some(40),
            depth: Depth::None,
            is_quiet: false,
        };
        let mut stream = Stream::new(&["a-very-long-name.1".into()], look);
        stream.set_stamp("10:04:11 ".into());
        assert_eq!(shown(&mut stream, &[(0, "x\n")]), "a-ve…ame.1 | x\n");
    }

    #[test]
    fn only_the_prefix_is_coloured() {
        let look = Look {
            is_terminal: true,
            width: None,
            depth: Depth::Many,
            is_quiet: false,
        };
        let mut stream = Stream::new(&["web.1".into()], look);
        assert_eq!(
            shown(&mut stream, &[(0, "x\n")]),
            "\x1b[38;5;31mweb.1  |\x1b[0m x\n"
        );
    }

    proptest! {
        /// Whatever the chunks and whoever writes in between, each process's bytes come out in order,
        /// and prefixes stand at the beginnings of rows only.
        #[test]
        fn no_byte_is_lost_torn_or_reordered(
            chunks in proptest::collection::vec((0usize..2, "[ab\n]{0,8}", any::<bool>()), 0..40),
        ) {
            let mut stream = stream(false);
            let mut out = Vec::new();
            let mut written = [String::new(), String::new()];
            for (source, chunk, is_shown) in &chunks {
                stream.chunk(*source, chunk.as_bytes(), &mut out);
                if *is_shown && stream.has_open(*source) {
                    stream.show_open(*source, &mut out);
                }
                written[*source].push_str(chunk);
            }
            stream.end(0, &mut out);
            stream.end(1, &mut out);
            let out = String::from_utf8(out).unwrap();
            let mut seen = [String::new(), String::new()];
            for row in out.lines() {
                let (name, text) = row.split_once(" | ").expect("every row has a prefix");
                let source = usize::from(name.contains("api"));
                seen[source].push_str(text);
            }
            for (written, seen) in written.iter().zip(&seen) {
                prop_assert_eq!(&written.replace('\n', ""), seen);
            }
        }
    }
}
