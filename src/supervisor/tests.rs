//! Stories, each named for the rule that it tells, and random events against what must always hold.

mod by_hand;
mod chance;
mod ends;
mod hosts;
mod readiness;
mod restarts;
mod rows;
mod settling;
mod shutdown;
mod stages;
mod stand_ins;
mod steering;
mod tries;
mod watching;
mod wiring;

use std::time::{Duration, Instant};

use crate::plan::{Host, Plan, PlannedProcess};
use crate::supervisor::{Action, Event, Listener, ProcessIndex, SessionRules, Supervisor};
use crate::words::env::Env;
use crate::words::exit::{Exit, Killed};
use crate::words::name::{ProcessName, ProcessType};
use crate::words::notice::{Next, Notice};
use crate::words::policy::{OnExit, RestartPolicy};

const GRACE: Duration = Duration::from_secs(5);
const MOMENT: Duration = Duration::from_millis(1);

/// The places of a story's processes.
const WEB: ProcessIndex = 0;
const API: ProcessIndex = 1;
const JOB: ProcessIndex = 2;

const FINE: Exit = Exit::Status(0);
const FAILED: Exit = Exit::Status(1);

const SHORT: &str = "Resource temporarily unavailable";

fn planned(process_type: &str) -> PlannedProcess {
    PlannedProcess {
        name: ProcessName::first(ProcessType::new(process_type).unwrap()),
        command: "vite".into(),
        port: Some(5000),
        scheme: "http",
        env: Env::default(),
        directory: "/".into(),
        restart: RestartPolicy::OnFailure,
        max_restarts: 5,
        on_exit: OnExit::Keep,
        grace: GRACE,
        stop_signal: 15,
        app: 0,
        host: Host::Here,
        is_wanted: true,
        is_meant: false,
        needs: Vec::new(),
        uses: Vec::new(),
        cannot: None,
        ready: None,
        color: None,
        tty: None,
        watch: None,
    }
}

fn plan_of(processes: Vec<PlannedProcess>) -> Plan {
    Plan {
        apps: Vec::new(),
        externals: Vec::new(),
        processes,
    }
}

fn with_policy(process_type: &str, restart: RestartPolicy) -> PlannedProcess {
    PlannedProcess {
        restart,
        ..planned(process_type)
    }
}

