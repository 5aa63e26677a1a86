//! Other users of the machine: what they find closed, what they cannot put in our way, and whose word counts. Only
//! root can become another user; who is not says what is left out.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::stat::Mode;
use nix::unistd::{geteuid, mkfifo};

use crate::copy::copy_program;
use crate::left::wait_until_nobody_is_left;
use crate::support::{Devrun, Project, helper};

pub const UP: &str = "web: echo up; exec sleep 1000\n";

/// Another user. `None`: only root can become one.
fn somebody() -> Option<u32> {
    // Nobody's on this machine, and no other test's that runs now.
    let uid = 20_000 + std::process::id() % 20_000;
    let can = geteuid().is_root() && Command::new("true").uid(uid).status().is_ok();
    if !can {
        println!("not root: what another user does is left out");
    }
    can.then_some(uid)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// Beside the project's directory.
pub fn beside(project: &Project, name: &str) -> PathBuf {
    project.directory().with_file_name(name)
}

/// A directory for temporary files, as `/tmp` is.
fn make_temporary(project: &Project) -> PathBuf {
    let path = beside(project, "tmp");
    fs::create_dir(&path).unwrap();
    set_mode(&path, 0o1777);
    path
}

/// devrun where there is no XDG_RUNTIME_DIR. `None`: this user has a /run/user, which comes before it.
fn without_runtime_directory(project: &Project, arguments: &[&str]) -> Option<Command> {
    let usual = format!("/run/user/{}", geteuid());
    if Path::new(&usual).exists() {
        println!("there is {usual}: what is in the temporary directory is left out");
        return None;
    }
    let mut command = project.command(arguments);
    command
        .env_remove("XDG_RUNTIME_DIR")
        .env("TMPDIR", beside(project, "tmp"));
    Some(command)
}

/// What it is called in the temporary directory.
fn own_name() -> String {
    format!("devrun-{}", geteuid())
}

pub fn up(project: &Project, command: Command) -> Devrun {
    let mut devrun = project.spawn(command);
    devrun.wait_for("| up");
    devrun
}

/// Copies of programs where every user can run them.
fn for_all(project: &Project, program: &Path) -> PathBuf {
    let copy = beside(project, program.file_name().unwrap().to_str().unwrap());
    copy_program(program, &copy);
    set_mode(&copy, 0o755);
    copy
}

fn devrun_for_all(project: &Project) -> PathBuf {
    for_all(project, Path::new(env!("CARGO_BIN_EXE_devrun")))
}

/// What that user hears when he asks the session at that socket for its apps.
fn asked_by(project: &Project, uid: u32, socket: &Path) -> String {
    let program = helper("");
    let program = for_all(project, Path::new(program.trim()));
    let mut command = Command::new(program);
    command.arg("ask").arg(socket).uid(uid).gid(uid);
    let output = command.output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

pub fn files(directory: &Path, begin: &str, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(begin) && name.ends_with(end)
    };
    paths.filter(is_one).collect()
}

pub fn socket_in(directory: &Path) -> PathBuf {
    files(directory, "s-", ".sock")
        .pop()
        .expect("a session listens")
}

/// Each place where the control socket may be, as it is made and as it was left open by somebody.
#[test]
fn the_directory_is_closed_wherever_it_is() {
    for before in [None, Some(0o777), Some(0o1777), Some(0o755)] {
        let project = Project::with_procfile(UP);
        make_temporary(&project);
        let named = project.command(["start", "-p", "0"]);
        let unnamed = without_runtime_directory(&project, &["start", "-p", "0"]);
        let places = [
            (Some(named), beside(&project, "run/devrun")),
            (unnamed, beside(&project, "tmp").join(own_name())),
        ];
        for (command, directory) in places {
            let Some(command) = command else { continue };
            if let Some(open) = before {
                fs::create_dir(&directory).unwrap();
                set_mode(&directory, open);
            }
            let mut devrun = up(&project, command);
            assert_eq!(mode(&directory), 0o700, "{before:?}");
            assert_eq!(mode(&socket_in(&directory)), 0o600);
            assert_eq!(devrun.interrupt(), 0);
        }
    }
}

#[test]
fn a_login_s_own_directory_is_used_and_closed() {
    let Some(uid) = somebody() else { return };
    let login = PathBuf::from(format!("/run/user/{uid}"));
    if fs::create_dir(&login).is_err() {
        println!("no /run/user: left out");
        return;
    }
    chown(&login, Some(uid), Some(uid)).unwrap();
    let project = Project::with_procfile(UP);
    let mut devrun = up(&project, start_as(&project, uid, None));
    assert_eq!(mode(&login.join("devrun")), 0o700);
    let socket = socket_in(&login.join("devrun"));
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(fs::metadata(&socket).unwrap().uid(), uid);
    let status = devrun.interrupt();
    fs::remove_dir_all(&login).unwrap();
    assert_eq!(status, 0);
}

/// `devrun start` by another user, who has a home of his own and, if so, that runtime directory.
fn start_as(project: &Project, uid: u32, runtime: Option<&Path>) -> Command {
    let mut command = Command::new(devrun_for_all(project));
    project.prepare(&mut command);
    let own = beside(project, &format!("of-{uid}"));
    fs::create_dir_all(&own).unwrap();
    chown(&own, Some(uid), Some(uid)).unwrap();
    command.args(["start", "-p", "0"]).uid(uid).gid(uid);
    command
        .env("HOME", &own)
        .env_remove("XDG_STATE_HOME")
        .env("TMPDIR", &own);
    match runtime {
        Some(runtime) => command.env("XDG_RUNTIME_DIR", runtime),
        None => command.env_remove("XDG_RUNTIME_DIR"),
    };
    command
}

#[test]
fn who_reaches_the_socket_all_the_same_is_not_heard() {
    let Some(uid) = somebody() else { return };
    let project = Project::with_procfile(UP);
    let mut devrun = up(&project, project.command(["start", "-p", "0"]));
    let directory = beside(&project, "run/devrun");
    let socket = socket_in(&directory);
    assert_eq!(
        asked_by(&project, uid, &socket),
        "not connected: PermissionDenied\n"
    );
    // As if somebody had opened them by hand.
    set_mode(&directory, 0o755);
    assert_eq!(
        asked_by(&project, uid, &socket),
        "not connected: PermissionDenied\n"
    );
    set_mode(&socket, 0o666);
    assert_eq!(asked_by(&project, uid, &socket), "heard \"\"\n");
    assert_eq!(
        asked_by(&project, 0, &socket),
        "heard \"HTTP/1.1 200 OK\"\n"
    );
    assert_eq!(devrun.interrupt(), 0);
}

/// Root can do everything to a user's processes, but not by mistake: `sudo devrun stop` with the user's environment
/// is root's devrun, and asks none but root's sessions.
#[test]
fn root_is_another_user_too() {
    let Some(uid) = somebody() else { return };
    let project = Project::with_procfile(UP);
    let runtime = beside(&project, "run");
    chown(&runtime, Some(uid), Some(uid)).unwrap();
    let mut devrun = up(&project, start_as(&project, uid, Some(&runtime)));
    let socket = socket_in(&runtime.join("devrun"));
    assert_eq!(asked_by(&project, 0, &socket), "heard \"\"\n");
    assert_eq!(
        asked_by(&project, uid, &socket),
        "heard \"HTTP/1.1 200 OK\"\n"
    );
    make_temporary(&project);
    let mut stop = project.command(["stop"]);
    stop.env("TMPDIR", beside(&project, "tmp"));
    assert_eq!(
        stop.output().unwrap().status.code(),
        Some(3),
        "nothing of root's runs"
    );
    assert_eq!(fs::metadata(runtime.join("devrun")).unwrap().uid(), uid);
    assert_eq!(devrun.interrupt(), 0);
    wait_until_nobody_is_left(&project);
}

/// What is said of a session for whose socket no place is left.
const NOWHERE: &str = "ps, stop, restart and attach will not find this session: no directory for its socket is \
                       private; `XDG_RUNTIME_DIR` can name one";

/// What somebody may have put in the place of devrun's directory in `/tmp`, before we came.
#[test]
fn a_squatter_s_directory_is_neither_used_nor_changed() {
    let own = geteuid().as_raw();
    let check = |squat: &dyn Fn(&Path, &Path)| {
        let project = Project::with_procfile(UP);
        let place = make_temporary(&project).join(own_name());
        let Some(start) = without_runtime_directory(&project, &["start", "-p", "0"]) else {
            return;
        };
        let elsewhere = beside(&project, "elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        set_mode(&elsewhere, 0o755);
        squat(&place, &elsewhere);
        let before = fs::symlink_metadata(&place).unwrap();
        let mut devrun = up(&project, start);
        devrun.see(&format!("system | {NOWHERE}\n"));
        let after = fs::symlink_metadata(&place).unwrap();
        assert_eq!((before.mode(), before.uid()), (after.mode(), after.uid()));
        assert_eq!(
            (mode(&elsewhere), fs::read_dir(&elsewhere).unwrap().count()),
            (0o755, 0)
        );
        let inside = fs::read_dir(&place).map_or(0, Iterator::count);
        assert_eq!(inside, 0, "something was put into it");
        let ps = without_runtime_directory(&project, &["ps"]).unwrap();
        assert_eq!(
            { ps }.output().unwrap().status.code(),
            Some(3),
            "nobody is asked there"
        );
        assert_eq!(devrun.interrupt(), 0);
        wait_until_nobody_is_left(&project);
    };
    check(&|place, elsewhere| symlink(elsewhere, place).unwrap());
    check(&|place, elsewhere| symlink(elsewhere.join("nowhere"), place).unwrap());
    check(&|place, _| fs::write(place, "").unwrap());
    check(&|place, _| mkfifo(place, Mode::S_IRWXU).unwrap());
    let Some(uid) = somebody() else { return };
    assert_ne!(uid, own);
    check(&|place, _| {
        fs::create_dir(place).unwrap();
        set_mode(place, 0o777);
        chown(place, Some(uid), Some(uid)).unwrap();
    });
    check(&|place, elsewhere| {
        chown(elsewhere, Some(uid), Some(uid)).unwrap();
        symlink(elsewhere, place).unwrap();
    });
}

/// The next place is taken, and by all devruns alike: they find each other there.
#[test]
fn a_runtime_directory_that_is_somebody_else_s_gives_way_to_the_next() {
    let Some(uid) = somebody() else { return };
    let project = Project::with_procfile(UP);
    let tmp = make_temporary(&project);
    let theirs = beside(&project, "run/devrun");
    fs::create_dir(&theirs).unwrap();
    set_mode(&theirs, 0o777);
    chown(&theirs, Some(uid), Some(uid)).unwrap();
    if Path::new(&format!("/run/user/{}", geteuid())).exists() {
        println!("there is a /run/user for us, which is the next: left out");
        return;
    }
    let with_tmp = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command.env("TMPDIR", &tmp);
        command
    };
    let mut devrun = up(&project, with_tmp(&["start", "-p", "0"]));
    assert_eq!(fs::read_dir(&theirs).unwrap().count(), 0);
    assert!(with_tmp(&["ps"]).output().unwrap().status.success());
    assert!(with_tmp(&["stop"]).output().unwrap().status.success());
    assert_eq!(devrun.wait(), 0);
}

/// A login of his own, in which we may write or not: what is made there is ours alone, or is not used.
#[test]
fn a_whole_runtime_directory_of_somebody_else_is_used_only_as_far_as_it_is_private() {
    let Some(uid) = somebody() else { return };
    for mode_of_theirs in [0o777, 0o1777, 0o700] {
        let project = Project::with_procfile(UP);
        let own = beside(&project, &format!("of-{uid}"));
        let runtime = beside(&project, "run");
        // For him it is somebody else's: root's.
        set_mode(&runtime, mode_of_theirs);
        let mut devrun = up(&project, start_as(&project, uid, Some(&runtime)));
        let may_write = mode_of_theirs != 0o700;
        let used = match may_write {
            true => runtime.join("devrun"),
            false => own.join(format!("devrun-{uid}")),
        };
        assert_eq!(mode(&used), 0o700, "{mode_of_theirs:o}");
        assert_eq!(fs::metadata(&used).unwrap().uid(), uid);
        let socket = socket_in(&used);
        assert_eq!(mode(&socket), 0o600);
        assert_eq!(mode(&runtime), mode_of_theirs, "it is not ours to close");
        assert_eq!(devrun.interrupt(), 0);
        assert_eq!(devrun.count("will not find this session"), 0);
        wait_until_nobody_is_left(&project);
    }
}

/// Puts something at the first path, which may lead to the second one, a file of the user's.
type Plant = Box<dyn Fn(&Path, &Path)>;

/// What may stand where devrun has a file of its own: its directory was open to others for a time.
fn plants(uid: Option<u32>) -> Vec<(&'static str, Plant)> {
    let mut plants: Vec<(&str, Plant)> = vec![
        (
            "link",
            Box::new(|path, precious| symlink(precious, path).unwrap()),
        ),
        (
            "link to nowhere",
            Box::new(|path, precious| symlink(precious.with_file_name("nowhere"), path).unwrap()),
        ),
        (
            "endless link",
            Box::new(|path, _| symlink("/dev/zero", path).unwrap()),
        ),
        (
            "second name",
            Box::new(|path, precious| fs::hard_link(precious, path).unwrap()),
        ),
        (
            "pipe",
            Box::new(|path, _| mkfifo(path, Mode::S_IRWXU).unwrap()),
        ),
        (
            "directory",
            Box::new(|path, _| fs::create_dir(path).unwrap()),
        ),
        (
            "garbage",
            Box::new(|path, _| fs::write(path, "\u{1b}]52;c;eA==\u{7}{\"pid\":1").unwrap()),
        ),
        (
            "a huge one",
            Box::new(|path, _| fs::File::create(path).unwrap().set_len(1 << 34).unwrap()),
        ),
    ];
    if let Some(uid) = uid {
        plants.push((
            "somebody's",
            Box::new(move |path, _| {
                fs::write(path, "{\"pid\":1}").unwrap();
                set_mode(path, 0o666);
                chown(path, Some(uid), Some(uid)).unwrap();
            }),
        ));
    }
    plants
}

fn remove(path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

#[test]
fn what_stands_in_the_place_of_a_file_is_not_followed_and_holds_nobody_up() {
    let project = Project::with_procfile(UP);
    let run = beside(&project, "run/devrun");
    let state = beside(&project, "state/devrun");
    let mut first = up(&project, project.command(["start", "-p", "0"]));
    let port = first.value_after("PORT=");
    let port = port.trim_end_matches(')');
    assert_eq!(first.interrupt(), 0);
    let app = files(&run, "app-", ".lock").pop().unwrap();
    let key = app
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .replace("app-", "");
    let port_lock = run.join(format!("port-{port}.lock"));
    assert!(port_lock.exists());
    let memory = state.join(format!("ports-{key}-{port}.json"));
    let logs = state.join("logs");
    assert!(logs.join(&key).exists());
    let precious = beside(&project, "precious");
    for (name, plant) in plants(somebody()) {
        for of_logs in [logs.join(&key), logs.clone()] {
            fs::write(&precious, "precious").unwrap();
            set_mode(&precious, 0o644);
            let places = [&app, &port_lock, &memory, &of_logs];
            for place in places {
                remove(place);
                fs::create_dir_all(place.parent().unwrap()).unwrap();
                plant(place, &precious);
            }
            for reader in [&["ps"][..], &["logs"], &["stop"]] {
                let seen = project.run(reader);
                assert_eq!(seen.status, 3, "{name}: {seen:?}");
                assert!(!seen.stderr.contains('\u{1b}'), "{name}: {seen:?}");
            }
            let mut devrun = up(&project, project.command(["start", "-p", port]));
            assert_eq!(devrun.interrupt(), 0, "{name}");
            assert_eq!(fs::read(&precious).unwrap(), b"precious", "{name}");
            assert_eq!(mode(&precious), 0o644, "{name}");
            assert!(!beside(&project, "nowhere").exists(), "{name}");
            places.into_iter().for_each(|place| remove(place));
        }
    }
    wait_until_nobody_is_left(&project);
}
