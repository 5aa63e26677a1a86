//! What manager and guardian say to each other: frames of a length (u32, little-endian, of what follows)
//! and a body. One form on Linux and macOS.

use std::mem;
use std::path::PathBuf;

use crate::words::exit::Exit;
use crate::words::texts::Texts;

/// One run of one process, for the life of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RunId {
    pub(crate) process: u32,
    pub(crate) run: u32,
}

/// Set in the place of a process, of which a session has far fewer: this is no run of it, but a try whether it is ready.
const TRY: u32 = 1 << 31;

impl RunId {
    /// Of the command that tries, for the `number`th time, whether a process is ready.
    pub(crate) fn of_try(process: usize, number: u32) -> Self {
        let process = u32::try_from(process).expect("a plan has at most 2,000 processes");
        Self {
            process: process | TRY,
            run: number,
        }
    }

    /// The process that is tried. `None`: it is a run of one.
    pub(crate) fn try_of(self) -> Option<usize> {
        (self.process & TRY != 0).then_some((self.process & !TRY) as usize)
    }
}

/// From the manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Two descriptors travel with it: one for stdin, one for stdout and stderr.
    Spawn(Spawn),
    /// The stop signal to the group and SIGTERM to the strays of its tree.
    Terminate(RunId),
    /// SIGKILL to its whole tree, until it is empty.
    Kill(RunId),
    /// A signal, by its number, to its leader.
    Signal(RunId, u32),
    /// SIGSTOP to all that lives: Ctrl-Z.
    Pause,
    /// SIGCONT to all that lives.
    Resume,
    /// The user's terminal, which travels with it, is raw from now on. These are its settings before: they are
    /// put back if the manager dies. Four times a mode's lower and upper half.
    Attached([u32; 8]),
    /// The terminal is as before.
    Detached,
    /// Locks travel with it: they are kept open until the guardian ends.
    Hold,
    /// The session is over: end whatever is left, then go.
    End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spawn {
    pub(crate) id: RunId,
    pub(crate) stop_signal: i32,
    /// From the stop signal to SIGKILL when the guardian is on its own, in milliseconds.
    pub(crate) grace: u32,
    /// The descriptors are a terminal that is to control the run's session.
    pub(crate) has_terminal: bool,
    /// The first one is the path of the program.
    pub(crate) arguments: Texts,
    /// `NAME=value` each.
    pub(crate) environment: Texts,
    pub(crate) directory: PathBuf,
}

/// From the guardian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Spawned {
        id: RunId,
        pid: i32,
        /// Its session's number, if it has one of its own; else its pid.
        session: i32,
    },
    /// Nothing runs; the system's error number.
    SpawnFailed { id: RunId, errno: i32 },
    /// `left` members of its tree live on.
    LeaderExited { id: RunId, exit: Exit, left: u32 },
    /// No member of its tree is left but `survivors`, who take no signal from us. `killed` of them, the
    /// leader not counted, had to be killed.
    Gone {
        id: RunId,
        killed: u32,
        survivors: u32,
    },
    /// Somebody sent the guardian a signal that asks to stop.
    StopRequested,
    /// An orphan counts as this run's, whose leader is gone, whatever may tell that on the orphan itself.
    Adopted { id: RunId, pid: i32 },
}

/// A frame cannot be longer: the kernel takes less than that for arguments and environment together.
const MAX_FRAME: usize = 64 * 1024 * 1024;

/// What was received, with the frames that were taken out of it at its begin.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    taken: usize,
}

impl Inbox {
    /// Where more is put: behind what is there.
    pub(crate) fn end(&mut self) -> &mut Vec<u8> {
        // Once for all frames that came together, not once for each.
        self.bytes.drain(..mem::take(&mut self.taken));
        &mut self.bytes
    }

    /// The first whole frame's body, once. `None`: more has to come.
    ///
    /// # Errors
    /// A length that nobody sends: the other side is not who we think.
    pub(crate) fn take_frame(&mut self) -> Result<Option<&[u8]>, Malformed> {
        let Some((length, rest)) = self.bytes[self.taken..].split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*length) as usize;
        if length > MAX_FRAME {
            return Err(Malformed);
        }
        let frame = rest.get(..length);
        self.taken += frame.map_or(0, |_| 4 + length);
        Ok(frame)
    }
}

