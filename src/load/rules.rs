//! What the `.gitignore` files from a directory upwards ignore in it, read once: for many files, or for one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::load::ignored::{Source, source, users_own};
use crate::syntax::gitignore;

/// Nobody means to watch these, whatever git says: its own files, and what editors write beside a file for a moment.
const USUAL: &str = ".git\n.hg\n.svn\n.jj\n*~\n.*.sw?\n.*.swpx\n4913\n.#*\n\\#*\\#\n.DS_Store\n.goutputstream-*\n*___jb_tmp___\n*___jb_old___\n";

/// Whether git would add the file `name` of `directory`: it is in a repository, and nothing ignores it. What git's
/// configuration names besides the usual file of the user is not known.
pub(crate) fn is_unignored(directory: &Path, name: &str) -> bool {
    let mut ancestors = directory.ancestors();
    let repository = ancestors.find(|it| it.join(".git").exists());
    repository.is_some_and(|repository| {
        let (above, ignored) = Rules::default().of_git(directory, repository);
        let is_ignored = |rules: Rules| rules.ignores(&directory.join(name), false);
        ignored.is_none() && !is_ignored(above.below(directory))
    })
}

/// The rules of one directory. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules(Option<Arc<Node>>);

#[derive(Debug)]
struct Node {
    source: Source,
    above: Rules,
}

impl Rules {
    /// Of what is above `directory`, from its repository on, or from `top`; and the first of the directories from there
    /// to `directory` that is ignored, if one is.
    pub(crate) fn above(directory: &Path, top: &Path) -> (Self, Option<PathBuf>) {
        let mut ancestors = directory.ancestors();
        let repository = ancestors.find(|it| it.join(".git").exists());
        let top = match repository {
            Some(repository) => repository,
            None if directory.starts_with(top) => top,
            None => directory,
        };
        let usual = Source::of(top, gitignore::parse(USUAL));
        Self::default().with(usual).of_git(directory, top)
    }

    /// With those of git's own files from `top` to above `directory`; and the same of what is ignored.
    fn of_git(self, directory: &Path, top: &Path) -> (Self, Option<PathBuf>) {
        let mut rules = self;
        if let Some(own) = users_own() {
            rules = rules.with(source(top, &own));
        }
        rules = rules.with(source(top, &top.join(".git/info/exclude")));
        let way = directory.ancestors().take_while(|it| *it != top);
        let mut way: Vec<&Path> = way.collect();
        way.reverse();
        let mut ignored = None;
        let mut parent = top;
        for path in way {
            rules = rules.below(parent);
            if ignored.is_none() && rules.ignores(path, true) {
                ignored = Some(path.to_path_buf());
            }
            parent = path;
        }
        (rules, ignored)
    }

    /// Those of what is in `directory`, which these are for.
    pub(crate) fn below(&self, directory: &Path) -> Self {
        self.clone()
            .with(source(directory, &directory.join(".gitignore")))
    }

    fn with(self, source: Source) -> Self {
        if source.is_empty() {
            return self;
        }
        let above = self;
        Self(Some(Arc::new(Node { source, above })))
    }

    /// By itself: what it is in is another question.
    pub(crate) fn ignores(&self, path: &Path, is_directory: bool) -> bool {
        let mut node = self.0.as_ref();
        while let Some(rules) = node {
            if let Some(said) = rules.source.says_of(path, is_directory) {
                return said;
            }
            node = rules.above.0.as_ref();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::os::directory::temporary;

    #[test]
    fn the_nearest_file_has_the_last_word_and_an_ignored_directory_is_named() {
        let root = temporary().join(format!("devrun-test-{}-rules", std::process::id()));
        let inner = root.join("src/inner");
        fs::create_dir_all(&inner).unwrap();
        fs::create_dir_all(root.join(".git/info")).unwrap();
        fs::write(root.join(".gitignore"), "dist/\n*.out\n").unwrap();
        fs::write(root.join(".git/info/exclude"), "mine.py\n").unwrap();
        fs::write(root.join("src/.gitignore"), "!kept.out\n").unwrap();
        let (above, ignored) = Rules::above(&inner, &root);
        assert_eq!(ignored, None);
        let rules = above.below(&inner);
        let check = |file: &str, expected| {
            assert_eq!(rules.ignores(&inner.join(file), false), expected, "{file}");
        };
        check("app.py", false);
        check("app.out", true);
        check("kept.out", false);
        check("mine.py", true);
        check("app.py~", true);
        check(".app.py.swp", true);
        assert!(rules.ignores(&inner.join("dist"), true));
        let (_, ignored) = Rules::above(&root.join("dist/a/b"), &root);
        assert_eq!(ignored, Some(root.join("dist")));
        fs::remove_dir_all(&root).unwrap();
    }
}
