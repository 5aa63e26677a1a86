//! The last of what a child wrote, for a post-mortem. It costs one copy of at most 4 KiB a chunk.

/// Enough for a few long lines.
const KEPT: usize = 4096;
/// How many lines a post-mortem has.
pub(crate) const LINES: usize = 5;

#[derive(Debug, Default)]
pub(crate) struct Tail {
    bytes: Vec<u8>,
    /// It does not begin with the first byte, so perhaps within a line.
    is_torn: bool,
}

impl Tail {
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        let last = &chunk[chunk.len().saturating_sub(KEPT)..];
        if last.len() < chunk.len() {
            self.bytes.clear();
            self.is_torn = true;
        }
        if self.bytes.len() + last.len() > 2 * KEPT {
            let surplus = (self.bytes.len() + last.len() - KEPT).min(self.bytes.len());
            self.bytes.drain(..surplus);
            self.is_torn = true;
        }
        self.bytes.extend_from_slice(last);
    }

    /// What is kept.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The last whole lines of what was pushed, without the last `open` bytes, and of `more`; and what
    /// stands behind them. At most 4 KiB.
    pub(crate) fn last_but(&self, open: usize, more: &[u8]) -> Vec<u8> {
        let kept = &self.bytes[..self.bytes.len().saturating_sub(open)];
        let more = &more[more.len().saturating_sub(KEPT + 1)..];
        let mut last = [kept, more].concat();
        if self.is_torn || last.len() > KEPT {
            last.drain(..last.len().saturating_sub(KEPT));
            let torn = memchr::memchr(b'\n', &last).map_or(last.len(), |at| at + 1);
            last.drain(..torn);
        }
        last
    }

    /// The last lines that are not blank, the earliest first; and forgets them.
    pub(crate) fn take(&mut self) -> Vec<Vec<u8>> {
        let is_blank = |line: &&[u8]| line.iter().all(u8::is_ascii_whitespace);
        let lines = self.bytes.split(|byte| *byte == b'\n').rev();
        let mut last: Vec<Vec<u8>> = lines
            .filter(|line| !is_blank(line))
            .take(LINES)
            .map(<[u8]>::to_vec)
            .collect();
        last.reverse();
        self.bytes.clear();
        self.is_torn = false;
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_however_much_was_written() {
        let mut tail = Tail::default();
        for number in 0..10_000 {
            tail.push(format!("line {number}\n").as_bytes());
        }
        tail.push(b"\n  \nno newline");
        let lines: Vec<String> = tail
            .take()
            .iter()
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        assert_eq!(
            lines,
            [
                "line 9996",
                "line 9997",
                "line 9998",
                "line 9999",
                "no newline"
            ]
        );
        assert!(tail.take().is_empty());
        tail.push(&[b'x'; 100_000]);
        assert!(tail.bytes.len() <= 2 * KEPT);
    }

    #[test]
    fn the_last_whole_lines_are_told_apart_from_what_is_open() {
        let mut tail = Tail::default();
        tail.push(b"a\nb\nc");
        assert_eq!(tail.last_but(0, b""), b"a\nb\nc");
        assert_eq!(tail.last_but(1, b""), b"a\nb\n");
        assert_eq!(tail.last_but(0, b"d\n"), b"a\nb\ncd\n");
        let long = format!("{}\nend\n", "x".repeat(5000));
        assert_eq!(tail.last_but(0, long.as_bytes()), b"end\n");
        for chunk in long.as_bytes().chunks(700) {
            tail.push(chunk);
        }
        assert_eq!(tail.last_but(0, b""), b"end\n");
        tail.push(long.as_bytes());
        assert_eq!(tail.last_but(4, b""), b"");
    }
}
