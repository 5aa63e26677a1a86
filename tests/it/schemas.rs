//! What the reading commands write for programs is as docs/schemas has it, and as the pages under docs say.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::schema::Schema;
use crate::support::{Project, helper};

/// The schema's name, and arguments with which devrun writes such a document about the app that runs.
const COMMANDS: [(&str, &[&str]); 8] = [
    ("check", &["check", "--json"]),
    ("env", &["env", "web", "--format", "json"]),
    ("ps", &["ps", "--json"]),
    ("url", &["url", "--json"]),
    ("uses", &["uses", "--json"]),
    ("wait", &["wait", "web", "--json"]),
    ("wait", &["restart", "web", "--json"]),
    ("wait", &["stop", "bad", "--json"]),
];
/// Of this one, many a document, one a line: `logs.rs` holds them against it.
const LINES: &str = "logs";
/// There is nothing to be read where nothing runs.
const NOT_RUNNING: i32 = 3;

fn docs() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/docs"))
}

fn schema(name: &str) -> Schema {
    Schema::read(&format!("docs/schemas/{name}.json"))
}

/// One document, in one line, which is as the schema of that name has it.
pub fn check(name: &str, text: &str) -> Value {
    assert_eq!(text.matches('\n').count(), 1, "{name}: {text}");
    let document = serde_json::from_str(text).unwrap();
    assert_eq!(schema(name).check(&document), Ok(()), "{name}: {text}");
    document
}

fn check_all(project: &Project) {
    for (name, arguments) in COMMANDS {
        let finished = project.run(arguments);
        if finished.status == NOT_RUNNING && finished.stdout.is_empty() {
            continue;
        }
        assert_eq!(finished.status, 0, "{name}: {}", finished.stderr);
        check(name, &finished.stdout);
    }
}

#[test]
fn every_document_is_as_its_schema_has_it() {
    let shop = Project::called("shop")
        .file(
            "Procfile",
            format!("web: {}\nbad: exit 3\n", helper("listen")),
        )
        .file(
            "devrun.yaml",
            "restart: never\nuses:\n  API_URL: ../api\n  X_URL: redis://u:secret@x\n",
        )
        .file(".env", b"A=1\nL=\xff\nX_URL=y\n");
    shop.sibling("api")
        .write("Procfile", format!("web: {}\n", helper("listen")));
    check_all(&shop);
    let mut devrun = shop.start();
    devrun.wait_for("bad.1 exited").see("ready    ");
    check_all(&shop);
    assert_eq!(devrun.interrupt(), 3);
}

#[test]
fn problems_are_found_and_written() {
    let project = Project::with_procfile("web: a\nweb: b\nno line\n");
    let finished = project.run(&["check", "--json"]);
    assert_eq!((finished.status, finished.stderr.as_str()), (1, ""));
    let document = check("check", &finished.stdout);
    let problems = document["problems"].as_array().unwrap();
    let said = |problem: &Value| {
        let line = &problem["places"][0]["line"];
        format!("{} {line} {}", problem["severity"], problem["headline"])
    };
    let said: Vec<String> = problems.iter().map(said).collect();
    assert_eq!(
        said,
        [
            "\"warning\" 3 \"not a `name: command` line\"",
            "\"error\" 1 \"`web` is defined twice\""
        ]
    );
    let nowhere = Project::empty().run(&["check", "--json"]);
    assert_eq!(nowhere.status, 1);
    check("check", &nowhere.stdout);
}

#[test]
fn a_url_that_would_be_is_told_from_one_that_is() {
    let project = Project::with_procfile("web: a\n");
    let finished = project.run(&["url", "--json"]);
    let expected = "{\"v\":1,\"url\":\"http://localhost:5000\",\"running\":false}\n";
    assert_eq!(finished.stdout, expected);
}

#[test]
fn every_schema_has_a_command_and_a_page_with_all_its_fields() {
    let files = fs::read_dir(docs().join("schemas")).unwrap();
    let names = files.map(|file| file.unwrap().path());
    let names = names.map(|path| path.file_stem().unwrap().to_str().unwrap().to_string());
    let mut expected: BTreeSet<String> = COMMANDS.map(|(name, _)| name.to_string()).into();
    expected.insert(LINES.to_string());
    assert_eq!(names.collect::<BTreeSet<String>>(), expected);
    let index = fs::read_to_string(docs().join("json.md")).unwrap();
    for name in &expected {
        let row = index
            .lines()
            .find(|row| row.contains(&format!("(schemas/{name}.json)")));
        let row = row.unwrap_or_else(|| panic!("docs/json.md has no row of {name}"));
        let page = match row.split_once("](").unwrap().1.split_once(')').unwrap().0 {
            page if page.ends_with(".md") => fs::read_to_string(docs().join(page)).unwrap(),
            _ => section(&index, name),
        };
        let schema = schema(name);
        let mut fields = BTreeSet::new();
        collect_fields(&schema.document, &mut fields);
        for field in fields {
            assert!(page.contains(&format!("`{field}`")), "{name}: {field}");
        }
    }
}

/// Below a heading, up to the next one.
fn section(page: &str, heading: &str) -> String {
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    section.split("\n## ").next().unwrap().to_string()
}

fn collect_fields(schema: &Value, fields: &mut BTreeSet<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        fields.extend(properties.keys().cloned());
    }
    for definition in schema["$defs"].as_object().into_iter().flatten() {
        collect_fields(definition.1, fields);
    }
}
