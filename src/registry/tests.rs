//! Sessions that meet in one runtime directory.

use std::net::TcpListener;
use std::sync::Barrier;

use crate::os::port;
use crate::registry::scratch::{Scratch, soon};
use crate::registry::*;
use crate::words::name::ProcessType;
use crate::words::port::Holder;

fn web() -> ProcessName {
    ProcessName::first(ProcessType::new("web").unwrap())
}

fn worker() -> ProcessName {
    ProcessName::first(ProcessType::new("worker").unwrap())
}

fn app(name: &str) -> App {
    App {
        identity: Path::new("/src").join(name),
        name: name.into(),
    }
}

fn open(scratch: &Scratch) -> Registry {
    Registry::open_in(Some(scratch.path("")))
}

fn own(registry: &mut Registry, name: &str) -> Result<(), Box<Owner>> {
    registry.own(&app(name), false, || panic!("nothing is waited for"))
}

/// A session that owns the app of that name.
fn owner(scratch: &Scratch, name: &str) -> Registry {
    let mut registry = open(scratch);
    own(&mut registry, name).unwrap();
    registry
}

fn running(scratch: &Scratch, name: &str) -> Option<Owner> {
    running_in(&scratch.path(""), &app(name).identity)
}

/// The names of all apps that run.
fn all_running(scratch: &Scratch) -> Vec<String> {
    let owners = owners_in(&scratch.path("")).into_iter();
    let mut names: Vec<String> = owners.map(|owner| owner.app).collect();
    names.sort();
    names
}

fn claim(registry: &mut Registry, name: &str, port: u16) -> Claim {
    registry.claim(&app(name).identity, &web(), port)
}

/// How a process of `name`'s session is told of.
fn devrun(name: &str) -> Claim {
    Claim::Taken(Holder::Devrun {
        app: name.into(),
        directory: format!("/src/{name}"),
        process: "web.1".into(),
        pid: std::process::id() as i32,
    })
}

#[test]
fn all_apps_that_run_are_found_by_their_locks() {
    let scratch = Scratch::new("all");
    assert_eq!(all_running(&scratch), [] as [String; 0]);
    let mut first = owner(&scratch, "shop");
    own(&mut first, "api").unwrap();
    let second = owner(&scratch, "blog");
    std::fs::write(scratch.path("app-x.lock"), "").unwrap();
    assert_eq!(all_running(&scratch), ["api", "blog", "shop"]);
    drop(second);
    first.release(&app("api").identity);
    assert_eq!(all_running(&scratch), ["shop"]);
}

#[test]
fn one_session_owns_an_app_and_others_see_where_it_is_reached() {
    let scratch = Scratch::new("own");
    assert_eq!(running(&scratch, "shop"), None);
    let mut first = owner(&scratch, "shop");
    let ports = BTreeMap::from([("web.1".to_string(), 5000)]);
    first.publish(&app("shop").identity, ports.clone());
    let seen = running(&scratch, "shop").unwrap();
    assert_eq!((&seen.ports, seen.is_sibling), (&ports, false));
    assert_eq!(seen.socket.as_deref(), first.socket().ok());

    let owner = own(&mut open(&scratch), "shop").unwrap_err();
    assert_eq!(owner.pid, std::process::id() as i32);
    assert_eq!(*owner, seen);
    own(&mut open(&scratch), "api").unwrap();

    drop(first);
    assert!(soon(|| running(&scratch, "shop").is_none()));
    own(&mut open(&scratch), "shop").unwrap();
}

#[test]
fn a_session_owns_several_apps_and_says_which_are_only_its_siblings() {
    let scratch = Scratch::new("several");
    let mut session = owner(&scratch, "shop");
    assert_eq!(session.try_own(&app("api"), true), Ownership::Ours);
    assert!(!running(&scratch, "shop").unwrap().is_sibling);
    let api = running(&scratch, "api").unwrap();
    assert_eq!((api.app.as_str(), api.is_sibling), ("api", true));
    let mut other = open(&scratch);
    let held = Ownership::Held(Box::new(api));
    assert_eq!(other.try_own(&app("api"), false), held);

    assert_eq!(session.try_own(&app("api"), false), Ownership::Ours);
    assert!(
        !running(&scratch, "api").unwrap().is_sibling,
        "it says so now"
    );
}

#[test]
fn a_family_that_has_lost_its_manager_is_waited_for_and_that_is_said() {
    let scratch = Scratch::new("orphaned");
    let mut dead = open(&scratch);
    dead.session.start_time += 1;
    own(&mut dead, "shop").unwrap();
    assert_eq!(running(&scratch, "shop"), None);
    let mut next = open(&scratch);
    assert_eq!(next.try_own(&app("shop"), false), Ownership::BeingCleanedUp);
    let mut said = 0;
    next.own(&app("shop"), false, || {
        said += 1;
        drop(dead);
    })
    .unwrap();
    assert_eq!(said, 1);
}

#[test]
fn of_two_at_the_same_instant_exactly_one_gets_it() {
    const SESSIONS: usize = 8;
    for round in 0..20 {
        let scratch = Scratch::new(&format!("race{round}"));
        let (ready, done) = (Barrier::new(SESSIONS), Barrier::new(SESSIONS));
        let ask = || {
            let mut session = open(&scratch);
            ready.wait();
            let is_ours = session.try_own(&app("api"), true) == Ownership::Ours;
            done.wait();
            usize::from(is_ours)
        };
        let owners: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..SESSIONS).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|it| it.join().unwrap()).sum()
        });
        assert_eq!(owners, 1, "round {round}");
    }
}

