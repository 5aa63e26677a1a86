//! What a child may do to the terminal: write text, tabs, SGR colours and OSC 8 links, nothing else.

const ESCAPE: u8 = 0x1b;
/// Longer than any that means something; what is longer is no escape sequence.
const MAX_SEQUENCE: usize = 4096;
/// Colours and attributes that are remembered from line to line, in bytes.
const MAX_SGR: usize = 256;

/// What is still on from a process's earlier lines.
#[derive(Debug, Default)]
pub(crate) struct Sanitizer {
    /// The SGR sequences since the last reset.
    sgr: Vec<u8>,
    is_link_open: bool,
}

/// Whether more of the line may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Complete,
    Open,
}

impl Sanitizer {
    /// What is on again at the beginning of a row.
    pub(crate) fn begin(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.sgr);
    }

    /// At the end of a row nothing stays on.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        if self.is_link_open {
            out.extend_from_slice(b"\x1b]8;;\x1b\\");
            self.is_link_open = false;
        }
        if !self.sgr.is_empty() {
            out.extend_from_slice(b"\x1b[0m");
        }
    }

    /// Appends what of `text` may be shown, and returns how much of it was used: all of a complete line;
    /// of an open one, what does not end in the middle of a character or a sequence.
    pub(crate) fn text(&mut self, text: &[u8], line: Line, out: &mut Vec<u8>) -> usize {
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let plain = rest.iter().position(|byte| !(b' '..=b'~').contains(byte));
            let plain = plain.unwrap_or(rest.len());
            out.extend_from_slice(&rest[..plain]);
            at += plain;
            let rest = &rest[plain..];
            let Some(first) = rest.first() else { break };
            let used = match *first {
                ESCAPE => self.sequence(rest, out),
                b'\t' => {
                    out.push(b'\t');
                    Some(1)
                }
                0..0x80 => Some(1),
                _ => character(rest, out),
            };
            match (used, line) {
                (Some(used), _) => at += used,
                (None, Line::Open) if rest.len() < MAX_SEQUENCE => return at,
                // Its end will not come: the escape, or the byte, alone is dropped.
                (None, Line::Open | Line::Complete) => at += unfinished(rest, out),
            }
        }
        at
    }

    /// A sequence's length; passed on if it may be. `None`: its end is not there.
    fn sequence(&mut self, rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        match rest.get(1)? {
            b'[' => {
                let end = 2 + rest[2..]
                    .iter()
                    .position(|byte| !(0x20..0x40).contains(byte))?;
                let parameters = &rest[2..end];
                if rest[end] == b'm' && parameters.iter().all(|byte| matches!(byte, b'0'..=b';')) {
                    self.select(parameters, &rest[..=end], out);
                }
                // A control character inside ends it without meaning.
                Some(if (0x40..0x7f).contains(&rest[end]) {
                    end + 1
                } else {
                    end
                })
            }
            b']' => {
                let (content, end) = string(rest)?;
                let is_clean = content.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f);
                if content.starts_with(b"8;") && is_clean {
                    self.is_link_open = !content.ends_with(b";");
                    out.extend_from_slice(b"\x1b]");
                    out.extend_from_slice(content);
                    out.extend_from_slice(b"\x1b\\");
                }
                Some(end)
            }
            b'P' | b'X' | b'^' | b'_' => string(rest).map(|(_, end)| end),
            0x20..0x30 => {
                let end = 1 + rest[1..]
                    .iter()
                    .position(|byte| !(0x20..0x30).contains(byte))?;
                Some(end + 1)
            }
            0x30..0x7f => Some(2),
            _ => Some(1),
        }
    }

    fn select(&mut self, parameters: &[u8], sequence: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(sequence);
        let is_reset = matches!(parameters, b"" | b"0" | b"00");
        if is_reset || self.sgr.len() + sequence.len() > MAX_SGR {
            self.sgr.clear();
        }
        if !is_reset {
            self.sgr.extend_from_slice(sequence);
        }
    }
}

