//! What people see at 80 and at 40 columns, with many processes and long names, on terminals that can
//! less.

use std::net::TcpListener;

use crate::screen::{ENTER, Screen};
use crate::support::{Project, helper};

const WIDTHS: [u16; 2] = [80, 40];

/// devrun's own lines, without their prefix and with `N` for pids, ports and durations. On the way: each
/// fits `columns`, but for a single word.
fn own_lines(seen: &str, columns: u16) -> Vec<String> {
    let mut own = Vec::new();
    for line in seen.lines() {
        let line = line.trim_end_matches('\r').rsplit('\r').next().unwrap();
        let Some((prefix, text)) = line.split_once("| ") else {
            continue;
        };
        if prefix.contains("system") {
            let is_word = !text.trim().contains(' ');
            let fits = line.chars().count() <= usize::from(columns);
            assert!(fits || is_word, "wider than {columns}: {line:?}");
            own.push(normalised(text));
        }
    }
    own
}

/// Numbers of four digits and more, of processes and of seconds are `N`.
fn normalised(text: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit();
    let mut shown = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_digit) {
        let (before, number) = rest.split_at(start);
        let end = number.find(|c| !is_digit(c) && c != '.');
        let (number, behind) = number.split_at(end.unwrap_or(number.len()));
        let is_of_name = before.ends_with(|c: char| c.is_alphabetic() || c == '.');
        let is_time = behind.starts_with(" s") && !behind.starts_with(" st");
        let is_large = number.len() > 3 && !number.contains('.');
        let is_any = is_large || before.ends_with("pid ") || is_time;
        shown.push_str(before);
        shown.push_str(if is_any && !is_of_name { "N" } else { number });
        rest = behind;
    }
    let timed = (shown + rest).replace("up at once", "up in N s");
    timed.replace(" at once; not restarted", " after N s; not restarted")
}

/// One behind the other.
fn assert_shown(own: &[String], expected: &[&str]) {
    let is_there = own.windows(expected.len()).any(|lines| lines == expected);
    assert!(is_there, "{expected:#?} in:\n{}", own.join("\n"));
}

fn plain(project: &Project, columns: u16, arguments: &[&str]) -> Screen {
    Screen::start_as_is(
        project,
        columns,
        &[&["--color", "never"], arguments].concat(),
    )
}

#[test]
fn start_and_summary() {
    let listens = helper("listen");
    let procfile = format!("web: {listens}\napi: {listens}\nworker: exec sleep 1000\n");
    let project = Project::with_procfile(&procfile);
    let [wide, narrow] = WIDTHS.map(|columns| {
        let mut screen = plain(&project, columns, &[]);
        screen.wait_for("Ctrl-C: stop");
        own_lines(&screen.interrupt(), columns)
    });
    assert_shown(&wide, &["web.1 started (pid N, PORT=N)"]);
    assert_shown(
        &wide,
        &[
            "all up in N s",
            "  web.1     ready    http://localhost:N",
            "  api.1     ready    http://localhost:N",
            "  worker.1  running  (does not listen)",
            "h + Enter: commands   Ctrl-C: stop",
            "stopping 3 processes: SIGTERM, after N s SIGKILL",
            "Ctrl-C again kills now",
        ],
    );
    assert_shown(&narrow, &["web.1 started (PORT=N)"]);
    assert_shown(
        &narrow,
        &[
            "all up in N s",
            "  web.1     ready",
            "    http://localhost:N",
            "  api.1     ready",
            "    http://localhost:N",
            "  worker.1  running",
            "h + Enter: commands",
            "Ctrl-C: stop",
            "stopping 3 processes:",
            "  SIGTERM, after N s SIGKILL",
            "Ctrl-C again kills now",
        ],
    );
}

