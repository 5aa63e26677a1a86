//! Who is ready by a `ready:`: when it is tried, what is made of that, and that only the run that goes on counts.

use std::time::Duration;

use crate::plan::{Need, PlannedProcess, Provider};
use crate::supervisor::tests::{
    API, FAILED, MOMENT, Story, WEB, finish, listener, millis, planned, seconds, spawn, terminate,
    with_policy,
};
use crate::supervisor::{Action, Event, ProcessIndex};
use crate::words::notice::{Notice, Shown, WaitedFor};
use crate::words::policy::RestartPolicy;
use crate::words::ready::{Ready, Tried};
use crate::words::wire::process::NotReady;

fn http() -> Ready {
    Ready::Http {
        path: "/healthz".into(),
        statuses: Vec::new(),
    }
}

fn exec() -> Ready {
    Ready::Exec("pg_isready".into())
}

fn ready_by(ready: Ready) -> PlannedProcess {
    PlannedProcess {
        ready: Some(ready),
        ..planned("web")
    }
}

fn tries(number: u32, ready: Ready) -> [Action; 1] {
    [Action::Try {
        process: WEB,
        number,
        ready,
    }]
}

fn give_up(number: u32) -> Action {
    Action::GiveUpTry {
        process: WEB,
        number,
    }
}

impl Story {
    fn tried(&mut self, number: u32, tried: Tried) -> Vec<Action> {
        self.on(Event::Tried {
            process: WEB,
            number,
            tried,
        })
    }

    fn passes(&mut self, number: u32) {
        assert_eq!(self.tried(number, Tried::Passed), []);
    }

    fn fails(&mut self, number: u32) {
        let tried = Tried::Failed(format!("HTTP {}", 500 + number));
        assert_eq!(self.tried(number, tried), []);
    }

    fn serves(&mut self, run: u32) -> Vec<Action> {
        self.on(Event::Listens {
            process: WEB,
            run,
            listeners: vec![listener(5000)],
        })
    }

    fn shown(&self, process: ProcessIndex) -> Shown {
        self.supervisor.rows(self.now)[process].state
    }

    fn not_ready(&self) -> Option<NotReady> {
        self.supervisor.rows(self.now)[WEB].not_ready.clone()
    }

    /// Ready at the first try.
    fn ready(ready: Ready) -> Self {
        let mut story = Self::up([ready_by(ready.clone())]);
        assert_eq!(story.serves(1), tries(1, ready));
        story.passes(1);
        assert_eq!(story.shown(WEB), Shown::Ready);
        story.said();
        story
    }
}

fn not_ready(listens: bool, was_ready: bool, seen: &str) -> Option<NotReady> {
    let seen = Some(seen.to_string());
    Some(NotReady {
        listens,
        was_ready,
        seen,
    })
}

fn of_readiness(notice: &Notice) -> bool {
    matches!(notice, Notice::NotReady { .. } | Notice::ReadyAgain { .. })
}

#[test]
fn a_port_is_tried_once_the_own_tree_listens_there_and_ever_more_seldom() {
    let mut story = Story::up([ready_by(http())]);
    assert_eq!(story.after(seconds(1)), []);
    assert_eq!(
        story.not_ready(),
        not_ready(false, false, "does not listen")
    );
    assert_eq!(story.serves(1), tries(1, http()));
    let waits = [20, 40, 80, 160, 320, 640, 1000, 1000];
    for (number, wait) in (1..).zip(waits) {
        story.fails(number);
        let seen = format!("HTTP {}", 500 + number);
        assert_eq!(story.not_ready(), not_ready(true, false, &seen));
        assert_eq!(story.after(millis(wait) - MOMENT), []);
        assert_eq!(story.after(MOMENT), tries(number + 1, http()));
    }
    assert_eq!(story.shown(WEB), Shown::Running);
    story.passes(9);
    assert_eq!((story.shown(WEB), story.not_ready()), (Shown::Ready, None));
    assert!(
        story
            .said()
            .iter()
            .any(|it| matches!(it, Notice::AllUp { .. }))
    );
}

#[test]
fn there_are_never_two_tries_at_once() {
    let mut story = Story::up([ready_by(http())]);
    assert_eq!(story.serves(1), tries(1, http()));
    assert_eq!(story.after(seconds(100)), []);
}

