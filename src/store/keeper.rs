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

/// Makes a new file, in place of [`crate::store::place::create`].
pub(super) type Create = fn(&Path) -> io::Result<File>;

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
    /// Its length, in bytes.
    length: usize,
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
            passed: Amount::default(),
        }
    }

    /// Seals and writes records, all of which are whole.
    ///
    /// # Errors
    /// They cannot be written.
    pub(super) fn keep(&mut self, mut records: &mut [u8]) -> io::Result<()> {
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
                segment::seal(record);
                fitting += length;
            }
            let (fitting, later) = records.split_at_mut(fitting);
            self.write(fitting)?;
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
        if let Body::RunStarted { source, .. } = record.body {
            let app = &self.sources[source].app;
            if self.apps.insert(app.clone()) {
                self.home.link(app)?;
                self.home.prune(app, 0);
            }
        }
        Ok(())
    }

    /// Makes room for a segment and begins it, with all that a reader has to know who begins there.
    fn begin_segment(&mut self, first: &[u8]) -> io::Result<()> {
        let at_ns = segment::unsealed(first).expect("it is ours").at_ns;
        self.home.make_room(SEGMENT as u64);
        self.number += 1;
        self.file = Some((self.create)(&self.home.segment(self.number))?);
        self.length = 0;
        let header = Header {
            began_at: at_ns,
            before: self.passed,
        };
        let mut begin = Vec::new();
        header.push(&mut begin);
        for (index, source) in self.sources.iter().enumerate() {
            let source = source.clone();
            let body = Body::Source { index, source };
            let place = begin.len();
            segment::push(at_ns, &body, &mut begin);
            segment::seal(&mut begin[place..]);
        }
        self.write(&begin)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = self.file.as_mut().expect("a segment has begun");
        file.write_all(bytes)?;
        self.length += bytes.len();
        Ok(())
    }
}
