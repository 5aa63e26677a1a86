//! The terminal that devrun runs in: its size, its settings, what is typed into it.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::termios::{
    ControlFlags, InputFlags, LocalFlags, OutputFlags, SetArg, Termios, cfmakeraw, tcgetattr,
    tcsetattr,
};
use nix::unistd::{getpgrp, tcgetpgrp, ttyname};

use crate::os::descriptor;
use crate::os::pty::Size;

pub(crate) fn is_terminal(descriptor: &impl AsFd) -> bool {
    descriptor.as_fd().is_terminal()
}

/// `None`: the terminal does not say.
pub(crate) fn size() -> Option<Size> {
    // Not `size`, which runs tput where the terminal does not say.
    let size = crossterm::terminal::window_size().ok()?;
    let (columns, rows) = (size.columns, size.rows);
    (columns > 0 && rows > 0).then_some(Size { columns, rows })
}

/// Opens the terminal of stdin anew, so that it can be made non-blocking: stdin itself is shared with the
/// shell. `None`: stdin is no terminal, or cannot be opened.
pub(crate) fn of_stdin() -> Option<OwnedFd> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return None;
    }
    // The name can be one of another place: in a container, of the host's.
    let paths = [ttyname(&stdin).ok(), Some(PathBuf::from("/proc/self/fd/0"))];
    let open = |path: PathBuf| {
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NOCTTY);
        options.open(path).ok()
    };
    let is_it = |terminal: &File| device(terminal.as_fd()) == device(stdin.as_fd());
    let mut terminals = paths.into_iter().flatten().filter_map(open);
    terminals.find(is_it).map(OwnedFd::from)
}

fn device(terminal: BorrowedFd<'_>) -> Option<u64> {
    let terminal = File::from(terminal.try_clone_to_owned().ok()?);
    Some(terminal.metadata().ok()?.rdev())
}

/// Whether what is typed is for our job, not for the shell or another one. A terminal that is not our
/// session's knows no jobs.
pub(crate) fn is_ours(terminal: BorrowedFd<'_>) -> bool {
    match tcgetpgrp(terminal) {
        Ok(group) => group == getpgrp(),
        Err(errno) => errno == Errno::ENOTTY,
    }
}

/// Whether both are the same terminal.
pub(crate) fn is_same(one: &impl AsFd, other: &impl AsFd) -> bool {
    device(one.as_fd()) == device(other.as_fd())
}

/// The terminal passes every key on as it is, Ctrl-C too, until this is dropped: then it is as before,
/// whatever happened.
#[derive(Debug)]
pub(crate) struct Raw {
    terminal: OwnedFd,
    before: Termios,
}

impl Raw {
    pub(crate) fn new(terminal: BorrowedFd<'_>) -> io::Result<Self> {
        let terminal = terminal.try_clone_to_owned()?;
        let before = tcgetattr(&terminal)?;
        let raw = Self { terminal, before };
        raw.set()?;
        Ok(raw)
    }

    /// Somebody else may have changed it meanwhile.
    pub(crate) fn again(&self) {
        if is_ours(self.terminal.as_fd()) {
            // One that is gone needs no settings.
            let _ = self.set();
        }
    }

    fn set(&self) -> io::Result<()> {
        let mut raw = self.before.clone();
        cfmakeraw(&mut raw);
        Ok(tcsetattr(&self.terminal, SetArg::TCSANOW, &raw)?)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // In the background it is as the shell has it. One that is gone needs no settings.
        if is_ours(self.terminal.as_fd()) {
            let _ = tcsetattr(&self.terminal, SetArg::TCSANOW, &self.before);
        }
    }
}

/// How a terminal is set, for another process of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Of input, output, control and local modes.
    flags: [u64; 4],
}

/// Makes a terminal usable on which somebody died who had programs draw there: the screen that scrolls, no
/// mouse, a cursor, no colours. Not 1049, which moves the cursor where it changes nothing else.
const USABLE: &[u8] =
    b"\x1b[?47l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1l\x1b>\x1b[?25h\x1b[0m\r\n";

/// How often it is tried to write that to a terminal which somebody else is writing to,
const TRIES: usize = 50;
/// and how far apart.
const BETWEEN_TRIES: Duration = Duration::from_millis(2);

impl Settings {
    pub(crate) fn of(terminal: BorrowedFd<'_>) -> io::Result<Self> {
        Ok(Self::from(&tcgetattr(terminal)?))
    }

    /// Puts them back in the place of [`Raw`]'s. A terminal that is set otherwise has a shell at work, which
    /// has seen to it. `terminal` must not block.
    pub(crate) fn put_back(&self, terminal: BorrowedFd<'_>) {
        let Ok(now) = tcgetattr(terminal) else {
            return;
        };
        let mut before = now.clone();
        self.write(&mut before);
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        if Self::from(&now) == Self::from(&raw) {
            let _ = tcsetattr(terminal, SetArg::TCSANOW, &before);
        }
        // Whoever does not block is refused also while somebody else, the shell, is writing. A terminal that
        // stands still is left as it is.
        for _ in 0..TRIES {
            match descriptor::write_some(terminal, USABLE) {
                Ok(None) => std::thread::sleep(BETWEEN_TRIES),
                Ok(Some(_)) | Err(_) => return,
            }
        }
    }

    /// Lower and upper halves, as [`Settings::from_halves`] takes them.
    pub(crate) fn halves(&self) -> [u32; 8] {
        std::array::from_fn(|at| (self.flags[at / 2] >> (32 * (at % 2))) as u32)
    }

    pub(crate) fn from_halves(halves: [u32; 8]) -> Self {
        let flags = |at: usize| u64::from(halves[2 * at]) | u64::from(halves[2 * at + 1]) << 32;
        Self {
            flags: std::array::from_fn(flags),
        }
    }

    fn from(termios: &Termios) -> Self {
        #[cfg_attr(
            target_os = "macos",
            expect(clippy::useless_conversion, reason = "they are 32 bits wide on Linux")
        )]
        let flags = [
            u64::from(termios.input_flags.bits()),
            u64::from(termios.output_flags.bits()),
            u64::from(termios.control_flags.bits()),
            u64::from(termios.local_flags.bits()),
        ];
        Self { flags }
    }

    fn write(&self, termios: &mut Termios) {
        let [input, output, control, local] = self.flags.map(|flags| flags as libc::tcflag_t);
        termios.input_flags = InputFlags::from_bits_retain(input);
        termios.output_flags = OutputFlags::from_bits_retain(output);
        termios.control_flags = ControlFlags::from_bits_retain(control);
        termios.local_flags = LocalFlags::from_bits_retain(local);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use super::*;
    use crate::os::pty;

    #[test]
    fn a_raw_terminal_is_afterwards_as_before_even_after_a_panic() {
        let pty = pty::open(Size::USUAL).unwrap();
        let slave = pty.slave.as_fd();
        let before = Settings::of(slave).unwrap();
        let panics = AssertUnwindSafe(|| {
            let _raw = Raw::new(slave).unwrap();
            assert_ne!(Settings::of(slave).unwrap(), before);
            // Without a message on the tests' stderr.
            std::panic::resume_unwind(Box::new("in raw mode"));
        });
        let result = std::panic::catch_unwind(panics);
        assert!(result.is_err());
        assert_eq!(Settings::of(slave).unwrap(), before);
    }
}
