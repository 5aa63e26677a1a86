//! Reads `watch:`.

use crate::syntax::paths;
use crate::syntax::settings::reader::{Entry, Keys, Reader, cut};
use crate::syntax::settings::yaml::{Node, Value};
use crate::syntax::settings::{WatchSetting, signal};
use crate::words::report::{Place, Report};

pub(super) const KEYS: Keys<WatchSetting> = Keys {
    owner: "`watch`",
    known: &[
        ("paths", |reader, entry, watch| {
            watch.paths = globs(reader, entry);
        }),
        ("ignore", |reader, entry, watch| {
            watch.ignore = globs(reader, entry);
        }),
        ("signal", |reader, entry, watch| {
            watch.signal = signal::read(reader, entry);
        }),
    ],
    misplaced: |_| None,
};

const GLOBS: &str = "paths or globs, such as `[src, \"*.toml\"]`";

/// Globs, or a mapping that says more; `None`: nothing is behind it.
pub(super) fn read(reader: &mut Reader<'_>, entry: Entry<'_>) -> Option<WatchSetting> {
    let mut watch = WatchSetting::default();
    match &entry.value.value {
        Value::Null => return None,
        Value::Mapping(pairs) => {
            reader.fill(pairs, &KEYS, &mut watch);
            if !pairs.iter().any(|(key, _)| is_paths(key)) {
                let report = Report::new("`watch` has no `paths`");
                let help = "`paths: [src]` says which files are watched".to_string();
                let place = reader.place(entry.key, "of no files");
                reader.add(report.at(place).help(help));
            }
        }
        Value::Bool(_) | Value::Number | Value::Text(_) | Value::List(_) => {
            watch.paths = globs(reader, entry);
        }
    }
    Some(watch)
}

fn is_paths(key: &Node) -> bool {
    matches!(&key.value, Value::Text(text) if text == "paths")
}

fn globs(reader: &mut Reader<'_>, entry: Entry<'_>) -> Vec<String> {
    let texts = reader.texts(entry, GLOBS);
    for said in &texts {
        if let Err(why) = paths::check(&said.value) {
            let headline = format!("`{}` is no glob", cut(&said.value));
            let place = Place {
                label: why,
                ..said.place.clone()
            };
            reader.add(Report::new(headline).at(place));
        }
    }
    texts.into_iter().map(|said| said.value).collect()
}
