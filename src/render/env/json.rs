//! An environment → one JSON object, for editors. docs/env.md describes it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde::Serialize;

use crate::render::env::plain;
use crate::render::harmless;
use crate::words::base64;
use crate::words::env::{Env, Source};
use crate::words::secret::Secrets;

/// Changes when a field is removed or gets another meaning.
const VERSION: u32 = 1;

/// Whose environment it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whose<'a> {
    /// `web.1`; `None`: a command that is run once.
    pub(crate) process: Option<&'a str>,
    /// Else it is what it would get.
    pub(crate) is_running: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    v: u32,
    process: Option<&'a str>,
    running: bool,
    variables: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    #[serde(flatten)]
    value: Value,
    /// The strongest first.
    hides: Vec<Value>,
}

#[derive(Serialize)]
struct Value {
    value: String,
    /// All of it, where `value` is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
    source: String,
}

/// In one line, with its end.
pub(crate) fn json(env: &Env, whose: Whose<'_>, secrets: Secrets) -> String {
    let variables = env.iter().map(|(name, variable)| {
        let hidden = variable.hidden.iter().rev();
        Entry {
            name: name.to_string_lossy().into_owned(),
            value: value(name, &variable.value, &variable.source, secrets),
            hides: hidden
                .map(|(hidden, source)| value(name, hidden, source, secrets))
                .collect(),
        }
    });
    let document = Document {
        v: VERSION,
        process: whose.process,
        running: whose.is_running,
        variables: variables.collect(),
    };
    harmless::json(&document) + "\n"
}

fn value(name: &OsStr, value: &OsStr, source: &Source, secrets: Secrets) -> Value {
    let text = plain(name, value, secrets);
    let is_masked = secrets == Secrets::Masked && text != value.to_string_lossy();
    let is_text = value.to_str().is_some() || is_masked;
    Value {
        value: text,
        bytes: (!is_text).then(|| base64::text(value.as_bytes())),
        source: source.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn env() -> Env {
        let mut env = Env::default();
        env.lay("A".into(), "1".into(), Source::Shell);
        env.lay("A".into(), "2\n".into(), Source::Devrun);
        env.lay("A".into(), "3".into(), Source::CommandLine);
        let latin = || OsString::from_vec(vec![b'f', 0xff]);
        env.lay("L".into(), latin(), Source::Shell);
        env.lay("L_KEY".into(), latin(), Source::Shell);
        env
    }

    #[test]
    fn a_document_has_every_variable_with_all_that_it_hides() {
        let whose = Whose {
            process: Some("web.1"),
            is_running: true,
        };
        assert_eq!(
            json(&env(), whose, Secrets::Masked),
            concat!(
                r#"{"v":1,"process":"web.1","running":true,"variables":["#,
                r#"{"name":"A","value":"3","source":"--set","hides":[{"value":"2\n","source":"devrun"},"#,
                r#"{"value":"1","source":"your shell"}]},"#,
                r#"{"name":"L","value":"f�","bytes":"Zv8=","source":"your shell","hides":[]},"#,
                r#"{"name":"L_KEY","value":"****","source":"your shell","hides":[]}]}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_would_be_is_told_from_what_runs() {
        let whose = Whose {
            process: None,
            is_running: false,
        };
        let document = json(&env(), whose, Secrets::Revealed);
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["process"], serde_json::Value::Null);
        assert_eq!(document["running"], false);
        assert_eq!(document["variables"][2]["bytes"], "Zv8=");
    }
}
