//! What the edits do to a text, byte for byte.

use proptest::prelude::*;

use super::*;

/// Sets `API_URL` to `../api`.
fn links(text: &str, expected: &str) {
    sets(text, "../api", expected);
}

fn sets(text: &str, target: &str, expected: &str) {
    let edited =
        with_use(text, "API_URL", target).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    assert_eq!(edited, expected, "from {text:?}");
}

/// Takes `API_URL` out.
fn unlinks(text: &str, expected: &str) {
    let edited = without_use(text, "API_URL").unwrap_or_else(|error| panic!("{text}: {error:?}"));
    assert_eq!(edited.as_deref(), Some(expected), "from {text:?}");
}

/// Linking makes `linked` of `text`, and unlinking `text` again.
fn both_ways(text: &str, linked: &str) {
    links(text, linked);
    unlinks(linked, text);
}

/// Neither edit is possible, for this reason, shown in this line.
fn refuses(text: &str, line: usize, why: &str) {
    let check = |error: CannotEdit| {
        let report = error.report("devrun.yaml", text, "by hand".into());
        assert_eq!(
            (report.places[0].line, report.places[0].label.as_str()),
            (line, why),
            "{text:?}"
        );
    };
    check(with_use(text, "API_URL", "../api").expect_err(text));
    if let Err(error) = without_use(text, "API_URL") {
        check(error);
    }
}

#[test]
fn a_text_without_uses_gets_them_at_its_end() {
    both_ways("", "uses:\n  API_URL: ../api\n");
    both_ways("# mine\n", "# mine\nuses:\n  API_URL: ../api\n");
    both_ways("# mine", "# mine\nuses:\n  API_URL: ../api");
    both_ways("port: 1\n", "port: 1\nuses:\n  API_URL: ../api\n");
    both_ways("port: 1", "port: 1\nuses:\n  API_URL: ../api");
    both_ways(
        "port: 1 # a\tb\n\n# end\n",
        "port: 1 # a\tb\n\n# end\nuses:\n  API_URL: ../api\n",
    );
    both_ways(
        "env:\n    A: 1\n",
        "env:\n    A: 1\nuses:\n    API_URL: ../api\n",
    );
    both_ways("  port: 1\n", "  port: 1\n  uses:\n    API_URL: ../api\n");
    both_ways(
        "text: |\n  a\n\n",
        "text: |\n  a\n\nuses:\n  API_URL: ../api\n",
    );
    both_ways("{ port: 1 }\n", "{ port: 1, uses: { API_URL: ../api } }\n");
    links("{}\n", "{ uses: { API_URL: ../api } }\n");
}

#[test]
fn a_block_gets_a_further_entry_behind_its_last() {
    both_ways(
        "uses:\n  A: x\n  # B: y\n\n# the port\nport: 1\n",
        "uses:\n  A: x\n  API_URL: ../api\n  # B: y\n\n# the port\nport: 1\n",
    );
    both_ways(
        "uses:\n      A: x",
        "uses:\n      A: x\n      API_URL: ../api",
    );
    both_ways(
        "uses:\n  A: { app: ../x,\n    optional: true } # c\nport: 1\n",
        "uses:\n  A: { app: ../x,\n    optional: true } # c\n  API_URL: ../api\nport: 1\n",
    );
    both_ways(
        "uses:\n  A:\n    app: ../x\n    value: >\n      {host}\n\nport: 1\n",
        "uses:\n  A:\n    app: ../x\n    value: >\n      {host}\n  API_URL: ../api\n\nport: 1\n",
    );
    both_ways(
        "uses:\n  A:\nport: 1\n",
        "uses:\n  A:\n  API_URL: ../api\nport: 1\n",
    );
}

#[test]
fn empty_uses_are_filled() {
    links("uses:\nport: 1\n", "uses:\n  API_URL: ../api\nport: 1\n");
    links(
        "uses: # of others\n",
        "uses: # of others\n  API_URL: ../api\n",
    );
    links("uses:", "uses:\n  API_URL: ../api");
    both_ways(
        "uses:\n  # A: x\nport: 1\n",
        "uses:\n  API_URL: ../api\n  # A: x\nport: 1\n",
    );
    links("uses: {} # none\n", "uses: { API_URL: ../api } # none\n");
    links("uses: ~\n", "uses: { API_URL: ../api }\n");
    links("{ uses: }\n", "{ uses: { API_URL: ../api } }\n");
}

