//! Goes through trees and has their directories watched, in a thread of its own that ends with that: a file system
//! that hangs holds up nobody else.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::SystemTime;

use tokio::sync::mpsc::UnboundedSender;

use crate::driver::watching::blind;
use crate::load::rules::Rules;
use crate::os::notifier::{self, Detail, Watches};
use crate::syntax::paths::Selection;
use crate::words::watching::Blind;

/// More directories are not watched: each costs the kernel a kilobyte.
const MOST: usize = 50_000;

/// What is to be looked through.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) directory: PathBuf,
    /// From where ignore files count that are in no repository.
    pub(super) base: PathBuf,
    /// Of what it is in; `None`: nothing is known of that.
    pub(super) known: Option<Place>,
    /// Which of the files are changes that nobody was told of.
    pub(super) changes: Younger,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Younger {
    /// All: the directory is new.
    All,
    Than(SystemTime),
    None,
}

impl Start {
    /// By directory; of the same one that comes first which takes most for changes.
    pub(super) fn order(&self) -> (&Path, Younger) {
        (&self.directory, self.changes)
    }
}

/// What is known of a directory that is watched, or of the one that it is in.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) rules: Rules,
    /// The first directory on the way to it that is ignored: only what is named counts in there.
    pub(super) ignored: Option<PathBuf>,
}

#[derive(Debug)]
pub(super) enum Found {
    /// A directory is watched now, and these files in it are changes.
    Directory {
        path: PathBuf,
        place: Place,
        files: Vec<PathBuf>,
        /// It was made just now, and all files in it with it.
        is_new: bool,
    },
    Blind {
        directory: PathBuf,
        why: Blind,
    },
    Done,
}

/// Begins; the last thing that is found is [`Found::Done`].
pub(super) fn begin(
    starts: Vec<Start>,
    selections: Vec<Arc<Selection>>,
    watches: Arc<Watches>,
    found: UnboundedSender<Found>,
) {
    let mut walk = Walk {
        selections,
        watches,
        found,
        count: 0,
    };
    let fallback = walk.found.clone();
    let thread = thread::Builder::new()
        .name("watching".into())
        .spawn(move || {
            for start in starts {
                if !walk.tree(start) {
                    break;
                }
            }
            walk.tell(Found::Done);
        });
    if let Err(error) = thread {
        let why = Blind::Cause(crate::os::words_of(&error));
        let directory = PathBuf::new();
        // Whoever asked is gone.
        let _ = fallback.send(Found::Blind { directory, why });
        let _ = fallback.send(Found::Done);
    }
}

/// Whether `selection` has use for a directory.
pub(super) fn enters(selection: &Selection, directory: &Path, place: &Place) -> bool {
    selection.may_hold(directory)
        && match &place.ignored {
            Some(top) => selection.names_within(top, directory) || selection.names(directory),
            None => !place.rules.ignores(directory, true) || selection.names(directory),
        }
}

/// Whether a change of a file that is in a place counts for `selection`.
pub(super) fn counts(selection: &Selection, file: &Path, place: &Place) -> bool {
    selection.has(file)
        && match &place.ignored {
            Some(top) => selection.names_within(top, file),
            None => !place.rules.ignores(file, false) || selection.names(file),
        }
}

/// What holds in `directory`, which is in a place.
pub(super) fn within(directory: &Path, place: &Place) -> Place {
    let ignored = place.ignored.clone().or_else(|| {
        let is_ignored = place.rules.ignores(directory, true);
        is_ignored.then(|| directory.to_path_buf())
    });
    Place {
        rules: place.rules.below(directory),
        ignored,
    }
}

struct Walk {
    selections: Vec<Arc<Selection>>,
    watches: Arc<Watches>,
    found: UnboundedSender<Found>,
    count: usize,
}

impl Walk {
    fn tell(&self, found: Found) {
        // Whoever asked is gone.
        let _ = self.found.send(found);
    }

    /// Whether to go on with others.
    fn tree(&mut self, start: Start) -> bool {
        let (top, place) = match start.known {
            Some(above) => {
                let place = within(&start.directory, &above);
                (start.directory, place)
            }
            None => top(&start.directory, &start.base),
        };
        if let Some(kind) = notifier::network_kind(&top) {
            let why = Blind::Network { kind: kind.into() };
            let directory = top.clone();
            self.tell(Found::Blind { directory, why });
        }
        let mut left = vec![(top, place)];
        while let Some((directory, place)) = left.pop() {
            self.count += 1;
            let why = match self.watches.add(&directory, Detail::All) {
                Ok(()) if self.count <= MOST => {
                    left.extend(self.look_into(directory, place, start.changes));
                    continue;
                }
                Ok(()) => Blind::TooMany { directories: MOST },
                Err(unwatched) => match blind(unwatched) {
                    Some(why) => why,
                    None => continue,
                },
            };
            self.tell(Found::Blind { directory, why });
            return false;
        }
        true
    }

    /// Tells of it, and returns the directories in it that are worth a look.
    fn look_into(
        &self,
        directory: PathBuf,
        place: Place,
        changes: Younger,
    ) -> Vec<(PathBuf, Place)> {
        let (mut files, mut directories) = (Vec::new(), Vec::new());
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        for entry in entries {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let is_named = || self.selections.iter().any(|it| it.names(&path));
            // A link may lead anywhere, also to where it is itself.
            let is_directory = kind.is_dir() || kind.is_symlink() && is_named() && path.is_dir();
            if is_directory {
                let mut selections = self.selections.iter();
                if selections.any(|it| enters(it, &path, &place)) {
                    let place = within(&path, &place);
                    directories.push((path, place));
                }
            } else if is_change(&entry, changes) {
                files.push(path);
            }
        }
        self.tell(Found::Directory {
            path: directory,
            place,
            files,
            is_new: matches!(changes, Younger::All),
        });
        directories
    }
}

/// The nearest directory that there is, and what holds in it.
fn top(wanted: &Path, base: &Path) -> (PathBuf, Place) {
    let there = wanted.ancestors().find(|it| it.is_dir());
    let there = there.unwrap_or(Path::new("/"));
    let (above, ignored) = Rules::above(there, base);
    let rules = above.below(there);
    (there.to_path_buf(), Place { rules, ignored })
}

fn is_change(entry: &fs::DirEntry, changes: Younger) -> bool {
    let since = match changes {
        Younger::All => return true,
        Younger::None => return false,
        Younger::Than(since) => since,
    };
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified >= since)
}
