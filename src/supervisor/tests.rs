//! Stories, each named for the rule that it tells, and random events against what must always hold.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::plan::PlannedProcess;
use crate::words::env::Env;
use crate::words::name::{ProcessName, ProcessType};
use crate::words::notice::Shown;
use crate::words::policy::RestartPolicy;

const GRACE: Duration = Duration::from_secs(5);

fn planned(name: &str, restart: RestartPolicy, on_exit: OnExit) -> PlannedProcess {
    PlannedProcess {
        name: ProcessName::first(ProcessType::new(name).unwrap()),
        command: "vite".into(),
        port: Some(5000),
        scheme: "http",
        env: Env::default(),
        directory: "/".into(),
        restart,
        max_restarts: 5,
        on_exit,
        grace: GRACE,
        stop_signal: 15,
    }
}

/// A session with a clock of its own.
struct Story {
    supervisor: Supervisor,
    now: Instant,
    said: Vec<Notice>,
}

impl Story {
    fn of(processes: &[(&str, RestartPolicy)]) -> Self {
        let processes = processes
            .iter()
            .map(|(name, restart)| planned(name, *restart, OnExit::Keep));
        Self::with(processes.collect(), SessionRules::default())
    }

    fn with(processes: Vec<PlannedProcess>, rules: SessionRules) -> Self {
        Self {
            supervisor: Supervisor::new(&Plan { processes }, rules, 0),
            now: Instant::now(),
            said: Vec::new(),
        }
    }

    /// What is done because of the event; what is said is kept apart.
    fn on(&mut self, event: Event) -> Vec<Action> {
        let actions = self.supervisor.handle(self.now, event);
        let (said, done): (Vec<_>, Vec<_>) = actions
            .into_iter()
            .partition(|action| matches!(action, Action::Say(_)));
        self.said
            .extend(said.into_iter().map(|action| match action {
                Action::Say(notice) => notice,
                other => unreachable!("{other:?}"),
            }));
        done
    }

    fn start(&mut self) -> Vec<Action> {
        self.on(Event::SessionStarted)
    }

    /// Lets time pass, stopping at every deadline.
    fn after(&mut self, duration: Duration) -> Vec<Action> {
        let end = self.now + duration;
        let mut done = Vec::new();
        while let Some(deadline) = self
            .supervisor
            .next_deadline()
            .filter(|deadline| *deadline <= end)
        {
            self.now = deadline.max(self.now);
            done.extend(self.on(Event::DeadlineReached));
        }
        self.now = end;
        done
    }

    fn spawned(&mut self, process: usize, run: u32) {
        let pid = (100 * (process + 1)) as i32 + run as i32;
        assert_eq!(self.on(Event::Spawned { process, run, pid }), []);
    }

    /// The leader and with it the whole tree.
    fn exits(&mut self, process: usize, run: u32, exit: Exit) -> Vec<Action> {
        let mut done = self.on(Event::LeaderExited {
            process,
            run,
            exit,
            left: 0,
        });
        done.extend(self.gone(process, run));
        done
    }

    fn gone(&mut self, process: usize, run: u32) -> Vec<Action> {
        self.on(Event::Exited {
            process,
            run,
            killed: 0,
            last_lines: vec!["last words".into()],
        })
    }

    fn listens(&mut self, process: usize, run: u32, port: u16) -> Vec<Action> {
        let listener = Listener {
            port,
            loopback_only: true,
            pid: 7,
            command: "node".into(),
        };
        self.on(Event::Listens {
            process,
            run,
            listeners: vec![listener],
        })
    }

    fn said(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.said)
    }

    fn next_of(&mut self) -> Next {
        let ended = self.said().into_iter().find_map(|notice| match notice {
            Notice::Exited(ended) => Some(ended.next),
            _ => None,
        });
        ended.expect("an end was said")
    }
}

fn spawn(process: usize, run: u32) -> Action {
    Action::Spawn { process, run }
}

