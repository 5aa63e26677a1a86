//! What is different when stdout is a terminal.

use crate::screen::Screen;
use crate::support::{Project, helper};

#[test]
fn prefixes_are_coloured_and_the_hints_are_said() {
    let project = Project::with_procfile("web: echo hi; exec sleep 1000\n");
    let mut devrun = Screen::start_as_is(&project, 80, &["--no-timestamp"]);
    devrun.wait_for("\u{1b}[38;5;31mweb.1  |\u{1b}[0m hi\r\n");
    devrun.wait_for("Ctrl-C: stop");
    let said = devrun.interrupt();
    assert!(said.contains("Ctrl-C again kills now"), "{said}");
}

#[test]
fn a_child_may_write_text_colours_and_links_and_nothing_else() {
    let project = Project::with_procfile("web: cat bytes; exec sleep 1000\n");
    let red = "\u{1b}[31mred";
    let bytes =
        format!("\u{1b}[2J\u{1b}[Hcleared\u{7}\n{red}\nstill\u{1b}[0m off\n1%\r2%\r3%\nend\n");
    project.write(
        "bytes",
        [
            bytes.as_bytes(),
            b"\xff\n\x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n",
        ]
        .concat(),
    );
    let mut devrun = Screen::start_as_is(&project, 80, &["--no-timestamp"]);
    devrun.wait_for("link");
    let said = devrun.interrupt();
    let prefix = "\u{1b}[38;5;31mweb.1  |\u{1b}[0m ";
    for text in [
        "cleared",
        "\u{1b}[31mred\u{1b}[0m",
        "\u{1b}[31mstill\u{1b}[0m off",
        "3%",
        "\u{fffd}",
        "\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    ] {
        assert!(
            said.contains(&format!("{prefix}{text}\r\n")),
            "{text:?} in:\n{said:?}"
        );
    }
    for escape in ["\u{1b}[2J", "\u{1b}[H", "\u{1b}]0;", "\u{7}"] {
        assert!(!said.contains(escape), "{escape:?} in:\n{said:?}");
    }
}

#[test]
fn a_cleared_screen_and_a_repaint_are_lines() {
    let project = Project::with_procfile("web: cat bytes; exec sleep 1000\n");
    let cleared = "one\n\u{1b}[2J\u{1b}[3J\u{1b}[Htwo\n";
    let repainted = "db wait\nweb wait\n\u{1b}[2A\u{1b}[2Kdb up\n\u{1b}[2Kweb wait\nthree\n";
    let unfinished = "\u{1b}[3A\u{1b}[2Kdb left\u{1b}[3B";
    project.write("bytes", [cleared, repainted, unfinished].concat());
    let mut devrun = Screen::start_as_is(&project, 80, &["--no-timestamp", "--color", "never"]);
    devrun.wait_for("db left");
    let said = devrun.interrupt();
    let lines = said
        .lines()
        .filter_map(|line| line.strip_prefix("web.1  | "));
    let expected = [
        "one",
        "(screen cleared)",
        "two",
        "db wait",
        "web wait",
        "db up",
        "three",
        "db left",
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected, "{said:?}");
}

#[test]
fn devruns_own_lines_fit_the_terminal() {
    let procfile = format!(
        "web: {}\napi: {}\n",
        helper("elsewhere"),
        helper("ignore-term")
    );
    let project = Project::with_procfile(&procfile);
    for columns in [80, 60] {
        let mut devrun = Screen::start_as_is(&project, columns, &["-t", "0.1", "--color", "never"]);
        devrun.wait_for("Ctrl-C: stop");
        let said = devrun.interrupt();
        let own = said.lines().filter(|line| line.contains("system | "));
        for line in own {
            let width = line.trim_matches('\r').chars().count();
            assert!(width <= usize::from(columns), "{width} columns: {line}");
        }
    }
}

#[test]
fn the_terminal_is_afterwards_as_before() {
    let project = Project::with_procfile("web: stty raw -echo < /dev/tty; sleep 1000\n");
    let mut devrun = Screen::start(&project, &[]);
    devrun.wait_for("web.1 started");
    // The terminal's settings are compared there.
    devrun.interrupt();
}

#[test]
fn a_narrow_terminal_has_no_time_and_short_names() {
    let project = Project::with_procfile("a-very-long-name: echo hi; exec sleep 1000\n");
    let mut devrun = Screen::start_as_is(&project, 40, &["--color", "never"]);
    devrun.wait_for("\na-ve…ame.1 | hi\r\n");
    devrun.interrupt();
}

#[test]
fn a_progress_bar_that_never_pauses_is_shown_all_the_same() {
    let project = Project::with_procfile(
        "bar: i=0; while :; do i=$((i+1)); printf '\\r%d states' $i; sleep 0.02; done\n",
    );
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("bar.1  | ").wait_for(" states");
    screen.wait_for("bar.1  | ").wait_for(" states");
    let said = screen.interrupt();
    // Not every state, by far.
    assert!(said.matches(" states").count() < 20, "{said}");
}

/// A shell ends at SIGTERM; what it has started is not to be hung up because of that.
#[test]
fn behind_a_shell_a_server_has_its_grace_all_the_same() {
    let project = Project::with_procfile(
        "web: cd . && sh -c 'trap \"sleep 0.3; echo bye; exit\" TERM; echo up; while :; do sleep 0.05; done'\n",
    );
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("web.1  | up");
    let said = screen.interrupt();
    assert!(said.contains("web.1  | bye"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_command_leaves_behind_keeps_its_terminal() {
    let project =
        Project::with_procfile("web: (sleep 0.5; echo still here; exec sleep 1000) & echo up\n");
    let mut screen = Screen::start(&project, &[]);
    // Who is first is for the system to say.
    screen.wait_for_all(&["web.1  | up", "runs on as a daemon", "web.1  | still here"]);
    screen.interrupt();
}

/// The guardian sees to that: one SIGTERM, and no hang-up before it.
#[cfg(target_os = "linux")]
#[test]
fn who_has_a_terminal_has_its_grace_though_devrun_was_killed() {
    let project = Project::with_procfile(
        "web: trap 'echo hung up > b; mv b bye; exit' HUP; trap 'sleep 0.2; echo bye > b; mv b bye; exit' TERM; \
         echo up; while :; do sleep 0.05; done\n",
    );
    let mut screen = Screen::start(&project, &[]);
    screen.wait_for("web.1  | up");
    screen.signal(nix::sys::signal::Signal::SIGKILL);
    project.wait_for_file("bye");
    assert_eq!(project.read("bye"), "bye\n");
}
