//! What waits to be written to stdout, and who writes it: the loop itself into a pipe, a thread into anything else.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::time;

use crate::os::{descriptor, signals, watched};

/// What one write(2) of the thread takes at the most, so that what was not written is known well.
const PIECE: usize = 64 * 1024;
/// What comes last has to wait for all that waits before it. So much keeps a pipe full.
const DEPTH_OF_TASK: usize = 64 * 1024;
/// What our reader's pipe holds at the least: twice what is there by default, so that it is written to while it is
/// read from. Else reader and writer take turns, and each turn wakes the other one.
const READERS_PIPE: i32 = 128 * 1024;
/// A thread has something to do with that until it is given more.
const DEPTH_OF_THREAD: usize = 512 * 1024;
/// The thread is woken for so much at once where more and more comes: each time costs two system calls.
const BATCH: usize = 256 * 1024;
/// A pipe takes its pages when it is written to: where there are none, it is tried again so much later.
const NO_MEMORY: Duration = Duration::from_millis(10);

pub(super) struct Writer(Arc<Shared>);

struct Shared {
    front: Mutex<Front>,
    /// How many bytes may wait before who appends more should wait.
    depth: usize,
    /// For the task: who writes has something to write again.
    filled: Notify,
    /// For the thread: it has enough to write, or nothing will come any more.
    enough: Condvar,
    /// Something was written, or nothing more can be.
    moved: Notify,
    /// Nobody reads any more.
    closed: Notify,
}

#[derive(Default)]
struct Front {
    bytes: Vec<u8>,
    /// So many of the first of them the task has written.
    written: usize,
    /// In the hands of the thread.
    in_flight: usize,
    /// Who writes waits for something.
    is_awaited: bool,
    is_done: bool,
    is_closed: bool,
    has_failed: bool,
    /// When something was got done last, or begun.
    moved_at: Option<Instant>,
}

/// What a pipe had no room for.
enum Left {
    Nothing,
    Something,
}

/// What became of all that was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Bytes that were not written, though somebody may still read.
    pub(super) left: usize,
    pub(super) has_failed: bool,
}

impl Writer {
    /// To be called in the runtime's `LocalSet`. `stdout` is never made non-blocking: others share it. A pipe is
    /// opened anew for that where it can be, and needs no thread then: bytes go from child to reader without
    /// waking anybody in between.
    pub(super) fn start(stdout: OwnedFd) -> io::Result<Self> {
        let pipe = descriptor::reopen_pipe(stdout.as_fd());
        match pipe.and_then(|pipe| watched::watch(pipe, Interest::WRITABLE)) {
            Ok(pipe) => Ok(Self::start_task(pipe)),
            Err(_) => Self::start_thread(stdout),
        }
    }

    fn start_task(pipe: AsyncFd<OwnedFd>) -> Self {
        descriptor::grow_pipe(pipe.get_ref().as_fd(), READERS_PIPE);
        let shared = Shared::new(DEPTH_OF_TASK);
        tokio::task::spawn_local(write_at_once(Arc::clone(&shared), pipe));
        Self(shared)
    }

    fn start_thread(stdout: OwnedFd) -> io::Result<Self> {
        let shared = Shared::new(DEPTH_OF_THREAD);
        let threads = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("devrun-stdout".into())
            .spawn(move || {
                // They are the loop's; that they cannot be held back here is no reason not to write.
                let _ = signals::leave_to_other_threads();
                write_all(&threads, &stdout);
            })?;
        tokio::task::spawn_local(wake_thread(Arc::clone(&shared)));
        Ok(Self(shared))
    }

    /// Lets `write` append to what is to be written. Who writes is at work at once.
    pub(super) fn append(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut front = self.0.lock();
        front.forget_written();
        write(&mut front.bytes);
        if front.is_closed {
            front.bytes.clear();
        }
        let is_awaited = front.is_awaited && !front.bytes.is_empty();
        if is_awaited {
            front.is_awaited = false;
            drop(front);
            self.0.filled.notify_one();
        }
    }

    /// How many bytes may wait before who appends more should wait.
    pub(super) fn depth(&self) -> usize {
        self.0.depth
    }

    /// How many bytes are not written yet.
    pub(super) fn waiting(&self) -> usize {
        self.0.lock().left()
    }

    /// Since when a write takes nothing. `None`: there is nothing to write.
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

    /// Waits until nobody reads any more.
    pub(super) async fn closed(&self) {
        // It is there before the look, so that nothing is missed in between.
        let closed = self.0.closed.notified();
        if !self.is_closed() {
            closed.await;
        }
    }

    /// Lets everybody who waits look again.
    pub(super) fn wake(&self) {
        self.0.moved.notify_waiters();
    }

