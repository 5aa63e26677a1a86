//! The end of a tree, of a process for good, and of the session: statuses and who ends whom.

use crate::plan::PlannedProcess;
use crate::supervisor::tests::{
    API, FAILED, FINE, GRACE, JOB, MOMENT, Story, WEB, finish, kill, millis, planned, seconds,
    spawn, terminate, with_policy,
};
use crate::supervisor::{Event, SessionRules};
use crate::words::exit::{Exit, Killed};
use crate::words::notice::{Ended, FirstFailure, Next, Notice, Shown};
use crate::words::policy::{KeyHints, OnExit, RestartPolicy};

fn foremans(process_type: &str) -> PlannedProcess {
    PlannedProcess {
        on_exit: OnExit::Shutdown,
        ..with_policy(process_type, RestartPolicy::Never)
    }
}

#[test]
fn an_end_is_said_behind_its_last_output_with_the_time_of_the_leader() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.after(seconds(2));
    story.said();
    assert_eq!(story.leader_exits(WEB, 1, FINE, 0), []);
    assert_eq!(story.said(), []);
    story.after(seconds(1));
    story.gone(WEB, 1, 0);
    let ended = Ended {
        process: planned("web").name,
        exit: FINE,
        after: seconds(2),
        next: Next::Completed,
        last_lines: vec!["last words".into()],
        hints: KeyHints::None,
    };
    assert_eq!(story.said()[0], Notice::Exited(ended));
}

#[test]
fn a_run_ends_when_its_whole_tree_is_gone() {
    let mut story = Story::up([planned("web")]);
    assert_eq!(story.leader_exits(WEB, 1, FAILED, 3), [terminate(WEB, 1)]);
    assert!(matches!(
        story.said().as_slice(),
        [Notice::WaitsForTree { left: 3, .. }]
    ));
    assert_eq!(story.after(GRACE - MOMENT), []);
    assert_eq!(story.after(MOMENT), [kill(WEB, 1)]);
    assert_eq!(story.after(seconds(100)), []);
    assert_eq!(story.gone(WEB, 1, 2), []);
    assert!(matches!(
        story.said().as_slice(),
        [
            Notice::Killed {
                killed: Killed {
                    others: 2,
                    survivors: 0
                },
                ..
            },
            Notice::Exited(Ended {
                exit: FAILED,
                next: Next::Restart { number: 1, .. },
                ..
            })
        ]
    ));
    assert_eq!(story.after(seconds(1)), [spawn(WEB, 2)]);
}

#[test]
fn a_leader_that_ends_with_0_while_its_tree_lives_has_daemonised() {
    let mut story = Story::up([planned("web")]);
    assert_eq!(story.leader_exits(WEB, 1, FINE, 1), []);
    assert!(matches!(
        story.said().as_slice(),
        [Notice::Daemonised { .. }]
    ));
    assert_eq!(story.after(seconds(100)), []);
    assert_eq!(
        story.supervisor.processes[WEB].shown(),
        Shown::RunningDaemon
    );
    assert_eq!(story.interrupt(), [terminate(WEB, 1)]);
    assert_eq!(story.supervisor.processes[WEB].shown(), Shown::Stopping);
    story.said();
    assert_eq!(story.gone(WEB, 1, 0), [finish(0)]);
    // We ended it, so its end is nothing to tell of.
    let said = story.said();
    assert!(matches!(said.as_slice(), [Notice::Done { .. }]), "{said:?}");
}

#[test]
fn a_daemon_that_ends_by_itself_has_lasted_until_then() {
    let mut story = Story::up([with_policy("web", RestartPolicy::Always)]);
    for run in 1..5 {
        story.leader_exits(WEB, run, FINE, 1);
        story.after(seconds(60));
        story.said();
        story.gone(WEB, run, 0);
        let said = story.said();
        let [Notice::Exited(ended)] = said.as_slice() else {
            panic!("{said:?}");
        };
        assert_eq!(ended.after, seconds(60));
        // A run that lasted begins the delay anew.
        let delay = seconds(1) / 2;
        assert_eq!(ended.next, Next::Restart { number: 1, delay });
        story.after(delay);
        story.spawned(WEB, run + 1);
    }
}

