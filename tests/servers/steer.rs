//! Servers that run through a child, a reloader or a script: restarted and stopped from another terminal, with
//! nothing left.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::support::{PATIENCE, Project, pause, try_get};
use crate::tmux::Pane;
use crate::{descendants, installed, is_alive, pids_in, program};

/// In columns and rows.
const SIZE: (u16, u16) = (100, 30);

/// Runs it in one terminal, and from a second one restarts web, looks whether it answers with `one`, runs `meanwhile`,
/// and stops all.
fn is_restarted_and_stopped(project: &Project, meanwhile: impl FnOnce(&str)) {
    let mut own = Pane::open(project, SIZE, &[]);
    own.command("devrun start -p 0")
        .wait_for("web.1  ready    http://localhost:");
    let first: Vec<i32> = pids_in(&own.text())
        .into_iter()
        .flat_map(descendants)
        .collect();
    let mut second = Pane::open(project, SIZE, &[]);
    second
        .command("devrun restart web; echo status $?")
        .wait_for("\nstatus 0\n$");
    all_are_gone(&first, &own.text());
    let said = second.text();
    let restarted = said.split_once("\nweb.1 ready http://").unwrap().1;
    let (address, rest) = restarted.split_once(" (pid ").unwrap();
    let url = format!("http://{address}");
    answers(&url, "one");
    meanwhile(&url);
    let tree = descendants(rest.split(')').next().unwrap().parse().unwrap());
    second
        .command("devrun stop; echo status $?")
        .wait_for("\nstopped: 1 process\nstatus 0\n$");
    all_are_gone(&tree, &own.text());
    own.wait_for("done. up").wait_for("\n$");
    own.command("echo status $?").wait_for("\nstatus 0\n$");
    assert!(!own.text().contains("killed"), "{}", own.text());
}

fn all_are_gone(tree: &[i32], said: &str) {
    assert!(!tree.is_empty());
    for pid in tree {
        assert!(!is_alive(*pid), "{pid} lives on:\n{said}");
    }
}

fn answers(url: &str, expected: &str) {
    let answer = try_get(url).unwrap();
    assert!(answer.ends_with(expected), "{answer}");
}

/// Writes until the server has noticed: what is written before its first look is nothing new to it.
fn is_loaded_anew(url: &str, write: impl Fn()) {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        write();
        let again = Instant::now() + Duration::from_secs(3);
        while Instant::now() < again {
            if try_get(url).is_ok_and(|answer| answer.ends_with("another")) {
                return;
            }
            pause();
        }
    }
    panic!("{url} did not change");
}

fn python(program: &str) -> String {
    let path = installed().join("python/bin").join(program);
    path.display().to_string()
}

const NODE: &str = "require('node:http')\n    \
    .createServer((request, response) => response.end('one'))\n    \
    .listen(process.env.PORT, 'localhost');\n";

#[test]
fn vite_is_restarted_and_stopped() {
    let vite = installed().join("node/node_modules/.bin/vite");
    let line = format!(
        "web: {} --port $PORT --strictPort --host 127.0.0.1\n",
        vite.display()
    );
    let project = Project::with_procfile(&line)
        .file("index.html", "one")
        .file("package.json", "{\"type\": \"module\"}\n");
    is_restarted_and_stopped(&project, |_| {});
}

#[test]
fn a_reloader_of_uvicorn_is_restarted_and_stopped() {
    let app = |answer: &str| {
        format!(
            "async def app(scope, receive, send):\n    \
                 if scope['type'] == 'http':\n        \
                     await send({{'type': 'http.response.start', 'status': 200}})\n        \
                     await send({{'type': 'http.response.body', 'body': b'{answer}'}})\n"
        )
    };
    let line = format!("web: {} app:app --reload --port $PORT\n", python("uvicorn"));
    let project = Project::with_procfile(&line).file("app.py", app("one"));
    is_restarted_and_stopped(&project, |url| {
        is_loaded_anew(url, || project.write("app.py", app("another")));
    });
}

#[test]
fn the_reloader_of_django_is_restarted_and_stopped() {
    let app = |answer: &str| {
        format!(
            "import sys\n\
             from django.conf import settings\n\
             from django.core.management import execute_from_command_line\n\
             from django.http import HttpResponse\n\
             from django.urls import path\n\
             settings.configure(DEBUG=True, ROOT_URLCONF=__name__, SECRET_KEY='x')\n\
             urlpatterns = [path('', lambda request: HttpResponse('{answer}'))]\n\
             execute_from_command_line(sys.argv)\n"
        )
    };
    let line = format!("web: {} manage.py runserver $PORT\n", python("python"));
    let project = Project::with_procfile(&line).file("manage.py", app("one"));
    is_restarted_and_stopped(&project, |url| {
        is_loaded_anew(url, || project.write("manage.py", app("another")));
    });
}

#[test]
fn what_npm_starts_is_restarted_and_stopped() {
    let npm = program("npm", &[]);
    let project = Project::with_procfile(&format!("web: {} start\n", npm.display()))
        .file(
            "package.json",
            "{\"scripts\": {\"start\": \"node server.js\"}}\n",
        )
        .file("server.js", NODE);
    is_restarted_and_stopped(&project, |_| {});
}

/// As rails does it: a script that waits for the server, which refuses to run beside the one whose pid is
/// written down.
const RAILS: &str = "#!/bin/sh\n\
    [ \"$1 $2\" = 'server -p' ] || exit 64\n\
    PORT=$3 node server.js &\n\
    trap 'kill -TERM $!' TERM\n\
    while kill -0 $! 2>/dev/null; do wait; done\n";

const PUMA: &str = "const { existsSync, rmSync, writeFileSync } = require('node:fs');\n\
    if (existsSync('server.pid')) {\n    \
        console.log('A server is already running');\n    \
        process.exit(1);\n\
    }\n\
    writeFileSync('server.pid', String(process.pid));\n\
    process.on('SIGTERM', () => { rmSync('server.pid', { force: true }); process.exit(); });\n";

#[test]
fn a_rails_shaped_line_is_restarted_and_stopped() {
    program("node", &[]);
    let project = Project::with_procfile("web: bin/rails server -p ${PORT:-3000}\n")
        .file("bin/rails", RAILS)
        .file("server.js", format!("{PUMA}{NODE}"));
    let script = project.directory().join("bin/rails");
    std::fs::set_permissions(script, PermissionsExt::from_mode(0o755)).unwrap();
    is_restarted_and_stopped(&project, |_| {});
    assert!(!project.directory().join("server.pid").exists());
}
