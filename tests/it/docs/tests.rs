//! Bad pages, and what is said of them.

use super::page::Fault;
use super::run::faults;

/// What is wrong with a page: its line, and the beginning of what is said.
fn check(page: &str, expected: &[(usize, &str)]) {
    let found = faults(page);
    let is_so = |(fault, (line, what)): (&Fault, &(usize, &str))| {
        fault.line == *line && fault.what.starts_with(what)
    };
    let all = found.len() == expected.len() && found.iter().zip(expected).all(is_so);
    assert!(all, "{found:#?}");
}

#[test]
fn a_block_without_a_comment_is_a_fault() {
    let what = "no comment in the line before says how this block is tested";
    check("text\n\n```sh\nexit 0\n```\n", &[(3, what)]);
    check("<!-- scene: x -->\n\n```sh\nexit 0\n```\n", &[(3, what)]);
}
