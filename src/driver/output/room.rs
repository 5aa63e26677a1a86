//! How much may wait to be written, and who waits for whom then.

use std::time::Duration;

use tokio::time;

use crate::driver::output::attached::Attached;
use crate::driver::output::{CHUNK, Output};

/// On top of what floods may fill: who writes little at a time does not wait its turn among them.
const FOR_QUIET: usize = 256 * 1024;
/// Who has so much to be read at once writes more than can be shown. A full pipe may have little more than half of what
/// it could hold: a line does not stand in two of its pages.
const MUCH: usize = CHUNK / 2;
/// So much of what others write is held while somebody looks at one process alone.
const HELD: usize = 1024 * 1024;
/// Before one process has to that is being stopped, or has ended, while the session goes on.
const FULL_OF_LAST_WORDS: usize = 8 * 1024 * 1024;
/// From the stop on.
pub(super) const FULL_WHILE_STOPPING: usize = 16 * 1024 * 1024;
/// A terminal that takes nothing for so long stands still (Ctrl-S): nobody waits for it any more.
const STILL: Duration = Duration::from_secs(1);

/// For whom there is how much room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Voice {
    /// It had written little when it was read last.
    #[default]
    Quiet,
    Flood,
    /// Its run is being ended, or has ended.
    LastWords,
}

impl Output {
    /// Whether that process has to wait for the reader.
    pub(super) fn is_full(&self, source: usize) -> bool {
        let writer = &self.0.writer;
        let most = match self.0.voices.borrow()[source] {
            Voice::Quiet => writer.depth() + FOR_QUIET,
            Voice::Flood => writer.depth(),
            Voice::LastWords => FULL_OF_LAST_WORDS,
        };
        !self.0.is_stopping.get() && writer.waiting() >= most
    }

    /// It has written so much: it waits with all others who write more than can be shown.
    pub(super) fn hear(&self, source: usize, count: usize) {
        let voice = &mut self.0.voices.borrow_mut()[source];
        *voice = match *voice {
            Voice::LastWords => Voice::LastWords,
            Voice::Quiet | Voice::Flood if count < MUCH => Voice::Quiet,
            Voice::Quiet | Voice::Flood => Voice::Flood,
        };
    }

    /// What the process writes from now on, to the end of its run, are its last words: it is not made to wait for
    /// a slow reader any more. Else one who stands still could get it killed while it stops, or keep it from
    /// being started again.
    pub(crate) fn hear_out(&self, source: usize) {
        self.0.voices.borrow_mut()[source] = Voice::LastWords;
        self.0.writer.wake();
    }

    /// Whether what is written now would not be seen, or held for ever.
    pub(super) fn is_hopeless(&self) -> bool {
        let attached = self.0.attached.borrow();
        let is_full = |attached: &Attached| attached.held.len() >= HELD;
        self.is_stuck() || attached.as_ref().is_some_and(is_full)
    }

    /// Whether nobody takes what waits to be written.
    pub(super) fn is_stuck(&self) -> bool {
        let waiting = self.0.writer.waiting();
        self.0.writer.is_closed()
            || waiting > FULL_WHILE_STOPPING
            || (waiting >= self.0.writer.depth() && self.stands_still())
    }

    /// The reader is a terminal, and takes nothing.
    pub(super) fn stands_still(&self) -> bool {
        self.0.is_terminal
            && self
                .0
                .writer
                .still_since()
                .is_some_and(|since| since.elapsed() >= STILL)
    }

    /// Waits until there is room for what that process writes, or none can be hoped for.
    pub(super) async fn room(&self, source: usize) {
        while self.is_full(source) && !self.stands_still() {
            let has_room = self.0.writer.until(|_| !self.is_full(source));
            if self.0.is_terminal {
                let _ = time::timeout(STILL, has_room).await;
            } else {
                has_room.await;
            }
        }
    }
}
