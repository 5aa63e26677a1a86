//! Short sessions on a machine that fails at each call in turn: whatever fails, nobody is left behind, nobody
//! else is signalled, and all of it ends.

mod machine;
mod program;
mod session;

use std::time::{Duration, Instant};

use crate::guardian::protocol::RunId;
use crate::guardian::tests::machine::{Fault, Machine};
use crate::guardian::tests::program::Program;
use crate::guardian::tests::session::{Blow, Session};
use crate::plan::{Host, Plan, PlannedProcess};
use crate::words::env::Env;
use crate::words::name::{ProcessName, ProcessType};
use crate::words::policy::{OnExit, RestartPolicy};

const EPERM: i32 = 1;
const EAGAIN: i32 = 11;
/// A shell's status for what cannot be started.
const UNSTARTABLE: u8 = 126;
const GUARDIAN_LOST: u8 = 1;

/// A session: what its processes run, what is done to it, and how it ends if nothing fails.
struct Story {
    program: fn(RunId) -> &'static Program,
    blows: &'static [(u64, Blow)],
    status: Option<u8>,
}

impl Story {
    fn play(&self, fault: Option<Fault>) -> Session {
        let mut session = self.session(|machine| machine.fault = fault);
        session.run();
        session
    }

    /// Before its first turn, on a machine of this kind.
    fn session(&self, prepare: impl FnOnce(&mut Machine)) -> Session {
        let mut machine = Machine::new(Instant::now(), self.program);
        prepare(&mut machine);
        let processes = ["web", "job"].map(planned).into();
        let plan = Plan {
            apps: Vec::new(),
            externals: Vec::new(),
            processes,
        };
        Session::new(plan, machine, self.blows)
    }

    /// Without a fault, and with one at each call in turn, of that call alone and of those that follow.
    fn check(&self) {
        let mut session = self.play(None);
        self.check_end(&mut session);
        let calls = session.machine().calls.clone();
        for (call, kind) in calls.iter().enumerate() {
            for (errno, calls) in [(EAGAIN, 1), (EPERM, 1), (EAGAIN, 3), (EAGAIN, 20)] {
                let fault = Fault { call, calls, errno };
                // Shown of a test that fails: the last one is it.
                eprintln!("{kind}: {fault:?}");
                let mut session = self.play(Some(fault));
                self.check_end(&mut session);
            }
        }
    }

    fn check_end(&self, session: &mut Session) {
        session.check_lives();
        let machine = session.machine();
        assert_eq!(machine.living(), Vec::<i32>::new(), "left behind");
        let failed = |call| machine.failed.contains(&call);
        // Who is never seen is collected by the next subreaper, once the guardian is gone.
        let is_its_fault = failed("reap") || failed("wait_for_exit") || machine.is_dark();
        assert!(machine.uncollected().is_empty() || is_its_fault);
        let or_else = [
            (failed("fork"), Some(UNSTARTABLE)),
            (failed("tell"), Some(GUARDIAN_LOST)),
        ];
        let status = session.status;
        assert!(
            status == self.status || or_else.contains(&(true, status)),
            "{status:?}"
        );
    }
}

