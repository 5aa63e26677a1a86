//! Reads what a session stored, while it is being written or long after.
//!
//! A torn end is not an error: it is where the reading ends. What was removed or is damaged is told by a gap.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::os::directory_watch::Watch;
use crate::store::place::{SegmentFile, StoredSession};
use crate::store::segment::{self, Amount, Body, Decoded, GapCause, HEADER, Header, Record};

/// What one read(2) takes at the most.
const PIECE: u64 = 256 * 1024;

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// With what is left of the session. A gap tells of what is not.
    Start,
    /// With the segment in which this time is: less than 4 MiB before it.
    Time(SystemTime),
    /// With the last segments: so many of them, and one at least.
    Last(usize),
}

#[derive(Debug)]
pub(crate) struct Reader {
    session: StoredSession,
    open: Option<Open>,
    /// The number of the segment that was read last.
    last: u64,
    /// All that the processes had written up to here; `None`: reading begins in the middle.
    passed: Option<Amount>,
    /// The time of what was read last, in nanoseconds since 1970.
    at_ns: u64,
    is_over: bool,
}

/// A segment, as far as it was read.
#[derive(Debug)]
struct Open {
    file: File,
    /// All of it: 4 MiB, and a chunk at the most.
    bytes: Vec<u8>,
    /// How many of them are done with. 0: its header is not.
    at: usize,
    number: u64,
    /// Behind what is written something else may stand: there it ends.
    is_reused: bool,
    /// There is a later one, so nothing is added to this one any more.
    is_complete: bool,
    /// Nothing is to be made of the rest.
    is_damaged: bool,
    /// Why something is missing before it, if something is.
    cause: GapCause,
}

/// What a step has come to.
enum Step {
    /// A record stands at this place, in this length.
    Record(usize, usize),
    Gap(Amount, GapCause),
    Again,
    /// There is nothing more now.
    Exhausted,
}

impl Reader {
    pub(crate) fn open(session: &StoredSession, from: Beginning) -> Self {
        let segments = session.segments();
        let first = match from {
            Beginning::Start => 0,
            Beginning::Time(at) => place_of(&segments, at),
            Beginning::Last(count) => segments.len().saturating_sub(count.max(1)),
        };
        Self {
            session: session.clone(),
            open: None,
            last: first.checked_sub(1).map_or(0, |last| segments[last].number),
            passed: (first == 0).then(Amount::default),
            at_ns: 0,
            is_over: false,
        }
    }

