//! What somebody goes by who asks from elsewhere: which run it will be, when it is settled, how long an end takes.

use crate::plan::{Need, PlannedProcess, Provider};
use crate::supervisor::tests::{
    API, FAILED, FINE, Story, WEB, finish, millis, planned, seconds, spawn, terminate, with_policy,
};
use crate::supervisor::{Event, ProcessIndex};
use crate::words::notice::Notice;
use crate::words::policy::RestartPolicy;
use crate::words::wire::Steering;

fn served(process_type: &str, port: u16) -> PlannedProcess {
    PlannedProcess {
        port: Some(port),
        ..planned(process_type)
    }
}

fn unserved(process_type: &str) -> PlannedProcess {
    PlannedProcess {
        port: None,
        ..planned(process_type)
    }
}

/// Of a start, a restart and a stop.
fn runs(story: &Story, process: ProcessIndex) -> [u32; 3] {
    [Steering::Start, Steering::Restart, Steering::Stop]
        .map(|asked| story.supervisor.run_after(process, asked))
}

#[test]
fn the_awaited_run_is_the_present_one_only_where_that_is_to_go_on() {
    let mut story = Story::of([with_policy("web", RestartPolicy::Never), planned("api")]);
    story.start();
    assert_eq!(runs(&story, WEB), [1, 2, 1], "it is being started");
    story.spawned(WEB, 1);
    story.spawned(API, 1);
    assert_eq!(runs(&story, WEB), [1, 2, 1]);
    let restart = Event::RestartAsked { process: WEB };
    assert_eq!(story.on(restart), [terminate(WEB, 1)]);
    assert_eq!(runs(&story, WEB), [2, 2, 1], "it is on its way down");
    assert_eq!(story.exits(WEB, 1, FINE), [spawn(WEB, 2)]);
    assert_eq!(runs(&story, WEB), [2, 3, 2]);
    story.spawned(WEB, 2);
    story.exits(WEB, 2, FAILED);
    assert_eq!(runs(&story, WEB), [3, 3, 2], "it has failed");
}

#[test]
fn who_is_ready_is_settled_and_who_is_silent_only_after_a_while() {
    let mut story = Story::up([served("web", 5000), served("api", 5100)]);
    story.listens(WEB, 1, &[5000]);
    assert!(story.supervisor.is_settled(WEB));
    assert!(!story.supervisor.is_settled(API));
    story.after(seconds(3));
    assert!(story.supervisor.is_settled(API));
    story.on(Event::RestartAsked { process: WEB });
    assert!(!story.supervisor.is_settled(WEB));
    story.exits(WEB, 1, FINE);
    story.spawned(WEB, 2);
    story.after(seconds(59));
    assert!(!story.supervisor.is_settled(WEB), "it listened before");
    story.listens(WEB, 2, &[5000]);
    assert!(story.supervisor.is_settled(WEB));
}

#[test]
fn who_never_listened_is_not_waited_for_again() {
    let mut story = Story::up([served("worker", 5000)]);
    story.after(seconds(3));
    assert!(story.supervisor.is_settled(WEB));
    story.on(Event::RestartAsked { process: WEB });
    story.exits(WEB, 1, FINE);
    story.spawned(WEB, 2);
    story.after(millis(499));
    assert!(
        !story.supervisor.is_settled(WEB),
        "it may die of its first lines"
    );
    story.after(millis(1));
    assert!(story.supervisor.is_settled(WEB));
}

#[test]
fn who_has_no_port_is_settled_once_it_has_lived_for_a_moment() {
    let mut story = Story::up([unserved("web")]);
    assert!(!story.supervisor.is_settled(WEB));
    story.after(millis(500));
    assert!(story.supervisor.is_settled(WEB));
    story.exits(WEB, 1, FINE);
    assert!(story.supervisor.is_settled(WEB), "it is completed");
}

#[test]
fn an_end_that_is_asked_for_twice_is_one_end() {
    let mut story = Story::up([planned("web")]);
    assert_eq!(story.on(Event::EndAsked), [terminate(WEB, 1)]);
    let hints = |notices: Vec<Notice>| {
        let has_hints = |notice: &Notice| matches!(notice, Notice::Stopping { hints: true, .. });
        notices.iter().any(has_hints)
    };
    assert!(!hints(story.said()), "nobody has pressed Ctrl-C once");
    assert_eq!(story.after(seconds(1)), []);
    assert_eq!(story.on(Event::EndAsked), []);
    assert_eq!(story.exits(WEB, 1, FINE), [finish(0)]);
}

#[test]
fn an_end_takes_the_grace_of_each_who_is_used_and_that_of_its_last_user() {
    let uses_api = PlannedProcess {
        needs: vec![Need {
            on: Provider::Process(API),
            variable: Some("API_URL".into()),
            waits: false,
            is_optional: false,
        }],
        ..planned("web")
    };
    let mut story = Story::up([uses_api, planned("api")]);
    assert_eq!(story.supervisor.end_takes(), (2, seconds(10)));
    story.on(Event::StopAsked { process: WEB });
    story.exits(WEB, 1, FINE);
    assert_eq!(story.supervisor.end_takes(), (1, seconds(5)));
}
