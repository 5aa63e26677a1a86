//! Writes a session's segments one after the other, and makes room for them.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::store::place::Home;
use crate::store::segment::{self, Amount, Body, Header, Source};
use crate::store::writer::Opening;

/// A segment is no longer than that, but for a record that would not fit in any.
pub(super) const SEGMENT: usize = 4 * 1024 * 1024;
/// So much is written at once: a slow disk is known from one that stands still by what it has taken meanwhile.
const AT_ONCE: usize = 256 * 1024;

/// Makes a new file, in place of [`crate::store::place::create`].
pub(super) type Create = fn(&Path) -> io::Result<File>;

/// Ends the segment that it writes when it goes.
#[derive(Debug)]
pub(super) struct Keeper {
    home: Home,
    create: Create,
    sources: Vec<Source>,
    /// The apps under which the session is found.
    apps: HashSet<String>,
    /// Being written.
    file: Option<File>,
    /// Its number, from 1.
    number: u64,
    /// How much of it is written, in bytes.
    length: usize,
    /// It was another segment's: what is left of that stands behind.
    is_reused: bool,
    /// All that the processes have written up to here.
    passed: Amount,
}

impl Keeper {
    pub(super) fn new(home: Home, opening: Opening, create: Create) -> Self {
        Self {
            home,
            create,
            sources: opening.sources,
            apps: HashSet::from([opening.app]),
            file: None,
            number: 0,
            length: 0,
            is_reused: false,
            passed: Amount::default(),
        }
    }

    /// Seals and writes records, all of which are whole. `goes_on` is called for each step of that.
    ///
    /// # Errors
    /// They cannot be written.
    pub(super) fn keep(&mut self, mut records: &mut [u8], goes_on: impl Fn()) -> io::Result<()> {
        while let Some(first) = segment::length(records) {
            if self.file.is_none() || self.length + first > SEGMENT {
                self.begin_segment(&records[..first])?;
            }
            let mut fitting = 0;
            while let Some(length) = segment::length(&records[fitting..])
                && (fitting == 0 || self.length + fitting + length <= SEGMENT)
            {
                let record = &mut records[fitting..fitting + length];
                self.note(record)?;
                segment::seal(self.number, record);
                fitting += length;
                goes_on();
            }
            let (fitting, later) = records.split_at_mut(fitting);
            for piece in fitting.chunks(AT_ONCE) {
                self.write(piece)?;
                goes_on();
            }
            records = later;
        }
        Ok(())
    }

    /// What cannot be begun leaves nothing behind that would be taken for the last session.
    pub(super) fn give_up(self) {
        if self.number <= 1 && self.length == 0 {
            self.home.discard();
        }
    }

    /// What a record changes besides the file.
    fn note(&mut self, record: &[u8]) -> io::Result<()> {
        let record = segment::unsealed(record).expect("it is ours");
        self.passed.add(record.body.amount());
        match record.body {
            Body::RunStarted { source, .. } => {
                let app = &self.sources[source].app;
                if self.apps.insert(app.clone()) {
                    self.home.link(app)?;
                    self.home.prune(app, 0);
                }
            }
            Body::Source { index, source } => self.sources[index] = source,
            Body::Begun(_)
            | Body::Chunk { .. }
            | Body::Said { .. }
            | Body::Gap { .. }
            | Body::RunEnded { .. }
            | Body::Ended => {}
        }
        Ok(())
    }

    /// Makes room for a segment and begins it, with all that a reader has to know who begins there.
    fn begin_segment(&mut self, first: &[u8]) -> io::Result<()> {
        let at_ns = segment::unsealed(first).expect("it is ours").at_ns;
        self.end_segment();
        let spare = self.home.make_room(SEGMENT as u64);
        self.number += 1;
        self.length = 0;
        self.is_reused = spare.is_some();
        let begin = self.beginning(at_ns);
        if let Some(spare) = spare {
            self.file = Some(spare);
            self.write(&begin)?;
            self.home.reuse(self.number)
        } else {
            self.file = Some((self.create)(&self.home.segment(self.number))?);
            self.write(&begin)
        }
    }

    fn beginning(&self, at_ns: u64) -> Vec<u8> {
        let header = Header {
            began_at: at_ns,
            before: self.passed,
            number: self.number,
            is_reused: self.is_reused,
        };
        let mut begin = Vec::new();
        header.push(&mut begin);
        for (index, source) in self.sources.iter().enumerate() {
            let source = source.clone();
            let body = Body::Source { index, source };
            let place = begin.len();
            segment::push(at_ns, &body, &mut begin);
            segment::seal(self.number, &mut begin[place..]);
        }
        begin
    }

    /// Nothing stands behind it any more, if that can be: a reader would not take it for anything.
    fn end_segment(&mut self) {
        if let Some(file) = self.file.take()
            && self.is_reused
        {
            let _ = file.set_len(self.length as u64);
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = self.file.as_mut().expect("a segment has begun");
        file.write_all(bytes)?;
        self.length += bytes.len();
        Ok(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.end_segment();
    }
}