#[test]
fn who_only_has_to_accept_is_not_tried_on() {
    let mut story = Story::ready(Ready::Tcp);
    assert_eq!(story.after(seconds(100)), []);
    story.listens(WEB, 1, &[]);
    assert_eq!(story.shown(WEB), Shown::Running);
    assert_eq!(story.serves(1), tries(2, Ready::Tcp));
    story.passes(2);
    assert_eq!(story.shown(WEB), Shown::Ready);
    assert!(
        !story.said().iter().any(of_readiness),
        "a reload is not told of"
    );
}

#[test]
fn who_is_ready_is_tried_on_ever_more_seldom() {
    let mut story = Story::ready(http());
    for (number, wait) in (2..).zip([1, 2, 4, 8, 10, 10]) {
        assert_eq!(story.after(seconds(wait) - MOMENT), []);
        assert_eq!(story.after(MOMENT), tries(number, http()));
        story.passes(number);
    }
    assert_eq!(story.said(), []);
}

#[test]
fn three_failures_in_a_row_are_said_once_and_so_is_what_follows() {
    let mut story = Story::ready(http());
    for number in [2, 3] {
        assert_eq!(story.after(seconds(1)), tries(number, http()));
        story.fails(number);
    }
    assert_eq!((story.said(), story.shown(WEB)), (Vec::new(), Shown::Ready));
    assert_eq!(story.after(seconds(1)), tries(4, http()));
    story.fails(4);
    let why = not_ready(true, true, "HTTP 504");
    assert_eq!(story.not_ready(), why);
    assert_eq!(story.shown(WEB), Shown::Running);
    let said = story.said();
    assert!(
        matches!(&said[..], [Notice::NotReady { why: said, is_restarted: false, .. }]
            if Some(said) == why.as_ref()),
        "{said:?}"
    );
    for number in 5..30 {
        assert_eq!(story.after(seconds(1)), tries(number, http()));
        story.fails(number);
    }
    assert_eq!(story.said(), []);
    assert_eq!(story.after(seconds(1)), tries(30, http()));
    story.passes(30);
    let said = story.said();
    let after = seconds(26);
    assert!(matches!(&said[..], [Notice::ReadyAgain { after: it, .. }] if *it == after));
    assert_eq!(story.shown(WEB), Shown::Ready);
}

#[test]
fn failures_that_are_not_in_a_row_are_none() {
    let mut story = Story::ready(http());
    for number in 2..12 {
        assert_eq!(story.after(seconds(1)), tries(number, http()));
        if number % 3 == 1 {
            story.passes(number);
        } else {
            story.fails(number);
        }
    }
    assert_eq!(story.said(), []);
}

#[test]
fn who_is_always_restarted_is_restarted_for_that() {
    let web = PlannedProcess {
        ready: Some(exec()),
        ..with_policy("web", RestartPolicy::Always)
    };
    let mut story = Story::of([web]);
    story.start();
    assert_eq!(story.spawned(WEB, 1), tries(1, exec()));
    story.passes(1);
    for number in [2, 3] {
        assert_eq!(story.after(seconds(1)), tries(number, exec()));
        story.fails(number);
    }
    assert_eq!(story.after(seconds(1)), tries(4, exec()));
    let failed = Tried::Failed("status 1".into());
    assert_eq!(story.tried(4, failed), [terminate(WEB, 1)]);
    let is_said = |notice: &Notice| {
        matches!(
            notice,
            Notice::NotReady {
                is_restarted: true,
                ..
            }
        )
    };
    assert!(story.said().iter().any(is_said));
    assert_eq!(story.exits(WEB, 1, FAILED), [spawn(WEB, 2)]);
}

#[test]
fn what_comes_of_an_earlier_run_counts_for_none() {
    let mut story = Story::up([ready_by(http())]);
    assert_eq!(story.serves(1), tries(1, http()));
    let again = Event::RestartAsked { process: WEB };
    assert_eq!(story.on(again), [terminate(WEB, 1), give_up(1)]);
    assert_eq!(story.exits(WEB, 1, FAILED), [spawn(WEB, 2)]);
    assert_eq!(story.spawned(WEB, 2), []);
    assert_eq!(story.serves(2), [], "the first try is not over");
    assert_eq!(story.tried(1, Tried::Passed), tries(2, http()));
    assert_eq!(story.shown(WEB), Shown::Running);
    story.passes(1);
    assert_eq!(story.shown(WEB), Shown::Running);
    story.passes(2);
    assert_eq!(story.shown(WEB), Shown::Ready);
}

