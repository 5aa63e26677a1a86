//! Whether a process that wrote the beginning of a line waits for an answer.

use crate::render::stream::{Source, Stream};
use crate::render::{moves, sanitize};

/// How prompts end: `(Pdb) `, `>>> `, `postgres=# `, `Overwrite? [y/N] `, `Password: `, `Name › `.
const ENDS: [char; 11] = [':', '?', '>', ')', ']', '}', '$', '#', '›', '❯', '»'];

impl Stream {
    /// What it wrote last has no newline, and looks like a question.
    pub(crate) fn has_prompt(&self, source: usize) -> bool {
        self.sources[source].last_row().ends_with(ENDS)
    }
}

impl Source {
    /// What stands behind the last newline, without escapes and blanks at its end.
    pub(super) fn last_row(&self) -> String {
        let bytes = self.tail.bytes();
        let start = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        let line = &bytes[start..];
        let start = moves::survey(line, true).state.start;
        text_of(&line[start..])
    }

    pub(super) fn is_seen(&self, row: &[u8]) -> bool {
        !self.seen.is_empty() && self.seen == text_of(row)
    }
}

fn text_of(row: &[u8]) -> String {
    sanitize::without_escapes(row).trim_end().to_string()
}
