//! What may follow the end of a run: never too soon, never too often, nothing once all is being ended.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
#[cfg(target_os = "linux")]
use nix::unistd::Pid;

#[cfg(target_os = "linux")]
use crate::kernel;
use crate::left::wait_until_nobody_is_left;
use crate::screen::Screen;
#[cfg(target_os = "linux")]
use crate::support::is_alive;
use crate::support::{Devrun, PATIENCE, Project, helper};

/// No process is started more often than this
const MAX_STARTS: usize = 20;
/// in so many milliseconds,
const WINDOW: u64 = 8000;
/// as far as can be told from outside: a process is there a little after that was decided.
const BLUR: u64 = 400;

/// The times of its starts that a process has left in a file, in milliseconds.
fn starts(project: &Project, file: &str) -> Vec<u64> {
    let text = project.read(file);
    text.lines().map(|line| line.parse().unwrap()).collect()
}

/// How many there are so far.
fn count_of(project: &Project, file: &str) -> usize {
    let text = std::fs::read(project.directory().join(file)).unwrap_or_default();
    text.iter().filter(|byte| **byte == b'\n').count()
}

#[track_caller]
fn are_few_enough(starts: &[u64]) {
    for window in starts.windows(MAX_STARTS + 1) {
        let lasted = window[MAX_STARTS] - window[0];
        assert!(lasted >= WINDOW - BLUR, "21 starts in {lasted} ms");
    }
}

/// What manager and guardian have used of the processor so far.
#[cfg(target_os = "linux")]
fn processor_time(devrun: &Devrun) -> Duration {
    let time = |pid: Pid| kernel::stat(pid.as_raw()).expect("it lives").time;
    time(devrun.pid()) + time(kernel::guardian_of(devrun.pid()))
}

#[cfg(target_os = "linux")]
#[test]
fn a_crash_loop_costs_no_processor_time_and_few_starts() {
    let stamp = |file| helper(&format!("stamp {file}"));
    let procfile = format!(
        "crash: {}; exit 1\nbrief: {}\ndaily: {}; sleep 0.01\n",
        stamp("crash"),
        stamp("brief"),
        stamp("daily"),
    );
    let settings =
        "processes: { brief: { restart: always }, daily: { restart: always, port: false } }\n";
    let project = Project::with_procfile(&procfile).file("devrun.yaml", settings);
    let mut devrun = project.start();
    devrun.wait_for("crash.1 exited with status 1 ");
    let (begun, before) = (Instant::now(), processor_time(&devrun));
    devrun.wait_for("crash.1 failed 5 times");
    let (lasted, took) = (begun.elapsed(), processor_time(&devrun) - before);
    println!("{took:?} in {lasted:?}");
    assert!(took < lasted / 20, "{took:?} in {lasted:?}");
    devrun.interrupt();
    for file in ["crash", "brief", "daily"] {
        let starts = starts(&project, file).len();
        assert!((4..=MAX_STARTS).contains(&starts), "{file}: {starts}");
    }
    let crashes = starts(&project, "crash");
    let lasted = crashes[4] - crashes[0];
    assert!(lasted >= 7_000, "{lasted} ms");
    wait_until_nobody_is_left(&project);
}

/// The hands and the wires: two clients and a keyboard that ask for restarts without end, a process that is always
/// started again and ends at once, and a provider that moves with each of its sessions.
#[test]
fn whoever_asks_for_it_no_process_is_started_more_than_20_times_in_8_s() {
    let runs = |name: &str| helper(&format!("stamp {name}; exec sleep 1000"));
    let procfile = format!(
        "clients: {}\ntyped: {}\nbrief: {}\nwired: {}\n",
        runs("clients"),
        runs("typed"),
        helper("stamp brief"),
        runs("wired"),
    );
    let settings = "uses: { API_URL: { app: ../api, start: never } }\nprocesses:\n  \
        clients: { port: false, uses: [] }\n  typed: { port: false, uses: [] }\n  \
        brief: { port: false, uses: [], restart: always }\n  wired: { port: false }\n";
    let project = Project::called("shop")
        .file("Procfile", procfile)
        .file("devrun.yaml", settings);
    let api = project
        .sibling("api")
        .file("Procfile", format!("web: {}\n", helper("listen")));
    let begun = Instant::now();
    let wanted = [("clients", 20), ("typed", 20), ("brief", 20), ("wired", 5)];
    // On a slow machine nobody comes to so many within that time.
    let is_enough = || {
        let has = |(file, count)| count_of(&project, file) >= count;
        wanted.into_iter().all(has) || begun.elapsed() > PATIENCE
    };
    let goes_on = || begun.elapsed() < Duration::from_millis(WINDOW + 1500) || !is_enough();
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("typed.1 started");
    let ask = || project.run(&["restart", "clients", "brief", "--timeout", "0.1"]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while goes_on() {
                let mut owner = api.start();
                owner.see(") now uses api").see("  ready ").interrupt();
            }
        });
        scope.spawn(|| {
            while goes_on() {
                ask();
            }
        });
        while goes_on() {
            ask();
            screen.command("r typed");
        }
    });
    screen.interrupt();
    for (file, at_least) in wanted {
        let starts = starts(&project, file);
        println!("{file}: {} starts", starts.len());
        assert!(starts.len() >= at_least, "{file}: {starts:?}");
        are_few_enough(&starts);
    }
    wait_until_nobody_is_left(&project);
}

