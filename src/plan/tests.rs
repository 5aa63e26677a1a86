//! From texts to a plan: what each process is given, and whom it needs.

use std::collections::BTreeMap;

use crate::plan::resolve::{Ports, Resolved, resolve};
use crate::plan::sources::{App, Apps, Asked, Behind, Sources};
use crate::plan::{Need, Plan, PlannedProcess, Provider, wire};
use crate::syntax::dotenv::{self, Assignment};
use crate::syntax::{procfile, settings};
use crate::words::uses::{Origin, Start, Target, Use};

fn assignments(text: &str) -> Vec<Assignment> {
    dotenv::parse(".env", text.as_bytes(), &|_| None).value
}

fn app(name: &str, procfile: &str, yaml: &str) -> App {
    let directory = std::path::PathBuf::from("/src").join(name);
    let settings = settings::parse("devrun.yaml", yaml);
    assert_eq!(settings.errors, [], "{yaml}");
    App {
        identity: directory.clone(),
        shown: format!("~/src/{name}"),
        directory,
        procfile: "Procfile".into(),
        entries: procfile::parse("Procfile", procfile).value,
        settings: settings.value,
        ..App::default()
    }
}

/// The first one is meant; each is known to the others as `../NAME`.
fn apps(mut apps: Vec<App>) -> Sources {
    let names: Vec<String> = apps.iter().map(|app| app.name().to_string()).collect();
    for app in &mut apps {
        let behind = names.iter().enumerate();
        let behind = behind.map(|(place, name)| (format!("../{name}"), Behind::App(place)));
        app.siblings = behind.collect();
    }
    Sources {
        apps: Apps {
            identity: apps[0].identity.clone(),
            apps,
            roots: 1,
            name: None,
        },
        shell: Vec::new(),
        asked: Asked::default(),
    }
}

fn resolved(sources: Sources) -> Resolved {
    resolve(sources).unwrap_or_else(|reports| panic!("{}", reports[0]))
}

fn planned(sources: Sources) -> Plan {
    let resolved = resolved(sources);
    let ports = resolved.expected_ports(&|_| None);
    let plan = resolved.plan(&ports);
    plan.unwrap_or_else(|reports| panic!("{}", reports[0]))
}

fn errors(sources: Sources) -> String {
    let reports = resolve(sources).and_then(|resolved| {
        let ports = resolved.expected_ports(&|_| None);
        resolved.plan(&ports)
    });
    let reports = reports.expect_err("something is wrong");
    let texts: Vec<String> = reports.iter().map(ToString::to_string).collect();
    texts.join("\n")
}

fn process<'a>(plan: &'a Plan, name: &str) -> &'a PlannedProcess {
    let mut processes = plan.processes.iter();
    let found = processes.find(|process| process.name.to_string() == name);
    found.unwrap_or_else(|| panic!("{name}"))
}

fn value(plan: &Plan, name: &str, variable: &str) -> Option<String> {
    let variable = process(plan, name).env.get(variable)?;
    Some(variable.value.to_string_lossy().into_owned())
}

/// What a process waits for: `api/web.1` for a use, `(db.1)` for `depends_on`.
fn needs(plan: &Plan, name: &str) -> Vec<String> {
    let shown = |need: &Need| {
        let provider = match need.on {
            Provider::Process(place) => plan.processes[place].name.to_string(),
            Provider::External(place) => {
                let external = &plan.externals[place];
                format!("{}:{}", external.host, external.port)
            }
        };
        match (&need.variable, need.waits) {
            (None, _) => format!("({provider})"),
            (Some(_), true) => provider,
            (Some(_), false) => format!("{provider} later"),
        }
    };
    process(plan, name).needs.iter().map(shown).collect()
}

fn wanted(plan: &Plan) -> Vec<String> {
    let wanted = plan.processes.iter().filter(|process| process.is_wanted);
    wanted.map(|process| process.name.to_string()).collect()
}

