//! `devrun link` and `devrun unlink`: what is behind a variable, written into a settings file of the app. Nothing
//! that runs is told.

mod file;
mod target;
mod way;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::args::{self, Link, Unlink};
use crate::cli::context::Context;
use crate::cli::link::file::SettingsFile;
use crate::cli::link::target::{Backing, Scope};
use crate::cli::tell::tell;
use crate::cli::{NOT_STARTED, print, refuse};
use crate::load::rules::is_unignored;
use crate::load::{self, Where};
use crate::plan::sources::App;
use crate::syntax::settings::{PERSONAL, SHARED};
use crate::syntax::yaml_edit;
use crate::words::report::Report;
use crate::words::uses::Target;
use crate::words::wording;

const WHEN: &str = "it applies at the next start or restart";
/// A session has the apps that it began with.
const WHEN_APP: &str = "it applies at the next `devrun start`";

pub(super) fn link(args: &Link) -> ExitCode {
    ended(try_link(args))
}

pub(super) fn unlink(args: &Unlink) -> ExitCode {
    ended(try_unlink(args))
}

fn ended(result: Result<ExitCode, Report>) -> ExitCode {
    match result {
        Ok(printed) => printed,
        Err(report) => refuse(&[report], NOT_STARTED),
    }
}

fn try_link(args: &Link) -> Result<ExitCode, Report> {
    let (place, app) = app(&args.place)?;
    let scope = if args.save {
        Scope::Shared
    } else {
        Scope::Personal
    };
    let backing = target::backing(&args.target, &place, &app, scope)?;
    let variable = variable(args, &backing)?;
    let [shared, local] = files(&place, &app)?;
    let file = match scope {
        Scope::Shared => &shared,
        Scope::Personal => &local,
    };
    let by_hand = format!(
        "write it there by hand, below `uses:`: `{variable}: {}`",
        masked(&backing.target)
    );
    let text = yaml_edit::with_use(file.text(), &variable, &backing.target)
        .map_err(|error| error.report(&file.shown, file.text(), by_hand))?;
    file.write(&text)?;
    let line =
        yaml_edit::line_of(&text, &variable).map_or(String::new(), |line| format!(":{line}"));
    let when = match Target::of(&backing.target) {
        Target::App { .. } => WHEN_APP,
        Target::Process(_) | Target::Url(_) => WHEN,
    };
    let said = format!(
        "{variable} is {} now ({}{line}); {when}\n",
        masked(&backing.target),
        file.shown
    );
    let printed = print(said.as_bytes());
    if args.variable.is_none() {
        tell!("{variable} is named for what is behind it; `--as` chooses another name");
    }
    if let (Scope::Shared, Some(line)) = (scope, yaml_edit::line_of(local.text(), &variable)) {
        tell!("{}:{line} has {variable} too, and counts more", local.shown);
    }
    if file.is_new() && scope == Scope::Personal && is_unignored(&app.directory, PERSONAL) {
        tell!("{} is personal: add it to .gitignore", PERSONAL);
    }
    Ok(printed)
}

/// The personal file first: what stood behind it in the shared one applies again.
fn try_unlink(args: &Unlink) -> Result<ExitCode, Report> {
    let (place, app) = app(&args.place)?;
    let [shared, local] = files(&place, &app)?;
    let variable = &args.variable;
    let taken_out = match (without(&local, variable)?, without(&shared, variable)?) {
        (Some(text), Some(_)) => {
            local.write(&text)?;
            let (local, shared) = (&local.shown, &shared.shown);
            let said =
                format!("{variable} is as {shared} has it, no longer as {local} had it; {WHEN}\n");
            return Ok(print(said.as_bytes()));
        }
        (Some(text), None) => (&local, text),
        (None, Some(text)) => (&shared, text),
        (None, None) => return Err(unknown(variable, &shared, &local)?),
    };
    let (file, text) = taken_out;
    file.write(&text)?;
    let said = format!("{variable} is no longer in {}; {WHEN}\n", file.shown);
    let printed = print(said.as_bytes());
    for file in [&shared, &local] {
        let naming = yaml_edit::narrowed_to(file.text(), variable);
        if !naming.is_empty() {
            let naming = wording::list(naming);
            tell!(
                "{} still names {variable} in the `uses` of {naming}",
                file.shown
            );
        }
    }
    Ok(printed)
}