#[test]
fn a_wrong_port_a_failure_and_a_straggler() {
    let procfile = format!(
        "api: {}\nweb: {}\nworker: {}\njob: echo boom; sleep 0.1; exit 3\n",
        helper("listen"),
        helper("elsewhere"),
        helper("ignore-term")
    );
    let project = Project::with_procfile(&procfile);
    let [wide, narrow] = WIDTHS.map(|columns| {
        let mut screen = plain(&project, columns, &["--restart", "never", "-t", "1.5"]);
        screen.wait_for("Ctrl-C: stop");
        screen.command("l").wait_for("boom");
        screen.type_("q").type_(ENTER).wait_for("done. up");
        assert_eq!(screen.wait(), 3);
        own_lines(&screen.seen.text(), columns)
    });
    let failure = "job.1 exited with status 3 after N s; not restarted:";
    let cure = "failed; waiting for a change or r job + Enter";
    assert_shown(&wide, &[failure, "  boom", cure]);
    assert_shown(
        &wide,
        &[
            "  http://localhost:N is dead; api.1, worker.1 and job.1",
            "    were given that URL",
        ],
    );
    assert_shown(
        &wide,
        &[
            "2 of 4 processes up",
            "  api.1     ready    http://localhost:N",
            "! web.1     running  (listens on N)",
            "  worker.1  running  (does not listen)",
            "! job.1     failed",
        ],
    );
    assert_shown(&wide, &["waiting for worker.1 (pid N), N s left"]);
    assert_shown(&wide, &["worker.1 did not stop in N s: killed"]);
    assert_shown(
        &narrow,
        &[
            "  api.1     ready",
            "    http://localhost:N",
            "! web.1     running",
            "    (listens on N)",
            "  worker.1  running",
            "! job.1     failed",
        ],
    );
    assert_shown(&narrow, &["waiting for worker.1", "  (pid N), N s left"]);
}

#[test]
fn the_post_mortem_comes_last_and_once_it_is_decided_nobody_is_to_fix_anything() {
    let procfile = format!(
        "web: exec sleep 1000\ndb: sleep 0.1; echo out of memory; exit 9\nworker: {}\n",
        helper("ignore-term")
    );
    let project = Project::with_procfile(&procfile);
    let [wide, narrow] = WIDTHS.map(|columns| {
        let mut screen = plain(&project, columns, &["--fail-fast", "-t", "1.1"]);
        screen.wait_for("done. up");
        assert_eq!(screen.wait(), 9);
        let own = own_lines(&screen.seen.text(), columns);
        let own: Vec<_> = own
            .iter()
            .map(|line| line.replace(", N s ago", ""))
            .collect();
        assert!(!own.iter().any(|line| line.contains("fix it")), "{own:#?}");
        own
    });
    let first = "first failure: db.1 exited with status 9:";
    let took_down = "it took down web.1 and worker.1";
    assert_shown(
        &wide,
        &[
            first,
            "  out of memory",
            took_down,
            "done. up N s. Read again: devrun logs",
        ],
    );
    assert_shown(
        &narrow,
        &[
            "first failure: db.1 exited",
            "  with status 9:",
            "  out of memory",
            "it took down web.1 and",
            "  worker.1",
            "done. up N s. Read again:",
            "  devrun logs",
        ],
    );
}

#[test]
fn a_taken_port() {
    let project = Project::with_procfile("web: exec sleep 1000\n");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    for columns in WIDTHS {
        let mut screen = plain(&project, columns, &["-p", &port]);
        screen.wait_for("web.1 started");
        let own = own_lines(&screen.interrupt(), columns);
        assert!(
            own.iter()
                .any(|line| line.starts_with("port N is taken by"))
        );
        assert_shown(&own, &["web.1 gets N"]);
    }
}

#[test]
fn thirty_processes() {
    let lines = (2..=30).map(|number| format!("svc{number}: exec sleep 1000\n"));
    let first = format!("svc1: {}\n", helper("listen"));
    let project = Project::with_procfile(&(first + &lines.collect::<String>()));
    for columns in WIDTHS {
        let mut screen = plain(&project, columns, &[]);
        screen.wait_for("Ctrl-C: stop");
        screen.command("m all").wait_for("others; m shows");
        let own = own_lines(&screen.interrupt(), columns);
        let rows = own.iter().filter(|line| line.contains("  running"));
        assert_eq!(rows.count(), 29, "{own:#?}");
        let started = own.iter().filter(|line| line.contains(".1 started ("));
        assert_eq!(started.count(), 30, "{own:#?}");
    }
}

