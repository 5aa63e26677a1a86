//! A repository of several apps: its root runs them all, a member is an app like any other.

use crate::support::{Devrun, Finished, Project, get, helper};

/// A root that names its members, two of which there are: shop uses api.
fn repository() -> Project {
    let root = Project::called("mono").file("devrun.yaml", "apps: [apps/*]\n");
    root.write(".git/HEAD", "");
    let shows = "web: echo shop in ${PWD##*/} has [$API_URL] [$WHOSE] [$LEVEL]; exec sleep 1000\n";
    root.write(
        "apps/shop/Procfile",
        format!("{shows}extra: echo extra; exec sleep 1000\n"),
    );
    root.write(
        "apps/shop/devrun.yaml",
        "port: 0\nuses: { API_URL: ../api }\nprocesses: { extra: { uses: [] } }\n",
    );
    root.write("apps/shop/.env", "WHOSE=shop\n");
    let procfile = format!(
        "web: echo api in ${{PWD##*/}} has [$WHOSE] [$LEVEL]; exec {}\nclock: echo tick; exec sleep 1000\n",
        helper("listen")
    );
    root.write("apps/api/Procfile", procfile);
    root.write(
        "apps/api/devrun.yaml",
        "port: 0\nenv: { LEVEL: low }\nprocesses: { clock: { port: false } }\n",
    );
    root.write("apps/api/.env", "WHOSE=api\n");
    root.write("apps/notes/README", "no app\n");
    root
}

fn start(project: &Project, arguments: &[&str]) -> Devrun {
    let all = ["start"].iter().chain(arguments).copied();
    project.spawn(project.command(all))
}

#[test]
fn at_the_root_all_members_run_and_are_called_by_their_apps() {
    let root = repository();
    let mut devrun = start(&root, &[]);
    for text in [
        "shop/web.1   | shop in shop has [http://localhost:",
        "shop/extra.1 | extra",
        "api/web.1    | api in api has [api] [low]",
        "api/clock.1  | tick",
        "shop/web.1 uses api/web.1: API_URL=http://localhost:",
        "] [shop] []",
    ] {
        devrun.see(text);
    }
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn members_have_ports_of_their_own() {
    let root = repository();
    let (one, other) = (crate::ports::free_base(), crate::ports::free_base());
    root.write("apps/shop/devrun.yaml", format!("port: {one}\n"));
    root.write("apps/api/devrun.yaml", format!("port: {other}\n"));
    let mut devrun = start(&root, &[]);
    devrun
        .see(&format!("PORT={one})"))
        .see(&format!("PORT={other})"));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn with_directories_only_these_run_and_what_they_use() {
    let root = repository();
    let mut devrun = start(&root, &["apps/shop"]);
    devrun.see("has [http://localhost:").see("| extra");
    devrun.see("api/web.1");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("| tick"), 0);
    let mut devrun = start(&root, &["apps/api"]);
    devrun.see("| tick").see("| listens on ");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("| extra"), 0);
    let mut devrun = start(&root, &["apps/api", "./apps/shop"]);
    devrun
        .see("| tick")
        .see("| extra")
        .see("has [http://localhost:");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn inside_a_member_it_is_that_app() {
    let root = repository();
    let mut devrun = start(&root.below("apps/api"), &[]);
    devrun.see("web.1   | api in api has [api] [low]");
    devrun.see("clock.1 | tick");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("shop"), 0);
}

#[test]
fn of_several_apps_a_process_is_named_with_its_own() {
    let root = repository();
    let mut devrun = start(&root, &["shop/extra"]);
    devrun.see("| extra");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("api/web.1 started"), 0);
    let finished = root.run(&["start", "web"]);
    assert_eq!(finished.status, 2);
    let stderr = &finished.stderr;
    assert!(stderr.contains("no process `web`"), "{stderr}");
    assert!(stderr.contains("`api/web` or `shop/web`"), "{stderr}");
}

