//! What a child may do to the terminal: write text, tabs, SGR colours and OSC 8 links, nothing else.

use crate::log::lines::whole_characters;
use crate::render::escape::{Parser, Piece};
use crate::render::modes::Modes;
use crate::render::sgr::Attributes;

/// What a process's bytes have led to so far. How they are cut into chunks makes no difference.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sanitizer {
    parser: Parser,
    filter: Filter,
}

/// What becomes of the pieces.
#[derive(Clone, Debug, Default)]
struct Filter {
    attributes: Attributes,
    modes: Modes,
    is_link_open: bool,
    /// The beginning of a character.
    begun: Vec<u8>,
    /// Even colours and links are left out.
    drops_sequences: bool,
}

impl Sanitizer {
    /// Leaves out colours and links too.
    pub(crate) fn plain() -> Self {
        let mut sanitizer = Self::default();
        sanitizer.filter.drops_sequences = true;
        sanitizer
    }

    /// Switches on again, at the beginning of a row, what is still on.
    pub(crate) fn begin(&self, out: &mut Vec<u8>) {
        if !self.filter.drops_sequences {
            self.filter.attributes.repeat(out);
        }
    }

    /// The row ends here, the line does not: somebody else writes.
    pub(crate) fn pause(&mut self, out: &mut Vec<u8>) {
        self.filter.pause(out);
    }

    /// The line ends here, and with it what was begun and is not whole.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        self.filter.end_character(out);
        self.parser.reset();
        self.filter.pause(out);
    }

    /// What the child has switched on in its terminal.
    pub(crate) fn modes(&self) -> &Modes {
        &self.filter.modes
    }

    /// Appends what of `text` may be shown.
    pub(crate) fn text(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let mut rest = text;
        while !rest.is_empty() {
            let (used, piece) = self.parser.piece(rest);
            self.filter.take(piece, out);
            rest = &rest[used..];
        }
    }
}

impl Filter {
    fn take(&mut self, piece: Piece<'_>, out: &mut Vec<u8>) {
        if let Piece::Text(text) = piece {
            return self.characters(text, out);
        }
        self.end_character(out);
        match piece {
            Piece::Control(b'\t') => out.push(b'\t'),
            Piece::Csi(parameters, b'm') => self.color(parameters, out),
            Piece::Csi(parameters, end) => self.modes.csi(parameters, end),
            Piece::Escape(byte) => self.escape(byte, out),
            Piece::Command(command) => self.link(command, out),
            Piece::Text(_) | Piece::Control(_) | Piece::Nothing => {}
        }
    }

    fn pause(&mut self, out: &mut Vec<u8>) {
        if self.is_link_open {
            out.extend_from_slice(b"\x1b]8;;\x1b\\");
            self.is_link_open = false;
        }
        if !self.attributes.is_plain() && !self.drops_sequences {
            out.extend_from_slice(b"\x1b[0m");
        }
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.modes.escape(byte);
        if byte == b'c' {
            // The child has made its terminal as new.
            self.pause(out);
            self.attributes = Attributes::default();
        }
    }

    fn characters(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        let is_begun = |begun: &[u8]| !begun.is_empty() && whole_characters(begun) == 0;
        while let Some((first, rest)) = bytes.split_first()
            && (0x80..0xc0).contains(first)
            && is_begun(&self.begun)
        {
            self.begun.push(*first);
            bytes = rest;
        }
        if !bytes.is_empty() || !is_begun(&self.begun) {
            self.end_character(out);
        }
        let (whole, begun) = bytes.split_at(whole_characters(bytes));
        push_text(whole, out);
        self.begun.extend_from_slice(begun);
    }

    fn end_character(&mut self, out: &mut Vec<u8>) {
        if !self.begun.is_empty() {
            push_text(&self.begun, out);
            self.begun.clear();
        }
    }

