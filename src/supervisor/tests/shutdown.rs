//! The way down.

use crate::plan::PlannedProcess;
use crate::supervisor::tests::{
    API, FAILED, FINE, GRACE, JOB, MOMENT, Story, WEB, finish, kill, millis, pid, planned, seconds,
    terminate, with_policy,
};
use crate::supervisor::{Event, SessionRules};
use crate::words::exit::{Exit, Killed};
use crate::words::notice::{Next, Notice, Shown};
use crate::words::policy::{KeyHints, OnExit, RestartPolicy};

const TERMINATED: Exit = Exit::Signal(15);

/// What a second request is told.
fn killing(process_type: &str) -> Notice {
    Notice::KillingAll {
        processes: vec![planned(process_type).name],
    }
}

#[test]
fn one_stop_signal_each_and_an_end_that_follows_it_is_no_failure() {
    let mut story = Story::up([planned("web"), planned("api")]);
    assert_eq!(story.interrupt(), [terminate(WEB, 1), terminate(API, 1)]);
    let stopping = Notice::Stopping {
        processes: 2,
        grace: GRACE,
        hints: false,
    };
    assert_eq!(story.said(), [stopping]);
    assert_eq!(story.exits(WEB, 1, FAILED), []);
    assert_eq!(story.exits(API, 1, TERMINATED), [finish(0)]);
    let said = story.said();
    assert!(matches!(said.as_slice(), [Notice::Done { .. }]), "{said:?}");
}

#[test]
fn a_process_that_ignores_sigterm_is_killed_after_the_grace_period_named_and_counted() {
    let mut story = Story::up([planned("web")]);
    assert_eq!(story.interrupt(), [terminate(WEB, 1)]);
    story.said();
    assert_eq!(story.after(GRACE - MOMENT), []);
    assert_eq!(story.after(MOMENT), [kill(WEB, 1)]);
    let waits = Notice::StopsWaiting {
        process: planned("web").name,
        pid: pid(WEB, 1),
        left: GRACE - seconds(1),
    };
    assert_eq!(story.said(), [waits]);
    assert_eq!(story.after(seconds(100)), []);
    assert_eq!(story.leader_exits(WEB, 1, Exit::Signal(9), 2), []);
    assert_eq!(story.gone(WEB, 1, 2), [finish(0)]);
    let killed = Notice::Killed {
        process: planned("web").name,
        grace: GRACE,
        killed: Killed {
            others: 2,
            survivors: 0,
        },
    };
    assert_eq!(story.said()[0], killed);
}

#[test]
fn each_process_has_its_own_grace_and_the_longest_is_said() {
    let api = PlannedProcess {
        grace: seconds(30),
        ..planned("api")
    };
    let mut story = Story::up([planned("web"), api]);
    story.interrupt();
    assert!(matches!(
        story.said().as_slice(),
        [Notice::Stopping { grace, .. }] if *grace == seconds(30)
    ));
    assert_eq!(story.after(GRACE), [kill(WEB, 1)]);
    assert_eq!(story.after(seconds(25) - MOMENT), []);
    assert_eq!(story.after(MOMENT), [kill(API, 1)]);
}

#[test]
fn without_a_grace_the_kill_follows_at_once() {
    let web = PlannedProcess {
        grace: seconds(0),
        ..planned("web")
    };
    let mut story = Story::up([web]);
    assert_eq!(story.interrupt(), [terminate(WEB, 1), kill(WEB, 1)]);
}

#[test]
fn a_second_request_kills_at_once_but_not_within_one_key_press() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.interrupt();
    story.exits(WEB, 1, TERMINATED);
    story.said();
    story.after(millis(149));
    assert_eq!(story.interrupt(), []);
    story.after(MOMENT);
    assert_eq!(story.interrupt(), [kill(API, 1)]);
    assert_eq!(story.said(), [killing("api")]);
    story.after(seconds(1));
    assert_eq!(story.interrupt(), []);
    assert_eq!(story.said(), []);
    // What the user asked for needs no explanation.
    assert_eq!(story.exits(API, 1, Exit::Signal(9)), [finish(0)]);
    let said = story.said();
    assert!(matches!(said.as_slice(), [Notice::Done { .. }]), "{said:?}");
}

#[test]
fn a_straggler_is_named_though_a_second_request_came_later() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.interrupt();
    story.exits(API, 1, TERMINATED);
    assert_eq!(story.after(GRACE), [kill(WEB, 1)]);
    assert_eq!(story.interrupt(), []);
    story.said();
    story.exits(WEB, 1, Exit::Signal(9));
    assert!(matches!(story.said()[0], Notice::Killed { .. }));
}

