//! Line commands: a letter, names, Enter.

#[cfg(target_os = "linux")]
use std::process::Command;
use std::time::Instant;

use nix::sys::signal::Signal;

use crate::screen::{LEAVE, Screen};
use crate::support::{PATIENCE, Project, helper, wait_until_gone};

/// Two processes that say who they are, and a third that says so once a second.
const THREE: &str = "web: echo web is up; exec sleep 1000\n\
    worker: echo worker is up; exec sleep 1000\n\
    worm: while :; do echo tick; sleep 0.05; done\n";

fn three() -> Screen {
    three_of(&Project::with_procfile(THREE))
}

fn three_of(project: &Project) -> Screen {
    let mut screen = Screen::start(project, &[]);
    screen.wait_for_all(&["web is up", "worker is up", "tick"]);
    screen
}

#[test]
fn r_restarts_by_name_beginning_type_or_all() {
    let procfile = "web: echo up; exec sleep 1000\nworker: exec sleep 1000\n";
    let project = Project::with_procfile(procfile);
    let mut screen = Screen::start(&project, &["-m", "web=2,worker=1"]);
    screen.wait_for_all(&["web.1 started", "web.2 started", "worker.1 started"]);
    screen.command("r web.2");
    screen.wait_for("restarting web.2\r\n");
    screen.wait_for("web.2 started (pid ");
    screen.command("r we");
    screen.wait_for("restarting web.1\r\nsystem   | restarting web.2\r\n");
    screen.wait_for_all(&["web.1 started", "web.2 started"]);
    screen.command("restart all");
    screen
        .wait_for("restarting web.1")
        .wait_for("restarting web.2")
        .wait_for("restarting worker.1");
    screen.wait_for("worker.1 started (pid ");
    screen.interrupt();
}

#[test]
fn r_alone_restarts_what_has_failed_with_its_count_begun_anew() {
    let procfile = "web: exec sleep 1000\n\
        job: test -e ../repaired || { echo boom; exit 3; }; echo repaired; exec sleep 1000\n";
    let project = Project::with_procfile(procfile);
    let mut screen = Screen::start(&project, &["--restart", "never"]);
    screen.wait_for("job.1  | boom");
    screen.wait_for("not restarted. Its last lines:\r\nsystem |   boom\r\n");
    screen.wait_for("failed; waiting for a change or r job + Enter");
    // Not in its own directory: a change there would have it started again by itself.
    project.write("../repaired", "");
    screen.command("r");
    screen.wait_for("job.1  | repaired");
    screen.command("r").wait_for("nothing has failed");
    // What was repaired is no failure of the session.
    screen.interrupt();
}

#[test]
fn x_stops_and_s_starts() {
    let mut screen = three();
    screen.command("x worker");
    screen
        .wait_for("stopping worker.1")
        .wait_for("worker.1 is stopped");
    screen.command("x worker").wait_for("worker.1 does not run");
    screen.command("l").wait_for("worker.1  stopped");
    screen
        .command("s web")
        .wait_for("web.1 runs already; r restarts it");
    screen
        .command("s")
        .wait_for("worker.1 started")
        .wait_for("worker is up");
    screen
        .command("x")
        .wait_for("which process? x web stops web");
    screen.interrupt();
}

#[test]
fn a_session_of_which_all_was_stopped_waits_for_somebody() {
    let mut screen = three();
    screen.command("x all");
    screen.wait_for_all(&["web.1 is stopped", "worm.1 is stopped"]);
    screen.command("s web").wait_for("web is up");
    screen.command("q").wait_for("done. up");
    assert_eq!(screen.wait(), 0);
}

#[test]
fn m_mutes_and_tells_afterwards_how_much_was_left_out() {
    let mut screen = three();
    screen.wait_for("worm.1   | tick");
    screen
        .command("m worm")
        .wait_for("muted: worm.1; m shows all again\r\n");
    screen.command("r web").wait_for("web is up");
    let meanwhile = screen.rest();
    assert!(!meanwhile.contains("tick"), "{meanwhile}");
    // It may not have written anything yet.
    loop {
        screen
            .command("m")
            .wait_for("shown again: worm.1")
            .wait_for("\r\n");
        if screen.seen.text().contains(" left out\r\n") {
            break;
        }
        screen.command("m worm").wait_for("muted: worm.1");
    }
    screen.wait_for("worm.1   | tick");
    screen.command("m").wait_for("nobody is muted");
    screen.interrupt();
}

