//! From a byte offset in a text to the [`Place`] that a user is shown.

use std::ops::Range;

use crate::words::report::Place;

/// The place of `range`, byte offsets into `text` on character boundaries. A range over several lines
/// is marked to the end of its first one. `line`, from 1, is the one that `range` begins in: counting
/// anew for each of many mistakes would take the square of the text's length.
pub(crate) fn place(
    file: &str,
    text: &str,
    line: usize,
    range: Range<usize>,
    label: &str,
) -> Place {
    let begin = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[range.start..]
        .find('\n')
        .map_or(text.len(), |at| range.start + at);
    let marked = &text[range.start..range.end.clamp(range.start, end)];
    let line_text = text[begin..end].trim_end_matches('\r');
    let start = range.start.min(begin + line_text.len());
    Place {
        file: file.to_string(),
        line,
        column: text[begin..start].chars().count() + 1,
        text: line_text.to_string(),
        width: marked.chars().count().max(1),
        label: label.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let found = place("F", "a\néé: x\n", 2, 4..6, "here");
        assert_eq!((found.column, found.width), (2, 1));
        assert_eq!(found.text, "éé: x");
    }
}
