//! All hops from the files and the command line to a plan, but for the ports: those are claimed between
//! [`resolve`] and [`Resolved::plan`], and whatever becomes of them while the session runs leads to another
//! plan of the same processes.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::plan::order::{self, Edge, Rank};
use crate::plan::ports::{self, Request};
use crate::plan::slots::{self, Slot};
use crate::plan::sources::{App, Sources};
use crate::plan::uses::{self, Backing, Wire};
use crate::plan::value::Missing;
use crate::plan::{AppIndex, External, Need, Provider, check, planning};
use crate::syntax::number;
use crate::syntax::settings::PortSetting;
use crate::words::name::{AppName, ProcessName};
use crate::words::report::Report;
use crate::words::uses::{Origin, Start};

/// Foreman's.
pub(crate) const USUAL_BASE: u16 = 5000;

/// Foreman has none; a session does not restart for ever.
pub(super) const MAX_RESTARTS: u32 = 5;
/// Foreman's, too.
pub(super) const USUAL_GRACE: Duration = Duration::from_secs(5);

/// A plan that wants its ports.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) sources: Sources,
    /// Every process that may come to run, app by app.
    pub(crate) slots: Vec<Slot>,
    /// Who is started with the session, by the places of the slots: who is meant, and who is used by those.
    pub(crate) is_wanted: Vec<bool>,
    pub(crate) wires: Vec<Wire>,
    pub(super) needs: Vec<Vec<Need>>,
    pub(super) externals: Vec<External>,
    /// What people call each app, where they are told whose process it is.
    pub(super) names: Vec<Option<AppName>>,
    /// Whether this session may start each app.
    pub(crate) start: Vec<Start>,
    /// 0: any free ports.
    pub(crate) bases: Vec<u16>,
    /// What each app's processes were given the last time in place of their own, by process: `web.1`. For
    /// those who only look; empty where nobody has asked.
    pub(crate) remembered: Vec<BTreeMap<String, u16>>,
    /// Uses that are not waited for, because each would have closed a cycle: its processes in order.
    pub(crate) relaxed: Vec<Vec<ProcessName>>,
}

/// # Errors
/// All that is wrong, at once.
pub(crate) fn resolve(sources: Sources) -> Result<Resolved, Vec<Report>> {
    let mut errors: Vec<Report> = Vec::new();
    for app in &sources.apps.apps {
        errors.extend(check::names(&app.entries));
        errors.extend(check::ready(&app.settings));
    }
    errors.extend(check::forbidden(&sources.asked));
    let mut bases = Vec::new();
    for place in 0..sources.apps.apps.len() {
        match base(&sources, place) {
            Ok(base) => bases.push(base),
            Err(report) => errors.push(report),
        }
    }
    let slots = slots::slots(&sources).unwrap_or_else(|reports| {
        errors.extend(reports);
        Vec::new()
    });
    let wires = uses::wires(&sources, &slots).unwrap_or_else(|reports| {
        errors.extend(reports);
        Vec::new()
    });
    if !errors.is_empty() {
        return Err(errors);
    }
    let start = starts(&sources, &slots, &wires);
    let is_wanted = wanted(&sources, &slots, &wires, &start);
    let needed = wires.iter().filter(|wire| is_wanted[wire.consumer]);
    let refused = needed.filter_map(nobody_there).cloned();
    errors.extend(refused.filter(|_| !sources.asked.only_looks));
    let (edges, externals) = edges(&sources, &slots, &wires).unwrap_or_else(|reports| {
        errors.extend(reports);
        (Vec::new(), Vec::new())
    });
    let order = order::order(slots.len(), edges);
    let named = |cycle: &Vec<usize>| -> Vec<ProcessName> {
        cycle
            .iter()
            .map(|place| slots[*place].name.clone())
            .collect()
    };
    errors.extend(
        order
            .impossible
            .iter()
            .map(|cycle| impossible(&sources, &slots, cycle)),
    );
    if !errors.is_empty() {
        return Err(errors);
    }
    let relaxed = order
        .relaxed
        .iter()
        .filter(|cycle| cycle.iter().all(|place| is_wanted[*place]));
    Ok(Resolved {
        names: slots::shown_names(&sources.apps),
        start,
        remembered: Vec::new(),
        relaxed: relaxed.map(named).collect(),
        needs: order.needs,
        externals,
        slots,
        is_wanted,
        wires,
        bases,
        sources,
    })
}

