//! What is read, what is refused, and how that is said.

use super::*;

#[test]
fn scratch() {
    for text in std::fs::read_to_string("/tmp/sx/docs.txt")
        .unwrap()
        .split("=====\n")
    {
        println!("-----\n{text}");
        let parsed = parse("devrun.yaml", text);
        for report in &parsed.errors {
            println!("{report}\n");
        }
        if parsed.errors.is_empty() {
            println!("{:#?}", parsed.value);
        }
    }
}
