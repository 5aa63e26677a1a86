//! Backing services and other sessions: every fact but the hints for people.

use super::*;
use crate::words::name::AppName;
use crate::words::wiring::Wiring;

fn check(news: Wiring, expected: &str) {
    assert_eq!(said(&Notice::Wiring(news)), [expected]);
}

fn app() -> AppName {
    AppName::from_directory("api")
}

fn provider() -> ProcessName {
    ProcessName {
        app: Some(app()),
        ..name("web")
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_behind_a_variable_is_told() {
    let wired = |provider| Wiring::Wired {
        process: name("web"),
        variable: "API_URL".into(),
        value: "http://localhost:5100".into(),
        provider,
    };
    let facts = r#""process":"web.1","variable":"API_URL","value":"http://localhost:5100""#;
    check(
        wired(Some(provider())),
        &format!(r#""service.wired",{facts},"provider":"api/web.1""#),
    );
    check(
        wired(None),
        &format!(r#""service.wired",{facts},"provider":null"#),
    );
    let absent = |provider, instead: Option<&str>| Wiring::WithoutUse {
        process: name("web"),
        variable: "API_URL".into(),
        provider,
        instead: instead.map(Into::into),
    };
    check(
        absent(Some(provider()), None),
        r#""service.absent","process":"web.1","variable":"API_URL","value":null,"provider":"api/web.1""#,
    );
    check(
        absent(None, Some("x")),
        r#""service.absent","process":"web.1","variable":"API_URL","value":"x","provider":null"#,
    );
    let cycle = vec![name("web"), provider()];
    check(
        Wiring::CycleRelaxed { cycle },
        r#""cycle.relaxed","processes":["web.1","api/web.1"]"#,
    );
}

#[test]
fn who_runs_an_app_is_told() {
    let (directory, pid) = ("~/api".to_string(), 41300);
    check(
        Wiring::SiblingStarts {
            app: app(),
            directory: directory.clone(),
            processes: vec![provider()],
            others: texts(&["worker"]),
        },
        r#""app.starting","app":"api","directory":"~/api","processes":["api/web.1"],"not_started":["worker"]"#,
    );
    let why = "port 5100 is taken".into();
    check(
        Wiring::CannotStart { app: app(), why },
        r#""app.start_failed","app":"api","why":"port 5100 is taken""#,
    );
    check(
        Wiring::Joined {
            app: app(),
            directory: directory.clone(),
            pid,
        },
        r#""app.joined","app":"api","directory":"~/api","session_pid":41300"#,
    );
    check(
        Wiring::Unowned {
            app: app(),
            directory,
        },
        r#""app.unowned","app":"api","directory":"~/api""#,
    );
    check(
        Wiring::BeingCleanedUp { app: app() },
        r#""app.waiting","app":"api""#,
    );
}

#[test]
fn an_owner_that_goes_or_changes_is_told() {
    let keep = vec![(name("web"), "API_URL".to_string())];
    check(
        Wiring::ProviderStopped {
            app: app(),
            directory: "~/api".into(),
            keep,
            has_hint: true,
        },
        r#""app.stopped","app":"api","directory":"~/api","kept":[{"process":"web.1","variable":"API_URL"}]"#,
    );
    for (starts_it, next) in [(true, "start"), (false, "wait")] {
        let expected = format!(r#""app.vanished","app":"api","next":"{next}""#);
        let app = app();
        check(Wiring::ProviderVanished { app, starts_it }, &expected);
    }
    let (from, pid) = ("shop".into(), 41200);
    let app = app();
    check(
        Wiring::TakesOver {
            app: app.clone(),
            from,
            pid,
            has_same_ports: true,
        },
        r#""app.taken_over","app":"api","from":"shop","session_pid":41200,"same_ports":true"#,
    );
    let processes = 2;
    check(
        Wiring::HandsOver {
            app,
            pid,
            processes,
        },
        r#""app.handing_over","app":"api","session_pid":41200,"processes":2"#,
    );
}

#[test]
fn who_uses_an_app_is_told() {
    let (by, pid) = ("shop".into(), 41200);
    check(
        Wiring::UsedBy {
            app: app(),
            by,
            pid,
        },
        r#""app.used","app":"api","by":"shop","session_pid":41200"#,
    );
    let by = texts(&["blog", "shop"]);
    check(
        Wiring::StillUsed { app: app(), by },
        r#""app.still_used","app":"api","by":["blog","shop"]"#,
    );
}

#[test]
fn what_an_edited_file_comes_to_is_told() {
    check(
        Wiring::EnvReread {
            process: name("web"),
            added: texts(&["A"]),
            changed: texts(&["B", "C"]),
            removed: Vec::new(),
        },
        r#""process.env_reread","process":"web.1","added":["A"],"changed":["B","C"],"removed":[]"#,
    );
    let why = "devrun.yaml:3: unknown key `usess`".into();
    check(
        Wiring::SettingsKept { why },
        r#""files.kept","why":"devrun.yaml:3: unknown key `usess`""#,
    );
}
