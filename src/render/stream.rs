//! The one stream: lines of all processes and devrun's own, each behind its prefix, in true order.

mod block;
mod hidden;
mod prompt;
mod shown_whole;
mod terminal;

use crate::log::lines::{self, Cut, Open};
use crate::log::tail::Tail;
use crate::render::charset::Charset;
use crate::render::modes::Modes;
use crate::render::name::Labels;
use crate::render::palette::{self, Depth};
use crate::render::sanitize::{self, Sanitizer};
use crate::render::screen::Screen;
use crate::render::text::Page;
use crate::render::{answer, moves, notice};
use crate::words::answer::Answer;
use crate::words::notice::Notice;
use crate::words::wording;

/// The name that devrun's own lines have.
const SYSTEM: &str = "system";
/// Below this many columns there is no time, and names are cut.
const NARROW: u16 = 60;
/// Notices are not squeezed into less.
const NARROWEST: usize = 24;
/// Between a name and the text.
const BAR: usize = " | ".len();
/// What a child's screen has where nobody knows.
const COLUMNS: u16 = 80;

/// How the stream looks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Look {
    /// What a child writes is kept from steering it.
    pub(crate) is_terminal: bool,
    /// In columns, if it is known.
    pub(crate) width: Option<u16>,
    pub(crate) depth: Depth,
    /// devrun's own lines are left out.
    pub(crate) is_quiet: bool,
    /// Of a terminal; into a pipe nothing is changed.
    pub(crate) charset: Charset,
    /// A terminal to which escape sequences mean nothing: not even a process's colours pass.
    pub(crate) is_dumb: bool,
    /// The colors that processes are to have, by their places; `None`, or beyond the end: by the place.
    pub(crate) chosen: Vec<Option<u8>>,
    /// The places of those who may never write a line: the column is not made wider for them.
    pub(crate) unexpected: Vec<usize>,
}

impl Look {
    fn is_narrow(&self) -> bool {
        self.is_terminal && self.width.is_some_and(|width| width < NARROW)
    }

    /// In columns.
    fn longest_name(&self) -> usize {
        let width = self.width.filter(|_| self.is_terminal);
        let share = if self.is_narrow() { 4 } else { 3 };
        width.map_or(usize::MAX, |width| usize::from(width) / share)
    }

    fn sanitizer(&self) -> Sanitizer {
        if self.is_dumb {
            Sanitizer::plain()
        } else {
            Sanitizer::default()
        }
    }
}

#[derive(Debug)]
pub(crate) struct Stream {
    look: Look,
    /// Those of the plan, in its order, and devrun itself behind them.
    sources: Vec<Source>,
    /// Their names, as the column has them.
    labels: Labels,
    /// The time, with a blank behind it.
    stamp: String,
    /// Counts the stamps, so that a prefix is built once for each.
    stamps: u64,
    /// Who has written the beginning of a row and not yet its end.
    unfinished: Option<usize>,
    widest: usize,
    skipped: u64,
    /// Lines of which something was skipped since that was said last.
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
    /// Blank lines that wait for one that is not: `vite` clears the screen with them.
    blanks: usize,
    /// There is something that a cleared screen loses.
    has_text: bool,
    /// While rows are written over in other ways than from their beginning.
    screen: Option<Screen>,
    /// In bytes: what may be spent on another screen.
    credit: usize,
    redraws: Redraws,
    /// What its own terminal has.
    columns: u16,
    sanitizer: Sanitizer,
    tail: Tail,
    /// In bytes: so much was written since somebody was attached, to a terminal of our width.
    of_width: usize,
    /// The row that whoever left its terminal has seen last: who paints it anew says nothing new.
    seen: String,
    /// It is muted; so many of its lines were left out because of that.
    muted: Option<u64>,
}

/// Whether a process repaints rows above its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Redraws {
    NotYet,
    Now,
    Told,
}

