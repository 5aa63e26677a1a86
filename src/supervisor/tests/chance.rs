//! Random events from a world that does what it is told, against what must always hold. Each of them may be lost,
//! come twice, or come again later, as far as that can be: see `fate`.

mod fate;
mod start;
mod tries;
mod world;

use std::time::Duration;

use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};

use crate::plan::{External, Host, Need, Plan, PlannedProcess, Provider, Watch};
use crate::supervisor::tests::chance::fate::Fate;
use crate::supervisor::tests::chance::start::Start;
use crate::supervisor::tests::chance::world::{Run, World};
use crate::supervisor::tests::{listener, plan_of, planned};
use crate::supervisor::{Action, Elsewhere, Event, ProcessIndex, SessionRules};
use crate::words::exit::{Exit, Killed};
use crate::words::policy::{Attendance, OnExit, RestartPolicy};
use crate::words::port::Holder;
use crate::words::stand_in::Program;
use crate::words::watching::Changed;

const PROCESSES: usize = 4;

/// What happens next, if it can. Numbers are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
struct Step {
    kind: u8,
    which: u8,
    amount: u16,
    fate: u8,
}

fn step() -> impl Strategy<Value = Step> {
    any::<(u32, u8)>().prop_map(|(bits, fate)| {
        let [kind, which, high, low] = bits.to_be_bytes();
        let amount = u16::from_be_bytes([high, low]);
        Step {
            kind,
            which,
            amount,
            fate,
        }
    })
}

impl World {
    fn take(&mut self, step: Step) {
        let process = usize::from(step.which) % PROCESSES;
        self.fate = match step.fate {
            0..160 => Fate::Once,
            160..190 => Fate::Twice,
            190..220 => Fate::ComesAgain,
            220..240 => Fate::Lost,
            240..=255 => return self.hear_again(usize::from(step.which)),
        };
        self.is_slow = step.kind >= 128;
        if step.kind % 64 >= 40 {
            self.catch_up();
        }
        let rarely = |times: u16| step.amount.is_multiple_of(times);
        match step.kind % 64 {
            0..12 => self.answer(process, Start::of(step.amount)),
            12..22 => self.leader_exits(process, step.amount),
            22 => self.stand_in_ends(process),
            23..34 => self.gone(process),
            34..40 => self.listens(process, step.amount),
            40..44 => self.pass(Duration::from_millis(u64::from(step.amount) % 12_000)),
            44..52 => self.pass_to_deadline(),
            52..56 => self.answer_try(process, step.amount),
            56 => self.replace(process),
            57 if rarely(3) => self.change_files(process, step.amount),
            57 => self.by_hand(process, step.amount),
            58 => self.rewire(process, step.amount),
            59 => self.late_news(process),
            60 => self.steal(process, step.amount),
            61 if rarely(4) => self.request(),
            62 if rarely(32) => self.tell(Event::OutputClosed),
            63 if rarely(32) => self.lose_the_guardian(),
            _ => self.tell(Event::DeadlineReached),
        }
    }

    fn by_hand(&mut self, process: ProcessIndex, amount: u16) {
        let child = &mut self.children[process];
        let is_heard = !self.supervisor.is_stopping() && self.status.is_none() && child.is_ours();
        if is_heard && amount % 4 < 2 {
            child.is_asked_for = true;
            child.is_wanted = true;
            // A start waits for the end of the program that is to come before.
            child.is_unwanted &= child.has_guest && amount % 4 == 1;
            child.was_unwanted = false;
            self.failures.retain(|(failed, ..)| *failed != process);
        } else if is_heard {
            child.is_unwanted = child.run.is_some();
        }
        self.tell(match amount % 4 {
            0 => Event::RestartAsked { process },
            1 => Event::StartAsked { process },
            _ => Event::StopAsked { process },
        });
    }

    fn replace(&mut self, process: ProcessIndex) {
        let child = &mut self.children[process];
        let has_program = child.run.is_some_and(|run| run.is_stand_in);
        if child.has_guest {
            child.has_guest = false;
            child.is_unwanted = child.was_unwanted;
            child.is_asked_for = true;
            self.tell(Event::GuestGone { process });
            return;
        }
        if has_program {
            return;
        }
        child.has_guest = self.status.is_none();
        child.was_unwanted = child.is_unwanted;
        let is_heard = child.is_ours() && !self.supervisor.is_stopping();
        if is_heard && self.status.is_none() {
            child.is_unwanted = child.run.is_some();
            self.failures.retain(|(failed, ..)| *failed != process);
        }
        let program = Program {
            pid: 7,
            command: String::new(),
        };
        self.tell(Event::ReplaceAsked { process, program });
        let child = &mut self.children[process];
        if !is_heard {
            child.is_unwanted = child.was_unwanted;
        }
    }

    fn stand_in_ends(&mut self, process: ProcessIndex) {
        let child = &mut self.children[process];
        let Some(run) = child.run.take_if(|run| run.is_stand_in) else {
            return;
        };
        child.is_asked_for = true;
        let run = run.number;
        self.tell(Event::StandInEnded { process, run });
    }

