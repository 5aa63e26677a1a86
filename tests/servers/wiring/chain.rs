//! Three apps in three directories: shop's page asks api, which counts in redis.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Instant;

use super::{end, in_path};
use crate::support::{Devrun, PATIENCE, Project, get};
use crate::{descendants, pids_in, wait_until_gone};

const SHOP: &str = "const answer = async (response) => {\n  \
        try {\n    \
            const counted = await fetch(process.env.API_URL);\n    \
            response.end(`visits: ${await counted.text()}.`);\n  \
        } catch (error) {\n    \
            response.end(`no api: ${error.cause ?? error}`);\n  \
        }\n\
    };\n\
    require('node:http').createServer((request, response) => answer(response))\n  \
        .listen(process.env.PORT, '127.0.0.1');\n";

const API: &str = "const { execFile } = require('node:child_process');\n\
    require('node:http').createServer((request, response) => {\n  \
        const asked = ['-e', '-u', process.env.REDIS_URL, 'incr', 'visits'];\n  \
        execFile('redis-cli', asked, (error, count) => {\n    \
            response.end(error ? `no redis: ${error}` : count.trim());\n  \
        });\n\
    }).listen(process.env.PORT, '127.0.0.1');\n";

/// The shop, with its two siblings. They all have the same base, as apps do whose users never said one;
/// what redis was told is still there when it comes back, however it went.
fn chain() -> Project {
    let (base, node) = (free_base(), in_path("node"));
    let app = |project: Project, procfile: &str, uses: &str| {
        project
            .file("Procfile", procfile)
            .file("devrun.yaml", format!("port: {base}\n{uses}"))
    };
    let web = format!("web: {node} app.js\n");
    let shop =
        app(Project::called("shop"), &web, "uses: { API_URL: ../api }\n").file("app.js", SHOP);
    let api = app(shop.sibling("api"), &web, "uses: { REDIS_URL: ../redis }\n");
    api.write("app.js", API);
    let redis = format!(
        "web: {} --port $PORT --bind 127.0.0.1 --save '' --appendonly yes --appendfsync always\n",
        in_path("redis-server")
    );
    app(shop.sibling("redis"), &redis, "");
    shop
}

/// Of which a few ports are free, and are so the next day: nobody is given these by the system, or by devrun
/// where any will do, and another run of the tests begins elsewhere.
fn free_base() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let is_free = |port: u16| TcpListener::bind(("0.0.0.0", port)).is_ok();
    let start = (std::process::id() % 35) as u16 * 200;
    loop {
        let step = NEXT.fetch_add(10, Ordering::Relaxed);
        let base = 25_000 + (start + step) % 7_000;
        if (base..base + 5).all(is_free) {
            return base;
        }
    }
}

fn start(shop: &Project, app: &str) -> Devrun {
    let mut devrun = spawn(shop, app);
    devrun.see("all up ");
    devrun
}

fn spawn(shop: &Project, app: &str) -> Devrun {
    let project = shop.sibling(app);
    project.spawn(project.command(["start"]))
}

/// What the page shows as soon as it is right. Each look is a visit.
fn visits(port: u16) -> u32 {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let page = get(&format!("http://localhost:{port}"));
        let count = page.split("visits: ").nth(1);
        if let Some(count) = count.and_then(|text| text.trim_end_matches('.').parse().ok()) {
            return count;
        }
        assert!(Instant::now() < deadline, "{page}");
    }
}

/// All ports that a process had in that session.
fn ports(session: &Devrun, process: &str) -> BTreeSet<u16> {
    let said = session.stdout.text();
    let start = format!("| {process} started (pid ");
    let started = said.split(&start).skip(1);
    let port = |text: &str| text.split("PORT=").nth(1)?.split(')').next()?.parse().ok();
    started.map(|text| port(text).unwrap()).collect()
}

fn port(session: &Devrun, process: &str) -> u16 {
    let ports = ports(session, process);
    assert_eq!(ports.len(), 1, "{}", session.stdout.text());
    ports.into_iter().next().unwrap()
}

/// The terminals of a day, by app.
type Terminals<'a> = BTreeMap<&'a str, Devrun>;

fn own_ports<'a>(terminals: &Terminals<'a>) -> BTreeMap<&'a str, u16> {
    let port = |(app, session): (&&'a str, &Devrun)| (*app, port(session, "web.1"));
    terminals.iter().map(port).collect()
}

/// Kills a session; what it had started dies with it.
fn kill(mut session: Devrun) {
    let pids = pids_in(&session.stdout.text());
    let trees: Vec<i32> = pids.into_iter().flat_map(descendants).collect();
    session.kill();
    trees.into_iter().for_each(wait_until_gone);
}

#[test]
fn one_terminal_runs_all_three() {
    let shop = chain();
    let session = start(&shop, "shop");
    let page = port(&session, "web.1");
    assert_eq!(visits(page), 1);
    assert_eq!(visits(page), 2);
    end(vec![session]);
    let session = start(&shop, "shop");
    assert_eq!(port(&session, "web.1"), page);
    assert_eq!(visits(page), 3);
    end(vec![session]);
}

