//! The tables of docs/settings.md are made of docs/devrun.schema.json; `DEVRUN_UPDATE` writes them. Each key has an
//! example that is read.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::schema::Schema;
use super::*;
use crate::syntax::settings::reader::Keys;
use crate::syntax::settings::{uses, watch};
use crate::words::wording;

const END: &str = "\n<!--\nThe end of the keys.\n-->\n";
/// How the sentence of a description begins that has a column of its own.
const DEFAULT: &str = " By default ";

/// What stands before a table.
fn begin(owner: &str) -> String {
    format!("<!--\nThe keys of {owner}: made of devrun.schema.json, by `just update`.\n-->\n\n")
}

/// The page with the table of each level as the schema has it.
fn written(page: &str, schema: &Schema) -> String {
    let page = with_table(page, schema, "", &app::KEYS);
    let page = with_table(&page, schema, "/$defs/process", &process::KEYS);
    let ready = "/$defs/process/properties/ready";
    let page = with_table(&page, schema, ready, &ready::KEYS);
    let page = with_table(&page, schema, "/$defs/use", &uses::KEYS);
    with_table(&page, schema, "/$defs/watch", &watch::KEYS)
}

fn with_table<T>(page: &str, schema: &Schema, pointer: &str, keys: &Keys<T>) -> String {
    let begin = begin(keys.owner);
    let (before, rest) = page.split_once(&begin).expect(&begin);
    let (_, after) = rest.split_once(END).expect(END);
    let names = keys.names().into_iter();
    let rows = names.map(|name| row(schema, &format!("{pointer}/properties/{name}"), name));
    let rows: String = rows.collect();
    let head = "| key | example | value | default | meaning |\n|---|---|---|---|---|\n";
    format!("{before}{begin}{head}{rows}{END}{after}")
}

fn row(schema: &Schema, pointer: &str, name: &str) -> String {
    let key = schema.at(pointer);
    let said = key["description"].as_str().unwrap();
    let (meaning, default) = said.split_once(DEFAULT).unwrap_or((said, ""));
    let default = default.trim_end_matches('.');
    let meaning = meaning.trim_end_matches('.');
    let (example, value) = (example(schema, pointer, name), kind(schema, key));
    format!("| `{name}` | `{example}` | {value} | {default} | {meaning} |\n")
}

/// As a line of YAML.
fn example(schema: &Schema, pointer: &str, name: &str) -> String {
    let examples = schema.at(pointer)["examples"].as_array();
    let first = &examples.unwrap_or_else(|| panic!("no example of {pointer}"))[0];
    format!("{name}: {}", yaml(first, false))
}

fn yaml(value: &Value, is_within: bool) -> String {
    let needs_quotes = |text: &str| {
        let is_plain = |c: char| c.is_alphanumeric() || "._/-=# ".contains(c);
        let may_be_plain = |c: char| is_plain(c) || !is_within && ",:$".contains(c);
        text.contains(": ")
            || text.contains(" #")
            || text.ends_with(':')
            || !text.chars().all(may_be_plain)
    };
    match value {
        Value::String(text) if needs_quotes(text) => value.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| yaml(item, true)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(pairs) => {
            let pair = |(key, value)| format!("{key}: {}", yaml(value, true));
            let pairs: Vec<String> = pairs.iter().map(pair).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// What a value may be, in words: those of its `$comment`, else of what the schema demands.
fn kind(schema: &Schema, value: &Value) -> String {
    if let Some(words) = value["$comment"].as_str() {
        return words.to_string();
    }
    if let Some(name) = value["$ref"].as_str() {
        return kind(schema, schema.at(&name[1..]));
    }
    let code = |value: &Value| format!("`{}`", yaml(value, false));
    if let Some(words) = value["enum"].as_array() {
        return wording::choice(words.iter().map(|word| yaml(word, false)));
    }
    if let Some(branches) = value["anyOf"].as_array() {
        let kinds: Vec<String> = branches.iter().map(|branch| kind(schema, branch)).collect();
        return kinds.join(", or ");
    }
    match (&value["const"], &value["type"]) {
        (Value::Null, Value::String(name)) if name == "boolean" => "`true` or `false`".into(),
        (Value::Null, _) => format!("{} to {}", value["minimum"], value["maximum"]),
        (constant, _) => code(constant),
    }
}

#[test]
fn the_tables_of_the_page_are_those_of_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/settings.md");
    let page = fs::read_to_string(&path).unwrap();
    let expected = written(&page, &Schema::read());
    if std::env::var_os("DEVRUN_UPDATE").is_some() {
        fs::write(&path, &expected).unwrap();
    } else {
        assert!(
            page == expected,
            "`just update` writes {} anew",
            path.display()
        );
    }
}

fn check<T>(pointer: &str, keys: &Keys<T>, file: impl Fn(&str) -> String) {
    let schema = Schema::read();
    for name in keys.names() {
        let example = example(&schema, &format!("{pointer}/properties/{name}"), name);
        assert_ne!(read(&file(&example)), Settings::default(), "{example}");
    }
}

#[test]
fn each_key_has_an_example() {
    check("", &app::KEYS, str::to_string);
    check("/$defs/process", &process::KEYS, |example| {
        format!("processes:\n  web:\n    {example}\n")
    });
    let ready = "/$defs/process/properties/ready";
    check(ready, &ready::KEYS, |example| {
        let http = if example.starts_with("status") {
            "http: /"
        } else {
            "# alone"
        };
        format!("processes:\n  web:\n    ready:\n      {http}\n      {example}\n")
    });
    check("/$defs/use", &uses::KEYS, |example| {
        let target = match example.split(':').next() {
            Some("process" | "app" | "url") => "value: x",
            Some("start") => "app: x",
            Some(_) | None => "process: x",
        };
        format!("uses:\n  A:\n    {target}\n    {example}\n")
    });
    check("/$defs/watch", &watch::KEYS, |example| {
        let paths = match example.split(':').next() {
            Some("paths") => "",
            Some(_) | None => "paths: x",
        };
        format!("processes:\n  web:\n    watch:\n      {paths}\n      {example}\n")
    });
}

#[test]
fn the_files_in_it_are_read() {
    let page = include_str!("../../../../docs/settings.md");
    let files = page.split("```yaml\n").skip(1);
    let files = files.map(|file| file.split("```").next().unwrap());
    assert_eq!(files.map(read).count(), 2);
    let page = include_str!("../../../../docs/watch.md");
    let file = page.split("```yaml\n").nth(1).unwrap();
    let watched = read(file.split("```").next().unwrap()).processes;
    assert!(watched.iter().all(|process| process.watch.is_some()));
}
