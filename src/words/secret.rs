//! What is never shown: secrets, by the name of their variable or by their place in a URL.

use std::borrow::Cow;
use std::ops::Range;

use crate::words::url::{authority, is_end};

/// Stands in the place of a secret, however long that is.
pub(crate) const MASK: &str = "****";
/// How the name of a secret ends.
const ENDS: [&str; 7] = [
    "KEY",
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIALS",
];

/// Whether secrets are shown after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    Masked,
    /// `--reveal`, or a reader that is no terminal.
    Revealed,
}

/// `API_KEY`, `db_password`: in upper or lower case.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether the variable `name` with this value holds a secret.
pub(crate) fn is_in(name: &str, value: &str) -> bool {
    is_secret_name(name) || !secrets_in(value).is_empty()
}

/// The value of the variable `name` as it may be shown: nothing of a secret one; of any other all but the
/// passwords of the URLs in it. A user without a password is taken for one: tokens stand there.
pub(crate) fn masked<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if is_secret_name(name) {
        return Cow::Borrowed(MASK);
    }
    without(value, secrets_in(value))
}

/// A line of a user's file as it may be shown.
pub(crate) fn masked_line(line: &str) -> Cow<'_, str> {
    without(line, in_line(line))
}

fn without(value: &str, secrets: Vec<Range<usize>>) -> Cow<'_, str> {
    if secrets.is_empty() {
        return Cow::Borrowed(value);
    }
    let mut shown = String::with_capacity(value.len());
    let mut rest = 0;
    for secret in secrets {
        shown.push_str(&value[rest..secret.start]);
        shown.push_str(MASK);
        rest = secret.end;
    }
    shown.push_str(&value[rest..]);
    Cow::Owned(shown)
}

/// Where secrets stand in a line of a user's file: the passwords of URLs, and whatever follows a secret name
/// and its `:` or `=`. In order, none of them overlapping.
pub(crate) fn in_line(line: &str) -> Vec<Range<usize>> {
    let assigned = assigned_in(line);
    let mut secrets = secrets_in(line);
    secrets.retain(|secret| assigned.as_ref().is_none_or(|all| secret.end <= all.start));
    secrets.extend(assigned);
    secrets
}

/// The value of the first secret name, to the end of the line: what would end it sooner depends on the kind of
/// the file. A mapping of YAML is no value, nor is a list.
fn assigned_in(line: &str) -> Option<Range<usize>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.match_indices([':', '=']).find_map(|(at, _)| {
        let name = line[..at].trim_end().trim_end_matches(['"', '\'']);
        let name = &name[name.trim_end_matches(is_part).len()..];
        let start = line.len() - line[at + 1..].trim_start().len();
        let end = line.trim_end().len();
        let is_value = start < end && !line[start..].starts_with(['{', '[', '&', '|', '>']);
        // `https://` is no name with a value, and `TOKEN_URL` no secret.
        (is_value && !line[at..].starts_with("://") && is_secret_name(name)).then_some(start..end)
    })
}

/// In order, none of them overlapping.
fn secrets_in(value: &str) -> Vec<Range<usize>> {
    let mut secrets: Vec<Range<usize>> = Vec::new();
    let starts: Vec<usize> = value.match_indices("://").map(|(at, _)| at + 3).collect();
    for (place, &start) in starts.iter().enumerate() {
        if secrets.last().is_some_and(|last| start < last.end) {
            continue;
        }
        let end = starts.get(place + 1).map_or(value.len(), |next| next - 3);
        let url = &value[start..end];
        let own = user_info(url).map(|secret| start + secret.start..start + secret.end);
        let behind = own.as_ref().map_or(start, |secret| secret.end);
        secrets.extend(own);
        secrets.extend(in_query(value, behind, end));
    }
    secrets
}

/// What is secret in front of the host. `url` begins behind its `://`, and may end in anything.
fn user_info(url: &str) -> Option<Range<usize>> {
    let authority = authority(url);
    let at = match authority.rfind('@') {
        Some(at) => at,
        // Somebody has not escaped the password: `shop:a/b@host`.
        None if !is_host(authority) => url.rfind('@')?,
        None => return None,
    };
    let colon = url[..at].find(':').unwrap_or(at);
    let password = &url[(colon + 1).min(at)..at];
    // `https://TOKEN@github.com`, and in the place of a user with a password that is none.
    let is_token = matches!(password, "" | "x-oauth-basic");
    let secret = if is_token { 0..at } else { colon + 1..at };
    (!secret.is_empty()).then_some(secret)
}