#[test]
fn braces_get_a_further_entry() {
    both_ways(
        "uses: { A: x } # c\n",
        "uses: { A: x, API_URL: ../api } # c\n",
    );
    both_ways("uses: {A: x,}\n", "uses: {A: x, API_URL: ../api,}\n");
    both_ways("uses: {A: }\n", "uses: {A:, API_URL: ../api }\n");
    both_ways(
        "uses: {\n  A: x, # one\n  B: y # two\n}\n",
        "uses: {\n  A: x, # one\n  B: y, API_URL: ../api # two\n}\n",
    );
    sets(
        "uses: { A: x }\n",
        "http://h/{a,b}",
        "uses: { A: x, API_URL: \"http://h/{a,b}\" }\n",
    );
}

#[test]
fn of_a_use_that_is_there_only_the_target_changes() {
    links(
        "uses:\n  API_URL: ../old   # mine\n  B: y\n",
        "uses:\n  API_URL: ../api   # mine\n  B: y\n",
    );
    links(
        "uses:\n  \"API_URL\": '../old'\n",
        "uses:\n  \"API_URL\": ../api\n",
    );
    links(
        "uses:\n  API_URL: # none yet\n",
        "uses:\n  API_URL: ../api # none yet\n",
    );
    links(
        "uses: { API_URL, B: y }\n",
        "uses: { API_URL: ../api, B: y }\n",
    );
    links("uses: { API_URL: ../old }\n", "uses: { API_URL: ../api }\n");
    links("uses: { API_URL: ../api }\n", "uses: { API_URL: ../api }\n");
    links(
        "uses:\n  API_URL: ../o\n    ld\n",
        "uses:\n  API_URL: ../api\n",
    );
    links(
        "a: &a ../x\nuses:\n  API_URL: *a\n",
        "a: &a ../x\nuses:\n  API_URL: ../api\n",
    );
    sets(
        "uses:\n  API_URL: x\n",
        "~/code/api",
        "uses:\n  API_URL: \"~/code/api\"\n",
    );
}

#[test]
fn the_other_keys_of_a_long_form_stay() {
    links(
        "uses:\n  API_URL: { app: ../old, optional: true } # c\n",
        "uses:\n  API_URL: { app: ../api, optional: true } # c\n",
    );
    links(
        "uses:\n  API_URL:\n    # whose\n    optional: true\n    url: http://x # c\n",
        "uses:\n  API_URL:\n    # whose\n    optional: true\n    app: ../api # c\n",
    );
    sets(
        "uses:\n  API_URL: { \"app\": ../old, wait: none }\n",
        "http://h/{x}",
        "uses:\n  API_URL: { url: \"http://h/{x}\", wait: none }\n",
    );
    sets(
        "uses:\n  API_URL: { app: x }\n",
        "redis",
        "uses:\n  API_URL: { process: redis }\n",
    );
}

#[test]
fn an_entry_goes_with_its_own_comment_and_no_other() {
    unlinks(
        "uses:\n  # a\n  API_URL: x # b\n  # c\n  B: y\n",
        "uses:\n  # a\n  # c\n  B: y\n",
    );
    unlinks(
        "uses:\n  B: y\n  API_URL:\n    app: x\n    # c\n    wait: none\nport: 1\n",
        "uses:\n  B: y\nport: 1\n",
    );
    unlinks("uses: { API_URL: x, B: y }\n", "uses: { B: y }\n");
    unlinks(
        "uses: {\n  API_URL: x, # a\n  B: y # b\n}\n",
        "uses: {\n  B: y # b\n}\n",
    );
    unlinks(
        "uses: {\n  B: y, # b\n  API_URL: x,\n}\n",
        "uses: {\n  B: y, # b\n  \n}\n",
    );
    unlinks("a: 1\nuses:\n  B: y\n  API_URL: x", "a: 1\nuses:\n  B: y");
}

