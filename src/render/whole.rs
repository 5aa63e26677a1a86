//! What one process writes, for a terminal in raw mode that is that process's alone.

use crate::render::modes::Modes;
use crate::render::sanitize::Sanitizer;

/// Puts the cursor into the corner.
const HOME: &[u8] = b"\x1b[H";
/// Ends a sequence that is not whole.
const CANCEL: u8 = 0x18;

/// The terminal of somebody who looks from elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    sanitizer: Sanitizer,
    /// The cursor stands behind something.
    is_in_row: bool,
    /// It was put somewhere, so that there may be something below it.
    paints: bool,
    /// Where what nobody sees is written to.
    unseen: Vec<u8>,
}

impl Whole {
    /// Appends what the terminal is to get for `chunk`.
    pub(crate) fn chunk(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        self.sanitizer.text(chunk, &mut self.unseen);
        self.unseen.clear();
        self.is_in_row = !chunk.ends_with(b"\n");
        self.paints |= memchr::memmem::find(chunk, HOME).is_some();
        show(chunk, self.sanitizer.modes(), out);
    }

    /// Something is left out here, perhaps the rest of a sequence. Appends a word on that, but not on a screen
    /// that somebody draws.
    pub(crate) fn gap(&mut self, bytes: u64, out: &mut Vec<u8>) {
        self.sanitizer.end(&mut self.unseen);
        out.push(CANCEL);
        if !self.sanitizer.modes().is_alternate() {
            let said = format!("\x1b[0m\r\n[devrun: {bytes} bytes are left out here]\r\n");
            out.extend_from_slice(said.as_bytes());
        }
    }

    /// Undoes what the process did to the terminal; what follows begins a row, below what it has painted.
    pub(crate) fn leave(&mut self, out: &mut Vec<u8>) {
        let modes = self.sanitizer.modes();
        modes.switch_off(out);
        let paints = self.paints && !modes.is_alternate();
        if paints {
            // Further down than any terminal has rows: its last one.
            out.extend_from_slice(b"\x1b[999;1H");
        }
        if paints || self.is_in_row {
            out.extend_from_slice(b"\r\n");
        }
        *self = Self::default();
    }
}

/// Appends `chunk` as a terminal in raw mode needs it, of a process that has switched on `modes`.
pub(crate) fn show(chunk: &[u8], modes: &Modes, out: &mut Vec<u8>) {
    // The process's own terminal adds none (`os::pty::open`), nor does a raw one. Where there is one already
    // nothing changes; whoever draws on the alternate screen may mean the next row, no more.
    if modes.is_alternate() {
        out.extend_from_slice(chunk);
    } else {
        with_returns(chunk, out);
    }
}

/// A carriage return before each newline that has none.
fn with_returns(chunk: &[u8], out: &mut Vec<u8>) {
    let mut last = 0;
    for byte in chunk {
        if *byte == b'\n' && last != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        last = *byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newlines_get_returns_and_whoever_leaves_finds_his_own_screen() {
        let check = |chunks: &[&str], shown: &str, left: &str| {
            let mut whole = Whole::default();
            let (mut out, mut end) = (Vec::new(), Vec::new());
            for chunk in chunks {
                whole.chunk(chunk.as_bytes(), &mut out);
            }
            whole.leave(&mut end);
            assert_eq!(String::from_utf8(out).unwrap(), shown);
            assert_eq!(String::from_utf8(end).unwrap(), left);
        };
        let fresh = "\x1b[0m\x1b[?25h";
        check(&["a\nb\r\n"], "a\r\nb\r\n", fresh);
        check(&["name? "], "name? ", &format!("{fresh}\r\n"));
        let below = format!("{fresh}\x1b[999;1H\r\n");
        check(&["\x1b[Hpainted\n"], "\x1b[Hpainted\r\n", &below);
        check(
            &["\x1b[?104", "9h\n", "\n"],
            "\x1b[?1049h\n\n",
            &format!("\x1b[?1049l{fresh}"),
        );
        check(
            &["\x1b[?1049h\n", "\x1b[?1049l", "\n"],
            "\x1b[?1049h\n\x1b[?1049l\r\n",
            fresh,
        );
    }

    #[test]
    fn a_gap_is_told_where_it_spoils_nothing() {
        let check = |before: &[u8], expected: &str| {
            let mut whole = Whole::default();
            let mut out = Vec::new();
            whole.chunk(before, &mut Vec::new());
            whole.gap(70, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
            let mut left = Vec::new();
            whole.chunk(b"\x1b[?1000h\n", &mut Vec::new());
            whole.leave(&mut left);
            assert!(left.starts_with(b"\x1b[?1000l"), "{left:?}");
        };
        let told = "\x18\x1b[0m\r\n[devrun: 70 bytes are left out here]\r\n";
        check(b"a", told);
        check(b"\x1b]0;a title that has no", told);
        check(b"\x1b[?1049h", "\x18");
    }
}
