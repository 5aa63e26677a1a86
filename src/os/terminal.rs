//! The terminal's size, and whether it is one.

use std::io::IsTerminal;
use std::os::fd::AsFd;

pub(crate) fn is_terminal(descriptor: &impl AsFd) -> bool {
    descriptor.as_fd().is_terminal()
}

/// In columns. `None`: the terminal does not say.
pub(crate) fn width() -> Option<u16> {
    let (columns, _) = crossterm::terminal::size().ok()?;
    (columns > 0).then_some(columns)
}
