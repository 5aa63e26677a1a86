//! docs/settings.md has each key, with an example that is read.

use super::*;
use crate::syntax::settings::reader::Keys;
use crate::syntax::settings::{uses, watch};

const DOCUMENT: &str = include_str!("../../../../docs/settings.md");

/// The first two columns of the tables of a section.
fn rows(section: &str) -> Vec<(&str, &str)> {
    let begin = DOCUMENT.split(&format!("\n## {section}\n")).nth(1);
    let lines = begin.unwrap().split("\n## ").next().unwrap().lines();
    let rows = lines.filter(|line| line.starts_with("| `"));
    let columns = rows.map(|row| {
        row.split(" | ")
            .map(|text| text.trim_matches(['|', ' ', '`']))
    });
    columns
        .map(|mut columns| (columns.next().unwrap(), columns.next().unwrap()))
        .collect()
}

fn check<T>(section: &str, keys: &Keys<T>, file: impl Fn(&str) -> String) {
    let rows = rows(section);
    let names: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, keys.names());
    for (name, example) in rows {
        assert!(example.starts_with(&format!("{name}: ")), "{example}");
        assert_ne!(read(&file(example)), Settings::default());
    }
}

#[test]
fn each_key_has_an_example() {
    check("The app", &app::KEYS, str::to_string);
    check("A process", &process::KEYS, |example| {
        format!("processes:\n  web:\n    {example}\n")
    });
    check("When a process is ready", &ready::KEYS, |example| {
        let http = if example.starts_with("status") {
            "http: /"
        } else {
            "# alone"
        };
        format!("processes:\n  web:\n    ready:\n      {http}\n      {example}\n")
    });
    check("A use", &uses::KEYS, |example| {
        let target = match example.split(':').next() {
            Some("process" | "app" | "url") => "value: x",
            Some("start") => "app: x",
            Some(_) | None => "process: x",
        };
        format!("uses:\n  A:\n    {target}\n    {example}\n")
    });
    check("A watch", &watch::KEYS, |example| {
        let paths = match example.split(':').next() {
            Some("paths") => "",
            Some(_) | None => "paths: x",
        };
        format!("processes:\n  web:\n    watch:\n      {paths}\n      {example}\n")
    });
}

#[test]
fn the_files_in_it_are_read() {
    let files = DOCUMENT.split("```yaml\n").skip(1);
    let files = files.map(|file| file.split("```").next().unwrap());
    assert_eq!(files.map(read).count(), 2);
    let page = include_str!("../../../../docs/watch.md");
    let file = page.split("```yaml\n").nth(1).unwrap();
    let watched = read(file.split("```").next().unwrap()).processes;
    assert!(watched.iter().all(|process| process.watch.is_some()));
}
