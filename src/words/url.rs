//! A URL that stands in other text, as far as it takes no reader of URLs to see it.

/// What ends it: quotes, JSON's for one.
pub(crate) fn is_end(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`')
}

/// User, password, hosts and ports, of a text that begins behind `://`.
pub(crate) fn authority(text: &str) -> &str {
    let ends = |c: char| matches!(c, '/' | '?' | '#') || is_end(c);
    text.split(ends).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_ends_before_the_path_and_with_the_url() {
        let check = |text: &str, expected: &str| assert_eq!(authority(text), expected);
        check("u:p@a:1,b/c", "u:p@a:1,b");
        check("a?b", "a");
        check("a#b", "a");
        check("a\",\"b\":\"c@d\"", "a");
        check("", "");
    }
}
