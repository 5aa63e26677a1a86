//! A session on a leash: it ends in good order when we do, however that is.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;

use crate::cli::front::{self, Forked, Line};
use crate::driver::front::Word;
use crate::os::{descriptor, spawn, watched};
use crate::words::exit::Exit;

/// The status of a session that finds its app run by another one: known to its front alone.
pub(super) const FORESTALLED: u8 = 75;

/// Dropping it lets the session end.
#[derive(Debug)]
pub(super) struct Leash {
    session: i32,
    socket: Option<OwnedFd>,
}

/// Forks the session; in that itself it returns its line, as the inner `Err`. Signals are held back with us.
pub(super) fn split() -> io::Result<Result<Leash, Line>> {
    let nowhere = OpenOptions::new().write(true).open("/dev/null")?;
    Ok(
        front::fork(nowhere.into())?.map(|Forked { session, socket }| Leash {
            session,
            socket: Some(socket),
        }),
    )
}

/// What becomes of a session that is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// It can be asked.
    Begun,
    /// Another one was quicker, and has the app.
    Forestalled,
    /// It could not begin, and has said why.
    Refused,
}

impl Leash {
    pub(super) async fn begin(&mut self) -> Beginning {
        if self.has_begun().await.is_some() {
            return Beginning::Begun;
        }
        self.socket = None;
        match spawn::wait_for_exit(self.session) {
            Some(Exit::Status(FORESTALLED)) => Beginning::Forestalled,
            Some(Exit::Status(_) | Exit::Signal(_) | Exit::Unready) | None => Beginning::Refused,
        }
    }

    async fn has_begun(&self) -> Option<()> {
        let socket = self.socket.as_ref()?.try_clone().ok()?;
        let socket = watched::watch(socket, Interest::READABLE).ok()?;
        let mut word = [0; Word::LENGTH];
        loop {
            let mut ready = socket.readable().await.ok()?;
            match descriptor::read(socket.get_ref().as_fd(), &mut word) {
                Ok(None) => ready.clear_ready(),
                Ok(Some(Word::LENGTH)) => {
                    let has_begun = Word::from_bytes(word) == Some(Word::Begun);
                    return has_begun.then_some(());
                }
                Ok(Some(_)) | Err(_) => return None,
            }
        }
    }

    /// The session ends from now on. Its pid.
    pub(super) fn let_go(mut self) -> i32 {
        self.socket = None;
        self.session
    }
}
