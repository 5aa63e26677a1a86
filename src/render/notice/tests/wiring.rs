//! What is said of backing services and of other sessions.

use super::*;
use crate::words::wiring::Wiring;

fn check(news: Wiring, expected: &[&str]) {
    super::check(&Notice::Wiring(news), expected);
}

fn app(directory: &str) -> AppName {
    AppName::from_directory(directory)
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[test]
fn an_app_that_is_started_here_comes_with_the_rest_of_its_procfile() {
    let starts = |processes: &[&str], others: &[&str]| Wiring::SiblingStarts {
        app: app("api"),
        directory: "~/api".into(),
        processes: processes.iter().map(|it| sibling("api", it)).collect(),
        others: texts(others),
    };
    check(
        starts(&["web"], &[]),
        &["starting api (in ~/api): api/web.1"],
    );
    check(
        starts(&["web"], &["worker"]),
        &["starting api (in ~/api): api/web.1; not started: worker"],
    );
    let lines = [
        "starting api (in ~/api): api/web.1 and api/db.1; not",
        "  started: worker and clock",
    ];
    check(starts(&["web", "db"], &["worker", "clock"]), &lines);
    let cannot = Wiring::CannotStart {
        app: app("api"),
        why: "port 5100 is pinned for api/web.1 and taken".into(),
    };
    let lines = [
        "api could not be started: port 5100 is pinned for api/web.1",
        "  and taken",
    ];
    check(cannot, &lines);
}

#[test]
fn an_app_that_is_not_started_here_is_joined_or_awaited() {
    let joined = Wiring::Joined {
        app: app("api"),
        directory: "~/api".into(),
        pid: 41300,
    };
    let line = "api already runs (pid 41300, in ~/api): using that one";
    check(joined, &[line]);
    let unowned = Wiring::Unowned {
        app: app("api"),
        directory: "~/api".into(),
    };
    check(
        unowned,
        &["api does not run; `devrun start` in ~/api starts it"],
    );
    let ending = Wiring::BeingCleanedUp { app: app("api") };
    check(
        ending,
        &["the last session of api is still ending: waiting for that"],
    );
}

#[test]
fn what_is_behind_a_variable_is_shown_with_it() {
    let wired = |variable: &str, value: &str, provider| Wiring::Wired {
        process: name("web"),
        variable: variable.into(),
        value: value.into(),
        provider,
    };
    check(
        wired("API_URL", "http://localhost:5100", Some(name("api"))),
        &["web.1 uses api.1: API_URL=http://localhost:5100"],
    );
    let url = "http://localhost:5100/v1";
    let line = "web.1 uses api/web.1: MAIN_API_URL=http://localhost:5100/v1";
    check(
        wired("MAIN_API_URL", url, Some(sibling("api", "web"))),
        &[line],
    );
    check(
        wired("DB_URL", "postgresql://shop:****@db.internal/shop", None),
        &["web.1 uses DB_URL=postgresql://shop:****@db.internal/shop"],
    );
}

#[test]
fn who_does_without_is_told_what_the_variable_says_then() {
    let without = |provider, instead: Option<&str>| Wiring::WithoutUse {
        process: name("web"),
        variable: "FIND_URL".into(),
        provider,
        instead: instead.map(Into::into),
    };
    let find = || Some(sibling("find", "web"));
    check(
        without(find(), None),
        &["web.1 does without find/web.1: FIND_URL is not set"],
    );
    check(
        without(find(), Some("http://10.0.0.1")),
        &["web.1 does without find/web.1: FIND_URL=http://10.0.0.1"],
    );
    check(
        without(None, None),
        &["web.1: nobody is behind FIND_URL, it is not set"],
    );
    check(
        without(None, Some("http://10.0.0.1")),
        &["web.1: nobody is behind FIND_URL, it is http://10.0.0.1"],
    );
}

#[test]
fn a_cycle_says_who_does_not_wait() {
    let relaxed = |cycle: &[ProcessName]| Wiring::CycleRelaxed {
        cycle: cycle.to_vec(),
    };
    let two = [name("web"), sibling("api", "web")];
    check(
        relaxed(&two),
        &["web.1 and api/web.1 use each other: web.1 does not wait"],
    );
    let lines = [
        "web.1, api.1 and job.1 use each other: web.1 does not wait",
        "  for api.1",
    ];
    check(relaxed(&[name("web"), name("api"), name("job")]), &lines);
}

#[test]
fn an_app_that_changes_hands_is_said_on_both_sides() {
    let takes = |has_same_ports| Wiring::TakesOver {
        app: app("api"),
        from: "shop".into(),
        pid: 41200,
        has_same_ports,
    };
    check(
        takes(true),
        &["taking api over from shop (pid 41200), same ports"],
    );
    check(
        takes(false),
        &["taking api over from shop (pid 41200), on other ports"],
    );
    let hands = Wiring::HandsOver {
        app: app("api"),
        pid: 41300,
        processes: 2,
    };
    check(
        hands,
        &["handing api over to its own `devrun start` (pid 41300)"],
    );
    let vanished = |starts_it| Wiring::ProviderVanished {
        app: app("api"),
        starts_it,
    };
    check(
        vanished(true),
        &["the session that ran api is gone: it is started again"],
    );
    let lines = [
        "the session that ran api is gone: waiting for somebody to",
        "  start it",
    ];
    check(vanished(false), &lines);
}

#[test]
fn who_keeps_the_url_of_a_stopped_app_is_named_and_how_it_is_started() {
    let stopped = |keep: &[(&str, &str)], has_hint| {
        let keep = keep.iter();
        Wiring::ProviderStopped {
            app: app("api"),
            directory: "~/api".into(),
            keep: keep.map(|(it, kept)| (name(it), (*kept).into())).collect(),
            has_hint,
        }
    };
    let lines = [
        "api was stopped in ~/api; web.1 keeps API_URL; `s api` +",
        "  Enter starts it",
    ];
    check(stopped(&[("web", "API_URL")], true), &lines);
    check(
        stopped(&[("web", "API_URL")], false),
        &["api was stopped in ~/api; web.1 keeps API_URL"],
    );
    let keep = [("web", "API_URL"), ("job", "API_URL"), ("web", "WS_URL")];
    let lines = [
        "api was stopped in ~/api; job.1 and web.1 keep API_URL and",
        "  WS_URL",
    ];
    check(stopped(&keep, false), &lines);
    check(
        stopped(&[], true),
        &["api was stopped in ~/api; `s api` + Enter starts it"],
    );
    check(stopped(&[], false), &["api was stopped in ~/api"]);
}

#[test]
fn who_outside_uses_an_app_is_named() {
    let used = Wiring::UsedBy {
        app: app("api"),
        by: "shop".into(),
        pid: 41200,
    };
    check(used, &["shop (pid 41200) now uses api"]);
    let still = |by: &[&str]| Wiring::StillUsed {
        app: app("api"),
        by: texts(by),
    };
    check(still(&["shop"]), &["shop still uses api"]);
    check(still(&["blog", "shop"]), &["blog and shop still use api"]);
    check(still(&["a\u{1b}[2J"]), &["a\\x1b[2J still uses api"]);
}

#[test]
fn what_an_edited_file_comes_to_is_said_by_names_alone() {
    let reread = |changed: &[&str], added: &[&str], removed: &[&str]| Wiring::EnvReread {
        process: name("web"),
        added: texts(added),
        changed: texts(changed),
        removed: texts(removed),
    };
    check(
        reread(&["DEBUG"], &[], &[]),
        &["web.1's environment: DEBUG changed"],
    );
    let lines = [
        "web.1's environment: DEBUG and LOG changed, NEW added, OLD",
        "  removed",
    ];
    check(reread(&["DEBUG", "LOG"], &["NEW"], &["OLD"]), &lines);
    let kept = Wiring::SettingsKept {
        why: "devrun.yaml:3: unknown key `usess`".into(),
    };
    let lines = [
        "devrun.yaml:3: unknown key `usess`; what the files said",
        "  before still holds",
    ];
    check(kept, &lines);
}
