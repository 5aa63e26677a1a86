//! Reads what tells which Procfile a directory wants: `devrun init`.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::detect::{BELOW, LISTED, LOOKED_FOR, READ, Sources};
use crate::load::{Where, find, settings, shown, text, unreadable};
use crate::os::file;
use crate::words::report::{Report, Severity};

/// In bytes. Larger ones nobody wrote, and what is made of them takes many times the memory.
const MAX_SOURCE: u64 = 1024 * 1024;
/// How many names of a directory are looked at.
const MOST_NAMES: usize = 200;

/// What is in the directory, and what of it could not be read.
pub(crate) fn sources(place: &Where, directory: &Path) -> (Sources, Vec<Report>) {
    let mut sources = Sources::default();
    let mut reports = Vec::new();
    for name in READ {
        match read(place, &directory.join(name)) {
            Ok(Some(text)) => drop(sources.texts.insert((*name).to_string(), text)),
            Ok(None) => {}
            Err(report) => reports.push(report),
        }
    }
    let is_there = |name: &&&str| directory.join(name).exists();
    let there = LOOKED_FOR.iter().filter(is_there);
    sources.there.extend(there.map(ToString::to_string));
    for (listed, file) in LISTED {
        let names = names(&directory.join(listed));
        let is_program = |name: &String| {
            let path = directory.join(listed).join(name);
            // An empty part would ask for a directory.
            file.is_empty() || path.join(file).exists()
        };
        let programs = names.into_iter().filter(is_program);
        sources
            .there
            .extend(programs.map(|name| format!("{listed}/{name}")));
    }
    for name in names(directory) {
        let there = BELOW.iter().map(|file| format!("{name}/{file}"));
        let there = there.filter(|path| directory.join(path).is_file());
        sources.there.extend(there);
    }
    (sources, reports)
}

/// `None`: there is none. What is no file (a pipe, a directory) tells nothing.
fn read(place: &Where, path: &Path) -> Result<Option<String>, Report> {
    let Some(metadata) = path.metadata().ok().filter(Metadata::is_file) else {
        return Ok(None);
    };
    let shown = shown(place, path);
    if metadata.len() > MAX_SOURCE {
        let report = Report::warning(format!("`{shown}` is not looked at"));
        let limit = MAX_SOURCE / 1024 / 1024;
        return Err(report.caused_by(format!("it is larger than {limit} MiB")));
    }
    let content = file::read(path).map_err(|error| unreadable(&shown, &error));
    let text = content.and_then(|content| text(&shown, &content).map(str::to_string));
    text.map(Some).map_err(|report| Report {
        severity: Severity::Warning,
        ..report
    })
}

/// What is directly in a directory, in order; nothing, where there is none.
fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.take(MOST_NAMES).map(|entry| entry.file_name());
    let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    names.sort();
    names
}

/// The Procfile that a directory has, of whatever name; it need not be readable.
pub(crate) fn own_procfile(place: &Where, directory: &Path) -> Option<PathBuf> {
    let settings = settings::read(place, directory).value;
    let named = settings.procfile.map(|named| directory.join(named.value));
    named.or_else(|| find::usual(directory))
}
