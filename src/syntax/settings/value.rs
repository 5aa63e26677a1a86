//! Reads the values that the app and its processes have alike.

use std::time::Duration;

use crate::syntax::formation::MAX_PROCESSES;
use crate::syntax::number;
use crate::syntax::settings::Said;
use crate::syntax::settings::reader::{Entry, Reader};
use crate::words::policy::{OnExit, RestartPolicy};

pub(super) const RESTART: &[(&str, RestartPolicy)] = &[
    ("always", RestartPolicy::Always),
    ("on-failure", RestartPolicy::OnFailure),
    ("never", RestartPolicy::Never),
];

pub(super) const ON_EXIT: &[(&str, OnExit)] =
    &[("keep", OnExit::Keep), ("shutdown", OnExit::Shutdown)];

pub(super) fn path(
    reader: &mut Reader<'_>,
    entry: Entry<'_>,
    expected: &str,
) -> Option<Said<String>> {
    let text = reader.text(entry, expected)?.to_string();
    Some(reader.said(text, entry.value))
}

pub(super) fn seconds(reader: &mut Reader<'_>, entry: Entry<'_>) -> Option<Duration> {
    let expected = "a number of seconds from 0 to 86400, such as 5 or 0.5";
    reader.number(entry, expected, |text| number::seconds(text).ok())
}

/// How many of a process type.
pub(super) fn count(text: &str) -> Option<u16> {
    let number = text.parse().ok();
    number.filter(|number: &u16| usize::from(*number) <= MAX_PROCESSES)
}
