//! docs/devrun.schema.json and the reader know the same keys and words, and agree about whole files.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::syntax::settings::reader::Keys;
use crate::syntax::settings::{signal, uses, value, watch};

/// As much of a JSON Schema as that file has need of.
pub(super) struct Schema(Value);

impl Schema {
    pub(super) fn read() -> Self {
        let text = include_str!("../../../../docs/devrun.schema.json");
        Self(serde_json::from_str(text).unwrap())
    }

    pub(super) fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).expect(pointer)
    }

    /// What is in a schema's `enum`.
    fn words(&self, pointer: &str) -> Vec<&str> {
        let words = self.at(pointer).as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap()).collect()
    }

    fn fits(&self, value: &Value, schema: &Value) -> bool {
        let rules = schema.as_object().unwrap().iter();
        let mut rules = rules.filter(|(keyword, _)| !keyword.starts_with("$d"));
        rules.all(|(keyword, rule)| self.fits_rule(value, schema, keyword, rule))
    }

    fn fits_rule(&self, value: &Value, schema: &Value, keyword: &str, rule: &Value) -> bool {
        let number = value.as_f64();
        let text = value.as_str();
        let list = value.as_array();
        let object = value.as_object();
        let branches = || rule.as_array().unwrap().iter();
        let fitting = || branches().filter(|rule| self.fits(value, rule)).count();
        match keyword {
            "$schema" | "title" | "description" | "$comment" | "examples" => true,
            "$ref" => self.fits(value, self.at(&rule.as_str().unwrap()[1..])),
            "type" if rule.is_array() => branches().any(|name| is_of(value, name)),
            "type" => is_of(value, rule),
            "enum" => branches().any(|known| known == value),
            "const" => value == rule,
            "not" => !self.fits(value, rule),
            "anyOf" => fitting() > 0,
            "oneOf" => fitting() == 1,
            "minimum" => number.is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => number.is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minLength" => text.is_none_or(|text| !text.is_empty()),
            "pattern" => text.is_none_or(|text| matches(text, rule.as_str().unwrap())),
            "minProperties" => object.is_none_or(|object| !object.is_empty()),
            "uniqueItems" => list.is_none_or(|list| {
                let unique: BTreeSet<String> = list.iter().map(Value::to_string).collect();
                unique.len() == list.len()
            }),
            "items" => list.is_none_or(|list| list.iter().all(|item| self.fits(item, rule))),
            "required" => object.is_none_or(|object| {
                branches().all(|name| object.contains_key(name.as_str().unwrap()))
            }),
            "dependentRequired" => object.is_none_or(|object| {
                let mut rules = rule.as_object().unwrap().iter();
                rules.all(|(name, needed)| {
                    let needed = needed[0].as_str().unwrap();
                    object.contains_key(needed) || !object.contains_key(name)
                })
            }),
            "minItems" => list.is_none_or(|list| !list.is_empty()),
            "propertyNames" => object.is_none_or(|object| {
                let mut names = object.keys().map(|name| Value::from(name.as_str()));
                names.all(|name| self.fits(&name, rule))
            }),
            "properties" => object.is_none_or(|object| {
                let mut known = object
                    .iter()
                    .filter_map(|(name, value)| Some((value, rule.get(name)?)));
                known.all(|(value, rule)| self.fits(value, rule))
            }),
            "additionalProperties" => object.is_none_or(|object| {
                let known = schema.get("properties");
                let is_other = |name: &&String| known.is_none_or(|known| known.get(name).is_none());
                let mut others = object.keys().filter(is_other);
                others.all(|name| *rule != Value::Bool(false) && self.fits(&object[name], rule))
            }),
            keyword => panic!("`{keyword}` is not known here"),
        }
    }
}

fn is_of(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        name => panic!("`{name}` is no type"),
    }
}

/// There is no regex engine here; these are all that are used.
fn matches(text: &str, pattern: &str) -> bool {
    match pattern {
        "^[A-Za-z0-9_-]{1,64}$" => AppName::new(text).is_ok(),
        "^[^=]+$" => !text.is_empty() && !text.contains('='),
        "^[^#](.*[^#])?$" => !text.is_empty() && !text.starts_with('#') && !text.ends_with('#'),
        r"://|^\$\{" => text.contains("://") || text.starts_with("${"),
        r#"^/[!"$-~]*$"# => {
            let is_fit = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
            text.starts_with('/') && text.bytes().all(is_fit)
        }
        pattern => panic!("`{pattern}` is not known here"),
    }
}