fn terminate(process: usize, run: u32) -> Action {
    Action::Terminate { process, run }
}

fn kill(process: usize, run: u32) -> Action {
    Action::Kill { process, run }
}

fn finish(status: u8) -> Action {
    Action::Finish { status }
}

const FAILED: Exit = Exit::Status(1);
const FINE: Exit = Exit::Status(0);

#[test]
fn all_are_started_at_once_in_procfile_order() {
    let mut story = Story::of(&[("web", RestartPolicy::Never), ("api", RestartPolicy::Never)]);
    assert_eq!(story.start(), [spawn(0, 1), spawn(1, 1)]);
}

#[test]
fn a_failed_run_is_followed_by_another_after_a_delay_that_doubles() {
    let mut story = Story::of(&[("web", RestartPolicy::OnFailure)]);
    story.start();
    for (run, millis) in [(1, 500), (2, 1000), (3, 2000), (4, 4000), (5, 8000)] {
        story.spawned(0, run);
        assert_eq!(story.exits(0, run, FAILED), []);
        let delay = Duration::from_millis(millis);
        assert_eq!(story.next_of(), Next::Restart { number: run, delay });
        assert_eq!(story.after(delay - Duration::from_millis(1)), []);
        assert_eq!(story.after(Duration::from_millis(1)), [spawn(0, run + 1)]);
    }
    story.spawned(0, 6);
    assert_eq!(story.exits(0, 6, Exit::Status(9)), [finish(9)]);
    assert!(matches!(story.next_of(), Next::GivenUp { failures: 6, .. }));
}

#[test]
fn a_run_that_lasted_begins_the_count_anew() {
    let mut story = Story::of(&[("web", RestartPolicy::OnFailure)]);
    story.start();
    for run in 1..20 {
        story.spawned(0, run);
        story.after(Duration::from_secs(10));
        story.exits(0, run, FAILED);
        let delay = Duration::from_millis(500);
        assert_eq!(story.next_of(), Next::Restart { number: run, delay });
        assert_eq!(story.after(delay), [spawn(0, run + 1)]);
    }
}

#[test]
fn status_0_is_completed_unless_it_is_always_restarted() {
    let mut story = Story::of(&[
        ("release", RestartPolicy::OnFailure),
        ("web", RestartPolicy::Always),
    ]);
    story.start();
    story.spawned(0, 1);
    story.spawned(1, 1);
    assert_eq!(story.exits(0, 1, FINE), []);
    assert_eq!(story.next_of(), Next::Completed);
    assert_eq!(story.exits(1, 1, FINE), []);
    assert!(matches!(story.next_of(), Next::Restart { .. }));
}

#[test]
fn always_has_no_limit_for_ends_that_are_no_failures() {
    let mut story = Story::of(&[("web", RestartPolicy::Always)]);
    story.start();
    for run in 1..30 {
        story.spawned(0, run);
        story.exits(0, run, FINE);
        assert_eq!(story.after(Duration::from_secs(30)), [spawn(0, run + 1)]);
    }
}

#[test]
fn what_cannot_be_found_is_not_tried_again() {
    for status in [126, 127] {
        let mut story = Story::of(&[("web", RestartPolicy::Always)]);
        story.start();
        story.spawned(0, 1);
        assert_eq!(story.exits(0, 1, Exit::Status(status)), [finish(status)]);
        assert_eq!(story.next_of(), Next::Unstartable);
    }
}

#[test]
fn a_spawn_that_fails_is_a_failure_for_good() {
    let mut story = Story::of(&[("web", RestartPolicy::OnFailure)]);
    story.start();
    let cause = "No such file or directory".to_string();
    assert_eq!(
        story.on(Event::SpawnFailed {
            process: 0,
            run: 1,
            cause
        }),
        [finish(126)]
    );
}

