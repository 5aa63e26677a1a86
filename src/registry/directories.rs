//! Where locks and memories are kept: directories that are this user's and nobody else's.

use std::env;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::os::directory::{make_private, temporary};
use crate::os::process::{home, own_user};
use crate::registry::session::has_room_for_sockets;

/// For the life of a login: locks and sockets. `None`: there is no such place, and it is done without.
pub(super) fn runtime() -> Option<PathBuf> {
    let uid = own_user();
    let candidates = [
        variable("XDG_RUNTIME_DIR").map(|path| path.join("devrun")),
        Some(PathBuf::from(format!("/run/user/{uid}/devrun"))),
        Some(temporary().join(format!("devrun-{uid}"))),
    ];
    choose(candidates.into_iter().flatten(), has_room_for_sockets)
}

/// The first one that is ours alone and has room for a socket's path; where none of those has, the first:
/// locks have room anywhere.
fn choose(
    candidates: impl Iterator<Item = PathBuf>,
    has_room: impl Fn(&Path) -> bool,
) -> Option<PathBuf> {
    let mut too_long = None;
    for path in candidates.filter(|path| make_private(path).is_ok()) {
        if has_room(&path) {
            return Some(path);
        }
        too_long.get_or_insert(path);
    }
    too_long
}

/// What outlives a login: which ports an app had, and what its processes wrote.
///
/// # Errors
/// There is no such place.
pub(super) fn state() -> io::Result<PathBuf> {
    let usual = if cfg!(target_os = "macos") {
        "Library/Application Support"
    } else {
        ".local/state"
    };
    let base = variable("XDG_STATE_HOME").or_else(|| Some(home()?.join(usual)));
    let base = base.ok_or_else(|| io::Error::other("the user has no home directory"))?;
    // It may be shared with other programs: an existing one stays as it is.
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(&base)?;
    let path = base.join("devrun");
    make_private(&path)?;
    Ok(path)
}

/// A relative path is none, as the XDG Base Directory specification has it.
fn variable(name: &str) -> Option<PathBuf> {
    let path = env::var_os(name).map(PathBuf::from);
    path.filter(|path| path.is_absolute())
}

/// A name that fits, whatever the path. FNV-1a, 64 bits: the same in every version of devrun, which the
/// standard library's hash is not.
pub(super) fn hash(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes().iter();
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::scratch::Scratch;

    #[test]
    fn sockets_go_where_there_is_room_for_them() {
        let scratch = Scratch::new("room");
        let names = ["missing/in/between", "long", "long too", "short"];
        let [missing, long, longer, short] = names.map(|name| scratch.path(name));
        let has_room = |path: &Path| path.ends_with("short");
        let choose = |paths: &[&PathBuf]| choose(paths.iter().copied().cloned(), has_room);
        assert_eq!(choose(&[&missing, &long, &short]), Some(short.clone()));
        assert_eq!(choose(&[&missing, &long, &longer]), Some(long));
        assert_eq!(choose(&[&missing]), None);
        assert!(short.is_dir());
    }

    #[test]
    fn the_hash_of_a_path_never_changes() {
        assert_eq!(hash(Path::new("")), "cbf29ce484222325");
        assert_eq!(hash(Path::new("a")), "af63dc4c8601ec8c");
    }
}
