//! What all keys of a settings file have in common: tables of keys, places, reports. Knows no key.

use std::collections::HashMap;
use std::ops::Range;

use crate::syntax::settings::Said;
use crate::syntax::settings::yaml::{Node, Value};
use crate::syntax::{Parsed, span};
use crate::words::report::{Place, Report};
use crate::words::secret::MASK;
use crate::words::wording;

/// Longest value that is named in a headline, in characters. The quoted line shows more of it.
const MAX_SHOWN: usize = 40;

/// Reads one file, and gathers all that is wrong in it.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    /// Where they stand: to count them for each place anew would take the square of the text's length.
    newlines: Vec<usize>,
    /// Where values stand that may be secret, whatever their names: in order, none of them overlapping.
    hidden: Vec<Range<usize>>,
    found: Parsed<()>,
}

/// A key with its value; an item of a list goes with the key of its list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'n> {
    pub(super) name: &'n str,
    pub(super) key: &'n Node,
    pub(super) value: &'n Node,
}

/// What a mapping may hold: each key with what reads it into a `T`. One table, so that a key that is known
/// is a key that is read.
pub(super) struct Keys<T: 'static> {
    /// What has these keys, as in "a process".
    pub(super) owner: &'static str,
    pub(super) known: &'static [(&'static str, Read<T>)],
    /// Where people look for keys of another level, and what they are told then.
    pub(super) misplaced: fn(&str) -> Option<&'static str>,
}

pub(super) type Read<T> = fn(&mut Reader<'_>, Entry<'_>, &mut T);

