//! Takes a use out of the text.

use std::ops::Range;

use crate::syntax::yaml_edit::tree::{Document, Entry, Node, Shape};
use crate::syntax::yaml_edit::{CannotEdit, begin_of_line, end_of_line, indentation, uses_entry};

/// `reason` is what to show where the use is not written out: it comes by an alias or a merge.
pub(super) fn edited(
    text: &str,
    document: &Document,
    variable: &str,
    reason: &Range<usize>,
) -> Result<String, CannotEdit> {
    let elsewhere = || CannotEdit::new(reason.clone(), "it comes from another place, by an alias");
    let root = document.root.as_ref().ok_or_else(elsewhere)?;
    let uses = uses_entry(document).ok_or_else(elsewhere)?;
    let entry = uses.value.entry(variable).ok_or_else(elsewhere)?;
    let is_last = uses.value.entries().len() == 1;
    if is_last && !has_comments(text, root, uses, entry) {
        without(text, root, uses)
    } else {
        without(text, &uses.value, entry)
    }
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
    let above = end_of_line(text, uses.key.range.end).unwrap_or(text.len());
    let above = above.min(entry.key.range.start)..entry.key.range.start;
    if text[above].contains('#') {
        return true;
    }
    if let Shape::Flow(_) = uses.value.shape {
        return text[entry.end()..uses.value.range.end].contains('#');
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
