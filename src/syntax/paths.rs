//! Which files of a tree are meant by paths and globs. Never looks whether there are any.

use std::path::{Component, Path, PathBuf};

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::syntax::gitignore::{self, Ignored};

/// What begins a part of a glob that does not stand for itself.
pub(crate) const WILD: [char; 5] = ['*', '?', '[', '{', '\\'];

/// The files that some globs mean, but for those that are left out.
#[derive(Debug)]
pub(crate) struct Selection {
    base: PathBuf,
    globs: GlobSet,
    reaches: Vec<Reach>,
    left_out: Ignored,
}

/// Where the files of one glob can be.
#[derive(Debug)]
struct Reach {
    /// As far as the glob stands for itself: a directory, or the one file that is meant.
    root: PathBuf,
    /// How many parts the longest path has that it means; `None`: any number.
    depth: Option<usize>,
}

/// # Errors
/// It is no glob: why not.
pub(crate) fn check(glob: &str) -> Result<(), String> {
    compiled(glob)
        .map(|_| ())
        .map_err(|why| why.kind().to_string())
}

fn compiled(glob: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(glob).literal_separator(true).build()
}

impl Selection {
    /// `globs`: from `base`, which is absolute; a directory stands for all below it. What is no glob means nothing.
    /// `left_out`: as lines of a `.gitignore` in `base`.
    pub(crate) fn new(base: &Path, globs: &[String], left_out: &[String]) -> Self {
        let mut set = GlobSetBuilder::new();
        let mut reaches = Vec::new();
        for glob in globs {
            let (root, rest) = split(base, glob);
            let below = match rest.as_str() {
                "" => vec![String::new(), "/**".into()],
                rest => vec![format!("/{rest}")],
            };
            let root_text = globset::escape(&root.to_string_lossy());
            for below in below {
                let whole = format!("{}{below}", root_text.trim_end_matches('/'));
                if let Ok(glob) = compiled(&whole) {
                    set.add(glob);
                }
            }
            let is_deep = rest.is_empty() || rest.contains("**") || rest.contains('{');
            let parts = || root.components().count() + rest.split('/').count();
            let depth = (!is_deep).then(parts);
            reaches.push(Reach { root, depth });
        }
        Self {
            base: base.to_path_buf(),
            globs: set.build().unwrap_or_default(),
            reaches,
            left_out: gitignore::parse(&left_out.join("\n")),
        }
    }

    /// Whether it is one of the files.
    pub(crate) fn has(&self, file: &Path) -> bool {
        self.globs.is_match(file) && !self.leaves_out(file)
    }

    /// Whether one of the files can be in that directory or below it.
    pub(crate) fn may_hold(&self, directory: &Path) -> bool {
        let parts = directory.components().count();
        let leads = |reach: &Reach| {
            let is_below = directory.starts_with(&reach.root);
            let is_deep_enough = reach.depth.is_none_or(|depth| parts < depth);
            reach.root.starts_with(directory) || is_below && is_deep_enough
        };
        self.reaches.iter().any(leads) && !self.is_left_out(directory, true)
    }

    /// Whether a path is named as it stands, without a wildcard, or leads to one that is.
    pub(crate) fn names(&self, path: &Path) -> bool {
        let mut roots = self.reaches.iter().map(|reach| &reach.root);
        roots.any(|root| root.starts_with(path) && *root != self.base)
    }

    /// Whether it is below something in `directory` that is named, or that itself.
    pub(crate) fn names_within(&self, directory: &Path, path: &Path) -> bool {
        let mut roots = self.reaches.iter().map(|reach| &reach.root);
        roots.any(|root| root.starts_with(directory) && path.starts_with(root))
    }

    /// Where to begin to look: what leads to what stands for itself.
    pub(crate) fn roots(&self) -> impl Iterator<Item = &Path> {
        self.reaches.iter().map(|reach| reach.root.as_path())
    }

    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    fn leaves_out(&self, file: &Path) -> bool {
        let parents = file.ancestors().skip(1);
        let mut parents = parents.take_while(|parent| parent.starts_with(&self.base));
        self.is_left_out(file, false) || parents.any(|parent| self.is_left_out(parent, true))
    }

    fn is_left_out(&self, path: &Path, is_directory: bool) -> bool {
        let Ok(below) = path.strip_prefix(&self.base) else {
            return false;
        };
        let text = below.to_string_lossy();
        !text.is_empty() && self.left_out.says_of(&text, is_directory) == Some(true)
    }
}

