//! Processes that another session runs, or nobody, and how they pass from one to another.

use crate::plan::PlannedProcess;
use crate::supervisor::tests::wiring::{
    after, dormant, held, joined, need_failed, needing, optional, seen, serves, state, use_of,
};
use crate::supervisor::tests::{
    API, FAILED, FINE, JOB, Story, WEB, finish, is_summary, kill, not_started, planned, seconds,
    spawn, terminate, with_policy,
};
use crate::supervisor::{Action, Elsewhere, Event, ProcessIndex, SessionRules};
use crate::words::exit::Exit;
use crate::words::notice::{Notice, Shown};
use crate::words::policy::{OnExit, RestartPolicy};

fn given_away(process: ProcessIndex) -> Action {
    Action::GivenAway { process }
}

#[test]
fn an_optional_use_lets_its_consumer_go_when_nobody_is_there() {
    let processes = [needing("web", [optional(API)]), joined("api")];
    let mut story = Story::of(processes);
    assert_eq!(story.start(), []);
    assert_eq!(story.on(seen(API, Elsewhere::NotReady)), []);
    assert_eq!(story.on(seen(API, Elsewhere::Absent)), [spawn(WEB, 1)]);
}

#[test]
fn the_end_of_all_may_follow_from_a_failure_elsewhere() {
    for fail_fast in [false, true] {
        let rules = SessionRules {
            fail_fast,
            ..SessionRules::default()
        };
        let web = PlannedProcess {
            on_exit: [OnExit::Shutdown, OnExit::Keep][usize::from(fail_fast)],
            ..needing("web", [use_of(API)])
        };
        let mut story = Story::with(rules, [web, joined("api"), planned("job")]);
        assert_eq!(story.start(), [spawn(JOB, 1)]);
        story.spawned(JOB, 1);
        let failed = seen(API, Elsewhere::Failed(7));
        assert_eq!(story.on(failed), [terminate(JOB, 1)]);
        assert_eq!(story.exits(JOB, 1, FINE), [finish(7)]);
    }
}

#[test]
fn who_is_wanted_by_nobody_is_not_started_until_somebody_asks() {
    let mut story = Story::of([dormant("web"), planned("api")]);
    assert_eq!(story.start(), [spawn(API, 1)]);
    story.spawned(API, 1);
    let row = &story.supervisor.rows(story.now)[WEB];
    assert_eq!((row.state, row.is_dormant), (Shown::Stopped, true));
    story.on(serves(API, 1, &[5000]));
    let said = story.said();
    let summary = said.iter().find(|notice| is_summary(notice));
    assert!(
        matches!(summary, Some(Notice::AllUp { rows, .. }) if rows.len() == 1),
        "{said:?}"
    );
    assert_eq!(story.on(Event::StopAsked { process: WEB }), []);
    assert_eq!(story.said(), []);
    assert_eq!(
        story.on(Event::StartAsked { process: WEB }),
        [spawn(WEB, 1)]
    );
    assert!(!story.supervisor.rows(story.now)[WEB].is_dormant);
}

#[test]
fn who_is_waited_for_is_wanted() {
    let mut story = Story::of([needing("web", [use_of(API)]), dormant("api")]);
    assert_eq!(story.start(), [spawn(API, 1)]);
    let mut story = Story::of([needing("web", [optional(API)]), dormant("api")]);
    assert_eq!(story.start(), [spawn(WEB, 1)]);
}

#[test]
fn what_another_session_runs_is_neither_started_nor_signalled_nor_waited_for() {
    let mut story = Story::of([needing("web", [use_of(API)]), joined("api")]);
    assert_eq!(story.start(), []);
    assert_eq!(state(&story, API), Shown::Waiting);
    assert_eq!(story.on(seen(API, Elsewhere::NotReady)), []);
    assert_eq!(state(&story, API), Shown::Starting);
    assert_eq!(story.on(seen(API, Elsewhere::Ready)), [spawn(WEB, 1)]);
    assert_eq!(
        story.supervisor.rows(story.now)[API].url,
        Some("http://localhost:5100".into())
    );
    story.spawned(WEB, 1);
    for event in [
        Event::RestartAsked { process: API },
        Event::StopAsked { process: API },
        Event::StartAsked { process: API },
        Event::PortMoved {
            process: API,
            port: 5101,
            taken_by: None,
        },
    ] {
        story.said();
        assert_eq!(story.on(event), []);
        assert_eq!(story.said(), []);
    }
    // Its owner goes: who runs goes on.
    assert_eq!(story.on(seen(API, Elsewhere::Unknown)), []);
    assert_eq!(story.interrupt(), [terminate(WEB, 1)]);
    assert!(matches!(
        story.said()[0],
        Notice::Stopping { processes: 1, .. }
    ));
    assert_eq!(story.exits(WEB, 1, FINE), [finish(0)]);
}

#[test]
fn who_passes_to_another_session_has_a_moment_before_all_is_summed_up() {
    let summaries = |story: &mut Story| story.said().into_iter().filter(is_summary).count();
    for comes_up in [true, false] {
        let mut story = Story::of([needing("web", [use_of(API)]), joined("api")]);
        story.start();
        story.on(seen(API, Elsewhere::Ready));
        story.spawned(WEB, 1);
        story.on(seen(API, Elsewhere::NotReady));
        story.on(serves(WEB, 1, &[5000]));
        assert_eq!(summaries(&mut story), 0);
        if comes_up {
            story.on(seen(API, Elsewhere::Ready));
        } else {
            story.after(seconds(2));
        }
        assert_eq!(summaries(&mut story), 1);
    }
}

