//! Somebody looks at one process's terminal; what all others write waits meanwhile.

use crate::driver::output::Output;
use crate::render::whole;

/// Which process is shown as it is.
#[derive(Debug)]
pub(super) struct Attached {
    source: usize,
    /// Lines of the others, and devrun's own.
    pub(super) held: Vec<u8>,
    /// The cursor stands behind something.
    is_in_row: bool,
    /// It is over: what the process writes now is as anybody else's.
    is_left: bool,
}

impl Output {
    pub(super) fn is_attached(&self, source: usize) -> bool {
        let attached = self.0.attached.borrow();
        attached
            .as_ref()
            .is_some_and(|attached| attached.source == source && !attached.is_left)
    }

    /// From here on the terminal, which is in raw mode, is `source`'s alone. Of what that wrote before, at
    /// most `rows` are shown again.
    pub(crate) fn attach(&self, source: usize, rows: usize) {
        let stream = self.0.stream.borrow();
        let Some(stream) = stream.text() else { return };
        self.0.writer.append(|out| {
            let modes = stream.modes(source);
            stream.recent_screen(source, modes, rows, out);
        });
        *self.0.attached.borrow_mut() = Some(Attached {
            source,
            held: Vec::new(),
            is_in_row: true,
            is_left: false,
        });
    }

    /// Undoes what the process did to the terminal. What the others wrote, and it itself from here on,
    /// waits until [`Output::show_held`].
    pub(crate) fn detach(&self) {
        let mut attached = self.0.attached.borrow_mut();
        let Some(Attached {
            source,
            is_in_row,
            is_left,
            ..
        }) = &mut *attached
        else {
            return;
        };
        *is_left = true;
        let stream = self.0.stream.borrow();
        let Some(stream) = stream.text() else { return };
        self.0
            .writer
            .append(|out| stream.leave(*source, *is_in_row, out));
    }

    /// The terminal is as before: what the others wrote meanwhile comes now.
    pub(crate) fn show_held(&self) {
        let attached = self.0.attached.borrow_mut().take();
        if let Some(attached) = attached {
            self.0
                .writer
                .append(|out| out.extend_from_slice(&attached.held));
        }
    }

    /// What the attached process writes, as it is.
    pub(super) fn show_whole(&self, source: usize, chunk: &[u8]) {
        let mut stream = self.0.stream.borrow_mut();
        let Some(stream) = stream.text_mut() else {
            return;
        };
        stream.observe(source, chunk);
        if let Some(attached) = &mut *self.0.attached.borrow_mut() {
            attached.is_in_row = !chunk.ends_with(b"\n");
        }
        let modes = stream.modes(source);
        self.0.writer.append(|out| whole::show(chunk, modes, out));
    }
}
