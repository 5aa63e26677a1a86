//! What each process type is called on a network: a name that DNS, URLs and Kubernetes take.

use crate::plan::resolve::Resolved;

/// Longest label of a DNS name, in bytes.
const MAX_LABEL: usize = 63;

/// A process type that is exported, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// The place of its app.
    pub(crate) app: usize,
    /// The place of the type in that app's Procfile.
    pub(crate) entry: usize,
    pub(crate) host: String,
}

/// Every type of which something is to run, in Procfile order. No two names are the same.
pub(crate) fn names(resolved: &Resolved) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    for (slot, is_wanted) in resolved.slots.iter().zip(&resolved.is_wanted) {
        let is_of = |name: &Name| (name.app, name.entry) == (slot.app, slot.entry);
        if !is_wanted || !resolved.is_root(slot.app) || names.iter().any(is_of) {
            continue;
        }
        let process_type = slot.name.process_type.as_str();
        let whole = match &slot.name.app {
            Some(app) => format!("{app}-{process_type}"),
            None => process_type.to_string(),
        };
        // `all` is what they have in common.
        let is_taken = |host: &str| host == "all" || names.iter().any(|name| name.host == host);
        let host = free(&label(&whole), is_taken);
        names.push(Name {
            app: slot.app,
            entry: slot.entry,
            host,
        });
    }
    names
}

/// Lower case letters, digits and `-`, a letter first, no `-` last.
pub(crate) fn label(text: &str) -> String {
    let plain = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() => c,
        _ => '-',
    };
    let plain: String = text.chars().map(plain).collect();
    let plain = plain.trim_matches('-');
    // Of a Service the name begins with a letter.
    let begun = match plain.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => plain.to_string(),
        false => format!("p-{plain}"),
    };
    cut(&begun, MAX_LABEL)
}

fn cut(label: &str, length: usize) -> String {
    let end = label.len().min(length);
    label[..end].trim_end_matches('-').to_string()
}

/// The label, with a number if another type has it: `web-2`.
pub(crate) fn free(label: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = |number: usize| {
        let suffix = format!("-{number}");
        cut(label, MAX_LABEL - suffix.len()) + &suffix
    };
    let mut others = (2..).map(numbered);
    match is_taken(label) {
        false => label.to_string(),
        true => others
            .find(|other| !is_taken(other))
            .expect("there are fewer types than numbers"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_of_dns() {
        let check = |text: &str, expected: &str| assert_eq!(label(text), expected);
        check("web", "web");
        check("My_Worker", "my-worker");
        check("-a-", "a");
        check("2nd", "p-2nd");
        check("_", "p");
        check("a.b/c", "a-b-c");
        check(&"x".repeat(64), &"x".repeat(63));
        check(&format!("{}-y", "x".repeat(62)), &"x".repeat(62));
    }

    #[test]
    fn a_label_that_is_taken_is_numbered() {
        let taken = ["web", "web-2"];
        let check = |label: &str, expected: &str| {
            assert_eq!(free(label, |host| taken.contains(&host)), expected);
        };
        check("api", "api");
        check("web", "web-3");
        let long = "x".repeat(63);
        let host = free(&long, |host| host == long);
        assert_eq!(host, format!("{}-2", "x".repeat(61)));
    }
}
