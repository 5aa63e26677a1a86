//! Who is ready, who listens elsewhere, and the summary.

use std::time::Duration;

use crate::plan::PlannedProcess;
use crate::supervisor::tests::{
    API, FAILED, FINE, Story, WEB, is_summary, millis, planned, seconds, with_policy,
};
use crate::supervisor::{Event, SessionRules};
use crate::words::name::{ProcessName, ProcessType};
use crate::words::notice::{Elsewhere, Notice, Shown};
use crate::words::policy::RestartPolicy;
use crate::words::port::Holder;

const STEP: Duration = Duration::from_millis(700);

/// The summary among what was said: after how long, and each row's state with its URL.
fn summary(story: &mut Story) -> (Duration, Vec<(Shown, Option<String>)>) {
    let said = story.said();
    let mut summaries = said.iter().filter_map(|notice| match notice {
        Notice::AllUp { after, rows, .. } => Some((*after, rows)),
        _ => None,
    });
    let (after, rows) = summaries.next().expect("the summary was said");
    assert_eq!(summaries.next(), None, "the summary is said once");
    let rows = rows.iter().map(|row| (row.state, row.url.clone()));
    (after, rows.collect())
}

fn is_verdict(notice: &Notice) -> bool {
    matches!(notice, Notice::ListensElsewhere(_))
}

fn url() -> Option<String> {
    Some("http://localhost:5000".into())
}

#[test]
fn all_are_up_when_the_last_one_is_ready() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.after(STEP);
    story.listens(WEB, 1, &[5000]);
    story.after(STEP);
    assert_eq!(story.said(), []);
    story.listens(API, 1, &[4000, 5000]);
    let shows_another_port = |notice: &Notice| match notice {
        Notice::AllUp { rows, .. } => rows.iter().any(|row| row.elsewhere.is_some()),
        _ => false,
    };
    assert!(!story.said.iter().any(shows_another_port));
    let ready = (Shown::Ready, url());
    assert_eq!(summary(&mut story), (2 * STEP, vec![ready.clone(), ready]));
}

#[test]
fn a_further_listener_makes_nobody_ready_anew() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.after(STEP);
    story.listens(WEB, 1, &[5000]);
    story.after(STEP);
    story.listens(WEB, 1, &[5000, 9229]);
    story.after(seconds(10));
    assert_eq!(summary(&mut story).0, STEP);
}

#[test]
fn a_url_is_said_after_a_second_at_the_latest_and_the_summary_follows() {
    let mut story = Story::up([planned("web"), planned("api"), planned("worker")]);
    story.after(millis(200));
    story.listens(WEB, 1, &[5000]);
    story.after(millis(500));
    story.listens(API, 1, &[5000]);
    story.after(millis(499));
    assert_eq!(story.said(), []);
    story.after(millis(1));
    let ready = |name: &str, after| Notice::Ready {
        process: planned(name).name,
        url: url(),
        after,
    };
    assert_eq!(story.said(), [ready("web", millis(200))]);
    // Whoever comes late is no reason to wait longer, and nobody is said twice.
    story.listens(WEB, 1, &[5000, 9229]);
    story.after(seconds(1));
    assert_eq!(story.said(), [ready("api", millis(700))]);
    story.after(seconds(10));
    let rows = vec![
        (Shown::Ready, url()),
        (Shown::Ready, url()),
        (Shown::Running, None),
    ];
    assert_eq!(summary(&mut story), (millis(700), rows));
}

#[test]
fn a_summary_that_comes_in_the_second_is_all_that_is_said() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.listens(WEB, 1, &[5000]);
    story.after(millis(999));
    story.listens(API, 1, &[5000]);
    story.after(seconds(10));
    assert!(matches!(story.said().as_slice(), [Notice::AllUp { .. }]));
    // A verdict is due just then.
    let mut story = Story::up([planned("web"), planned("api")]);
    story.listens(WEB, 1, &[5000]);
    story.listens(API, 1, &[5173]);
    story.after(seconds(10));
    let said = story.said();
    assert!(
        matches!(
            said.as_slice(),
            [Notice::ListensElsewhere(_), Notice::AllUp { .. }]
        ),
        "{said:?}"
    );
}

