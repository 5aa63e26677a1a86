//! Somebody who uses a process's terminal from elsewhere: what is shown there waits here, at most 1 MiB of it,
//! and nobody waits for who stands still.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc};

use crate::control::frames::{Frames, FromVisitor, MAX_BODY, MAX_TYPED, ToVisitor};
use crate::control::{FollowerId, Request};
use crate::os::pty::Size;

/// So much may wait for a visitor, in bytes.
const FULL: usize = 1024 * 1024;
/// What one read takes at the most.
const CHUNK: usize = 16 * 1024;
/// The keys of so many reads may wait for a process that takes none, 1 MiB at the most: what is typed on top
/// is dropped, as a terminal does.
const MOST_KEYS: usize = FULL / (CHUNK + MAX_TYPED);

/// Somebody who wants a process's terminal.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) id: FollowerId,
    pub(crate) pid: i32,
    pub(crate) whom: Whom,
    pub(crate) screen: Screen,
    /// What is typed there. Ends when the visitor is gone.
    pub(crate) keys: mpsc::Receiver<Vec<u8>>,
}

/// Whose terminal is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// By the app's key and the name within it.
    Process { app: String, process: String },
    /// Of all that the session runs, who waits for input; else the only one that has a terminal.
    WhoeverWaits,
}

/// What a visitor sees: the driver's end. It never blocks. Dropped without a word on how the run ended, it
/// leaves the visitor without one.
#[derive(Debug)]
pub(crate) struct Screen(Rc<Shared>);

/// The connection's end.
#[derive(Debug)]
pub(super) struct Visit {
    shared: Rc<Shared>,
    keys: mpsc::Sender<Vec<u8>>,
    gone: Gone,
}

#[derive(Debug)]
struct Shared {
    waiting: RefCell<Waiting>,
    /// There is something to be sent, or nothing more will come.
    filled: Notify,
}

#[derive(Debug)]
struct Waiting {
    output: VecDeque<u8>,
    /// What came behind that and found no room, in bytes.
    left_out: u64,
    ended: Option<String>,
    /// Nothing follows what is there.
    is_closed: bool,
    size: Size,
    /// The driver was told of another size, and has not looked yet.
    is_resized: bool,
}

/// Tells the driver when it is dropped.
#[derive(Debug)]
struct Gone {
    id: FollowerId,
    requests: mpsc::UnboundedSender<Request>,
}

/// The two ends.
pub(super) fn pair(
    id: FollowerId,
    pid: i32,
    size: Size,
    whom: Whom,
    requests: mpsc::UnboundedSender<Request>,
) -> (Visitor, Visit) {
    let shared = Rc::new(Shared {
        waiting: RefCell::new(Waiting {
            output: VecDeque::new(),
            left_out: 0,
            ended: None,
            is_closed: false,
            size,
            is_resized: false,
        }),
        filled: Notify::new(),
    });
    let (keys, typed) = mpsc::channel(MOST_KEYS);
    let visitor = Visitor {
        id,
        pid,
        whom,
        screen: Screen(Rc::clone(&shared)),
        keys: typed,
    };
    let gone = Gone { id, requests };
    (visitor, Visit { shared, keys, gone })
}

impl Screen {
    /// Once something had to be left out, so is what follows, until the visitor has taken all that is there.
    pub(crate) fn show(&self, bytes: &[u8]) {
        let mut waiting = self.0.waiting.borrow_mut();
        if waiting.left_out > 0 || waiting.output.len() + bytes.len() > FULL {
            waiting.left_out += bytes.len() as u64;
        } else {
            waiting.output.extend(bytes);
        }
        self.0.filled.notify_one();
    }

    /// The run is over, in words.
    pub(crate) fn end(self, words: &str) {
        self.0.waiting.borrow_mut().ended = Some(words.to_string());
    }

    /// Of the visitor's terminal, as it was said last.
    pub(crate) fn size(&self) -> Size {
        let mut waiting = self.0.waiting.borrow_mut();
        waiting.is_resized = false;
        waiting.size
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.0.waiting.borrow_mut().is_closed = true;
        self.0.filled.notify_one();
    }
}

impl Waiting {
    fn take(&mut self) -> Option<ToVisitor> {
        if !self.output.is_empty() {
            let piece = self.output.len().min(MAX_BODY);
            return Some(ToVisitor::Output(self.output.drain(..piece).collect()));
        }
        match std::mem::take(&mut self.left_out) {
            0 => self.ended.take().map(ToVisitor::Ended),
            count => Some(ToVisitor::LeftOut(count)),
        }
    }
}