#[test]
fn uses_that_get_empty_go_unless_comments_stand_below() {
    unlinks(
        "a: 1\nuses: # c\n  API_URL: x\n# of b\nb: 2\n",
        "a: 1\n# of b\nb: 2\n",
    );
    unlinks("uses:\n\n  API_URL: x\n\nb: 2\n", "\nb: 2\n");
    unlinks("uses: { API_URL: x } # c\n", "");
    unlinks("uses:\n  # a\n  API_URL: x\n", "uses:\n  # a\n");
    unlinks("uses:\n  API_URL: x\n  # a\nb: 2\n", "uses:\n  # a\nb: 2\n");
    unlinks("uses: { # a\n  API_URL: x }\n", "uses: { # a\n   }\n");
    // Without the line the comment would become part of the text above.
    unlinks(
        "note: |\n  text\nuses: { API_URL: x }\n  # a\n",
        "note: |\n  text\nuses: {  }\n  # a\n",
    );
    unlinks("{ uses: { API_URL: x }, b: 2 }\n", "{ b: 2 }\n");
    assert_eq!(without_use("uses:\n  A: x\n", "API_URL").unwrap(), None);
    assert_eq!(without_use("", "API_URL").unwrap(), None);
}

#[test]
fn line_ends_marks_and_documents_stay() {
    both_ways(
        "a: 1\r\nb: 2\r\n",
        "a: 1\r\nb: 2\r\nuses:\r\n  API_URL: ../api\r\n",
    );
    both_ways("a: 1\r\nb: 2", "a: 1\r\nb: 2\r\nuses:\r\n  API_URL: ../api");
    both_ways(
        "uses:\r\n  A: x\r\nb: 2\r\n",
        "uses:\r\n  A: x\r\n  API_URL: ../api\r\nb: 2\r\n",
    );
    both_ways("\u{feff}", "\u{feff}uses:\n  API_URL: ../api\n");
    both_ways(
        "\u{feff}uses:\n  Ä: ü\n",
        "\u{feff}uses:\n  Ä: ü\n  API_URL: ../api\n",
    );
    both_ways("---\n# c\n", "---\n# c\nuses:\n  API_URL: ../api\n");
    both_ways(
        "---\na: 1\n...\n",
        "---\na: 1\nuses:\n  API_URL: ../api\n...\n",
    );
    both_ways(
        "%YAML 1.2\n---\na: 1\n",
        "%YAML 1.2\n---\na: 1\nuses:\n  API_URL: ../api\n",
    );
    let many = "# c\n".repeat(500);
    both_ways(
        &format!("a: 1\n{many}b: 2\n"),
        &format!("a: 1\n{many}b: 2\nuses:\n  API_URL: ../api\n"),
    );
}

#[test]
fn what_would_change_more_is_refused() {
    let alias = "an alias: what it stands for is written elsewhere";
    refuses("a: &u\n  A: x\nuses: *u\n", 3, alias);
    refuses(
        "uses: &u\n  A: x\nb: *u\n",
        1,
        "more than this use would change",
    );
    refuses(
        "uses:\n  API_URL: &a x\n  B: *a\n",
        2,
        "more than this use would change",
    );
    refuses("a: 1\n---\nb: 2\n", 2, "a second document begins here");
    refuses(
        "uses: ../api\n",
        1,
        "expected `VARIABLE: what is behind it`",
    );
    refuses(
        "uses:\n  - ../api\n",
        2,
        "expected `VARIABLE: what is behind it`",
    );
    refuses("- a\n", 1, "expected `key: value`");
    refuses("text\n", 1, "expected `key: value`");
    refuses(
        "uses:\n  ? A\n  : x\n",
        2,
        "something stands before it in its line",
    );
    let two = "uses:\n  API_URL: { app: x, url: http://y }\n";
    let error = with_use(two, "API_URL", "../api").unwrap_err();
    assert_eq!(
        error.why,
        "expected one of `app`, `url` and `process` in it"
    );
    let merged = "a: &a\n  API_URL: x\nuses:\n  <<: *a\n  B: y\n";
    let error = without_use(merged, "API_URL").unwrap_err();
    assert_eq!(error.why, "it comes from another place, by an alias");
}

