//! Who asks for which files, by what the supervisor and the plan say now; and what becomes of their changes.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::driver::Driver;
use crate::driver::watching::News;
use crate::driver::watching::gathering::Counting;
use crate::load::checkout;
use crate::plan::{PlannedProcess, Watch};
use crate::supervisor::{Event, ProcessIndex, Watched};
use crate::syntax::paths::{self, Selection};
use crate::syntax::settings::{PERSONAL, SHARED};
use crate::words::notice::Notice;
use crate::words::watching::{Changed, Watching};
use crate::words::wording;

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

impl What {
    fn of(planned: &PlannedProcess, watched: Watched) -> Option<Self> {
        match watched {
            Watched::Named => Some(Self::Watch(with_targets(planned.watch.clone()?))),
            Watched::Directory => Some(Self::Directory(planned.directory.clone())),
            Watched::Nothing => None,
        }
    }

    fn selection(&self) -> Selection {
        match self {
            Self::Watch(watch) => Selection::new(&watch.base, &watch.paths, &watch.ignore),
            Self::Directory(directory) => {
                let left_out = BY_PROGRAMS.map(str::to_string);
                Selection::new(directory, &[".".into()], &left_out)
            }
            Self::Files(files) => {
                let base = files.first().and_then(|file| file.parent());
                Selection::new(base.unwrap_or(Path::new("/")), &[], &[])
            }
        }
    }
}

/// Where a path names a link to a file, that file is meant as well.
fn with_targets(mut watch: Watch) -> Watch {
    let targets = watch.paths.iter().filter_map(|path| {
        let link = watch.base.join(path);
        let target = link.is_symlink().then(|| link.canonicalize().ok())??;
        let text = target.to_str().filter(|text| !text.contains(paths::WILD))?;
        target.is_file().then(|| text.to_string())
    });
    let targets: Vec<String> = targets.collect();
    watch.paths.extend(targets);
    watch
}

fn parent(path: &Path) -> Option<PathBuf> {
    path.parent().map(Path::to_path_buf)
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

    /// Whether the file is one of those that are meant, but for what git ignores.
    pub(super) fn has(&self, file: &Path) -> bool {
        match &self.what {
            What::Files(files) => files.iter().any(|it| it == file),
            What::Watch(_) | What::Directory(_) => self.selection.has(file),
        }
    }

    fn new(asker: Asker, what: What) -> Self {
        let selection = what.selection();
        let base = selection.base();
        let mut directories: Vec<PathBuf> = match &what {
            What::Files(files) => files.iter().filter_map(|it| parent(it)).collect(),
            What::Watch(_) | What::Directory(_) => selection
                .roots()
                // What may come and go is seen by what it is in.
                .map(|root| match parent(root).filter(|_| root != base) {
                    Some(parent) => parent,
                    None => root.to_path_buf(),
                })
                .collect(),
        };
        directories.sort();
        directories.dedup();
        let (counting, git_lock) = match what {
            What::Watch(_) => (Counting::Everything, checkout::lock(base)),
            What::Directory(_) => (Counting::Ends, checkout::lock(base)),
            What::Files(_) => (Counting::Ends, None),
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
        if self.is_over() {
            return self.watching.end();
        }
        let places = 0..self.plan.processes.len();
        let watched = places.map(|place| (place, self.supervisor.watched(place)));
        let watched: Vec<(ProcessIndex, Watched)> = watched
            .filter(|(_, watched)| *watched != Watched::Nothing)
            .collect();
        if !std::mem::take(&mut self.watching.is_replanned) && watched == self.watched {
            return;
        }
        let processes = watched.iter().filter_map(|(place, watched)| {
            let what = What::of(&self.plan.processes[*place], *watched)?;
            Some((Asker::Process(*place), what))
        });
        let settings = (Asker::Settings, self.settings());
        // To make sense of globs takes its time.
        let known = self.watching.by_asker();
        let ask = |(asker, what)| {
            let known = known.get(&asker).filter(|ask| ask.what == what);
            known.map_or_else(|| Ask::new(asker, what), |ask| Ask::clone(ask))
        };
        let asks = std::iter::once(settings)
            .chain(processes)
            .map(ask)
            .collect();
        self.watched = watched;
        if let Some(news) = self.watching.ask(asks) {
            self.watching_news(news);
        }
    }

    /// Those of all apps.
    fn settings(&self) -> What {
        let apps = &self.world.resolved().sources.apps.apps;
        let read = apps.iter().filter(|app| !app.is_read_once);
        let files = read.flat_map(|app| app.files.iter().map(|(path, _)| path));
        let is_settings = |path: &&PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| [SHARED, PERSONAL].contains(&name))
        };
        What::Files(files.filter(is_settings).cloned().collect())
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
        if self.world.are_files_changed() {
            self.read_again();
        }
        let Some(before) = self.watching.unapplied.take() else {
            return Vec::new();
        };
        let both = before.processes.iter().zip(&self.plan.processes);
        let touched = both.enumerate().filter(|(process, (before, now))| {
            // Who was started since has them already.
            !before.begins_like(now) && !self.changes.is_as_begun(*process, now)
        });
        let event = |(process, _)| Event::SettingsChanged {
            process,
            changed: changed.clone(),
        };
        // Who is not restarted is told its new settings all the same.
        touched.map(event).chain([Event::DeadlineReached]).collect()
    }
}

/// As people would write it who stand in `base`.
pub(super) fn shown(base: &Path, file: &Path) -> String {
    for (up, above) in base.ancestors().enumerate() {
        if let Ok(below) = file.strip_prefix(above) {
            let mut path: PathBuf = std::iter::repeat_n(Component::ParentDir, up).collect();
            path.push(below);
            // The base itself stands for much.
            if path.as_os_str().is_empty() {
                return "many files".into();
            }
            return wording::path(&path, None);
        }
    }
    wording::path(file, None)
}
