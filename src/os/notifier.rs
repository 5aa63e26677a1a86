//! Tells what happens in directories, as the system tells it: inotify on Linux, FSEvents on macOS. Nobody looks, and
//! nothing wakes, while nothing happens.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod macos;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::time::Duration;
use std::time::SystemTime;

#[cfg(target_os = "linux")]
pub(crate) use crate::os::notifier::linux::{Notifier, Watches};
#[cfg(not(target_os = "linux"))]
pub(crate) use crate::os::notifier::macos::{Notifier, Watches};

/// What was told.
#[derive(Debug)]
pub(crate) enum Told {
    Happened(Happening),
    /// More happened than could be told.
    Lost,
}

#[derive(Debug)]
pub(crate) struct Happening {
    pub(crate) directory: PathBuf,
    /// Of what is in it.
    pub(crate) name: OsString,
    pub(crate) is_directory: bool,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It was made, and is still open if it is a file.
    Made,
    /// It was moved there.
    Arrived,
    Written,
    /// Its rights, its owner or its times are others.
    Attributes,
    /// Who could have written has closed it.
    Closed,
    Removed,
    /// It has another name or another place now.
    MovedAway,
}

/// Whether [`Kind::Closed`] is ever told.
pub(crate) const TELLS_OF_CLOSE: bool = cfg!(target_os = "linux");

/// How much is told of a directory; once more adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    All,
    /// That a file is written only once it is closed: who writes a log all day long wakes nobody.
    Ends,
}

/// The time that a file which is written now gets, at the least: on Linux the clock of files goes by ticks.
#[cfg(target_os = "linux")]
pub(crate) fn file_time() -> SystemTime {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it writes to `time` and nowhere else.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_REALTIME_COARSE, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    match failed {
        0 => SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds),
        _ => SystemTime::now(),
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn file_time() -> SystemTime {
    SystemTime::now()
}

/// Why a directory is not watched.
#[derive(Debug)]
pub(crate) enum Unwatched {
    /// There is no such directory, or none that may be read.
    Missing,
    /// No more can be watched: the system's setting that says so.
    Limit(&'static str),
    Other(io::Error),
}

/// The kind of a file system whose other users' changes no kernel of ours tells of.
#[cfg(target_os = "linux")]
pub(crate) fn network_kind(path: &Path) -> Option<&'static str> {
    const KINDS: [(i128, &str); 8] = [
        (0x6969, "NFS"),
        (0xFF53_4D42, "a Windows share (CIFS)"),
        (0xFE53_4D42, "a Windows share (SMB)"),
        (0x517B, "a Windows share (SMB)"),
        (0x0102_1997, "a shared directory of the host (9p)"),
        (0x786F_4256, "a shared directory of VirtualBox"),
        (0x00C3_6400, "Ceph"),
        (0x5346_414F, "AFS"),
    ];
    let system = nix::sys::statfs::statfs(path).ok()?.filesystem_type();
    // Of another width and sign for each C library.
    let kind = i128::from(system.0) & 0xFFFF_FFFF;
    let mut kinds = KINDS.iter();
    kinds.find(|(number, _)| *number == kind).map(|it| it.1)
}

/// FSEvents does not say.
#[cfg(not(target_os = "linux"))]
pub(crate) fn network_kind(_path: &Path) -> Option<&'static str> {
    None
}
