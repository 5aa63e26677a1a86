//! Texts one behind the other, as a program is given its arguments and its environment.

/// In one piece, for a child's environment is made, sent and read a hundred times at a start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    /// Behind each text stands a NUL.
    bytes: Vec<u8>,
    count: u32,
}

impl Texts {
    /// Adds a text in its parts.
    pub(crate) fn push(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.bytes.push(0);
        self.count += 1;
    }

    /// Of what [`Texts::parts`] has returned.
    pub(crate) fn of_parts(count: u32, bytes: &[u8]) -> Self {
        let bytes = bytes.to_vec();
        Self { bytes, count }
    }

    /// How many, and all of them.
    pub(crate) fn parts(&self) -> (u32, &[u8]) {
        (self.count, &self.bytes)
    }

    /// Each with its NUL. `None`: there is a NUL within one, which no program can be given.
    pub(crate) fn with_ends(&self) -> Option<Vec<&[u8]>> {
        let texts = self.bytes.split_inclusive(|byte| *byte == 0);
        let texts: Vec<&[u8]> = texts.collect();
        let is_whole =
            texts.len() == self.count as usize && self.bytes.last().is_none_or(|it| *it == 0);
        is_whole.then_some(texts)
    }

    /// The first one that begins so.
    pub(crate) fn beginning_with(&self, prefix: &[u8]) -> Option<&[u8]> {
        let mut texts = self.bytes.split(|byte| *byte == 0);
        texts.find(|text| text.starts_with(prefix))
    }
}

impl<'a> FromIterator<&'a [u8]> for Texts {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(texts: I) -> Self {
        let mut all = Self::default();
        texts.into_iter().for_each(|text| all.push(&[text]));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_out_as_they_went_in_unless_a_nul_is_in_them() {
        let check = |texts: &[&[u8]], expected: Option<&[&[u8]]>| {
            let texts: Texts = texts.iter().copied().collect();
            let (count, bytes) = texts.parts();
            assert_eq!(texts, Texts::of_parts(count, bytes));
            assert_eq!(texts.with_ends().as_deref(), expected);
        };
        check(&[], Some(&[]));
        check(
            &[b"A=1", b"", b"B=\xff"],
            Some(&[b"A=1\0", b"\0", b"B=\xff\0"]),
        );
        check(&[b"A=\0B=1"], None);
        assert_eq!(Texts::of_parts(1, b"A=1").with_ends(), None);
    }

    #[test]
    fn a_variable_is_found() {
        let texts: Texts = [&b"XA=1"[..], b"A=2", b"A=3"].into_iter().collect();
        assert_eq!(texts.beginning_with(b"A="), Some(&b"A=2"[..]));
        assert_eq!(texts.beginning_with(b"B="), None);
    }
}
