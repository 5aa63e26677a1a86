//! The commands of README.md, as they stand there, with `-p 0` added.

use std::net::TcpStream;
use std::process::Command;

use crate::support::{Devrun, Project, get};

fn readme() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_example_runs_by_the_readmes_first_command() {
    let line = readme();
    let line = line
        .lines()
        .find(|line| line.starts_with("cargo run "))
        .expect("README.md has it");
    let (cargo, arguments) = line.split_once(" -- ").unwrap();
    assert!(cargo.starts_with("cargo run"));
    // As it stands, but for what it compiles, which is not to appear in the repository that is tested.
    let project = Project::empty();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in [
        "Procfile.example",
        "examples/web.rs",
        "examples/api.rs",
        "examples/http/mod.rs",
    ] {
        project.write(file, std::fs::read(root.join(file)).unwrap());
    }
    let mut command = project.command(arguments.split(' '));
    command.args(["-p", "0"]);
    // The toolchain is in the home of whoever runs the tests, where it is rustup's.
    let home = std::env::var_os("HOME").unwrap_or_default();
    let rustup = std::env::var_os("RUSTUP_HOME");
    let rustup = rustup.unwrap_or_else(|| std::path::Path::new(&home).join(".rustup").into());
    command.env("RUSTUP_HOME", rustup);
    let mut devrun = Devrun::spawn(command);
    let url = devrun.value_after("  web.1  ready    ");
    // Browsers open connections that they may never use.
    let idle = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let page = get(&url);
    assert!(
        page.contains("An app exports its service by binding to a port."),
        "{page}"
    );
    assert!(page.contains("\"visits\": 1"), "{page}");
    let again = get(&url);
    assert!(again.contains("\"visits\": 2"), "{again}");
    drop(idle);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn the_readme_has_the_test_command() {
    assert!(readme().lines().any(|line| line == "cargo test"));
    assert!(Command::new("cargo").arg("--version").output().is_ok());
}

#[test]
fn the_readme_has_every_flag_of_start() {
    let help = Project::empty().run(&["start", "--help"]).stdout;
    let (flags, _) = help.split_once("Examples:").unwrap();
    let flags = flags
        .split_whitespace()
        .filter(|word| word.starts_with("--"));
    for flag in flags.filter(|flag| *flag != "--help") {
        assert!(readme().contains(&format!("`{flag}")), "{flag}");
    }
}
