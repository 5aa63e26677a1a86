//! The last entries of many. Their buffers are used again, so that a long way to the end allocates little.

use std::collections::VecDeque;

use crate::log::stored::{Entry, Line};

#[derive(Debug)]
pub(crate) struct Recent {
    most: usize,
    kept: VecDeque<Kept>,
}

#[derive(Debug)]
struct Kept {
    /// Without the text of a line.
    entry: Entry<'static>,
    text: Vec<u8>,
}

impl Recent {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            kept: VecDeque::new(),
        }
    }

    pub(crate) fn push(&mut self, entry: Entry<'_>) {
        match entry {
            Entry::Line(line) if line.is_continued => self.go_on(line),
            Entry::Line(line) => self.keep(Entry::Line(Line { text: b"", ..line }), line.text),
            Entry::Gap(gap) => self.keep(Entry::Gap(gap), b""),
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.kept.len() >= self.most
    }

    /// When the earliest of them was; `None`: there is none.
    pub(crate) fn since(&self) -> Option<u64> {
        self.kept.front().map(|kept| kept.entry.at_ns())
    }

    /// Gives all of them out, the earliest first.
    pub(crate) fn drain(&mut self, sink: &mut impl FnMut(Entry<'_>)) {
        for Kept { entry, text } in self.kept.drain(..) {
            sink(match entry {
                Entry::Line(line) => Entry::Line(Line {
                    text: &text,
                    ..line
                }),
                Entry::Gap(gap) => Entry::Gap(gap),
            });
        }
    }

    fn keep(&mut self, entry: Entry<'static>, text: &[u8]) {
        let is_full = self.is_full();
        let oldest = if is_full { self.kept.pop_front() } else { None };
        if self.most == 0 {
            return;
        }
        let mut buffer = oldest.map_or_else(Vec::new, |kept| kept.text);
        buffer.clear();
        buffer.extend_from_slice(text);
        let text = buffer;
        self.kept.push_back(Kept { entry, text });
    }

    /// The rest of a line whose beginning is kept, if it still is.
    fn go_on(&mut self, rest: Line<'_>) {
        let begun = self
            .kept
            .iter_mut()
            .rev()
            .find_map(|kept| match &mut kept.entry {
                Entry::Line(line) if line.author == rest.author => Some((line, &mut kept.text)),
                Entry::Line(_) | Entry::Gap(_) => None,
            });
        if let Some((line, text)) = begun {
            line.end = rest.end;
            text.extend_from_slice(rest.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::stored::{Author, Cause, End, Gap};

    fn line(place: usize, text: &str, is_continued: bool) -> Entry<'_> {
        Entry::Line(Line {
            author: Author::Process { place, run: 1 },
            at_ns: 7,
            text: text.as_bytes(),
            is_continued,
            end: End::Newline,
        })
    }

    fn check(most: usize, pushed: &[Entry<'_>], expected: &[&str]) {
        let mut recent = Recent::new(most);
        pushed.iter().for_each(|entry| recent.push(*entry));
        assert_eq!(recent.since().is_some(), !expected.is_empty());
        let mut out = Vec::new();
        recent.drain(&mut |entry| {
            out.push(match entry {
                Entry::Line(line) => String::from_utf8_lossy(line.text).into_owned(),
                Entry::Gap(gap) => format!("gap {}", gap.lines),
            });
        });
        assert_eq!(out, expected);
    }

    #[test]
    fn the_last_of_them_are_kept_with_all_their_pieces() {
        let gap = Entry::Gap(Gap {
            at_ns: 7,
            lines: 3,
            bytes: 30,
            cause: Cause::Slow,
        });
        let [a, b, c] = ["a", "bb", "c"].map(|text| line(0, text, false));
        check(2, &[a, b, c], &["bb", "c"]);
        check(3, &[a, gap], &["a", "gap 3"]);
        check(0, &[a, b], &[]);
        let (other, rest) = (line(1, "x", false), line(0, "y", true));
        check(2, &[a, other, rest], &["ay", "x"]);
        check(1, &[a, other, rest], &["x"]);
    }
}
