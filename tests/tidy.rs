//! The house rules that a compiler does not know: which room may use which, what the pure half leaves alone,
//! and how a file looks.

use std::fs;
use std::path::{Path, PathBuf};

/// Every room uses only those above it. The last one has the doors of the fuzz targets, and is there in their builds
/// alone.
const ROOMS: [&str; 17] = [
    "words",
    "syntax",
    "plan",
    "supervisor",
    "log",
    "render",
    "detect",
    "export",
    "os",
    "guardian",
    "load",
    "registry",
    "store",
    "control",
    "driver",
    "cli",
    "fuzz",
];
/// So many rooms, from the top, have no I/O, clock, task, channel and environment.
const PURE: usize = 8;
/// Of `std`, what the pure half leaves alone.
const IMPURE: [&str; 6] = ["fs", "net", "process", "thread", "env", "io"];
/// Of everything else. Clocks and environment are in clippy.toml too, which also sees through new names.
const DOING: [&str; 15] = [
    "tokio::",
    "hyper::",
    "nix::",
    "libc::",
    "portpicker::",
    "crossterm::",
    "mpsc",
    "Instant::now",
    "SystemTime",
    "Zoned::now",
    "Timestamp::now",
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
];
const MAX_LINES: usize = 500;
/// Files and directories that are compiled for tests alone.
const TEST_FILES: [&str; 2] = ["tests", "scratch"];
const TESTS: &str = "#[cfg(test)]\nmod tests {";

fn sources() -> Vec<(PathBuf, String)> {
    below("src")
}

/// All files below a directory of the repository.
fn below(directory: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut directories = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                sources.push((path.strip_prefix(&root).unwrap().to_path_buf(), text));
            }
        }
    }
    sources
}

/// Asks `rule` about every file and shows all that it finds.
fn hold(rule: impl Fn(&Path, &str) -> Vec<String>) {
    let of_file = |(path, text): (PathBuf, String)| {
        let found = rule(&path, &text).into_iter();
        let found = found.map(|fault| format!("{}: {fault}", path.display()));
        found.collect::<Vec<_>>()
    };
    let faults: Vec<String> = sources().into_iter().flat_map(of_file).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whether `word` stands in the code by itself: `nix::` is not in `unix::`.
fn has(code: &str, word: &str) -> bool {
    let is_part = |before: Option<char>| before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(word)
        .any(|(at, _)| !is_part(code[..at].chars().next_back()))
}

fn found(code: &str, words: &[&str]) -> Vec<String> {
    let is_there = |word: &&&str| has(code, word);
    words
        .iter()
        .filter(is_there)
        .map(ToString::to_string)
        .collect()
}

/// What the code uses of `root`: `a` and `b` for `root::a::x` and for `root::{a::{x, y}, b}`.
fn used_of<'a>(code: &'a str, root: &str) -> Vec<&'a str> {
    let mut used = Vec::new();
    for (at, path) in code.match_indices(&format!("{root}::")) {
        if has(&code[..at + path.len()], path) {
            let rest = &code[at + path.len()..];
            match rest.strip_prefix('{') {
                Some(group) => used.extend(members(group)),
                None => used.push(first_name(rest)),
            }
        }
    }
    used
}

/// The first names of what stands before the `}` that closes a group.
fn members(group: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut members = Vec::new();
    let mut is_next = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_next = true,
            c if is_next && !c.is_whitespace() => {
                members.push(first_name(&group[at..]));
                is_next = false;
            }
            _ => {}
        }
    }
    members
}

fn first_name(path: &str) -> &str {
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_');
    &path[..end.unwrap_or(path.len())]
}

fn is_test(path: &Path) -> bool {
    let path = path.with_extension("");
    path.iter()
        .any(|part| TEST_FILES.iter().any(|name| part == *name))
}

/// The code without its tests.
fn code(text: &str) -> &str {
    text.split(TESTS).next().unwrap()
}

fn room(path: &Path) -> Option<usize> {
    let first = path.iter().next()?;
    ROOMS.iter().position(|room| *room == first)
}

fn layers(path: &Path, text: &str) -> Vec<String> {
    let Some(own) = room(path) else {
        return Vec::new();
    };
    let is_below = |used: &&str| ROOMS[own + 1..].contains(used);
    let used = used_of(code(text), "crate").into_iter().filter(is_below);
    used.map(|used| format!("`{used}` stands below it"))
        .collect()
}

fn purity(path: &Path, text: &str) -> Vec<String> {
    if is_test(path) || room(path).is_none_or(|room| room >= PURE) {
        return Vec::new();
    }
    let mut faults = found(code(text), &DOING);
    let of_std = used_of(code(text), "std").into_iter();
    let of_std = of_std.filter(|used| IMPURE.contains(used));
    faults.extend(of_std.map(|used| format!("std::{used}")));
    faults
}

