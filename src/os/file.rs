//! Reading a user's file whole, whatever stands behind its name, without waiting for ever.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;

use crate::os::descriptor;
use crate::os::process::own_user;

/// Larger than any Procfile or env file that a person wrote.
pub(crate) const MAX_FILE: u64 = 16 * 1024 * 1024;
/// Somebody should have opened a named pipe by then.
const PIPE_PATIENCE: Duration = Duration::from_secs(5);
/// Whoever has opened it, to ask for a password maybe, should have written something by then.
const WRITER_PATIENCE: Duration = Duration::from_secs(60);

/// Why a file could not be read, where the system has no words for it.
#[derive(Debug)]
pub(crate) enum Unreadable {
    System(io::Error),
    Directory,
    /// A terminal, /dev/zero, a socket: not a file, and maybe endless.
    Device,
    TooLarge,
    /// A named pipe that nobody has opened, or nobody writes to.
    SilentPipe,
}

impl Unreadable {
    /// There is no such file.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::System(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    /// Not a pipe: it has a directory that means something.
    pub(crate) is_regular: bool,
}

/// How long a pipe is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until somebody has opened it.
    pub(crate) for_somebody: Duration,
    /// Until whoever has opened it writes something.
    pub(crate) for_bytes: Duration,
}

impl Patience {
    /// While nothing runs that would be kept waiting.
    pub(crate) const USUAL: Self = Self {
        for_somebody: PIPE_PATIENCE,
        for_bytes: WRITER_PATIENCE,
    };
    /// What was written already.
    pub(crate) const NONE: Self = Self {
        for_somebody: Duration::ZERO,
        for_bytes: Duration::ZERO,
    };
}

/// See [`read_within`].
pub(crate) fn read(path: &Path) -> Result<Content, Unreadable> {
    read_within(path, Patience::USUAL)
}

/// Files, pipes (`<(…)`) and /dev/null can be read; nothing else.
pub(crate) fn read_within(path: &Path, patience: Patience) -> Result<Content, Unreadable> {
    // Without a writer, opening a pipe would wait for ever; opened so, it does not.
    let mut file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    let metadata = file.metadata()?;
    let kind = metadata.file_type();
    if kind.is_dir() {
        return Err(Unreadable::Directory);
    }
    let bytes = if kind.is_fifo() {
        read_pipe(&mut file, patience)?
    } else if kind.is_file() {
        read_capped(&mut file)?
    } else if path == Path::new("/dev/null") {
        Vec::new()
    } else {
        return Err(Unreadable::Device);
    };
    let is_regular = kind.is_file();
    Ok(Content { bytes, is_regular })
}

/// A file that only we write. What else stands in its place is not read: [`is_ours`].
///
/// # Errors
/// There is none; it is another one, or too large.
pub(crate) fn read_ours(path: &Path) -> Result<Vec<u8>, Unreadable> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.read(true).custom_flags(NO_FOLLOW).open(path)?;
    if !is_ours(&file) {
        return Err(Unreadable::Device);
    }
    read_capped(&mut file)
}

fn read_capped(file: &mut File) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Unreadable::TooLarge);
    }
    Ok(bytes)
}

fn read_pipe(file: &mut File, patience: Patience) -> Result<Vec<u8>, Unreadable> {
    let Patience {
        for_somebody,
        for_bytes,
    } = patience;
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut patience = for_somebody;
    loop {
        let is_silent = !descriptor::poll(&[file.as_fd()], Some(patience))?[0];
        match descriptor::read(file.as_fd(), &mut buffer)? {
            // Before anybody has opened it, that is what is read as well.
            Some(0) if is_silent => return Err(Unreadable::SilentPipe),
            Some(0) => return Ok(bytes),
            Some(count) => bytes.extend_from_slice(&buffer[..count]),
            None if is_silent && patience >= for_bytes => return Err(Unreadable::SilentPipe),
            None if is_silent => patience = for_bytes,
            None => {}
        }
        if bytes.len() as u64 > MAX_FILE {
            return Err(Unreadable::TooLarge);
        }
    }
}

/// For open(2): a symbolic link at the end of the path is an error, and a named pipe that nobody writes to is not
/// waited for.
pub(crate) const NO_FOLLOW: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK;

/// Whether a file that was opened is one that only we can have made: a regular one, this user's, and no second name
/// of some other file. What stands in a directory that was open to others for a time need not be.
pub(crate) fn is_ours(file: &File) -> bool {
    let metadata = file.metadata();
    metadata.is_ok_and(|it| it.is_file() && it.nlink() == 1 && it.uid() == own_user())
}

/// Takes an exclusive flock(2) if nobody has one. Processes forked later hold it as well.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    try_flock(file, libc::LOCK_EX)
}

/// Takes a shared flock(2) if nobody has an exclusive one.
pub(crate) fn try_lock_shared(file: &File) -> io::Result<bool> {
    try_flock(file, libc::LOCK_SH)
}

/// Takes a shared flock(2), however long somebody has an exclusive one.
pub(crate) fn wait_for_lock(file: &File) -> io::Result<()> {
    loop {
        // SAFETY: flock(2) touches no memory of ours.
        let result = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_SH) };
        match Errno::result(result) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Gives a flock(2) back, for all who hold it by a copy of this descriptor.
pub(crate) fn unlock(file: &File) -> io::Result<()> {
    try_flock(file, libc::LOCK_UN).map(|_| ())
}

fn try_flock(file: &File, kind: libc::c_int) -> io::Result<bool> {
    // SAFETY: flock(2) touches no memory of ours.
    let result = unsafe { libc::flock(file.as_raw_fd(), kind | libc::LOCK_NB) };
    match Errno::result(result) {
        Ok(_) => Ok(true),
        Err(Errno::EWOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A pipe's end for reading, which does not block, and the one for writing.
    fn pipe() -> (File, File) {
        let (reader, writer) = descriptor::pipe().unwrap();
        descriptor::set_nonblocking(reader.as_fd()).unwrap();
        (reader.into(), writer.into())
    }

    fn waiting(for_bytes: Duration) -> Patience {
        Patience {
            for_bytes,
            ..Patience::NONE
        }
    }

    #[test]
    fn a_pipe_is_read_to_its_end() {
        let (mut reader, mut writer) = pipe();
        writer.write_all(b"web: a\n").unwrap();
        drop(writer);
        let read = read_pipe(&mut reader, Patience::NONE);
        assert_eq!(read.unwrap(), b"web: a\n");
    }

    #[test]
    fn whoever_has_opened_a_pipe_has_more_time_and_not_for_ever() {
        let (mut reader, mut writer) = pipe();
        let read = std::thread::spawn(move || read_pipe(&mut reader, waiting(Duration::MAX)));
        writer.write_all(b"late").unwrap();
        drop(writer);
        assert_eq!(read.join().unwrap().unwrap(), b"late");
        let (mut reader, _writer) = pipe();
        let read = read_pipe(&mut reader, waiting(Duration::from_millis(1)));
        assert!(matches!(read, Err(Unreadable::SilentPipe)));
    }
}