/// `host`, `host:80`, `[::1]:80`, `a:1,b:2`: no user whose password is cut off.
fn is_host(authority: &str) -> bool {
    authority.split(',').all(|host| {
        let host = match host.strip_prefix('[') {
            Some(address) => address.split_once(']').map_or(host, |(_, port)| port),
            None => host,
        };
        let port = host.split_once(':').map_or("", |(_, port)| port);
        port.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// `?user=shop&password=…`: PostgreSQL's clients take it from there too.
fn in_query(value: &str, start: usize, end: usize) -> Vec<Range<usize>> {
    let url = &value[start..end];
    let url = &url[..url.find(is_end).unwrap_or(url.len())];
    let Some(query) = url.find('?') else {
        return Vec::new();
    };
    let mut at = start + query + 1;
    let mut secrets = Vec::new();
    for pair in url[query + 1..].split_inclusive(['&', ';', '#']) {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        let text = text.trim_end_matches(['&', ';', '#']);
        let start = at + name.len() + 1;
        if is_secret_name(name) && !text.is_empty() {
            secrets.push(start..start + text.len());
        }
        at += pair.len();
    }
    secrets
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_says_that_its_value_is_secret() {
        for name in [
            "API_KEY",
            "TOKEN",
            "db_password",
            "Session_Secret",
            "X_PASSWD",
        ] {
            assert!(is_secret_name(name), "{name}");
            assert_eq!(masked(name, "abc"), "****");
        }
        for name in ["KEYS", "TOKEN_URL", "PASSWORD_FILE", ""] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn of_a_url_only_the_password_is_hidden() {
        let check = |value: &str, expected: &str| assert_eq!(masked("A", value), expected);
        check(
            "postgresql://shop:x@localhost:5432/db",
            "postgresql://shop:****@localhost:5432/db",
        );
        check("redis://:x@h:1/0", "redis://:****@h:1/0");
        check("mongodb://u:x@a:1,b:2/db", "mongodb://u:****@a:1,b:2/db");
        check("a://u:x@y:z@h/p@2", "a://u:****@h/p@2");
        check("a://u:x/y@h/p", "a://u:****@h/p");
        check("a://u:x y'\"?#@h/p", "a://u:****@h/p");
        check("https://abc@github.com/a/b", "https://****@github.com/a/b");
        check("https://abc:@stripe.com", "https://****@stripe.com");
        check(
            "https://abc:x-oauth-basic@github.com",
            "https://****@github.com",
        );
        check(
            "{\"a\":\"amqp://u:x@h\",\"b\":\"redis://:y@h\"}",
            "{\"a\":\"amqp://u:****@h\",\"b\":\"redis://:****@h\"}",
        );
        check(
            "redis://:x@a:1,redis://:y@b:2",
            "redis://:****@a:1,redis://:****@b:2",
        );
        check(
            "jdbc:postgresql://h/db?user=u&password=x&ssl=on#f",
            "jdbc:postgresql://h/db?user=u&password=****&ssl=on#f",
        );
        check(
            "a://u:x@h/?api_key=y&sslpassword=z",
            "a://u:****@h/?api_key=****&sslpassword=****",
        );
    }

    #[test]
    fn everything_else_is_as_it_is() {
        for value in [
            "",
            "://",
            "://@",
            "a@b:c",
            "http://localhost:5000/@vite/client?mail=a@b.c",
            "http://[::1]:5000/a@b",
            "a://h:1,h:2/@",
            "mail a@b, see http://h/",
            "http://h?password=",
        ] {
            assert_eq!(masked("A", value), value);
        }
    }

    #[test]
    fn of_a_line_the_values_of_secret_names_are_hidden_too() {
        let check = |line: &str, expected: &[&str]| {
            let found = in_line(line).into_iter().map(|secret| &line[secret]);
            assert_eq!(found.collect::<Vec<_>>(), expected, "{line}");
        };
        check("DATABASE_URL: a://u:x@h/p", &["x"]);
        check("API_KEY=abc d", &["abc d"]);
        check("  \"API_KEY\" : abc  ", &["abc"]);
        check("- export DB_PASSWORD='a://u:x@h'", &["'a://u:x@h'"]);
        check("a://u:x@h API_KEY=y", &["x", "y"]);
        check("web: API_TOKEN=abc node a://u:x@h", &["abc node a://u:x@h"]);
        check("API_TOKEN: { url: \"a://u:x@h\", optionl: true }", &["x"]);
        check("API_TOKEN:", &[]);
        check("uses: [API_KEY]", &[]);
        check("TOKEN_URL=http://h", &[]);
        check("token://h", &[]);
    }

    proptest! {
        #[test]
        fn any_line_has_its_secrets(line in "([ -~é]|://|@|:|=|KEY|password=){0,20}") {
            let secrets = in_line(&line);
            prop_assert!(secrets.windows(2).all(|pair| pair[0].end <= pair[1].start));
            prop_assert!(secrets.iter().all(|secret| line.get(secret.clone()).is_some()));
        }

        #[test]
        fn a_password_is_nowhere_to_be_seen(
            password in "QQ[!-~é ]{0,12}QQ",
            before in "|x=|\"|mongodb://a:b@c/d,",
            user in "[a-z]{0,3}",
            after in "|/db|:80/a?b=c|,h2:5/|\" ",
        ) {
            // A `://` in a password that nobody has escaped cannot be told from the next URL.
            prop_assume!(!password.contains("://"));
            // Nor what looks like the end of it.
            prop_assume!(!password.split_once('@').is_some_and(|(_, end)| end.contains(['/', '?', '#', ' ', '"', '\'', '<', '>', '`'])));
            let value = format!("{before}postgresql://{user}:{password}@host{after}");
            let shown = masked("A", &value);
            prop_assert!(!shown.contains("QQ"), "{}", shown);
            prop_assert!(shown.ends_with(&format!("@host{after}")), "{}", shown);
        }

        #[test]
        fn any_text_has_its_secrets(value in "([ -~é]|://|@|:|password=|\\?){0,40}") {
            let secrets = secrets_in(&value);
            prop_assert!(secrets.is_sorted_by(|a, b| a.end <= b.start));
            let _ = masked("A", &value);
        }
    }
}
