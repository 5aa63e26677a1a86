//! Of whom nothing more is to be waited for, and what is told to whoever waits.

use super::*;
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
