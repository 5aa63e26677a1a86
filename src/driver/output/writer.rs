//! The thread that writes to stdout, and the one buffer between it and the loop.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Instant;

use tokio::sync::Notify;

use crate::os::{descriptor, signals};

/// What one write(2) takes at the most, so that what was not written is known well.
const PIECE: usize = 64 * 1024;

pub(super) struct Writer(Arc<Shared>);

struct Shared {
    front: Mutex<Front>,
    /// There is something to write, or nothing will come any more.
    filled: Condvar,
    /// Something was taken or written, or nothing more can be.
    moved: Notify,
}

#[derive(Default)]
struct Front {
    bytes: Vec<u8>,
    /// In the thread's hands.
    in_flight: usize,
    is_done: bool,
    is_closed: bool,
    has_failed: bool,
    /// When the thread got something done last, or began.
    moved_at: Option<Instant>,
}

/// What became of all that was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Bytes that were not written, though somebody may still read.
    pub(super) left: usize,
    pub(super) has_failed: bool,
}

impl Writer {
    /// Starts the thread. It never makes `stdout` non-blocking: others share it.
    pub(super) fn start(stdout: OwnedFd) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            front: Mutex::default(),
            filled: Condvar::new(),
            moved: Notify::new(),
        });
        let threads = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("devrun-stdout".into())
            .spawn(move || {
                // They are the loop's; that they cannot be held back here is no reason not to write.
                let _ = signals::leave_to_other_threads();
                write_all(&threads, &stdout);
            })?;
        Ok(Self(shared))
    }

    /// Lets `write` append to what is to be written. The thread is at work at once.
    pub(super) fn append(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut front = self.0.lock();
        let was_empty = front.bytes.is_empty();
        write(&mut front.bytes);
        if front.is_closed {
            front.bytes.clear();
        }
        // The thread sleeps only where there is nothing: waking it is a system call.
        let is_first = was_empty && !front.bytes.is_empty();
        drop(front);
        if is_first {
            self.0.filled.notify_one();
        }
    }

    /// How many bytes the thread has not taken yet.
    pub(super) fn waiting(&self) -> usize {
        self.0.lock().bytes.len()
    }

    /// Since when the thread stands in a write. `None`: it has nothing to write.
    pub(super) fn still_since(&self) -> Option<Instant> {
        let front = self.0.lock();
        front.moved_at.filter(|_| front.in_flight > 0)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.lock().is_closed
    }

    /// Nobody reads any more: nothing is kept.
    pub(super) fn close(&self) {
        self.0.close();
    }

    /// Lets everybody who waits look again.
    pub(super) fn wake(&self) {
        self.0.moved.notify_waiters();
    }

    /// Waits until `is_so`, which only [`Writer::wake`], [`Writer::close`] and the thread can bring about.
    pub(super) async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        loop {
            // It is there before the look, so that nothing is missed in between.
            let moved = self.0.moved.notified();
            if is_so(self) {
                return;
            }
            moved.await;
        }
    }

    /// Everything is written, or nobody will read it.
    pub(super) fn is_idle(&self) -> bool {
        let front = self.0.lock();
        front.is_closed || (front.bytes.is_empty() && front.in_flight == 0)
    }

    /// The thread ends as soon as it can: never, where it stands in a write that nobody reads.
    pub(super) fn end(&self) -> Written {
        let mut front = self.0.lock();
        front.is_done = true;
        let left = if front.is_closed {
            0
        } else {
            front.bytes.len() + front.in_flight
        };
        let has_failed = front.has_failed;
        drop(front);
        self.0.filled.notify_one();
        Written { left, has_failed }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Front> {
        self.front.lock().expect("nobody panics while holding it")
    }

    fn close(&self) {
        let mut front = self.lock();
        front.is_closed = true;
        front.bytes = Vec::new();
        drop(front);
        self.moved.notify_waiters();
    }

    /// Swaps what is there for `back`, which is empty. `false`: nothing will come any more.
    fn take(&self, back: &mut Vec<u8>) -> bool {
        let mut front = self.lock();
        while front.bytes.is_empty() && !front.is_done {
            front = self
                .filled
                .wait(front)
                .expect("nobody panics while holding it");
        }
        std::mem::swap(&mut front.bytes, back);
        front.in_flight = back.len();
        front.moved_at = Some(Instant::now());
        drop(front);
        self.moved.notify_waiters();
        !back.is_empty()
    }

    fn settle(&self, count: usize, result: &io::Result<()>) {
        let mut front = self.lock();
        front.in_flight -= count;
        front.moved_at = Some(Instant::now());
        // The disk is full, most likely: there may be room again.
        front.has_failed |= result.is_err();
        drop(front);
        self.moved.notify_waiters();
    }
}

/// Takes all there is, writes it, and again. It may block as long as the reader likes.
fn write_all(shared: &Shared, stdout: &OwnedFd) {
    let mut back = Vec::new();
    while shared.take(&mut back) {
        for piece in back.chunks(PIECE) {
            let result = descriptor::write_all(stdout.as_fd(), piece);
            if result.as_ref().is_err_and(descriptor::is_gone) {
                shared.close();
                return;
            }
            shared.settle(piece.len(), &result);
        }
        back.clear();
    }
}