fn runs(project: &Project) -> usize {
    project.read("runs").lines().count()
}

/// Somebody keeps the session for longer than the restart was to wait, which is long enough for us to come in time.
#[test]
fn a_restart_that_is_pending_when_all_is_ended_never_comes() {
    let procfile = format!(
        "web: echo run >> runs; exit 1\nother: {}\n",
        helper("ignore-term")
    );
    let project = Project::with_procfile(&procfile);
    let mut devrun = project.start_with(&["-t", "5"]);
    devrun.see("ignores SIGTERM").see("restart 4 in 4 s");
    devrun.signal(Signal::SIGTERM);
    devrun.wait_for("other.1 did not stop in 5 s: killed");
    devrun.wait();
    assert_eq!((runs(&project), devrun.count("web.1 started")), (4, 4));
    wait_until_nobody_is_left(&project);
}

/// The run that is being started asks for the end itself, with its first act.
#[test]
fn a_run_that_is_starting_when_all_is_ended_is_the_last() {
    let line = "echo run >> runs; test $(wc -l < runs) -lt 2 || kill -TERM $(cat manager)";
    let ends = ["; exit 1", "; exec sleep 1000", ""];
    let start = |end: &&str| {
        let project = Project::with_procfile(&format!("web: {line}{end}\n"));
        let mut shell = Command::new("/bin/sh");
        project.prepare(&mut shell);
        let script = "echo $$ > manager; exec \"$0\" start -p 0 -t 2 --restart always";
        shell.args(["-c", script, env!("CARGO_BIN_EXE_devrun")]);
        if end.contains("sleep") {
            project.write("runs", "the first one\n");
        }
        (project.spawn(shell), project)
    };
    let four_times = ends.iter().cycle().take(4 * ends.len());
    let sessions: Vec<(Devrun, Project)> = four_times.map(start).collect();
    for (mut devrun, project) in sessions {
        devrun.wait();
        let said = devrun.stdout.text();
        assert_eq!(runs(&project), 2, "{said}");
        assert!(said.contains("done. up "), "{said}");
        wait_until_nobody_is_left(&project);
    }
}

#[test]
fn a_restart_by_hand_that_waits_for_the_old_tree_is_void_when_all_is_ended() {
    let procfile = format!("web: echo run >> runs; {}\n", helper("ignore-term"));
    let project = Project::with_procfile(&procfile);
    let mut devrun = project.start_with(&["-t", "4"]);
    devrun.wait_for("ignores SIGTERM");
    let mut client = project.spawn(project.command(["restart", "web"]));
    devrun.wait_for("restarting web.1");
    devrun.signal(Signal::SIGTERM);
    devrun.wait();
    assert_eq!((runs(&project), devrun.count("web.1 started")), (1, 1));
    assert_eq!(client.wait(), 3);
    let said = client.stderr.text();
    assert_eq!(said, "error: the session was ended meanwhile\n");
    wait_until_nobody_is_left(&project);
}

