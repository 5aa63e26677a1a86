//! What a process waits for before it is started, and what comes of it.

use crate::plan::{External, Host, Need, Plan, PlannedProcess, Provider};
use crate::supervisor::tests::{
    API, FAILED, FINE, JOB, MOMENT, Story, WEB, finish, is_summary, kill, millis, plan_of, planned,
    seconds, spawn, terminate, with_policy,
};
use crate::supervisor::{Action, Elsewhere, Event, ProcessIndex, SessionRules};
use crate::words::exit::Exit;
use crate::words::name::ProcessName;
use crate::words::notice::{Next, Notice, Shown, WaitedFor};
use crate::words::policy::{OnExit, RestartPolicy};

/// `API_URL: api`.
fn use_of(provider: ProcessIndex) -> Need {
    Need {
        on: Provider::Process(provider),
        variable: Some("API_URL".into()),
        waits: true,
        is_optional: false,
    }
}

fn optional(provider: ProcessIndex) -> Need {
    Need {
        is_optional: true,
        ..use_of(provider)
    }
}

/// `depends_on`.
fn after(provider: ProcessIndex) -> Need {
    Need {
        variable: None,
        ..use_of(provider)
    }
}

fn needing<const N: usize>(process_type: &str, needs: [Need; N]) -> PlannedProcess {
    PlannedProcess {
        needs: needs.into(),
        ..planned(process_type)
    }
}

fn portless(process_type: &str) -> PlannedProcess {
    PlannedProcess {
        port: None,
        ..planned(process_type)
    }
}

fn joined(process_type: &str) -> PlannedProcess {
    PlannedProcess {
        host: Host::Elsewhere,
        port: Some(5100),
        ..planned(process_type)
    }
}

fn dormant(process_type: &str) -> PlannedProcess {
    PlannedProcess {
        is_wanted: false,
        ..planned(process_type)
    }
}

fn name(process_type: &str) -> ProcessName {
    planned(process_type).name
}

fn seen(process: ProcessIndex, now: Elsewhere) -> Event {
    Event::Elsewhere { process, now }
}

fn given_away(process: ProcessIndex) -> Action {
    Action::GivenAway { process }
}

fn serves(process: ProcessIndex, run: u32, ports: &[u16]) -> Event {
    let listeners = ports.iter().map(|port| super::listener(*port)).collect();
    Event::Listens {
        process,
        run,
        listeners,
    }
}

fn waits(process_type: &str, for_: WaitedFor, since: u64) -> Notice {
    Notice::Waits {
        process: name(process_type),
        for_: vec![for_],
        since: seconds(since),
    }
}

fn need_failed(process_type: &str, variable: Option<&str>, provider: &str) -> Notice {
    Notice::NeedFailed {
        process: name(process_type),
        variable: variable.map(Into::into),
        provider: name(provider),
    }
}

fn state(story: &Story, process: ProcessIndex) -> Shown {
    story.supervisor.rows(story.now)[process].state
}

/// web uses api; only api is started.
fn held<const N: usize>(processes: [PlannedProcess; N]) -> Story {
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
        externals: vec![db],
        ..plan_of(vec![needing("web", [need]), planned("api")])
    };
    let mut story = Story::by_plan(SessionRules::default(), &plan);
    assert_eq!(story.start(), [spawn(API, 1)]);
    story.spawned(API, 1);
    story.said();
    story.after(seconds(2));
    let db = WaitedFor::External {
        host: "db.internal".into(),
        port: 5432,
    };
    assert!(story.said().contains(&waits("web", db, 2)));
    // What is planned anew leaves it as it is.
    story.supervisor.adopt_plan(&plan);
    assert_eq!(story.on(Event::Reached { external: 0 }), [spawn(WEB, 1)]);
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
fn the_status_is_the_providers_and_nobody_is_told_to_fix_what_ends() {
    let api = with_policy("api", RestartPolicy::Never);
    let mut story = held([needing("web", [use_of(API)]), api]);
    assert_eq!(story.exits(API, 1, Exit::Status(4)), [finish(4)]);
    let said = story.said();
    assert!(matches!(&said[0], Notice::Exited(ended) if !ended.has_hint));
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
    let failed = Event::SpawnFailed {
        process: API,
        run: 1,
        cause: String::new(),
    };
    assert_eq!(story.on(failed), [given_away(API)]);
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
