//! Puts a new text in a user's file's place at once: whoever reads it meanwhile sees the old or the new one whole. And
//! makes files where none is.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Why a file was left as it is.
#[derive(Debug)]
pub(crate) enum NotReplaced {
    System(io::Error),
    /// It is no longer what was read.
    Changed,
}

impl From<io::Error> for NotReplaced {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// What is at `path`: `None` if nothing is there.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// `old` is what was read of it, `None` if nothing was there. Keeps the file's mode, and writes where a
/// symbolic link leads. Leaves no draft behind.
///
/// # Errors
/// The directory cannot be written to, or somebody else has written the file meanwhile.
pub(crate) fn replace(path: &Path, old: Option<&[u8]>, new: &[u8]) -> Result<(), NotReplaced> {
    let path = target(path)?;
    let draft = draft_of(&path);
    let replaced = write(&draft, &path, new).and_then(|()| {
        if read(&path)?.as_deref() != old {
            return Err(NotReplaced::Changed);
        }
        Ok(fs::rename(&draft, &path)?)
    });
    if replaced.is_err() {
        let _ = fs::remove_file(&draft);
    }
    replaced
}

/// Makes a file that is not there yet.
///
/// # Errors
/// Something of that name is there, even a link that leads nowhere; the directory cannot be written to. What was begun
/// is taken away again.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o666)
        .open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

/// A link that leads nowhere is not followed: the error says that nothing is there.
fn target(path: &Path) -> io::Result<PathBuf> {
    match path.symlink_metadata() {
        Ok(_) => path.canonicalize(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_path_buf()),
        Err(error) => Err(error),
    }
}

/// In the same directory, so that it can be renamed.
fn draft_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.draft", std::process::id()))
}

fn write(draft: &Path, path: &Path, new: &[u8]) -> Result<(), NotReplaced> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o666)
        .open(draft)?;
    if let Ok(metadata) = path.metadata() {
        let mode = metadata.permissions().mode() & 0o7777;
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    file.write_all(new)?;
    Ok(file.sync_all()?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::os::directory::temporary;

    #[test]
    fn a_file_is_replaced_where_it_is_and_as_it_is() {
        let root = temporary().join(format!("devrun-test-{}-replace", std::process::id()));
        fs::create_dir_all(root.join("far")).unwrap();
        let [file, link, new, dangling] =
            ["far/file", "link", "new", "dangling"].map(|name| root.join(name));
        fs::write(&file, "a").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        symlink("far/file", &link).unwrap();
        symlink("nowhere", &dangling).unwrap();

        replace(&link, Some(b"a"), b"b").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"b");
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);

        let changed = replace(&file, Some(b"a"), b"c").unwrap_err();
        assert!(matches!(changed, NotReplaced::Changed));
        assert_eq!(fs::read(&file).unwrap(), b"b");

        replace(&new, None, b"n").unwrap();
        assert!(matches!(
            replace(&new, None, b"m").unwrap_err(),
            NotReplaced::Changed
        ));
        assert!(matches!(
            replace(&dangling, None, b"m").unwrap_err(),
            NotReplaced::System(_)
        ));

        create(&root.join("created"), b"c").unwrap();
        for there in [&file, &link, &dangling] {
            let error = create(there, b"c").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        }
        assert!(!root.join("nowhere").exists(), "no link is followed");

        let mut names: Vec<_> = fs::read_dir(&root)
            .unwrap()
            .chain(fs::read_dir(root.join("far")).unwrap())
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            ["created", "dangling", "far", "file", "link", "new"],
            "no draft is left"
        );
        fs::remove_dir_all(&root).unwrap();
    }
}
