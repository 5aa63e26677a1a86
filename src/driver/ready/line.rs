//! Looks for the lines by which runs are ready: whole ones, without their colours. Nothing is looked for in a run that has
//! written its line, and nothing is spent on those that have none.

use regex::bytes::Regex;

use crate::render::escape::{ESCAPE, Parser, Piece};

/// Of a longer line only the beginning is looked at, in bytes.
const MAX_LINE: usize = 64 * 1024;

/// The runs whose line has not come yet.
#[derive(Debug, Default)]
pub(in crate::driver) struct Seeks(Vec<Seek>);

#[derive(Debug)]
struct Seek {
    source: usize,
    run: u32,
    expression: Regex,
    /// A line whose end has not come.
    open: Vec<u8>,
}

impl Seeks {
    /// In this run of `source`, and in no earlier one. An expression is one that the settings have taken.
    pub(in crate::driver) fn begin(&mut self, source: usize, run: u32, expression: &str) {
        self.0.retain(|seek| seek.source != source);
        self.0
            .extend(Regex::new(expression).ok().map(|expression| Seek {
                source,
                run,
                expression,
                open: Vec::new(),
            }));
    }

    /// Whether the line of this run has come with these bytes.
    pub(in crate::driver) fn has_found(&mut self, source: usize, run: u32, chunk: &[u8]) -> bool {
        let is_its = |seek: &Seek| (seek.source, seek.run) == (source, run);
        let Some(place) = self.0.iter().position(is_its) else {
            return false;
        };
        let has_found = self.0[place].takes(chunk);
        if has_found {
            self.0.swap_remove(place);
        }
        has_found
    }
}

impl Seek {
    fn takes(&mut self, mut chunk: &[u8]) -> bool {
        while let Some(end) = memchr::memchr(b'\n', chunk) {
            let (line, rest) = (&chunk[..end], &chunk[end + 1..]);
            let is_it = if self.open.is_empty() {
                self.is_it(line)
            } else {
                self.keep(line);
                let line = std::mem::take(&mut self.open);
                self.is_it(&line)
            };
            if is_it {
                return true;
            }
            chunk = rest;
        }
        self.keep(chunk);
        false
    }

    fn keep(&mut self, part: &[u8]) {
        let room = MAX_LINE - self.open.len();
        self.open.extend_from_slice(&part[..part.len().min(room)]);
    }

    /// A terminal's line may end with `\r\n`.
    fn is_it(&self, line: &[u8]) -> bool {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if memchr::memchr(ESCAPE, line).is_none() {
            return self.expression.is_match(line);
        }
        self.expression.is_match(&bare(line))
    }
}

/// Without escape sequences.
fn bare(line: &[u8]) -> Vec<u8> {
    let mut parser = Parser::default();
    let (mut bare, mut rest) = (Vec::with_capacity(line.len()), line);
    while !rest.is_empty() {
        let (used, piece) = parser.piece(rest);
        match piece {
            Piece::Text(text) => bare.extend_from_slice(text),
            Piece::Control(control) => bare.push(control),
            Piece::Escape(_) | Piece::Csi(..) | Piece::Command(_) | Piece::Nothing => {}
        }
        rest = &rest[used..];
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the line comes with the last of the chunks, and with none before.
    fn check(expression: &str, chunks: &[&str], expected: bool) {
        let mut seeks = Seeks::default();
        seeks.begin(0, 1, expression);
        let (last, before) = chunks.split_last().unwrap();
        for chunk in before {
            assert!(!seeks.has_found(0, 1, chunk.as_bytes()), "{chunk:?}");
        }
        let found = seeks.has_found(0, 1, last.as_bytes());
        assert_eq!(found, expected, "{expression} {chunks:?}");
        assert_eq!(seeks.0.is_empty(), expected, "nothing more is looked for");
    }

    #[test]
    fn a_whole_line_is_looked_at_however_it_came() {
        check("ready", &["a\nready in 3 s\nb\n"], true);
        check("ready", &["rea", "dy in", " 3 s\n"], true);
        check("^ready$", &["ready\r\n"], true);
        check("ready", &["not yet\n", "\n", "really\n"], false);
        check("ready", &["is ready"], false);
        check("ready$", &["ready", " or not\n"], false);
        check("(?i)READY", &["ready\n"], true);
    }

    #[test]
    fn colours_are_not_in_the_way() {
        check("ready in", &["\x1b[32mready\x1b[0m in 3 s\n"], true);
        check("^ready$", &["\x1b]0;title\x07ready\n"], true);
        check("ready", &["\x1b[3", "2mrea", "\x1b[0mdy\n"], true);
        check("32m", &["\x1b[32mready\n"], false);
    }

    #[test]
    fn of_a_line_without_an_end_only_the_beginning_is_kept() {
        let long = "x".repeat(MAX_LINE);
        check("ready", &[&long, &long, "ready", "\n"], false);
        check("^x+$", &[&long, &long, "\n"], true);
    }

    #[test]
    fn another_run_is_not_meant() {
        let mut seeks = Seeks::default();
        seeks.begin(0, 2, "ready");
        assert!(!seeks.has_found(0, 1, b"ready\n"));
        assert!(!seeks.has_found(1, 2, b"ready\n"));
        seeks.begin(0, 3, "ready");
        assert!(!seeks.has_found(0, 2, b"ready\n"));
        assert!(seeks.has_found(0, 3, b"ready\n"));
        assert!(!seeks.has_found(0, 3, b"ready\n"));
    }
}
