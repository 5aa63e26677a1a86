//! Which app is meant: the Procfile that is nearest, upwards to the repository's root.

use std::path::{Path, PathBuf};

use crate::load::{Where, shown};
use crate::os::file;
use crate::words::report::{Report, Severity};

/// devrun is for development: the one that says so comes first.
const NAMES: [&str; 2] = ["Procfile.dev", "Procfile"];

#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// The real path of the directory that the processes run in.
    pub(super) directory: PathBuf,
}

impl Found {
    pub(super) fn identity(&self) -> PathBuf {
        let usual = in_directory(&self.directory).and_then(|usual| usual.path.canonicalize().ok());
        match (self.path.canonicalize().ok(), self.path.file_name()) {
            (Some(own), Some(name)) if Some(&own) != usual.as_ref() => self.directory.join(name),
            (_, _) => self.directory.clone(),
        }
    }
}

pub(super) fn procfile(place: &Where) -> Result<Found, Report> {
    if let Some(root) = &place.root {
        let root = place.current.join(root);
        if !root.is_dir() {
            return Err(Report::new(format!(
                "no directory `{}`",
                shown(place, &root)
            )));
        }
    }
    match (&place.procfile, &place.root) {
        (Some(procfile), root) => {
            let path = place.current.join(procfile);
            let own = path.parent().unwrap_or(&place.current).to_path_buf();
            let directory = root.as_ref().map_or(own, |root| place.current.join(root));
            Ok(found(path, &directory))
        }
        (None, Some(root)) => {
            let root = place.current.join(root);
            in_directory(&root).ok_or_else(|| none(place, &root))
        }
        (None, None) => upwards(place).ok_or_else(|| none(place, &place.current)),
    }
}

/// From the current directory to the repository's root; outside of a repository the current one alone.
fn upwards(place: &Where) -> Option<Found> {
    let is_root = |directory: &&Path| directory.join(".git").exists();
    let up = place.current.ancestors();
    match place.current.ancestors().find(is_root) {
        None => in_directory(&place.current),
        Some(root) => up
            .take_while(|directory| directory.starts_with(root))
            .find_map(in_directory),
    }
}

fn in_directory(directory: &Path) -> Option<Found> {
    let paths = NAMES.iter().map(|name| directory.join(name));
    // A link that leads nowhere, or a directory of that name, is the user's to be told about.
    let path = paths
        .into_iter()
        .find(|path| path.symlink_metadata().is_ok())?;
    Some(found(path, directory))
}

fn found(path: PathBuf, directory: &Path) -> Found {
    let directory = directory
        .canonicalize()
        .unwrap_or_else(|_| directory.to_path_buf());
    Found { path, directory }
}

fn none(place: &Where, directory: &Path) -> Report {
    let example = "it names your processes, one per line, for example\n  web: npm run dev";
    let package = file::read(&directory.join("package.json")).ok();
    let package = package
        .and_then(|content| serde_json::from_slice::<serde_json::Value>(&content.bytes).ok());
    let has_dev = package.is_some_and(|package| package["scripts"]["dev"].is_string());
    let help = if has_dev {
        format!("{example}\npackage.json here has a \"dev\" script")
    } else {
        example.to_string()
    };
    Report::new(format!(
        "no Procfile in {}",
        directory_shown(place, directory)
    ))
    .help(help)
}

fn directory_shown(place: &Where, directory: &Path) -> String {
    let path = directory
        .canonicalize()
        .unwrap_or_else(|_| directory.to_path_buf());
    shown(place, &path)
}

/// What is wrong with a Procfile that has no process at all: its lines, where it has any.
pub(super) fn why_nothing(shown: &str, lines: Vec<Report>) -> Vec<Report> {
    if lines.is_empty() {
        let report = Report::new(format!("`{shown}` names no process"));
        return vec![
            report.help("write one per line, for example\n  web: npm run dev".to_string()),
        ];
    }
    let as_error = |report| Report {
        severity: Severity::Error,
        ..report
    };
    lines.into_iter().map(as_error).collect()
}
