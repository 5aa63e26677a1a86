//! A picture of what a child repaints: which rows of it have changed since they were shown.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU16;

use memchr::memmem;

use crate::render::escape::ESCAPE;
use crate::render::moves::Motion;
use crate::render::sanitize::{self, Sanitizer};

/// A repaint goes up by so many rows at the most.
const ABOVE: u16 = 100;
/// For rows that are folded, and for who goes down without newlines.
const BELOW: u16 = 28;
/// Where the cursor stays in its row: it may be folded once.
const ONE_ROW: (u16, u16) = (2, 1024);
/// In bytes: so much fits there in any case.
pub(crate) const LONGEST_ROW: usize = 1024;
/// More columns no terminal has.
const COLUMNS: std::ops::RangeInclusive<u16> = 20..=512;

/// About 32 bytes a cell, while a child repaints: 320 KiB where it has 80 columns.
pub(crate) struct Screen {
    grid: vt100::Parser,
    /// Of each line that is shown its [`essence`], and how often it is there.
    shown: HashMap<String, usize>,
    /// The lowest row from which the cursor has gone elsewhere: what ends below is a new line.
    bottom: u16,
    has_other_rows: bool,
    is_stale: bool,
}

impl Screen {
    /// After `before` was written and shown.
    pub(crate) fn new(motion: Motion, columns: u16, before: &[u8]) -> Self {
        let has_other_rows = motion == Motion::ToOtherRows;
        let (rows, columns) = if has_other_rows {
            (
                ABOVE + BELOW,
                columns.clamp(*COLUMNS.start(), *COLUMNS.end()),
            )
        } else {
            ONE_ROW
        };
        let size = |cells| NonZeroU16::new(cells).expect("a screen has rows and columns");
        let mut screen = Self {
            grid: vt100::Parser::new(size(rows), size(columns), 0),
            shown: HashMap::new(),
            bottom: 0,
            has_other_rows,
            is_stale: false,
        };
        if has_other_rows {
            // As if there had been more before.
            screen.grid.process(format!("\x1b[{ABOVE}H").as_bytes());
        }
        for (number, line) in before.split(|byte| *byte == b'\n').enumerate() {
            if number > 0 {
                screen.feed_newline();
            }
            screen.feed(line);
        }
        let _ = screen.changed();
        screen
    }

    /// Whether rows above the cursor's can be repainted.
    pub(crate) fn has_other_rows(&self) -> bool {
        self.has_other_rows
    }

    /// Takes in what has no newline.
    pub(crate) fn write(&mut self, text: &[u8], motion: Motion) {
        if motion != Motion::Ahead {
            self.bottom = self.bottom.max(self.row());
        }
        self.feed(text);
        self.is_stale = true;
    }

    /// Whether the cursor stays within what is repainted when it goes to the next row, which it does then.
    pub(crate) fn newline(&mut self) -> bool {
        let is_within = self.row() < self.bottom;
        if is_within {
            self.feed_newline();
        }
        is_within
    }

    /// Whether something was written since [`Screen::changed`].
    pub(crate) fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// The lines that are new or another text than when they were shown, as rows with their colours; from
    /// now on they are shown. A line that has only moved is not among them, nor is a blank one.
    pub(crate) fn changed(&mut self) -> Vec<Vec<u8>> {
        self.is_stale = false;
        let mut sanitizer = Sanitizer::default();
        let contents = self.grid.screen().contents_formatted_basic();
        let mut shown = std::mem::take(&mut self.shown);
        let mut changed = Vec::new();
        for line in contents.split('\n') {
            let row = row(line.as_bytes(), &mut sanitizer);
            let text = essence(line);
            if text.is_empty() {
                continue;
            }
            match shown.get_mut(&text) {
                Some(count) if *count > 0 => *count -= 1,
                Some(_) | None => changed.push(row),
            }
            *self.shown.entry(text).or_default() += 1;
        }
        changed
    }

    fn row(&self) -> u16 {
        self.grid.screen().cursor_position().0
    }

    fn feed(&mut self, text: &[u8]) {
        let columns = self.grid.screen().size().1.get();
        let mut begin = 0;
        for at in memmem::find_iter(text, b"\x1b[") {
            if let Some((length, known)) = instead(&text[at + 2..], columns) {
                self.grid.process(&text[begin..at]);
                self.grid.process(&known);
                begin = at + 2 + length;
            }
        }
        self.grid.process(&text[begin..]);
    }

    /// CAN before it: a sequence that is not whole ends with its line.
    fn feed_newline(&mut self) {
        self.grid.process(b"\x18\r\n");
    }
}

/// What the crate is given in the place of a sequence, and how long that is behind `ESC [`. It knows `ESC 7` and
/// `ESC 8`, not their other names, and repeats a character as often as it is told (REP), which would take a
/// millisecond for eight bytes: here it is a row's length at most.
fn instead(parameters: &[u8], columns: u16) -> Option<(usize, Vec<u8>)> {
    let end = parameters
        .iter()
        .position(|byte| matches!(byte, b'@'..=b'~' | 0x18 | 0x1a | 0x1b))?;
    match parameters[end] {
        b's' if end == 0 => Some((1, b"\x1b7".to_vec())),
        b'u' if end == 0 => Some((1, b"\x1b8".to_vec())),
        b'b' => {
            // Controls may stand within; they are obeyed, and part no number.
            let first = parameters[..end].split(|byte| matches!(byte, b';' | b':'));
            let digits = first.take(1).flatten().filter(|byte| byte.is_ascii_digit());
            let times = digits.fold(0_u16, |times, digit| {
                times
                    .saturating_mul(10)
                    .saturating_add(u16::from(digit - b'0'))
            });
            (times > columns).then(|| (end + 1, format!("\x1b[{columns}b").into_bytes()))
        }
        _ => None,
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Screen")
    }
}

/// A line of the grid, where colours go on from line to line, as one that stands for itself.
fn row(line: &[u8], sanitizer: &mut Sanitizer) -> Vec<u8> {
    let mut rest = line;
    while rest.first() == Some(&ESCAPE)
        && let Some(end) = memchr::memchr(b'm', rest)
    {
        rest = &rest[end + 1..];
    }
    let mut row = Vec::new();
    sanitizer.text(&line[..line.len() - rest.len()], &mut row);
    row.clear();
    sanitizer.begin(&mut row);
    sanitizer.text(rest, &mut row);
    sanitizer.end(&mut row);
    row
}

/// What has to differ for a line to be shown again: neither colours nor a spinner made of dots.
fn essence(line: &str) -> String {
    let text = sanitize::without_escapes(line.as_bytes());
    text.trim_end()
        .replace(|c| ('\u{2800}'..='\u{28ff}').contains(&c), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_repeated_as_far_as_a_row_goes() {
        let check = |parameters: &[u8], expected: Option<(usize, &str)>| {
            let given = instead(parameters, 80);
            let expected = expected.map(|(length, known)| (length, known.as_bytes().to_vec()));
            assert_eq!(given, expected, "{}", parameters.escape_ascii());
        };
        check(b"80b", None);
        check(b"b", None);
        check(b"65535bx", Some((6, "\x1b[80b")));
        check(b"99999999999b", Some((12, "\x1b[80b")));
        check(b"655\x0735;1b", Some((9, "\x1b[80b")));
        check(b"1;65535b", None);
        check(b"655\x1b[35b", None);
        check(b"655", None);
        check(b"65535mb", None);
    }
}
