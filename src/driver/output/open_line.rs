//! When a line that has no end yet is shown, and what is awaited before and after.

use tokio::time;

/// A line that has no end yet.
#[derive(Debug, Default)]
pub(super) struct OpenLine {
    /// What is open now is so since then, or was shown for the last time before.
    pub(super) since: Option<time::Instant>,
    /// When one was shown last.
    pub(super) shown: Option<time::Instant>,
}

impl OpenLine {
    pub(super) fn note_shown(&mut self) {
        self.since = None;
        self.shown = Some(time::Instant::now());
    }
}

/// Which silence of an open line is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    None,
    BeforeShown,
    BehindPrompt,
}
