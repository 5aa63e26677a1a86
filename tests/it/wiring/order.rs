//! Who is started before whom, who waits, and what becomes of those who waited in vain.

use std::net::TcpListener;

use crate::support::{Project, helper};
use crate::wiring::{beside, once_there_is, shop, shows};

fn project(procfile: &str, settings: &str) -> Project {
    Project::with_procfile(procfile).file("devrun.yaml", settings)
}

#[test]
fn a_consumer_is_started_once_what_it_uses_listens() {
    let listens = once_there_is("go", &format!("exec {}", helper("listen")));
    let procfile = format!("web: {}\napi: {listens}\n", helper("fetch-at-once API_URL"));
    let project = project(&procfile, "uses: { API_URL: api }\n");
    let mut devrun = project.start();
    devrun.wait_for("web.1 waits for api.1 to listen on ");
    assert_eq!(devrun.count("web.1 started"), 0);
    project.write("go", "");
    devrun.wait_for("web.1 uses api.1: API_URL=http://localhost:");
    devrun.wait_for("fetched HTTP/1.0 200 OK");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn of_automatic_urls_follows_no_order_and_nothing_is_said() {
    let procfile = format!("web: {}\napi: sleep 1000\n", shows("API_URL"));
    let mut devrun = project(&procfile, "").start();
    devrun
        .wait_for("API_URL=[http://localhost:")
        .wait_for("api.1");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count(" uses "), 0);
    assert_eq!(devrun.count("waits for"), 0);
}

