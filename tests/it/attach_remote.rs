//! `devrun attach`: a process's terminal, from another one.

use nix::sys::signal::Signal;

use crate::screen::{ASKS, CTRL_C, CTRL_Z, LEAVE, Screen};
use crate::support::{Devrun, Finished, Project};

/// A session whose output is a pipe, though its processes have terminals.
fn session(project: &Project) -> Devrun {
    project.start_with(&["--tty", "always"])
}

fn attach(project: &Project, arguments: &[&str]) -> Screen {
    let command = project.command(["attach"].iter().chain(arguments));
    Screen::run(project, command, 80)
}

/// On a terminal, to its end.
fn refused(project: &Project, arguments: &[&str]) -> (i32, String) {
    let mut screen = attach(project, arguments);
    let status = screen.wait();
    screen.wait_for("\n");
    (status, screen.text())
}

fn prompting(project: &Project) -> Devrun {
    let mut devrun = session(project);
    devrun.wait_for("name? ");
    devrun
}

#[test]
fn keys_go_there_and_what_is_written_is_seen_in_both() {
    let project = Project::with_procfile(ASKS);
    let mut devrun = prompting(&project);
    let mut screen = attach(&project, &["asks"]);
    screen
        .wait_for("this is asks.1's terminal, Ctrl-C too is for it; ctrl-] leaves\r\n")
        .wait_for("name? ");
    devrun.wait_for(&format!(
        "asks.1: its terminal is used from elsewhere (pid {})",
        screen.pid()
    ));
    assert_ne!(&screen.settings(), screen.settings_at_first());
    screen.type_("ann\r").wait_for("ann\r\nhello ann\r\nname? ");
    devrun.wait_for("asks.1 | hello ann");
    screen.type_(CTRL_C).wait_for("^Cinterrupted\r\nname? ");
    // Typed ahead of the keys that leave, it goes there all the same.
    screen
        .type_("bob\r\x1d")
        .wait_for("left asks.1; it runs on\r\n");
    assert_eq!(screen.wait(), 0);
    devrun.wait_for("asks.1 | hello bob");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn beside_the_sessions_own_terminal_its_stream_goes_on() {
    let project = Project::with_procfile(ASKS);
    let mut own = Screen::start(&project, &[]);
    own.wait_for("asks.1 | name? ");
    let mut screen = attach(&project, &["--detach-keys", "ctrl-p,ctrl-q"]);
    screen
        .wait_for("this is asks.1's terminal")
        .wait_for("name? ");
    screen
        .type_("\x1dann\r")
        .wait_for("hello \x1dann\r\nname? ");
    own.wait_for("hello ");
    own.command("a asks").wait_for("this is asks.1's terminal");
    own.type_("bob\r").wait_for("hello bob\r\nname? ");
    screen.wait_for("hello bob\r\nname? ");
    own.type_(LEAVE).wait_for("left asks.1's terminal");
    screen.type_("\x10\x11").wait_for("left asks.1");
    screen.wait();
    own.interrupt();
}

#[test]
fn the_size_is_that_of_whoever_came_or_was_resized_last() {
    let line = "asks: trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done\n";
    let project = Project::with_procfile(line);
    let mut devrun = session(&project);
    devrun.wait_for("asks.1 | 24 62\n");
    let mut one = attach(&project, &["asks"]);
    one.wait_for("24 80\r\n");
    one.resize(100, 30);
    one.wait_for("30 100\r\n");
    let mut other = attach(&project, &["asks.1"]);
    other.wait_for("24 80\r\n");
    one.wait_for("24 80\r\n").resize(90, 20);
    one.wait_for("20 90\r\n");
    other.wait_for("20 90\r\n");
    // However somebody leaves.
    one.signal(Signal::SIGKILL);
    other.wait_for("24 80\r\n");
    other.signal(Signal::SIGKILL);
    devrun
        .wait_for("asks.1 | 24 80\n")
        .wait_for("asks.1 | 24 62\n");
    assert_eq!(devrun.count("exited"), 0);
    devrun.interrupt();
}

#[test]
fn who_stands_still_slows_nobody_and_is_told_what_it_has_missed() {
    let flood = "asks: printf 'name? '; until [ -e go ]; do sleep 0.05; done; yes 0123456789 | head -c 5000000; \
        echo > flooded; exec sleep 1000\n";
    let project = Project::with_procfile(flood);
    let mut devrun = prompting(&project);
    let mut screen = attach(&project, &["asks"]);
    screen.wait_for("name? ").signal(Signal::SIGSTOP);
    project.write("go", "");
    project.wait_for_file("flooded");
    screen
        .signal(Signal::SIGCONT)
        .wait_for(" bytes are left out here]\r\n");
    screen.type_(LEAVE).wait_for("left asks.1");
    screen.wait();
    devrun.interrupt();
}

#[test]
fn the_end_of_the_run_is_told_in_words() {
    let project = Project::with_procfile(
        "asks: printf '\\033[?1049h\\033[?1000hname? '; read -r name; echo bye; exit 7\n\
         other: exec sleep 1000\n",
    );
    let mut own = Screen::start(&project, &["--restart", "never"]);
    own.wait_for("asks.1 redraws its screen");
    let mut screen = attach(&project, &["asks"]);
    screen.wait_for_all(&["\x1b[?1049h", "\x1b[?1000h"]);
    screen.type_("x\r").wait_for("bye");
    screen.wait_for_all(&["\x1b[?1000l", "\x1b[?1049l", "\x1b[?25h"]);
    screen.wait_for("asks.1 exited with status 7\r\n");
    assert_eq!(screen.wait(), 0);
    own.type_(CTRL_C).wait_for("done. up");
    own.wait();
}

#[test]
fn whatever_ends_it_the_terminal_is_as_before() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let project = Project::with_procfile(ASKS);
        let mut devrun = prompting(&project);
        let mut screen = attach(&project, &["asks"]);
        screen.wait_for("name? ").signal(signal);
        screen.wait_for("left asks.1");
        // The terminal's settings are compared there.
        assert_eq!(screen.wait(), 0);
        devrun.interrupt();
    }
    let project = Project::with_procfile(ASKS);
    let mut devrun = prompting(&project);
    let mut screen = attach(&project, &["asks"]);
    screen.wait_for("name? ");
    devrun.signal(Signal::SIGTERM);
    screen.wait_for("asks.1 was killed by SIGTERM");
    assert_eq!(screen.wait(), 0);
    devrun.wait();
    let mut devrun = prompting(&project);
    let mut screen = attach(&project, &["asks"]);
    screen.wait_for("name? ");
    devrun.kill();
    screen.wait_for("error: the session that runs asks.1 has gone");
    screen.wait_for(" help: `devrun logs` shows what it wrote, `devrun start` runs it again");
    assert_eq!(screen.wait(), 1);
}

