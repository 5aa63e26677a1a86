//! Files that were edited, apps that are slow to stop, sessions that end while somebody waits.

use crate::ports::free_base;
use crate::screen::Screen;
use crate::support::{Project, helper, is_alive};
use crate::wiring::{api, beside, crashing, shop};

const USES_API: &str = "uses: { API_URL: ../api }\n";

#[test]
fn an_edited_use_applies_at_the_next_run() {
    let procfile = format!(
        "web: echo \"X=[${{X-none}}] Y=[${{Y-none}}]\"; exec {}\n",
        crashing()
    );
    let project =
        Project::with_procfile(&procfile).file("devrun.yaml", "uses: { X: 'x://1', Y: 'y://1' }\n");
    let mut devrun = project.start();
    devrun
        .wait_for("X=[x://1] Y=[y://1]")
        .wait_for("listens on");
    project.write("devrun.yaml", "uses: { X: 'x://2' }\n");
    project.write("crash", "");
    devrun.wait_for("web.1 uses X=x://2");
    devrun.wait_for("X=[x://2] Y=[none]");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn who_ignores_changes_has_the_new_value_at_its_next_run() {
    let procfile = format!("web: echo \"X=[$X]\"; exec {}\n", crashing());
    let project = shop("X", "").file("Procfile", &procfile).file(
        "devrun.yaml",
        "uses: { X: { app: ../api, on_change: ignore } }\n",
    );
    let api = api(&project);
    let mut owner = api.start();
    let port = owner.value_after("listens on ");
    let mut devrun = project.start();
    devrun
        .wait_for(&format!("X=[http://localhost:{port}]"))
        .wait_for("listens on");
    owner.wait_for(") now uses api");
    assert_eq!(owner.interrupt(), 0);
    devrun.wait_for("api was stopped in ");
    let base = free_base();
    let mut owner = api.spawn(api.command(["start", "-p", &base.to_string()]));
    owner.wait_for(") now uses api");
    project.write("crash", "");
    devrun.wait_for(&format!("X=[http://localhost:{base}]"));
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn a_stubborn_process_is_gone_before_its_app_is_taken_over() {
    let project = shop("API_URL", USES_API);
    let procfile = format!(
        "web: trap '' TERM; echo pid $$; {} & while :; do sleep 0.1; done\n",
        helper("listen")
    );
    let api = beside(&project, "api", &procfile, "timeout: 0.5\n");
    let mut devrun = project.start();
    devrun.see("API_URL=[http");
    let pid = devrun.value_after("api/web.1 | pid ").parse().unwrap();
    let mut owner = api.start();
    owner.wait_for("taking api over from shop");
    owner.wait_for("| listens on ");
    assert!(!is_alive(pid), "two copies run");
    assert!(
        owner
            .stderr
            .text()
            .contains("waiting until it has stopped there"),
        "{}",
        owner.stderr.text()
    );
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("API_URL=["), 1);
    owner.interrupt();
}

#[test]
fn an_app_that_is_taken_over_may_run_more_than_before() {
    let project = shop("API_URL", USES_API);
    let procfile = format!(
        "web: {0}\nworker: echo works; exec sleep 1000\n",
        helper("listen")
    );
    let api = beside(&project, "api", &procfile, "");
    let mut devrun = project.start();
    devrun.see("API_URL=[http");
    let port = devrun.value_after("api/web.1 | listens on ");
    let mut owner = api.start_with(&["-m", "all=1,web=2"]);
    owner
        .see(&format!("| listens on {port}\n"))
        .see("| works")
        .see("web.2");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("API_URL=["), 1);
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn a_sibling_has_the_base_of_its_own_files() {
    let project = shop("API_URL", USES_API);
    let base = free_base();
    let api = api(&project).file(".env", format!("PORT={base}\n"));
    let mut devrun = project.start();
    devrun.wait_for(&format!("API_URL=[http://localhost:{base}]"));
    assert_eq!(devrun.interrupt(), 0);
    drop(api);
}

#[test]
fn a_session_of_which_all_waits_ends_when_it_is_asked_to() {
    let project = shop(
        "API_URL",
        "uses: { API_URL: { app: ../api, start: never } }\n",
    );
    api(&project);
    let mut devrun = project.start();
    devrun.wait_for("api does not run; ");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("web.1 started"), 0);
}

