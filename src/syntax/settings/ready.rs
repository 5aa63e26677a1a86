//! Reads `ready:` of a process: one way to tell, and what belongs to it.

use crate::syntax::settings::Said;
use crate::syntax::settings::reader::{Entry, Keys, Reader};
use crate::syntax::settings::yaml::Value;
use crate::words::ready::Ready;
use crate::words::report::{Place, Report};

const EXPECTED: &str = "`{http: /healthz}`, `{tcp: true}`, `{log: \"a regular expression\"}` or `{exec: \"a command\"}`";

/// What stands below `ready:`, as far as it was read.
#[derive(Default)]
pub(super) struct Below {
    /// One, if all is well, each with the place of its key.
    ways: Vec<(Place, Option<Ready>)>,
    statuses: Option<(Place, Vec<u16>)>,
}

pub(super) const KEYS: Keys<Below> = Keys {
    owner: "`ready`",
    known: &[
        ("http", |reader, entry, below| {
            let way = path(reader, entry).map(|path| Ready::Http {
                path,
                statuses: Vec::new(),
            });
            below.ways.push((reader.place(entry.key, ""), way));
        }),
        ("status", |reader, entry, below| {
            let statuses = statuses(reader, entry);
            let place = reader.place(entry.key, "only for `http`");
            below.statuses = Some((place, statuses));
        }),
        ("tcp", |reader, entry, below| {
            let way = matches!(entry.value.value, Value::Bool(true)).then_some(Ready::Tcp);
            if way.is_none() {
                reader.wrong(entry, "`true`", None);
            }
            below.ways.push((reader.place(entry.key, ""), way));
        }),
        ("log", |reader, entry, below| {
            let way = expression(reader, entry).map(Ready::Log);
            below.ways.push((reader.place(entry.key, ""), way));
        }),
        ("exec", |reader, entry, below| {
            let command = reader.text(entry, "a command, such as `pg_isready -p $PORT`");
            let way = command.map(|command| Ready::Exec(command.to_string()));
            below.ways.push((reader.place(entry.key, ""), way));
        }),
    ],
    misplaced: |_| None,
};

pub(super) fn read(reader: &mut Reader<'_>, entry: Entry<'_>) -> Option<Said<Ready>> {
    let Value::Mapping(pairs) = &entry.value.value else {
        reader.wrong(entry, EXPECTED, None);
        return None;
    };
    let mut below = Below::default();
    reader.fill(pairs, &KEYS, &mut below);
    let way = way(reader, entry, &mut below)?;
    Some(reader.said(way, entry.key))
}

/// The one that is given.
fn way(reader: &mut Reader<'_>, entry: Entry<'_>, below: &mut Below) -> Option<Ready> {
    if below.ways.len() > 1 {
        let report = Report::new("`ready` has more than one way to tell");
        let places = below.ways.iter().map(|(place, _)| place.clone());
        reader.add(
            places
                .fold(report, Report::at)
                .help("keep one of them".to_string()),
        );
    }
    let Some((_, way)) = below.ways.pop() else {
        let place = reader.place(
            entry.key,
            "expected `http`, `tcp`, `log` or `exec` below it",
        );
        reader.add(Report::new("`ready` has no way to tell").at(place));
        return None;
    };
    match (way?, below.statuses.take()) {
        (Ready::Http { path, .. }, Some((_, statuses))) => Some(Ready::Http { path, statuses }),
        (way, None) => Some(way),
        (way, Some((place, _))) => {
            let report = Report::new("`status` is of an answer to `http`").at(place);
            reader.add(report.help("take it out".to_string()));
            Some(way)
        }
    }
}

/// As it stands in a request: what it cannot hold there is percent-encoded.
fn path(reader: &mut Reader<'_>, entry: Entry<'_>) -> Option<String> {
    let expected = "the path of a URL, such as `/healthz`";
    let path = reader.text(entry, expected)?;
    let is_fit = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    if path.starts_with('/') && path.bytes().all(is_fit) {
        return Some(path.to_string());
    }
    reader.wrong(entry, expected, None);
    None
}

/// One, or several.
fn statuses(reader: &mut Reader<'_>, entry: Entry<'_>) -> Vec<u16> {
    let items = match &entry.value.value {
        Value::List(items) if !items.is_empty() => items.as_slice(),
        Value::List(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number
        | Value::Text(_)
        | Value::Mapping(_) => std::slice::from_ref(entry.value),
    };
    let expected = "statuses from 100 to 599, such as `[200, 401]`";
    let status = |text: &str| text.parse().ok().filter(|it| (100..600).contains(it));
    let read = |value| reader.number(Entry { value, ..entry }, expected, status);
    items.iter().filter_map(read).collect()
}

fn expression(reader: &mut Reader<'_>, entry: Entry<'_>) -> Option<String> {
    let text = reader.text(entry, "a regular expression, such as `\"Listening on\"`")?;
    if let Err(error) = regex::bytes::Regex::new(text) {
        let place = reader.place(entry.value, "no regular expression");
        let report = Report::new("`log` cannot be read").at(place);
        // Of several lines only the last one tells what is wrong; the others draw it.
        let words = error.to_string();
        let words = words.lines().last().unwrap_or_default();
        reader.add(report.caused_by(words.trim_start_matches("error: ")));
        return None;
    }
    Some(text.to_string())
}
