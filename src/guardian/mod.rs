//! The second process: forks, waits, reaps. One thread, no tokio, a session of its own. When the manager
//! is gone, however it went, the guardian ends everything that it ever started, and what that started.

pub(crate) mod client;
pub(crate) mod protocol;
mod run;
mod runs;

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::guardian::protocol::{News, Request, Spawn, take_frame};
pub(crate) use crate::guardian::run::ID_VARIABLE;
use crate::guardian::run::Run;
use crate::guardian::runs::Runs;
use crate::os::descriptor::{self, Waits};
use crate::os::signals;
use crate::os::spawn::{self, Ends, Habits, Program};
use crate::os::terminal::Settings;

/// How often a tree that is being killed is looked at anew: what it forked meanwhile has to go as well.
const KILL_INTERVAL: Duration = Duration::from_millis(10);
/// The longest grace of a run when nobody is left to ask for more.
const LONGEST_GRACE: Duration = Duration::from_secs(5);

/// Becomes the guardian: serves the manager at the other end of `socket` until that says it is over or
/// is gone, and until nothing is left. Call it in a freshly forked process with one thread.
pub(crate) fn run(socket: OwnedFd, habits: Habits) -> io::Result<()> {
    spawn::leave_session(c"drguard")?;
    spawn::adopt_orphans()?;
    spawn::go_on_without_parent()?;
    descriptor::detach_standard_ones()?;
    let noted = signals::watch()?;
    signals::release()?;
    let mut guardian = Guardian {
        manager: Manager {
            socket: Some(socket),
        },
        noted,
        habits,
        bytes: Vec::new(),
        passed: VecDeque::new(),
        runs: Runs::default(),
        attached: None,
        locks: Vec::new(),
        ends_at: None,
    };
    while !guardian.is_done() {
        guardian.turn()?;
    }
    Ok(())
}

struct Guardian {
    manager: Manager,
    noted: OwnedFd,
    habits: Habits,
    /// Received and not yet understood.
    bytes: Vec<u8>,
    passed: VecDeque<OwnedFd>,
    runs: Runs,
    /// The user's terminal while it is raw, and how it was before.
    attached: Option<(OwnedFd, Settings)>,
    /// Those that were taken after the fork. Never looked at: they are open, that is all.
    locks: Vec<OwnedFd>,
    /// The session is over; from this instant on everything is killed.
    ends_at: Option<Instant>,
}

/// The way to the manager, as long as it is there.
pub(super) struct Manager {
    socket: Option<OwnedFd>,
}

impl Manager {
    /// Blocks while the manager does not read: it always does, unless it is stopped or about to die.
    fn tell(&mut self, news: &News) {
        let Some(socket) = &self.socket else { return };
        let frame = news.to_frame();
        let mut rest = &frame[..];
        while !rest.is_empty() {
            match descriptor::send(socket.as_fd(), rest, &[], Waits::Yes) {
                Ok(sent) => rest = &rest[sent..],
                // Its end is seen, and dealt with, where we read.
                Err(_) => return,
            }
        }
    }
}

impl Guardian {
    fn is_done(&self) -> bool {
        self.ends_at.is_some() && self.runs.is_empty()
    }

    fn turn(&mut self) -> io::Result<()> {
        let (of_signals, of_manager, of_spawns) = self.wait()?;
        // Before there are new ones: the answers are in the order of those that were asked for.
        self.runs.settle_spawns(&of_spawns, &mut self.manager);
        if of_signals {
            self.take_signals()?;
        }
        if of_manager {
            self.take_requests()?;
        }
        self.runs.sweep(&mut self.manager);
        if self.ends_at.is_some_and(|end| end <= Instant::now()) {
            self.runs.kill_all();
        }
        Ok(())
    }

    /// Whether there is something to read: of signals, from the manager, of each spawn.
    fn wait(&self) -> io::Result<(bool, bool, Vec<bool>)> {
        let mut watched = vec![self.noted.as_fd()];
        watched.extend(self.manager.socket.as_ref().map(AsFd::as_fd));
        let before_spawns = watched.len();
        watched.extend(self.runs.spawning());
        let mut readable = descriptor::poll(&watched, self.timeout())?;
        let of_spawns = readable.split_off(before_spawns);
        Ok((readable[0], readable.get(1) == Some(&true), of_spawns))
    }