#[test]
fn the_first_failure_for_good_is_the_sessions_status() {
    let mut story = Story::of(&[
        ("a", RestartPolicy::Never),
        ("b", RestartPolicy::Never),
        ("c", RestartPolicy::Never),
    ]);
    story.start();
    for process in 0..3 {
        story.spawned(process, 1);
    }
    assert_eq!(story.exits(0, 1, FINE), []);
    assert_eq!(story.exits(1, 1, Exit::Signal(11)), []);
    assert_eq!(story.exits(2, 1, Exit::Status(3)), [finish(139)]);
}

#[test]
fn a_process_that_ignores_sigterm_is_killed_after_the_grace_period() {
    let mut story = Story::of(&[("web", RestartPolicy::Never)]);
    story.start();
    story.spawned(0, 1);
    assert_eq!(story.on(Event::ShutdownRequested), [terminate(0, 1)]);
    assert_eq!(story.after(GRACE - Duration::from_millis(1)), []);
    assert_eq!(story.after(Duration::from_millis(1)), [kill(0, 1)]);
    assert_eq!(
        story.on(Event::LeaderExited {
            process: 0,
            run: 1,
            exit: Exit::Signal(9),
            left: 2
        }),
        []
    );
    let exited = Event::Exited {
        process: 0,
        run: 1,
        killed: 2,
        last_lines: Vec::new(),
    };
    assert_eq!(story.on(exited), [finish(0)]);
    let said = story.said();
    assert!(said.iter().any(|notice| matches!(notice, Notice::StopsWaiting { left, .. } if *left == GRACE - WAIT_SAID_AFTER)));
    assert!(
        said.iter()
            .any(|notice| matches!(notice, Notice::Killed { others: 2, .. }))
    );
}

#[test]
fn a_second_request_kills_at_once_but_not_within_one_key_press() {
    let mut story = Story::of(&[("web", RestartPolicy::Never)]);
    story.start();
    story.spawned(0, 1);
    assert_eq!(story.on(Event::ShutdownRequested), [terminate(0, 1)]);
    story.after(Duration::from_millis(149));
    assert_eq!(story.on(Event::ShutdownRequested), []);
    story.after(Duration::from_millis(1));
    assert_eq!(story.on(Event::ShutdownRequested), [kill(0, 1)]);
    assert_eq!(story.on(Event::ShutdownRequested), []);
    assert_eq!(story.exits(0, 1, Exit::Signal(9)), [finish(0)]);
}

#[test]
fn nothing_is_started_during_a_shutdown() {
    let mut story = Story::of(&[
        ("web", RestartPolicy::Always),
        ("api", RestartPolicy::Always),
        ("c", RestartPolicy::Never),
    ]);
    story.start();
    story.spawned(0, 1);
    story.spawned(1, 1);
    story.exits(0, 1, FAILED);
    // `c` was asked for and is not there yet: it is ended as soon as it is.
    assert_eq!(story.on(Event::ShutdownRequested), [terminate(1, 1)]);
    assert_eq!(
        story.on(Event::Spawned {
            process: 2,
            run: 1,
            pid: 3
        }),
        [terminate(2, 1)]
    );
    assert_eq!(story.exits(2, 1, FAILED), []);
    assert_eq!(
        story.exits(1, 1, FAILED),
        [finish(0)],
        "an end that follows our signal is no failure"
    );
}

#[test]
fn a_run_ends_when_its_whole_tree_is_gone() {
    let mut story = Story::of(&[("web", RestartPolicy::OnFailure)]);
    story.start();
    story.spawned(0, 1);
    let exited = Event::LeaderExited {
        process: 0,
        run: 1,
        exit: FAILED,
        left: 3,
    };
    assert_eq!(story.on(exited), [terminate(0, 1)]);
    assert_eq!(story.after(GRACE), [kill(0, 1)]);
    assert_eq!(story.gone(0, 1), []);
    assert_eq!(story.after(Duration::from_secs(1)), [spawn(0, 2)]);
}

