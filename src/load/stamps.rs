//! Whether the files of an app are still those that were read, without reading them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::plan::sources::{App, Stamp};

/// What was changed so shortly before it was looked at may be changed again without another time of change.
const TICK: Duration = Duration::from_millis(50);

/// To be taken before the file is read. `None`: there is no such file.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?;
    let age = SystemTime::now().duration_since(modified);
    let is_settled = age.is_ok_and(|age| age > TICK);
    let nanoseconds = modified.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Stamp {
        modified: is_settled.then_some(nanoseconds.as_nanos()),
        length: metadata.len(),
        inode: metadata.ino(),
    })
}

/// No file of the app was changed, made or removed since it was read, for certain.
pub(crate) fn is_as_read(app: &App) -> bool {
    app.files
        .iter()
        .all(|(path, then)| match (then, stamp(path)) {
            (None, None) => true,
            (Some(then), Some(now)) => then.modified.is_some() && *then == now,
            (None, Some(_)) | (Some(_), None) => false,
        })
}