/// What stands for itself, from `base`, without `.` and `..`, and the rest from the first wildcard on.
fn split(base: &Path, glob: &str) -> (PathBuf, String) {
    let mut parts = glob.split('/').peekable();
    let mut root = if glob.starts_with('/') {
        PathBuf::from("/")
    } else {
        base.to_path_buf()
    };
    while let Some(part) = parts.next_if(|part| !part.contains(WILD)) {
        match Path::new(part).components().next() {
            Some(Component::ParentDir) => {
                root.pop();
            }
            Some(Component::Normal(name)) => root.push(name),
            Some(Component::CurDir | Component::RootDir | Component::Prefix(_)) | None => {}
        }
    }
    let rest = parts.filter(|part| !part.is_empty() && *part != ".");
    (root, rest.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(globs: &[&str], left_out: &[&str]) -> Selection {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        Selection::new(Path::new("/app"), &owned(globs), &owned(left_out))
    }

    #[test]
    fn a_glob_means_what_people_mean_by_it() {
        let check = |glob: &str, path: &str, expected| {
            assert_eq!(
                selection(&[glob], &[]).has(Path::new(path)),
                expected,
                "{glob} and {path}"
            );
        };
        check("src", "/app/src/a/b.py", true);
        check("src/", "/app/src/b.py", true);
        check("./src", "/app/src/b.py", true);
        check("src", "/app/srcs/b.py", false);
        check("app.py", "/app/app.py", true);
        check("app.py", "/app/src/app.py", false);
        check("*.py", "/app/app.py", true);
        check("*.py", "/app/src/app.py", false);
        check("**/*.py", "/app/app.py", true);
        check("**/*.py", "/app/src/a/app.py", true);
        check("src/**/*.{js,ts}", "/app/src/a/b/c.ts", true);
        check("src/**/*.{js,ts}", "/app/src/c.js", true);
        check("src/**/*.{js,ts}", "/app/src/c.jsx", false);
        check("src/*", "/app/src/a", true);
        check("src/*", "/app/src/a/b", false);
        check("src/[ab].py", "/app/src/b.py", true);
        check("../lib/**/*.py", "/lib/a/b.py", true);
        check("/etc/hosts", "/etc/hosts", true);
        check(".", "/app/a/b", true);
        check("**", "/app/a/b", true);
        check("[", "/app/[", false);
    }

    #[test]
    fn what_is_left_out_is_so_with_all_below_it() {
        let selection = selection(&["**/*.js"], &["*.test.js", "tmp/", "/dist"]);
        let check = |path: &str, expected| {
            assert_eq!(selection.has(Path::new(path)), expected, "{path}");
        };
        check("/app/a.js", true);
        check("/app/src/a.test.js", false);
        check("/app/src/tmp/a/b.js", false);
        check("/app/dist/b.js", false);
        check("/app/src/dist/b.js", true);
        assert!(!selection.may_hold(Path::new("/app/src/tmp")));
        assert!(selection.may_hold(Path::new("/app/src/dist")));
    }

    #[test]
    fn directories_that_cannot_matter_are_not_looked_into() {
        let check = |glob: &str, directory: &str, expected| {
            let may_hold = selection(&[glob], &[]).may_hold(Path::new(directory));
            assert_eq!(may_hold, expected, "{glob} and {directory}");
        };
        check("src", "/app", true);
        check("src", "/app/src", true);
        check("src", "/app/src/a/b", true);
        check("src", "/app/node_modules", false);
        check("*.py", "/app", true);
        check("*.py", "/app/src", false);
        check("src/*/a.py", "/app/src/x", true);
        check("src/*/a.py", "/app/src/x/y", false);
        check("src/**/a.py", "/app/src/x/y", true);
        check("../lib", "/lib/x", true);
        check("../lib", "/app", false);
    }

    #[test]
    fn what_stands_for_itself_is_named() {
        let selection = selection(&["dist/app.js", "**/*.py"], &[]);
        assert!(selection.names(Path::new("/app/dist")));
        assert!(selection.names(Path::new("/app/dist/app.js")));
        assert!(!selection.names(Path::new("/app/src")));
        assert!(selection.names_within(Path::new("/app/dist"), Path::new("/app/dist/app.js")));
        assert!(!selection.names_within(Path::new("/app/dist"), Path::new("/app/dist/b.py")));
        assert_eq!(
            check("src/[a"),
            Err("unclosed character class; missing ']'".into())
        );
    }
}
