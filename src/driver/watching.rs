//! Watches the files that somebody asks for, as long as he does, and tells once it is calm after a change.

mod asks;
mod gathering;
mod hearing;
mod walk;

use std::collections::{HashMap, HashSet};
use std::future;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use tokio::sync::mpsc;

use crate::driver::at;
use crate::driver::watching::asks::{Ask, Asker};
use crate::driver::watching::gathering::Gathering;
use crate::driver::watching::walk::{Found, Place, Start, Younger};
use crate::os::notifier::{self, Detail, Happening, Notifier, Told, Unwatched};
use crate::plan::Plan;
use crate::words::watching::Blind;

/// So much is taken in before others have their turn.
const AT_ONCE: usize = 1024;

/// All that is watched now.
#[derive(Debug)]
pub(super) struct Watching {
    /// `None`: nobody has asked yet, or there is none to be had.
    notifier: Option<Notifier>,
    /// That there is none to be had was said.
    is_blind: bool,
    asks: Vec<Ask>,
    /// Those that are watched for trees.
    directories: HashMap<PathBuf, Place>,
    /// What happened in directories that are not known yet.
    early: Vec<Happening>,
    found: mpsc::UnboundedReceiver<Found>,
    finder: mpsc::UnboundedSender<Found>,
    is_walking: bool,
    /// To be looked through once the present walk is over.
    starts: Vec<Start>,
    gathered: HashMap<Asker, Gathering>,
    /// What was said not to be seen.
    said: Vec<Blind>,
    /// When the present turn of the loop began: what was changed later counts.
    since: SystemTime,
    /// The plan has changed since it was last asked by it.
    pub(super) is_replanned: bool,
    /// The plan before the files were read again; `None`: they were not, or all that is in them was applied.
    unapplied: Option<Plan>,
}

/// What is to be told.
#[derive(Debug)]
pub(super) enum News {
    Changed {
        asker: Asker,
        /// As it is shown.
        file: String,
        others: usize,
    },
    /// Not all of `files` is seen.
    Blind { files: PathBuf, why: Blind },
}

impl Watching {
    pub(super) fn new() -> Self {
        let (finder, found) = mpsc::unbounded_channel();
        Self {
            notifier: None,
            is_blind: false,
            asks: Vec::new(),
            directories: HashMap::new(),
            early: Vec::new(),
            found,
            finder,
            is_walking: false,
            starts: Vec::new(),
            gathered: HashMap::new(),
            said: Vec::new(),
            since: notifier::file_time(),
            is_replanned: true,
            unapplied: None,
        }
    }

    /// What happens from now on counts for who is asked for in this turn.
    pub(super) fn begin_turn(&mut self) {
        self.since = notifier::file_time();
    }

    /// The files are read again, and their changes not yet applied to whom they touch.
    pub(super) fn plan_changes(&mut self, before: &Plan) {
        self.unapplied.get_or_insert_with(|| before.clone());
    }

    /// From now on these and no others are watched. What cannot be watched is returned.
    fn ask(&mut self, asks: Vec<Ask>) -> Option<News> {
        let before = self.by_asker();
        let is_new = |ask: &&Ask| before.get(&ask.asker) != Some(ask);
        let new: Vec<Ask> = asks.iter().filter(is_new).cloned().collect();
        self.asks = asks;
        let askers: HashSet<Asker> = self.asks.iter().map(|ask| ask.asker).collect();
        self.gathered.retain(|asker, _| askers.contains(asker));
        self.leave_unwanted();
        if new.is_empty() {
            return None;
        }
        if let Err(blind) = self.open() {
            return blind;
        }
        for ask in &new {
            self.begin(ask, Some(self.since));
        }
        self.walk();
        None
    }

    /// No change matters any more.
    fn end(&mut self) {
        if let Some(notifier) = &self.notifier {
            notifier.watches().remove_all();
        }
    }

    fn by_asker(&self) -> HashMap<Asker, &Ask> {
        self.asks.iter().map(|ask| (ask.asker, ask)).collect()
    }

    /// # Errors
    /// There is none to be had, which is said once.
    fn open(&mut self) -> Result<(), Option<News>> {
        if self.notifier.is_some() {
            return Ok(());
        }
        let why = match Notifier::new() {
            Ok(notifier) => {
                self.notifier = Some(notifier);
                return Ok(());
            }
            Err(unwatched) => blind(unwatched).ok_or(None)?,
        };
        let files = self.asks.first().map(|ask| ask.selection.base());
        let files = files.unwrap_or(Path::new("/")).to_path_buf();
        let is_said = std::mem::replace(&mut self.is_blind, true);
        Err((!is_said).then_some(News::Blind { files, why }))
    }

