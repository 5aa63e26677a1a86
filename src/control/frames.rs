//! What goes over an attached connection, both ways: a kind (one byte), a length (four, the highest first),
//! and so many bytes.

use hyper::body::Bytes;

use crate::os::pty::Size;

/// Of one frame, without its head.
pub(crate) const MAX_BODY: usize = 64 * 1024;
/// The same of one that a visitor sends.
pub(crate) const MAX_TYPED: usize = 16 * 1024;
const HEAD: usize = 5;

const KEYS: u8 = b'k';
const SIZE: u8 = b's';
const OUTPUT: u8 = b'o';
const LEFT_OUT: u8 = b'l';
const ENDED: u8 = b'e';

/// What a visitor sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FromVisitor {
    Keys(Vec<u8>),
    /// Of its terminal, from now on.
    Size(Size),
}

/// What a visitor is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ToVisitor {
    /// What the process wrote, untouched.
    Output(Vec<u8>),
    /// So many bytes of it are left out here: the visitor took nothing for too long.
    LeftOut(u64),
    /// The run is over: how it ended, in words. Last.
    Ended(String),
}

/// The other side does not speak this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A stream in pieces → its frames.
#[derive(Debug, Default)]
pub(crate) struct Frames(Vec<u8>);

impl Frames {
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.0.extend_from_slice(piece);
    }

    /// The next one that is whole: its kind and its body.
    ///
    /// # Errors
    /// It says that it is longer than any. Nothing that follows can be understood.
    fn next(&mut self, longest: usize) -> Result<Option<(u8, Vec<u8>)>, Malformed> {
        let Some((&[kind, a, b, c, d], rest)) = self.0.split_first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > longest {
            return Err(Malformed);
        }
        let Some(body) = rest.get(..length).map(<[u8]>::to_vec) else {
            return Ok(None);
        };
        self.0.drain(..HEAD + length);
        Ok(Some((kind, body)))
    }

    /// # Errors
    /// It is none: the visitor is not heard any more.
    pub(crate) fn next_from_visitor(&mut self) -> Result<Option<FromVisitor>, Malformed> {
        let Some((kind, body)) = self.next(MAX_TYPED)? else {
            return Ok(None);
        };
        match (kind, &body[..]) {
            (KEYS, _) => Ok(Some(FromVisitor::Keys(body))),
            (SIZE, &[a, b, c, d]) => {
                let columns = u16::from_be_bytes([a, b]);
                let rows = u16::from_be_bytes([c, d]);
                Ok(Some(FromVisitor::Size(Size { columns, rows })))
            }
            _ => Err(Malformed),
        }
    }

    /// Leaves out what a later version may say.
    ///
    /// # Errors
    /// As [`Frames::next_from_visitor`].
    pub(crate) fn next_to_visitor(&mut self) -> Result<Option<ToVisitor>, Malformed> {
        while let Some((kind, body)) = self.next(MAX_BODY)? {
            let frame = match kind {
                OUTPUT => ToVisitor::Output(body),
                LEFT_OUT => {
                    let count = body.try_into().map_err(|_| Malformed)?;
                    ToVisitor::LeftOut(u64::from_be_bytes(count))
                }
                ENDED => ToVisitor::Ended(String::from_utf8(body).map_err(|_| Malformed)?),
                _ => continue,
            };
            return Ok(Some(frame));
        }
        Ok(None)
    }
}

impl FromVisitor {
    /// Appends it; keys in as many frames as they need.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Keys(keys) => keys
                .chunks(MAX_TYPED)
                .for_each(|keys| frame(KEYS, keys, out)),
            Self::Size(Size { columns, rows }) => {
                let [a, b] = columns.to_be_bytes();
                let [c, d] = rows.to_be_bytes();
                frame(SIZE, &[a, b, c, d], out);
            }
        }
    }
}

impl ToVisitor {
    /// Appends it; output in as many frames as it needs.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Output(bytes) => bytes
                .chunks(MAX_BODY)
                .for_each(|bytes| frame(OUTPUT, bytes, out)),
            Self::LeftOut(count) => frame(LEFT_OUT, &count.to_be_bytes(), out),
            Self::Ended(words) => frame(ENDED, words.as_bytes(), out),
        }
    }
}

