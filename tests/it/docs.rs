//! Runs every code block of README.md and of the pages under docs. CONTRIBUTING.md says how a page tells what is to be
//! done with each.

mod compare;
mod options;
mod page;
mod run;
mod scene;
mod session;
mod tests;
mod transcript;

use std::collections::BTreeSet;
use std::fs;

use page::Fault;

use crate::wiring::rules::root;

fn run(path: &str) {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let faults = run::faults(&text);
    let shown = |Fault { line, what }: &Fault| format!("{path}:{line}: {what}\n");
    let shown: String = faults.iter().map(shown).collect();
    assert!(shown.is_empty(), "\n{shown}");
}

/// A test for each page.
macro_rules! pages {
    ($($name:ident: $path:literal,)*) => {
        $(
            #[test]
            fn $name() {
                run($path);
            }
        )*

        const PAGES: &[&str] = &[$($path),*];
    };
}

pages! {
    readme: "README.md",
    commands: "docs/commands.md",
    control: "docs/control.md",
    env: "docs/env.md",
    events: "docs/events.md",
    exit_statuses: "docs/exit-statuses.md",
    export: "docs/export.md",
    faults: "docs/faults.md",
    init: "docs/init.md",
    json: "docs/json.md",
    logs: "docs/logs.md",
    procfile: "docs/procfile.md",
    ps: "docs/ps.md",
    settings: "docs/settings.md",
    wait: "docs/wait.md",
    watch: "docs/watch.md",
    wiring: "docs/wiring.md",
}

#[test]
fn every_page_is_run() {
    let files = fs::read_dir(root().join("docs")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let pages = names.filter(|name| name.ends_with(".md"));
    let pages = pages.map(|name| format!("docs/{name}"));
    let pages: BTreeSet<String> = pages.chain(["README.md".into()]).collect();
    let run = PAGES.iter().map(ToString::to_string);
    assert_eq!(run.collect::<BTreeSet<String>>(), pages);
}
