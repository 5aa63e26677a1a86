//! From what the user typed to what is written: a URL, a process of this Procfile, or the way to another app.

use std::path::{Component, Path, PathBuf};

use crate::cli::link::file::SHARED;
use crate::load::{self, App, Where};
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

pub(super) fn backing(
    asked: &str,
    place: &Where,
    app: &App,
    scope: Scope,
) -> Result<Backing, Report> {
    let is_path = asked.contains('/') || asked.starts_with(['.', '~']);
    if asked.contains("://") {
        let target = asked.to_string();
        return Ok(Backing {
            target,
            variable: None,
        });
    }
    let entry = app
        .entries
        .iter()
        .find(|entry| entry.process_type.as_str() == asked);
    match entry {
        Some(entry) if !is_path => Ok(Backing {
            target: asked.to_string(),
            variable: Some(entry.process_type.url_variable()),
        }),
        Some(_) | None => {
            let (directory, process) = match Target::of_app(asked) {
                Target::App { directory, process } => (directory, process),
                Target::Process(_) | Target::Url(_) => (asked.to_string(), None),
            };
            let path = from_here(place, &directory);
            if !is_path && !path.is_dir() {
                return Err(no_process(asked, &app.procfile, app));
            }
            of_app(asked, &path, process, place, app, scope)
        }
    }
}

/// What the shell left of a path: it expands no `~` within quotes.
fn from_here(place: &Where, directory: &str) -> PathBuf {
    let home = directory
        .strip_prefix('~')
        .filter(|rest| rest.is_empty() || rest.starts_with('/'));
    match (home, &place.home) {
        (Some(rest), Some(home)) => home.join(rest.trim_start_matches('/')),
        (_, _) => place.current.join(directory),
    }
}

fn of_app(
    asked: &str,
    path: &Path,
    process: Option<String>,
    place: &Where,
    app: &App,
    scope: Scope,
) -> Result<Backing, Report> {
    if !path.is_dir() {
        let directory = asked.strip_suffix(&format!("#{}", process.as_deref().unwrap_or_default()));
        return Err(
            Report::new(format!("no directory `{}`", directory.unwrap_or(asked))).help(
                "say where the app is, for example `devrun link ../api --as API_URL`".to_string(),
            ),
        );
    }
    let real = real_parent(path);
    if path.canonicalize().is_ok_and(|path| path == app.directory) {
        return Err(itself(process.as_deref()));
    }
    check_app(asked, path, process.as_deref(), place)?;
    let name = real
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let home = place
        .home
        .as_ref()
        .map(|home| home.canonicalize().unwrap_or_else(|_| home.clone()));
    let is_near = repository(&app.directory).is_some_and(|root| Some(root) == repository(&real));
    let way = way(&app.directory, &real, home.as_deref(), scope, is_near);
    let Some(directory) = way.to_str().map(str::to_string) else {
        return Err(Report::new(format!("the path of `{asked}` is not UTF-8")));
    };
    if directory.contains('#') && process.is_none() {
        return Err(
            Report::new(format!("the path of `{asked}` has a `#` in it"))
                .help(format!("name the process too: `{asked}#web`")),
        );
    }
    let name = AppName::from_directory(&name).as_str().replace('-', "_");
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

/// That there is an app, and the process that is meant in it.
fn check_app(asked: &str, path: &Path, process: Option<&str>, place: &Where) -> Result<(), Report> {
    let there = Where {
        current: place.current.clone(),
        home: place.home.clone(),
        root: Some(path.to_path_buf()),
        ..Where::default()
    };
    let other = load::app(&there);
    let is_found = other.value.directory != PathBuf::new();
    if !is_found && !path.join(SHARED).is_file() {
        let none = Report::new(format!("no app in `{asked}`"));
        return Err(none.help(format!("an app's directory has a Procfile or a {SHARED}")));
    }
    let other = other.value;
    let names: Vec<&str> = other
        .entries
        .iter()
        .map(|entry| entry.process_type.as_str())
        .collect();
    match process {
        Some(process) if !names.is_empty() && !names.contains(&process) => {
            Err(no_process(process, &other.procfile, &other))
        }
        None if names.len() > 1 && !names.contains(&"web") => {
            let asked = asked.trim_end_matches('/');
            let report = Report::new(format!("`{asked}` has no `web`: which process is meant?"));
            let first = names.first().copied().unwrap_or_default();
            let it_has = wording::list(&names);
            Err(report.help(format!(
                "it has {it_has}; for example `devrun link {asked}#{first}`"
            )))
        }
        Some(_) | None => Ok(()),
    }
}

fn no_process(asked: &str, procfile: &str, app: &App) -> Report {
    let names: Vec<&str> = app
        .entries
        .iter()
        .map(|entry| entry.process_type.as_str())
        .collect();
    let it_has = format!("it has {}", wording::list(&names));
    let help = match wording::did_you_mean(asked, &names) {
        Some(meant) => format!("{meant} {}", it_has.replacen("it", "It", 1)),
        None => it_has,
    };
    Report::new(format!("no process type `{asked}` in {procfile}")).help(help)
}

/// The real path but for its last part: a link beside the app, made for it, is what the user means.
fn real_parent(path: &Path) -> PathBuf {
    let real = || path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    match (path.components().next_back(), path.parent()) {
        (Some(Component::Normal(name)), Some(parent)) => parent
            .canonicalize()
            .map_or_else(|_| real(), |parent| parent.join(name)),
        (_, _) => real(),
    }
}

fn repository(directory: &Path) -> Option<&Path> {
    directory
        .ancestors()
        .find(|directory| directory.join(".git").exists())
}

/// How the other app is written: from this one if it is near (in the same repository, beside it or below it), else
/// from home, else from the root. What is shared is written from this one if they have anything in common.
fn way(from: &Path, to: &Path, home: Option<&Path>, scope: Scope, is_near: bool) -> PathBuf {
    let is_near = is_near || from.parent() == to.parent() || to.starts_with(from);
    let common = from
        .components()
        .zip(to.components())
        .take_while(|(one, other)| one == other)
        .count();
    let is_shareable = scope == Scope::Shared && common > 1;
    if is_near || is_shareable {
        return relative(from, to, common);
    }
    let below_home = home.and_then(|home| to.strip_prefix(home).ok());
    below_home.map_or_else(|| to.to_path_buf(), |rest| Path::new("~").join(rest))
}

/// `common` parts at the beginning are the same.
fn relative(from: &Path, to: &Path, common: usize) -> PathBuf {
    let up = from.components().count() - common;
    let mut way: PathBuf = if up == 0 {
        PathBuf::from(".")
    } else {
        std::iter::repeat_n("..", up).collect()
    };
    way.extend(to.components().skip(common));
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_short_for_oneself_and_common_for_all() {
        let check = |to: &str, is_near, personal: &str, shared: &str| {
            let (from, home) = (
                Path::new("/home/ann/src/shop"),
                Some(Path::new("/home/ann")),
            );
            let ways = [Scope::Personal, Scope::Shared]
                .map(|scope| way(from, Path::new(to), home, scope, is_near));
            assert_eq!(ways, [PathBuf::from(personal), PathBuf::from(shared)]);
        };
        check("/home/ann/src/api", false, "../api", "../api");
        check("/home/ann/src/shop/api", false, "./api", "./api");
        check("/home/ann/code/api", false, "~/code/api", "../../code/api");
        check(
            "/home/ann/code/api",
            true,
            "../../code/api",
            "../../code/api",
        );
        check("/home/ann", true, "../..", "../..");
        check("/srv/api", false, "/srv/api", "/srv/api");
    }
}
