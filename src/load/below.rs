//! Looks for apps below a directory that is none itself, so that people can be told where they are.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use crate::load::find::usual;

/// `apps/shop`, `services/api`: people do not hide them deeper.
const DEPTH: usize = 3;
/// What is looked at in all: a home directory is not searched.
const MOST: usize = 2_000;
/// Other people's Procfiles are in there, if any.
const SKIPPED: [&str; 3] = ["node_modules", "target", "vendor"];

/// The directories below that have a Procfile, from this one, in order.
pub(super) fn apps(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = MOST;
    let mut queue = VecDeque::from([(PathBuf::new(), 0)]);
    while let Some((below, depth)) = queue.pop_front() {
        let Ok(entries) = std::fs::read_dir(directory.join(&below)) else {
            continue;
        };
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        left = left.saturating_sub(names.len());
        names.sort();
        for name in names {
            let path = below.join(&name);
            let is_skipped = SKIPPED.iter().any(|skipped| name == *skipped)
                || name.to_string_lossy().starts_with('.');
            if is_skipped || !directory.join(&path).is_dir() {
                continue;
            }
            if usual(&directory.join(&path)).is_some() {
                found.push(path);
            } else if depth + 1 < DEPTH && left > 0 {
                queue.push_back((path, depth + 1));
            }
        }
    }
    found.sort();
    found
}

/// Globs that name these directories: `apps/*` for several of one parent.
pub(super) fn globs(found: &[PathBuf]) -> Vec<String> {
    let mut globs: Vec<String> = Vec::new();
    for path in found {
        let has_parent = |other: &&PathBuf| other.parent() == path.parent();
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let glob = match parent {
            Some(parent) if found.iter().filter(has_parent).count() > 1 => parent.join("*"),
            Some(_) | None => path.clone(),
        };
        let glob = glob.display().to_string();
        if !globs.contains(&glob) {
            globs.push(glob);
        }
    }
    globs
}
