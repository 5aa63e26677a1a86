//! The one owner of stdout: tasks read the children's pipes into one buffer, and one writes it.
//!
//! Bounds: about 64 KiB wait for a slow reader of a pipe, 512 KiB elsewhere, then the children wait as well, one that
//! is being stopped only at 8 MiB; from the session's stop on 16 MiB, and what comes on top is dropped and counted, so
//! that a reader who stands still cannot get a healthy child killed within its last words.

mod attached;
mod open_line;
mod room;
mod stored;
mod visits;
mod writer;

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time;

use crate::driver::clock::Clock;
use crate::driver::output::attached::Attached;
use crate::driver::output::open_line::{OpenLine, Silence};
use crate::driver::output::room::Voice;
use crate::driver::output::visits::Visits;
use crate::driver::output::writer::Writer;
use crate::driver::ready::line::Seeks;
use crate::os::pty::Size;
use crate::os::{descriptor, terminal, watched};
use crate::render::notice;
use crate::render::renderer::Renderer;
use crate::render::stream::Stream;
use crate::words::answer::Answer;
use crate::words::notice::Notice;

/// What one read takes at the most.
const CHUNK: usize = 64 * 1024;
/// More than a pipe holds: who still writes when so much was read after the end of a run is a stranger.
const MOST_LEFT: usize = 16 * 1024 * 1024;
/// A line without an end is shown after so much silence.
const SILENCE: Duration = Duration::from_millis(300);
/// An open line that looks like a question, for so long behind that silence: somebody is waited for.
const WAITS: Duration = Duration::from_secs(1);
/// The states of a progress bar are shown this far apart.
const BETWEEN_STATES: Duration = Duration::from_secs(1);

/// In columns: programs make nonsense of less.
const NARROWEST: u16 = 20;

#[derive(Clone)]
pub(crate) struct Output(Rc<Inner>);

struct Inner {
    stream: RefCell<Renderer>,
    clock: RefCell<Clock>,
    /// Every pipe is read through this one: only what was read stays.
    chunk: RefCell<Vec<u8>>,
    is_stopping: Cell<bool>,
    voices: RefCell<Vec<Voice>>,
    lines: Lines,
    /// Then a reader who stands still slows nobody.
    is_terminal: bool,
    attached: RefCell<Option<Attached>>,
    visits: RefCell<Visits>,
    /// Sources whose next writing is awaited.
    awaited: RefCell<Vec<bool>>,
    seeks: RefCell<Seeks>,
    told: mpsc::UnboundedSender<Told>,
    writer: Writer,
    /// What is written is stored there as well, untouched.
    store: RefCell<Option<stored::Store>>,
}

/// What becomes of what the processes write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    Shown,
    /// It is read, and goes nowhere from here.
    Unseen,
}

/// What the driver hears from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// This source wrote, as [`Output::await_writing`] asked.
    Wrote(usize),
    /// This run of it has written the line that was looked for.
    LineSeen { source: usize, run: u32 },
    /// It shows a prompt, and nothing happens.
    SeemsToWait(usize),
    /// It repaints rows above its cursor, for the first time.
    Redraws(usize),
    /// Nothing is stored any more, for this reason.
    StoreStopped(String),
}

/// How the output ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// In bytes: neither written nor going to be.
    pub(crate) lost: u64,
    /// A write failed for another reason than that nobody reads: the disk is full.
    pub(crate) has_failed: bool,
}

