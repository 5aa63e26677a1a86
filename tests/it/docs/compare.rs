//! Holds what a page shows against what came: blurred, with `…` for whatever stands there.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

/// Stands for any lines, or within a line for any characters.
pub const ANY: &str = "…";

/// What differs from one time, and one machine, to the next, and what is shown in its place.
static BLURS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let blur = |pattern: &str, shown| (Regex::new(pattern).unwrap(), shown);
    vec![
        // What moves the cursor, colours and names windows.
        blur(
            r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])",
            "",
        ),
        blur(r"/(home|Users)/\w+", "~"),
        blur(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", "THEN"),
        blur(r"\b\d\d:\d\d(:\d\d(\.\d+)?)?\b", "00:00"),
        blur(r"\b\d+(\.\d+)? (ms|s|m|h|d)( \d+ (m|s|h))*\b", "0 s"),
        // What took no time is said so.
        blur(r"\b(in|after) 0 s", "at once"),
        blur(r"\b\d+(\.\d+)? ?[KMG]\b", "0 M"),
        blur(r"\b\d+(\.\d+)?%", "0%"),
        blur(r"\b(pid |s-)\d+", "${1}0"),
        blur(r"\d{3,}", "0"),
        blur(r"\s+", " "),
    ]
});
/// Keys and names of sockets.
static HEX: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b[0-9a-f]{6,}\b").unwrap());

/// The lines of a text, blurred. One that is a JSON document has its fields in alphabetical order and below each other, and
/// its numbers are all the same.
pub fn blurred(text: &str) -> Vec<String> {
    let whole = |line| {
        lines_of(line)
            .iter()
            .map(|part| blur(part))
            .collect::<Vec<_>>()
            .join("\n")
    };
    text.trim_end().lines().map(whole).collect()
}

/// In a list of a page, `…` stands for any items.
fn lines_of(line: &str) -> Vec<String> {
    let quoted = format!("\"{ANY}\"");
    let items =
        [("[…", "["), (",…", ",")].map(|(found, before)| (found, format!("{before}{quoted}")));
    let full = items.iter().fold(line.to_string(), |line, (found, item)| {
        line.replace(found, item)
    });
    match serde_json::from_str(&full) {
        Ok(mut document @ (Value::Object(_) | Value::Array(_))) => {
            forget_numbers(&mut document);
            let pretty = serde_json::to_string_pretty(&document).unwrap();
            let lines = pretty.lines().map(|line| line.trim_end_matches(','));
            let lines = lines.map(|line| if line.trim() == quoted { ANY } else { line });
            lines.map(ToString::to_string).collect()
        }
        _ => vec![line.to_string()],
    }
}

fn forget_numbers(value: &mut Value) {
    match value {
        Value::Number(_) => *value = Value::from(0),
        Value::Array(items) => items.iter_mut().for_each(forget_numbers),
        Value::Object(fields) => fields.values_mut().for_each(forget_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn blur(line: &str) -> String {
    let is_number = |word: &str| word.contains(|c: char| c.is_ascii_digit());
    let line = HEX.replace_all(line, |found: &Captures| match &found[0] {
        word if is_number(word) => "0".to_string(),
        word => word.to_string(),
    });
    let mut line = line.into_owned();
    for (pattern, shown) in &*BLURS {
        line = pattern.replace_all(&line, *shown).into_owned();
    }
    line.trim_end().to_string()
}

/// Whether a line is as the page has it; both are blurred.
pub fn is_like(expected: &str, line: &str) -> bool {
    if expected.contains('\n') {
        return are_like(&parts(expected), &parts(line));
    }
    let Some((before, behind)) = expected.split_once(ANY) else {
        return expected == line;
    };
    let Some(rest) = line.strip_prefix(before) else {
        return false;
    };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.into_iter().any(|at| is_like(behind, &rest[at..]))
}

/// Of a JSON document.
fn parts(line: &str) -> Vec<String> {
    line.lines().map(ToString::to_string).collect()
}

/// Whether these are the lines of the page, all of them and in its order; both are blurred.
pub fn are_like(expected: &[String], lines: &[String]) -> bool {
    match expected.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == ANY => {
            (0..=lines.len()).any(|skipped| are_like(rest, &lines[skipped..]))
        }
        Some((first, rest)) => match lines.split_first() {
            Some((line, lines)) => is_like(first, line) && are_like(rest, lines),
            None => false,
        },
    }
}

/// The lines of both: `-` is in the page alone, `+` came and is not in the page.
pub fn difference(expected: &[String], lines: &[String]) -> String {
    let mut shown = String::from("(- the page, + what came; numbers are blurred)\n");
    let [left, right] = [expected, lines].map(|lines| parts(&lines.join("\n")));
    let (mut left, mut right) = (&left[..], &right[..]);
    while let (Some(first), Some(line)) = (left.first(), right.first()) {
        let is_later = |line| left.iter().any(|it| it != ANY && is_like(it, line));
        if is_like(first, line) {
            shown += &format!("  {line}\n");
            (left, right) = (&left[1..], &right[1..]);
        } else if first == ANY && left.get(1).is_none_or(|next| !is_like(next, line)) {
            shown += &format!("… {line}\n");
            right = &right[1..];
        } else if first == ANY {
            left = &left[1..];
        } else if is_later(line) || !right.iter().any(|line| is_like(first, line)) {
            shown += &format!("- {first}\n");
            left = &left[1..];
        } else {
            shown += &format!("+ {line}\n");
            right = &right[1..];
        }
    }
    let missing = left.iter().filter(|line| *line != ANY);
    shown.extend(missing.map(|line| format!("- {line}\n")));
    shown.extend(right.iter().map(|line| format!("+ {line}\n")));
    shown
}
