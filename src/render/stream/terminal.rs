//! What a terminal shows of a child's line: its last state, what has changed in a repaint, or that the
//! screen was cleared.

use crate::render::moves::{self, Clear, Motion, State};
use crate::render::screen::{LONGEST_ROW, Screen};
use crate::render::stream::{Redraws, Source, Stream};

/// What stands for a screen that a child has cleared.
const CLEARED: &[u8] = b"(screen cleared)";

/// A screen takes up to half a millisecond, however little is written on it. So it has to be earned by
/// what was written since the last one, and silence: who only moves about cannot keep all others waiting.
/// Without credit its lines are shown as they come.
pub(super) const CREDIT: usize = 16 * 1024;

/// In bytes written.
fn price(motion: Motion) -> usize {
    match motion {
        Motion::Ahead => 0,
        Motion::InRow => 32,
        Motion::ToOtherRows => 256,
    }
}

/// What was written ahead of a text.
#[derive(Clone, Copy, Debug)]
enum Before<'a> {
    /// All but the last so many bytes of what the tail has.
    Tail(usize),
    /// What the tail has, and this part of a chunk.
    Chunk(&'a [u8]),
    /// The screen was cleared.
    Nothing,
}

impl Stream {
    /// One whole line: what was open, and `text`, with `before` it in the same chunk.
    pub(super) fn line_on_terminal(
        &mut self,
        source: usize,
        text: &[u8],
        before: &[u8],
        out: &mut Vec<u8>,
    ) {
        let open = &mut self.sources[source].open;
        if open.is_empty() {
            return self.whole_line(source, text, Before::Chunk(before), out);
        }
        let before = Before::Tail(open.bytes().len());
        let mut whole = Vec::new();
        open.take(&mut whole);
        whole.extend_from_slice(text);
        self.whole_line(source, &whole, before, out);
    }

    /// After some silence: `text` of a line that is not whole, which are the first of the last `open` bytes.
    pub(super) fn show_on_terminal(
        &mut self,
        source: usize,
        text: &[u8],
        open: usize,
        out: &mut Vec<u8>,
    ) {
        self.sources[source].credit = CREDIT;
        self.take_in(source, text, open, out);
        self.show_changed(source, out);
        self.show_blanks(source, out);
    }

    /// A line has grown too long to be kept: what is repainted all the time.
    pub(super) fn show_too_long(&mut self, source: usize, out: &mut Vec<u8>) {
        if self.sources[source].screen.is_none() {
            return self.show_open(source, out);
        }
        let mut open = std::mem::take(&mut self.sources[source].open);
        self.take_in(source, open.bytes(), open.bytes().len(), out);
        open.consume(open.bytes().len());
        self.sources[source].open = open;
    }

    /// Nothing more comes: what there is to be seen gets its end.
    pub(super) fn end_on_terminal(&mut self, source: usize, out: &mut Vec<u8>) {
        let mut open = Vec::new();
        self.sources[source].open.take(&mut open);
        self.take_in(source, &open, open.len(), out);
        if self.unfinished == Some(source) {
            self.sources[source].sanitizer.end(out);
            self.end_row(out);
        }
        self.close_screen(source, out);
        self.show_blanks(source, out);
    }

    fn take_in(&mut self, source: usize, text: &[u8], open: usize, out: &mut Vec<u8>) {
        if let Some((row, state)) = self.repaint(source, text, Before::Tail(open), out) {
            self.show_state(source, row, &state, out);
        }
    }

    /// Shows the lines of a repaint that are not as they were shown.
    fn show_changed(&mut self, source: usize, out: &mut Vec<u8>) {
        let screen = self.sources[source].screen.as_mut();
        for row in screen.map(Screen::changed).unwrap_or_default() {
            if self.sources[source].is_seen(&row) {
                continue;
            }
            self.show_blanks(source, out);
            self.begin_row(source, out);
            self.sources[source].has_text = true;
            self.look.sanitizer().text(&row, out);
            self.end_row(out);
        }
    }