impl Output {
    /// Starts what writes to `stdout`: the lines of so many `sources`, or only what is said of them.
    /// To be called in the runtime's `LocalSet`.
    pub(crate) fn start(
        stream: Renderer,
        clock: Clock,
        stdout: OwnedFd,
        (sources, lines): (usize, Lines),
        told: mpsc::UnboundedSender<Told>,
    ) -> io::Result<Self> {
        let watched = stdout.try_clone()?;
        let output = Self(Rc::new(Inner {
            stream: RefCell::new(stream),
            clock: RefCell::new(clock),
            chunk: RefCell::new(vec![0; CHUNK]),
            is_stopping: Cell::new(false),
            voices: RefCell::new(vec![Voice::default(); sources]),
            lines,
            is_terminal: terminal::is_terminal(&stdout),
            attached: RefCell::new(None),
            visits: RefCell::default(),
            awaited: RefCell::new(vec![false; sources]),
            seeks: RefCell::default(),
            told,
            writer: Writer::start(stdout)?,
            store: RefCell::new(None),
        }));
        tokio::task::spawn_local(output.clone().watch_reader(watched));
        Ok(output)
    }

    /// How much of a terminal of this size is left to the text of a line: so large is `source`'s.
    pub(crate) fn beside_prefix(&self, source: usize, size: Size) -> Size {
        if self.0.lines == Lines::Unseen {
            return size;
        }
        let prefix = self.change(|stream, _| stream.prefix_columns());
        let prefix = u16::try_from(prefix).unwrap_or(u16::MAX);
        let columns = size.columns.saturating_sub(prefix).max(NARROWEST);
        self.change(|stream, _| stream.set_columns(source, columns));
        Size { columns, ..size }
    }

    pub(crate) fn say(&self, notice: &Notice) {
        self.store_in(|store| {
            let lines = notice::plain(notice);
            lines.iter().for_each(|line| store.said(line));
        });
        self.append(|stream, out| stream.say(notice, out));
    }

    /// What it wrote last is a question, as far as that can be seen.
    pub(crate) fn has_prompt(&self, source: usize) -> bool {
        let stream = self.0.stream.borrow();
        stream.text().is_some_and(|text| text.has_prompt(source))
    }

    pub(crate) fn answer(&self, answer: &Answer) {
        self.change(|stream, out| stream.answer(answer, out));
    }

    /// Something that only text for people has. Elsewhere nothing happens.
    pub(crate) fn change<T: Default>(
        &self,
        change: impl FnOnce(&mut Stream, &mut Vec<u8>) -> T,
    ) -> T {
        let mut answer = T::default();
        self.append(|renderer, out| {
            if let Some(stream) = renderer.text_mut() {
                answer = change(stream, out);
            }
        });
        answer
    }

    /// Reads a run's pipe, from [`Reader::begin`] until it is told that the run is over.
    pub(crate) fn read(&self, source: usize, run: u32, pipe: OwnedFd) -> io::Result<Reader> {
        let pipe = watched::watch(pipe, Interest::READABLE)?;
        self.0.voices.borrow_mut()[source] = Voice::default();
        let (begin, has_begun) = oneshot::channel();
        let (over, is_over) = oneshot::channel();
        let output = self.clone();
        let task = tokio::task::spawn_local(async move {
            let _ = has_begun.await;
            output.read_run(source, run, pipe, is_over).await
        });
        Ok(Reader {
            output: self.clone(),
            source,
            begin: Some(begin),
            over,
            task,
        })
    }

    /// Tells once, the next time that `source` writes.
    pub(crate) fn await_writing(&self, source: usize) {
        self.0.awaited.borrow_mut()[source] = true;
    }

    /// Tells once this run of `source` has written a line that matches.
    pub(crate) fn seek(&self, source: usize, run: u32, expression: &str) {
        let mut seeks = self.0.seeks.borrow_mut();
        seeks.begin(source, run, expression);
    }

    /// From here on children are not made to wait for a slow reader.
    pub(crate) fn begin_stop(&self) {
        self.0.is_stopping.set(true);
        self.0.writer.wake();
    }

    /// Whatever comes from now on is for nobody.
    pub(crate) fn close(&self) {
        self.0.writer.close();
    }

    /// Resolves once nobody reads our stdout any more.
    pub(crate) async fn closed(&self) {
        self.0.writer.closed().await;
    }

