//! What a child has switched on in its terminal, for those who come to it later and leave it again.

/// DEC's private modes that outlive what is on the screen, the screen they work on first.
const MODES: [Mode; 11] = [
    Mode::new(47, false),
    Mode::new(1047, false),
    Mode::new(1049, false),
    Mode::new(1, false),
    Mode::new(CURSOR, true),
    Mode::new(1000, false),
    Mode::new(1002, false),
    Mode::new(1003, false),
    Mode::new(1006, false),
    Mode::new(1004, false),
    Mode::new(2004, false),
];
const CURSOR: u16 = 25;
/// So many of [`MODES`], from the first on, mean the alternate screen.
const ALTERNATE: usize = 3;

#[derive(Debug)]
struct Mode {
    number: u16,
    is_on_at_first: bool,
}

impl Mode {
    const fn new(number: u16, is_on_at_first: bool) -> Self {
        Self {
            number,
            is_on_at_first,
        }
    }
}

/// Of one run of a process. As a terminal begins: the cursor is shown, all else is off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modes {
    /// Which of [`MODES`] are not as at first.
    changed: [bool; MODES.len()],
    has_keypad: bool,
}

impl Modes {
    /// Takes in `CSI parameters end`.
    pub(crate) fn csi(&mut self, parameters: &[u8], end: u8) {
        match (parameters, end) {
            ([b'?', numbers @ ..], b'h' | b'l') => {
                for number in numbers.split(|byte| *byte == b';') {
                    self.switch(number, end == b'h');
                }
            }
            // A soft reset keeps the screen and the mouse.
            (b"!", b'p') => {
                self.switch(b"1", false);
                self.switch(b"25", true);
                self.has_keypad = false;
            }
            _ => {}
        }
    }

    /// Takes in `ESC byte`.
    pub(crate) fn escape(&mut self, byte: u8) {
        match byte {
            b'=' => self.has_keypad = true,
            b'>' => self.has_keypad = false,
            b'c' => *self = Self::default(),
            _ => {}
        }
    }

    /// Whether the child draws on the alternate screen.
    pub(crate) fn is_alternate(&self) -> bool {
        self.changed[..ALTERNATE].contains(&true)
    }

    /// Appends what makes a fresh terminal like the child's, for somebody who attaches now.
    pub(crate) fn switch_on(&self, out: &mut Vec<u8>) {
        for (mode, _) in self.changes() {
            mode.write(!mode.is_on_at_first, out);
        }
        if self.has_keypad {
            out.extend_from_slice(b"\x1b=");
        }
    }

    /// Appends what makes the terminal of somebody who leaves fresh again: with a cursor, without colours,
    /// on the screen that scrolls.
    pub(crate) fn switch_off(&self, out: &mut Vec<u8>) {
        if self.has_keypad {
            out.extend_from_slice(b"\x1b>");
        }
        let others = self.changes().filter(|(mode, _)| mode.number != CURSOR);
        for (mode, _) in others.rev() {
            mode.write(mode.is_on_at_first, out);
        }
        out.extend_from_slice(b"\x1b[0m\x1b[?25h");
    }

    fn changes(&self) -> impl DoubleEndedIterator<Item = (&'static Mode, bool)> {
        let modes = MODES.iter().zip(self.changed);
        modes.filter(|(_, is_changed)| *is_changed)
    }

    fn switch(&mut self, number: &[u8], is_on: bool) {
        let number = std::str::from_utf8(number)
            .ok()
            .and_then(|text| text.parse().ok());
        let index = MODES.iter().position(|mode| Some(mode.number) == number);
        if let Some(index) = index {
            self.changed[index] = is_on != MODES[index].is_on_at_first;
        }
    }
}

impl Mode {
    fn write(&self, is_on: bool, out: &mut Vec<u8>) {
        let end = if is_on { 'h' } else { 'l' };
        out.extend_from_slice(format!("\x1b[?{}{end}", self.number).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_can_be_repeated_and_undone() {
        let check = |sequences: &[&str], on: &str, off: &str| {
            let mut modes = Modes::default();
            for sequence in sequences {
                match sequence.as_bytes() {
                    [b'[', parameters @ .., end] => modes.csi(parameters, *end),
                    [byte] => modes.escape(*byte),
                    other => panic!("{other:?}"),
                }
            }
            let (mut switched_on, mut switched_off) = (Vec::new(), Vec::new());
            modes.switch_on(&mut switched_on);
            modes.switch_off(&mut switched_off);
            assert_eq!(String::from_utf8(switched_on).unwrap(), on);
            let off = format!("{off}\x1b[0m\x1b[?25h");
            assert_eq!(String::from_utf8(switched_off).unwrap(), off);
        };
        check(&[], "", "");
        check(&["[?25l"], "\x1b[?25l", "");
        check(&["[?25l", "[?25h"], "", "");
        check(
            &["[?1049h", "[?1;1002;1006h", "="],
            "\x1b[?1049h\x1b[?1h\x1b[?1002h\x1b[?1006h\x1b=",
            "\x1b>\x1b[?1006l\x1b[?1002l\x1b[?1l\x1b[?1049l",
        );
        check(
            &["[?2004h", "[?1004h", "[?2004l"],
            "\x1b[?1004h",
            "\x1b[?1004l",
        );
        check(&["[?1h", "=", "[!p"], "", "");
        check(&["[?1000h", "[?1003h", "c"], "", "");
        check(&["[?99999999h", "[?h", "[4h", "[?x", "[m", "7"], "", "");
    }

    #[test]
    fn the_alternate_screen_is_known_by_each_of_its_names() {
        for number in ["47", "1047", "1049"] {
            let mut modes = Modes::default();
            modes.csi(format!("?{number}").as_bytes(), b'h');
            assert!(modes.is_alternate());
            modes.csi(format!("?{number}").as_bytes(), b'l');
            assert!(!modes.is_alternate());
        }
    }
}
