//! Sentences and rows → lines of so many columns.

use unicode_width::UnicodeWidthStr;

use crate::render::charset::Charset;
use crate::render::name::Labels;
use crate::words::name::ProcessName;
use crate::words::wording;

/// What lines are laid out for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page<'a> {
    pub(crate) columns: usize,
    pub(crate) labels: &'a Labels,
    pub(crate) charset: Charset,
}

pub(super) enum Text {
    Prose(String),
    /// The first of these that fits: what there is no room for is left out. If none does, the last, as prose.
    Fitting(Vec<String>),
    Verbatim(String),
    /// To be copied, and so in one piece: in the line of `before` if there is room.
    Typed {
        before: String,
        text: String,
    },
}

/// Makes the lines of a row of a table, mostly one.
pub(super) type Layout<'a, R> = &'a dyn Fn(&R) -> Vec<String>;

impl Page<'_> {
    pub(super) fn has_room_for(&self, line: &str) -> bool {
        line.width() <= self.columns
    }

    /// Prose that would be wider than the page goes on in another line, two columns further in; a word that
    /// is wider alone is not cut, except for the names of processes. Lines of a process and what is to be
    /// copied stay whole.
    pub(super) fn lines(&self, texts: Vec<Text>) -> Vec<String> {
        texts.into_iter().flat_map(|text| self.rows(text)).collect()
    }

    fn rows(&self, text: Text) -> Vec<String> {
        match text {
            Text::Prose(text) => wrapped(&self.prose(&text), self.columns),
            Text::Fitting(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| self.prose(text)).collect();
                let fitting = texts.iter().find(|text| self.has_room_for(text));
                let text = fitting.or(texts.last()).expect("there is a text");
                wrapped(text, self.columns)
            }
            Text::Verbatim(text) => vec![wording::escaped(&text).into_owned()],
            Text::Typed { before, text } => typed(&before, &wording::escaped(&text), self.columns),
        }
    }

    /// devrun's words as this page can have them.
    pub(super) fn prose(&self, text: &str) -> String {
        let text = self.labels.within(text);
        self.charset.prose(wording::escaped(&text).into_owned())
    }

    pub(super) fn label(&self, process: &ProcessName) -> String {
        self.labels.within(&process.to_string()).into_owned()
    }

    /// The rows of a table, all in the first of these layouts for which there is room, else in the last.
    pub(super) fn table<R>(&self, rows: &[R], layouts: &[Layout<'_, R>]) -> Vec<Vec<String>> {
        let laid_out = |layout: &Layout<'_, R>| rows.iter().map(layout).collect();
        let mut tables = layouts.iter().map(laid_out);
        let fits = |table: &Vec<Vec<String>>| table.iter().flatten().all(|l| self.has_room_for(l));
        let last = layouts.last().map(laid_out).unwrap_or_default();
        tables.find(fits).unwrap_or(last)
    }
}

fn typed(before: &str, text: &str, columns: usize) -> Vec<String> {
    let line = format!("{before} {text}");
    if line.width() <= columns {
        return vec![line];
    }
    let indent = before.len() - before.trim_start().len();
    vec![before.to_string(), format!("{:indent$}  {text}", "")]
}

pub(super) fn wrapped(line: &str, columns: usize) -> Vec<String> {
    if line.width() <= columns {
        return vec![line.to_string()];
    }
    let indent = line.len() - line.trim_start().len();
    let mut rows = Vec::new();
    let mut row = " ".repeat(indent);
    let mut is_empty = true;
    for piece in pieces(line) {
        if !is_empty && row.width() + 1 + piece.width() > columns {
            rows.push(std::mem::replace(&mut row, " ".repeat(indent + 2)));
        } else if !is_empty {
            row.push(' ');
        }
        row.push_str(&piece);
        is_empty = false;
    }
    rows.push(row);
    rows
}

/// The words of a line, each number with its unit, "15 s,", and with what it numbers: "(pid 15".
fn pieces(line: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        let is_unit = matches!(word.trim_end_matches([',', ';', ')', ':']), "s" | "m" | "h");
        let is_number = word.starts_with(|c: char| c.is_ascii_digit());
        match pieces.last_mut() {
            Some(before)
                if is_unit && before.ends_with(|c: char| c.is_ascii_digit())
                    || is_number && matches!(before.trim_start_matches('('), "pid" | "port") =>
            {
                before.push(' ');
                before.push_str(word);
            }
            Some(_) | None => pieces.push(word.to_string()),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: Text, columns: usize) -> Vec<String> {
        let names = ["a-process-with-a-long-name.1"];
        let labels = Labels::new(names.into_iter(), 12, Charset::Ascii);
        let page = Page {
            columns,
            labels: &labels,
            charset: Charset::Ascii,
        };
        page.lines(vec![text])
    }

    #[test]
    fn what_is_to_be_copied_stays_whole() {
        let check = |columns, expected: &[&str]| {
            let (before, text) = ("  write:".into(), "web: vite --port 1…".into());
            assert_eq!(lines(Text::Typed { before, text }, columns), expected);
        };
        check(28, &["  write: web: vite --port 1…"]);
        check(27, &["  write:", "    web: vite --port 1…"]);
    }

    #[test]
    fn prose_is_wrapped_with_short_names_and_numbers_beside_what_they_number() {
        let prose = "a-process-with-a-long-name.1 is slow… (pid 4711), 4 s left";
        let expected = ["a-pro~name.1 is slow...", "  (pid 4711), 4 s left"];
        assert_eq!(lines(Text::Prose(prose.into()), 24), expected);
        assert_eq!(
            lines(Text::Prose("  as port 50, pid 7".into()), 13),
            ["  as port 50,", "    pid 7"]
        );
    }

    #[test]
    fn the_first_text_that_fits_is_taken() {
        let check = |columns, expected: &[&str]| {
            let texts = ["one two three", "one two"].map(String::from);
            assert_eq!(lines(Text::Fitting(texts.into()), columns), expected);
        };
        check(13, &["one two three"]);
        check(12, &["one two"]);
        check(6, &["one", "  two"]);
    }
}
