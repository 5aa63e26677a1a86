//! Real servers under devrun, in their own protocols: each binds its PORT, is reached by a second process
//! of the same Procfile, stops on SIGTERM and leaves nothing behind. `.ci/run` installs them; built with
//! `--features server-tests`.

#[path = "../faults/copy.rs"]
mod copy;
mod daemons;
mod export;
mod export_ready;
mod followers;
#[path = "../faults/left.rs"]
mod left;
mod ready;
mod run_up;
mod steer;
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "the other test binary uses the rest of it")]
mod support;
mod terminals;
mod tmux;
mod wiring;

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use copy::copy_program;
use support::{Devrun, Project, helper, is_alive, wait_until_gone};

/// PostgreSQL refuses to run as root; then all of it runs as nobody.
const NOBODY: u32 = 65534;

/// A server that is shut down has its time, on a slow machine too.
const PATIENT: &[&str] = &["-t", "60"];

/// Starts it, waits for what `process` says once it was reached, stops it, and looks for survivors.
fn run_and_reach(mut devrun: Devrun, ready: &str, reached: &str) {
    devrun.wait_for(reached);
    devrun.wait_for("all up ");
    let summary = devrun.stdout.text();
    assert!(!summary.contains(" 403 "), "{summary}");
    let pids = pids_in(&summary);
    devrun.stdout.wait_for(ready, 0);
    let trees: Vec<i32> = pids.iter().flat_map(|pid| descendants(*pid)).collect();
    assert_eq!(devrun.interrupt(), 0, "{}", devrun.stdout.text());
    let said = devrun.stdout.text();
    assert!(!said.contains("killed"), "{said}");
    for pid in trees {
        assert!(!is_alive(pid), "{pid} lives on:\n{said}");
    }
}

/// Of all processes that were started, as devrun tells them.
fn pids_in(said: &str) -> Vec<i32> {
    let started = said.split("started (pid ").skip(1);
    let pids: Vec<i32> = started
        .filter_map(|rest| rest.split([',', ')']).next()?.parse().ok())
        .collect();
    assert!(!pids.is_empty(), "{said}");
    pids
}

fn descendants(pid: i32) -> Vec<i32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    let children = children
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok());
    let below = children.flat_map(descendants);
    std::iter::once(pid).chain(below).collect()
}

/// Fails with the name of what `.ci/run` should have installed.
fn program(name: &str, directories: &[PathBuf]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let all = std::env::split_paths(&path).chain(directories.iter().cloned());
    let mut found = all
        .map(|directory| directory.join(name))
        .filter(|file| file.exists());
    found
        .next()
        .unwrap_or_else(|| panic!("{name} is not installed: see .ci/run"))
}

/// Where `.ci/run` puts what npm and pip install.
fn installed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/servers")
}

#[test]
fn redis_is_reached_under_its_url() {
    let redis = program("redis-server", &[]);
    let client = program("redis-cli", &[]);
    let project = Project::with_procfile(&format!(
        "redis: {} --port $PORT --save '' --appendonly no\n\
         client: until {client} -u $REDIS_URL ping | grep PONG; do sleep 0.1; done; exec sleep 1000\n",
        redis.display(),
        client = client.display()
    ));
    run_and_reach(
        project.start_with(PATIENT),
        "redis.1   ready    redis://127.0.0.1:",
        "client.1 | PONG",
    );
}

/// A project whose Procfile is made of the paths of `postgres` and `psql`, with a database that anybody may
/// use.
fn with_database(procfile: impl FnOnce(&str, &str) -> String) -> Project {
    let path = |name| postgresql(name).display().to_string();
    let project = Project::with_procfile(&procfile(&path("postgres"), &path("psql")));
    make_database(&project, &["-A", "trust"]);
    project
}

/// A program of PostgreSQL: Debian keeps them out of PATH.
fn postgresql(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let directories: Vec<PathBuf> = versions
        .map(|entry| entry.unwrap().path().join("bin"))
        .collect();
    program(name, &directories)
}

