//! The only reader of users' files: finds the app, reads its Procfile, its env files, its settings and
//! `.foreman`.

mod below;
pub(crate) mod checkout;
mod detected;
mod find;
mod ignored;
mod outline;
mod pipes;
mod reach;
pub(crate) mod rules;
mod settings;
mod stamps;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::os;
use crate::os::file::{self, Content, Unreadable};
use crate::plan::sources::{App, EnvFile};
use crate::syntax::Parsed;
use crate::syntax::dotenv;
use crate::syntax::foreman::{self, Options};
use crate::syntax::procfile;
use crate::words::report::{Place, Report};
use crate::words::wording;

pub(crate) use crate::load::detected::{own_procfile, sources};
pub(crate) use crate::load::outline::{Outline, outlines};
pub(crate) use crate::load::pipes::{leave_pipes_alone, wait_for_no_pipe};
pub(crate) use crate::load::reach::apps;
pub(crate) use crate::load::stamps::is_as_read;

/// Where to look, as the command line says it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Where {
    pub(crate) current: PathBuf,
    pub(crate) home: Option<PathBuf>,
    /// `-d`.
    pub(crate) root: Option<PathBuf>,
    /// `-f`.
    pub(crate) procfile: Option<PathBuf>,
    /// `-e`: in place of `.env`.
    pub(crate) env_files: Option<Vec<PathBuf>>,
    /// devrun's own environment, which `${NAME}` in an env file may refer to.
    pub(crate) shell: Vec<(OsString, OsString)>,
}

/// Reads all of an app's files and reports all that is wrong with them.
pub(crate) fn app(place: &Where) -> Parsed<App> {
    match find::procfile(place) {
        Ok(found) => read(place, &found),
        Err(report) => failed(report),
    }
}

fn read(place: &Where, found: &find::Found) -> Parsed<App> {
    let mut parsed = Parsed::<App>::default();
    let usual = find::NAMES.iter().map(|name| found.directory.join(name));
    for path in usual.chain([found.path.clone()]) {
        note(&mut parsed, &path);
    }
    read_procfile(place, found, &mut parsed);
    let directory = parsed.value.directory.clone();
    parsed.value.shown = shown_directory(place, &directory);
    for name in [settings::SHARED, settings::PERSONAL] {
        note(&mut parsed, &directory.join(name));
    }
    let settings = settings::read(place, &directory);
    parsed
        .errors
        .extend(settings::missing_directories(&directory, &settings.value));
    parsed.value.settings = settings.value;
    parsed.warnings.extend(settings.warnings);
    parsed.errors.extend(settings.errors);
    read_env_files(place, &mut parsed);
    parsed
}

/// What tells the app that is meant from all others, or the root that names its members. Of its files only
/// what says where it is is read: what else is wrong with them is no matter.
///
/// # Errors
/// There is none.
pub(crate) fn identity(place: &Where) -> Result<PathBuf, Report> {
    let find::Root { procfile, members } = find::root(place)?;
    let of_members = members.map(|(directory, _)| directory);
    let identity = of_members.or(procfile.map(|found| found.identity));
    Ok(identity.expect("a root has one or the other"))
}

/// Where an app that runs may be the one that is meant though no Procfile says so: the directory that was named, or
/// the current one and those above it, the nearest first; within a repository up to its root.
pub(crate) fn directories(place: &Where) -> Vec<PathBuf> {
    let start = place.root.as_ref().unwrap_or(&place.current);
    let start = place.current.join(start);
    let start = start.canonicalize().unwrap_or(start);
    if place.root.is_some() {
        return vec![start];
    }
    let is_root = |directory: &&Path| directory.join(".git").exists();
    let root = start.ancestors().find(is_root).map(Path::to_path_buf);
    let is_in = |directory: &&Path| root.as_ref().is_none_or(|root| directory.starts_with(root));
    let directories = start.ancestors().take_while(is_in);
    directories.map(Path::to_path_buf).collect()
}

