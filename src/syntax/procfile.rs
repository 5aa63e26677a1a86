//! Reads a Procfile: `name: command` lines. Never expands a `$VAR`: the command is the shell's.

use std::collections::HashMap;
use std::ops::Range;

use crate::syntax::{Parsed, span};
use crate::words::name::{BadName, MAX_NAME, ProcessType};
use crate::words::report::{Place, Report};

/// Longest line that is written out once more, the right way, in bytes.
const MAX_CURED: usize = 160;

/// One process type, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) process_type: ProcessType,
    /// As written, without the blanks around it; a `\` at a line's end joins the next line.
    pub(crate) command: String,
    /// Where its name stands in the text.
    pub(crate) span: Range<usize>,
    /// From 1.
    pub(crate) line: usize,
}

/// Reads every line and reports every bad one, so that one run shows all there is to fix. `file` is the
/// name that the reports show.
pub(crate) fn parse(file: &str, text: &str) -> Parsed<Vec<Entry>> {
    let mut parsed = Parsed::<Vec<Entry>>::default();
    let mut known: HashMap<ProcessType, usize> = HashMap::new();
    for (number, range) in logical_lines(text) {
        let line = &text[range.clone()];
        let trimmed = line.trim_start_matches('\u{feff}').trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let start = range.start + (trimmed.as_ptr() as usize - line.as_ptr() as usize);
        match entry(file, text, start, trimmed, number) {
            Err(report) => parsed.add(report),
            Ok(entry) => match known.get(&entry.process_type) {
                Some(twin) => parsed.add(defined_twice(file, text, &parsed.value[*twin], &entry)),
                None => {
                    known.insert(entry.process_type.clone(), parsed.value.len());
                    parsed.value.push(entry);
                }
            },
        }
    }
    parsed.closed()
}

fn defined_twice(file: &str, text: &str, first: &Entry, again: &Entry) -> Report {
    let place =
        |entry: &Entry, label: &str| span::place(file, text, entry.line, entry.span.clone(), label);
    Report::new(format!("`{}` is defined twice", again.process_type))
        .at(place(first, "first here"))
        .at(place(again, "and again here"))
        .help("rename one of them or take it out".to_string())
}

/// A word processor's dashes, bullets and quotes make no name, with or without a `:`.
fn expected_colon(word: &str) -> &'static str {
    match ProcessType::new(word) {
        Err(BadName::Character(_)) => "no name, and no `:` after it",
        Ok(_) | Err(BadName::Empty | BadName::TooLong | BadName::Reserved) => {
            "expected `:` after the name"
        }
    }
}

fn entry(file: &str, text: &str, start: usize, line: &str, number: usize) -> Result<Entry, Report> {
    let place = |range, label: &str| span::place(file, text, number, range, label);
    let here = |width: usize, label: &str| place(start..start + width, label);
    let word = line
        .find(|c: char| c.is_whitespace() || c == ':')
        .unwrap_or(line.len());
    let Some((name, command)) = line.split_once(':').filter(|(name, _)| is_one_word(name)) else {
        let cure = cured(line, word).map(|cured| format!("write it as `{cured}`"));
        return Err(Report::warning("not a `name: command` line")
            .at(here(word, expected_colon(&line[..word])))
            .help(cure));
    };
    let name = name.trim_end();
    let process_type = ProcessType::new(name).map_err(|bad| match bad {
        BadName::Empty => Report::warning("not a `name: command` line")
            .at(here(1, "expected a name before the `:`")),
        BadName::Character(at) => Report::warning("not a `name: command` line")
            .at(place(start + at..start + name.len(), "not part of a name"))
            .help("a name is made of letters, digits, `_` and `-`".to_string()),
        BadName::TooLong => Report::new("the name of a process type is too long")
            .at(here(name.len(), &format!("{} characters", name.len())))
            .help(format!("use at most {MAX_NAME}")),
        BadName::Reserved => Report::new(format!("`{name}` cannot be the name of a process type"))
            .at(here(name.len(), "means something else to devrun"))
            .help("choose another name".to_string()),
    })?;
    let command = joined(command.trim());
    if command.is_empty() {
        return Err(Report::new(format!("`{name}` has no command"))
            .at(here(line.len(), "expected a command after the `:`"))
            .help(format!(
                "write what is to run, as in `{name}: ./bin/{name}`, or take the line out"
            )));
    }
    if let Some(nul) = line.find('\0') {
        return Err(
            Report::new(format!("the command of `{name}` has a NUL byte in it"))
                .at(place_of_nul(file, text, start + nul, number, &line[..nul]))
                .help("take it out".to_string()),
        );
    }
    Ok(Entry {
        process_type,
        command,
        span: start..start + name.len(),
        line: number,
    })
}