impl Stream {
    pub(crate) fn new(names: &[String], look: Look) -> Self {
        let names = names.iter().map(String::as_str).chain([SYSTEM]);
        let labels = Labels::new(names, look.longest_name(), look.charset);
        let names = labels.all();
        let expected = names.iter().enumerate();
        let expected = expected.filter(|(place, _)| !look.unexpected.contains(place));
        let widest = expected.map(|(_, name)| name.chars().count()).max();
        let widest = widest.unwrap_or(0);
        let chosen = |index: usize| look.chosen.get(index).copied().flatten();
        let color = |index| palette::of_process(index, chosen(index), look.depth);
        let colors = (0..names.len() - 1).map(color);
        let colors = colors.chain([palette::of_system(look.depth).to_string()]);
        let sources = names.iter().zip(colors);
        let sources =
            sources.map(|(name, color)| Source::new(name, widest, color, look.sanitizer()));
        Self {
            sources: sources.collect(),
            labels,
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

    /// The color of a process from now on, as [`Look::chosen`] has them.
    pub(crate) fn choose_color(&mut self, source: usize, chosen: Option<u8>) {
        let this = &mut self.sources[source];
        this.color = palette::of_process(source, chosen, self.look.depth);
        this.prefix_of = 0;
    }

    /// The time of the lines to come.
    pub(crate) fn set_stamp(&mut self, stamp: String) {
        let is_too_wide =
            |width: u16| usize::from(width) < stamp.len() + self.widest + BAR + NARROWEST;
        let is_left_out = self.look.is_narrow() || self.look.width.is_some_and(is_too_wide);
        self.stamp = if is_left_out { String::new() } else { stamp };
        self.stamps += 1;
    }

    /// How many columns stand in front of the text of a line.
    pub(crate) fn prefix_columns(&self) -> usize {
        self.stamp.len() + self.widest + BAR
    }

    /// The width of the process's own terminal, from now on: long rows are folded there.
    pub(crate) fn set_columns(&mut self, source: usize, columns: u16) {
        self.sources[source].columns = columns;
    }

    /// Whether [`Stream::modes`] says anything: where our own stdout is a terminal.
    pub(crate) fn knows_modes(&self) -> bool {
        self.look.is_terminal
    }

    /// What the run of a process has switched on in its terminal so far; at first, and after
    /// [`Stream::end`], nothing.
    pub(crate) fn modes(&self, source: usize) -> &Modes {
        self.sources[source].sanitizer.modes()
    }

    /// Whether the process repaints its screen and that is still to be said: true once for each process.
    /// To be asked after [`Stream::chunk`] and [`Stream::show_open`].
    pub(crate) fn has_begun_to_redraw(&mut self, source: usize) -> bool {
        let redraws = &mut self.sources[source].redraws;
        let is_now = *redraws == Redraws::Now;
        if is_now {
            *redraws = Redraws::Told;
        }
        is_now
    }

    /// Takes in what a process wrote, and appends the lines that it completes to `out` as one block.
    pub(crate) fn chunk(&mut self, source: usize, chunk: &[u8], out: &mut Vec<u8>) {
        let whole = chunk;
        let (torn, chunk) = lines::split_torn(&mut self.sources[source].is_torn, chunk);
        self.skipped += torn.len() as u64;
        let Cut { complete, rest } = lines::cut(chunk);
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', complete) {
            self.line(source, &complete[start..end], &complete[..start], out);
            start = end + 1;
            if !self.look.is_terminal {
                // Only the first one goes on with something.
                break;
            }
        }
        self.lines_as_they_are(source, &complete[start..], out);
        let this = &mut self.sources[source];
        this.tail.push(whole);
        this.of_width = this.of_width.saturating_add(whole.len());
        this.open.push(rest);
        if this.open.is_too_long() {
            self.show_too_long(source, out);
        }
    }

    /// Whether something that the process wrote waits for a newline or for silence.
    pub(crate) fn has_open(&self, source: usize) -> bool {
        let this = &self.sources[source];
        !this.open.is_empty()
            || this.blanks > 0
            || this.screen.as_ref().is_some_and(Screen::is_stale)
    }

    /// Whether what has no end yet is written over and over: it may never be silent before its end.
    pub(crate) fn is_progress(&self, source: usize) -> bool {
        self.look.is_terminal && self.sources[source].is_progress()
    }

    /// Shows, after some silence, what has no end yet as far as it goes: a prompt, a progress bar.
    pub(crate) fn show_open(&mut self, source: usize, out: &mut Vec<u8>) {
        let mut open = std::mem::take(&mut self.sources[source].open);
        let whole = lines::whole_characters(open.bytes());
        let text = &open.bytes()[..whole];
        if self.look.is_terminal {
            self.show_on_terminal(source, text, open.bytes().len(), out);
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
        if self.look.is_terminal {
            self.end_on_terminal(source, out);
        } else if self.has_open(source) || self.unfinished == Some(source) {
            self.line(source, b"", b"", out);
        }
        let this = &mut self.sources[source];
        this.forget_row();
        this.is_torn = false;
        this.seen.clear();
        this.has_text = false;
        this.sanitizer = self.look.sanitizer();
        this.tail.take().iter().map(|line| plain(line)).collect()
    }

    /// Appends devrun's own lines.
    pub(crate) fn say(&mut self, said: &Notice, out: &mut Vec<u8>) {
        if self.look.is_quiet {
            return;
        }
        self.own_lines(out, |page| notice::lines(said, page));
    }

    /// Appends a line that was said in an earlier stream, laid out for this one.
    pub(crate) fn say_again(&mut self, line: &str, out: &mut Vec<u8>) {
        self.own_lines(out, |page| notice::again(line, page));
    }

    /// Appends what stands between groups of lines, as `grep` has it.
    pub(crate) fn separate(&mut self, out: &mut Vec<u8>) {
        self.leave_row(out);
        out.extend_from_slice(b"--\n");
    }

    /// Appends what devrun answers to what was typed: whoever asks is not quiet.
    pub(crate) fn answer(&mut self, answer: &Answer, out: &mut Vec<u8>) {
        self.own_lines(out, |page| answer::lines(answer, page));
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

    /// Somebody pressed Ctrl-C, which the terminal shows as `^C`: what follows begins a row.
    pub(crate) fn interrupted(&mut self, out: &mut Vec<u8>) {
        self.enter(out);
        out.push(b'\n');
    }

    fn own_lines(&mut self, out: &mut Vec<u8>, lines: impl FnOnce(&Page<'_>) -> Vec<String>) {
        // Only a terminal has a width: in a pipe or a file a notice's line is one line.
        let beside = self.prefix_columns();
        let columns = self.look.width.map_or(usize::MAX, |width| {
            usize::from(width).saturating_sub(beside).max(NARROWEST)
        });
        let page = Page {
            columns,
            labels: &self.labels,
            charset: self.look.charset,
        };
        let system = self.sources.len() - 1;
        for line in lines(&page) {
            self.begin(system, out);
            out.extend_from_slice(line.as_bytes());
            self.end_row(out);
        }
    }

    /// One whole line: what was open, and `text`, with `before` it in the same chunk.
    fn line(&mut self, source: usize, text: &[u8], before: &[u8], out: &mut Vec<u8>) {
        if self.look.is_terminal {
            return self.line_on_terminal(source, text, before, out);
        }
        let this = &mut self.sources[source];
        let is_begun = std::mem::take(&mut this.is_begun);
        // All of it was shown, and somebody else has ended its row.
        let is_over = is_begun && self.unfinished != Some(source);
        if is_over && this.open.is_empty() && text.is_empty() {
            return;
        }
        self.begin(source, out);
        self.sources[source].open.take(out);
        out.extend_from_slice(text);
        self.end_row(out);
    }

    /// Whole lines of which nothing was open, into a pipe: there, no line is a case of its own.
    fn lines_as_they_are(&mut self, source: usize, lines: &[u8], out: &mut Vec<u8>) {
        if lines.is_empty() {
            return;
        }
        self.leave_row(out);
        block::push(self.prefix(source), lines, out);
    }

    /// Goes to where `source` may write: on in its own row, or behind a prefix in a new one.
    fn begin(&mut self, source: usize, out: &mut Vec<u8>) {
        if self.unfinished == Some(source) {
            return;
        }
        self.show_blanks(source, out);
        self.begin_row(source, out);
        let this = &mut self.sources[source];
        this.has_text = true;
        if self.look.is_terminal {
            this.sanitizer.begin(out);
        }
    }

    /// Begins a row behind a prefix.
    fn begin_row(&mut self, source: usize, out: &mut Vec<u8>) {
        self.leave_row(out);
        out.extend_from_slice(self.prefix(source));
        self.unfinished = Some(source);
    }

    /// Built once for each stamp.
    fn prefix(&mut self, source: usize) -> &[u8] {
        let this = &mut self.sources[source];
        if this.prefix_of != self.stamps {
            this.build_prefix(&self.stamp);
            this.prefix_of = self.stamps;
        }
        &this.prefix
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
    fn new(name: &str, widest: usize, color: String, sanitizer: Sanitizer) -> Self {
        Self {
            label: format!("{name:widest$} |"),
            color,
            prefix: Vec::new(),
            prefix_of: 0,
            open: Open::default(),
            is_begun: false,
            is_returned: false,
            is_torn: false,
            blanks: 0,
            has_text: false,
            screen: None,
            credit: terminal::CREDIT,
            redraws: Redraws::NotYet,
            columns: COLUMNS,
            sanitizer,
            tail: Tail::default(),
            of_width: usize::MAX,
            seen: String::new(),
            muted: None,
        }
    }

    /// What was begun will not go on.
    fn forget_row(&mut self) {
        self.is_begun = false;
        self.is_returned = false;
        self.blanks = 0;
        self.screen = None;
    }

    fn build_prefix(&mut self, stamp: &str) {
        let reset = if self.color.is_empty() { "" } else { "\x1b[0m" };
        self.prefix = format!("{}{stamp}{}{reset} ", self.color, self.label).into_bytes();
    }
}

/// A line for a post-mortem: its last state, without colours or links.
pub(super) fn plain(line: &[u8]) -> String {
    let start = moves::survey(line, true).state.start;
    let shown = sanitize::without_escapes(&line[start..]);
    wording::escaped(shown.trim_end()).into_owned()
}

#[cfg(test)]
mod tests;
