//! Who asks for which files, by what the supervisor and the plan say now; and what becomes of their changes.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::driver::Driver;
use crate::driver::watching::News;
use crate::driver::watching::gathering::Counting;
use crate::load::checkout;
use crate::plan::{Plan, PlannedProcess, Watch};
use crate::supervisor::{Event, ProcessIndex, Watched};
use crate::syntax::paths::Selection;
use crate::words::notice::Notice;
use crate::words::watching::{Changed, Watching};
use crate::words::wording;

/// Whose name these files of settings have.
const SETTINGS: [&str; 2] = ["devrun.yaml", "devrun.local.yaml"];
/// What running programs write beside their files, and what is no reason to try a failed one again.
const BY_PROGRAMS: [&str; 12] = [
    "*.log",
    "*.pid",
    "*.lock",
    "*.sqlite3*",
    "*.db*",
    "*.pyc",
    "log/",
    "logs/",
    "tmp/",
    "node_modules/",
    "__pycache__/",
    ".venv/",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::driver) enum Asker {
    Process(ProcessIndex),
    /// The session, for its settings.
    Settings,
}

#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) asker: Asker,
    what: What,
    pub(super) selection: Arc<Selection>,
    pub(super) counting: Counting,
    /// There while git writes to its tree.
    pub(super) git_lock: Option<PathBuf>,
    /// Where to begin to look.
    pub(super) directories: Vec<PathBuf>,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Watch(Watch),
    Directory(PathBuf),
    Files(Vec<PathBuf>),
}

impl PartialEq for Ask {
    fn eq(&self, other: &Self) -> bool {
        self.asker == other.asker && self.what == other.what
    }
}

impl Ask {
    /// Whether what was changed before it could be watched counts, by its time. In the directory of one that has failed
    /// others may just have written their logs.
    pub(super) fn counts_times(&self) -> bool {
        self.counting == Counting::Everything
    }

    /// More is to come: git is at work.
    pub(super) fn expects_more(&self) -> bool {
        self.git_lock.as_deref().is_some_and(checkout::is_at_work)
    }

    pub(super) fn begins_in(&self, directory: &Path) -> bool {
        self.directories.iter().any(|it| it == directory)
    }

    fn of(planned: &PlannedProcess, process: ProcessIndex, watched: Watched) -> Option<Self> {
        let (what, selection) = match (watched, &planned.watch) {
            (Watched::Named, Some(watch)) => {
                let selection = Selection::new(&watch.base, &watch.paths, &watch.ignore);
                (What::Watch(watch.clone()), selection)
            }
            (Watched::Directory, _) => {
                let directory = planned.directory.clone();
                let left_out = BY_PROGRAMS.map(str::to_string);
                let selection = Selection::new(&directory, &[".".into()], &left_out);
                (What::Directory(directory), selection)
            }
            (Watched::Named, None) | (Watched::Nothing, _) => return None,
        };
        Some(Self::new(Asker::Process(process), what, selection))
    }

    fn new(asker: Asker, what: What, selection: Selection) -> Self {
        let base = selection.base();
        let mut directories: Vec<PathBuf> = selection
            .roots()
            .map(|root| match root.parent() {
                // What may come and go is seen by what it is in.
                Some(parent) if root != base => parent.to_path_buf(),
                Some(_) | None => root.to_path_buf(),
            })
            .collect();
        directories.sort();
        directories.dedup();
        let git_lock = checkout::lock(base);
        let counting = match what {
            What::Watch(_) => Counting::Everything,
            What::Directory(_) | What::Files(_) => Counting::Ends,
        };
        Self {
            asker,
            what,
            selection: Arc::new(selection),
            counting,
            git_lock,
            directories,
        }
    }
}