/// `before`: the lines up to it, of which `number` is the first one's.
fn place_of_nul(file: &str, text: &str, at: usize, number: usize, before: &str) -> Place {
    let line = number + before.matches('\n').count();
    span::place(file, text, line, at..at + 1, "no command can hold one")
}

/// What a line is likely meant to be of which the first `word` bytes could be a name: `my web: puma` has a name of two words,
/// `web puma` lacks the `:`.
fn cured(line: &str, word: usize) -> Option<String> {
    let (first, rest) = (&line[..word], line[word..].trim());
    if ProcessType::new(first).is_err() || rest.is_empty() || line.len() > MAX_CURED {
        return None;
    }
    let of_two_words = rest
        .split_once(": ")
        .map(|(second, command)| (format!("{first}-{second}"), command.trim()))
        .filter(|(name, _)| ProcessType::new(name).is_ok());
    let (name, command) = of_two_words.unwrap_or_else(|| (first.to_string(), rest));
    Some(format!("{name}: {command}"))
}

/// Blanks before the colon are fine, blanks within the name are not.
fn is_one_word(name: &str) -> bool {
    !name.trim_end().contains(char::is_whitespace)
}

/// A backslash before a line's end joins the next line, as in the shell.
fn joined(command: &str) -> String {
    command.replace("\\\r\n", "").replace("\\\n", "")
}