    /// What becomes of hosts, externals and values.
    fn rewire(&mut self, process: ProcessIndex, amount: u16) {
        let states = [
            Elsewhere::Ready,
            Elsewhere::NotReady,
            Elsewhere::Ready,
            Elsewhere::Failed(5),
            Elsewhere::Absent,
            Elsewhere::Unknown,
        ];
        match amount % 16 {
            0..8 => self.see_elsewhere(process, states[usize::from(amount >> 4) % states.len()]),
            8..10 => self.take_over(process),
            10..12 => self.adopt(process),
            12..14 => self.change_env(process),
            _ => {
                self.is_reached = true;
                self.tell(Event::Reached {
                    external: external(),
                });
            }
        }
    }

    fn see_elsewhere(&mut self, process: ProcessIndex, now: Elsewhere) {
        let child = &mut self.children[process];
        if !child.is_here {
            child.elsewhere = now;
            let is_over = self.supervisor.is_stopping() || self.status.is_some();
            let is_final = is_over || matches!(now, Elsewhere::Failed(_));
            self.failures
                .retain(|(failed, ..)| is_final || *failed != process);
        }
        self.tell(Event::Elsewhere {
            process,
            now,
            is_served: now == Elsewhere::Ready,
            not_ready: None,
        });
    }

    fn take_over(&mut self, process: ProcessIndex) {
        let child = &mut self.children[process];
        if child.is_ours() && self.status.is_none() {
            child.is_leaving = true;
            child.is_unwanted = child.run.is_some();
            if !self.supervisor.is_stopping() {
                self.failures.retain(|(failed, ..)| *failed != process);
            }
        }
        self.tell(Event::TakenOver { process });
    }

    fn adopt(&mut self, process: ProcessIndex) {
        let child = &mut self.children[process];
        if !child.is_here && self.status.is_none() {
            child.is_here = true;
            child.is_asked_for = true;
            if !self.supervisor.is_stopping() {
                self.failures.retain(|(failed, ..)| *failed != process);
            }
        }
        self.tell(Event::Adopted { process });
    }

    fn change_env(&mut self, process: ProcessIndex) {
        let child = &mut self.children[process];
        // Who is asked to stop is not asked to start again by that.
        if child.run.is_some() && !child.is_unwanted {
            child.is_asked_for = true;
        }
        let variables = Vec::new();
        self.tell(Event::EnvChanged { process, variables });
    }

    /// What follows is said: see [`World::hear_change`].
    fn change_files(&mut self, process: ProcessIndex, amount: u16) {
        self.children[process].was_failed = self.supervisor.has_failed(process);
        let changed = Changed {
            file: "src/app.py".into(),
            others: 0,
        };
        self.tell(if amount & 0x100 == 0 {
            Event::FilesChanged { process, changed }
        } else {
            Event::SettingsChanged { process, changed }
        });
    }

    fn lose_the_guardian(&mut self) {
        self.is_guardian_lost |= self.status.is_none();
        self.tell(Event::GuardianLost);
    }

    fn leader_exits(&mut self, process: ProcessIndex, amount: u16) {
        let child = &mut self.children[process];
        let run = child.run.as_mut();
        let run = run.filter(|run| run.is_spawned && !run.is_stand_in);
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
        run.ends_itself = run.terminated.is_none();
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
        let is_told = run.has_ended_itself() && self.status.is_none();
        let ends_said = self.ends_said + usize::from(is_told);
        // It is gone for the supervisor's answer, and its end is still to be looked up.
        self.was_stopping = self.supervisor.is_stopping();
        let mut events = std::mem::take(&mut self.unheard);
        events.push(gone.clone());
        let actions = self.supervisor.handle(self.now, events);
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
        assert_eq!(self.ends_said, ends_said, "its own end is told, once");
        self.check_deadline();
        self.hear_as_fated(gone);
    }

    fn listens(&mut self, process: ProcessIndex, amount: u16) {
        let Some(run) = self.children[process].run.filter(|run| run.is_spawned) else {
            return;
        };
        let ports = [&[5000][..], &[5173], &[5173, 5000], &[]];
        let ports = ports[usize::from(amount) % ports.len()];
        if self.fate != Fate::Lost {
            self.note_listening(process, run.number, ports);
        }
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
        let event = if run.is_spawned {
            Event::PortStolen {
                process,
                run: run.number,
                holder: Holder::Unknown,
            }
        } else {
            let port = 5000 + amount % 2;
            self.children[process].plan.port = Some(port);
            Event::PortMoved {
                process,
                port,
                taken_by: None,
            }
        };
        self.tell(event);
    }

