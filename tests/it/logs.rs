//! `devrun logs`: what a session wrote, while it runs and when it is over.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::schema::Schema;
use crate::support::{Devrun, Finished, PATIENCE, Project, Seen, helper, wait_until};

/// Each line without its time.
fn lines(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| &line["00:00:00 ".len()..])
        .collect()
}

pub fn read(project: &Project, arguments: &[&str]) -> Finished {
    let all: Vec<&str> = ["logs"].iter().chain(arguments).copied().collect();
    project.run(&all)
}

/// What is written to stdout without the times, where all is well.
pub fn all_shown(project: &Project, arguments: &[&str]) -> String {
    let finished = read(project, &[arguments, &["--no-timestamp"]].concat());
    assert_eq!(finished.stderr, "");
    assert_eq!(finished.status, 0);
    finished.stdout
}

/// The same without what devrun says between the lines of processes that are named.
pub fn shown(project: &Project, arguments: &[&str]) -> String {
    let all = all_shown(project, arguments);
    let lines = all.split_inclusive('\n');
    lines.filter(|line| !line.contains("system ")).collect()
}

/// The same of a session that runs: what was seen on its screen is stored within an instant.
pub fn soon_shown(project: &Project, arguments: &[&str], expected: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let stdout = shown(project, arguments);
        if stdout == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{stdout:?}, not {expected:?}");
    }
}

/// A session that is over.
fn ran(procfile: &str) -> Project {
    let project = Project::with_procfile(procfile);
    let status = project.start_with(&["--restart", "never"]).wait();
    assert_eq!(status, 0);
    project
}

/// A line-by-line echo of what is appended to the file `in` of the project.
const ECHO: &str = "web: touch in; echo up; tail -f in\n";

pub fn append(project: &Project, text: &str) {
    use std::io::Write;
    let path = project.directory().join("in");
    let file = std::fs::OpenOptions::new().append(true).open(path);
    file.unwrap().write_all(text.as_bytes()).unwrap();
}

/// Follows the session of `project`.
pub fn follow(project: &Project, arguments: &[&str]) -> Devrun {
    let all: Vec<&str> = ["logs", "-f"].iter().chain(arguments).copied().collect();
    project.spawn(project.command(all))
}

#[test]
fn the_last_words_say_how_another_procfile_is_read_again() {
    let project = Project::with_procfile("web: echo usual\n").file("my procs", "web: echo other\n");
    let finished = project.run(&["start", "-f", "my procs", "--restart", "never"]);
    let (_, command) = finished.stdout.rsplit_once("Read again: ").unwrap();
    assert_eq!(command, "devrun logs --procfile 'my procs'\n");
    let shown = shown(&project, &["--procfile", "my procs", "web"]);
    assert_eq!(shown, "web.1  | other\n");
    let usual = project.run(&["start", "-f", "Procfile", "--restart", "never"]);
    assert!(usual.stdout.ends_with("Read again: devrun logs\n"));
}

#[test]
fn what_a_session_wrote_is_read_again_when_it_is_over() {
    let project = Project::with_procfile("web: echo one; printf two\n");
    let project = project.file(".git/HEAD", "").file("sub/x", "");
    let mut devrun = project.start_with(&["--restart", "never"]);
    assert_eq!(devrun.wait(), 0);
    assert!(
        devrun
            .stdout
            .text()
            .ends_with(". Read again: devrun logs\n")
    );
    let finished = read(&project, &[]);
    assert_eq!((finished.status, finished.stderr.as_str()), (0, ""));
    assert_eq!(lines(&finished.stdout), lines(&devrun.stdout.text()));
    let from_below = project.below("sub").run(&["logs"]);
    assert_eq!(from_below.stdout, finished.stdout);
    assert_eq!(shown(&project, &["web"]), "web.1  | one\nweb.1  | two\n");
    let system = all_shown(&project, &["system"]);
    assert!(system.starts_with("system | devrun "), "{system}");
    assert!(system.lines().all(|line| line.starts_with("system | ")));
}

