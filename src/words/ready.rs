//! When a process counts as ready, by its `ready:`.

use std::ops::RangeInclusive;

/// In place of the rule that its own tree listens on its PORT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// A GET of `path` on its PORT is answered with one of `statuses`; if there are none, with [`FINE`].
    Http { path: String, statuses: Vec<u16> },
    /// Its PORT accepts a connection.
    Tcp,
    /// A line that it wrote matches this regular expression.
    Log(String),
    /// This command, run by the shell with the process's environment and directory, ends with status 0.
    Exec(String),
}

/// What is fine where no statuses are listed: success, and redirections, which are answers as well.
const FINE: RangeInclusive<u16> = 200..=399;

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    Passed,
    /// What was seen: `HTTP 503`, `connection refused`.
    Failed(String),
}

impl Ready {
    /// It is tried again and again; else the process itself says that it is ready.
    pub(crate) fn is_tried(&self) -> bool {
        match self {
            Self::Http { .. } | Self::Tcp | Self::Exec(_) => true,
            Self::Log(_) => false,
        }
    }

    /// It is tried on the port that the process's own tree listens on, and on no other.
    pub(crate) fn is_of_port(&self) -> bool {
        match self {
            Self::Http { .. } | Self::Tcp => true,
            Self::Log(_) | Self::Exec(_) => false,
        }
    }

    /// A process that was ready is tried on: it may cease to answer, and listen all the same.
    pub(crate) fn is_tried_on(&self) -> bool {
        match self {
            Self::Http { .. } | Self::Exec(_) => true,
            Self::Tcp | Self::Log(_) => false,
        }
    }
}

/// Whether an answer with this status is one of `statuses`, or fine where there are none.
pub(crate) fn is_fine(status: u16, statuses: &[u16]) -> bool {
    if statuses.is_empty() {
        FINE.contains(&status)
    } else {
        statuses.contains(&status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_and_redirections_are_fine_unless_others_are_listed() {
        let check = |status, statuses: &[u16], expected| {
            assert_eq!(is_fine(status, statuses), expected, "{status} {statuses:?}");
        };
        for status in [200, 204, 302, 399] {
            check(status, &[], true);
        }
        for status in [101, 199, 400, 401, 404, 503] {
            check(status, &[], false);
        }
        check(401, &[200, 401], true);
        check(200, &[401], false);
    }
}
