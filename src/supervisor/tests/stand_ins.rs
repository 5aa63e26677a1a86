//! Somebody runs a program in the place of a process.

use crate::plan::{Need, PlannedProcess, Provider};
use crate::supervisor::tests::{
    API, FAILED, FINE, GRACE, MOMENT, Story, WEB, finish, kill, millis, not_started, planned,
    seconds, spawn, terminate, with_policy,
};
use crate::supervisor::{Action, Event, ProcessIndex};
use crate::words::exit::Exit;
use crate::words::notice::{Notice, Shown};
use crate::words::policy::RestartPolicy;
use crate::words::stand_in::{Program, StandIn, Then};

fn program() -> Program {
    Program {
        pid: 41300,
        command: "pdb app.py".into(),
    }
}

fn replace(process: ProcessIndex) -> Event {
    let program = program();
    Event::ReplaceAsked { process, program }
}

fn ended(process: ProcessIndex, run: u32) -> Event {
    Event::StandInEnded { process, run }
}

fn let_in(process: ProcessIndex, run: u32) -> Action {
    Action::LetIn { process, run }
}

fn turn_away(process: ProcessIndex) -> Action {
    Action::TurnAway { process }
}

/// `web` and `api` are up, and the second run of `web` is somebody's program.
fn stood_in() -> Story {
    let mut story = Story::up([planned("web"), planned("api")]);
    assert_eq!(story.on(replace(WEB)), [terminate(WEB, 1)]);
    assert_eq!(story.exits(WEB, 1, FAILED), [let_in(WEB, 2)]);
    story
}

/// What was said to follow the ends of programs.
fn ends(story: &mut Story) -> Vec<Then> {
    let said = story.said().into_iter();
    said.filter_map(|notice| match notice {
        Notice::StandIn(StandIn::Ended { then, .. }) => Some(then),
        _ => None,
    })
    .collect()
}

#[test]
fn it_has_the_place_once_nothing_of_the_process_is_left_and_then_that_is_back_at_once() {
    let mut story = Story::up([planned("web"), planned("api")]);
    assert_eq!(story.on(replace(WEB)), [terminate(WEB, 1)]);
    assert_eq!(story.leader_exits(WEB, 1, Exit::Signal(15), 1), []);
    assert_eq!(story.after(GRACE), [kill(WEB, 1)]);
    assert_eq!(story.gone(WEB, 1, 1), [let_in(WEB, 2)]);
    let row = &story.supervisor.rows(story.now)[WEB];
    assert_eq!((row.pid, row.stand_in), (Some(41300), true));
    story.listens(WEB, 2, &[5000]);
    assert_eq!(story.supervisor.rows(story.now)[WEB].state, Shown::Ready);
    assert_eq!(story.supervisor.restarts(WEB), 0);
    assert_eq!(story.after(seconds(100)), []);
    story.said();
    assert_eq!(story.on(ended(WEB, 2)), [spawn(WEB, 3)]);
    assert_eq!(ends(&mut story), [Then::Back]);
    story.spawned(WEB, 3);
    assert!(!story.supervisor.rows(story.now)[WEB].stand_in);
    assert_eq!(story.supervisor.restarts(WEB), 1);
    assert_eq!(story.on(ended(WEB, 2)), [], "that is late");
}

#[test]
fn its_end_is_no_failure_whatever_the_policy() {
    let mut story = Story::up([with_policy("web", RestartPolicy::Never), planned("api")]);
    story.on(replace(WEB));
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.on(ended(WEB, 2)), [spawn(WEB, 3)]);
    story.spawned(WEB, 3);
    assert_eq!(story.interrupt(), [terminate(WEB, 3), terminate(API, 1)]);
    story.exits(WEB, 3, FINE);
    assert_eq!(story.exits(API, 1, FINE), [finish(0)]);
    let done = story.said().into_iter().find_map(|notice| match notice {
        Notice::Done { restarts, .. } => Some(restarts),
        _ => None,
    });
    assert_eq!(done, Some(1), "the program was none");
}

#[test]
fn a_run_that_ends_by_itself_just_then_makes_room_as_well() {
    let mut story = Story::up([planned("web"), planned("api")]);
    assert_eq!(story.leader_exits(WEB, 1, FAILED, 0), []);
    assert_eq!(story.on(replace(WEB)), []);
    assert_eq!(story.gone(WEB, 1, 0), [let_in(WEB, 2)]);
    assert_eq!(story.on(ended(WEB, 2)), [spawn(WEB, 3)]);
}