    /// The next record. `None`: there is nothing more now and, if [`Reader::is_over`], there never will be.
    ///
    /// # Errors
    /// The disk does not give what is on it.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        let mut is_dead = false;
        while !self.is_over {
            match self.step()? {
                Step::Again => {}
                Step::Record(at, length) => return Ok(self.record(at, length)),
                Step::Gap(missing, cause) => return Ok(Some(self.gap(missing, cause))),
                Step::Exhausted if self.advance()? => {}
                Step::Exhausted if is_dead => {
                    self.is_over = true;
                    return Ok(self.unreadable());
                }
                Step::Exhausted if self.session.is_live() => return Ok(None),
                // What was written just before it died is there now.
                Step::Exhausted => is_dead = true,
            }
        }
        Ok(None)
    }

    /// The session has ended, however it did, and all of it has been read.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Tells when there may be more. To be had before the last look.
    ///
    /// # Errors
    /// The system watches nothing more.
    pub(crate) fn watch(&self) -> io::Result<Watch> {
        Watch::new(&self.session.path)
    }

    fn step(&mut self) -> io::Result<Step> {
        let Some(open) = &mut self.open else {
            return Ok(Step::Exhausted);
        };
        if open.is_damaged {
            return Ok(Step::Exhausted);
        }
        if open.at == 0 {
            return self.begin_segment();
        }
        match segment::decode(open.number, &open.bytes[open.at..]) {
            Decoded::Whole { value, length } => {
                if let Some(passed) = &mut self.passed {
                    passed.add(value.body.amount());
                }
                self.at_ns = value.at_ns;
                self.is_over = value.body == Body::Ended;
                open.at += length;
                Ok(Step::Record(open.at - length, length))
            }
            Decoded::Incomplete if open.is_reused => open.again(PIECE),
            Decoded::Damaged if open.is_reused => open.again(0),
            Decoded::Incomplete => open.more(),
            Decoded::Damaged => Ok(open.give_up()),
        }
    }

    /// A segment's header tells what is missing between it and what was read last.
    fn begin_segment(&mut self) -> io::Result<Step> {
        let open = self.open.as_mut().expect("it is asked for an open one");
        match Header::decode(&open.bytes) {
            // Its file is a later one's by now.
            Decoded::Whole { value, .. } if value.number != open.number => Ok(open.give_up()),
            Decoded::Whole { value, length } => {
                open.at = length;
                open.is_reused = value.is_reused;
                self.at_ns = self.at_ns.max(value.began_at);
                let passed = self.passed.replace(value.before).unwrap_or(value.before);
                let missing = value.before.since(passed);
                let is_missing = missing != Amount::default();
                Ok(if is_missing {
                    Step::Gap(missing, open.cause)
                } else {
                    Step::Again
                })
            }
            Decoded::Incomplete => open.more(),
            Decoded::Damaged => Ok(open.give_up()),
        }
    }

    /// Goes on to the next segment, if there is one and this one is done with. Whether there is something to
    /// look at.
    fn advance(&mut self) -> io::Result<bool> {
        let segments = self.session.segments();
        let Some(next) = segments.iter().find(|next| next.number > self.last) else {
            return Ok(false);
        };
        if let Some(open) = &mut self.open
            && !open.is_complete
        {
            // What was written between the last look and the making of that one.
            open.is_complete = true;
            return Ok(true);
        }
        let file = match next.open() {
            Ok(file) => file,
            // Removed since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        };
        let was_removed = |open: &Open| segments.iter().all(|it| it.number != open.number);
        let is_next = next.number == self.last + 1 && !self.open.as_ref().is_some_and(was_removed);
        self.last = next.number;
        self.open = Some(Open {
            file,
            bytes: Vec::new(),
            at: 0,
            number: next.number,
            is_reused: false,
            is_complete: false,
            is_damaged: false,
            cause: if is_next {
                GapCause::Damaged
            } else {
                GapCause::Pruned
            },
        });
        Ok(true)
    }

    fn record(&self, at: usize, length: usize) -> Option<Record<'_>> {
        let open = self.open.as_ref()?;
        segment::unsealed(&open.bytes[at..at + length])
    }

    /// A gap that no segment tells of has the time of what it stands behind.
    fn gap(&self, missing: Amount, cause: GapCause) -> Record<'static> {
        let body = Body::Gap { missing, cause };
        let at_ns = self.at_ns;
        Record { at_ns, body }
    }

    /// What follows the damaged place that reading ends with, if it does.
    fn unreadable(&self) -> Option<Record<'static>> {
        let open = self.open.as_ref().filter(|open| open.is_damaged)?;
        let bytes = open.file.metadata().map_or(0, |metadata| metadata.len());
        let bytes = bytes.saturating_sub(open.at as u64);
        Some(self.gap(Amount { lines: 0, bytes }, GapCause::Damaged))
    }
}

impl Open {
    fn more(&mut self) -> io::Result<Step> {
        let count = (&self.file).take(PIECE).read_to_end(&mut self.bytes)?;
        Ok(if count > 0 {
            Step::Again
        } else {
            Step::Exhausted
        })
    }

    /// What was read behind the last record may have been written over since: reads it again, and so much more.
    fn again(&mut self, more: u64) -> io::Result<Step> {
        let before = self.bytes.split_off(self.at);
        self.bytes.resize(self.at + before.len() + more as usize, 0);
        let mut end = self.at;
        while end < self.bytes.len() {
            match self.file.read_at(&mut self.bytes[end..], end as u64) {
                Ok(0) => break,
                Ok(count) => end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes.truncate(end);
        Ok(if self.bytes[self.at..] == before {
            Step::Exhausted
        } else {
            Step::Again
        })
    }

    fn give_up(&mut self) -> Step {
        self.is_damaged = true;
        Step::Exhausted
    }
}

/// The last segment that began before that time; without one, the first.
fn place_of(segments: &[SegmentFile], at: SystemTime) -> usize {
    let at = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let is_before = |segment: &SegmentFile| {
        began_at(segment).is_some_and(|began_at| u128::from(began_at) <= at)
    };
    segments.iter().rposition(is_before).unwrap_or(0)
}

fn began_at(segment: &SegmentFile) -> Option<u64> {
    let mut header = [0; HEADER];
    segment.open().ok()?.read_exact(&mut header).ok()?;
    match Header::decode(&header) {
        Decoded::Whole { value, .. } => Some(value.began_at),
        Decoded::Incomplete | Decoded::Damaged => None,
    }
}