/// A day with three terminals that are opened in this order, one with another order, and one with one terminal.
fn three_days(order: [&str; 3]) {
    let shop = chain();
    let mut terminals: Terminals = order.map(|app| (app, start(&shop, app))).into();
    let given = own_ports(&terminals);
    let page = given["shop"];
    let first = visits(page);

    kill(terminals.remove("api").unwrap());
    let alone = visits(page);
    assert!(alone > first, "{alone} is not above {first}");
    terminals.insert("api", start(&shop, "api"));
    let again = visits(page);
    assert!(again > alone, "{again} is not above {alone}");
    assert_eq!(own_ports(&terminals), given);
    let api = ports(&terminals["shop"], "api/web.1");
    assert_eq!(api, BTreeSet::from([given["api"]]));
    // The same URL all the time: nobody touched the page.
    let said = terminals["shop"].stdout.text();
    assert_eq!(said.matches("| web.1 started (pid ").count(), 1, "{said}");
    end(terminals.into_values().collect());

    forget_the_login(&shop);
    let [one, two, three] = order;
    let next_day: Terminals = [three, one, two].map(|app| (app, start(&shop, app))).into();
    assert_eq!(own_ports(&next_day), given);
    let next = visits(page);
    assert!(next > again, "{next} is not above {again}");
    end(next_day.into_values().collect());

    forget_the_login(&shop);
    let alone = start(&shop, "shop");
    let all = ["web.1", "api/web.1", "redis/web.1"].map(|process| port(&alone, process));
    assert_eq!(all, ["shop", "api", "redis"].map(|app| given[app]));
    assert!(visits(page) > next);
    end(vec![alone]);
}

/// What is in the runtime directory is gone the next day; what is remembered is elsewhere.
fn forget_the_login(shop: &Project) {
    let runtime = shop.sibling("run").directory();
    std::fs::remove_dir_all(&runtime).unwrap();
    std::fs::create_dir(&runtime).unwrap();
}

#[test]
fn at_the_same_instant() {
    let shop = chain();
    let spawned = ["shop", "api", "redis"].map(|app| (app, spawn(&shop, app)));
    let terminals: Terminals = spawned.into();
    for session in terminals.values() {
        session.stdout.wait_for("| web.1 started (pid ", 0);
    }
    let given = own_ports(&terminals);
    assert_eq!(BTreeSet::from_iter(given.values()).len(), 3, "{given:?}");
    let page = given["shop"];
    let url = format!("http://localhost:{page}");
    terminals["shop"].stdout.wait_for(&url, 0);
    assert!(visits(page) > 0);
    end(terminals.into_values().collect());
}

#[test]
fn shop_api_redis() {
    three_days(["shop", "api", "redis"]);
}

#[test]
fn shop_redis_api() {
    three_days(["shop", "redis", "api"]);
}

#[test]
fn api_shop_redis() {
    three_days(["api", "shop", "redis"]);
}

#[test]
fn api_redis_shop() {
    three_days(["api", "redis", "shop"]);
}

#[test]
fn redis_shop_api() {
    three_days(["redis", "shop", "api"]);
}

#[test]
fn redis_api_shop() {
    three_days(["redis", "api", "shop"]);
}

#[test]
fn who_is_killed_may_have_had_redis_too() {
    let shop = chain();
    let api = start(&shop, "api");
    let session = start(&shop, "shop");
    let page = port(&session, "web.1");
    let given = (port(&api, "web.1"), port(&api, "redis/web.1"));
    assert_eq!(visits(page), 1);
    kill(api);
    assert!(visits(page) > 1);
    let now = (port(&session, "api/web.1"), port(&session, "redis/web.1"));
    assert_eq!(now, given);
    let api = start(&shop, "api");
    assert_eq!(port(&api, "web.1"), given.0);
    assert!(visits(page) > 2);
    assert_eq!(session.count("| web.1 started (pid "), 1);
    end(vec![session, api]);
}

#[test]
fn a_killed_database_comes_back_where_it_was() {
    let shop = chain();
    let mut terminals: Terminals = ["redis", "api", "shop"]
        .map(|app| (app, start(&shop, app)))
        .into();
    let given = own_ports(&terminals);
    let page = given["shop"];
    assert_eq!(visits(page), 1);
    kill(terminals.remove("redis").unwrap());
    assert!(visits(page) > 1);
    terminals.insert("redis", start(&shop, "redis"));
    assert!(visits(page) > 2);
    // Nobody was restarted, and all have their ports.
    assert_eq!(own_ports(&terminals), given);
    for app in ["api", "shop"] {
        let started = terminals[app].count("| web.1 started (pid ");
        assert_eq!(started, 1, "{}", terminals[app].stdout.text());
    }
    end(terminals.into_values().collect());
}

#[test]
fn who_comes_back_after_a_kill_finds_all_as_it_was() {
    let shop = chain();
    let killed = start(&shop, "shop");
    let processes = ["web.1", "api/web.1", "redis/web.1"];
    let given = processes.map(|process| port(&killed, process));
    assert_eq!(visits(given[0]), 1);
    kill(killed);
    let again = start(&shop, "shop");
    assert_eq!(processes.map(|process| port(&again, process)), given);
    assert_eq!(visits(given[0]), 2);
    end(vec![again]);
}
