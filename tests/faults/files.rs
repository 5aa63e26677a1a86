//! Files that are missing, no files, endless, too large or full of what does not belong there: each is named
//! with what is wrong with it, nothing is started, and no file is touched.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bounds;
use crate::left::wait_until_nobody_is_left;
use crate::pipes;
use crate::support::{Devrun, Project, helper};

/// All that devrun reads of an app, each with what is right in it.
pub const FILES: [(&str, &str); 6] = [
    ("Procfile", "web: touch started; echo \"[$A$B$C$D]\"\n"),
    (".env", "A=1\n"),
    (".env.local", "B=2\n"),
    (".foreman", "port: 0\n"),
    ("devrun.yaml", "env: {C: 3}\n"),
    ("devrun.local.yaml", "env: {D: 4}\n"),
];
/// Root can read everything; nobody cannot.
const NOBODY: u32 = 65534;
const MEBIBYTE: usize = 1024 * 1024;

pub fn whole() -> Project {
    let project = Project::empty();
    for (name, text) in FILES {
        project.write(name, text);
    }
    project
}

/// The project with another thing in the place of that file.
pub fn with(name: &str, make: impl Fn(&Path)) -> Project {
    let project = whole();
    let path = project.directory().join(name);
    fs::remove_file(&path).unwrap();
    make(&path);
    project
}

/// Name, length, time of change and inode of each file: what must be as before.
fn files(project: &Project) -> Vec<(PathBuf, u64, i64, u64)> {
    let entries = fs::read_dir(project.directory()).unwrap().flatten();
    let file = |entry: fs::DirEntry| {
        let metadata = entry.path().symlink_metadata().unwrap();
        let changed = metadata.mtime_nsec();
        (entry.path(), metadata.len(), changed, metadata.ino())
    };
    let mut files: Vec<_> = entries.map(file).collect();
    files.sort();
    files
}

/// `check` and `start` say the same, within bounds, and that is all that happens.
fn refused(project: &Project, expected: &str) {
    let before = files(project);
    let checked = bounds::run(project, &["check"]);
    let counted = format!("{expected}\n1 problem\n");
    assert_eq!((checked.status, checked.stderr), (1, counted));
    let started = bounds::run(project, &["start"]);
    assert_eq!(
        (started.status, started.stdout, started.stderr),
        (2, String::new(), format!("{expected}\n"))
    );
    assert_eq!(files(project), before, "nothing is started or touched");
}

/// What is wrong with each of the files in turn.
fn each_refused(make: impl Fn(&Path), why: &str) {
    for (name, _) in FILES {
        let project = with(name, &make);
        refused(
            &project,
            &format!("error: cannot read `{name}`\n caused by: {why}"),
        );
    }
}

/// It starts, and its process has what all files say.
pub fn runs(project: &Project) {
    let started = project.run(&["start"]);
    assert_eq!((started.status, started.stderr.as_str()), (0, ""));
    assert!(started.stdout.contains("| [1234]\n"), "{}", started.stdout);
    wait_until_nobody_is_left(project);
}

#[test]
fn a_directory() {
    each_refused(|path| fs::create_dir(path).unwrap(), "it is a directory");
}

#[test]
fn a_device_that_never_ends() {
    let device = |path: &Path| symlink("/dev/zero", path).unwrap();
    each_refused(device, "it is neither a file nor a pipe");
}

#[test]
fn a_link_to_itself() {
    let link = |path: &Path| symlink(path.file_name().unwrap(), path).unwrap();
    each_refused(link, "Too many levels of symbolic links");
}

#[test]
fn a_socket() {
    // The path of a socket is short on all systems.
    let short = |name: &str| name.len() <= "Procfile".len();
    for (name, _) in FILES.iter().filter(|(name, _)| short(name)) {
        let project = with(name, |path| drop(UnixListener::bind(path).unwrap()));
        let started = bounds::run(&project, &["start"]);
        let expected = format!("error: cannot read `{name}`\n caused by: ");
        assert_eq!(started.status, 2);
        assert!(started.stderr.starts_with(&expected), "{}", started.stderr);
    }
}

#[test]
fn a_hundred_megabytes() {
    let hole = |path: &Path| {
        let file = File::create(path).unwrap();
        file.set_len(100 * MEBIBYTE as u64).unwrap();
    };
    each_refused(hole, "it is larger than 16 MiB");
    let lines = b"A=1\n".repeat(100 * MEBIBYTE / 4);
    let project = with(".env", |path| fs::write(path, &lines).unwrap());
    refused(
        &project,
        "error: cannot read `.env`\n caused by: it is larger than 16 MiB",
    );
}

