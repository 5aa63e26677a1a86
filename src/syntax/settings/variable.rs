//! Reads names of variables, and those of `env:` with their values.

use crate::syntax::settings::reader::{Entry, Reader, cut};
use crate::syntax::settings::yaml::{Node, Value};
use crate::syntax::settings::{Said, Set};
use crate::words::report::Report;

pub(super) fn env(reader: &mut Reader<'_>, entry: Entry<'_>) -> Vec<Set> {
    let expected = "variables, each on a line of its own: `DEBUG: \"1\"`";
    let pairs = reader.mapping(entry, expected).unwrap_or_default();
    let mut env = Vec::new();
    for variable in reader.entries(pairs) {
        let is_name = is_name(reader, variable.name, variable.key);
        let value = value(reader, variable);
        if let Some(value) = value.filter(|_| is_name) {
            env.push(Set {
                name: variable.name.to_string(),
                value: value.to_string(),
                place: reader.place(variable.key, ""),
            });
        }
    }
    env
}

/// Texts are what they say; numbers and truth values are taken as they were written.
fn value<'n>(reader: &mut Reader<'_>, variable: Entry<'n>) -> Option<String> {
    match &variable.value.value {
        Value::Text(text) if text.contains('\0') => {
            reader.wrong(variable, "no NUL, which no variable can hold", None);
            None
        }
        Value::Text(_) | Value::Bool(_) | Value::Number => {
            reader.written(variable.value).map(str::to_string)
        }
        Value::Null => {
            let help = format!("write `{}: \"\"` for the empty text", cut(variable.name));
            reader.wrong(variable, "a text", Some(help));
            None
        }
        Value::List(_) | Value::Mapping(_) => {
            let help = "put it in quotes if it is meant as a text".to_string();
            reader.wrong(variable, "a text", Some(help));
            None
        }
    }
}

/// Variables that a process gets a further port in.
pub(super) fn ports(reader: &mut Reader<'_>, entry: Entry<'_>) -> Vec<Said<String>> {
    let expected = "names of variables, such as `[ADMIN_PORT]`";
    let items = reader.texts(entry, expected);
    if let Value::List(nodes) = &entry.value.value {
        for node in nodes {
            if let Value::Text(name) = &node.value {
                is_name(reader, name, node);
            }
        }
    } else if let Value::Text(name) = &entry.value.value {
        is_name(reader, name, entry.value);
    }
    items
}

/// Whether a variable can be called so; if not, that is reported.
pub(super) fn is_name(reader: &mut Reader<'_>, name: &str, at: &Node) -> bool {
    let (headline, label, help) = match name {
        "" => ("a variable has no name".into(), "expected a name", None),
        "PORT" => (
            "`PORT` is devrun's to give".into(),
            "cannot be set here",
            Some("`port:` says which port is taken, `-p` does for one run"),
        ),
        "PS" => (
            "`PS` is devrun's to give".into(),
            "cannot be set here",
            Some("choose another name"),
        ),
        name if name.contains('=') => (
            format!("`{}` cannot be the name of a variable", cut(name)),
            "has a `=` in it",
            Some("write it as `NAME: value`"),
        ),
        name if name.contains('\0') => (
            format!("`{}` cannot be the name of a variable", cut(name)),
            "has a NUL in it",
            None,
        ),
        _ => return true,
    };
    let report = Report::new(headline).at(reader.place(at, label));
    reader.add(report.help(help.map(str::to_string)));
    false
}
