//! What follows an end: restarts, their delays and their limits.

use crate::supervisor::tests::{
    FAILED, FINE, Story, WEB, finish, millis, planned, seconds, spawn, with_policy,
};
use crate::supervisor::{Action, Event, SessionRules};
use crate::words::exit::Exit;
use crate::words::notice::{Next, Notice};
use crate::words::policy::RestartPolicy;

/// Tells that run after run of web fails at once, up to the last that is started.
fn fails_at_once(story: &mut Story, runs: std::ops::RangeInclusive<u32>) -> Vec<Action> {
    let mut done = Vec::new();
    for run in runs {
        story.spawned(WEB, run);
        story.said();
        done = story.exits(WEB, run, FAILED);
        story.after(seconds(30));
    }
    done
}

#[test]
fn all_are_started_at_once_in_procfile_order() {
    let mut story = Story::of([planned("web"), planned("api")]);
    assert_eq!(story.start(), [spawn(0, 1), spawn(1, 1)]);
}

#[test]
fn a_failed_run_is_followed_by_another_after_a_delay_that_doubles() {
    let mut story = Story::of([planned("web")]);
    story.start();
    for (run, delay) in [(1, 500), (2, 1000), (3, 2000), (4, 4000)] {
        story.spawned(WEB, run);
        assert_eq!(story.exits(WEB, run, FAILED), []);
        let (number, delay) = (run, millis(delay));
        assert_eq!(story.next(), Next::Restart { number, delay });
        assert_eq!(story.after(delay - millis(1)), []);
        assert_eq!(story.after(millis(1)), [spawn(WEB, run + 1)]);
    }
}

#[test]
fn five_failures_in_a_row_are_enough_and_the_last_lines_are_said_once() {
    let mut story = Story::of([planned("web")]);
    story.start();
    assert_eq!(fails_at_once(&mut story, 1..=4), []);
    story.said();
    story.spawned(WEB, 5);
    assert_eq!(story.exits(WEB, 5, Exit::Status(9)), [finish(9)]);
    let said = story.said();
    let given_up: Vec<_> = said
        .iter()
        .filter_map(|notice| match notice {
            Notice::Exited(ended) => Some((&ended.next, &ended.last_lines)),
            _ => None,
        })
        .collect();
    let within = seconds(4 * 30);
    let next = Next::GivenUp {
        failures: 5,
        within,
    };
    assert_eq!(given_up, [(&next, &vec!["last words".to_string()])]);
}

#[test]
fn a_run_that_lasted_10_s_begins_the_counts_and_the_delay_anew() {
    let mut story = Story::of([planned("web")]);
    story.start();
    assert_eq!(fails_at_once(&mut story, 1..=4), []);
    story.spawned(WEB, 5);
    story.after(seconds(10));
    story.said();
    assert_eq!(story.exits(WEB, 5, FAILED), []);
    let delay = millis(500);
    assert_eq!(story.next(), Next::Restart { number: 1, delay });
    assert_eq!(story.after(delay), [spawn(WEB, 6)]);
    // It counts for none of the five that follow.
    assert_eq!(fails_at_once(&mut story, 6..=9), []);
    story.spawned(WEB, 10);
    assert_eq!(story.exits(WEB, 10, FAILED), [finish(1)]);
    let next = Next::GivenUp {
        failures: 5,
        within: seconds(4 * 30),
    };
    assert_eq!(story.next(), next);
}

#[test]
fn a_run_that_lasted_just_less_counts() {
    let mut story = Story::of([planned("web")]);
    story.start();
    for run in 1..=5 {
        story.spawned(WEB, run);
        story.after(seconds(10) - millis(1));
        story.said();
        story.exits(WEB, run, FAILED);
        story.after(seconds(30));
    }
    assert!(matches!(story.next(), Next::GivenUp { failures: 5, .. }));
}

#[test]
fn the_delay_never_exceeds_30_s() {
    let mut story = Story::of([with_policy("web", RestartPolicy::Always)]);
    story.start();
    for run in 1..=40 {
        story.spawned(WEB, run);
        story.exits(WEB, run, FINE);
        let Next::Restart { delay, .. } = story.next() else {
            panic!("no restart after run {run}");
        };
        assert_eq!(delay, millis(500 << (run - 1).min(6)).min(seconds(30)));
        assert_eq!(story.after(delay), [spawn(WEB, run + 1)]);
    }
}