#[test]
fn the_first_request_in_an_end_that_came_by_itself_is_the_first() {
    let rules = SessionRules {
        hints: KeyHints::CtrlC,
        ..SessionRules::default()
    };
    let api = PlannedProcess {
        on_exit: OnExit::Shutdown,
        ..planned("api")
    };
    let mut story = Story::with(rules, [planned("web"), api]);
    story.all_up();
    assert_eq!(story.exits(API, 1, FINE), [terminate(WEB, 1)]);
    // "Ctrl-C again" is not for those who have not pressed it.
    let stopping = Notice::Stopping {
        processes: 1,
        grace: GRACE,
        hints: false,
    };
    assert_eq!(story.said().last(), Some(&stopping));
    story.after(seconds(2));
    assert_eq!(story.interrupt(), []);
    story.after(millis(149));
    assert_eq!(story.interrupt(), []);
    story.after(MOMENT);
    assert_eq!(story.interrupt(), [kill(WEB, 1)]);
}

#[test]
fn nothing_is_started_during_a_shutdown() {
    let always = |name| with_policy(name, RestartPolicy::Always);
    let mut story = Story::of([always("web"), always("api"), always("job")]);
    story.start();
    story.spawned(WEB, 1);
    story.spawned(API, 1);
    story.exits(WEB, 1, FAILED);
    // web waits for its restart; job was asked for and is not there yet.
    assert_eq!(story.interrupt(), [terminate(API, 1)]);
    assert!(matches!(
        story.said().last(),
        Some(Notice::Stopping { processes: 2, .. })
    ));
    assert_eq!(story.after(seconds(1)), []);
    assert_eq!(story.spawned(JOB, 1), [terminate(JOB, 1)]);
    assert_eq!(story.exits(JOB, 1, FAILED), []);
    assert_eq!(story.exits(API, 1, FAILED), [finish(0)]);
}

#[test]
fn what_turns_up_after_a_second_request_is_killed_at_once() {
    let mut story = Story::of([planned("web")]);
    story.start();
    assert_eq!(story.interrupt(), []);
    story.after(millis(150));
    // It may never turn up by itself.
    assert_eq!(story.interrupt(), [kill(WEB, 1)]);
    assert_eq!(story.said().last(), Some(&killing("web")));
    assert_eq!(story.spawned(WEB, 1), [terminate(WEB, 1), kill(WEB, 1)]);
}

#[test]
fn a_restart_that_is_cancelled_counts_as_none() {
    let mut story = Story::up([planned("web")]);
    story.exits(WEB, 1, FAILED);
    story.said();
    assert_eq!(story.interrupt(), [finish(0)]);
    let said = story.said();
    assert!(
        matches!(said.as_slice(), [Notice::Done { restarts: 0, .. }]),
        "{said:?}"
    );
}

#[test]
fn a_failure_just_before_the_stop_is_for_good_only_by_its_policy() {
    for (policy, status) in [(RestartPolicy::OnFailure, 0), (RestartPolicy::Never, 1)] {
        let mut story = Story::up([with_policy("web", policy)]);
        story.leader_exits(WEB, 1, FAILED, 0);
        story.interrupt();
        assert_eq!(story.gone(WEB, 1, 0), [finish(status)]);
        assert_eq!(story.next(), Next::NotRestarted);
    }
}

#[test]
fn a_tree_that_is_gone_is_neither_signalled_nor_waited_for() {
    let mut story = Story::up([planned("web")]);
    story.leader_exits(WEB, 1, FINE, 0);
    // Its last output is on the way.
    assert_eq!(story.supervisor.processes[WEB].shown(), Shown::Stopping);
    assert_eq!(story.interrupt(), []);
    story.after(seconds(1));
    assert_eq!(story.interrupt(), []);
    assert_eq!(story.after(seconds(100)), []);
    assert_eq!(story.said(), []);
    assert_eq!(story.gone(WEB, 1, 0), [finish(0)]);
}

#[test]
fn a_tree_that_is_being_ended_gets_no_second_signal_and_keeps_its_grace() {
    let mut story = Story::up([planned("web")]);
    assert_eq!(story.leader_exits(WEB, 1, FAILED, 1), [terminate(WEB, 1)]);
    story.after(seconds(2));
    assert_eq!(story.interrupt(), []);
    assert_eq!(story.after(seconds(3)), [kill(WEB, 1)]);
    assert_eq!(story.gone(WEB, 1, 0), [finish(0)]);
}

#[test]
fn a_reader_that_goes_away_is_an_orderly_shutdown() {
    for (policy, status) in [(RestartPolicy::OnFailure, 0), (RestartPolicy::Never, 1)] {
        let mut story = Story::up([planned("web"), with_policy("api", policy)]);
        story.exits(API, 1, FAILED);
        assert_eq!(story.on(Event::OutputClosed), [terminate(WEB, 1)]);
        assert_eq!(story.on(Event::OutputClosed), []);
        assert_eq!(story.exits(WEB, 1, TERMINATED), [finish(status)]);
    }
}

#[test]
fn a_program_is_told_of_each_end_that_was_asked_for() {
    let rules = SessionRules {
        says_all: true,
        ..SessionRules::default()
    };
    let mut story = Story::with(rules, [planned("web")]);
    story.all_up();
    story.interrupt();
    story.said();
    story.exits(WEB, 1, Exit::Signal(15));
    let stopped = Notice::Stopped {
        process: planned("web").name,
        exit: Exit::Signal(15),
        after: seconds(0),
        last_lines: vec!["last words".into()],
    };
    assert_eq!(story.said()[0], stopped);
}
