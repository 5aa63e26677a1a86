//! What is known of one process.

use std::time::{Duration, Instant};

use crate::plan::consumers::Consumers;
use crate::plan::{self, Host, Need, PlannedProcess, Watch, server};
use crate::supervisor::readiness::Listening;
use crate::supervisor::restart::History;
use crate::supervisor::stand_in::{Guest, StandIn};
use crate::supervisor::tries::{Tries, Trying};
use crate::supervisor::waits::Wait;
use crate::supervisor::{Elsewhere, ProcessIndex};
use crate::words::exit::Exit;
use crate::words::name::ProcessName;
use crate::words::notice::Shown;
use crate::words::policy::{OnExit, RestartPolicy};
use crate::words::ready::Ready;
use crate::words::wire::process::NotReady;

/// What a process is by plan, what it is now, and what it did before.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) name: ProcessName,
    pub(super) port: Option<u16>,
    pub(super) scheme: &'static str,
    pub(super) restart: RestartPolicy,
    pub(super) max_restarts: u32,
    pub(super) on_exit: OnExit,
    pub(super) grace: Duration,
    /// The Procfile line that would make it listen on its PORT.
    pub(super) cure: Option<String>,
    /// When its next run is ready, if not by its PORT.
    pub(super) ready: Option<Ready>,
    /// How often it was tried whether it is ready.
    pub(super) tries: u32,
    /// It is being tried now.
    pub(super) trying: Option<Trying>,
    /// In the session that runs it somebody listens where it is reached.
    pub(super) is_served_elsewhere: bool,
    /// Why it is not ready in the session that runs it.
    pub(super) not_ready_elsewhere: Option<NotReady>,
    /// Who was given its URL.
    pub(super) consumers: Consumers,
    /// Its plan, or somebody, asked for it.
    pub(super) is_wanted: bool,
    /// The session was started for it, not for one that uses it.
    pub(super) is_meant: bool,
    pub(super) needs: Vec<Need>,
    pub(super) watch: Option<Watch>,
    pub(super) state: State,
    pub(super) wish: Wish,
    /// Who is to have its place once nothing of it runs; while the wish is [`Wish::MakeRoom`].
    pub(super) guest: Option<Guest>,
    /// The number of the current run, or of the last one; 0 before the first.
    pub(super) run: u32,
    /// How many of its runs were other programs.
    pub(super) stand_ins: u32,
    pub(super) history: History,
    /// How its last run failed, or why it could not be started.
    pub(super) last_failure: Option<LastFailure>,
    /// The PORT it was given and the port on which it listened instead, as last said.
    pub(super) mismatch_said: Option<(u16, u16)>,
    /// Nothing more is expected of it, as far as can be said now.
    pub(super) is_settled: bool,
    /// It listened nowhere, when nothing more was expected of it: its next run is not to be waited for longer.
    pub(super) is_silent_by_habit: bool,
    /// In some run it served its PORT, or another one in its place.
    pub(super) has_listened: bool,
}

#[derive(Clone, Debug)]
pub(super) struct LastFailure {
    pub(super) exit: Exit,
    pub(super) at: Instant,
    /// When nothing of it was left.
    pub(super) over_at: Instant,
    /// Its last line, or the cause.
    pub(super) said: Option<String>,
}

#[derive(Debug)]
pub(super) enum State {
    /// Another session runs it, or nobody does: it is none of ours to start or to end.
    Elsewhere(Elsewhere),
    /// Nobody has asked for it yet.
    Dormant,
    /// Not started yet, and due.
    Waiting,
    /// Due, but for what it needs.
    Held(Wait),
    /// The guardian was asked.
    Starting,
    Up(Up),
    Restarting {
        at: Instant,
    },
    Completed,
    Failed,
    /// Its start waited for this process, which has failed.
    FailedFor(ProcessIndex),
    /// It ended because we ended it, or will not be started again for that reason.
    Stopped,
}

/// What somebody asked for by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nothing: its policy says what is to be.
    Run,
    Stop,
    /// Another run, after the present one.
    Again,
    /// That another session has it.
    GiveAway,
    /// That another program has its place.
    MakeRoom,
}

