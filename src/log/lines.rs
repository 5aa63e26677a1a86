//! Cuts what a child writes at its newlines, and at nothing else.

/// Longest line kept whole. What a child writes beyond it without a newline is passed on in pieces, so
/// that one process cannot grow devrun's memory without end.
pub(crate) const MAX_LINE: usize = 64 * 1024;

/// The beginning of a line whose end has not come yet.
#[derive(Debug, Default)]
pub(crate) struct Open {
    bytes: Vec<u8>,
}

/// What a chunk completed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut<'a> {
    /// Whole lines with their newlines; the first one continues what was open.
    pub(crate) complete: &'a [u8],
    /// Behind the last newline.
    pub(crate) rest: &'a [u8],
}

pub(crate) fn cut(chunk: &[u8]) -> Cut<'_> {
    let end = memchr::memrchr(b'\n', chunk).map_or(0, |at| at + 1);
    let (complete, rest) = chunk.split_at(end);
    Cut { complete, rest }
}

/// Of a line whose beginning was left out so will be the rest: splits that from `chunk`. `is_torn` says
/// whether there is such a line, and afterwards whether its end is still to come.
pub(crate) fn split_torn<'a>(is_torn: &mut bool, chunk: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    if !*is_torn {
        return (b"", chunk);
    }
    let end = memchr::memchr(b'\n', chunk);
    *is_torn = end.is_none();
    chunk.split_at(end.map_or(chunk.len(), |end| end + 1))
}

impl Open {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn push(&mut self, rest: &[u8]) {
        self.bytes.extend_from_slice(rest);
    }

    pub(crate) fn is_too_long(&self) -> bool {
        self.bytes.len() > MAX_LINE
    }

    /// All of it.
    pub(crate) fn take(&mut self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.bytes);
        self.bytes.clear();
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets the first `count` bytes: they were shown.
    pub(crate) fn consume(&mut self, count: usize) {
        self.bytes.drain(..count);
    }
}

/// How many of `bytes` can be shown without tearing a UTF-8 character: at most three less than all.
pub(crate) fn whole_characters(bytes: &[u8]) -> usize {
    let is_start = |byte: &u8| (*byte as i8) >= -0x40;
    let Some(back) = bytes.iter().rev().take(4).position(is_start) else {
        return bytes.len();
    };
    let start = bytes.len() - 1 - back;
    let needed = match bytes[start] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    if back + 1 < needed {
        start
    } else {
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_newlines_only() {
        let check = |chunk: &str, complete: &str, rest: &str| {
            let expected = Cut {
                complete: complete.as_bytes(),
                rest: rest.as_bytes(),
            };
            assert_eq!(cut(chunk.as_bytes()), expected);
        };
        check("a\nb\nc", "a\nb\n", "c");
        check("a\r\n\n", "a\r\n\n", "");
        check("prompt> ", "", "prompt> ");
        check("", "", "");
    }

    #[test]
    fn the_rest_of_a_torn_line_is_split_off_once() {
        let mut is_torn = true;
        assert_eq!(split_torn(&mut is_torn, b"ab"), (&b"ab"[..], &b""[..]));
        assert_eq!(
            split_torn(&mut is_torn, b"c\nd\n"),
            (&b"c\n"[..], &b"d\n"[..])
        );
        assert_eq!(split_torn(&mut is_torn, b"e\n"), (&b""[..], &b"e\n"[..]));
    }

    #[test]
    fn a_character_is_shown_whole_or_not_at_all() {
        let check = |bytes: &[u8], expected: usize| assert_eq!(whole_characters(bytes), expected);
        check("aé".as_bytes(), 3);
        check(&"aé".as_bytes()[..2], 1);
        check(&"a🦀".as_bytes()[..4], 1);
        check("a🦀".as_bytes(), 5);
        check(b"a\xff", 2);
        check(b"\x80\x80\x80\x80\x80", 5);
        check(b"", 0);
    }
}