    fn color(&mut self, parameters: &[u8], out: &mut Vec<u8>) {
        if !parameters.iter().all(|byte| matches!(byte, b'0'..=b';')) {
            return;
        }
        self.attributes.select(parameters);
        if !self.drops_sequences {
            out.extend_from_slice(b"\x1b[");
            out.extend_from_slice(parameters);
            out.push(b'm');
        }
    }

    /// Passes on `8;PARAMETERS;URI`. Only ASCII: terminals take U+009C, too, for the end of a string.
    fn link(&mut self, command: &[u8], out: &mut Vec<u8>) {
        let is_clean = command.iter().all(|byte| (b' '..=b'~').contains(byte));
        let uri = command.splitn(3, |byte| *byte == b';').nth(2);
        let Some(uri) = uri.filter(|_| is_clean && command.starts_with(b"8;")) else {
            return;
        };
        if !self.drops_sequences {
            self.is_link_open = !uri.is_empty();
            out.extend_from_slice(b"\x1b]");
            out.extend_from_slice(command);
            out.extend_from_slice(b"\x1b\\");
        }
    }
}

/// The text alone, without colours and links.
pub(crate) fn without_escapes(text: &[u8]) -> String {
    let mut sanitizer = Sanitizer::plain();
    let mut out = Vec::new();
    sanitizer.text(text, &mut out);
    sanitizer.end(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Of text without ASCII's controls: C1's are dropped, U+FFFD stands for what is no UTF-8.
fn push_text(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.is_ascii() {
        out.extend_from_slice(bytes);
        return;
    }
    for chunk in bytes.utf8_chunks() {
        if chunk.valid().contains(char::is_control) {
            let shown: String = chunk.valid().chars().filter(|c| !c.is_control()).collect();
            out.extend_from_slice(shown.as_bytes());
        } else {
            out.extend_from_slice(chunk.valid().as_bytes());
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render::escape::ESCAPE;

    /// As long as one may be.
    const MAX_SEQUENCE: usize = 4096;

    fn line(text: &[u8]) -> String {
        let mut sanitizer = Sanitizer::default();
        let mut out = Vec::new();
        sanitizer.begin(&mut out);
        sanitizer.text(text, &mut out);
        sanitizer.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_tabs_colours_and_links_pass_and_nothing_else() {
        let check = |text: &str, expected: &str| assert_eq!(line(text.as_bytes()), expected);
        check("a\tb é 🦀", "a\tb é 🦀");
        check("\x1b[31mred\x1b[0m plain", "\x1b[31mred\x1b[0m plain");
        check("\x1b[31mred", "\x1b[31mred\x1b[0m");
        check("\x1b[31mred\x1b[39m plain", "\x1b[31mred\x1b[39m plain");
        check("\x1b[38:2:1:2:3mx\x1b[m", "\x1b[38:2:1:2:3mx\x1b[m");
        check(
            "\x1b]8;;http://a\x1b\\link\x1b]8;;\x07",
            "\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\",
        );
        check(
            "\x1b]8;id=1;http://a;\x07link",
            "\x1b]8;id=1;http://a;\x1b\\link\x1b]8;;\x1b\\",
        );
        check("\x1b[2J\x1b[Hx\x1b[?1049h\x1b[3A", "x");
        check("\x1b]0;title\x07a\x1b]52;c;eA==\x1b\\b", "ab");
        check("\x1bP1;2|x\x1b\\a\x1b(Bb\x1bcd\x07\x08", "abd");
        check("\u{9b}2Ja", "2Ja");
        check("a\x1b", "a");
        check("a\x1b[31", "a");
        check("a\x1b]0;never ended", "a");
        check("\x1b[>4;1mx\x1b[1 mx", "xx");
        check(
            "\x1b]0;t\x18a\x1b[3\x07b\x1b]0;t\x1b[31mc",
            "ab\x1b[31mc\x1b[0m",
        );
    }

    #[test]
    fn a_link_smuggles_nothing_in() {
        let check = |text: &str, expected: &str| assert_eq!(line(text.as_bytes()), expected);
        check("\x1b]8;;http://a\u{9c}\u{9b}2J\x1b\\x", "x");
        check("\x1b]8;;http://a\nb\x1b\\x", "x");
        check("\x1b]8;x\x1b\\x", "x");
        let long = format!("\x1b]8;;http://{}\x1b\\x", "a".repeat(MAX_SEQUENCE));
        check(&long, "x");
        check(&format!("\x1b]1337;{}\x07x", "a".repeat(100_000)), "x");
        check(&format!("\x1b[{}mx", "1;".repeat(MAX_SEQUENCE)), "x");
    }

    #[test]
    fn what_is_no_utf8_is_shown_as_such() {
        assert_eq!(line(b"a\xffb\xe2\x82"), "a\u{fffd}b\u{fffd}");
        assert_eq!(line(b"\xe2\x28\xa1"), "\u{fffd}(\u{fffd}");
        assert_eq!(line(b"\xe2\x82\x1b[mx"), "\u{fffd}\x1b[mx");
    }

    #[test]
    fn a_colour_goes_on_in_the_next_line() {
        let mut sanitizer = Sanitizer::default();
        let mut out = Vec::new();
        sanitizer.text(b"\x1b[1m\x1b[31ma", &mut out);
        sanitizer.end(&mut out);
        out.push(b'\n');
        sanitizer.begin(&mut out);
        sanitizer.text(b"b\x1b[0m", &mut out);
        sanitizer.end(&mut out);
        assert_eq!(out, b"\x1b[1m\x1b[31ma\x1b[0m\n\x1b[1;31mb\x1b[0m");
    }

    /// Escape sequences in every stage of being whole.
    fn fragments() -> impl Strategy<Value = Vec<u8>> {
        let pieces: [&[u8]; 19] = [
            b"text",
            b"\x1b[31m",
            b"\x1b[0m",
            b"\x1b[39;1m",
            b"\x1b[2J",
            b"\x1b[",
            b"\x1b",
            b"\x1b]8;;u\x1b\\",
            b"\x1b]8;",
            b"\x1b]52;c;x\x07",
            b"\x1b]0;",
            b"\x1bP",
            b"\\",
            "é🦀".as_bytes(),
            b"\xe2\x82",
            b"\xf0\x80",
            b"\x9b",
            b"\x00\x07\x7f\x18",
            b"m",
        ];
        let piece = proptest::sample::select(pieces.to_vec());
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    fn chunked(text: &[u8], cuts: &[usize]) -> String {
        let mut sanitizer = Sanitizer::default();
        let (mut out, mut rest) = (Vec::new(), text);
        for cut in cuts {
            let (chunk, others) = rest.split_at((*cut).min(rest.len()));
            sanitizer.text(chunk, &mut out);
            rest = others;
        }
        sanitizer.text(rest, &mut out);
        sanitizer.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #[test]
        fn no_other_escape_ever_comes_out(text in fragments()) {
            let mut shown = line(&text);
            for (begin, end) in [("\x1b]8;", "\x1b\\"), ("\x1b[", "m")] {
                while let Some(start) = shown.find(begin) {
                    let length = shown[start..].find(end).expect("it is closed") + end.len();
                    shown.replace_range(start..start + length, "");
                }
            }
            prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\t'), "{shown:?}");
            prop_assert!(!without_escapes(&text).contains('\x1b'));
        }

        #[test]
        fn any_chunking_gives_the_same(
            text in fragments(),
            cuts in proptest::collection::vec(0usize..6, 0..40),
        ) {
            prop_assert_eq!(chunked(&text, &cuts), line(&text));
        }

        #[test]
        fn any_bytes_become_utf8_without_controls(
            text in proptest::collection::vec(any::<u8>(), 0..200),
            cuts in proptest::collection::vec(0usize..6, 0..40),
        ) {
            let text: Vec<u8> = text.into_iter().filter(|byte| *byte != ESCAPE).collect();
            let shown = chunked(&text, &cuts);
            prop_assert_eq!(&shown, &line(&text));
            prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\t'), "{shown:?}");
        }
    }
}
