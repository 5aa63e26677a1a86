//! Keys of devrun.yaml for single processes that no other topic is about: what each of them does, from outside.

use std::time::{Duration, Instant};

use crate::left::wait_until_nobody_is_left;
use crate::support::Project;

fn project(procfile: &str, settings: &str) -> Project {
    Project::with_procfile(procfile).file("devrun.yaml", settings)
}

#[test]
fn one_is_given_up_after_its_own_number_of_failures() {
    let settings = "processes: { job: { max_restarts: 2 } }\n";
    let project = project("web: exec sleep 1000\njob: exit 3\n", settings);
    let mut devrun = project.start();
    devrun.wait_for("job.1 failed 2 times in ");
    assert_eq!(devrun.count("job.1 started (pid"), 2);
    assert_eq!(devrun.interrupt(), 3);
}

#[test]
fn the_others_are_told_apart_by_their_own_restart() {
    let settings = "restart: never\nprocesses: { often: { restart: always } }\n";
    let project = project("often: true\nonce: exit 4\n", settings);
    let mut devrun = project.start();
    devrun
        .see("once.1 exited with status 4 ")
        .see("; restart 2 in 1 s");
    assert_eq!(devrun.count("once.1 started (pid"), 1);
    assert_eq!(devrun.interrupt(), 4);
}

#[test]
fn the_end_of_one_alone_ends_all() {
    let settings = "processes: { main: { on_exit: shutdown } }\n";
    let procfile =
        "web: exec sleep 1000\nearly: true\nmain: until [ -e go ]; do sleep 0.02; done\n";
    let project = project(procfile, settings);
    let mut devrun = project.start();
    devrun.see("early.1 exited with status 0 ").see("all up ");
    project.write("go", "");
    assert_eq!(devrun.wait(), 0, "{}", devrun.stdout.text());
    wait_until_nobody_is_left(&project);
}

#[test]
fn each_is_ended_by_its_own_signal_and_has_its_own_grace() {
    let stays = "while :; do sleep 0.02; done";
    let procfile = format!(
        "int: trap 'echo interrupted; exit' INT; trap '' TERM; echo up; {stays}\n\
         deaf: trap '' TERM; echo up; {stays}\n"
    );
    let settings =
        "timeout: 100\nprocesses: { int: { stop_signal: INT }, deaf: { timeout: 0.2 } }\n";
    let project = project(&procfile, settings);
    let mut devrun = project.start();
    devrun.see("int.1  | up").see("deaf.1 | up");
    let begun = Instant::now();
    assert_eq!(devrun.interrupt(), 0);
    assert!(begun.elapsed() < Duration::from_secs(50));
    devrun
        .see("int.1  | interrupted")
        .see("deaf.1 did not stop in 0.2 s: killed");
}

#[test]
fn each_has_its_own_directory_environment_and_kind_of_output() {
    let says = "echo \"$(basename \"$PWD\") $A $B\"; [ -t 1 ] && echo terminal || echo pipe";
    let procfile = format!("web: {says}\nother: {says}\n");
    let settings = "env: { A: app, B: app }\n\
                    processes: { web: { cwd: frontend, env: { B: own }, tty: true } }\n";
    let project = project(&procfile, settings).file("frontend/keep", "");
    let mut devrun = project.start();
    devrun
        .see("web.1   | frontend app own")
        .see("web.1   | terminal")
        .see("other.1 | app app app")
        .see("other.1 | pipe");
    assert_eq!(devrun.wait(), 0);
}

#[test]
fn an_app_says_what_it_is_called_which_procfile_it_has_and_how_many_run() {
    let settings = "name: shop\nprocfile: Procfile.test\nformation: web=2\n";
    let project = project("wrong: exit 9\n", settings).file(
        "Procfile.test",
        "web: echo \"$PS\"; exec sleep 1000\njob: exit 9\n",
    );
    let mut devrun = project.start();
    devrun.see("Procfile.test, 2 processes");
    devrun.see("web.1  | web.1").see("web.2  | web.2");
    let shown = project.run(&["ps", "--json"]).stdout;
    assert!(shown.contains("\"name\":\"shop\""), "{shown}");
    assert_eq!(devrun.interrupt(), 0);
}
