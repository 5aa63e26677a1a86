//! Reads the options file `.foreman`: a flat YAML mapping from a long option's name to its value.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_yaml::options::DuplicateKeyPolicy;
use serde_yaml::{Location, Spanned};

use crate::syntax::formation::{self, Formation};
use crate::syntax::settings::cut;
use crate::syntax::{Parsed, number};
use crate::words::report::{Place, Report};
use crate::words::wording;

/// What stands in it, for `devrun start`. The command line is above all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) procfile: Option<PathBuf>,
    pub(crate) root: Option<PathBuf>,
    pub(crate) env: Option<Vec<PathBuf>>,
    pub(crate) formation: Option<Formation>,
    pub(crate) port: Option<u16>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) timestamp: Option<bool>,
}

/// The options that `devrun start` has as well.
const KNOWN: [&str; 7] = [
    "procfile",
    "root",
    "env",
    "formation",
    "port",
    "timeout",
    "timestamp",
];
/// Those of `foreman export`: they say nothing to us, and are right all the same.
const FOR_EXPORT: [&str; 5] = ["app", "log", "run", "template", "user"];

/// Larger than any list of a dozen options, in bytes.
const MAX_FILE: usize = 64 * 1024;
/// Longest advice that is given: some of it repeats what was written, in bytes.
const MAX_HELP: usize = 160;

/// `file` is the name that the reports show.
pub(crate) fn parse(file: &str, text: &str) -> Parsed<Options> {
    let mut parsed = Parsed::<Options>::default();
    let lines = text.lines().collect();
    let source = Source { file, lines };
    if text.len() > MAX_FILE {
        parsed.add(source.too_large());
        return parsed.closed();
    }
    let mut options = serde_yaml::Options::default();
    options.strict_booleans = true;
    // They are reported with both places instead.
    options.duplicate_keys = DuplicateKeyPolicy::LastWins;
    match serde_yaml::from_str_with_options::<Pairs>(text, options) {
        Ok(Pairs(pairs)) => {
            let mut known: HashMap<&str, &Spanned<String>> = HashMap::new();
            for (name, value) in &pairs {
                let taken = match known.insert(canonical(&name.value), name) {
                    Some(twin) => Err(source.given_twice(twin, name)),
                    None => source.take(&mut parsed.value, name, value),
                };
                if let Err(report) = taken {
                    parsed.add(report);
                }
            }
        }
        Err(_) if text.lines().all(is_blank) => {}
        Err(error) => parsed.add(source.not_yaml(&error)),
    }
    parsed.closed()
}

fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// foreman has two names for one option.
fn canonical(name: &str) -> &str {
    match name {
        "concurrency" => "formation",
        name => name,
    }
}

/// `None` where nothing stands: nothing was set.
type Value = Spanned<Option<String>>;

/// The mapping in the order of its lines, each value as it is written.
struct Pairs(Vec<(Spanned<String>, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one `name: value` a line")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// The file, for the places in it.
struct Source<'a> {
    file: &'a str,
    lines: Vec<&'a str>,
}

impl Source<'_> {
    fn take(
        &self,
        options: &mut Options,
        name: &Spanned<String>,
        value: &Value,
    ) -> Result<(), Report> {
        let Some(text) = &value.value else {
            return Ok(());
        };
        let taken = match canonical(&name.value) {
            "procfile" => set(&mut options.procfile, Ok(text.into())),
            "root" => set(&mut options.root, Ok(text.into())),
            "env" => set(&mut options.env, Ok(files(text))),
            "formation" => set(&mut options.formation, formation::parse(text)),
            "port" => set(&mut options.port, number::port(text)),
            "timeout" => set(&mut options.timeout, number::seconds(text)),
            "timestamp" => set(&mut options.timestamp, flag(text)),
            other if FOR_EXPORT.contains(&other) => Ok(()),
            other => return Err(self.unknown(other, &name.referenced)),
        };
        taken.map_err(|why| {
            let headline = format!("`{}` cannot be the value of `{}`", cut(text), name.value);
            Report::new(headline)
                .at(self.place(&value.referenced, text, ""))
                .help((why.len() <= MAX_HELP).then_some(why))
        })
    }

    fn unknown(&self, name: &str, at: &Location) -> Report {
        Report::warning(format!("devrun has no option `{}`", cut(name)))
            .at(self.place(at, name, ""))
            .help(wording::did_you_mean(&cut(name), KNOWN))
    }

    fn given_twice(&self, first: &Spanned<String>, again: &Spanned<String>) -> Report {
        Report::new(format!("`{}` is given twice", cut(&again.value)))
            .at(self.place(&first.referenced, &first.value, "first here"))
            .at(self.place(&again.referenced, &again.value, "and again here"))
            .help("take one of them out".to_string())
    }

    fn too_large(&self) -> Report {
        Report::new("a list of options has at most 64 KiB")
            .at(self.place(&Location::UNKNOWN, "", "too large"))
            .help("write one `name: value` a line, such as `port: 3000`".to_string())
    }

    fn not_yaml(&self, error: &serde_yaml::Error) -> Report {
        let message = error.without_snippet().to_string();
        // The place is shown, and what follows a semicolon is for programmers.
        let cause = message.split([';', '\n']).next().unwrap_or("");
        let cause = cause.split(" at line ").next().unwrap_or("").to_string();
        let location = error.location().unwrap_or(Location::UNKNOWN);
        Report::new(format!("`{}` is no list of options", self.file))
            .at(self.place(&location, "", ""))
            .caused_by(cause)
            .help("write one `name: value` a line, such as `port: 3000`".to_string())
    }

    /// Where a text stands that is written as it is, in one line.
    fn place(&self, at: &Location, marked: &str, label: &str) -> Place {
        // An unknown location counts from 0.
        let line = (at.line() as usize).max(1);
        Place {
            file: self.file.to_string(),
            line,
            column: (at.column() as usize).max(1),
            text: self.lines.get(line - 1).unwrap_or(&"").to_string(),
            width: marked.lines().next().unwrap_or("").chars().count(),
            label: label.to_string(),
        }
    }
}

