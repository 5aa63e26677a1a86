//! Pseudo-terminals: a terminal of its own for each process, when devrun's output is one.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{Winsize, openpty};
use nix::sys::termios::{InputFlags, OutputFlags, SetArg, tcgetattr, tcsetattr};

/// Of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: u16,
    pub(crate) rows: u16,
}

impl Size {
    /// Where nobody says otherwise.
    pub(crate) const USUAL: Self = Self {
        columns: 80,
        rows: 24,
    };
}

#[derive(Debug)]
pub(crate) struct Pty {
    /// Our end: what is read here was written by the processes, what is written here was typed.
    pub(crate) master: OwnedFd,
    /// The end that the processes have.
    pub(crate) slave: OwnedFd,
}

/// Opens a terminal in the usual cooked mode, but for one thing: a newline comes out as it went in,
/// without a carriage return (no ONLCR), so that lines are the same here as in a pipe. Nothing is ever
/// typed, and so nothing echoed, until somebody attaches.
pub(crate) fn open(size: Size) -> io::Result<Pty> {
    let pty = openpty(&winsize(size), None)?;
    for end in [&pty.master, &pty.slave] {
        fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    let mut settings = tcgetattr(&pty.slave)?;
    settings.output_flags.remove(OutputFlags::ONLCR);
    // Erasing a character takes away all of its bytes.
    settings.input_flags.insert(InputFlags::IUTF8);
    tcsetattr(&pty.slave, SetArg::TCSANOW, &settings)?;
    Ok(Pty {
        master: pty.master,
        slave: pty.slave,
    })
}

/// Tells the processes of the terminal (SIGWINCH), where the size is another one than before.
pub(crate) fn resize(master: BorrowedFd<'_>, size: Size) -> io::Result<()> {
    let size = winsize(size);
    // SAFETY: the kernel reads one winsize, which lives in this frame.
    let result = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    Errno::result(result)?;
    Ok(())
}

fn winsize(size: Size) -> Winsize {
    Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

#[cfg(test)]
mod tests {
    use nix::unistd::{read, write};

    use super::*;

    #[test]
    fn a_newline_comes_out_as_it_went_in() {
        let pty = open(Size::USUAL).unwrap();
        write(&pty.slave, b"a\nb\r\n").unwrap();
        let mut bytes = [0; 16];
        let count = read(&pty.master, &mut bytes).unwrap();
        assert_eq!(&bytes[..count], b"a\nb\r\n");
    }
}