#[test]
fn a_leader_that_ends_with_0_while_its_tree_lives_has_daemonised() {
    let mut story = Story::of(&[("web", RestartPolicy::OnFailure)]);
    story.start();
    story.spawned(0, 1);
    assert_eq!(
        story.on(Event::LeaderExited {
            process: 0,
            run: 1,
            exit: FINE,
            left: 1
        }),
        []
    );
    assert_eq!(story.after(Duration::from_secs(100)), []);
    assert!(
        story
            .said()
            .iter()
            .any(|notice| matches!(notice, Notice::Daemonised { .. }))
    );
    assert_eq!(story.on(Event::ShutdownRequested), [terminate(0, 1)]);
    assert_eq!(story.gone(0, 1), [finish(0)]);
}

#[test]
fn on_exit_shutdown_ends_all_whatever_the_status() {
    for (exit, status) in [(FINE, 0), (Exit::Status(4), 4)] {
        let processes =
            ["web", "job"].map(|name| planned(name, RestartPolicy::Never, OnExit::Shutdown));
        let mut story = Story::with(processes.into(), SessionRules::default());
        story.start();
        story.spawned(0, 1);
        story.spawned(1, 1);
        assert_eq!(story.exits(1, 1, exit), [terminate(0, 1)]);
        assert_eq!(story.exits(0, 1, Exit::Signal(15)), [finish(status)]);
    }
}

#[test]
fn fail_fast_ends_all_at_the_first_failure_only() {
    let processes =
        ["web", "ok", "job"].map(|name| planned(name, RestartPolicy::OnFailure, OnExit::Keep));
    let mut story = Story::with(
        processes.into(),
        SessionRules {
            fail_fast: true,
            hints: false,
        },
    );
    story.start();
    for process in 0..3 {
        story.spawned(process, 1);
    }
    assert_eq!(story.exits(1, 1, FINE), []);
    assert_eq!(story.exits(2, 1, Exit::Status(6)), [terminate(0, 1)]);
    assert_eq!(story.exits(0, 1, Exit::Signal(15)), [finish(6)]);
}

#[test]
fn late_news_of_an_earlier_run_changes_nothing() {
    let mut story = Story::of(&[("web", RestartPolicy::OnFailure)]);
    story.start();
    story.spawned(0, 1);
    story.exits(0, 1, FAILED);
    assert_eq!(story.exits(0, 1, FAILED), []);
    assert_eq!(story.after(Duration::from_millis(500)), [spawn(0, 2)]);
    assert_eq!(story.listens(0, 1, 5000), []);
    story.spawned(0, 2);
    assert_eq!(story.exits(0, 1, FAILED), []);
}

#[test]
fn the_summary_comes_when_all_are_settled_and_shows_who_is_ready() {
    let mut story = Story::of(&[
        ("web", RestartPolicy::Never),
        ("worker", RestartPolicy::Never),
    ]);
    story.start();
    story.spawned(0, 1);
    story.spawned(1, 1);
    story.after(Duration::from_millis(700));
    story.listens(0, 1, 5000);
    story.said();
    story.after(Duration::from_millis(2999));
    assert_eq!(story.said(), []);
    story.after(Duration::from_millis(1));
    let said = story.said();
    let [Notice::AllUp { after, rows, .. }] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert_eq!(*after, Duration::from_millis(700));
    assert_eq!(rows[0].state, Shown::Ready);
    assert_eq!(rows[0].url.as_deref(), Some("http://localhost:5000"));
    assert_eq!(
        (rows[1].state, rows[1].does_not_listen),
        (Shown::Running, true)
    );
    story.listens(1, 1, 5000);
    assert!(matches!(story.said().as_slice(), [Notice::Ready { .. }]));
}

#[test]
fn where_nobody_is_ready_the_summary_waits_longer_they_may_be_compiling() {
    let mut story = Story::of(&[("web", RestartPolicy::Never)]);
    story.start();
    story.spawned(0, 1);
    story.said();
    story.after(Duration::from_millis(9999));
    assert_eq!(story.said(), []);
    story.after(Duration::from_millis(1));
    assert!(matches!(story.said().as_slice(), [Notice::AllUp { .. }]));
}