fn set<T>(option: &mut Option<T>, value: Result<T, String>) -> Result<(), String> {
    *option = Some(value?);
    Ok(())
}

fn files(text: &str) -> Vec<PathBuf> {
    text.split(',')
        .map(|file| PathBuf::from(file.trim()))
        .collect()
}

/// What foreman's YAML takes for one.
fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Ok(true),
        "false" | "no" | "off" => Ok(false),
        _ => Err("it is `true` or `false`".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let parsed = parse(".foreman", text);
        let reports = parsed.errors.iter().chain(&parsed.warnings);
        let reports: Vec<String> = reports.map(ToString::to_string).collect();
        reports.join("\n")
    }

    #[test]
    fn options_are_read_as_on_the_command_line() {
        let parsed = parse(
            ".foreman",
            "---\nport: 3000\nconcurrency: web=2\n# x\nprocfile: Procfile.dev\nenv: .env, b.env\n\
             timeout: 0.5\ntimestamp: no\nroot:\nuser: www\n",
        );
        assert!(parsed.warnings.is_empty() && parsed.errors.is_empty());
        let expected = Options {
            procfile: Some("Procfile.dev".into()),
            root: None,
            env: Some(vec![".env".into(), "b.env".into()]),
            formation: formation::parse("web=2").ok(),
            port: Some(3000),
            timeout: Some(Duration::from_millis(500)),
            timestamp: Some(false),
        };
        assert_eq!(parsed.value, expected);
        assert_eq!(shown("# nothing\n\n"), "");
        assert_eq!(shown(""), "");
    }

    #[test]
    fn an_unknown_option_is_a_warning_at_its_own_place() {
        assert_eq!(
            shown("port: 3000\npor: 1\n"),
            "warning: devrun has no option `por`\n --> .foreman:2:1\n2 | por: 1\n  | ^^^\n help: did you mean `port`?"
        );
    }

    #[test]
    fn every_bad_value_is_an_error_at_its_place() {
        assert_eq!(
            shown("port: abc\nport: 1\ntimestamp: maybe\n"),
            "error: `abc` cannot be the value of `port`\n --> .foreman:1:7\n1 | port: abc\n  |       ^^^\n \
             help: a port is 0 to 65535; 0 takes any free ones\n\
             error: `port` is given twice\n --> .foreman:1:1\n1 | port: abc\n  | ^^^^ first here\n \
             --> .foreman:2:1\n2 | port: 1\n  | ^^^^ and again here\n help: take one of them out\n\
             error: `maybe` cannot be the value of `timestamp`\n --> .foreman:3:12\n3 | timestamp: maybe\n  \
             |            ^^^^^\n help: it is `true` or `false`"
        );
        assert!(shown("formation: web=x\n").contains("`x` is not a number"));
    }

    #[test]
    fn what_is_no_list_of_options_is_an_error() {
        assert_eq!(
            shown("port: [1\n- a"),
            "error: `.foreman` is no list of options\n --> .foreman:1:7\n1 | port: [1\n  |       ^\n \
             caused by: expected string scalar\n help: write one `name: value` a line, such as `port: 3000`"
        );
        for text in ["just text", "- a", "a: *b", "a: 1\n---\nb: 2\n"] {
            assert!(
                shown(text).starts_with("error: `.foreman` is no list"),
                "{text}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_reported(text in "(?s).{0,100}|([a-z]{1,8}: [a-z0-9\\[{&*!|>\"']{0,8}\n){0,4}") {
            let parsed = parse(".foreman", &text);
            for place in parsed.errors.iter().flat_map(|report| &report.places) {
                assert!(place.line >= 1);
            }
        }
    }
}
