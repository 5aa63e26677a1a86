//! A provider that comes back, moves, or listens elsewhere: exactly those are restarted who have to be.

use std::net::TcpListener;

use crate::support::{Devrun, PATIENCE, Project, helper, pause};
use crate::wiring::{beside, crashing, once_there_is, shop, shows};

/// Serves its PORT until there is a file `crash`, and ends once there is a file `taken`.
fn moving() -> String {
    format!("{}; {}", crashing(), once_there_is("taken", "exit 1"))
}

/// Makes the provider in `project` end, which listens on `port`, and takes that for ourselves.
fn move_away(project: &Project, port: &str) -> TcpListener {
    project.write("crash", "");
    let port: u16 = port.parse().unwrap();
    let deadline = std::time::Instant::now() + PATIENCE;
    let taken = loop {
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(taken) => break taken,
            Err(error) => assert!(std::time::Instant::now() < deadline, "{port}: {error}"),
        }
        pause();
    };
    project.write("taken", "");
    taken
}

fn settings(settings: &str, procfile: &str) -> Project {
    Project::called("shop")
        .file("Procfile", procfile)
        .file("devrun.yaml", settings)
}

/// The second port that is listened on: nobody else does.
fn second_port(devrun: &mut Devrun) -> String {
    let says = "| listens on ";
    let first = devrun.stdout.wait_for(says, 0);
    let second = devrun.stdout.wait_for(says, first);
    devrun.stdout.wait_for("\n", second);
    let text = devrun.stdout.text();
    text[second..].lines().next().unwrap().to_string()
}

#[test]
fn a_provider_that_comes_back_on_its_port_restarts_nobody() {
    let procfile = format!("web: {}\nback: {}\n", shows("BACK_URL"), crashing());
    let project = settings("uses: { BACK_URL: back }\n", &procfile);
    let mut devrun = project.start();
    devrun.wait_for("BACK_URL=[http");
    for _ in 0..2 {
        project.write("crash", "");
        devrun
            .wait_for("back.1 exited with status 1")
            .wait_for("| listens on");
    }
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("BACK_URL=["), 1);
}

#[test]
fn a_provider_that_moves_restarts_exactly_who_uses_it() {
    let procfile = format!(
        "web: echo \"web has [$BACK_URL]\"; exec sleep 1000\n\
         over: echo \"over has [$WEB]\"; exec sleep 1000\n\
         free: echo \"free has [$BACK_URL]\"; exec sleep 1000\n\
         back: {}\n",
        moving(),
    );
    let uses = "uses: { BACK_URL: back, WEB: { process: web, wait: none } }\nprocesses:\n  web: { uses: [BACK_URL] }\n  over: { uses: [WEB] }\n  free: { uses: [] }\n";
    let project = settings(uses, &procfile);
    let mut devrun = project.start();
    devrun
        .see("web has [http")
        .see("over has [http")
        .see("free has [http");
    let port = devrun.value_after("| listens on ");
    let _taken = move_away(&project, &port);
    devrun.wait_for(&format!("port {port} was taken meanwhile"));
    let moved = second_port(&mut devrun);
    assert_ne!(port, moved);
    devrun.wait_for("web.1: BACK_URL changed, restarting it");
    devrun.wait_for(&format!("web has [http://localhost:{moved}]"));
    assert_eq!(devrun.interrupt(), 0);
    let counts = ["web has", "over has", "free has"].map(|who| devrun.count(who));
    assert_eq!(counts, [2, 1, 1], "{}", devrun.stdout.text());
}

#[test]
fn who_uses_it_twice_is_restarted_once() {
    let procfile = format!("web: {}\nback: {}\n", shows("BACK_URL"), moving());
    let uses = "uses: { BACK_URL: back, BACK_PLACE: { process: back, value: '{host}:{port}' } }\n";
    let project = settings(uses, &procfile);
    let mut devrun = project.start();
    devrun.wait_for("BACK_URL=[http");
    let port = devrun.value_after("| listens on ");
    let _taken = move_away(&project, &port);
    devrun
        .wait_for("BACK_URL")
        .wait_for("changed, restarting it");
    let moved = second_port(&mut devrun);
    devrun.wait_for(&format!("BACK_URL=[http://localhost:{moved}]"));
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("BACK_URL=["), 2);
}