#[test]
fn a_server_elsewhere_has_a_second_to_open_its_port_as_well() {
    let mut story = Story::of(&[("web", RestartPolicy::Never)]);
    story.start();
    story.spawned(0, 1);
    story.said();
    story.listens(0, 1, 5173);
    story.after(Duration::from_millis(999));
    assert_eq!(story.said(), []);
    story.after(Duration::from_millis(1));
    let said = story.said();
    let [
        Notice::ListensElsewhere(elsewhere),
        Notice::AllUp { rows, .. },
    ] = said.as_slice()
    else {
        panic!("{said:?}");
    };
    assert_eq!((elsewhere.given, elsewhere.found), (5000, 5173));
    assert_eq!(
        elsewhere.cure.as_deref(),
        Some("web: vite --port $PORT --strictPort")
    );
    assert_eq!(rows[0].url, None);
}

#[test]
fn the_loss_of_the_guardian_ends_the_session_with_1() {
    let mut story = Story::of(&[("web", RestartPolicy::Always)]);
    story.start();
    story.spawned(0, 1);
    assert_eq!(story.on(Event::GuardianLost), [finish(1)]);
    assert_eq!(story.on(Event::ShutdownRequested), []);
}

/// What may happen next in the world that the supervisor acts upon.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The guardian answers the oldest request to spawn, or fails to.
    Answer {
        fails: bool,
    },
    LeaderExits {
        which: usize,
        status: u8,
        left: usize,
    },
    Gone {
        which: usize,
    },
    Listen {
        which: usize,
        port: u16,
    },
    Pass {
        millis: u64,
    },
    Interrupt,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Answer { fails: false }),
        1 => Just(Step::Answer { fails: true }),
        3 => (0..3usize, 0..3u8, 0..2usize).prop_map(|(which, status, left)| Step::LeaderExits { which, status, left }),
        4 => (0..3usize).prop_map(|which| Step::Gone { which }),
        1 => (0..3usize, 5000..5002u16).prop_map(|(which, port)| Step::Listen { which, port }),
        4 => (0..4000u64).prop_map(|millis| Step::Pass { millis }),
        1 => Just(Step::Interrupt),
    ]
}

/// A world that does what it is told, and checks that it may be told that.
#[derive(Default)]
struct World {
    /// The run that was asked for and not answered yet, per process.
    asked: BTreeMap<usize, u32>,
    /// The living: run, leader gone, when terminated.
    living: BTreeMap<usize, Living>,
    starts: BTreeMap<usize, Vec<Instant>>,
    interrupts: Vec<Instant>,
    finished: bool,
}

struct Living {
    run: u32,
    is_leader_gone: bool,
    terminated: Option<Instant>,
}

impl World {
    fn carry_out(&mut self, now: Instant, actions: Vec<Action>) {
        for action in actions {
            assert!(!self.finished, "nothing follows Finish: {action:?}");
            match action {
                Action::Spawn { process, run } => {
                    assert!(
                        self.interrupts.is_empty(),
                        "nothing is spawned during a shutdown"
                    );
                    assert!(!self.living.contains_key(&process), "one run a process");
                    assert_eq!(self.asked.insert(process, run), None, "one run a process");
                    let starts = self.starts.entry(process).or_default();
                    starts.push(now);
                    let recent = starts
                        .iter()
                        .filter(|at| now.duration_since(**at) < Duration::from_secs(8));
                    assert!(recent.count() <= 20);
                }
                Action::Terminate { process, run } => {
                    let living = self
                        .living
                        .get_mut(&process)
                        .expect("only the living are signalled");
                    assert_eq!(living.run, run);
                    assert_eq!(living.terminated.replace(now), None, "once a run");
                }
                Action::Kill { process, run } => {
                    let living = &self.living[&process];
                    assert_eq!(living.run, run);
                    let terminated = living.terminated.expect("first SIGTERM");
                    assert!(now >= terminated + GRACE || self.interrupts.len() > 1);
                }
                Action::Say(_) => {}
                Action::Finish { .. } => {
                    assert!(
                        self.living.is_empty() && self.asked.is_empty(),
                        "with nothing alive"
                    );
                    self.finished = true;
                }
            }
        }
    }

