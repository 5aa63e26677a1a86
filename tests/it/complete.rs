//! Completions: what devrun offers at the cursor, and the scripts in the shells that they are for.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use nix::sys::signal::Signal;

use crate::screen::{ENTER, Screen};
use crate::support::{Devrun, PATIENCE, Project, helper, is_installed, pause};

const CTRL_U: &str = "\x15";

/// What is offered behind a line of bash; flags for `directories` and the like come first, as `(directories)`.
fn offered(project: &Project, line: &str) -> Vec<String> {
    let finished = project.run(&["complete", "bash", "--", line]);
    assert_eq!((finished.status, finished.stderr.as_str()), (0, ""));
    let mut lines = finished.stdout.lines();
    let also = lines.next().unwrap();
    let mut offered: Vec<String> = Vec::new();
    if also != "nothing" {
        offered.push(format!("({also})"));
    }
    let words = lines.skip(2).map(|line| line.split('\t').next().unwrap());
    offered.extend(words.map(str::to_string));
    offered
}

/// A session that is slow to answer is not waited for at a Tab, and is asked again here.
#[track_caller]
fn check(project: &Project, line: &str, expected: &[&str]) {
    let begun = Instant::now();
    let mut seen = offered(project, line);
    while seen != expected && begun.elapsed() < PATIENCE {
        pause();
        seen = offered(project, line);
    }
    assert_eq!(seen, expected, "{line}");
}

fn shop() -> Project {
    Project::with_procfile("web: a\nworker: b\nnot a line\nrelease: c\n")
        .file("devrun.yaml", "uses:\n  API_URL: ../api\n")
        .file(".git/HEAD", "")
        .file("sub/x", "")
}

#[test]
fn process_names_are_offered_wherever_one_is_expected() {
    let shop = shop();
    let all = ["web", "worker", "release"];
    for command in ["start", "open", "env", "run -p"] {
        check(&shop, &format!("devrun {command} "), &all);
    }
    check(&shop, "devrun start web wo", &["worker"]);
    check(&shop, "devrun start web ", &["worker", "release"]);
    check(&shop, "devrun start --without=web,", &["worker", "release"]);
    check(&shop, "devrun start -m all=1,we", &["web="]);
    check(&shop, "devrun run r", &["(commands)", "release"]);
    check(&shop, "devrun env web ", &[]);
    check(&shop, "devrun nothing ", &[]);
    check(&shop.below("sub"), "devrun start wo", &["worker"]);
}

#[test]
fn the_app_is_the_one_that_is_meant() {
    let shop = shop().file("Procfile.test", "test: a\n");
    let api = shop.sibling("my api").file("Procfile", "grpc: a\n");
    check(&shop, "devrun env -d '../my api' ", &["grpc"]);
    check(&shop, "devrun env --root=../my\\ api ", &["grpc"]);
    check(&shop, "devrun env -f Procfile.test ", &["test"]);
    check(&shop, "devrun env -d ../nowhere ", &[]);
    check(&api, "devrun env ", &["grpc"]);
    check(&shop.sibling("none"), "devrun env ", &[]);
}

#[test]
fn members_of_a_repository_are_offered_with_their_apps() {
    let root = Project::empty()
        .file("devrun.yaml", "apps: [apps/*]\n")
        .file("apps/shop/Procfile", "web: a\n")
        .file("apps/api/devrun.yaml", "name: backend\n")
        .file("apps/api/Procfile", "web: a\n");
    check(&root, "devrun url ", &["backend/web", "shop/web"]);
}

#[test]
fn what_else_the_files_name_is_offered() {
    let shop = shop();
    check(&shop, "devrun unlink ", &["API_URL"]);
    check(&shop, "devrun url A", &["API_URL"]);
    check(&shop, "devrun start --use ", &["API_URL="]);
    check(&shop, "devrun start --use API_URL=", &["(directories)"]);
    check(&shop, "devrun start --unuse A", &["API_URL"]);
    check(&shop, "devrun start -f ", &["(files)"]);
    check(&shop, "devrun start --fail", &["--fail-fast"]);
    check(&shop, "devrun sta", &["start"]);
    check(&shop, "devrun help un", &["unlink"]);
    check(
        &shop,
        "devrun start --restart ",
        &["always", "on-failure", "never"],
    );
}

#[test]
fn files_that_are_wrong_offer_what_can_be_read() {
    let broken = Project::empty()
        .file("Procfile", b"web: \xff\nweb: again\n:\nworker: b\n")
        .file("devrun.yaml", "{")
        .file(".foreman", "{")
        .file(".env", "\"");
    check(&broken, "devrun start ", &["web", "worker"]);
    let away = Project::empty().below("Procfile");
    check(&away, "devrun start ", &[]);
}