/// A run between its spawn and the end of its tree and its output.
#[derive(Debug)]
pub(super) struct Up {
    pub(super) pid: i32,
    pub(super) since: Instant,
    pub(super) leader_end: Option<LeaderEnd>,
    pub(super) ending: Ending,
    pub(super) listening: Listening,
    /// `None`: it is ready by its PORT, or at once.
    pub(super) tries: Option<Box<Tries>>,
    /// It is somebody else's program; `None`: it was spawned, and is followed until its tree is gone.
    pub(super) stand_in: Option<Box<StandIn>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct LeaderEnd {
    pub(super) exit: Exit,
    pub(super) at: Instant,
    /// It follows our own signal.
    pub(super) is_ours: bool,
    /// Members of its tree that lived on.
    pub(super) left: usize,
}

/// What we did to end a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Nothing,
    Terminated {
        at: Instant,
        kill_at: Instant,
        /// That it is waited for.
        is_wait_said: bool,
    },
    Killed {
        /// Its grace was over; else it was a second request.
        is_late: bool,
    },
}

impl Process {
    /// `consumers`: who was given its URL.
    pub(super) fn of(planned: &PlannedProcess, consumers: Consumers) -> Self {
        let state = match planned.host {
            Host::Elsewhere => State::Elsewhere(Elsewhere::Unknown),
            Host::Here if planned.is_wanted => State::Waiting,
            Host::Here => State::Dormant,
        };
        Self {
            name: planned.name.clone(),
            port: planned.port,
            scheme: planned.scheme,
            restart: planned.restart,
            max_restarts: planned.max_restarts,
            on_exit: planned.on_exit,
            grace: planned.grace,
            cure: cure(planned),
            ready: planned.ready.clone(),
            tries: 0,
            trying: None,
            is_served_elsewhere: false,
            not_ready_elsewhere: None,
            consumers,
            is_wanted: planned.is_wanted,
            is_meant: planned.is_meant,
            needs: planned.needs.clone(),
            watch: planned.watch.clone(),
            state,
            wish: Wish::Run,
            guest: None,
            run: 0,
            stand_ins: 0,
            history: History::default(),
            last_failure: None,
            mismatch_said: None,
            is_settled: false,
            is_silent_by_habit: false,
            has_listened: false,
        }
    }

    /// Takes over what settings say, as they are now. Where it runs and on which port stays.
    pub(super) fn adopt_plan(&mut self, planned: &PlannedProcess, consumers: Consumers) {
        self.scheme = planned.scheme;
        self.restart = planned.restart;
        self.max_restarts = planned.max_restarts;
        self.on_exit = planned.on_exit;
        self.grace = planned.grace;
        self.cure = cure(planned);
        self.ready.clone_from(&planned.ready);
        self.consumers = consumers;
        self.needs = planned.needs.clone();
        self.watch.clone_from(&planned.watch);
        // One that is first asked for now has got its port only now.
        if self.port.is_none() && !self.is_elsewhere() {
            self.port = planned.port;
        }
    }

    pub(super) fn restarts(&self) -> u32 {
        let own = self.run - self.stand_ins;
        own.saturating_sub(1)
    }

    /// Another session runs it, or may be about to.
    pub(super) fn may_run_elsewhere(&self) -> bool {
        match self.state {
            State::Elsewhere(Elsewhere::Unknown | Elsewhere::NotReady | Elsewhere::Ready) => true,
            State::Elsewhere(Elsewhere::Absent | Elsewhere::Failed(_))
            | State::Dormant
            | State::Waiting
            | State::Held(_)
            | State::Starting
            | State::Up(_)
            | State::Restarting { .. }
            | State::Completed
            | State::Failed
            | State::FailedFor(_)
            | State::Stopped => false,
        }
    }

    pub(super) fn up(&self) -> Option<&Up> {
        let State::Up(up) = &self.state else {
            return None;
        };
        Some(up)
    }

    pub(super) fn up_mut(&mut self) -> Option<&mut Up> {
        let State::Up(up) = &mut self.state else {
            return None;
        };
        Some(up)
    }

    pub(super) fn is_starting(&self) -> bool {
        matches!(self.state, State::Starting)
    }

    /// Some of it runs, or is about to: only its last output may still be on the way.
    pub(super) fn is_alive(&self) -> bool {
        self.is_starting() || self.up().is_some_and(|up| !up.is_tree_gone())
    }

    /// It does what it was started for, or soon will, and nobody has asked for anything else.
    pub(super) fn goes_on(&self) -> bool {
        self.wish == Wish::Run && (self.is_starting() || self.up().is_some_and(Up::goes_on))
    }

