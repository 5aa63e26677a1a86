//! What is said as bytes: lines of a stream, and who asks, as a header.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::io;

use hyper::body::Bytes;
use hyper::header::HeaderValue;
use serde::de::IgnoredAny;

use crate::words::wire::{Asker, Told};

/// Twice what an app of 5,000 processes takes.
const MAX_LINE: usize = 5 * 512 * 1024;

/// With its newline.
pub(crate) fn line(told: &Told) -> Bytes {
    let mut line = serde_json::to_vec(told).expect("texts and numbers");
    line.push(b'\n');
    line.into()
}

/// A stream in pieces → what it tells.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The last line, which has no end yet.
    open: Vec<u8>,
    told: VecDeque<Told>,
}

impl Lines {
    /// # Errors
    /// A line is too long, or tells nothing that can be understood: the stream is of no use from here on.
    pub(crate) fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.open.len() + part.len() > MAX_LINE {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the line has no end",
                ));
            }
            self.open.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.told.extend(told(&self.open)?);
                self.open.clear();
            }
        }
        Ok(())
    }

    pub(crate) fn next(&mut self) -> Option<Told> {
        self.told.pop_front()
    }
}

/// `None`: a kind of news that only a later version has.
fn told(line: &[u8]) -> io::Result<Option<Told>> {
    serde_json::from_slice(line).map(Some).or_else(|error| {
        let kinds: BTreeMap<String, IgnoredAny> = serde_json::from_slice(line)?;
        let is_known = ["state", "ended", "lent"]
            .iter()
            .any(|kind| kinds.contains_key(*kind));
        if is_known {
            Err(error.into())
        } else {
            Ok(None)
        }
    })
}

/// JSON of ASCII alone, which every header takes.
pub(crate) fn header(asker: &Asker) -> HeaderValue {
    let json = serde_json::to_string(asker).expect("texts and numbers");
    let mut ascii = String::new();
    for character in json.chars() {
        if matches!(character, ' '..='~') {
            ascii.push(character);
        } else {
            // Only inside of a text, where JSON has this for every UTF-16 unit.
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(ascii, "\\u{unit:04x}").expect("a String takes all");
            }
        }
    }
    HeaderValue::try_from(ascii).expect("it is ASCII without controls")
}

/// # Errors
/// It is no JSON of an asker.
pub(crate) fn asker(header: &[u8]) -> Result<Asker, serde_json::Error> {
    serde_json::from_slice(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::wire::{AppState, Farewell};

    fn all(pieces: &[&[u8]]) -> io::Result<Vec<Told>> {
        let mut lines = Lines::default();
        for piece in pieces {
            lines.push(piece)?;
        }
        Ok(std::iter::from_fn(|| lines.next()).collect())
    }

    #[test]
    fn a_stream_is_read_however_it_was_cut() {
        let told = [
            Told::State(AppState::default()),
            Told::Lent(vec!["redis.1".into()]),
            Told::Ended(Farewell::TakenOver),
        ];
        let bytes = told.iter().map(line).collect::<Vec<_>>().concat();
        for cut in 0..bytes.len() {
            let (left, right) = bytes.split_at(cut);
            assert_eq!(all(&[left, right]).unwrap(), told);
        }
        let bytewise: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(all(&bytewise).unwrap(), told);
    }

    #[test]
    fn what_a_later_version_adds_is_passed_over() {
        let check = |line: &str, expected: &[Told]| {
            assert_eq!(all(&[line.as_bytes(), b"\n"]).unwrap(), expected, "{line}");
        };
        check(r#"{"weather":{"sun":true}}"#, &[]);
        check("{}", &[]);
        let state = r#"{"state":{"name":"api","identity":"/src/api","pid":7,"is_sibling":true,
            "used_by":[],"weather":1,"processes":[{"name":"web.1","state":"ready","is_ready":true,"x":[]}]}}"#;
        let told = all(&[state.replace('\n', "").as_bytes(), b"\n"]).unwrap();
        assert!(matches!(&told[..], [Told::State(state)] if state.processes[0].is_ready));
    }

    #[test]
    fn what_cannot_be_understood_is_an_error() {
        for line in [
            "",
            "x",
            "[]",
            "7",
            r#"{"state":7}"#,
            r#"{"ended":"x"}"#,
            "\u{fffd}",
        ] {
            all(&[line.as_bytes(), b"\n"]).unwrap_err();
        }
        all(&[&b"[".repeat(100_000), b"\n"]).unwrap_err();
        all(&[&b" ".repeat(MAX_LINE), b"{}\n"]).unwrap_err();
    }

    #[test]
    fn an_asker_goes_into_a_header_whatever_its_directory() {
        for directory in ["~/shop", "~/Bücher 🦀", "a\nb\u{7f}\"\\", "\u{85}\u{2028}"] {
            let sent = Asker {
                pid: 1,
                app: "shop".into(),
                directory: directory.into(),
                only_looks: false,
            };
            let header = header(&sent);
            assert!(header.to_str().is_ok());
            assert_eq!(asker(header.as_bytes()).unwrap(), sent);
        }
        asker(b"").unwrap_err();
        asker(b"\xff{}").unwrap_err();
    }
}
