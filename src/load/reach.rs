//! All apps that a session may have to do with: the one that is meant, or the members of a repository, and
//! from there whatever is used, and used by that.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};

use crate::load::find::{self, Found};
use crate::load::{Where, read};
use crate::plan::sources::{App, Apps, Behind};
use crate::syntax::Parsed;
use crate::syntax::settings::Said;
use crate::words::name::AppName;
use crate::words::report::Report;
use crate::words::uses::{Target, Use};

/// More apps than anybody wires together: a tree of directories that use each other by mistake.
const MAX_APPS: usize = 64;

/// What a glob of `apps:` may find, files included: one that finds more means another directory.
const MAX_FOUND: usize = 2_000;

/// Reads the app that is meant, or those in `directories`, and all that they use. `uses`: what the command
/// line adds to those that are meant, with absolute directories.
pub(crate) fn apps(place: &Where, directories: &[PathBuf], uses: &[Use]) -> Parsed<Apps> {
    let mut reading = Reading::default();
    match roots(place, directories) {
        Ok(roots) => reading.read_roots(place, roots),
        Err(reports) => reading.parsed.errors.extend(reports),
    }
    let mut next = 0;
    while next < reading.parsed.value.apps.len() {
        reading.follow(place, next, uses);
        next += 1;
    }
    reading.parsed
}

/// Where the apps that are meant are.
struct Roots {
    found: Vec<Found>,
    /// Of the root that names members, if that is what is meant.
    root: Option<(PathBuf, Option<AppName>)>,
}

fn roots(place: &Where, directories: &[PathBuf]) -> Result<Roots, Vec<Report>> {
    if !directories.is_empty() {
        let at = |directory: &PathBuf| find::procfile(&inside(place, directory));
        let found = all(directories.iter().map(at))?;
        return Ok(Roots { found, root: None });
    }
    let root = find::root(place).map_err(|report| vec![report])?;
    let Some((directory, settings)) = root.members else {
        let found = root.procfile.into_iter().collect();
        return Ok(Roots { found, root: None });
    };
    let mut found: Vec<Found> = root.procfile.into_iter().collect();
    found.extend(members(place, &directory, &settings.apps)?);
    let root = Some((directory, settings.name));
    Ok(Roots { found, root })
}

fn all<T>(results: impl Iterator<Item = Result<T, Report>>) -> Result<Vec<T>, Vec<Report>> {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(report) => errors.push(report),
        }
    }
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(errors)
    }
}

/// The apps that the globs of `apps:` name, in their order and then by name. What has no Procfile is none.
pub(super) fn members(
    place: &Where,
    directory: &Path,
    globs: &[Said<String>],
) -> Result<Vec<Found>, Vec<Report>> {
    let mut members: Vec<Found> = Vec::new();
    let mut errors = Vec::new();
    for said in globs {
        // What the directory itself is called is no pattern.
        let literal = glob::Pattern::escape(&directory.to_string_lossy());
        let pattern = Path::new(&literal).join(&said.value);
        let paths = match glob::glob(&pattern.to_string_lossy()) {
            Ok(paths) => paths,
            Err(error) => {
                let report = Report::new(format!("`{}` is no glob", said.value));
                errors.push(report.at(said.place.clone()).caused_by(error.msg));
                continue;
            }
        };
        let paths = match bounded(&said.value, paths.flatten()) {
            Ok(paths) => paths,
            Err(cause) => {
                let report = Report::new(format!("`{}` finds too much", said.value));
                let help = "name the directories in which the apps are, such as `apps/*`";
                let report = report.at(said.place.clone()).caused_by(cause);
                errors.push(report.help(help.to_string()));
                continue;
            }
        };
        let found = paths.into_iter().filter(|path| path.is_dir());
        let found = found.filter_map(|path| find::procfile(&inside(place, &path)).ok());
        let before = members.len();
        for member in found {
            if members
                .iter()
                .all(|known| known.directory != member.directory)
            {
                members.push(member);
            }
        }
        if members.len() == before {
            let report = Report::new(format!("no app is found at `{}`", said.value));
            errors.push(report.at(said.place.clone()).help(
                "it is a glob of directories that have a Procfile, from this file's".to_string(),
            ));
        }
    }
    if errors.is_empty() {
        Ok(members)
    } else {
        Err(errors)
    }
}

