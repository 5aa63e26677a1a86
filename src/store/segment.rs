//! How a segment of the log store is laid out: a header, then records. Bytes to values and back; it never
//! opens a file.
//!
//! Each record stands by itself under a checksum, so that a torn end, or a page that never reached the disk,
//! is seen and nothing is made of it. That depends on the segment's number: of a file that is used again, nothing
//! of its earlier life is taken for the present one's. All numbers are little-endian.

use serde::{Deserialize, Serialize};

use crate::words::exit::Exit;

/// Of a segment's header, in bytes.
pub(crate) const HEADER: usize = 48;
/// Of what stands before a record's payload: checksum, length, time, run, source, kind, one byte for later.
const FRAME: usize = 24;
/// Longer than any payload: what claims more is damaged.
const MAX_PAYLOAD: usize = 1024 * 1024;
/// The last byte counts the layouts.
const MAGIC: [u8; 8] = *b"devrunL\x02";

/// The beginning of every segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// Nanoseconds since 1970: no record in it is older.
    pub(crate) began_at: u64,
    /// All that the processes of the session had written before.
    pub(crate) before: Amount,
    /// The segment's own, from 1.
    pub(crate) number: u64,
    /// Its file was an earlier segment's: what is not this one's may stand behind it.
    pub(crate) is_reused: bool,
}

/// So much output of processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// Newlines.
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// Nanoseconds since 1970. It never goes back within a session.
    pub(crate) at_ns: u64,
    pub(crate) body: Body<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    /// The first record of a session.
    Begun(Begun),
    /// What a number stands for. Each segment tells it anew.
    Source {
        index: usize,
        source: Source,
    },
    /// What one read(2) of a process's output gave, untouched.
    Chunk {
        source: usize,
        run: u32,
        bytes: &'a [u8],
    },
    /// A line of devrun's own, without its prefix.
    Said {
        text: &'a str,
    },
    /// Output that is not there.
    Gap {
        missing: Amount,
        cause: GapCause,
    },
    RunStarted {
        source: usize,
        run: u32,
        pid: i32,
    },
    /// All that the run wrote stands before it.
    RunEnded {
        source: usize,
        run: u32,
        /// How its first process ended; `None`: nobody knows.
        exit: Option<Exit>,
    },
    /// The session ended in good order. Nothing follows.
    Ended,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// devrun's.
    pub(crate) version: String,
    pub(crate) pid: u32,
    /// Of the app that it was started for, as it is shown.
    pub(crate) directory: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    /// As the session shows it: `web.1`, of a sibling `api/web.1`.
    pub(crate) name: String,
    /// The key of its app (`registry::app_key`).
    pub(crate) app: String,
    /// Within that: `web.1`.
    pub(crate) in_app: String,
    /// The color that its prefix is to have, of the 256; `None`: by its place. What is told later counts from there on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) color: Option<u8>,
}

/// Why output is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GapCause {
    /// The disk was slower than the processes.
    Slow,
    /// Its segments were removed, to make room. Never stands in a segment.
    Pruned,
    /// Its segment cannot be read. Never stands in a segment.
    Damaged,
}

/// What stands at the beginning of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decoded<T> {
    Whole {
        value: T,
        /// So many of the bytes.
        length: usize,
    },
    /// There would have to be more.
    Incomplete,
    /// More does not help.
    Damaged,
}

const BEGUN: u8 = 1;
const SOURCE: u8 = 2;
const CHUNK: u8 = 3;
const SAID: u8 = 4;
const GAP: u8 = 5;
const RUN_STARTED: u8 = 6;
const RUN_ENDED: u8 = 7;
const ENDED: u8 = 8;

impl Header {
    pub(crate) fn push(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(&MAGIC);
        let Amount { lines, bytes } = self.before;
        for number in [self.began_at, lines, bytes, self.number] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&u32::from(self.is_reused).to_le_bytes());
        let sum = checksum(0, &out[begin..]);
        out.extend_from_slice(&sum.to_le_bytes());
    }

    pub(crate) fn decode(bytes: &[u8]) -> Decoded<Self> {
        let known = bytes.len().min(MAGIC.len());
        if bytes[..known] != MAGIC[..known] {
            return Decoded::Damaged;
        }
        if bytes.len() < HEADER {
            return Decoded::Incomplete;
        }
        if u32_at(bytes, HEADER - 4) != checksum(0, &bytes[..HEADER - 4]) {
            return Decoded::Damaged;
        }
        let value = Self {
            began_at: u64_at(bytes, 8),
            before: Amount {
                lines: u64_at(bytes, 16),
                bytes: u64_at(bytes, 24),
            },
            number: u64_at(bytes, 32),
            is_reused: u32_at(bytes, 40) != 0,
        };
        let length = HEADER;
        Decoded::Whole { value, length }
    }
}

