//! What follows when files change.

use crate::plan::{PlannedProcess, Watch};
use crate::supervisor::tests::{
    API, FAILED, FINE, Story, WEB, finish, millis, planned, seconds, spawn, terminate, with_policy,
};
use crate::supervisor::{Action, Event, ProcessIndex, Watched};
use crate::words::exit::Exit;
use crate::words::notice::{Next, Notice};
use crate::words::policy::RestartPolicy;
use crate::words::watching::{Changed, Then, Watching};

fn watch(signal: Option<i32>) -> Option<Watch> {
    Some(Watch {
        base: "/app".into(),
        paths: vec!["src".into()],
        ignore: Vec::new(),
        signal,
    })
}

fn watching(process_type: &str) -> PlannedProcess {
    PlannedProcess {
        watch: watch(None),
        ..planned(process_type)
    }
}

fn changed() -> Changed {
    Changed {
        file: "src/app.py".into(),
        others: 3,
    }
}

fn files(process: ProcessIndex) -> Event {
    let changed = changed();
    Event::FilesChanged { process, changed }
}

fn settings(process: ProcessIndex) -> Event {
    let changed = changed();
    Event::SettingsChanged { process, changed }
}

/// What was said to follow the changes.
fn thens(story: &mut Story) -> Vec<Then> {
    let said = story.said().into_iter();
    let thens = said.filter_map(|notice| match notice {
        Notice::Watching(Watching::Changed { then, .. }) => Some(then),
        _ => None,
    });
    thens.collect()
}

#[test]
fn a_change_is_one_restart_and_what_comes_during_it_belongs_to_that() {
    let mut story = Story::up([watching("web"), planned("api")]);
    assert_eq!(story.on(files(WEB)), [terminate(WEB, 1)]);
    assert_eq!(story.on(files(WEB)), [], "the next run reads them all");
    assert_eq!(thens(&mut story), [Then::Restart]);
    assert_eq!(story.exits(WEB, 1, Exit::Signal(15)), [spawn(WEB, 2)]);
    assert_eq!(story.on(files(WEB)), [], "it may have read the old ones");
    assert_eq!(story.spawned(WEB, 2), [terminate(WEB, 2)]);
    assert_eq!(story.exits(WEB, 2, Exit::Signal(15)), [spawn(WEB, 3)]);
    assert_eq!(story.spawned(WEB, 3), []);
    assert_eq!(thens(&mut story), [Then::Restart]);
    assert_eq!(story.after(seconds(100)), []);
}

#[test]
fn who_waits_for_its_next_try_need_not_any_more() {
    let mut story = Story::up([watching("web"), planned("api")]);
    assert_eq!(story.exits(WEB, 1, FAILED), []);
    assert_eq!(story.on(files(WEB)), [spawn(WEB, 2)]);
    assert_eq!(thens(&mut story), [Then::Start]);
    story.spawned(WEB, 2);
    story.exits(WEB, 2, FAILED);
    let first = Next::Restart {
        number: 1,
        delay: millis(500),
    };
    assert_eq!(story.next(), first, "its failures are forgotten");
}

#[test]
fn who_is_asked_to_stop_is_left_alone() {
    let mut story = Story::up([watching("web"), planned("api")]);
    story.on(Event::StopAsked { process: WEB });
    assert_eq!(story.supervisor.watched(WEB), Watched::Nothing);
    assert_eq!(story.on(files(WEB)), []);
    assert_eq!(story.exits(WEB, 1, FINE), []);
    assert_eq!(story.on(files(WEB)), []);
    assert_eq!(thens(&mut story), []);
}

#[test]
fn a_signal_is_sent_in_place_of_a_restart() {
    let web = PlannedProcess {
        watch: watch(Some(1)),
        restart: RestartPolicy::Never,
        ..planned("web")
    };
    let mut story = Story::up([web, planned("api")]);
    let signal = Action::Signal {
        process: WEB,
        run: 1,
        signal: 1,
    };
    assert_eq!(story.on(files(WEB)), [signal]);
    assert_eq!(thens(&mut story), [Then::Signal(1)]);
    assert_eq!(story.exits(WEB, 1, FAILED), []);
    assert_eq!(story.on(files(WEB)), [spawn(WEB, 2)], "nobody takes it");
    assert_eq!(thens(&mut story), [Then::Start]);
}

#[test]
fn who_has_failed_gets_one_try_for_each_change() {
    let mut story = Story::up([with_policy("web", RestartPolicy::Never), planned("api")]);
    assert_eq!(story.supervisor.watched(WEB), Watched::Nothing);
    assert_eq!(story.on(files(WEB)), [], "nobody asked for that");
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.supervisor.watched(WEB), Watched::Directory);
    assert_eq!(story.on(files(WEB)), [spawn(WEB, 2)]);
    assert_eq!(story.supervisor.watched(WEB), Watched::Nothing);
    story.spawned(WEB, 2);
    let mut patient = Story::up([planned("web"), planned("api")]);
    patient.exits(WEB, 1, Exit::Status(127));
    assert_eq!(patient.next(), Next::Unstartable);
    assert_eq!(patient.on(files(WEB)), [spawn(WEB, 2)]);
    patient.spawned(WEB, 2);
    patient.exits(WEB, 2, FAILED);
    assert_eq!(patient.next(), Next::NotRestarted);
    assert_eq!(patient.on(files(WEB)), [spawn(WEB, 3)]);
    patient.spawned(WEB, 3);
    patient.after(seconds(10));
    patient.exits(WEB, 3, FAILED);
    let is_as_usual = matches!(patient.next(), Next::Restart { number: 1, .. });
    assert!(is_as_usual, "once a run has lasted");
    patient.interrupt();
    assert_eq!(patient.exits(API, 1, FINE), [finish(0)]);
}

#[test]
fn a_session_waits_for_changes_that_somebody_named() {
    let mut story = Story::up([watching("web")]);
    assert_eq!(story.exits(WEB, 1, FINE), [], "it has done its work");
    assert_eq!(story.after(seconds(1000)), []);
    assert_eq!(story.on(files(WEB)), [spawn(WEB, 2)]);
    story.spawned(WEB, 2);
    assert_eq!(story.exits(WEB, 2, FINE), []);
    assert_eq!(story.interrupt(), [finish(0)]);
    let mut story = Story::up([planned("web")]);
    assert_eq!(story.exits(WEB, 1, FINE), [finish(0)]);
}

#[test]
fn settings_restart_who_runs_and_nobody_who_is_done() {
    let mut story = Story::up([planned("web"), planned("api"), planned("job")]);
    assert_eq!(story.on(settings(API)), [terminate(API, 1)]);
    assert_eq!(story.exits(API, 1, FINE), [spawn(API, 2)]);
    story.spawned(API, 2);
    assert_eq!(story.exits(WEB, 1, FINE), []);
    assert_eq!(story.on(settings(WEB)), []);
    assert_eq!(thens(&mut story), [Then::Restart]);
}

#[test]
fn nothing_is_started_once_all_is_being_ended() {
    let mut story = Story::up([watching("web"), planned("api")]);
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.interrupt(), [terminate(API, 1)]);
    assert_eq!(story.on(files(WEB)), []);
    assert_eq!(story.on(settings(API)), []);
    assert_eq!(story.exits(API, 1, FINE), [finish(0)]);
}