/// What is known of a process's ports while a session lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ports {
    /// Its PORT; `None`: it has none, or none yet.
    pub(crate) given: Option<u16>,
    /// Those of its further variables, in their order.
    pub(crate) further: Vec<u16>,
    /// Where it is reached: its PORT, or what it listens on in its place. `None`: nobody knows.
    pub(crate) reached: Option<u16>,
    /// What machine that is on; `None`: this one.
    pub(crate) host: Option<String>,
    /// Another session runs it, or nobody.
    pub(crate) is_elsewhere: bool,
    /// They are as the session has them that runs its app: for who only looks, and shows which are.
    pub(crate) is_live: bool,
    /// For good: who can do without it does.
    pub(crate) has_failed: bool,
}

impl Ports {
    /// All that it has, for itself.
    pub(crate) fn all(&self) -> impl Iterator<Item = u16> {
        self.given.into_iter().chain(self.further.iter().copied())
    }

    pub(crate) fn given(port: u16) -> Self {
        Self {
            given: Some(port),
            reached: Some(port),
            ..Self::default()
        }
    }
}

impl Resolved {
    /// The plan with these ports, in the order of the slots.
    ///
    /// # Errors
    /// What the kernel would refuse to start; a use whose value cannot be made.
    pub(crate) fn plan(&self, ports: &[Ports]) -> Result<crate::plan::Plan, Vec<Report>> {
        planning::plan(self, ports)
    }

    /// What a process asks of the ports: nothing if it has none.
    pub(crate) fn request(&self, slot: usize) -> Option<Request> {
        let Slot { app, entry, .. } = self.slots[slot];
        let app = &self.sources.apps.apps[app];
        let said = app.said_of(app.entries[entry].process_type.as_str());
        let port = said
            .and_then(|said| said.port.as_ref())
            .map(|said| said.value);
        let pinned = match port {
            Some(PortSetting::None) => return None,
            Some(PortSetting::Pinned(port)) => Some(port),
            None => None,
        };
        Some(Request {
            pinned,
            further: self.further(slot).len(),
            ..self.slots[slot].request()
        })
    }

    /// Where foreman's rule begins to count for a process; `None`: it does not count.
    pub(super) fn base_of(&self, slot: usize) -> Option<u16> {
        let base = self.bases[self.slots[slot].app];
        let is_by_rule = self
            .request(slot)
            .is_some_and(|request| request.pinned.is_none());
        (base > 0 && is_by_rule).then_some(base)
    }

    /// The variables of a process's further ports.
    pub(crate) fn further(&self, slot: usize) -> Vec<String> {
        let Slot { app, entry, .. } = self.slots[slot];
        let app = &self.sources.apps.apps[app];
        let said = app.said_of(app.entries[entry].process_type.as_str());
        let ports = said.map(|said| said.ports.iter()).into_iter().flatten();
        ports.map(|said| said.value.clone()).collect()
    }

    /// The PORT that a process has if nobody is in its way; `None`: it has none, or any will do.
    pub(crate) fn port_by_rule(&self, place: usize) -> Option<u16> {
        let request = self.request(place)?;
        if request.pinned.is_some() {
            return request.pinned;
        }
        let own = usize::from(self.base_of(place)?) + ports::offset(&request);
        let slot = &self.slots[place];
        let of_app = self.remembered.get(slot.app);
        let remembered = of_app.and_then(|ports| ports.get(&slot.name.in_app()));
        let own = u16::try_from(own).unwrap_or(u16::MAX);
        Some(remembered.copied().unwrap_or(own))
    }

    /// The ports as they are where an app runs (by process: `web.1`), else those that foreman's rule gives.
    pub(crate) fn expected_ports(
        &self,
        live: &dyn Fn(AppIndex) -> Option<BTreeMap<String, u16>>,
    ) -> Vec<Ports> {
        let live: Vec<_> = (0..self.sources.apps.apps.len()).map(live).collect();
        let of_live = live.iter().flatten().flat_map(BTreeMap::values);
        let mut taken: HashSet<u16> = of_live.copied().collect();
        let port = |place: usize| {
            let slot = &self.slots[place];
            let of_app = live[slot.app].as_ref();
            let known = of_app.and_then(|ports| ports.get(&slot.name.in_app()));
            if let Some(known) = known.filter(|_| self.request(place).is_some()) {
                return Ports::given(*known);
            }
            // One that does not run, and is not about to, is nobody's to be told of.
            let by_rule = self.port_by_rule(place).filter(|_| self.is_wanted[place]);
            let Some(by_rule) = by_rule else {
                return Ports::default();
            };
            // Two apps of one base would not be on the same port either.
            let is_movable = self.base_of(place).is_some();
            let mut free = (by_rule..=u16::MAX).filter(|port| !is_movable || taken.insert(*port));
            Ports::given(free.next().unwrap_or(by_rule))
        };
        (0..self.slots.len()).map(port).collect()
    }

