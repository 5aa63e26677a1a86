//! The last entries of many. Their buffers are used again, so that a long way to the end allocates little.
//! What only stands between lines does not count, and goes with the line before it.

use std::collections::VecDeque;

use crate::log::stored::{Entry, Line};

#[derive(Debug)]
pub(crate) struct Recent {
    most: usize,
    /// So many of those that are kept count.
    count: usize,
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
            count: 0,
            kept: VecDeque::new(),
        }
    }

    pub(crate) fn push(&mut self, entry: Entry<'_>) {
        match entry {
            Entry::Line(line) if line.is_continued => self.go_on(line),
            Entry::Line(line) => self.keep(Entry::Line(Line { text: b"", ..line }), line.text),
            Entry::Gap(gap) => self.keep(Entry::Gap(gap), b""),
            Entry::Turn(turn) => self.keep_between(Entry::Turn(turn)),
            Entry::LeftOut { at_ns } => self.keep_between(Entry::LeftOut { at_ns }),
            Entry::CutOff { at_ns } => self.keep_between(Entry::CutOff { at_ns }),
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.count >= self.most
    }

    /// When the earliest of them was; `None`: there is none.
    pub(crate) fn since(&self) -> Option<u64> {
        self.kept.front().map(|kept| kept.entry.at_ns())
    }

    /// Gives all of them out, the earliest first.
    pub(crate) fn drain(&mut self, sink: &mut impl FnMut(Entry<'_>)) {
        self.count = 0;
        for Kept { entry, text } in self.kept.drain(..) {
            sink(match entry {
                Entry::Line(line) => Entry::Line(Line {
                    text: &text,
                    ..line
                }),
                Entry::Gap(gap) => Entry::Gap(gap),
                Entry::Turn(turn) => Entry::Turn(turn),
                Entry::LeftOut { at_ns } => Entry::LeftOut { at_ns },
                Entry::CutOff { at_ns } => Entry::CutOff { at_ns },
            });
        }
    }

    fn keep(&mut self, entry: Entry<'static>, text: &[u8]) {
        if self.most == 0 {
            return;
        }
        let oldest = if self.is_full() { self.forget() } else { None };
        let mut buffer = oldest.map_or_else(Vec::new, |kept| kept.text);
        buffer.clear();
        buffer.extend_from_slice(text);
        let text = buffer;
        self.kept.push_back(Kept { entry, text });
        self.count += 1;
    }

    fn keep_between(&mut self, entry: Entry<'static>) {
        if !self.kept.is_empty() {
            let text = Vec::new();
            self.kept.push_back(Kept { entry, text });
        }
    }

    /// The oldest that counts, and what stands between it and the next.
    fn forget(&mut self) -> Option<Kept> {
        let oldest = self.kept.pop_front();
        while self.kept.front().is_some_and(|kept| !kept.counts()) {
            self.kept.pop_front();
        }
        self.count -= usize::from(oldest.is_some());
        oldest
    }

    /// The rest of a line whose beginning is kept, if it still is.
    fn go_on(&mut self, rest: Line<'_>) {
        let begun = self
            .kept
            .iter_mut()
            .rev()
            .find_map(|kept| match &mut kept.entry {
                Entry::Line(line) if line.author == rest.author => Some((line, &mut kept.text)),
                Entry::Line(_)
                | Entry::Gap(_)
                | Entry::Turn(_)
                | Entry::LeftOut { .. }
                | Entry::CutOff { .. } => None,
            });
        if let Some((line, text)) = begun {
            line.end = rest.end;
            text.extend_from_slice(rest.text);
        }
    }
}

impl Kept {
    fn counts(&self) -> bool {
        match self.entry {
            Entry::Line(_) | Entry::Gap(_) => true,
            Entry::Turn(_) | Entry::LeftOut { .. } | Entry::CutOff { .. } => false,
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
                Entry::LeftOut { .. } => "--".to_string(),
                Entry::Turn(_) | Entry::CutOff { .. } => panic!("there is none"),
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

    #[test]
    fn what_stands_between_them_does_not_count_and_never_comes_first() {
        let part = Entry::LeftOut { at_ns: 7 };
        let [a, b, c] = ["a", "b", "c"].map(|text| line(0, text, false));
        check(2, &[part, a, part, b], &["a", "--", "b"]);
        check(
            2,
            &[a, part, part, b, part, c, part],
            &["b", "--", "c", "--"],
        );
        check(1, &[a, part, b], &["b"]);
        check(0, &[a, part], &[]);
    }
}
