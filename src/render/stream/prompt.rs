//! Whether a process that wrote the beginning of a line waits for an answer.

use crate::render::sanitize;
use crate::render::stream::{Stream, trim_returns};

/// How prompts end: `(Pdb) `, `>>> `, `postgres=# `, `Overwrite? [y/N] `, `Password: `, `Name › `.
const ENDS: [char; 11] = [':', '?', '>', ')', ']', '}', '$', '#', '›', '❯', '»'];

impl Stream {
    /// What is shown of its open line looks like a question.
    pub(crate) fn has_prompt(&self, source: usize) -> bool {
        let this = &self.sources[source];
        let bytes = this.tail.bytes();
        let start = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        let line = trim_returns(&bytes[start..]);
        let state = memchr::memrchr(b'\r', line).map_or(0, |at| at + 1);
        let shown = sanitize::without_escapes(&line[state..]);
        this.is_begun && shown.trim_end().ends_with(ENDS)
    }
}
