//! Reads an app's `devrun.yaml`, and `devrun.local.yaml` over it.

use std::path::Path;

use crate::load::{Where, pipes, shown, text, unreadable};
use crate::syntax::Parsed;
use crate::syntax::settings::{self, Said, Settings};
use crate::words::report::Report;

pub(crate) use crate::syntax::settings::{PERSONAL, SHARED};

/// All of an app's settings; those of a missing file say nothing.
pub(super) fn read(place: &Where, directory: &Path) -> Parsed<Settings> {
    let mut shared = read_one(place, &directory.join(SHARED));
    let personal = read_one(place, &directory.join(PERSONAL));
    shared.value = shared.value.overlaid(personal.value);
    shared.warnings.extend(personal.warnings);
    shared.errors.extend(personal.errors);
    shared
}

fn read_one(place: &Where, path: &Path) -> Parsed<Settings> {
    let shown = shown(place, path);
    let report = match pipes::read(path) {
        Ok(content) => match text(&shown, &content) {
            Ok(text) => return settings::parse(&shown, text),
            Err(report) => report,
        },
        Err(error) if error.is_missing() => return Parsed::default(),
        Err(error) => unreadable(&shown, &error),
    };
    super::failed(report)
}

/// Working directories that are none: their processes could not be started.
pub(super) fn missing_directories(directory: &Path, settings: &Settings) -> Vec<Report> {
    let said = settings
        .processes
        .iter()
        .filter_map(|process| process.cwd.as_ref());
    let missing = said.filter(|cwd| !directory.join(&cwd.value).is_dir());
    let report = |cwd: &Said<String>| {
        Report::new(format!("no directory `{}`", cwd.value)).at(cwd.place.clone())
    };
    missing.map(report).collect()
}