#[test]
fn what_is_no_yaml_is_shown_where_it_is_wrong() {
    for text in [
        "a: [1\nb: 2\n",
        "a: 1\na: 2\n",
        "a: 'x\n",
        "\tb: 1\n",
        "a: b: c\n",
        "é: \"\\q\"\n",
    ] {
        let report =
            with_use(text, "A", "x")
                .expect_err(text)
                .report("devrun.yaml", text, String::new());
        assert!(
            !report.places[0].label.is_empty() && !report.places[0].label.contains('\n'),
            "{report}"
        );
    }
}

#[test]
fn what_is_there_is_listed() {
    let text = "a: 1\nuses:\n  B: x\n  A: { app: ../y }\nprocesses:\n  web: { uses: [A] }\n  job: { uses: [B] }\n";
    assert_eq!(variables(text).unwrap(), ["A", "B"]);
    assert_eq!((line_of(text, "A"), line_of(text, "C")), (Some(4), None));
    assert_eq!(narrowed_to(text, "A"), ["web"]);
}

/// Lines of a settings file that is not always right, with comments and blanks between them.
fn document() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just(""),
        Just("# top"),
        Just("  # inner\t#"),
        Just("port: 5000"),
        Just("env: { A: 1 } # c"),
        Just("processes:\n  web: { uses: [API_URL] }"),
        Just("note: |\n  # no comment\n\n  text"),
        Just("anchored: &a ../x"),
    ];
    let uses = prop_oneof![
        Just(""),
        Just("uses:"),
        Just("uses: {}"),
        Just("uses: # c\n  # d\n  A: x # e\n  'B': { app: *a, optional: true }"),
        Just("uses:\n    API_URL: ../old # f\n    # g\n    B: y"),
        Just("uses: { A: x,\n  B: y, # h\n}"),
        Just("uses:\n  API_URL:\n    # i\n    app: ../old\n    optional: true"),
        Just("uses:\n- A"),
    ];
    let lines = || prop::collection::vec(line.clone(), 0..4);
    let parts = (lines(), uses, lines(), any::<bool>(), any::<bool>());
    parts.prop_map(|(before, uses, after, is_ended, is_crlf)| {
        let lines = before.into_iter().chain([uses]).chain(after);
        let mut text = lines.collect::<Vec<_>>().join("\n");
        text.push_str(if is_ended { "\n" } else { "" });
        if is_crlf {
            text.replace('\n', "\r\n")
        } else {
            text
        }
    })
}

/// Whether all of `lines` stand in `text`, in this order.
fn holds<'a>(text: &'a str, mut lines: impl Iterator<Item = &'a str>) -> bool {
    let mut of_text = text.lines();
    lines.all(|line| of_text.any(|other| other == line))
}

proptest! {
    #[test]
    fn every_other_line_stays_and_unlink_undoes_link(
        text in document(),
        variable in prop_oneof![Just("API_URL"), Just("NEW")],
        target in prop_oneof![Just("../api"), Just("~/a b"), Just("redis://h:1/{x}"), Just("web")],
    ) {
        let Ok(linked) = with_use(&text, variable, target) else { return Ok(()) };
        let (before, after) = (meaning(&text).unwrap(), meaning(&linked).unwrap());
        let without = |mut value: Value| {
            value.get_mut(USES).and_then(Value::as_object_mut).map(|uses| uses.remove(variable));
            normal(value)
        };
        prop_assert_eq!(without(before.clone()), without(after));
        let is_touched = |line: &&str| line.contains(variable) || line.contains("../old") || line.starts_with("uses: {") || line.contains("B: y,");
        prop_assert!(holds(&linked, text.lines().filter(|line| !is_touched(line))));
        let is_new = before[USES].get(variable).is_none();
        let had_uses = before.get(USES).is_some() || !text.contains(USES);
        let unlinked = without_use(&linked, variable).unwrap().expect("it was linked");
        if is_new && (had_uses || !text.lines().any(|line| line.starts_with("uses:"))) {
            prop_assert_eq!(unlinked, text);
        }
    }

    #[test]
    fn any_text_is_edited_or_refused(text in "(?s)([ -~\n]|uses:|\\PC){0,60}") {
        for edited in [with_use(&text, "A", "../a"), without_use(&text, "A").map(Option::unwrap_or_default)] {
            if let Err(error) = edited {
                let report = error.report("devrun.yaml", &text, String::new());
                prop_assert!(report.places[0].line >= 1);
            }
        }
    }
}
