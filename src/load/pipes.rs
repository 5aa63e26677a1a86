//! What was read from pipes. Each can be read once, while some files are asked for several times, by whoever
//! looks for the app and by whoever reads it: what a pipe said is kept as long as this program runs.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::os::file::{self, Content, Patience, Unreadable};

/// By path; `None`: nobody wrote to it, though it was waited for.
static SAID: Mutex<Option<HashMap<PathBuf, Option<Vec<u8>>>>> = Mutex::new(None);
static ARE_LEFT_ALONE: AtomicBool = AtomicBool::new(false);
static ARE_WAITED_FOR: AtomicBool = AtomicBool::new(true);

/// From here on pipes are as if they were not there: at a Tab nobody waits for one, and what it says is for
/// whoever is started next.
pub(crate) fn leave_pipes_alone() {
    ARE_LEFT_ALONE.store(true, Ordering::Relaxed);
}

/// From here on nobody is waited for: processes run, and this program is to heed them. A pipe that was read before
/// is known.
pub(crate) fn wait_for_no_pipe() {
    ARE_WAITED_FOR.store(false, Ordering::Relaxed);
}

/// A whole file; see [`file::read`].
///
/// # Errors
/// It cannot be read.
pub(super) fn read(path: &Path) -> Result<Content, Unreadable> {
    let is_pipe = path
        .metadata()
        .is_ok_and(|metadata| metadata.file_type().is_fifo());
    if !is_pipe {
        return file::read(path);
    }
    if ARE_LEFT_ALONE.load(Ordering::Relaxed) {
        return Err(io::Error::from(io::ErrorKind::NotFound).into());
    }
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    let said = said.get_or_insert_default();
    let bytes = match said.get(path) {
        Some(bytes) => bytes.clone(),
        None => {
            let waits = ARE_WAITED_FOR.load(Ordering::Relaxed);
            let patience = if waits {
                Patience::USUAL
            } else {
                Patience::NONE
            };
            let bytes = match file::read_within(path, patience) {
                Ok(content) => Some(content.bytes),
                Err(Unreadable::SilentPipe) if waits => None,
                Err(error) => return Err(error),
            };
            said.insert(path.to_path_buf(), bytes.clone());
            bytes
        }
    };
    bytes.map_or(Err(Unreadable::SilentPipe), |bytes| {
        let is_regular = false;
        Ok(Content { bytes, is_regular })
    })
}