    fn timeout(&self) -> Option<Duration> {
        if self.runs.needs_a_look() {
            return Some(KILL_INTERVAL);
        }
        let left = self.ends_at?.saturating_duration_since(Instant::now());
        Some(left.max(KILL_INTERVAL))
    }

    fn take_signals(&mut self) -> io::Result<()> {
        let mut noted = [0; 256];
        while let Some(count) = descriptor::read(self.noted.as_fd(), &mut noted)? {
            let asks_to_stop = |byte: &u8| {
                signals::STOPPING
                    .iter()
                    .any(|s| *s as i32 == i32::from(*byte))
            };
            if noted[..count].iter().any(asks_to_stop) {
                self.manager.tell(&News::StopRequested);
            }
            self.runs.somebody_ended();
        }
        Ok(())
    }

    fn take_requests(&mut self) -> io::Result<()> {
        let Some(socket) = &self.manager.socket else {
            return Ok(());
        };
        match descriptor::receive(socket.as_fd(), &mut self.bytes, &mut self.passed) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Ok(0) | Err(_) => {
                self.manager.socket = None;
                if let Some((terminal, before)) = self.attached.take() {
                    before.put_back(terminal.as_fd());
                }
                self.end();
                return Ok(());
            }
            Ok(_) => {}
        }
        while let Ok(Some(body)) = take_frame(&mut self.bytes) {
            match Request::from_body(&body) {
                Ok(request) => self.carry_out(request),
                Err(malformed) => return Err(io::Error::other(format!("{malformed:?}"))),
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, request: Request) {
        match request {
            Request::Spawn(spawn) => self.spawn(&spawn),
            Request::Terminate(id) => self.runs.terminate(id),
            Request::Kill(id) => self.runs.kill(id),
            Request::Pause => self.runs.pause(),
            Request::Resume => self.runs.resume(),
            Request::Attached(modes) => {
                let terminal = self.passed.pop_front();
                self.attached = terminal.map(|it| (it, Settings::from_halves(modes)));
            }
            Request::Detached => self.attached = None,
            // None came if we have too many open: the manager holds it, as long as that lives.
            Request::Hold => self.locks.extend(self.passed.pop_front()),
            Request::End => self.end(),
        }
    }

    /// Does not wait for the exec: a hundred children must not cost a hundred times that.
    fn spawn(&mut self, spawn: &Spawn) {
        let (Some(input), Some(output)) = (self.passed.pop_front(), self.passed.pop_front()) else {
            // They were lost on the way: we have too many open. Nobody else may get what is left of them.
            self.passed.clear();
            let (id, errno) = (spawn.id, descriptor::TOO_MANY);
            return self.manager.tell(&News::SpawnFailed { id, errno });
        };
        match self.start(spawn, &input, &output) {
            Ok(run) => self.runs.insert(spawn.id, run),
            Err(error) => self.manager.tell(&News::SpawnFailed {
                id: spawn.id,
                errno: error.raw_os_error().unwrap_or(0),
            }),
        }
    }

    fn start(&self, spawn: &Spawn, input: &OwnedFd, output: &OwnedFd) -> io::Result<Run> {
        let program = Program::new(
            spawn.arguments.iter().map(Vec::as_slice),
            spawn.environment.iter().map(Vec::as_slice),
            &spawn.directory,
        )?;
        let identity = descriptor::identity(output.as_fd())?;
        let ends = Ends {
            input,
            output,
            are_terminal: spawn.has_terminal,
        };
        let forked = spawn::fork(&program, ends, self.habits)?;
        Ok(Run::new(spawn, forked, identity))
    }

    /// Asks everything to end; at the end of the grace it is killed.
    fn end(&mut self) {
        if self.ends_at.is_none() {
            let grace = self.runs.terminate_all().min(LONGEST_GRACE);
            self.ends_at = Some(Instant::now() + grace);
        }
    }
}
