//! What people read when something is wrong in a settings file: tests/settings/reports.txt has the files and
//! the reports, and `DEVRUN_UPDATE=1 cargo test` writes the reports anew.

use std::fs;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// Between two files.
const NEXT: &str = "\n=====\n";
/// Between a file and its reports.
const THEN: &str = "\n-----\n";

fn reports(text: &str) -> String {
    let parsed = parse("devrun.yaml", text);
    assert!(parsed.warnings.is_empty());
    let reports: Vec<String> = parsed.errors.iter().map(ToString::to_string).collect();
    reports.join("\n")
}

#[test]
fn each_mistake_has_its_report() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/settings/reports.txt");
    let committed = fs::read_to_string(path).unwrap();
    let cases = committed.trim_end().split(NEXT);
    let cases = cases.map(|case| {
        let text = case.split(THEN).next().unwrap();
        format!("{text}{THEN}{}", reports(text))
    });
    let found = cases.collect::<Vec<_>>().join(NEXT) + "\n";
    if std::env::var_os("DEVRUN_UPDATE").is_some() {
        fs::write(path, &found).unwrap();
    } else {
        assert_eq!(found, committed);
    }
}

#[test]
fn a_place_counts_characters_and_lines_as_editors_do() {
    let check = |text: &str, expected: (usize, usize, usize)| {
        let place = parse("devrun.yaml", text).errors.remove(0).places.remove(0);
        assert_eq!(
            (place.line, place.column, place.width),
            expected,
            "{text:?}"
        );
    };
    check("name: 'é'\r\n# ü\r\nport: éé\r\n", (1, 7, 3));
    check("# ü\r\nport: éé\r\n", (2, 7, 2));
    check("\u{feff}# ü\r\ntext: ü: é\r\n", (2, 8, 1));
    check("\u{feff}port: é", (1, 7, 1));
    check("port: |\n  a\n  b\n", (2, 3, 1));
    check("port:", (1, 1, 4));
}

/// As in an env file: a name need not tell that a value is secret.
#[test]
fn no_value_of_a_variable_is_quoted() {
    let text = "env: { A: hunter-1, PORT: hunter-2, A: 'hunter-3', D: x, C=: 5, B: [hunter-4] }\n\
        processes:\n  web:\n    env:\n      A: \"hunter\\0-6\"\n      PS: |\n        hunter-7\n";
    let said = reports(text);
    assert!(!said.contains("hunter"), "{said}");
    let expected = "error: `PORT` is devrun's to give\n --> devrun.yaml:1:17\n\
        1 | env: { A: ****, PORT: ****, A: ****, D: ****, C=: ****, B: ****\n  |                 ^^^^ ";
    assert!(said.contains(expected), "{said}");
    let expected = "error: `B` cannot be a list\n --> devrun.yaml:1:60\n\
        1 | env: { A: ****, PORT: ****, A: ****, D: ****, C=: ****, B: ****\n  \
        |                                                            ^^^^ ";
    assert!(said.contains(expected), "{said}");
    assert!(said.contains("error: `A` cannot be `****`\n"), "{said}");
}

/// What this thread has had of the processor so far, whoever else wants it meanwhile. Only Linux tells.
fn processor_time() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split(' ').next().and_then(|it| it.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

/// What is refused is refused at once, with a place.
fn check(text: &str, headline: &str) {
    let before = processor_time();
    let parsed = parse("devrun.yaml", text);
    let spent = processor_time() - before;
    assert!(spent < Duration::from_secs(10), "{spent:?}");
    let [report] = parsed.errors.as_slice() else {
        panic!("{:?}", parsed.errors)
    };
    assert_eq!(report.headline, headline);
    assert_eq!(report.places.len(), 1);
    assert!(report.to_string().len() < 1000);
}

#[test]
fn what_is_too_much_is_refused_at_once() {
    let nested = |indent: usize| format!("{}a:\n", " ".repeat(indent));
    let deep = "mappings and lists are nested too deeply";
    check(&"[".repeat(10_000), deep);
    check(&"[\n".repeat(100_000), deep);
    check(&"{a: ".repeat(4_000), deep);
    check(&(0..200).map(nested).collect::<String>(), deep);
    let many = "there are too many values";
    check(&"- a\n".repeat(100_000), many);
    let level = |n: usize| format!("a{n}: &a{n} [{}]\n", format!("*a{},", n - 1).repeat(9));
    let bomb: String = (1..9).map(level).collect();
    check(&format!("a0: &a0 [x]\n{bomb}"), many);
    let pairs = |n: usize| format!("a{n}: &a{n} {{x: *a{0}, y: *a{0}}}\n", n - 1);
    let bomb: String = (1..60).map(pairs).collect();
    check(&format!("a0: &a0 {{}}\n{bomb}"), many);
    let chain = |n: usize| format!("a{n}: &a{n} {{x: *a{}}}\n", n - 1);
    let chain: String = (1..120).map(chain).collect();
    check(&format!("a0: &a0 {{}}\n{chain}"), deep);
    let long = "a line of a settings file has at most 16 KiB";
    check(&"[".repeat(100_000), long);
    check(&format!("a: 1\nname: {}", "x".repeat(20_000)), long);
    let large = "a settings file has at most 1 MiB";
    check(&"a: b\n".repeat(300_000), large);
}

#[test]
fn a_file_full_of_mistakes_is_read_in_no_time() {
    let before = processor_time();
    let wrong: String = (0..4_000).map(|n| format!("a{n}: x\n")).collect();
    let parsed = parse("devrun.yaml", &wrong);
    assert_eq!(parsed.errors.len(), 100);
    assert!(
        parsed.errors[99]
            .headline
            .ends_with("and 3900 further problems")
    );
    let long: String = (0..900)
        .map(|n| format!("{n}{}: x\n", "a".repeat(1_000)))
        .collect();
    assert_eq!(parse("devrun.yaml", &long).errors.len(), 100);
    let line = |n: usize| {
        format!(
            "env: {{{}}}",
            (0..1_600)
                .map(|m| format!("a{n}{m}: b,"))
                .collect::<String>()
        )
    };
    let process = |n: usize| format!("  p{n}: {{{}}}\n", line(n));
    let dense = format!("processes:\n{}", (0..3).map(process).collect::<String>());
    assert_eq!(read(&dense).processes.len(), 3);
    let twins = parse("devrun.yaml", &"port: 1\n".repeat(4_000));
    assert_eq!(twins.errors.len(), 100);
    // Far from what a square of that length takes, and from what a slow machine does.
    let spent = processor_time() - before;
    assert!(spent < Duration::from_secs(20), "{spent:?}");
}

fn is_whole(text: &str) -> Result<(), TestCaseError> {
    let parsed = parse("devrun.yaml", text);
    for place in parsed.errors.iter().flat_map(|report| &report.places) {
        prop_assert!(place.line >= 1 && place.line <= text.split('\n').count());
        prop_assert!(place.column <= place.text.chars().count() + 1);
    }
    for report in parsed.errors {
        prop_assert!(!report.places.is_empty());
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_read_and_every_place_is_inside_of_it(text in "(?s).{0,200}") {
        is_whole(&text)?;
    }

    #[test]
    fn so_is_what_looks_like_yaml(
        text in "((port|env|uses|processes|é|A|<<|[0-9])?[:,\\[\\]{}&*!|>#'\" \\-?\n\t\r]{1,3}){0,40}"
    ) {
        is_whole(&text)?;
    }
}
