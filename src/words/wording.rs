//! How devrun says things: numbers with nouns, durations, lists, suggestions, escapes.

use std::borrow::Cow;
use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use crate::words::notice::WaitedFor;
use crate::words::wire::process::NotReady;

/// "1 process", "2 processes".
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", agreeing(count, one, many))
}

/// "uses" for one, "use" for several.
pub(crate) fn agreeing<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

pub(crate) fn processes(count: usize) -> String {
    counted(count, "process", "processes")
}

/// "0.02 s", "0.5 s", "34 s", "3 m 28 s", "2 h 5 m": two numbers at the most.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 if duration < Duration::from_millis(95) => format!("{:.2} s", duration.as_secs_f64()),
        0..10 => format!("{:.1} s", duration.as_secs_f64()).replace(".0 s", " s"),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} m {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} m", seconds / 3600, seconds / 60 % 60),
    }
}

/// Where a process is to be found: its URL, else "(listens on 5173)", if it listens at all.
pub(crate) fn place(url: Option<&str>, elsewhere: Option<u16>) -> Option<String> {
    let instead = || elsewhere.map(|port| format!("(listens on {port})"));
    url.map(str::to_string).or_else(instead)
}

/// What a start waits for: "api.1 to listen on 5100", "somebody to start api/web.1".
pub(crate) fn waited_for(waited_for: &WaitedFor) -> String {
    match waited_for {
        WaitedFor::Process {
            provider,
            port,
            not_ready,
        } => ready(provider, *port, not_ready.as_ref()),
        WaitedFor::External { host, port } => accepting(host, *port),
        WaitedFor::Somebody { provider } => somebody(provider),
    }
}

/// What is waited for in a process; `port`: it has one.
pub(crate) fn ready(
    provider: impl Display,
    port: Option<u16>,
    not_ready: Option<&NotReady>,
) -> String {
    match (not_ready, port) {
        (Some(not_ready), _) => format!("{provider} ({})", not_ready.words()),
        (None, Some(port)) => format!("{provider} to listen on {port}"),
        (None, None) => format!("{provider} to run"),
    }
}

pub(crate) fn accepting(host: &str, port: u16) -> String {
    format!("{host}:{port} to accept connections")
}

pub(crate) fn somebody(provider: impl Display) -> String {
    format!("somebody to start {provider}")
}

/// "blog and shop still use api".
pub(crate) fn still_used(app: impl Display, by: &[String]) -> String {
    let verb = agreeing(by.len(), "uses", "use");
    format!("{} still {verb} {app}", listed(by))
}

/// "`web`, `api` and `worker`".
pub(crate) fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    joined(names, "and")
}

/// "`keep` or `shutdown`".
pub(crate) fn choice<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    joined(names, "or")
}

/// "web.1, api.1 and worker.1"; of many only the first: "web.1, api.1, worker.1 and 26 others".
pub(crate) fn listed<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    /// More are counted.
    const MOST: usize = 4;
    let mut names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    if names.len() > MOST {
        let others = names.len() - (MOST - 1);
        names.truncate(MOST - 1);
        names.push(format!("{others} others"));
    }
    enumerated(names.into_iter(), "and")
}

/// A word of the shell's, as somebody would type it.
pub(crate) fn shell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) && !word.starts_with('-') {
        return word.into();
    }
    format!("'{}'", word.replace('\'', "'\\''")).into()
}

fn joined<T: AsRef<str>>(names: impl IntoIterator<Item = T>, word: &str) -> String {
    let names = names.into_iter();
    enumerated(names.map(|name| format!("`{}`", name.as_ref())), word)
}

fn enumerated(names: impl Iterator<Item = String>, word: &str) -> String {
    let names: Vec<String> = names.collect();
    match names.split_last() {
        None => "none".into(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} {word} {last}", others.join(", ")),
    }
}