#[test]
fn earlier_sessions_are_counted_backwards() {
    let project = Project::with_procfile("web: echo first\n");
    let none = read(&project, &[]);
    assert_eq!(none.status, 3);
    assert!(
        none.stderr.starts_with("error: no session of "),
        "{}",
        none.stderr
    );
    for text in ["first", "second", "third"] {
        project.write("Procfile", format!("web: echo {text}\n"));
        assert_eq!(project.start_with(&["--restart", "never"]).wait(), 0);
    }
    assert_eq!(shown(&project, &["web"]), "web.1  | third\n");
    assert_eq!(
        shown(&project, &["web", "--session", "-1"]),
        "web.1  | second\n"
    );
    assert_eq!(
        shown(&project, &["web", "--session=-2"]),
        "web.1  | first\n"
    );
    for number in ["1", "-3"] {
        let finished = read(&project, &["--session", number]);
        assert_eq!(finished.status, 2);
        let head =
            format!("error: no session {number} is stored\n help: there are\n         0  began ");
        assert!(finished.stderr.starts_with(&head), "{}", finished.stderr);
        assert_eq!(finished.stderr.lines().count(), 5);
    }
}

#[test]
fn the_present_session_comes_before_one_that_is_over() {
    let project = ran("web: echo old\n");
    project.write("Procfile", "web: echo new; exec sleep 1000\n");
    let mut devrun = project.start();
    // Also when it has only just begun.
    devrun.wait_for("web.1 started");
    soon_shown(&project, &["web"], "web.1  | new\n");
    assert_eq!(
        shown(&project, &["web", "--session", "-1"]),
        "web.1  | old\n"
    );
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn lines_are_chosen_by_what_stands_in_them() {
    let project = ran("web: seq 1 9\n");
    let grep = |arguments: &[&str]| {
        let shown = shown(&project, &[&["web", "--grep"], arguments].concat());
        let numbers = shown
            .lines()
            .map(|line| line.trim_start_matches("web.1  | "));
        numbers.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(grep(&["[37]"]), "3 7");
    assert_eq!(grep(&["^5$", "-C", "1"]), "4 5 6");
    assert_eq!(grep(&["[28]", "-C", "1"]), "1 2 3 -- 7 8 9");
    assert_eq!(grep(&["[28]", "-C", "1", "-n", "4"]), "3 -- 7 8 9");
    assert_eq!(grep(&["[28]", "-C", "2"]), "1 2 3 4 -- 6 7 8 9");
    assert_eq!(grep(&["[28]"]), "2 8");
    assert_eq!(grep(&["[2-8]", "--invert"]), "1 9");
    assert_eq!(grep(&["[2-8]", "-n", "2"]), "7 8");
    assert_eq!(shown(&project, &["web", "-n", "1"]), "web.1  | 9\n");
    assert_eq!(shown(&project, &["-n", "0"]), "");
    let nothing = read(&project, &["--grep", "nowhere"]);
    assert_eq!((nothing.status, nothing.stdout.as_str()), (1, ""));
    let wrong = read(&project, &["--grep", "a("]);
    assert_eq!(wrong.status, 2);
    assert_eq!(
        wrong.stderr,
        "error: `a(` cannot be the value of `--grep`\n help: unclosed group\n"
    );
}

#[test]
fn who_is_not_there_is_named_with_a_suggestion() {
    let project = ran("web: echo one\nworker: echo two\n");
    let finished = read(&project, &["wrker"]);
    assert_eq!(finished.status, 2);
    assert_eq!(
        finished.stderr,
        "error: no process `wrker` in this session\n help: did you mean `worker`? There are `web` and `worker`\n"
    );
    assert_eq!(shown(&project, &["w*r"]), "worker.1 | two\n");
}

#[test]
fn lines_are_chosen_by_their_time() {
    let project = Project::with_procfile(ECHO);
    let mut devrun = project.start();
    devrun.wait_for("| up");
    // Later than that line, and earlier than the next.
    let between = now();
    append(&project, "later\n");
    devrun.wait_for("later");
    soon_shown(&project, &["web", "--since", &between], "web.1  | later\n");
    soon_shown(&project, &["web", "--until", &between], "web.1  | up\n");
    soon_shown(
        &project,
        &["web", "--since", "1h"],
        "web.1  | up\nweb.1  | later\n",
    );
    let wrong = read(&project, &["--since", "soon"]);
    assert_eq!(wrong.status, 2);
    assert!(
        wrong
            .stderr
            .starts_with("error: `soon` cannot be the value of `--since`\n")
    );
    assert_eq!(devrun.interrupt(), 0);
}

/// With an offset, to a nanosecond.
fn now() -> String {
    jiff::Timestamp::now().to_string()
}

#[test]
fn raw_bytes_are_those_that_were_written() {
    let bytes: Vec<u8> = (0..=255).chain(*b"\n\x1b[2Jx\r").collect();
    let project = Project::with_procfile("web: cat bytes\n").file("bytes", &bytes);
    assert_eq!(project.start_with(&["--restart", "never"]).wait(), 0);
    let mut raw = Devrun::spawn(project.command(["logs", "--raw"]));
    assert_eq!(raw.wait(), 0);
    assert_eq!(raw.stdout.bytes(), bytes);
    let json = read(&project, &["web", "--json"]).stdout;
    assert!(json.contains(r#""bytes":"CwwNDg8Q"#), "{json}");
}

#[test]
fn a_line_is_followed_within_50_ms_of_its_writing() {
    let project = Project::with_procfile(ECHO);
    let mut devrun = project.start();
    devrun.wait_for("| up");
    let mut followed = follow(&project, &["web"]);
    followed.wait_for("| up\n");
    let mut number = 0;
    let mut lasts = || {
        number += 1;
        let begun = Instant::now();
        append(&project, &format!("line {number}\n"));
        devrun.wait_for(&format!("| line {number}\n"));
        followed.wait_for(&format!("| line {number}\n"));
        begun.elapsed()
    };
    // A machine that is busy now is not busy always.
    wait_until(|| lasts() < Duration::from_millis(50));
    assert_eq!(followed.interrupt(), 0);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_session_of_which_nothing_is_left_ended_when_it_began() {
    let project = ran("web: echo one\n");
    let state = project.directory().join("../state/devrun/logs");
    let below = |path: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let sessions: Vec<PathBuf> = below(&state).iter().flat_map(|app| below(app)).collect();
    std::fs::remove_file(sessions[0].join("000001.log")).unwrap();
    let followed = read(&project, &["-f"]);
    assert!(followed.stderr.contains("cut off after"), "{followed:?}");
    assert!(!followed.stderr.contains("1970"), "{}", followed.stderr);
    assert_eq!(followed.status, 0);
}

#[test]
fn following_ends_when_nobody_reads() {
    let project = Project::with_procfile("web: echo up; exec sleep 1000\n");
    let mut devrun = project.start();
    devrun.wait_for("| up");
    let mut command = project.command(["logs", "-f"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    let mut terminated = follow(&project, &[]);
    terminated.wait_for("| up");
    assert_eq!(terminated.signal(Signal::SIGTERM).wait(), 0);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn many_lines_come_whole_and_in_order() {
    let project = ran(&format!(
        "one: seq -f 'one %g' 1 200000\ntwo: {}\n",
        "seq -f 'two %g' 1 200000"
    ));
    let text = shown(&project, &["one", "two"]);
    for name in ["one", "two"] {
        let start = format!("{name}.1  | ");
        let numbers = text.lines().filter_map(|line| line.strip_prefix(&start));
        let expected = (1..=200_000).map(|number| format!("{name} {number}"));
        // On a busy machine a line may have been without its end for so long that it was shown in two pieces.
        assert!(
            numbers.collect::<String>() == expected.collect::<String>(),
            "{name}"
        );
    }
    assert!(text.lines().count() >= 400_000);
    let last = shown(&project, &["one", "-n", "3"]);
    assert_eq!(
        last,
        "one.1  | one 199998\none.1  | one 199999\none.1  | one 200000\n"
    );
}

#[test]
fn one_json_object_a_line() {
    let project = ran("web: echo one\n");
    let json = read(&project, &["--json"]);
    assert_eq!(json.status, 0);
    has_schema(&json.stdout);
    assert!(json.stdout.contains("\"event\":\"said\""));
    let log = json.stdout.lines().find(|line| line.contains("\"log\""));
    let log = log.unwrap().split_once(",\"event\":").unwrap().1;
    assert_eq!(log, r#""log","process":"web.1","run":1,"line":"one"}"#);
    let ended = r#""run.ended","process":"web.1","run":1,"status":0,"signal":null}"#;
    assert!(json.stdout.contains(ended), "{}", json.stdout);
}

pub fn has_schema(json: &str) {
    let schema = Schema::read("docs/schemas/logs.json");
    for line in json.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        assert_eq!(schema.check(&object), Ok(()), "{line}");
    }
}

#[test]
fn an_app_that_another_session_runs_has_its_own_logs() {
    let shop = Project::called("shop")
        .file("Procfile", "web: echo shop; exec sleep 1000\n")
        .file("devrun.yaml", "uses: {API_URL: ../api}\n");
    let api = shop.sibling("api");
    api.write("Procfile", format!("web: {}\n", helper("listen")));
    let mut devrun = shop.start();
    devrun.wait_for("all up");
    let port = devrun.value_after("| listens on ");
    let listens = format!("web.1  | listens on {port}\n");
    soon_shown(&api, &["web"], &listens);
    soon_shown(&shop, &["web"], "web.1  | shop\n");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn an_app_that_is_only_used_is_read_where_it_runs() {
    let shop = Project::called("shop")
        .file("Procfile", "web: echo shop; exec sleep 1000\n")
        .file("devrun.yaml", "uses: {API_URL: ../api}\n");
    let api = shop.sibling("api");
    api.write("Procfile", format!("web: {}\n", helper("listen")));
    let mut provider = api.start();
    provider.wait_for("all up");
    let port = provider.value_after("| listens on ");
    let mut devrun = shop.start();
    devrun.wait_for("all up");
    soon_shown(&shop, &["web"], "web.1  | shop\n");
    let listens = format!("api/web.1 | listens on {port}\n");
    for asked in ["api/web", "api/web.1", "api/*"] {
        soon_shown(&shop, &[asked], &listens);
    }
    assert_eq!(devrun.interrupt(), 0);
    soon_shown(&shop, &["api/web"], &listens);
    assert_eq!(provider.interrupt(), 0);
}

#[test]
fn a_root_and_its_members_have_the_logs_of_one_session() {
    let root = Project::called("repo")
        .file("devrun.yaml", "apps: [apps/*]\n")
        .file("apps/a/Procfile", "web: echo a; exec sleep 1000\n")
        .file("apps/b/Procfile", "web: echo b; exec sleep 1000\n");
    let mut devrun = root.start();
    devrun.see("| a\n").see("| b\n");
    soon_shown(&root, &["a/web"], "a/web.1 | a\n");
    soon_shown(&root.below("apps/b"), &["web"], "web.1  | b\n");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_reader_who_stands_still_slows_nobody_and_is_told_how_much_he_missed() {
    let (lines, most) = (1_000_000, 64 * 1024 * 1024);
    let text = "x".repeat(99);
    assert!(lines * (text.len() + 1) > most);
    let project = Project::with_procfile(&format!(
        "web: echo up; while [ ! -e go ]; do sleep 0.01; done; yes {text} | head -n {lines}\n"
    ));
    let mut devrun = project.start_with(&["--restart", "never"]);
    devrun.wait_for("| up");
    let mut command = project.command(["logs", "-f", "--json", "web"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    // He reads one byte.
    stdout.read_exact(&mut [0]).unwrap();
    project.write("go", "");
    assert_eq!(devrun.wait(), 0);
    let stdout = Seen::new(stdout);
    assert!(child.wait().unwrap().success());
    stdout.wait_for_end(Instant::now() + PATIENCE);
    let (mut seen, mut missed) = (0, 0);
    for line in stdout.text().lines() {
        // He has read its first byte before.
        let line = line.trim_start_matches('{');
        let object: Value = serde_json::from_str(&format!("{{{line}")).unwrap();
        match object["event"].as_str().unwrap() {
            "log" => seen += 1,
            "gap" => missed += object["lines"].as_u64().unwrap() as usize,
            "run.started" | "run.ended" => {}
            other => panic!("{other}"),
        }
    }
    assert!(missed > 0);
    // Two of them were torn at most where something was missing; so many of them are told twice.
    assert!(
        (lines + 1..lines + 100).contains(&(seen + missed)),
        "{seen} and {missed}"
    );
}

#[test]
fn the_last_lines_of_a_quiet_process_are_found_far_behind_a_flood() {
    let project = ran("quiet: echo quiet; touch go\n\
         loud: while [ ! -e go ]; do sleep 0.01; done; yes a line of twenty bytes | head -n 1000000\n");
    assert_eq!(shown(&project, &["quiet", "-n", "3"]), "quiet.1 | quiet\n");
    assert_eq!(
        shown(&project, &["quiet", "loud", "--grep", "^quiet", "-n", "1"]),
        "quiet.1 | quiet\n"
    );
}

#[test]
fn what_was_removed_is_told_beside_what_was_looked_for() {
    let text = "x".repeat(99);
    let project = Project::with_procfile(&format!(
        "web: for i in $(seq 18); do yes {text} | head -n 50000; sleep 0.1; done; \
         while [ ! -e go ]; do echo flooded; sleep 0.01; done; echo needle\n"
    ));
    let mut devrun = project.start_with(&["--restart", "never"]);
    devrun.see("web.1 started");
    // When this can be read, the store has caught up.
    soon_shown(&project, &["web", "-n", "1"], "web.1  | flooded\n");
    project.write("go", "");
    assert_eq!(devrun.wait(), 0);
    let removed = "lines lost here: removed to make room for later ones\n";
    for (arguments, expected) in [
        (&["web", "--grep", "needle"][..], "web.1  | needle\n"),
        (&["web", "--grep", "straw"], ""),
        (&["web", "--grep", "needle", "-n", "5"], "web.1  | needle\n"),
    ] {
        let found = read(&project, &[arguments, &["--no-timestamp"]].concat());
        assert_eq!(found.stdout, expected);
        assert_eq!(found.stderr.matches(removed).count(), 1, "{found:?}");
    }
    // What was lost before the lines that are shown is nothing to these.
    let raw = read(&project, &["web", "--raw", "-n", "400000"]);
    assert!(raw.stdout.ends_with("flooded\nneedle\n"));
    assert!(!raw.stderr.contains("removed"), "{}", raw.stderr);
}

#[test]
fn colours_are_those_of_the_session() {
    let project = ran("web: echo one\nworker: echo two\n");
    let colour =
        |arguments: &[&str]| shown(&project, &[arguments, &["--color", "always"]].concat());
    let both = colour(&["web", "worker"]);
    let worker = colour(&["worker"]);
    assert!(
        worker.starts_with("\x1b[") && worker.ends_with(" two\n"),
        "{worker:?}"
    );
    assert!(both.contains(&worker), "{both:?} {worker:?}");
}
