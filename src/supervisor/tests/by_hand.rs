//! Restarted, stopped and started by somebody at the keyboard.

use crate::plan::PlannedProcess;
use crate::supervisor::tests::{
    API, FAILED, FINE, GRACE, Story, WEB, finish, kill, millis, planned, seconds, spawn, terminate,
    with_policy,
};
use crate::supervisor::{Event, ProcessIndex};
use crate::words::exit::Exit;
use crate::words::notice::{Next, Notice};
use crate::words::policy::RestartPolicy;

fn restart(process: ProcessIndex) -> Event {
    Event::RestartAsked { process }
}

fn stop(process: ProcessIndex) -> Event {
    Event::StopAsked { process }
}

fn start(process: ProcessIndex) -> Event {
    Event::StartAsked { process }
}

#[test]
fn a_restart_waits_for_the_old_run_and_then_for_nothing() {
    let mut story = Story::up([planned("web"), planned("api")]);
    assert_eq!(story.on(restart(WEB)), [terminate(WEB, 1)]);
    assert!(matches!(
        story.said().as_slice(),
        [Notice::RestartAsked { .. }]
    ));
    assert_eq!(story.on(restart(WEB)), []);
    assert_eq!(story.leader_exits(WEB, 1, Exit::Signal(15), 1), []);
    assert_eq!(story.gone(WEB, 1, 0), [spawn(WEB, 2)]);
    assert_eq!(story.said(), [], "an end that we asked for is no news");
    assert_eq!(story.spawned(WEB, 2), []);
    assert_eq!(story.after(seconds(100)), []);
}

#[test]
fn a_run_that_is_only_being_started_is_ended_once_it_is_there() {
    let mut story = Story::of([planned("web")]);
    assert_eq!(story.start(), [spawn(WEB, 1)]);
    assert_eq!(story.on(stop(WEB)), []);
    assert_eq!(story.spawned(WEB, 1), [terminate(WEB, 1)]);
    assert_eq!(story.exits(WEB, 1, FINE), []);
    assert_eq!(story.on(start(WEB)), [spawn(WEB, 2)]);
}

#[test]
fn who_ignores_it_is_killed_after_its_grace() {
    let mut story = Story::up([planned("web"), planned("api")]);
    assert_eq!(story.on(restart(WEB)), [terminate(WEB, 1)]);
    assert_eq!(story.after(GRACE), [kill(WEB, 1)]);
    assert_eq!(story.exits(WEB, 1, Exit::Signal(9)), [spawn(WEB, 2)]);
}

#[test]
fn restarts_are_counted_from_1_after_one_that_was_asked_for() {
    let mut story = Story::up([planned("web"), planned("api")]);
    let first = Next::Restart {
        number: 1,
        delay: millis(500),
    };
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.next(), first);
    story.after(millis(500));
    story.spawned(WEB, 2);
    story.on(restart(WEB));
    assert_eq!(story.exits(WEB, 2, FINE), [spawn(WEB, 3)]);
    story.spawned(WEB, 3);
    story.exits(WEB, 3, FAILED);
    assert_eq!(story.next(), first);
}

#[test]
fn what_was_given_up_is_started_at_once_and_its_failures_are_forgotten() {
    let once = PlannedProcess {
        max_restarts: 1,
        ..planned("web")
    };
    let mut story = Story::up([once, planned("api")]);
    assert_eq!(story.exits(WEB, 1, FAILED), []);
    assert!(matches!(story.next(), Next::GivenUp { .. }));
    assert_eq!(story.on(restart(WEB)), [spawn(WEB, 2)]);
    story.spawned(WEB, 2);
    assert_eq!(story.interrupt(), [terminate(WEB, 2), terminate(API, 1)]);
    story.exits(WEB, 2, FINE);
    assert_eq!(story.exits(API, 1, FINE), [finish(0)]);
}

