//! The manager's end: starts the guardian, sends it requests without ever waiting, hears its news.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::timeout;

use crate::guardian::protocol::{Malformed, News, Request, take_frame};
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
    /// There is nothing for it to do: waits until it is gone.
    pub(crate) fn dismiss(self) {
        drop(self.socket);
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

/// The way to the guardian.
#[derive(Debug)]
pub(crate) struct Guardian {
    socket: AsyncFd<OwnedFd>,
    /// Frames that the socket had no room for, with what travels along.
    outbox: VecDeque<(Vec<u8>, Vec<OwnedFd>)>,
    /// The system could not send the first of them, and nobody tells when it can.
    is_short: bool,
    inbox: Vec<u8>,
}

impl Guardian {
    /// Needs a tokio runtime.
    pub(crate) fn connect(started: Started) -> io::Result<Self> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        Ok(Self {
            socket: watched::watch(started.socket, interest)?,
            outbox: VecDeque::new(),
            is_short: false,
            inbox: Vec::new(),
        })
    }

    /// Sends it now or, where the socket is full, as [`Guardian::next`] goes on: two that both only
    /// send would wait for one another for ever. Requests to a guardian that is gone are lost; its end
    /// is heard from `next`.
    pub(crate) fn send(&mut self, request: &Request, passed: Vec<OwnedFd>) {
        self.outbox.push_back((request.to_frame(), passed));
        self.flush();
    }

    /// Lets the guardian hold these locks as well, so that they are held until the last descendant is gone.
    pub(crate) fn hold(&mut self, mut locks: Vec<OwnedFd>) {
        while !locks.is_empty() {
            let rest = locks.split_off(locks.len().min(descriptor::MAX_PASSED));
            self.send(&Request::Hold, mem::replace(&mut locks, rest));
        }
    }

    /// What the guardian has to say next. `None`: it is gone. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<News> {
        loop {
            match take_frame(&mut self.inbox)
                .and_then(|body| body.map(|body| News::from_body(&body)).transpose())
            {
                Ok(Some(news)) => return Some(news),
                Ok(None) => {}
                Err(Malformed) => return None,
            }
            let interest = if self.outbox.is_empty() {
                Interest::READABLE
            } else {
                Interest::READABLE | Interest::WRITABLE
            };
            let patience = if self.is_short {
                SHORT_INTERVAL
            } else {
                Duration::MAX
            };
            let Ok(ready) = timeout(patience, self.socket.ready(interest)).await else {
                self.flush();
                continue;
            };
            let mut ready = ready.ok()?;
            let is_writable = ready.ready().is_writable();
            let mut is_breathless = false;
            if ready.ready().is_readable() {
                let socket = ready.get_inner().as_fd();
                match descriptor::receive(socket, &mut self.inbox, &mut VecDeque::new()) {
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
                self.flush();
            }
            if is_breathless {
                tokio::time::sleep(SHORT_INTERVAL).await;
            }
        }
    }

    /// Resolves once all that was sent is on its way, or the guardian is gone.
    pub(crate) async fn sent(&mut self) {
        while !self.outbox.is_empty() {
            if self.is_short {
                tokio::time::sleep(SHORT_INTERVAL).await;
                self.flush();
                continue;
            }
            let Ok(mut ready) = self.socket.writable().await else {
                return;
            };
            ready.clear_ready_matching(tokio::io::Ready::WRITABLE);
            drop(ready);
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.is_short = false;
        while let Some((frame, passed)) = self.outbox.front_mut() {
            match descriptor::send(self.socket.get_ref().as_fd(), frame, passed, Waits::No) {
                Ok(sent) => {
                    passed.clear();
                    frame.drain(..sent);
                    if frame.is_empty() {
                        self.outbox.pop_front();
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if descriptor::is_short(&error) => {
                    self.is_short = true;
                    return;
                }
                // It is gone, or will be: nobody is to wait for the answer to a request that was lost.
                Err(_) => {
                    descriptor::hang_up(self.socket.get_ref().as_fd());
                    self.outbox.clear();
                }
            }
        }
    }
}
