//! How a process ended.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// `exit(n)`: 0 to 255.
    Status(u8),
    /// Death by this signal.
    Signal(i32),
    /// Status 0 of a server that others wait for, before it was ready: to them it has failed.
    Unready,
}

/// What SIGKILL did to a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Killed {
    /// How many it ended, the leader not counted.
    pub(crate) others: usize,
    /// How many run on: they have taken another user's rights (`sudo`), and take no signal from us.
    pub(crate) survivors: usize,
}

impl Exit {
    pub(crate) fn is_success(self) -> bool {
        self == Self::Status(0)
    }

    /// The shell's convention: 128 + n for signal n.
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::Status(status) => status,
            Self::Signal(signal) => 128u8.wrapping_add(signal as u8),
            Self::Unready => 1,
        }
    }

    /// `status 1`, `killed by SIGKILL`.
    pub(crate) fn brief(self) -> String {
        match self {
            Self::Status(status) => format!("status {status}"),
            Self::Signal(signal) => format!("killed by {}", signal_name(signal)),
            Self::Unready => "status 0 before it was ready".into(),
        }
    }

    /// 126 (not executable) and 127 (not found) do not get better by trying again.
    pub(crate) fn is_unstartable(self) -> bool {
        matches!(self, Self::Status(126 | 127))
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "exited with status {status}"),
            Self::Signal(signal) => write!(f, "was killed by {}", signal_name(*signal)),
            Self::Unready => f.write_str("exited with status 0 before it was ready"),
        }
    }
}

/// `SIGTERM` for 15; `signal 40` where POSIX has no name for it.
pub(crate) fn signal_name(signal: i32) -> String {
    match NAMES.iter().find(|(number, _)| *number == signal) {
        Some((_, name)) => format!("SIG{name}"),
        None => format!("signal {signal}"),
    }
}

/// The signals whose numbers Linux (x86, ARM) and macOS share, and SIGBUS, SIGUSR1 and SIGUSR2, where
/// they do not.
const NAMES: [(i32, &str); 17] = [
    (1, "HUP"),
    (2, "INT"),
    (3, "QUIT"),
    (4, "ILL"),
    (5, "TRAP"),
    (6, "ABRT"),
    (if cfg!(target_os = "macos") { 10 } else { 7 }, "BUS"),
    (8, "FPE"),
    (9, "KILL"),
    (if cfg!(target_os = "macos") { 30 } else { 10 }, "USR1"),
    (11, "SEGV"),
    (if cfg!(target_os = "macos") { 31 } else { 12 }, "USR2"),
    (13, "PIPE"),
    (14, "ALRM"),
    (15, "TERM"),
    (24, "XCPU"),
    (25, "XFSZ"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_worded_and_a_signal_counts_128_and_more() {
        assert_eq!(Exit::Signal(9).to_string(), "was killed by SIGKILL");
        assert_eq!(Exit::Signal(9).status(), 137);
        assert_eq!(Exit::Signal(40).to_string(), "was killed by signal 40");
        assert_eq!(Exit::Status(3).to_string(), "exited with status 3");
        let unready = "exited with status 0 before it was ready";
        assert_eq!(Exit::Unready.to_string(), unready);
        assert_eq!(
            (Exit::Unready.status(), Exit::Unready.is_success()),
            (1, false)
        );
    }
}