#[test]
fn a_run_that_is_only_being_started_makes_room_whether_it_comes_or_not() {
    let mut story = Story::of([planned("web"), planned("api")]);
    story.start();
    assert_eq!(story.on(replace(WEB)), []);
    assert_eq!(story.spawned(WEB, 1), [terminate(WEB, 1)]);
    assert_eq!(story.exits(WEB, 1, FINE), [let_in(WEB, 2)]);

    let mut story = Story::of([planned("web"), planned("api")]);
    story.start();
    assert_eq!(story.on(replace(WEB)), []);
    assert_eq!(story.on(not_started(WEB, 1)), [let_in(WEB, 2)]);

    // Nor is it tried again, if that would help, before the program is gone.
    let mut story = Story::up([planned("web"), planned("api")]);
    story.exits(WEB, 1, FAILED);
    story.after(millis(500));
    assert_eq!(story.on(replace(WEB)), []);
    assert_eq!(story.lacks(WEB, 2), [let_in(WEB, 3)]);
    assert_eq!(story.on(ended(WEB, 3)), [spawn(WEB, 4)]);
}

#[test]
fn what_has_failed_is_tried_again_after_it() {
    let mut story = Story::up([with_policy("web", RestartPolicy::Never), planned("api")]);
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.on(replace(WEB)), [let_in(WEB, 2)]);
    assert_eq!(story.on(ended(WEB, 2)), [spawn(WEB, 3)]);
    story.spawned(WEB, 3);
    story.interrupt();
    story.exits(WEB, 3, FINE);
    assert_eq!(
        story.exits(API, 1, FINE),
        [finish(0)],
        "that is seen to by then"
    );
}

#[test]
fn what_did_not_run_before_does_not_afterwards() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.on(Event::StopAsked { process: WEB });
    story.exits(WEB, 1, FINE);
    assert_eq!(story.exits(API, 1, FINE), []);
    for (process, run) in [(WEB, 2), (API, 2)] {
        assert_eq!(story.on(replace(process)), [let_in(process, run)]);
    }
    assert_eq!(story.on(ended(WEB, 2)), []);
    assert_eq!(story.on(ended(API, 2)), []);
    assert_eq!(ends(&mut story), [Then::AsBefore, Then::AsBefore]);
    let rows = story.supervisor.rows(story.now);
    let states = rows.iter().map(|row| row.state);
    assert_eq!(
        states.collect::<Vec<_>>(),
        [Shown::Stopped, Shown::Completed]
    );
    // Who was stopped by hand keeps the session.
    assert_eq!(
        story.on(Event::StartAsked { process: WEB }),
        [spawn(WEB, 3)]
    );
}

#[test]
fn who_is_started_meanwhile_is_started_afterwards() {
    let start = || Event::StartAsked { process: WEB };
    let mut story = Story::up([planned("web"), planned("api")]);
    story.on(Event::StopAsked { process: WEB });
    story.on(replace(WEB));
    assert_eq!(story.on(start()), [], "that turns nobody away");
    assert_eq!(story.exits(WEB, 1, FINE), [let_in(WEB, 2)]);
    assert_eq!(story.on(ended(WEB, 2)), [spawn(WEB, 3)]);
    story.spawned(WEB, 3);
    story.on(Event::StopAsked { process: WEB });
    story.exits(WEB, 3, FINE);
    assert_eq!(story.on(replace(WEB)), [let_in(WEB, 4)]);
    assert_eq!(story.on(start()), []);
    assert_eq!(story.on(ended(WEB, 4)), [spawn(WEB, 5)]);
}

#[test]
fn by_hand_it_is_ended_as_the_process_would_be() {
    let mut story = stood_in();
    let restart = Event::RestartAsked { process: WEB };
    assert_eq!(story.on(restart), [terminate(WEB, 2)]);
    assert_eq!(story.after(GRACE), [kill(WEB, 2)]);
    story.said();
    assert_eq!(story.on(ended(WEB, 2)), [spawn(WEB, 3)]);
    let said = story.said();
    assert!(matches!(said[0], Notice::Killed { .. }), "{said:?}");

    let mut story = stood_in();
    assert_eq!(
        story.on(Event::StopAsked { process: WEB }),
        [terminate(WEB, 2)]
    );
    assert_eq!(story.on(ended(WEB, 2)), []);
    assert_eq!(ends(&mut story), [Then::Stopped]);
    assert_eq!(story.after(seconds(100)), []);
    assert_eq!(
        story.on(Event::StartAsked { process: WEB }),
        [spawn(WEB, 3)]
    );

    let mut story = stood_in();
    assert_eq!(story.on(Event::StartAsked { process: WEB }), []);
}

