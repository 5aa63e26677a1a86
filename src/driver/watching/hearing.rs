//! What is heard of watched directories, and found in new ones: for whom it counts.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::driver::watching::asks::{Ask, Asker};
use crate::driver::watching::gathering::Gathering;
use crate::driver::watching::walk::{self, Found, Place, Start, Younger};
use crate::driver::watching::{News, Watching, trees};
use crate::os::notifier::{self, Happening, Kind, Notifier, Told};

/// A file in which what is ignored stands.
const RULES: &str = ".gitignore";

impl Watching {
    pub(super) fn hear(&mut self, told: io::Result<Vec<Told>>) {
        let Ok(told) = told else {
            // The descriptor is broken: no more is heard.
            self.notifier = None;
            return;
        };
        for told in told {
            match told {
                Told::Happened(happening) => self.happened(happening),
                Told::Lost => self.lost(),
            }
        }
        self.walk();
    }

    fn happened(&mut self, happening: Happening) {
        let path = happening.directory.join(&happening.name);
        let kind = happening.kind;
        self.note_settings(&path, kind);
        let Some(place) = self.directories.get(&happening.directory) else {
            if self.is_walking {
                self.early.push(happening);
            }
            return;
        };
        if happening.is_directory {
            self.directory_happened(path, kind);
        } else {
            let counts = |ask: &&Ask| walk::counts(&ask.selection, &path, place);
            for ask in trees(&self.asks).filter(counts) {
                note(&mut self.gathered, ask, &path, kind);
            }
            if happening.name == OsStr::new(RULES) {
                self.begin_anew();
            }
        }
    }

    fn note_settings(&mut self, path: &Path, kind: Kind) {
        let mut asks = self.asks.iter();
        let settings = asks.find(|ask| ask.asker == Asker::Settings);
        if let Some(ask) = settings.filter(|ask| ask.has(path)) {
            // Of a write itself nothing is told.
            let kind = match kind {
                Kind::Closed => Kind::Arrived,
                Kind::Made
                | Kind::Arrived
                | Kind::Written
                | Kind::Attributes
                | Kind::Removed
                | Kind::MovedAway => kind,
            };
            note(&mut self.gathered, ask, path, kind);
        }
    }

    fn directory_happened(&mut self, path: PathBuf, kind: Kind) {
        match kind {
            Kind::Made | Kind::Arrived => {
                let parent = path.parent().and_then(|it| self.directories.get(it));
                self.starts.extend(parent.cloned().map(|place| Start {
                    base: path.clone(),
                    directory: path,
                    known: Some(place),
                    changes: Younger::All,
                }));
            }
            Kind::Removed | Kind::MovedAway => {
                // Of what is removed each file was told; what is moved away is told as one.
                if kind == Kind::MovedAway && self.directories.contains_key(&path) {
                    let holds = |ask: &&Ask| ask.selection.may_hold(&path);
                    for ask in trees(&self.asks).filter(holds) {
                        note(&mut self.gathered, ask, &path, kind);
                    }
                }
                self.forget(&path);
            }
            Kind::Written | Kind::Attributes | Kind::Closed => {}
        }
    }

    /// A directory is not there any more, with all that was in it.
    fn forget(&mut self, gone: &Path) {
        let watches = self.notifier.as_ref().map(Notifier::watches);
        self.directories.retain(|directory, _| {
            let is_gone = directory.starts_with(gone);
            if let Some(watches) = watches.as_ref().filter(|_| is_gone) {
                watches.remove(directory);
            }
            !is_gone
        });
    }

    /// Nobody knows what has changed; that something has is certain.
    fn lost(&mut self) {
        for ask in &self.asks {
            note(&mut self.gathered, ask, ask.selection.base(), Kind::Arrived);
        }
        self.begin_anew();
    }

    /// What is ignored is something else now, or nobody knows what is there.
    fn begin_anew(&mut self) {
        self.starts.clear();
        let asks = std::mem::take(&mut self.asks);
        self.leave_unwanted();
        for ask in &asks {
            self.begin(ask, Some(notifier::file_time()));
        }
        self.asks = asks;
    }

    pub(super) fn take_in(&mut self, found: Vec<Found>) -> Vec<News> {
        let mut news = Vec::new();
        for found in found {
            match found {
                Found::Directory {
                    path,
                    place,
                    files,
                    is_new,
                } => {
                    self.note_found(&files, &place, is_new);
                    self.found(path, place);
                }
                Found::Blind { directory, why } => {
                    if !self.said.contains(&why) {
                        self.said.push(why.clone());
                        let files = directory;
                        news.push(News::Blind { files, why });
                    }
                }
                Found::Done => {
                    self.is_walking = false;
                    self.early.clear();
                    self.walk();
                }
            }
        }
        news
    }

    fn note_found(&mut self, files: &[PathBuf], place: &Place, is_new: bool) {
        for ask in trees(&self.asks).filter(|ask| is_new || ask.counts_times()) {
            let counts = |file: &&PathBuf| walk::counts(&ask.selection, file, place);
            for file in files.iter().filter(counts) {
                note(&mut self.gathered, ask, file, Kind::Arrived);
            }
        }
    }

    fn found(&mut self, path: PathBuf, place: Place) {
        self.directories.insert(path.clone(), place);
        let early = std::mem::take(&mut self.early);
        let (known, early) = early.into_iter().partition(|it| it.directory == path);
        self.early = early;
        let known: Vec<Happening> = known;
        known.into_iter().for_each(|it| self.happened(it));
    }
}

/// What happened to a file counts for `ask`.
fn note(gathered: &mut HashMap<Asker, Gathering>, ask: &Ask, file: &Path, kind: Kind) {
    let gathering = gathered.entry(ask.asker).or_default();
    gathering.note(file, kind, ask.counting, Instant::now());
}