/// "did you mean `web`?", where one of the names is near enough to what was asked for.
pub(crate) fn did_you_mean<T: AsRef<str>>(
    asked: &str,
    names: impl IntoIterator<Item = T>,
) -> Option<String> {
    let names: Vec<T> = names.into_iter().collect();
    let begins = |name: &&T| asked.len() >= 2 && name.as_ref().starts_with(asked);
    let length = asked.chars().count();
    let most = (length / 3).clamp(1, 3);
    // What is much longer or shorter is none of them, and need not be compared: what is asked may be very long.
    let may_be = |name: &&T| name.as_ref().chars().count().abs_diff(length) <= most;
    let is_near = |name: &&T| distance(asked, name.as_ref()) <= most;
    // A swap of two neighbours counts as two edits and is the commonest slip of all.
    let is_swap =
        |name: &&T| distance(asked, name.as_ref()) == 2 && is_anagram(asked, name.as_ref());
    let found = names.iter().find(begins).or_else(|| {
        let alike = names.iter().filter(may_be);
        let near = alike.filter(|name| is_near(name) || is_swap(name));
        near.min_by_key(|name| distance(asked, name.as_ref()))
    })?;
    Some(format!("did you mean `{}`?", found.as_ref()))
}

fn is_anagram(a: &str, b: &str) -> bool {
    let sorted = |text: &str| {
        let mut characters: Vec<char> = text.chars().collect();
        characters.sort_unstable();
        characters
    };
    sorted(a) == sorted(b)
}

/// Levenshtein's distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// A path as people write it, `~/blog` below the home directory, and harmless for a terminal.
pub(crate) fn path(path: &Path, home: Option<&Path>) -> String {
    let below_home = home.and_then(|home| path.strip_prefix(home).ok());
    let shown = match below_home {
        Some(rest) if rest.as_os_str().is_empty() => "~".to_string(),
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    };
    escaped(&shown).into_owned()
}

/// Text from outside, made harmless for a terminal: control characters (C0, DEL, C1, and those that
/// turn the writing direction) are shown as escapes. A tab becomes a blank.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => shown.push(' '),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            c if is_dangerous(c) && (c as u32) < 0x100 => {
                shown.push_str(&format!("\\x{:02x}", c as u32));
            }
            c if is_dangerous(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// What acts on a terminal instead of being shown there.
pub(crate) fn is_dangerous(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_numbers_at_the_most() {
        let shown = |millis| duration(Duration::from_millis(millis));
        assert_eq!(shown(20), "0.02 s");
        assert_eq!(shown(500), "0.5 s");
        assert_eq!(shown(5_000), "5 s");
        assert_eq!(shown(34_200), "34 s");
        assert_eq!(shown(208_000), "3 m 28 s");
        assert_eq!(shown(7_500_000), "2 h 5 m");
    }

    #[test]
    fn nouns_agree_and_lists_end_with_and() {
        assert_eq!(processes(1), "1 process");
        assert_eq!(processes(2), "2 processes");
        assert_eq!(list(["web", "api", "worker"]), "`web`, `api` and `worker`");
        assert_eq!(list(["web"]), "`web`");
        assert_eq!(listed(["a", "b", "c", "d"]), "a, b, c and d");
        assert_eq!(listed(["a", "b", "c", "d", "e"]), "a, b, c and 2 others");
        assert_eq!(choice(["keep", "shutdown"]), "`keep` or `shutdown`");
    }

    #[test]
    fn a_word_of_the_shells_is_quoted_where_it_must_be() {
        let check = |word: &str, expected: &str| assert_eq!(shell_word(word), expected);
        check("apps/web", "apps/web");
        check("a b", "'a b'");
        check("it's", "'it'\\''s'");
        check("-x", "'-x'");
        check("", "''");
    }

    #[test]
    fn a_typo_finds_its_name_and_nonsense_finds_none() {
        let mean = |asked| did_you_mean(asked, ["web", "worker", "clock"]);
        assert_eq!(mean("wbe"), Some("did you mean `web`?".into()));
        assert_eq!(mean("wroker"), Some("did you mean `worker`?".into()));
        assert_eq!(mean("wor"), Some("did you mean `worker`?".into()));
        assert_eq!(mean("database"), None);
    }

    #[test]
    fn a_path_is_shown_from_home() {
        let shown = |text: &str| path(Path::new(text), Some(Path::new("/home/ann")));
        assert_eq!(shown("/home/ann/blog"), "~/blog");
        assert_eq!(shown("/home/ann"), "~");
        assert_eq!(shown("/home/anna"), "/home/anna");
        assert_eq!(shown("/tmp/a\u{1b}[2J"), "/tmp/a\\x1b[2J");
        assert_eq!(path(Path::new("/home/ann"), None), "/home/ann");
    }

    #[test]
    fn escapes_are_shown() {
        assert_eq!(escaped("a\u{1b}[2Jb\u{9b}c"), "a\\x1b[2Jb\\x9bc");
        assert_eq!(escaped("plain é"), "plain é");
    }
}