/// The lines with their numbers and without their ends; one that ends with `\` goes on in the next.
fn logical_lines(text: &str) -> Vec<(usize, Range<usize>)> {
    let mut lines = Vec::new();
    let (mut start, mut begun_in, mut at) = (0, 1, 0);
    let mut is_comment = false;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if at == start {
            is_comment = line.trim_start().starts_with('#');
        }
        at += line.len();
        let body = line.trim_end_matches('\n').trim_end_matches('\r');
        let goes_on = body.ends_with('\\') && at < text.len() && !is_comment;
        if !goes_on {
            lines.push((begun_in, start..at - (line.len() - body.len())));
            (start, begun_in) = (at, index + 2);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries(text: &str) -> Vec<(String, String)> {
        let parsed = parse("Procfile", text);
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        let pair = |entry: Entry| (entry.process_type.to_string(), entry.command);
        parsed.value.into_iter().map(pair).collect()
    }

    fn one(text: &str) -> (String, String) {
        entries(text).remove(0)
    }

    fn pair(name: &str, command: &str) -> (String, String) {
        (name.into(), command.into())
    }

    #[test]
    fn the_forms_of_a_line() {
        assert_eq!(one("web: bin/web"), pair("web", "bin/web"));
        assert_eq!(one("web:bin/web"), pair("web", "bin/web"));
        assert_eq!(one("  web : bin/web  \r\n"), pair("web", "bin/web"));
        assert_eq!(one("\u{feff}web: x"), pair("web", "x"));
        assert_eq!(one("web: a:b $PORT 'c d'"), pair("web", "a:b $PORT 'c d'"));
        assert_eq!(one("web: a \\\n  b\n"), pair("web", "a   b"));
        assert_eq!(entries("# no\n\nweb: x\n#y: \\\nz: 1\n").len(), 2);
    }

    #[test]
    fn every_bad_line_is_reported_and_the_rest_stays() {
        let parsed = parse("Procfile", "web bundle exec puma\nok: x\n: y\nb@d: z\n");
        assert_eq!(parsed.value.len(), 1);
        assert_eq!(parsed.warnings.len(), 3);
        assert!(
            parsed.warnings[0]
                .to_string()
                .ends_with("write it as `web: bundle exec puma`")
        );
    }

    #[test]
    fn what_is_no_name_is_not_taken_for_one_that_lacks_its_colon() {
        let parsed = parse("Procfile", "\u{2022} worker\u{ff1a} sidekiq\nweb puma\n");
        let said = [0, 1].map(|line| parsed.warnings[line].to_string());
        assert!(said[0].contains("no name, and no `:` after it"), "{said:?}");
        assert!(said[1].contains("expected `:` after the name"), "{said:?}");
    }

    #[test]
    fn a_name_of_two_words_is_not_made_into_a_command() {
        let parsed = parse("Procfile", "my web: puma\nweb puma -b tcp://:80\n");
        let said = [0, 1].map(|line| parsed.warnings[line].to_string());
        assert!(said[0].ends_with("write it as `my-web: puma`"), "{said:?}");
        assert!(
            said[1].ends_with("write it as `web: puma -b tcp://:80`"),
            "{said:?}"
        );
    }

    #[test]
    fn a_nul_byte_is_found_where_it_stands() {
        let parsed = parse("Procfile", "web: a\napi: b \\\nc\0d\n");
        let place = &parsed.errors[0].places[0];
        assert_eq!((place.line, place.text.as_str()), (3, "c\0d"));
        assert_eq!(parsed.value.len(), 1);
    }

    #[test]
    fn a_name_given_twice_shows_both_lines() {
        let parsed = parse("Procfile", "web: a\nweb: b\nall: c\nx:\n");
        assert_eq!(parsed.errors.len(), 3);
        assert_eq!(parsed.errors[0].places[0].line, 1);
        assert_eq!(parsed.errors[0].places[1].line, 2);
    }

    #[test]
    fn a_file_full_of_mistakes_is_read_in_no_time() {
        let garbage = parse("Procfile", &"garbage here\n".repeat(100_000));
        assert_eq!(garbage.warnings.len(), 100);
        assert_eq!(
            garbage.warnings[99].headline,
            "not a `name: command` line, and 99900 further problems"
        );
        let twins = parse("Procfile", &"web: a\n".repeat(100_000));
        assert_eq!((twins.value.len(), twins.errors.len()), (1, 100));
        let many: String = (0..100_000).map(|n| format!("w{n}: x\n")).collect();
        assert_eq!(parse("Procfile", &many).value.len(), 100_000);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_every_place_is_inside_of_it(text in "(?s).{0,200}") {
            let parsed = parse("Procfile", &text);
            for entry in &parsed.value {
                prop_assert_eq!(&text[entry.span.clone()], entry.process_type.as_str());
                prop_assert!(!entry.command.trim().is_empty());
            }
            for report in parsed.errors.iter().chain(&parsed.warnings) {
                for place in &report.places {
                    prop_assert!(place.line >= 1 && place.line <= text.split('\n').count());
                    prop_assert!(place.column <= place.text.chars().count() + 1);
                }
            }
        }

        #[test]
        fn a_good_line_survives_whatever_stands_around_it(
            before in "([^\\\\\n:]{0,20}\n){0,4}",
            name in "[a-zA-Z0-9_-]{1,10}",
            command in "[a-z $'|&;]{0,20}[a-z]",
            after in "(\n[^\\\\\n:]{0,20}){0,4}",
        ) {
            prop_assume!(!matches!(name.as_str(), "all" | "system"));
            let text = format!("{before}{name}: {command}{after}");
            let parsed = parse("Procfile", &text);
            let found = parsed.value.iter().find(|entry| entry.process_type.as_str() == name);
            prop_assert_eq!(found.map(|entry| entry.command.as_str()), Some(command.trim()));
        }
    }
}
