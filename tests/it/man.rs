//! The pages of the manual, as devrun prints them and as man reads them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Project, is_installed};

fn pages() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn devrun_prints_the_committed_pages() {
    let project = Project::empty();
    for page in pages() {
        let name = page.file_stem().unwrap().to_str().unwrap();
        let arguments = match name.strip_prefix("devrun-") {
            Some(command) => vec!["man", command],
            None => vec!["man"],
        };
        let finished = project.run(&arguments);
        let committed = std::fs::read_to_string(&page).unwrap();
        assert_eq!((finished.status, finished.stdout), (0, committed), "{name}");
    }
}

#[test]
fn a_page_that_there_is_not_is_an_error() {
    let finished = Project::empty().run(&["man", "strat"]);
    assert_eq!(
        (finished.status, finished.stderr.as_str()),
        (
            2,
            "error: no page of the manual for `strat`\n help: did you mean `start`?\n"
        )
    );
}

#[test]
fn whoever_formats_a_page_has_nothing_to_say() {
    let formatters = [
        ("mandoc", &["-Tlint", "-W", "warning"][..]),
        ("groff", &["-man", "-ww", "-z"]),
    ];
    for (program, arguments) in formatters {
        if !is_installed(program) {
            continue;
        }
        for page in pages() {
            let output = Command::new(program).args(arguments).arg(&page).output();
            let output = output.unwrap();
            let said = [output.stdout, output.stderr].concat();
            assert_eq!(String::from_utf8_lossy(&said), "", "{program}");
        }
    }
}
