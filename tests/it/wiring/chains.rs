//! Several apps, several sessions, in every order; and what happens when one of them is gone.

use std::time::Instant;

use crate::support::{Devrun, PATIENCE, Project, get, helper, pause, try_get};
use crate::wiring::{beside, shop};

/// shop uses api, api uses cache; each answers requests with the URLs that it has.
fn chain() -> [Project; 3] {
    let procfile = format!("web: {}\n", helper("listen"));
    let shop = Project::called("shop")
        .file("Procfile", &procfile)
        .file("devrun.yaml", "port: 0\nuses: { API_URL: ../api }\n");
    let api = beside(&shop, "api", &procfile, "uses: { CACHE_URL: ../cache }\n");
    let cache = beside(&shop, "cache", &procfile, "");
    [shop, api, cache]
}

/// What is behind a URL in the answer of `url`, as soon as that one answers too.
fn behind(url: &str, variable: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = try_get(url).unwrap_or_default();
        let line = answer
            .lines()
            .find_map(|line| line.strip_prefix(variable)?.strip_prefix('='));
        if let Some(line) = line {
            return line.to_string();
        }
        assert!(Instant::now() < deadline, "{url}: {answer}");
        pause();
    }
}

/// The URL of web.1 that is the session's own.
fn own_url(devrun: &mut Devrun) -> String {
    let started = devrun.value_after("| web.1 started (pid ");
    let port = started.split("PORT=").nth(1).unwrap();
    format!("http://localhost:{}", port.trim_end_matches(')'))
}

fn answers_through(url: &str) {
    let api = behind(url, "API_URL");
    let cache = behind(&api, "CACHE_URL");
    assert!(get(&cache).contains("200 OK"));
}

fn is_there(devrun: &mut Devrun) -> &mut Devrun {
    devrun.see("| listens on ")
}

#[test]
fn three_terminals_in_every_order() {
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for order in orders {
        let apps = chain();
        let mut devruns: Vec<(usize, Devrun)> = Vec::new();
        for place in order {
            let mut devrun = apps[place].spawn(apps[place].command(["start"]));
            devrun.see("web.1 started (pid ");
            devruns.push((place, devrun));
        }
        for (_, devrun) in &mut devruns {
            is_there(devrun);
        }
        let shop = devruns.iter_mut().find(|(place, _)| *place == 0).unwrap();
        let url = own_url(&mut shop.1);
        answers_through(&url);
        for (_, mut devrun) in devruns {
            assert_eq!(devrun.interrupt(), 0, "{order:?}");
        }
    }
}

#[test]
fn the_middle_one_may_be_killed_and_come_back() {
    let apps = chain();
    let start = |place: usize| apps[place].spawn(apps[place].command(["start"]));
    let (mut cache, mut api) = (start(2), start(1));
    is_there(&mut cache);
    is_there(&mut api);
    let mut shop = start(0);
    let url = own_url(&mut shop);
    answers_through(&url);
    let before = behind(&url, "API_URL");
    api.kill();
    shop.see("the session that ran api is gone: it is started again");
    shop.see("api/web.1 | listens on ");
    answers_through(&url);
    assert_eq!(behind(&url, "API_URL"), before);
    let mut api = start(1);
    api.see("taking api over from shop (pid ");
    is_there(&mut api);
    answers_through(&url);
    assert_eq!(behind(&url, "API_URL"), before);
    for devrun in [&mut shop, &mut api, &mut cache] {
        assert_eq!(devrun.interrupt(), 0);
    }
    assert_eq!(shop.count("| web.1 started (pid "), 1);
    assert_eq!(cache.count("| web.1 started (pid "), 1);
}

#[test]
fn two_that_use_each_other_may_start_at_the_same_instant() {
    let procfile = format!("web: {}\n", helper("listen"));
    let shop = Project::called("shop")
        .file("Procfile", &procfile)
        .file("devrun.yaml", "port: 0\nuses: { API_URL: ../api }\n");
    let api = beside(&shop, "api", &procfile, "uses: { SHOP_URL: ../shop }\n");
    let (mut one, mut other) = (shop.start(), api.start());
    let (shop_url, api_url) = (own_url(&mut one), own_url(&mut other));
    assert_eq!(behind(&shop_url, "API_URL"), api_url);
    assert_eq!(behind(&api_url, "SHOP_URL"), shop_url);
    assert_eq!(one.interrupt(), 0);
    assert_eq!(other.interrupt(), 0);
}

