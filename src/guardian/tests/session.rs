//! A supervisor and a guardian on a machine of their own, with the driver's part reduced to what passes between
//! the two.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use crate::guardian::Guardian;
use crate::guardian::protocol::{News, Request, RunId, Spawn};
use crate::guardian::tests::machine::Machine;
use crate::os::limits;
use crate::plan::Plan;
use crate::supervisor::{Action, Event, SessionRules, Supervisor};
use crate::words::exit::Killed;
use crate::words::texts::Texts;

/// No session lasts longer, nor takes more turns.
const LONGEST: Duration = Duration::from_secs(60);
const MOST_TURNS: usize = 20_000;

/// What the world does to a session, so many milliseconds after its start.
#[derive(Clone, Copy, Debug)]
pub(super) enum Blow {
    /// SIGTERM, or Ctrl-C.
    Stop,
    /// SIGTERM to the guardian.
    StopGuardian,
    /// SIGKILL.
    KillManager,
    /// Ctrl-Z, and `fg`.
    Pause,
    Resume,
}

pub(super) struct Session {
    pub(super) guardian: Guardian<Machine>,
    supervisor: Supervisor,
    plan: Plan,
    blows: Vec<(Instant, Blow)>,
    began: Instant,
    is_manager_dead: bool,
    news: BTreeMap<RunId, Vec<&'static str>>,
    pub(super) status: Option<u8>,
}

impl Session {
    pub(super) fn new(plan: Plan, machine: Machine, blows: &[(u64, Blow)]) -> Self {
        let began = machine.now;
        let at = |after: u64| began + Duration::from_millis(after);
        Self {
            supervisor: Supervisor::new(&plan, SessionRules::default(), 0),
            plan,
            blows: blows.iter().map(|(after, it)| (at(*after), *it)).collect(),
            guardian: Guardian::of(machine),
            began,
            is_manager_dead: false,
            news: BTreeMap::new(),
            status: None,
        }
    }

    /// To the end of the guardian, which outlives the manager.
    pub(super) fn run(&mut self) {
        self.tell(Event::SessionStarted);
        for _ in 0..MOST_TURNS {
            self.manager_turn();
            if self.guardian.is_done() {
                return self.manager_turn();
            }
            self.machine().wakes_at = self.wakes_at();
            self.guardian.turn();
            let now = self.machine().now;
            assert!(now < self.began + LONGEST, "it does not end");
        }
        panic!("it turns for ever: {:?}", self.machine().calls);
    }

    /// The news of each run, in order: one life each, told whole unless the connection broke.
    pub(super) fn check_lives(&mut self) {
        let is_whole = self.machine().is_connected;
        for (run, life) in &self.news {
            let lives: [&[&str]; 2] = [&["failed"], &["spawned", "exited", "gone"]];
            let is_life = |of: &&[&str]| match is_whole {
                true => **of == life[..],
                false => of.starts_with(life),
            };
            // One that takes no signal is given up while its leader lives.
            let is_given_up = life[..] == ["spawned", "gone"];
            assert!(
                lives.iter().any(is_life) || is_given_up,
                "{run:?}: {life:?}"
            );
        }
    }

    /// What was told of a run, in order; `None`: nobody asked for it.
    pub(super) fn news_of(&self, process: u32, run: u32) -> Option<&[&'static str]> {
        let news = self.news.get(&RunId { process, run })?;
        Some(news)
    }

    pub(super) fn machine(&mut self) -> &mut Machine {
        &mut self.guardian.kernel
    }

    fn wakes_at(&self) -> Option<Instant> {
        let blows = self.blows.iter().map(|(at, _)| *at).min();
        let deadline = self.supervisor.next_deadline();
        let deadline = deadline.filter(|_| !self.is_manager_dead);
        blows.into_iter().chain(deadline).min()
    }

    fn manager_turn(&mut self) {
        let now = self.machine().now;
        let (due, later) = self.blows.iter().partition(|(at, _)| *at <= now);
        self.blows = later;
        let due: Vec<(Instant, Blow)> = due;
        due.into_iter().for_each(|(_, blow)| self.strike(blow));
        while let Some(news) = self.machine().told.pop_front() {
            self.hear(news);
        }
        if !self.machine().is_connected && !self.is_manager_dead {
            self.is_manager_dead = true;
            self.tell(Event::GuardianLost);
        }
        if self.supervisor.next_deadline().is_some_and(|at| at <= now) {
            self.tell(Event::DeadlineReached);
        }
    }