    /// Whether the session was started for this app, not for one that uses it.
    pub(crate) fn is_root(&self, app: AppIndex) -> bool {
        app < self.sources.apps.roots
    }

    pub(crate) fn app(&self, app: AppIndex) -> &App {
        &self.sources.apps.apps[app]
    }

    /// What people call an app.
    pub(crate) fn app_name(&self, app: AppIndex) -> AppName {
        self.names[app]
            .clone()
            .unwrap_or_else(|| self.app(app).name())
    }
}

/// Who is meant, whom those use, and whom those use or depend on. What an app needs that is never started from
/// here is its owner's affair.
fn wanted(sources: &Sources, slots: &[Slot], wires: &[Wire], start: &[Start]) -> Vec<bool> {
    let mut is_wanted: Vec<bool> = slots.iter().map(|slot| slot.is_meant).collect();
    let mut queue: Vec<usize> = (0..slots.len()).filter(|place| is_wanted[*place]).collect();
    while let Some(place) = queue.pop() {
        if start[slots[place].app] == Start::Never {
            continue;
        }
        let used = wires
            .iter()
            .filter(|wire| wire.consumer == place && !wire.is_hidden);
        let used = used.filter_map(|wire| match wire.backing {
            Backing::Process(provider) => Some(provider),
            Backing::Resource | Backing::Nothing(_) => None,
        });
        let depends_on = depends_on(sources, slots, place);
        for provider in used.chain(depends_on) {
            if !std::mem::replace(&mut is_wanted[provider], true) {
                queue.push(provider);
            }
        }
    }
    is_wanted
}

/// The places of the processes that one is started after by `depends_on`: all instances.
fn depends_on(sources: &Sources, slots: &[Slot], place: usize) -> Vec<usize> {
    let slot = &slots[place];
    let app = &sources.apps.apps[slot.app];
    let said = app.said_of(app.entries[slot.entry].process_type.as_str());
    let types = said
        .map(|said| said.depends_on.iter())
        .into_iter()
        .flatten();
    let entries: HashSet<usize> = types.filter_map(|said| app.entry(&said.value)).collect();
    let is_it = |other: &Slot| {
        let is_first = other.name.instance.get() == 1;
        other.app == slot.app && entries.contains(&other.entry) && (is_first || other.is_meant)
    };
    (0..slots.len())
        .filter(|place| is_it(&slots[*place]))
        .collect()
}

/// Why a process cannot be started: what it cannot do without is not there.
pub(super) fn nobody_there(wire: &Wire) -> Option<&Report> {
    let is_needed = !wire.is_hidden && !wire.declared.is_optional;
    match &wire.backing {
        Backing::Nothing(report) if is_needed => Some(report),
        Backing::Nothing(_) | Backing::Process(_) | Backing::Resource => None,
    }
}

/// What has to be started before what, and the resources among that.
fn edges(
    sources: &Sources,
    slots: &[Slot],
    wires: &[Wire],
) -> Result<(Vec<Edge>, Vec<External>), Vec<Report>> {
    let rank = |consumer: usize, name: &str, is_asked: bool| {
        let slot = &slots[consumer];
        let identity = sources.apps.apps[slot.app].identity.display().to_string();
        let name = format!("{}.{name}", slot.name.instance);
        Rank {
            is_asked,
            consumer: (identity, slot.entry, name),
        }
    };
    let (mut edges, mut errors) = (Vec::new(), Vec::new());
    let mut externals: Vec<External> = Vec::new();
    for consumer in 0..slots.len() {
        let depends_on = depends_on(sources, slots, consumer).into_iter();
        edges.extend(depends_on.map(|provider| Edge {
            consumer,
            need: Need {
                on: Provider::Process(provider),
                variable: None,
                waits: true,
                is_optional: false,
            },
            rank: rank(consumer, "", false),
        }));
    }
    for wire in wires.iter().filter(|wire| !wire.is_hidden) {
        let waits = wire.declared.is_waited_for();
        let is_asked = wire.declared.origin == Origin::CommandLine;
        let on = match wire.backing {
            Backing::Process(provider) => Provider::Process(provider),
            Backing::Resource if waits => match external(sources, slots, wire) {
                Ok(external) => Provider::External(place_of(&mut externals, external)),
                Err(_) if sources.asked.only_looks => continue,
                Err(report) => {
                    errors.push(report);
                    continue;
                }
            },
            Backing::Resource | Backing::Nothing(_) => continue,
        };
        edges.push(Edge {
            consumer: wire.consumer,
            need: Need {
                on,
                variable: Some(wire.declared.variable.clone()),
                waits,
                is_optional: wire.declared.is_optional,
            },
            rank: rank(wire.consumer, &wire.declared.variable, is_asked),
        });
    }
    if errors.is_empty() {
        Ok((edges, externals))
    } else {
        Err(errors)
    }
}