impl From<Bytes> for Frames {
    /// What came together with the answer to the upgrade.
    fn from(bytes: Bytes) -> Self {
        Self(bytes.into())
    }
}

fn frame(kind: u8, body: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(body.len()).expect("it is at most 64 KiB");
    out.push(kind);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_may_be_cut_anywhere() {
        let size = Size {
            columns: 300,
            rows: 24,
        };
        let typed = [
            FromVisitor::Keys(b"ls\r\0\xff".to_vec()),
            FromVisitor::Size(size),
            FromVisitor::Keys(vec![]),
        ];
        let shown = [
            ToVisitor::Output(vec![b'x'; MAX_BODY]),
            ToVisitor::LeftOut(1 << 40),
            ToVisitor::Ended("exited with status 0".into()),
        ];
        let (mut sent, mut answered) = (Vec::new(), Vec::new());
        typed[..2].iter().for_each(|frame| frame.write(&mut sent));
        sent.extend_from_slice(&[KEYS, 0, 0, 0, 0]);
        shown.iter().for_each(|frame| frame.write(&mut answered));
        for length in [1, 2, 4, 5, 6, 7, 1000, MAX_BODY, 1 << 20] {
            let mut frames = Frames::default();
            let mut heard = Vec::new();
            for piece in sent.chunks(length) {
                frames.push(piece);
                while let Some(frame) = frames.next_from_visitor().unwrap() {
                    heard.push(frame);
                }
            }
            assert_eq!(heard, typed, "{length}");
            let mut frames = Frames::default();
            let mut heard = Vec::new();
            // Byte by byte it would take as long as all other tests.
            for piece in answered.chunks(length.max(1000)) {
                frames.push(piece);
                while let Some(frame) = frames.next_to_visitor().unwrap() {
                    heard.push(frame);
                }
            }
            assert_eq!(heard, shown, "{length}");
        }
    }

    #[test]
    fn what_is_too_long_goes_in_several() {
        let mut out = Vec::new();
        ToVisitor::Output(vec![b'x'; 2 * MAX_BODY + 1]).write(&mut out);
        let mut frames = Frames(out);
        let mut lengths = Vec::new();
        while let Some(frame) = frames.next_to_visitor().unwrap() {
            match frame {
                ToVisitor::Output(bytes) => lengths.push(bytes.len()),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(lengths, [MAX_BODY, MAX_BODY, 1]);
    }

    #[test]
    fn garbage_is_refused_as_soon_as_it_is_seen() {
        let check = |bytes: &[u8]| {
            let mut frames = Frames(bytes.to_vec());
            assert_eq!(frames.next_from_visitor(), Err(Malformed), "{bytes:?}");
        };
        check(b"GET / HTTP/1.1\r\n");
        check(&[KEYS, 0, 0, 64, 1]);
        check(&[KEYS, 255, 255, 255, 255]);
        check(&[SIZE, 0, 0, 0, 3, 1, 2, 3]);
        check(&[SIZE, 0, 0, 0, 0]);
        check(&[OUTPUT, 0, 0, 0, 0]);
        check(&[0, 0, 0, 0, 0]);
    }

    #[test]
    fn a_later_version_may_say_more() {
        let mut frames = Frames(vec![b'?', 0, 0, 0, 2, 1, 2]);
        ToVisitor::LeftOut(7).write(&mut frames.0);
        assert_eq!(frames.next_to_visitor(), Ok(Some(ToVisitor::LeftOut(7))));
        let check = |bytes: &[u8]| {
            let mut frames = Frames(bytes.to_vec());
            assert_eq!(frames.next_to_visitor(), Err(Malformed), "{bytes:?}");
        };
        check(&[LEFT_OUT, 0, 0, 0, 1, 1]);
        check(&[ENDED, 0, 0, 0, 1, 255]);
        check(&[OUTPUT, 1, 0, 0, 0]);
    }
}
