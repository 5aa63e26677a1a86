//! Reads `uses:`: variables, and what is behind each.

use crate::syntax::settings::reader::{Entry, Keys, Reader, cut};
use crate::syntax::settings::variable;
use crate::syntax::settings::yaml::{Node, Value};
use crate::words::report::{Place, Report};
use crate::words::uses::{OnChange, Origin, Start, Target, Use};

const EXPECTED: &str = "a process, the directory of an app, a URL, or a mapping of one of them";
pub(super) const START: &[(&str, Start)] = &[("auto", Start::Auto), ("never", Start::Never)];
pub(super) const WAIT: &[(&str, bool)] = &[("ready", true), ("none", false)];
pub(super) const ON_CHANGE: &[(&str, OnChange)] =
    &[("restart", OnChange::Restart), ("ignore", OnChange::Ignore)];

/// The long form, as far as it was read.
#[derive(Default)]
pub(super) struct Long {
    /// One, if all is well, each with the place of its key.
    targets: Vec<(Place, Option<Target>)>,
    value: Option<String>,
    start: Option<(Place, Start)>,
    waits: Option<bool>,
    is_optional: bool,
    on_change: OnChange,
}

pub(super) const KEYS: Keys<Long> = Keys {
    owner: "a use",
    known: &[
        ("process", |reader, entry, long| {
            let text = reader.text(entry, "a process type of this Procfile");
            let target = text.map(|text| Target::Process(text.to_string()));
            long.targets.push((reader.place(entry.key, ""), target));
        }),
        ("app", |reader, entry, long| {
            let target = app(reader, entry);
            long.targets.push((reader.place(entry.key, ""), target));
        }),
        ("url", |reader, entry, long| {
            let target = url(reader, entry);
            long.targets.push((reader.place(entry.key, ""), target));
        }),
        ("value", |reader, entry, long| {
            let text = reader.text(
                entry,
                "what the variable is made of, such as `{host}:{port}`",
            );
            long.value = text.map(str::to_string);
        }),
        ("start", |reader, entry, long| {
            let start = reader.choice(entry, START);
            long.start = start.map(|start| (reader.place(entry.key, "only for `app`"), start));
        }),
        ("wait", |reader, entry, long| {
            long.waits = reader.choice(entry, WAIT);
        }),
        ("optional", |reader, entry, long| {
            long.is_optional = reader.boolean(entry).unwrap_or_default();
        }),
        ("on_change", |reader, entry, long| {
            long.on_change = reader.choice(entry, ON_CHANGE).unwrap_or_default();
        }),
    ],
    misplaced: |_| None,
};

pub(super) fn read(reader: &mut Reader<'_>, entry: Entry<'_>) -> Vec<Use> {
    let expected = "variables, each with what is behind it: `API_URL: ../api`";
    let pairs = reader.mapping(entry, expected).unwrap_or_default();
    let mut uses = Vec::new();
    for variable in reader.entries(pairs) {
        let place = reader.place(variable.key, "");
        let is_name = variable::is_name(reader, variable.name, &place);
        uses.extend(one(reader, variable).filter(|_| is_name));
    }
    uses
}

fn one(reader: &mut Reader<'_>, variable: Entry<'_>) -> Option<Use> {
    let origin = Origin::File(reader.place(variable.key, ""));
    if let Value::Mapping(pairs) = &variable.value.value {
        return long(reader, variable, pairs, origin);
    }
    let text = reader.text(variable, EXPECTED)?;
    let target = Target::of(text);
    let target = checked(reader, variable, target)?;
    Some(Use::new(variable.name, target, origin))
}

fn long(
    reader: &mut Reader<'_>,
    variable: Entry<'_>,
    pairs: &[(Node, Node)],
    origin: Origin,
) -> Option<Use> {
    let mut long = Long::default();
    reader.fill(pairs, &KEYS, &mut long);
    let target = target(reader, variable, &mut long)?;
    if let (Some((place, _)), Target::Process(_) | Target::Url(_)) = (&long.start, &target) {
        let headline = format!("`{}` is no app that could be started", cut(variable.name));
        let report = Report::new(headline).at(place.clone());
        reader.add(report.help("take `start` out".to_string()));
    }
    Some(Use {
        value: long.value,
        start: long.start.map(|(_, start)| start).unwrap_or_default(),
        waits: long.waits,
        is_optional: long.is_optional,
        on_change: long.on_change,
        ..Use::new(variable.name, target, origin)
    })
}

/// The one that is given.
fn target(reader: &mut Reader<'_>, variable: Entry<'_>, long: &mut Long) -> Option<Target> {
    let name = cut(variable.name);
    if long.targets.len() > 1 {
        let report = Report::new(format!("`{name}` has more than one thing behind it"));
        let report = long
            .targets
            .iter()
            .fold(report, |report, (place, _)| report.at(place.clone()));
        reader.add(report.help("keep one of them".to_string()));
    }
    match long.targets.pop() {
        Some((_, target)) => target,
        None => {
            let place = reader.place(variable.key, "expected `process`, `app` or `url` below it");
            reader.add(Report::new(format!("`{name}` has nothing behind it")).at(place));
            None
        }
    }
}

fn app(reader: &mut Reader<'_>, entry: Entry<'_>) -> Option<Target> {
    let text = reader.text(
        entry,
        "the directory of an app, such as `../api` or `../api#grpc`",
    )?;
    checked(reader, entry, Target::of_app(text))
}

fn url(reader: &mut Reader<'_>, entry: Entry<'_>) -> Option<Target> {
    let expected = "a URL, such as `postgresql://localhost/shop`";
    let text = reader.text(entry, expected)?;
    // The whole of it may come from a variable.
    if text.contains("://") || text.starts_with("${") {
        return Some(Target::Url(text.to_string()));
    }
    reader.wrong(entry, expected, None);
    None
}

/// An app has a directory, and a process where there is a `#`.
fn checked(reader: &mut Reader<'_>, entry: Entry<'_>, target: Target) -> Option<Target> {
    let expected = match &target {
        Target::App { directory, .. } if directory.is_empty() => "a directory before the `#`",
        Target::App { process, .. } if process.as_deref() == Some("") => "a process after the `#`",
        Target::App { .. } | Target::Process(_) | Target::Url(_) => return Some(target),
    };
    reader.wrong(entry, expected, None);
    None
}
