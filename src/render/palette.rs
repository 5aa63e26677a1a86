//! Which colour a process has, and whether there are any.

/// How many colours may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Depth {
    #[default]
    None,
    Sixteen,
    Many,
}

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    #[default]
    Auto,
    Always,
    Never,
}

/// The variables that say something about colours; empty ones count as unset.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hints {
    pub(crate) no_color: bool,
    /// `CLICOLOR_FORCE` or `FORCE_COLOR`.
    pub(crate) force: bool,
    pub(crate) term: String,
    pub(crate) colorterm: String,
}

impl Hints {
    /// What a terminal does with an escape sequence is not known, or it shows it.
    pub(crate) fn is_dumb(&self) -> bool {
        matches!(self.term.as_str(), "" | "dumb")
    }
}

/// `--color` over NO_COLOR over CLICOLOR_FORCE and FORCE_COLOR over TERM=dumb over whether it is a
/// terminal.
pub(crate) fn depth(choice: Choice, hints: &Hints, is_terminal: bool) -> Depth {
    let is_wanted = match choice {
        Choice::Always => true,
        Choice::Never => false,
        Choice::Auto if hints.no_color => false,
        Choice::Auto if hints.force => true,
        Choice::Auto => is_terminal && !hints.is_dumb(),
    };
    let has_many = hints.term.contains("256") || !hints.colorterm.is_empty();
    match (is_wanted, has_many) {
        (false, _) => Depth::None,
        (true, true) => Depth::Many,
        (true, false) => Depth::Sixteen,
    }
}

/// Contrast of at least 3:1 on white and on #1e1e1e, apart for red/green-blind eyes.
const MANY: [u8; 7] = [31, 202, 129, 29, 68, 162, 62];
const SIXTEEN: [u8; 9] = [36, 35, 32, 34, 33, 96, 95, 92, 94];

/// The escape sequence that begins the prefix of the process at this place; empty without colours. `chosen`: the one
/// that it is to have, of the 256, where that can be had.
pub(crate) fn of_process(index: usize, chosen: Option<u8>, depth: Depth) -> String {
    match (chosen, depth) {
        (Some(color @ 0..8), Depth::Sixteen | Depth::Many) => return format!("\x1b[3{color}m"),
        (Some(color @ 8..16), Depth::Sixteen | Depth::Many) => {
            return format!("\x1b[9{}m", color - 8);
        }
        (Some(color), Depth::Many) => return format!("\x1b[38;5;{color}m"),
        (Some(_) | None, _) => {}
    }
    match depth {
        Depth::None => String::new(),
        Depth::Sixteen => format!("\x1b[{}m", SIXTEEN[index % SIXTEEN.len()]),
        Depth::Many => {
            let underlined = if index / MANY.len() % 2 == 1 {
                "4;"
            } else {
                ""
            };
            format!("\x1b[{underlined}38;5;{}m", MANY[index % MANY.len()])
        }
    }
}

/// That of devrun's own lines.
pub(crate) fn of_system(depth: Depth) -> &'static str {
    match depth {
        Depth::None => "",
        Depth::Sixteen => "\x1b[90m",
        Depth::Many => "\x1b[38;5;244m",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_who_decides_on_colours() {
        let hints = |no_color, force, term: &str| Hints {
            no_color,
            force,
            term: term.into(),
            colorterm: String::new(),
        };
        let check = |choice, hints: Hints, is_terminal, expected| {
            assert_eq!(depth(choice, &hints, is_terminal), expected);
        };
        check(
            Choice::Always,
            hints(true, false, "dumb"),
            false,
            Depth::Sixteen,
        );
        check(
            Choice::Never,
            hints(false, true, "xterm"),
            true,
            Depth::None,
        );
        check(Choice::Auto, hints(true, true, "xterm"), true, Depth::None);
        check(
            Choice::Auto,
            hints(false, true, "xterm-256color"),
            false,
            Depth::Many,
        );
        check(Choice::Auto, hints(false, false, "dumb"), true, Depth::None);
        check(Choice::Auto, hints(false, false, ""), true, Depth::None);
        check(
            Choice::Auto,
            hints(false, false, "xterm"),
            true,
            Depth::Sixteen,
        );
        check(
            Choice::Auto,
            hints(false, false, "xterm"),
            false,
            Depth::None,
        );
    }

    #[test]
    fn after_the_last_colour_they_come_again_underlined() {
        let check = |index, depth, expected| assert_eq!(of_process(index, None, depth), expected);
        check(0, Depth::Many, "\x1b[38;5;31m");
        check(7, Depth::Many, "\x1b[4;38;5;31m");
        check(9, Depth::Sixteen, "\x1b[36m");
    }

    #[test]
    fn a_color_that_was_chosen_is_taken_where_there_is_such_a_one() {
        let check = |color, depth, expected| {
            assert_eq!(of_process(0, Some(color), depth), expected);
        };
        check(1, Depth::Many, "\x1b[31m");
        check(15, Depth::Sixteen, "\x1b[97m");
        check(208, Depth::Many, "\x1b[38;5;208m");
        check(208, Depth::Sixteen, "\x1b[36m");
        check(1, Depth::None, "");
    }
}
