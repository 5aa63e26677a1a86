//! What `devrun check` has found → one JSON object. docs/json.md describes it.

use serde::Serialize;

use crate::plan::sources::App;
use crate::render::harmless;
use crate::words::report::{Place, Report, Severity};

/// Changes when a field is removed or gets another meaning.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    v: u32,
    apps: Vec<AppEntry<'a>>,
    problems: Vec<Problem<'a>>,
}

#[derive(Serialize)]
struct AppEntry<'a> {
    name: String,
    directory: &'a str,
    procfile: &'a str,
    process_types: Vec<&'a str>,
    env_files: Vec<EnvFile<'a>>,
}

#[derive(Serialize)]
struct EnvFile<'a> {
    file: &'a str,
    variables: usize,
}

#[derive(Serialize)]
struct Problem<'a> {
    severity: &'static str,
    headline: &'a str,
    places: Vec<At<'a>>,
    causes: &'a [String],
    help: Option<&'a str>,
}

/// Without the line itself, which may hold a secret.
#[derive(Serialize)]
struct At<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    label: &'a str,
}

/// In one line, with its end.
pub(crate) fn json(apps: &[App], problems: &[Report]) -> String {
    let document = Document {
        v: VERSION,
        apps: apps.iter().map(AppEntry::from).collect(),
        problems: problems.iter().map(Problem::from).collect(),
    };
    harmless::json(&document) + "\n"
}

impl<'a> From<&'a App> for AppEntry<'a> {
    fn from(app: &'a App) -> Self {
        let types = app.entries.iter().map(|entry| entry.process_type.as_str());
        let files = app.env_files.iter().chain(&app.env_local);
        let files = files.map(|(file, assignments)| EnvFile {
            file,
            variables: assignments.len(),
        });
        Self {
            name: app.name().to_string(),
            directory: &app.shown,
            procfile: &app.procfile,
            process_types: types.collect(),
            env_files: files.collect(),
        }
    }
}

impl<'a> From<&'a Report> for Problem<'a> {
    fn from(report: &'a Report) -> Self {
        Self {
            severity: match report.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            headline: &report.headline,
            places: report.places.iter().map(At::from).collect(),
            causes: &report.causes,
            help: report.help.as_deref(),
        }
    }
}

impl<'a> From<&'a Place> for At<'a> {
    fn from(place: &'a Place) -> Self {
        Self {
            file: &place.file,
            line: place.line,
            column: place.column,
            label: &place.label,
        }
    }
}
