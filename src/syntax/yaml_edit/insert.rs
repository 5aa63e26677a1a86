//! Puts a use into the text, or another target into one that is there.

use std::ops::Range;

use crate::syntax::yaml_edit::scalar::{Context, written};
use crate::syntax::yaml_edit::tree::{Document, Entry, Node, Shape};
use crate::syntax::yaml_edit::{CannotEdit, USES, end_of_line, indentation, key_of};

/// The keys of the long form of which a use has one.
pub(super) const TARGETS: [&str; 3] = ["app", "url", "process"];

/// What is to be written.
struct New<'a> {
    variable: &'a str,
    target: &'a str,
}

impl New<'_> {
    fn entry(&self, context: Context) -> String {
        let variable = written(self.variable, context);
        format!("{variable}: {}", written(self.target, context))
    }
}

pub(super) fn edited(
    text: &str,
    document: &Document,
    variable: &str,
    target: &str,
) -> Result<String, CannotEdit> {
    let new = New { variable, target };
    let Some(root) = document.root.as_ref().filter(|root| !root.is_null()) else {
        return Ok(at_the_end(text, document, "", &new, 2));
    };
    match (root.entry(USES), &root.shape) {
        (Some(uses), Shape::Block(_)) => into_uses(text, root, uses, &new, Context::Block),
        (Some(uses), _) => into_uses(text, root, uses, &new, Context::Flow),
        (None, Shape::Block(entries)) => {
            let indent = entries
                .first()
                .map_or(Ok(""), |first| indentation(text, first))?;
            Ok(at_the_end(text, document, indent, &new, step(text, root)))
        }
        (None, Shape::Flow(entries)) => {
            let uses = format!("{USES}: {{ {} }}", new.entry(Context::Flow));
            Ok(into_flow(text, root, entries, &uses))
        }
        (None, Shape::Scalar(_) | Shape::Text | Shape::Sequence | Shape::Alias) => {
            Err(CannotEdit::new(root.range.clone(), "expected `key: value`"))
        }
    }
}

/// By how many blanks this file sets a block off: as its first one does.
fn step(text: &str, root: &Node) -> usize {
    let mut widths = root.entries().iter().filter_map(|entry| {
        let Shape::Block(inner) = &entry.value.shape else {
            return None;
        };
        let outer = indentation(text, entry).ok()?.len();
        indentation(text, inner.first()?)
            .ok()?
            .len()
            .checked_sub(outer)
    });
    widths.next().filter(|width| *width > 0).unwrap_or(2)
}

/// `uses:` with this one entry, behind everything.
fn at_the_end(text: &str, document: &Document, indent: &str, new: &New, step: usize) -> String {
    let entry = new.entry(Context::Block);
    let lines = format!(
        "{indent}{USES}:{}{indent}{:step$}{entry}",
        newline(text),
        ""
    );
    let at = document.end.unwrap_or(text.len());
    let is_begun = !text[..at].is_empty() && !text[..at].ends_with(['\n', '\u{feff}']);
    with_line(text, (!is_begun).then_some(at), &lines)
}

fn into_uses(
    text: &str,
    root: &Node,
    uses: &Entry,
    new: &New,
    around: Context,
) -> Result<String, CannotEdit> {
    if let Some(entry) = uses.value.entry(new.variable) {
        let is_flow = matches!(uses.value.shape, Shape::Flow(_));
        let context = if is_flow { Context::Flow } else { around };
        return into_entry(text, entry, new.target, context);
    }
    match &uses.value.shape {
        Shape::Block(entries) => {
            let last = entries.last().expect("a block has an entry");
            let indent = indentation(text, entries.first().unwrap_or(last))?;
            let line = format!("{indent}{}", new.entry(Context::Block));
            Ok(with_line(text, end_of_line(text, last.end()), &line))
        }
        Shape::Flow(entries) => {
            let entry = new.entry(Context::Flow);
            Ok(into_flow(text, &uses.value, entries, &entry))
        }
        Shape::Scalar(_) if !uses.value.is_null() => Err(unexpected(&uses.value)),
        Shape::Scalar(_) if uses.value.range.is_empty() && around == Context::Block => {
            let indent = indentation(text, uses)?;
            let (step, entry) = (step(text, root), new.entry(Context::Block));
            let line = format!("{indent}{:step$}{entry}", "");
            Ok(with_line(text, end_of_line(text, uses.end()), &line))
        }
        Shape::Scalar(_) => {
            let flow = format!("{{ {} }}", new.entry(Context::Flow));
            Ok(with_value(text, uses, &flow))
        }
        Shape::Text | Shape::Sequence | Shape::Alias => Err(unexpected(&uses.value)),
    }
}