#[test]
fn who_is_wanted_otherwise_meanwhile_makes_no_room() {
    for (event, then) in [
        (Event::RestartAsked { process: WEB }, &[spawn(WEB, 2)][..]),
        (Event::StopAsked { process: WEB }, &[]),
        (
            Event::TakenOver { process: WEB },
            &[Action::GivenAway { process: WEB }],
        ),
    ] {
        let mut story = Story::up([planned("web"), planned("api")]);
        story.on(replace(WEB));
        assert_eq!(story.on(event), [turn_away(WEB)]);
        assert_eq!(story.supervisor.program(WEB), None);
        assert_eq!(story.exits(WEB, 1, FINE), then);
    }
}

#[test]
fn a_program_that_is_gone_before_leaves_all_as_it_was() {
    let gone = Event::GuestGone { process: WEB };
    let mut story = Story::up([planned("web"), planned("api")]);
    story.on(replace(WEB));
    assert_eq!(story.on(gone.clone()), []);
    assert_eq!(ends(&mut story), [Then::Back]);
    assert_eq!(story.exits(WEB, 1, FINE), [spawn(WEB, 2)]);
    assert_eq!(story.on(gone.clone()), []);

    let mut story = Story::of([planned("web"), planned("api")]);
    story.start();
    story.on(replace(WEB));
    assert_eq!(story.on(gone.clone()), []);
    assert_eq!(story.spawned(WEB, 1), [], "it was not asked to end yet");

    let mut story = Story::up([planned("web"), planned("api")]);
    story.on(Event::StopAsked { process: WEB });
    story.on(replace(WEB));
    assert_eq!(story.on(gone), []);
    assert_eq!(ends(&mut story), [Then::Stopped]);
    assert_eq!(story.exits(WEB, 1, FINE), []);
}

#[test]
fn a_session_that_ends_ends_it_too() {
    let mut story = stood_in();
    assert_eq!(story.interrupt(), [terminate(WEB, 2), terminate(API, 1)]);
    story.exits(API, 1, FINE);
    assert_eq!(story.after(GRACE), [kill(WEB, 2)]);
    assert_eq!(story.on(ended(WEB, 2)), [finish(0)]);

    let mut story = Story::up([planned("web")]);
    story.on(replace(WEB));
    assert_eq!(story.interrupt(), [turn_away(WEB)]);
    assert_eq!(story.on(replace(WEB)), [turn_away(WEB)]);
    assert_eq!(story.exits(WEB, 1, FINE), [finish(0)]);
}

#[test]
fn what_moves_meanwhile_is_said_once_and_restarts_nothing() {
    let mut story = stood_in();
    story.said();
    let moved = || Event::EnvChanged {
        process: WEB,
        variables: vec!["API_URL".into()],
    };
    assert_eq!(story.on(moved()), []);
    let said = story.said();
    let is_kept = matches!(
        said.as_slice(),
        [Notice::StandIn(StandIn::EnvKept { variables, .. })] if variables == &["API_URL"]
    );
    assert!(is_kept, "{said:?}");
    assert_eq!(story.on(moved()), []);
    assert_eq!(story.said(), []);
}

#[test]
fn who_waits_for_the_process_waits_for_it() {
    let uses = PlannedProcess {
        needs: vec![Need {
            on: Provider::Process(WEB),
            variable: Some("WEB_URL".into()),
            waits: true,
            is_optional: false,
        }],
        ..planned("api")
    };
    let mut story = Story::of([planned("web"), uses]);
    assert_eq!(story.start(), [spawn(WEB, 1)]);
    story.spawned(WEB, 1);
    story.on(replace(WEB));
    assert_eq!(story.exits(WEB, 1, FINE), [let_in(WEB, 2)]);
    assert_eq!(story.after(MOMENT), []);
    let listens = Event::Listens {
        process: WEB,
        run: 2,
        listeners: vec![super::listener(5000)],
    };
    assert_eq!(story.on(listens), [spawn(API, 1)]);
}

#[test]
fn its_failures_before_are_forgotten() {
    let once = PlannedProcess {
        max_restarts: 2,
        ..planned("web")
    };
    let mut story = Story::up([once, planned("api")]);
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.on(replace(WEB)), [let_in(WEB, 2)]);
    story.on(ended(WEB, 2));
    story.spawned(WEB, 3);
    story.exits(WEB, 3, FAILED);
    assert_eq!(story.after(seconds(1)), [spawn(WEB, 4)]);
}