#[test]
fn an_app_starts_at_once_behind_a_session_that_was_killed_with_it() {
    let project = shop("API_URL", USES_API);
    let api = api(&project);
    let mut killed = project.start();
    killed.see("API_URL=[http");
    killed.kill();
    let (mut owner, mut devrun) = (api.start(), project.start());
    owner.wait_for("listens on");
    let port = owner.value_after("listens on ");
    devrun.wait_for(&format!("API_URL=[http://localhost:{port}]"));
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn two_apps_that_do_not_run_would_not_be_on_one_port() {
    let project = shop("API_URL", &format!("port: 5000\n{USES_API}"));
    api(&project).write("devrun.yaml", "port: 5000\n");
    let own = project.run(&["url"]).stdout;
    let other = project.run(&["url", "API_URL"]).stdout;
    assert_ne!(own, other);
}

#[test]
fn where_any_port_will_do_none_is_foretold() {
    let project = Project::with_procfile("web: a\napi: b\n").file("devrun.yaml", "port: 0\n");
    let env = project.run(&["env", "web"]).stdout;
    assert!(!env.contains("localhost:100"), "{env}");
    assert!(!env.contains("PORT=0\n"), "{env}");
    let url = project.run(&["url"]);
    assert!(!url.stdout.contains("localhost:0"), "{}", url.stdout);
}

#[test]
fn a_url_is_waited_for_by_who_comes_to_run_here_later() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let project = shop("API_URL", USES_API);
    let yaml =
        format!("port: 0\nuses: {{ DB: {{ url: 'http://127.0.0.1:{port}/x', wait: ready }} }}\n");
    let api = api(&project).file("devrun.yaml", yaml);
    let mut owner = api.start();
    owner.wait_for("listens on ");
    let mut devrun = project.start();
    devrun.wait_for("API_URL=[http");
    owner.kill();
    devrun
        .wait_for("starting api")
        .wait_for("api/web.1 | listens on ");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn an_app_that_is_needed_only_later_is_sought_then() {
    let procfile = "web: sleep 1000\nworker: echo \"has [$API_URL]\"; exec sleep 1000\n";
    let settings = "port: 0\nuses: { API_URL: ../api }\nprocesses: { web: { uses: [] } }\n";
    let project = shop("API_URL", settings).file("Procfile", procfile);
    api(&project);
    let mut screen = Screen::start(&project, &["web"]);
    screen.wait_for("web.1 started").command("s worker");
    screen.wait_for("has [http://localhost:");
    screen.interrupt();
}

#[test]
fn an_app_that_is_linked_meanwhile_comes_with_the_next_session_and_all_else_at_the_next_run() {
    let procfile = format!("web: echo \"has [$API_URL] [$FOO]\"; exec {}\n", crashing());
    let project = shop("API_URL", USES_API).file("Procfile", procfile);
    api(&project);
    beside(
        &project,
        "other",
        &format!("web: {}\n", helper("listen")),
        "",
    );
    let mut devrun = project.start();
    let before = devrun.value_after("has [");
    let url = before.split(']').next().unwrap();
    devrun.wait_for("web.1 | listens on");
    let linked = project.run(&["link", "../other", "--as", "API_URL"]);
    assert!(
        linked.stdout.contains("at the next `devrun start`"),
        "{}",
        linked.stdout
    );
    project.write(".env", "FOO=2\n");
    project.write("crash", "");
    devrun.wait_for("devrun.local.yaml:2 is left out: ../other applies at the next `devrun start`");
    devrun.wait_for(&format!("has [{url}] [2]"));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_process_that_is_added_meanwhile_comes_with_the_next_session_and_all_else_at_the_next_run() {
    let procfile = format!("web: echo one; exec {}\n", crashing());
    let project = Project::with_procfile(&procfile);
    let mut devrun = project.start();
    devrun.wait_for("web.1  | one").wait_for("listens on");
    project.write(
        "Procfile",
        procfile.replace("echo one", "echo two") + "worker: sleep 1000\nclock: sleep 1000\n",
    );
    project.write("crash", "");
    devrun.wait_for("Procfile:2 is left out: worker applies at the next `devrun start`");
    devrun.wait_for("Procfile:3 is left out: clock applies at the next `devrun start`");
    devrun.wait_for("web.1  | two");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn what_is_added_meanwhile_and_referred_to_does_not_hold_back_all_else() {
    let procfile = format!(
        "web: echo \"has [$FOO] [${{B_URL-none}}]\"; exec {}\n",
        crashing()
    );
    let project = Project::with_procfile(&procfile)
        .file("devrun.yaml", "port: 0\nuses: { A_URL: 'x://a' }\n");
    let mut devrun = project.start_with(&["--unuse", "A_URL"]);
    devrun.wait_for("has [] [none]").wait_for("listens on");
    project.write("Procfile", format!("{procfile}redis: sleep 1000\n"));
    let added = "port: 0\nuses: { B_URL: redis }\n\
        processes: { web: { depends_on: redis }, redis: { restart: never } }\n";
    project.write("devrun.yaml", added);
    project.write(".env", "FOO=2\n");
    project.write("crash", "");
    devrun.wait_for("devrun.yaml:2 is left out: redis applies at the next `devrun start`");
    devrun.wait_for("has [2] [none]");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn an_edited_port_is_for_the_next_session_and_that_is_said() {
    let procfile = format!("web: echo \"[$PORT] [$A]\"; exec {}\n", crashing());
    let project = Project::with_procfile(&procfile).file("devrun.yaml", "port: 0\n");
    let mut devrun = project.start();
    let given = devrun.value_after("web.1  | [");
    let given = given.split(']').next().unwrap();
    devrun.wait_for("listens on");
    let edited = "port: 0\nprocesses: { web: { port: false } }\nenv: { A: new }\n";
    project.write("devrun.yaml", edited);
    project.write("crash", "");
    devrun.wait_for("devrun.yaml:2 is left out: `port` applies at the next `devrun start`");
    devrun.wait_for(&format!("[{given}] [new]"));
    assert_eq!(devrun.interrupt(), 0);
}
