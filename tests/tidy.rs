//! The house rules that a compiler does not know: which room may use which, and how a file begins.

use std::fs;
use std::path::{Path, PathBuf};

/// Every room uses only those above it.
const ROOMS: [&str; 12] = [
    "words",
    "syntax",
    "plan",
    "supervisor",
    "log",
    "render",
    "os",
    "guardian",
    "load",
    "registry",
    "driver",
    "cli",
];
/// No I/O, no clock, no task, no channel, no environment.
const PURE: usize = 6;
const MAX_LINES: usize = 500;

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut directories = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                sources.push((path.strip_prefix(&root).unwrap().to_path_buf(), text));
            }
        }
    }
    sources
}

/// Whether `word` stands in the code by itself: `nix::` is not in `std::os::unix::`.
fn has(code: &str, word: &str) -> bool {
    let is_part = |before: Option<char>| before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(word)
        .any(|(at, _)| !is_part(code[..at].chars().next_back()))
}

fn is_test(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "tests")
}

/// The code without its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

fn room(path: &Path) -> Option<usize> {
    let first = path.components().next()?.as_os_str().to_str()?;
    ROOMS.iter().position(|room| *room == first)
}

#[test]
fn a_room_uses_only_those_above_it() {
    for (path, text) in sources() {
        let Some(own) = room(&path) else { continue };
        for used in code(&text).split("crate::").skip(1) {
            let used = used
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap();
            if let Some(used) = ROOMS.iter().position(|room| *room == used) {
                assert!(
                    used <= own,
                    "{}: `{}` stands below it",
                    path.display(),
                    ROOMS[used]
                );
            }
        }
    }
}

#[test]
fn the_pure_half_does_nothing_itself() {
    let forbidden = [
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "std::env",
        "std::io",
        "tokio",
        "nix::",
        "libc",
        "Instant::now",
        "SystemTime",
        "Zoned::now",
        "println!",
    ];
    for (path, text) in sources() {
        if room(&path).is_some_and(|room| room < PURE) && !is_test(&path) {
            for word in forbidden {
                assert!(!has(code(&text), word), "{}: {word}", path.display());
            }
        }
    }
}

#[test]
fn unsafe_and_libc_live_in_os() {
    for (path, text) in sources() {
        if room(&path) == ROOMS.iter().position(|room| *room == "os") {
            continue;
        }
        for word in ["unsafe ", "libc::", "nix::"] {
            assert!(!has(code(&text), word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn every_file_says_first_what_it_does_and_is_short() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{}", path.display());
        if is_test(&path) {
            continue;
        }
        let lines = code(&text).lines().count();
        assert!(lines <= MAX_LINES, "{}: {lines} lines", path.display());
        for word in ["TODO", "FIXME", "dbg!", "use super::*"] {
            assert!(!has(code(&text), word), "{}: {word}", path.display());
        }
    }
}
