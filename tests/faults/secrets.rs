//! What a child is given of us, and who may see its secrets: nobody but itself.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::left::{left, wait_until_nobody_is_left};
use crate::support::{Devrun, Project, helper, wait_until};

/// In the project's env file, and in no other place that a user wrote.
const TOKENS: [&str; 5] = ["s3cr3t-a", "s3cr3t-b", "s3cr3t-c", "s3cr3t-d", "s3cr3t-e"];
const ENV: &str = "API_TOKEN=s3cr3t-a\nSMTP_URL=smtp://ann:s3cr3t-b@mail.test/\nCARD=s3cr3t-c\n\
    PEM='s3cr3t-d\ns3cr3t-e\nLONG=s3cr3t-a";

fn is_told(text: impl AsRef<[u8]>) -> bool {
    let text = text.as_ref();
    let is_in = |token: &&str| text.windows(token.len()).any(|it| it == token.as_bytes());
    TOKENS.iter().any(is_in)
}

/// All files and directories below, links not followed.
fn below(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if fs::symlink_metadata(&path).unwrap().is_dir() {
            found.extend(below(&path));
        }
        found.push(path);
    }
    found
}

/// The directories where devrun writes.
fn places(project: &Project) -> impl Iterator<Item = PathBuf> {
    let root = project.directory().parent().unwrap().to_path_buf();
    ["run", "state", "home", "tmp"]
        .into_iter()
        .map(move |name| root.join(name))
}

/// Everything that devrun itself has made is closed to others, whatever the umask.
fn is_closed_to_others(project: &Project) {
    let made = places(project).flat_map(|place| below(&place));
    let mut kinds = BTreeSet::new();
    for path in made {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let kind = metadata.file_type();
        if kind.is_symlink() {
            continue;
        }
        let (name, expected) = match () {
            () if kind.is_dir() => ("directory", 0o700),
            () if kind.is_socket() => ("socket", 0o600),
            () => ("file", 0o600),
        };
        assert_eq!(metadata.mode() & 0o7777, expected, "{}", path.display());
        kinds.insert(name);
    }
    assert_eq!(kinds, BTreeSet::from(["directory", "file", "socket"]));
}

/// `devrun start` by a shell that did this before.
fn start_after(project: &Project, before: &str, arguments: &[&str]) -> Devrun {
    let mut command = Command::new("sh");
    project.prepare(&mut command);
    let tmp = project.directory().with_file_name("tmp");
    fs::create_dir_all(&tmp).unwrap();
    command
        .arg("-c")
        .arg(format!("{before}\nexec \"$0\" \"$@\""));
    command.args([env!("CARGO_BIN_EXE_devrun"), "start", "-p", "0"]);
    command.args(arguments).env("TMPDIR", tmp);
    project.spawn(command)
}

fn read(pid: i32, file: &str) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/{file}")).unwrap()
}

/// The pids of all processes of the session that are devrun's own.
fn ours(project: &Project) -> Vec<i32> {
    let pids = left(project).into_iter();
    let pids = pids.map(|line| line.split(' ').next().unwrap().parse().unwrap());
    let is_ours = |pid: &i32| {
        let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap();
        program == Path::new(env!("CARGO_BIN_EXE_devrun"))
    };
    pids.filter(is_ours).collect()
}

#[test]
fn a_secret_is_in_no_file_no_argument_and_no_message() {
    let project = Project::with_procfile("worker: echo up; exec sleep 1000\n").file(".env", ENV);
    let huge = format!("HUGE_TOKEN=s3cr3t-a{}\n", "x".repeat(140_000));
    for (arguments, up) in [(&["--tty", "always"][..], "| up"), (&["--json"], "\"up\"")] {
        let mut devrun = start_after(&project, "umask 000; export API_TOKEN=s3cr3t-b", arguments);
        devrun.wait_for(up);
        for command in [
            &["check"][..],
            &["ps"],
            &["ps", "--json"],
            &["uses"],
            &["uses", "--json"],
            &["url", "worker"],
            &["logs"],
            &["logs", "--json"],
            &["run", "/nonexistent/program"],
            &["wait", "wroker"],
        ] {
            let seen = project.run(command);
            assert!(
                !is_told(&seen.stdout) && !is_told(&seen.stderr),
                "{command:?}: {seen:?}"
            );
        }
        let own = ours(&project);
        assert!(own.len() >= 2, "manager and guardian: {own:?}");
        for line in left(&project) {
            assert!(!is_told(&line), "{line}");
        }
        for file in places(&project).flat_map(|place| below(&place)) {
            let is_file = fs::symlink_metadata(&file).unwrap().is_file();
            assert!(
                !is_file || !is_told(fs::read(&file).unwrap()),
                "{}",
                file.display()
            );
        }
        is_closed_to_others(&project);
        devrun.interrupt();
        assert!(!is_told(devrun.stdout.bytes()) && !is_told(devrun.stderr.bytes()));
    }
    // Too long for any program: the system says so, and devrun not of what.
    project.write(".env", huge);
    let refused = project.run(&["start", "-p", "0", "--restart", "never"]);
    assert_ne!(refused.status, 0);
    assert!(
        !is_told(&refused.stdout) && !is_told(&refused.stderr),
        "{refused:?}"
    );
    wait_until_nobody_is_left(&project);
}