    /// Resolves once everything is written, or nobody will read it.
    pub(crate) async fn flushed(&self) {
        self.0.writer.until(Writer::is_idle).await;
    }

    /// Waits until everything is written, at the longest until `deadline`.
    pub(crate) async fn finish(self, deadline: Instant) -> Ended {
        let store = self.0.store.borrow_mut().take();
        let stored = async {
            if let Some(store) = store {
                store.writer.finish(deadline).await;
            }
        };
        let _ = tokio::join!(time::timeout_at(deadline.into(), self.flushed()), stored);
        let skipped = self.0.stream.borrow().skipped();
        // A terminal that stands still loses nothing that anybody could say there.
        let nobody_misses_it = self.0.writer.is_closed() || self.0.is_terminal;
        let written = self.0.writer.end();
        let lost = skipped + written.left as u64;
        Ended {
            lost: if nobody_misses_it { 0 } else { lost },
            has_failed: written.has_failed,
        }
    }

    /// A reader may go while nobody writes. (A terminal that goes sends SIGHUP to the job in front alone.)
    async fn watch_reader(self, stdout: OwnedFd) {
        if watched::reader_gone(stdout).await.is_ok() {
            self.0.writer.close();
        }
    }

    async fn read_run(
        &self,
        source: usize,
        run: u32,
        pipe: AsyncFd<OwnedFd>,
        mut is_over: oneshot::Receiver<()>,
    ) -> Vec<String> {
        let silence = time::sleep(Duration::ZERO);
        tokio::pin!(silence);
        let mut awaited = Silence::None;
        let mut open = OpenLine::default();
        loop {
            self.room(source).await;
            tokio::select! {
                biased;
                _ = &mut is_over => return self.drain(source, run, &pipe).await,
                ready = pipe.readable() => {
                    let Ok(mut ready) = ready else { break };
                    if self.is_full(source) && !self.stands_still() {
                        // Others were quicker.
                        continue;
                    }
                    match self.take(source, run, &pipe) {
                        Some(0) => break,
                        Some(_) => {
                            awaited = Silence::None;
                            if let Some(at) = self.shown_at(source, &mut open) {
                                awaited = Silence::BeforeShown;
                                silence.as_mut().reset(at);
                            }
                            // One chunk a turn: a flood does not starve a quiet process.
                            tokio::task::yield_now().await;
                        }
                        None => ready.clear_ready(),
                    }
                }
                () = &mut silence, if awaited != Silence::None => {
                    awaited = self.silent(source, awaited);
                    if awaited == Silence::BehindPrompt {
                        open.note_shown();
                        silence.as_mut().reset(time::Instant::now() + WAITS);
                    }
                }
            }
        }
        // All its writers have closed it, so nothing more comes; the run may go on all the same.
        self.append(|stream, out| stream.show_open(source, out));
        let _ = is_over.await;
        self.end(source)
    }

    /// Nothing was written for as long as was awaited. Returns what is awaited next.
    fn silent(&self, source: usize, awaited: Silence) -> Silence {
        match awaited {
            Silence::BeforeShown => {
                self.append(|stream, out| stream.show_open(source, out));
                self.tell_of_redrawing(source);
                Silence::BehindPrompt
            }
            Silence::BehindPrompt => {
                if self.has_prompt(source) {
                    let _ = self.0.told.send(Told::SeemsToWait(source));
                }
                Silence::None
            }
            Silence::None => Silence::None,
        }
    }

    /// When the process's open line is shown, if it has one: after some silence; but a progress bar is never
    /// silent.
    fn shown_at(&self, source: usize, open: &mut OpenLine) -> Option<time::Instant> {
        let now = time::Instant::now();
        let stream = self.0.stream.borrow();
        if !stream.has_open(source) {
            open.since = None;
            return None;
        }
        let since = *open.since.get_or_insert(now);
        let silent = now + SILENCE;
        if !stream.is_progress(source) {
            return Some(silent);
        }
        let at = silent.min(since + BETWEEN_STATES);
        let earliest = open.shown.map(|shown| shown + BETWEEN_STATES);
        Some(at.max(earliest.unwrap_or(at)))
    }

