//! The one owner of stdout: tasks read the children's pipes into one buffer, a thread writes it.
//!
//! Bounds: about 1 MiB waits for a slow reader, then the children wait as well; from the stop on 16 MiB,
//! and what comes on top is dropped and counted, so that a reader who stands still cannot get a healthy
//! child killed within its last words.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::driver::clock::Clock;
use crate::os::{descriptor, watched};
use crate::render::stream::Stream;
use crate::words::notice::Notice;

/// What one read takes at the most.
const CHUNK: usize = 64 * 1024;
/// So much may wait to be written before the children have to.
const FULL: usize = 1024 * 1024;
/// From the stop on.
const FULL_WHILE_STOPPING: usize = 16 * 1024 * 1024;
/// No pipe of a user's holds more (`fs.pipe-max-size`, as it comes).
const LARGEST_PIPE: usize = 1024 * 1024;
/// A line without an end is shown after so much silence.
const SILENCE: Duration = Duration::from_millis(300);

#[derive(Clone)]
pub(crate) struct Output(Rc<Inner>);

struct Inner {
    stream: RefCell<Stream>,
    clock: RefCell<Clock>,
    /// Every pipe is read through this one: only what was read stays.
    chunk: RefCell<Vec<u8>>,
    is_stopping: Cell<bool>,
    dropped: Cell<u64>,
    /// Sources whose next writing is awaited.
    awaited: RefCell<Vec<bool>>,
    wrote: mpsc::UnboundedSender<usize>,
    shared: Arc<Shared>,
}

/// Between the loop and the thread that writes.
struct Shared {
    front: Mutex<Front>,
    /// There is something to write, or nothing will come any more.
    filled: Condvar,
    /// Written: there is room again.
    room: Notify,
    /// Nobody reads our stdout any more.
    closed: Notify,
}

#[derive(Default)]
struct Front {
    bytes: Vec<u8>,
    /// In the thread's hands.
    in_flight: usize,
    is_done: bool,
    is_closed: bool,
    has_failed: bool,
}

/// How the output ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Neither written nor going to be.
    pub(crate) lost: u64,
    /// A write failed for another reason than that nobody reads: the disk is full.
    pub(crate) has_failed: bool,
}