#[test]
fn two_megabytes_of_lines_stay_within_the_bounds() {
    for (name, line) in [("Procfile", "garbage\n"), (".env", "garbage\n")] {
        let lines = line.repeat(2 * MEBIBYTE / line.len());
        let project = with(name, |path| fs::write(path, &lines).unwrap());
        let checked = bounds::spawn(&project, &["check"]).wait();
        assert_eq!(checked, 1, "{name}");
    }
    let many: String = (0..400_000).map(|n| format!("A{n}=1\n")).collect();
    let project = with(".env", |path| fs::write(path, &many).unwrap());
    refused(
        &project,
        "error: an env file has at most 10000 variables\n --> .env:10001:1\n10001 | A10000=****\n      | ^^^^^^ and \
         here is one more\n help: take out those that nobody reads",
    );
}

/// As a user who may not read it.
fn as_nobody(project: &Project, arguments: &[&str]) -> Devrun {
    let mut command = project.command(arguments);
    if nix::unistd::geteuid().is_root() {
        // The way to the binary may be closed to nobody; this one is not.
        let binary = File::open(env!("CARGO_BIN_EXE_devrun")).unwrap();
        let open = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&binary));
        let mut other = Command::new(open);
        project.prepare(&mut other);
        other.args(arguments).uid(NOBODY).gid(NOBODY);
        // Nobody closes it before the child has it.
        std::mem::forget(binary);
        command = other;
    }
    project.spawn(command)
}

#[test]
fn a_file_that_may_not_be_read() {
    for (name, text) in FILES {
        let project = with(name, |path| {
            fs::write(path, text).unwrap();
            fs::set_permissions(path, PermissionsExt::from_mode(0o000)).unwrap();
        });
        let mut devrun = as_nobody(&project, &["start"]);
        assert_eq!(devrun.wait(), 2, "{name}");
        assert_eq!(
            devrun.stderr.text(),
            format!("error: cannot read `{name}`\n caused by: Permission denied\n")
        );
        assert!(!project.directory().join("started").exists());
    }
}

#[test]
fn what_is_missing_or_empty_says_nothing() {
    for (name, _) in &FILES[1..] {
        for project in [
            with(name, |_| {}),
            with(name, |path| fs::write(path, "").unwrap()),
            // A link to a place that is not there is no file either.
            with(name, |path| symlink("/nowhere/at/all", path).unwrap()),
        ] {
            let checked = project.run(&["check"]);
            assert_eq!((checked.status, checked.stderr.as_str()), (0, ""), "{name}");
        }
    }
    let link = with("Procfile", |path| symlink("/nowhere/at/all", path).unwrap());
    refused(
        &link,
        "error: cannot read `Procfile`\n caused by: No such file or directory",
    );
}

#[test]
fn bytes_that_are_no_text() {
    for (name, text) in FILES {
        let bytes = [text.as_bytes(), b"# \xff\n"].concat();
        let project = with(name, |path| fs::write(path, &bytes).unwrap());
        if name.starts_with(".env") {
            runs(&project);
            continue;
        }
        let expected = format!(
            "error: `{name}` is not UTF-8\n --> {name}:2:3\n2 | # \u{fffd}\n  |   ^ this byte begins no character\n \
             help: save it as UTF-8"
        );
        refused(&project, &expected);
    }
}

#[test]
fn a_byte_order_mark_and_the_line_ends_of_windows_are_fine() {
    let project = whole();
    for (name, text) in FILES {
        let text = text.replace('\n', "\r\n");
        project.write(name, format!("\u{feff}{text}"));
    }
    runs(&project);
}

#[test]
fn a_nul_byte_is_named_where_it_stands() {
    let refused_with = |name: &str, text: &str, expected: &str| {
        refused(&with(name, |path| fs::write(path, text).unwrap()), expected);
    };
    refused_with(
        "Procfile",
        "web: echo \0\n",
        "error: the command of `web` has a NUL byte in it\n --> Procfile:1:11\n1 | web: echo \\x00\n  |           \
         ^^^^ no command can hold one\n help: take it out",
    );
    refused_with(
        "devrun.yaml",
        "env: {C: a\0}\n",
        "error: this is not YAML\n --> devrun.yaml:1:11\n1 | env: {C: a\\x00}\n  |           ^^^^ unexpected \
         character: `\\u{0}'\n help: take this character out",
    );
    refused_with(
        ".foreman",
        "port: 0\0\n",
        "error: `.foreman` is no list of options\n --> .foreman:1:8\n1 | port: 0\\x00\n  |        ^^^^\n caused by: \
         unexpected character: `\\u{0}'\n help: write one `name: value` a line, such as `port: 3000`",
    );
    let project = with(".env", |path| fs::write(path, "A=1\nX=\0\n").unwrap());
    let checked = project.run(&["check"]);
    assert!(checked.stderr.contains(" --> .env:2:1\n2 | X=****\n"));
    runs(&project);
}

