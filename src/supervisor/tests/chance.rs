//! Random events from a world that does what it is told, against what must always hold.

use std::time::{Duration, Instant};

use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};

use crate::plan::PlannedProcess;
use crate::supervisor::tests::{listener, plan_of, planned, some_instant};
use crate::supervisor::{Action, Event, ProcessIndex, SessionRules, Supervisor};
use crate::words::exit::{Exit, Killed};
use crate::words::name::ProcessName;
use crate::words::notice::{Ended, Next, Notice};
use crate::words::policy::{OnExit, RestartPolicy};
use crate::words::port::Holder;

const PROCESSES: usize = 3;
const ONE_KEY_PRESS: Duration = Duration::from_millis(150);

/// What happens next, if it can. Numbers are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
struct Step {
    kind: u8,
    which: u8,
    amount: u16,
}

fn step() -> impl Strategy<Value = Step> {
    any::<u32>().prop_map(|bits| {
        let [kind, which, high, low] = bits.to_be_bytes();
        let amount = u16::from_be_bytes([high, low]);
        Step {
            kind,
            which,
            amount,
        }
    })
}

/// One run, from the request to spawn it to its end.
#[derive(Clone, Copy, Debug)]
struct Run {
    number: u32,
    is_spawned: bool,
    /// How and when its leader ended, and how many of its tree were left.
    leader: Option<(Exit, Instant, usize)>,
    terminated: Option<Instant>,
    is_killed: bool,
}

/// A process as the world sees it.
#[derive(Debug)]
struct Child {
    plan: PlannedProcess,
    run: Option<Run>,
    starts: Vec<Instant>,
    last_exit: Option<Exit>,
    /// Somebody asked for a run by hand since the last one began.
    is_asked_for: bool,
    /// Somebody asked for the end of this run: then it is no failure.
    is_unwanted: bool,
}

struct World {
    supervisor: Supervisor,
    rules: SessionRules,
    now: Instant,
    children: Vec<Child>,
    requests: Vec<Instant>,
    is_guardian_lost: bool,
    /// Of those that nobody has started again by hand.
    failures: Vec<(ProcessIndex, Instant, u8)>,
    said: Said,
    status: Option<u8>,
}

/// How often that was said which may be said but once.
#[derive(Default)]
struct Said {
    summaries: u32,
    stops: u32,
    dones: u32,
}

impl World {
    fn new(processes: Vec<PlannedProcess>, rules: SessionRules) -> Self {
        let child = |plan: &PlannedProcess| Child {
            plan: plan.clone(),
            run: None,
            starts: Vec::new(),
            last_exit: None,
            is_asked_for: false,
            is_unwanted: false,
        };
        Self {
            children: processes.iter().map(child).collect(),
            supervisor: Supervisor::new(&plan_of(processes), rules, 0),
            rules,
            now: some_instant(),
            requests: Vec::new(),
            is_guardian_lost: false,
            failures: Vec::new(),
            said: Said::default(),
            status: None,
        }
    }

    fn tell(&mut self, event: Event) {
        let actions = self.supervisor.handle(self.now, event);
        for action in actions {
            assert_eq!(self.status, None, "nothing follows the end: {action:?}");
            self.carry_out(action);
        }
        self.check_deadline();
    }

