//! What the loop hands to the store, and the buffer between it and the store's thread. A flood is slowed to
//! what the system takes into its memory; but nobody waits for a disk: what the thread cannot keep up with is
//! dropped, and counted.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant, UNIX_EPOCH};

use tokio::sync::oneshot;
use tokio::time;

use crate::os::signals;
use crate::store::keeper::{Create, Keeper};
use crate::store::place::{Home, create};
use crate::store::segment::{self, Amount, Begun, Body, GapCause, Source};
use crate::words::exit::Exit;

/// So much may wait for the disk, in bytes.
const FULL: usize = 8 * 1024 * 1024;
/// Where so much waits, the loop does so as well, for a moment: a thread that is only a little slower is
/// not to cost memory.
const ENOUGH: usize = 512 * 1024;
/// That moment, between two times that the thread takes what there is. Longer stands only a disk.
const PATIENCE: Duration = Duration::from_millis(10);
/// So much is written without waiting for more, and so much of a buffer is kept when a flood is over.
const MUCH: usize = 256 * 1024;
/// How long little waits for more, behind a write: a process that writes line by line shall not cost a
/// system call of ours for each. A reader who follows may wait ten times as long.
const GATHERS: Duration = Duration::from_millis(5);

/// So much longer than to anybody else's end a session's may take for a disk that is slow, and does not stand still.
const SLOW: Duration = Duration::from_secs(8);

/// What is known of a session when it begins.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// The key of the app under which it is found first.
    pub(crate) app: String,
    /// As it is shown.
    pub(crate) directory: String,
    /// By the places of the processes.
    pub(crate) sources: Vec<Source>,
}

/// The way to the store of one session. It is never in the way: each method returns at once, also when the
/// store has stopped.
#[derive(Debug)]
pub(crate) struct Writer {
    shared: Arc<Shared>,
    /// Closed when the thread has ended.
    ended: oneshot::Receiver<()>,
}

#[derive(Debug, Default)]
struct Shared {
    front: Mutex<Front>,
    /// There is something to write, or nothing will come any more.
    filled: Condvar,
    /// The thread took what there was, or has stopped.
    taken: Condvar,
    /// How many steps the thread has done.
    steps: AtomicU64,
}

#[derive(Debug, Default)]
struct Front {
    /// Records that are not sealed.
    bytes: Vec<u8>,
    /// What was dropped and not told yet.
    missing: Amount,
    /// The time of the last record: the clock may be set back.
    last_ns: u64,
    /// So many bytes wake the thread. 0: it is awake, and looks by itself.
    awaited: usize,
    /// The thread was waited for in vain, and has not taken anything since.
    is_stuck: bool,
    is_done: bool,
    has_stopped: bool,
}

impl Writer {
    /// Begins to store a session. `logs` is asked for the directory, and `stopped` told why the store has
    /// stopped, if it has to, both by the store's thread.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(crate) fn start(
        opening: Opening,
        logs: impl FnOnce() -> io::Result<PathBuf> + Send + 'static,
        stopped: impl FnOnce(io::Error) + Send + 'static,
    ) -> io::Result<Self> {
        Self::start_with(opening, logs, create, stopped)
    }

    /// As [`Writer::start`], with another way to make a segment's file.
    pub(super) fn start_with(
        opening: Opening,
        logs: impl FnOnce() -> io::Result<PathBuf> + Send + 'static,
        create: Create,
        stopped: impl FnOnce(io::Error) + Send + 'static,
    ) -> io::Result<Self> {
        let (end, ended) = oneshot::channel();
        let writer = Self {
            shared: Arc::default(),
            ended,
        };
        writer.append(&Body::Begun(Begun {
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            directory: opening.directory.clone(),
        }));
        let shared = Arc::clone(&writer.shared);
        std::thread::Builder::new()
            .name("devrun-store".into())
            .spawn(move || {
                // They are the loop's; that they cannot be held back here is no reason not to store.
                let _ = signals::leave_to_other_threads();
                if let Err(error) = store(&shared, opening, logs, create) {
                    shared.stop();
                    stopped(error);
                }
                drop(end);
            })?;
        Ok(writer)
    }

    /// What one read of a process's output gave.
    pub(crate) fn chunk(&self, source: usize, run: u32, bytes: &[u8]) {
        let front = self.shared.lock();
        let mut front = self.shared.room(front, bytes.len());
        if front.has_stopped {
            return;
        }
        if front.bytes.len() + bytes.len() > FULL {
            front.missing.add(Amount::of(bytes));
            return;
        }
        let body = Body::Chunk { source, run, bytes };
        self.fill(front, &body);
    }

    /// A line of devrun's own, as it is shown.
    pub(crate) fn said(&self, text: &str) {
        self.append(&Body::Said { text });
    }

    /// Another color, for what comes.
    pub(crate) fn source(&self, index: usize, source: Source) {
        self.append(&Body::Source { index, source });
    }

    pub(crate) fn run_started(&self, source: usize, run: u32, pid: i32) {
        self.append(&Body::RunStarted { source, run, pid });
    }

    /// To be told behind the last of its chunks.
    pub(crate) fn run_ended(&self, source: usize, run: u32, exit: Option<Exit>) {
        self.append(&Body::RunEnded { source, run, exit });
    }

    /// The session ends in good order. Waits until that is written: until `deadline`, and where something comes of it
    /// for somewhat longer.
    pub(crate) async fn finish(mut self, deadline: Instant) {
        self.append(&Body::Ended);
        self.shared.end();
        let patience = deadline.saturating_duration_since(Instant::now());
        let (mut until, latest) = (deadline, deadline + SLOW);
        loop {
            let steps = self.shared.steps();
            let is_done = time::timeout_at(until.into(), &mut self.ended)
                .await
                .is_ok();
            if is_done || until >= latest || steps == self.shared.steps() {
                return;
            }
            until = latest.min(Instant::now() + patience);
        }
    }

    /// What is small, and always has room.
    fn append(&self, body: &Body<'_>) {
        let front = self.shared.lock();
        if !front.has_stopped {
            self.fill(front, body);
        }
    }

    fn fill(&self, mut front: MutexGuard<'_, Front>, body: &Body<'_>) {
        front.push(body);
        let is_awaited = (1..=front.bytes.len()).contains(&front.awaited);
        if is_awaited {
            front.awaited = 0;
        }
        drop(front);
        // Waking the thread is a system call.
        if is_awaited {
            self.shared.filled.notify_one();
        }
    }
}

