//! The second process: forks, waits, reaps. One thread, no tokio, a session of its own. When the manager
//! is gone, however it went, the guardian ends everything that it ever started, and what that started.

pub(crate) mod client;
mod kernel;
pub(crate) mod protocol;
mod run;
mod runs;
mod system;
#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use crate::guardian::kernel::Kernel;
use crate::guardian::protocol::{News, Request, Spawn};
pub(crate) use crate::guardian::run::ID_VARIABLE;
use crate::guardian::run::Run;
use crate::guardian::runs::{Runs, SHORT_INTERVAL};
use crate::guardian::system::System;
use crate::os::spawn::Habits;

/// The longest grace of a run when nobody is left to ask for more.
const LONGEST_GRACE: Duration = Duration::from_secs(5);

/// Becomes the guardian: serves the manager at the other end of `socket` until that says it is over or
/// is gone, and until nothing is left. Call it in a freshly forked process with one thread.
pub(crate) fn run(socket: OwnedFd, habits: Habits) -> io::Result<()> {
    let mut guardian = Guardian::of(System::enter(socket, habits)?);
    while !guardian.is_done() {
        guardian.turn();
    }
    guardian.kernel.flush();
    Ok(())
}

struct Guardian<K> {
    kernel: K,
    runs: Runs,
    /// The session is over; from this instant on everything is killed.
    ends_at: Option<Instant>,
}

impl<K: Kernel> Guardian<K> {
    fn of(kernel: K) -> Self {
        Self {
            kernel,
            runs: Runs::default(),
            ends_at: None,
        }
    }

    fn is_done(&mut self) -> bool {
        self.ends_at.is_some() && self.runs.is_empty(&mut self.kernel)
    }

    fn turn(&mut self) {
        let timeout = self.timeout();
        let heard = self.kernel.hear(timeout);
        // Before there are new ones: the answers are in the order of those that were asked for.
        self.runs.settle_spawns(&heard.execs, &mut self.kernel);
        if heard.is_asked_to_stop {
            self.kernel.tell(&News::StopRequested);
        }
        if heard.is_bereaved {
            self.runs.somebody_ended();
        }
        for request in heard.requests {
            self.carry_out(request);
        }
        if heard.is_manager_gone {
            self.kernel.restore_terminal();
            self.end();
        }
        self.runs.sweep(&mut self.kernel);
        if self.ends_at.is_some_and(|end| end <= self.kernel.now()) {
            self.runs.kill_all(&mut self.kernel);
        }
    }

    fn timeout(&self) -> Option<Duration> {
        let now = self.kernel.now();
        let look = self.runs.next_look(&self.kernel);
        let look = look.map(|at| at.saturating_duration_since(now));
        let end = self.ends_at;
        let end = end.map(|at| at.saturating_duration_since(now).max(SHORT_INTERVAL));
        look.into_iter().chain(end).min()
    }

    fn carry_out(&mut self, request: Request) {
        let kernel = &mut self.kernel;
        match request {
            Request::Spawn(spawn) => self.spawn(&spawn),
            Request::Terminate(id) => self.runs.terminate(id),
            Request::Kill(id) => self.runs.kill(id),
            Request::Signal(id, signal) => self.runs.signal(id, signal, kernel),
            Request::Pause => self.runs.pause(kernel),
            Request::Resume => self.runs.resume(kernel),
            Request::Attached(modes) => kernel.note_terminal(modes),
            Request::Detached => kernel.forget_terminal(),
            Request::Hold => kernel.hold_lock(),
            Request::End => self.end(),
        }
    }

    /// How the exec went is heard later.
    fn spawn(&mut self, spawn: &Spawn) {
        let id = spawn.id;
        match self.kernel.fork(spawn) {
            Ok(child) => self.runs.insert(id, Run::new(spawn, child)),
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or(0);
                self.kernel.tell(&News::SpawnFailed { id, errno });
            }
        }
    }

    /// Asks everything to end; at the end of the grace it is killed.
    fn end(&mut self) {
        if self.ends_at.is_none() {
            let grace = self.runs.terminate_all(&mut self.kernel);
            self.ends_at = Some(self.kernel.now() + grace.min(LONGEST_GRACE));
        }
    }
}
