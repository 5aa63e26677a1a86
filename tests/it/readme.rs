//! What README.md shows and the runner of pages cannot do: a terminal, the two commands, an installation, a job of CI.

use std::ffi::OsString;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::screen::{CTRL_C, Screen};
use crate::support::{Devrun, Project, get};
use crate::wiring::rules::root;

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// The block whose comment names this test.
fn block(test: &str) -> String {
    let readme = readme();
    let comment = format!("<!-- run by: readme::{test} -->\n```");
    let (_, rest) = readme.split_once(&comment).expect("README.md has it");
    let (_, rest) = rest.split_once('\n').unwrap();
    rest.split_once("```").unwrap().0.into()
}

/// Each number is 0, with what stands behind its point.
fn blurred(line: &str) -> String {
    let mut shown = String::new();
    for c in line.trim_end().chars() {
        let is_digit = c.is_ascii_digit();
        let is_in_number = shown.ends_with('0') && (is_digit || c == '.');
        if !is_in_number {
            shown.push(if is_digit { '0' } else { c });
        }
    }
    shown
}

/// The files that a scene of the README has.
fn copy_scene(scene: &str, project: &Project) {
    let scene = root().join("tests/docs/scenes").join(scene);
    for file in scene.read_dir().unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, project.directory().join(path.file_name().unwrap())).unwrap();
    }
}

/// With devrun and the two programs of the example in it.
fn path() -> OsString {
    let built = Path::new(env!("CARGO_BIN_EXE_devrun")).parent().unwrap();
    let mut programs: Vec<PathBuf> = vec![built.into(), built.join("examples")];
    programs.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    std::env::join_paths(programs).unwrap()
}

/// The repository's example, as it stands there.
fn example() -> Project {
    let project = Project::empty();
    for file in [
        "Procfile.example",
        "examples/web.rs",
        "examples/api.rs",
        "examples/http/mod.rs",
    ] {
        project.write(file, std::fs::read(root().join(file)).unwrap());
    }
    project
}

/// devrun with these arguments for the example, on free ports.
fn run_example(project: &Project, arguments: &str) -> Command {
    let mut command = project.command(arguments.split(' '));
    command.args(["-p", "0"]);
    // The toolchain is in the home of whoever runs the tests, where it is rustup's.
    let home = std::env::var_os("HOME").unwrap_or_default();
    let rustup = std::env::var_os("RUSTUP_HOME");
    let rustup = rustup.unwrap_or_else(|| Path::new(&home).join(".rustup").into());
    command.env("RUSTUP_HOME", rustup);
    command
}

#[test]
fn the_screen_is_what_a_terminal_shows() {
    let block = block("the_screen_is_what_a_terminal_shows");
    let mut lines = block.lines();
    let command = lines.next().unwrap().strip_prefix("$ devrun ").unwrap();
    let project = example();
    let plain = format!("{command} --color never");
    let mut screen = Screen::run(&project, run_example(&project, &plain), 80);
    screen.wait_for("Ctrl-C: stop");
    let text = screen.text();
    let (_, url) = text.split_once("web.1  ready    ").unwrap();
    get(url.lines().next().unwrap().trim());
    screen.wait_for("web.1  | GET / ");
    screen.type_(CTRL_C);
    assert_eq!(screen.wait(), 0);
    let seen: Vec<String> = screen.text().lines().map(blurred).collect();
    for line in lines {
        let is_there = seen.contains(&blurred(line));
        assert!(is_there && line.len() <= 80, "{line}\nis not in {seen:#?}");
    }
}

