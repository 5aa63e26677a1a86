//! What is not shown: lines of the muted, and lines for which there is no room.

use crate::render::stream::Stream;

impl Stream {
    /// In the place of [`Stream::chunk`], where there is no room: what the process wrote is counted, and
    /// remembered for its post-mortem. Only whole lines are left out, but for one that was begun.
    pub(crate) fn skip(&mut self, source: usize, chunk: &[u8], out: &mut Vec<u8>) {
        let was_torn = self.sources[source].is_torn;
        let left_out = self.leave_out(source, chunk, out);
        self.skipped += left_out as u64;
        let begun = u64::from(self.sources[source].is_torn);
        self.skipped_lines += lines_of(chunk) + begun - u64::from(was_torn);
    }

    /// How many bytes were skipped, in all.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Of how many lines something was skipped since this was asked last: also of one that has no end yet.
    pub(crate) fn take_skipped_lines(&mut self) -> u64 {
        std::mem::take(&mut self.skipped_lines)
    }

    /// From here on the lines of the process are left out. `false`: they were already.
    pub(crate) fn mute(&mut self, source: usize) -> bool {
        let muted = &mut self.sources[source].muted;
        let was_shown = muted.is_none();
        muted.get_or_insert(0);
        was_shown
    }

    /// Shows its lines again, and tells how many were left out. `None`: it was not muted.
    pub(crate) fn unmute(&mut self, source: usize) -> Option<u64> {
        self.sources[source].muted.take()
    }

    /// Takes in what a muted process wrote. `false`: it is not muted.
    pub(crate) fn hide(&mut self, source: usize, chunk: &[u8], out: &mut Vec<u8>) -> bool {
        let Some(hidden) = &mut self.sources[source].muted else {
            return false;
        };
        *hidden += lines_of(chunk);
        self.leave_out(source, chunk, out);
        true
    }

    /// Returns how many bytes of the process's lines will not be seen because of that.
    fn leave_out(&mut self, source: usize, chunk: &[u8], out: &mut Vec<u8>) -> usize {
        if self.unfinished == Some(source) {
            self.leave_row(out);
        }
        let open = self.sources[source].open.bytes().len();
        self.observe(source, chunk);
        let this = &mut self.sources[source];
        this.is_begun = false;
        this.is_torn = !chunk.ends_with(b"\n");
        open + chunk.len()
    }
}

fn lines_of(chunk: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', chunk).count() as u64
}
