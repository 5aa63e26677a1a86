//! Changes one use in the text of a settings file and leaves every other byte as it was. What the text means is
//! read again afterwards: an edit that would change anything else is refused.

mod insert;
mod remove;
mod scalar;
mod tree;

use std::ops::Range;

use serde_json::{Map, Value};

use crate::syntax::span;
use crate::syntax::yaml_edit::tree::{Document, Entry};
use crate::words::report::Report;
use crate::words::uses::Target;

/// The key of a settings file that holds them.
const USES: &str = "uses";

/// Why a text is left as it is, and which part of it is the reason.
#[derive(Debug)]
pub(crate) struct CannotEdit {
    at: Range<usize>,
    why: String,
    /// It is no YAML at all.
    is_broken: bool,
}

impl CannotEdit {
    fn new(at: Range<usize>, why: impl Into<String>) -> Self {
        Self {
            at,
            why: why.into(),
            is_broken: false,
        }
    }

    /// `said` by the parser: what follows the reason is for programmers.
    fn broken(at: usize, said: &str) -> Self {
        let cut = [", set ", " at line ", "\n"].iter();
        let end = cut.filter_map(|cut| said.find(cut)).min();
        Self {
            is_broken: true,
            ..Self::new(at..at, &said[..end.unwrap_or(said.len())])
        }
    }

    /// `text` is the one that was not edited, `help` says what to do by hand.
    pub(crate) fn report(self, file: &str, text: &str, help: String) -> Report {
        let start = (0..=self.at.start.min(text.len()))
            .rfind(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        let end = self.at.end.max(start);
        let end = (start..=end.min(text.len()))
            .rfind(|at| text.is_char_boundary(*at))
            .unwrap_or(start);
        let (headline, help) = if self.is_broken {
            (format!("`{file}` is no YAML"), "correct that first".into())
        } else {
            let headline = format!("`{file}` is written in a way that cannot be edited safely");
            (headline, help)
        };
        Report::new(headline)
            .at(span::place(
                file,
                text,
                line(text, start),
                start..end,
                &self.why,
            ))
            .help(help)
    }
}

/// The text with `uses.VARIABLE` set to the short form `target`. Of a long form only `app`, `url` or `process` is
/// changed, so that `optional` and the others stay.
///
/// # Errors
/// The text is no YAML, or so written that another part of it would change.
pub(crate) fn with_use(text: &str, variable: &str, target: &str) -> Result<String, CannotEdit> {
    let document = tree::read(text)?;
    let edited = insert::edited(text, &document, variable, target)?;
    let mut expected = meaning(text)?;
    if !expected[USES].is_object() {
        expected[USES] = Value::Object(Map::new());
    }
    let slot = &mut expected[USES][variable];
    match slot {
        Value::Object(long) => {
            long.retain(|key, _| !insert::TARGETS.contains(&key.as_str()));
            long.insert(key_of(target).into(), target.into());
        }
        short => *short = target.into(),
    }
    checked(edited, &expected, reason(&document, variable))
}

/// The text without `uses.VARIABLE`; `None`: it has none. An empty `uses` goes too, unless comments stand below it.
///
/// # Errors
/// As of [`with_use`].
pub(crate) fn without_use(text: &str, variable: &str) -> Result<Option<String>, CannotEdit> {
    let document = tree::read(text)?;
    let mut expected = meaning(text)?;
    let uses = expected.get_mut(USES).and_then(Value::as_object_mut);
    let Some(uses) = uses.filter(|uses| uses.contains_key(variable)) else {
        return Ok(None);
    };
    uses.remove(variable);
    let reason = reason(&document, variable);
    let expected = normal(expected);
    let whole = remove::with_empty_uses(text, &document, variable, &reason)?;
    let whole = whole.and_then(|edited| checked(edited, &expected, reason.clone()).ok());
    match whole {
        Some(edited) => Ok(Some(edited)),
        None => {
            let edited = remove::entry(text, &document, variable, &reason)?;
            checked(edited, &expected, reason).map(Some)
        }
    }
}

/// The variables that the text has uses for, in the order of the alphabet.
///
/// # Errors
/// The text is no YAML.
pub(crate) fn variables(text: &str) -> Result<Vec<String>, CannotEdit> {
    let meaning = meaning(text)?;
    let uses = meaning.get(USES).and_then(Value::as_object);
    Ok(uses.into_iter().flat_map(Map::keys).cloned().collect())
}

/// The line, from 1, in which the use of this variable begins; `None` where it is not written out.
pub(crate) fn line_of(text: &str, variable: &str) -> Option<usize> {
    let document = tree::read(text).ok()?;
    let entry = uses_entry(&document)?.value.entry(variable)?;
    Some(line(text, entry.key.range.start))
}

/// The process types whose own list of `uses` names the variable.
pub(crate) fn narrowed_to(text: &str, variable: &str) -> Vec<String> {
    let meaning = meaning(text).unwrap_or_default();
    let processes = meaning.get("processes").and_then(Value::as_object);
    let names = |process: &Value| {
        let uses = process.get(USES).and_then(Value::as_array);
        uses.is_some_and(|uses| uses.iter().any(|name| name == variable))
    };
    let processes = processes.into_iter().flatten();
    let naming = processes.filter(|(_, process)| names(process));
    naming
        .map(|(process_type, _)| process_type.clone())
        .collect()
}

/// The key of the long form for such a target.
fn key_of(target: &str) -> &'static str {
    match Target::of(target) {
        Target::App { .. } => "app",
        Target::Url(_) => "url",
        Target::Process(_) => "process",
    }
}