/// The text alone, without colours and links.
pub(crate) fn without_escapes(text: &[u8]) -> String {
    let mut out = Vec::new();
    Sanitizer::default().text(text, Line::Complete, &mut out);
    let mut plain = Vec::new();
    let mut at = 0;
    while at < out.len() {
        let length = match out.get(at..at + 2) {
            Some(b"\x1b[") => out[at..]
                .iter()
                .position(|byte| *byte == b'm')
                .map(|end| end + 1),
            Some(b"\x1b]") => string(&out[at..]).map(|(_, end)| end),
            Some(_) | None => None,
        };
        if length.is_none() {
            plain.push(out[at]);
        }
        at += length.unwrap_or(1);
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The content of an OSC, DCS or the like, and where it ends, behind BEL or ST.
fn string(rest: &[u8]) -> Option<(&[u8], usize)> {
    let end = rest
        .iter()
        .skip(1)
        .position(|byte| matches!(*byte, 0x07 | ESCAPE))?
        + 1;
    match (rest[end], rest.get(end + 1)) {
        (0x07, _) => Some((&rest[2..end], end + 1)),
        (_, Some(b'\\')) => Some((&rest[2..end], end + 2)),
        // Another sequence begins: this one is broken, and means nothing.
        (_, Some(_)) => Some((&[], end)),
        (_, None) => None,
    }
}

/// One character that is no ASCII: itself, nothing for a C1 control, U+FFFD for what is no UTF-8.
fn character(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let length = match rest[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let is_continued = rest
        .iter()
        .take(length)
        .skip(1)
        .all(|byte| (0x80..0xc0).contains(byte));
    if rest.len() < length && is_continued {
        return None;
    }
    match rest.get(..length).map(std::str::from_utf8) {
        Some(Ok(text)) => {
            if !text.chars().all(char::is_control) {
                out.extend_from_slice(text.as_bytes());
            }
            Some(length)
        }
        Some(Err(_)) | None => {
            out.extend_from_slice("\u{fffd}".as_bytes());
            Some(1)
        }
    }
}

fn unfinished(rest: &[u8], out: &mut Vec<u8>) -> usize {
    if rest[0] == ESCAPE {
        // What follows would be shown as text: "[31". A string without an end hides the rest of its line.
        return match rest.get(1) {
            Some(b'[') => {
                rest.iter()
                    .skip(2)
                    .take_while(|byte| (0x20..0x40).contains(*byte))
                    .count()
                    + 2
            }
            Some(b']' | b'P' | b'X' | b'^' | b'_') => rest.len(),
            Some(_) | None => 1,
        };
    }
    out.extend_from_slice("\u{fffd}".as_bytes());
    rest.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &[u8]) -> String {
        let mut sanitizer = Sanitizer::default();
        let mut out = Vec::new();
        sanitizer.begin(&mut out);
        assert_eq!(sanitizer.text(text, Line::Complete, &mut out), text.len());
        sanitizer.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_tabs_colours_and_links_pass_and_nothing_else() {
        let check = |text: &str, expected: &str| assert_eq!(line(text.as_bytes()), expected);
        check("a\tb é 🦀", "a\tb é 🦀");
        check("\x1b[31mred\x1b[0m plain", "\x1b[31mred\x1b[0m plain");
        check("\x1b[31mred", "\x1b[31mred\x1b[0m");
        check("\x1b[38:2:1:2:3mx\x1b[m", "\x1b[38:2:1:2:3mx\x1b[m");
        check(
            "\x1b]8;;http://a\x1b\\link\x1b]8;;\x07",
            "\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\",
        );
        check(
            "\x1b]8;;http://a\x07link",
            "\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\",
        );
        check("\x1b[2J\x1b[Hx\x1b[?1049h\x1b[3A", "x");
        check("\x1b]0;title\x07a\x1b]52;c;eA==\x1b\\b", "ab");
        check("\x1bP1;2|x\x1b\\a\x1b(Bb\x1bcd\x07\x08", "abd");
        check("\u{9b}2Ja", "2Ja");
        check("a\x1b", "a");
        check("a\x1b[31", "a");
        check("a\x1b]0;never ended", "a");
        check("\x1b[>4;1mx", "x");
    }

    #[test]
    fn what_is_no_utf8_is_shown_as_such() {
        assert_eq!(line(b"a\xffb\xe2\x82"), "a\u{fffd}b\u{fffd}");
        assert_eq!(line(b"\xe2\x28\xa1"), "\u{fffd}(\u{fffd}");
    }

    #[test]
    fn a_colour_goes_on_in_the_next_line() {
        let mut sanitizer = Sanitizer::default();
        let mut out = Vec::new();
        sanitizer.text(b"\x1b[1m\x1b[31ma", Line::Complete, &mut out);
        sanitizer.end(&mut out);
        out.push(b'\n');
        sanitizer.begin(&mut out);
        sanitizer.text(b"b\x1b[0m", Line::Complete, &mut out);
        sanitizer.end(&mut out);
        assert_eq!(out, b"\x1b[1m\x1b[31ma\x1b[0m\n\x1b[1m\x1b[31mb\x1b[0m");
    }

    /// Escape sequences in every stage of being whole.
    fn fragments() -> impl Strategy<Value = Vec<u8>> {
        let pieces: [&[u8]; 14] = [
            b"text",
            b"\x1b[31m",
            b"\x1b[0m",
            b"\x1b[2J",
            b"\x1b[",
            b"\x1b",
            b"\x1b]8;;u\x1b\\",
            b"\x1b]52;c;x\x07",
            b"\x1b]0;",
            "é🦀".as_bytes(),
            b"\xe2\x82",
            b"\x9b",
            b"\x00\x07\x7f",
            b"m",
        ];
        let piece = proptest::sample::select(pieces.to_vec());
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
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
        }

        #[test]
        fn any_chunking_gives_the_same(text in fragments(), cut in 0usize..60) {
            let (mut sanitizer, mut out, mut held) = (Sanitizer::default(), Vec::new(), Vec::new());
            for chunk in [&text[..cut.min(text.len())], &text[cut.min(text.len())..]] {
                held.extend_from_slice(chunk);
                let used = sanitizer.text(&held, Line::Open, &mut out);
                held.drain(..used);
            }
            sanitizer.text(&held, Line::Complete, &mut out);
            sanitizer.end(&mut out);
            prop_assert_eq!(String::from_utf8_lossy(&out), line(&text));
        }
    }
}
