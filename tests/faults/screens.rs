//! What comes out on a terminal that somebody looks at: every byte, in bounded memory.

use crate::bytes::{has_little_memory, is_whole, of, poured};
use crate::left::wait_until_nobody_is_left;
use crate::screen::{CTRL_C, Screen};
use crate::support::{Project, find, helper, wait_until};

const MOST: usize = 64 * 1024 * 1024;

/// A machine on which nobody comes to read for a second has a terminal that stands still: what is left out then is said,
/// and another time it is not so busy.
fn comes_whole(tty: &str) {
    wait_until(|| comes_whole_or_is_told(tty));
}

/// Where devrun itself has a word meanwhile the line is broken: that newline is nobody's.
fn comes_whole_or_is_told(tty: &str) -> bool {
    let pour = helper(&format!("pour {MOST}"));
    let line = format!("web: {pour}; echo; echo > poured; echo the end; exec sleep 1000\n");
    let project = Project::with_procfile(&line);
    let mut screen = Screen::start(&project, &["--tty", tty]);
    project.wait_for_file("poured");
    let last = screen.seen.bytes().len().saturating_sub(1000);
    screen.seen.wait_for("web.1  | the end\r\n", last);
    has_little_memory(screen.pid());
    screen.type_(CTRL_C);
    assert_eq!(screen.wait(), 0);
    let seen: Vec<u8> = screen.seen.bytes();
    if find(&seen, b" left out here").is_some() {
        return false;
    }
    let seen: Vec<u8> = seen.into_iter().filter(|byte| *byte != b'\r').collect();
    let mut shown = of("web.1 ", &seen);
    shown.retain(|byte| *byte != b'\n');
    is_whole(&shown, &[&poured(MOST)[..], b"the end"].concat());
    wait_until_nobody_is_left(&project);
    true
}

#[test]
fn sixty_four_mebibytes_without_a_newline_come_whole_out_of_a_pipe() {
    comes_whole("never");
}

#[test]
fn sixty_four_mebibytes_without_a_newline_come_whole_out_of_a_terminal() {
    comes_whole("always");
}