#[test]
fn who_is_ready_no_more_is_not_said_to_be() {
    let mut story = Story::up([planned("web"), planned("api"), planned("worker")]);
    story.listens(WEB, 1, &[5000]);
    story.listens(API, 1, &[5000]);
    story.after(STEP);
    story.listens(WEB, 1, &[]);
    story.leader_exits(API, 1, FAILED, 0);
    story.after(seconds(2));
    assert_eq!(story.said(), []);
    story.listens(WEB, 1, &[5000]);
    story.interrupt();
    story.said();
    story.after(seconds(10));
    assert!(
        !story
            .said()
            .iter()
            .any(|notice| matches!(notice, Notice::Ready { .. }))
    );
}

#[test]
fn a_process_that_listens_nowhere_is_waited_for_and_that_is_not_counted() {
    let mut story = Story::up([planned("web"), planned("worker")]);
    story.after(STEP);
    story.listens(WEB, 1, &[5000]);
    story.after(seconds(3) - millis(1));
    assert!(!story.said().iter().any(is_summary));
    story.after(millis(1));
    let said = story.said();
    let [Notice::AllUp { after, rows, .. }] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert_eq!(*after, STEP);
    let row = |index: usize| (rows[index].state, rows[index].does_not_listen);
    assert_eq!(
        (row(0), row(1)),
        ((Shown::Ready, false), (Shown::Running, true))
    );
}

#[test]
fn a_process_without_a_port_is_up_at_once() {
    let worker = PlannedProcess {
        port: None,
        ..planned("worker")
    };
    let mut story = Story::of([worker]);
    story.start();
    story.after(STEP);
    story.spawned(WEB, 1);
    let said = story.said();
    let [
        Notice::Started { port: None, .. },
        Notice::AllUp { after, rows, .. },
    ] = said.as_slice()
    else {
        panic!("{said:?}");
    };
    assert_eq!(*after, STEP);
    assert!(!rows[0].does_not_listen && rows[0].url.is_none());
}

#[test]
fn whoever_is_slow_to_be_spawned_is_waited_for() {
    let mut story = Story::of([planned("web"), planned("api")]);
    story.start();
    story.spawned(WEB, 1);
    story.after(seconds(20));
    story.spawned(API, 1);
    story.after(seconds(10) - millis(1));
    assert!(!story.said().iter().any(is_summary));
    story.after(millis(1));
    assert_eq!(summary(&mut story).0, seconds(20));
}

#[test]
fn the_wait_for_others_counts_from_their_own_spawn() {
    let mut story = Story::of([planned("web"), planned("api")]);
    story.start();
    story.spawned(WEB, 1);
    story.listens(WEB, 1, &[5000]);
    story.after(seconds(20));
    story.spawned(API, 1);
    story.after(seconds(3) - millis(1));
    assert!(!story.said().iter().any(is_summary));
    story.after(millis(1));
    assert_eq!(summary(&mut story).0, seconds(20));
}

#[test]
fn the_completed_and_the_failed_are_settled() {
    let mut story = Story::up([
        planned("web"),
        planned("release"),
        with_policy("job", RestartPolicy::Never),
    ]);
    story.listens(WEB, 1, &[5000]);
    story.exits(API, 1, FINE);
    assert!(!story.said().iter().any(is_summary));
    story.exits(2, 1, FAILED);
    let rows = vec![
        (Shown::Ready, url()),
        (Shown::Completed, None),
        (Shown::Failed, None),
    ];
    assert_eq!(summary(&mut story).1, rows);
}

#[test]
fn a_restart_does_not_hold_the_others_urls_back() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.listens(WEB, 1, &[5000]);
    story.exits(API, 1, FAILED);
    let rows = vec![(Shown::Ready, url()), (Shown::Restarting, None)];
    assert_eq!(summary(&mut story).1, rows);
}

#[test]
fn whoever_has_failed_and_serves_nothing_yet_is_shown_as_restarting() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.exits(API, 1, FAILED);
    story.after(millis(500));
    story.spawned(API, 2);
    assert!(!story.said().iter().any(is_summary));
    story.listens(WEB, 1, &[5000]);
    let rows = vec![(Shown::Ready, url()), (Shown::Restarting, None)];
    assert_eq!(summary(&mut story).1, rows);
}

#[test]
fn whoever_ends_well_time_after_time_is_not_waited_for() {
    let mut story = Story::up([planned("web"), with_policy("job", RestartPolicy::Always)]);
    story.listens(WEB, 1, &[5000]);
    story.exits(API, 1, FINE);
    let rows = vec![(Shown::Ready, url()), (Shown::Restarting, None)];
    assert_eq!(summary(&mut story).1, rows);
}