impl Body<'_> {
    /// What the processes wrote of which this tells.
    pub(crate) fn amount(&self) -> Amount {
        match self {
            Self::Chunk { bytes, .. } => Amount::of(bytes),
            Self::Gap { missing, .. } => *missing,
            Self::Begun(_)
            | Self::Source { .. }
            | Self::Said { .. }
            | Self::RunStarted { .. }
            | Self::RunEnded { .. }
            | Self::Ended => Amount::default(),
        }
    }
}

impl Amount {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self {
            lines: memchr::memchr_iter(b'\n', bytes).count() as u64,
            bytes: bytes.len() as u64,
        }
    }

    pub(crate) fn add(&mut self, more: Self) {
        self.lines = self.lines.saturating_add(more.lines);
        self.bytes = self.bytes.saturating_add(more.bytes);
    }

    /// What is missing where `earlier` is known and this follows.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            lines: self.lines.saturating_sub(earlier.lines),
            bytes: self.bytes.saturating_sub(earlier.bytes),
        }
    }
}

/// Appends a record that is not sealed yet: a frame, and one copy of its payload.
pub(crate) fn push(at_ns: u64, body: &Body<'_>, out: &mut Vec<u8>) {
    let (kind, source, run) = match body {
        Body::Begun(_) => (BEGUN, 0, 0),
        Body::Source { index, .. } => (SOURCE, *index, 0),
        Body::Chunk { source, run, .. } => (CHUNK, *source, *run),
        Body::Said { .. } => (SAID, 0, 0),
        Body::Gap { .. } => (GAP, 0, 0),
        Body::RunStarted { source, run, .. } => (RUN_STARTED, *source, *run),
        Body::RunEnded { source, run, .. } => (RUN_ENDED, *source, *run),
        Body::Ended => (ENDED, 0, 0),
    };
    let source = u16::try_from(source).expect("a plan has at most 5,000 processes");
    let begin = out.len();
    // Checksum and length follow.
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&at_ns.to_le_bytes());
    out.extend_from_slice(&run.to_le_bytes());
    out.extend_from_slice(&source.to_le_bytes());
    out.extend_from_slice(&[kind, 0]);
    push_payload(body, out);
    let length = u32::try_from(out.len() - begin - FRAME).expect("a payload is a chunk at most");
    out[begin + 4..begin + 8].copy_from_slice(&length.to_le_bytes());
}

fn push_payload(body: &Body<'_>, out: &mut Vec<u8>) {
    const TEXTS: &str = "texts and numbers";
    match body {
        Body::Begun(begun) => serde_json::to_writer(out, begun).expect(TEXTS),
        Body::Source { source, .. } => serde_json::to_writer(out, source).expect(TEXTS),
        Body::Chunk { bytes, .. } => out.extend_from_slice(bytes),
        Body::Said { text } => out.extend_from_slice(text.as_bytes()),
        Body::Gap { missing, cause: _ } => {
            out.extend_from_slice(&missing.lines.to_le_bytes());
            out.extend_from_slice(&missing.bytes.to_le_bytes());
        }
        Body::RunStarted { pid, .. } => out.extend_from_slice(&pid.to_le_bytes()),
        Body::RunEnded { exit, .. } => {
            if let Some(code) = exit.map(code) {
                out.extend_from_slice(&code.to_le_bytes());
            }
        }
        Body::Ended => {}
    }
}

/// Puts its checksum into a record, which is all of `bytes`, for the segment with that number.
pub(crate) fn seal(number: u64, bytes: &mut [u8]) {
    let sum = checksum(number, &bytes[4..]);
    bytes[..4].copy_from_slice(&sum.to_le_bytes());
}