#[test]
fn what_is_released_is_free_at_once_though_the_guardian_has_copies() {
    let scratch = Scratch::new("given-up");
    let mut session = owner(&scratch, "shop");
    own(&mut session, "api").unwrap();
    let [of_shop, of_api, moved] = [(); 3].map(|()| port::any_free().unwrap());
    assert_eq!(claim(&mut session, "shop", of_shop), Claim::Granted);
    assert_eq!(claim(&mut session, "api", of_api), Claim::Granted);
    let worker = session.claim(&app("api").identity, &worker(), moved);
    assert_eq!(worker, Claim::Granted);
    let copies = session.not_copied();
    assert_eq!(copies.len(), 5);

    session.release(&app("api").identity);
    let mut other = open(&scratch);
    assert_eq!(other.try_own(&app("api"), false), Ownership::Ours);
    assert_eq!(claim(&mut other, "api", of_api), Claim::Granted);
    assert_eq!(claim(&mut other, "api", moved), Claim::Granted);
    assert_eq!(claim(&mut other, "api", of_shop), devrun("shop"));
    assert!(!running(&scratch, "shop").unwrap().is_sibling);

    // It may have it again, and takes nothing away by what it had before.
    drop(copies);
    let taken = session.try_own(&app("api"), true);
    assert!(matches!(taken, Ownership::Held(_)), "{taken:?}");
    drop(other);
    assert!(soon(
        || session.try_own(&app("api"), true) == Ownership::Ours
    ));
}

#[test]
fn the_guardian_is_given_each_lock_once() {
    let scratch = Scratch::new("copies");
    let mut session = owner(&scratch, "shop");
    let [before, after] = [(); 2].map(|()| port::any_free().unwrap());
    assert_eq!(claim(&mut session, "shop", before), Claim::Granted);
    let first = session.not_copied();
    assert_eq!((first.len(), session.not_copied().len()), (2, 0));
    own(&mut session, "api").unwrap();
    assert_eq!(claim(&mut session, "api", after), Claim::Granted);
    let copies = session.not_copied();
    assert_eq!((copies.len(), session.not_copied().len()), (2, 0));

    drop(session);
    let mut other = owner(&scratch, "other");
    assert_eq!(claim(&mut other, "other", after), devrun("api"));
    drop((first, copies));
    assert!(soon(|| claim(&mut other, "other", after) == Claim::Granted));
}

#[test]
fn no_two_sessions_are_given_the_same_port() {
    let scratch = Scratch::new("claim");
    let (mut shop, mut api) = (owner(&scratch, "shop"), owner(&scratch, "api"));
    let port = port::any_free().unwrap();
    assert_eq!(claim(&mut shop, "shop", port), Claim::Granted);
    assert_eq!(claim(&mut shop, "shop", port), Claim::Granted, "it is ours");
    assert_eq!(claim(&mut api, "api", port), devrun("shop"));
    drop(shop);
    assert!(soon(|| claim(&mut api, "api", port) == Claim::Granted));
}

#[test]
fn no_two_processes_of_a_session_are_given_the_same_port() {
    let scratch = Scratch::new("neighbours");
    let mut session = owner(&scratch, "shop");
    own(&mut session, "api").unwrap();
    let port = port::any_free().unwrap();
    assert_eq!(claim(&mut session, "shop", port), Claim::Granted);
    assert_eq!(claim(&mut session, "api", port), devrun("shop"));
    let neighbour = Claim::Taken(Holder::Neighbour(web()));
    let shop = app("shop").identity;
    assert_eq!(session.claim(&shop, &worker(), port), neighbour);
    session.ports.release(port);
    assert_eq!(session.claim(&shop, &worker(), port), Claim::Granted);
}

#[test]
fn a_port_that_a_stranger_listens_on_is_not_kept() {
    let scratch = Scratch::new("stranger");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let own = std::process::id() as i32;
    let is_found = |claim| match claim {
        Claim::Taken(Holder::Process { pid, .. }) => pid == own,
        Claim::Taken(_) | Claim::Granted => false,
    };
    for name in ["shop", "api"] {
        let mut session = owner(&scratch, name);
        assert!(soon(|| is_found(claim(&mut session, name, port))));
    }
}

#[test]
fn others_find_this_session_by_its_socket() {
    let scratch = Scratch::new("door");
    let session = open(&scratch);
    let socket = session.socket().unwrap();
    drop(std::os::unix::net::UnixListener::bind(socket).unwrap());
    assert_eq!(session.sessions()(), [] as [&Path; 0], "it is its own");
    let mut other = open(&scratch);
    other.session.start_time += 1;
    assert_eq!(other.sessions()(), [socket]);
}

#[test]
fn without_a_directory_nothing_is_locked_and_nothing_stops() {
    let scratch = Scratch::new("nothing");
    for runtime in [None, Some(scratch.path("missing"))] {
        let mut session = Registry::open_in(runtime);
        own(&mut session, "shop").unwrap();
        session.publish(&app("shop").identity, BTreeMap::new());
        let port = port::any_free().unwrap();
        assert_eq!(claim(&mut session, "shop", port), Claim::Granted);
        assert_eq!(session.not_copied().len(), 0);
        assert_eq!(session.sessions()(), [] as [&Path; 0]);
        session.release(&app("shop").identity);
    }
}
