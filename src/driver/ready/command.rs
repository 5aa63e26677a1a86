//! Runs the command of an `exec:`: as a child of the guardian's, which ends it with the session however that ends.
//! What it writes is not shown; its last line tells why it failed.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Instant;

use tokio::io::unix::AsyncFd;
use tokio::task::AbortHandle;

use crate::driver::Driver;
use crate::driver::child::{self, Ends};
use crate::driver::probe;
use crate::driver::ready::{ENDS_WITHIN, Kind, Try};
use crate::guardian::protocol::{News, Request, RunId, Spawn};
use crate::log::tail::Tail;
use crate::os::family::Marks;
use crate::os::signals::TERMINATE;
use crate::os::{self, descriptor, watched};
use crate::plan::command;
use crate::supervisor::{Event, ProcessIndex};
use crate::words::exit::Exit;
use crate::words::ready::Tried;
use crate::words::wording;

/// What one read takes at the most, in bytes.
const CHUNK: usize = 4096;
/// What a pipe holds: so much may be left of what was written until its end. Who still writes then is a stranger.
const MOST_LEFT: usize = 64 * 1024;
/// Of its last line so much is shown, in characters.
const SHOWN: usize = 120;
/// It has so small a number of pipes of its own that none of them is made large.
const NO_LARGE_PIPE: usize = usize::MAX;

pub(super) struct Command {
    id: RunId,
    /// By which it is found should the guardian be gone.
    pub(super) marks: Marks,
    /// As the session has time: while the job is stopped, so is the command.
    end_by: Instant,
    output: Rc<Output>,
    reading: AbortHandle,
    exit: Option<Exit>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Awaited,
    /// It was killed, because it took too long,
    Late,
    /// for another reason.
    Killed,
}

struct Output {
    pipe: AsyncFd<OwnedFd>,
    tail: RefCell<Tail>,
}

impl Command {
    /// `None`: it is being ended.
    pub(super) fn end_by(&self) -> Option<Instant> {
        (self.end == End::Awaited).then_some(self.end_by)
    }

    /// What kills it, once.
    pub(super) fn kill(&mut self) -> Option<Request> {
        let is_first = self.end == End::Awaited;
        self.end = if is_first { End::Killed } else { self.end };
        is_first.then_some(Request::Kill(self.id))
    }

    /// What kills it because it takes too long.
    pub(super) fn kill_late(&mut self) -> Option<Request> {
        let request = self.kill();
        self.end = End::Late;
        request
    }

    /// Nothing of it is left.
    fn tried(&self) -> Tried {
        match (self.end, self.exit) {
            (End::Awaited | End::Killed, Some(exit)) if exit.is_success() => Tried::Passed,
            (End::Late, _) => {
                let within = wording::duration(ENDS_WITHIN);
                Tried::Failed(self.with_last_line(format!("did not end within {within}")))
            }
            (End::Awaited | End::Killed, Some(exit)) => {
                Tried::Failed(self.with_last_line(exit.brief()))
            }
            (End::Awaited | End::Killed, None) => Tried::Failed("killed".into()),
        }
    }