    /// The event that a step is in this world, if it can happen.
    fn event(&mut self, now: Instant, step: Step) -> Option<Event> {
        match step {
            Step::Answer { fails } => {
                let (process, run) = self.asked.pop_first()?;
                if fails {
                    return Some(Event::SpawnFailed {
                        process,
                        run,
                        cause: String::new(),
                    });
                }
                let living = Living {
                    run,
                    is_leader_gone: false,
                    terminated: None,
                };
                self.living.insert(process, living);
                Some(Event::Spawned {
                    process,
                    run,
                    pid: 1000,
                })
            }
            Step::LeaderExits {
                which,
                status,
                left,
            } => {
                let living = self
                    .living
                    .get_mut(&which)
                    .filter(|living| !living.is_leader_gone)?;
                living.is_leader_gone = true;
                let exit = Exit::Status(status);
                Some(Event::LeaderExited {
                    process: which,
                    run: living.run,
                    exit,
                    left,
                })
            }
            Step::Gone { which } => {
                self.living
                    .get(&which)
                    .filter(|living| living.is_leader_gone)?;
                let run = self.living.remove(&which)?.run;
                Some(Event::Exited {
                    process: which,
                    run,
                    killed: 0,
                    last_lines: Vec::new(),
                })
            }
            Step::Listen { which, port } => {
                let run = self.living.get(&which)?.run;
                let listener = Listener {
                    port,
                    loopback_only: false,
                    pid: 1,
                    command: "x".into(),
                };
                Some(Event::Listens {
                    process: which,
                    run,
                    listeners: vec![listener],
                })
            }
            Step::Pass { .. } => Some(Event::DeadlineReached),
            Step::Interrupt => {
                self.interrupts.push(now);
                Some(Event::ShutdownRequested)
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8000))]
    #[test]
    fn whatever_happens_the_invariants_hold_and_every_shutdown_ends(
        steps in proptest::collection::vec(step(), 0..60),
        policies in proptest::collection::vec(0..3usize, 3),
    ) {
        let policy = |index: &usize| [RestartPolicy::Always, RestartPolicy::OnFailure, RestartPolicy::Never][*index];
        let processes: Vec<PlannedProcess> = ["a", "b", "c"]
            .iter()
            .zip(&policies)
            .map(|(name, index)| planned(name, policy(index), OnExit::Keep))
            .collect();
        let mut supervisor = Supervisor::new(&Plan { processes }, SessionRules::default(), 0);
        let mut world = World::default();
        let mut now = Instant::now();
        let actions = supervisor.handle(now, Event::SessionStarted);
        world.carry_out(now, actions);
        for step in steps {
            if let Step::Pass { millis } = step {
                now += Duration::from_millis(millis);
            }
            if let Some(event) = world.event(now, step) {
                let actions = supervisor.handle(now, event);
                world.carry_out(now, actions);
            }
        }
        // The user has had enough, and the world answers.
        for _ in 0..2 {
            let event = world.event(now, Step::Interrupt).expect("it can always happen");
            let actions = supervisor.handle(now, event);
            world.carry_out(now, actions);
            now += GRACE;
        }
        for which in 0..3 {
            for step in [
                Step::Answer { fails: false },
                Step::LeaderExits { which, status: 1, left: 0 },
                Step::Gone { which },
            ] {
                if let Some(event) = world.event(now, step) {
                    let actions = supervisor.handle(now, event);
                    world.carry_out(now, actions);
                }
            }
        }
        prop_assert!(world.finished);
        prop_assert_eq!(supervisor.next_deadline(), None);
    }
}
