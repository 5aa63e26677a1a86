//! What is left of cleared screens and repaints, as hand-written shapes of what programs do.

use proptest::collection::vec;
use proptest::sample::select;

use super::*;

const PREFIX: &str = "10:04:11 web.1  | ";

/// What a terminal gets, each prefix as `> `. `~` stands for a calm point.
fn shown_on_terminal(text: &str) -> String {
    let mut stream = stream(true);
    rows(&mut stream, text)
}

fn rows(stream: &mut Stream, text: &str) -> String {
    let mut out = Vec::new();
    for (number, part) in text.split('~').enumerate() {
        if number > 0 && stream.has_open(0) {
            stream.show_open(0, &mut out);
        }
        stream.chunk(0, part.as_bytes(), &mut out);
    }
    stream.end(0, &mut out);
    String::from_utf8(out).unwrap().replace(PREFIX, "> ")
}

fn check(text: &str, expected: &[&str]) {
    let rows: String = expected.iter().map(|row| format!("> {row}\n")).collect();
    assert_eq!(shown_on_terminal(text), rows, "{text:?}");
}

#[test]
fn a_cleared_screen_is_one_line() {
    let cleared = "(screen cleared)";
    check("a\n\x1bcb\n", &["a", cleared, "b"]);
    check("a\n\x1b[2J\x1b[3J\x1b[Hb\n", &["a", cleared, "b"]);
    check("a\n\x1b[H\x1b[Jb\n", &["a", cleared, "b"]);
    check("a\n\x1b[2J\n\x1b[3J~\x1b[H\x1b[Jb\n", &["a", cleared, "b"]);
    check("a\n\x1b[?1049hb\n\x1b[?1049lc\n", &["a", cleared, "c"]);
    check("asking? ~\x1b[2Jb\n", &["asking? ", cleared, "b"]);
    check("asking? \x1b[2Jb\n", &["asking? ", cleared, "b"]);
    check(
        "\x1b[31ma\n\x1b[2Jb\x1b[m\n",
        &["\x1b[31ma\x1b[0m", cleared, "\x1b[31mb\x1b[m"],
    );
}

#[test]
fn who_has_written_nothing_clears_nothing() {
    check("\x1b[2J\x1b[Ha\n", &["a"]);
    check("\n\n\x1bc\x1b[31m\x1bca\n", &["a"]);
}

#[test]
fn the_blank_lines_that_scroll_a_screen_away_are_not_shown() {
    let blank = "\r\n".repeat(40);
    check(
        &format!("a\r\n{blank}\x1b[1;1H\x1b[0J\r\n  ready\r\n"),
        &["a", "(screen cleared)", "", "  ready"],
    );
    check("a\n\n\nb\n\n", &["a", "", "", "b", ""]);
}

#[test]
fn of_a_spinner_the_last_state_is_shown() {
    check("\\\x1b[1G\x1b[0K|\x1b[1G\x1b[0K\rdone\n", &["done"]);
    check("|\x08/\x08-\x08 ok\n", &[" ok"]);
    check("10%\x08\x08\x0820%\n", &["20%"]);
    check("10% a\x1b[5D20%\n", &["20% a"]);
    check("50%\r\x1b[K", &[]);
    check("50%\r\x1b[K\ndone\n", &["", "done"]);
    check("50%~\x1b[2K\x1b[1G60%\n", &["50%", "60%"]);
    check(
        "   Building\r\x1b[K   Compiling a\n   Building\r\x1b[K   Finished\n",
        &["   Compiling a", "   Finished"],
    );
}

#[test]
fn a_repaint_shows_what_has_changed_when_it_is_over() {
    check(
        "a 1\nb 1\n\x1b[2A\x1b[2Ka 2\n\x1b[2Kb 1\nend\n",
        &["a 1", "b 1", "a 2", "end"],
    );
    check(
        "a 1\nb 1\n\x1b[2Aa 2\n\x1b[2Ka 3\x1b[2Fa 4\n\x1b[Jend\n",
        &["a 1", "b 1", "a 4", "end"],
    );
    check(
        "a\nb\x1b7\n\x1b8B\n\x1b[1AC\nend\n",
        &["a", "b", "CB", "end"],
    );
    check("a\nb\x1b[s\n\x1b[u\x1b[2DB\nend\n", &["a", "b", "B", "end"]);
    check(
        "\x1b[31ma\nb\n\x1b[2A\x1b[32mc\nd\x1b[m\n",
        &[
            "\x1b[31ma\x1b[0m",
            "\x1b[31mb\x1b[0m",
            "\x1b[32mc\x1b[0m",
            "\x1b[32md\x1b[0m",
        ],
    );
}

