//! Whether a terminal shows more than ASCII.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Charset {
    #[default]
    Utf8,
    /// devrun's own words keep to it; what is quoted and what the processes write stays as it is.
    Ascii,
}

impl Charset {
    /// LC_ALL over LC_CTYPE over LANG; empty ones count as unset. `UTF-8` alone, as macOS has it, is a
    /// value too. What names no character set, `C` and nothing at all among them, is ASCII.
    pub(crate) fn of_locale(lc_all: &str, lc_ctype: &str, lang: &str) -> Self {
        let values = [lc_all, lc_ctype, lang];
        let decides = values.into_iter().find(|value| !value.is_empty());
        let locale = decides.unwrap_or_default();
        let locale = locale.split('@').next().unwrap_or_default();
        let codeset = locale.rsplit('.').next().unwrap_or_default();
        match codeset.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Self::Utf8,
            _ => Self::Ascii,
        }
    }

    /// What stands for the part of a name that is cut out.
    pub(crate) fn cut(self) -> char {
        match self {
            Self::Utf8 => '…',
            Self::Ascii => '~',
        }
    }

    /// devrun's own words, in which there is nothing but ASCII and `…`.
    pub(crate) fn prose(self, text: String) -> String {
        match self {
            Self::Utf8 => text,
            Self::Ascii => text.replace('…', "..."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_decides() {
        let check = |lc_all, lc_ctype, lang, expected| {
            assert_eq!(Charset::of_locale(lc_all, lc_ctype, lang), expected);
        };
        check("", "", "en_US.UTF-8", Charset::Utf8);
        check("", "", "C.utf8", Charset::Utf8);
        check("", "", "de_DE.utf8@euro", Charset::Utf8);
        check("", "UTF-8", "", Charset::Utf8);
        check("", "", "", Charset::Ascii);
        check("C", "en_US.UTF-8", "en_US.UTF-8", Charset::Ascii);
        check("", "POSIX", "en_US.UTF-8", Charset::Ascii);
        check("", "", "en_US", Charset::Ascii);
        check("", "", "de_DE.ISO-8859-1", Charset::Ascii);
    }

    #[test]
    fn dots_are_what_there_is_to_replace() {
        assert_eq!(Charset::Ascii.prose("[NAME…]".into()), "[NAME...]");
        assert_eq!(Charset::Utf8.prose("[NAME…]".into()), "[NAME…]");
    }
}