#[test]
fn schema_and_reader_know_the_same_keys() {
    fn check<T>(pointer: &str, keys: &Keys<T>) {
        let schema = Schema::read();
        let listed = schema.at(&format!("{pointer}/properties")).as_object();
        let listed: BTreeSet<&str> = listed.unwrap().keys().map(String::as_str).collect();
        assert_eq!(listed, BTreeSet::from_iter(keys.names()));
        assert_eq!(schema.at(&format!("{pointer}/additionalProperties")), false);
    }
    check("", &app::KEYS);
    check("/$defs/process", &process::KEYS);
    check("/$defs/use", &uses::KEYS);
    check("/$defs/watch", &watch::KEYS);
    check("/$defs/process/properties/ready", &ready::KEYS);
}

#[test]
fn schema_and_reader_know_the_same_words() {
    fn check<T>(pointer: &str, choices: &[(&'static str, T)]) {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        assert_eq!(Schema::read().words(pointer), words);
    }
    check("/$defs/restart/enum", value::RESTART);
    check("/$defs/on_exit/enum", value::ON_EXIT);
    check("/$defs/process/properties/tty/anyOf/1/enum", process::TTY);
    check("/$defs/use/properties/start/enum", uses::START);
    let pointer = "/$defs/process/properties/color/anyOf/1/enum";
    check(pointer, process::COLORS);
    check("/$defs/use/properties/wait/enum", uses::WAIT);
    check("/$defs/use/properties/on_change/enum", uses::ON_CHANGE);
    let signals = signal::SIGNALS.iter().map(|(name, _)| name.to_string());
    let long = signals.clone().map(|name| format!("SIG{name}"));
    let all: Vec<String> = signals.chain(long).collect();
    let stop = "/$defs/process/properties/stop_signal/anyOf/1/enum";
    assert_eq!(Schema::read().words(stop), all);
    let change = "/$defs/watch/properties/signal/anyOf/1/enum";
    assert_eq!(Schema::read().words(change), all);
}

/// Each key has its description, for the editor.
#[test]
fn every_key_of_the_schema_says_what_it_does() {
    let schema = Schema::read();
    let ready = "/$defs/process/properties/ready";
    for pointer in ["", "/$defs/process", "/$defs/use", "/$defs/watch", ready] {
        let properties = schema.at(&format!("{pointer}/properties")).as_object();
        for (name, property) in properties.unwrap() {
            assert!(property.get("description").is_some(), "{name}");
        }
    }
}

fn check(text: &str, is_good: bool) {
    let schema = Schema::read();
    let options = serde_yaml::options! { strict_booleans: true };
    let value: Value = serde_yaml::from_str_with_options(text, options).unwrap();
    assert_eq!(schema.fits(&value, &schema.0), is_good, "schema: {text}");
    let parsed = parse("devrun.yaml", text);
    assert_eq!(parsed.errors.is_empty(), is_good, "reader: {text}");
}

#[test]
fn schema_and_reader_take_the_same_files() {
    let app = |text: &str| check(text, true);
    app("{name: shop, procfile: x, env: {A: b, B: 1, C: true, D: 1.5}, port: 0, auto_urls: true}");
    app("{restart: on-failure, on_exit: keep, timeout: 2.5, formation: all=1, apps: x}");
    app("{formation: {all: 1, web: 5000}, apps: [x, y], env: , uses: , processes: , name: a-b_1}");
    app("");
    let one = |text: &str| check(&format!("uses: {{A: {text}}}"), true);
    one("../api");
    one("{process: db, value: x, wait: none, optional: true, on_change: ignore}");
    one("{app: '../api#web', start: never, wait: ready, on_change: restart}");
    one("{url: 'x://y'}");
    one("{url: '${X}'}");
    let process = |text: &str| check(&format!("processes: {{web: {text}}}"), true);
    process("");
    process("{cwd: x, env: {A: 1}, port: 1, ports: [A, B], uses: [A], depends_on: [a, b]}");
    process("{port: false, ports: A, uses: A, depends_on: a, tty: auto, stop_signal: INT}");
    process("{port: 65535, restart: never, max_restarts: 0, on_exit: shutdown, timeout: 0}");
    process("{tty: true, stop_signal: 15, ports: , uses: , depends_on: }");
    process("{tty: never, stop_signal: SIGUSR1}");
    process("{watch: src}");
    process("{watch: [src, '*.toml']}");
    process("{watch: }");
    process("{watch: {paths: [src], ignore: '*.log', signal: HUP}}");
    process("{ready: {http: /healthz}, color: 255}");
    process("{ready: {http: '/a?b=c', status: 401}, color: bright-red}");
    process("{ready: {http: /, status: [200, 401]}}");
    process("{ready: {tcp: true}}");
    process("{ready: {log: 'up in [0-9]+ s'}}");
    process("{ready: {exec: pg_isready}}");
}

#[test]
fn schema_and_reader_refuse_the_same_files() {
    let app = |text: &str| check(text, false);
    for text in [
        "[a]",
        "x",
        "5",
        "{prot: 1}",
        "{name: }",
        "{name: a b}",
        "{name: 5}",
        "{procfile: ''}",
    ] {
        app(text);
    }
    for text in [
        "{env: [A]}",
        "{env: {A: }}",
        "{env: {A: [b]}}",
        "{env: {PORT: 1}}",
        "{env: {A=B: 1}}",
    ] {
        app(text);
    }
    for text in [
        "{port: web}",
        "{port: 65536}",
        "{port: -1}",
        "{port: '1'}",
        "{port: 1.5}",
        "{port: }",
    ] {
        app(text);
    }
    for text in [
        "{restart: no}",
        "{restart: false}",
        "{on_exit: x}",
        "{timeout: 5s}",
        "{timeout: 86401}",
    ] {
        app(text);
    }
    for text in [
        "{formation: 1}",
        "{formation: {}}",
        "{formation: {a: 5001}}",
        "{formation: ''}",
    ] {
        app(text);
    }
    for text in [
        "{auto_urls: yes}",
        "{apps: {a: b}}",
        "{apps: [a, a]}",
        "{apps: [1]}",
        "{processes: [a]}",
    ] {
        app(text);
    }
    let one = |text: &str| check(&format!("uses: {{A: {text}}}"), false);
    for text in [
        "",
        "''",
        "[a]",
        "5",
        "{}",
        "{process: a, url: 'x://y'}",
        "{url: x}",
        "{app: '#web'}",
    ] {
        one(text);
    }
    for text in [
        "{process: a, start: auto}",
        "{app: a, start: yes}",
        "{app: a, wait: 1}",
        "{app: 'a#'}",
    ] {
        one(text);
    }
    app("{uses: {PS: x}}");
    let process = |text: &str| check(&format!("processes: {{web: {text}}}"), false);
    for text in [
        "5",
        "[]",
        "{port: true}",
        "{port: 0}",
        "{ports: [PORT]}",
        "{ports: [A, A]}",
        "{x: y}",
    ] {
        process(text);
    }
    for text in [
        "{max_restarts: -1}",
        "{max_restarts: 1.5}",
        "{tty: x}",
        "{tty: 1}",
        "{cwd: }",
    ] {
        process(text);
    }
    for text in [
        "{watch: true}",
        "{watch: [1]}",
        "{watch: {ignore: [a]}}",
        "{watch: {paths: [a], signal: KILL}}",
        "{watch: {paths: [a], files: [b]}}",
    ] {
        process(text);
    }
    for text in [
        "{ready: }",
        "{ready: http}",
        "{ready: {}}",
        "{ready: {http: healthz}}",
        "{ready: {http: /a b}}",
        "{ready: {http: /, tcp: true}}",
        "{ready: {http: /, status: 99}}",
        "{ready: {http: /, status: []}}",
        "{ready: {tcp: true, status: 200}}",
        "{ready: {tcp: false}}",
        "{ready: {log: ''}}",
        "{ready: {exec: [a]}}",
    ] {
        process(text);
    }
    for text in ["{color: 256}", "{color: Red}", "{color: '1'}", "{color: }"] {
        process(text);
    }
    for text in [
        "{stop_signal: KILL}",
        "{stop_signal: 0}",
        "{stop_signal: int}",
        "{depends_on: [1]}",
    ] {
        process(text);
    }
}