#[test]
fn wait_none_lets_a_consumer_start_at_once() {
    let procfile = format!("web: {}\napi: sleep 1000\n", shows("API_URL"));
    let settings = "uses: { API_URL: { process: api, wait: none } }\n";
    let mut devrun = project(&procfile, settings).start();
    devrun.wait_for("API_URL=[http://localhost:");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_url_is_waited_for_only_where_that_is_said() {
    let procfile = format!("web: {}\n", shows("DB_URL"));
    // Free, and nobody's but ours: it is asked for again below.
    let port = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("custom://127.0.0.1:{port}/x");
    let settings = format!("uses: {{ DB_URL: '{url}' }}\n");
    let mut devrun = project(&procfile, &settings).start();
    devrun.wait_for(&format!("DB_URL=[{url}]"));
    assert_eq!(devrun.interrupt(), 0);

    let settings = format!("uses: {{ DB_URL: {{ url: '{url}', wait: ready }} }}\n");
    let mut devrun = project(&procfile, &settings).start();
    devrun.wait_for(&format!(
        "web.1 waits for 127.0.0.1:{port} to accept connections"
    ));
    assert_eq!(devrun.count("DB_URL=["), 0);
    let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    devrun.wait_for(&format!("DB_URL=[{url}]"));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_provider_that_fails_for_good_fails_those_who_need_it() {
    let procfile = format!("web: {}\napi: exit 7\n", shows("API_URL"));
    let settings = "restart: never\nuses: { API_URL: api }\n";
    let finished = project(&procfile, settings).run(&["start", "-p", "0"]);
    let said = &finished.stdout;
    assert!(
        said.contains("web.1 failed: API_URL: api.1 failed"),
        "{said}"
    );
    assert!(!said.contains("API_URL=["), "{said}");
    assert_eq!(finished.status, 7, "{said}");
}

#[test]
fn who_can_do_without_goes_on_when_a_provider_has_failed() {
    let procfile = format!("web: {}\napi: exit 7\n", shows("API_URL"));
    let settings =
        "restart: never\nauto_urls: false\nuses: { API_URL: { process: api, optional: true } }\n";
    let project = project(&procfile, settings).file(".env", "API_URL=below\n");
    let mut devrun = project.start();
    devrun.wait_for("API_URL=[below]");
    assert_eq!(devrun.interrupt(), 7);
}

#[test]
fn to_end_with_0_before_it_was_ready_is_a_failure_for_those_who_wait() {
    let procfile = format!("web: {}\napi: sleep 0.2\n", shows("API_URL"));
    let finished = project(&procfile, "uses: { API_URL: api }\n").run(&["start", "-p", "0"]);
    let said = &finished.stdout;
    assert!(
        said.contains("web.1 failed: API_URL: api.1 failed"),
        "{said}"
    );
    assert_ne!(finished.status, 0, "{said}");
}

#[test]
fn of_those_who_use_each_other_one_does_not_wait_and_that_is_said() {
    let procfile = format!("web: {0}\napi: {0}\n", helper("listen"));
    let settings = "uses: { API_URL: api, WEB_URL: web }\n\
        processes: { web: { uses: [API_URL] }, api: { uses: [WEB_URL] } }\n";
    let mut devrun = project(&procfile, settings).start();
    devrun
        .wait_for("api.1 and web.1 use each other: ")
        .wait_for(" does not wait\n");
    devrun.wait_for("listens on").wait_for("listens on");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("does not wait"), 1);
}

#[test]
fn depends_on_orders_and_sets_nothing() {
    let listens = once_there_is("go", &format!("exec {}", helper("listen")));
    let procfile = format!("web: {}\ndb: {listens}\n", shows("DB_URL"));
    let settings = "auto_urls: false\nprocesses: { web: { depends_on: [db] } }\n";
    let project = project(&procfile, settings);
    let mut devrun = project.start();
    devrun.wait_for("web.1 waits for db.1 to listen on ");
    assert_eq!(devrun.count("DB_URL=["), 0);
    project.write("go", "");
    devrun.wait_for("DB_URL=[none]");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_cycle_of_depends_on_is_an_error_that_prints_it() {
    let procfile = "a: sleep 1\nb: sleep 1\nc: sleep 1\n";
    let settings =
        "processes: { a: { depends_on: [b] }, b: { depends_on: [c] }, c: { depends_on: [a] } }\n";
    let finished = project(procfile, settings).run(&["start", "-p", "0"]);
    assert_eq!(finished.status, 2);
    assert!(finished.stdout.is_empty());
    let stderr = finished.stderr;
    let cycles = ["a → b → c → a", "b → c → a → b", "c → a → b → c"];
    assert!(
        cycles.iter().any(|cycle| stderr.contains(cycle)),
        "{stderr}"
    );
}

#[test]
fn consumers_are_stopped_before_what_they_use() {
    // Each tells who is still there while it ends.
    let listens = helper("listen");
    let procfile = format!(
        "web: trap 'sleep 0.3; echo web ends >> ends; exit' TERM; echo up; while :; do sleep 0.05; done\n\
         api: trap 'echo api ends >> ends; kill $child; exit' TERM; {listens} & child=$!; wait\n"
    );
    let project = project(&procfile, "uses: { API_URL: api }\n");
    let mut devrun = project.start();
    devrun.wait_for("| up");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(project.read("ends"), "web ends\napi ends\n");
}

#[test]
fn nothing_is_said_of_a_process_that_listens_nowhere_and_nobody_uses() {
    let procfile = format!("web: sleep 1000\napi: {}\n", helper("listen"));
    let mut devrun = Project::with_procfile(&procfile).start();
    devrun
        .wait_for("all up")
        .wait_for("web.1  running  (does not listen)");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("waits"), 0);
}

#[test]
fn values_are_known_before_anybody_is_started() {
    let procfile = format!("web: {}\napi: {}\n", shows("API_URL"), shows("WEB_URL"));
    let mut devrun = project(&procfile, "").start();
    let api = devrun.value_after("WEB_URL=[http://localhost:");
    let web = devrun.value_after("API_URL=[http://localhost:");
    devrun.see(&format!("PORT={}", api.replace(']', ")")));
    devrun.see(&format!("PORT={}", web.replace(']', ")")));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn what_is_to_be_waited_for_must_have_a_port() {
    let settings = "uses: { X_URL: { url: 'custom://h/x', wait: ready } }\n";
    let finished = project("web: true\n", settings).run(&["check"]);
    assert_eq!(finished.status, 1);
    let expected = "a URL without a port cannot be waited for";
    assert!(finished.stderr.contains(expected), "{}", finished.stderr);
}

#[test]
fn a_wait_ends_with_the_provider_of_another_app_too() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    beside(&project, "api", "web: exit 7\n", "restart: never\n");
    let finished = project.run(&["start", "-p", "0"]);
    let said = &finished.stdout;
    assert!(
        said.contains("web.1 failed: API_URL: api/web.1 failed"),
        "{said}"
    );
    assert_eq!(finished.status, 7, "{said}");
}

#[test]
fn a_use_of_one_run_waits_for_nobody_who_waits_for_it() {
    let listens = once_there_is("go", &format!("exec {}", helper("listen")));
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let api = beside(&project, "api", &format!("web: {listens}\n"), "");
    let mut devrun = project.start();
    devrun.wait_for("web.1 waits for api/web.1 to listen on ");
    // Only this one knows that they use each other.
    let mut owner = api.start_with(&["--use", "SHOP_URL=../shop"]);
    owner.wait_for("web.1 and shop/web.1 use each other: web.1 does not wait");
    api.write("go", "");
    owner.wait_for("| listens on ");
    devrun.wait_for("API_URL=[http://localhost:");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}
