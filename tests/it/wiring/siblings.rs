//! An app that another one uses: who starts it, how much of it, and how it is called.

use crate::screen::{CTRL_C, Screen};
use crate::support::{Project, helper};
use crate::wiring::{api, beside, shop};

const USES_API: &str = "uses: { API_URL: ../api }\n";

#[test]
fn a_sibling_that_nobody_runs_is_started_under_this_session() {
    let project = shop("API_URL", USES_API);
    api(&project);
    let mut devrun = project.start();
    devrun.see("api/web.1 | listens on ");
    devrun.see("web.1 uses api/web.1: API_URL=http://localhost:");
    devrun.see("API_URL=[http://localhost:");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn only_what_is_used_of_a_sibling_is_started_and_the_rest_is_named() {
    let project = shop("API_URL", USES_API);
    let procfile = format!(
        "web: {0}\ndb: {0}\nworker: echo worker runs\nclock: echo clock runs\n",
        helper("listen")
    );
    let settings = "uses: { DB_URL: db }\n";
    beside(&project, "api", &procfile, settings);
    let mut devrun = project.start();
    devrun.see("): api/web.1 and api/db.1; not started: worker and clock");
    devrun.wait_for("API_URL=[http://localhost:");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count(" runs\n"), 0);
    assert_eq!(devrun.count("| listens on"), 2);
}

#[test]
fn the_process_that_is_meant_is_web_or_the_only_one_or_named() {
    let check = |procfile: &str, target: &str, provider: &str| {
        let project = shop("API_URL", &format!("uses: {{ API_URL: '{target}' }}\n"));
        beside(&project, "api", procfile, "");
        let mut devrun = project.start();
        devrun.wait_for(&format!("web.1 uses api/{provider}: API_URL="));
        assert_eq!(devrun.interrupt(), 0);
    };
    let listen = helper("listen");
    check(
        &format!("web: {listen}\ngrpc: {listen}\n"),
        "../api",
        "web.1",
    );
    check(&format!("grpc: {listen}\n"), "../api", "grpc.1");
    check(
        &format!("web: {listen}\ngrpc: {listen}\n"),
        "../api#grpc",
        "grpc.1",
    );
}

#[test]
fn where_no_process_can_be_meant_all_are_listed() {
    let project = shop("API_URL", USES_API);
    beside(&project, "api", "grpc: a\nrest: b\n", "");
    let finished = project.run(&["start", "-p", "0"]);
    assert_eq!(finished.status, 2);
    let stderr = finished.stderr;
    assert!(
        stderr.contains("has no `web`: which process of it is meant?"),
        "{stderr}"
    );
    assert!(stderr.contains("`grpc` and `rest`"), "{stderr}");
    assert!(stderr.contains("`../api#grpc`"), "{stderr}");
}

#[test]
fn a_missing_directory_is_told_with_both_cures() {
    let project = shop("API_URL", USES_API);
    let finished = project.run(&["start", "-p", "0"]);
    assert_eq!(finished.status, 2);
    assert!(finished.stdout.is_empty(), "{}", finished.stdout);
    let stderr = finished.stderr;
    assert!(stderr.contains("--> devrun.yaml:1:"), "{stderr}");
    assert!(stderr.contains("no directory `../api`"), "{stderr}");
    assert!(
        stderr.contains("`devrun link DIR --as API_URL`"),
        "{stderr}"
    );
    assert!(
        stderr.contains("`devrun start --unuse API_URL`"),
        "{stderr}"
    );
}