    /// The repaint is over.
    fn close_screen(&mut self, source: usize, out: &mut Vec<u8>) {
        self.show_changed(source, out);
        self.sources[source].screen = None;
    }

    /// Shows the blank lines that have waited.
    pub(super) fn show_blanks(&mut self, source: usize, out: &mut Vec<u8>) {
        for _ in 0..std::mem::take(&mut self.sources[source].blanks) {
            self.begin_row(source, out);
            self.end_row(out);
        }
    }

    fn whole_line(&mut self, source: usize, text: &[u8], before: Before<'_>, out: &mut Vec<u8>) {
        let this = &mut self.sources[source];
        this.seen.clear();
        this.credit = CREDIT.min(this.credit + text.len());
        if let Some((row, state)) = self.repaint(source, text, before, out) {
            return self.row(source, row, &state, out);
        }
        let this = &mut self.sources[source];
        this.sanitizer.end(&mut self.unseen);
        if this.screen.as_mut().is_some_and(|screen| !screen.newline()) {
            self.close_screen(source, out);
        }
    }

    /// Carries out what `text` does besides appending to its row. Returns what is to be appended; `None`
    /// if it is part of a repaint.
    fn repaint<'a>(
        &mut self,
        source: usize,
        mut text: &'a [u8],
        mut before: Before<'_>,
        out: &mut Vec<u8>,
    ) -> Option<(&'a [u8], State)> {
        loop {
            let this = &self.sources[source];
            let survey = moves::survey(text, this.sanitizer.modes().is_alternate());
            if let Some(clear) = survey.clear {
                let ahead = &text[..clear.range.start];
                let appended = match ahead {
                    b"" => None,
                    _ => self.repaint(source, ahead, before, out),
                };
                if let Some((row, state)) = appended {
                    self.show_state(source, row, &state, out);
                }
                self.clear(source, text, &clear, out);
                text = &text[clear.range.end..];
                before = Before::Nothing;
            } else if this.sanitizer.modes().is_alternate() {
                // Pictures, not lines: whoever wants to see them attaches.
                let this = &mut self.sources[source];
                this.redraw();
                this.sanitizer.text(text, &mut self.unseen);
                self.unseen.clear();
                return None;
            } else if this.screen.is_none() && !this.can_draw(survey.motion, text) {
                return Some((text, survey.state));
            } else {
                self.draw(source, text, survey.motion, before, out);
                return None;
            }
        }
    }

    fn clear(&mut self, source: usize, text: &[u8], clear: &Clear, out: &mut Vec<u8>) {
        self.close_screen(source, out);
        if self.unfinished == Some(source) {
            self.leave_row(out);
        }
        let this = &mut self.sources[source];
        this.forget_row();
        let cleared = &text[clear.range.clone()];
        this.sanitizer.text(cleared, &mut self.unseen);
        if this.sanitizer.modes().is_alternate() {
            this.redraw();
        }
        if clear.is_loss && self.sources[source].has_text {
            self.begin_row(source, out);
            out.extend_from_slice(CLEARED);
            self.end_row(out);
            self.sources[source].has_text = false;
        }
    }

    fn draw(
        &mut self,
        source: usize,
        text: &[u8],
        motion: Motion,
        before: Before<'_>,
        out: &mut Vec<u8>,
    ) {
        let this = &self.sources[source];
        let has_rows = this.screen.as_ref().map(Screen::has_other_rows);
        if has_rows == Some(false) && motion == Motion::ToOtherRows {
            self.close_screen(source, out);
        }
        let this = &mut self.sources[source];
        if this.screen.is_none() {
            let before = this.before(before, motion);
            this.credit = this.credit.saturating_sub(price(motion));
            this.screen = Some(Screen::new(motion, this.columns, &before));
            this.is_begun = false;
            this.is_returned = false;
        }
        if motion == Motion::ToOtherRows {
            this.redraw();
        }
        let screen = this.screen.as_mut().expect("there is one by now");
        screen.write(text, motion);
        this.sanitizer.text(text, &mut self.unseen);
        self.unseen.clear();
    }

    /// A whole line that is only appended.
    fn row(&mut self, source: usize, row: &[u8], state: &State, out: &mut Vec<u8>) {
        let this = &mut self.sources[source];
        let is_begun = std::mem::take(&mut this.is_begun);
        if self.unfinished != Some(source) && !state.is_visible {
            this.is_returned = false;
            this.sanitizer.text(row, &mut self.unseen);
            this.sanitizer.end(&mut self.unseen);
            self.unseen.clear();
            // Of a row that was begun, somebody else has written the end.
            this.blanks += usize::from(!is_begun);
            return;
        }
        let last = self.last_state(source, row, state, out);
        self.begin(source, out);
        let this = &mut self.sources[source];
        this.is_returned = false;
        this.sanitizer.text(last, out);
        this.sanitizer.end(out);
        self.end_row(out);
    }

    /// The last state of a row that may be written over, if there is anything to be seen.
    fn show_state(&mut self, source: usize, row: &[u8], state: &State, out: &mut Vec<u8>) {
        let last = self.last_state(source, row, state, out);
        let is_new = self.unfinished != Some(source);
        let this = &mut self.sources[source];
        this.is_returned |= state.is_returned;
        if is_new && (!state.is_visible || this.is_seen(last)) {
            this.sanitizer.text(last, &mut self.unseen);
            return;
        }
        this.is_begun = true;
        self.begin(source, out);
        self.sources[source].sanitizer.text(last, out);
    }

    /// What was written last at the same place of the row. The states before it are gone, but for the
    /// colours that they leave on; one that was shown keeps its row.
    fn last_state<'a>(
        &mut self,
        source: usize,
        row: &'a [u8],
        state: &State,
        out: &mut Vec<u8>,
    ) -> &'a [u8] {
        let (gone, last) = row.split_at(state.start);
        let this = &mut self.sources[source];
        let is_next = (this.is_returned || !gone.is_empty()) && state.is_visible;
        this.is_returned &= !is_next;
        if is_next && self.unfinished == Some(source) {
            self.leave_row(out);
        }
        self.unseen.clear();
        self.sources[source].sanitizer.text(gone, &mut self.unseen);
        last
    }
}