#[test]
fn who_ignores_changes_is_not_restarted() {
    let procfile = format!(
        "web: {}\nworker: {}\nback: {}\n",
        shows("BACK_URL"),
        shows("BACK"),
        moving()
    );
    let uses = "uses: { BACK_URL: { process: back, on_change: ignore }, BACK: back }\n\
        processes: { web: { uses: [BACK_URL] }, worker: { uses: [BACK] } }\n";
    let project = settings(uses, &procfile);
    let mut devrun = project.start();
    devrun.see("BACK_URL=[http").see("BACK=[http");
    let port = devrun.value_after("| listens on ");
    let _taken = move_away(&project, &port);
    let moved = second_port(&mut devrun);
    devrun.wait_for(&format!("BACK=[http://localhost:{moved}]"));
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("BACK_URL=["), 1);
}

#[test]
fn a_change_goes_downstream_only_as_far_as_values_change() {
    let project = shop(
        "API_URL",
        "uses: { API_URL: { app: ../api, wait: none } }\n",
    );
    let procfile = "web: echo \"api has [$CACHE_URL]\"; exec sleep 1000\n";
    beside(&project, "api", procfile, "uses: { CACHE_URL: ../cache }\n");
    let cache = beside(&project, "cache", &format!("web: {}\n", moving()), "");
    let mut devrun = project.start();
    devrun.see("API_URL=[http").see("api has [http");
    let port = devrun.value_after("| listens on ");
    let _taken = move_away(&cache, &port);
    let moved = second_port(&mut devrun);
    devrun.wait_for(&format!("api has [http://localhost:{moved}]"));
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("API_URL=["), 1);
    assert_eq!(devrun.count("api has ["), 2);
}

#[test]
fn a_provider_of_another_session_is_followed_when_it_moves() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let api = beside(&project, "api", &format!("web: {}\n", moving()), "");
    let mut owner = api.start();
    let port = owner.value_after("listens on ");
    let mut devrun = project.start();
    devrun.wait_for(&format!("API_URL=[http://localhost:{port}]"));
    let _taken = move_away(&api, &port);
    let moved = second_port(&mut owner);
    devrun.wait_for("web.1: API_URL changed, restarting it");
    devrun.wait_for(&format!("API_URL=[http://localhost:{moved}]"));
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
    assert_eq!(devrun.count("API_URL=["), 2);
}

#[test]
fn a_provider_that_listens_elsewhere_is_found_there() {
    let procfile = format!(
        "web: {}\nback: {}\n",
        shows("BACK_URL"),
        helper("elsewhere")
    );
    let mut devrun = settings("uses: { BACK_URL: back }\n", &procfile).start();
    let port = devrun.value_after("| listens on ");
    devrun
        .wait_for("back.1 was given PORT=")
        .wait_for(&format!(" but listens on {port} "));
    devrun.see(&format!(
        "web.1 uses back.1: BACK_URL=http://localhost:{port}"
    ));
    devrun.see(&format!("BACK_URL=[http://localhost:{port}]"));
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("BACK_URL=["), 1);
}

#[test]
fn a_sibling_that_listens_elsewhere_is_found_there() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let api = beside(
        &project,
        "api",
        &format!("web: {}\n", helper("elsewhere")),
        "",
    );
    let check = |devrun: &mut Devrun, port: &str| {
        devrun.see(&format!("API_URL=[http://localhost:{port}]"));
        assert_eq!(devrun.interrupt(), 0);
        assert_eq!(devrun.count("API_URL=["), 1);
    };
    let mut devrun = project.start();
    let port = devrun.value_after("api/web.1 | listens on ");
    check(&mut devrun, &port);
    let mut owner = api.start();
    let port = owner.value_after("listens on ");
    check(&mut project.start(), &port);
    assert_eq!(owner.interrupt(), 0);
}
