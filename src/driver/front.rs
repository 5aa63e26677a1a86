//! A session that goes on without whoever started it: what it tells him until all is settled, and how it knows
//! that he is gone.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;
use tokio::sync::oneshot;

use crate::driver::Driver;
use crate::driver::output::Lines;
use crate::os::descriptor::{self, Waits};
use crate::os::watched;
use crate::words::policy::Attendance;

/// The session's end of a socket to the process that started it.
#[derive(Debug)]
pub(crate) struct Front(OwnedFd);

/// What is told there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// The session has begun: from now on it can be asked for.
    Begun,
    /// Nothing more is to be waited for. The exit status to go with.
    Settled(u8),
}

impl Word {
    /// In bytes.
    pub(crate) const LENGTH: usize = 2;

    fn to_bytes(self) -> [u8; Self::LENGTH] {
        match self {
            Self::Begun => [b'b', 0],
            Self::Settled(status) => [b's', status],
        }
    }

    /// `None`: no version of devrun says that.
    pub(crate) fn from_bytes(bytes: [u8; Self::LENGTH]) -> Option<Self> {
        match bytes {
            [b'b', 0] => Some(Self::Begun),
            [b's', status] => Some(Self::Settled(status)),
            [_, _] => None,
        }
    }
}

impl Front {
    pub(crate) fn new(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// Nobody may be there any more.
    fn tell(&self, word: Word) {
        // Two words always have room.
        let _ = descriptor::send(self.0.as_fd(), &word.to_bytes(), &[], Waits::No);
    }

    /// Tells once whoever started the session is gone, however he ended.
    fn end(&self) -> io::Result<oneshot::Receiver<()>> {
        let socket = watched::watch(self.0.try_clone()?, Interest::READABLE)?;
        let (tell, told) = oneshot::channel();
        tokio::task::spawn_local(async move {
            let mut byte = [0];
            while let Ok(mut ready) = socket.readable().await {
                match descriptor::read(socket.get_ref().as_fd(), &mut byte) {
                    // Nothing is ever said there.
                    Ok(Some(1..)) => {}
                    Ok(None) => ready.clear_ready(),
                    Ok(Some(0)) | Err(_) => break,
                }
            }
            let _ = tell.send(());
        });
        Ok(told)
    }
}

/// Where nobody reads along, what processes write goes nowhere from here.
pub(super) fn lines(attendance: Attendance) -> Lines {
    match attendance {
        Attendance::Reader => Lines::Shown,
        Attendance::Nobody | Attendance::Holder => Lines::Unseen,
    }
}

impl Driver {
    /// Whoever started the session learns that it has begun.
    pub(super) fn meet_front(&mut self) -> io::Result<()> {
        let Some(front) = &self.front else {
            return Ok(());
        };
        if self.attendance == Attendance::Holder {
            self.lending.is_leashed_by(front.end()?);
        }
        front.tell(Word::Begun);
        Ok(())
    }

    /// Tells whoever waits, once he has all that was said before; to nobody is anything said from then on.
    pub(super) fn settled(&mut self, status: u8) {
        let Some(front) = self.front.take() else {
            return;
        };
        let output = self.output.clone();
        tokio::task::spawn_local(async move {
            output.flushed().await;
            front.tell(Word::Settled(status));
            output.close();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_as_it_was_written() {
        for word in [Word::Begun, Word::Settled(0), Word::Settled(137)] {
            assert_eq!(Word::from_bytes(word.to_bytes()), Some(word));
        }
        assert_eq!(Word::from_bytes(*b"x\0"), None);
    }
}
