//! Watches the files that somebody asks for, as long as he does, and tells once it is calm after a change.

mod asks;
mod gathering;
mod walk;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::future;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use tokio::sync::mpsc;

use crate::driver::at;
use crate::driver::watching::asks::{Ask, Asker};
use crate::driver::watching::gathering::Gathering;
use crate::driver::watching::walk::{Found, Place, Start, Younger};
use crate::os::notifier::{self, Detail, Happening, Kind, Notifier, Told, Unwatched};
use crate::plan::Plan;
use crate::words::watching::Blind;

/// So much is taken in before others have their turn.
const AT_ONCE: usize = 1024;
/// A file in which what is ignored stands.
const RULES: &str = ".gitignore";

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
    said: Vec<(String, Blind)>,
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
        let is_new = |ask: &&Ask| !self.asks.contains(ask);
        let new: Vec<Ask> = asks.iter().filter(is_new).cloned().collect();
        self.asks = asks;
        let is_asked = |asker: &Asker| self.asks.iter().any(|ask| ask.asker == *asker);
        self.gathered.retain(|asker, _| is_asked(asker));
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
            Err(Unwatched::Missing) => return Err(None),
            Err(Unwatched::Limit(setting)) => Blind::Limit {
                setting: setting.into(),
            },
            Err(Unwatched::Other(error)) => Blind::Cause(crate::os::words_of(&error)),
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
                // It was there when its files were read; if not, they are read anew before each run.
                let _ = notifier.watches().add(directory, Detail::Ends);
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
        let trees = self.asks.iter().filter(|ask| ask.asker != Asker::Settings);
        let selections = trees.map(|ask| ask.selection.clone()).collect();
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
            let is_asked = |ask: &Ask| {
                let is_settings = ask.asker == Asker::Settings;
                !is_settings && (ask.selection.may_hold(directory) || ask.begins_in(directory))
            };
            let is_wanted = asks.iter().any(is_asked);
            if !is_wanted && !is_of_settings(asks, directory) {
                watches.remove(directory);
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

    fn hear(&mut self, told: std::io::Result<Vec<Told>>) {
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
            let trees = self.asks.iter().filter(|ask| ask.asker != Asker::Settings);
            for ask in trees.filter(|ask| walk::counts(&ask.selection, &path, place)) {
                let gathering = self.gathered.entry(ask.asker).or_default();
                gathering.note(&path, kind, ask.counting, Instant::now());
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
            let gathering = self.gathered.entry(Asker::Settings).or_default();
            gathering.note(path, kind, ask.counting, Instant::now());
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
                    let trees = self.asks.iter().filter(|ask| ask.asker != Asker::Settings);
                    for ask in trees.filter(|ask| ask.selection.may_hold(&path)) {
                        let gathering = self.gathered.entry(ask.asker).or_default();
                        gathering.note(&path, kind, ask.counting, Instant::now());
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
            let gathering = self.gathered.entry(ask.asker).or_default();
            gathering.note(
                ask.selection.base(),
                Kind::Arrived,
                ask.counting,
                Instant::now(),
            );
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

    fn take_in(&mut self, found: Vec<Found>) -> Vec<News> {
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
                    let kind = (directory.to_string_lossy().into_owned(), why.clone());
                    let is_limit = |(_, said): &(String, Blind)| *said == why;
                    if !self.said.iter().any(is_limit) {
                        self.said.push(kind);
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
        let trees = self.asks.iter().filter(|ask| ask.asker != Asker::Settings);
        for ask in trees.filter(|ask| is_new || ask.counts_times()) {
            let counts = |file: &&PathBuf| walk::counts(&ask.selection, file, place);
            for file in files.iter().filter(counts) {
                let gathering = self.gathered.entry(ask.asker).or_default();
                gathering.note(file, Kind::Arrived, ask.counting, Instant::now());
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
