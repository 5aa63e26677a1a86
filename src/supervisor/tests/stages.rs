//! Consumers before what they use, at the end; and what changes while they run.

use crate::plan::{Need, PlannedProcess};
use crate::supervisor::Event;
use crate::supervisor::tests::wiring::{held, name, needing, serves, state, use_of, waits};
use crate::supervisor::tests::{
    API, FAILED, FINE, MOMENT, Story, WEB, finish, kill, millis, plan_of, planned, seconds, spawn,
    terminate,
};
use crate::words::exit::Exit;
use crate::words::notice::{Next, Notice, Shown, WaitedFor};
use crate::words::policy::RestartPolicy;

#[test]
fn a_changed_environment_is_a_restart_of_who_runs() {
    let changed = |process| Event::EnvChanged {
        process,
        variables: vec!["API_URL".into()],
    };
    let mut story = held([needing("web", [use_of(API)]), planned("api")]);
    assert_eq!(story.on(changed(WEB)), [], "it waits");
    assert_eq!(story.said(), []);
    assert_eq!(story.on(changed(API)), [terminate(API, 1)]);
    let said = Notice::EnvChanged {
        process: name("api"),
        variables: vec!["API_URL".into()],
    };
    assert_eq!(story.said(), [said]);
    assert_eq!(story.on(changed(API)), [], "it is started anew anyway");
    assert_eq!(story.exits(API, 1, FINE), [spawn(API, 2)]);
    assert_eq!(story.on(changed(API)), []);
    assert_eq!(story.spawned(API, 2), [terminate(API, 2)]);
    assert_eq!(story.exits(API, 2, FINE), [spawn(API, 3)]);
}

#[test]
fn not_even_changes_make_more_than_20_starts_in_8_s() {
    let mut story = Story::up([planned("web")]);
    let changed = || Event::EnvChanged {
        process: WEB,
        variables: Vec::new(),
    };
    for run in 1..20 {
        assert_eq!(story.on(changed()), [terminate(WEB, run)]);
        assert_eq!(story.exits(WEB, run, FINE), [spawn(WEB, run + 1)]);
        story.spawned(WEB, run + 1);
    }
    assert_eq!(story.on(changed()), [terminate(WEB, 20)]);
    assert_eq!(story.exits(WEB, 20, FINE), []);
    assert_eq!(story.after(seconds(8)), [spawn(WEB, 21)]);
}

#[test]
fn a_changed_environment_forgives_no_failures() {
    let once = PlannedProcess {
        max_restarts: 2,
        ..planned("web")
    };
    let mut story = Story::up([once, planned("api")]);
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.after(millis(500)), [spawn(WEB, 2)]);
    story.spawned(WEB, 2);
    let variables = Vec::new();
    story.on(Event::EnvChanged {
        process: WEB,
        variables,
    });
    assert_eq!(story.exits(WEB, 2, FAILED), [spawn(WEB, 3)]);
    story.spawned(WEB, 3);
    story.exits(WEB, 3, FAILED);
    assert!(matches!(story.next(), Next::GivenUp { .. }));
}

#[test]
fn settings_that_were_read_anew_hold_from_then_on() {
    let mut story = Story::up([planned("web"), planned("api")]);
    let web = PlannedProcess {
        restart: RestartPolicy::Never,
        port: Some(6001),
        ..needing("web", [use_of(API)])
    };
    story
        .supervisor
        .adopt_plan(&plan_of(vec![web, planned("api")]));
    assert_eq!(story.on(serves(WEB, 1, &[5000])), []);
    assert_eq!(state(&story, WEB), Shown::Ready);
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.next(), Next::NotRestarted);
}

#[test]
fn consumers_are_stopped_before_what_they_use() {
    let mut story = Story::up([
        planned("api"),
        PlannedProcess {
            grace: seconds(2),
            ..needing("web", [])
        },
        planned("clock"),
    ]);
    let uses = |provider| Need {
        waits: false,
        ..use_of(provider)
    };
    let web = needing("web", [uses(0)]);
    let plan = plan_of(vec![needing("api", [uses(2)]), web, planned("clock")]);
    story.supervisor.adopt_plan(&plan);
    assert_eq!(story.interrupt(), [terminate(1, 1)]);
    assert!(matches!(
        story.said()[0],
        Notice::Stopping { processes: 3, .. }
    ));
    // The last output of a stage is not waited for.
    assert_eq!(story.leader_exits(1, 1, FINE, 0), [terminate(0, 1)]);
    assert_eq!(story.gone(1, 1, 0), []);
    story.after(seconds(1));
    assert!(matches!(
        story.said().as_slice(),
        [Notice::StopsWaiting { process, .. }] if *process == name("api")
    ));
    // Its grace is over, so the next stage begins; that has a grace of its own.
    assert_eq!(story.after(seconds(4)), [kill(0, 1), terminate(2, 1)]);
    assert_eq!(story.exits(0, 1, Exit::Signal(9)), []);
    assert_eq!(story.after(seconds(5) - MOMENT), []);
    assert_eq!(story.after(MOMENT), [kill(2, 1)]);
    assert_eq!(story.exits(2, 1, Exit::Signal(9)), [finish(0)]);
}

#[test]
fn without_a_grace_one_stage_follows_another_at_once() {
    let at_once = |process: PlannedProcess| PlannedProcess {
        grace: seconds(0),
        ..process
    };
    let mut story = held([
        at_once(needing("web", [use_of(API)])),
        at_once(planned("api")),
    ]);
    story.on(serves(API, 1, &[5000]));
    story.spawned(WEB, 1);
    assert_eq!(
        story.interrupt(),
        [
            terminate(WEB, 1),
            kill(WEB, 1),
            terminate(API, 1),
            kill(API, 1)
        ]
    );
}

#[test]
fn a_second_request_kills_all_stages_at_once() {
    let mut story = held([needing("web", [use_of(API)]), planned("api")]);
    story.on(serves(API, 1, &[5000]));
    story.spawned(WEB, 1);
    assert_eq!(story.interrupt(), [terminate(WEB, 1)]);
    story.after(millis(150));
    assert_eq!(
        story.interrupt(),
        [kill(WEB, 1), terminate(API, 1), kill(API, 1)]
    );
}

#[test]
fn by_hand_only_that_one_is_stopped_and_a_later_start_waits_for_it() {
    let mut story = held([needing("web", [use_of(API)]), planned("api")]);
    story.on(serves(API, 1, &[5000]));
    story.spawned(WEB, 1);
    let stop = Event::StopAsked { process: API };
    assert_eq!(story.on(stop), [terminate(API, 1)]);
    assert_eq!(story.exits(API, 1, FINE), []);
    story.exits(WEB, 1, FAILED);
    story.said();
    assert_eq!(story.after(seconds(3)), []);
    let api = WaitedFor::Somebody {
        provider: name("api"),
    };
    assert!(story.said().contains(&waits("web", api, 2)));
    let start = Event::StartAsked { process: API };
    assert_eq!(story.on(start), [spawn(API, 2)]);
    story.spawned(API, 2);
    assert_eq!(story.on(serves(API, 2, &[5000])), [spawn(WEB, 2)]);
}
