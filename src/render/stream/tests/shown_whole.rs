//! A process that somebody was attached to, before and afterwards.

use super::*;

/// What the stream shows of `then`, after `seen` was shown elsewhere.
fn shown_after(seen: &str, then: &str) -> String {
    let mut stream = stream(true);
    stream.observe(0, seen.as_bytes());
    let out = shown(&mut stream, &[(0, then)]);
    out.replace("10:04:11 web.1  | ", "> ")
}

fn recent(text: &str) -> String {
    let mut stream = stream(true);
    shown(&mut stream, &[(0, text)]);
    let mut out = Vec::new();
    stream.recent(0, 24, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn what_comes_behind_a_prompt_that_was_left_is_shown() {
    assert_eq!(shown_after("hello\n", "a\n"), "> a\n");
    assert_eq!(
        shown_after("name? ", "timed out\na\n"),
        "> timed out\n> a\n"
    );
    // The rest of a row, but no row for its end alone.
    assert_eq!(shown_after("name? ", "\r\na\n"), "> a\n");
    assert_eq!(
        shown_after("\x1b[31mred ", "too\x1b[m\n"),
        "> \x1b[31mtoo\x1b[m\n"
    );
}

#[test]
fn a_prompt_that_is_painted_anew_is_no_news() {
    for again in ["\r(Pdb) ", "\r\x1b[K(Pdb) ", "\x1b[1G\x1b[0J(Pdb) \x1b[7G"] {
        let mut stream = stream(true);
        stream.observe(0, b"a\n\x1b[1m(Pdb)\x1b[m ");
        let mut out = Vec::new();
        stream.chunk(0, again.as_bytes(), &mut out);
        stream.show_open(0, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), "", "{again:?}");
        stream.chunk(0, b"\nb\n(Pdb) ", &mut out);
        stream.show_open(0, &mut out);
        let out = String::from_utf8(out).unwrap();
        let out = out.replace("10:04:11 web.1  | ", "> ");
        assert_eq!(out, "> b\n> (Pdb) ", "{again:?}");
    }
}

#[test]
fn who_waits_for_the_place_of_the_cursor_asks_whoever_attaches() {
    assert_eq!(recent("a\n> \x1b[6n"), "a\r\n> \x1b[6n");
    // That was answered, or given up.
    assert_eq!(recent("a\x1b[6n\n> "), "a\r\n> ");
    assert_eq!(recent("a\x1b[6nb"), "ab");
}

#[test]
fn a_drawing_is_understood_though_it_was_wider_meanwhile() {
    let mut stream = stream(true);
    stream.set_columns(0, 61);
    let rows = |columns| {
        let row = |row| format!("\x1b[{row};1H{:columns$}", format!("row {row}"));
        (1..=3).map(row).collect::<String>()
    };
    let mut out = Vec::new();
    stream.chunk(0, b"\x1b[?1049h", &mut out);
    stream.observe(0, rows(80).as_bytes());
    stream.chunk(0, rows(61).as_bytes(), &mut out);
    stream.show_open(0, &mut out);
    let rows = String::from_utf8(out).unwrap();
    let rows = rows.replace("10:04:11 web.1  | ", "> ");
    assert_eq!(rows.replace(" ", ""), ">row1\n>row2\n>row3\n");
}

#[test]
fn who_paints_finds_an_empty_screen_and_is_left_below_it() {
    let mut stream = stream(true);
    let mut out = Vec::new();
    stream.chunk(0, b"a\nb\n\x1b[2Ac\n", &mut out);
    out.clear();
    stream.recent(0, 2, &mut out);
    assert_eq!(out, b"\r\n\r\n\x1b[H");
    out.clear();
    stream.leave(0, false, &mut out);
    assert!(out.ends_with(b"\x1b[999;1H\r\n"), "{out:?}");
}