/// # Errors
/// What the glob `text` finds would take too long to look at, and why.
fn bounded(
    text: &str,
    paths: impl Iterator<Item = PathBuf>,
) -> Result<Vec<PathBuf>, Cow<'static, str>> {
    // Beyond the app's own directory that is the whole disk, which is walked before anything is found.
    if text.contains("**") && (text.starts_with('/') || text.contains("..")) {
        return Err("`**` stands for all directories there, however deep".into());
    }
    let paths: Vec<_> = paths.take(MAX_FOUND + 1).collect();
    if paths.len() > MAX_FOUND {
        return Err(format!("there are more than {MAX_FOUND} files").into());
    }
    Ok(paths)
}

/// As if somebody said `-d` for that directory, and nothing else.
fn inside(place: &Where, directory: &Path) -> Where {
    Where {
        root: Some(directory.to_path_buf()),
        procfile: None,
        env_files: None,
        ..place.clone()
    }
}

#[derive(Default)]
struct Reading {
    parsed: Parsed<Apps>,
    /// By identity.
    known: HashMap<PathBuf, usize>,
}

impl Reading {
    fn read_roots(&mut self, place: &Where, roots: Roots) {
        for found in &roots.found {
            // A member has its own files, the app that is meant those of the command line.
            let inside = inside(place, &found.directory);
            let place = if roots.root.is_some() { &inside } else { place };
            let place = if roots.found.len() > 1 {
                &inside
            } else {
                place
            };
            self.add(place, found);
        }
        let formation = &mut self.parsed.value;
        formation.roots = formation.apps.len();
        let first = formation.apps.first();
        formation.identity = first.map(|app| app.identity.clone()).unwrap_or_default();
        if let Some((directory, name)) = roots.root {
            formation.identity = directory;
            formation.name = name;
        }
    }

    fn add(&mut self, place: &Where, found: &Found) -> usize {
        let app = read(place, found);
        self.parsed.warnings.extend(app.warnings);
        self.parsed.errors.extend(app.errors);
        let apps = &mut self.parsed.value.apps;
        self.known.insert(app.value.identity.clone(), apps.len());
        apps.push(app.value);
        apps.len() - 1
    }

    /// Reads what the uses of an app name, unless that is known already.
    fn follow(&mut self, place: &Where, app: usize, uses: &[Use]) {
        let is_root = app < self.parsed.value.roots;
        let reader = &self.parsed.value.apps[app];
        let base = reader.directory.clone();
        let near = near(reader);
        let own = reader.settings.uses.iter();
        let added = uses.iter().filter(|_| is_root);
        let directories: VecDeque<String> = own.chain(added).filter_map(directory).collect();
        self.parsed.value.apps[app].near = near;
        for text in directories {
            let path = resolved(place, &base, &text);
            let behind = self.behind(place, &path);
            self.parsed.value.apps[app].siblings.insert(text, behind);
        }
    }

    fn behind(&mut self, place: &Where, path: &Path) -> Behind {
        let found = match find::procfile(&inside(place, path)) {
            Ok(found) => found,
            Err(report) => return Behind::Nothing(report),
        };
        if let Some(known) = self.known.get(&found.identity) {
            return Behind::App(*known);
        }
        if self.parsed.value.apps.len() >= MAX_APPS {
            return Behind::Nothing(Report::new(format!(
                "more than {MAX_APPS} apps use each other"
            )));
        }
        Behind::App(self.add(&inside(place, path), &found))
    }
}

/// What is no process type of the app, but an app beside it: somebody forgot `../`.
fn near(app: &App) -> Vec<String> {
    let names = app
        .settings
        .uses
        .iter()
        .filter_map(|declared| match &declared.target {
            Target::Process(name) if app.entry(name).is_none() => Some(name),
            Target::Process(_) | Target::App { .. } | Target::Url(_) => None,
        });
    let beside = |name: &&String| find::usual(&app.directory.join("..").join(name)).is_some();
    names.filter(beside).cloned().collect()
}

fn directory(of: &Use) -> Option<String> {
    match &of.target {
        Target::App { directory, .. } => Some(directory.clone()),
        Target::Process(_) | Target::Url(_) => None,
    }
}

/// From the app's directory, or from home.
fn resolved(place: &Where, base: &Path, text: &str) -> PathBuf {
    match (text.strip_prefix('~'), &place.home) {
        (Some(""), Some(home)) => home.clone(),
        (Some(below), Some(home)) if below.starts_with('/') => home.join(&below[1..]),
        (_, _) => base.join(text),
    }
}
