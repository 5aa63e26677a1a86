//! Names to complete: those of the app's files, and those of the session that runs it. Nobody is waited for
//! longer than a Tab may take.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::cli::args::{AppOnly, Where};
use crate::cli::complete::cursor::Cursor;
use crate::cli::complete::offer::Word;
use crate::cli::context::Context;
use crate::cli::session::{self, Running};
use crate::load::{self, Outline};
use crate::os::process;
use crate::registry;
use crate::words::wording;

/// For a session to answer. One that is stopped (Ctrl-Z) never does.
const PATIENCE: Duration = Duration::from_millis(15);
/// So much of a command is shown beside its name, in characters.
const MAX_COMMAND: usize = 60;

/// `web`, and `web.1` where several run; `api/web` of another app that a session runs.
pub(super) fn processes(cursor: &Cursor<'_>) -> Vec<Word> {
    let running = running(cursor);
    let mut words = process_types(cursor);
    let running = running.recv_timeout(PATIENCE).unwrap_or_default();
    for name in running {
        if !words.iter().any(|(word, _)| *word == name) {
            words.push((name, String::new()));
        }
    }
    words
}

/// Those of the Procfile.
pub(super) fn process_types(cursor: &Cursor<'_>) -> Vec<Word> {
    let mut words = Vec::new();
    for outline in outlines(cursor) {
        let app = outline.app.map(|app| format!("{app}/")).unwrap_or_default();
        let entries = outline.entries.iter();
        words.extend(entries.map(|entry| {
            let command: String = entry.command.chars().take(MAX_COMMAND).collect();
            let command = wording::escaped(&command).into_owned();
            (format!("{app}{}", entry.process_type), command)
        }));
    }
    words
}

/// Those of `uses:`.
pub(super) fn variables(cursor: &Cursor<'_>) -> Vec<Word> {
    let outlines = outlines(cursor).into_iter();
    let mut variables: Vec<String> = outlines.flat_map(|outline| outline.variables).collect();
    // bash puts a word on the line as it is: what the shell would take for more than a name is not offered.
    let is_plain = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    variables.retain(is_plain);
    variables.sort();
    variables.dedup();
    let words = variables.into_iter();
    words.map(|variable| (variable, String::new())).collect()
}

/// The directories of all apps that run, as they are reached from here.
pub(super) fn running_apps() -> Vec<Word> {
    let Ok(current) = std::env::current_dir() else {
        return Vec::new();
    };
    let mut words = Vec::new();
    for owner in registry::owners() {
        // One that is not named by its directory alone has the Procfile's name behind it.
        let identity = PathBuf::from(&owner.directory);
        let directory = identity.ancestors().find(|path| path.is_dir());
        let directory = directory.filter(|directory| **directory != *current);
        let shown = directory.and_then(|directory| from_here(&current, directory));
        words.extend(shown.map(|shown| (shown, format!("{} runs", owner.app))));
    }
    words.sort();
    words.dedup();
    words
}

/// `../api`, `apps/shop`; whatever is farther away from its root.
fn from_here(current: &Path, directory: &Path) -> Option<String> {
    let path = if let Ok(below) = directory.strip_prefix(current) {
        below.to_path_buf()
    } else if let Some(Ok(beside)) = current.parent().map(|up| directory.strip_prefix(up))
        && beside.components().next().is_some()
    {
        Path::new(Component::ParentDir.as_os_str()).join(beside)
    } else {
        directory.to_path_buf()
    };
    // A line is one word of ours, and nothing in it acts on the terminal.
    let shown = path.to_str()?;
    (!shown.contains(wording::is_dangerous)).then(|| shown.to_string())
}

fn outlines(cursor: &Cursor<'_>) -> Vec<Outline> {
    let place = place(cursor);
    let asked = Where {
        procfile: place.procfile,
        root: place.root,
        ..Where::default()
    };
    let context = Context::of_whatever_is_there(&asked);
    context.map_or_else(|_| Vec::new(), |context| load::outlines(&context.place))
}

/// Which app is meant, by `-d` and `-f` before the cursor.
fn place(cursor: &Cursor<'_>) -> AppOnly {
    let value = |wanted: &str| {
        let mut flags = cursor.flags.iter().rev();
        let (_, value) = flags.find(|(id, _)| *id == wanted)?;
        Some(expanded(value))
    };
    AppOnly {
        procfile: value("procfile"),
        root: value("root"),
    }
}

/// The shell has not come to `~` yet.
fn expanded(value: &str) -> PathBuf {
    let below = Path::new(value).strip_prefix(OsStr::new("~")).ok();
    let home = process::home();
    match below.zip(home) {
        Some((below, home)) => home.join(below),
        None => PathBuf::from(value),
    }
}

/// Asks the session that runs the app, from a thread that is left behind if it does not answer.
fn running(cursor: &Cursor<'_>) -> Receiver<Vec<String>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let place = place(cursor);
    thread::spawn(move || {
        let running = session::running(&place);
        let names = running.map_or_else(|_| Vec::new(), |running| names(&running));
        // Who asked may have gone on.
        let _ = sender.send(names);
    });
    receiver
}

fn names(running: &Running) -> Vec<String> {
    let shown: Vec<String> = running.targets().map(|target| target.shown).collect();
    let mut names: Vec<String> = Vec::new();
    for process in &shown {
        let process_type = session::type_of(process);
        let is_of_it = |other: &&String| session::type_of(other) == process_type;
        if !names.iter().any(|name| name == process_type) {
            names.push(process_type.to_string());
        }
        if shown.iter().filter(is_of_it).count() > 1 {
            names.push(process.clone());
        }
    }
    names
}
