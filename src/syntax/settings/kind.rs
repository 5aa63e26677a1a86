//! Reads the kinds of values that there are: mappings, texts, lists of texts, choices, truth values, numbers.

use std::collections::HashMap;

use crate::syntax::settings::Said;
use crate::syntax::settings::reader::{Entry, Reader, cut};
use crate::syntax::settings::yaml::{Node, Value};
use crate::words::wording;

impl Reader<'_> {
    /// A mapping's pairs; of nothing at all, such as an `env:` whose lines are comments, none.
    pub(super) fn mapping<'n>(
        &mut self,
        entry: Entry<'n>,
        expected: &str,
    ) -> Option<&'n [(Node, Node)]> {
        match &entry.value.value {
            Value::Null => Some(&[]),
            Value::Mapping(pairs) => Some(pairs),
            Value::Bool(_) | Value::Number | Value::Text(_) | Value::List(_) => {
                self.wrong(entry, expected, None);
                None
            }
        }
    }

    /// A text that a path or a name can be: neither empty nor with a NUL.
    pub(super) fn text<'n>(&mut self, entry: Entry<'n>, expected: &str) -> Option<&'n str> {
        match &entry.value.value {
            Value::Text(text) if !text.is_empty() && !text.contains('\0') => return Some(text),
            Value::Bool(_) | Value::Number => {
                let quoted = self.quoted(entry.value);
                let help = quoted.map(|it| format!("if you mean it, write `{}: {it}`", entry.name));
                self.wrong(entry, expected, help);
            }
            Value::Null | Value::Text(_) | Value::List(_) | Value::Mapping(_) => {
                self.wrong(entry, expected, None);
            }
        }
        None
    }

    /// Texts, each once; a single one needs no brackets.
    pub(super) fn texts(&mut self, entry: Entry<'_>, expected: &str) -> Vec<Said<String>> {
        let items = match &entry.value.value {
            Value::Null => return Vec::new(),
            Value::List(items) => items.as_slice(),
            Value::Bool(_) | Value::Number | Value::Text(_) | Value::Mapping(_) => {
                std::slice::from_ref(entry.value)
            }
        };
        let mut texts: Vec<Said<String>> = Vec::new();
        let mut known: HashMap<&str, &Node> = HashMap::new();
        for value in items {
            let item = Entry { value, ..entry };
            let Some(text) = self.text(item, expected) else {
                continue;
            };
            match known.insert(text, value) {
                Some(first) => {
                    let headline = format!("`{}` is in `{}` twice", cut(text), entry.name);
                    self.twice(headline, first, value);
                }
                None => texts.push(self.said(text.to_string(), value)),
            }
        }
        texts
    }

    pub(super) fn choice<T: Copy>(
        &mut self,
        entry: Entry<'_>,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let names = || choices.iter().map(|(name, _)| *name);
        let text = self.written(entry.value);
        let is_it = |(name, _): &&(&str, T)| Some(*name) == text;
        if let Some((_, value)) = choices.iter().find(is_it) {
            return Some(*value);
        }
        let help = text.and_then(|text| wording::did_you_mean(&cut(text), names()));
        self.wrong(entry, &wording::choice(names()), help);
        None
    }

    pub(super) fn boolean(&mut self, entry: Entry<'_>) -> Option<bool> {
        if let Value::Bool(value) = entry.value.value {
            return Some(value);
        }
        let meant = match self.written(entry.value).unwrap_or_default() {
            "true" | "yes" | "on" | "1" => Some("true"),
            "false" | "no" | "off" | "0" => Some("false"),
            _ => None,
        };
        let help = meant.map(|meant| format!("write `{}: {meant}`", entry.name));
        self.wrong(entry, "`true` or `false`", help);
        None
    }

    /// What `read` makes of a number.
    pub(super) fn number<T>(
        &mut self,
        entry: Entry<'_>,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.written(entry.value).and_then(read);
        if matches!(entry.value.value, Value::Number) && value.is_some() {
            return value;
        }
        let is_quoted = matches!(entry.value.value, Value::Text(_)) && value.is_some();
        let help = is_quoted.then(|| "write it without quotes".to_string());
        self.wrong(entry, expected, help);
        None
    }
}