    fn check_deadline(&self) {
        let deadline = self.supervisor.next_deadline();
        assert!(
            deadline.is_none_or(|at| at > self.now),
            "the loop would spin"
        );
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Spawn { process, run } => self.spawn(process, run),
            Action::Terminate { process, run } => {
                let now = self.now;
                let run = self.living(process, run);
                assert_eq!(run.terminated.replace(now), None, "once a run");
            }
            Action::Kill { process, run } => self.kill(process, run),
            Action::Say(notice) => self.hear(notice),
            Action::GivenAway { process } => assert!(self.children[process].run.is_none()),
            Action::Finish { status } => {
                let is_over = self.children.iter().all(|child| child.run.is_none());
                assert!(is_over || self.is_guardian_lost, "with nothing alive");
                assert!(self.said.dones == 1 || self.is_guardian_lost);
                self.status = Some(status);
            }
        }
    }

    fn spawn(&mut self, process: ProcessIndex, number: u32) {
        let is_stopping = self.supervisor.is_stopping() || !self.requests.is_empty();
        assert!(!is_stopping, "nothing is spawned during a shutdown");
        let child = &mut self.children[process];
        assert!(child.run.is_none(), "one run a process");
        assert_eq!(number as usize, child.starts.len() + 1);
        let is_asked_for = std::mem::take(&mut child.is_asked_for);
        child.is_unwanted = false;
        let may_start = match (child.plan.restart, child.last_exit) {
            _ if is_asked_for => true,
            (_, None) | (RestartPolicy::Always, Some(_)) => true,
            (RestartPolicy::OnFailure, Some(exit)) => !exit.is_success(),
            (RestartPolicy::Never, Some(_)) => false,
        };
        assert!(may_start, "by its policy");
        child.starts.push(self.now);
        let window = Duration::from_secs(8);
        let is_recent = |at: &&Instant| self.now.duration_since(**at) < window;
        assert!(child.starts.iter().filter(is_recent).count() <= 20);
        child.run = Some(Run {
            number,
            is_spawned: false,
            leader: None,
            terminated: None,
            is_killed: false,
        });
    }

    fn kill(&mut self, process: ProcessIndex, number: u32) {
        let second = self.requests.first().is_some_and(|first| {
            let mut later = self.requests.iter();
            later.any(|at| *at >= *first + ONE_KEY_PRESS)
        });
        let (now, grace) = (self.now, self.children[process].plan.grace);
        let run = self.living(process, number);
        assert!(!run.is_killed, "once a run");
        let asked = run.terminated.expect("asked first");
        assert!(
            second || now >= asked + grace,
            "not before its grace is over"
        );
        run.is_killed = true;
    }

    /// Only the living are signalled.
    fn living(&mut self, process: ProcessIndex, number: u32) -> &mut Run {
        let run = self.children[process].run.as_mut();
        let is_living = |run: &&mut Run| {
            let is_tree_gone = run.leader.is_some_and(|(_, _, left)| left == 0);
            run.is_spawned && run.number == number && !is_tree_gone
        };
        run.filter(is_living).expect("it lives")
    }

    fn hear(&mut self, notice: Notice) {
        match notice {
            Notice::AllUp { .. } => self.said.summaries += 1,
            Notice::Stopping { .. } => self.said.stops += 1,
            Notice::Done { .. } => self.said.dones += 1,
            Notice::SpawnFailed { process, .. } => {
                self.note_failure(self.index(&process), self.now, 126);
            }
            Notice::Exited(ended) => self.hear_end(&ended),
            _ => {}
        }
        let Said {
            summaries,
            stops,
            dones,
        } = self.said;
        assert!(summaries <= 1 && stops <= 1 && dones <= 1, "said once");
    }

    fn hear_end(&mut self, ended: &Ended) {
        let index = self.index(&ended.process);
        let child = &self.children[index];
        let has_failed = match ended.next {
            Next::Unstartable | Next::GivenUp { .. } => true,
            Next::NotRestarted => {
                let is_final = child.plan.restart == RestartPolicy::Never || self.rules.fail_fast;
                is_final && !ended.exit.is_success() && !child.is_unwanted
            }
            Next::Restart { .. } | Next::Completed => false,
        };
        let leader = child.run.and_then(|run| run.leader);
        let (exit, at, _) = leader.expect("an end follows its leader's");
        assert_eq!(exit, ended.exit);
        if has_failed {
            self.note_failure(index, at, exit.status());
        }
    }

    fn index(&self, name: &ProcessName) -> ProcessIndex {
        let mut children = self.children.iter();
        let index = children.position(|child| child.plan.name == *name);
        index.expect("it is known")
    }

    fn note_failure(&mut self, process: ProcessIndex, at: Instant, status: u8) {
        self.failures.push((process, at, status));
    }

    fn take(&mut self, step: Step) {
        let process = usize::from(step.which) % PROCESSES;
        let rarely = |times: u16| step.amount.is_multiple_of(times);
        match step.kind % 64 {
            0..12 => self.answer(process, rarely(32)),
            12..22 => self.leader_exits(process, step.amount),
            22..34 => self.gone(process),
            34..40 => self.listens(process, step.amount),
            40..44 => self.pass(Duration::from_millis(u64::from(step.amount) % 12_000)),
            44..57 => self.pass_to_deadline(),
            57..59 => self.by_hand(process, step.amount),
            59 => self.late_news(process),
            60 => self.steal(process, step.amount),
            61 if rarely(4) => self.request(),
            62 if rarely(32) => self.tell(Event::OutputClosed),
            63 if rarely(32) => self.lose_the_guardian(),
            _ => self.tell(Event::DeadlineReached),
        }
    }

    fn by_hand(&mut self, process: ProcessIndex, amount: u16) {
        if amount % 4 < 2 && !self.supervisor.is_stopping() && self.status.is_none() {
            self.children[process].is_asked_for = true;
            self.children[process].is_unwanted = false;
            self.failures.retain(|(failed, ..)| *failed != process);
        }
        if amount % 4 >= 2 && !self.supervisor.is_stopping() {
            let child = &mut self.children[process];
            child.is_unwanted = child.run.is_some();
        }
        self.tell(match amount % 4 {
            0 => Event::RestartAsked { process },
            1 => Event::StartAsked { process },
            _ => Event::StopAsked { process },
        });
    }

    fn lose_the_guardian(&mut self) {
        self.is_guardian_lost |= self.status.is_none();
        self.tell(Event::GuardianLost);
    }

    /// The guardian answers a request to spawn.
    fn answer(&mut self, process: ProcessIndex, fails: bool) {
        let child = &mut self.children[process];
        let Some(run) = child.run.as_mut().filter(|run| !run.is_spawned) else {
            return;
        };
        let number = run.number;
        run.is_spawned = true;
        if fails {
            child.run = None;
            self.tell(Event::SpawnFailed {
                process,
                run: number,
                cause: String::new(),
            });
        } else {
            self.tell(Event::Spawned {
                process,
                run: number,
                pid: 1,
            });
        }
    }

    fn leader_exits(&mut self, process: ProcessIndex, amount: u16) {
        let child = &mut self.children[process];
        let run = child.run.as_mut().filter(|run| run.is_spawned);
        let Some(run) = run.filter(|run| run.leader.is_none()) else {
            return;
        };
        let exit = match amount % 32 {
            0..6 => Exit::Status(0),
            6 => Exit::Status(127),
            7..12 => Exit::Signal(11),
            _ => Exit::Status(3),
        };
        let left = usize::from(amount >> 8).saturating_sub(190) / 20;
        run.leader = Some((exit, self.now, left));
        let number = run.number;
        self.tell(Event::LeaderExited {
            process,
            run: number,
            exit,
            left,
        });
    }

    /// The whole tree, after its leader.
    fn gone(&mut self, process: ProcessIndex) {
        let child = &mut self.children[process];
        let Some((run, (exit, ..))) = child.run.and_then(|run| Some((run, run.leader?))) else {
            return;
        };
        child.last_exit = Some(exit);
        let number = run.number;
        let gone = Event::Exited {
            process,
            run: number,
            killed: Killed::default(),
            last_lines: Vec::new(),
        };
        // It is gone for the supervisor's answer, and its end is still to be looked up.
        let actions = self.supervisor.handle(self.now, gone);
        let (said, done): (Vec<_>, Vec<_>) = actions
            .into_iter()
            .partition(|action| matches!(action, Action::Say(_)));
        for action in said {
            self.carry_out(action);
        }
        self.children[process].run = None;
        for action in done {
            assert_eq!(self.status, None, "nothing follows the end: {action:?}");
            self.carry_out(action);
        }
        self.check_deadline();
    }

    fn listens(&mut self, process: ProcessIndex, amount: u16) {
        let Some(run) = self.children[process].run.filter(|run| run.is_spawned) else {
            return;
        };
        let ports = [&[5000][..], &[5173], &[5173, 5000], &[]];
        let ports = ports[usize::from(amount) % ports.len()];
        self.tell(Event::Listens {
            process,
            run: run.number,
            listeners: ports.iter().map(|port| listener(*port)).collect(),
        });
    }

    fn steal(&mut self, process: ProcessIndex, amount: u16) {
        let Some(run) = self.children[process].run else {
            return;
        };
        self.tell(if run.is_spawned {
            Event::PortStolen {
                process,
                run: run.number,
                holder: Holder::Unknown,
            }
        } else {
            let port = 5000 + amount % 2;
            Event::PortMoved { process, port }
        });
    }

    fn late_news(&mut self, process: ProcessIndex) {
        let run = self.children[process].starts.len() as u32;
        let is_over = self.children[process].run.is_none();
        let Some(run) = run.checked_sub(u32::from(!is_over)) else {
            return;
        };
        let exit = Exit::Status(9);
        self.tell(Event::Spawned {
            process,
            run,
            pid: 9,
        });
        self.tell(Event::LeaderExited {
            process,
            run,
            exit,
            left: 1,
        });
        self.tell(Event::Exited {
            process,
            run,
            killed: Killed::default(),
            last_lines: Vec::new(),
        });
    }

    fn request(&mut self) {
        self.requests.push(self.now);
        self.tell(Event::ShutdownRequested);
    }

    /// Late: deadlines may have gone by.
    fn pass(&mut self, duration: Duration) {
        self.now += duration;
        self.tell(Event::DeadlineReached);
    }

    fn pass_to_deadline(&mut self) {
        if let Some(at) = self.supervisor.next_deadline() {
            self.now = at;
            self.tell(Event::DeadlineReached);
        }
    }

    /// The user asks once more, and the world answers: whoever is stubborn ends only when it is killed.
    fn come_to_an_end(&mut self, is_stubborn: bool) {
        if self.status.is_none() {
            self.request();
        }
        for _ in 0..4 * PROCESSES {
            if self.status.is_some() {
                return;
            }
            for process in 0..PROCESSES {
                self.answer(process, false);
                let run = self.children[process].run;
                let ends = |run: Run| run.is_killed || (run.terminated.is_some() && !is_stubborn);
                if run.is_some_and(ends)
                    || run.is_some_and(|run| run.leader.is_some_and(|(_, _, left)| left == 0))
                {
                    self.leader_exits(process, 1);
                    self.gone(process);
                }
            }
            self.pass_to_deadline();
        }
    }
}