#[test]
fn an_app_and_who_uses_it_may_start_at_the_same_instant() {
    for _ in 0..4 {
        let project = shop("API_URL", "uses: { API_URL: ../api }\n");
        let api = crate::wiring::api(&project);
        let (mut devrun, mut owner) = (project.start(), api.start());
        let url = devrun.value_after("API_URL=[").replace(']', "");
        let port = owner.value_after("| listens on ");
        assert_eq!(url, format!("http://localhost:{port}"));
        assert!(get(&url).contains("200 OK"));
        assert_eq!(devrun.interrupt(), 0);
        assert!(get(&url).contains("200 OK"));
        assert_eq!(owner.interrupt(), 0);
        assert_eq!(devrun.count("API_URL=["), 1);
    }
}

#[test]
fn of_several_consumers_one_starts_again_what_vanished() {
    let project = Project::empty();
    let procfile = format!("web: echo $$ >> copies; exec {}\n", helper("listen"));
    let api = beside(&project, "api", &procfile, "");
    let uses = "uses: { API_URL: ../api }\n";
    let procfile = format!("web: {}\n", crate::wiring::shows("API_URL"));
    let mut owner = api.start();
    let port = owner.value_after("listens on ");
    let mut devruns: Vec<Devrun> = (0..3)
        .map(|number| beside(&project, &format!("shop{number}"), &procfile, uses).start())
        .collect();
    for devrun in &mut devruns {
        devrun.see(&format!("API_URL=[http://localhost:{port}]"));
    }
    for _ in &devruns {
        owner.wait_for(") now uses api");
    }
    owner.kill();
    let says = format!("api/web.1 | listens on {port}");
    let deadline = Instant::now() + PATIENCE;
    let starter = loop {
        let mut all = devruns.iter_mut();
        if let Some(starter) = all.find(|devrun| devrun.count(&says) > 0) {
            break starter;
        }
        assert!(Instant::now() < deadline, "nobody starts it again");
        pause();
    };
    // The others may learn from it before they see that the one before is gone.
    starter.see("the session that ran api is gone: it is started again");
    for _ in 0..2 {
        starter.wait_for(") now uses api");
    }
    assert!(get(&format!("http://localhost:{port}")).contains("200 OK"));
    assert_eq!(api.read("copies").lines().count(), 2);
    for devrun in &mut devruns {
        assert_eq!(devrun.interrupt(), 0);
        assert_eq!(devrun.count("API_URL=["), 1, "{}", devrun.stdout.text());
    }
}

#[test]
fn consumers_are_stopped_before_a_sibling_too() {
    let consumer = "web: trap 'sleep 0.3; echo web ends >> ../ends; exit' TERM; echo up; while :; do sleep 0.05; done\n";
    let shop = Project::called("shop")
        .file("Procfile", consumer)
        .file("devrun.yaml", "uses: { API_URL: ../api }\n");
    let listens = helper("listen");
    let provider = format!(
        "web: trap 'echo api ends >> ../ends; kill $child; exit' TERM; {listens} & child=$!; wait\n"
    );
    beside(&shop, "api", &provider, "");
    let mut devrun = shop.start();
    devrun.wait_for("| up");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(shop.read("../ends"), "web ends\napi ends\n");
}

#[test]
fn an_app_that_was_stopped_and_comes_back_elsewhere_is_followed() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let api = crate::wiring::api(&project);
    let mut owner = api.start();
    owner.wait_for("listens on");
    let mut devrun = project.start();
    devrun.wait_for("API_URL=[http");
    assert_eq!(owner.interrupt(), 0);
    devrun.wait_for("api was stopped in ");
    let base = crate::ports::free_base();
    let mut owner = api.spawn(api.command(["start", "-p", &base.to_string()]));
    devrun.wait_for(&format!("API_URL=[http://localhost:{base}]"));
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn who_is_named_brings_along_what_it_uses() {
    let procfile = format!(
        "web: {}\nback: {}\nother: echo other\n",
        crate::wiring::shows("BACK_URL"),
        helper("listen")
    );
    let project = Project::with_procfile(&procfile).file(
        "devrun.yaml",
        "uses: { BACK_URL: back }\nprocesses: { other: { uses: [] } }\n",
    );
    let mut devrun = project.start_with(&["web"]);
    devrun.wait_for("back.1 started").wait_for("BACK_URL=[http");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("other"), 0);
}