#[test]
fn a_program_that_draws_finds_the_screen_it_left_also_where_nobody_has_looked() {
    let project = Project::with_procfile(
        "asks: trap 'printf \"\\033[Hdrawn\"' WINCH; printf '\\033[?1049h\\033[?1000h'; \
         touch drawing; while :; do sleep 0.05; done\n",
    );
    for arguments in [&["--tty", "always"][..], &["--tty", "always", "--json"]] {
        let mut devrun = project.start_with(arguments);
        project.wait_for_file("drawing");
        let mut screen = attach(&project, &["asks"]);
        screen.wait_for_all(&["\x1b[?1049h", "\x1b[?1000h", "\x1b[Hdrawn"]);
        screen.type_(LEAVE);
        screen.wait_for_all(&["\x1b[?1000l", "\x1b[?1049l", "\x1b[?25h"]);
        screen.wait_for("left asks.1");
        screen.wait();
        devrun.interrupt();
        std::fs::remove_file(project.directory().join("drawing")).unwrap();
    }
}

#[test]
fn ctrl_z_is_the_processes_too() {
    let project = Project::with_procfile(
        "asks: stty -isig; printf 'key? '; dd bs=1 count=1 2>&- | od -An -tx1; exec sleep 1000\n",
    );
    let mut devrun = session(&project);
    devrun.wait_for("key? ");
    let mut screen = attach(&project, &["asks"]);
    screen.wait_for("key? ").type_(CTRL_Z).type_("\r");
    screen.wait_for(" 1a\r\n").type_(LEAVE).wait_for("left");
    screen.wait();
    devrun.interrupt();
}