fn unexpected(node: &Node) -> CannotEdit {
    let why = match node.shape {
        Shape::Alias => "an alias: what it stands for is written elsewhere",
        Shape::Scalar(_) | Shape::Text | Shape::Sequence | Shape::Block(_) | Shape::Flow(_) => {
            "expected `VARIABLE: what is behind it`"
        }
    };
    CannotEdit::new(node.range.clone(), why)
}

/// Behind the last entry between the braces.
fn into_flow(text: &str, mapping: &Node, entries: &[Entry], new: &str) -> String {
    match entries.last() {
        Some(last) => replaced(text, last.end()..last.end(), &format!(", {new}")),
        None => {
            let inner = mapping.range.start + 1..mapping.range.end - 1;
            let (at, padded) = if text[inner.clone()].trim().is_empty() {
                (inner, format!(" {new} "))
            } else {
                (inner.start..inner.start, format!(" {new}"))
            };
            replaced(text, at, &padded)
        }
    }
}

/// Another target for a use that is there.
fn into_entry(
    text: &str,
    entry: &Entry,
    target: &str,
    context: Context,
) -> Result<String, CannotEdit> {
    match &entry.value.shape {
        Shape::Scalar(_) | Shape::Alias => Ok(with_value(text, entry, &written(target, context))),
        Shape::Block(keys) => into_long_form(text, entry, keys, target, context),
        Shape::Flow(keys) => into_long_form(text, entry, keys, target, Context::Flow),
        Shape::Text | Shape::Sequence => Err(unexpected(&entry.key)),
    }
}

/// Only the key that says what is behind the variable, and its value.
fn into_long_form(
    text: &str,
    entry: &Entry,
    keys: &[Entry],
    target: &str,
    context: Context,
) -> Result<String, CannotEdit> {
    let mut found = TARGETS.iter().filter_map(|name| {
        keys.iter()
            .find(|key| matches!(&key.key.shape, Shape::Scalar(text) if text == name))
    });
    let (Some(key), None) = (found.next(), found.next()) else {
        let why = "expected one of `app`, `url` and `process` in it";
        return Err(CannotEdit::new(entry.key.range.clone(), why));
    };
    let text = with_value(text, key, &written(target, context));
    let is_so = matches!(&key.key.shape, Shape::Scalar(name) if name == key_of(target));
    let name = if is_so {
        text[key.key.range.clone()].to_string()
    } else {
        key_of(target).into()
    };
    Ok(replaced(&text, key.key.range.clone(), &name))
}

/// The entry with another value, which may not have been written at all.
fn with_value(text: &str, entry: &Entry, value: &str) -> String {
    let at = &entry.value.range;
    let has_colon = at.start > entry.key.range.end;
    match (at.is_empty(), has_colon) {
        (false, _) => replaced(text, at.clone(), value),
        (true, true) => replaced(text, at.clone(), &format!(" {value}")),
        (true, false) => replaced(text, at.clone(), &format!(": {value}")),
    }
}

/// With a further line where one begins; `None`: behind the last line, which has no end and shall have none.
fn with_line(text: &str, at: Option<usize>, line: &str) -> String {
    let newline = newline(text);
    match at {
        Some(at) => replaced(text, at..at, &format!("{line}{newline}")),
        None => format!("{text}{newline}{line}"),
    }
}

/// How the lines of this text end.
fn newline(text: &str) -> &'static str {
    let first = text.split_inclusive('\n').next().unwrap_or_default();
    if first.ends_with("\r\n") {
        "\r\n"
    } else {
        "\n"
    }
}

fn replaced(text: &str, range: Range<usize>, new: &str) -> String {
    format!("{}{new}{}", &text[..range.start], &text[range.end..])
}
