//! The manager's end: starts the guardian, sends it requests without ever waiting, hears its news.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::timeout;

use crate::guardian::protocol::{Inbox, Malformed, News, Request};
use crate::os::descriptor::{self, Waits};
use crate::os::spawn::{self, Habits, Side};
use crate::os::{signals, watched};

/// Where the system has no room for a request now, it is tried again so often.
const SHORT_INTERVAL: Duration = Duration::from_millis(10);

/// A guardian that was forked and waits for requests.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) pid: i32,
    socket: OwnedFd,
}

impl Started {
    /// There is nothing for it to do: waits until it is gone. Somebody may have stopped it (SIGSTOP).
    pub(crate) fn dismiss(self) {
        drop(self.socket);
        signals::send(self.pid, signals::CONTINUE);
        spawn::wait_for_exit(self.pid);
    }
}

/// Forks the guardian. Call it before there is a second thread, and before much is read: each of its forks copies
/// what it has from us.
///
/// In the guardian itself it does not return: there `let_go` is called first, for what is not to be held so long.
pub(crate) fn start(habits: Habits, let_go: impl FnOnce()) -> io::Result<Started> {
    // It has no handlers yet.
    signals::hold_back()?;
    spawn::adopt_orphans()?;
    let (ours, theirs) = descriptor::pair()?;
    match spawn::split()? {
        Side::Parent { child } => {
            signals::release()?;
            Ok(Started {
                pid: child,
                socket: ours,
            })
        }
        Side::Child => {
            drop(ours);
            let_go();
            let status = i32::from(super::run(theirs, habits).is_err());
            std::process::exit(status);
        }
    }
}

/// So many bytes of requests are sent in one piece, at most.
const MOST_JOINED: usize = 64 * 1024;

/// The way to the guardian.
#[derive(Debug)]
pub(crate) struct Guardian {
    socket: AsyncFd<OwnedFd>,
    /// Frames that are not sent yet, with what travels along; those with which nothing does are joined.
    outbox: VecDeque<(Vec<u8>, Vec<OwnedFd>)>,
    way: Way,
    inbox: Inbox,
}

/// Whether anything can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// As far as is known.
    Free,
    /// The socket has no room, and tells when it has.
    Full,
    /// The system has none, and nobody tells when it has.
    Short,
}

