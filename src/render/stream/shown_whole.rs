//! A process whose terminal is shown as it is, while somebody is attached to it.

use crate::render::modes::Modes;
use crate::render::moves;
use crate::render::sanitize::Sanitizer;
use crate::render::stream::{Redraws, Stream};

/// Asks a terminal where its cursor is. irb and others read nothing else until they are told.
const WHERE: &[u8] = b"\x1b[6n";

impl Stream {
    /// Makes a fresh terminal of so many rows like the process's, which has switched on `modes`.
    pub(crate) fn recent_screen(
        &self,
        source: usize,
        modes: &Modes,
        rows: usize,
        out: &mut Vec<u8>,
    ) {
        if !modes.is_alternate() {
            self.recent(source, rows, out);
        }
        modes.switch_on(out);
    }

    /// Its recent lines, at most `rows`, for whoever attaches; the last one has no end, so that the cursor
    /// stands behind a prompt. Rows are ended for a terminal in raw mode. Who asked for the place of the
    /// cursor and still waits has it asked again.
    pub(crate) fn recent(&self, source: usize, rows: usize, out: &mut Vec<u8>) {
        if self.paints(source) {
            // What is on the screen is pushed up, out of its reach.
            out.extend_from_slice(&b"\r\n".repeat(rows));
            out.extend_from_slice(b"\x1b[H");
            return;
        }
        let bytes = self.sources[source].tail.bytes();
        let mut recent: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        recent.drain(..recent.len().saturating_sub(rows));
        let mut sanitizer = Sanitizer::default();
        for (number, line) in recent.into_iter().enumerate() {
            if number > 0 {
                sanitizer.end(out);
                out.extend_from_slice(b"\r\n");
                sanitizer.begin(out);
            }
            let start = moves::survey(line, true).state.start;
            sanitizer.text(&line[start..], out);
        }
        sanitizer.pause(out);
        if bytes.ends_with(WHERE) {
            out.extend_from_slice(WHERE);
        }
    }

    /// Undoes what the process did to the terminal, for whoever leaves; what follows begins a row, below what
    /// it has painted. `is_in_row`: the cursor stands behind something.
    pub(crate) fn leave(&self, source: usize, is_in_row: bool, out: &mut Vec<u8>) {
        let paints = self.paints(source);
        self.modes(source).switch_off(out);
        if paints {
            // Further down than any terminal has rows: its last one.
            out.extend_from_slice(b"\x1b[999;1H");
        }
        if paints || is_in_row {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Whether it paints, on the screen that scrolls.
    pub(crate) fn paints(&self, source: usize) -> bool {
        let this = &self.sources[source];
        this.redraws != Redraws::NotYet && !this.sanitizer.modes().is_alternate()
    }

    /// Takes in what the process wrote, which is not shown here: its last lines, colours and modes are known
    /// all the same.
    pub(crate) fn observe(&mut self, source: usize, chunk: &[u8]) {
        let this = &mut self.sources[source];
        this.tail.push(chunk);
        this.of_width = 0;
        let open = this.open.bytes().len();
        this.open.consume(open);
        this.forget_row();
        this.is_torn = false;
        for line in chunk.split_inclusive(|byte| *byte == b'\n') {
            this.sanitizer.text(line, &mut self.unseen);
            if line.ends_with(b"\n") {
                this.sanitizer.end(&mut self.unseen);
            }
            self.unseen.clear();
        }
        // The rest of its last line goes on behind a prefix.
        this.is_begun = !chunk.ends_with(b"\n");
        this.seen = this.last_row();
    }
}
