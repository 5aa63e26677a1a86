//! An error or a warning as the user reads it: what could not be, where, why, and one thing to do.

use std::fmt;

use unicode_width::UnicodeWidthStr;

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
        let shown = format!(
            "{}{}{}",
            wording::escaped(before),
            wording::escaped(marked),
            wording::escaped(after)
        );
        let (shown, cut) = split_at_char(&shown, MAX_QUOTED);
        let dots = if cut.is_empty() { "" } else { "…" };
        let number = self.line.to_string();
        writeln!(f, "{number} | {shown}{dots}")?;
        let indent = wording::escaped(before).width();
        let width = wording::escaped(marked).width().clamp(1, MAX_QUOTED);
        let marks = "^".repeat(width);
        let line = format!(
            "{:pad$} | {:indent$}{marks} {}",
            "",
            "",
            self.label,
            pad = number.len()
        );
        write!(f, "{}", line.trim_end())
    }
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
    fn what_is_quoted_is_escaped_and_the_mark_still_fits() {
        let place = Place {
            file: "Procfile".into(),
            line: 12,
            column: 3,
            text: "é\u{1b}x".into(),
            width: 1,
            label: String::new(),
        };
        assert_eq!(
            place.to_string(),
            " --> Procfile:12:3\n12 | é\\x1bx\n   |      ^"
        );
    }
}