/// What the text says. Empty uses are none.
fn meaning(text: &str) -> Result<Value, CannotEdit> {
    let broken = |error: serde_yaml::Error| {
        let location = error.location();
        let number = location.map_or(1, |location| location.line() as usize);
        let said = error.without_snippet().to_string();
        CannotEdit::broken(line_start(text, number), &said)
    };
    serde_yaml::from_str(text).map(normal).map_err(broken)
}

fn normal(mut value: Value) -> Value {
    if value.is_null() {
        value = Value::Object(Map::new());
    }
    if let Some(root) = value.as_object_mut() {
        let is_empty = |uses: &Value| uses.is_null() || uses.as_object().is_some_and(Map::is_empty);
        if root.get(USES).is_some_and(is_empty) {
            root.remove(USES);
        }
    }
    value
}

fn checked(edited: String, expected: &Value, reason: Range<usize>) -> Result<String, CannotEdit> {
    match meaning(&edited) {
        Ok(found) if found == *expected => Ok(edited),
        Ok(_) | Err(_) => Err(CannotEdit::new(reason, "more than this use would change")),
    }
}

fn uses_entry(document: &Document) -> Option<&Entry> {
    document.root.as_ref()?.entry(USES)
}

/// What is shown when an edit is refused: the entry, else `uses`, else the beginning.
fn reason(document: &Document, variable: &str) -> Range<usize> {
    let uses = uses_entry(document);
    let entry = uses.and_then(|uses| uses.value.entry(variable)).or(uses);
    entry.map_or(0..0, |entry| entry.key.range.clone())
}

/// The number of the line that holds this offset, from 1.
fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where the line of this number begins.
fn line_start(text: &str, number: usize) -> usize {
    let ends = text.match_indices('\n').map(|(at, _)| at + 1);
    let mut starts = std::iter::once(0).chain(ends);
    starts.nth(number.saturating_sub(1)).unwrap_or(text.len())
}

/// Where the line of this offset begins, behind a byte order mark.
fn begin_of_line(text: &str, at: usize) -> usize {
    let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
    text[..at].rfind('\n').map_or(mark, |newline| newline + 1)
}

/// Behind the newline of this offset's line; `None`: it is the last one and has none.
fn end_of_line(text: &str, at: usize) -> Option<usize> {
    text[at..].find('\n').map(|newline| at + newline + 1)
}

/// The blanks in front of a key that is the first thing in its line.
fn indentation<'a>(text: &'a str, entry: &Entry) -> Result<&'a str, CannotEdit> {
    let key = &entry.key.range;
    let before = &text[begin_of_line(text, key.start)..key.start];
    if before.bytes().all(|byte| byte == b' ') {
        Ok(before)
    } else {
        Err(CannotEdit::new(
            key.clone(),
            "something stands before it in its line",
        ))
    }
}

#[cfg(test)]
mod tests;
