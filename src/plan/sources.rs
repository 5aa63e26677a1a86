//! What the files and the command line say, side by side: all that a plan is made of.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::plan::select::Wanted;
use crate::syntax::dotenv::Assignment;
use crate::syntax::procfile::Entry;
use crate::syntax::settings::{ProcessSettings, Settings};
use crate::words::name::AppName;
use crate::words::policy::{OnExit, RestartPolicy};
use crate::words::report::Report;
use crate::words::uses::Use;

/// An app as its files have it.
#[derive(Clone, Debug, Default)]
pub(crate) struct App {
    /// The real path in which its processes run.
    pub(crate) directory: PathBuf,
    /// What tells it from all others: the directory, and the Procfile's name if that is not the one which
    /// would have been found there.
    pub(crate) identity: PathBuf,
    /// Its directory, as it is shown to the user.
    pub(crate) shown: String,
    /// Its Procfile, as it is shown to the user.
    pub(crate) procfile: String,
    pub(crate) entries: Vec<Entry>,
    /// In the order in which they are laid over one another.
    pub(crate) env_files: Vec<EnvFile>,
    /// `.env.local`, which is laid over more than those, if there is one.
    pub(crate) env_local: Option<EnvFile>,
    pub(crate) settings: Settings,
    /// What is behind the directories that its uses name.
    pub(crate) siblings: HashMap<String, Behind>,
    /// Names that its uses take for process types, and that are apps beside it.
    pub(crate) near: Vec<String>,
    /// One of its files is a pipe: it cannot be read again.
    pub(crate) is_read_once: bool,
    /// All files that were looked for, as they were then; `None`: there was none.
    pub(crate) files: Vec<(PathBuf, Option<Stamp>)>,
}

/// What tells a file from what it becomes by a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// In nanoseconds since 1970; `None`: so lately that another change might not show.
    pub(crate) modified: Option<u128>,
    /// In bytes.
    pub(crate) length: u64,
    pub(crate) inode: u64,
}

/// A file's name, as it is shown to the user, and what stands in it.
pub(crate) type EnvFile = (String, Vec<Assignment>);

impl App {
    /// What people call it: as its settings have it, else by its directory.
    pub(crate) fn name(&self) -> AppName {
        let last = self.directory.file_name().unwrap_or_default();
        let by_directory = || AppName::from_directory(&last.to_string_lossy());
        self.settings.name.clone().unwrap_or_else(by_directory)
    }

    /// What is said of a process type, if anything is.
    pub(crate) fn said_of(&self, process_type: &str) -> Option<&ProcessSettings> {
        let mut said = self.settings.processes.iter();
        said.find(|said| said.process_type.value == process_type)
    }

    /// The place of a type in the Procfile.
    pub(crate) fn entry(&self, process_type: &str) -> Option<usize> {
        let mut entries = self.entries.iter();
        entries.position(|entry| entry.process_type.as_str() == process_type)
    }

    /// All env files, the strongest last.
    pub(crate) fn assignments(&self) -> impl DoubleEndedIterator<Item = (&str, &Assignment)> {
        let files = self.env_files.iter().chain(&self.env_local);
        files.flat_map(|(file, assignments)| {
            let with_file = |assignment| (file.as_str(), assignment);
            assignments.iter().map(with_file)
        })
    }
}

/// What is behind a directory that a use names.
#[derive(Clone, Debug)]
pub(crate) enum Behind {
    /// Its place in [`Apps::apps`].
    App(usize),
    /// There is no such directory, or no Procfile in it: why not.
    Nothing(Report),
}

/// The apps that are meant, and all that they use, and what that uses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Apps {
    /// The ones that are meant come first.
    pub(crate) apps: Vec<App>,
    /// How many of them are meant.
    pub(crate) roots: usize,
    /// What the session as a whole is known by: the one app that is meant, or the root that names its
    /// members.
    pub(crate) identity: PathBuf,
    pub(crate) name: Option<AppName>,
}

impl Apps {
    /// What people call a root that names its members.
    pub(crate) fn root_name(&self) -> AppName {
        let last = self.identity.file_name().unwrap_or_default();
        let by_directory = || AppName::from_directory(&last.to_string_lossy());
        self.name.clone().unwrap_or_else(by_directory)
    }
}

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) wanted: Wanted,
    /// `-p`.
    pub(crate) base: Option<u16>,
    /// `--set`.
    pub(crate) set: Vec<(String, String)>,
    /// `--use`, with absolute directories.
    pub(crate) uses: Vec<Use>,
    /// `--unuse`.
    pub(crate) unuse: Vec<String>,
    pub(crate) restart: Option<RestartPolicy>,
    pub(crate) on_exit: Option<OnExit>,
    pub(crate) grace: Option<Duration>,
    /// Nothing is to be started: a use of which nothing can be made is absent, and no error.
    pub(crate) only_looks: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) apps: Apps,
    /// devrun's own environment.
    pub(crate) shell: Vec<(OsString, OsString)>,
    pub(crate) asked: Asked,
}

impl Sources {
    /// What the command line asks of an app: nothing of those that are only used.
    pub(crate) fn asked_of(&self, app: usize) -> Option<&Asked> {
        (app < self.apps.roots).then_some(&self.asked)
    }
}
