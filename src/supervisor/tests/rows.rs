//! What is told of processes that do not run as hoped.

use std::time::Duration;

use crate::plan::{Need, Provider};
use crate::supervisor::Event;
use crate::supervisor::tests::{API, FAILED, SHORT, Story, WEB, millis, planned, seconds};
use crate::words::exit::Exit;

impl Story {
    fn failure(&self) -> Option<(Exit, Duration)> {
        let failure = self.supervisor.failure(WEB, self.now);
        failure.map(|(exit, ago, _)| (exit, ago))
    }
}

#[test]
fn a_restart_tells_when_it_comes_and_why() {
    let mut story = Story::up([planned("web")]);
    assert_eq!(story.failure(), None);
    story.exits(WEB, 1, FAILED);
    story.after(millis(200));
    assert_eq!(story.failure(), Some((FAILED, millis(200))));
    let starts_in = |story: &Story| story.supervisor.starts_in(WEB, story.now);
    assert_eq!(starts_in(&story), Some(millis(300)));
    // Whenever that is asked: whoever follows is told of it once.
    assert_eq!(story.supervisor.restart_delay(WEB), Some(millis(500)));
    story.after(millis(300));
    assert_eq!(story.supervisor.restart_delay(WEB), None);
    assert_eq!((story.failure(), starts_in(&story)), (None, None));
    story.spawned(WEB, 2);
    assert_eq!(story.failure(), None);
}

#[test]
fn what_could_not_be_started_tells_the_cause() {
    let mut story = Story::of([planned("web"), planned("api")]);
    story.start();
    story.on(Event::SpawnFailed {
        process: WEB,
        run: 1,
        cause: "port 5000 is taken".into(),
        is_passing: false,
    });
    let (exit, _, said) = story.supervisor.failure(WEB, story.now).unwrap();
    assert_eq!(exit, Exit::Status(126));
    assert_eq!(said.as_deref(), Some("port 5000 is taken"));
}

#[test]
fn what_is_tried_again_tells_the_cause_and_when() {
    let mut story = Story::up([planned("web")]);
    story.exits(WEB, 1, FAILED);
    story.after(millis(500));
    story.lacks(WEB, 2);
    let (exit, _, said) = story.supervisor.failure(WEB, story.now).unwrap();
    assert_eq!((exit, said.as_deref()), (Exit::Status(126), Some(SHORT)));
    let starts_in = story.supervisor.starts_in(WEB, story.now);
    assert_eq!(starts_in, Some(seconds(1)));
    assert_eq!(story.supervisor.restart_delay(WEB), starts_in);
}

#[test]
fn who_failed_for_another_names_it_and_the_variable() {
    let need = |variable: Option<&str>| Need {
        on: Provider::Process(API),
        variable: variable.map(String::from),
        waits: true,
        is_optional: false,
    };
    for variable in [Some("API_URL"), None] {
        let mut web = planned("web");
        web.needs = vec![need(variable)];
        let mut api = planned("api");
        api.max_restarts = 1;
        let mut story = Story::of([web, api, planned("job")]);
        story.start();
        story.spawned(API, 1);
        assert_eq!(story.supervisor.failed_for(WEB), None);
        story.exits(API, 1, FAILED);
        story.after(seconds(1));
        assert_eq!(story.supervisor.failed_for(WEB), Some((API, variable)));
        assert_eq!(story.failure(), None);
    }
}
