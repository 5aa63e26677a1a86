//! Which tests hold which rule of docs/wiring.md: each rule has one, and each of them exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Project;
use crate::wiring::{api, beside};

/// A rule's number and one of its tests in each line: a module of these tests, or of the sources, and the
/// function.
const RULES: &str = include_str!("rules.txt");

/// Of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The numbers in the page, in their order: `- **1.1** …`.
fn numbers(page: &str) -> Vec<&str> {
    page.lines()
        .filter_map(|line| line.strip_prefix("- **")?.split_once("**"))
        .map(|(number, _)| number)
        .collect()
}

/// The YAML in the page.
fn example(page: &str) -> &str {
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    rest.split_once("```").unwrap().0
}

/// Where a module's tests may be; those of another test binary have its name in front, `faults::ends`.
fn files(module: &str) -> [PathBuf; 4] {
    let path = module.replace("::", "/");
    let inside = root().join(format!("src/{path}/tests.rs"));
    let [a, b, c] = ["tests/it", "tests", "src"].map(|at| root().join(format!("{at}/{path}.rs")));
    [a, b, c, inside]
}

/// Whether there is that test: `wiring::order::values_are_known_before_anybody_is_started`.
pub fn exists(test: &str) -> bool {
    let (module, function) = test.rsplit_once("::").unwrap_or(("", test));
    let declared = format!("#[test]\nfn {function}() {{\n");
    let has = |text: String| {
        let lines = text.lines().map(str::trim_start);
        let flat: String = lines.flat_map(|line| [line, "\n"]).collect();
        flat.contains(&declared)
    };
    let texts = files(module).map(fs::read_to_string);
    texts.into_iter().flatten().any(has)
}

#[test]
fn every_rule_has_a_test_and_every_test_of_a_rule_exists() {
    let page = fs::read_to_string(root().join("docs/wiring.md")).unwrap();
    let in_page = numbers(&page);
    let rules: Vec<(&str, &str)> = RULES
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    let mut in_table: Vec<&str> = rules.iter().map(|(number, _)| *number).collect();
    in_table.dedup();
    assert_eq!(in_page, in_table);
    let distinct: BTreeSet<&&str> = in_page.iter().collect();
    assert_eq!(
        distinct.len(),
        in_page.len(),
        "a number stands for two rules"
    );
    for (number, test) in rules {
        assert!(exists(test), "{number}: there is no test `{test}`");
    }
}

#[test]
fn the_pages_example_has_no_problems() {
    let page = fs::read_to_string(root().join("docs/wiring.md")).unwrap();
    let shop = Project::called("shop")
        .file(
            "Procfile",
            "web: a\nworker: b\nrabbit: rabbitmq-server # $PORT\n",
        )
        .file("devrun.yaml", example(&page))
        .file(".env", "DB_PASSWORD=a@b\n");
    api(&shop);
    beside(&shop, "search", "web: a\ngrpc: b\n", "");
    let finished = shop.run(&["check"]);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    let worker = ["run", "-p", "worker", "sh", "-c", "echo $DATABASE_URL"];
    let worker = shop.run(&worker);
    assert_eq!(worker.stdout, "postgresql://shop:a%40b@db.internal/shop\n");
}