/// Bytes that are no message of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Request {
    pub(crate) fn to_frame(&self) -> Vec<u8> {
        let mut frame = Frame::default();
        match self {
            Self::Spawn(spawn) => spawn.write(&mut frame),
            Self::Terminate(id) => frame.tag(2).id(*id),
            Self::Kill(id) => frame.tag(3).id(*id),
            Self::End => frame.tag(4),
            Self::Pause => frame.tag(5),
            Self::Resume => frame.tag(6),
            Self::Attached(modes) => modes
                .iter()
                .fold(frame.tag(7), |frame, half| frame.number(*half)),
            Self::Detached => frame.tag(8),
            Self::Hold => frame.tag(9),
            Self::Signal(id, signal) => frame.tag(10).id(*id).number(*signal),
        };
        frame.finish()
    }

    pub(crate) fn from_body(body: &[u8]) -> Result<Self, Malformed> {
        let mut body = Body(body);
        let request = match body.byte()? {
            1 => Self::Spawn(Spawn::read(&mut body)?),
            2 => Self::Terminate(body.id()?),
            3 => Self::Kill(body.id()?),
            4 => Self::End,
            5 => Self::Pause,
            6 => Self::Resume,
            7 => {
                let mut modes = [0; 8];
                for half in &mut modes {
                    *half = body.number()?;
                }
                Self::Attached(modes)
            }
            8 => Self::Detached,
            9 => Self::Hold,
            10 => Self::Signal(body.id()?, body.number()?),
            _ => return Err(Malformed),
        };
        body.is_spent(request)
    }
}

impl Spawn {
    fn write<'a>(&self, frame: &'a mut Frame) -> &'a mut Frame {
        use std::os::unix::ffi::OsStrExt;
        frame
            .tag(1)
            .id(self.id)
            .number(self.stop_signal as u32)
            .number(self.grace)
            .number(self.has_terminal.into())
            .texts(&self.arguments)
            .texts(&self.environment)
            .text(self.directory.as_os_str().as_bytes())
    }

    fn read(body: &mut Body<'_>) -> Result<Self, Malformed> {
        use std::os::unix::ffi::OsStringExt;
        Ok(Self {
            id: body.id()?,
            stop_signal: body.number()? as i32,
            grace: body.number()?,
            has_terminal: body.number()? != 0,
            arguments: body.texts()?,
            environment: body.texts()?,
            directory: PathBuf::from(std::ffi::OsString::from_vec(body.text()?.to_vec())),
        })
    }
}

impl News {
    /// Which run it is of.
    pub(crate) fn id(&self) -> Option<RunId> {
        match self {
            Self::Spawned { id, .. }
            | Self::SpawnFailed { id, .. }
            | Self::LeaderExited { id, .. }
            | Self::Gone { id, .. }
            | Self::Adopted { id, .. } => Some(*id),
            Self::StopRequested => None,
        }
    }

    pub(crate) fn to_frame(&self) -> Vec<u8> {
        let mut frame = Frame::default();
        match self {
            Self::Spawned { id, pid, session } => {
                let frame = frame.tag(1).id(*id);
                frame.number(*pid as u32).number(*session as u32)
            }
            Self::SpawnFailed { id, errno } => frame.tag(2).id(*id).number(*errno as u32),
            Self::LeaderExited { id, exit, left } => {
                let (kind, number) = match exit {
                    Exit::Status(status) => (0, u32::from(*status)),
                    // That is found out later: here nobody knows who waits for whom.
                    Exit::Unready => (0, 0),
                    Exit::Signal(signal) => (1, *signal as u32),
                };
                frame
                    .tag(3)
                    .id(*id)
                    .number(kind)
                    .number(number)
                    .number(*left)
            }
            Self::Gone {
                id,
                killed,
                survivors,
            } => frame.tag(4).id(*id).number(*killed).number(*survivors),
            Self::StopRequested => frame.tag(5),
            Self::Adopted { id, pid } => frame.tag(6).id(*id).number(*pid as u32),
        };
        frame.finish()
    }

    pub(crate) fn from_body(body: &[u8]) -> Result<Self, Malformed> {
        let mut body = Body(body);
        let news = match body.byte()? {
            1 => Self::Spawned {
                id: body.id()?,
                pid: body.number()? as i32,
                session: body.number()? as i32,
            },
            2 => Self::SpawnFailed {
                id: body.id()?,
                errno: body.number()? as i32,
            },
            3 => Self::LeaderExited {
                id: body.id()?,
                exit: match (body.number()?, body.number()?) {
                    (0, status) => Exit::Status(status as u8),
                    (_, signal) => Exit::Signal(signal as i32),
                },
                left: body.number()?,
            },
            4 => Self::Gone {
                id: body.id()?,
                killed: body.number()?,
                survivors: body.number()?,
            },
            5 => Self::StopRequested,
            6 => Self::Adopted {
                id: body.id()?,
                pid: body.number()? as i32,
            },
            _ => return Err(Malformed),
        };
        body.is_spent(news)
    }
}

