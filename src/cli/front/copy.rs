//! From a session's output to ours, by a thread of its own: whoever reads ours may stand still, and Ctrl-C is
//! heard all the same.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use crate::os::{descriptor, signals};

/// What is read at once, in bytes.
const PIECE: usize = 16 * 1024;

#[derive(Debug)]
pub(super) struct Copy {
    /// `None`: there is none to be had (`ulimit -u`), and a reader who stands still is waited for.
    thread: Option<Writer>,
    state: State,
    /// Whoever read ours has seen enough: the session goes on all the same.
    is_unread: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// For the session to say more.
    Waiting,
    /// The thread has a piece in its hands.
    Writing,
    AtEnd,
}

#[derive(Debug)]
struct Writer {
    pieces: Sender<Vec<u8>>,
    /// A byte comes for each piece that is written, and the end where none is any more.
    done: OwnedFd,
}

impl Copy {
    /// Call it when nothing is forked any more.
    pub(super) fn start() -> Self {
        Self {
            thread: Writer::start().ok(),
            state: State::Waiting,
            is_unread: false,
        }
    }

    /// Nothing that was there is still to be written.
    pub(super) fn is_idle(&self) -> bool {
        self.state != State::Writing
    }

    /// What is readable when there is something to do. `from` is the session's output.
    pub(super) fn waits_for<'a>(&'a self, from: BorrowedFd<'a>) -> Option<BorrowedFd<'a>> {
        match self.state {
            State::Waiting => Some(from),
            State::Writing => self.thread.as_ref().map(|thread| thread.done.as_fd()),
            State::AtEnd => None,
        }
    }

    /// Takes the next piece, if the last one is written and there is one. Does not wait for the reader.
    pub(super) fn go_on(&mut self, from: BorrowedFd<'_>) -> io::Result<()> {
        if self.state == State::Writing && !self.is_written()? {
            return Ok(());
        }
        self.state = State::Waiting;
        let mut piece = vec![0; PIECE];
        while self.state == State::Waiting {
            match descriptor::read(from, &mut piece)? {
                None => break,
                Some(0) => self.state = State::AtEnd,
                Some(count) => self.write(&piece[..count]),
            }
        }
        Ok(())
    }

    fn is_written(&mut self) -> io::Result<bool> {
        let Some(thread) = &self.thread else {
            return Ok(true);
        };
        match descriptor::read(thread.done.as_fd(), &mut [0])? {
            None => return Ok(false),
            Some(0) => self.is_unread = true,
            Some(_) => {}
        }
        Ok(true)
    }

    fn write(&mut self, piece: &[u8]) {
        match &self.thread {
            _ if self.is_unread => {}
            Some(thread) => {
                // It fails where the thread has ended, which `done` tells.
                let _ = thread.pieces.send(piece.to_vec());
                self.state = State::Writing;
            }
            None => {
                self.is_unread = descriptor::write_all(io::stdout().as_fd(), piece).is_err();
            }
        }
    }
}

impl Writer {
    fn start() -> io::Result<Self> {
        let (done, tell) = descriptor::pipe()?;
        descriptor::set_nonblocking(done.as_fd())?;
        let (pieces, to_write) = mpsc::channel();
        thread::Builder::new()
            .name("devrun-front".into())
            .spawn(move || write_all(&to_write, &tell))?;
        Ok(Self { pieces, done })
    }
}

/// It may stand in a write for as long as the reader likes.
fn write_all(pieces: &Receiver<Vec<u8>>, tell: &OwnedFd) {
    // They are noted whichever thread gets them; this one may be in no state to.
    let _ = signals::leave_to_other_threads();
    for piece in pieces {
        let is_written = descriptor::write_all(io::stdout().as_fd(), &piece).is_ok();
        if !is_written || descriptor::write_all(tell.as_fd(), b"w").is_err() {
            return;
        }
    }
}
