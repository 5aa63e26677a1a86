//! `devrun logs` at the ends: of runs, of sessions, and of lines that have none.

use crate::logs::{all_shown, append, follow, has_schema, read, shown, soon_shown};
use crate::support::{Devrun, Project};

#[test]
fn the_runs_of_a_process_that_is_named_are_told_apart() {
    let project = Project::with_procfile(
        "worker: if [ -e gone ]; then echo job 1; exec sleep 1000; fi; touch gone; echo job 9; exit 3\n",
    );
    let mut devrun = project.start();
    devrun.wait_for("| job 9\n");
    let mut followed = follow(&project, &["worker", "--no-timestamp"]);
    devrun.wait_for("job 1\n");
    followed.wait_for("job 1\n");
    let pid = followed.value_after("started again (pid ");
    let pid = pid.trim_end_matches(')');
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(followed.wait(), 0);
    let expected = format!(
        "worker.1 | job 9\nsystem   | worker.1 exited with status 3\n\
        system   | worker.1 started again (pid {pid})\nworker.1 | job 1\n\
        system   | worker.1 was killed by SIGTERM\n"
    );
    assert_eq!(followed.stdout.text(), expected);
    assert_eq!(all_shown(&project, &["worker"]), expected);
    let (_, last) = expected
        .split_once('\n')
        .unwrap()
        .1
        .split_once("worker.1 | ")
        .unwrap();
    assert_eq!(
        all_shown(&project, &["worker", "-n", "1"]),
        format!("worker.1 | {last}")
    );
    assert_eq!(
        all_shown(&project, &["worker", "--grep", "job|exited"]),
        "worker.1 | job 9\nworker.1 | job 1\n"
    );
    assert_eq!(
        read(&project, &["worker", "--raw"]).stdout,
        "job 9\njob 1\n"
    );
    let json = read(&project, &["worker", "--json"]).stdout;
    has_schema(&json);
    let started = format!(r#""run.started","process":"worker.1","run":2,"pid":{pid}}}"#);
    assert!(json.contains(&started), "{json}");
    assert!(!all_shown(&project, &[]).contains("started again"));
}

#[test]
fn a_prompt_stands_where_it_was_written() {
    let project = Project::with_procfile(
        "web: printf 'name? '; while [ ! -e go ]; do sleep 0.01; done; echo Ada\n\
         other: touch in; tail -f in\n",
    );
    let mut devrun = project.start_with(&["--restart", "never"]);
    // Shown after some silence: by then it is open for long enough.
    devrun.wait_for("| name? ");
    append(&project, "later\n");
    devrun.wait_for("| later\n");
    project.write("go", "");
    devrun.wait_for("| Ada\n");
    assert_eq!(devrun.interrupt(), 0);
    let both = &["web", "other"];
    let expected = "web.1   | name? \nother.1 | later\nweb.1   | Ada\n";
    assert_eq!(shown(&project, both), expected);
    assert_eq!(shown(&project, &["web"]), "web.1  | name? Ada\n");
    let whole = "web.1   | name? Ada\nother.1 | later\n";
    assert_eq!(shown(&project, &["web", "other", "-n", "9"]), whole);
    let at_its_end = "other.1 | later\nweb.1   | name? Ada\n";
    assert_eq!(
        shown(&project, &["web", "other", "--grep", "."]),
        at_its_end
    );
    let raw = read(&project, &["web", "other", "--raw"]).stdout;
    assert_eq!(raw, "later\nname? Ada\n");
    let json = read(&project, &["--json"]).stdout;
    assert!(json.contains(r#""line":"name? Ada""#), "{json}");
}

#[test]
fn several_follow_across_a_restart_to_the_end_of_the_session() {
    let project = Project::with_procfile(
        "web: echo up $PPID; while [ ! -e gone ]; do sleep 0.01; done; rm gone; exit 1\n",
    );
    let mut devrun = project.start();
    devrun.wait_for("| up");
    let mut all: Vec<Devrun> = (0..3).map(|_| follow(&project, &["web"])).collect();
    for followed in &mut all {
        followed.wait_for("| up");
    }
    project.write("gone", "");
    devrun.wait_for("| up");
    for followed in &mut all {
        followed.wait_for("| up");
    }
    assert_eq!(devrun.interrupt(), 0);
    for followed in &mut all {
        assert_eq!(followed.wait(), 0);
        let note = followed.stderr.text();
        assert!(note.starts_with("the session ended at "), "{note}");
        assert_eq!(followed.count("| up"), 2);
    }
}

#[test]
fn a_prompt_is_followed_before_its_line_has_an_end() {
    let project = Project::with_procfile("web: touch in; printf 'name? '; tail -f in\n");
    let mut devrun = project.start();
    devrun.wait_for("name? ");
    let mut followed = follow(&project, &["web"]);
    followed.wait_for("web.1  | name? ");
    append(&project, "Ada\n");
    followed.wait_for("Ada\n");
    assert!(followed.stdout.text().ends_with("web.1  | name? Ada\n"));
    assert_eq!(followed.interrupt(), 0);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_session_that_was_killed_is_read_to_its_last_line() {
    let project = Project::with_procfile("web: echo one; printf two; exec sleep 1000\n");
    let mut devrun = project.start();
    devrun.wait_for("two");
    let both = "web.1  | one\nweb.1  | two\n";
    soon_shown(&project, &["web"], both);
    assert_eq!(all_shown(&project, &["web"]), both);
    devrun.kill();
    for arguments in [&["web"] as &[&str], &["web", "-n", "2"]] {
        let all = all_shown(&project, arguments);
        let (lines, note) = all.split_at(both.len());
        assert_eq!(lines, both);
        let is_told = note.starts_with("system | the session was cut off after 2");
        assert!(is_told && note.lines().count() == 1, "{note}");
    }
    assert!(all_shown(&project, &[]).contains("| the session was cut off after "));
    assert_eq!(
        all_shown(&project, &["web", "--grep", "one"]),
        "web.1  | one\n"
    );
    assert_eq!(read(&project, &["--raw"]).stdout, "one\ntwo");
    let json = read(&project, &["--json"]).stdout;
    assert!(json.ends_with(",\"event\":\"cut_off\"}\n"), "{json}");
    has_schema(&json);
    let mut followed = follow(&project, &["web", "--no-timestamp"]);
    assert_eq!(followed.wait(), 0);
    assert_eq!(followed.stdout.text(), both);
    let note = followed.stderr.text();
    assert!(note.starts_with("the session was cut off after "), "{note}");
}