/// Whether there is a Procfile at all, or at least one was asked for.
pub(crate) fn has_procfile(place: &Where) -> bool {
    place.procfile.is_some() || find::procfile(place).is_ok()
}

/// What runs the commands takes no more than POSIX has: Debian's.
pub(crate) fn is_shell_dash() -> bool {
    let shell = Path::new("/bin/sh").canonicalize();
    shell.is_ok_and(|shell| shell.file_name().is_some_and(|name| name == "dash"))
}

/// What an app is without a Procfile: a directory with env files.
pub(crate) fn env_alone(place: &Where) -> Parsed<App> {
    let mut parsed = Parsed::<App>::default();
    let root = place.root.as_ref();
    parsed.value.directory = root.map_or(place.current.clone(), |root| place.current.join(root));
    read_env_files(place, &mut parsed);
    parsed
}

/// That a file is about to be read.
fn note(parsed: &mut Parsed<App>, path: &Path) {
    let stamp = stamps::stamp(path);
    parsed.value.files.push((path.to_path_buf(), stamp));
}

fn read_env_files(place: &Where, parsed: &mut Parsed<App>) {
    let mut known: HashMap<OsString, OsString> = place.shell.iter().cloned().collect();
    let directory = env_directory(place, &parsed.value.directory);
    let files: Vec<(PathBuf, bool)> = match &place.env_files {
        None => vec![(directory.join(".env"), false)],
        Some(named) => {
            let paths = named.iter().map(|path| place.current.join(path));
            paths.map(|path| (path, true)).collect()
        }
    };
    for (path, is_named) in &files {
        let file = read_env_file(place, path, *is_named, &mut known, parsed);
        parsed.value.env_files.extend(file);
    }
    let local = directory.join(".env.local");
    // Who names it as an env file has it as one of those.
    if files.iter().all(|(path, _)| *path != local) {
        parsed.value.env_local = read_env_file(place, &local, false, &mut known, parsed);
    }
}

/// The options file of the current directory; empty where there is none.
pub(crate) fn foreman_options(place: &Where) -> Parsed<Options> {
    let path = place.current.join(".foreman");
    match pipes::read(&path) {
        Err(error) if error.is_missing() => Parsed::default(),
        Err(error) => failed(unreadable(".foreman", &error)),
        Ok(content) => match text(".foreman", &content) {
            Ok(text) => foreman::parse(".foreman", text),
            Err(report) => failed(report),
        },
    }
}

fn failed<T: Default>(report: Report) -> Parsed<T> {
    let mut parsed = Parsed::default();
    parsed.errors.push(report);
    parsed
}

fn read_procfile(place: &Where, found: &find::Found, parsed: &mut Parsed<App>) {
    let shown = shown(place, &found.path);
    parsed.value.procfile = shown.clone();
    parsed.value.directory = found.directory.clone();
    parsed.value.identity = found.identity.clone();
    let content = match pipes::read(&found.path) {
        Ok(content) => content,
        Err(error) => return parsed.errors.push(unreadable(&shown, &error)),
    };
    parsed.value.is_read_once = !content.is_regular;
    // `/dev/stdin` may be a file, but its directory is nobody's app.
    let has_place = content.is_regular && !found.path.starts_with("/dev");
    if !has_place && place.root.is_none() {
        parsed.value.directory = place.current.clone();
        parsed.value.identity = place.current.clone();
    }
    let text = match text(&shown, &content) {
        Ok(text) => text,
        Err(report) => return parsed.errors.push(report),
    };
    let mut procfile = procfile::parse(&shown, text);
    if procfile.value.is_empty() && procfile.errors.is_empty() {
        procfile.errors = find::why_nothing(&shown, std::mem::take(&mut procfile.warnings));
    }
    parsed.value.entries = procfile.value;
    parsed.warnings.extend(procfile.warnings);
    parsed.errors.extend(procfile.errors);
}

