//! Reads an app's `devrun.yaml`, and `devrun.local.yaml` over it.
//!
//! Whoever looks for the app asks for them, and then whoever reads it: what the same bytes say is kept.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::load::{Where, pipes, shown, text, unreadable};
use crate::syntax::Parsed;
use crate::syntax::settings::{self, Said, Settings};
use crate::words::report::Report;

pub(crate) use crate::syntax::settings::{PERSONAL, SHARED};

/// By path: what a file said when it was read last.
static PARSED: Mutex<Option<HashMap<PathBuf, Known>>> = Mutex::new(None);

struct Known {
    shown: String,
    text: String,
    parsed: Parsed<Settings>,
}

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
            Ok(text) => return parsed(path, &shown, text),
            Err(report) => report,
        },
        Err(error) if error.is_missing() => return Parsed::default(),
        Err(error) => unreadable(&shown, &error),
    };
    super::failed(report)
}

fn parsed(path: &Path, shown: &str, text: &str) -> Parsed<Settings> {
    let mut known = PARSED.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if let Some(known) = known.get(path)
        && (known.shown == shown && known.text == text)
    {
        return known.parsed.clone();
    }
    let parsed = settings::parse(shown, text);
    let now = Known {
        shown: shown.to_string(),
        text: text.to_string(),
        parsed: parsed.clone(),
    };
    known.insert(path.to_path_buf(), now);
    parsed
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
