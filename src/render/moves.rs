//! Sees what a piece of a child's output does to its screen besides appending to the last row.

use std::ops::Range;

use crate::render::escape::{BACKSPACE, ESCAPE, Parser, Piece};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Survey {
    /// The first time that the screen is cleared; what follows it is not looked at.
    pub(crate) clear: Option<Clear>,
    pub(crate) motion: Motion,
    pub(crate) state: State,
}

/// Neighbouring sequences that leave an empty screen together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clear {
    pub(crate) range: Range<usize>,
    /// False where what was there before comes back: the alternate screen is left.
    pub(crate) is_loss: bool,
}

/// Where the cursor goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Motion {
    /// On, or back to the beginning of its row.
    #[default]
    Ahead,
    InRow,
    ToOtherRows,
}

/// What the last row shows if the cursor has only gone [`Motion::Ahead`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// What stands before it was written over, or erased.
    pub(crate) start: usize,
    pub(crate) is_visible: bool,
    /// What comes will be written over it.
    pub(crate) is_returned: bool,
}

/// Of one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Visible,
    /// To the beginning of the row.
    Return,
    EraseRow,
    EraseRight,
    EraseBelow,
    Home,
    Clear,
    LeaveAlternate,
    InRow,
    ToOtherRows,
    Nothing,
}

/// Looks at `text`, which has no newline. `is_alternate`: a screen full of pictures is expected to be
/// painted anew, so that clearing it is one motion of many.
pub(crate) fn survey(text: &[u8], is_alternate: bool) -> Survey {
    let mut survey = Survey {
        clear: None,
        motion: Motion::Ahead,
        state: State::default(),
    };
    let end = text.iter().rposition(|byte| *byte != b'\r');
    let (seen, returns) = text.split_at(end.map_or(0, |end| end + 1));
    if let Some(is_visible) = appended(seen) {
        survey.state.is_visible = is_visible;
        survey.state.is_returned = !returns.is_empty();
        return survey;
    }
    let mut clearing = Clearing::default();
    let mut rest = text;
    let (mut parser, mut begin) = (Parser::default(), 0);
    while !rest.is_empty() {
        if parser.is_in_text() {
            begin = text.len() - rest.len();
        }
        let (used, piece) = parser.piece(rest);
        let step = step(piece, is_alternate);
        rest = &rest[used..];
        let range = begin..text.len() - rest.len();
        if clearing.is_over(step, &range) {
            break;
        }
        survey.motion = survey.motion.max(motion(step));
        survey.state.step(step, range.clone());
    }
    survey.clear = clearing.found();
    survey
}

/// The short way for nearly all lines. Whether something is to be seen, if there is nothing in `text` but
/// text and colours.
fn appended(text: &[u8]) -> Option<bool> {
    let is_visible = |byte: &u8| *byte >= b' ' || *byte == b'\t';
    let mut is_any_visible = false;
    let mut rest = text;
    while let Some(at) = memchr::memchr3(ESCAPE, BACKSPACE, b'\r', rest) {
        let (text, sequence) = rest.split_at(at);
        is_any_visible |= text.iter().any(is_visible);
        let parameters = sequence.strip_prefix(b"\x1b[")?;
        let end = parameters
            .iter()
            .position(|byte| !matches!(byte, b'0'..=b';'))?;
        rest = parameters[end..].strip_prefix(b"m")?;
    }
    Some(is_any_visible || rest.iter().any(is_visible))
}

