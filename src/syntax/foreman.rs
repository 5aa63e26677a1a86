//! Reads the options file `.foreman`: a flat mapping from a long option's name to its value.

use std::collections::BTreeMap;

use crate::syntax::Parsed;
use crate::words::report::{Place, Report};
use crate::words::wording;

/// The options of foreman's that `devrun start` has as well, under foreman's names and devrun's own.
const KNOWN: &[&str] = &[
    "procfile",
    "root",
    "env",
    "formation",
    "concurrency",
    "port",
    "timeout",
    "timestamp",
];

/// By name, as texts: the command line reads them in the same way as its own.
pub(crate) type Options = BTreeMap<String, String>;

/// A value as YAML has it; foreman takes them all for texts.
#[derive(Debug, serde::Deserialize)]
#[serde(untagged)]
enum Value {
    Flag(bool),
    Number(i64),
    Fraction(f64),
    Text(String),
}

/// `file` is the name that the reports show.
pub(crate) fn parse(file: &str, text: &str) -> Parsed<Options> {
    let mut parsed = Parsed::<Options>::default();
    if text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    {
        return parsed;
    }
    let mut options = serde_yaml::Options::default();
    options.strict_booleans = true;
    match serde_yaml::from_str_with_options::<BTreeMap<String, Value>>(text, options) {
        Ok(values) => {
            for (name, value) in values {
                take(file, text, name, value, &mut parsed);
            }
        }
        Err(error) => parsed.errors.push(not_yaml(file, text, &error)),
    }
    parsed
}

fn take(file: &str, text: &str, name: String, value: Value, parsed: &mut Parsed<Options>) {
    if !KNOWN.contains(&name.as_str()) {
        let report = Report::warning(format!("devrun has no option `{name}`"))
            .at(place(file, text, &name))
            .help(wording::did_you_mean(&name, KNOWN));
        parsed.warnings.push(report);
        return;
    }
    let value = match value {
        Value::Flag(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Fraction(number) => number.to_string(),
        Value::Text(text) => text,
    };
    parsed.value.insert(name, value);
}

/// The line that begins with `name`.
fn place(file: &str, text: &str, name: &str) -> Place {
    let found = text
        .lines()
        .enumerate()
        .find(|(_, line)| line.trim_start().starts_with(name));
    let (number, line) = found.unwrap_or((0, text.lines().next().unwrap_or("")));
    Place {
        file: file.to_string(),
        line: number + 1,
        column: 1,
        text: line.to_string(),
        width: name.chars().count(),
        label: String::new(),
    }
}

fn not_yaml(file: &str, text: &str, error: &serde_yaml::Error) -> Report {
    let location = error.location();
    let line = location.map_or(1, |location| location.line() as usize);
    let column = location.map_or(1, |location| location.column() as usize);
    let message = error.without_snippet().to_string();
    let message = message.lines().next().unwrap_or("").to_string();
    Report::new(format!("`{file}` is no list of options"))
        .at(Place {
            file: file.to_string(),
            line,
            column,
            text: text
                .lines()
                .nth(line.saturating_sub(1))
                .unwrap_or("")
                .to_string(),
            width: 1,
            label: String::new(),
        })
        .caused_by(message)
        .help("write one `name: value` a line, such as `port: 3000`".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_texts_by_their_names() {
        let parsed = parse(
            ".foreman",
            "port: 3000\nformation: web=2\n# x\nprocfile: Procfile.dev\n",
        );
        let options: Vec<_> = parsed
            .value
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        assert_eq!(
            options,
            ["formation=web=2", "port=3000", "procfile=Procfile.dev"]
        );
        assert!(parsed.warnings.is_empty() && parsed.errors.is_empty());
        assert!(parse(".foreman", "# nothing\n\n").errors.is_empty());
    }

    #[test]
    fn an_unknown_option_is_a_warning_and_no_mapping_an_error() {
        let parsed = parse(".foreman", "prot: 3000\n");
        assert_eq!(
            parsed.warnings[0].to_string(),
            "warning: devrun has no option `prot`\n --> .foreman:1:1\n1 | prot: 3000\n  | ^^^^\n help: did you mean `port`?"
        );
        let parsed = parse(".foreman", "port: [1\n");
        assert_eq!(parsed.errors.len(), 1);
        assert!(parsed.errors[0].to_string().contains("--> .foreman:"));
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