fn place_of(externals: &mut Vec<External>, external: External) -> usize {
    let known = externals.iter().position(|known| *known == external);
    known.unwrap_or_else(|| {
        externals.push(external);
        externals.len() - 1
    })
}

fn external(sources: &Sources, slots: &[Slot], wire: &Wire) -> Result<External, Report> {
    let handle = planning::handle(sources, slots, wire)?;
    match (handle.host, handle.port) {
        (host, Some(port)) if !host.is_empty() => Ok(External { host, port }),
        (_, _) => Err(uses::at(
            &wire.declared,
            "a URL without a port cannot be waited for".into(),
        )
        .help("write its port, or `wait: none`".to_string())),
    }
}

/// An app is started by this session if one that it may start says so of a use.
fn starts(sources: &Sources, slots: &[Slot], wires: &[Wire]) -> Vec<Start> {
    let is_root = |app: usize| app < sources.apps.roots;
    let start = |app: usize| {
        if is_root(app) {
            Start::Auto
        } else {
            Start::Never
        }
    };
    let mut starts: Vec<Start> = (0..sources.apps.apps.len()).map(start).collect();
    loop {
        let next = wires.iter().find_map(|wire| match wire.backing {
            Backing::Process(provider) => {
                let app = slots[provider].app;
                let says_so = wire.declared.start == Start::Auto
                    && starts[slots[wire.consumer].app] == Start::Auto;
                (says_so && starts[app] == Start::Never).then_some(app)
            }
            Backing::Resource | Backing::Nothing(_) => None,
        });
        let Some(app) = next else {
            return starts;
        };
        starts[app] = Start::Auto;
    }
}

/// `-p`, else `PORT` of the env files, `port:` of the settings, `PORT` of the shell, foreman's.
fn base(sources: &Sources, place: usize) -> Result<u16, Report> {
    let app = &sources.apps.apps[place];
    if let Some(base) = sources.asked_of(place).and_then(|asked| asked.base) {
        return Ok(base);
    }
    let is_port = |name: &std::ffi::OsStr| name == "PORT";
    let in_files = app.assignments().rfind(|(_, found)| is_port(&found.name));
    if let Some((file, found)) = in_files {
        let value = found.value.to_string_lossy();
        let place = format!("{file}:{}", found.line);
        return number::port(&value).map_err(|why| not_a_port(&value, &place, why));
    }
    if let Some(said) = &app.settings.port {
        return Ok(said.value);
    }
    match sources.shell.iter().find(|(name, _)| is_port(name)) {
        Some((_, value)) => {
            let value = value.to_string_lossy();
            number::port(&value).map_err(|why| not_a_port(&value, "your shell", why))
        }
        None => Ok(USUAL_BASE),
    }
}

fn not_a_port(value: &str, of: &str, why: String) -> Report {
    Report::new(format!("PORT={value} of {of} is no port")).help(why)
}

/// Each of the cycle is started after the next one, all of them in one app.
fn impossible(sources: &Sources, slots: &[Slot], cycle: &[usize]) -> Report {
    let type_of = |place: &usize| slots[*place].name.process_type.as_str();
    let types: Vec<&str> = cycle.iter().chain(cycle.first()).map(type_of).collect();
    let app = cycle
        .first()
        .map(|place| &sources.apps.apps[slots[*place].app]);
    let path = types.join(" → ");
    let mut report = Report::new(format!("`depends_on` has no beginning: {path}"));
    for pair in types.windows(2) {
        let said = app.and_then(|app| app.said_of(pair[0]));
        let others = said.into_iter().flat_map(|said| &said.depends_on);
        let mut meant = others.filter(|other| other.value == pair[1]);
        report
            .places
            .extend(meant.next().map(|other| other.place.clone()));
    }
    report.help("take one of them out of its `depends_on`".to_string())
}

/// A use whose value cannot be made.
pub(super) fn unfilled(wire: &Wire, why: &Missing) -> Report {
    let help = match why {
        Missing::Variable(name) => Some(format!(
            "set it in .env or in your shell, or for one run: `devrun start --set {name}=…`"
        )),
        Missing::Text(_) | Missing::Port => None,
    };
    uses::at(&wire.declared, why.to_string()).help(help)
}
