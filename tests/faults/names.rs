//! Names are never paths, and nothing that devrun quotes acts on a terminal: whoever wrote it, and wherever it
//! is shown.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use crate::left::wait_until_nobody_is_left;
use crate::support::{Devrun, PATIENCE, Project};

/// What no name may be. NUL cannot stand in an argument.
const BAD: [&str; 14] = [
    "../x",
    "/etc",
    ".",
    "..",
    "a/b/c",
    "~",
    "a b",
    "a\nb",
    "$(touch started)",
    "\u{1b}[2J",
    "\u{1b}]52;c;aGk=\u{7}",
    "\u{9b}31m",
    "\u{202e}x",
    "x\u{2066}",
];
/// What acts on a terminal, in one text.
const ESCAPES: &str = "\u{1b}]52;c;aGk=\u{7}\u{1b}[2J\u{9b}31m\u{202e}";

fn acts(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && c != '\n')
}

fn is_harmless(what: &str, text: &str) {
    assert!(!text.contains(acts), "{what}: {text:?}");
}

/// devrun with these arguments, whose answer acts on no terminal.
fn run(project: &Project, arguments: &[&str]) -> (i32, String) {
    let finished = project.run(arguments);
    let said = finished.stdout + &finished.stderr;
    is_harmless(&format!("{arguments:?}"), &said);
    (finished.status, said)
}

/// A session of one process that waits, and writes nothing.
fn running() -> (Project, Devrun) {
    let project = Project::with_procfile("web: exec sleep 1000\n");
    project.sibling("x").write("secret", "a secret\n");
    let mut devrun = project.start();
    devrun.see("web.1 started");
    (project, devrun)
}

#[test]
fn a_line_of_a_procfile_has_no_other_name() {
    // What stands in two lines is two lines.
    let in_one_line = BAD.into_iter().filter(|bad| !bad.contains('\n'));
    for bad in in_one_line.chain(["a\0b", ""]) {
        let project = Project::with_procfile(&format!("{bad}: touch started\n"));
        let (status, said) = run(&project, &["start"]);
        assert_eq!(status, 2, "{bad:?}");
        let begins = "error: not a `name: command` line\n --> Procfile:";
        assert!(said.starts_with(begins), "{bad:?}: {said}");
        let names = project.directory().read_dir().unwrap().flatten();
        let names: Vec<_> = names.map(|entry| entry.file_name()).collect();
        assert_eq!(names, ["Procfile"], "{bad:?}");
    }
}

/// Each command that takes a name: without a session it says so first, where it needs one.
#[test]
fn no_argument_is_taken_for_a_path() {
    let commands: [(&[&str], &[&str]); 13] = [
        (&["start"], &[]),
        (&["start", "--without"], &[]),
        (&["restart"], &[]),
        (&["stop"], &[]),
        (&["wait"], &[]),
        (&["ps"], &[]),
        (&["logs"], &[]),
        (&["attach"], &[]),
        (&["open", "--print"], &[]),
        (&["url"], &[]),
        (&["env"], &[]),
        (&["run", "-p"], &["true"]),
        (&["run", "--as"], &["true"]),
    ];
    let (project, mut devrun) = running();
    let alone = Project::with_procfile("web: touch started\n");
    for bad in BAD {
        for (before, behind) in commands {
            let arguments = [before, &[bad], behind].concat();
            for project in [&project, &alone] {
                // A directory is what `start` may be given: it starts the app that is there.
                if before == ["start"] && project.directory().join(bad).is_dir() {
                    continue;
                }
                let (status, said) = run(project, &arguments);
                assert!(
                    [1, 2, 3, 125].contains(&status),
                    "{arguments:?}: {status}: {said}"
                );
                assert!(said.contains("error: "), "{arguments:?}: {said}");
                assert!(!said.contains("secret"), "{arguments:?}: {said}");
            }
        }
    }
    assert!(!alone.directory().join("started").exists());
    assert_eq!(devrun.interrupt(), 0);
    is_harmless("the session", &devrun.stdout.text());
    wait_until_nobody_is_left(&project);
}

fn socket(project: &Project) -> PathBuf {
    let directory = project.sibling("run/devrun").directory();
    let entries = directory.read_dir().unwrap().flatten();
    let mut paths = entries.map(|entry| entry.path());
    let is_ours = |path: &PathBuf| UnixStream::connect(path).is_ok();
    paths.find(is_ours).expect("the session listens")
}

/// The first line of the answer, and the rest.
fn ask(socket: &PathBuf, method: &str, path: &str) -> (String, String) {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // Who sent nonsense may be cut off.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).replace('\r', "");
    let (head, rest) = answer.split_once('\n').unwrap_or((&answer, ""));
    (head.to_string(), rest.to_string())
}

