//! A session on a leash: it ends in good order when we do, however that is.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;

use crate::cli::front::{self, Forked, Line};
use crate::driver::front::Word;
use crate::os::{descriptor, spawn, watched};

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

impl Leash {
    /// Comes back when the session can be asked. `None`: it could not begin, and has said why.
    pub(super) async fn begun(&mut self) -> Option<()> {
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
                Ok(Some(_)) | Err(_) => break,
            }
        }
        spawn::wait_for_exit(self.session);
        None
    }

    /// The session ends from now on. Its pid.
    pub(super) fn let_go(mut self) -> i32 {
        self.socket = None;
        self.session
    }
}
