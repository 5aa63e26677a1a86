//! `devrun init`: what it prints, asks and writes, and what it leaves alone.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use nix::sys::stat::Mode;
use nix::unistd::{Uid, mkfifo};

use crate::screen::{CTRL_C, ENTER, Screen};
use crate::support::{Finished, Project};

const PACKAGE: &str =
    r#"{"scripts": {"dev": "vite", "worker": "node worker.js"}, "packageManager": "pnpm@10.0.0"}"#;
const PROCFILE: &str = "web: pnpm run dev --port $PORT --strictPort\nworker: pnpm run worker\n";
const QUESTION: &str = "write this to Procfile? [Y/n] ";

fn node() -> Project {
    Project::empty().file("package.json", PACKAGE)
}

fn init(project: &Project) -> Screen {
    Screen::run(project, project.command(["init"]), 80)
}

fn has_procfile(project: &Project) -> bool {
    project
        .directory()
        .join("Procfile")
        .symlink_metadata()
        .is_ok()
}

/// What is printed is a Procfile that `check` has nothing against; nothing is written.
fn prints(project: &Project, expected: &str) -> Finished {
    let finished = project.run(&["init"]);
    assert_eq!(
        (finished.status, finished.stdout.as_str()),
        (0, expected),
        "{}",
        finished.stderr
    );
    assert!(!has_procfile(project));
    project.write("printed", expected);
    let checked = project.run(&["check", "-f", "printed"]);
    assert_eq!((checked.status, checked.stderr.as_str()), (0, ""));
    finished
}

/// The same of these files.
fn check(files: &[(&str, &str)], expected: &str) {
    let project = Project::empty();
    files
        .iter()
        .for_each(|(name, text)| project.write(name, text));
    prints(&project, expected);
}

/// It finds nothing to run, says so, and writes nothing.
fn finds_nothing(project: &Project) -> String {
    let finished = project.run(&["init"]);
    assert_eq!(
        (finished.status, finished.stdout.as_str()),
        (2, ""),
        "{}",
        finished.stderr
    );
    assert!(!has_procfile(project));
    finished.stderr
}

#[test]
fn without_a_terminal_it_prints_a_procfile_and_nothing_else() {
    let finished = prints(&node(), PROCFILE);
    assert_eq!(
        finished.stderr,
        "web     the script `dev` of package.json, by packageManager: vite\n\
         worker  the script `worker` of package.json, by packageManager: node worker.js\n"
    );
}

#[test]
fn what_it_prints_is_good_for_each_kind_of_project() {
    check(&[("bin/rails", "")], "web: bin/rails server -p $PORT\n");
    check(&[("config.ru", "")], "web: rackup -p $PORT\n");
    check(
        &[("manage.py", "import django"), ("uv.lock", "")],
        "web: uv run python manage.py runserver $PORT\n",
    );
    check(&[("mix.exs", "{:phoenix, \"1\"}")], "web: mix phx.server\n");
    check(
        &[
            ("go.mod", "module x"),
            ("cmd/shop/main.go", "package main"),
            ("cmd/README", ""),
        ],
        "web: go run ./cmd/shop\n",
    );
    check(
        &[
            ("Cargo.toml", "[package]\nname = 'shop'\n"),
            ("src/main.rs", ""),
        ],
        "app: cargo run\n",
    );
    check(&[("artisan", "")], "web: php artisan serve --port=$PORT\n");
}

#[test]
fn what_it_prints_is_good_for_files_in_directories_too() {
    let package = ("Cargo.toml", "[package]\nname = 'shop'\n");
    check(
        &[package, ("src/main.rs", ""), ("src/bin/seed.rs", "")],
        "app: cargo run --bin shop\n",
    );
    check(&[package, ("src/bin/seed/main.rs", "")], "app: cargo run\n");
    let django =
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nimport django\n";
    check(
        &[
            ("manage.py", django),
            ("shop/celery.py", "app = Celery('shop')"),
            ("requirements.txt", "Django\ncelery[redis]\n"),
        ],
        "web: python3 manage.py runserver $PORT\nworker: celery -A shop worker\n",
    );
    let apart = Project::empty()
        .file("frontend/package.json", PACKAGE)
        .file("backend/manage.py", django)
        .file("node_modules/package.json", "{}");
    let said = finds_nothing(&apart);
    assert!(said.contains("      apps: [backend, frontend]\n"), "{said}");
}