impl Visit {
    /// Carries both ways until the visitor hangs up or says what cannot be understood, or the terminal is gone
    /// and all of it was sent.
    pub(super) async fn carry(self, upgraded: Upgraded) -> io::Result<()> {
        let (stream, mut frames) = parts(upgraded)?;
        // Who was in a hurry has said something already.
        self.heard(&mut frames)?;
        let mut out = Vec::new();
        loop {
            if out.is_empty() {
                let next = self.shared.waiting.borrow_mut().take();
                match next {
                    Some(frame) => frame.write(&mut out),
                    None if self.shared.waiting.borrow().is_closed => return Ok(()),
                    None => {}
                }
            }
            tokio::select! {
                received = receive(&stream, &mut frames) => {
                    received?;
                    self.heard(&mut frames)?;
                }
                sent = send(&stream, &mut out), if !out.is_empty() => sent?,
                () = self.shared.filled.notified(), if out.is_empty() => {}
            }
        }
    }

    fn heard(&self, frames: &mut Frames) -> io::Result<()> {
        let malformed = |_| io::Error::from(io::ErrorKind::InvalidData);
        let mut typed = Vec::new();
        while let Some(frame) = frames.next_from_visitor().map_err(malformed)? {
            match frame {
                FromVisitor::Keys(keys) => typed.extend(keys),
                FromVisitor::Size(size) => self.resized(size),
            }
        }
        if !typed.is_empty() {
            // Nobody takes them once the process is gone, and too many are too many.
            let _ = self.keys.try_send(typed);
        }
        Ok(())
    }

    /// The driver is told once, however often it happens before it looks.
    fn resized(&self, size: Size) {
        let mut waiting = self.shared.waiting.borrow_mut();
        waiting.size = size;
        if !std::mem::replace(&mut waiting.is_resized, true) {
            let resized = Request::VisitorResized(self.gone.id);
            // A driver that has ended needs to know nothing.
            let _ = self.gone.requests.send(resized);
        }
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        // As above.
        let _ = self.requests.send(Request::VisitorGone(self.id));
    }
}

/// The socket itself, and what was read from it already.
///
/// # Errors
/// The upgraded connection is none of ours.
pub(super) fn parts(upgraded: Upgraded) -> io::Result<(UnixStream, Frames)> {
    let parts = upgraded.downcast::<TokioIo<UnixStream>>();
    let parts = parts.map_err(|_| io::Error::from(io::ErrorKind::Unsupported))?;
    Ok((parts.io.into_inner(), Frames::from(parts.read_buf)))
}

/// Waits for some bytes. Cancel safe.
///
/// # Errors
/// `UnexpectedEof`: the other side hung up.
pub(super) async fn receive(stream: &UnixStream, frames: &mut Frames) -> io::Result<()> {
    let mut chunk = [0; CHUNK];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut chunk) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                frames.push(&chunk[..count]);
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Sends the first of `out`, as many as there is room for. Cancel safe.
pub(super) async fn send(stream: &UnixStream, out: &mut Vec<u8>) -> io::Result<()> {
    loop {
        stream.writable().await?;
        match stream.try_write(out) {
            Ok(count) => {
                out.drain(..count);
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit() -> (Visitor, Visit) {
        let (requests, _) = mpsc::unbounded_channel();
        pair(FollowerId(1), 7, Size::USUAL, Whom::WhoeverWaits, requests)
    }

    fn taken(visit: &Visit) -> Vec<ToVisitor> {
        let mut waiting = visit.shared.waiting.borrow_mut();
        std::iter::from_fn(|| waiting.take()).collect()
    }

    #[test]
    fn what_finds_no_room_is_left_out_and_counted_in_its_place() {
        let (visitor, visit) = visit();
        let chunk = vec![b'x'; MAX_BODY];
        for _ in 0..FULL / MAX_BODY + 3 {
            visitor.screen.show(&chunk);
        }
        visitor.screen.show(b"small");
        let sent = taken(&visit);
        let left_out = 3 * MAX_BODY as u64 + 5;
        assert_eq!(sent.len(), FULL / MAX_BODY + 1);
        assert_eq!(sent.last(), Some(&ToVisitor::LeftOut(left_out)));
        visitor.screen.show(b"again");
        visitor.screen.end("exited with status 0");
        let expected = [
            ToVisitor::Output(b"again".to_vec()),
            ToVisitor::Ended("exited with status 0".into()),
        ];
        assert_eq!(taken(&visit), expected);
        assert!(visit.shared.waiting.borrow().is_closed);
    }

    #[test]
    fn the_driver_is_told_of_a_size_once_until_it_looks() {
        let (requests, mut asked) = mpsc::unbounded_channel();
        let (visitor, visit) = pair(FollowerId(1), 7, Size::USUAL, Whom::WhoeverWaits, requests);
        let size = |columns| Size { columns, rows: 24 };
        visit.resized(size(90));
        visit.resized(size(91));
        assert!(matches!(asked.try_recv(), Ok(Request::VisitorResized(_))));
        asked.try_recv().unwrap_err();
        assert_eq!(visitor.screen.size(), size(91));
        visit.resized(size(92));
        asked.try_recv().unwrap();
        drop(visit);
        assert!(matches!(asked.try_recv(), Ok(Request::VisitorGone(_))));
    }
}
