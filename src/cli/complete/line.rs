//! Splits a command line of bash into words, without carrying out anything that stands there.

/// The words behind the first one, which is devrun. The last is what the cursor stands at, and may be empty.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut chars = line.trim_start().chars();
    while let Some(c) = chars.next() {
        let word = words.last_mut().expect("there is always one");
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.push(c),
            (Some(_), '\\') => match chars.next() {
                Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                Some(c) => word.extend(['\\', c]),
                None => {}
            },
            (None, '\\') => word.extend(chars.next()),
            (None, '"' | '\'') => quote = Some(c),
            (None, c) if c.is_whitespace() => {
                // Of several blanks only the first ends a word.
                chars = chars.as_str().trim_start().chars();
                words.push(String::new());
            }
            (Some(_) | None, c) => word.push(c),
        }
    }
    words.remove(0);
    if words.is_empty() {
        words.push(String::new());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_as_the_shell_would() {
        let check = |line: &str, expected: &[&str]| assert_eq!(words(line), expected, "{line}");
        check("devrun", &[""]);
        check("devrun ", &[""]);
        check(" devrun sta", &["sta"]);
        check("devrun  start\tweb ", &["start", "web", ""]);
        check(r"devrun -d my\ app x", &["-d", "my app", "x"]);
        check("devrun -d 'my app' x", &["-d", "my app", "x"]);
        check(r#"devrun -d "my \"app\\"/x"#, &["-d", r#"my "app\/x"#]);
        check("devrun -d \"my a", &["-d", "my a"]);
        check("devrun --set 'A=\\$(x)' w", &["--set", "A=\\$(x)", "w"]);
        check("devrun --root=a", &["--root=a"]);
        check("devrun x\\", &["x"]);
        check("devrun $(rm -r x", &["$(rm", "-r", "x"]);
    }
}