#[test]
fn what_a_process_says_of_its_secret_is_closed_to_others() {
    let project =
        Project::with_procfile("web: echo $API_TOKEN; exec sleep 1000\n").file(".env", ENV);
    let mut devrun = start_after(&project, "umask 000", &[]);
    devrun.wait_for("| s3cr3t-a");
    devrun.interrupt();
    let files = places(&project).flat_map(|place| below(&place));
    let files = files.filter(|file| fs::symlink_metadata(file).unwrap().is_file());
    let told: Vec<PathBuf> = files
        .filter(|file| is_told(fs::read(file).unwrap()))
        .collect();
    assert!(!told.is_empty(), "its output is stored");
    for file in told {
        assert_eq!(
            fs::metadata(&file).unwrap().mode() & 0o777,
            0o600,
            "{}",
            file.display()
        );
        let logs = project.directory().with_file_name("state/devrun/logs");
        assert!(file.starts_with(&logs), "{}", file.display());
        assert_eq!(fs::metadata(&logs).unwrap().mode() & 0o777, 0o700);
    }
}

/// What `/proc/PID/status` has of these masks, as bits.
fn mask(pid: i32, name: &str) -> u64 {
    let status = String::from_utf8(read(pid, "status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    let bits = u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap();
    // 32 and 33 are the C library's own: nobody can change them, and posix_spawn(3) of this test leaves them ignored.
    bits & !(0b11 << 31)
}

fn variables(pid: i32) -> BTreeSet<String> {
    let environment = String::from_utf8(read(pid, "environ")).unwrap();
    let variables = environment.split('\0').filter(|it| !it.is_empty());
    variables
        .map(|it| it.split('=').next().unwrap().to_string())
        .collect()
}

fn descriptors(pid: i32) -> Vec<(i32, PathBuf)> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    // One that is closed meanwhile is none.
    let descriptors = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let number = entry.file_name().to_str()?.parse().ok()?;
        Some((number, fs::read_link(entry.path()).ok()?))
    });
    let mut descriptors: Vec<_> = descriptors.collect();
    descriptors.sort();
    descriptors
}

#[test]
fn a_process_has_three_descriptors_no_signal_habits_and_the_documented_variables() {
    let project = Project::with_procfile("web: echo \"pid $$.\"; kill -STOP $$\n");
    let blocked = helper("with-signals-blocked");
    // Descriptors of the caller's that are not closed on exec, signals that are ignored, others held back.
    let before = format!(
        "trap '' USR2 PIPE CHLD TTOU; exec 3<Procfile 7<Procfile 9>>unwanted; set -- \"$0\" \"$@\"; set -- {blocked} \"$@\"; \
         program=$1; shift; exec \"$program\" \"$@\""
    );
    for tty in ["never", "always"] {
        let mut devrun = start_after(&project, &before, &["--tty", tty]);
        let pid: i32 = devrun
            .value_after("| pid ")
            .trim_end_matches('.')
            .parse()
            .unwrap();
        let descriptors = descriptors(pid);
        let numbers: Vec<i32> = descriptors.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [0, 1, 2], "{descriptors:?}");
        for mask_of in ["SigBlk", "ShdPnd", "SigIgn"] {
            assert_eq!(mask(pid, mask_of), 0, "{mask_of}");
        }
        // Of ours: PORT and PS are the process's, by DEVRUN_ID its descendants are known.
        let expected = [
            "DEVRUN_ID",
            "HOME",
            "PATH",
            "PORT",
            "PS",
            "PWD",
            "TMPDIR",
            "XDG_RUNTIME_DIR",
            "XDG_STATE_HOME",
        ];
        assert_eq!(variables(pid), expected.map(str::to_string).into(), "{tty}");
        if tty == "always" {
            let terminal = fs::metadata(&descriptors[0].1).unwrap();
            // Others can neither write to it nor read it, a group can write at most: mesg(1).
            assert_eq!(terminal.mode() & 0o057, 0, "{:o}", terminal.mode());
            assert_eq!(terminal.uid(), nix::unistd::geteuid().as_raw());
        }
        assert_eq!(devrun.interrupt(), 0);
        wait_until_nobody_is_left(&project);
    }
}

#[test]
fn a_consumer_is_told_urls_and_nothing_else_of_its_provider() {
    let project = Project::empty()
        .file(
            "api/Procfile",
            format!("web: echo \"pid $$.\"; exec {}\n", helper("listen")),
        )
        .file("api/.env", "API_TOKEN=s3cr3t-a\nPASSWORD=s3cr3t-b\n")
        .file("api/devrun.yaml", "env: { CARD: s3cr3t-c }\n")
        .file("Procfile", "web: echo \"web $$.\"; exec sleep 1000\n")
        .file("devrun.yaml", "uses: { API_URL: ./api }\n");
    let mut devrun = start_after(&project, "", &[]);
    let pid = |devrun: &mut Devrun, before: &str| -> i32 {
        let text = devrun.value_after(before);
        text.trim_end_matches('.').parse().unwrap()
    };
    let api = pid(&mut devrun, "| pid ");
    // Within an execve(2) a process shows none.
    wait_until(|| is_told(read(api, "environ")));
    let web = pid(&mut devrun, "| web ");
    wait_until(|| variables(web).contains("API_URL"));
    let variables = variables(web);
    for not_its in ["API_TOKEN", "PASSWORD", "CARD"] {
        assert!(!variables.contains(not_its), "{variables:?}");
    }
    assert!(!is_told(read(web, "environ")));
    for command in [&["env", "web"][..], &["uses", "--json"]] {
        let seen = project.run(command);
        assert!(
            !is_told(&seen.stdout) && !is_told(&seen.stderr),
            "{command:?}: {seen:?}"
        );
    }
    devrun.interrupt();
}
