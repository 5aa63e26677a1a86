//! What a process waits for before it is started, and what comes of it.

use crate::plan::{External, Host, Need, Plan, PlannedProcess, Provider};
use crate::supervisor::tests::{
    API, FAILED, FINE, JOB, MOMENT, Story, WEB, finish, is_summary, millis, plan_of, planned,
    seconds, spawn, with_policy,
};
use crate::supervisor::{Elsewhere, Event, ProcessIndex, SessionRules};
use crate::words::exit::Exit;
use crate::words::name::ProcessName;
use crate::words::notice::{Next, Notice, Shown, WaitedFor};
use crate::words::policy::KeyHints;
use crate::words::policy::RestartPolicy;

/// `API_URL: api`.
pub(super) fn use_of(provider: ProcessIndex) -> Need {
    Need {
        on: Provider::Process(provider),
        variable: Some("API_URL".into()),
        waits: true,
        is_optional: false,
    }
}

pub(super) fn optional(provider: ProcessIndex) -> Need {
    Need {
        is_optional: true,
        ..use_of(provider)
    }
}

/// `depends_on`.
pub(super) fn after(provider: ProcessIndex) -> Need {
    Need {
        variable: None,
        ..use_of(provider)
    }
}

pub(super) fn needing<const N: usize>(process_type: &str, needs: [Need; N]) -> PlannedProcess {
    PlannedProcess {
        needs: needs.into(),
        ..planned(process_type)
    }
}

pub(super) fn portless(process_type: &str) -> PlannedProcess {
    PlannedProcess {
        port: None,
        ..planned(process_type)
    }
}

pub(super) fn joined(process_type: &str) -> PlannedProcess {
    PlannedProcess {
        host: Host::Elsewhere,
        port: Some(5100),
        ..planned(process_type)
    }
}

pub(super) fn dormant(process_type: &str) -> PlannedProcess {
    PlannedProcess {
        is_wanted: false,
        ..planned(process_type)
    }
}

pub(super) fn name(process_type: &str) -> ProcessName {
    planned(process_type).name
}

pub(super) fn seen(process: ProcessIndex, now: Elsewhere) -> Event {
    Event::Elsewhere {
        process,
        now,
        is_served: now == Elsewhere::Ready,
        not_ready: None,
    }
}

pub(super) fn serves(process: ProcessIndex, run: u32, ports: &[u16]) -> Event {
    let listeners = ports.iter().map(|port| super::listener(*port)).collect();
    Event::Listens {
        process,
        run,
        listeners,
    }
}

pub(super) fn waits(process_type: &str, for_: WaitedFor, since: u64) -> Notice {
    Notice::Waits {
        process: name(process_type),
        for_: vec![for_],
        since: seconds(since),
    }
}

pub(super) fn need_failed(process_type: &str, variable: Option<&str>, provider: &str) -> Notice {
    Notice::NeedFailed {
        process: name(process_type),
        variable: variable.map(Into::into),
        provider: name(provider),
    }
}

pub(super) fn state(story: &Story, process: ProcessIndex) -> Shown {
    story.supervisor.rows(story.now)[process].state
}

/// web uses api; only api is started.
pub(super) fn held<const N: usize>(processes: [PlannedProcess; N]) -> Story {
    let mut story = Story::of(processes);
    assert_eq!(story.start(), [spawn(API, 1)]);
    assert_eq!(story.spawned(API, 1), []);
    story.said();
    story
}

#[test]
fn a_consumer_is_started_the_moment_its_provider_is_ready() {
    let mut story = held([needing("web", [use_of(API)]), planned("api")]);
    assert_eq!(state(&story, WEB), Shown::Waiting);
    story.after(millis(1500));
    assert_eq!(story.on(serves(API, 1, &[5000])), [spawn(WEB, 1)]);
    assert_eq!(story.said(), []);
}