fn planned(process_type: &str) -> PlannedProcess {
    PlannedProcess {
        name: ProcessName::first(ProcessType::new(process_type).unwrap()),
        command: String::new(),
        port: None,
        scheme: "http",
        env: Env::default(),
        directory: "/".into(),
        restart: RestartPolicy::OnFailure,
        max_restarts: 3,
        on_exit: OnExit::Keep,
        grace: Duration::from_millis(500),
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

#[test]
fn one_crashes_is_started_again_and_given_up_and_all_is_stopped() {
    let story = Story {
        program: |id| [&program::WITH_WORKERS, &program::CRASHES][id.process as usize],
        blows: &[(3000, Blow::Stop)],
        status: Some(3),
    };
    story.check();
}

#[test]
fn a_fork_that_fails_for_now_is_asked_for_again_unless_it_was_the_first() {
    let story = Story {
        program: |id| [&program::SERVER, &program::CRASHES][id.process as usize],
        blows: &[(3000, Blow::Stop)],
        status: Some(3),
    };
    let mut session = story.play(None);
    let calls = session.machine().calls.iter().enumerate();
    let forks: Vec<usize> = calls
        .filter_map(|(call, kind)| (*kind == "fork").then_some(call))
        .collect();
    let with_fault = |call: usize, errno: i32| {
        let calls = 1;
        story.play(Some(Fault { call, calls, errno }))
    };
    // Of web, of job, and of job again.
    let [_, first, second, ..] = forks[..] else {
        panic!("{forks:?}");
    };
    let session = with_fault(second, EAGAIN);
    assert_eq!(session.news_of(1, 2), Some(&["failed"][..]));
    let life = ["spawned", "exited", "gone"];
    assert_eq!(session.news_of(1, 3), Some(&life[..]));
    let session = with_fault(second, EPERM);
    assert_eq!(session.news_of(1, 3), None);
    let session = with_fault(first, EAGAIN);
    assert_eq!(session.news_of(1, 1), Some(&["failed"][..]));
    assert_eq!(session.news_of(1, 2), None);
}

#[test]
fn a_daemon_that_wiped_its_marks_is_stopped() {
    let story = Story {
        program: |id| [&program::DAEMONISES, &program::SERVER][id.process as usize],
        blows: &[(1000, Blow::Stop)],
        status: Some(0),
    };
    story.check();
}

#[test]
fn who_takes_no_sigterm_is_killed_with_all_that_it_hid() {
    let story = Story {
        program: |_| &program::STUBBORN,
        blows: &[(100, Blow::Stop)],
        status: Some(0),
    };
    story.check();
}

#[test]
fn a_second_request_kills() {
    let story = Story {
        program: |_| &program::STUBBORN,
        blows: &[(100, Blow::StopGuardian), (300, Blow::Stop)],
        status: Some(0),
    };
    story.check();
}

#[test]
fn the_manager_is_killed_while_its_processes_are_being_started() {
    let story = Story {
        program: |id| [&program::STUBBORN, &program::NOT_THERE][id.process as usize],
        blows: &[(1, Blow::KillManager)],
        status: None,
    };
    story.check();
}

#[test]
fn the_manager_is_killed_in_its_shutdown() {
    let story = Story {
        program: |id| [&program::STUBBORN, &program::DAEMONISES][id.process as usize],
        blows: &[(100, Blow::Stop), (150, Blow::KillManager)],
        status: None,
    };
    story.check();
}

#[test]
fn a_program_that_is_not_there() {
    let story = Story {
        program: |id| [&program::NOT_THERE, &program::SERVER][id.process as usize],
        blows: &[(100, Blow::Stop)],
        status: Some(UNSTARTABLE),
    };
    story.check();
}

#[test]
fn who_has_taken_another_users_rights_is_given_up() {
    let story = Story {
        program: |id| [&program::PRIVILEGED, &program::SERVER][id.process as usize],
        blows: &[(5000, Blow::Stop)],
        status: Some(139),
    };
    story.check();
}

#[test]
fn what_nobody_can_be_told_to_own_is_ended_with_the_session() {
    let story = Story {
        program: |_| &program::DAEMONISES,
        blows: &[(1000, Blow::Stop)],
        status: Some(0),
    };
    story.check();
}

#[test]
fn a_session_that_was_paused_is_stopped() {
    let story = Story {
        program: |id| [&program::WITH_WORKERS, &program::DAEMONISES][id.process as usize],
        blows: &[
            (100, Blow::Pause),
            (200, Blow::Resume),
            (300, Blow::Pause),
            (400, Blow::Resume),
            (500, Blow::Stop),
        ],
        status: Some(0),
    };
    story.check();
}

#[test]
fn where_nobody_can_ever_be_looked_at_all_comes_to_an_end() {
    let story = Story {
        program: |id| [&program::STUBBORN, &program::CRASHES][id.process as usize],
        blows: &[(6000, Blow::Stop)],
        status: Some(3),
    };
    let mut session = story.session(|machine| {
        machine.darkness = Some((machine.now, machine.now + Duration::from_secs(60)));
    });
    session.run();
    story.check_end(&mut session);
}

#[test]
fn whose_run_has_ended_in_the_dark_is_nobodys_and_ends_with_the_session() {
    let story = Story {
        // The other one's ends have it seen before.
        program: |id| [&program::LEAVES_A_DAEMON, &program::CRASHES][id.process as usize],
        blows: &[(9000, Blow::Stop)],
        status: Some(3),
    };
    let mut session = story.session(|machine| {
        let at = |seconds| machine.now + Duration::from_secs(seconds);
        machine.darkness = Some((at(1), at(7)));
    });
    session.run();
    story.check_end(&mut session);
}

#[test]
fn where_orphans_are_not_heard_of_they_are_found() {
    let story = Story {
        program: |id| [&program::STUBBORN, &program::CRASHES][id.process as usize],
        blows: &[(3000, Blow::Stop)],
        status: Some(3),
    };
    let mut session = story.session(|machine| machine.hides_orphans = true);
    session.run();
    story.check_end(&mut session);
}

#[test]
fn a_daemon_is_seldom_looked_at_while_nobody_ends_it() {
    let story = Story {
        program: |id| [&program::DAEMONISES, &program::SERVER][id.process as usize],
        blows: &[(30_000, Blow::Stop)],
        status: Some(0),
    };
    for (hides_orphans, most) in [(false, 20), (true, 60)] {
        let mut session = story.session(|machine| machine.hides_orphans = hides_orphans);
        session.run();
        story.check_end(&mut session);
        let calls = session.machine().calls.iter();
        let looks = calls.filter(|call| **call == "orphans").count();
        assert!(looks < most, "{looks} looks in 30 s");
    }
}

#[test]
fn a_storm_of_orphans_keeps_nobody_waiting() {
    let story = Story {
        program: |_| &program::STUBBORN,
        blows: &[(100, Blow::Stop)],
        status: Some(0),
    };
    let mut session = story.session(|machine| machine.storm = 2_000);
    session.run();
    story.check_end(&mut session);
    let calls = session.machine().calls.clone();
    let looks = calls.split(|call| *call != "orphans" && *call != "reap");
    let longest = looks.map(<[_]>::len).max();
    assert!(
        longest < Some(100),
        "{longest:?} calls before anybody is heard"
    );
}
