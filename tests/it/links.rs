//! The links of the pages that people read: each leads to a file of this repository, and to a heading that it has.

use std::fs;

use crate::wiring::rules::root;

fn pages() -> Vec<String> {
    let top = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "benches/README.md",
    ];
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let docs = docs.map(|file| format!("docs/{}", file.unwrap().file_name().to_str().unwrap()));
    let docs = docs.filter(|name| name.ends_with(".md"));
    top.map(String::from).into_iter().chain(docs).collect()
}

/// Without what stands in code blocks.
fn prose(page: &str) -> String {
    let parts = page.split("\n```").step_by(2);
    parts.collect::<Vec<_>>().join("\n")
}

/// Where `[text](target)` leads, but for other sites.
fn links(prose: &str) -> impl Iterator<Item = &str> {
    let targets = prose
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://"))
}

/// A heading as GitHub names it in a link.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn leads_somewhere(page: &str, link: &str) -> bool {
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let beside = root().join(page);
    let target = match path {
        "" => beside,
        _ => beside.parent().unwrap().join(path),
    };
    if heading.is_empty() {
        return target.exists();
    }
    let text = fs::read_to_string(target).unwrap_or_default();
    let headings = prose(&text);
    let mut headings = headings.lines().filter(|line| line.starts_with('#'));
    headings.any(|line| anchor(line) == heading)
}

#[test]
fn every_link_leads_to_a_file_or_a_heading() {
    let mut lost = Vec::new();
    for page in pages() {
        let text = prose(&fs::read_to_string(root().join(&page)).unwrap());
        let dead = links(&text).filter(|link| !leads_somewhere(&page, link));
        lost.extend(dead.map(|link| format!("{page}: {link}")));
    }
    assert!(lost.is_empty(), "{lost:#?}");
}