/// Any instant will do: only distances count.
fn some_instant() -> Instant {
    Instant::now()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A session with a clock of its own.
struct Story {
    supervisor: Supervisor,
    now: Instant,
    said: Vec<Notice>,
}

impl Story {
    fn of<const N: usize>(processes: [PlannedProcess; N]) -> Self {
        Self::with(SessionRules::default(), processes)
    }

    fn with<const N: usize>(rules: SessionRules, processes: [PlannedProcess; N]) -> Self {
        Self::by_plan(rules, &plan_of(processes.into()))
    }

    fn by_plan(rules: SessionRules, plan: &Plan) -> Self {
        Self {
            supervisor: Supervisor::new(plan, rules, 0),
            now: some_instant(),
            said: Vec::new(),
        }
    }

    /// A story that begins with the first run of each process up, and nothing said.
    fn up<const N: usize>(processes: [PlannedProcess; N]) -> Self {
        let mut story = Self::of(processes);
        story.all_up();
        story
    }

    fn all_up(&mut self) {
        self.start();
        for process in 0..self.supervisor.processes.len() {
            assert_eq!(self.spawned(process, 1), []);
        }
        self.said();
    }

    /// What is done because of the event; what is said is kept apart.
    fn on(&mut self, event: Event) -> Vec<Action> {
        let mut done = Vec::new();
        for action in self.supervisor.handle(self.now, [event]) {
            match action {
                Action::Say(notice) => self.said.push(notice),
                Action::Spawn { .. }
                | Action::Terminate { .. }
                | Action::Kill { .. }
                | Action::Signal { .. }
                | Action::Try { .. }
                | Action::GiveUpTry { .. }
                | Action::LetIn { .. }
                | Action::TurnAway { .. }
                | Action::GivenAway { .. }
                | Action::Settled { .. }
                | Action::Finish { .. } => done.push(action),
            }
        }
        let deadline = self.supervisor.next_deadline();
        assert!(
            deadline.is_none_or(|at| at > self.now),
            "the loop would spin"
        );
        done
    }

    fn start(&mut self) -> Vec<Action> {
        self.on(Event::SessionStarted)
    }

    /// Lets time pass, stopping at every deadline.
    fn after(&mut self, duration: Duration) -> Vec<Action> {
        let end = self.now + duration;
        let mut done = Vec::new();
        while let Some(at) = self.supervisor.next_deadline().filter(|at| *at <= end) {
            self.now = at;
            done.extend(self.on(Event::DeadlineReached));
        }
        self.now = end;
        done
    }

    fn spawned(&mut self, process: ProcessIndex, run: u32) -> Vec<Action> {
        let pid = pid(process, run);
        self.on(Event::Spawned { process, run, pid })
    }

    fn leader_exits(
        &mut self,
        process: ProcessIndex,
        run: u32,
        exit: Exit,
        left: usize,
    ) -> Vec<Action> {
        self.on(Event::LeaderExited {
            process,
            run,
            exit,
            left,
        })
    }

    /// Of its tree `killed` others than the leader had to be killed.
    fn gone(&mut self, process: ProcessIndex, run: u32, killed: usize) -> Vec<Action> {
        self.on(Event::Exited {
            process,
            run,
            killed: Killed {
                others: killed,
                survivors: 0,
            },
            last_lines: vec!["last words".into()],
        })
    }

    /// The leader and with it the whole tree.
    fn exits(&mut self, process: ProcessIndex, run: u32, exit: Exit) -> Vec<Action> {
        assert_eq!(self.leader_exits(process, run, exit, 0), []);
        self.gone(process, run, 0)
    }

    /// The system is short of processes.
    fn lacks(&mut self, process: ProcessIndex, run: u32) -> Vec<Action> {
        self.on(Event::SpawnFailed {
            process,
            run,
            cause: SHORT.into(),
            is_passing: true,
        })
    }

    fn listens(&mut self, process: ProcessIndex, run: u32, ports: &[u16]) {
        let listeners = ports.iter().map(|port| listener(*port)).collect();
        let listens = Event::Listens {
            process,
            run,
            listeners,
        };
        assert_eq!(self.on(listens), []);
    }

    fn interrupt(&mut self) -> Vec<Action> {
        self.on(Event::ShutdownRequested)
    }

    /// What was said since the last time.
    fn said(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.said)
    }

    /// What was said to follow the last end.
    fn next(&mut self) -> Next {
        let nexts = self.said().into_iter().filter_map(|notice| match notice {
            Notice::Exited(ended) => Some(ended.next),
            Notice::SpawnFailed(failed) => Some(failed.next),
            _ => None,
        });
        nexts.last().expect("an end was said")
    }
}

/// For a reason that does not pass by itself.
fn not_started(process: ProcessIndex, run: u32) -> Event {
    Event::SpawnFailed {
        process,
        run,
        cause: "No such file or directory".into(),
        is_passing: false,
    }
}

fn pid(process: ProcessIndex, run: u32) -> i32 {
    i32::try_from(100 * (process + 1)).unwrap() + i32::try_from(run).unwrap()
}

fn listener(port: u16) -> Listener {
    Listener {
        port,
        loopback_only: true,
        pid: 7,
        command: "node".into(),
    }
}

fn spawn(process: ProcessIndex, run: u32) -> Action {
    Action::Spawn { process, run }
}

fn terminate(process: ProcessIndex, run: u32) -> Action {
    Action::Terminate { process, run }
}

fn kill(process: ProcessIndex, run: u32) -> Action {
    Action::Kill { process, run }
}

fn finish(status: u8) -> Action {
    Action::Finish { status }
}

fn is_summary(notice: &Notice) -> bool {
    matches!(notice, Notice::AllUp { .. })
}