/// A frame in the making.
#[derive(Debug)]
struct Frame(Vec<u8>);

impl Default for Frame {
    fn default() -> Self {
        Self(vec![0; 4])
    }
}

impl Frame {
    fn tag(&mut self, tag: u8) -> &mut Self {
        self.0.push(tag);
        self
    }

    fn number(&mut self, number: u32) -> &mut Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn id(&mut self, id: RunId) -> &mut Self {
        self.number(id.process).number(id.run)
    }

    fn text(&mut self, text: &[u8]) -> &mut Self {
        self.number(text.len() as u32).0.extend_from_slice(text);
        self
    }

    fn texts(&mut self, texts: &Texts) -> &mut Self {
        let (count, bytes) = texts.parts();
        self.number(count).text(bytes)
    }

    fn finish(mut self) -> Vec<u8> {
        let length = (self.0.len() - 4) as u32;
        self.0[..4].copy_from_slice(&length.to_le_bytes());
        self.0
    }
}

/// What is left to read of a body.
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self) -> Result<u32, Malformed> {
        let (number, rest) = self.0.split_first_chunk::<4>().ok_or(Malformed)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*number))
    }

    fn id(&mut self) -> Result<RunId, Malformed> {
        Ok(RunId {
            process: self.number()?,
            run: self.number()?,
        })
    }

    fn text(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.number()? as usize;
        self.take(length)
    }

    fn texts(&mut self) -> Result<Texts, Malformed> {
        Ok(Texts::of_parts(self.number()?, self.text()?))
    }

    fn is_spent<T>(&self, message: T) -> Result<T, Malformed> {
        if self.0.is_empty() {
            Ok(message)
        } else {
            Err(Malformed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: RunId = RunId { process: 3, run: 7 };

    #[test]
    fn a_try_is_told_from_the_runs_of_its_process() {
        assert_eq!(RunId::of_try(3, 7).try_of(), Some(3));
        assert_eq!(ID.try_of(), None);
        assert_ne!(RunId::of_try(3, 7), ID);
    }

    #[test]
    fn a_request_comes_out_as_it_went_in_however_it_is_cut() {
        let spawn = Request::Spawn(Spawn {
            id: ID,
            stop_signal: 15,
            grace: 5000,
            has_terminal: true,
            arguments: [&b"/bin/sh"[..], b"-c", b"exec true"].into_iter().collect(),
            environment: [&b"A=\xff"[..], b"B="].into_iter().collect(),
            directory: "/tmp".into(),
        });
        for request in [
            spawn,
            Request::Terminate(ID),
            Request::Kill(ID),
            Request::Pause,
            Request::Resume,
            Request::Attached([1, 2, 3, 4, 5, 6, 7, u32::MAX]),
            Request::Detached,
            Request::Hold,
            Request::Signal(ID, 12),
            Request::End,
        ] {
            let frame = request.to_frame();
            let mut inbox = Inbox::default();
            inbox.end().extend_from_slice(&frame[..frame.len() - 1]);
            assert_eq!(inbox.take_frame(), Ok(None));
            inbox.end().push(frame[frame.len() - 1]);
            inbox.end().extend_from_slice(b"next");
            let body = inbox.take_frame().unwrap().unwrap();
            assert_eq!(Request::from_body(body), Ok(request));
            assert_eq!(inbox.end(), b"next");
        }
    }

    #[test]
    fn news_come_out_as_they_went_in() {
        for news in [
            News::Spawned {
                id: ID,
                pid: 41_210,
                session: 41_209,
            },
            News::SpawnFailed { id: ID, errno: 2 },
            News::LeaderExited {
                id: ID,
                exit: Exit::Signal(9),
                left: 2,
            },
            News::LeaderExited {
                id: ID,
                exit: Exit::Status(255),
                left: 0,
            },
            News::Gone {
                id: ID,
                killed: 2,
                survivors: 1,
            },
            News::StopRequested,
            News::Adopted {
                id: ID,
                pid: 41_211,
            },
        ] {
            let mut inbox = Inbox::default();
            *inbox.end() = news.to_frame();
            let body = inbox.take_frame().unwrap().unwrap();
            assert_eq!(News::from_body(body), Ok(news));
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let mut inbox = Inbox::default();
        inbox.end().extend_from_slice(&[0xff; 8]);
        assert_eq!(inbox.take_frame(), Err(Malformed));
        assert_eq!(Request::from_body(b""), Err(Malformed));
        assert_eq!(Request::from_body(b"\x04more"), Err(Malformed));
        assert_eq!(News::from_body(b"\x01\x00"), Err(Malformed));
    }
}