#[test]
fn what_runs_is_offered_too_and_nobody_is_waited_for() {
    let web = helper("listen");
    let shop = Project::called("shop")
        .file("Procfile", format!("web: {web}\nworker: {web}\n"))
        .file("devrun.yaml", "uses:\n  API_URL: ../api\n");
    let api = shop
        .sibling("api")
        .file("Procfile", format!("web: {web}\n"));
    let mut devrun = shop.start_with(&["-m", "web=2,worker=1"]);
    devrun.wait_for("all up");
    let all = ["web", "worker", "web.1", "web.2", "api/web"];
    check(&shop, "devrun open ", &all);
    check(&api, "devrun env -d ", &["(directories)", "../shop"]);
    check(&api, "devrun env -d ../", &["(directories)"]);
    check(&shop, "devrun link .", &["(directories)", "../api"]);
    let apps = [&api, &shop].map(|app| app.directory().display().to_string());
    let apps = ["(directories)", &apps[0], &apps[1]];
    check(&shop.below("a/b"), "devrun uses -d /", &apps);
    devrun.signal(Signal::SIGSTOP);
    check(&shop, "devrun open ", &["web", "worker"]);
    devrun.signal(Signal::SIGCONT);
    assert_eq!(devrun.interrupt(), 0);
}

/// With devrun where the shell finds it.
fn shell(project: &Project, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    project.prepare(&mut command);
    let devrun = Path::new(env!("CARGO_BIN_EXE_devrun")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    command
        .args(arguments)
        .env("PATH", format!("{}:{path}", devrun.display()))
        .env("TERM", "dumb");
    command
}

fn script(name: &str) -> String {
    format!("{}/completions/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What somebody types before Tab, and what then stands there.
const TYPED: [(&str, &str); 11] = [
    ("devrun sta", "devrun start "),
    ("devrun start wo", "devrun start worker "),
    ("devrun start web wo", "devrun start web worker "),
    ("devrun open we", "devrun open web "),
    ("devrun run -p wo", "devrun run -p worker "),
    ("devrun url AP", "devrun url API_URL "),
    (
        "devrun env -d ../my\\ api gr",
        "devrun env -d ../my\\ api grpc ",
    ),
    ("devrun env -d ../my", "devrun env -d ../my\\ api/"),
    ("devrun env --root=../my", "devrun env --root=../my\\ api/"),
    ("devrun start --use AP", "devrun start --use API_URL="),
    ("devrun start -m all=1,wo", "devrun start -m all=1,worker="),
];

fn type_into(mut terminal: Screen, setup: &str) {
    // As it is typed it is not what is waited for.
    terminal
        .command(&format!("{setup}; PS1='rea''dy> '"))
        .wait_for("ready> ");
    for (typed, expected) in TYPED {
        terminal.type_(typed).type_("\t").wait_for(expected);
        terminal.type_(CTRL_U);
    }
    terminal.type_("exit").type_(ENTER);
    terminal.wait();
}

fn typed_in() -> Project {
    let shop = shop();
    shop.sibling("my api").write("Procfile", "grpc: a\n");
    shop
}

#[test]
fn bash_completes() {
    let project = typed_in();
    let bash = shell(&project, "bash", &["--norc", "--noprofile", "-i"]);
    let setup = format!("source '{}'", script("devrun.bash"));
    type_into(Screen::run(&project, bash, 80), &setup);
}

#[test]
fn zsh_completes() {
    if !is_installed("zsh") {
        return;
    }
    let project = typed_in();
    let zsh = shell(&project, "zsh", &["-f", "-i"]);
    let setup = format!(
        "autoload -U compinit; compinit -D -u; source '{}'",
        script("_devrun")
    );
    type_into(Screen::run(&project, zsh, 200), &setup);
}

/// Its screen is repainted at each key; what it would complete it says without one.
#[test]
fn fish_completes() {
    if !is_installed("fish") {
        return;
    }
    let project = typed_in();
    let mut ask = format!("source '{}'\n", script("devrun.fish"));
    for (typed, _) in TYPED {
        ask.push_str(&format!("complete -C '{}'\n", typed.replace('\\', "\\\\")));
    }
    let mut fish = Devrun::spawn(shell(&project, "fish", &["--no-config", "-c", &ask]));
    assert_eq!(fish.wait(), 0, "{}", fish.stderr.text());
    let said = fish.stdout.text();
    let words: Vec<&str> = said
        .lines()
        .map(|line| line.split('\t').next().unwrap())
        .collect();
    let expected = [
        "start",
        "worker",
        "worker",
        "web",
        "worker",
        "API_URL",
        "grpc",
        "../my api/",
        "--root=../my api/",
        "API_URL=",
        "all=1,worker=",
    ];
    assert_eq!(words, expected);
}