#[test]
fn a_session_ends_with_its_own_processes() {
    let mut story = Story::of([planned("web"), joined("api")]);
    story.start();
    story.spawned(WEB, 1);
    story.on(seen(API, Elsewhere::Ready));
    assert_eq!(story.exits(WEB, 1, FINE), [finish(0)]);
}

#[test]
fn a_failure_elsewhere_counts_once_it_fails_somebody_here() {
    let mut story = Story::of([needing("web", [use_of(API)]), joined("api"), planned("job")]);
    story.start();
    story.spawned(JOB, 1);
    story.said();
    assert_eq!(story.on(seen(API, Elsewhere::Failed(3))), []);
    assert_eq!(story.said(), [need_failed("web", Some("API_URL"), "api")]);
    // Ready again, it is waited for no more, and its failure is forgotten.
    assert_eq!(story.on(seen(API, Elsewhere::Ready)), [spawn(WEB, 1)]);
    story.spawned(WEB, 1);
    story.on(seen(API, Elsewhere::Failed(3)));
    assert_eq!(story.said().len(), 1, "web.1 started");
    story.exits(WEB, 1, FINE);
    assert_eq!(story.exits(JOB, 1, FINE), [finish(0)]);
    let mut story = Story::of([needing("web", [use_of(API)]), joined("api")]);
    story.start();
    assert_eq!(story.on(seen(API, Elsewhere::Failed(3))), [finish(3)]);
}

#[test]
fn what_is_adopted_is_started_here() {
    let mut story = Story::of([
        needing("web", [use_of(API)]),
        PlannedProcess {
            needs: vec![after(JOB)],
            ..joined("api")
        },
        joined("job"),
        PlannedProcess {
            is_wanted: false,
            ..joined("clock")
        },
    ]);
    assert_eq!(story.start(), []);
    assert_eq!(story.on(Event::Adopted { process: 3 }), []);
    assert_eq!(story.on(Event::Adopted { process: API }), []);
    assert_eq!(state(&story, API), Shown::Waiting);
    let adopted = Event::Adopted { process: JOB };
    assert_eq!(story.on(adopted), [spawn(JOB, 1)]);
    story.spawned(JOB, 1);
    assert_eq!(story.on(serves(JOB, 1, &[5100])), [spawn(API, 1)]);
    story.spawned(API, 1);
    assert_eq!(story.on(serves(API, 1, &[5100])), [spawn(WEB, 1)]);
}

#[test]
fn what_is_taken_over_is_ended_here_and_then_given_away() {
    let mut story = held([needing("web", [use_of(API)]), planned("api")]);
    story.on(serves(API, 1, &[5000]));
    story.spawned(WEB, 1);
    let taken = || Event::TakenOver { process: API };
    assert_eq!(story.on(taken()), [terminate(API, 1)]);
    for event in [
        taken(),
        Event::RestartAsked { process: API },
        seen(API, Elsewhere::Ready),
        Event::Adopted { process: API },
    ] {
        assert_eq!(story.on(event), []);
    }
    assert_eq!(story.after(seconds(5)), [kill(API, 1)]);
    story.said();
    assert_eq!(story.exits(API, 1, Exit::Signal(9)), [given_away(API)]);
    assert!(matches!(story.said().as_slice(), [Notice::Killed { .. }]));
    assert_eq!(state(&story, API), Shown::Waiting);
    assert_eq!(story.on(taken()), [], "once");
    assert_eq!(story.on(seen(API, Elsewhere::Ready)), []);
    // And back, when that session vanishes.
    let adopted = Event::Adopted { process: API };
    assert_eq!(story.on(adopted), [spawn(API, 2)]);
}

#[test]
fn what_does_not_run_is_given_away_at_once() {
    let api = with_policy("api", RestartPolicy::Never);
    let mut story = Story::up([planned("web"), api, planned("job"), dormant("clock")]);
    story.exits(API, 1, FAILED);
    story.exits(JOB, 1, FAILED);
    for process in [API, JOB, 3] {
        let taken = Event::TakenOver { process };
        assert_eq!(story.on(taken), [given_away(process)]);
    }
    assert_eq!(story.after(seconds(60)), []);
    // Its failure was ours, and is forgotten.
    assert_eq!(story.exits(WEB, 1, FINE), [finish(0)]);
}

#[test]
fn a_run_that_is_only_being_started_is_given_away_when_it_is_over() {
    let mut story = Story::of([planned("web"), planned("api")]);
    story.start();
    assert_eq!(story.on(Event::TakenOver { process: WEB }), []);
    assert_eq!(story.on(Event::TakenOver { process: API }), []);
    assert_eq!(story.spawned(WEB, 1), [terminate(WEB, 1)]);
    assert_eq!(story.on(not_started(API, 1)), [given_away(API)]);
    assert_eq!(story.exits(WEB, 1, FINE), [given_away(WEB), finish(0)]);
}

#[test]
fn a_take_over_in_a_shutdown_ends_with_it() {
    let mut story = Story::up([planned("web"), planned("api")]);
    assert_eq!(story.interrupt(), [terminate(WEB, 1), terminate(API, 1)]);
    assert_eq!(story.on(Event::TakenOver { process: API }), []);
    assert_eq!(story.exits(WEB, 1, FINE), []);
    assert_eq!(story.exits(API, 1, FINE), [given_away(API), finish(0)]);
}

#[test]
fn who_is_ready_elsewhere_is_another_one_that_is_ready() {
    let mut story = Story::of([needing("web", [use_of(API)]), joined("api")]);
    assert_eq!(story.start(), []);
    assert_eq!(story.on(seen(API, Elsewhere::Ready)), [spawn(WEB, 1)]);
    story.spawned(WEB, 1);
    story.said();
    assert_eq!(story.after(seconds(3)), []);
    assert!(story.said().iter().any(is_summary), "it does not last 10 s");
}