/// Without a farewell: what is there is written, and nobody waits for that.
impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Front {
    /// Behind a word on what is missing before it.
    fn push(&mut self, body: &Body<'_>) {
        let now = UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        self.last_ns = self.last_ns.max(now);
        self.tell_missing();
        segment::push(self.last_ns, body, &mut self.bytes);
    }

    fn tell_missing(&mut self) {
        let missing = std::mem::take(&mut self.missing);
        if missing != Amount::default() {
            let cause = GapCause::Slow;
            let body = Body::Gap { missing, cause };
            segment::push(self.last_ns, &body, &mut self.bytes);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Front> {
        self.front.lock().expect("nobody panics while holding it")
    }

    fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// Waits for the thread where enough waits for it, unless it is stuck.
    fn room<'a>(&self, front: MutexGuard<'a, Front>, more: usize) -> MutexGuard<'a, Front> {
        let is_enough = |front: &mut Front| front.bytes.len() + more > ENOUGH;
        if front.is_stuck || front.bytes.len() + more <= ENOUGH {
            return front;
        }
        let waited = self.taken.wait_timeout_while(front, PATIENCE, is_enough);
        let (mut front, timeout) = waited.expect("nobody panics while holding it");
        front.is_stuck = timeout.timed_out();
        front
    }

    /// Nothing is stored any more.
    fn stop(&self) {
        let mut front = self.lock();
        front.has_stopped = true;
        front.bytes = Vec::new();
        drop(front);
        self.taken.notify_one();
    }

    /// Nothing will come any more.
    fn end(&self) {
        self.lock().is_done = true;
        self.filled.notify_one();
    }

    /// Swaps what is there for `back`, which is empty. `false`: nothing will come any more.
    fn take(&self, back: &mut Vec<u8>) -> bool {
        let mut front = self.lock();
        while front.bytes.is_empty() && !front.is_done {
            front.awaited = 1;
            front = self
                .filled
                .wait(front)
                .expect("nobody panics while holding it");
        }
        front.tell_missing();
        std::mem::swap(&mut front.bytes, back);
        front.is_stuck = false;
        drop(front);
        self.taken.notify_one();
        !back.is_empty()
    }

    /// Lets more come together, so that a flood wakes the thread seldom. Where nothing comes, a flood is over:
    /// neither `back`, which is empty, nor the front buffer needs its room any more.
    fn gather(&self, back: &mut Vec<u8>) {
        let is_little = |front: &mut Front| {
            front.awaited = MUCH;
            front.bytes.len() < MUCH && !front.is_done
        };
        let gathered = self
            .filled
            .wait_timeout_while(self.lock(), GATHERS, is_little);
        let (mut front, _) = gathered.expect("nobody panics while holding it");
        front.awaited = 0;
        if front.bytes.is_empty() {
            front.bytes.shrink_to(MUCH);
            back.shrink_to(MUCH);
        }
    }
}

/// Takes all there is, stores it, and again.
///
/// # Errors
/// The disk is full, read-only or gone: nothing more can be stored.
fn store(
    shared: &Shared,
    opening: Opening,
    logs: impl FnOnce() -> io::Result<PathBuf>,
    create: Create,
) -> io::Result<()> {
    let home = Home::make(&logs()?, &opening.app)?;
    let mut keeper = Keeper::new(home, opening, create);
    let mut back = Vec::new();
    while shared.take(&mut back) {
        let goes_on = || _ = shared.steps.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = keeper.keep(&mut back, goes_on) {
            keeper.give_up();
            return Err(error);
        }
        back.clear();
        shared.gather(&mut back);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