impl Driver {
    /// Has exactly that watched which matters now.
    pub(in crate::driver) fn tend_watching(&mut self) {
        let places = 0..self.plan.processes.len();
        let watched = places.map(|place| self.supervisor.watched(place));
        let watched = watched.enumerate();
        let watched: Vec<(ProcessIndex, Watched)> = watched
            .filter(|(_, watched)| *watched != Watched::Nothing)
            .collect();
        if !std::mem::take(&mut self.watching.is_replanned) && watched == self.watched {
            return;
        }
        let of = |(place, watched): &(ProcessIndex, Watched)| {
            Ask::of(&self.plan.processes[*place], *place, *watched)
        };
        let processes = watched.iter().filter_map(of);
        let settings = self.settings().filter(|_| !self.is_over());
        let asks = settings.into_iter().chain(processes).collect();
        self.watched = watched;
        if let Some(news) = self.watching.ask(asks) {
            self.watching_news(news);
        }
    }

    /// The settings of all apps.
    fn settings(&self) -> Option<Ask> {
        let apps = &self.world.resolved().sources.apps.apps;
        let read = apps.iter().filter(|app| !app.is_read_once);
        let files = read.flat_map(|app| app.files.iter().map(|(path, _)| path));
        let is_settings = |path: &&PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| SETTINGS.contains(&name))
        };
        let files: Vec<PathBuf> = files.filter(is_settings).cloned().collect();
        let base = files.first()?.parent()?;
        let names = files.iter();
        let names = names.map(|file| globset::escape(&file.to_string_lossy()));
        let selection = Selection::new(base, &names.collect::<Vec<_>>(), &[]);
        let mut ask = Ask::new(Asker::Settings, What::Files(files.clone()), selection);
        ask.directories = files
            .iter()
            .filter_map(|file| Some(file.parent()?.to_path_buf()))
            .collect();
        ask.directories.sort();
        ask.directories.dedup();
        Some(ask)
    }

    pub(in crate::driver) fn watching_news(&mut self, news: News) -> Vec<Event> {
        match news {
            News::Changed {
                asker: Asker::Process(process),
                file,
                others,
            } => {
                let changed = Changed { file, others };
                vec![Event::FilesChanged { process, changed }]
            }
            News::Changed {
                asker: Asker::Settings,
                file,
                others,
            } => self.settings_edited(&Changed { file, others }),
            News::Blind { files, why } => {
                let files = wording::path(&files, crate::os::process::home().as_deref());
                let blind = Watching::Blind { files, why };
                self.output.say(&Notice::Watching(blind));
                Vec::new()
            }
        }
    }

    /// Applies them to whom they touch; what is wrong is said, and all stays as it was.
    fn settings_edited(&mut self, changed: &Changed) -> Vec<Event> {
        if self.is_over() || !self.world.are_files_changed() {
            return Vec::new();
        }
        let before = self.plan.clone();
        self.read_again();
        let touched = touched(&before, &self.plan).into_iter();
        let event = |process| Event::SettingsChanged {
            process,
            changed: changed.clone(),
        };
        // Who is not restarted is told its new settings all the same.
        touched.map(event).chain([Event::DeadlineReached]).collect()
    }
}

/// Whose runs would begin in another way now.
fn touched(before: &Plan, now: &Plan) -> Vec<ProcessIndex> {
    let both = before.processes.iter().zip(&now.processes).enumerate();
    let touched = both.filter(|(_, (before, now))| {
        let then = (&before.command, &before.directory, &before.env);
        let same = then == (&now.command, &now.directory, &now.env);
        !same || before.stop_signal != now.stop_signal || before.tty != now.tty
    });
    touched.map(|(process, _)| process).collect()
}

/// As people would write it who stand in `base`.
pub(super) fn shown(base: &Path, file: &Path) -> String {
    let mut up = 0;
    for above in base.ancestors() {
        if let Ok(below) = file.strip_prefix(above) {
            let mut path: PathBuf = std::iter::repeat_n(Component::ParentDir, up).collect();
            path.push(below);
            // The base itself stands for much.
            if path.as_os_str().is_empty() {
                return "many files".into();
            }
            return wording::path(&path, None);
        }
        up += 1;
    }
    wording::path(file, None)
}
