//! Which ports an app's processes were given in place of their own, by app and base.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::os::file;
use crate::registry::directories;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Remembered {
    /// So that two apps whose hashes meet are told apart.
    directory: String,
    base: u16,
    ports: BTreeMap<String, u16>,
}

/// By process (`web.1`). Empty where nothing is known, or cannot be read.
pub(crate) fn recall(app_directory: &Path, base: u16) -> BTreeMap<String, u16> {
    let state = directories::state();
    state.map_or_else(
        |_| BTreeMap::new(),
        |state| recall_from(&state, app_directory, base),
    )
}

/// For the next time. A failure is none: the next time begins afresh.
pub(crate) fn remember(app_directory: &Path, base: u16, ports: &BTreeMap<String, u16>) {
    if let Ok(state) = directories::state() {
        remember_in(&state, app_directory, base, ports);
    }
}

/// What to remember where another owner's ports were `preferred`: those are no decision of this app's, and
/// what was known before stays.
pub(crate) fn own_decisions(
    mut to_remember: BTreeMap<String, u16>,
    preferred: &BTreeMap<String, u16>,
    known: &BTreeMap<String, u16>,
) -> BTreeMap<String, u16> {
    for (process, port) in preferred {
        if to_remember.get(process) != Some(port) {
            continue;
        }
        match known.get(process) {
            Some(known) => to_remember.insert(process.clone(), *known),
            None => to_remember.remove(process),
        };
    }
    to_remember
}

fn recall_from(state: &Path, app_directory: &Path, base: u16) -> BTreeMap<String, u16> {
    let content = file::read_ours(&path(state, app_directory, base)).unwrap_or_default();
    let remembered: Remembered = serde_json::from_slice(&content).unwrap_or_default();
    if remembered.directory == app_directory.to_string_lossy() && remembered.base == base {
        remembered.ports
    } else {
        BTreeMap::new()
    }
}

fn remember_in(state: &Path, app_directory: &Path, base: u16, ports: &BTreeMap<String, u16>) {
    if recall_from(state, app_directory, base) == *ports {
        return;
    }
    let remembered = Remembered {
        directory: app_directory.to_string_lossy().into_owned(),
        base,
        ports: ports.clone(),
    };
    let content = serde_json::to_vec(&remembered).expect("texts and numbers");
    let path = path(state, app_directory, base);
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    // Of one with our pid that was killed here.
    let _ = fs::remove_file(&draft);
    if write(&draft, &content)
        .and_then(|()| fs::rename(&draft, &path))
        .is_err()
    {
        let _ = fs::remove_file(&draft);
    }
}

/// A new file, this user's alone.
fn write(draft: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(draft)?.write_all(content)
}

/// Each base has its own: to try another one for once forgets nothing.
fn path(state: &Path, app_directory: &Path, base: u16) -> PathBuf {
    let hash = directories::hash(app_directory);
    state.join(format!("ports-{hash}-{base}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::scratch::Scratch;

    #[test]
    fn memory_belongs_to_an_app_and_a_base() {
        let scratch = Scratch::new("memory");
        let state = scratch.path("");
        let (shop, api) = (Path::new("/src/shop"), Path::new("/src/api"));
        let ports = BTreeMap::from([("web.1".to_string(), 5001)]);
        assert_eq!(recall_from(&state, api, 5000), BTreeMap::new());
        remember_in(&state, api, 5000, &ports);
        remember_in(&state, api, 6000, &BTreeMap::new());
        assert_eq!(recall_from(&state, api, 5000), ports);
        assert_eq!(recall_from(&state, api, 6000), BTreeMap::new());
        assert_eq!(recall_from(&state, shop, 5000), BTreeMap::new());
        let files: Vec<_> = fs::read_dir(&state).unwrap().collect();
        assert_eq!(files.len(), 1, "{files:?}");
    }

    #[test]
    fn a_memory_that_cannot_be_kept_or_read_is_none() {
        let scratch = Scratch::new("no-memory");
        let (state, api) = (scratch.path("missing"), Path::new("/src/api"));
        let ports = BTreeMap::from([("web.1".to_string(), 5001)]);
        remember_in(&state, api, 5000, &ports);
        assert_eq!(recall_from(&state, api, 5000), BTreeMap::new());
        fs::create_dir(&state).unwrap();
        fs::write(path(&state, api, 5000), "garbage").unwrap();
        assert_eq!(recall_from(&state, api, 5000), BTreeMap::new());
        remember_in(&state, api, 5000, &ports);
        assert_eq!(recall_from(&state, api, 5000), ports);
    }

    #[test]
    fn what_another_owner_had_replaces_nothing_that_is_remembered() {
        let ports = |ports: &[(&str, u16)]| -> BTreeMap<String, u16> {
            let owned = ports.iter().map(|(name, port)| (name.to_string(), *port));
            owned.collect()
        };
        let known = ports(&[("api.1", 5101), ("web.1", 5001)]);
        let preferred = ports(&[("db.1", 5202), ("job.1", 5302), ("web.1", 5002)]);
        // As it is where `job.1` had to give way once more.
        let found = ports(&[
            ("api.1", 5101),
            ("db.1", 5202),
            ("job.1", 5303),
            ("web.1", 5002),
        ]);
        assert_eq!(
            own_decisions(found, &preferred, &known),
            ports(&[("api.1", 5101), ("job.1", 5303), ("web.1", 5001)])
        );
    }
}
