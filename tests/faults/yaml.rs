//! Settings that are made to break whoever reads them: refused within the bounds, with the place and what to
//! do, and nothing is started. tests/settings/reports.txt has the words of every other mistake.

use crate::bounds;
use crate::support::Project;

/// `start` and `check` refuse the file; `expected` is the headline, the place, and the help.
fn refused(text: &str, expected: (&str, &str, &str)) {
    let (headline, place, help) = expected;
    let shown: String = text.chars().take(60).collect();
    for (command, status) in [("start", 2), ("check", 1)] {
        let project =
            Project::with_procfile("web: touch started\napi: true\n").file("devrun.yaml", text);
        let finished = bounds::run(&project, &[command]);
        let said = &finished.stderr;
        assert_eq!(
            (finished.status, finished.stdout.as_str()),
            (status, ""),
            "{shown}: {said}"
        );
        let begins = format!("error: {headline}\n --> devrun.yaml:{place}\n");
        assert!(said.starts_with(&begins), "{shown}: {said}");
        assert!(
            said.contains(&format!(" help: {help}\n")),
            "{shown}: {said}"
        );
        assert!(said.len() < 2_000, "{shown}: {said}");
        assert!(!project.directory().join("started").exists(), "{shown}");
        assert_eq!(project.read("devrun.yaml"), text);
    }
}

/// A line for each number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

const TOO_MANY: &str = "there are too many values";
const TOO_DEEP: &str = "mappings and lists are nested too deeply";
const THREE_LEVELS: &str = "settings have three levels: `processes:`, a process, its keys";
const TO_ENV: &str = "long lists of variables go into an env file, such as .env";
const TO_ENV_LINE: &str = "long values go into an env file, such as .env";
const NO_YAML: &str = "this is not YAML";

#[test]
fn bombs_of_aliases() {
    let aliases = "take aliases of aliases out";
    let level = |n: usize| {
        format!(
            "a{n}: &a{n} [{}]\n",
            format!("*a{},", n.max(1) - 1).repeat(10)
        )
    };
    let laughs = format!("a0: &a0 [lol]\n{}", lines(10, |n| level(n + 1)));
    refused(&laughs, (TOO_MANY, "5:34", aliases));
    let doubled = |n: usize| format!("a{}: &a{} {{x: *a{n}, y: *a{n}}}\n", n + 1, n + 1);
    let quadratic = format!("a0: &a0 {{}}\n{}", lines(60, doubled));
    refused(&quadratic, (TOO_MANY, "13:15", aliases));
    let endless = "take it out";
    let within = "an alias stands within what it is an alias of";
    refused("env: &e {A: *e}\n", (within, "1:13", endless));
}

#[test]
fn a_hundred_thousand_open_brackets() {
    for bracket in ["[", "{", "- ", "? ", "a: {", "!!seq ["] {
        let long = "a line of a settings file has at most 16 KiB";
        refused(&bracket.repeat(100_000), (long, "1:1", TO_ENV_LINE));
    }
    refused(&"[\n".repeat(100_000), (TOO_DEEP, "33:1", THREE_LEVELS));
    refused(&"{a:\n".repeat(100_000), (TOO_DEEP, "33:1", THREE_LEVELS));
    refused(&"[".repeat(10_000), (TOO_DEEP, "1:33", THREE_LEVELS));
}

#[test]
fn levels_and_levels_of_indentation() {
    let nested = |n: usize| format!("{}a:\n", " ".repeat(n));
    refused(&lines(1_000, nested), (TOO_DEEP, "33:33", THREE_LEVELS));
    refused(&"- ".repeat(8_000), (TOO_DEEP, "1:65", THREE_LEVELS));
}

