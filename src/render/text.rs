//! Sentences and rows → lines of so many columns.

use unicode_width::UnicodeWidthStr;

use crate::words::wording;

pub(super) enum Text {
    Prose(String),
    Verbatim(String),
    /// To be copied, and so in one piece: in the line of `before` if there is room.
    Typed {
        before: String,
        text: String,
    },
}

/// Prose that would be wider than `columns` goes on in another line, two columns further in; a word that
/// is wider alone is not cut. Rows of a table, lines of a process and what is to be copied stay whole.
pub(super) fn lines(texts: Vec<Text>, columns: usize) -> Vec<String> {
    let rows = |text: Text| match text {
        Text::Prose(text) => wrapped(&wording::escaped(&text), columns),
        Text::Verbatim(text) => vec![wording::escaped(&text).into_owned()],
        Text::Typed { before, text } => typed(&before, &wording::escaped(&text), columns),
    };
    texts.into_iter().flat_map(rows).collect()
}

fn typed(before: &str, text: &str, columns: usize) -> Vec<String> {
    let line = format!("{before} {text}");
    if line.width() <= columns {
        return vec![line];
    }
    let indent = before.len() - before.trim_start().len();
    vec![before.to_string(), format!("{:indent$}  {text}", "")]
}

fn wrapped(line: &str, columns: usize) -> Vec<String> {
    let indent = line.len() - line.trim_start().len();
    let mut rows = Vec::new();
    let mut row = " ".repeat(indent);
    let mut is_empty = true;
    for piece in pieces(line) {
        if !is_empty && row.width() + 1 + piece.width() > columns {
            rows.push(std::mem::replace(&mut row, " ".repeat(indent + 2)));
        } else if !is_empty {
            row.push(' ');
        }
        row.push_str(&piece);
        is_empty = false;
    }
    rows.push(row);
    rows
}

/// The words of a line, each number with its unit: "15 s,".
fn pieces(line: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        let is_unit = matches!(word.trim_end_matches([',', ';', ')', ':']), "s" | "m" | "h");
        match pieces.last_mut() {
            Some(number) if is_unit && number.ends_with(|c: char| c.is_ascii_digit()) => {
                number.push(' ');
                number.push_str(word);
            }
            Some(_) | None => pieces.push(word.to_string()),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_copied_stays_whole() {
        let check = |columns, expected: &[&str]| {
            assert_eq!(typed("  write:", "web: vite --port 1", columns), expected);
        };
        check(27, &["  write: web: vite --port 1"]);
        check(26, &["  write:", "    web: vite --port 1"]);
    }
}