impl Source {
    /// Whether what is open is written over what was there before.
    pub(super) fn is_progress(&self) -> bool {
        let state = || moves::survey(self.open.bytes(), true).state;
        self.screen.is_some() || self.is_returned || state().start > 0
    }

    /// What is on the child's screen as far as `motion` needs it.
    fn before(&self, before: Before<'_>, motion: Motion) -> Vec<u8> {
        let (mut bytes, of_width) = match before {
            Before::Tail(open) => {
                let of_width = self.of_width.saturating_sub(open);
                (self.tail.last_but(open, b""), of_width)
            }
            Before::Chunk(chunk) => {
                let of_width = self.of_width.saturating_add(chunk.len());
                (self.tail.last_but(0, chunk), of_width)
            }
            Before::Nothing => (Vec::new(), 0),
        };
        bytes.drain(..bytes.len().saturating_sub(of_width));
        let is_alternate = self.sanitizer.modes().is_alternate();
        while let Some(clear) = moves::survey(&bytes, is_alternate).clear {
            bytes.drain(..clear.range.end);
        }
        if motion != Motion::ToOtherRows {
            let row = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
            bytes.drain(..row);
        }
        bytes
    }

    /// Whether a screen is begun for `text`: it has to be needed, earned, and large enough.
    fn can_draw(&self, motion: Motion, text: &[u8]) -> bool {
        let fits = match motion {
            Motion::Ahead => false,
            Motion::InRow => text.len() <= LONGEST_ROW,
            Motion::ToOtherRows => true,
        };
        fits && self.credit >= price(motion)
    }

    fn redraw(&mut self) {
        if self.redraws == Redraws::NotYet {
            self.redraws = Redraws::Now;
        }
    }
}
