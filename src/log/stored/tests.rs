//! Lines as they were written, however the store has cut them.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// `PLACE.RUN@TIME TEXT`, with `+` before what is continued and `…` behind what goes on.
fn told(line: Line<'_>, out: &mut Vec<String>) {
    let Author::Process { place, run } = line.author else {
        panic!("nobody else wrote");
    };
    let begun = if line.is_continued { "+" } else { "" };
    let end = match line.end {
        End::Newline => "",
        End::Later => "…",
        End::Never => "$",
    };
    let text = String::from_utf8_lossy(line.text);
    let text = text.replace('\n', "|");
    out.push(format!("{place}.{run}@{} {begun}{text}{end}", line.at_ns));
}

fn check(lines: &mut Lines, chunks: &[(usize, u32, &str)], expected: &[&str]) {
    let mut out = Vec::new();
    for (at, (place, run, text)) in chunks.iter().enumerate() {
        let sink = &mut |line: Line<'_>| told(line, &mut out);
        lines.chunk((*place, *run), at as u64, text.as_bytes(), sink);
    }
    assert_eq!(out, expected);
}

#[test]
fn lines_are_whole_whoever_writes_between_their_parts() {
    let mut lines = Lines::default();
    let chunks = [(0, 1, "a\nb"), (1, 1, "x\n"), (0, 1, "c\n\nd")];
    let expected = ["0.1@0 a|", "1.1@1 x|", "0.1@2 bc|", "0.1@2 |"];
    check(&mut lines, &chunks, &expected);
    assert_eq!(lines.open_since(), Some(2));
}

#[test]
fn the_last_line_of_a_run_does_not_go_on_in_the_next() {
    let chunks = [(0, 1, "a"), (0, 2, "b\n"), (0, 2, "c")];
    let mut lines = Lines::default();
    check(&mut lines, &chunks, &["0.1@0 a$", "0.2@1 b|"]);
    let mut out = Vec::new();
    lines.end(0, &mut |line| told(line, &mut out));
    lines.end(0, &mut |line| told(line, &mut out));
    assert_eq!(out, ["0.2@2 c$"]);
}

#[test]
fn who_is_behind_takes_no_delay_for_silence() {
    let mut lines = Lines::default();
    check(&mut lines, &[(0, 1, "a li")], &[]);
    lines.was_read(0, 20);
    assert_eq!(lines.open_since(), Some(20));
    let mut out = Vec::new();
    let silence = Duration::from_nanos(10);
    lines.show_open(29, silence, &mut |line| told(line, &mut out));
    assert!(out.is_empty());
    lines.show_open(30, silence, &mut |line| told(line, &mut out));
    assert_eq!(out, ["0.1@0 a li…"]);
}

#[test]
fn what_is_open_is_given_out_after_some_silence_and_goes_on() {
    let mut lines = Lines::default();
    check(&mut lines, &[(0, 1, "name? ")], &[]);
    let mut out = Vec::new();
    let silence = Duration::from_nanos(10);
    lines.show_open(9, silence, &mut |line| told(line, &mut out));
    assert!(out.is_empty());
    lines.show_open(10, silence, &mut |line| told(line, &mut out));
    lines.show_open(20, silence, &mut |line| told(line, &mut out));
    assert_eq!(out, ["0.1@0 name? …"]);
    assert_eq!(lines.open_since(), None);
    check(
        &mut lines,
        &[(0, 1, "Ada\nb\n")],
        &["0.1@0 +Ada|", "0.1@0 b|"],
    );
}

#[test]
fn those_who_were_silent_first_come_first() {
    let mut lines = Lines::default();
    let chunks = [(1, 1, "b? "), (0, 1, "a? "), (2, 1, "c\n"), (3, 1, "d? ")];
    check(&mut lines, &chunks, &["2.1@2 c|"]);
    let mut out = Vec::new();
    let silence = Duration::from_nanos(10);
    lines.show_open(12, silence, &mut |line| told(line, &mut out));
    lines.show_open(13, silence, &mut |line| told(line, &mut out));
    lines.show_open(99, silence, &mut |line| told(line, &mut out));
    assert_eq!(out, ["1.1@0 b? …", "0.1@1 a? …", "3.1@3 d? …"]);
    check(&mut lines, &[(0, 1, "e? ")], &[]);
    lines.show_open(99, silence, &mut |line| told(line, &mut out));
    assert_eq!(out.last().unwrap(), "0.1@0 +e? …");
}

