//! The terminal's size, and whether it is one.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use crate::os::pty::Size;

pub(crate) fn is_terminal(descriptor: &impl AsFd) -> bool {
    descriptor.as_fd().is_terminal()
}

/// `None`: the terminal does not say.
pub(crate) fn size() -> Option<Size> {
    let (columns, rows) = crossterm::terminal::size().ok()?;
    (columns > 0 && rows > 0).then_some(Size { columns, rows })
}
