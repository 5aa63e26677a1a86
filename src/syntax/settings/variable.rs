//! Reads names of variables, and those of `env:` with their values.

use crate::syntax::settings::reader::{Entry, Reader, cut};
use crate::syntax::settings::yaml::Value;
use crate::syntax::settings::{Said, Set};
use crate::words::report::{Place, Report};

pub(super) fn env(reader: &mut Reader<'_>, entry: Entry<'_>) -> Vec<Set> {
    let expected = "variables, each on a line of its own: `DEBUG: \"1\"`";
    let pairs = reader.mapping(entry, expected).unwrap_or_default();
    reader.hide(pairs.iter().map(|(_, value)| value));
    let mut env = Vec::new();
    for variable in reader.entries(pairs) {
        let place = reader.place(variable.key, "");
        let is_name = is_name(reader, variable.name, &place);
        let value = value(reader, variable);
        env.extend(value.filter(|_| is_name).map(|value| Set {
            name: variable.name.to_string(),
            value,
            place,
        }));
    }
    env
}

/// Texts are what they say; numbers and truth values are taken as they were written.
fn value(reader: &mut Reader<'_>, variable: Entry<'_>) -> Option<String> {
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
    let mut names = reader.texts(entry, expected);
    names.retain(|name| is_name(reader, &name.value, &name.place));
    names
}

/// Whether a variable can be called so; if not, that is reported.
pub(super) fn is_name(reader: &mut Reader<'_>, name: &str, at: &Place) -> bool {
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
        name if name.contains(char::is_whitespace) => (
            format!("`{}` cannot be the name of a variable", cut(name)),
            "has a blank in it",
            Some("it is made of letters, digits and `_`, as in `API_URL`"),
        ),
        name if name.contains('\0') => (
            format!("`{}` cannot be the name of a variable", cut(name)),
            "has a NUL in it",
            None,
        ),
        _ => return true,
    };
    let place = Place {
        label: label.to_string(),
        ..at.clone()
    };
    let help = help.map(str::to_string);
    reader.add(Report::new(headline).at(place).help(help));
    false
}