#[test]
fn a_link_that_leads_nowhere_is_there_too() {
    let project = node();
    symlink("nowhere", project.directory().join("Procfile")).unwrap();
    let mut screen = init(&project);
    screen.wait_for("`Procfile` is there already");
    assert_eq!(screen.wait(), 2);
    assert!(!project.directory().join("nowhere").exists());
    let printed = project.run(&["init"]);
    assert_eq!((printed.status, printed.stdout.as_str()), (0, PROCFILE));
    let note = "note: Procfile is there already, and stays as it is\n";
    assert!(printed.stderr.ends_with(note), "{}", printed.stderr);
}

#[test]
fn it_says_what_its_page_shows() {
    let package = r#"{"scripts": {"dev": "vite", "worker": "node worker.js"}}"#;
    let project = Project::empty()
        .file("package.json", package)
        .file("pnpm-lock.yaml", "");
    let finished = prints(&project, PROCFILE);
    let page = include_str!("../../docs/init.md");
    let said = format!("{}{}{QUESTION}", finished.stdout, finished.stderr);
    assert!(page.contains(said.trim_end()), "{said}");
}

#[test]
fn on_a_terminal_it_asks_and_enter_writes() {
    let project = node();
    let mut screen = init(&project);
    screen
        .wait_for("worker: pnpm run worker")
        .wait_for("by packageManager: vite")
        .wait_for(QUESTION);
    assert!(!has_procfile(&project), "not before it was asked");
    screen
        .type_(ENTER)
        .wait_for("Procfile is written: `devrun start` runs it");
    assert_eq!(screen.wait(), 0);
    assert_eq!(project.read("Procfile"), PROCFILE);
    assert_eq!(project.run(&["check"]).status, 0);
    let mode = project
        .directory()
        .join("Procfile")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o133, 0, "not for others to write");
}

#[test]
fn any_other_answer_writes_nothing() {
    for answer in ["n\r", "what?\r", "\x04"] {
        let project = node();
        let mut screen = init(&project);
        screen
            .wait_for(QUESTION)
            .type_(answer)
            .wait_for("nothing was written");
        assert_eq!(screen.wait(), 1, "{answer:?}");
        assert!(!has_procfile(&project));
    }
    let project = node();
    let mut screen = init(&project);
    screen.wait_for(QUESTION).type_(CTRL_C);
    assert_eq!(screen.wait(), 130);
    assert!(!has_procfile(&project));
}

#[test]
fn what_is_there_stays_as_it_is() {
    for name in ["Procfile", "Procfile.dev"] {
        let project = node().file(name, "");
        let mut screen = init(&project);
        screen.wait_for(&format!("`{name}` is there already"));
        assert_eq!(screen.wait(), 2);
        let printed = project.run(&["init"]);
        assert_eq!((printed.status, printed.stdout.as_str()), (0, PROCFILE));
        assert!(
            !printed.stderr.contains("is there already"),
            "`devrun init > {name}` made it"
        );
        assert_eq!(project.read(name), "");
        project.write(name, "web: mine\n");
        let printed = project.run(&["init"]);
        assert_eq!((printed.status, printed.stdout.as_str()), (0, PROCFILE));
        let note = format!("note: {name} is there already, and stays as it is\n");
        assert!(printed.stderr.ends_with(&note), "{}", printed.stderr);
        assert_eq!(project.read(name), "web: mine\n");
    }
    let elsewhere = node().file("devrun.yaml", "procfile: Procfile.local\n");
    let mut screen = init(&elsewhere);
    screen.wait_for("`Procfile.local` is there already");
    assert_eq!(screen.wait(), 2);
}

#[test]
fn what_somebody_writes_while_it_asks_stays_too() {
    let project = node();
    let mut screen = init(&project);
    screen.wait_for(QUESTION);
    project.write("Procfile", "web: theirs\n");
    screen.type_(ENTER).wait_for("`Procfile` is there already");
    assert_eq!(screen.wait(), 2);
    assert_eq!(project.read("Procfile"), "web: theirs\n");

    let project = node();
    let mut screen = init(&project);
    screen.wait_for(QUESTION);
    symlink("../stolen", project.directory().join("Procfile")).unwrap();
    screen.type_(ENTER).wait_for("`Procfile` is there already");
    assert_eq!(screen.wait(), 2);
    assert!(
        !project.directory().join("../stolen").exists(),
        "no link is followed"
    );
}