#[test]
fn without_a_name_it_is_whoever_waits_or_the_only_one() {
    let project = Project::with_procfile(&format!("web: exec sleep 1000\n{ASKS}"));
    let mut devrun = prompting(&project);
    let mut screen = attach(&project, &[]);
    screen.wait_for("this is asks.1's terminal").type_(LEAVE);
    screen.wait();
    devrun.interrupt();
    let project = Project::with_procfile("web: exec sleep 1000\nworker: exec sleep 1000\n");
    let mut devrun = session(&project);
    devrun.see("web.1 started").see("worker.1 started");
    let expected = "error: nobody waits for input, and several have a terminal: `web.1` and `worker.1`\r\n \
        help: name one: `devrun attach web`\r\n";
    assert_eq!(refused(&project, &[]), (1, expected.into()));
    devrun.interrupt();
}

#[test]
fn a_process_of_an_app_that_is_used_is_reached_from_both() {
    let shop = Project::called("shop")
        .file("Procfile", "web: exec sleep 1000\n")
        .file(
            "devrun.yaml",
            "uses: { API_URL: { app: ../api, wait: none } }\n",
        );
    let api = shop.sibling("api").file("Procfile", ASKS);
    let mut devrun = prompting(&shop);
    for (project, name) in [(&shop, "api/asks"), (&api, "asks")] {
        let mut screen = attach(project, &[name]);
        screen
            .wait_for(&format!("this is {name}.1's terminal"))
            .wait_for("name? ");
        screen.type_("ann\r").wait_for("hello ann");
        screen.type_(LEAVE).wait_for(&format!("left {name}.1"));
        screen.wait();
    }
    devrun.interrupt();
}

#[test]
fn what_cannot_be_attached_to_is_said() {
    let project = Project::with_procfile("web: exec sleep 1000\ntask: true\n");
    let (status, said) = refused(&project, &["web"]);
    assert_eq!(status, 3);
    assert!(said.contains("error: nothing is running in "), "{said}");
    let mut devrun = project.start();
    devrun.wait_for("task.1 exited with status 0");
    let check = |name: &str, status: i32, expected: &str| {
        assert_eq!(refused(&project, &[name]), (status, expected.to_string()));
    };
    check(
        "web",
        1,
        "error: web.1 has no terminal: it runs with pipes\r\n \
         help: `devrun start --tty always`, or `tty: true` in devrun.yaml, gives it one\r\n",
    );
    check(
        "task",
        1,
        "error: task.1 is completed\r\n help: `devrun start task` starts it\r\n",
    );
    let two = Project::with_procfile("web: exec sleep 1000\n");
    let mut devrun_of_two = two.start_with(&["-m", "web=2", "--tty", "always"]);
    devrun_of_two.wait_for("web.2 started");
    let expected = "error: `web` means `web.1` and `web.2`\r\n \
        help: one at a time: `devrun attach web.1`\r\n";
    assert_eq!(refused(&two, &["web"]), (2, expected.into()));
    devrun_of_two.interrupt();
    let (status, said) = refused(&project, &["wbe"]);
    assert_eq!(status, 2);
    assert!(said.contains("did you mean `web`?"), "{said}");
    let Finished {
        status,
        stdout,
        stderr,
    } = project.run(&["attach", "web"]);
    assert_eq!((status, &stdout[..]), (2, ""));
    let expected = "error: attach needs a terminal, on stdin and on stdout\n \
        help: `devrun logs -f web` shows what is written\n";
    assert_eq!(stderr, expected);
    devrun.interrupt();
}
