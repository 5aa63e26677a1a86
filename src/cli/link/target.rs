//! From what the user typed to what is written: a URL, a process of this Procfile, or the way to another app.

use std::path::{Path, PathBuf};

use crate::cli::link::way;
use crate::load::{self, Where};
use crate::plan::sources::App;
use crate::syntax::settings::SHARED;
use crate::words::name::AppName;
use crate::words::report::Report;
use crate::words::uses::Target;
use crate::words::wording;

/// Whom the file that it is written to is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Personal,
    Shared,
}

/// What is behind a variable, as it is to be written.
#[derive(Debug)]
pub(super) struct Backing {
    pub(super) target: String,
    /// What the variable is called if nobody says so; a URL has no name.
    pub(super) variable: Option<String>,
}

/// # Errors
/// There is no such process, or no such app.
pub(super) fn backing(
    asked: &str,
    place: &Where,
    app: &App,
    scope: Scope,
) -> Result<Backing, Report> {
    if asked.contains("://") {
        return Ok(Backing {
            target: asked.to_string(),
            variable: None,
        });
    }
    let is_path = asked.contains('/') || asked.starts_with(['.', '~']);
    let mut entries = app.entries.iter().filter(|_| !is_path);
    if let Some(entry) = entries.find(|entry| entry.process_type.as_str() == asked) {
        return Ok(Backing {
            target: asked.to_string(),
            variable: Some(entry.process_type.url_variable()),
        });
    }
    let (directory, process) = match asked.rsplit_once('#') {
        Some((directory, process)) => (directory, Some(process)),
        None => (asked, None),
    };
    let path = from_here(place, directory);
    if !path.is_dir() && !is_path {
        return Err(no_process(asked, app));
    }
    check_app(directory, &path, process, place, app)?;
    of_app(directory, &path, process, place, app, scope)
}

/// What the shell left of a path: it expands no `~` within quotes.
fn from_here(place: &Where, directory: &str) -> PathBuf {
    let below_home = directory
        .strip_prefix('~')
        .filter(|rest| rest.is_empty() || rest.starts_with('/'));
    match (below_home, &place.home) {
        (Some(rest), Some(home)) => home.join(rest.trim_start_matches('/')),
        (_, _) => place.current.join(directory),
    }
}

fn of_app(
    asked: &str,
    path: &Path,
    process: Option<&str>,
    place: &Where,
    app: &App,
    scope: Scope,
) -> Result<Backing, Report> {
    let written = way::written(&app.directory, path, place.home.as_deref(), scope);
    let Some(directory) = written.to_str().map(str::to_string) else {
        return Err(Report::new(format!("the path of `{asked}` is not UTF-8")));
    };
    // What stands behind the last `#` is read as a process.
    if directory.contains('#') && process.is_none() {
        let help = format!("name the process too: `{asked}#web`");
        return Err(Report::new(format!("the path of `{asked}` has a `#` in it")).help(help));
    }
    let real = way::real_parent(path);
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let name = AppName::from_directory(&name).as_str().replace('-', "_");
    let process = process.map(str::to_string);
    Ok(Backing {
        target: Target::App { directory, process }.to_string(),
        variable: Some(format!("{}_URL", name.to_ascii_uppercase())),
    })
}

fn itself(process: Option<&str>) -> Report {
    let process = process.unwrap_or("web");
    Report::new("an app cannot use itself").help(format!(
        "a process of the same Procfile goes by its name: `devrun link {process}`"
    ))
}

/// That another app is there, and the process that is meant in it.
fn check_app(
    asked: &str,
    path: &Path,
    process: Option<&str>,
    place: &Where,
    app: &App,
) -> Result<(), Report> {
    if !path.is_dir() {
        let help = "say where the app is, for example `devrun link ../api --as API_URL`";
        return Err(Report::new(format!("no directory `{asked}`")).help(help.to_string()));
    }
    if path.canonicalize().is_ok_and(|path| path == app.directory) {
        return Err(itself(process));
    }
    let there = Where {
        current: place.current.clone(),
        home: place.home.clone(),
        root: Some(path.to_path_buf()),
        ..Where::default()
    };
    // What is wrong with its files is for `check` to say, over there.
    let other = load::app(&there).value;
    if other.directory == PathBuf::new() && !path.join(SHARED).is_file() {
        let help = format!("an app's directory has a Procfile or a {SHARED}");
        return Err(Report::new(format!("no app in `{asked}`")).help(help));
    }
    match process {
        Some(process) if !has(&other, process) => Err(no_process(process, &other)),
        None if other.entries.len() > 1 && !has(&other, "web") => Err(ambiguous(asked, &other)),
        Some(_) | None => Ok(()),
    }
}

/// Where its Procfile cannot be read, it may have anything.
fn has(app: &App, process: &str) -> bool {
    app.entries.is_empty() || names(app).contains(&process)
}

fn names(app: &App) -> Vec<&str> {
    let entries = app.entries.iter();
    entries.map(|entry| entry.process_type.as_str()).collect()
}

fn ambiguous(asked: &str, app: &App) -> Report {
    let (asked, names) = (asked.trim_end_matches('/'), names(app));
    let first = names.first().copied().unwrap_or_default();
    let it_has = wording::list(&names);
    Report::new(format!("`{asked}` has no `web`: which process is meant?")).help(format!(
        "it has {it_has}; for example `devrun link {asked}#{first}`"
    ))
}

fn no_process(asked: &str, app: &App) -> Report {
    let names = names(app);
    let it_has = wording::list(&names);
    let help = match wording::did_you_mean(asked, &names) {
        Some(meant) => format!("{meant} It has {it_has}"),
        None => format!("it has {it_has}"),
    };
    Report::new(format!("no process type `{asked}` in {}", app.procfile)).help(help)
}