#[test]
fn for_one_run_another_directory_or_none_is_behind_a_use() {
    let project = shop("API_URL", USES_API);
    beside(
        &project,
        "other",
        &format!("web: {}\n", helper("listen")),
        "",
    );
    let mut devrun = project.start_with(&["--use", "API_URL=../other"]);
    devrun.wait_for("web.1 uses other/web.1: API_URL=");
    assert_eq!(devrun.interrupt(), 0);
    let mut devrun = project.start_with(&["--unuse", "API_URL"]);
    devrun.wait_for("API_URL=[none]");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_sibling_has_its_own_files_and_directory() {
    let project = shop("API_URL", USES_API).file(".env", "WHOSE=shop\nONLY_SHOP=1\n");
    let procfile = format!(
        "web: echo whose=[$WHOSE] only=[$ONLY_SHOP] level=[$LEVEL] in ${{PWD##*/}}; exec {}\n",
        helper("listen")
    );
    beside(&project, "api", &procfile, "env: { LEVEL: low }\n").file(".env", "WHOSE=api\n");
    let mut devrun = project.start_with(&["--set", "LEVEL=high"]);
    devrun.wait_for("whose=[api] only=[] level=[low] in api");
    devrun.wait_for("API_URL=[http");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn apps_that_are_called_the_same_are_told_apart() {
    let project = shop("A_URL", "uses: { A_URL: ../one/api, B_URL: ../two/api }\n");
    let procfile = format!("web: {}\n", helper("listen"));
    beside(&project, "one/api", &procfile, "");
    beside(&project, "two/api", &procfile, "");
    let mut devrun = project.start();
    devrun.see("A_URL=[http://localhost:");
    devrun.see("web.1 uses one-api/web.1: A_URL=");
    devrun.see("web.1 uses two-api/web.1: B_URL=");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_chain_of_apps_is_started_from_its_end() {
    let project = Project::called("shop")
        .file(
            "Procfile",
            format!("web: {}\n", helper("fetch-at-once API_URL")),
        )
        .file("devrun.yaml", USES_API);
    let procfile = format!(
        "web: echo \"api has [$CACHE_URL]\"; exec {}\n",
        helper("listen")
    );
    beside(
        &project,
        "api",
        &procfile,
        "uses: { CACHE_URL: ../cache }\n",
    );
    beside(
        &project,
        "cache",
        &format!("store: {}\n", helper("listen")),
        "",
    );
    let mut devrun = project.start();
    devrun.see("cache/store.1 | listens on ");
    devrun.wait_for("api has [http://localhost:");
    devrun.wait_for("fetched HTTP/1.0 200 OK");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn apps_may_use_each_other() {
    let procfile = format!(
        "web: echo \"${{PWD##*/}} has [$OTHER_URL]\"; exec {}\n",
        helper("listen")
    );
    let project = Project::called("shop")
        .file("Procfile", &procfile)
        .file("devrun.yaml", "uses: { OTHER_URL: ../api }\n");
    beside(&project, "api", &procfile, "uses: { OTHER_URL: ../shop }\n");
    let mut devrun = project.start();
    devrun.wait_for(" use each other: ");
    devrun.see("shop has [http://localhost:");
    devrun.see("api has [http://localhost:");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count(" has []"), 0);
}

#[test]
fn what_is_to_be_started_by_somebody_else_is_waited_for() {
    let settings = "uses: { API_URL: { app: ../api, start: never } }\n";
    let project = shop("API_URL", settings);
    let api = api(&project);
    let mut devrun = project.start();
    devrun.wait_for("api does not run; `devrun start` in ");
    devrun.wait_for("web.1 waits for somebody to start api/web.1");
    assert_eq!(devrun.count("API_URL=["), 0);
    let mut owner = api.start();
    let port = owner.value_after("listens on ");
    devrun.wait_for(&format!("API_URL=[http://localhost:{port}]"));
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn an_optional_app_that_nobody_runs_is_done_without_until_it_is_there() {
    let check = |on_change: &str| {
        let use_ = format!("{{ app: ../api, start: never, optional: true{on_change} }}");
        let project = shop("API_URL", &format!("uses: {{ API_URL: {use_} }}\n"));
        let api = api(&project);
        let mut devrun = project.start();
        devrun.wait_for("web.1 does without api/web.1: API_URL is not set");
        devrun.wait_for("API_URL=[none]");
        let mut owner = api.start();
        let port = owner.value_after("listens on ");
        if on_change.is_empty() {
            devrun.wait_for("web.1: API_URL changed, restarting it");
            devrun.wait_for(&format!("API_URL=[http://localhost:{port}]"));
        } else {
            owner.wait_for("shop (pid ");
        }
        assert_eq!(devrun.interrupt(), 0);
        assert_eq!(owner.interrupt(), 0);
        devrun.count("API_URL=[")
    };
    assert_eq!(check(""), 2);
    assert_eq!(check(", on_change: ignore"), 1);
}

#[test]
fn a_process_of_a_sibling_is_shown_with_its_app() {
    let project = shop("API_URL", USES_API);
    beside(
        &project,
        "api",
        &format!("web: {}\n", helper("listen")),
        "name: catalogue\n",
    );
    let mut devrun = project.start();
    devrun.wait_for("catalogue/web.1 started (pid ");
    devrun.see("catalogue/web.1 | listens on ");
    devrun.wait_for("API_URL=[http");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn who_is_started_by_hand_has_what_it_uses_or_is_refused() {
    let settings = "uses: { API_URL: ../api, DB_URL: 'custom://u:${PASSWORD}@db' }\n\
        processes: { web: { uses: [] }, worker: { uses: [API_URL] }, job: { uses: [DB_URL] } }\n";
    let procfile = "web: exec sleep 1000\nworker: exec sleep 1000\njob: exec sleep 1000\n";
    let project = Project::called("shop")
        .file("Procfile", procfile)
        .file("devrun.yaml", settings);
    let mut screen = Screen::start(&project, &["web"]);
    screen.wait_for("web.1 started (pid ");
    screen.command("s worker");
    screen.wait_for("worker.1 could not be started: API_URL: ");
    screen.command("s job");
    screen.wait_for("job.1 could not be started: DB_URL: ");
    screen.type_(CTRL_C);
    assert_ne!(screen.wait(), 0);
    let said = screen.text();
    assert!(!said.contains("worker.1 started"), "{said}");
    assert!(!said.contains("job.1 started"), "{said}");
}
