//! What one ignore file of git's ignores. git itself is not asked: in a repository of somebody else's it may run what is
//! configured there, and the `git` of PATH may be that repository's.

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
