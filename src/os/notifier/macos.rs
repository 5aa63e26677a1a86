//! FSEvents, by the crate `notify`: whole trees at once, told by a thread of its own.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{CreateKind, ModifyKind, RemoveKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::os::notifier::{Detail, Happening, Kind, Told, Unwatched};

#[derive(Debug)]
pub(crate) struct Notifier {
    watches: Arc<Watches>,
    told: mpsc::UnboundedReceiver<Told>,
}

/// What is watched. Another thread may add to it.
#[derive(Debug)]
pub(crate) struct Watches(Mutex<Trees>);

#[derive(Debug)]
struct Trees {
    watcher: RecommendedWatcher,
    /// Each stands for all below it.
    roots: Vec<PathBuf>,
}

impl Notifier {
    /// # Errors
    /// The system's.
    pub(crate) fn new() -> Result<Self, Unwatched> {
        let (tell, told) = mpsc::unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let all = event.map_or_else(|_| vec![Told::Lost], translated);
            for told in all {
                // Nobody listens any more.
                let _ = tell.send(told);
            }
        });
        let watcher = watcher.map_err(|error| unwatched(&error))?;
        let roots = Vec::new();
        let watches = Arc::new(Watches(Mutex::new(Trees { watcher, roots })));
        Ok(Self { watches, told })
    }

    pub(crate) fn watches(&self) -> Arc<Watches> {
        self.watches.clone()
    }

    /// What was told since the last time; at least one thing. Nothing is lost if it is dropped before it resolves.
    pub(crate) async fn next(&mut self) -> io::Result<Vec<Told>> {
        let mut told = Vec::new();
        match self.told.recv_many(&mut told, 1024).await {
            0 => Err(io::ErrorKind::BrokenPipe.into()),
            _ => Ok(told),
        }
    }
}

impl Watches {
    /// Once more, or below what is watched, changes nothing.
    ///
    /// # Errors
    /// Why it is not watched.
    pub(crate) fn add(&self, directory: &Path, _detail: Detail) -> Result<(), Unwatched> {
        if !directory.is_dir() {
            return Err(Unwatched::Missing);
        }
        let mut trees = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if trees.roots.iter().any(|root| directory.starts_with(root)) {
            return Ok(());
        }
        let watched = trees.watcher.watch(directory, RecursiveMode::Recursive);
        watched.map_err(|error| unwatched(&error))?;
        trees.roots.push(directory.to_path_buf());
        Ok(())
    }

    /// Of a tree only that as a whole.
    pub(crate) fn remove(&self, directory: &Path) {
        let mut trees = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = trees.roots.iter().position(|root| root == directory) {
            let root = trees.roots.remove(place);
            // It is gone already with its directory.
            let _ = trees.watcher.unwatch(&root);
        }
    }

    /// It ends with us at no cost.
    pub(crate) fn remove_all(&self) {}
}

fn unwatched(error: &notify::Error) -> Unwatched {
    match &error.kind {
        notify::ErrorKind::PathNotFound => Unwatched::Missing,
        notify::ErrorKind::MaxFilesWatch => Unwatched::Limit("of watched files"),
        notify::ErrorKind::Generic(_)
        | notify::ErrorKind::Io(_)
        | notify::ErrorKind::WatchNotFound
        | notify::ErrorKind::InvalidConfig(_) => {
            Unwatched::Other(io::Error::other(error.to_string()))
        }
    }
}

fn translated(event: Event) -> Vec<Told> {
    if event.need_rescan() {
        return vec![Told::Lost];
    }
    let told = event.paths.iter().flat_map(|path| {
        let of_directory = match event.kind {
            EventKind::Create(CreateKind::Folder) | EventKind::Remove(RemoveKind::Folder) => true,
            EventKind::Any
            | EventKind::Access(_)
            | EventKind::Create(_)
            | EventKind::Modify(_)
            | EventKind::Remove(_)
            | EventKind::Other => path.is_dir(),
        };
        let happening = move |kind| {
            Some(Told::Happened(Happening {
                directory: path.parent()?.to_path_buf(),
                name: path.file_name()?.to_os_string(),
                is_directory: of_directory,
                kind,
            }))
        };
        kinds(event.kind, path)
            .iter()
            .copied()
            .filter_map(happening)
    });
    told.collect()
}

fn kinds(kind: EventKind, path: &Path) -> &'static [Kind] {
    match kind {
        EventKind::Create(_) => &[Kind::Made],
        EventKind::Remove(_) => &[Kind::Removed],
        EventKind::Modify(ModifyKind::Name(_)) if path.exists() => &[Kind::Arrived],
        EventKind::Modify(ModifyKind::Name(_)) => &[Kind::MovedAway],
        EventKind::Modify(ModifyKind::Metadata(_)) if is_touched(path) => {
            &[Kind::Attributes, Kind::Closed]
        }
        EventKind::Modify(ModifyKind::Metadata(_)) => &[Kind::Attributes],
        EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any | ModifyKind::Other) => {
            &[Kind::Written]
        }
        EventKind::Any | EventKind::Access(_) | EventKind::Other => &[],
    }
}

/// Nobody tells of a close. But who has a new time, and not new rights alone, has both times alike.
fn is_touched(path: &Path) -> bool {
    let metadata = path.metadata();
    metadata.is_ok_and(|metadata| metadata.mtime() >= metadata.ctime())
}
