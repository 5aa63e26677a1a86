//! The environment of a process, as a session tells it. Never masked: only the same user is told.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::words::base64;
use crate::words::env::{Env, Source};
use crate::words::name::ProcessType;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessEnv {
    /// It has never been started: what it would be started with. Else it is that of its present run, or of
    /// its last.
    pub(crate) is_planned: bool,
    /// In the order of their names.
    pub(crate) variables: Vec<Variable>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Variable {
    name: Text,
    #[serde(flatten)]
    value: Value,
    /// The strongest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hides: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Value {
    value: Text,
    #[serde(with = "SourceOnWire")]
    source: Source,
}

/// A string, or where it is not UTF-8 `{"base64": "…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "TextOnWire", into = "TextOnWire")]
struct Text(OsString);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum TextOnWire {
    Utf8(String),
    Bytes { base64: String },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Source", rename_all = "snake_case")]
enum SourceOnWire {
    Automatic(#[serde(with = "process_type")] ProcessType),
    Shell,
    EnvFile { file: String, line: usize },
    Settings { file: String, line: usize },
    Use { origin: String, provider: String },
    Devrun,
    Port { base: u16 },
    CommandLine,
    ProcfileLine { file: String, line: usize },
}

impl ProcessEnv {
    pub(crate) fn of(env: &Env, is_planned: bool) -> Self {
        let value = |(value, source): &(OsString, Source)| Value {
            value: Text(value.clone()),
            source: source.clone(),
        };
        let variables = env.iter().map(|(name, variable)| Variable {
            name: Text(name.to_os_string()),
            value: value(&(variable.value.clone(), variable.source.clone())),
            hides: variable.hidden.iter().rev().map(value).collect(),
        });
        Self {
            is_planned,
            variables: variables.collect(),
        }
    }
}

impl From<ProcessEnv> for Env {
    fn from(told: ProcessEnv) -> Self {
        let mut env = Self::default();
        for Variable { name, value, hides } in told.variables {
            for Value { value, source } in hides.into_iter().rev().chain([value]) {
                env.lay(name.0.clone(), value.0, source);
            }
        }
        env
    }
}

impl From<Text> for TextOnWire {
    fn from(Text(text): Text) -> Self {
        match text.into_string() {
            Ok(base64) => Self::Utf8(base64),
            Err(bytes) => Self::Bytes {
                base64: base64::text(bytes.as_bytes()),
            },
        }
    }
}

impl TryFrom<TextOnWire> for Text {
    type Error = &'static str;

    fn try_from(told: TextOnWire) -> Result<Self, Self::Error> {
        match told {
            TextOnWire::Utf8(text) => Ok(Self(text.into())),
            TextOnWire::Bytes { base64 } => {
                let bytes = base64::bytes(&base64).ok_or("no base64")?;
                Ok(Self(OsString::from_vec(bytes)))
            }
        }
    }
}

mod process_type {
    //! A process type by its name.

    use serde::de::Error;

    use super::{Deserialize, Deserializer, ProcessType, Serializer};

    pub(super) fn serialize<S: Serializer>(
        process_type: &ProcessType,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(process_type.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ProcessType, D::Error> {
        let name = String::deserialize(deserializer)?;
        ProcessType::new(&name).map_err(|_| D::Error::custom(format!("no process type: {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env() -> Env {
        let mut env = Env::default();
        let file = |line: usize| Source::EnvFile {
            file: ".env".into(),
            line,
        };
        env.lay("A".into(), "1".into(), Source::Shell);
        env.lay("A".into(), "2".into(), file(3));
        env.lay("A".into(), "3".into(), Source::CommandLine);
        let used = Source::Use {
            origin: "devrun.yaml:3".into(),
            provider: "web.1 of ~/api".into(),
        };
        env.lay("B".into(), OsString::from_vec(vec![b'f', 0xff]), used);
        let api = ProcessType::new("api").unwrap();
        env.lay("C".into(), "x".into(), Source::Automatic(api));
        env.lay("D".into(), "5".into(), Source::Port { base: 5000 });
        env
    }

    #[test]
    fn an_environment_arrives_as_it_was() {
        let told = ProcessEnv::of(&env(), false);
        let json = serde_json::to_string(&told).unwrap();
        let expected = concat!(
            r#"{"is_planned":false,"variables":["#,
            r#"{"name":"A","value":"3","source":"command_line","hides":["#,
            r#"{"value":"2","source":{"env_file":{"file":".env","line":3}}},"#,
            r#"{"value":"1","source":"shell"}]},"#,
            r#"{"name":"B","value":{"base64":"Zv8="},"source":{"use":{"origin":"devrun.yaml:3","provider":"web.1 of ~/api"}}},"#,
            r#"{"name":"C","value":"x","source":{"automatic":"api"}},"#,
            r#"{"name":"D","value":"5","source":{"port":{"base":5000}}}]}"#
        );
        assert_eq!(json, expected);
        let read: ProcessEnv = serde_json::from_str(&json).unwrap();
        assert_eq!(read, told);
        assert_eq!(Env::from(read), env());
    }

    #[test]
    fn what_is_no_environment_is_refused() {
        for wrong in [
            r#"{"name":{"base64":"!"},"value":"","source":"shell"}"#,
            r#"{"name":"A","value":"","source":{"automatic":"a b"}}"#,
            r#"{"name":"A","value":"","source":"moon"}"#,
            r#"{"name":"A","value":1,"source":"shell"}"#,
        ] {
            assert!(serde_json::from_str::<Variable>(wrong).is_err(), "{wrong}");
        }
    }
}