fn step(piece: Piece<'_>, is_alternate: bool) -> Step {
    let clear = if is_alternate {
        Step::ToOtherRows
    } else {
        Step::Clear
    };
    match piece {
        Piece::Text(_) | Piece::Control(b'\t') => Step::Visible,
        Piece::Control(b'\r') => Step::Return,
        Piece::Control(BACKSPACE) => Step::InRow,
        Piece::Escape(b'c') => Step::Clear,
        // To where it was saved, and up with scrolling.
        Piece::Escape(b'8' | b'M') => Step::ToOtherRows,
        Piece::Csi([b'?', modes @ ..], b'h') if has_alternate(modes) => Step::Clear,
        Piece::Csi([b'?', modes @ ..], b'l') if has_alternate(modes) => Step::LeaveAlternate,
        Piece::Csi(b"2" | b"3", b'J') => clear,
        Piece::Csi(b"" | b"0", b'J') if is_alternate => Step::ToOtherRows,
        Piece::Csi(b"" | b"0", b'J') => Step::EraseBelow,
        Piece::Csi(b"" | b"0" | b"1", b'G' | b'`') => Step::Return,
        Piece::Csi(b"" | b"0", b'K') => Step::EraseRight,
        Piece::Csi(b"2", b'K') => Step::EraseRow,
        Piece::Csi(parameters, b'H' | b'f') if is_home(parameters) && !is_alternate => Step::Home,
        Piece::Csi(parameters, end)
            if parameters.iter().all(|byte| (b'0'..=b';').contains(byte)) =>
        {
            match end {
                b'C' | b'D' | b'G' | b'K' | b'P' | b'X' | b'@' | b'`' | b'a' => Step::InRow,
                b'A' | b'B' | b'E' | b'F' | b'H' | b'J' | b'L' | b'M' | b'S' | b'T' | b'd'
                | b'e' | b'f' | b'r' | b'u' => Step::ToOtherRows,
                _ => Step::Nothing,
            }
        }
        Piece::Control(_)
        | Piece::Escape(_)
        | Piece::Csi(_, _)
        | Piece::Command(_)
        | Piece::Nothing => Step::Nothing,
    }
}

fn has_alternate(modes: &[u8]) -> bool {
    let mut modes = modes.split(|byte| *byte == b';');
    modes.any(|mode| matches!(mode, b"47" | b"1047" | b"1049"))
}

fn is_home(parameters: &[u8]) -> bool {
    parameters
        .iter()
        .all(|byte| matches!(byte, b'0' | b'1' | b';'))
        && parameters.len() <= 3
}

fn motion(step: Step) -> Motion {
    match step {
        Step::InRow => Motion::InRow,
        Step::ToOtherRows | Step::Home => Motion::ToOtherRows,
        Step::Visible
        | Step::Return
        | Step::EraseRow
        | Step::EraseRight
        | Step::EraseBelow
        | Step::Clear
        | Step::LeaveAlternate
        | Step::Nothing => Motion::Ahead,
    }
}

impl State {
    fn step(&mut self, step: Step, range: Range<usize>) {
        match step {
            Step::Visible => {
                if self.is_returned {
                    self.start = range.start;
                    self.is_returned = false;
                }
                self.is_visible = true;
            }
            Step::Return => self.is_returned = true,
            Step::EraseRight | Step::EraseBelow if !self.is_returned => {}
            Step::EraseRow | Step::EraseRight | Step::EraseBelow => {
                self.start = range.end;
                self.is_visible = false;
                self.is_returned = false;
            }
            Step::Home
            | Step::Clear
            | Step::LeaveAlternate
            | Step::InRow
            | Step::ToOtherRows
            | Step::Nothing => {}
        }
    }
}

/// Finds the first [`Clear`].
#[derive(Debug, Default)]
struct Clearing {
    begin: Option<usize>,
    end: usize,
    is_home: bool,
    is_clear: bool,
    is_loss: bool,
}

impl Clearing {
    /// Whether one was found, and `step` is behind it.
    fn is_over(&mut self, step: Step, range: &Range<usize>) -> bool {
        match step {
            Step::Home => self.is_home = true,
            Step::EraseBelow if self.is_home => (self.is_clear, self.is_loss) = (true, true),
            Step::Clear => (self.is_clear, self.is_loss) = (true, true),
            Step::LeaveAlternate => self.is_clear = true,
            Step::Nothing | Step::Return | Step::EraseRow | Step::EraseRight | Step::EraseBelow => {
                return false;
            }
            Step::Visible | Step::InRow | Step::ToOtherRows if self.is_clear => return true,
            Step::Visible | Step::InRow | Step::ToOtherRows => {
                *self = Self::default();
                return false;
            }
        }
        self.begin.get_or_insert(range.start);
        self.end = range.end;
        false
    }