#[test]
fn who_waits_for_a_restart_need_not_any_more() {
    let mut story = Story::up([planned("web"), planned("api")]);
    assert_eq!(story.exits(WEB, 1, FAILED), []);
    assert_eq!(story.on(start(WEB)), [spawn(WEB, 2)]);
    assert_eq!(story.after(seconds(60)), []);
}

#[test]
fn what_was_stopped_stays_so_and_the_session_waits() {
    let mut story = Story::up([with_policy("web", RestartPolicy::Always)]);
    assert_eq!(story.on(stop(WEB)), [terminate(WEB, 1)]);
    assert_eq!(story.on(stop(WEB)), [], "and it is said once");
    assert_eq!(story.exits(WEB, 1, FAILED), []);
    let said = story.said();
    assert!(matches!(
        said.as_slice(),
        [Notice::StopAsked { .. }, Notice::StoppedByHand { .. }]
    ));
    assert_eq!(story.after(seconds(1000)), []);
    assert_eq!(story.on(start(WEB)), [spawn(WEB, 2)]);
    story.spawned(WEB, 2);
    assert_eq!(story.on(stop(WEB)), [terminate(WEB, 2)]);
    assert_eq!(story.on(start(WEB)), [], "behind the run that ends");
    assert_eq!(story.exits(WEB, 2, FINE), [spawn(WEB, 3)]);
    assert_eq!(story.on(stop(WEB)), []);
    assert_eq!(story.spawned(WEB, 3), [terminate(WEB, 3)]);
    story.exits(WEB, 3, FINE);
    assert_eq!(story.interrupt(), [finish(0)]);
}

#[test]
fn what_runs_is_not_started_twice() {
    let mut story = Story::up([planned("web")]);
    assert_eq!(story.on(start(WEB)), []);
    assert_eq!(story.said(), []);
}

#[test]
fn nothing_is_granted_once_all_is_being_ended() {
    let mut story = Story::up([planned("web"), planned("api")]);
    assert_eq!(story.exits(WEB, 1, FINE), []);
    assert_eq!(story.interrupt(), [terminate(API, 1)]);
    for event in [start(WEB), restart(API), stop(API)] {
        assert_eq!(story.on(event), []);
    }
    assert_eq!(story.exits(API, 1, FINE), [finish(0)]);
}

/// A script may ask as well.
#[test]
fn not_even_by_hand_there_are_more_than_20_starts_in_8_s() {
    let mut story = Story::up([planned("web")]);
    for run in 1..20 {
        assert_eq!(story.on(restart(WEB)), [terminate(WEB, run)]);
        assert_eq!(story.exits(WEB, run, FINE), [spawn(WEB, run + 1)]);
        story.spawned(WEB, run + 1);
    }
    assert_eq!(story.on(restart(WEB)), [terminate(WEB, 20)]);
    assert_eq!(story.exits(WEB, 20, FINE), []);
    assert_eq!(story.after(seconds(8)), [spawn(WEB, 21)]);
}

#[test]
fn a_crash_just_before_is_said_all_the_same() {
    let mut story = Story::up([planned("web"), planned("api")]);
    assert_eq!(story.leader_exits(WEB, 1, FAILED, 0), []);
    assert_eq!(story.on(restart(WEB)), []);
    assert_eq!(story.gone(WEB, 1, 0), [spawn(WEB, 2)]);
    let at_once = Next::Restart {
        number: 1,
        delay: std::time::Duration::ZERO,
    };
    assert_eq!(story.next(), at_once);
    story.spawned(WEB, 2);
    assert_eq!(story.leader_exits(WEB, 2, FAILED, 0), []);
    assert_eq!(story.on(stop(WEB)), []);
    assert_eq!(story.gone(WEB, 2, 0), []);
    assert_eq!(story.next(), Next::NotRestarted);
    assert_eq!(story.interrupt(), [terminate(API, 1)]);
    assert_eq!(story.exits(API, 1, FINE), [finish(0)]);
}
