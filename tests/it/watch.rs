//! Files that change: `watch:`, one that has failed, and the settings.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::support::{Devrun, Project, is_installed, wait_until};

const RUN: &str = "web: echo up; exec sleep 1000\n";

/// A session whose `web` is watched like this.
fn watching(watch: &str, project: Project) -> (Project, Devrun) {
    let settings = format!("processes:\n  web: {{ watch: {watch} }}\n");
    let project = project.file("devrun.yaml", settings);
    let mut devrun = project.start();
    devrun.wait_for("web.1  | up");
    (project, devrun)
}

/// Exactly that was said to have changed, and another run has begun.
fn restarted(devrun: &mut Devrun, changed: &str) {
    devrun
        .wait_for("system | web.1: ")
        .wait_for(&format!("{changed}, restarting it\n"))
        .wait_for("web.1  | up");
    let text = devrun.stdout.text();
    let last = text.rmatch_indices("system | web.1: ").next().unwrap().0;
    let said = format!("system | web.1: {changed}, restarting it\n");
    assert!(text[last..].starts_with(&said), "{text}");
}

#[test]
fn a_write_a_rename_and_a_touch_are_changes_and_rights_are_none() {
    let project = Project::with_procfile(RUN).file("src/app.py", "1");
    let (project, mut devrun) = watching("[src]", project);
    project.write("src/app.py", "2");
    restarted(&mut devrun, "src/app.py changed");
    project.write("src/.app.py.swp", "3");
    project.write("src/app.py.new", "3");
    let path = |name: &str| project.directory().join(name);
    fs::rename(path("src/app.py.new"), path("src/app.py")).unwrap();
    restarted(&mut devrun, "src/app.py changed");
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).arg(path("src/app.py"));
        assert!(command.status().unwrap().success());
    };
    run("touch", &[]);
    restarted(&mut devrun, "src/app.py changed");
    // Another backup than none is what every sed takes.
    run("sed", &["-i.bak~", "s/3/4/"]);
    restarted(&mut devrun, "src/app.py changed");
    run("chmod", &["+x"]);
    fs::read(path("src/app.py")).unwrap();
    project.write("other.py", "");
    project.write("src/other.py", "");
    restarted(&mut devrun, "src/other.py changed");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn what_is_ignored_does_not_count_unless_it_is_named() {
    let project = Project::with_procfile(RUN)
        .file(".gitignore", "dist/\n*.tmp.py\n")
        .file("src/.gitignore", "*.out.py\nmade/\n")
        .file("src/deep/.gitignore", "!kept.out.py\n")
        .file("dist/app.js", "")
        .file("dist/other.js", "")
        .file("src/app.py", "");
    let watch = "{ paths: ['**/*.py', dist/app.js], ignore: [test/, '*_test.py'] }";
    let (project, mut devrun) = watching(watch, project);
    for ignored in [
        "dist/a.py",
        "dist/other.js",
        "src/a.tmp.py",
        "src/a.out.py",
        "src/made/a.py",
        "src/deep/a.out.py",
        "src/a_test.py",
        "test/a.py",
        "src/a.js",
    ] {
        project.write(ignored, "");
    }
    project.write("src/app.py", "1");
    restarted(&mut devrun, "src/app.py changed");
    project.write("src/deep/kept.out.py", "1");
    restarted(&mut devrun, "src/deep/kept.out.py changed");
    project.write("dist/app.js", "1");
    restarted(&mut devrun, "dist/app.js changed");
    project.write(".gitignore", "dist/\n");
    // Who watches has to have read it first.
    let mut count = 0;
    wait_until(|| {
        count += 1;
        project.write("src/a.tmp.py", count.to_string());
        devrun.count("src/a.tmp.py changed") > 0
    });
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_checkout_of_10_000_files_is_one_restart() {
    if !is_installed("git") {
        return;
    }
    let project = Project::with_procfile(RUN).file("src/app.py", "");
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        project.prepare(&mut git);
        let names = [
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "-c",
            "gc.auto=0",
        ];
        let done = git.args(names).args(arguments).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q", "-b", "few"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "few"]);
    git(&["checkout", "-q", "-b", "many"]);
    for file in 0..10_000 {
        let path = format!("src/{}/{}/{file}.py", file % 10, file % 100);
        project.write(&path, file.to_string());
    }
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "many"]);
    git(&["checkout", "-q", "few"]);
    let (project, mut devrun) = watching("['src/**/*.py']", project.clone());
    git(&["checkout", "-q", "many"]);
    devrun
        .wait_for(" changed (and 9999 others), restarting it\n")
        .wait_for("web.1  | up");
    project.write("src/5/55/55.py", "");
    restarted(&mut devrun, "src/5/55/55.py changed");
    assert_eq!(devrun.count("restarting it"), 2);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn directories_come_and_go_and_come_again() {
    let (project, mut devrun) = watching("[src]", Project::with_procfile(RUN));
    project.write("src/a/b/app.py", "");
    restarted(&mut devrun, "src/a/b/app.py changed");
    fs::remove_dir_all(project.directory().join("src")).unwrap();
    restarted(&mut devrun, "src/a/b/app.py changed");
    project.write("src/a/b/app.py", "");
    restarted(&mut devrun, "src/a/b/app.py changed");
    let path = |name: &str| project.directory().join(name);
    fs::rename(path("src/a"), path("src/c")).unwrap();
    devrun.wait_for("restarting it\n").wait_for("web.1  | up");
    project.write("src/c/b/app.py", "1");
    restarted(&mut devrun, "src/c/b/app.py changed");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn links_are_followed_where_they_are_named() {
    let project = Project::with_procfile(RUN)
        .file("real/app.py", "")
        .file("other/app.py", "")
        .file("conf/app.ini", "")
        .file("src/app.py", "");
    let path = |name: &str| project.directory().join(name);
    symlink("../real", path("src/real")).unwrap();
    symlink("../other", path("src/other")).unwrap();
    symlink("conf/app.ini", path("app.ini")).unwrap();
    let (project, mut devrun) = watching("[src/real, 'src/*.py', app.ini]", project.clone());
    project.write("other/app.py", "1");
    project.write("real/app.py", "1");
    restarted(&mut devrun, "src/real/app.py changed");
    project.write("conf/app.ini", "1");
    restarted(&mut devrun, "conf/app.ini changed");
    project.write("src/app.py", "1");
    restarted(&mut devrun, "src/app.py changed");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_change_while_the_old_run_ends_is_not_lost() {
    let ends = "trap 'echo bye; until test -e go; do sleep 0.02; done; exit' TERM";
    let procfile = format!("web: {ends}; echo up; cat src/app.py; while :; do sleep 0.02; done\n");
    let project = Project::with_procfile(&procfile).file("src/app.py", "one\n");
    let (project, mut devrun) = watching("[src]", project);
    devrun.wait_for("web.1  | one");
    project.write("src/app.py", "two\n");
    devrun
        .wait_for("src/app.py changed, restarting it")
        .wait_for("web.1  | bye");
    project.write("src/app.py", "three\n");
    project.write("go", "");
    devrun.wait_for("web.1  | three");
    // On a busy machine it is only heard of when the next run has begun, which is one more.
    assert!(devrun.count("restarting it") <= 2);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_signal_is_sent_where_that_is_asked_for() {
    let procfile = "web: trap 'echo again' HUP; echo up; while :; do sleep 0.02; done\n";
    let project = Project::with_procfile(procfile).file("app.conf", "");
    let (project, mut devrun) = watching("{ paths: [app.conf], signal: HUP }", project);
    project.write("app.conf", "1");
    devrun
        .wait_for("web.1: app.conf changed, sending it SIGHUP\n")
        .wait_for("web.1  | again");
    assert_eq!(devrun.count("started (pid"), 1);
    devrun.signal(Signal::SIGKILL);
}

#[test]
fn what_has_completed_begins_again() {
    let (project, mut devrun) = watching("[src]", Project::with_procfile("web: echo up\n"));
    devrun.wait_for("completed");
    project.write("src/app.py", "");
    devrun
        .wait_for("web.1: src/app.py changed, starting it\n")
        .wait_for("web.1  | up");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn one_that_has_failed_is_started_by_an_edit_in_its_directory() {
    let procfile =
        "web: exec sleep 1000\njob: test -e cure && { echo cured; exec sleep 1000; }; exit 3\n";
    let project = Project::with_procfile(procfile);
    let mut devrun = project.start_with(&["--restart", "never"]);
    devrun.wait_for("job.1 exited with status 3");
    let mut count = 0;
    let mut edit_until = |text: &str, wanted: usize| {
        wait_until(|| {
            count += 1;
            project.write("app.py", count.to_string());
            devrun.count(text) >= wanted
        });
    };
    edit_until("job.1: app.py changed, starting it", 1);
    edit_until("job.1 exited with status 3", 2);
    project.write("cure", "");
    devrun.wait_for("| cured");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn settings_are_applied_to_whom_they_touch_once_they_are_right() {
    let procfile = "web: echo up $A; exec sleep 1000\nother: echo there; exec sleep 1000\n";
    let project = Project::with_procfile(procfile).file("devrun.yaml", "env: { B: '1' }\n");
    let mut devrun = project.start();
    devrun.wait_for("web.1   | up").see("other.1 | there");
    project.write("devrun.yaml", "env: { B: '1' }\nwebs: {}\n");
    devrun.wait_for("an app has no key `webs`; what the files said before still holds\n");
    let valid = "env: { B: '1' }\nprocesses:\n  web: { env: { A: '2' } }\n";
    project.write("devrun.yaml", valid);
    devrun
        .wait_for("web.1: devrun.yaml changed, restarting it\n")
        .wait_for("web.1   | up 2");
    // A file that was not there: written beside it, and renamed.
    let path = |name: &str| project.directory().join(name);
    project.write("new.yaml", "processes:\n  web: { env: { A: '3' } }\n");
    fs::rename(path("new.yaml"), path("devrun.local.yaml")).unwrap();
    devrun
        .wait_for("web.1: devrun.local.yaml changed, restarting it\n")
        .wait_for("web.1   | up 3");
    // All else stands in another line than before.
    let watched = "# ours\nenv: { B: '1' }\nprocesses:\n  web: { env: { A: '2' }, watch: [src] }\n";
    project.write("devrun.yaml", watched);
    let mut count = 0;
    wait_until(|| {
        count += 1;
        project.write("src/app.py", count.to_string());
        devrun.count("web.1: src/app.py changed") > 0
    });
    assert_eq!(devrun.count("web.1: devrun.yaml changed"), 1);
    assert_eq!(devrun.count("other.1 | there"), 1, "it was not touched");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn ports_and_formation_stay_as_they_are_while_a_session_lives() {
    let run = "exec sleep 1000";
    let procfile =
        format!("web: echo \"[$ADMIN_PORT] $A\"; {run}\nnone: echo \"<$PORT> $A\"; {run}\n");
    let settings = "processes: { web: { ports: [ADMIN_PORT] }, none: { port: false } }\n";
    let project = Project::with_procfile(&procfile).file("devrun.yaml", settings);
    let mut devrun = project.start();
    let port = devrun.value_after("web.1  | [");
    let port = port.split(']').next().unwrap();
    devrun.see("none.1 | <>");
    // Nothing is said of them any more.
    project.write("devrun.yaml", "env: { A: new }\n");
    devrun.see("none.1 | <> new\n");
    devrun.see(&format!("web.1  | [{port}] new\n"));
    let later = "env: { A: new }\nformation: web=2\nprocesses: { web: { ports: [B_PORT] } }\n";
    project.write("devrun.yaml", later);
    devrun
        .see("devrun.yaml:2 is left out: `formation` applies at the next `devrun start`\n")
        .see("devrun.yaml:3 is left out: `ports` applies at the next `devrun start`\n");
    assert_eq!(devrun.count("restarting it"), 2);
    assert_eq!(devrun.interrupt(), 0);
}

/// Once all is watched nobody is left who looks.
#[cfg(target_os = "linux")]
#[test]
fn there_is_no_thread_that_watches() {
    let (project, mut devrun) = watching("['**']", Project::with_procfile(RUN));
    project.write("src/a/app.py", "");
    devrun.wait_for("restarting it\n").wait_for("web.1  | up");
    let tasks = format!("/proc/{}/task", devrun.pid());
    wait_until(|| {
        let tasks = fs::read_dir(&tasks).unwrap().flatten();
        let names = tasks.map(|task| fs::read_to_string(task.path().join("comm")));
        !names.flatten().any(|name| name.trim() == "watching")
    });
    assert_eq!(devrun.interrupt(), 0);
}

/// In a user namespace of its own the kernel takes another limit.
#[cfg(target_os = "linux")]
#[test]
fn a_limit_of_the_system_is_said_once_and_the_session_goes_on() {
    let is_possible = Command::new("unshare")
        .args([
            "-Ur",
            "sh",
            "-c",
            "echo 3 > /proc/sys/user/max_inotify_watches",
        ])
        .output()
        .is_ok_and(|done| done.status.success());
    if !is_possible {
        println!("no user namespaces here: left out");
        return;
    }
    for (setting, limit, said) in [
        (
            "max_inotify_watches",
            "3",
            "fs.inotify.max_user_watches is reached",
        ),
        // Nor are the settings seen.
        (
            "max_inotify_watches",
            "0",
            "fs.inotify.max_user_watches is reached",
        ),
        (
            "max_inotify_instances",
            "0",
            "fs.inotify.max_user_instances is reached",
        ),
    ] {
        let project = Project::with_procfile("web: echo up; exec sleep 1000\njob: exit 3\n").file(
            "devrun.yaml",
            "processes: { web: { watch: [src] }, job: { restart: never } }\n",
        );
        for directory in 0..9 {
            project.write(&format!("src/{directory}/app.py"), "");
        }
        let mut command = Command::new("unshare");
        project.prepare(&mut command);
        let script = format!("echo {limit} > /proc/sys/user/{setting} && exec \"$0\" start -p 0");
        command.args(["-Ur", "sh", "-c", &script, env!("CARGO_BIN_EXE_devrun")]);
        let mut devrun = project.spawn(command);
        devrun
            .see("web.1  | up")
            .see(said)
            .see("job.1 exited with status 3");
        assert_eq!(devrun.interrupt(), 3);
        assert_eq!(devrun.count(said), 1);
    }
}