fn plan(choice: u32, index: usize) -> PlannedProcess {
    let bits = choice >> (8 * index);
    let policies = [
        RestartPolicy::Always,
        RestartPolicy::OnFailure,
        RestartPolicy::OnFailure,
        RestartPolicy::Never,
    ];
    PlannedProcess {
        restart: policies[bits as usize % policies.len()],
        on_exit: [OnExit::Keep, OnExit::Shutdown][usize::from(bits & 0x1c == 0x1c)],
        grace: Duration::from_secs([5, 5, 0, 2][(bits >> 5) as usize % 4]),
        port: Some(5000).filter(|_| bits & 0x80 == 0),
        ..planned(["web", "api", "job"][index])
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]
    #[test]
    fn whatever_happens_the_invariants_hold_and_every_shutdown_ends(
        steps in proptest::collection::vec(step(), 0..200),
        choice in any::<u32>(),
        is_stubborn in any::<bool>(),
    ) {
        let processes = (0..PROCESSES).map(|index| plan(choice, index)).collect();
        let fail_fast = choice >> 24 == 0;
        let rules = SessionRules { fail_fast, ..SessionRules::default() };
        let mut world = World::new(processes, rules);
        world.tell(Event::SessionStarted);
        for step in steps {
            world.take(step);
        }
        world.come_to_an_end(is_stubborn);
        let first = world.failures.iter().min_by_key(|(_, at, _)| *at);
        let failed = first.map_or(0, |(.., status)| *status);
        let expected = if world.is_guardian_lost { 1 } else { failed };
        prop_assert_eq!(world.status, Some(expected));
        prop_assert!(world.supervisor.next_deadline().is_none());
    }
}
