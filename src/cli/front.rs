//! `devrun start --detach`: the process in front, which lets a session go on without it. It forks the session,
//! hands on what that says until all is settled, and ends with the status it is told.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;

use crate::cli::NOT_STARTED;
use crate::cli::tell::tell;
use crate::driver::front::{Front, Word};
use crate::os::spawn::{self, Side};
use crate::os::{descriptor, signals};
use crate::words::exit::{Exit, signal_name};

/// What a session has of whoever started it, and lives on without.
#[derive(Debug)]
pub(super) struct Line {
    /// In the place of stdout, until all is settled.
    pub(super) output: OwnedFd,
    pub(super) front: Front,
}

/// The process that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    session: i32,
    output: OwnedFd,
    /// Closed by the session's end, and by nothing else.
    socket: OwnedFd,
    signals: OwnedFd,
    /// Of the session's words, what is no whole one yet.
    heard: Vec<u8>,
    has_begun: bool,
}

/// Which of the two we are.
#[derive(Debug)]
pub(super) enum Half {
    Front(Waiting),
    Session(Line),
}

/// Why the front need wait no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    Settled(u8),
    Interrupted,
    SessionGone,
}

/// A session that was forked, and the way to it.
#[derive(Debug)]
pub(super) struct Forked {
    pub(super) session: i32,
    /// Its end is that of the session.
    pub(super) socket: OwnedFd,
}

/// Forks the process that waits off the session.
pub(super) fn split() -> io::Result<Half> {
    let (output, sessions_output) = descriptor::pipe()?;
    let Forked { session, socket } = match fork(sessions_output)? {
        Ok(forked) => forked,
        Err(line) => return Ok(Half::Session(line)),
    };
    let noted = signals::watch()?;
    signals::release()?;
    for end in [&socket, &output] {
        descriptor::set_nonblocking(end.as_fd())?;
    }
    Ok(Half::Front(Waiting {
        session,
        output,
        socket,
        signals: noted,
        heard: Vec::new(),
        has_begun: false,
    }))
}

/// Forks a session that writes to `output`. In the session it returns its line (as the inner `Err`). With whoever
/// called, signals are held back until he is ready for them: one Ctrl-C must not end the one and not the other.
///
/// Call it while there is one thread, before there is anything that the session alone is to hold (locks above
/// all, which are known by the pid in them), and before there ever was a tokio runtime: the two would share
/// the pipe through which its signal handlers tell of signals, and take each other's.
pub(super) fn fork(output: OwnedFd) -> io::Result<Result<Forked, Line>> {
    descriptor::open_standard_ones()?;
    let (socket, sessions_socket) = descriptor::pair()?;
    signals::hold_back()?;
    match spawn::split()? {
        Side::Child => {
            spawn::lead_session()?;
            signals::release()?;
            let front = Front::new(sessions_socket);
            Ok(Err(Line { output, front }))
        }
        Side::Parent { child } => Ok(Ok(Forked {
            session: child,
            socket,
        })),
    }
}

impl Waiting {
    /// Until all is settled, the session is gone, or somebody presses Ctrl-C: that leaves it running.
    pub(super) fn attend(mut self) -> ExitCode {
        let stdout = io::stdout();
        let mut copy = Copy::new(stdout.as_fd());
        let news = loop {
            match self.hear(&mut copy) {
                Ok(Some(news)) => break news,
                Ok(None) => {}
                Err(_) => break News::SessionGone,
            }
        };
        match news {
            News::Settled(status) => ExitCode::from(status),
            News::Interrupted => self.leave(),
            News::SessionGone => self.report_end(),
        }
    }

    /// Waits until something happens.
    fn hear(&mut self, copy: &mut Copy<'_>) -> io::Result<Option<News>> {
        let mut watched = vec![self.signals.as_fd(), self.socket.as_fd()];
        watched.extend((!copy.is_at_end).then(|| self.output.as_fd()));
        let readable = descriptor::poll(&watched, None)?;
        // First: what was said before it is settled is all there by then.
        let news = if readable[1] { self.word()? } else { None };
        copy.take(self.output.as_fd())?;
        if news.is_none() && readable[0] && self.is_interrupted()? {
            return Ok(Some(News::Interrupted));
        }
        Ok(news)
    }

    fn word(&mut self) -> io::Result<Option<News>> {
        let mut bytes = [0; 16];
        match descriptor::read(self.socket.as_fd(), &mut bytes)? {
            None => return Ok(None),
            Some(0) => return Ok(Some(News::SessionGone)),
            Some(count) => self.heard.extend_from_slice(&bytes[..count]),
        }
        let mut news = None;
        while let Some(word) = self.heard.first_chunk::<{ Word::LENGTH }>() {
            match Word::from_bytes(*word) {
                Some(Word::Begun) => self.has_begun = true,
                Some(Word::Settled(status)) => news = Some(News::Settled(status)),
                None => return Err(io::ErrorKind::InvalidData.into()),
            }
            self.heard.drain(..Word::LENGTH);
        }
        Ok(news)
    }

    fn is_interrupted(&self) -> io::Result<bool> {
        let mut noted = [0; 64];
        let count = descriptor::read(self.signals.as_fd(), &mut noted)?.unwrap_or(0);
        let stops = |byte: &u8| {
            signals::STOPPING
                .iter()
                .any(|it| *it as i32 == i32::from(*byte))
        };
        Ok(noted[..count].iter().any(stops))
    }

    /// A session that has begun goes on; one that is still looking whether it can ends.
    fn leave(self) -> ExitCode {
        let pid = self.session;
        if self.has_begun {
            tell!("left running (pid {pid}): `devrun stop` ends it");
            return ExitCode::SUCCESS;
        }
        signals::terminate(pid);
        spawn::wait_for_exit(pid);
        ExitCode::from(NOT_STARTED)
    }

    /// It was refused, was killed, or has ended: whoever sees its status is to know that nothing goes on.
    fn report_end(self) -> ExitCode {
        let exit = spawn::wait_for_exit(self.session);
        match exit {
            Some(Exit::Signal(signal)) => {
                tell!("the session was killed by {}", signal_name(signal));
            }
            Some(Exit::Status(_)) if self.has_begun => {
                tell!("nothing runs any more: the session has ended");
            }
            Some(Exit::Status(_) | Exit::Unready) | None => {}
        }
        ExitCode::from(exit.map_or(1, Exit::status))
    }
}

/// From the session's output to ours.
struct Copy<'a> {
    to: BorrowedFd<'a>,
    is_at_end: bool,
    /// Whoever read ours has seen enough: the session goes on all the same.
    is_unread: bool,
}

impl<'a> Copy<'a> {
    fn new(to: BorrowedFd<'a>) -> Self {
        Self {
            to,
            is_at_end: false,
            is_unread: false,
        }
    }

    /// All that is there now.
    fn take(&mut self, from: BorrowedFd<'_>) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        while !self.is_at_end {
            match descriptor::read(from, &mut buffer)? {
                None => break,
                Some(0) => self.is_at_end = true,
                Some(count) if !self.is_unread => {
                    self.is_unread = descriptor::write_all(self.to, &buffer[..count]).is_err();
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}