#[test]
fn who_listens_elsewhere_is_waited_for_until_that_is_certain() {
    let mut story = held([needing("web", [use_of(API)]), planned("api")]);
    assert_eq!(story.on(serves(API, 1, &[5173])), []);
    assert_eq!(story.after(seconds(1) - MOMENT), []);
    assert_eq!(story.after(MOMENT), [spawn(WEB, 1)]);
    // The verdict is said once; those who wait for a later run wait no less, and no longer.
    story.spawned(WEB, 1);
    story.exits(API, 1, FAILED);
    assert_eq!(story.after(millis(500)), [spawn(API, 2)]);
    story.spawned(API, 2);
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.after(millis(500)), []);
    story.on(serves(API, 2, &[5173]));
    assert_eq!(story.after(seconds(1)), [spawn(WEB, 2)]);
}

#[test]
fn without_a_port_it_is_enough_to_run() {
    let mut story = Story::of([
        needing("web", [use_of(API), after(JOB)]),
        portless("api"),
        portless("job"),
    ]);
    assert_eq!(story.start(), [spawn(API, 1), spawn(JOB, 1)]);
    assert_eq!(story.spawned(API, 1), []);
    assert_eq!(story.spawned(JOB, 1), [spawn(WEB, 1)]);
}

#[test]
fn who_is_started_after_a_process_may_find_it_completed() {
    let mut story = held([needing("web", [after(API)]), planned("api")]);
    assert_eq!(story.exits(API, 1, FINE), [spawn(WEB, 1)]);
}

#[test]
fn what_is_not_waited_for_holds_nobody_up() {
    let need = Need {
        waits: false,
        ..use_of(API)
    };
    let mut story = Story::of([needing("web", [need]), planned("api")]);
    assert_eq!(story.start(), [spawn(WEB, 1), spawn(API, 1)]);
}

#[test]
fn a_wait_is_visible_after_2_10_and_30_s_and_every_minute() {
    let mut story = held([needing("web", [use_of(API)]), planned("api")]);
    let is_wait = |notice: &Notice| matches!(notice, Notice::Waits { .. });
    story.after(seconds(2) - MOMENT);
    assert!(!story.said().iter().any(is_wait));
    let api = || WaitedFor::Process {
        provider: name("api"),
        port: Some(5000),
        not_ready: None,
    };
    story.after(MOMENT);
    assert_eq!(story.said(), [waits("web", api(), 2)]);
    story.after(seconds(200));
    let said: Vec<Notice> = story.said().into_iter().filter(is_wait).collect();
    assert_eq!(
        said,
        [10, 30, 60, 120, 180].map(|at| waits("web", api(), at))
    );
    assert_eq!(story.supervisor.rows(story.now)[WEB].waits_for, [api()]);
    assert_eq!(story.supervisor.rows(story.now)[API].waits_for, []);
}

#[test]
fn an_external_is_waited_for_until_it_accepts() {
    let need = Need {
        on: Provider::External(0),
        ..use_of(API)
    };
    let db = External {
        host: "db.internal".into(),
        port: 5432,
    };
    let plan = Plan {
        externals: vec![db.clone()],
        ..plan_of(vec![needing("web", [need]), planned("api")])
    };
    let mut story = Story::by_plan(SessionRules::default(), &plan);
    assert_eq!(story.start(), [spawn(API, 1)]);
    story.spawned(API, 1);
    story.said();
    story.after(seconds(2));
    let waited_for = WaitedFor::External {
        host: "db.internal".into(),
        port: 5432,
    };
    assert!(story.said().contains(&waits("web", waited_for, 2)));
    let awaited = story.supervisor.awaited_externals();
    assert_eq!(awaited, std::slice::from_ref(&db));
    // What is planned anew leaves it as it is.
    story.supervisor.adopt_plan(&plan);
    let other = External {
        port: 5433,
        ..db.clone()
    };
    assert_eq!(story.on(Event::Reached { external: other }), []);
    assert_eq!(story.on(Event::Reached { external: db }), [spawn(WEB, 1)]);
    assert_eq!(story.supervisor.awaited_externals(), []);
    story.supervisor.adopt_plan(&plan);
    story.spawned(WEB, 1);
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.after(millis(500)), [spawn(WEB, 2)]);
}