impl Guardian {
    /// Needs a tokio runtime.
    pub(crate) fn connect(started: Started) -> io::Result<Self> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        Ok(Self {
            socket: watched::watch(started.socket, interest)?,
            outbox: VecDeque::new(),
            way: Way::Free,
            inbox: Inbox::default(),
        })
    }

    /// Sends it now if something travels with it, else with [`Guardian::flush`]; where the socket is full, as
    /// [`Guardian::next`] goes on: two that both only send would wait for one another for ever. Requests to a
    /// guardian that is gone are lost; its end is heard from `next`.
    pub(crate) fn send(&mut self, request: &Request, passed: Vec<OwnedFd>) {
        let frame = request.to_frame();
        if !passed.is_empty() {
            self.outbox.push_back((frame, passed));
            return self.flush();
        }
        match self.outbox.back_mut() {
            Some((last, with_it)) if with_it.is_empty() && last.len() < MOST_JOINED => {
                last.extend(frame);
            }
            Some(_) | None => self.outbox.push_back((frame, passed)),
        }
    }

    /// Lets the guardian hold these locks as well, so that they are held until the last descendant is gone.
    pub(crate) fn hold(&mut self, mut locks: Vec<OwnedFd>) {
        while !locks.is_empty() {
            let rest = locks.split_off(locks.len().min(descriptor::MAX_PASSED));
            self.send(&Request::Hold, mem::replace(&mut locks, rest));
        }
    }

    /// What the guardian has to say next. `None`: it is gone. Sends what is to be sent meanwhile. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<News> {
        self.flush();
        loop {
            let body = self.inbox.take_frame();
            match body.and_then(|body| body.map(News::from_body).transpose()) {
                Ok(Some(news)) => return Some(news),
                Ok(None) => {}
                Err(Malformed) => return None,
            }
            let interest = if self.outbox.is_empty() {
                Interest::READABLE
            } else {
                Interest::READABLE | Interest::WRITABLE
            };
            let patience = match self.way {
                Way::Short => SHORT_INTERVAL,
                Way::Free | Way::Full => Duration::MAX,
            };
            let Ok(ready) = timeout(patience, self.socket.ready(interest)).await else {
                self.try_again();
                continue;
            };
            let mut ready = ready.ok()?;
            let is_writable = ready.ready().is_writable();
            let mut is_breathless = false;
            if ready.ready().is_readable() {
                let socket = ready.get_inner().as_fd();
                match descriptor::receive(socket, self.inbox.end(), &mut VecDeque::new()) {
                    Ok(0) => return None,
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        ready.clear_ready_matching(tokio::io::Ready::READABLE);
                    }
                    // What is there is still there, and would be read again at once.
                    Err(error) if descriptor::is_short(&error) => is_breathless = true,
                    Err(_) => return None,
                }
            }
            if is_writable {
                ready.clear_ready_matching(tokio::io::Ready::WRITABLE);
                drop(ready);
                self.try_again();
            }
            if is_breathless {
                tokio::time::sleep(SHORT_INTERVAL).await;
            }
        }
    }

    /// Whether descriptors that were sent are still open here.
    pub(crate) fn holds_descriptors(&self) -> bool {
        self.outbox.iter().any(|(_, passed)| !passed.is_empty())
    }

    /// Resolves once all that was sent is on its way, or the guardian is gone.
    pub(crate) async fn sent(&mut self) {
        self.flush();
        while !self.outbox.is_empty() {
            if self.way == Way::Short {
                tokio::time::sleep(SHORT_INTERVAL).await;
                self.try_again();
                continue;
            }
            let Ok(mut ready) = self.socket.writable().await else {
                return;
            };
            ready.clear_ready_matching(tokio::io::Ready::WRITABLE);
            drop(ready);
            self.try_again();
        }
    }

    fn try_again(&mut self) {
        self.way = Way::Free;
        self.flush();
    }

    /// Sends as much as there is room for.
    pub(crate) fn flush(&mut self) {
        if self.way == Way::Short {
            self.way = Way::Free;
        }
        while self.way == Way::Free
            && let Some((frame, passed)) = self.outbox.front_mut()
        {
            match descriptor::send(self.socket.get_ref().as_fd(), frame, passed, Waits::No) {
                Ok(sent) => {
                    passed.clear();
                    frame.drain(..sent);
                    if frame.is_empty() {
                        self.outbox.pop_front();
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.way = Way::Full,
                Err(error) if descriptor::is_short(&error) => self.way = Way::Short,
                // It is gone, or will be: nobody is to wait for the answer to a request that was lost.
                Err(_) => {
                    descriptor::hang_up(self.socket.get_ref().as_fd());
                    self.outbox.clear();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guardian::protocol::RunId;

    /// A guardian's end of the socket, and what came there.
    struct Other(OwnedFd, Inbox, VecDeque<Vec<OwnedFd>>);

    impl Other {
        fn receive(&mut self) -> io::Result<Vec<Request>> {
            descriptor::receive(self.0.as_fd(), self.1.end(), &mut self.2)?;
            let mut requests = Vec::new();
            while let Some(body) = self.1.take_frame().unwrap() {
                requests.push(Request::from_body(body).unwrap());
            }
            Ok(requests)
        }
    }

    fn check(story: impl AsyncFnOnce(Guardian, Other)) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(async {
            let (socket, other) = descriptor::pair().unwrap();
            let guardian = Guardian::connect(Started { pid: 0, socket }).unwrap();
            let other = Other(other, Inbox::default(), VecDeque::new());
            story(guardian, other).await;
        });
    }

    fn terminate(process: u32) -> Request {
        Request::Terminate(RunId { process, run: 1 })
    }

    #[test]
    fn requests_go_together_and_in_order_also_where_something_travels_with_one() {
        check(async |mut guardian, mut other| {
            guardian.send(&terminate(1), Vec::new());
            guardian.send(&terminate(2), Vec::new());
            assert!(other.receive().is_err(), "it is told to send them");
            guardian.hold(vec![descriptor::pipe().unwrap().0]);
            guardian.send(&Request::End, Vec::new());
            guardian.flush();
            let mut received = Vec::new();
            while let Ok(requests) = other.receive() {
                received.extend(requests);
            }
            let sent = [terminate(1), terminate(2), Request::Hold, Request::End];
            assert_eq!(received, sent);
            assert_eq!(other.2.len(), 1);
        });
    }

    #[test]
    fn what_there_is_no_room_for_is_sent_as_the_other_side_reads() {
        check(async |mut guardian, mut other| {
            let sent: Vec<Request> = (0..100_000).map(terminate).collect();
            for request in &sent {
                guardian.send(request, Vec::new());
                guardian.flush();
            }
            assert_eq!(guardian.way, Way::Full);
            let mut received = Vec::new();
            while received.len() < sent.len() {
                while let Ok(requests) = other.receive() {
                    received.extend(requests);
                }
                tokio::select! {
                    biased;
                    () = guardian.sent() => {}
                    () = tokio::task::yield_now() => {}
                }
            }
            assert_eq!(received, sent);
        });
    }
}
