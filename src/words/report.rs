//! An error or a warning as the user reads it: what could not be, where, why, and one thing to do.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::words::secret::{self, MASK};
use crate::words::wording;

/// Longest line of a user's file that is quoted, in characters.
const MAX_QUOTED: usize = 160;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    Error,
    Warning,
}

/// A place in a user's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The path as the user would write it.
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    /// The whole line, without its end.
    pub(crate) text: String,
    /// How many characters are meant; at least one is marked.
    pub(crate) width: usize,
    /// What stands behind the mark; may be empty.
    pub(crate) label: String,
}

/// Printed by its `Display`, in one form everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) severity: Severity,
    pub(crate) headline: String,
    /// Most problems have one place; a name that was given twice has two.
    pub(crate) places: Vec<Place>,
    /// The system's words as they are.
    pub(crate) causes: Vec<String>,
    /// One thing to do. Its further lines are indented under the first.
    pub(crate) help: Option<String>,
}

impl Report {
    pub(crate) fn new(headline: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            headline: headline.into(),
            places: Vec::new(),
            causes: Vec::new(),
            help: None,
        }
    }

    pub(crate) fn warning(headline: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::new(headline)
        }
    }

    pub(crate) fn at(mut self, place: Place) -> Self {
        self.places.push(place);
        self
    }

    pub(crate) fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {}", wording::escaped(&self.headline))?;
        for place in &self.places {
            write!(f, "\n{place}")?;
        }
        for cause in &self.causes {
            write!(f, "\n caused by: {}", wording::escaped(cause))?;
        }
        if let Some(help) = &self.help {
            for (number, line) in help.lines().enumerate() {
                let margin = if number == 0 { " help: " } else { "       " };
                write!(f, "\n{margin}{}", wording::escaped(line))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            " --> {}:{}:{}",
            wording::escaped(&self.file),
            self.line,
            self.column
        )?;
        let (before, rest) = split_at_char(&self.text, self.column.saturating_sub(1));
        let (marked, after) = split_at_char(rest, self.width.max(1));
        let secrets = secret::in_line(&self.text);
        let (marks_at, marks_end) = (before.len(), before.len() + marked.len());
        let before = shown(&self.text, 0..marks_at, &secrets);
        let marked = shown(&self.text, marks_at..marks_end, &secrets);
        let after = shown(&self.text, marks_end..marks_end + after.len(), &secrets);
        let shown = format!("{before}{marked}{after}");
        let (shown, cut) = split_at_char(&shown, MAX_QUOTED);
        let dots = if cut.is_empty() { "" } else { "…" };
        let number = self.line.to_string();
        writeln!(f, "{number} | {shown}{dots}")?;
        let indent = before.width();
        let width = marked.width().clamp(1, MAX_QUOTED);
        let marks = "^".repeat(width);
        let line = format!(
            "{:pad$} | {:indent$}{marks} {}",
            "",
            "",
            wording::escaped(&self.label),
            pad = number.len()
        );
        write!(f, "{}", line.trim_end())
    }
}

/// A part of a line, as it may be quoted: in one line, and without the secrets of the whole.
fn shown(line: &str, part: Range<usize>, secrets: &[Range<usize>]) -> String {
    let mut shown = String::new();
    let mut rest = part.start;
    for secret in secrets {
        let (start, end) = (secret.start.max(part.start), secret.end.min(part.end));
        if start < end {
            shown.push_str(&wording::escaped(&line[rest..start]));
            shown.push_str(MASK);
            rest = end;
        }
    }
    shown.push_str(&wording::escaped(&line[rest..part.end]));
    shown
}

fn split_at_char(text: &str, characters: usize) -> (&str, &str) {
    let at = text
        .char_indices()
        .nth(characters)
        .map_or(text.len(), |(at, _)| at);
    text.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_shows_headline_place_causes_and_help() {
        let report = Report::new("not a `name: command` line")
            .at(Place {
                file: "Procfile".into(),
                line: 1,
                column: 1,
                text: "web bundle exec puma".into(),
                width: 3,
                label: "expected `:` after the name".into(),
            })
            .help("write it as `web: bundle exec puma`".to_string());
        assert_eq!(
            report.to_string(),
            "error: not a `name: command` line\n --> Procfile:1:1\n1 | web bundle exec puma\n  | \
             ^^^ expected `:` after the name\n help: write it as `web: bundle exec puma`"
        );
    }

    #[test]
    fn a_secret_is_not_quoted_and_the_mark_still_fits() {
        let check = |text: &str, column: usize, width: usize, expected: &str| {
            let place = Place {
                file: "devrun.yaml".into(),
                line: 2,
                column,
                text: text.into(),
                width,
                label: String::new(),
            };
            assert_eq!(
                place.to_string(),
                format!(" --> devrun.yaml:2:{column}\n{expected}")
            );
        };
        let url = "DB: a://u:hunter@h/x";
        check(url, 1, 2, "2 | DB: a://u:****@h/x\n  | ^^");
        check(url, 5, 16, "2 | DB: a://u:****@h/x\n  |     ^^^^^^^^^^^^^^");
        check(url, 20, 1, "2 | DB: a://u:****@h/x\n  |                  ^");
        // The half of one is none either.
        check(
            url,
            14,
            1,
            "2 | DB: a://u:************@h/x\n  |               ^^^^",
        );
        check("A_KEY=é b", 7, 1, "2 | A_KEY=********\n  |       ^^^^");
    }

    #[test]
    fn what_is_quoted_is_escaped_and_the_mark_still_fits() {
        let place = Place {
            file: "Procfile".into(),
            line: 12,
            column: 3,
            text: "é\u{1b}x".into(),
            width: 1,
            label: "no `\u{202e}`".into(),
        };
        assert_eq!(
            place.to_string(),
            " --> Procfile:12:3\n12 | é\\x1bx\n   |      ^ no `\\u{202e}`"
        );
    }
}