#[test]
fn the_first_failure_for_good_is_the_sessions_status() {
    let mut story = Story::up(["a", "b", "c"].map(|name| with_policy(name, RestartPolicy::Never)));
    assert_eq!(story.exits(0, 1, FINE), []);
    assert_eq!(story.exits(1, 1, Exit::Signal(11)), []);
    assert_eq!(story.exits(2, 1, Exit::Status(3)), [finish(139)]);
}

#[test]
fn the_first_to_fail_counts_though_its_last_output_is_late() {
    let mut story = Story::up(["web", "api"].map(|name| with_policy(name, RestartPolicy::Never)));
    story.leader_exits(WEB, 1, Exit::Status(3), 0);
    story.after(MOMENT);
    assert_eq!(story.exits(API, 1, Exit::Status(4)), []);
    assert_eq!(story.gone(WEB, 1, 0), [finish(3)]);
}

#[test]
fn a_failure_that_is_made_good_is_none() {
    let mut story = Story::up([planned("web")]);
    story.exits(WEB, 1, FAILED);
    assert_eq!(story.after(seconds(1)), [spawn(WEB, 2)]);
    story.spawned(WEB, 2);
    assert_eq!(story.exits(WEB, 2, FINE), [finish(0)]);
}

#[test]
fn the_others_go_on_when_one_is_given_up() {
    let mut story = Story::up([planned("web"), with_policy("api", RestartPolicy::Never)]);
    assert_eq!(story.exits(API, 1, FAILED), []);
    assert_eq!(story.after(seconds(1000)), []);
    assert_eq!(story.interrupt(), [terminate(WEB, 1)]);
    assert_eq!(story.exits(WEB, 1, Exit::Signal(15)), [finish(1)]);
}

#[test]
fn on_exit_shutdown_ends_all_whatever_the_status() {
    for (exit, status) in [(FINE, 0), (Exit::Status(4), 4), (Exit::Signal(9), 137)] {
        let mut story = Story::up([foremans("web"), foremans("api")]);
        assert_eq!(story.exits(API, 1, exit), [terminate(WEB, 1)]);
        assert_eq!(story.exits(WEB, 1, Exit::Signal(15)), [finish(status)]);
    }
}

#[test]
fn on_exit_shutdown_waits_for_an_end_for_good() {
    let web = PlannedProcess {
        on_exit: OnExit::Shutdown,
        ..planned("web")
    };
    let mut story = Story::up([web, planned("api")]);
    assert_eq!(story.exits(WEB, 1, FAILED), []);
    assert_eq!(story.after(seconds(1)), [spawn(WEB, 2)]);
    story.spawned(WEB, 2);
    assert_eq!(story.exits(WEB, 2, FINE), [terminate(API, 1)]);
}

#[test]
fn on_exit_shutdown_is_a_matter_of_that_process_alone() {
    let mut story = Story::up([foremans("web"), planned("api")]);
    assert_eq!(story.exits(API, 1, FINE), []);
    assert_eq!(story.exits(WEB, 1, FINE), [finish(0)]);
}

#[test]
fn fail_fast_ends_all_at_the_first_failure_only() {
    let rules = SessionRules {
        fail_fast: true,
        ..SessionRules::default()
    };
    let mut story = Story::with(rules, ["web", "api", "job"].map(planned));
    story.all_up();
    assert_eq!(story.exits(API, 1, FINE), []);
    assert_eq!(story.exits(JOB, 1, Exit::Status(6)), [terminate(WEB, 1)]);
    assert_eq!(story.exits(WEB, 1, FAILED), [finish(6)]);
}

#[test]
fn when_nothing_is_left_to_run_or_to_wait_for_the_session_ends() {
    let mut story = Story::up([planned("web"), planned("api")]);
    assert_eq!(story.exits(WEB, 1, FAILED), []);
    // A restart is still to come.
    assert_eq!(story.exits(API, 1, FINE), []);
    assert_eq!(story.after(seconds(1)), [spawn(WEB, 2)]);
    story.spawned(WEB, 2);
    story.after(seconds(1));
    story.said();
    assert_eq!(story.exits(WEB, 2, FINE), [finish(0)]);
    let done = Notice::Done {
        up: seconds(2),
        restarts: 1,
        ignored_lines: 0,
        status: 0,
        read_again: None,
    };
    assert_eq!(story.said().last(), Some(&done));
    assert_eq!(story.interrupt(), []);
    assert_eq!(story.said(), []);
}