impl Output {
    /// Starts the thread that writes to `stdout`. `wrote` hears of the sources of
    /// [`Output::await_writing`].
    pub(crate) fn start(
        stream: Stream,
        clock: Clock,
        stdout: OwnedFd,
        sources: usize,
        wrote: mpsc::UnboundedSender<usize>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            front: Mutex::default(),
            filled: Condvar::new(),
            room: Notify::new(),
            closed: Notify::new(),
        });
        let writers = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("devrun-stdout".into())
            .spawn(move || write_all(&writers, &stdout))?;
        Ok(Self(Rc::new(Inner {
            stream: RefCell::new(stream),
            clock: RefCell::new(clock),
            chunk: RefCell::new(vec![0; CHUNK]),
            is_stopping: Cell::new(false),
            dropped: Cell::new(0),
            awaited: RefCell::new(vec![false; sources]),
            wrote,
            shared,
        })))
    }

    pub(crate) fn say(&self, notice: &Notice) {
        self.append(|stream, out| stream.say(notice, out));
    }

    /// Reads a run's pipe, from [`Reader::begin`] until it is told that the run is over.
    pub(crate) fn read(&self, source: usize, pipe: OwnedFd) -> io::Result<Reader> {
        let pipe = watched::watch(pipe, Interest::READABLE)?;
        let (begin, has_begun) = oneshot::channel();
        let (over, is_over) = oneshot::channel();
        let output = self.clone();
        let task = tokio::task::spawn_local(async move {
            let _ = has_begun.await;
            output.read_run(source, pipe, is_over).await
        });
        Ok(Reader {
            begin: Some(begin),
            over,
            task,
        })
    }

    /// Tells once, the next time that `source` writes.
    pub(crate) fn await_writing(&self, source: usize) {
        self.0.awaited.borrow_mut()[source] = true;
    }

    /// From here on children are not made to wait for a slow reader.
    pub(crate) fn begin_stop(&self) {
        self.0.is_stopping.set(true);
        self.0.shared.room.notify_waiters();
    }

    /// Resolves once nobody reads our stdout any more.
    pub(crate) async fn closed(&self) {
        let notified = self.0.shared.closed.notified();
        if !self.0.shared.lock().is_closed {
            notified.await;
        }
    }

    /// Waits until everything is written, or nobody reads any more.
    pub(crate) async fn flushed(&self) {
        loop {
            let room = self.0.shared.room.notified();
            if self.0.shared.lock().is_idle() {
                return;
            }
            room.await;
        }
    }

    /// The last call: waits for what is still to be written, at the longest until `deadline`.
    pub(crate) async fn finish(self, deadline: Instant) -> Ended {
        let _ = tokio::time::timeout_at(deadline.into(), self.flushed()).await;
        let shared = &self.0.shared;
        let mut front = shared.lock();
        front.is_done = true;
        shared.filled.notify_one();
        let unwritten = if front.is_closed {
            0
        } else {
            front.bytes.len() + front.in_flight
        };
        Ended {
            lost: self.0.dropped.get() + unwritten as u64,
            has_failed: front.has_failed,
        }
    }

    async fn read_run(
        &self,
        source: usize,
        pipe: AsyncFd<OwnedFd>,
        mut is_over: oneshot::Receiver<()>,
    ) -> Vec<String> {
        let silence = tokio::time::sleep(Duration::ZERO);
        tokio::pin!(silence);
        let mut waits_for_silence = false;
        loop {
            self.room().await;
            tokio::select! {
                biased;
                _ = &mut is_over => return self.drain(source, &pipe).await,
                ready = pipe.readable() => {
                    let Ok(mut ready) = ready else { break };
                    match self.take(source, &pipe) {
                        Some(0) => break,
                        Some(_) => {
                            waits_for_silence = self.0.stream.borrow().has_open(source);
                            if waits_for_silence {
                                silence.as_mut().reset(tokio::time::Instant::now() + SILENCE);
                            }
                            // One chunk a turn: a flood does not starve a quiet process.
                            tokio::task::yield_now().await;
                        }
                        None => ready.clear_ready(),
                    }
                }
                () = &mut silence, if waits_for_silence => {
                    waits_for_silence = false;
                    self.append(|stream, out| stream.show_open(source, out));
                }
            }
        }
        // All its writers have closed it; the run may go on all the same.
        if self.0.stream.borrow().has_open(source) {
            self.append(|stream, out| stream.show_open(source, out));
        }
        let _ = is_over.await;
        self.end(source)
    }

    /// To the end of what is there, not to the end of the pipe: a stranger may hold that open, and write.
    async fn drain(&self, source: usize, pipe: &AsyncFd<OwnedFd>) -> Vec<String> {
        let mut drained = 0;
        while let Some(count @ 1..) = self.take(source, pipe) {
            drained += count;
            if drained >= LARGEST_PIPE {
                break;
            }
            self.room().await;
        }
        self.end(source)
    }

    fn end(&self, source: usize) -> Vec<String> {
        let mut last_lines = Vec::new();
        self.append(|stream, out| last_lines = stream.end(source, out));
        last_lines
    }

    /// Reads one chunk into the stream. `None`: nothing is there now.
    fn take(&self, source: usize, pipe: &AsyncFd<OwnedFd>) -> Option<usize> {
        let mut chunk = self.0.chunk.borrow_mut();
        let count = descriptor::read(pipe.get_ref().as_fd(), &mut chunk).unwrap_or(Some(0))?;
        self.append(|stream, out| stream.chunk(source, &chunk[..count], out));
        let awaited = &mut self.0.awaited.borrow_mut()[source];
        if std::mem::take(awaited) {
            let _ = self.0.wrote.send(source);
        }
        Some(count)
    }

    /// Waits while too much is waiting to be written.
    async fn room(&self) {
        loop {
            let room = self.0.shared.room.notified();
            if self.0.is_stopping.get() || self.0.shared.lock().bytes.len() < FULL {
                return;
            }
            room.await;
        }
    }

    fn append(&self, write: impl FnOnce(&mut Stream, &mut Vec<u8>)) {
        let mut stream = self.0.stream.borrow_mut();
        self.0.clock.borrow_mut().stamp(&mut stream);
        let mut front = self.0.shared.lock();
        let before = front.bytes.len();
        write(&mut stream, &mut front.bytes);
        if front.is_closed || before > FULL_WHILE_STOPPING {
            let dropped = (front.bytes.len() - before) as u64;
            front.bytes.truncate(before);
            stream.lose_row();
            if !front.is_closed {
                self.0.dropped.set(self.0.dropped.get() + dropped);
            }
        }
        let is_first = before == 0 && !front.bytes.is_empty();
        drop(front);
        if is_first {
            self.0.shared.filled.notify_one();
        }
    }
}

/// A pipe that is being read.
pub(crate) struct Reader {
    begin: Option<oneshot::Sender<()>>,
    over: oneshot::Sender<()>,
    task: JoinHandle<Vec<String>>,
}

impl Reader {
    /// That the process was started is said before its first line.
    pub(crate) fn begin(&mut self) {
        if let Some(begin) = self.begin.take() {
            let _ = begin.send(());
        }
    }

    /// The run is over: shows what is left of its output, and returns its last lines.
    pub(crate) async fn drain(mut self) -> Vec<String> {
        self.begin();
        let _ = self.over.send(());
        self.task.await.unwrap_or_default()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Front> {
        self.front.lock().expect("nobody panics while holding it")
    }
}

impl Front {
    fn is_idle(&self) -> bool {
        self.is_closed || (self.bytes.is_empty() && self.in_flight == 0)
    }
}

/// The thread: takes all there is, writes it, and again. It may block as long as the reader likes.
fn write_all(shared: &Shared, stdout: &OwnedFd) {
    let mut back = Vec::new();
    loop {
        let mut front = shared.lock();
        while front.bytes.is_empty() && !front.is_done {
            front = shared
                .filled
                .wait(front)
                .expect("nobody panics while holding it");
        }
        if front.bytes.is_empty() {
            return;
        }
        std::mem::swap(&mut front.bytes, &mut back);
        front.in_flight = back.len();
        drop(front);
        shared.room.notify_waiters();
        let result = descriptor::write_all(stdout.as_fd(), &back);
        back.clear();
        let mut front = shared.lock();
        front.in_flight = 0;
        match result {
            Ok(()) => {}
            Err(error) if descriptor::is_gone(&error) => {
                front.is_closed = true;
                front.bytes = Vec::new();
                shared.closed.notify_waiters();
            }
            // The disk is full, most likely: there may be room again.
            Err(_) => front.has_failed = true,
        }
        drop(front);
        shared.room.notify_waiters();
    }
}
