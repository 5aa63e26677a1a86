//! Of whom nothing more is to be waited for, and what is told to whoever waits.

use super::*;
use crate::supervisor::tests::wiring::{after, needing, use_of};
use crate::words::notice::WaitedFor;
use crate::words::policy::{Attendance, KeyHints};

const DETACHED: SessionRules = SessionRules {
    fail_fast: false,
    hints: KeyHints::Clients,
    says_all: false,
    attendance: Attendance::Nobody,
};

fn with_port(process_type: &str, port: u16) -> PlannedProcess {
    PlannedProcess {
        port: Some(port),
        ..planned(process_type)
    }
}

fn without_port(process_type: &str, restart: RestartPolicy) -> PlannedProcess {
    PlannedProcess {
        port: None,
        ..with_policy(process_type, restart)
    }
}

fn settled(status: u8) -> Action {
    Action::Settled { status }
}

#[test]
fn it_is_told_once_when_all_are_ready() {
    let mut story = Story::with(DETACHED, [with_port("web", 5000), with_port("api", 5100)]);
    story.all_up();
    story.listens(0, 1, &[5000]);
    assert!(story.supervisor.is_settled(0));
    assert!(!story.supervisor.is_settled(1));
    let listens = Event::Listens {
        process: 1,
        run: 1,
        listeners: vec![listener(5100)],
    };
    assert_eq!(story.on(listens), [settled(0)]);
    assert!(story.said().iter().any(is_summary));
    assert_eq!(story.after(seconds(60)), []);
}

#[test]
fn who_is_started_again_is_waited_for_until_it_has_failed_for_good() {
    let rules = PlannedProcess {
        max_restarts: 2,
        ..with_policy("web", RestartPolicy::OnFailure)
    };
    let mut story = Story::with(DETACHED, [rules, with_port("api", 5100)]);
    story.all_up();
    story.listens(1, 1, &[5100]);
    assert_eq!(story.exits(0, 1, Exit::Status(3)), []);
    assert_eq!(story.after(seconds(1)), [spawn(0, 2)]);
    assert_eq!(story.spawned(0, 2), []);
    assert_eq!(story.exits(0, 2, Exit::Status(3)), [settled(3)]);
}

#[test]
fn who_dies_of_its_first_lines_was_not_up() {
    let mut story = Story::with(DETACHED, [without_port("web", RestartPolicy::Never)]);
    story.all_up();
    assert_eq!(story.after(millis(300)), []);
    assert_eq!(story.exits(0, 1, Exit::Status(1)), [finish(1)]);
    let mut story = Story::with(DETACHED, [without_port("web", RestartPolicy::Never)]);
    story.all_up();
    assert_eq!(story.after(seconds(1)), [settled(0)]);
}

#[test]
fn who_is_held_on_a_leash_goes_on_with_nothing_to_run() {
    let rules = SessionRules {
        attendance: Attendance::Holder,
        ..DETACHED
    };
    let mut story = Story::with(rules, [planned("release")]);
    story.all_up();
    assert_eq!(story.exits(0, 1, Exit::Status(0)), []);
    assert!(story.supervisor.is_settled(0));
    assert_eq!(story.interrupt(), [finish(0)]);
}

#[test]
fn what_failed_or_was_stopped_is_to_be_started_and_what_has_done_its_work_is_not() {
    let never = || with_policy("web", RestartPolicy::Never);
    let mut story = Story::up([never(), planned("job"), planned("api")]);
    assert_eq!(story.exits(0, 1, Exit::Status(1)), []);
    assert_eq!(story.exits(1, 1, Exit::Status(0)), []);
    let stop = Event::StopAsked { process: 2 };
    assert!(!story.supervisor.is_to_be_started(2));
    assert_eq!(story.on(stop), [terminate(2, 1)]);
    let places = [0, 1, 2];
    let is_to_be_started = places.map(|place| story.supervisor.is_to_be_started(place));
    assert_eq!(is_to_be_started, [true, false, true]);
    assert_eq!(story.supervisor.last_lines(0), ["last words"]);
}