/// Where the default env files are: with `-f` in the current directory, as foreman has it.
fn env_directory(place: &Where, app: &Path) -> PathBuf {
    match (&place.root, &place.procfile) {
        (Some(root), _) => place.current.join(root),
        (None, Some(_)) => place.current.clone(),
        (None, None) => app.to_path_buf(),
    }
}

/// `known` is what `${NAME}` means outside of the file: an earlier file's key, else the shell's. The
/// file's own keys are added to it.
fn read_env_file(
    place: &Where,
    path: &Path,
    is_named: bool,
    known: &mut HashMap<OsString, OsString>,
    parsed: &mut Parsed<App>,
) -> Option<EnvFile> {
    note(parsed, path);
    let shown = shown(place, path);
    let content = match pipes::read(path) {
        Ok(content) => content,
        Err(error) if error.is_missing() && !is_named => return None,
        Err(error) => {
            parsed.errors.push(unreadable(&shown, &error));
            return None;
        }
    };
    parsed.value.is_read_once |= !content.is_regular && path != Path::new("/dev/null");
    let file = dotenv::parse(&shown, &content.bytes, &|name| known.get(name).cloned());
    let pairs = file.value.iter();
    known.extend(pairs.map(|found| (found.name.clone(), found.value.clone())));
    parsed.warnings.extend(file.warnings);
    parsed.errors.extend(file.errors);
    Some((shown, file.value))
}

/// A path as the user would write it: from here, or from home.
pub(crate) fn shown(place: &Where, path: &Path) -> String {
    match path.strip_prefix(&place.current) {
        Ok(below) if !below.as_os_str().is_empty() => wording::path(below, None),
        Ok(_) | Err(_) => wording::path(path, place.home.as_deref()),
    }
}

/// A directory as the user would write it; the current one too has a name.
fn shown_directory(place: &Where, path: &Path) -> String {
    wording::path(path, place.home.as_deref())
}

/// A whole file; `None` if there is none.
///
/// # Errors
/// It cannot be read, or is not UTF-8.
pub(crate) fn text_if_any(shown: &str, path: &Path) -> Result<Option<String>, Report> {
    match pipes::read(path) {
        Ok(content) => text(shown, &content).map(|text| Some(text.to_string())),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(unreadable(shown, &error)),
    }
}

fn text<'a>(shown: &str, content: &'a Content) -> Result<&'a str, Report> {
    // What PowerShell's `>` writes.
    if content.bytes.starts_with(b"\xff\xfe") || content.bytes.starts_with(b"\xfe\xff") {
        let report = Report::new(format!("`{shown}` is UTF-16"));
        return Err(report.help("save it as UTF-8".to_string()));
    }
    std::str::from_utf8(&content.bytes).map_err(|error| {
        let before = &content.bytes[..error.valid_up_to()];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let line_end = memchr::memchr(b'\n', &content.bytes[before.len()..])
            .map_or(content.bytes.len(), |at| before.len() + at);
        Report::new(format!("`{shown}` is not UTF-8"))
            .at(Place {
                file: shown.to_string(),
                line: memchr::memchr_iter(b'\n', before).count() + 1,
                column: String::from_utf8_lossy(&before[line_start..])
                    .chars()
                    .count()
                    + 1,
                text: String::from_utf8_lossy(
                    &content.bytes[line_start..line_end.min(line_start + 400)],
                )
                .into_owned(),
                width: 1,
                label: "this byte begins no character".into(),
            })
            .help("save it as UTF-8".to_string())
    })
}

fn unreadable(shown: &str, error: &Unreadable) -> Report {
    let report = Report::new(format!("cannot read `{shown}`"));
    match error {
        Unreadable::System(error) => report.caused_by(os::words_of(error)),
        Unreadable::Directory => report.caused_by("it is a directory"),
        Unreadable::Device => report.caused_by("it is neither a file nor a pipe"),
        Unreadable::TooLarge => report.caused_by(format!(
            "it is larger than {} MiB",
            file::MAX_FILE / 1024 / 1024
        )),
        Unreadable::SilentPipe => report.caused_by("it is a pipe, and nobody writes to it"),
    }
}