    fn late_news(&mut self, process: ProcessIndex) {
        let run = self.children[process].last_run();
        let is_over = self.children[process].run.is_none();
        let Some(run) = run.checked_sub(u32::from(!is_over)) else {
            return;
        };
        let exit = Exit::Status(9);
        self.tell(Event::StandInEnded { process, run });
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
        if self.fate == Fate::Lost {
            return;
        }
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

    /// The user asks once more, and the world answers: whoever is stubborn ends only when it is killed. Then it takes
    /// no longer than the graces, one after the other.
    fn come_to_an_end(&mut self, is_stubborn: bool) {
        self.fate = Fate::Once;
        self.is_slow = false;
        self.catch_up();
        let graces = self.children.iter().map(|child| child.plan.grace);
        let ends_by = self.now + graces.sum::<Duration>();
        if self.status.is_none() {
            self.request();
        }
        for _ in 0..16 * PROCESSES {
            if self.status.is_some() {
                assert!(self.now <= ends_by, "within the graces");
                return;
            }
            for process in 0..PROCESSES {
                self.answer(process, Start::Succeeds);
                let run = self.children[process].run;
                let ends = |run: Run| run.is_killed || (run.terminated.is_some() && !is_stubborn);
                if run.is_some_and(|run| run.is_stand_in && ends(run)) {
                    self.stand_in_ends(process);
                } else if run.is_some_and(ends)
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

/// The needs of each process: all of those before it, or all of those after it, so that they form no cycle.
fn needs(wiring: u64, index: usize) -> Vec<Need> {
    let need = |provider: Provider, bits: u64| Need {
        on: provider,
        variable: (bits & 1 == 0).then(|| "API_URL".into()),
        waits: bits & 6 != 6,
        is_optional: bits & 0x18 == 0x18,
    };
    let forwards = wiring & 1 == 0;
    let place = |other: usize| 2 + 6 * (PROCESSES * index + other) % 60;
    let is_needed = |other: &usize| {
        let is_beyond = if forwards {
            *other > index
        } else {
            *other < index
        };
        is_beyond && (wiring >> place(*other)) & 0x20 == 0
    };
    let others = (0..PROCESSES).filter(is_needed);
    let processes = others.map(|other| need(Provider::Process(other), wiring >> place(other)));
    let external = (wiring >> place(index)) & 7 == 0;
    let external = external.then(|| need(Provider::External(0), 0));
    processes.chain(external).collect()
}

fn plan(choice: u32, wiring: u64, index: usize) -> PlannedProcess {
    let bits = choice.rotate_right(8 * index as u32);
    let host = (wiring >> (4 + 9 * index)) & 7;
    let policies = [
        RestartPolicy::Always,
        RestartPolicy::OnFailure,
        RestartPolicy::OnFailure,
        RestartPolicy::Never,
    ];
    let watch = |signal| Watch {
        base: "/app".into(),
        paths: vec!["src".into()],
        ignore: Vec::new(),
        signal,
    };
    PlannedProcess {
        watch: match (bits >> 9) & 7 {
            0 | 1 => Some(watch(None)),
            2 => Some(watch(Some(1))),
            _ => None,
        },
        restart: policies[bits as usize % policies.len()],
        on_exit: [OnExit::Keep, OnExit::Shutdown][usize::from(bits & 0x1c == 0x1c)],
        grace: Duration::from_secs([5, 5, 0, 2][(bits >> 5) as usize % 4]),
        port: Some(5000).filter(|_| bits & 0x80 == 0),
        host: [Host::Here, Host::Elsewhere][usize::from(host == 0)],
        is_wanted: host != 1,
        needs: needs(wiring, index),
        ready: tries::ready(choice, index),
        ..planned(["web", "api", "job", "clock"][index])
    }
}

fn external() -> External {
    External {
        host: "db.internal".into(),
        port: 5432,
    }
}

fn with_an_external(processes: Vec<PlannedProcess>) -> Plan {
    Plan {
        externals: vec![external()],
        ..plan_of(processes)
    }
}

/// So many cases, where `PROPTEST_CASES` does not ask for others.
fn usually(cases: u32) -> ProptestConfig {
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return ProptestConfig::default();
    }
    ProptestConfig::with_cases(cases)
}

proptest! {
    #![proptest_config(usually(1000))]
    #[test]
    fn whatever_happens_the_invariants_hold_and_every_shutdown_ends(
        steps in proptest::collection::vec(step(), 0..200),
        choice in any::<u32>(),
        wiring in any::<u64>(),
        is_stubborn in any::<bool>(),
        is_detached in any::<bool>(),
    ) {
        let processes = (0..PROCESSES).map(|index| plan(choice, wiring, index)).collect();
        let fail_fast = choice >> 24 == 0;
        let attendance = if is_detached { Attendance::Nobody } else { Attendance::Reader };
        let rules = SessionRules { fail_fast, attendance, ..SessionRules::default() };
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
        let is_left = world.children.iter().any(|child| child.is_leaving);
        prop_assert!(!is_left || world.is_guardian_lost);
        prop_assert!(world.supervisor.next_deadline().is_none());
    }
}
