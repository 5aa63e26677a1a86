//! Makes the pages of the definitions, and the list of them; `DEVRUN_UPDATE` writes both.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli::args::Args;

const MANUAL: &str = "devrun manual";
/// Of the release; it changes with the version.
const DATE: &str = "2026-11-21";
const APOSTROPHE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

const DESCRIPTION: [&str; 3] = [
    "devrun runs the processes that a Procfile names, one per line: it gives each a free PORT, \
     starts and restarts them, puts the URL of each into the environment of the others, and shows \
     all their output in one stream. When it ends, however it ends, nothing that it started is \
     left.",
    "The app that is meant is the one whose Procfile is nearest: in the current directory or \
     above it, up to the root of the repository. -d and -f name another one.",
    "In devrun.yaml may stand what is behind a variable (another app, a process of the Procfile, \
     a URL), and the settings of processes; `devrun schema` prints its JSON Schema.",
];

const STATUSES: [(&str, &str); 8] = [
    (
        "0",
        "Done, ended well, or stopped on request (Ctrl-C, SIGTERM, a reader that went away) with \
         nothing failed before.",
    ),
    ("n", "The status of the first process that failed for good."),
    (
        "128 + n",
        "The first process that failed for good was ended by signal n.",
    ),
    (
        "1",
        "What was asked is not so (`check` has found something, `wait` waited for one that has \
         failed), the output was lost (the disk is full), or the guardian was.",
    ),
    ("2", "Wrong usage or files: nothing was started."),
    ("3", "Nothing is running here."),
    (
        "124",
        "The --timeout of `wait`, `restart` or `stop` is over. What was asked goes on.",
    ),
    ("125", "`devrun run` itself has failed, not its command."),
];

const FILES: [(&str, &str); 6] = [
    (
        "Procfile.dev, Procfile",
        "The processes of the app: `name: command`, one per line. The first one that is there counts.",
    ),
    (
        "devrun.yaml, devrun.local.yaml",
        "Settings that everybody shares, and one's own over them.",
    ),
    (
        ".env, .env.local",
        "The environment of all processes: `NAME=value`, one per line; the second is laid over \
         the first.",
    ),
    (
        ".foreman",
        "Options of `devrun start`: `port: 3000`, one per line.",
    ),
    (
        "$XDG_RUNTIME_DIR/devrun",
        "What runs: locks, and a socket for each session. Else /run/user/UID/devrun, else \
         devrun-UID in the directory for temporary files.",
    ),
    (
        "$XDG_STATE_HOME/devrun",
        "What outlives a session: the ports that an app had. Else ~/.local/state/devrun, on macOS \
         ~/Library/Application Support/devrun.",
    ),
];

const ENVIRONMENT: [(&str, &str); 4] = [
    (
        "NO_COLOR",
        "Not empty: no colours, unless `--color` says so.",
    ),
    (
        "CLICOLOR_FORCE, FORCE_COLOR",
        "Colours also where the output is no terminal.",
    ),
    (
        "TERM, COLORTERM",
        "What the terminal can show; `dumb`: text alone.",
    ),
    (
        "LC_ALL, LC_CTYPE, LANG",
        "Without UTF-8, devrun's own lines keep to ASCII.",
    ),
];

/// By file name.
fn written() -> Vec<(String, String)> {
    let mut devrun = Args::command().disable_help_subcommand(true);
    devrun.build();
    let shown = devrun
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let of_command = |command: &Command| {
        let page = page(command.clone(), |roff| add_rest_of_command(command, roff));
        (command.get_name().to_string(), page)
    };
    let mut pages: Vec<(String, String)> = shown.map(of_command).collect();
    pages.sort();
    let whole = page(devrun.clone(), |roff| add_rest_of_devrun(&devrun, roff));
    pages.insert(0, ("devrun".into(), whole));
    pages
}

/// What the definitions have, then the `rest`.
fn page(mut command: Command, rest: impl FnOnce(&mut Roff)) -> String {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_string();
    let name = command.get_bin_name().unwrap_or("devrun").to_string();
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    let arguments = usage.strip_prefix(&name).unwrap_or_default();
    roff.text([bold(&name), roman(arguments)]);
    if name == "devrun" {
        add_description(&mut roff);
        add_commands(&command, &mut roff);
    }
    let title = format!(
        ".TH {} 1 {DATE} devrun \"{MANUAL}\"\n",
        name.replace(' ', "-")
    );
    let man = clap_mangen::Man::new(command);
    let mut page = Vec::new();
    man.render_name_section(&mut page).unwrap();
    page.extend(roff.render().into_bytes());
    man.render_options_section(&mut page).unwrap();
    let mut roff = Roff::new();
    rest(&mut roff);
    page.extend(roff.render().into_bytes());
    // Each part defines what an apostrophe is.
    let page = String::from_utf8(page).unwrap().replace(APOSTROPHE, "");
    in_ascii(&format!("{APOSTROPHE}{title}{page}"))
}

