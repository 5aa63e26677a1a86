//! Procfiles in the shapes that real projects have, as they stand in tests/it/real: what people see of each, and that
//! nobody is left of it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::left::wait_until_nobody_is_left;
use crate::ports::free_base;
use crate::support::{Devrun, Project, get, helper, wait_until};

/// What the lines run, besides `bin/serve`, which is the program in tests/helper.
const PROGRAMS: [(&str, &str); 4] = [
    ("on-port", "PORT=$1 exec \"${0%/*}/serve\" listen"),
    ("watch", "echo \"watches $1\"; exec sleep 1000"),
    ("work", "echo works; exec sleep 1000"),
    ("tick", "echo tick; echo trouble >&2; exec sleep 1000"),
];

/// By pipes and by terminals of their own.
const WAYS: [&str; 2] = ["never", "always"];

/// An app with that Procfile, which `check` has nothing against.
fn app(name: &str, processes: usize) -> Project {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/real");
    let procfile = fs::read(path.join(format!("{name}.Procfile"))).unwrap();
    let project = Project::empty().file("Procfile", procfile);
    for (program, text) in PROGRAMS {
        let path = format!("bin/{program}");
        project.write(&path, format!("#!/bin/sh\n{text}\n"));
        let runs = fs::Permissions::from_mode(0o755);
        fs::set_permissions(project.directory().join(path), runs).unwrap();
    }
    symlink(helper("").trim_end(), project.directory().join("bin/serve")).unwrap();
    let checked = project.run(&["check"]);
    assert_eq!((checked.status, checked.stderr.as_str()), (0, ""));
    let counted = format!("Procfile: {processes} processes");
    assert!(checked.stdout.starts_with(&counted), "{}", checked.stdout);
    project
}

/// The PORT that a process was given.
fn port(devrun: &mut Devrun, process: &str) -> String {
    let started = devrun.value_after(&format!("{process}.1 started (pid "));
    let port = started.split("PORT=").nth(1).unwrap();
    port.trim_end_matches(')').to_string()
}

/// Waits until all of these are ready on the PORT that they were given, and what is there answers.
fn serve(project: &Project, devrun: &mut Devrun, processes: &[&str]) {
    let ports = processes.iter().map(|process| port(devrun, process));
    let ports: Vec<String> = ports.collect();
    let waited = project.run(&[&["wait", "--timeout", "30s"], processes].concat());
    assert_eq!(waited.status, 0, "{waited:?}\n{}", devrun.stdout.text());
    for (process, port) in processes.iter().zip(ports) {
        let url = format!("http://localhost:{port}");
        let ready = format!("{process}.1 ready {url} ");
        assert!(waited.stdout.contains(&ready), "{ready}: {}", waited.stdout);
        assert!(get(&url).contains("200 OK"), "{url}");
    }
}

/// Ctrl-C: a clean end, and nobody is left.
fn end(project: &Project, mut devrun: Devrun) -> String {
    assert_eq!(devrun.interrupt(), 0, "{}", devrun.stdout.text());
    let said = devrun.stdout.text();
    assert!(!said.contains(": killed"), "{said}");
    wait_until_nobody_is_left(project);
    said
}

#[test]
fn variables_in_front_of_the_command() {
    for tty in WAYS {
        let project =
            app("assignments", 4).file(".env.api", "# by hand\nAPI_MODE=fast\nMODE_URL=x://y\n");
        let mut devrun = project.start_with(&["--tty", tty]);
        serve(&project, &mut devrun, &["web", "api"]);
        devrun.see("worker.1 | works on default,mailers every 0.1 s");
        devrun.see("clock.1  | works");
        let port = port(&mut devrun, "api");
        assert!(get(&format!("http://localhost:{port}")).contains("MODE_URL=x://y"));
        end(&project, devrun);
    }
}

#[test]
fn lines_with_a_port_of_their_own_for_want_of_another() {
    for tty in WAYS {
        let project = app("defaults", 3);
        let mut devrun = project.start_with(&["--tty", tty]);
        serve(&project, &mut devrun, &["web", "api", "docs"]);
        let said = end(&project, devrun);
        assert!(!said.contains("but listens on"), "{said}");
    }
}

#[test]
fn a_directory_for_each_process() {
    for tty in WAYS {
        let project = app("directories", 4);
        for directory in ["frontend", "services/api", "docs", "admin"] {
            fs::create_dir_all(project.directory().join(directory)).unwrap();
        }
        let mut devrun = project.start_with(&["--tty", tty]);
        serve(&project, &mut devrun, &["web", "api", "docs", "admin"]);
        end(&project, devrun);
    }
}

