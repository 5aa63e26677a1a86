//! `a NAME`: one process's terminal, at the keyboard.

use nix::sys::signal::Signal;

use crate::screen::{ASKS, CTRL_C, ENTER, LEAVE, Screen};
use crate::support::Project;

fn attached(procfile: &str, arguments: &[&str]) -> Screen {
    let mut screen = Screen::start(&Project::with_procfile(procfile), arguments);
    screen.wait_for("asks.1 | name? ");
    screen.command("a asks");
    screen
        .wait_for("this is asks.1's terminal")
        .wait_for("\r\nname? ");
    screen
}

#[test]
fn who_shows_a_prompt_and_waits_is_said_once() {
    let project = Project::with_procfile(ASKS);
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("asks.1 | name? ");
    screen.wait_for("asks.1 seems to wait for input: a asks + Enter\r\n");
    // Alone, `a` means whoever waits.
    screen.command("a").wait_for("this is asks.1's terminal");
    screen.type_("ann\r").wait_for("hello ann");
    screen.type_(LEAVE).wait_for("left asks.1's terminal");
    let said = screen.interrupt();
    assert_eq!(said.matches("seems to wait").count(), 1, "{said}");
}

#[test]
fn keys_and_ctrl_c_go_to_that_process_and_its_recent_output_is_shown_again() {
    let mut screen = attached(ASKS, &[]);
    screen.type_("ann").type_(ENTER);
    screen.wait_for("ann\r\nhello ann\r\nname? ");
    screen.type_(CTRL_C).wait_for("^Cinterrupted\r\nname? ");
    screen
        .type_(LEAVE)
        .wait_for("left asks.1's terminal; it waits for input\r\n");
    assert_eq!(&screen.settings(), screen.settings_at_first());
    screen
        .command("l")
        .wait_for("asks.1  running")
        .wait_for("(waits for input)");
    let said = screen.interrupt();
    assert!(!said.contains("exited"), "{said}");
}

#[test]
fn the_window_size_is_followed_only_while_attached() {
    let mut screen = Screen::start(
        &Project::with_procfile(
            "asks: trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done\n",
        ),
        &[],
    );
    // Beside the prefix at first, the whole terminal then.
    screen.wait_for("asks.1 | 24 71\r\n");
    screen.command("a asks").wait_for("24 80\r\n");
    screen.resize(100, 30);
    screen.wait_for("30 100\r\n");
    screen.type_(LEAVE).wait_for("left asks.1's terminal");
    screen.wait_for("asks.1 | 30 91\r\n");
    screen.resize(90, 20);
    screen.command("l").wait_for("asks.1  running");
    let said = screen.interrupt();
    assert!(!said.contains("20 90"), "{said}");
}

#[test]
fn what_the_others_write_meanwhile_comes_afterwards() {
    let procfile = format!(
        "{ASKS}other: exec 3<> fifo; while read -r line <&3; do echo \"other $line\"; done\n"
    );
    let project = Project::with_procfile(&procfile);
    let fifo = project.directory().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("asks.1  | name? ");
    screen
        .command("a asks")
        .wait_for("this is asks.1's terminal")
        .wait_for("\r\nname? ");
    std::fs::write(&fifo, "wrote\n").unwrap();
    screen.type_("ann\r").wait_for("hello ann\r\nname? ");
    std::fs::write(&fifo, "wrote more\n").unwrap();
    assert!(!screen.seen.text().contains("other wrote"));
    screen.type_(LEAVE);
    screen
        .wait_for("other.1 | other wrote\r\n")
        .wait_for("other.1 | other wrote more\r\n");
    screen.interrupt();
}

#[test]
fn a_process_that_ends_gives_the_terminal_back() {
    let project = Project::with_procfile(
        "asks: printf 'name? '; read -r name; echo bye; exit 0\nother: exec sleep 1000\n",
    );
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("asks.1  | name? ");
    screen.command("a asks").wait_for("\r\nname? ").type_("x\r");
    screen
        .wait_for("bye")
        .wait_for("asks.1 exited with status 0");
    screen.command("l").wait_for("asks.1   completed");
    assert_eq!(&screen.settings(), screen.settings_at_first());
    screen.interrupt();
}

#[test]
fn other_keys_can_leave() {
    let mut screen = attached(ASKS, &["--detach-keys", "ctrl-p,ctrl-q"]);
    screen.type_("a\x1db\r").wait_for("hello a\x1db\r\nname? ");
    screen.type_("\x10\x11").wait_for("left asks.1's terminal");
    screen.interrupt();
}

#[test]
fn a_program_that_draws_finds_the_screen_it_left_and_leaves_no_trace() {
    let project = Project::with_procfile(
        "asks: trap 'printf \"\\033[Hdrawn\"' WINCH; printf 'name? \\n'; \
         printf '\\033[?1049h\\033[?25l\\033[?1000h'; touch drawing; while :; do sleep 0.1; done\n",
    );
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("asks.1 | name? ");
    // Else it might be told of its terminal's size before it draws.
    project.wait_for_file("drawing");
    screen.command("a asks").wait_for("ctrl-] leaves\r\n");
    screen.wait_for_all(&["\x1b[?1049h", "\x1b[?1000h", "\x1b[?25l"]);
    screen.wait_for("\x1b[Hdrawn");
    screen.type_(LEAVE);
    screen.wait_for_all(&["\x1b[?1000l", "\x1b[?1049l", "\x1b[?25h"]);
    screen.wait_for("left asks.1's terminal");
    screen.interrupt();
}

#[test]
fn a_stop_while_attached_gives_the_terminal_back() {
    for signal in [
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
    ] {
        let mut screen = attached(ASKS, &[]);
        assert_ne!(&screen.settings(), screen.settings_at_first());
        screen.signal(signal).wait_for("done. up");
        // The terminal's settings are compared there.
        screen.wait();
    }
}

#[test]
fn without_a_terminal_of_its_own_there_is_nothing_to_attach_to() {
    let project = Project::with_procfile("web: exec sleep 1000\n");
    let mut screen = Screen::start(&project, &["--tty", "never"]);
    screen.wait_for("Ctrl-C: stop");
    screen
        .command("a web")
        .wait_for("web.1 has no terminal to be shown");
    screen.interrupt();
}

#[cfg(target_os = "linux")]
#[test]
fn when_the_guardian_is_lost_the_terminal_is_given_back_and_that_is_said() {
    let project = Project::with_procfile(
        "asks: echo $PPID > guardian; printf 'name? \\033[?1000h'; while :; do sleep 0.05; done\n",
    );
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("asks.1 | name? ");
    screen.command("a asks").wait_for("\x1b[?1000h");
    let guardian = project.read("guardian").trim().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(guardian), Signal::SIGKILL).unwrap();
    screen
        .wait_for("\x1b[?1000l")
        .wait_for("the guardian is gone");
    assert_eq!(screen.wait(), 1);
}