#[test]
fn what_is_wrong_with_a_siblings_files_is_told_with_its_place() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let api = crate::wiring::api(&project);
    api.write("devrun.yaml", "prot: 1\n");
    let finished = project.run(&["start", "-p", "0"]);
    assert_eq!(finished.status, 2);
    assert!(
        finished.stderr.contains("api/devrun.yaml:1:1"),
        "{}",
        finished.stderr
    );
    std::fs::remove_file(api.directory().join("devrun.yaml")).unwrap();
    std::fs::remove_file(api.directory().join("Procfile")).unwrap();
    let finished = project.run(&["start", "-p", "0"]);
    assert_eq!(finished.status, 2);
    assert!(
        finished.stderr.contains("no Procfile in "),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stderr.contains("`devrun start --unuse API_URL`"),
        "{}",
        finished.stderr
    );
}

#[test]
fn names_that_mean_nothing_are_errors() {
    let check = |settings: &str, expected: &str| {
        let project = Project::with_procfile("web: a\nback: b\n").file("devrun.yaml", settings);
        let finished = project.run(&["start", "-p", "0"]);
        assert_eq!(finished.status, 2, "{}", finished.stdout);
        let stderr = finished.stderr;
        assert!(stderr.contains(expected), "{stderr}");
        assert!(stderr.contains("--> devrun.yaml:"), "{stderr}");
    };
    check("uses: { X: bcak }\n", "did you mean `back`?");
    check(
        "uses: { X: back }\nprocesses: { web: { uses: [XX] } }\n",
        "no variable in `uses`: `XX`",
    );
    check("processes: { wbe: {} }\n", "did you mean `web`?");
    check(
        "processes: { web: { depends_on: [bcak] } }\n",
        "did you mean `back`?",
    );
    check(
        "uses: { X: back }\nprocesses: { back: { port: false } }\n",
        "has no port",
    );
}

#[test]
fn an_owner_whose_process_fails_for_good_fails_who_needs_it() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let procfile = format!("web: exit 7\nother: {}\n", helper("listen"));
    let api = beside(&project, "api", &procfile, "restart: never\n");
    let mut owner = api.start();
    owner.see("web.1 exited with status 7").see("| listens on ");
    let finished = project.run(&["start", "-p", "0"]);
    let said = &finished.stdout;
    assert!(
        said.contains("web.1 failed: API_URL: api/web.1 failed"),
        "{said}"
    );
    assert_eq!(finished.status, 7);
    assert_eq!(owner.interrupt(), 7);
}

#[test]
fn a_siblings_env_file_is_read_again_with_its_process() {
    let project = shop("API_URL", "uses: { API_URL: ../api }\n");
    let procfile = format!(
        "web: echo \"A=[$A]\"; exec {}\n",
        helper("listen-until crash")
    );
    let api = beside(&project, "api", &procfile, "").file(".env", "A=1\n");
    let mut devrun = project.start();
    devrun.see("API_URL=[http").see("A=[1]");
    api.write(".env", "A=2\n");
    api.write("crash", "");
    devrun.see("api/web.1's environment: A changed");
    devrun.see("A=[2]");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn all_instances_have_what_is_used_and_follow_it() {
    let project = Project::called("shop")
        .file(
            "Procfile",
            format!(
                "web: {}\nback: {}\n",
                crate::wiring::shows("BACK_URL"),
                helper("elsewhere")
            ),
        )
        .file(
            "devrun.yaml",
            "formation: all=1,web=2\nuses: { BACK_URL: { process: back, wait: none } }\n",
        );
    let mut devrun = project.start();
    let port = devrun.value_after("| listens on ");
    let shows = format!("BACK_URL=[http://localhost:{port}]");
    devrun.wait_for(&shows).wait_for(&shows);
    assert_eq!(devrun.interrupt(), 0);
}