impl<T> Keys<T> {
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.known.iter().map(|(name, _)| *name).collect()
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at).collect();
        Self {
            file,
            text,
            newlines,
            hidden: Vec::new(),
            found: Parsed::default(),
        }
    }

    /// `value` with all that was found, in the order of the file.
    pub(super) fn finish<T>(self, value: T) -> Parsed<T> {
        let mut errors = self.found.errors;
        errors.sort_by_key(|report| report.places.last().map(|it| (it.line, it.column)));
        let parsed = Parsed {
            value,
            warnings: self.found.warnings,
            errors,
            further: self.found.further,
        };
        parsed.closed()
    }

    /// What is wrong behind an anchor is so for each alias as well, and said once.
    pub(super) fn add(&mut self, report: Report) {
        if !self.found.errors.contains(&report) {
            self.found.add(report);
        }
    }

    pub(super) fn place(&self, node: &Node, label: &str) -> Place {
        self.place_of(node.span.clone(), label)
    }

    pub(super) fn place_of(&self, range: Range<usize>, label: &str) -> Place {
        let line = self
            .newlines
            .partition_point(|newline| *newline < range.start)
            + 1;
        let place = span::place(self.file, self.text, line, range, label);
        let begin = line
            .checked_sub(2)
            .map_or(0, |before| self.newlines[before] + 1);
        self.without_hidden(place, begin)
    }

    /// From now on these are quoted by nobody; of a list or a mapping nothing that is in its line.
    pub(super) fn hide<'n>(&mut self, values: impl Iterator<Item = &'n Node>) {
        let spans = values.map(|value| match value.value {
            Value::List(_) | Value::Mapping(_) => {
                let rest = self.newlines.partition_point(|at| *at < value.span.start);
                let end = self.newlines.get(rest).copied();
                value.span.start..end.unwrap_or(self.text.len())
            }
            Value::Null | Value::Bool(_) | Value::Number | Value::Text(_) => value.span.clone(),
        });
        let spans: Vec<Range<usize>> = spans.collect();
        self.hidden.extend(spans);
        self.hidden.sort_by_key(|hidden| hidden.start);
        // An alias stands where its anchor does.
        self.hidden.dedup_by(|next, hidden| {
            let is_within = next.start < hidden.end;
            hidden.end = hidden.end.max(if is_within { next.end } else { 0 });
            is_within
        });
    }

    /// `begin`: where its line does.
    fn without_hidden(&self, mut place: Place, begin: usize) -> Place {
        let end = begin + place.text.len();
        let first = self.hidden.partition_point(|hidden| hidden.end <= begin);
        let of_line = self.hidden[first..].iter();
        let of_line: Vec<_> = of_line.take_while(|hidden| hidden.start < end).collect();
        for hidden in of_line.into_iter().rev() {
            let (start, end) = (hidden.start.max(begin), hidden.end.min(end));
            if start >= end {
                continue;
            }
            let (before, length) = (
                self.text[begin..start].chars().count(),
                self.text[start..end].chars().count(),
            );
            place.text.replace_range(start - begin..end - begin, MASK);
            if place.column > before + length {
                place.column = place.column + MASK.len() - length;
            } else if place.column > before {
                (place.column, place.width) = (before + 1, MASK.len());
            }
        }
        place
    }

    pub(super) fn said<T>(&self, value: T, node: &Node) -> Said<T> {
        let place = self.place(node, "");
        Said { value, place }
    }

    /// Reads each pair of a mapping into `target`.
    pub(super) fn fill<T>(&mut self, pairs: &[(Node, Node)], keys: &Keys<T>, target: &mut T) {
        for entry in self.entries(pairs) {
            match keys.known.iter().find(|(name, _)| *name == entry.name) {
                Some((_, read)) => read(self, entry, target),
                None => self.unknown(entry, keys),
            }
        }
    }

    fn unknown<T>(&mut self, entry: Entry<'_>, keys: &Keys<T>) {
        let names = keys.names();
        let help = (keys.misplaced)(entry.name).map(str::to_string);
        let help = help
            .or_else(|| wording::did_you_mean(&cut(entry.name), &names))
            .unwrap_or_else(|| format!("its keys are {}", wording::list(&names)));
        let headline = format!("{} has no key `{}`", keys.owner, cut(entry.name));
        self.add(
            Report::new(headline)
                .at(self.place(entry.key, "unknown"))
                .help(help),
        );
    }

    /// Those with a text as key, each once.
    pub(super) fn entries<'n>(&mut self, pairs: &'n [(Node, Node)]) -> Vec<Entry<'n>> {
        let mut entries = Vec::new();
        let mut known: HashMap<&str, &Node> = HashMap::new();
        for (key, value) in pairs {
            let Value::Text(name) = &key.value else {
                let report = Report::new("a key has to be a text");
                let place = self.place(key, &format!("this is {}", self.kind(key)));
                let help = self.quoted(key).map(|it| format!("write it as `{it}`"));
                self.add(report.at(place).help(help));
                continue;
            };
            match known.insert(name, key) {
                Some(first) => {
                    self.twice(format!("`{}` is given twice", cut(name)), first, key);
                }
                None => entries.push(Entry { name, key, value }),
            }
        }
        entries
    }

    pub(super) fn twice(&mut self, headline: String, first: &Node, again: &Node) {
        let report = Report::new(headline)
            .at(self.place(first, "first here"))
            .at(self.place(again, "and again here"));
        self.add(report.help("take one of them out".to_string()));
    }

    /// `port` cannot be `web`: expected …
    pub(super) fn wrong(&mut self, entry: Entry<'_>, expected: &str, help: Option<String>) {
        let (headline, marked) = match &entry.value.value {
            Value::Null => (format!("`{}` has no value", cut(entry.name)), entry.key),
            Value::Bool(_)
            | Value::Number
            | Value::Text(_)
            | Value::List(_)
            | Value::Mapping(_) => {
                let kind = self.kind(entry.value);
                let headline = format!("`{}` cannot be {kind}", cut(entry.name));
                (headline, entry.value)
            }
        };
        let place = self.place(marked, &format!("expected {expected}"));
        self.add(Report::new(headline).at(place).help(help));
    }

    /// What a text, a number or a truth value is as it was written.
    pub(super) fn written<'n>(&self, node: &'n Node) -> Option<&'n str>
    where
        'a: 'n,
    {
        match &node.value {
            Value::Text(text) => Some(text),
            // Only with a tag are there quotes: `!!int "5"`.
            Value::Bool(_) | Value::Number => self
                .text
                .get(node.span.clone())
                .map(|it| it.trim_matches(['"', '\''])),
            Value::Null | Value::List(_) | Value::Mapping(_) => None,
        }
    }

    pub(super) fn quoted(&self, node: &Node) -> Option<String> {
        self.written(node).map(|text| format!("\"{}\"", cut(text)))
    }

    fn kind(&self, node: &Node) -> String {
        match &node.value {
            Value::Text(text) if !text.is_empty() && self.hidden.contains(&node.span) => {
                format!("`{MASK}`")
            }
            Value::Null => "empty".into(),
            Value::List(_) => "a list".into(),
            Value::Mapping(_) => "a mapping".into(),
            Value::Text(text) if text.is_empty() => "empty".into(),
            Value::Bool(_) | Value::Number | Value::Text(_) => {
                format!("`{}`", cut(self.written(node).unwrap_or_default()))
            }
        }
    }
}

/// For a headline, and for a suggestion: nobody meant a short word by a long one.
pub(in crate::syntax) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_string(),
    }
}