#[test]
fn a_long_line_comes_in_pieces() {
    let mut lines = Lines::default();
    let long = "x".repeat(lines::MAX_LINE);
    let (first, last) = (format!("0.1@1 {long}y…"), "0.1@2 +z|");
    let chunks = [(0, 1, long.as_str()), (0, 1, "y"), (0, 1, "z\n")];
    check(&mut lines, &chunks, &[&first, last]);
}

#[test]
fn a_gap_ends_what_was_open() {
    let mut lines = Lines::default();
    check(&mut lines, &[(0, 1, "a"), (1, 1, "b")], &[]);
    let mut out = Vec::new();
    lines.lose(&mut |line| told(line, &mut out));
    assert_eq!(out, ["0.1@0 a$", "1.1@1 b$"]);
    check(&mut lines, &[(0, 1, "c\n")], &["0.1@0 c|"]);
}

#[test]
fn of_a_tail_nothing_is_given_out_that_may_have_begun_before() {
    let mut lines = Lines::of_tail();
    let chunks = [(0, 1, "a\nb\n"), (1, 1, "x"), (1, 1, "y\nz\n")];
    check(&mut lines, &chunks, &["0.1@0 b|", "1.1@2 z|"]);
    assert_eq!(lines.torn_until(), Some(2));
    lines.go_on();
    check(&mut lines, &[(2, 1, "a\n")], &["2.1@0 a|"]);
    let mut lines = Lines::of_tail();
    lines.begin_run(0, 1, &mut |_| panic!("nothing was open"));
    check(&mut lines, &[(0, 1, "a\n")], &["0.1@0 a|"]);
    assert_eq!(lines.torn_until(), None);
}

proptest! {
    /// However what a process writes is cut, its lines are the same, and nothing is lost.
    #[test]
    fn cuts_make_no_difference(
        written in vec((0..3_usize, vec(prop_oneof![Just(b'\n'), Just(b'a'), Just(0xff)], 0..20)), 0..30),
    ) {
        let mut lines = Lines::default();
        let mut told: Vec<Vec<Vec<u8>>> = vec![Vec::new(); 3];
        let mut sink = |line: Line<'_>| told[line.author.index() - 1].push(line.text.to_vec());
        for (place, bytes) in &written {
            lines.chunk((*place, 1), 0, bytes, &mut sink);
        }
        lines.lose(&mut sink);
        for (place, told) in told.iter().enumerate() {
            let its = written.iter().filter(|(of, _)| *of == place);
            let all: Vec<u8> = its.flat_map(|(_, bytes)| bytes.clone()).collect();
            let expected: Vec<&[u8]> = all.split_inclusive(|byte| *byte == b'\n').collect();
            prop_assert_eq!(told, &expected);
        }
    }

    /// Wherever a process pauses, none of its bytes is lost or told twice.
    #[test]
    fn pauses_make_no_difference(
        written in vec((0..3_usize, 0..9_u64, vec(prop_oneof![Just(b'\n'), Just(b'a'), Just(0xc3)], 0..5)), 0..30),
    ) {
        let mut lines = Lines::default();
        let mut told: Vec<Vec<u8>> = vec![Vec::new(); 3];
        let mut sink = |line: Line<'_>| told[line.author.index() - 1].extend(line.text);
        let (mut expected, mut now) = (vec![Vec::<u8>::new(); 3], 0);
        for (place, pause, bytes) in &written {
            now += pause;
            lines.show_open(now, Duration::from_nanos(4), &mut sink);
            prop_assert!(lines.open_since().is_none_or(|since| now - since < 4));
            lines.chunk((*place, 1), now, bytes, &mut sink);
            expected[*place].extend(bytes);
        }
        lines.lose(&mut sink);
        prop_assert_eq!(told, expected);
    }
}