#[test]
fn f_shows_only_these() {
    let project = Project::with_procfile(THREE);
    let mut screen = three_of(&project);
    screen
        .command("f web")
        .wait_for("only web.1; f shows all again\r\n");
    screen.command("r worker").wait_for("worker.1 started");
    screen.command("r web").wait_for("web.1    | web is up");
    let text = screen.seen.text();
    let focused = text.split("only web.1").nth(1).unwrap();
    assert!(!focused.contains("worker is up"), "{focused}");
    // What is stored was left out on the screen.
    let deadline = Instant::now() + PATIENCE;
    let has_come = |stored: &str| stored.matches("worker is up").count() == 2;
    while !has_come(&project.run(&["logs", "worker"]).stdout) {
        assert!(Instant::now() < deadline, "worker is not up again");
    }
    screen
        .command("f")
        .wait_for("shown again: worker.1 and worm.1; ");
    screen.wait_for("tick");
    screen.interrupt();
}

#[test]
fn u_l_and_h_tell_what_there_is() {
    let procfile = format!("web: {}\njob: exec sleep 1000\n", helper("listen"));
    let project = Project::with_procfile(&procfile);
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("h + Enter: commands");
    screen
        .command("u")
        .wait_for("web.1  http://localhost:")
        .wait_for("job.1  (running)");
    screen
        .command("l")
        .wait_for("web.1  ready")
        .wait_for("pid ")
        .wait_for("http://localhost:");
    screen.wait_for("job.1  running");
    screen
        .command("h")
        .wait_for("a letter, then Enter:")
        .wait_for("ctrl-] leaves");
    screen.interrupt();
}

#[test]
fn u_and_l_with_names_show_only_these() {
    let mut screen = three();
    screen
        .command("u web")
        .wait_for("\r\nsystem   | web.1  (running)\r\n");
    screen
        .command("l worker, worm")
        .wait_for("\r\nsystem   | worker.1  running")
        .wait_for("system   | worm.1    running");
    let said = screen.interrupt();
    assert!(!said.contains("web.1     running"), "{said}");
    assert!(!said.contains("(running)\r\nsystem   | worker.1"), "{said}");
}

#[test]
fn help_is_given_whatever_stands_behind_it() {
    let mut screen = three();
    for asks in ["?", "h a", "help nobody"] {
        screen.command(asks).wait_for("a letter, then Enter:");
    }
    screen.interrupt();
}

#[test]
fn q_with_a_name_ends_nothing() {
    let mut screen = three();
    screen
        .command("q web")
        .wait_for("q quits all and takes no name; x web stops web\r\n");
    screen.command("l").wait_for("web.1     running");
    screen.interrupt();
}

#[test]
fn a_alone_is_for_the_only_process_and_of_several_none_is_guessed() {
    let project = Project::with_procfile("web: echo up; exec sleep 1000\n");
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("web.1  | up");
    screen.command("a").wait_for("this is web.1's terminal");
    screen
        .type_(LEAVE)
        .wait_for("left web.1's terminal")
        .wait_for("\r\n");
    screen.interrupt();
    let mut screen = three();
    screen
        .command("a")
        .wait_for("which process? a web shows web's terminal");
    screen.interrupt();
}

#[test]
fn o_tells_what_cannot_be_opened() {
    let mut screen = three();
    screen.command("o web").wait_for("web.1 serves no URL");
    screen.command("o").wait_for("nobody serves a URL");
    screen.interrupt();
}