#[test]
fn a_member_that_runs_already_is_left_where_it_is() {
    let root = repository();
    let mut api = start(&root.below("apps/api"), &[]);
    let port = api.value_after("listens on ");
    let mut devrun = start(&root, &[]);
    devrun.see(&format!("api already runs (pid {}", api.pid()));
    devrun.see(&format!("has [http://localhost:{port}]"));
    assert_eq!(devrun.interrupt(), 0);
    assert!(get(&format!("http://localhost:{port}")).contains("200 OK"));
    assert_eq!(api.interrupt(), 0);
}

#[test]
fn a_members_own_directory_takes_it_over_from_the_root() {
    let root = repository();
    let mut devrun = start(&root, &[]);
    let port = devrun.value_after("listens on ");
    devrun.see("has [http://localhost:");
    let mut api = start(&root.below("apps/api"), &[]);
    api.see("taking api over from mono (pid ");
    api.see(&format!("listens on {port}"));
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(api.interrupt(), 0);
    assert_eq!(devrun.count("shop in shop"), 1);
}

#[test]
fn a_root_runs_once() {
    let root = repository();
    let mut devrun = start(&root, &[]);
    devrun.see("| tick");
    let second = root.run(&["start"]);
    assert_eq!(second.status, 2);
    assert!(
        second.stderr.contains("devrun already runs this app (pid "),
        "{}",
        second.stderr
    );
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_root_that_names_nobody_says_where_apps_are() {
    let root = repository();
    std::fs::remove_file(root.directory().join("devrun.yaml")).unwrap();
    let Finished { status, stderr, .. } = root.run(&["start"]);
    assert_eq!(status, 2);
    assert!(stderr.contains("no Procfile in "), "{stderr}");
    assert!(stderr.contains("apps/api and apps/shop"), "{stderr}");
    assert!(stderr.contains("apps: [apps/*]"), "{stderr}");
}

#[test]
fn a_glob_that_finds_no_app_is_an_error() {
    let root = repository();
    root.write("devrun.yaml", "apps: [apps/*, services/*]\n");
    let Finished { status, stderr, .. } = root.run(&["start"]);
    assert_eq!(status, 2);
    assert!(
        stderr.contains("no app is found at `services/*`"),
        "{stderr}"
    );
    assert!(stderr.contains("--> devrun.yaml:1:"), "{stderr}");
}

#[test]
fn a_root_may_have_a_procfile_of_its_own() {
    let root = repository();
    root.write("Procfile", "proxy: echo proxy; exec sleep 1000\n");
    root.write("devrun.yaml", "port: 0\napps: [apps/api]\n");
    let mut devrun = start(&root, &[]);
    devrun.see("| proxy").see("| tick").see("api/web.1");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_root_whose_members_all_run_already_stays_with_them() {
    let root = Project::called("root").file("devrun.yaml", "apps: [apps/*]\n");
    let member = root
        .below("apps/a")
        .file("Procfile", "web: exec sleep 1000\n");
    let member = member.file("devrun.yaml", "port: 0\n");
    let mut own = member.start();
    own.wait_for("web.1 started");
    let mut devrun = root.start();
    devrun.wait_for("a already runs");
    own.wait_for("root (pid ").wait_for("now uses a");
    own.kill();
    devrun.wait_for("starting a").wait_for("a/web.1 started");
    assert_eq!(devrun.interrupt(), 0);
}

/// A root with one member, in a directory of that name.
fn with_one_member(directory: &str) -> Project {
    let root = Project::called(directory).file("devrun.yaml", "apps: [apps/*]\n");
    root.write(
        "apps/a/Procfile",
        "web: echo up; exec sleep 1000\nextra: echo extra\n",
    );
    root.write("apps/a/devrun.yaml", "port: 0\n");
    root
}

#[test]
fn the_only_member_is_named_as_it_is_shown() {
    let root = with_one_member("mono");
    let mut devrun = start(&root, &["a/web"]);
    devrun.see("a/web.1 | up");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("| extra"), 0);
    let finished = root.run(&["start", "web"]);
    assert_eq!(finished.status, 2);
    let expected = "here a process is named with its app: `a/web`";
    assert!(finished.stderr.contains(expected), "{}", finished.stderr);
}

#[test]
fn a_root_may_be_called_like_a_pattern() {
    let mut devrun = start(&with_one_member("my[x]*"), &[]);
    devrun.see("a/web.1   | up");
    assert_eq!(devrun.interrupt(), 0);
}
