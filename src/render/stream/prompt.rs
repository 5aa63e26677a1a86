//! Whether a process that wrote the beginning of a line waits for an answer.

use crate::render::stream::Stream;
use crate::render::{moves, sanitize};

/// How prompts end: `(Pdb) `, `>>> `, `postgres=# `, `Overwrite? [y/N] `, `Password: `, `Name › `.
const ENDS: [char; 11] = [':', '?', '>', ')', ']', '}', '$', '#', '›', '❯', '»'];

impl Stream {
    /// What it wrote last has no newline, and looks like a question.
    pub(crate) fn has_prompt(&self, source: usize) -> bool {
        let bytes = self.sources[source].tail.bytes();
        let start = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        let line = &bytes[start..];
        let start = moves::survey(line, true).state.start;
        sanitize::without_escapes(&line[start..])
            .trim_end()
            .ends_with(ENDS)
    }
}