    fn with_last_line(&self, words: String) -> String {
        self.output.read();
        match self.output.tail.borrow_mut().take().pop() {
            Some(line) => format!("{words}: {}", shown(&line)),
            None => words,
        }
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Output {
    /// Takes in what is left, and no more.
    fn read(&self) {
        let mut chunk = [0; CHUNK];
        for _ in 0..MOST_LEFT / CHUNK {
            match descriptor::read(self.pipe.get_ref().as_fd(), &mut chunk) {
                Ok(Some(count @ 1..)) => self.tail.borrow_mut().push(&chunk[..count]),
                Ok(Some(0) | None) | Err(_) => return,
            }
        }
    }

    /// Whoever writes is not held up by a full pipe. Ends with it.
    async fn follow(self: Rc<Self>) {
        let mut chunk = [0; CHUNK];
        while let Ok(mut ready) = self.pipe.readable().await {
            match descriptor::read(self.pipe.get_ref().as_fd(), &mut chunk) {
                Ok(Some(count @ 1..)) => self.tail.borrow_mut().push(&chunk[..count]),
                Ok(None) => ready.clear_ready(),
                Ok(Some(0)) | Err(_) => return,
            }
            tokio::task::yield_now().await;
        }
    }
}

impl Driver {
    /// # Errors
    /// It cannot be run, in words.
    pub(super) fn spawn_try(
        &mut self,
        process: ProcessIndex,
        number: u32,
        command: &str,
    ) -> Result<Kind, String> {
        let cannot = |error: io::Error| cannot_run(&os::words_of(&error));
        let ends = Ends::pipes(NO_LARGE_PIPE).map_err(cannot)?;
        let pipe = watched::watch(ends.output, tokio::io::Interest::READABLE).map_err(cannot)?;
        let output = Rc::new(Output {
            pipe,
            tail: RefCell::default(),
        });
        let id = RunId::of_try(process, number);
        let mark = format!("{}.{process}.try.{number}", self.session_mark);
        let planned = &self.plan.processes[process];
        let env = self.changes.env_of_run(process).unwrap_or(&planned.env);
        let marks = probe::marks(ends.identity, &mark);
        let request = Spawn {
            id,
            stop_signal: TERMINATE,
            grace: 0,
            has_terminal: false,
            arguments: child::shell(&command::with_exec(command)),
            environment: child::environment(env, &mark),
            directory: planned.directory.clone(),
        };
        let reading = tokio::task::spawn_local(output.clone().follow());
        // Nobody writes to its stdin: our end of it is closed here.
        self.guardian.send(&Request::Spawn(request), ends.childs);
        Ok(Kind::Command(Command {
            id,
            marks,
            end_by: self.now() + ENDS_WITHIN,
            output,
            reading: reading.abort_handle(),
            exit: None,
            end: End::Awaited,
        }))
    }

    /// What the guardian says of a command: whatever it leaves behind is killed, and then it is over.
    pub(in crate::driver) fn hear_of_try(&mut self, news: &News) -> Option<Event> {
        let (id, tried) = match news {
            News::LeaderExited { id, exit, left } => {
                let command = self.command_mut(*id)?;
                command.exit = Some(*exit);
                let request = (*left > 0).then(|| command.kill()).flatten();
                if let Some(request) = request {
                    self.end_command(&request);
                }
                return None;
            }
            News::SpawnFailed { id, errno } => {
                let error = io::Error::from_raw_os_error(*errno);
                (*id, Tried::Failed(cannot_run(&os::words_of(&error))))
            }
            News::Gone { id, .. } => (*id, self.command_mut(*id)?.tried()),
            News::Spawned { id, pid, session } => {
                self.command_mut(*id)?.marks.begin(*pid, *session);
                return None;
            }
            News::Adopted { .. } | News::StopRequested => return None,
        };
        let process = id.try_of()?;
        let is_its = |running: &&Try| running.number == id.run;
        self.tries.0.get(&process).filter(is_its)?;
        self.tries.0.remove(&process);
        Some(Event::Tried {
            process,
            number: id.run,
            tried,
        })
    }

    pub(super) fn end_command(&mut self, request: &Request) {
        self.set_guardian_going();
        self.guardian.send(request, Vec::new());
    }

    fn command_mut(&mut self, id: RunId) -> Option<&mut Command> {
        match &mut self.tries.0.get_mut(&id.try_of()?)?.kind {
            Kind::Command(command) => (command.id == id).then_some(command),
            Kind::Task { .. } => None,
        }
    }
}

fn cannot_run(why: &str) -> String {
    format!("cannot be run: {why}")
}

fn shown(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let line = wording::escaped(line.trim());
    match line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.into_owned(),
    }
}
