//! Which lines are meant by an expression, and which stand around them.

use regex::bytes::Regex;

use crate::log::recent::Recent;
use crate::log::stored::{Entry, Line};

/// What is looked for. A line that comes in pieces is judged by the first.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) expression: Regex,
    /// The lines that do not match are meant.
    pub(crate) is_inverted: bool,
    /// So many lines of the same process before and behind each are shown as well.
    pub(crate) context: usize,
}

#[derive(Debug)]
pub(crate) struct Matcher {
    wanted: Wanted,
    /// By [`crate::log::stored::Author::index`].
    authors: Vec<Around>,
    has_found: bool,
}

/// What stands around the lines of one author that are meant.
#[derive(Debug)]
struct Around {
    before: Recent,
    /// So many lines are still shown.
    behind: usize,
    /// So many were not, since one of them was last; `None`: none was.
    passed: Option<usize>,
    line: Judged,
}

/// What became of the line that comes now, and will become of its further pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    Shown,
    /// Until one that is meant comes soon.
    Kept,
}

impl Matcher {
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            authors: Vec::new(),
            has_found: false,
        }
    }

    /// Whether a line that is meant has come so far.
    pub(crate) fn has_found(&self) -> bool {
        self.has_found
    }

    /// Gives out the line if it is to be shown, behind what is to be shown before it.
    pub(crate) fn take(&mut self, line: Line<'_>, sink: &mut impl FnMut(Entry<'_>)) {
        let is_meant = !line.is_continued && self.is_meant(line.text);
        let context = self.wanted.context;
        let index = line.author.index();
        while self.authors.len() <= index {
            self.authors.push(Around::new(context));
        }
        let around = &mut self.authors[index];
        if is_meant {
            self.has_found = true;
            if context > 0 && around.passed.is_some_and(|passed| passed > context) {
                let at_ns = around.before.since().unwrap_or(line.at_ns);
                sink(Entry::LeftOut { at_ns });
            }
            around.before.drain(sink);
            around.passed = Some(0);
            around.behind = context;
            around.line = Judged::Shown;
        } else if !line.is_continued {
            around.judge();
        }
        match around.line {
            Judged::Shown => sink(Entry::Line(line)),
            Judged::Kept => around.before.push(Entry::Line(line)),
        }
    }

    /// A terminal's line may end with `\r\n`: `$` stands before both.
    fn is_meant(&self, text: &[u8]) -> bool {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        self.wanted.expression.is_match(text) != self.wanted.is_inverted
    }
}

impl Around {
    fn new(context: usize) -> Self {
        Self {
            before: Recent::new(context),
            behind: 0,
            passed: None,
            line: Judged::Kept,
        }
    }

    /// A line that is not meant itself.
    fn judge(&mut self) {
        self.line = if self.behind > 0 {
            Judged::Shown
        } else {
            self.passed = self.passed.map(|passed| passed.saturating_add(1));
            Judged::Kept
        };
        self.behind = self.behind.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::stored::{Author, End};

    /// Each line is `PLACE TEXT`; one of `PLACE+TEXT` goes on where that process has stopped.
    fn check(expression: &str, is_inverted: bool, context: usize, lines: &str, expected: &str) {
        let mut matcher = Matcher::new(Wanted {
            expression: Regex::new(expression).unwrap(),
            is_inverted,
            context,
        });
        let mut out = Vec::new();
        for line in lines.split(", ") {
            let place = line[..1].parse().unwrap();
            let line = Line {
                author: Author::Process { place, run: 1 },
                at_ns: 0,
                text: line.as_bytes(),
                is_continued: line[1..].starts_with('+'),
                end: End::Newline,
            };
            matcher.take(line, &mut |entry| match entry {
                Entry::Line(line) => out.push(String::from_utf8_lossy(line.text).into_owned()),
                Entry::LeftOut { .. } => out.push("--".into()),
                Entry::Gap(_) | Entry::Turn(_) | Entry::CutOff { .. } => panic!("there is none"),
            });
        }
        assert_eq!(out.join(", "), expected);
        assert_eq!(matcher.has_found(), !expected.is_empty());
    }

    #[test]
    fn lines_that_match_are_shown_or_those_that_do_not() {
        check("b", false, 0, "0 a, 0 b, 1 ab", "0 b, 1 ab");
        check("b", true, 0, "0 a, 0 b, 1 ab", "0 a");
        check("(?i)B", false, 0, "0 a, 0 b", "0 b");
        check("x", false, 3, "0 a, 0 b", "");
    }

    #[test]
    fn what_stands_around_is_of_the_same_process() {
        check(
            "x",
            false,
            1,
            "0 a, 1 b, 0 c, 0 x, 1 d, 0 e, 0 f",
            "0 c, 0 x, 0 e",
        );
        check(
            "x",
            false,
            2,
            "0 a, 0 x, 0 b, 0 x, 0 c",
            "0 a, 0 x, 0 b, 0 x, 0 c",
        );
    }

    #[test]
    fn lines_that_are_left_out_between_groups_leave_a_mark() {
        let group = "0 a, 0 x, 0 b";
        check("x", false, 1, "0 c, 0 a, 0 x, 0 b", group);
        let lines = "0 x, 0 a, 0 b, 0 c, 1 d, 0 x";
        check("x", false, 1, lines, "0 x, 0 a, --, 0 c, 0 x");
        check("x", false, 2, lines, "0 x, 0 a, 0 b, 0 c, 0 x");
        check("x", false, 0, lines, "0 x, 0 x");
        let lines = "0 x, 1 a, 1 b, 1 x, 0 c, 0 x";
        check("x", false, 1, lines, "0 x, 1 b, 1 x, 0 c, 0 x");
    }

    #[test]
    fn the_rest_of_a_line_goes_where_its_beginning_went() {
        check("x", false, 0, "0 x, 0+y, 0 a, 0+x", "0 x, 0+y");
        check("x", false, 1, "0 a, 0+b, 0 x", "0 a0+b, 0 x");
    }

    #[test]
    fn the_end_of_a_line_is_before_its_newline() {
        let matcher = Matcher::new(Wanted {
            expression: Regex::new("^a$").unwrap(),
            is_inverted: false,
            context: 0,
        });
        for text in ["a", "a\n", "a\r\n"] {
            assert!(matcher.is_meant(text.as_bytes()), "{text:?}");
        }
    }
}
