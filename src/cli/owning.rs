//! Which apps a session makes its own before it starts: those that are meant, and those that they use and
//! nobody runs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::tell::tell;
use crate::control::client;
use crate::driver::world::World;
use crate::plan::AppIndex;
use crate::plan::sources::App;
use crate::registry::{self, Owner, Ownership};
use crate::words::notice::Notice;
use crate::words::report::Report;
use crate::words::uses::Start;
use crate::words::wiring::Wiring;

/// How long another session may take to give an app up: its processes have their grace.
const HANDED_OVER_IN: Duration = Duration::from_secs(120);
/// A wait of that length is said.
const NOTICEABLE: Duration = Duration::from_millis(300);
/// How long somebody may be in our way who is about to go,
const GONE_IN: Duration = Duration::from_secs(10);
/// and how often it is asked whether he is. No event tells of that.
const INTERVAL: Duration = Duration::from_millis(50);

/// What became of owning.
#[derive(Debug, Default)]
pub(super) struct Owned {
    news: Vec<(AppIndex, Wiring)>,
    /// The ports that an app had under another owner, by process.
    preferred: HashMap<AppIndex, BTreeMap<String, u16>>,
}

/// Owns what is to be owned; what others run already is joined.
///
/// # Errors
/// Another session runs what is meant.
pub(super) fn own(world: &mut World) -> Result<Owned, Vec<Report>> {
    let mut owned = Owned::default();
    own_members_root(world)?;
    for app in 0..world.resolved().sources.apps.apps.len() {
        if world.is_started_for_itself(app) {
            own_for_itself(world, app, &mut owned)?;
        } else if world.is_needed(app) {
            let news = own_for_others(world, app);
            // Of what is meant by itself the first line tells.
            let is_told = world.is_owned(app) && world.resolved().is_root(app);
            owned.news.extend((!is_told).then_some((app, news)));
        }
    }
    Ok(owned)
}

/// Gives all processes that are started here their ports, and says what became of owning. An app that is only
/// used, and cannot have its ports, is given up: who can do without it does.
///
/// # Errors
/// A pinned or a strict one of what is meant is taken; none is left.
pub(super) fn assign(world: &mut World, owned: Owned) -> Result<Vec<Notice>, Vec<Report>> {
    let (mut notices, mut errors) = (Vec::new(), Vec::new());
    let none = BTreeMap::new();
    for app in 0..world.resolved().sources.apps.apps.len() {
        if !world.is_owned(app) {
            continue;
        }
        let preferred = owned.preferred.get(&app);
        let preferred = preferred.filter(|_| !is_moved(world, app));
        match world.assign(app, preferred.unwrap_or(&none)) {
            Ok(found) => notices.extend(found),
            Err(reports) if world.resolved().is_root(app) => {
                errors.extend(reports.into_iter().map(|report| of_app(world, app, report)));
            }
            Err(reports) => {
                world.leave_alone(app);
                let (app, why) = (world.resolved().app_name(app), reports[0].headline.clone());
                notices.push(Notice::Wiring(Wiring::CannotStart { app, why }));
            }
        }
    }
    say_once(&mut notices);
    if !errors.is_empty() {
        return Err(errors);
    }
    let Owned { news, preferred } = owned;
    // Of those it was going to be said that they are started.
    let news = news
        .into_iter()
        .filter(|(app, _)| !world.is_left_alone(*app));
    let news = news.map(|(app, mut news)| {
        if let (Wiring::TakesOver { has_same_ports, .. }, Some(before)) =
            (&mut news, preferred.get(&app))
        {
            *has_same_ports = has_same(&world.known_ports(app), before);
        }
        Notice::Wiring(news)
    });
    Ok(news.chain(notices).collect())
}

/// Of several apps it is said whose mistake it is.
fn of_app(world: &World, app: AppIndex, report: Report) -> Report {
    if world.is_started_for_itself(app) {
        return report;
    }
    let name = world.resolved().app_name(app);
    Report {
        headline: format!("{name}: {}", report.headline),
        ..report
    }
}

/// The command line says where the app is to be from now on. 0 says that any port will do, also the one that
/// it had.
fn is_moved(world: &World, app: AppIndex) -> bool {
    let asked = world.resolved().sources.asked_of(app);
    let base = asked.and_then(|asked| asked.base);
    base.is_some_and(|base| base > 0)
}

/// Whether each that ran before is where it was.
fn has_same(now: &BTreeMap<String, u16>, before: &BTreeMap<String, u16>) -> bool {
    let mut both = before
        .iter()
        .filter_map(|(name, port)| Some((now.get(name)?, port)));
    both.all(|(now, before)| now == before)
}

/// Who has a port that several processes would have liked is said to the first of them.
fn say_once(notices: &mut Vec<Notice>) {
    let mut said = HashSet::new();
    notices.retain(|notice| {
        let Notice::PortTaken { port, instead, .. } = notice else {
            return true;
        };
        said.insert(*port) || instead.is_some()
    });
}

