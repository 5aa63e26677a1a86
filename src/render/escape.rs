//! Takes a child's bytes apart: text, controls and escape sequences, as ECMA-48 has them. It never decides
//! what may pass.

pub(crate) const BELL: u8 = 0x07;
pub(crate) const BACKSPACE: u8 = 0x08;
pub(crate) const ESCAPE: u8 = 0x1b;
const CANCEL: u8 = 0x18;
const SUBSTITUTE: u8 = 0x1a;
const DELETE: u8 = 0x7f;
/// Longer than any that means something. Of a longer one only the end is awaited.
const MAX_SEQUENCE: usize = 4096;

/// How far a stream of bytes was taken apart. How they are cut into chunks makes no difference, but that a
/// text may come in several pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parser {
    place: Place,
    /// Of a sequence: what stands behind its introducer.
    begun: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Without ASCII's controls; not always UTF-8, never empty.
    Text(&'a [u8]),
    /// One of ASCII's.
    Control(u8),
    /// `ESC` and one byte.
    Escape(u8),
    /// `ESC [`, parameters with intermediates, and the byte that ends it.
    Csi(&'a [u8], u8),
    /// What stands in `ESC ]` … `ESC \`.
    Command(&'a [u8]),
    /// A part of something longer, or what means nothing to anybody here.
    Nothing,
}

/// Where in the stream of bytes we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Text,
    /// Behind ESC.
    Escape,
    /// Behind ESC and a byte that says that one more will come.
    Intermediate,
    /// In a CSI sequence: colours, cursor, erasing.
    Control,
    /// In an OSC string: links, titles, the clipboard.
    Command,
    /// In a string of another kind.
    Other,
    /// Behind ESC in a string: the next byte may end it.
    CommandEnd,
    OtherEnd,
}

impl Parser {
    /// The next piece of `rest`, which is not empty, and how many bytes it took: none where a sequence is
    /// broken off by what stands there.
    pub(crate) fn piece<'a>(&'a mut self, rest: &'a [u8]) -> (usize, Piece<'a>) {
        let byte = rest[0];
        let place = self.place;
        if place == Place::Text {
            return self.plain(rest);
        }
        if place == Place::Control {
            return self.control(rest);
        }
        self.place = match (place, byte) {
            (Place::Escape, b'[') => Place::Control,
            (Place::Escape, b']') => Place::Command,
            (Place::Escape, b'P' | b'X' | b'^' | b'_') => Place::Other,
            (Place::Escape | Place::Intermediate, 0x20..=0x2f) => Place::Intermediate,
            (Place::Escape | Place::Intermediate, 0x30..=0x7e) => Place::Text,
            (Place::Command, b' '..) => self.remember(byte),
            (Place::Command, ESCAPE) => Place::CommandEnd,
            (Place::Other, ESCAPE) => Place::OtherEnd,
            (Place::Command | Place::Other, BELL | CANCEL | SUBSTITUTE) => Place::Text,
            (Place::CommandEnd | Place::OtherEnd, b'\\') => Place::Text,
            (Place::Command, _) => self.remember(byte),
            (Place::Other, _) => Place::Other,
            // It ends where it should not, and means nothing. What ended it counts for itself.
            (Place::CommandEnd | Place::OtherEnd, _) => return self.broken(Place::Escape),
            (Place::Escape | Place::Intermediate, _) => return self.broken(Place::Text),
            (Place::Text | Place::Control, _) => place,
        };
        (1, self.ended(place, byte))
    }

    /// Whether nothing is begun.
    pub(crate) fn is_in_text(&self) -> bool {
        self.place == Place::Text
    }

    /// Forgets what is begun.
    pub(crate) fn reset(&mut self) {
        self.place = Place::Text;
        self.begun.clear();
    }

    fn plain<'a>(&'a mut self, rest: &'a [u8]) -> (usize, Piece<'a>) {
        let is_control = |byte: &u8| *byte < b' ' || *byte == DELETE;
        let length = rest.iter().position(is_control).unwrap_or(rest.len());
        match rest[0] {
            _ if length > 0 => (length, Piece::Text(&rest[..length])),
            ESCAPE => {
                self.begun.clear();
                self.place = Place::Escape;
                match &rest[1..] {
                    [b'[', sequence @ ..] => {
                        self.place = Place::Control;
                        let (used, piece) = self.control(sequence);
                        (used + 2, piece)
                    }
                    _ => (1, Piece::Nothing),
                }
            }
            control => (1, Piece::Control(control)),
        }
    }

    /// In a CSI sequence. One that is whole in `rest` is not copied: colours are most of what there is.
    fn control<'a>(&'a mut self, rest: &'a [u8]) -> (usize, Piece<'a>) {
        let is_parameter = |byte: &u8| (0x20..=0x3f).contains(byte);
        let length = rest.iter().position(|byte| !is_parameter(byte));
        let parameters = &rest[..length.unwrap_or(rest.len())];
        let end = length.map(|length| rest[length]);
        if end.is_none() || !self.begun.is_empty() {
            let room = (MAX_SEQUENCE + 1).saturating_sub(self.begun.len());
            self.begun
                .extend_from_slice(&parameters[..parameters.len().min(room)]);
        }
        let Some(end) = end else {
            return (rest.len(), Piece::Nothing);
        };
        self.place = Place::Text;
        if !(0x40..=0x7e).contains(&end) {
            // What has broken it off counts for itself.
            return (parameters.len(), Piece::Nothing);
        }
        let used = parameters.len() + 1;
        let parameters = if self.begun.is_empty() {
            parameters
        } else {
            &self.begun
        };
        match parameters.len() {
            0..=MAX_SEQUENCE => (used, Piece::Csi(parameters, end)),
            _ => (used, Piece::Nothing),
        }
    }

    /// What `byte` has ended, if it has.
    fn ended(&self, place: Place, byte: u8) -> Piece<'_> {
        let is_whole = self.place == Place::Text && self.begun.len() <= MAX_SEQUENCE;
        match place {
            Place::Escape if is_whole => Piece::Escape(byte),
            Place::Command | Place::CommandEnd if is_whole => match byte {
                CANCEL | SUBSTITUTE => Piece::Nothing,
                _ => Piece::Command(&self.begun),
            },
            Place::Text
            | Place::Escape
            | Place::Intermediate
            | Place::Control
            | Place::Command
            | Place::Other
            | Place::CommandEnd
            | Place::OtherEnd => Piece::Nothing,
        }
    }

    fn broken(&mut self, next: Place) -> (usize, Piece<'static>) {
        self.begun.clear();
        self.place = next;
        (0, Piece::Nothing)
    }

    fn remember(&mut self, byte: u8) -> Place {
        if self.begun.len() <= MAX_SEQUENCE {
            self.begun.push(byte);
        }
        self.place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &[u8]) -> Vec<String> {
        let mut parser = Parser::default();
        let (mut pieces, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            let (used, piece) = parser.piece(rest);
            if piece != Piece::Nothing {
                pieces.push(match piece {
                    Piece::Csi(parameters, end) => {
                        format!(
                            "csi {} {}",
                            String::from_utf8_lossy(parameters),
                            end as char
                        )
                    }
                    Piece::Text(text) => format!("text {}", String::from_utf8_lossy(text)),
                    Piece::Command(text) => format!("command {}", String::from_utf8_lossy(text)),
                    other => format!("{other:?}"),
                });
            }
            rest = &rest[used..];
        }
        pieces
    }

    #[test]
    fn a_stream_is_text_controls_and_sequences() {
        let check = |text: &str, expected: &[&str]| assert_eq!(pieces(text.as_bytes()), expected);
        check("a\rb", &["text a", "Control(13)", "text b"]);
        check("\x1b[1;31mx", &["csi 1;31 m", "text x"]);
        check("\x1b[?25h\x1b[1 q", &["csi ?25 h", "csi 1  q"]);
        check("\x1b7\x1b(B\x1bc", &["Escape(55)", "Escape(99)"]);
        check(
            "\x1b]0;t\x07\x1b]8;;u\x1b\\",
            &["command 0;t", "command 8;;u"],
        );
        check(
            "\x1bPq#\x1b\\\x1b_x\x07\x1bXy\x1b\\\x1b^z\x18.",
            &["text ."],
        );
        check(
            "\x1b]0;t\x18a\x1b]0;t\x1b[Ab",
            &["text a", "csi  A", "text b"],
        );
        check("\x1b[3\x07\x1b\x1b[B", &["Control(7)", "csi  B"]);
    }
}