#[test]
fn where_nobody_is_up_there_is_no_summary() {
    let mut story = Story::up([planned("a"), planned("b")]);
    story.exits(WEB, 1, FINE);
    story.exits(API, 1, FINE);
    assert!(!story.said().iter().any(is_summary));
}

#[test]
fn a_process_that_comes_up_after_the_summary_is_said_with_its_url_and_time() {
    let mut story = Story::up([planned("web")]);
    story.after(seconds(10));
    assert_eq!(summary(&mut story).1, [(Shown::Running, None)]);
    story.after(seconds(1));
    story.listens(WEB, 1, &[5000]);
    let ready = Notice::Ready {
        process: planned("web").name,
        url: url(),
        after: seconds(11),
    };
    assert_eq!(story.said(), [ready]);
    story.listens(WEB, 1, &[]);
    story.listens(WEB, 1, &[5000]);
    assert_eq!(story.said(), []);
    // The next run is news again.
    story.exits(WEB, 1, FAILED);
    story.after(millis(500));
    story.spawned(WEB, 2);
    story.said();
    story.listens(WEB, 2, &[5000]);
    assert!(matches!(story.said().as_slice(), [Notice::Ready { .. }]));
}

#[test]
fn a_server_that_loads_itself_anew_is_quiet_about_it() {
    let mut story = Story::up([planned("web")]);
    story.listens(WEB, 1, &[5000, 9229]);
    assert_eq!(summary(&mut story).1, [(Shown::Ready, url())]);
    story.listens(WEB, 1, &[9229]);
    assert_eq!(story.supervisor.processes[WEB].shown(), Shown::Running);
    story.after(seconds(10));
    story.listens(WEB, 1, &[5000, 9229]);
    assert_eq!(story.supervisor.processes[WEB].shown(), Shown::Ready);
    assert_eq!(story.said(), []);
}

#[test]
fn a_url_that_the_summary_could_not_show_is_said_later() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.listens(WEB, 1, &[5000]);
    story.listens(WEB, 1, &[]);
    story.after(seconds(10));
    assert_eq!(summary(&mut story).1[0], (Shown::Running, None));
    story.listens(WEB, 1, &[5000]);
    assert!(matches!(story.said().as_slice(), [Notice::Ready { .. }]));
}

#[test]
fn a_server_elsewhere_has_a_second_to_open_its_port_as_well() {
    let mut story = Story::up([planned("web")]);
    story.listens(WEB, 1, &[5173]);
    story.after(millis(999));
    assert_eq!(story.said(), []);
    story.listens(WEB, 1, &[5173, 5000]);
    assert_eq!(summary(&mut story).1, [(Shown::Ready, url())]);
    story.after(seconds(10));
    assert_eq!(story.said(), []);
}

#[test]
fn the_second_counts_from_the_first_listener() {
    let mut story = Story::up([planned("web")]);
    story.listens(WEB, 1, &[5173]);
    story.after(STEP);
    story.listens(WEB, 1, &[5173, 9229]);
    story.after(seconds(1) - STEP);
    assert!(story.said().iter().any(is_verdict));
}

#[test]
fn there_is_no_verdict_on_a_run_that_is_about_to_end() {
    for left in [0, 1] {
        let mut story = Story::up([planned("web")]);
        story.listens(WEB, 1, &[5173]);
        story.leader_exits(WEB, 1, FAILED, left);
        story.after(seconds(2));
        assert!(!story.said().iter().any(is_verdict));
    }
}

#[test]
fn a_server_that_stays_elsewhere_is_told_with_its_cure() {
    let mut story = Story::up([planned("web")]);
    story.listens(WEB, 1, &[5173]);
    story.after(seconds(1));
    let elsewhere = Elsewhere {
        process: ProcessName::first(ProcessType::new("web").unwrap()),
        given: 5000,
        url: "http://localhost:5000".into(),
        found: 5173,
        loopback_only: true,
        command: "node".into(),
        pid: 7,
        misled: Vec::new(),
        cure: Some("web: vite --port $PORT --strictPort".into()),
    };
    let said = story.said();
    let [told, Notice::AllUp { rows, .. }] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert_eq!(told, &Notice::ListensElsewhere(elsewhere));
    assert_eq!(rows[0].elsewhere, Some(5173));
    assert!(rows[0].url.is_none() && !rows[0].does_not_listen);
    assert_eq!(story.supervisor.rows(story.now)[WEB].elsewhere, Some(5173));
    story.listens(WEB, 1, &[5173, 5000]);
    assert_eq!(story.supervisor.rows(story.now)[WEB].elsewhere, None);
}

