//! Where entries go that are to be shown: into a batch that is written at once, or first into the last of many.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::log::recent::Recent;
use crate::log::stored::Entry;
use crate::os::descriptor;
use crate::render::stored::Shown;

/// So much is written at once, in bytes,
const BATCH: usize = 64 * 1024;
/// and less than that after so long: among much that is not shown, what is shown does not wait for its end.
const HOLDS: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Outlet {
    shown: Shown,
    /// Only the last ones are shown, and of those it is not known yet which they are.
    recent: Option<Recent>,
    batch: Vec<u8>,
    /// Since when it waits to be written. `None`: it is empty, or was when somebody looked.
    since: Option<Instant>,
}

impl Outlet {
    pub(super) fn new(shown: Shown) -> Self {
        Self {
            shown,
            recent: None,
            batch: Vec::new(),
            since: None,
        }
    }

    /// From here on only the last `most` are kept, and none of those so far.
    pub(super) fn keep_last(&mut self, most: usize) {
        self.recent = Some(Recent::new(most));
    }

    pub(super) fn recent(&self) -> Option<&Recent> {
        self.recent.as_ref()
    }

    /// What was kept is shown, and so is what comes.
    pub(super) fn open(&mut self) {
        if let Some(mut recent) = self.recent.take() {
            recent.drain(&mut |entry| self.push(entry));
        }
    }

    pub(super) fn push(&mut self, entry: Entry<'_>) {
        match &mut self.recent {
            Some(recent) => recent.push(entry),
            None => self.shown.push(entry, &mut self.batch),
        }
    }

    pub(super) fn choose_color(&mut self, place: usize, chosen: Option<u8>) {
        self.shown.choose_color(place, chosen);
    }

    pub(super) fn end_run(&mut self, place: usize) {
        if self.recent.is_none() {
            self.shown.end_run(place, &mut self.batch);
        }
    }

    pub(super) fn calm(&mut self) {
        self.shown.calm(&mut self.batch);
    }

    /// # Errors
    /// Nobody reads any more, or the disk is full.
    pub(super) fn write_full(&mut self) -> io::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        if self.batch.len() < BATCH && since.elapsed() < HOLDS {
            return Ok(());
        }
        self.write()
    }

    /// # Errors
    /// As [`Outlet::write_full`].
    pub(super) fn write(&mut self) -> io::Result<()> {
        descriptor::write_all(io::stdout().as_fd(), &self.batch)?;
        self.batch.clear();
        self.since = None;
        Ok(())
    }
}