#[test]
fn every_other_type_with_a_port_is_there_by_url() {
    let procfile = "web: node web.js\nmy-api: node api.js\nredis: redis-server --port $PORT\n\
                    db: redis-server\njob: x\n";
    let yaml = "processes: {job: {port: false}}\n";
    let plan = planned(apps(vec![app("shop", procfile, yaml)]));
    let web = |variable| value(&plan, "web.1", variable);
    assert_eq!(web("MY_API_URL").as_deref(), Some("http://localhost:5100"));
    assert_eq!(web("REDIS_URL").as_deref(), Some("redis://127.0.0.1:5200"));
    assert_eq!(web("DB_URL"), None, "it listens on 6379 whatever PORT says");
    assert_eq!(web("JOB_URL"), None, "it has no port");
    assert_eq!(web("WEB_URL"), None);
    assert_eq!(web("PORT").as_deref(), Some("5000"));
    assert_eq!(web("PS").as_deref(), Some("web.1"));
    assert_eq!(value(&plan, "job.1", "PORT"), None);
    let off = planned(apps(vec![app("shop", procfile, "auto_urls: false\n")]));
    assert_eq!(value(&off, "web.1", "MY_API_URL"), None);
}

#[test]
fn each_layer_hides_the_one_below() {
    let mut sources = apps(vec![app("shop", "web: a\nX: b\n", "")]);
    let check = |sources: &Sources, expected: &str| {
        let plan = planned(sources.clone());
        assert_eq!(value(&plan, "web.1", "X_URL").as_deref(), Some(expected));
    };
    check(&sources, "http://localhost:5100");
    sources.shell = vec![("X_URL".into(), "shell".into())];
    check(&sources, "shell");
    let app = &mut sources.apps.apps[0];
    app.env_files = vec![(".env".into(), assignments("X_URL=file\n"))];
    check(&sources, "file");
    let with = |sources: &mut Sources, yaml: &str| {
        sources.apps.apps[0].settings = settings::parse("devrun.yaml", yaml).value;
    };
    let env = "env: {X_URL: app}\n";
    with(&mut sources, env);
    check(&sources, "app");
    let of_process = "processes: {web: {env: {X_URL: process}}}\n";
    with(&mut sources, &format!("{env}{of_process}"));
    check(&sources, "process");
    let uses = "uses: {X_URL: 'use://x:1'}\n";
    with(&mut sources, &format!("{env}{of_process}{uses}"));
    check(&sources, "use://x:1");
    let local = (".env.local".into(), assignments("X_URL=local\n"));
    sources.apps.apps[0].env_local = Some(local);
    check(&sources, "local");
    let added = Use::new("X_URL", Target::of("added://x:1"), Origin::CommandLine);
    sources.asked.uses = vec![added];
    check(&sources, "added://x:1");
    sources.asked.uses.clear();
    sources.asked.set = vec![("X_URL".into(), "set".into())];
    check(&sources, "set");
}