fn confinement(path: &Path, text: &str) -> Vec<String> {
    if path.starts_with("os") {
        return Vec::new();
    }
    let mut faults = found(code(text), &["unsafe ", "libc::", "nix::"]);
    // What needs to go up two rooms at once goes by `crate`, where the table sees it.
    faults.extend(found(code(text), &["super::super"]));
    faults
}

fn looks(path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !text.starts_with("//! ") {
        faults.push("its first line does not say what it does".into());
    }
    if is_test(path) {
        return faults;
    }
    let lines = code(text).lines().count();
    if lines > MAX_LINES {
        faults.push(format!("{lines} lines"));
    }
    if let Some((_, tests)) = text.split_once(TESTS)
        && tests.find("\n}\n") != Some(tests.len() - 3)
    {
        faults.push("there is code behind its tests".into());
    }
    let words = ["TODO", "FIXME", "dbg!", "use super::*", "#[allow"];
    faults.extend(found(code(text), &words));
    // They panic where a disk is full or nobody reads: `print` and `tell!` in cli do not.
    let panicking = ["print!(", "println!(", "eprint!(", "eprintln!("];
    faults.extend(found(code(text), &panicking));
    if code(text).contains(".unwrap()") {
        faults.push(".unwrap()".into());
    }
    faults
}

#[test]
fn a_room_uses_only_those_above_it() {
    hold(layers);
}

#[test]
fn the_pure_half_does_nothing_itself() {
    hold(purity);
}

#[test]
fn unsafe_and_libc_live_in_os() {
    hold(confinement);
}

#[test]
fn every_file_says_first_what_it_does_and_is_short() {
    hold(looks);
}

/// A file that has lost what was in it compiles, and nobody would miss its tests.
#[test]
fn every_file_of_tests_says_first_what_it_is_for() {
    for (path, text) in below("tests") {
        assert!(text.starts_with("//! "), "tests/{}", path.display());
    }
}

#[test]
fn every_directory_is_a_room() {
    for (path, _) in sources() {
        let is_room = path.iter().count() == 1 || room(&path).is_some();
        assert!(is_room, "{}: no room of that name", path.display());
    }
}

/// A rule that finds nothing may be blind.
#[test]
fn the_rules_see_what_they_forbid() {
    let check = |rule: fn(&Path, &str) -> Vec<String>, path: &str, text: &str, fault: &str| {
        let faults = rule(Path::new(path), text);
        assert_eq!(faults, [fault], "{text}");
    };
    let below = "`driver` stands below it";
    check(layers, "plan/x.rs", "use crate::driver::X;", below);
    check(
        layers,
        "plan/x.rs",
        "use crate::{words::{a, b}, driver};",
        below,
    );
    check(
        layers,
        "plan/x.rs",
        "use crate::{\n    words,\n    driver::X,\n};",
        below,
    );
    check(layers, "os/mod.rs", "fn f() { crate::driver::f() }", below);
    check(
        purity,
        "words/x.rs",
        "use std::{fmt::{self, Write}, fs};",
        "std::fs",
    );
    check(
        purity,
        "words/x.rs",
        "let x = std::env::var(\"X\");",
        "std::env",
    );
    check(purity, "log/x.rs", "eprintln!(\"x\");", "eprintln!");
    check(
        purity,
        "log/x.rs",
        "let now = Instant::now();",
        "Instant::now",
    );
    check(confinement, "cli/x.rs", "unsafe { f() }", "unsafe ");
    check(
        confinement,
        "cli/x.rs",
        "use super::super::os;",
        "super::super",
    );
    let behind = "//! X.\n#[cfg(test)]\nmod tests {\n}\nfn f() {}\n}\n";
    check(looks, "log/x.rs", behind, "there is code behind its tests");
    check(looks, "log/x.rs", "//! X.\nx.unwrap();", ".unwrap()");
    check(looks, "cli/x.rs", "//! X.\neprintln!(\"x\");", "eprintln!(");
    check(
        looks,
        "log/x.rs",
        "use x;",
        "its first line does not say what it does",
    );
    check(looks, "log/x.rs", &"//! X.\n".repeat(501), "501 lines");
    assert!(layers(Path::new("cli/x.rs"), "use crate::driver::X;").is_empty());
    assert!(purity(Path::new("log/x.rs"), "use std::fmt::Write;").is_empty());
    assert!(confinement(Path::new("cli/x.rs"), "use std::os::unix::fs;").is_empty());
}
