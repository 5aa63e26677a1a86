//! The operating system, behind types with a meaning: the only nix, libc and `unsafe`.

pub(crate) mod descriptor;
pub(crate) mod directory;
pub(crate) mod directory_watch;
pub(crate) mod family;
pub(crate) mod file;
pub(crate) mod limits;
pub(crate) mod memory;
pub(crate) mod notifier;
pub(crate) mod port;
pub(crate) mod process;
pub(crate) mod pty;
pub(crate) mod replace;
pub(crate) mod signals;
pub(crate) mod socket;
pub(crate) mod spawn;
pub(crate) mod stranger;
pub(crate) mod terminal;
pub(crate) mod unix_socket;
pub(crate) mod usage;
pub(crate) mod watched;

/// ENOENT: there is no such file.
pub(crate) const NO_SUCH_FILE: i32 = nix::errno::Errno::ENOENT as i32;

/// The system's own words, without the "(os error 2)" that Rust adds.
pub(crate) fn words_of(error: &std::io::Error) -> String {
    let words = error.to_string();
    words
        .split(" (os error")
        .next()
        .unwrap_or_default()
        .to_string()
}
