//! Which colours and attributes are on after some SGR sequences ("select graphic rendition").

/// Longer is no parameter that means something: `38;2;255;255;255` has 16.
const LONGEST: usize = 23;

/// What can be on at the same time; each has its parameter, in the order in which they are repeated.
#[derive(Clone, Copy, Debug)]
enum Slot {
    Bold,
    Dim,
    Italic,
    Underline,
    Blink,
    Inverse,
    Hidden,
    Struck,
    Foreground,
    Background,
    Overline,
    UnderlineColor,
}

const SLOTS: usize = Slot::UnderlineColor as usize + 1;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    on: [Parameter; SLOTS],
}

/// As the child wrote it; empty: off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Parameter {
    bytes: [u8; LONGEST],
    length: u8,
}

impl Attributes {
    /// Takes in what stands between `ESC [` and `m`: digits, `:` and `;`.
    pub(crate) fn select(&mut self, parameters: &[u8]) {
        let mut rest = Some(parameters);
        while let Some(parameters) = rest {
            let end = memchr::memchr_iter(b';', parameters).nth(fields(parameters) - 1);
            let (one, others) = match end {
                Some(end) => (&parameters[..end], Some(&parameters[end + 1..])),
                None => (parameters, None),
            };
            self.switch(one);
            rest = others;
        }
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.on.iter().all(|parameter| parameter.length == 0)
    }

    /// The sequence that switches them on again; nothing if none is.
    pub(crate) fn repeat(&self, out: &mut Vec<u8>) {
        let on = self.on.iter().filter(|parameter| parameter.length > 0);
        for (number, parameter) in on.enumerate() {
            out.extend_from_slice(if number == 0 { b"\x1b[" } else { b";" });
            out.extend_from_slice(&parameter.bytes[..usize::from(parameter.length)]);
        }
        if !self.is_plain() {
            out.push(b'm');
        }
    }

    fn switch(&mut self, parameter: &[u8]) {
        let end = memchr::memchr(b':', parameter).unwrap_or(parameter.len());
        let code = std::str::from_utf8(&parameter[..end]).unwrap_or_default();
        let code = code.split(';').next().unwrap_or_default();
        // An empty parameter is a 0; one that is no number means nothing.
        match code
            .parse()
            .unwrap_or(if code.is_empty() { 0 } else { u16::MAX })
        {
            0 => *self = Self::default(),
            1 => self.set(Slot::Bold, parameter),
            2 => self.set(Slot::Dim, parameter),
            22 => {
                self.set(Slot::Bold, b"");
                self.set(Slot::Dim, b"");
            }
            3 => self.set(Slot::Italic, parameter),
            23 => self.set(Slot::Italic, b""),
            4 if parameter == b"4:0" => self.set(Slot::Underline, b""),
            4 | 21 => self.set(Slot::Underline, parameter),
            24 => self.set(Slot::Underline, b""),
            5 | 6 => self.set(Slot::Blink, parameter),
            25 => self.set(Slot::Blink, b""),
            7 => self.set(Slot::Inverse, parameter),
            27 => self.set(Slot::Inverse, b""),
            8 => self.set(Slot::Hidden, parameter),
            28 => self.set(Slot::Hidden, b""),
            9 => self.set(Slot::Struck, parameter),
            29 => self.set(Slot::Struck, b""),
            30..=38 | 90..=97 => self.set(Slot::Foreground, parameter),
            39 => self.set(Slot::Foreground, b""),
            40..=48 | 100..=107 => self.set(Slot::Background, parameter),
            49 => self.set(Slot::Background, b""),
            53 => self.set(Slot::Overline, parameter),
            55 => self.set(Slot::Overline, b""),
            58 => self.set(Slot::UnderlineColor, parameter),
            59 => self.set(Slot::UnderlineColor, b""),
            _ => {}
        }
    }

    fn set(&mut self, slot: Slot, parameter: &[u8]) {
        let mut kept = Parameter::default();
        // Half a colour would swallow what is repeated behind it.
        let is_whole = memchr::memchr_iter(b';', parameter).count() + 1 == fields(parameter)
            && !matches!(parameter, b"38" | b"48" | b"58");
        if is_whole && parameter.len() <= LONGEST {
            kept.bytes[..parameter.len()].copy_from_slice(parameter);
            kept.length = parameter.len() as u8;
        }
        self.on[slot as usize] = kept;
    }
}

/// How many fields between `;` the first parameter has: `38;5;31` is one of three.
fn fields(parameters: &[u8]) -> usize {
    let mut fields = parameters.split(|byte| *byte == b';');
    match (fields.next(), fields.next()) {
        (Some(b"38" | b"48" | b"58"), Some(b"5")) => 3,
        (Some(b"38" | b"48" | b"58"), Some(b"2")) => 5,
        (_, _) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_still_on_is_repeated() {
        let check = |sequences: &[&str], expected: &str| {
            let mut attributes = Attributes::default();
            for sequence in sequences {
                attributes.select(sequence.as_bytes());
            }
            let mut out = Vec::new();
            attributes.repeat(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{sequences:?}");
        };
        check(&[], "");
        check(&["31"], "\x1b[31m");
        check(&["31", "32"], "\x1b[32m");
        check(&["1;31"], "\x1b[1;31m");
        check(&["31;1", "39"], "\x1b[1m");
        check(&["1", "2", "22"], "");
        check(&["1;38;5;208;4"], "\x1b[1;4;38;5;208m");
        check(
            &["48;2;255;255;255", "38:2::1:2:3"],
            "\x1b[38:2::1:2:3;48;2;255;255;255m",
        );
        check(&["4:3;58;5;1", "59"], "\x1b[4:3m");
        check(&["4:3", "4:0"], "");
        check(&["31", ""], "");
        check(&["31", "0;1"], "\x1b[1m");
        check(&["31;"], "");
        check(&["97", "107"], "\x1b[97;107m");
        check(&["38;5", "1"], "\x1b[1m");
        check(&["38", "38;2;1"], "");
        check(&["99999999", ":", "73", "12"], "");
        check(&["3;5;7;8;9;53", "23;25;27;28;29;55"], "");
    }
}