#[test]
fn a_shutdown_gives_up_what_is_tried_and_tries_no_more() {
    let mut story = Story::of([ready_by(exec())]);
    story.start();
    assert_eq!(story.spawned(WEB, 1), tries(1, exec()));
    assert_eq!(story.interrupt(), [terminate(WEB, 1), give_up(1)]);
    assert_eq!(story.tried(1, Tried::Failed("killed".into())), []);
    assert_eq!(story.after(seconds(1)), []);
    assert_eq!(story.exits(WEB, 1, FAILED), [finish(0)]);
}

#[test]
fn a_consumer_waits_until_the_provider_is_ready_and_that_is_visible() {
    let db = PlannedProcess {
        port: None,
        ..ready_by(exec())
    };
    let api = PlannedProcess {
        needs: vec![Need {
            on: Provider::Process(WEB),
            variable: None,
            waits: true,
            is_optional: false,
        }],
        ..planned("api")
    };
    let mut story = Story::of([db, api]);
    assert_eq!(story.start(), [spawn(WEB, 1)]);
    assert_eq!(story.spawned(WEB, 1), tries(1, exec()));
    story.fails(1);
    let rows = story.supervisor.rows(story.now);
    let [WaitedFor::Process { not_ready: why, .. }] = &rows[API].waits_for[..] else {
        panic!("{rows:?}")
    };
    assert_eq!(*why, not_ready(false, false, "HTTP 501"));
    assert_eq!(story.after(millis(20)), tries(2, exec()));
    assert_eq!(story.tried(2, Tried::Passed), [spawn(API, 1)]);
    assert_eq!(story.shown(WEB), Shown::Ready);
}

#[test]
fn a_line_of_this_run_makes_it_ready() {
    let log = Ready::Log("listening".into());
    let mut story = Story::up([ready_by(log)]);
    let seen = |run| Event::LineSeen { process: WEB, run };
    assert_eq!(story.on(seen(2)), []);
    assert_eq!(story.serves(1), []);
    assert_eq!(story.shown(WEB), Shown::Running);
    let why = "no line matches `listening`";
    assert_eq!(story.not_ready(), not_ready(true, false, why));
    assert_eq!(story.on(seen(1)), []);
    assert_eq!(story.shown(WEB), Shown::Ready);
    assert_eq!(story.after(seconds(100)), []);
    assert_eq!(story.shown(WEB), Shown::Ready);
}

#[test]
fn that_a_process_is_not_ready_yet_is_said_after_10_and_30_s_and_every_minute() {
    let mut story = Story::up([ready_by(http())]);
    let is_it = |notice: &Notice| matches!(notice, Notice::NotReady { .. });
    let mut last = 0;
    for at in [10, 30, 60, 120] {
        story.after(seconds(at - last) - MOMENT);
        assert!(!story.said().iter().any(is_it), "{at}");
        story.after(MOMENT);
        let said = story.said();
        let since = said.iter().find_map(|notice| match notice {
            Notice::NotReady { since, .. } => Some(*since),
            _ => None,
        });
        assert_eq!(since, Some(Duration::from_secs(at)));
        last = at;
    }
}

/// What the user is told of it: `None` in place of a URL that nobody serves.
fn urls(story: &mut Story) -> Vec<Option<String>> {
    let urls = story.said().into_iter().filter_map(|notice| match notice {
        Notice::AllUp { rows, .. } => Some(rows[0].url.clone()),
        Notice::Ready { url, .. } => Some(url),
        _other => None,
    });
    urls.collect()
}

#[test]
fn who_is_ready_before_it_listens_has_a_second_to_be_told_with_its_url() {
    let line = Event::LineSeen {
        process: WEB,
        run: 1,
    };
    let url = [Some("http://localhost:5000".to_string())];
    let log = || ready_by(Ready::Log("up".into()));
    let mut story = Story::up([log()]);
    story.on(line.clone());
    story.after(millis(900));
    assert_eq!(urls(&mut story), []);
    story.serves(1);
    assert_eq!(urls(&mut story), url);

    // Or is told twice.
    let mut story = Story::up([log()]);
    story.on(line);
    story.after(seconds(1));
    assert_eq!(urls(&mut story), [None]);
    story.after(seconds(60));
    story.serves(1);
    story.after(seconds(60));
    assert_eq!(urls(&mut story), url);
}