    fn begin(&mut self, ask: &Ask, since: Option<SystemTime>) {
        let Some(notifier) = &self.notifier else {
            return;
        };
        if ask.asker == Asker::Settings {
            for directory in &ask.directories {
                let added = notifier.watches().add(directory, Detail::Ends);
                // One that is missing was there when its files were read; they are read anew before each run.
                if let Some(why) = added.err().and_then(blind) {
                    let directory = directory.clone();
                    let _ = self.finder.send(Found::Blind { directory, why });
                }
            }
            return;
        }
        let since = since.filter(|_| ask.counts_times());
        let starts = ask.directories.iter().map(|directory| Start {
            directory: directory.clone(),
            known: None,
            base: ask.selection.base().to_path_buf(),
            changes: since.map_or(Younger::None, Younger::Than),
        });
        self.starts.extend(starts);
    }

    /// One walk at a time.
    fn walk(&mut self) {
        let Some(notifier) = &self.notifier else {
            return;
        };
        if self.is_walking || self.starts.is_empty() {
            return;
        }
        self.is_walking = true;
        let selections = trees(&self.asks).map(|ask| ask.selection.clone());
        let selections = selections.collect();
        let mut starts = std::mem::take(&mut self.starts);
        // Several watch the same.
        starts.sort_by(|one, other| one.order().cmp(&other.order()));
        starts.dedup_by(|one, other| one.directory == other.directory);
        walk::begin(starts, selections, notifier.watches(), self.finder.clone());
    }

    /// Directories that nobody has use for any more are not watched any more.
    fn leave_unwanted(&mut self) {
        let Some(notifier) = &self.notifier else {
            return;
        };
        let watches = notifier.watches();
        let asks = &self.asks;
        self.directories.retain(|directory, _| {
            let is_asked =
                |ask: &Ask| ask.selection.may_hold(directory) || ask.begins_in(directory);
            let is_wanted = trees(asks).any(is_asked);
            if !is_wanted {
                watches.remove(directory);
                if is_of_settings(asks, directory) {
                    // Of all that is written there nobody wants to hear any more.
                    let _ = watches.add(directory, Detail::Ends);
                }
            }
            is_wanted
        });
    }

    /// What is to be told next: nothing, for ever, while nothing happens. Nothing is lost if it is dropped before it
    /// resolves.
    pub(super) async fn next(&mut self) -> Vec<News> {
        loop {
            let news = self.take_due(Instant::now());
            if !news.is_empty() {
                return news;
            }
            let due = self.due_at();
            let mut found = Vec::new();
            tokio::select! {
                told = told(&mut self.notifier) => self.hear(told),
                _ = self.found.recv_many(&mut found, AT_ONCE) => {
                    let news = self.take_in(found);
                    if !news.is_empty() {
                        return news;
                    }
                }
                () = at(due) => {}
            }
        }
    }

    fn due_at(&self) -> Option<Instant> {
        let gathered = self.gathered.values();
        gathered.filter_map(|it| it.due_at(self.is_walking)).min()
    }

    fn take_due(&mut self, now: Instant) -> Vec<News> {
        let mut news = Vec::new();
        for ask in &self.asks {
            let Some(gathering) = self.gathered.get_mut(&ask.asker) else {
                continue;
            };
            if gathering.due_at(self.is_walking).is_none_or(|at| at > now) {
                continue;
            }
            if ask.expects_more() && gathering.waits_on(now) {
                continue;
            }
            news.extend(gathering.take().map(|(file, others)| News::Changed {
                asker: ask.asker,
                file: asks::shown(ask.selection.base(), &file),
                others,
            }));
        }
        news
    }
}

/// What is not there is nothing that is not seen.
fn blind(unwatched: Unwatched) -> Option<Blind> {
    match unwatched {
        Unwatched::Missing => None,
        Unwatched::Limit(setting) => Some(Blind::Limit {
            setting: setting.into(),
        }),
        Unwatched::Other(error) => Some(Blind::Cause(crate::os::words_of(&error))),
    }
}

/// Those that are of whole trees, and not of the settings' files.
fn trees(asks: &[Ask]) -> impl Iterator<Item = &Ask> {
    asks.iter().filter(|ask| ask.asker != Asker::Settings)
}

/// The files of the settings are in it.
fn is_of_settings(asks: &[Ask], directory: &Path) -> bool {
    let mut settings = asks.iter().filter(|ask| ask.asker == Asker::Settings);
    settings.any(|ask| ask.begins_in(directory))
}

async fn told(notifier: &mut Option<Notifier>) -> std::io::Result<Vec<Told>> {
    match notifier {
        Some(notifier) => notifier.next().await,
        None => future::pending().await,
    }
}
