//! What foreman's expressions find in a Procfile or an env file, devrun finds as well.

use std::os::unix::ffi::OsStrExt;
use std::sync::LazyLock;

use regex::Regex;

use crate::syntax::{dotenv, procfile};
use crate::words::name::ProcessType;

/// foreman's, for a line of a Procfile. Its blanks are those of ASCII.
static ENTRY: LazyLock<Regex> = LazyLock::new(|| one(r"\A([A-Za-z0-9_-]+):(?-u:\s)*(.+)\z"));
/// The same as devrun wants it: there may be blanks around the name.
static OUR_ENTRY: LazyLock<Regex> = LazyLock::new(|| one(r"\A\s*([A-Za-z0-9_-]+)\s*:\s*(.+)\z"));
/// foreman's, for a line of an env file.
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| one(r"\A([A-Za-z_0-9]+)=(.*)\z"));
/// Values that mean the same to both: without quotes or in a pair of them, without escapes, references, comments,
/// NUL, and blanks at their ends.
static PLAIN_VALUE: LazyLock<Regex> =
    LazyLock::new(|| one(r#"\A(?:'([^'"\\$\x00]*)'|"([^'"\\$\x00]*)"|([^'"\\$#\s\x00]*))\z"#));

fn one(expression: &str) -> Regex {
    Regex::new(expression).expect("it is an expression")
}

/// All lines of which both make an entry are the same entry, and devrun makes one of each that foreman does; but not
/// of a name that devrun refuses (twice there, too long, with a meaning of its own), and neither blanks nor what has a NUL
/// byte in it is a command.
pub(super) fn procfile(text: &str) {
    // A mark at the beginning and a `\` at a line's end mean nothing to foreman.
    let is_continued = |line: &str| line.trim_end_matches('\r').ends_with('\\');
    if text.starts_with('\u{feff}') || text.split('\n').any(is_continued) {
        return;
    }
    let entries = procfile::parse("Procfile", text).value;
    let lines: Vec<&str> = text.split('\n').collect();
    for entry in &entries {
        let line = lines[entry.line - 1].trim_end_matches('\r');
        let line = line.trim_start_matches('\u{feff}');
        let (_, [name, command]) = OUR_ENTRY
            .captures(line)
            .expect("it has that form")
            .extract();
        assert_eq!(name, entry.process_type.as_str(), "{line:?}");
        assert_eq!(command.trim(), entry.command, "{line:?}");
    }
    for line in text.replace("\r\n", "\n").split('\n') {
        let Some(captures) = ENTRY.captures(line) else {
            continue;
        };
        let (_, [name, command]) = captures.extract();
        let is_command = !command.trim().is_empty() && !command.contains('\0');
        let is_taken = ProcessType::new(name).is_ok() && is_command;
        let is_there = |entry: &procfile::Entry| entry.process_type.as_str() == name;
        assert!(!is_taken || entries.iter().any(is_there), "{line:?}");
    }
}

/// Each plain line of a file without anything else in quotes is the same to both.
pub(super) fn dotenv(text: &str) {
    let text = text.replace("\r\n", "\n");
    if text.starts_with('\u{feff}') {
        return;
    }
    let mut expected = Vec::new();
    for (number, line) in text.split('\n').enumerate() {
        let found = ASSIGNMENT.captures(line);
        let value = found.as_ref().and_then(|it| PLAIN_VALUE.captures(&it[2]));
        match (&found, &value) {
            (Some(found), Some(value)) => {
                let value = (1..4).find_map(|group| value.get(group));
                let value = value.expect("it is one of them").as_str().to_string();
                expected.push((number + 1, found[1].to_string(), value));
            }
            // It may be closed in a later line.
            _ if line.contains(['"', '\'']) => return,
            _ => {}
        }
    }
    let ours = dotenv::parse(".env", text.as_bytes(), &|_| None).value;
    for (line, name, value) in expected {
        let is_it = |ours: &&dotenv::Assignment| ours.line == line;
        let Some(ours) = ours.iter().find(is_it) else {
            panic!("line {line}: {name}={value} is left out");
        };
        assert_eq!(ours.name.as_bytes(), name.as_bytes(), "line {line}");
        assert_eq!(ours.value.as_bytes(), value.as_bytes(), "line {line}");
    }
}