    /// Waits until `is_so`, which only [`Writer::wake`], [`Writer::close`] and who writes can bring about.
    pub(super) async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        loop {
            // As above.
            let moved = self.0.moved.notified();
            if is_so(self) {
                return;
            }
            moved.await;
        }
    }

    /// Everything is written, or nobody will read it.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting() == 0
    }

    /// Who writes ends as soon as it can: a thread never, where it stands in a write that nobody reads.
    pub(super) fn end(&self) -> Written {
        let mut front = self.0.lock();
        front.is_done = true;
        let left = front.left();
        let has_failed = front.has_failed;
        drop(front);
        self.0.enough.notify_one();
        Written { left, has_failed }
    }
}

impl Shared {
    fn new(depth: usize) -> Arc<Self> {
        Arc::new(Self {
            front: Mutex::default(),
            depth,
            filled: Notify::new(),
            enough: Condvar::new(),
            moved: Notify::new(),
            closed: Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Front> {
        self.front.lock().expect("nobody panics while holding it")
    }

    fn close(&self) {
        let mut front = self.lock();
        front.is_closed = true;
        front.bytes = Vec::new();
        front.written = 0;
        drop(front);
        self.moved.notify_waiters();
        self.closed.notify_waiters();
    }

    /// Writes to a pipe what it has room for, without waiting.
    fn write_some(&self, pipe: &OwnedFd) -> io::Result<Left> {
        let mut front = self.lock();
        let written = front.written;
        let bytes = &front.bytes[written..];
        if !bytes.is_empty() {
            let count = descriptor::write_some(pipe.as_fd(), bytes)?;
            front.written += count.unwrap_or(0);
        }
        let is_all = front.written == front.bytes.len();
        if is_all {
            front.written = 0;
            front.bytes.clear();
        }
        front.is_awaited = is_all;
        drop(front);
        self.moved.notify_waiters();
        Ok(if is_all {
            Left::Nothing
        } else {
            Left::Something
        })
    }

    fn settle(&self, count: usize, result: &io::Result<()>) {
        let mut front = self.lock();
        front.in_flight -= count;
        front.moved_at = Some(Instant::now());
        // The disk is full, most likely: there may be room again.
        front.has_failed |= result.is_err();
        let left = front.left();
        drop(front);
        // Who waits in the loop is woken by a system call: not for each piece.
        if !(self.depth / 2..self.depth).contains(&left) {
            self.moved.notify_waiters();
        }
    }
}

impl Front {
    /// Makes room, where that is much beside what has to be moved for it.
    fn forget_written(&mut self) {
        if self.written > self.bytes.len() / 4 {
            self.bytes.drain(..self.written);
            self.written = 0;
        }
    }

    /// In bytes: what is not written yet, and may be.
    fn left(&self) -> usize {
        if self.is_closed {
            return 0;
        }
        self.bytes.len() - self.written + self.in_flight
    }

    /// Swaps what is there for `back`, which is empty. `None`: there is nothing, and who asks has to wait.
    /// `Some(false)`: nothing will come any more.
    fn take(&mut self, back: &mut Vec<u8>) -> Option<bool> {
        self.is_awaited = self.bytes.is_empty() && !self.is_done;
        if self.is_awaited {
            return None;
        }
        std::mem::swap(&mut self.bytes, back);
        self.in_flight = back.len();
        self.moved_at = Some(Instant::now());
        Some(!back.is_empty())
    }
}

/// In a thread: takes all there is, writes it, and again. It may block as long as the reader likes.
fn write_all(shared: &Shared, stdout: &OwnedFd) {
    let mut back = Vec::new();
    while wait_and_take(shared, &mut back) {
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

fn wait_and_take(shared: &Shared, back: &mut Vec<u8>) -> bool {
    let mut front = shared.lock();
    loop {
        if let Some(is_more) = front.take(back) {
            return is_more;
        }
        front = shared
            .enough
            .wait(front)
            .expect("nobody panics while holding it");
    }
}

/// In the loop: wakes the thread as soon as nothing more comes at once, or enough has come.
async fn wake_thread(shared: Arc<Shared>) {
    loop {
        shared.filled.notified().await;
        let mut before = 0;
        loop {
            let waiting = shared.lock().bytes.len();
            if waiting == before || waiting >= BATCH {
                break;
            }
            before = waiting;
            tokio::task::yield_now().await;
        }
        shared.enough.notify_one();
    }
}

/// In the loop: writes what the pipe has room for, and again as soon as there is more, of either.
async fn write_at_once(shared: Arc<Shared>, pipe: AsyncFd<OwnedFd>) {
    loop {
        let Ok(mut ready) = pipe.writable().await else {
            return shared.close();
        };
        match shared.write_some(pipe.get_ref()) {
            Ok(Left::Nothing) => shared.filled.notified().await,
            Ok(Left::Something) => ready.clear_ready(),
            Err(error) if descriptor::is_short(&error) => time::sleep(NO_MEMORY).await,
            Err(_) => return shared.close(),
        }
    }
}