    /// To the end of what is there, not to the end of the pipe: a stranger may hold that open.
    async fn drain(&self, source: usize, run: u32, pipe: &AsyncFd<OwnedFd>) -> Vec<String> {
        let mut left = MOST_LEFT;
        while left > 0 {
            self.room(source).await;
            match self.take(source, run, pipe) {
                None | Some(0) => break,
                Some(count) => left = left.saturating_sub(count),
            }
            tokio::task::yield_now().await;
        }
        self.end(source)
    }

    fn end(&self, source: usize) -> Vec<String> {
        let mut last_lines = Vec::new();
        self.append(|stream, out| last_lines = stream.end(source, out));
        last_lines
    }

    /// Reads one chunk into the stream. `None`: nothing is there now.
    fn take(&self, source: usize, run: u32, pipe: &AsyncFd<OwnedFd>) -> Option<usize> {
        let mut chunk = self.0.chunk.borrow_mut();
        let count = descriptor::read(pipe.get_ref().as_fd(), &mut chunk).unwrap_or(Some(0))?;
        let chunk = &chunk[..count];
        self.hear(source, count);
        if count > 0 {
            self.store_in(|store| store.chunk(source, run, chunk));
            self.0.visits.borrow_mut().show(source, chunk);
            if self.0.seeks.borrow_mut().has_found(source, run, chunk) {
                let _ = self.0.told.send(Told::LineSeen { source, run });
            }
        }
        if self.0.lines == Lines::Unseen {
            self.write(|stream, _| stream.observe(source, chunk));
        } else if self.is_attached(source) && self.is_stuck() {
            self.change(|stream, _| stream.observe(source, chunk));
        } else if self.is_attached(source) {
            self.show_whole(source, chunk);
        } else if self.is_hopeless() {
            self.write(|stream, out| stream.skip(source, chunk, out));
        } else {
            self.append(|renderer, out| {
                let text = renderer.text_mut();
                let is_hidden = text.is_some_and(|stream| stream.hide(source, chunk, out));
                if !is_hidden {
                    renderer.chunk(source, chunk, out);
                }
            });
        }
        self.tell_of_redrawing(source);
        let awaited = &mut self.0.awaited.borrow_mut()[source];
        if std::mem::take(awaited) {
            let _ = self.0.told.send(Told::Wrote(source));
        }
        Some(count)
    }

    fn tell_of_redrawing(&self, source: usize) {
        let mut stream = self.0.stream.borrow_mut();
        let text = stream.text_mut();
        if text.is_some_and(|text| text.has_begun_to_redraw(source)) {
            let _ = self.0.told.send(Told::Redraws(source));
        }
    }

    /// Something that will be seen, behind a word on what was not.
    fn append(&self, write: impl FnOnce(&mut Renderer, &mut Vec<u8>)) {
        self.write(|renderer, out| {
            let skipped = renderer.text_mut().map(Stream::take_skipped_lines);
            if let Some(lines @ 1..) = skipped {
                let is_stored = self.is_stored();
                renderer.say(&Notice::Skipped { lines, is_stored }, out);
            }
            write(renderer, out);
        });
    }

    fn write(&self, write: impl FnOnce(&mut Renderer, &mut Vec<u8>)) {
        let mut stream = self.0.stream.borrow_mut();
        self.0.clock.borrow_mut().stamp(&mut stream);
        match &mut *self.0.attached.borrow_mut() {
            Some(attached) => write(&mut stream, &mut attached.held),
            None => self.0.writer.append(|out| write(&mut stream, out)),
        }
    }
}

/// A pipe that is being read.
pub(crate) struct Reader {
    output: Output,
    source: usize,
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
        self.output.hear_out(self.source);
        let _ = self.over.send(());
        self.task.await.unwrap_or_default()
    }
}