    /// Nothing more will come of it, here.
    pub(super) fn is_over(&self) -> bool {
        match self.state {
            State::Elsewhere(_)
            | State::Dormant
            | State::Completed
            | State::Failed
            | State::FailedFor(_)
            | State::Stopped => true,
            State::Waiting
            | State::Held(_)
            | State::Starting
            | State::Up(_)
            | State::Restarting { .. } => false,
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(
            self.state,
            State::Failed | State::FailedFor(_) | State::Elsewhere(Elsewhere::Failed(_))
        )
    }

    /// Another session runs it, or nobody does.
    pub(super) fn is_elsewhere(&self) -> bool {
        matches!(self.state, State::Elsewhere(_))
    }

    pub(super) fn is_dormant(&self) -> bool {
        matches!(self.state, State::Dormant)
    }

    /// When its grace is over.
    pub(super) fn kill_at(&self) -> Option<Instant> {
        self.up().and_then(Up::kill_at)
    }

    pub(super) fn shown(&self) -> Shown {
        match &self.state {
            State::Elsewhere(now) => self.shown_elsewhere(*now),
            State::Waiting | State::Held(_) => Shown::Waiting,
            State::Starting => Shown::Starting,
            State::Up(up) if !up.goes_on() => Shown::Stopping,
            State::Up(up) if up.listening.is_ready() => Shown::Ready,
            State::Up(up) if up.leader_end.is_some() => Shown::RunningDaemon,
            State::Up(_) => Shown::Running,
            State::Restarting { .. } => Shown::Restarting,
            State::Completed => Shown::Completed,
            State::Failed | State::FailedFor(_) => Shown::Failed,
            State::Dormant | State::Stopped => Shown::Stopped,
        }
    }

    fn shown_elsewhere(&self, now: Elsewhere) -> Shown {
        match now {
            Elsewhere::Unknown => Shown::Waiting,
            Elsewhere::Absent => Shown::Stopped,
            Elsewhere::NotReady => Shown::Starting,
            Elsewhere::Ready if self.port.is_none() => Shown::Running,
            Elsewhere::Ready => Shown::Ready,
            Elsewhere::Failed(_) => Shown::Failed,
        }
    }

    /// Its URL, where it is ready and that is served: who is ready by other means than its PORT may listen nowhere.
    pub(super) fn url(&self) -> Option<String> {
        let is_served = match &self.state {
            State::Elsewhere(Elsewhere::Ready) => self.is_served_elsewhere,
            State::Up(up) => up.goes_on() && up.listening.is_ready() && up.listening.is_served(),
            State::Elsewhere(_)
            | State::Dormant
            | State::Waiting
            | State::Held(_)
            | State::Starting
            | State::Restarting { .. }
            | State::Completed
            | State::Failed
            | State::FailedFor(_)
            | State::Stopped => false,
        };
        let port = self.port.filter(|_| is_served)?;
        Some(plan::url(self.scheme, port))
    }
}

fn cure(planned: &PlannedProcess) -> Option<String> {
    server::cure(planned.name.process_type.as_str(), &planned.command)
}

impl Up {
    pub(super) fn new(pid: i32, ready: Option<Ready>, now: Instant) -> Self {
        Self {
            pid,
            since: now,
            leader_end: None,
            ending: Ending::Nothing,
            listening: Listening::default(),
            tries: ready.map(|by| Box::new(Tries::new(by, now))),
            stand_in: None,
        }
    }

    /// What follows a stop signal at `now`.
    pub(super) fn end_within(&mut self, grace: Duration, now: Instant) {
        self.ending = Ending::Terminated {
            at: now,
            kill_at: now + grace,
            is_wait_said: false,
        };
    }

    /// What it is ready by, if not by its PORT.
    pub(super) fn ready(&self) -> Option<&Ready> {
        self.tries.as_ref().map(|tries| &tries.by)
    }

    pub(super) fn is_ending(&self) -> bool {
        match self.ending {
            Ending::Nothing => false,
            Ending::Terminated { .. } | Ending::Killed { .. } => true,
        }
    }

    /// It does what it was started for, and nothing says that it is about to cease.
    pub(super) fn goes_on(&self) -> bool {
        !self.is_ending() && !self.is_tree_gone()
    }

    /// Nobody is left to signal; its last output is still on the way.
    pub(super) fn is_tree_gone(&self) -> bool {
        self.leader_end.is_some_and(|end| end.left == 0)
    }

    pub(super) fn kill_at(&self) -> Option<Instant> {
        match self.ending {
            Ending::Terminated { kill_at, .. } if !self.is_tree_gone() => Some(kill_at),
            Ending::Terminated { .. } | Ending::Nothing | Ending::Killed { .. } => None,
        }
    }
}
