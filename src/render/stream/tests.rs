//! Chunks in, rows out: stories, and any chunks in any order.

use proptest::prelude::*;

use super::*;

mod repaint;
mod shown_whole;

fn stream(is_terminal: bool) -> Stream {
    let look = Look {
        is_terminal,
        ..Look::default()
    };
    let mut stream = Stream::new(&["web.1".into(), "api.1".into()], look);
    stream.set_stamp("10:04:11 ".into());
    stream
}

fn shown(stream: &mut Stream, chunks: &[(usize, &str)]) -> String {
    let mut out = Vec::new();
    for (source, chunk) in chunks {
        stream.chunk(*source, chunk.as_bytes(), &mut out);
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn one_line_of_a_child_is_one_line_of_the_stream() {
    let out = shown(
        &mut stream(false),
        &[(0, "a\nb\n"), (1, "c"), (0, "d\n"), (1, "e\n")],
    );
    assert_eq!(
        out,
        "10:04:11 web.1  | a\n10:04:11 web.1  | b\n10:04:11 web.1  | d\n10:04:11 api.1  | ce\n"
    );
}

#[test]
fn into_a_pipe_the_bytes_are_never_changed() {
    let mut out = Vec::new();
    stream(false).chunk(0, b"a\0\xff\x1b[2Jb\rc\r\n", &mut out);
    assert_eq!(out, b"10:04:11 web.1  | a\0\xff\x1b[2Jb\rc\r\n");
}

#[test]
fn on_a_terminal_a_row_shows_its_last_state() {
    let out = shown(
        &mut stream(true),
        &[(0, "10%\r20%\r\n"), (0, "\x1b[33mx\x1b[Ky\x1b[m\r\n")],
    );
    assert_eq!(
        out,
        "10:04:11 web.1  | 20%\n10:04:11 web.1  | \x1b[33mxy\x1b[m\n"
    );
}

#[test]
fn a_prompt_goes_on_in_its_row_unless_somebody_else_wrote() {
    for is_terminal in [false, true] {
        let mut stream = stream(is_terminal);
        let mut out = Vec::new();
        stream.chunk(0, b"name? ", &mut out);
        assert!(out.is_empty() && stream.has_open(0));
        stream.show_open(0, &mut out);
        stream.chunk(0, b"Ada\n", &mut out);
        assert_eq!(out, b"10:04:11 web.1  | name? Ada\n");
        out.clear();
        stream.chunk(0, b"name? ", &mut out);
        stream.show_open(0, &mut out);
        stream.chunk(1, b"x\n", &mut out);
        stream.chunk(0, b"Ada\n", &mut out);
        assert_eq!(
            String::from_utf8_lossy(&out),
            "10:04:11 web.1  | name? \n10:04:11 api.1  | x\n10:04:11 web.1  | Ada\n"
        );
    }
}

/// What a terminal gets: chunks of `web.1`, each shown as far as it goes before the next one.
fn prompted(chunks: &[&str]) -> String {
    let mut stream = stream(true);
    let mut out = Vec::new();
    for chunk in chunks {
        stream.chunk(0, chunk.as_bytes(), &mut out);
        stream.show_open(0, &mut out);
    }
    stream.end(0, &mut out);
    String::from_utf8(out)
        .unwrap()
        .replace("10:04:11 web.1  | ", "> ")
}

#[test]
fn each_state_of_a_progress_bar_that_is_shown_has_a_row_of_its_own() {
    let check = |chunks: &[&str], expected: &str| assert_eq!(prompted(chunks), expected);
    check(&["1%\r2%\r", "3%\r4%\r", "\n"], "> 2%\n> 4%\n");
    check(&["\r1%\r2%", "\r3%", "\r4%\n"], "> 2%\n> 3%\n> 4%\n");
    check(&["1%\r", "\r\r", "\r\n"], "> 1%\n");
    check(&["1%", "2%\r\n", "x\r\n"], "> 1%2%\n> x\n");
    check(&["1%\r", "2%"], "> 1%\n> 2%\n");
    check(&["\r\n", "\r"], "> \n");
}

#[test]
fn what_cannot_be_seen_begins_no_row() {
    let check = |chunks: &[&str], expected: &str| assert_eq!(prompted(chunks), expected);
    check(&["\x1b[?25l", "x\n"], "> x\n");
    check(&["\x1b[3", "1m", "x\n"], "> \x1b[31mx\x1b[0m\n");
}

#[test]
fn the_colours_of_a_state_that_is_gone_are_known() {
    let check = |chunks: &[&str], expected: &str| assert_eq!(prompted(chunks), expected);
    check(
        &["\x1b[31ma", "\x1b[0m\rb\n", "c\n"],
        "> \x1b[31ma\x1b[0m\n> b\n> c\n",
    );
    check(&["\x1b[31ma\rb\n"], "> \x1b[31mb\x1b[0m\n");
}

#[test]
fn a_row_that_others_have_ended_gets_no_second_end() {
    for is_terminal in [false, true] {
        let mut stream = stream(is_terminal);
        let mut out = Vec::new();
        stream.chunk(0, b"name? ", &mut out);
        stream.show_open(0, &mut out);
        stream.chunk(1, b"x\n", &mut out);
        out.clear();
        stream.chunk(0, b"\n", &mut out);
        assert_eq!(out, b"");
        stream.chunk(0, b"\n", &mut out);
        stream.end(0, &mut out);
        assert_eq!(out, b"10:04:11 web.1  | \n");
    }
}

#[test]
fn what_is_skipped_is_counted_in_whole_lines() {
    let mut stream = stream(false);
    let mut out = Vec::new();
    stream.chunk(0, b"a\nshown", &mut out);
    stream.show_open(0, &mut out);
    stream.chunk(1, b"open", &mut out);
    stream.skip(0, b" and\nskipped", &mut out);
    stream.skip(1, b" and skipped", &mut out);
    stream.chunk(0, b" and more\nb\n", &mut out);
    stream.chunk(1, b"still\n", &mut out);
    let rows = "10:04:11 web.1  | a\n10:04:11 web.1  | shown\n10:04:11 web.1  | b\n";
    assert_eq!(String::from_utf8_lossy(&out), rows);
    let skipped = " and\nskipped and more\n".len() + "open and skippedstill\n".len();
    assert_eq!(stream.skipped(), skipped as u64);
    let last_lines = ["a", "shown and", "skipped and more", "b"];
    assert_eq!(stream.end(0, &mut out), last_lines);
}

#[test]
fn a_line_of_which_something_is_skipped_counts_once() {
    let mut stream = stream(true);
    let mut check = |chunk: &str, expected: u64| {
        stream.skip(0, chunk.as_bytes(), &mut Vec::new());
        assert_eq!(stream.take_skipped_lines(), expected, "{chunk:?}");
    };
    // It may have no end at all.
    check("begins", 1);
    check(" and goes on", 0);
    check(" to its end\n", 0);
    check("one\ntwo\n", 2);
    check("one\ntwo", 2);
    check("'s end\nthree", 1);
}

#[test]
fn the_last_line_needs_no_newline() {
    let mut stream = stream(false);
    let mut out = Vec::new();
    stream.chunk(0, b"one\n\x1b[31mlast", &mut out);
    assert_eq!(stream.end(0, &mut out), ["one", "last"]);
    assert!(out.ends_with(b"web.1  | \x1b[31mlast\n"));
    assert!(stream.end(0, &mut out).is_empty());
    stream.chunk(0, b"shown", &mut out);
    stream.show_open(0, &mut out);
    stream.end(0, &mut out);
    assert!(out.ends_with(b"web.1  | shown\n"));
}

#[test]
fn a_long_line_is_streamed() {
    let mut stream = stream(false);
    let mut out = Vec::new();
    let piece = [b'x'; 10_000];
    for _ in 0..1000 {
        stream.chunk(0, &piece, &mut out);
        assert!(stream.sources[0].open.bytes().len() <= lines::MAX_LINE + piece.len());
    }
    stream.end(0, &mut out);
    assert_eq!(out.iter().filter(|byte| **byte == b'x').count(), 10_000_000);
    assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
}

#[test]
fn a_narrow_terminal_has_short_names_and_no_time() {
    let look = Look {
        is_terminal: true,
        width: Some(40),
        ..Look::default()
    };
    let mut stream = Stream::new(&["a-very-long-name.1".into()], look);
    stream.set_stamp("10:04:11 ".into());
    assert_eq!(shown(&mut stream, &[(0, "x\n")]), "a-ve…ame.1 | x\n");
}

#[test]
fn only_the_prefix_is_coloured() {
    let look = Look {
        is_terminal: true,
        depth: Depth::Many,
        ..Look::default()
    };
    let mut stream = Stream::new(&["web.1".into()], look);
    assert_eq!(
        shown(&mut stream, &[(0, "x\n")]),
        "\x1b[38;5;31mweb.1  |\x1b[0m x\n"
    );
}

#[test]
fn a_dumb_terminal_gets_text_alone() {
    let look = Look {
        is_terminal: true,
        is_dumb: true,
        ..Look::default()
    };
    let mut stream = Stream::new(&["web.1".into()], look);
    let mut out = Vec::new();
    for run in 1..=2 {
        let text = format!("\x1b[31mrun {run}\nred\nup\n\x1b[1A\x1b[1mdown\n");
        stream.chunk(0, text.as_bytes(), &mut out);
        stream.end(0, &mut out);
    }
    let out = String::from_utf8(out).unwrap();
    assert!(
        out.contains("| run 2\n") && out.contains("| down\n"),
        "{out:?}"
    );
    assert!(!out.contains('\x1b'), "{out:?}");
}

#[test]
fn a_time_for_which_there_is_no_room_is_left_out() {
    let shown_at = |width| {
        let look = Look {
            is_terminal: true,
            width: Some(width),
            ..Look::default()
        };
        let mut stream = Stream::new(&["a-very-long-process-name.1".into()], look);
        stream.set_stamp("2026-03-01T10:04:11.042+01:00 ".into());
        shown(&mut stream, &[(0, "x\n")])
    };
    assert!(shown_at(100).starts_with("2026-"));
    assert_eq!(shown_at(80), "a-very-long-process-name.1 | x\n");
}

proptest! {
    /// Whatever the chunks and whoever writes in between, each process's bytes come out in order,
    /// and prefixes stand at the beginnings of rows only.
    #[test]
    fn no_byte_is_lost_torn_or_reordered(
        chunks in proptest::collection::vec((0usize..2, "[ab\n]{0,8}", any::<bool>()), 0..40),
    ) {
        let mut stream = stream(false);
        let mut out = Vec::new();
        let mut written = [String::new(), String::new()];
        for (source, chunk, is_shown) in &chunks {
            stream.chunk(*source, chunk.as_bytes(), &mut out);
            if *is_shown && stream.has_open(*source) {
                stream.show_open(*source, &mut out);
            }
            written[*source].push_str(chunk);
        }
        stream.end(0, &mut out);
        stream.end(1, &mut out);
        let out = String::from_utf8(out).unwrap();
        let mut seen = [String::new(), String::new()];
        for row in out.lines() {
            let (name, text) = row.split_once(" | ").expect("every row has a prefix");
            let source = usize::from(name.contains("api"));
            seen[source].push_str(text);
        }
        for (written, seen) in written.iter().zip(&seen) {
            prop_assert_eq!(&written.replace('\n', ""), seen);
        }
    }

    /// On a terminal the cuts between chunks make no difference either.
    #[test]
    fn a_terminal_shows_the_same_however_it_was_chunked(
        text in "(\x1b\\[31m|\x1b\\[0m|\x1b\\[2J|é|a|\r|\n|\x1b\\]8;;u\x07){0,20}",
        cuts in proptest::collection::vec(0usize..8, 0..20),
    ) {
        let mut whole = Vec::new();
        let mut one = stream(true);
        one.chunk(0, text.as_bytes(), &mut whole);
        one.end(0, &mut whole);
        let mut pieces = Vec::new();
        let mut many = stream(true);
        let mut rest = text.as_bytes();
        for cut in cuts {
            let (chunk, others) = rest.split_at(cut.min(rest.len()));
            many.chunk(0, chunk, &mut pieces);
            rest = others;
        }
        many.chunk(0, rest, &mut pieces);
        many.end(0, &mut pieces);
        prop_assert_eq!(String::from_utf8_lossy(&pieces), String::from_utf8_lossy(&whole));
    }
}
