//! What follows an end: restarts, their delays and their limits.

use crate::supervisor::tests::{
    API, FAILED, FINE, Story, WEB, finish, millis, not_started, planned, seconds, spawn, terminate,
    with_policy,
};
use crate::supervisor::{Action, Event, SessionRules};
use crate::words::exit::Exit;
use crate::words::notice::{Next, NotStarted, Notice};
use crate::words::policy::{KeyHints, RestartPolicy};

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
    assert_eq!(story.on(not_started(WEB, 1)), [finish(126)]);
    let failed = Notice::SpawnFailed(NotStarted {
        process: planned("web").name,
        run: 1,
        cause: "No such file or directory".into(),
        next: Next::Unstartable,
        hints: KeyHints::None,
    });
    assert_eq!(story.said()[0], failed);
}

#[test]
fn what_the_system_lacks_for_a_later_run_counts_like_a_failure() {
    let mut story = Story::up([planned("web")]);
    assert_eq!(story.exits(WEB, 1, FAILED), []);
    assert_eq!(story.after(millis(500)), [spawn(WEB, 2)]);
    for (run, delay) in [(2, 1000), (3, 2000), (4, 4000)] {
        assert_eq!(story.lacks(WEB, run), []);
        let (number, delay) = (run, millis(delay));
        assert_eq!(story.next(), Next::Restart { number, delay });
        assert_eq!(story.after(delay - millis(1)), []);
        assert_eq!(story.after(millis(1)), [spawn(WEB, run + 1)]);
    }
    assert_eq!(story.lacks(WEB, 5), [finish(126)]);
    let next = Next::GivenUp {
        failures: 5,
        within: millis(7500),
    };
    assert_eq!(story.next(), next);
}

#[test]
fn who_comes_up_once_there_is_room_again_has_lost_nothing() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.exits(WEB, 1, FAILED);
    story.after(millis(500));
    assert_eq!(story.lacks(WEB, 2), []);
    assert_eq!(story.after(seconds(1)), [spawn(WEB, 3)]);
    story.spawned(WEB, 3);
    story.after(seconds(10));
    story.said();
    assert_eq!(story.exits(WEB, 3, FAILED), []);
    let delay = millis(500);
    assert_eq!(story.next(), Next::Restart { number: 1, delay });
    story.interrupt();
    assert_eq!(story.exits(API, 1, FINE), [finish(0)]);
}

#[test]
fn what_the_system_lacks_for_a_first_run_is_final() {
    let mut story = Story::of([planned("web")]);
    story.start();
    assert_eq!(story.lacks(WEB, 1), [finish(126)]);
    assert_eq!(story.next(), Next::Unstartable);
}

#[test]
fn what_does_not_pass_is_final_at_every_run() {
    let mut story = Story::up([planned("web")]);
    story.exits(WEB, 1, FAILED);
    story.after(millis(500));
    assert_eq!(story.on(not_started(WEB, 2)), [finish(126)]);
    assert_eq!(story.next(), Next::Unstartable);
}

#[test]
fn who_is_never_restarted_is_not_because_the_system_lacked_something() {
    let mut story = Story::up([with_policy("web", RestartPolicy::Never), planned("api")]);
    story.on(Event::RestartAsked { process: WEB });
    assert_eq!(story.exits(WEB, 1, FINE), [spawn(WEB, 2)]);
    assert_eq!(story.lacks(WEB, 2), []);
    assert_eq!(story.next(), Next::NotRestarted);
    assert_eq!(story.after(seconds(60)), []);
    story.interrupt();
    assert_eq!(story.exits(API, 1, FINE), [finish(126)]);
}

#[test]
fn a_restart_by_hand_is_tried_again_from_the_shortest_delay() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.on(Event::RestartAsked { process: WEB });
    assert_eq!(story.exits(WEB, 1, FINE), [spawn(WEB, 2)]);
    assert_eq!(story.lacks(WEB, 2), []);
    let delay = millis(500);
    assert_eq!(story.next(), Next::Restart { number: 1, delay });
    assert_eq!(story.after(delay), [spawn(WEB, 3)]);
    // Asked for again while it is being started: that is at once.
    story.on(Event::RestartAsked { process: WEB });
    assert_eq!(story.lacks(WEB, 3), [spawn(WEB, 4)]);
    // Asked to stop: then there is nothing to be tried.
    story.on(Event::StopAsked { process: WEB });
    assert_eq!(story.lacks(WEB, 4), []);
    assert_eq!(story.next(), Next::NotRestarted);
    assert_eq!(story.after(seconds(60)), []);
    story.interrupt();
    assert_eq!(story.exits(API, 1, FINE), [finish(0)], "that is no failure");
}

#[test]
fn what_the_system_lacks_in_a_shutdown_is_no_failure() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.exits(WEB, 1, FAILED);
    story.after(millis(500));
    assert_eq!(story.interrupt(), [terminate(API, 1)]);
    assert_eq!(story.lacks(WEB, 2), []);
    assert_eq!(story.next(), Next::NotRestarted);
    assert_eq!(story.exits(API, 1, FINE), [finish(0)]);
}

#[test]
fn starts_that_fail_are_starts_as_well_for_the_guard() {
    let mut story = Story::up([planned("web")]);
    for run in 2..=20 {
        story.on(Event::RestartAsked { process: WEB });
        story.exits(WEB, run - 1, FINE);
        story.spawned(WEB, run);
    }
    story.on(Event::RestartAsked { process: WEB });
    assert_eq!(story.exits(WEB, 20, FINE), []);
    assert_eq!(story.after(seconds(8)), [spawn(WEB, 21)]);
    assert_eq!(story.lacks(WEB, 21), []);
    assert_eq!(story.after(millis(500)), [spawn(WEB, 22)]);
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
    assert_eq!(story.on(not_started(WEB, 1)), []);
    assert_eq!(story.lacks(WEB, 1), []);
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