    fn strike(&mut self, blow: Blow) {
        match blow {
            Blow::Stop => self.tell(Event::ShutdownRequested),
            Blow::StopGuardian => self.machine().signals_to_stop += 1,
            Blow::Pause => self.ask(Request::Pause),
            Blow::Resume => self.ask(Request::Resume),
            Blow::KillManager => {
                self.is_manager_dead = true;
                self.machine().is_connected = false;
            }
        }
    }

    fn ask(&mut self, request: Request) {
        if !self.is_manager_dead {
            self.machine().requests.push_back(request);
        }
    }

    fn tell(&mut self, event: Event) {
        let now = self.machine().now;
        let is_lost = event == Event::GuardianLost;
        if self.is_manager_dead && !is_lost {
            return;
        }
        for action in self.supervisor.handle(now, [event]) {
            assert_eq!(self.status, None, "nothing follows the end");
            self.carry_out(action);
        }
    }

    fn carry_out(&mut self, action: Action) {
        let id = |process: usize, run| RunId {
            process: process as u32,
            run,
        };
        match action {
            Action::Spawn { process, run } => {
                let spawn = self.spawn(id(process, run));
                self.news.insert(spawn.id, Vec::new());
                self.ask(Request::Spawn(spawn));
            }
            Action::Terminate { process, run } => self.ask(Request::Terminate(id(process, run))),
            Action::Signal {
                process,
                run,
                signal,
            } => self.ask(Request::Signal(id(process, run), signal.unsigned_abs())),
            Action::Kill { process, run } => self.ask(Request::Kill(id(process, run))),
            Action::Finish { status } => {
                self.status = Some(status);
                self.ask(Request::End);
            }
            Action::Say(_) | Action::Settled { .. } => {}
            Action::Try { .. } | Action::GiveUpTry { .. } => unreachable!("nobody has a `ready:`"),
            Action::LetIn { .. } | Action::TurnAway { .. } | Action::GivenAway { .. } => {
                unreachable!("nobody asks for it")
            }
        }
    }

    fn spawn(&self, id: RunId) -> Spawn {
        let planned = &self.plan.processes[id.process as usize];
        Spawn {
            id,
            stop_signal: planned.stop_signal,
            grace: planned.grace.as_millis() as u32,
            has_terminal: false,
            arguments: Texts::default(),
            environment: [format!("DEVRUN_ID=1.{}.{}", id.process, id.run).as_bytes()]
                .into_iter()
                .collect(),
            directory: "/".into(),
        }
    }

    fn hear(&mut self, news: News) {
        let (process, run, word) = match news {
            News::Spawned { id, .. } => (id.process, id.run, "spawned"),
            News::SpawnFailed { id, .. } => (id.process, id.run, "failed"),
            News::LeaderExited { id, .. } => (id.process, id.run, "exited"),
            News::Gone { id, .. } => (id.process, id.run, "gone"),
            News::StopRequested => return self.tell(Event::ShutdownRequested),
            // For the probe alone.
            News::Adopted { .. } => return,
        };
        self.news
            .entry(RunId { process, run })
            .or_default()
            .push(word);
        let process = process as usize;
        self.tell(match news {
            News::Spawned { pid, .. } => Event::Spawned { process, run, pid },
            News::SpawnFailed { errno, .. } => Event::SpawnFailed {
                process,
                run,
                cause: errno.to_string(),
                is_passing: limits::is_passing(&io::Error::from_raw_os_error(errno)),
            },
            News::LeaderExited { exit, left, .. } => Event::LeaderExited {
                process,
                run,
                exit,
                left: left as usize,
            },
            News::Gone {
                killed, survivors, ..
            } => Event::Exited {
                process,
                run,
                killed: Killed {
                    others: killed as usize,
                    survivors: survivors as usize,
                },
                last_lines: Vec::new(),
            },
            News::StopRequested | News::Adopted { .. } => unreachable!("it was told of above"),
        });
    }
}