/// An empty database of the user `shop` in `data`, and devrun beside it. All apps beside this one are then
/// owned by whom PostgreSQL agrees to run as.
fn make_database(project: &Project, arguments: &[&str]) {
    give_to(project, database_user());
    let made = as_database_user(project, &postgresql("initdb"))
        .args(["-D", "data", "-U", "shop", "--no-sync"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}

/// Another user than ourselves, if need be.
fn database_user() -> Option<u32> {
    nix::unistd::geteuid().is_root().then_some(NOBODY)
}

fn as_database_user(project: &Project, program: &Path) -> Command {
    as_user(project, program, database_user())
}

/// A command in the project that `user` runs, if it is to be somebody else than ourselves.
fn as_user(project: &Project, program: &Path, user: Option<u32>) -> Command {
    let mut command = Command::new(program);
    project.prepare(&mut command);
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command
}

/// Makes `user` the owner of the project and of the apps beside it, and puts a devrun into it that anybody may run;
/// returns the way to that.
fn give_to(project: &Project, user: Option<u32>) -> PathBuf {
    let devrun = project.directory().join("devrun");
    copy_program(Path::new(env!("CARGO_BIN_EXE_devrun")), &devrun);
    std::fs::set_permissions(&devrun, PermissionsExt::from_mode(0o755)).unwrap();
    if user.is_some() {
        let root = project.directory();
        own(root.parent().unwrap(), user);
    }
    devrun
}

fn own(path: &Path, user: Option<u32>) {
    chown(path, user, user).unwrap();
    if path.is_dir() {
        let entries = std::fs::read_dir(path).unwrap();
        entries.for_each(|entry| own(&entry.unwrap().path(), user));
    }
}

#[test]
fn postgresql_is_reached_under_its_url_and_shuts_down_cleanly() {
    let project = with_database(|postgres, psql| {
        format!(
            "db: {postgres} -D data -p $PORT -k '' -c listen_addresses=127.0.0.1\n\
             client: until {psql} \"$DB_URL/postgres?user=shop\" -Atc 'select 40 + 2'; do sleep 0.1; done; exec sleep 1000\n"
        )
    });
    let mut command = as_database_user(&project, &project.directory().join("devrun"));
    command.args(["start", "-p", "0"]).args(PATIENT);
    run_and_reach(
        Devrun::spawn(command),
        "db.1      ready    postgresql://127.0.0.1:",
        "client.1 | 42",
    );
    let log = project.read("data/postmaster.opts");
    assert!(log.contains("postgres"));
    assert!(
        !project.directory().join("data/postmaster.pid").exists(),
        "a clean shutdown removes it"
    );
}

#[test]
fn tornado_is_reached_under_its_url() {
    let python = program("python3", &[]);
    let venv = installed().join("python/bin/python");
    let python = if venv.exists() { venv } else { python };
    let project = Project::with_procfile(&format!(
        "web: {} app.py\nclient: {}\n",
        python.display(),
        helper("fetch WEB_URL")
    ))
    .file(
        "app.py",
        "import asyncio, os, tornado.web\n\
         class Main(tornado.web.RequestHandler):\n    def get(self): self.write('hello')\n\
         async def main():\n    tornado.web.Application([('/', Main)]).listen(int(os.environ['PORT']))\n    \
         await asyncio.Event().wait()\n\
         asyncio.run(main())\n",
    );
    run_and_reach(
        project.start_with(PATIENT),
        "web.1     ready    http://localhost:",
        "client.1 | fetched HTTP/1.",
    );
}

#[test]
fn esbuild_stays_up_and_serves() {
    let esbuild = installed().join("node/node_modules/.bin/esbuild");
    let project = Project::with_procfile(&format!(
        "js: {} app.js --bundle --outdir=out --watch --servedir=. --serve=$PORT\nclient: {}\n",
        esbuild.display(),
        helper("fetch JS_URL")
    ))
    .file("app.js", "console.log('hello')\n");
    run_and_reach(
        project.start_with(PATIENT),
        "js.1      ready    http://localhost:",
        "client.1 | fetched HTTP/1.",
    );
}

#[test]
fn esbuild_watches_on_and_rebuilds_because_stdin_stays_open() {
    let esbuild = installed().join("node/node_modules/.bin/esbuild");
    let project = Project::with_procfile(&format!(
        "js: {} app.js --bundle --outfile=out.js --watch --color=false\n",
        esbuild.display(),
    ))
    .file("app.js", "console.log('one')\n");
    let mut devrun = project.start();
    devrun.wait_for("build finished, watching for changes");
    project.write("app.js", "console.log('two')\n");
    devrun.wait_for("build finished");
    assert!(project.read("out.js").contains("two"));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn vite_is_reached_under_its_url() {
    let vite = installed().join("node/node_modules/.bin/vite");
    let project = Project::with_procfile(&format!(
        "web: {} --port $PORT --strictPort --host 127.0.0.1\nclient: {}\n",
        vite.display(),
        helper("fetch WEB_URL")
    ))
    .file("index.html", "<h1>hello</h1>\n")
    .file("package.json", "{\"type\": \"module\"}\n");
    run_and_reach(
        project.start_with(PATIENT),
        "web.1     ready    http://localhost:",
        "client.1 | fetched HTTP/1.",
    );
}

#[test]
fn rails_bin_dev_runs_with_devrun_in_foremans_place() {
    let project = Project::empty()
        .file("Procfile.dev", format!("web: {}\n", helper("listen")))
        .file(
            "bin/dev",
            format!(
                "#!/usr/bin/env sh\n\
                 export PORT=\"${{PORT:-0}}\"\n\
                 exec {} start -f Procfile.dev --env /dev/null \"$@\"\n",
                env!("CARGO_BIN_EXE_devrun")
            ),
        );
    let mut command = Command::new("sh");
    project.prepare(&mut command);
    command.arg("bin/dev");
    let mut devrun = Devrun::spawn(command);
    let pid = devrun.pid_of("web.1");
    devrun.wait_for("web.1  ready");
    assert_eq!(devrun.interrupt(), 0);
    wait_until_gone(pid);
}