/// A session that is about to be started, with a browser that notes in `opened` what it is to show.
#[cfg(target_os = "linux")]
fn with_browser(procfile: &str) -> (Project, Command) {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::with_procfile(procfile);
    project.write(
        "xdg-open",
        "#!/bin/sh\necho \"$1\" > opened.draft; mv opened.draft opened\n",
    );
    let browser = project.directory().join("xdg-open");
    std::fs::set_permissions(browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = project.command(["start", "-p", "0", "--color", "never"]);
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", project.directory().display()));
    (project, command)
}

#[cfg(target_os = "linux")]
#[test]
fn o_opens_what_is_served() {
    let (project, command) = with_browser(&format!("web: {}\n", helper("listen")));
    let mut screen = Screen::run(&project, command, 80);
    screen
        .wait_for("ready    http://localhost:")
        .wait_for("\r\n");
    screen.command("o").wait_for("opening http://localhost:");
    project.wait_for_file("opened");
    let said = screen.interrupt();
    let opened = project.read("opened");
    assert!(
        said.contains(&format!("opening {}", opened.trim())),
        "{opened}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn who_listens_elsewhere_is_listed_and_opened_there() {
    let (project, command) = with_browser(&format!("web: {}\n", helper("elsewhere")));
    let mut screen = Screen::run(&project, command, 80);
    screen.wait_for("! web.1  running  (listens on ");
    let text = screen.seen.text();
    let port = text.split("running  (listens on ").nth(1).unwrap();
    let port = port.split(')').next().unwrap();
    screen
        .command("u")
        .wait_for(&format!("web.1  (listens on {port})"));
    screen
        .command("l")
        .wait_for(&format!("    (listens on {port})"));
    let url = format!("http://localhost:{port}");
    screen.command("o web").wait_for(&format!("opening {url}"));
    project.wait_for_file("opened");
    assert_eq!(project.read("opened").trim(), url);
    screen.interrupt();
}

#[test]
fn what_is_not_understood_is_explained_and_changes_nothing() {
    let mut screen = three();
    screen
        .command("rweb")
        .wait_for("`rweb` is no command; h + Enter shows them");
    screen
        .command("r wo")
        .wait_for("`wo` could be `worker` or `worm`: type more of it");
    screen
        .command("a worker worm")
        .wait_for("`worker worm` could be `worker.1` or `worm.1`: type");
    screen
        .command("x wbe")
        .wait_for("no process is called `wbe`");
    screen.wait_for("did you\r\nsystem   |   mean `web`?");
    screen
        .type_("\x1b[A\x1b]0;x\x07")
        .command("")
        .wait_for("is no command");
    let said = screen.interrupt();
    assert!(!said.contains("restarting"), "{said}");
    assert!(!said.contains("`\x1b"), "{said:?}");
}

#[test]
fn enter_alone_makes_blank_lines() {
    let project = Project::with_procfile("web: exec sleep 1000\n");
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("web.1 started").wait_for("\r\n");
    screen.type_("\r\r\r");
    screen.wait_for("\r\n\r\n\r\n");
    screen.command("l").wait_for("web.1  running");
    screen.interrupt();
}

#[test]
fn what_follows_ctrl_c_has_a_row_of_its_own() {
    let project = Project::with_procfile("web: printf 'name? '; exec sleep 1000\n");
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("name? ");
    let said = screen.interrupt();
    assert!(
        said.contains("name? ^C\r\nsystem | stopping 1 process"),
        "{said}"
    );
}

#[test]
fn q_ends_all_as_ctrl_c_does() {
    let mut screen = three();
    screen
        .command("q")
        .wait_for("stopping 3 processes: SIGTERM")
        .wait_for("done. up");
    assert_eq!(screen.wait(), 0);
}

/// Somebody may look at the screen and type while a process shows half a line.
#[test]
fn a_command_behind_a_prompt_does_not_mix_the_rows() {
    let project = Project::with_procfile("web: printf 'name? '; exec sleep 1000\n");
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("name? ");
    screen.command("l").wait_for("l\r\nsystem | web.1  running");
    screen.interrupt();
}

#[test]
fn without_a_terminal_at_stdin_nothing_is_read_and_nothing_offered() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("listen")));
    let mut shell = std::process::Command::new("/bin/sh");
    project.prepare(&mut shell);
    let start = "exec \"$D\" start -p 0 --no-timestamp --color never < /dev/null";
    shell
        .args(["-c", start])
        .env("D", env!("CARGO_BIN_EXE_devrun"));
    let mut screen = Screen::run(&project, shell, 80);
    screen
        .command("x web")
        .wait_for("system | Ctrl-C: stop\r\n");
    let said = screen.interrupt();
    assert!(!said.contains("stopping web.1"), "{said}");
    assert!(!said.contains("h + Enter"), "{said}");
}

#[test]
fn a_terminal_that_goes_away_ends_all() {
    let project = Project::with_procfile("web: echo pid $$; exec sleep 1000\n");
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("web.1  | pid ").wait_for("\r\n");
    let text = screen.seen.text();
    let pid = text.split("web.1  | pid ").nth(1).unwrap();
    let pid: i32 = pid.lines().next().unwrap().trim().parse().unwrap();
    screen.signal(Signal::SIGHUP).wait_for("done. up");
    screen.wait();
    wait_until_gone(pid);
}