#[test]
fn no_part_of_a_request_is_taken_for_a_path() {
    let (project, mut devrun) = running();
    let socket = socket(&project);
    let shown: serde_json::Value =
        serde_json::from_str(&project.run(&["ps", "--json"]).stdout).unwrap();
    let key = shown["apps"][0]["key"].as_str().unwrap();
    let known = format!("/v1/apps/{key}");
    assert_eq!(ask(&socket, "GET", &known).0, "HTTP/1.1 200 OK");
    for bad in [
        "..",
        "../../x",
        "%2e%2e%2fx",
        "%00",
        "%1b[2J",
        "\u{1b}[2J",
        "a%0d%0aX:%20y",
        "",
    ] {
        for (method, path) in [
            ("GET", format!("/v1/apps/{bad}")),
            ("GET", format!("/v1/apps/{bad}/follow")),
            ("POST", format!("/v1/apps/{bad}/stop")),
            ("GET", format!("/v1/apps/{key}/processes/{bad}/env")),
            ("POST", format!("/v1/apps/{key}/processes/{bad}/replace")),
            ("GET", format!("/v1/apps/{key}/../../{bad}")),
            ("GET", format!("/{bad}/v1/apps")),
        ] {
            let (head, rest) = ask(&socket, method, &path);
            let status = head.strip_prefix("HTTP/1.1 4");
            assert!(status.is_some() || head.is_empty(), "{path:?}: {head}");
            is_harmless(&path, &rest);
            assert!(!rest.contains("secret"), "{path:?}: {rest}");
        }
    }
    assert_eq!(ask(&socket, "GET", &known).0, "HTTP/1.1 200 OK");
    assert_eq!(devrun.interrupt(), 0);
    wait_until_nobody_is_left(&project);
}

/// An app is called by its directory, whatever that is called.
#[test]
fn a_directory_of_any_name_is_an_app() {
    for name in [ESCAPES, "..x", "a b\nc", "-rf", "é'\"$(touch x)`"] {
        let project = Project::called(name).file("Procfile", "web: echo up; exec sleep 1000\n");
        let mut devrun = project.start();
        devrun.wait_for("web.1  | up");
        for arguments in [
            &["ps"][..],
            &["ps", "--all"],
            &["ps", "--json"],
            &["uses"],
            &["uses", "--json"],
            &["env", "web", "--explain"],
            &["check", "--json"],
            &["logs"],
            &["logs", "--json"],
            &["url"],
            &["start"],
        ] {
            let (status, said) = run(&project, arguments);
            let expected = if arguments == ["start"] { 2 } else { 0 };
            // Nothing listens: there is no URL yet.
            if arguments != ["url"] {
                assert_eq!(status, expected, "{arguments:?}: {said}");
            }
        }
        assert_eq!(run(&project, &["stop"]).0, 0, "{name:?}");
        assert_eq!(devrun.wait(), 0);
        is_harmless(name, &devrun.stdout.text());
        for arguments in [&["ps"][..], &["logs", "nobody"], &["stop"]] {
            run(&project, arguments);
        }
        wait_until_nobody_is_left(&project);
    }
}

/// What is said of a process that failed has its command, its last words and its variables in it.
#[test]
fn nothing_that_is_quoted_acts() {
    let settings = "env: {E: \"\\e[2J\\u202e\"}\nuses: {\"U\\e[2J\": \"x://a\\u009b31m\"}\n";
    let procfile = format!("web: echo '{ESCAPES}'; exit 3\n");
    let project = Project::with_procfile(&procfile)
        .file(
            ".env",
            format!("A{ESCAPES}=1\nB={ESCAPES}\nnot {ESCAPES}\n"),
        )
        .file("devrun.yaml", settings);
    let mut devrun = project.start_with(&["--restart", "never"]);
    assert_eq!(devrun.wait(), 3);
    let said = devrun.stdout.text();
    // What a process writes goes into a pipe as it is.
    assert!(said.contains(&format!("web.1  | {ESCAPES}\n")), "{said}");
    for line in said.lines().filter(|line| !line.contains("web.1  |")) {
        is_harmless("start", line);
    }
    assert!(said.contains("U\\x1b[2J=x://a\\x9b31m"), "{said}");
    is_harmless("stderr", &devrun.stderr.text());
    for arguments in [
        &["check"][..],
        &["check", "--json"],
        &["uses"],
        &["uses", "--json"],
        &["env", "web", "--explain"],
        &["env", "web", "--format", "json"],
        &["logs", "system"],
        &["logs", "--json"],
        &["start", "-e", ESCAPES],
        &["start", "-f", ESCAPES],
        &["start", "-d", ESCAPES],
        &["start", "-m", ESCAPES],
        &["run", ESCAPES],
    ] {
        run(&project, arguments);
    }
    let events = project.run(&["start", "-p", "0", "--restart", "never", "--json"]);
    assert_eq!(events.status, 3);
    is_harmless("start --json", &events.stdout);
    let lines: Vec<serde_json::Value> = events
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        lines.iter().any(|event| event["line"] == ESCAPES),
        "{lines:?}"
    );
    wait_until_nobody_is_left(&project);
}

/// A Tab puts words on the line as they are: what a shell would take for more than a name is not offered.
#[test]
fn what_a_shell_would_run_is_not_offered() {
    let uses = "uses: {\"$(touch x)\": \"x://a\", \"A\\e[2J\": \"x://a\", \"B C\": \"x://a\", GOOD_URL: \"x://a\"}\n";
    let project =
        Project::with_procfile(&format!("web: echo {ESCAPES}\n")).file("devrun.yaml", uses);
    for shell in ["bash", "zsh", "fish"] {
        let words: &[&str] = match shell {
            "bash" => &["devrun url "],
            _ => &["url", ""],
        };
        let arguments = [&["complete", shell, "--"], words].concat();
        let offered = project.run(&arguments).stdout.replace('\t', " ");
        is_harmless(shell, &offered);
        let words: Vec<&str> = offered.lines().skip(3).collect();
        let words: Vec<_> = words
            .iter()
            .map(|word| word.split(' ').next().unwrap())
            .collect();
        assert_eq!(words, ["web", "GOOD_URL"], "{offered}");
    }
}