/// Whom the last line names that says who is waited for, if one was said.
fn awaited(story: &mut Story) -> Option<Vec<(String, Option<u16>)>> {
    let said = story.said().into_iter();
    let lines = said.filter_map(|notice| match notice {
        Notice::Awaited { for_ } => Some(for_),
        _ => None,
    });
    let last = lines.last()?.into_iter();
    let named = last.map(|it| match it {
        WaitedFor::Process { provider, port, .. } => (provider.to_string(), port),
        other => panic!("{other:?}"),
    });
    Some(named.collect())
}

/// A process that does not listen is settled so long after its spawn, and not before.
fn check_silent(story: &mut Story, process: ProcessIndex, after: Duration) {
    story.after(after - MOMENT);
    assert!(!story.supervisor.is_settled(process));
    story.after(MOMENT);
    assert!(story.supervisor.is_settled(process));
}

#[test]
fn a_web_is_expected_to_listen() {
    let mut story = Story::with(DETACHED, [with_port("web", 5000), with_port("api", 5100)]);
    story.all_up();
    story.listens(1, 1, &[5100]);
    check_silent(&mut story, 0, seconds(60));
}

#[test]
fn who_only_works_is_settled_soon_alone_or_not() {
    let mut story = Story::with(DETACHED, [with_port("worker", 5000)]);
    story.all_up();
    check_silent(&mut story, 0, seconds(3));
    let mut story = Story::with(
        DETACHED,
        [with_port("worker", 5000), with_port("web", 5100)],
    );
    story.all_up();
    check_silent(&mut story, 0, seconds(3));
}

#[test]
fn who_is_waited_for_is_expected_to_listen() {
    for need in [use_of(1), after(1)] {
        let slow = with_port("slow", 5100);
        let mut story = Story::with(DETACHED, [needing("app", [need]), slow]);
        assert_eq!(story.start(), [spawn(1, 1)]);
        assert_eq!(story.spawned(1, 1), []);
        check_silent(&mut story, 1, seconds(60));
    }
}

#[test]
fn who_did_listen_is_expected_to_do_so_in_every_later_run() {
    let mut story = Story::up([with_port("worker", 5000)]);
    story.after(seconds(3));
    story.listens(0, 1, &[5000]);
    let again = |story: &mut Story, run: u32| {
        story.on(Event::RestartAsked { process: 0 });
        story.exits(0, run, Exit::Status(0));
        story.spawned(0, run + 1);
    };
    for run in [1, 2] {
        again(&mut story, run);
        check_silent(&mut story, 0, seconds(60));
    }
}

#[test]
fn who_listens_elsewhere_is_settled_when_that_is_certain() {
    let mut story = Story::up([with_port("web", 5000)]);
    story.after(seconds(5));
    story.listens(0, 1, &[5173]);
    check_silent(&mut story, 0, seconds(1));
}

#[test]
fn who_waits_is_told_for_whom_seldom_and_once_for_all() {
    let processes = [with_port("web", 5000), with_port("worker", 5100)];
    let mut story = Story::with(DETACHED, processes);
    story.start();
    story.spawned(0, 1);
    story.after(millis(300));
    story.spawned(1, 1);
    story.said();
    story.after(millis(699));
    assert_eq!(awaited(&mut story), None);
    story.after(MOMENT);
    let (web, worker) = (
        ("web.1".into(), Some(5000)),
        ("worker.1".into(), Some(5100)),
    );
    assert_eq!(awaited(&mut story), Some(vec![web.clone(), worker]));
    story.after(seconds(9) - MOMENT);
    assert_eq!(awaited(&mut story), None);
    story.after(MOMENT);
    assert_eq!(awaited(&mut story), Some(vec![web]));
    assert_eq!(story.after(seconds(50)), [settled(0)]);
    story.said();
    story.after(seconds(300));
    assert_eq!(awaited(&mut story), None);
}

#[test]
fn at_a_terminal_nobody_is_told_who_is_to_listen() {
    let mut story = Story::up([with_port("web", 5000)]);
    story.after(seconds(100));
    assert_eq!(awaited(&mut story), None);
}
