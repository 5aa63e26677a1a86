//! Directories that nobody else can look into or put something into.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::os::process::own_user;

/// Makes it if it is not there (its parent has to be). What is there must be a real directory and this
/// user's; then it is closed to everybody else. Asked of the open directory, so that nobody can put
/// another one in its place meanwhile.
///
/// # Errors
/// It is no such directory and cannot be made one.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let directory = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW)
        .open(path)?;
    let metadata = directory.metadata()?;
    if metadata.uid() != own_user() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    if metadata.mode() & 0o077 != 0 {
        directory.set_permissions(Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Where temporary files belong. On macOS the user's own directory, which no TMPDIR moves.
pub(crate) fn temporary() -> PathBuf {
    #[cfg(target_os = "macos")]
    if let Some(path) = of_system(libc::_CS_DARWIN_USER_TEMP_DIR) {
        return path;
    }
    std::env::temp_dir()
}

#[cfg(target_os = "macos")]
fn of_system(name: libc::c_int) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let mut bytes = vec![0u8; 1024];
    // SAFETY: confstr(3) writes at most the buffer's length, and says how much it needs.
    let length = unsafe { libc::confstr(name, bytes.as_mut_ptr().cast(), bytes.len()) };
    // With the NUL at the end.
    bytes.truncate(length.checked_sub(1).filter(|length| *length < 1024)?);
    Some(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn only_a_directory_of_ours_will_do_and_it_is_closed() {
        let parent = temporary().join(format!("devrun-test-{}-private", std::process::id()));
        fs::create_dir(&parent).unwrap();
        let [new, open, link, file] = ["new", "open", "link", "file"].map(|name| parent.join(name));
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, Permissions::from_mode(0o755)).unwrap();
        symlink(&open, &link).unwrap();
        fs::write(&file, "").unwrap();

        make_private(&new).unwrap();
        assert_eq!(mode(&new), 0o700);
        make_private(&link).unwrap_err();
        assert_eq!(mode(&open), 0o755, "a link is not followed");
        make_private(&open).unwrap();
        assert_eq!(mode(&open), 0o700);
        make_private(&file).unwrap_err();
        make_private(&parent.join("no/where")).unwrap_err();
        fs::remove_dir_all(&parent).unwrap();
    }
}