#[test]
fn what_fails_is_given_up_with_its_last_words() {
    let block = block("what_fails_is_given_up_with_its_last_words");
    let project = Project::empty();
    copy_scene("readme-failing/shop", &project);
    let mut command = project.command(["start", "--color", "never", "-p", "0"]);
    command.env("PATH", path());
    let mut screen = Screen::run(&project, command, 80);
    screen.wait_for("r worker + Enter");
    screen.type_(CTRL_C);
    assert_eq!(screen.wait(), 127);
    let text = screen.text();
    let mut seen = text.lines().map(blurred);
    // As /bin/sh puts it, which differs.
    let is_said = |line: &&str| *line != "…" && !line.contains("/bin/sh");
    for line in block.lines().skip(1).filter(is_said).map(blurred) {
        let at_once = line.replace("at once", "after 0 s");
        let is_there = seen.any(|it| it == line || it == at_once);
        assert!(is_there, "{line}\nis not at its place in\n{text}");
    }
}

#[test]
fn the_example_runs_by_the_readmes_first_command() {
    let line = block("the_example_runs_by_the_readmes_first_command");
    let (cargo, arguments) = line.trim_end().split_once(" -- ").unwrap();
    assert_eq!(cargo, "cargo run");
    let project = example();
    let mut devrun = Devrun::spawn(run_example(&project, arguments));
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
    assert_eq!(block("the_readme_has_the_test_command"), "cargo test\n");
    assert!(Command::new("cargo").arg("--version").output().is_ok());
}

/// As it stands there, into another directory, and without what takes long.
#[ignore = "compiles all of it again: .ci/run asks for it"]
#[test]
fn cargo_installs_it() {
    let project = Project::empty();
    let line = block("cargo_installs_it");
    let program = Path::new(env!("CARGO_BIN_EXE_devrun"));
    let installed = Command::new("cargo")
        .current_dir(root())
        .args(line.split_whitespace().skip(1))
        .args(["--debug", "--target-dir"])
        .arg(program.ancestors().nth(2).unwrap())
        .arg("--root")
        .arg(project.directory())
        .status();
    assert!(installed.unwrap().success());
    let devrun = project.directory().join("bin/devrun");
    let version = Command::new(devrun).arg("--version").output().unwrap();
    assert!(version.stdout.starts_with(b"devrun "), "{version:?}");
}

#[test]
fn the_steps_of_the_job_work() {
    let project = Project::empty();
    copy_scene("readme-books/books", &project);
    let block = block("the_steps_of_the_job_work");
    let steps: Vec<&str> = block.lines().skip(1).map(str::trim).collect();
    assert_eq!(steps[0], "- uses: actions/checkout@v4");
    for step in &steps[1..] {
        let mut shell = Command::new("sh");
        project.prepare(&mut shell);
        shell
            .args(["-ec", step.strip_prefix("- run: ").unwrap()])
            .env("PORT", "0")
            .env("PATH", path());
        let mut shell = project.spawn(shell);
        assert_eq!(shell.wait(), 0, "{step}\n{}", shell.stderr.text());
    }
}

#[test]
fn the_commands_page_has_every_flag_of_start() {
    let page = std::fs::read_to_string(root().join("docs/commands.md")).unwrap();
    let help = Project::empty().run(&["start", "--help"]).stdout;
    let (flags, _) = help.split_once("Examples:").unwrap();
    let flags = flags
        .split_whitespace()
        .filter(|word| word.starts_with("--"));
    for flag in flags.filter(|flag| *flag != "--help") {
        assert!(page.contains(&format!("`{flag}")), "{flag}");
    }
}

#[test]
fn the_commands_page_has_every_command() {
    let page = std::fs::read_to_string(root().join("docs/commands.md")).unwrap();
    let help = Project::empty().run(&["--help"]).stdout;
    let commands = help.lines().filter_map(|line| {
        let name = line.strip_prefix("  ")?.split_once("  ")?.0;
        let is_command = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase());
        is_command.then_some(name)
    });
    let commands: Vec<&str> = commands.collect();
    assert!(commands.contains(&"start"), "{help}");
    for command in commands {
        assert!(page.contains(&format!("`devrun {command}")), "{command}");
    }
}