/// Ten restarts by hand of a server that lets go of its port late: each new run has the port at its first try.
#[track_caller]
fn has_its_port_at_the_first_try(server: &str, grace: &str) {
    const ROUNDS: usize = 10;
    let project = Project::with_procfile(&format!("web: {}\n", helper(server)));
    let mut devrun = project.start_with(&["-t", grace]);
    let port = devrun.value_after("| listens on ");
    devrun.wait_for("| all up ");
    for _ in 0..ROUNDS {
        let answer = project.run(&["restart", "web"]);
        let expected = format!("web.1 ready http://localhost:{port} ");
        assert!(answer.stdout.starts_with(&expected), "{answer:?}");
        devrun.wait_for(&format!("| listens on {port}\n"));
    }
    assert_eq!(devrun.interrupt(), 0);
    let said = devrun.stdout.text();
    assert_eq!(
        devrun.count(&format!("| listens on {port}\n")),
        ROUNDS + 1,
        "{said}"
    );
    for trouble in ["AddrInUse", "in the hands of", "was taken", "; restart "] {
        assert!(!said.contains(trouble), "{said}");
    }
    wait_until_nobody_is_left(&project);
}

#[test]
fn a_child_that_keeps_the_port_for_a_while_is_waited_for() {
    has_its_port_at_the_first_try("lingering-server 150", "5");
}

#[test]
fn a_server_that_ignores_sigterm_is_killed_and_its_port_is_free() {
    has_its_port_at_the_first_try("stubborn-server", "0.1");
}

#[cfg(target_os = "linux")]
#[test]
fn a_daemon_that_holds_the_port_is_ended_before_the_next_run() {
    has_its_port_at_the_first_try("daemon pid.$$", "5");
    has_its_port_at_the_first_try("stubborn-daemon-server pid.$$", "0.1");
}

#[cfg(target_os = "linux")]
#[test]
fn a_daemon_that_a_crash_leaves_behind_does_not_hold_the_port_of_the_next_run() {
    let server = helper("stubborn-daemon-server pid.$$");
    let line = format!("web: {server}; until [ -s pid.$$ ]; do :; done; cat pid.$$; exit 1\n");
    let project = Project::with_procfile(&line);
    let mut devrun = project.start_with(&["-t", "0.3"]);
    let port = devrun.value_after("| listens on ");
    for _ in 0..2 {
        devrun
            .wait_for("web.1 did not stop in 0.3 s: killed")
            .wait_for("; restart ")
            .wait_for(&format!("| listens on {port}\n"));
    }
    devrun.interrupt();
    assert_eq!(devrun.count("AddrInUse") + devrun.count("was taken"), 0);
    wait_until_nobody_is_left(&project);
}

/// A child of each run that is ended writes, listens on PORT and fails, all of it late, while two at a time ask for the
/// next run. The pure side of it: `late_news` in the supervisor's tests.
#[cfg(target_os = "linux")]
#[test]
fn what_an_old_run_still_does_is_not_taken_for_the_new_ones_doing() {
    let last_words = helper("last-words $(wc -l < runs)");
    let project = Project::with_procfile(&format!("job: echo run >> runs; {last_words}\n"));
    let mut devrun = project.start_with(&["-t", "100"]);
    for _ in 0..4 {
        devrun.wait_for(" is up\n");
        let ask = || project.spawn(project.command(["restart", "job", "--timeout", "0.05"]));
        let mut both = [ask(), ask()];
        for client in &mut both {
            assert_eq!(client.wait(), 124, "{}", client.stderr.text());
        }
        // Both have asked: that run may end now.
        project.write("enough", "");
    }
    devrun.wait_for(" is up\n");
    // The latest run is not touched by what the one before it did last.
    let said = devrun.stdout.text();
    let pid = said.rsplit("job.1 started (pid ").next().unwrap();
    let pid: i32 = pid.split(',').next().unwrap().parse().unwrap();
    assert!(is_alive(pid));
    project.write("enough", "");
    assert_eq!(devrun.interrupt(), 0);
    let said = devrun.stdout.text();
    assert_eq!(runs(&project), 5, "{said}");
    let mut rest = said.as_str();
    for run in 1..=5 {
        let expected = (1..=20).map(|word| format!("| run {run} ends: {word}\n"));
        let expected = [format!("| run {run} is up\n")].into_iter().chain(expected);
        for text in expected {
            let at = rest.find(&text);
            let at = at.unwrap_or_else(|| panic!("no {text:?} in its place:\n{said}"));
            rest = &rest[at + text.len()..];
        }
    }
    for mistake in [
        "is ready",
        "job.1  ready",
        "exited with",
        "; restart ",
        "in the hands of",
    ] {
        assert!(!said.contains(mistake), "{mistake}:\n{said}");
    }
    wait_until_nobody_is_left(&project);
}
