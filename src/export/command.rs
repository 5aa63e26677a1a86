//! What a text tells: secrets, names of this machine, and the variables that a command reads.

use std::ops::Range;

use crate::words::secret;

/// Keys of which no file is made: what stands behind `--api-key` is one itself.
const KEYS: [&str; 7] = [
    "access-key",
    "account-key",
    "api-key",
    "apikey",
    "auth-key",
    "master-key",
    "secret-key",
];

/// Whether a secret stands in a command itself: the password of a URL, a value behind a secret name, or what a request
/// is authorized by. What refers to a variable is none, nor is the file of `--ssl-key=cert.pem`.
pub(crate) fn tells_a_secret(command: &str) -> bool {
    // What is assigned goes on to the end of the line: behind a harmless value another one may stand.
    tells_first(command)
        || pairs(command).into_iter().any(tells_first)
        || flags_tell(command)
        || requests_tell(command)
}

/// `--token abc`.
fn flags_tell(command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    words.windows(2).any(|pair| {
        let [flag, value] = [pair[0], pair[1]];
        let is_flag = flag.starts_with('-') && !flag.starts_with("--no-");
        let is_secret = is_flag && secret::is_secret_name(flag);
        is_secret && !is_key_file(flag, value) && is_literal(value)
    })
}

/// `-H 'Authorization: Bearer abc'`, and `curl -u user:abc`.
fn requests_tell(command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    let is_header = |word: &str| {
        let name = word.trim_start_matches(['"', '\'']);
        name.eq_ignore_ascii_case("authorization:")
    };
    let is_authorized = |part: &[&str]| is_header(part[0]) && is_literal(part[2]);
    let is_curl = |word: &&str| word.rsplit('/').next() == Some("curl");
    let is_login = |flag: &str| {
        let letters = flag.strip_prefix('-').unwrap_or_default();
        flag == "--user" || letters.ends_with('u') && !letters.starts_with('-')
    };
    let logs_in = |pair: &[&str]| {
        let password = pair[1].split_once(':').map(|(_, password)| password);
        is_login(pair[0]) && password.is_some_and(is_literal)
    };
    words.windows(3).any(is_authorized)
        || words.iter().any(is_curl) && words.windows(2).any(logs_in)
}

/// A value, and no reference, further flag or operator.
fn is_literal(word: &str) -> bool {
    let value = word.trim_matches(['"', '\'']);
    !value.is_empty() && !value.starts_with(['$', '`', '-', '&', '|', ';', '<', '>', ')'])
}

/// `--ssl-key cert.pem`.
fn is_key_file(flag: &str, value: &str) -> bool {
    let name = flag.trim_end_matches(['=', ':']);
    let name = name.to_ascii_lowercase().replace('_', "-");
    let is_itself = KEYS.iter().any(|key| name.ends_with(key));
    name.starts_with('-') && name.ends_with("key") && (!is_itself || value.contains(['.', '/']))
}

fn tells_first(text: &str) -> bool {
    let mut secrets = secret::in_line(text).into_iter();
    secrets.any(|at| !is_harmless(&text[..at.start], &text[at]))
}

/// Each word with the one behind it.
fn pairs(text: &str) -> Vec<&str> {
    let mut end = 0;
    let words = text.split([' ', '\t']).map(|word| {
        let start = end;
        end = start + word.len() + 1;
        start..start + word.len()
    });
    let words: Vec<Range<usize>> = words.filter(|word| !word.is_empty()).collect();
    let pair = |(place, word): (usize, &Range<usize>)| {
        let last = words.get(place + 1).unwrap_or(word);
        &text[word.start..last.end]
    };
    words.iter().enumerate().map(pair).collect()
}

fn is_harmless(before: &str, value: &str) -> bool {
    let word = before
        .rsplit(char::is_whitespace)
        .next()
        .unwrap_or_default();
    let is_file = is_key_file(word, value.split_whitespace().next().unwrap_or_default());
    let is_empty = before.ends_with(char::is_whitespace) && before.trim_end().ends_with('=');
    is_file || is_empty || value.trim_start_matches('"').starts_with('$')
}

pub(crate) fn is_this_machine(host: &str) -> bool {
    let is_address = |rest: &str| rest.chars().all(|c| c.is_ascii_digit() || c == '.');
    let names = ["localhost", "0.0.0.0", "::1", "::"];
    let is_name = names.iter().any(|name| host.eq_ignore_ascii_case(name));
    is_name || host.strip_prefix("127.").is_some_and(is_address)
}

/// Whether a text names this machine, as the host of a URL or by itself.
pub(crate) fn names_this_machine(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let mut words = text.split(|c| !is_part(c));
    words.any(is_this_machine)
}

/// The names behind the dollars of a command: `$NAME`, `${NAME…`.
pub(crate) fn references(command: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let parts = command.split('$').skip(1);
    let names = parts.map(|part| {
        let part = part.strip_prefix('{').unwrap_or(part);
        &part[..part.find(|c| !is_part(c)).unwrap_or(part.len())]
    });
    names.filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_command_is_seen() {
        for command in [
            "API_KEY=abc node x",
            "psql postgres://u:pw@h/db",
            "x --password=abc",
            "x --ssl-key=a.pem API_TOKEN=b",
            "curl -H 'Api-Key: abc'",
            "A_KEY=$A x --ssl-key=a.pem -H 'Api-Key: abc'",
            "x --token abc",
            "x --db-password 'a b'",
            "x --api-key=abc",
            "x --api-key abc",
            "curl -H 'Authorization: Bearer abc' http://h",
            "curl -su user:abc http://h",
            "curl -u 'user:abc' http://h",
            "curl --user user:abc http://h",
        ] {
            assert!(tells_a_secret(command), "{command}");
        }
        for command in [
            "node x",
            "API_KEY=$KEY node x",
            "API_KEY=\"$KEY\" x",
            "psql postgres://u:$PW@h/db",
            "x --ssl-key=a.pem",
            "x --password= --y",
            "sort --key=2",
            "echo http://localhost:$PORT",
            "x --token $TOKEN",
            "x --token \"$TOKEN\" --y",
            "x --password --y",
            "x --password",
            "x --token && y",
            "x --ssl-key a.pem --key b",
            "x --api-key ./key.txt",
            "curl -H \"Authorization: Bearer $TOKEN\" http://h",
            "curl -u \"user:$PW\" -H 'Accept: a' http://h",
            "curl -u $USER:$PW http://h",
            "docker run -u 1:1 x",
            "sort -u a:b",
            "psql --no-password shop",
        ] {
            assert!(!tells_a_secret(command), "{command}");
        }
    }

    #[test]
    fn this_machine_has_several_names() {
        for text in [
            "redis://localhost:6379/0",
            "127.0.0.1",
            "postgres://u:p@127.0.0.1/db",
            "http://LOCALHOST",
            "a=0.0.0.0:80",
        ] {
            assert!(names_this_machine(text), "{text}");
        }
        for text in [
            "http://db.internal",
            "localhost.example.com",
            "",
            "1",
            "mylocalhost",
        ] {
            assert!(!names_this_machine(text), "{text}");
        }
    }

    #[test]
    fn what_a_command_reads_stands_behind_dollars() {
        let check = |command: &str, expected: &[&str]| assert_eq!(references(command), expected);
        check("a $B ${C:-$D} $$ $1 $", &["B", "C", "D", "1"]);
        check("a", &[]);
    }
}