/// The file's text without the variable; `None`: it does not have it.
fn without(file: &SettingsFile, variable: &str) -> Result<Option<String>, Report> {
    let by_hand = format!("take `{variable}` out of it by hand");
    yaml_edit::without_use(file.text(), variable)
        .map_err(|error| error.report(&file.shown, file.text(), by_hand))
}

/// The app that the command line means. What is wrong with its files is for `check` to say.
fn app(args: &args::AppOnly) -> Result<(Where, App), Report> {
    let place = args::Where {
        procfile: args.procfile.clone(),
        root: args.root.clone(),
        ..args::Where::default()
    };
    let place = Context::new(&place)
        .map_err(|mut reports| reports.remove(0))?
        .place;
    let mut loaded = load::app(&place);
    if loaded.value.directory == PathBuf::new() {
        return Err(loaded.errors.remove(0));
    }
    Ok((place, loaded.value))
}

/// What everybody has, and what is laid over it.
fn files(place: &Where, app: &App) -> Result<[SettingsFile; 2], Report> {
    let read = |name| SettingsFile::read(place, &app.directory.join(name));
    Ok([read(SHARED)?, read(PERSONAL)?])
}

fn variable(args: &Link, backing: &Backing) -> Result<String, Report> {
    let Some(name) = args.variable.as_ref().or(backing.variable.as_ref()) else {
        return Err(Report::new("a URL has no name")
            .help("say which variable it is for: `--as DATABASE_URL`".to_string()));
    };
    if matches!(name.as_str(), "PORT" | "PS") {
        let report = Report::new(format!("{name} is devrun's own"));
        return Err(report.help("choose another name: `--as API_URL`".to_string()));
    }
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(name.clone());
    }
    Err(
        Report::new(format!("`{name}` cannot be the name of a variable"))
            .help("it is made of letters, digits and `_`, as in `--as API_URL`".to_string()),
    )
}

fn unknown(variable: &str, shared: &SettingsFile, local: &SettingsFile) -> Result<Report, Report> {
    let mut names = Vec::new();
    for file in [shared, local] {
        let by_hand = "correct it there".to_string();
        let of_file = yaml_edit::variables(file.text());
        names.extend(of_file.map_err(|error| error.report(&file.shown, file.text(), by_hand))?);
    }
    names.sort();
    names.dedup();
    let report = Report::new(format!("no use of the name `{variable}`"));
    if names.is_empty() {
        return Ok(report.help("this app's settings have none".to_string()));
    }
    let there = wording::list(&names);
    Ok(report.help(match wording::did_you_mean(variable, &names) {
        Some(meant) => format!("{meant} The app uses {there}"),
        None => format!("the app uses {there}"),
    }))
}

/// A target as it may be shown: the password in a URL is for nobody's eyes, a reference to one is harmless.
fn masked(target: &str) -> String {
    let Some((scheme, rest)) = target.split_once("://") else {
        return target.to_string();
    };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let password = authority
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'));
    match password {
        Some((user, password)) if !password.starts_with("${") => {
            let behind = &rest[user.len() + 1 + password.len()..];
            format!("{scheme}://{user}:****{behind}")
        }
        Some(_) | None => target.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let check = |target, expected| assert_eq!(masked(target), expected);
        check("../api", "../api");
        check("redis://db:1/2", "redis://db:1/2");
        check("postgresql://u:p@ss@h/d?x=@", "postgresql://u:****@h/d?x=@");
        check("amqp://u@h", "amqp://u@h");
        check("pg://u:${DB_PASSWORD}@h", "pg://u:${DB_PASSWORD}@h");
    }
}