#[test]
fn another_directory_is_named_and_never_one_above() {
    let project = Project::empty().file("shop/package.json", PACKAGE);
    let finished = project.run(&["init", "-d", "shop"]);
    assert_eq!((finished.status, finished.stdout.as_str()), (0, PROCFILE));
    let missing = project.run(&["init", "-d", "shpo"]);
    assert_eq!(
        (missing.status, missing.stderr.as_str()),
        (2, "error: no directory `shpo`\n")
    );
    finds_nothing(&node().below("empty"));
    let mut screen = Screen::run(&project, project.command(["init", "-d", "shop"]), 80);
    screen
        .wait_for("write this to shop/Procfile? [Y/n] ")
        .type_("yes\r");
    assert_eq!(screen.wait(), 0);
    assert_eq!(project.read("shop/Procfile"), PROCFILE);
}

#[test]
fn where_it_finds_nothing_it_shows_what_a_procfile_looks_like() {
    let said = finds_nothing(&Project::empty());
    assert!(said.starts_with("error: nothing in "), "{said}");
    let example = "\n help: write a Procfile: your processes, one per line, for example\n         \
                   web: npm run dev -- --port $PORT\n         worker: bin/worker\n";
    assert!(said.ends_with(example), "{said}");
}

#[test]
fn hints_are_for_people() {
    let compose = "services: {db: {image: postgres, ports: ['5432:5432']}}";
    let finished = prints(&node().file("compose.yaml", compose), PROCFILE);
    let hint = "note: compose.yaml is for `docker compose up`; who uses its services is told by a devrun.yaml\n";
    assert!(finished.stderr.contains(hint), "{}", finished.stderr);
    let uses = "      uses:\n        DATABASE_URL: postgresql://127.0.0.1:5432\n";
    assert!(finished.stderr.ends_with(uses), "{}", finished.stderr);
    let workspace = Project::empty().file("package.json", r#"{"workspaces": ["apps/*"]}"#);
    assert!(finds_nothing(&workspace).contains("      apps: [apps/*]\n"));
}

#[test]
fn hostile_files_are_bounded_and_harmless() {
    let package = |text: &str| Project::empty().file("package.json", text);
    assert!(finds_nothing(&package("{\"scripts\": ")).contains("note: package.json is no JSON"));
    assert!(finds_nothing(&package(&"{\"a\":".repeat(150_000))).contains("is no JSON"));
    let latin = Project::empty().file("package.json", b"{\"a\": \"\xff\"}");
    assert!(finds_nothing(&latin).contains("warning: `package.json` is not UTF-8"));

    let huge = Project::empty();
    let file = fs::File::create(huge.directory().join("package.json")).unwrap();
    file.set_len(100 * 1024 * 1024).unwrap();
    let said = "warning: `package.json` is not looked at\n caused by: it is larger than 1 MiB\n";
    assert!(finds_nothing(&huge).starts_with(said));

    let odd = Project::empty()
        .file("package.json/x", "")
        .file("compose.yaml", "a");
    mkfifo(&odd.directory().join("Gemfile"), Mode::S_IRWXU).unwrap();
    symlink("go.mod", odd.directory().join("go.mod")).unwrap();
    finds_nothing(&odd);

    let text = r#"{"scripts": {"dev": "vite \u001b[2J\nweb: rm", "dev:\nx: rm -rf y": "vite"}}"#;
    let finished = prints(&package(text), "web: npm run dev\n");
    assert!(
        finished.stderr.contains("vite \\x1b[2J\\nweb: rm"),
        "{}",
        finished.stderr
    );
}

#[test]
fn what_may_not_be_read_is_said_and_the_rest_counts() {
    if Uid::effective().is_root() {
        println!("root may read everything: left out");
        return;
    }
    let project = node()
        .file("Cargo.toml", "[package]\nname = 'x'\n")
        .file("src/main.rs", "");
    let forbid =
        |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
    forbid(&project.directory().join("package.json"));
    let finished = prints(&project, "app: cargo run\n");
    let said = "warning: cannot read `package.json`\n caused by: Permission denied\n";
    assert!(finished.stderr.starts_with(said), "{}", finished.stderr);
}

#[test]
fn a_directory_that_takes_no_file_is_an_error() {
    if Uid::effective().is_root() {
        println!("root may write everywhere: left out");
        return;
    }
    let project = node();
    let directory = project.directory();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o555)).unwrap();
    let mut screen = init(&project);
    screen
        .wait_for(QUESTION)
        .type_(ENTER)
        .wait_for("cannot write `Procfile`");
    let status = screen.wait();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(status, 2);
}