#[test]
fn always_has_no_limit_for_ends_that_are_no_failures() {
    let mut story = Story::of([with_policy("web", RestartPolicy::Always)]);
    story.start();
    for run in 1..30 {
        story.spawned(WEB, run);
        assert_eq!(story.exits(WEB, run, FINE), []);
        assert_eq!(story.after(seconds(30)), [spawn(WEB, run + 1)]);
    }
}

#[test]
fn always_gives_up_after_five_failures_as_well() {
    let mut story = Story::of([with_policy("web", RestartPolicy::Always)]);
    story.start();
    assert_eq!(fails_at_once(&mut story, 1..=5), [finish(1)]);
}

#[test]
fn status_0_is_completed_unless_it_is_always_restarted() {
    for policy in [RestartPolicy::OnFailure, RestartPolicy::Never] {
        let mut story = Story::up([with_policy("release", policy)]);
        assert_eq!(story.exits(WEB, 1, FINE), [finish(0)]);
        assert_eq!(story.next(), Next::Completed);
    }
}

#[test]
fn never_means_not_even_after_a_failure() {
    let mut story = Story::up([with_policy("web", RestartPolicy::Never)]);
    assert_eq!(story.exits(WEB, 1, FAILED), [finish(1)]);
    assert_eq!(story.next(), Next::NotRestarted);
}

#[test]
fn what_cannot_be_run_or_found_is_not_tried_again() {
    for policy in [
        RestartPolicy::Always,
        RestartPolicy::OnFailure,
        RestartPolicy::Never,
    ] {
        for status in [126, 127] {
            let mut story = Story::up([with_policy("web", policy)]);
            assert_eq!(story.exits(WEB, 1, Exit::Status(status)), [finish(status)]);
            assert_eq!(story.next(), Next::Unstartable);
        }
    }
}

#[test]
fn a_spawn_that_fails_is_a_failure_for_good_and_its_cause_is_said() {
    let mut story = Story::of([planned("web")]);
    story.start();
    let cause = "No such file or directory".to_string();
    let failed = Event::SpawnFailed {
        process: WEB,
        run: 1,
        cause: cause.clone(),
    };
    assert_eq!(story.on(failed), [finish(126)]);
    let process = planned("web").name;
    let failed = Notice::SpawnFailed {
        process,
        run: 1,
        cause,
    };
    assert_eq!(story.said()[0], failed);
}

#[test]
fn the_delay_counts_from_the_end_of_the_tree() {
    let mut story = Story::up([planned("web")]);
    story.leader_exits(WEB, 1, FAILED, 1);
    story.after(seconds(2));
    assert_eq!(story.gone(WEB, 1, 0), []);
    assert_eq!(story.after(millis(499)), []);
    assert_eq!(story.after(millis(1)), [spawn(WEB, 2)]);
}

#[test]
fn fail_fast_knows_no_restart() {
    let rules = SessionRules {
        fail_fast: true,
        ..SessionRules::default()
    };
    for policy in [RestartPolicy::Always, RestartPolicy::OnFailure] {
        let mut story = Story::with(rules, [with_policy("web", policy)]);
        story.all_up();
        assert_eq!(story.exits(WEB, 1, FAILED), [finish(1)]);
        assert_eq!(story.next(), Next::NotRestarted);
    }
    // Status 0 is no failure.
    let mut story = Story::with(rules, [with_policy("web", RestartPolicy::Always)]);
    story.all_up();
    assert_eq!(story.exits(WEB, 1, FINE), []);
    assert_eq!(story.after(seconds(1)), [spawn(WEB, 2)]);
}

#[test]
fn late_news_of_an_earlier_run_changes_nothing() {
    let mut story = Story::up([planned("web")]);
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.gone(WEB, 1, 0), []);
    let cause = String::new();
    let failed = Event::SpawnFailed {
        process: WEB,
        run: 1,
        cause,
    };
    assert_eq!(story.on(failed), []);
    assert_eq!(story.after(millis(500)), [spawn(WEB, 2)]);
    story.said();
    story.listens(WEB, 1, &[5000]);
    assert_eq!(story.spawned(WEB, 1), []);
    assert_eq!(story.exits(WEB, 1, FAILED), []);
    assert_eq!(story.said(), []);
    story.spawned(WEB, 2);
    assert_eq!(story.exits(WEB, 1, FAILED), []);
    assert_eq!(story.exits(WEB, 2, FINE), [finish(0)]);
}
