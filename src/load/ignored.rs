//! Whether git would add a file, by its own ignore files. git itself is not asked: in a repository of somebody else's
//! it may run what is configured there, and the `git` of PATH may be that repository's.

use std::path::{Path, PathBuf};

use crate::os::file;
use crate::os::process::home;
use crate::syntax::gitignore::{self, Ignored};

/// What is ignored below a directory.
#[derive(Debug)]
pub(super) struct Source {
    directory: PathBuf,
    ignored: Ignored,
}

/// Whether git would add the file `name` of `directory`: it is in a repository, and nothing ignores it. What git's
/// configuration names besides the usual file of the user is not known.
pub(crate) fn is_unignored(directory: &Path, name: &str) -> bool {
    let repository = directory.ancestors().find(|it| it.join(".git").exists());
    repository.is_some_and(|repository| !is_ignored(repository, &directory.join(name)))
}

/// By itself, or with a directory that it is in.
fn is_ignored(repository: &Path, file: &Path) -> bool {
    let below: Vec<&Path> = file
        .ancestors()
        .take_while(|path| *path != repository)
        .collect();
    let mut sources: Vec<Source> = [users_own(), Some(repository.join(".git/info/exclude"))]
        .into_iter()
        .flatten()
        .map(|file| source(repository, &file))
        .collect();
    for path in below.iter().rev() {
        let parent = path.parent().unwrap_or(repository);
        sources.push(source(parent, &parent.join(".gitignore")));
        let said = sources
            .iter()
            .rev()
            .find_map(|it| it.says_of(path, *path != file));
        if said == Some(true) {
            return true;
        }
    }
    false
}

pub(super) fn users_own() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CONFIG_HOME").filter(|base| !base.is_empty());
    let base = base
        .map(PathBuf::from)
        .or_else(|| Some(home()?.join(".config")));
    Some(base?.join("git/ignore"))
}

/// What cannot be read ignores nothing.
pub(super) fn source(directory: &Path, file: &Path) -> Source {
    let bytes = file::read(file).map_or(Vec::new(), |content| content.bytes);
    Source {
        directory: directory.to_path_buf(),
        ignored: gitignore::parse(&String::from_utf8_lossy(&bytes)),
    }
}

impl Source {
    pub(super) fn of(directory: &Path, ignored: Ignored) -> Self {
        Self {
            directory: directory.to_path_buf(),
            ignored,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ignored.is_empty()
    }

    pub(super) fn says_of(&self, path: &Path, is_directory: bool) -> Option<bool> {
        let path = path.strip_prefix(&self.directory).ok()?;
        self.ignored.says_of(&path.to_string_lossy(), is_directory)
    }
}
