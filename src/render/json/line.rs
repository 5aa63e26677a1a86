//! One event on its way out: fields in the order in which they are put.

use std::time::Duration;

use serde::Serialize;

use crate::render::harmless;
use crate::words::base64;
use crate::words::exit::{self, Exit};
use crate::words::name::ProcessName;

/// Appends to a buffer, and allocates nothing of its own. To be ended by [`Line::end`].
#[must_use]
#[derive(Debug)]
pub(super) struct Line<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Line<'a> {
    /// `head` ends where the number has its place.
    pub(super) fn begin(head: &[u8], seq: u64, event: &str, out: &'a mut Vec<u8>) -> Self {
        out.extend_from_slice(head);
        let line = Self { out };
        line.value(seq).put("event", event)
    }

    /// An event that has no number: `head` is version and time.
    pub(super) fn begin_unnumbered(head: &[u8], event: &str, out: &'a mut Vec<u8>) -> Self {
        out.extend_from_slice(head);
        Self { out }.put("event", event)
    }

    /// `key` holds no character that JSON would escape.
    pub(super) fn put(self, key: &str, value: impl Serialize) -> Self {
        self.key(key).value(value)
    }

    /// Seconds, exact to a millisecond.
    pub(super) fn seconds(self, key: &str, time: Duration) -> Self {
        self.put(key, time.as_millis() as f64 / 1000.0)
    }

    pub(super) fn names(self, key: &str, names: &[ProcessName]) -> Self {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        self.put(key, names)
    }

    /// Its status, or the name of the signal that it died by; the other one is null.
    pub(super) fn exit(self, exit: Exit) -> Self {
        let (status, signal) = match exit {
            Exit::Status(status) => (Some(status), None),
            Exit::Signal(signal) => (None, Some(exit::signal_name(signal))),
            Exit::Unready => (Some(0), None),
        };
        self.put("status", status).put("signal", signal)
    }

    /// What a process wrote: as text and, where it is no UTF-8, also as bytes.
    pub(super) fn written(self, text: &[u8]) -> Self {
        match std::str::from_utf8(text) {
            Ok(text) => self.put("line", text),
            Err(_) => self
                .put("line", String::from_utf8_lossy(text))
                .base64("bytes", text),
        }
    }

    fn base64(self, key: &str, bytes: &[u8]) -> Self {
        let this = self.key(key);
        this.out.push(b'"');
        base64::push(bytes, this.out);
        this.out.push(b'"');
        this
    }

    /// Fields as they are to be written, each with the comma before it.
    pub(super) fn extend(self, fields: &[u8]) -> Self {
        self.out.extend_from_slice(fields);
        self
    }

    pub(super) fn end(self) {
        self.out.extend_from_slice(b"}\n");
    }

    fn key(self, key: &str) -> Self {
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self
    }

    fn value(self, value: impl Serialize) -> Self {
        harmless::write(self.out, &value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_exact_to_a_millisecond() {
        let mut out = Vec::new();
        let line = Line { out: &mut out };
        line.seconds("a_s", Duration::from_micros(2_100_900)).end();
        assert_eq!(out, b",\"a_s\":2.1}\n");
    }
}