#[test]
fn where_a_process_listens_instead_is_told_once_and_not_once_a_run() {
    let mut story = Story::up([planned("web")]);
    let mut told = Vec::new();
    for (run, ports) in [
        (1, &[5173][..]),
        (2, &[5173, 9229]),
        (3, &[9229, 5173]),
        (4, &[5174]),
    ] {
        story.listens(WEB, run, ports);
        story.after(seconds(20));
        story.exits(WEB, run, FAILED);
        story.after(millis(500));
        story.spawned(WEB, run + 1);
        told.extend(story.said().into_iter().filter_map(|notice| match notice {
            Notice::ListensElsewhere(elsewhere) => Some(elsewhere.found),
            _ => None,
        }));
    }
    assert_eq!(told, [5173, 5174]);
}

#[test]
fn there_is_no_summary_on_the_way_down() {
    let mut story = Story::up([planned("web"), planned("api")]);
    story.exits(WEB, 1, FAILED);
    story.after(millis(500));
    story.spawned(WEB, 2);
    story.interrupt();
    // web was settled by its restart; now nobody is left who was not.
    story.exits(API, 1, FINE);
    assert!(!story.said().iter().any(is_summary));
}

#[test]
fn nothing_is_said_of_who_listens_while_a_run_is_being_ended() {
    let mut story = Story::up([planned("web")]);
    story.after(seconds(10));
    story.interrupt();
    story.said();
    story.listens(WEB, 1, &[5000]);
    story.listens(WEB, 1, &[5173]);
    story.after(seconds(10));
    let about_ports = |notice: &Notice| {
        matches!(notice, Notice::Ready { .. } | Notice::ListensElsewhere(_)) || is_summary(notice)
    };
    assert!(!story.said().iter().any(about_ports));
}

#[test]
fn a_stolen_port_is_said_once_a_run() {
    let mut story = Story::up([planned("web")]);
    let stolen = |run| Event::PortStolen {
        process: WEB,
        run,
        holder: Holder::Unknown,
    };
    story.on(stolen(1));
    assert!(matches!(
        story.said().as_slice(),
        [Notice::PortStolen { port: 5000, .. }]
    ));
    story.on(stolen(1));
    assert_eq!(story.said(), []);
    // The bind was refused: the news may come behind the leader's end.
    story.exits(WEB, 1, FAILED);
    story.after(millis(500));
    story.spawned(WEB, 2);
    story.leader_exits(WEB, 2, FAILED, 0);
    story.said();
    story.on(stolen(2));
    assert_eq!(story.said().len(), 1);
}

#[test]
fn a_port_that_moved_makes_another_url() {
    let mut story = Story::up([planned("web")]);
    story.after(seconds(10));
    story.exits(WEB, 1, FAILED);
    story.after(millis(500));
    story.said();
    let moved = Event::PortMoved {
        process: WEB,
        port: 5001,
        taken_by: None,
    };
    story.on(moved.clone());
    story.on(moved);
    story.spawned(WEB, 2);
    story.listens(WEB, 2, &[5001]);
    let said = story.said();
    assert!(
        matches!(
            said.as_slice(),
            [
                Notice::PortMoved {
                    from: 5000,
                    to: 5001,
                    ..
                },
                Notice::Started {
                    port: Some(5001),
                    ..
                },
                Notice::Ready { url, .. },
            ] if url.as_deref() == Some("http://localhost:5001")
        ),
        "{said:?}"
    );
}

#[test]
fn a_program_is_told_at_once_who_is_ready() {
    let rules = SessionRules {
        says_all: true,
        ..SessionRules::default()
    };
    let mut story = Story::with(rules, [planned("web"), planned("api")]);
    story.all_up();
    story.listens(WEB, 1, &[5000]);
    assert!(matches!(story.said().as_slice(), [Notice::Ready { .. }]));
    story.after(seconds(10));
    assert_eq!(summary(&mut story).0, Duration::ZERO);
}
