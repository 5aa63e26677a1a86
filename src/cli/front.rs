//! `devrun start --detach`: the process in front, which lets a session go on without it. It forks the session,
//! hands on what that says until all is settled, and ends with the status it is told.

mod copy;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;

use crate::cli::NOT_STARTED;
use crate::cli::front::copy::Copy;
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
    /// Until all is settled, the session is gone, or somebody presses Ctrl-C: that leaves it running. Whoever reads
    /// our output may take as long as he likes, also for the last of it.
    pub(super) fn attend(mut self) -> ExitCode {
        let mut copy = Copy::start();
        let mut news = None;
        while news.is_none() || !copy.is_idle() {
            match self.hear(&mut copy, news.is_some()) {
                Ok(Some(News::Interrupted)) => break,
                Ok(heard) => news = news.or(heard),
                Err(_) => {
                    news = Some(News::SessionGone);
                    break;
                }
            }
        }
        match news {
            Some(News::Settled(status)) => ExitCode::from(status),
            Some(News::SessionGone) => self.report_end(),
            Some(News::Interrupted) | None => self.leave(),
        }
    }

    /// Waits until something happens.
    fn hear(&mut self, copy: &mut Copy, is_over: bool) -> io::Result<Option<News>> {
        let mut watched = vec![self.signals.as_fd()];
        // Nothing more is said there then, and at its end it would be readable for ever.
        watched.extend((!is_over).then(|| self.socket.as_fd()));
        watched.extend(copy.waits_for(self.output.as_fd()));
        let readable = descriptor::poll(&watched, None)?;
        // First: what was said before it is settled is all there by then.
        let is_told = !is_over && readable[1];
        let news = if is_told { self.word()? } else { None };
        copy.go_on(self.output.as_fd())?;
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
            say(&format!("left running (pid {pid}): `devrun stop` ends it"));
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
                say(&format!(
                    "the session was killed by {}",
                    signal_name(signal)
                ));
            }
            Some(Exit::Status(_)) if self.has_begun => {
                say("nothing runs any more: the session has ended");
            }
            Some(Exit::Status(_) | Exit::Unready) | None => {}
        }
        ExitCode::from(exit.map_or(1, Exit::status))
    }
}

/// To whoever reads stderr now: who stands still, and has asked for the end, is not waited for.
fn say(text: &str) {
    if descriptor::takes_at_once(io::stderr().as_fd()) {
        tell!("{text}");
    }
}