#[test]
fn a_calm_repaint_shows_where_it_has_got_to() {
    let up = "\x1b[2A\x1b[G";
    check(
        &format!(
            "db wait\nweb wait\n~{up}\x1b[2Kdb start\n\n~{up}\x1b[2Kdb up\n\n{up}\x1b[2Kdb ok\n\n~~{up}db ok\nweb up\x1b[K\n~log\n"
        ),
        &["db wait", "web wait", "db start", "db ok", "web up", "log"],
    );
}

#[test]
fn a_row_that_only_spins_or_changes_colour_is_not_shown_again() {
    check(
        "\u{280b} a\n~\x1b[A\u{2819} a\n~\x1b[A\x1b[31m\u{2838} a\x1b[m\n~b\n",
        &["\u{280b} a", "b"],
    );
}

#[test]
fn a_folded_row_is_one_line_and_counts_as_it_is_folded() {
    let mut stream = stream(true);
    stream.set_columns(0, 20);
    let long = "x".repeat(30);
    let text = format!("top\n{long}\n\x1b[3Anew\x1b[3B\r{long}y\n");
    assert_eq!(
        rows(&mut stream, &text),
        format!("> top\n> {long}\n> new\n> {long}y\n")
    );
}

#[test]
fn a_repaint_may_be_in_the_same_row_as_a_prompt() {
    check("name? ~A\x08Ada\n", &["name? ", "name? Ada"]);
    check("? \x1b[2K\x1b[1G? name \x1b[7D\x1b[7Cx\n", &["? name x"]);
}

/// Test runners write their results above a block that says how far they are.
#[test]
fn a_line_that_has_only_moved_is_not_shown_again() {
    let status = "RUNS a\n\nTests: 0\n";
    let over = "\x1b[3A\x1b[J";
    check(
        &format!("{status}{over}PASS a\n{status}{over}PASS b\n{status}{over}PASS b\nTests: 3\n"),
        &[
            "RUNS a", "", "Tests: 0", "PASS a", "PASS b", "PASS b", "Tests: 3",
        ],
    );
}

#[test]
fn the_alternate_screen_is_for_whoever_attaches() {
    let frame =
        |load: u8| format!("\x1b[H load {load}\x1b[K\r\n\x1b[7mPID\x1b[m\r\n 1 init\x1b[J~");
    check(
        &format!(
            "\x1b[?1049h{}{}{}\x1b[?1049lbye\n",
            frame(1),
            frame(2),
            frame(2)
        ),
        &["bye"],
    );
}

#[test]
fn that_a_process_redraws_is_told_once() {
    let mut stream = stream(true);
    let mut out = Vec::new();
    stream.chunk(0, b"a\n10\x08%\n\x1b[2Jb\n", &mut out);
    assert!(!stream.has_begun_to_redraw(0));
    stream.chunk(0, b"\x1b[1Ac\n", &mut out);
    assert!(stream.has_begun_to_redraw(0) && !stream.has_begun_to_redraw(0));
    stream.end(0, &mut out);
    stream.chunk(0, b"\x1b[1Ac\n", &mut out);
    assert!(!stream.has_begun_to_redraw(0));
    stream.chunk(1, b"\x1b[?1049h\n", &mut out);
    assert!(stream.has_begun_to_redraw(1) && stream.modes(1).is_alternate());
    stream.end(1, &mut out);
    assert!(!stream.modes(1).is_alternate());
}

#[test]
fn a_repaint_without_an_end_costs_little_memory() {
    let mut stream = stream(true);
    let mut out = Vec::new();
    for number in 0..200_000 {
        stream.chunk(
            0,
            format!("\x1b[1000A{number}\x1b[999B\x1b[K").as_bytes(),
            &mut out,
        );
        assert!(stream.sources[0].open.bytes().len() <= lines::MAX_LINE + 100);
    }
    assert!(out.len() < 1000, "{}", String::from_utf8_lossy(&out));
}

