//! Bad pages, and what is said of them.

use super::compare::{are_like, blurred};
use super::page::Fault;
use super::run::faults;

/// What is wrong with a page: the line of each fault, and a part of what is said.
#[track_caller]
fn check(page: &str, expected: &[(usize, &str)]) {
    let found = faults(page);
    let is_so = |(fault, (line, what)): (&Fault, &(usize, &str))| {
        fault.line == *line && fault.what.contains(what)
    };
    let all = found.len() == expected.len() && found.iter().zip(expected).all(is_so);
    assert!(all, "{found:#?}");
}

const UNTOLD: &str = "no comment in the line before says how this block is tested";

#[test]
fn a_block_without_a_comment_is_a_fault_wherever_it_stands() {
    check("text\n\n```sh\nexit 0\n```\n", &[(3, UNTOLD)]);
    check("```\nno language\n```\n", &[(1, UNTOLD)]);
    check("- a list:\n  ```sh\n  exit 0\n  ```\n", &[(2, UNTOLD)]);
    // A comment elsewhere is that of nothing.
    check("<!-- scene: x -->\n\n```sh\nexit 0\n```\n", &[(3, UNTOLD)]);
    check(
        "<!-- every: json; scene: x -->\n```sh\nexit 0\n```\n",
        &[(2, UNTOLD)],
    );
}

#[test]
fn a_comment_that_means_nothing_is_a_fault() {
    let block = "```sh\nexit 0\n```\n";
    let says = |comment: &str, line, what| {
        check(&format!("<!-- {comment} -->\n{block}"), &[(line, what)]);
    };
    check("<!-- of the page itself -->\n\ntext\n", &[]);
    says("scenes: shop", 2, "`scenes` means nothing here");
    says("shop", 2, "`shop` is not `key: value`");
    says("scene: shop; status: bad", 2, "`bad` is no such number");
    says("status: 1", 2, "neither a scene, a schema nor a test");
    says(
        "run by: init::nobody_does_this",
        2,
        "no test `init::nobody_does_this`",
    );
    check(
        "<!-- scene: x -->\n```sh\nexit 0\n",
        &[(2, "it has no end")],
    );
}

#[test]
fn what_a_command_says_is_to_be_on_the_page() {
    let says = |transcript: &str, line, what| {
        let page = format!("<!-- scene: bare -->\n```console\n{transcript}```\n");
        check(&page, &[(line, what)]);
    };
    says("$ echo a; echo b\na\nB\n", 3, "  a\n- B\n+ b\n");
    says(
        "$ echo a\na\n$ echo b\n",
        5,
        "`echo b`\n(- the page, + what came; numbers are blurred)\n+ b\n",
    );
    says("$ echo a\na\nb\n", 3, "- b\n");
    says(
        "a\n$ echo a\n",
        2,
        "`a` stands before the first `$ command`",
    );
    says(
        "$ echo '{\"b\":1,\"a\":[1]}'\n{\"a\":[],\"b\":2}\n",
        3,
        " \"a\": [",
    );
    says("$ exit 3\n$ true\n", 3, "status 3 in place of 0");
    says("$ exit 3\n$ echo $?\n4\n", 4, "- 4\n+ 3\n");
}

#[test]
fn what_a_command_says_is_held_against_the_page() {
    let good = "<!-- scene: bare; status: 3 -->\n```console\n\
        $ echo the pid 4711 came at 10:04:11 after 0.3 s\nthe pid 1 came at 09:00:00 after 2 m 11 s\n\
        $ for word in a b c; do echo $word; done\n…\nc\n\
        $ X=1; cd /; echo '{\"b\":1,\"a\":[1,2,3]}'\n{\"a\":[…,4],\"b\":2}\n\
        $ echo \"$X $PWD\"; exit 3\n1 /\n```\n\
        <!-- scene: bare; command: echo \"$X of the same shell\" -->\n```text\n1 of the same shell\n```\n";
    check(good, &[]);
}

#[test]
fn a_file_that_devrun_reads_is_to_please_it() {
    let block = |options: &str, language: &str, text: &str| {
        format!("<!-- scene: bare{options} -->\n```{language}\n{text}\n```\n")
    };
    check(&block("", "Procfile", "web: sleep 1"), &[]);
    check(
        &block("", "Procfile", "web sleep 1"),
        &[(2, "expected `:` after the name")],
    );
    let refused = "; status: 1; expect: \"has no `:` after its name; no\"";
    check(
        &block(refused, "Procfile", "web sleep 1"),
        &[(2, "is not in\n")],
    );
    let refused = "; status: 1; expect: expected `:` after the name";
    check(&block(refused, "Procfile", "web sleep 1"), &[]);
    let both = |yaml: &str| block("", "Procfile", "web: a") + &block("", "yaml", yaml);
    check(&both("port: 3000"), &[]);
    check(&both("prt: 3000"), &[(6, "an app has no key `prt`")]);
    check(
        &block("", "toml", "a = 1"),
        &[(2, "its comment names no `file:`")],
    );
}

#[test]
fn a_session_says_what_the_page_shows_until_ctrl_c() {
    let page = |first: &str, last: &str| {
        format!(
            "<!-- scene: bare -->\n```Procfile\nweb: echo up; exec sleep 1000\n```\n\
             <!-- scene: bare -->\n```console\n$ devrun start\n…\n{first}\n^C\n…\n{last}\n```\n"
        )
    };
    let done = "10:04:11 system | done. up 3 s. Read again: devrun logs";
    check(&page("10:04:11 web.1 | up", done), &[]);
    check(&page("10:04:11 web.1 | up", "bye"), &[(7, "- bye\n")]);
    let ends = page("10:04:11 web.1 | up", done).replace("exec sleep 1000", "exit 0");
    let ends = ends.replace("web.1 | up", "web.1 | down");
    check(&ends, &[(7, "- 00:00 web.1 | down\n")]);
}

#[test]
fn what_follows_a_fault_in_its_scene_is_left_out() {
    let block = |scene: &str| format!("<!-- scene: {scene} -->\n```sh\nexit 4\n```\n");
    let page = [block("one"), block("one"), block("two")].concat();
    check(&page, &[(2, "status 4 in place of 0"), (10, "status 4")]);
}

#[test]
fn only_what_differs_by_time_and_machine_is_blurred() {
    let check = |page: &str, came: &str, expected: bool| {
        assert_eq!(
            are_like(&blurred(page), &blurred(came)),
            expected,
            "{page} {came}"
        );
    };
    check("10:04:11 web.1  | a", "23:59:59.123 web.1 | a", true);
    check("PORT=5000 (pid 7)", "PORT=43123 (pid 90123)", true);
    check("web.1", "web.2", false);
    check("Procfile:3", "Procfile:4", false);
    check("restart 1 in 0.5 s", "restart 2 in 0.5 s", false);
    check("all up in 1 m 3 s", "all up at once", true);
    check("2 processes", "3 processes", false);
    check("/home/ann/src/shop", "~/src/shop", true);
    check("s-41200-3c1f2a.sock", "s-7-ffffff1.sock", true);
    check("a … b", "a c d b", true);
    check("a\n…", "a", true);
    check("…\na\n…\nb", "x\na\nb", true);
    check("…\na\n…\nb", "x\nb\na", false);
    check("a", "a\nb", false);
    check("{\"a\":1.5,\"b\":[…]}", "{\"b\":[1,2],\"a\":7}", true);
    check("{\"a\":1}", "{\"a\":null}", false);
}
