//! Listens on a unix socket that only its user can connect to.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket,
};

/// What macOS has for a path and the NUL behind it; Linux has four more.
const MAX_PATH: usize = 104;
/// How many may wait to be accepted.
const BACKLOG: i32 = 64;

/// Listens at `path`, where nothing may be; the directory has to be private. Between bind(2) and listen(2)
/// the mode is narrowed to 0600: until then nobody can connect, whatever the umask. So no umask is changed,
/// which every thread would share. Non-blocking, closed on exec.
///
/// # Errors
/// Something is there, a symbolic link that leads nowhere included; the path is too long for all systems.
pub(crate) fn listen_privately(path: &Path) -> io::Result<UnixListener> {
    if path.as_os_str().len() >= MAX_PATH {
        return Err(io::Error::new(
            io::ErrorKind::InvalidFilename,
            "the path is too long for a socket",
        ));
    }
    let socket = socket(
        AddressFamily::Unix,
        SockType::Stream,
        SockFlag::empty(),
        None,
    )?;
    fcntl(&socket, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    bind(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
    open_to_its_user(&socket, path).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })?;
    let listener = UnixListener::from(socket);
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn open_to_its_user(socket: &OwnedFd, path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    let backlog = Backlog::new(BACKLOG).expect("no system has less");
    Ok(listen(socket, backlog)?)
}