#[test]
fn a_hidden_value_is_told_with_its_way_out_but_never_a_secret() {
    let mut sources = apps(vec![app("shop", "web: a\n", "uses: {USED: 'x://y:1'}\n")]);
    let shell = "DEBUG=1\nAPI_KEY=abc\ndb_password=abc\nDATABASE_URL=postgres://me:abc@db/x\n\
                 SAME=x\nSET=x\nPS=x\nUSED=z\n";
    let of_shell = assignments(shell).into_iter();
    sources.shell = of_shell.map(|found| (found.name, found.value)).collect();
    let file = "DEBUG=0\nAPI_KEY=def\ndb_password=def\nDATABASE_URL=def\nSAME=x\nSET=y\nPS=y\n";
    sources.apps.apps[0].env_files = vec![(".env".into(), assignments(file))];
    sources.asked.set = vec![("SET".into(), "z".into())];
    let plan = planned(sources.clone());
    let hidden = wire::hidden_shell_values(&plan, &sources);
    let shown: Vec<_> = hidden
        .iter()
        .map(|hidden| {
            (
                hidden.name.as_str(),
                hidden.place.as_str(),
                hidden.value.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("API_KEY", ".env:2", None),
            ("DATABASE_URL", ".env:4", None),
            ("DEBUG", ".env:1", Some("1")),
            ("USED", "devrun.yaml:1", Some("z")),
            ("db_password", ".env:3", None),
        ]
    );
}

#[test]
fn an_app_that_is_used_is_there_with_what_it_uses_and_no_more() {
    let shop = app("shop", "web: a\nworker: b\n", "uses: {API_URL: ../api}\n");
    let api = app(
        "api",
        "clock: a\nweb: b\nredis: redis-server --port $PORT\n",
        "port: 7000\nuses: {CACHE: redis}\n",
    );
    let plan = planned(apps(vec![shop, api]));
    assert_eq!(
        wanted(&plan),
        ["web.1", "worker.1", "api/web.1", "api/redis.1"]
    );
    let url = "http://localhost:7100";
    assert_eq!(value(&plan, "worker.1", "API_URL").as_deref(), Some(url));
    let cache = value(&plan, "api/web.1", "CACHE");
    assert_eq!(cache.as_deref(), Some("redis://127.0.0.1:7200"));
    assert_eq!(
        value(&plan, "api/redis.1", "CACHE"),
        None,
        "it is the provider"
    );
    assert_eq!(value(&plan, "api/web.1", "PS").as_deref(), Some("web.1"));
    assert_eq!(needs(&plan, "web.1"), ["api/web.1"]);
    assert_eq!(needs(&plan, "api/web.1"), ["api/redis.1"]);
}

#[test]
fn a_process_is_narrowed_to_its_own_list_and_never_uses_itself() {
    let yaml = "uses:\n  A: redis\n  B: {app: ../shop, value: '{port}'}\n  \
                C: {url: 'http://x:1', wait: ready}\n  D: {process: web, wait: none}\n\
                processes:\n  worker: {uses: [A]}\n  redis: {uses: [C]}\n  \
                web: {uses: [A, B, C, D], depends_on: worker}\n";
    let plan = planned(apps(vec![app(
        "shop",
        "web: a\nworker: b\nredis: c\n",
        yaml,
    )]));
    assert_eq!(needs(&plan, "web.1"), ["(worker.1)", "redis.1", "x:1"]);
    assert_eq!(needs(&plan, "worker.1"), ["redis.1"]);
    assert_eq!(needs(&plan, "redis.1"), ["x:1"]);
    assert_eq!(value(&plan, "web.1", "D"), None, "that is itself");
    assert_eq!(value(&plan, "worker.1", "C"), None);
}

#[test]
fn what_a_stronger_layer_sets_is_neither_started_nor_waited_for() {
    let mut shop = app(
        "shop",
        "web: API_URL=x exec a\nworker: b\n",
        "uses: {API_URL: ../api}\n",
    );
    let api = app("api", "web: a\n", "");
    let plan = planned(apps(vec![shop.clone(), api.clone()]));
    assert_eq!(needs(&plan, "web.1"), Vec::<String>::new());
    assert_eq!(needs(&plan, "worker.1"), ["api/web.1"]);
    shop.env_local = Some((".env.local".into(), assignments("API_URL=http://staging\n")));
    let plan = planned(apps(vec![shop, api]));
    assert_eq!(wanted(&plan), ["web.1", "worker.1"]);
}

#[test]
fn both_sides_of_a_cycle_leave_out_the_same_use() {
    let shop = || app("shop", "web: a\n", "uses: {API_URL: ../api}\n");
    let api = || app("api", "web: a\n", "uses: {SHOP_URL: ../shop}\n");
    let of_shop = resolved(apps(vec![shop(), api()]));
    let of_api = resolved(apps(vec![api(), shop()]));
    let relaxed = |resolved: &Resolved| {
        let cycle = resolved.relaxed[0].iter();
        let cycle: Vec<String> = cycle.map(ToString::to_string).collect();
        cycle
    };
    assert_eq!(relaxed(&of_shop), ["web.1", "api/web.1"]);
    assert_eq!(relaxed(&of_api), ["shop/web.1", "web.1"]);
    let plan = planned(apps(vec![shop(), api()]));
    assert_eq!(needs(&plan, "web.1"), Vec::<String>::new());
    let url = value(&plan, "web.1", "API_URL");
    assert_eq!(
        url.as_deref(),
        Some("http://localhost:5001"),
        "it has its URL all the same"
    );
}

#[test]
fn a_provider_whose_place_nobody_knows_gives_no_value() {
    let resolved = resolved(apps(vec![
        app(
            "shop",
            "web: a\n",
            "uses: {API_URL: {app: ../api, start: never}}\n",
        ),
        app("api", "web: a\n", ""),
    ]));
    let mut ports = resolved.expected_ports(&|_| None);
    let of_api = resolved
        .slots
        .iter()
        .position(|slot| slot.app == 1)
        .unwrap();
    ports[of_api] = Ports {
        is_elsewhere: true,
        ..Ports::default()
    };
    let plan = resolved.plan(&ports).unwrap();
    assert_eq!(value(&plan, "web.1", "API_URL"), None);
    ports[of_api].reached = Some(7);
    let plan = resolved.plan(&ports).unwrap();
    let url = value(&plan, "web.1", "API_URL");
    assert_eq!(url.as_deref(), Some("http://localhost:7"));
}

#[test]
fn a_provider_on_another_machine_is_reached_by_its_name() {
    let yaml =
        "uses: {CACHE_URL: redis, ADDR: {process: redis, value: \"{host}:{port}/{scheme}\"}}\n";
    let resolved = resolved(apps(vec![app(
        "shop",
        "web: a\nredis: redis-server --port $PORT\n",
        yaml,
    )]));
    let mut ports = resolved.expected_ports(&|_| None);
    ports[1].host = Some("cache".into());
    let plan = resolved.plan(&ports).unwrap();
    let check = |name, variable, expected| {
        assert_eq!(value(&plan, name, variable).as_deref(), Some(expected));
    };
    check("web.1", "CACHE_URL", "redis://cache:5100");
    check("web.1", "REDIS_URL", "redis://cache:5100");
    check("web.1", "ADDR", "cache:5100/redis");
    check("redis.1", "WEB_URL", "http://localhost:5000");
}

#[test]
fn what_is_never_started_from_here_starts_nothing_either() {
    let shop = || {
        app(
            "shop",
            "web: a\n",
            "uses: {API_URL: {app: ../api, start: never}}\n",
        )
    };
    let api = || {
        app(
            "api",
            "web: a\n",
            "uses: {DB_URL: ../db, SHOP_URL: ../shop}\n",
        )
    };
    let db = || app("db", "web: a\n", "uses: {API_URL: ../api}\n");
    let plan = planned(apps(vec![shop(), api(), db()]));
    assert_eq!(wanted(&plan), ["web.1", "api/web.1"]);
    let resolved = resolved(apps(vec![shop(), api(), db()]));
    assert_eq!(resolved.start, [Start::Auto, Start::Never, Start::Never]);
}

#[test]
fn names_that_mean_nothing_are_errors_with_what_there_is() {
    let shop = |yaml: &str| {
        apps(vec![
            app("shop", "web: a\nworker: b\n", yaml),
            app("api", "a: x\nb: y\n", ""),
        ])
    };
    let check = |yaml: &str, expected: &str| {
        let found = errors(shop(yaml));
        assert!(found.contains(expected), "{found}");
    };
    check(
        "uses: {A: wrker}\n",
        "error: A: no process type `wrker` in Procfile",
    );
    check(
        "uses: {A: wrker}\n",
        "did you mean `worker`? It has `web` and `worker`",
    );
    check(
        "uses: {A: ../api}\n",
        "error: A: Procfile has no `web`: which process of it is meant?",
    );
    check("uses: {A: ../api}\n", "write `../api#a`");
    check("uses: {A: '../api#c'}\n", "no process type `c` in Procfile");
    check(
        "processes: {wbe: {}}\n",
        "no process type in Procfile: `wbe`",
    );
    check(
        "processes: {web: {uses: [A]}}\n",
        "no variable in `uses`: `A`",
    );
    check(
        "processes: {web: {depends_on: x}}\n",
        "no process type in Procfile: `x`",
    );
    check(
        "uses: {A: {url: 'x://y:1', value: '{prt}'}}\n",
        "error: A: ",
    );
    check("uses: {A: 'x://${NOBODY}@y:1'}\n", "NOBODY");
    check(
        "uses: {A: {url: 'x://y', wait: ready}}\n",
        "a URL without a port cannot be waited for",
    );
    let mut near = shop("uses: {A: api}\n");
    near.apps.apps[0].near = vec!["api".into()];
    assert!(errors(near).contains("did you mean `../api`?"));
    let mut unused = shop("uses: {API_URL: worker}\n");
    unused.asked.unuse = vec!["API_ULR".into()];
    assert!(errors(unused).contains("did you mean `API_URL`?"));
    let cycle = "processes: {web: {depends_on: worker}, worker: {depends_on: web}}\n";
    check(cycle, "`depends_on` has no beginning: ");
}

#[test]
fn live_ports_come_before_foremans_rule() {
    let resolved = resolved(apps(vec![app("shop", "web: a\napi: b\n", "")]));
    let live = BTreeMap::from([("web.1".to_string(), 5003)]);
    let ports = resolved.expected_ports(&|_| Some(live.clone()));
    let given: Vec<Option<u16>> = ports.iter().map(|ports| ports.given).collect();
    assert_eq!(given, [Some(5003), Some(5100)]);
}