#[test]
fn pipes_within_a_line() {
    for tty in WAYS {
        let project = app("pipes", 3).file("log/development.log", "INFO first\nERROR second\n");
        let mut devrun = project.start_with(&["--tty", tty]);
        serve(&project, &mut devrun, &["web"]);
        devrun.see("web.1  | [web] listens on ");
        devrun.see("log.1  | ERROR second");
        devrun.see("tick.1 | tick");
        let log = project.directory().join("log/development.log");
        let mut log = fs::File::options().append(true).open(log).unwrap();
        log.write_all(b"INFO third\nERROR fourth\n").unwrap();
        devrun.see("log.1  | ERROR fourth");
        wait_until(|| project.read("log/tick.log") == "tick\n");
        wait_until(|| project.read("log/tick.err") == "trouble\n");
        let said = end(&project, devrun);
        assert!(
            !said.contains("| INFO") && !said.contains("trouble"),
            "{said}"
        );
    }
}

#[test]
fn jobs_in_the_background_of_a_line() {
    for tty in WAYS {
        let project = app("background", 3);
        let mut devrun = project.start_with(&["--tty", tty]);
        serve(&project, &mut devrun, &["web", "api"]);
        for watched in [
            "web.1  | watches css",
            "api.1  | watches js",
            "api.1  | watches fonts",
            "mail.1 | watches mail",
        ] {
            devrun.see(watched);
        }
        let restarted = project.run(&["restart", "web"]);
        assert_eq!(restarted.status, 0, "{restarted:?}");
        devrun
            .wait_for("web.1  | watches css")
            .wait_for("web.1  | watches css");
        end(&project, devrun);
    }
}

#[test]
fn what_runs_once_before_the_others() {
    for tty in WAYS {
        let project = app("release", 5).file(".env", "GATE=open\n");
        let mut devrun = project.start_with(&["--tty", tty]);
        serve(&project, &mut devrun, &["web"]);
        for ended in ["release.1", "seed.1", "postdeploy.1", "gate.1"] {
            devrun.see(&format!("{ended} exited with status 0 "));
        }
        devrun
            .see("release.1     completed")
            .see("web.1         ready    http://localhost:");
        let said = end(&project, devrun);
        assert!(
            said.contains("release.1    | migrates\n") && said.contains("seed.1       | seeds\n"),
            "{said}"
        );

        let mut devrun = project.start_with(&["--tty", tty, "--set", "GATE=shut", "--fail-fast"]);
        devrun
            .wait_for("gate.1       | the gate is shut")
            .wait_for("gate.1 exited with status 3 ");
        assert_eq!(devrun.wait(), 3);
        wait_until_nobody_is_left(&project);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn daemons_that_leave_their_line() {
    for tty in WAYS {
        let project = app("daemons", 3).file("tmp/keep", "");
        let mut devrun = project.start_with(&["--tty", tty]);
        serve(&project, &mut devrun, &["db", "cache", "web"]);
        devrun.see("db.1 runs on as a daemon: its first process ended with status 0");
        let said = end(&project, devrun);
        assert!(!said.contains("cache.1 runs on as a daemon"), "{said}");
    }
}

#[test]
fn ports_that_are_fixed() {
    for tty in WAYS {
        let fixed = free_base();
        let other = fixed + 1;
        let project = app("fixed", 3).file(".env", format!("FIXED={fixed}\nOTHER={other}\n"));
        let mut devrun = project.start_with(&["--tty", tty]);
        for (process, port) in [("web.1", fixed), ("api.1", other)] {
            let told = devrun.value_after(&format!("{process} was given PORT="));
            assert!(
                told.contains(&format!(" but listens on {port} (")),
                "{told}"
            );
            assert!(get(&format!("http://localhost:{port}")).contains("200 OK"));
        }
        let shown = project.run(&["ps"]).stdout;
        for port in [fixed, other] {
            assert!(shown.contains(&format!("listens on {port}")), "{shown}");
        }
        end(&project, devrun);
    }
}

#[test]
fn a_file_that_many_editors_have_had() {
    for tty in WAYS {
        let project = app("untidy", 4);
        let mut devrun = project.start_with(&["--tty", tty]);
        serve(&project, &mut devrun, &["web", "api"]);
        devrun.see("last-one.1 | the last line has no end\n");
        devrun.see("worker_2.1 | works\n");
        let said = end(&project, devrun);
        assert!(
            said.contains("devrun 0.1.0: Procfile, 4 processes") && !said.contains('\r'),
            "{said}"
        );
    }
}

#[test]
fn all_that_a_shell_understands() {
    for tty in WAYS {
        let project = app("shell", 4);
        let mut devrun = project.start_with(&["--tty", tty]);
        serve(&project, &mut devrun, &["api"]);
        devrun.see("web.1  | it's up: web.1");
        devrun.see("api.1  | 3 flags # no comment");
        devrun.see("url.1  | api is at http://localhost:");
        devrun.see("at.1   | 100% app");
        let said = end(&project, devrun);
        assert!(said.contains("web.1  | web: bye"), "{said}");
    }
}
