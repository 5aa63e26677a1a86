//! Reports for a settings file that is not read at all: no YAML, no mapping, too large.

use crate::syntax::settings::reader::cut;
use crate::syntax::settings::yaml::{MAX_DEPTH, MAX_NODES, Refusal};
use crate::words::report::{Place, Report};

/// Larger than any file that was written for this, in bytes.
const MAX_FILE: usize = 1024 * 1024;
/// Longest line, in bytes: each value is kept with its line.
const MAX_LINE: usize = 16 * 1024;
/// So much of a line that is too long is quoted, in characters.
const QUOTED: usize = 40;

pub(super) fn too_large(file: &str, text: &str) -> Option<Report> {
    let mut lines = text.split('\n').enumerate();
    let (line, headline) = if text.len() > MAX_FILE {
        (lines.next(), "a settings file has at most 1 MiB")
    } else {
        let line = lines.find(|(_, line)| line.len() > MAX_LINE);
        (line, "a line of a settings file has at most 16 KiB")
    };
    let (index, line) = line?;
    let place = Place {
        file: file.to_string(),
        line: index + 1,
        column: 1,
        text: line.chars().take(QUOTED).collect(),
        width: 1,
        label: "too large".into(),
    };
    let help = "long values go into an env file, such as .env".to_string();
    Some(Report::new(headline).at(place).help(help))
}

pub(super) fn report(
    refusal: Refusal,
    text: &str,
    at: usize,
    place: impl Fn(&str) -> Place,
) -> Report {
    match refusal {
        Refusal::Several => Report::new("a settings file is one document")
            .at(place("another one begins here"))
            .help("take one of them out, with the `---` between them".to_string()),
        Refusal::Tag(tag) => Report::new("settings have no tags")
            .at(place(&format!("unsupported tag `{}`", cut(&tag))))
            .help(
                "take it out: a value is what stands here, and no other file is read for it"
                    .to_string(),
            ),
        Refusal::Endless => Report::new("an alias stands within what it is an alias of")
            .at(place("has no end"))
            .help("take it out".to_string()),
        Refusal::Syntax(message) => Report::new("this is not YAML")
            .at(place(&message))
            .help(cure(text, at).map(str::to_string)),
        Refusal::TooDeep => Report::new("mappings and lists are nested too deeply")
            .at(place(&format!("at most {MAX_DEPTH} levels")))
            .help("settings have three levels: `processes:`, a process, its keys".to_string()),
        Refusal::TooMany => Report::new("there are too many values")
            .at(place(&format!(
                "at most {MAX_NODES}, those of aliases included"
            )))
            .help(too_many(text).to_string()),
    }
}

pub(super) fn no_mapping(place: Place) -> Report {
    Report::new("settings are keys with values")
        .at(place)
        .help("write them as `port: 3000`, each on a line of its own".to_string())
}

fn too_many(text: &str) -> &'static str {
    let has_alias = |word: &str| word.trim_start_matches(['[', '{', ',']).starts_with('*');
    match text.split_whitespace().any(has_alias) {
        true => "take aliases of aliases out",
        false => "long lists of variables go into an env file, such as .env",
    }
}

/// For the commonest slips, by what stands there.
fn cure(text: &str, at: usize) -> Option<&'static str> {
    let begin = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[begin..].lines().next().unwrap_or_default();
    let blanks = &line[..line.len() - line.trim_start().len()];
    if blanks.contains('\t') {
        return Some("indent with blanks: a tab does not count as one");
    }
    match text[at..].chars().next() {
        Some(c) if c.is_control() && !c.is_whitespace() => Some("take this character out"),
        Some('%') if at == begin => Some("take this line out"),
        Some(':') if text[begin..at].contains(": ") => {
            Some("put a value that has `: ` in it in quotes")
        }
        Some(':') => Some("indent the keys of one mapping alike"),
        Some('@' | '`' | '%') => Some("put the value in quotes"),
        Some('*') => Some("put a value that begins with `*` in quotes"),
        Some(_) | None => None,
    }
}