#[test]
fn the_loss_of_the_guardian_ends_the_session_with_1() {
    let mut story = Story::up([planned("web")]);
    assert_eq!(story.on(Event::GuardianLost), [finish(1)]);
    assert_eq!(story.said(), [Notice::GuardianLost]);
    assert_eq!(story.interrupt(), []);
    assert_eq!(story.after(seconds(100)), []);
}

#[test]
fn nobody_is_told_to_fix_what_ends_all() {
    for fail_fast in [false, true] {
        let rules = SessionRules {
            fail_fast,
            hints: KeyHints::Commands,
            ..SessionRules::default()
        };
        let web = with_policy("web", RestartPolicy::Never);
        let mut story = Story::with(rules, [web, planned("api")]);
        story.all_up();
        story.said();
        story.exits(WEB, 1, FAILED);
        let said = story.said();
        let has_hint = |notice: &Notice| matches!(notice, Notice::Exited(ended) if ended.hints != KeyHints::None);
        assert_eq!(said.iter().any(has_hint), !fail_fast, "{said:?}");
    }
}

#[test]
fn the_first_failure_is_told_again_at_the_end_where_others_went_on() {
    let never = |name| with_policy(name, RestartPolicy::Never);
    let mut story = Story::up([never("web"), never("api"), never("job")]);
    story.exits(WEB, 1, FAILED);
    story.after(seconds(90));
    story.said();
    story.interrupt();
    story.exits(API, 1, FINE);
    assert_eq!(story.exits(JOB, 1, FINE), [finish(1)]);
    let first = told_first(&mut story);
    assert_eq!(first.process.to_string(), "web.1");
    assert_eq!((first.exit, first.ago), (FAILED, seconds(90)));
    assert_eq!(first.last_lines, ["last words"]);
    assert_eq!(first.took_down, []);
}

#[test]
fn who_ended_all_is_told_with_whom_it_took_down() {
    let rules = SessionRules {
        fail_fast: true,
        ..SessionRules::default()
    };
    let mut story = Story::with(rules, [planned("web"), planned("api"), planned("job")]);
    story.all_up();
    story.exits(JOB, 1, FINE);
    assert_eq!(story.exits(WEB, 1, FAILED), [terminate(API, 1)]);
    story.after(seconds(1));
    story.exits(API, 1, FINE);
    let first = told_first(&mut story);
    assert_eq!(first.process.to_string(), "web.1");
    assert_eq!(first.last_lines, ["last words"]);
    let took_down: Vec<String> = first.took_down.iter().map(ToString::to_string).collect();
    assert_eq!(took_down, ["api.1"]);
}

/// Below a failure of this moment stands what was said of it.
fn fails_just_before_the_end(rules: SessionRules) -> Vec<Notice> {
    let web = with_policy("web", RestartPolicy::Never);
    let mut story = Story::with(rules, [web, planned("api")]);
    story.all_up();
    story.exits(WEB, 1, FAILED);
    story.interrupt();
    story.after(millis(999));
    story.exits(API, 1, FINE);
    let said = story.said().into_iter();
    said.filter(|notice| matches!(notice, Notice::FailedFirst(_)))
        .collect()
}

#[test]
fn the_last_lines_of_a_failure_that_was_just_said_are_not_said_again() {
    assert_eq!(fails_just_before_the_end(SessionRules::default()), []);
    let fail_fast = SessionRules {
        fail_fast: true,
        ..SessionRules::default()
    };
    let said = fails_just_before_the_end(fail_fast);
    let [Notice::FailedFirst(first)] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert!(first.last_lines.is_empty() && first.took_down.len() == 1);
    // A program has no eyes.
    let says_all = SessionRules {
        says_all: true,
        ..SessionRules::default()
    };
    let said = fails_just_before_the_end(says_all);
    assert!(
        matches!(said.as_slice(), [Notice::FailedFirst(first)] if first.last_lines == ["last words"]),
        "{said:?}"
    );
}

#[test]
fn who_failed_alone_is_not_told_twice() {
    let mut story = Story::up([with_policy("web", RestartPolicy::Never)]);
    story.exits(WEB, 1, FAILED);
    let said = story.said();
    let is_again = |notice: &Notice| matches!(notice, Notice::FailedFirst(_));
    assert!(!said.iter().any(is_again), "{said:?}");
}

fn told_first(story: &mut Story) -> FirstFailure {
    let first = story.said().into_iter().find_map(|notice| match notice {
        Notice::FailedFirst(failure) => Some(failure),
        _ => None,
    });
    first.expect("it is told")
}