/// A root that only names its members is owned as well: it runs once.
fn own_members_root(world: &mut World) -> Result<(), Vec<Report>> {
    let apps = &world.resolved().sources.apps;
    let is_member = |app: &App| app.identity == apps.identity;
    if apps.apps.iter().any(is_member) {
        return Ok(());
    }
    let root = registry::App {
        identity: apps.identity.clone(),
        name: apps.root_name().to_string(),
    };
    let owned = world.registry().own(&root, false, say_wait);
    owned.map_err(|owner| vec![already_runs(&owner)])
}

fn say_wait() {
    tell!("the last session of this app is still being ended: waiting for it");
}

/// An app's own directory wins: who has it as another app's backing service hands it over.
fn own_for_itself(world: &mut World, app: AppIndex, owned: &mut Owned) -> Result<(), Vec<Report>> {
    let it = world.app(app);
    let begun = Instant::now();
    loop {
        let owner = match world.registry().own(&it, false, say_wait) {
            Ok(()) => {
                world.owns(app);
                return Ok(());
            }
            Err(owner) => owner,
        };
        let is_anothers = owner.is_sibling && owner.socket.is_some();
        if !is_anothers || begun.elapsed() > GONE_IN {
            return Err(vec![already_runs(&owner)]);
        }
        let socket = owner.socket.clone().unwrap_or_default();
        let Some(ports) = taken_over(world, app, &owner, &socket) else {
            // It is about to end, or somebody else was quicker.
            thread::sleep(INTERVAL);
            continue;
        };
        owned.preferred.insert(app, ports);
        let takes_over = Wiring::TakesOver {
            app: world.resolved().app_name(app),
            from: owner.session.clone(),
            pid: owner.pid,
            // Its ports are still to be given.
            has_same_ports: false,
        };
        owned.news.push((app, takes_over));
    }
}

/// The ports that the app has given up. `None`: its owner did not answer.
fn taken_over(
    world: &World,
    app: AppIndex,
    owner: &Owner,
    socket: &Path,
) -> Option<BTreeMap<String, u16>> {
    let asker = world.asker();
    let key = registry::app_key(&world.resolved().app(app).identity);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .ok()?;
    let local = tokio::task::LocalSet::new();
    let handed_over = local.block_on(&runtime, async {
        let asked = client::hand_over(socket, &key, &asker);
        tokio::pin!(asked);
        tokio::select! {
            handed_over = &mut asked => return handed_over.ok(),
            () = tokio::time::sleep(NOTICEABLE) => {}
        }
        let (name, pid) = (&owner.app, owner.pid);
        tell!("taking {name} over (pid {pid}): waiting until it has stopped there");
        tokio::time::timeout(HANDED_OVER_IN, asked).await.ok()?.ok()
    });
    handed_over.map(|handed_over| handed_over.ports)
}

/// Starts it here if nobody runs it and it may be started; else it is joined.
fn own_for_others(world: &mut World, app: AppIndex) -> Wiring {
    let name = world.resolved().app_name(app);
    let directory = world.resolved().app(app).shown.clone();
    let joined = |world: &mut World, owner: &Owner| {
        world.joined(app, &owner.ports);
        Wiring::Joined {
            app: name.clone(),
            directory: directory.clone(),
            pid: owner.pid,
        }
    };
    let may_start = world.resolved().start[app] == Start::Auto;
    if !may_start {
        return match registry::running(&world.resolved().app(app).identity) {
            Some(owner) => joined(world, &owner),
            None => Wiring::Unowned {
                app: name,
                directory,
            },
        };
    }
    match world.try_own(app) {
        Ownership::Ours => {
            let is_wanted = |place: usize| world.resolved().is_wanted[place];
            world.sibling_starts(app, &is_wanted)
        }
        Ownership::Held(owner) => joined(world, &owner),
        // The session goes on to ask.
        Ownership::BeingCleanedUp => Wiring::BeingCleanedUp { app: name },
    }
}

pub(super) fn already_runs(owner: &Owner) -> Report {
    let since =
        jiff::Timestamp::from_second(owner.since.try_into().unwrap_or(0)).unwrap_or_default();
    let since = since
        .to_zoned(jiff::tz::TimeZone::system())
        .strftime("%H:%M")
        .to_string();
    let pid = owner.pid;
    if !owner.is_alive() {
        return Report::new(format!(
            "what devrun (pid {pid}) had started is still being ended"
        ))
        .help("try again in a moment".to_string());
    }
    Report::new(format!(
        "devrun already runs this app (pid {pid}, since {since})"
    ))
    .help(
        "`devrun ps` and `devrun logs -f` show it, `devrun restart` restarts it, \
         `devrun stop` ends it"
            .to_string(),
    )
}