#[test]
fn the_summary_waits_for_those_who_will_be_started_soon() {
    let mut story = held([needing("web", [use_of(API)]), planned("api")]);
    story.after(millis(500));
    story.on(serves(API, 1, &[5000]));
    story.spawned(WEB, 1);
    assert!(!story.said().iter().any(is_summary));
    story.on(serves(WEB, 1, &[5000]));
    let said = story.said();
    let Some(Notice::AllUp { rows, .. }) = said.iter().find(|notice| is_summary(notice)) else {
        panic!("{said:?}");
    };
    assert_eq!(rows[WEB].uses, [name("api")]);
}

#[test]
fn the_summary_does_not_wait_for_what_is_not_in_our_hands() {
    let mut story = Story::of([
        needing("web", [use_of(JOB)]),
        portless("api"),
        joined("job"),
    ]);
    story.start();
    story.spawned(API, 1);
    story.said();
    story.after(seconds(2));
    let said = story.said();
    let nobody = WaitedFor::Somebody {
        provider: name("job"),
    };
    assert_eq!(said[0], waits("web", nobody, 2));
    let Notice::AllUp { rows, .. } = &said[1] else {
        panic!("{said:?}");
    };
    assert_eq!(rows[WEB].state, Shown::Waiting);
}

#[test]
fn the_summary_does_not_wait_for_the_consumer_of_a_silent_server() {
    let mut story = held([needing("web", [use_of(API)]), planned("api")]);
    story.after(seconds(10));
    assert!(story.said().iter().any(is_summary));
}

#[test]
fn a_failure_for_good_is_that_of_all_who_wait_for_it() {
    let db = with_policy("db", RestartPolicy::Never);
    let mut story = Story::of([
        needing("web", [use_of(API)]),
        needing("api", [after(JOB)]),
        db,
        planned("clock"),
    ]);
    assert_eq!(story.start(), [spawn(JOB, 1), spawn(3, 1)]);
    story.spawned(JOB, 1);
    story.spawned(3, 1);
    story.exits(JOB, 1, Exit::Status(4));
    let said = story.said();
    assert_eq!(
        said[said.len() - 2..],
        [
            need_failed("api", None, "db"),
            need_failed("web", Some("API_URL"), "api")
        ]
    );
    assert_eq!(state(&story, WEB), Shown::Failed);
    // Started again by hand, it is waited for again.
    let again = Event::RestartAsked { process: JOB };
    assert_eq!(story.on(again), [spawn(JOB, 2)]);
    assert_eq!(state(&story, WEB), Shown::Waiting);
    story.spawned(JOB, 2);
    assert_eq!(story.on(serves(JOB, 2, &[5000])), [spawn(API, 1)]);
    story.spawned(API, 1);
    assert_eq!(story.on(serves(API, 1, &[5000])), [spawn(WEB, 1)]);
}

#[test]
fn who_failed_for_another_may_be_started_by_hand_and_fails_for_it_again() {
    let api = with_policy("api", RestartPolicy::Never);
    let mut story = Story::of([needing("web", [use_of(API)]), api, planned("job")]);
    assert_eq!(story.start(), [spawn(API, 1), spawn(JOB, 1)]);
    story.spawned(API, 1);
    story.spawned(JOB, 1);
    story.exits(API, 1, FAILED);
    story.said();
    assert_eq!(story.on(Event::StartAsked { process: WEB }), []);
    let failed = need_failed("web", Some("API_URL"), "api");
    assert_eq!(story.said(), [failed]);
    assert_eq!(story.on(Event::StopAsked { process: WEB }), []);
    assert_eq!(story.exits(JOB, 1, FINE), [finish(1)]);
}

#[test]
fn the_status_is_the_providers_and_nobody_is_told_to_fix_what_ends() {
    let api = with_policy("api", RestartPolicy::Never);
    let mut story = held([needing("web", [use_of(API)]), api]);
    assert_eq!(story.exits(API, 1, Exit::Status(4)), [finish(4)]);
    let said = story.said();
    assert!(matches!(&said[0], Notice::Exited(ended) if ended.hints == KeyHints::None));
    assert_eq!(said[1], need_failed("web", Some("API_URL"), "api"));
}