#[test]
fn a_line_of_two_megabytes() {
    let long = "x".repeat(2 * MEBIBYTE);
    let project = whole();
    for (name, text) in &FILES[..3] {
        project.write(name, format!("# {long}\n{text}"));
    }
    runs(&project);
    let too_long = |name: &str, before: &str, what: &str| {
        let project = with(name, |path| {
            fs::write(path, format!("{before}{long}\n")).unwrap();
        });
        let expected = format!(
            "error: {what} is too long: 2048 KiB\n caused by: the system takes less than 128 KiB\n help: put it \
             into a file, and give the file's name"
        );
        refused(&project, &expected);
    };
    too_long("Procfile", "web: ", "the command of `web` (Procfile:1)");
    too_long(".env", "A=", "the variable `A` (.env:1)");
    too_long(".env.local", "B=", "the variable `B` (.env.local:1)");
    for name in ["devrun.yaml", "devrun.local.yaml"] {
        let text = format!("env: {{C: {}}}\n", "x".repeat(MEBIBYTE - 100));
        let project = with(name, |path| fs::write(path, &text).unwrap());
        let checked = bounds::run(&project, &["check"]);
        assert_eq!(checked.status, 1);
        let expected = format!(
            "error: a line of a settings file has at most 16 KiB\n --> {name}:1:1\n1 | env: {{C: xxx"
        );
        assert!(checked.stderr.starts_with(&expected), "{}", checked.stderr);
    }
    let project = with(".foreman", |path| {
        fs::write(path, format!("port: {long}\n")).unwrap();
    });
    let checked = bounds::run(&project, &["check"]);
    let expected = "error: a list of options has at most 64 KiB\n --> .foreman:1:1\n";
    assert!(checked.stderr.starts_with(expected), "{}", checked.stderr);
    assert!(checked.stderr.len() < 1000);
}

#[test]
fn a_list_of_options_that_is_none_is_refused_at_once() {
    let many: String = (0..100_000).map(|n| format!("k{n}: 1\n")).collect();
    for (text, expected) in [
        (many, "error: a list of options has at most 64 KiB\n"),
        (
            "[\n".repeat(30_000),
            "error: `.foreman` is no list of options\n",
        ),
        (
            (0..6_000).map(|n| format!("k{n}: 1\n")).collect(),
            "warning: devrun has no option `k0`\n",
        ),
        (
            format!("port: {}\n", "9".repeat(60_000)),
            "error: `9999999999999999999999999999999999999999…` cannot be the value of `port`\n",
        ),
    ] {
        let project = with(".foreman", |path| fs::write(path, &text).unwrap());
        let checked = bounds::run(&project, &["check"]);
        assert_eq!(checked.status, 1);
        assert!(checked.stderr.starts_with(expected), "{}", checked.stderr);
    }
}

#[test]
fn five_thousand_and_one_processes() {
    let types: String = (0..5_001)
        .map(|n| format!("w{n}: touch started\n"))
        .collect();
    let project = with("Procfile", |path| fs::write(path, &types).unwrap());
    refused(
        &project,
        "error: 5001 processes are more than devrun starts at once: 5000",
    );
}