#[test]
fn names_of_64_characters() {
    let [web, api] = ["web", "api"].map(|name| format!("{}-{name}", "x".repeat(60)));
    let listens = helper("listen");
    let procfile = format!("{web}: echo hi; exec {listens}\n{api}: exec sleep 1000\n");
    let project = Project::with_procfile(&procfile);
    for (columns, label) in [(80, "xxxxxxxxxxxx…xxxxxxx-web.1"), (40, "xxxx…web.1")] {
        let mut screen = plain(&project, columns, &[]);
        screen.wait_for(&format!("{label} | hi\r\n"));
        screen.wait_for("Ctrl-C: stop");
        let own = own_lines(&screen.interrupt(), columns);
        let row = format!("  {label}  ready");
        assert_shown(&own, &[&row, "    http://localhost:N"]);
    }
    let mut piped = project.start();
    piped.wait_for(&format!("{web}.1 | hi\n"));
    piped.interrupt();
}

/// Everything that is seen of a process that writes a red word.
fn coloured(env: &[(&str, &str)], arguments: &[&str]) -> String {
    let project =
        Project::with_procfile("web: printf '\\033[31mred\\033[0m\\n'; exec sleep 1000\n");
    let arguments = [&["--no-timestamp"], arguments].concat();
    let mut screen = Screen::start_with_env(&project, 80, env, &arguments);
    screen.wait_for("red");
    screen.command("h").wait_for("leaves a terminal");
    screen.interrupt()
}

#[test]
fn colours_by_flag_and_environment() {
    const RED: &str = "\u{1b}[31mred\u{1b}[0m\r\n";
    let check = |env: &[(&str, &str)], arguments: &[&str], (web, system): (&str, &str)| {
        let seen = coloured(env, arguments);
        let reset = if web.is_empty() { "" } else { "\u{1b}[0m" };
        let line = format!("{web}web.1  |{reset} {RED}");
        assert!(seen.contains(&line), "{env:?} {arguments:?}: {seen:?}");
        let said = format!("{system}system |{reset} web.1 started");
        assert!(seen.contains(&said), "{env:?} {arguments:?}: {seen:?}");
    };
    let many = ("\u{1b}[38;5;31m", "\u{1b}[38;5;244m");
    let sixteen = ("\u{1b}[36m", "\u{1b}[90m");
    let none = ("", "");
    check(&[], &[], many);
    check(&[("TERM", "xterm")], &[], sixteen);
    check(&[("TERM", "xterm"), ("COLORTERM", "truecolor")], &[], many);
    check(&[("NO_COLOR", "1")], &[], none);
    check(&[("NO_COLOR", "")], &[], many);
    check(&[], &["--color", "never"], none);
    check(&[("NO_COLOR", "1")], &["--color", "always"], many);
    check(&[("TERM", "dumb")], &["--color", "always"], sixteen);
}

#[test]
fn a_dumb_terminal_gets_no_escape_sequence_and_takes_line_commands() {
    for term in ["dumb", ""] {
        let seen = coloured(&[("TERM", term)], &[]);
        assert!(seen.contains("web.1  | red\r\n"), "{seen:?}");
        assert!(!seen.contains('\u{1b}'), "{seen:?}");
    }
}

#[test]
fn without_utf8_devruns_own_words_are_ascii() {
    let project = Project::with_procfile("a-very-long-name: echo é; exec sleep 1000\n");
    let locales: [&[(&str, &str)]; 3] = [
        &[("LANG", "")],
        &[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")],
        &[("LANG", "en_US.UTF-8"), ("LC_CTYPE", "POSIX")],
    ];
    for env in locales {
        let mut screen = Screen::start_with_env(&project, 40, env, &["--color", "never"]);
        screen.wait_for("a-ve~ame.1 | é\r\n");
        screen.command("h").wait_for("[NAME...]: restart");
        screen.wait_for("leaves a");
        let own = own_lines(&screen.interrupt(), 40);
        assert!(own.iter().all(|line| line.is_ascii()), "{own:#?}");
    }
}
