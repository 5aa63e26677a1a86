//! Whether git is at work on a tree, as when it checks out another branch.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::os::file::{self, Patience};

/// A git that was killed has left its lock behind.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// The file that is there as long as git writes to the tree that `directory` is in. `None`: it is in no repository.
pub(crate) fn lock(directory: &Path) -> Option<PathBuf> {
    let mut ancestors = directory.ancestors().map(|it| it.join(".git"));
    let git = ancestors.find(|it| it.exists())?;
    if git.is_dir() {
        return Some(git.join("index.lock"));
    }
    // A further work tree, or a submodule: it says where.
    let text = String::from_utf8(file::read_within(&git, Patience::NONE).ok()?.bytes).ok()?;
    let place = text.trim().strip_prefix("gitdir: ")?;
    Some(git.parent()?.join(place).join("index.lock"))
}

/// Whether that file is there, and not forgotten.
pub(crate) fn is_at_work(lock: &Path) -> bool {
    let modified = fs::metadata(lock).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| {
        let age = SystemTime::now().duration_since(modified);
        age.is_ok_and(|age| age < FORGOTTEN)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::directory::temporary;

    #[test]
    fn a_lock_is_found_from_below_and_in_a_further_work_tree() {
        let root = temporary().join(format!("devrun-test-{}-checkout", std::process::id()));
        let tree = root.join("tree");
        fs::create_dir_all(root.join(".git/worktrees/tree")).unwrap();
        fs::create_dir_all(root.join("src/a")).unwrap();
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join(".git"), "gitdir: ../.git/worktrees/tree\n").unwrap();
        let own = lock(&root.join("src/a")).unwrap();
        assert_eq!(own, root.join(".git/index.lock"));
        assert!(!is_at_work(&own));
        fs::write(&own, "").unwrap();
        assert!(is_at_work(&own));
        let further = lock(&tree).unwrap();
        assert!(!is_at_work(&further));
        fs::write(root.join(".git/worktrees/tree/index.lock"), "").unwrap();
        assert!(is_at_work(&further));
        fs::remove_dir_all(&root).unwrap();
    }
}
