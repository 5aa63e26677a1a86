//! From a YAML text to its tree, each node with its place: the one file that knows the YAML crate.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::budget::BudgetBreach;
use serde_yaml::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy, Options};
use serde_yaml::{Error, Location, MessageFormatter, Spanned, UserMessageFormatter};

/// Mappings and lists within each other: more than anybody writes, and little for the stack.
pub(crate) const MAX_DEPTH: usize = 32;
/// Keys and values of a file, those of its aliases once more for each time that they are used.
pub(crate) const MAX_NODES: usize = 25_000;

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    /// In bytes; a list or a mapping has only its beginning. An alias has its anchor's place.
    pub(crate) span: Range<usize>,
}

/// Numbers have no value of their own: they are read as they were written.
#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number,
    Text(String),
    List(Vec<Node>),
    /// With the keys that stand in it twice.
    Mapping(Vec<(Node, Node)>),
}

/// Why a text is no tree.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// In the crate's words.
    Syntax(String),
    TooDeep,
    TooMany,
    /// More than one document.
    Several,
    /// One that says more than what kind of scalar it is.
    Tag(String),
    /// An alias within its own anchor.
    Endless,
}

/// # Errors
/// The first mistake of the syntax, or the limit that is broken, with the byte that it was found at.
pub(crate) fn tree(text: &str) -> Result<Node, (Refusal, usize)> {
    serde_yaml::from_str_with_options(text, options()).map_err(|error| {
        let before = error.location().map_or(0, |at| at.span().offset()) as usize;
        let mut starts = text.char_indices().map(|(at, _)| at);
        (refusal(&error), starts.nth(before).unwrap_or(text.len()))
    })
}

fn options() -> Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_anchors: MAX_NODES,
            max_aliases: MAX_NODES,
        },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: MAX_NODES },
        // All of them come here, where each gets its report.
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

fn refusal(error: &Error) -> Refusal {
    match error {
        Error::AliasError { error, .. } => refusal(error),
        Error::Budget {
            breach: BudgetBreach::Depth { .. },
            ..
        } => Refusal::TooDeep,
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => Refusal::TooMany,
        Error::MultipleDocuments { .. } => Refusal::Several,
        Error::UnsupportedTag { tag, .. } => Refusal::Tag(tag.clone()),
        Error::RecursiveReferencesRequireWeakTypes { .. } => Refusal::Endless,
        // Of lists in brackets the parser itself says so.
        other => match UserMessageFormatter.format_message(other).as_ref() {
            "recursion limit exceeded" => Refusal::TooDeep,
            message => Refusal::Syntax(message.to_string()),
        },
    }
}

/// Empty, at the beginning, where there is none: the crate has one for each node of a text.
fn bytes(location: Location) -> Range<usize> {
    let span = location.span();
    let bytes = span.byte_offset().zip(span.byte_len());
    bytes.map_or(0..0, |(start, length)| {
        start as usize..(start + length) as usize
    })
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self {
            value: spanned.value,
            span: bytes(spanned.defined),
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_string()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        let mut mapping: Vec<(Node, Node)> = Vec::new();
        while let Some(pair) = pairs.next_entry()? {
            mapping.push(pair);
        }
        Ok(Value::Mapping(mapping))
    }
}