/// How long the record is that begins here; `None`: that cannot be told yet, or is nonsense.
pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
    match framed(bytes) {
        Decoded::Whole { length, .. } => Some(length),
        Decoded::Incomplete | Decoded::Damaged => None,
    }
}

/// A record that has been sealed for the segment with that number.
pub(crate) fn decode(number: u64, bytes: &[u8]) -> Decoded<Record<'_>> {
    let length = match framed(bytes) {
        Decoded::Whole { length, .. } => length,
        Decoded::Incomplete => return Decoded::Incomplete,
        Decoded::Damaged => return Decoded::Damaged,
    };
    let bytes = &bytes[..length];
    if u32_at(bytes, 0) != checksum(number, &bytes[4..]) {
        return Decoded::Damaged;
    }
    match unsealed(bytes) {
        Some(value) => Decoded::Whole { value, length },
        None => Decoded::Damaged,
    }
}

/// A whole record, whatever its checksum. `None`: there is no such record.
pub(crate) fn unsealed(bytes: &[u8]) -> Option<Record<'_>> {
    let (frame, payload) = bytes.split_at_checked(FRAME)?;
    let source = usize::from(u16::from_le_bytes(array(frame, 20)));
    let run = u32_at(frame, 16);
    let body = match frame[22] {
        BEGUN => Body::Begun(serde_json::from_slice(payload).ok()?),
        SOURCE => Body::Source {
            index: source,
            source: serde_json::from_slice(payload).ok()?,
        },
        CHUNK => Body::Chunk {
            source,
            run,
            bytes: payload,
        },
        SAID => Body::Said {
            text: str::from_utf8(payload).ok()?,
        },
        GAP if payload.len() == 16 => Body::Gap {
            missing: Amount {
                lines: u64_at(payload, 0),
                bytes: u64_at(payload, 8),
            },
            cause: GapCause::Slow,
        },
        RUN_STARTED => Body::RunStarted {
            source,
            run,
            pid: i32::from_le_bytes(payload.try_into().ok()?),
        },
        RUN_ENDED => Body::RunEnded {
            source,
            run,
            // Sessions that were stored earlier have none.
            exit: payload.try_into().ok().map(i32::from_le_bytes).map(exit),
        },
        ENDED => Body::Ended,
        _ => return None,
    };
    let at_ns = u64_at(frame, 8);
    Some(Record { at_ns, body })
}

/// Statuses are not negative, signals are.
fn code(exit: Exit) -> i32 {
    match exit {
        Exit::Signal(signal) => -signal,
        Exit::Status(_) | Exit::Unready => exit.status().into(),
    }
}

fn exit(code: i32) -> Exit {
    match u8::try_from(code) {
        Ok(status) => Exit::Status(status),
        Err(_) => Exit::Signal(code.saturating_neg()),
    }
}

/// Whether all of a record is there.
fn framed(bytes: &[u8]) -> Decoded<()> {
    if bytes.len() < FRAME {
        return Decoded::Incomplete;
    }
    let payload = u32_at(bytes, 4) as usize;
    let length = FRAME + payload;
    match payload {
        MAX_PAYLOAD.. => Decoded::Damaged,
        _ if length > bytes.len() => Decoded::Incomplete,
        _ => Decoded::Whole { value: (), length },
    }
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let part = &bytes[at..at + N];
    part.try_into().expect("it is as long as it was cut")
}

/// Against torn and lost pages, not against people. Of nothing but zeros it is not zero. Four sums side by side
/// do not wait for each other: that is 10 GB/s and more.
fn checksum(number: u64, bytes: &[u8]) -> u32 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(MIX).rotate_left(29);
    let (blocks, rest) = bytes.as_chunks::<32>();
    let mut lanes = [MIX, !MIX, MIX >> 1, !MIX >> 1];
    for block in blocks {
        let (words, _) = block.as_chunks();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = step(*lane, u64::from_le_bytes(*word));
        }
    }
    let words = rest.chunks(8).map(|word| {
        let mut whole = [0; 8];
        whole[..word.len()].copy_from_slice(word);
        u64::from_le_bytes(whole)
    });
    let begin = step(number, bytes.len() as u64);
    let sum = lanes.into_iter().chain(words).fold(begin, step);
    (sum ^ (sum >> 32)) as u32
}

#[cfg(test)]
mod tests;