#[test]
fn a_hundred_thousand_keys() {
    let large = "a settings file has at most 1 MiB";
    refused(
        &lines(100_000, |n| format!("k{n}: 1\n")),
        (TOO_MANY, "12500:9", TO_ENV),
    );
    refused(
        &lines(100_000, |n| format!("key{n}: a\n")),
        (large, "1:1", TO_ENV_LINE),
    );
    let anchors = lines(30_000, |n| format!("k{n}: &a{n} x\n"));
    refused(&anchors, (TOO_MANY, "12500:17", TO_ENV));
    let keys = "? [a, b]\n: c\n".repeat(10_000);
    refused(&keys, (TOO_MANY, "12500:3", TO_ENV));
    let wrong = lines(4_000, |n| format!("k{n}: 1\n"));
    let project = Project::with_procfile("web: true\n").file("devrun.yaml", wrong);
    let checked = bounds::run(&project, &["check"]);
    assert!(checked.stderr.contains("and 3900 further problems\n"));
    assert!(checked.stderr.ends_with("\n100 problems\n"));
}

#[test]
fn duplicate_and_unknown_keys() {
    let twice = "take one of them out";
    refused(
        "port: 1\nport: 2\n",
        ("`port` is given twice", "1:1", twice),
    );
    let process = "processes:\n  web: {tty: never}\n  web: {tty: auto}\n";
    refused(process, ("`web` is given twice", "2:3", twice));
    let unknown = "an app has no key `prot`";
    refused("prot: 1\n", (unknown, "1:1", "did you mean `port`?"));
}

#[test]
fn what_goes_around_in_circles() {
    let checked = |settings: &str| {
        let project =
            Project::with_procfile("web: touch started\napi: true\n").file("devrun.yaml", settings);
        bounds::run(&project, &["check"])
    };
    let after = |a: &str, b: &str| {
        format!("processes:\n  web: {{depends_on: [{a}]}}\n  api: {{depends_on: [{b}]}}\n")
    };
    let circle = checked(&after("api", "web"));
    assert_eq!(
        circle.stderr,
        "error: `depends_on` has no beginning: api → web → api\n --> devrun.yaml:3:22\n3 |   api: {depends_on: \
         [web]}\n  |                      ^^^\n --> devrun.yaml:2:22\n2 |   web: {depends_on: [api]}\n  |                      \
         ^^^\n help: take one of them out of its \
         `depends_on`\n1 problem\n"
    );
    assert_eq!(checked(&after("web", "api")).status, 1);
    // A use is a value as well: that is known before anybody runs.
    let uses = checked("uses: {A_URL: web, B_URL: api}\n");
    assert_eq!((uses.status, uses.stderr.as_str()), (0, ""));
}

#[test]
fn apps_that_use_each_other_without_end() {
    let project = Project::with_procfile("web: touch started\n")
        .file("devrun.yaml", "uses: {N_URL: ../n0}\n");
    for n in 0..70 {
        let next = project.sibling(&format!("n{n}"));
        next.write("Procfile", "web: true\n");
        next.write("devrun.yaml", format!("uses: {{N_URL: ../n{}}}\n", n + 1));
    }
    let started = bounds::run(&project, &["start"]);
    assert_eq!((started.status, started.stdout.as_str()), (2, ""));
    let expected = "more than 64 apps use each other";
    assert!(started.stderr.contains(expected), "{}", started.stderr);
    assert!(!project.directory().join("started").exists());
}

#[test]
fn tags_documents_and_directives() {
    let tags = "settings have no tags";
    let out = "take it out: a value is what stands here, and no other file is read for it";
    refused("name: !include /etc/passwd\n", (tags, "1:16", out));
    refused(
        "name: !<tag:yaml.org,2002:python/object> x\n",
        (tags, "1:42", out),
    );
    let documents = "take one of them out, with the `---` between them";
    let several = "a settings file is one document";
    refused("port: 0\n---\nport: 1\n", (several, "3:1", documents));
    refused(
        "%YAML 9.9\n---\nport: 0\n",
        (NO_YAML, "1:1", "take this line out"),
    );
    let blanks = "indent with blanks: a tab does not count as one";
    refused("env:\n\tA: 1\n", (NO_YAML, "2:2", blanks));
    let quotes = "put a value that begins with `*` in quotes";
    refused("name: *shop\n", (NO_YAML, "1:7", quotes));
    let name = "a name is made of letters, digits, `_` and `-`";
    // A scalar that is encoded is a text like any other.
    refused(
        "name: !!binary Li4vYQ==\n",
        ("`name` cannot be `../a`", "1:16", name),
    );
}