#[test]
fn who_runs_already_goes_on_when_its_provider_fails() {
    let api = with_policy("api", RestartPolicy::Never);
    let mut story = held([needing("web", [use_of(API)]), api]);
    story.on(serves(API, 1, &[5000]));
    story.spawned(WEB, 1);
    assert_eq!(story.exits(API, 1, FAILED), []);
    assert_eq!(state(&story, WEB), Shown::Running);
    // Its own next run has nobody to wait for.
    story.said();
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.after(millis(500)), [finish(1)]);
    assert!(
        story
            .said()
            .contains(&need_failed("web", Some("API_URL"), "api"))
    );
}

#[test]
fn an_optional_use_lets_its_consumer_go_when_the_provider_has_failed() {
    let api = with_policy("api", RestartPolicy::Never);
    let mut story = held([needing("web", [optional(API)]), api]);
    assert_eq!(story.exits(API, 1, FAILED), [spawn(WEB, 1)]);
}

#[test]
fn status_0_before_it_was_ready_is_a_failure_where_a_use_waits() {
    let once = PlannedProcess {
        max_restarts: 2,
        ..planned("api")
    };
    let mut story = held([needing("web", [use_of(API)]), once]);
    story.exits(API, 1, FINE);
    let said = story.said();
    assert!(
        matches!(&said[0], Notice::Exited(ended) if ended.exit == Exit::Unready
            && matches!(ended.next, Next::Restart { number: 1, .. })),
        "{said:?}"
    );
    assert_eq!(story.after(millis(500)), [spawn(API, 2)]);
    story.spawned(API, 2);
    assert_eq!(story.exits(API, 2, FINE), [finish(1)]);
    assert!(
        story
            .said()
            .contains(&need_failed("web", Some("API_URL"), "api"))
    );
}

#[test]
fn status_0_of_who_was_ready_is_none() {
    let mut story = held([needing("web", [use_of(API)]), planned("api")]);
    story.on(serves(API, 1, &[5000]));
    story.spawned(WEB, 1);
    story.said();
    story.exits(API, 1, FINE);
    assert_eq!(story.next(), Next::Completed);
    // Whoever needs it now waits for somebody to start it again.
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.after(millis(500)), []);
    assert_eq!(state(&story, WEB), Shown::Waiting);
    assert_eq!(
        story.on(Event::StartAsked { process: API }),
        [spawn(API, 2)]
    );
}

#[test]
fn who_gets_a_port_only_when_asked_for_is_waited_for_until_it_listens() {
    let without_port = PlannedProcess {
        port: None,
        ..dormant("api")
    };
    let web = needing("web", [use_of(API)]);
    let mut plan = plan_of(vec![web, without_port, planned("job")]);
    plan.processes[WEB].is_wanted = false;
    let mut story = Story::by_plan(SessionRules::default(), &plan);
    story.start();
    assert_eq!(
        story.on(Event::StartAsked { process: WEB }),
        [spawn(API, 1)]
    );
    plan.processes[API].port = Some(5100);
    story.supervisor.adopt_plan(&plan);
    assert_eq!(story.spawned(API, 1), []);
    assert_eq!(story.on(serves(API, 1, &[5100])), [spawn(WEB, 1)]);
}

#[test]
fn who_is_started_by_hand_brings_along_what_it_could_do_without() {
    let mut plan = plan_of(vec![
        needing("web", [optional(API)]),
        dormant("api"),
        planned("job"),
    ]);
    plan.processes[WEB].is_wanted = false;
    let mut story = Story::by_plan(SessionRules::default(), &plan);
    story.start();
    let done = story.on(Event::StartAsked { process: WEB });
    assert_eq!(done, [spawn(API, 1)]);
    story.spawned(API, 1);
    assert_eq!(story.on(serves(API, 1, &[5000])), [spawn(WEB, 1)]);
}
