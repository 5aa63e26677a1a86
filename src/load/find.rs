//! Which app is meant: the Procfile that is nearest, upwards to the repository's root.

use std::path::{Path, PathBuf};

use crate::detect;
use crate::load::{Where, below, detected, settings, shown};
use crate::syntax::settings::Settings;
use crate::words::report::{Report, Severity};
use crate::words::wording;

/// devrun is for development: the one that says so comes first.
pub(super) const NAMES: [&str; 2] = ["Procfile.dev", "Procfile"];

/// What needs more to be named is no repository of apps.
const MOST_GLOBS: usize = 4;

#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// The real path of the directory that the processes run in.
    pub(super) directory: PathBuf,
    /// See `load::App`.
    pub(super) identity: PathBuf,
}

/// What is meant: a Procfile, or a root that names members, or both.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) procfile: Option<Found>,
    /// The root's directory, and what its settings say.
    pub(super) members: Option<(PathBuf, Settings)>,
}

/// # Errors
/// There is neither.
pub(super) fn root(place: &Where) -> Result<Root, Report> {
    let named = |procfile| Root {
        procfile: Some(procfile),
        members: None,
    };
    match (&place.procfile, &place.root) {
        (Some(procfile), _) => by_name(place, procfile).map(named),
        (None, Some(root)) => {
            let root = existing(place, root)?;
            in_directory(place, &root).ok_or_else(|| none(place, &root))
        }
        (None, None) => upwards(place).ok_or_else(|| none(place, &place.current)),
    }
}

/// The same, where nobody is to be told why there is none.
pub(super) fn root_if_any(place: &Where) -> Option<Root> {
    match (&place.procfile, &place.root) {
        (Some(_), _) => root(place).ok(),
        (None, Some(root)) => in_directory(place, &existing(place, root).ok()?),
        (None, None) => upwards(place),
    }
}

/// # Errors
/// There is none.
pub(super) fn procfile(place: &Where) -> Result<Found, Report> {
    let start = place.root.as_ref().unwrap_or(&place.current);
    let start = place.current.join(start);
    root(place)?.procfile.ok_or_else(|| none(place, &start))
}

/// `-f`, with or without `-d`.
fn by_name(place: &Where, procfile: &Path) -> Result<Found, Report> {
    let path = place.current.join(procfile);
    let directory = match &place.root {
        Some(root) => existing(place, root)?,
        None => path.parent().unwrap_or(&place.current).to_path_buf(),
    };
    let mut found = found(path, &directory);
    let usual = in_directory(place, &found.directory).and_then(|root| root.procfile);
    let usual = usual.and_then(|usual| usual.path.canonicalize().ok());
    if let (Ok(own), Some(name)) = (found.path.canonicalize(), found.path.file_name())
        && Some(own) != usual
    {
        found.identity = found.directory.join(name);
    }
    Ok(found)
}

fn existing(place: &Where, root: &Path) -> Result<PathBuf, Report> {
    let root = place.current.join(root);
    if root.is_dir() {
        return Ok(root);
    }
    Err(Report::new(format!(
        "no directory `{}`",
        shown(place, &root)
    )))
}

/// From the current directory to the repository's root; outside of a repository the current one alone.
fn upwards(place: &Where) -> Option<Root> {
    let is_root = |directory: &&Path| directory.join(".git").exists();
    let up = place.current.ancestors();
    match place.current.ancestors().find(is_root) {
        None => in_directory(place, &place.current),
        Some(root) => up
            .take_while(|directory| directory.starts_with(root))
            .find_map(|directory| in_directory(place, directory)),
    }
}

fn in_directory(place: &Where, directory: &Path) -> Option<Root> {
    // What is wrong with them is reported by whoever reads the app.
    let settings = settings::read(place, directory).value;
    let named = settings.procfile.as_ref();
    let path = match named {
        Some(named) => Some(directory.join(&named.value)),
        None => usual(directory),
    };
    let procfile = path.map(|path| found(path, directory));
    let members = (!settings.apps.is_empty()).then(|| (real(directory), settings));
    (procfile.is_some() || members.is_some()).then_some(Root { procfile, members })
}

/// The Procfile that a directory has by its name.
pub(super) fn usual(directory: &Path) -> Option<PathBuf> {
    let paths = NAMES.iter().map(|name| directory.join(name));
    // A link that leads nowhere, or a directory of that name, is the user's to be told about.
    paths
        .into_iter()
        .find(|path| path.symlink_metadata().is_ok())
}

fn found(path: PathBuf, directory: &Path) -> Found {
    let directory = real(directory);
    Found {
        path,
        identity: directory.clone(),
        directory,
    }
}

fn real(directory: &Path) -> PathBuf {
    directory
        .canonicalize()
        .unwrap_or_else(|_| directory.to_path_buf())
}

fn none(place: &Where, directory: &Path) -> Report {
    let example = "it names your processes, one per line, for example\n  web: npm run dev";
    let (sources, _) = detected::sources(place, directory);
    let is_known = !detect::detect(&sources).lines.is_empty();
    let below = below::apps(directory);
    let help = if !below.is_empty() {
        let shown = below.iter().map(|path| wording::path(path, None));
        let there = format!(
            "there is one in {}: run devrun there",
            wording::listed(shown)
        );
        let globs = below::globs(&below);
        if globs.len() > MOST_GLOBS {
            there
        } else {
            let globs = globs.join(", ");
            format!(
                "{there},\nor name them in a devrun.yaml here, and it runs them all:\n  apps: [{globs}]"
            )
        }
    } else if is_known {
        format!("{example}\n`devrun init` writes one from what is there")
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
