//! Reads `watch:`.

use crate::syntax::paths::check;
use crate::syntax::settings::reader::{Entry, Keys, Reader, cut};
use crate::syntax::settings::yaml::{Node, Value};
use crate::syntax::settings::{Said, WatchSetting, signal};
use crate::words::report::{Place, Report};

pub(super) const KEYS: Keys<WatchSetting> = Keys {
    owner: "`watch`",
    known: &[
        ("paths", |reader, entry, watch| {
            watch.paths = paths(reader, entry);
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
            watch.paths = paths(reader, entry);
        }
    }
    Some(watch)
}

fn is_paths(key: &Node) -> bool {
    matches!(&key.value, Value::Text(text) if text == "paths")
}

/// A `!` in front is for who knows `.gitignore`: here it would be the name of a file, and nothing be left out.
fn paths(reader: &mut Reader<'_>, entry: Entry<'_>) -> Vec<String> {
    let texts = globs_said(reader, entry);
    for said in &texts {
        if let Some(left_out) = said.value.strip_prefix('!') {
            let headline = format!("`{}` leaves nothing out", cut(&said.value));
            let place = Place {
                label: "a glob of files that are watched".into(),
                ..said.place.clone()
            };
            let help = format!(
                "what is left out stands in `watch: {{paths: […], ignore: [\"{}\"]}}`",
                cut(left_out)
            );
            reader.add(Report::new(headline).at(place).help(help));
        }
    }
    texts.into_iter().map(|said| said.value).collect()
}

fn globs(reader: &mut Reader<'_>, entry: Entry<'_>) -> Vec<String> {
    let texts = globs_said(reader, entry);
    texts.into_iter().map(|said| said.value).collect()
}

fn globs_said(reader: &mut Reader<'_>, entry: Entry<'_>) -> Vec<Said<String>> {
    let texts = reader.texts(entry, GLOBS);
    for said in &texts {
        if let Err(why) = check(&said.value) {
            let headline = format!("`{}` is no glob", cut(&said.value));
            let place = Place {
                label: why,
                ..said.place.clone()
            };
            reader.add(Report::new(headline).at(place));
        }
    }
    texts
}