/// Whatever a terminal's man expects, it reads this.
fn in_ascii(page: &str) -> String {
    let mut ascii = String::new();
    for c in page.chars() {
        match c {
            c if c.is_ascii() => ascii.push(c),
            c => ascii.push_str(&format!("\\[u{:04X}]", u32::from(c))),
        }
    }
    ascii
}

fn add_description(roff: &mut Roff) {
    roff.control("SH", ["DESCRIPTION"]);
    for (place, paragraph) in DESCRIPTION.iter().enumerate() {
        if place > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(*paragraph)]);
    }
}

fn add_commands(devrun: &Command, roff: &mut Roff) {
    roff.control("SH", ["COMMANDS"]);
    for command in devrun
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        let about = command.get_about().map(ToString::to_string);
        let name = format!("devrun-{}", command.get_name());
        roff.control("TP", []);
        roff.text([bold(name), roman("(1)")]);
        roff.text([roman(about.unwrap_or_default())]);
    }
}

fn add_rest_of_devrun(devrun: &Command, roff: &mut Roff) {
    add_list("EXIT STATUS", &STATUSES, bold, roff);
    add_list("FILES", &FILES, italic, roff);
    add_list("ENVIRONMENT", &ENVIRONMENT, bold, roff);
    add_examples(devrun, roff);
    roff.control("SH", ["SEE ALSO"]);
    let names = devrun
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let names = names.map(|command| format!("devrun-{}", command.get_name()));
    add_references(&names.collect::<Vec<_>>(), roff);
}

fn add_rest_of_command(command: &Command, roff: &mut Roff) {
    add_examples(command, roff);
    roff.control("SH", ["EXIT STATUS"]);
    roff.text([
        roman("As the table in "),
        bold("devrun"),
        roman("(1) has it."),
    ]);
    roff.control("SH", ["SEE ALSO"]);
    add_references(&["devrun".to_string()], roff);
}

fn add_list(heading: &str, items: &[(&str, &str)], font: fn(String) -> Inline, roff: &mut Roff) {
    roff.control("SH", [heading]);
    for (item, text) in items {
        roff.control("TP", []);
        roff.text([font((*item).to_string())]);
        roff.text([roman(*text)]);
    }
}

/// As they stand behind the help: examples, and what else there is.
fn add_examples(command: &Command, roff: &mut Roff) {
    let Some(help) = command.get_after_help().map(ToString::to_string) else {
        return;
    };
    roff.control("SH", ["EXAMPLES"]);
    roff.control("EX", []);
    for line in help.trim_start_matches("Examples:\n").lines() {
        // A line of a page is never empty.
        match line.trim_end() {
            "" => roff.control("sp", []),
            line => roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]),
        };
    }
    roff.control("EE", []);
}

fn add_references(names: &[String], roff: &mut Roff) {
    let mut line = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let is_last = place + 1 == names.len();
        line.extend([bold(name), roman(if is_last { "(1)" } else { "(1), " })]);
    }
    roff.text(line);
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// `devrun.1`, `devrun-start.1`.
fn file_name(command: &str) -> String {
    match command {
        "devrun" => "devrun.1".into(),
        command => format!("devrun-{command}.1"),
    }
}

/// How pages.rs begins.
const LIST: &str = r#"//! The pages of the manual, by command. `just update` writes this list anew.

macro_rules! page {
    ($file:literal) => {
        include_str!(concat!("../../../man/", $file))
    };
}

"#;

/// The text of pages.rs.
fn list(pages: &[(String, String)]) -> String {
    let mut list = format!(
        "{LIST}pub(super) const PAGES: [(&str, &str); {}] = [\n",
        pages.len()
    );
    for (command, _) in pages {
        let file = file_name(command);
        list.push_str(&format!("    (\"{command}\", page!(\"{file}\")),\n"));
    }
    list + "];\n"
}

fn compare(path: &Path, expected: &str) {
    if std::env::var_os("DEVRUN_UPDATE").is_some() {
        fs::write(path, expected).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == expected,
        "`just update` writes {} anew",
        path.display()
    );
}

#[test]
fn every_command_has_a_page_made_of_its_definition() {
    let pages = written();
    for (command, page) in &pages {
        compare(&root().join("man").join(file_name(command)), page);
    }
    compare(&root().join("src/cli/man/pages.rs"), &list(&pages));
    let there = fs::read_dir(root().join("man")).unwrap().count();
    assert_eq!(there, pages.len(), "there are pages of no command");
}
