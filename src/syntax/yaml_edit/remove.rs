//! Takes a use out of the text.

use std::ops::Range;

use crate::syntax::yaml_edit::tree::{Document, Entry, Node, Shape};
use crate::syntax::yaml_edit::{CannotEdit, USES, begin_of_line, end_of_line, indentation};

/// The entry alone. `reason` is what to show where the use is not written out: it comes by an alias or a merge.
pub(super) fn entry(
    text: &str,
    document: &Document,
    variable: &str,
    reason: &Range<usize>,
) -> Result<String, CannotEdit> {
    let (_, uses, entry) = found(document, variable, reason)?;
    without(text, &uses.value, entry)
}

/// All of `uses`, if the entry is its only one and it has no comments of its own.
pub(super) fn with_empty_uses(
    text: &str,
    document: &Document,
    variable: &str,
    reason: &Range<usize>,
) -> Result<Option<String>, CannotEdit> {
    let (root, uses, entry) = found(document, variable, reason)?;
    let is_last = uses.value.entries().len() == 1;
    if is_last && !has_comments(text, root, uses, entry) {
        without(text, root, uses).map(Some)
    } else {
        Ok(None)
    }
}

/// The root, `uses` and the entry in it.
fn found<'a>(
    document: &'a Document,
    variable: &str,
    reason: &Range<usize>,
) -> Result<(&'a Node, &'a Entry, &'a Entry), CannotEdit> {
    let found = document.root.as_ref().and_then(|root| {
        let uses = root.entry(USES)?;
        Some((root, uses, uses.value.entry(variable)?))
    });
    let elsewhere = || CannotEdit::new(reason.clone(), "it comes from another place, by an alias");
    found.ok_or_else(elsewhere)
}

fn without(text: &str, mapping: &Node, entry: &Entry) -> Result<String, CannotEdit> {
    match &mapping.shape {
        Shape::Flow(entries) => Ok(without_range(text, of_flow(text, entries, entry))),
        Shape::Block(_) => {
            indentation(text, entry)?;
            Ok(without_range(text, lines(text, entry)))
        }
        Shape::Scalar(_) | Shape::Text | Shape::Sequence | Shape::Alias => Err(CannotEdit::new(
            mapping.range.clone(),
            "expected `key: value`",
        )),
    }
}

fn without_range(text: &str, range: Range<usize>) -> String {
    format!("{}{}", &text[..range.start], &text[range.end..])
}

/// All lines of an entry. Without a newline at the text's end the one before goes, so that there is none again.
fn lines(text: &str, entry: &Entry) -> Range<usize> {
    let begin = begin_of_line(text, entry.key.range.start);
    match end_of_line(text, entry.end()) {
        Some(end) => begin..end,
        None => {
            let before = text[..begin]
                .strip_suffix('\n')
                .map(|before| before.strip_suffix('\r').unwrap_or(before));
            before.map_or(begin, str::len)..text.len()
        }
    }
}

/// An entry between braces and one comma. Comments of the other entries stay.
fn of_flow(text: &str, entries: &[Entry], entry: &Entry) -> Range<usize> {
    let start = entry.key.range.start;
    let place = entries.iter().position(|one| one.key.range.start == start);
    let place = place.expect("it is one of them");
    if let Some(next) = entries.get(place + 1) {
        return start..next.key.range.start;
    }
    let before = place.checked_sub(1).map(|before| entries[before].end());
    match before {
        Some(before) if !text[before..start].contains('#') => before..entry.end(),
        Some(_) | None => start..behind_comma(text, entry.end()),
    }
}

fn behind_comma(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let blanks = rest.len() - rest.trim_start().len();
    if rest[blanks..].starts_with(',') {
        at + blanks + 1
    } else {
        at
    }
}

/// Whether `uses` has comments of its own: between its line and the entry, or set off like an entry behind it.
fn has_comments(text: &str, root: &Node, uses: &Entry, entry: &Entry) -> bool {
    if let Shape::Flow(_) = uses.value.shape {
        let (above, below) = (
            uses.key.range.end..entry.key.range.start,
            entry.end()..uses.value.range.end,
        );
        return text[above].contains('#') || text[below].contains('#');
    }
    let above = end_of_line(text, uses.key.range.end).unwrap_or(text.len());
    if text[above.min(entry.key.range.start)..entry.key.range.start].contains('#') {
        return true;
    }
    let own = uses.key.range.start - begin_of_line(text, uses.key.range.start);
    let next = root.entries().iter().map(|entry| entry.key.range.start);
    let next = next.filter(|start| *start > uses.key.range.start).min();
    let below = end_of_line(text, entry.end()).unwrap_or(text.len());
    let below = below..next.unwrap_or(text.len()).max(below);
    let is_inner = |line: &str| {
        let inner = line.trim_start();
        inner.starts_with('#') && line.len() - inner.len() > own
    };
    text[below].lines().any(is_inner)
}