#[test]
fn a_merged_mapping_is_one_that_was_written_out() {
    let project = Project::with_procfile("web: echo [$A]\napi: echo [$A]\n").file(
        "devrun.yaml",
        "processes:\n  web: &web\n    env: {A: merged}\n  api:\n    <<: *web\n",
    );
    let started = project.run(&["start", "-p", "0"]);
    assert_eq!(started.status, 0, "{}", started.stderr);
    assert_eq!(
        started.stdout.matches("| [merged]\n").count(),
        2,
        "{}",
        started.stdout
    );
}

#[test]
fn huge_scalars_and_numbers() {
    let port = format!("port: {}\n", "9".repeat(10_000));
    let headline = format!("`port` cannot be `{}…`", "9".repeat(40));
    let project = Project::with_procfile("web: true\n").file("devrun.yaml", port);
    let checked = bounds::run(&project, &["check"]);
    assert!(
        checked
            .stderr
            .starts_with(&format!("error: {headline}\n --> devrun.yaml:1:7\n"))
    );
    for number in [
        "1e999999999",
        ".inf",
        ".nan",
        "0x7fffffffffffffffffff",
        "1_000",
        "86401",
    ] {
        let project = Project::with_procfile("web: true\n")
            .file("devrun.yaml", format!("timeout: {number}\n"));
        let checked = bounds::run(&project, &["check"]);
        let expected = format!("error: `timeout` cannot be `{number}`\n --> devrun.yaml:1:10\n");
        assert!(checked.stderr.starts_with(&expected), "{}", checked.stderr);
    }
    let name = format!(
        "name: |\n{}",
        format!("  {}\n", "x".repeat(1_000)).repeat(900)
    );
    let headline = format!("`name` cannot be `{}…`", "x".repeat(40));
    let letters = "a name is made of letters, digits, `_` and `-`";
    refused(&name, (&headline, "2:3", letters));
}

/// Every place that a name of the user's is shown in.
#[test]
fn escapes_are_shown_as_such() {
    for settings in [
        "name: \"\\e]52;c;aGk=\\a\\u202e\\u009b\"\n",
        "\"\\e[2J\": 1\n",
        "port: \"\\u202e\"\n",
        "processes: {\"\\e[2J\": {}}\n",
        "processes: {web: {depends_on: [\"\\u009b2J\"]}}\n",
        "processes: {web: {cwd: \"\\e[2J\"}}\n",
        "formation: {\"\\e[2J\": 1}\n",
        "apps: [\"\\e]0;x\\a\"]\n",
        "uses: {\"\\e[2J\": ../nowhere}\n",
        "uses: {A: \"../\\e[2J\"}\n",
        "uses: {A: {app: ., process: \"\\u202e\"}}\n",
        "procfile: \"\\e[2J\"\n",
        "name: !\u{202e}x y\n",
        "name: *\u{202e}x\n",
        "name: \u{1b}[2J\n",
        "# \u{9b}2J\nname: [\n",
    ] {
        let project = Project::with_procfile("web: true\n").file("devrun.yaml", settings);
        for arguments in [&["check"][..], &["check", "--json"], &["start"]] {
            let finished = bounds::run(&project, arguments);
            let said = finished.stdout + &finished.stderr;
            assert_ne!(finished.status, 0, "{settings}: {said}");
            let acts =
                |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
            assert!(!said.contains(acts), "{settings}: {said:?}");
        }
    }
}
