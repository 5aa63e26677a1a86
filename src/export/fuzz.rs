//! The door for the fuzz target: whatever is written into a file is what its target reads there.

use serde_json::Value;

use crate::export::config::Values;
use crate::export::env_file::env_file;
use crate::export::names::label;
use crate::export::yaml::Yaml;
use crate::export::{kubernetes, reading, systemd};
use crate::words::wording;

/// How deep a document is made.
const DEEPEST: usize = 8;

/// # Panics
/// A target would read something else than what was to be written.
pub(crate) fn read_back(bytes: &[u8]) {
    let (shape, text) = bytes.split_at(bytes.len().min(8));
    let text = String::from_utf8_lossy(text);
    words(&text);
    values(&text);
    let parts: Vec<&str> = text.split('\n').collect();
    let document = tree(&mut shape.iter().copied(), &mut parts.iter().copied(), 0);
    let written = document.document();
    let read: Value =
        serde_yaml::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(read, expected(&document), "{written}");
    let label = label(&text);
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(
        (1..=63).contains(&label.len()) && label.chars().all(is_good),
        "{label}"
    );
    assert!(
        label.starts_with(|c: char| c.is_ascii_lowercase()) && !label.ends_with('-'),
        "{label}"
    );
}

/// A NUL is in no environment, argument or path.
fn words(text: &str) {
    let text = text.replace('\0', "");
    let same = Some(text.clone());
    assert_eq!(reading::systemd(&systemd::argument(&text)), same);
    let value = systemd::quoted(&text).replace('$', "$$");
    assert_eq!(reading::systemd(&value), same);
    assert_eq!(reading::dollars(&kubernetes::literal(&text)), same);
    assert_eq!(reading::shell(&wording::shell_word(&text)), same);
}

fn values(text: &str) {
    let numbered = text.split('\n').enumerate();
    let values: Values = numbered
        .map(|(number, value)| (format!("A{number}"), value.replace('\r', "\n")))
        .collect();
    assert_eq!(reading::env_file(&env_file(&values)), Some(values));
}

/// A document of that shape, with the texts in it.
fn tree<'a>(
    shape: &mut impl Iterator<Item = u8>,
    texts: &mut impl Iterator<Item = &'a str>,
    depth: usize,
) -> Yaml {
    let byte = shape.next().filter(|_| depth < DEEPEST).unwrap_or(0);
    let count = usize::from(byte >> 2 & 3);
    let mut text = || texts.next().unwrap_or_default().to_string();
    match byte & 3 {
        1 => Yaml::List((0..count).map(|_| tree(shape, texts, depth + 1)).collect()),
        2 => {
            let pair = |number: usize| {
                let key = format!("{}{number}", texts.next().unwrap_or_default());
                (key, tree(shape, texts, depth + 1))
            };
            Yaml::Map((0..count).map(pair).collect())
        }
        3 if count == 0 => Yaml::Flag(true),
        3 => Yaml::Number(u64::from(byte)),
        _ => Yaml::Text(text()),
    }
}

fn expected(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Text(text) => text.as_str().into(),
        Yaml::Number(number) => (*number).into(),
        Yaml::Flag(flag) => (*flag).into(),
        Yaml::List(items) => items.iter().map(expected).collect(),
        Yaml::Map(pairs) => {
            let pairs = pairs.iter();
            Value::Object(
                pairs
                    .map(|(key, value)| (key.clone(), expected(value)))
                    .collect(),
            )
        }
    }
}