/// The other commands read the same files.
#[test]
fn every_command_names_what_it_cannot_read() {
    let cannot =
        |name: &str| format!("error: cannot read `{name}`\n caused by: it is a directory\n");
    let asked = |project: &Project, arguments: &[&str], status: i32, expected: &str| {
        let finished = bounds::run(project, arguments);
        assert_eq!(
            (
                finished.status,
                finished.stdout.as_str(),
                finished.stderr.as_str()
            ),
            (status, "", expected),
            "{arguments:?}"
        );
    };
    for (name, _) in FILES {
        let project = with(name, |path| fs::create_dir(path).unwrap());
        let before = files(&project);
        for command in [
            "env web",
            "env",
            "uses",
            "url web",
            "run -p web true",
            "run --up true",
        ] {
            let arguments: Vec<&str> = command.split(' ').collect();
            let status = if command.starts_with("run") { 125 } else { 2 };
            asked(&project, &arguments, status, &cannot(name));
        }
        let offered = bounds::run(&project, &["complete", "bash", "--", "devrun start "]);
        assert_eq!((offered.status, offered.stderr.as_str()), (0, ""));
        assert_eq!(files(&project), before);
    }
    let project = with("devrun.yaml", |path| fs::create_dir(path).unwrap());
    project.sibling("api").write("Procfile", "web: true\n");
    let linked = bounds::run(&project, &["link", "../api"]);
    assert_eq!((linked.status, linked.stderr), (2, cannot("devrun.yaml")));
    // What runs is asked of its session; where nothing does, that is what is said.
    for command in ["ps", "stop", "restart", "wait", "logs"] {
        let finished = bounds::run(&project, &[command]);
        assert_eq!(finished.status, 3, "{command}: {}", finished.stderr);
    }
}

#[test]
fn the_files_of_an_app_that_is_used_are_read_with_the_same_care() {
    for declared in ["uses: {API_URL: ../api}\n", "apps: [../api]\n"] {
        for (name, _) in FILES.iter().filter(|(name, _)| *name != ".foreman") {
            let project = whole();
            project.write("devrun.yaml", declared);
            let api = project.sibling("api");
            for (name, text) in FILES {
                api.write(name, text);
            }
            let path = api.directory().join(name);
            fs::remove_file(&path).unwrap();
            symlink("/dev/zero", &path).unwrap();
            let before = files(&project);
            let started = bounds::run(&project, &["start"]);
            let expected = format!("api/{name}`\n caused by: it is neither a file nor a pipe\n");
            assert_eq!((started.status, started.stdout.as_str()), (2, ""));
            assert!(started.stderr.ends_with(&expected), "{}", started.stderr);
            assert_eq!(files(&project), before);
        }
    }
}

#[test]
fn a_glob_that_finds_too_much_is_refused() {
    let check = |project: &Project, glob: &str, cause: &str| {
        let settings = format!("apps: [\"{glob}\"]\n");
        project.write("devrun.yaml", &settings);
        let marks = "^".repeat(glob.len() + 2);
        let expected = format!(
            "error: `{glob}` finds too much\n --> devrun.yaml:1:8\n1 | {settings}  |        {marks}\n caused by: \
             {cause}\n help: name the directories in which the apps are, such as `apps/*`"
        );
        refused(project, &expected);
    };
    let project = whole();
    let everywhere = "`**` stands for all directories there, however deep";
    for glob in ["/**", "/**/nowhere", "../../**/nowhere"] {
        check(&project, glob, everywhere);
        let offered = bounds::run(&project, &["complete", "bash", "--", "devrun start "]);
        assert_eq!((offered.status, offered.stderr.as_str()), (0, ""));
    }
    for n in 0..2_001 {
        project.write(&format!("{n}"), "");
    }
    check(&project, "*", "there are more than 2000 files");
}

/// What runs goes on with what it was started with, and says why.
#[test]
fn files_that_break_while_a_session_runs_harm_nobody() {
    type Breaking = fn(&Path);
    let ways: [(&str, Breaking); 5] = [
        (".env.local", pipes::make),
        ("devrun.yaml", |path| fs::create_dir(path).unwrap()),
        ("Procfile", |path| symlink("/dev/zero", path).unwrap()),
        (".env", |path| symlink(".env", path).unwrap()),
        ("devrun.local.yaml", |path| {
            fs::write(path, "[\n".repeat(1_000)).unwrap()
        }),
    ];
    for (name, breaking) in ways {
        let project = whole();
        let listen = helper("listen");
        let procfile = format!("web: echo \"[$A$B$C$D]\"; exec {listen}\n");
        project.write("Procfile", procfile);
        let mut devrun = project.start();
        devrun.wait_for("| [1234]");
        let path = project.directory().join(name);
        fs::remove_file(&path).unwrap();
        breaking(&path);
        let mut restarted = project.spawn(project.command(["restart", "web"]));
        devrun.wait_for("| [1234]");
        assert_eq!(restarted.wait(), 0, "{name}: {}", restarted.stderr.text());
        let said = devrun.stdout.text();
        let holds = "; what the files said before still holds\n";
        assert!(
            said.contains(name) && said.contains(holds),
            "{name}: {said}"
        );
        assert_eq!(devrun.interrupt(), 0);
        wait_until_nobody_is_left(&project);
    }
}