#[test]
fn who_only_moves_about_is_shown_without_moves_until_it_is_silent() {
    let text = "\x1b[Aa\n\n".repeat(1000);
    let shown = shown_on_terminal(&format!("{text}~b\n\x1b[Ac\n\n"));
    assert!(shown.matches("> a\n").count() > 800, "{shown}");
    assert!(shown.ends_with("> b\n> c\n"), "{shown}");
}

#[test]
fn of_a_long_row_nothing_is_lost() {
    let long = "x".repeat(5000);
    check(&format!("{long}\x08y\n"), &[&format!("{long}y")]);
}

/// What programs write, whole and torn.
fn pieces() -> impl Strategy<Value = Vec<&'static [u8]>> {
    let pieces: [&[u8]; 40] = [
        b"text",
        b"\n",
        b"\n",
        b"\r\n",
        b"\r",
        b"\t",
        b"\x08",
        b" ",
        "\u{e9}\u{1f980}".as_bytes(),
        "e\u{301}\u{6f22}".as_bytes(),
        b"\xe2\x82",
        b"\xff",
        b"\x00\x07\x7f\x18",
        b"\x9b",
        b"\x1b[31m",
        b"\x1b[m",
        b"\x1b[K",
        b"\x1b[2K",
        b"\x1b[1G",
        b"\x1b[2D",
        b"\x1b[5C",
        b"\x1b[A",
        b"\x1b[2F",
        b"\x1b[3B",
        b"\x1b[H",
        b"\x1b[J",
        b"\x1b[2J",
        b"\x1b[?1049h",
        b"\x1b[?1049l",
        b"\x1bc",
        b"\x1b7",
        b"\x1b8",
        b"\x1b[s",
        b"\x1b[u",
        b"\x1b[2;3r\x1b[S",
        b"\x1b[",
        b"\x1b",
        b"\x1b]0;t\x07",
        b"\x1b]8;;u\x1b\\",
        b"\x1bPq",
    ];
    vec(select(pieces.to_vec()), 0..30)
}

fn written(
    stream: &mut Stream,
    text: &[u8],
    mut cuts: impl Iterator<Item = usize>,
    out: &mut Vec<u8>,
) {
    let mut rest = text;
    while let Some(cut) = cuts.next().filter(|_| !rest.is_empty()) {
        let (chunk, others) = rest.split_at(cut.min(rest.len()));
        stream.chunk(0, chunk, out);
        rest = others;
    }
    stream.chunk(0, rest, out);
}

/// `text` without all that stands between `begin` and `end`.
fn without(mut text: String, begin: &str, end: &str) -> String {
    while let Some(start) = text.find(begin) {
        let length = text[start..].find(end).expect("it is whole") + end.len();
        text.replace_range(start..start + length, "");
    }
    text
}

proptest! {
    /// Between two calm points the cuts make no difference, and whatever a child writes, the terminal
    /// gets rows with a prefix, colours and links.
    #[test]
    fn any_repaint_is_rows_and_the_same_however_it_was_chunked(
        parts in vec(pieces(), 1..4),
        cuts in vec(0usize..8, 0..60),
    ) {
        let (mut one, mut many) = (stream(true), stream(true));
        let (mut whole, mut chunked) = (Vec::new(), Vec::new());
        let mut cuts = cuts.into_iter();
        for part in parts {
            let text = part.concat();
            one.chunk(0, &text, &mut whole);
            written(&mut many, &text, cuts.by_ref(), &mut chunked);
            prop_assert_eq!(one.has_open(0), many.has_open(0));
            one.show_open(0, &mut whole);
            many.show_open(0, &mut chunked);
        }
        one.end(0, &mut whole);
        many.end(0, &mut chunked);
        let shown = String::from_utf8(whole).expect("it is UTF-8");
        prop_assert_eq!(String::from_utf8_lossy(&chunked), shown.as_str());
        for row in shown.split_terminator('\n') {
            prop_assert!(row.starts_with(PREFIX), "{shown:?}");
            let row = without(without(row.into(), "\x1b]8;", "\x1b\\"), "\x1b[", "m");
            prop_assert!(!row.contains(|c: char| c.is_control() && c != '\t'), "{shown:?}");
        }
        prop_assert!(shown.is_empty() || shown.ends_with('\n'));
    }
}