    fn found(self) -> Option<Clear> {
        let begin = self.begin.filter(|_| self.is_clear)?;
        Some(Clear {
            range: begin..self.end,
            is_loss: self.is_loss,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_empties_the_screen_is_found_as_one() {
        let check = |text: &str, expected: Option<(&str, &str, &str)>| {
            let clear = survey(text.as_bytes(), false).clear;
            let parts = clear.map(|Clear { range, .. }| {
                (
                    &text[..range.start],
                    &text[range.clone()],
                    &text[range.end..],
                )
            });
            assert_eq!(parts, expected, "{text:?}");
        };
        check("text", None);
        check("\x1b[2Jx", Some(("", "\x1b[2J", "x")));
        check("\x1bcx", Some(("", "\x1bc", "x")));
        check("a\x1b[H\x1b[Jx", Some(("a", "\x1b[H\x1b[J", "x")));
        check("\x1b[1;1H\x1b[0J", Some(("", "\x1b[1;1H\x1b[0J", "")));
        check(
            "\x1b[2J\x1b[3J\x1b[Hx\x1b[2J",
            Some(("", "\x1b[2J\x1b[3J\x1b[H", "x\x1b[2J")),
        );
        check(
            "\x1b[?1049h\x1b[22;0;0t\x1b[H\x1b[31mx",
            Some(("", "\x1b[?1049h\x1b[22;0;0t\x1b[H", "\x1b[31mx")),
        );
        check("\x1b[?25;47hx", Some(("", "\x1b[?25;47h", "x")));
        check("\x1b[2J\x1b[5;5Hx", Some(("", "\x1b[2J", "\x1b[5;5Hx")));
        check("\x1b[Hx\x1b[J", None);
        check("\x1b[J\x1b[1J\x1b[22J", None);
    }

    #[test]
    fn who_leaves_the_alternate_screen_loses_nothing() {
        let is_loss = |text: &str| {
            survey(text.as_bytes(), true)
                .clear
                .map(|clear| clear.is_loss)
        };
        assert_eq!(is_loss("\x1b[?1049l"), Some(false));
        assert_eq!(is_loss("\x1b[H\x1b[2J"), None);
        assert_eq!(is_loss("\x1bc"), Some(true));
    }

    #[test]
    fn the_cursor_goes_ahead_along_its_row_or_elsewhere() {
        let check = |text: &str, expected: Motion| {
            assert_eq!(survey(text.as_bytes(), false).motion, expected, "{text:?}");
        };
        check(
            "\x1b[31m1%\r\x1b[K\x1b[?25l\x1b[1G2%\x1b7\x1b]0;\x08\x07",
            Motion::Ahead,
        );
        check("|\x08/", Motion::InRow);
        check("10%\x1b[3D\x1b[C\x1b[9G", Motion::InRow);
        check("\x1b[A", Motion::ToOtherRows);
        check("\x08\x1b[2F\x1b[D", Motion::ToOtherRows);
        check("\x1b[Hx", Motion::ToOtherRows);
        check("\x1b[ux", Motion::ToOtherRows);
        check("\x1b[?6u\x1b[>1u", Motion::Ahead);
    }

    #[test]
    fn a_row_has_a_last_state() {
        let check = |text: &str, expected: &str, is_visible: bool, is_returned: bool| {
            let state = survey(text.as_bytes(), false).state;
            assert_eq!(&text[state.start..], expected);
            assert_eq!(
                (state.is_visible, state.is_returned),
                (is_visible, is_returned),
                "{text:?}"
            );
        };
        check("", "", false, false);
        check("a\r", "a\r", true, true);
        check("a\rb", "b", true, false);
        check("a\x1b[1Gb\x1b[G", "b\x1b[G", true, true);
        check("a\r\x1b[31m", "a\r\x1b[31m", true, true);
        check("a\r\x1b[K", "", false, false);
        check("a\x1b[Kb", "a\x1b[Kb", true, false);
        check("a\x1b[2Kb", "b", true, false);
        check("\r\x1b[Kb\r\n".trim_end_matches('\n'), "b\r", true, true);
        check("\x1b[31m", "\x1b[31m", false, false);
    }
}
