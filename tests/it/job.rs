//! Ctrl-Z, `fg` and the background, under a real shell.

use crate::screen::{CTRL_C, CTRL_Q, CTRL_S, CTRL_Z, Screen};
use crate::support::{Project, helper};

const START: &str = "$D start -p 0 --no-timestamp --color never";

#[test]
fn ctrl_z_stops_every_process_and_fg_lets_them_go_on_without_losing_a_line() {
    let project =
        Project::with_procfile("count: i=0; while :; do i=$((i+1)); echo n$i; sleep 0.02; done\n");
    let mut screen = Screen::shell(&project);
    screen.command(START).wait_for("count.1 | n3\r\n");
    screen.type_(CTRL_Z).wait_for("Stopped").wait_for("$ ");
    screen.command("stty -g > settings").wait_for("$ ");
    screen
        .command("echo done in the shell")
        .wait_for("\ndone in the shell")
        .wait_for("$ ");
    let meanwhile = screen.rest();
    assert!(!meanwhile.contains("count.1"), "{meanwhile}");
    screen.command("fg").wait_for("count.1 | ");
    screen.type_(CTRL_C).wait_for("done. up").wait_for("$ ");
    screen.command("stty -g > settings.after; exit").wait();
    assert_eq!(project.read("settings"), project.read("settings.after"));
    let text = screen.seen.text();
    let numbers = text.split("count.1 | n").skip(1);
    let numbers: Vec<u32> = numbers
        .map(|rest| rest.lines().next().unwrap().trim().parse().unwrap())
        .collect();
    let expected: Vec<u32> = (1..=numbers.len() as u32).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn in_the_background_the_shell_gets_what_is_typed() {
    let project = Project::with_procfile("web: exec sleep 1000\n");
    let mut screen = Screen::shell(&project);
    screen
        .command(&format!("{START} &"))
        .wait_for("web.1 started");
    screen.command("l").wait_for("not found");
    // What is typed, and what the shell makes of it.
    screen
        .command("echo the shell reads")
        .wait_for("the shell reads")
        .wait_for("the shell reads");
    screen.command("fg").wait_for("start -p 0");
    screen.command("l").wait_for("system | web.1  running");
    screen.type_(CTRL_C).wait_for("done. up").wait_for("$ ");
    screen.command("exit").wait();
}

#[test]
fn in_the_background_no_keys_are_offered() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("listen")));
    let mut screen = Screen::shell(&project);
    screen
        .command(&format!("{START} &"))
        .wait_for("web.1  ready    http://localhost:");
    screen
        .command("kill %1; wait; echo it is over")
        .wait_for("stopping 1 process")
        .wait_for("\nit is over")
        .wait_for("$ ");
    let text = screen.seen.text();
    assert!(!text.contains("Ctrl-C"), "{text}");
    screen.command("exit").wait();
}

#[test]
fn a_terminal_that_stands_still_slows_nobody_and_is_told_what_it_missed() {
    let procfile = format!(
        "flood: {}; touch flooded; exec sleep 1000\n",
        helper("flood 400000")
    );
    let project = Project::with_procfile(&procfile);
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("flood.1 | line 1\r\n");
    screen.type_(CTRL_S);
    project.wait_for_file("flooded");
    screen.type_(CTRL_Q);
    screen
        .command("l")
        .wait_for(" lines were left out here")
        .wait_for("flood.1  running");
    screen.interrupt();
}

#[test]
fn a_terminal_that_stands_still_for_ever_does_not_hold_up_the_end() {
    let procfile = format!("flood: {}; exec sleep 1000\n", helper("flood 400000"));
    let project = Project::with_procfile(&procfile);
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("flood.1 | line 1\r\n");
    screen.type_(CTRL_S);
    screen.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(screen.wait(), 0);
}

/// Its reader is stopped with the job, and would never take what waits for it.
#[test]
fn ctrl_z_stops_a_session_that_only_waits_for_its_reader() {
    let procfile = format!("flood: {}; touch flooded\n", helper("flood 20000"));
    let project = Project::with_procfile(&procfile);
    let mut screen = Screen::shell(&project);
    screen.command(&format!("{START} | sleep 1000"));
    project.wait_for_file("flooded");
    screen.type_(CTRL_Z).wait_for("Stopped").wait_for("$ ");
    // The shell asks once whether that is meant.
    screen.command("kill -9 %1; exit").command("exit").wait();
}

#[cfg(target_os = "linux")]
#[test]
fn in_the_background_the_terminal_is_the_shells_even_while_somebody_is_attached() {
    let project =
        Project::with_procfile("asks: echo $PPID > guardian; printf 'name? '; read -r x\n");
    let mut screen = Screen::shell(&project);
    screen.command(START).wait_for("asks.1 | name? ");
    screen.command("a asks").wait_for("\r\nname? ");
    let devrun = devrun_of(&project);
    nix::sys::signal::kill(devrun, nix::sys::signal::Signal::SIGTSTP).unwrap();
    screen.wait_for("Stopped").wait_for("$ ");
    screen.command("bg").wait_for("start -p 0").wait_for("$ ");
    screen.command("stty -a").wait_for(" icanon ");
    screen.command("fg").wait_for("start -p 0");
    // Set going, it has the keyboard again.
    screen
        .type_("x\r")
        .wait_for("asks.1 has ended: what you type is for devrun again");
    screen.wait_for("done. up").wait_for("$ ");
    screen.command("exit").wait();
}

/// dash, unlike bash, sees to nothing itself.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_was_raw_is_put_back_though_devrun_was_killed() {
    let project =
        Project::with_procfile("asks: echo $PPID > guardian; printf 'name? '; read -r x\n");
    let mut screen = Screen::shell(&project);
    screen.command(START).wait_for("asks.1 | name? ");
    screen.command("a asks").wait_for("\r\nname? ");
    nix::sys::signal::kill(devrun_of(&project), nix::sys::signal::Signal::SIGKILL).unwrap();
    screen.wait_for_all(&["\x1b[?25h", "$ "]);
    screen.command("stty -a").wait_for(" icanon ");
    screen.command("exit").wait();
}

/// The parent of the guardian, whose pid a process has written into a file.
#[cfg(target_os = "linux")]
fn devrun_of(project: &Project) -> nix::unistd::Pid {
    let guardian: i32 = project.read("guardian").trim().parse().unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{guardian}/stat")).unwrap();
    let parent = stat.rsplit(") ").next().unwrap().split(' ').nth(1).unwrap();
    nix::unistd::Pid::from_raw(parent.parse().unwrap())
}
