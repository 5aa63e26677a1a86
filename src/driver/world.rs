//! The apps of a session as their files, their ports and other sessions have them now.

mod known;
pub(super) mod moving;

use std::collections::{BTreeMap, HashSet};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use crate::driver::world::known::Known;
use crate::load::{self, Where};
use crate::os::port;
use crate::plan::fitting::{Reread, edited, fitted};
use crate::plan::ports::{self, Claim, Request};
use crate::plan::resolve::{self, Ports, Resolved};
use crate::plan::sources::{Asked, Sources};
use crate::plan::{AppIndex, Plan};
use crate::registry::{self, Ownership, Registry, memory};
use crate::supervisor::ProcessIndex;
use crate::words::notice::Notice;
use crate::words::port::Holder;
use crate::words::report::Report;
use crate::words::wire::Asker;
use crate::words::wiring::Wiring;

pub(crate) struct World {
    place: Where,
    /// The apps that were named as arguments.
    directories: Vec<PathBuf>,
    resolved: Resolved,
    registry: Registry,
    /// By the places of the processes.
    ports: Known,
    /// As they were when the present plan was made.
    planned_with: Vec<Ports>,
    is_owned: Vec<bool>,
    /// Those that could not be started before the session began: nobody tries that again unasked.
    left_alone: HashSet<AppIndex>,
    /// A taken port is an error.
    is_strict: bool,
}

impl World {
    /// Nothing is owned yet.
    pub(crate) fn new(
        place: Where,
        directories: Vec<PathBuf>,
        resolved: Resolved,
        registry: Registry,
        is_strict: bool,
    ) -> Self {
        let elsewhere = Ports {
            is_elsewhere: true,
            ..Ports::default()
        };
        Self {
            place,
            directories,
            ports: Known::new(vec![elsewhere; resolved.slots.len()]),
            planned_with: Vec::new(),
            is_owned: vec![false; resolved.sources.apps.apps.len()],
            left_alone: HashSet::new(),
            resolved,
            registry,
            is_strict,
        }
    }

    pub(crate) fn resolved(&self) -> &Resolved {
        &self.resolved
    }

    pub(crate) fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    pub(crate) fn is_owned(&self, app: AppIndex) -> bool {
        self.is_owned[app]
    }

    pub(crate) fn app(&self, app: AppIndex) -> registry::App {
        registry::App {
            identity: self.resolved.app(app).identity.clone(),
            name: self.resolved.app_name(app).to_string(),
        }
    }

    /// The places of an app's processes.
    pub(crate) fn processes_of(&self, app: AppIndex) -> Vec<ProcessIndex> {
        let slots = self.resolved.slots.iter().enumerate();
        let own = slots.filter(|(_, slot)| slot.app == app);
        own.map(|(place, _)| place).collect()
    }

    /// The app that was started for itself, rather than as one of several or for another one.
    pub(crate) fn is_started_for_itself(&self, app: AppIndex) -> bool {
        self.resolved.app(app).identity == self.resolved.sources.apps.identity
    }

    /// Makes this session the app's owner if nobody else is; its processes are to be given ports then.
    pub(crate) fn try_own(&mut self, app: AppIndex) -> Ownership {
        let is_sibling = !self.is_started_for_itself(app);
        let ownership = self.registry.try_own(&self.app(app), is_sibling);
        if ownership == Ownership::Ours {
            self.owns(app);
        }
        ownership
    }

    /// Whether anything of it is to run, here or elsewhere.
    pub(crate) fn is_needed(&self, app: AppIndex) -> bool {
        let places = self.processes_of(app);
        places.iter().any(|place| self.resolved.is_wanted[*place])
    }

    /// What the session is called: as the app that is meant, or as the root that names its members.
    fn session_name(&self) -> String {
        let apps = &self.resolved.sources.apps;
        if apps.apps[0].identity == apps.identity {
            return self.resolved.app_name(0).to_string();
        }
        apps.root_name().to_string()
    }

    /// Who we are, for other sessions.
    pub(crate) fn asker(&self) -> Asker {
        Asker {
            pid: std::process::id() as i32,
            app: self.session_name(),
            directory: self.resolved.app(0).shown.clone(),
            only_looks: false,
        }
    }

    /// Another session runs the app, with these ports.
    pub(crate) fn joined(&mut self, app: AppIndex, ports: &BTreeMap<String, u16>) {
        for place in self.processes_of(app) {
            self.ports[place].reached = ports
                .get(&self.resolved.slots[place].name.in_app())
                .copied();
        }
    }

    /// What is said of an app that this session starts because it is used, or some of it.
    pub(crate) fn sibling_starts(
        &self,
        app: AppIndex,
        is_started: &dyn Fn(ProcessIndex) -> bool,
    ) -> Wiring {
        let slots = &self.resolved.slots;
        let (wanted, others): (Vec<usize>, Vec<usize>) = self
            .processes_of(app)
            .into_iter()
            .partition(|place| is_started(*place));
        let others = others
            .into_iter()
            .map(|place| slots[place].name.process_type.to_string());
        Wiring::SiblingStarts {
            app: self.resolved.app_name(app),
            directory: self.resolved.app(app).shown.clone(),
            processes: wanted
                .into_iter()
                .map(|place| slots[place].name.clone())
                .collect(),
            others: others.collect(),
        }
    }

    /// It is owned already, by whatever way.
    pub(crate) fn owns(&mut self, app: AppIndex) {
        self.is_owned[app] = true;
        for place in self.processes_of(app) {
            self.ports[place].is_elsewhere = false;
        }
    }

    /// Gives every process of an app that is wanted, and has none yet, its ports. `preferred`: those that
    /// they had under another owner.
    ///
    /// # Errors
    /// A pinned or a strict one is taken; none is left.
    pub(crate) fn assign(
        &mut self,
        app: AppIndex,
        preferred: &BTreeMap<String, u16>,
    ) -> Result<Vec<Notice>, Vec<Report>> {
        let places = self.processes_of(app).into_iter();
        let wanted: Vec<usize> = places
            .filter(|place| self.resolved.is_wanted[*place])
            .collect();
        self.assign_to(app, &wanted, preferred)
    }

    fn assign_to(
        &mut self,
        app: AppIndex,
        places: &[ProcessIndex],
        preferred: &BTreeMap<String, u16>,
    ) -> Result<Vec<Notice>, Vec<Report>> {
        let without = places
            .iter()
            .filter(|place| self.ports[**place].given.is_none());
        let asking = without.filter_map(|place| {
            let request = self.resolved.request(*place)?;
            let kept = self.ports[*place].further.len();
            let further = request.further.saturating_sub(kept);
            Some((*place, Request { further, ..request }))
        });
        let asking: Vec<(usize, Request)> = asking.collect();
        let (places, requests): (Vec<usize>, Vec<Request>) = asking.into_iter().unzip();
        let identity = self.resolved.app(app).identity.clone();
        let base = self.resolved.bases[app];
        let known = memory::recall(&identity, base);
        let mut remembered = known.clone();
        remembered.extend(preferred.clone());
        let given: HashSet<u16> = self.ports.iter().flat_map(Ports::all).collect();
        // They stay: none of them becomes a PORT.
        let further = places.iter().flat_map(|place| &self.ports[*place].further);
        let further: HashSet<u16> = further.copied().collect();
        let registry = &mut self.registry;
        let sources = ports::Sources {
            base,
            is_strict: self.is_strict && self.resolved.is_root(app),
            remembered: &remembered,
            claim: &mut |process, port| {
                if further.contains(&port) {
                    return Claim::Taken(Holder::Neighbour(process.clone()));
                }
                registry.claim(&identity, process, port)
            },
            any_free: &mut || port::any_free_but(|port| given.contains(&port)),
        };
        let assigned = ports::assign(&requests, sources)?;
        if base != 0 && !self.is_strict {
            let to_remember = memory::own_decisions(assigned.to_remember, preferred, &known);
            memory::remember(&identity, base, &to_remember);
        }
        for (place, (port, further)) in places
            .iter()
            .zip(assigned.ports.iter().zip(assigned.further))
        {
            let mut all = std::mem::take(&mut self.ports[*place].further);
            all.extend(further);
            self.ports[*place] = Ports {
                further: all,
                ..Ports::given(*port)
            };
        }
        self.publish(app);
        let usual = |notice: &Notice| !is_as_before(notice, preferred);
        Ok(assigned
            .notices
            .into_iter()
            .filter(usual)
            .map(|notice| self.named(app, notice))
            .collect())
    }

    /// What is said of a process of an app says whose it is.
    fn named(&self, app: AppIndex, notice: Notice) -> Notice {
        let name = self.resolved.slots.iter().find(|slot| slot.app == app);
        let name = name.and_then(|slot| slot.name.app.clone());
        let mut notice = notice.of_app(name);
        if let Notice::PortTaken { holder, port, .. } = &mut notice {
            let is_its = |(_, ports): &(usize, &Ports)| ports.all().any(|its| its == *port);
            let ours = self.ports.iter().enumerate().find(is_its);
            if let Some((place, _)) = ours {
                *holder = Holder::Neighbour(self.resolved.slots[place].name.clone());
            }
        }
        notice
    }

    /// Lets others see where an app of ours is reached.
    pub(crate) fn publish(&mut self, app: AppIndex) {
        let slots = self.resolved.slots.iter().zip(self.ports.iter());
        let own = slots.filter(|(slot, _)| slot.app == app);
        let ports = own.filter_map(|(slot, ports)| Some((slot.name.in_app(), ports.reached?)));
        let identity = &self.resolved.app(app).identity;
        self.registry.publish(identity, ports.collect());
    }

    /// Locks that the guardian does not have yet.
    pub(crate) fn new_locks(&mut self) -> Vec<OwnedFd> {
        self.registry.not_copied()
    }

    /// It is to have a port, and has none yet.
    pub(crate) fn lacks_port(&self, place: ProcessIndex) -> bool {
        self.ports[place].given.is_none() && self.resolved.request(place).is_some()
    }

    /// Where a process is really reached. Whether that is news.
    pub(crate) fn reached(&mut self, place: ProcessIndex, port: Option<u16>) -> bool {
        let is_news = self.ports[place].reached != port;
        if is_news {
            self.ports[place].reached = port;
        }
        if is_news && self.is_owned[self.resolved.slots[place].app] {
            self.publish(self.resolved.slots[place].app);
        }
        is_news
    }

    /// Who has failed for good, and who has not any more. Whether that is news.
    pub(crate) fn failed(&mut self, place: ProcessIndex, has_failed: bool) -> bool {
        let is_news = self.ports[place].has_failed != has_failed;
        if is_news {
            self.ports[place].has_failed = has_failed;
        }
        is_news
    }

    pub(crate) fn ports(&self, place: ProcessIndex) -> &Ports {
        &self.ports[place]
    }

    /// Nothing of the app runs here any more: whoever is next may have it. Its ports stay known, as those
    /// under which it was reached.
    pub(crate) fn release(&mut self, app: AppIndex) {
        self.registry
            .release(&self.resolved.app(app).identity.clone());
        self.is_owned[app] = false;
        for place in self.processes_of(app) {
            let reached = self.ports[place].reached;
            self.ports[place] = Ports {
                reached,
                is_elsewhere: true,
                ..Ports::default()
            };
        }
    }

    /// Gives up an app of which nothing could be started.
    pub(crate) fn leave_alone(&mut self, app: AppIndex) {
        self.release(app);
        self.left_alone.insert(app);
    }

    /// Whether the session begins with an app that could not be started.
    pub(crate) fn is_left_alone(&self, app: AppIndex) -> bool {
        self.left_alone.contains(&app)
    }

    /// The ports of an app's processes as they are known: `web.1`.
    pub(crate) fn known_ports(&self, app: AppIndex) -> BTreeMap<String, u16> {
        let known = |place: ProcessIndex| {
            let port = self.ports[place].given.or(self.ports[place].reached)?;
            Some((self.resolved.slots[place].name.in_app(), port))
        };
        self.processes_of(app)
            .into_iter()
            .filter_map(known)
            .collect()
    }

    /// What was planned last is no longer so.
    pub(crate) fn is_planned_anew(&mut self) -> bool {
        // To compare them takes time with every process there is, and this is asked for each.
        let may_be = self.ports.are_touched && self.ports[..] != self.planned_with;
        self.ports.are_touched = may_be;
        may_be
    }

    /// # Errors
    /// What the kernel would refuse to start; a use whose value cannot be made.
    pub(crate) fn plan(&mut self) -> Result<Plan, Vec<Report>> {
        let plan = self.resolved.plan(&self.ports)?;
        self.planned_with = self.ports.to_vec();
        Ok(plan)
    }

    /// Files were edited since they were read. One that is a pipe cannot be read again.
    pub(crate) fn are_files_changed(&self) -> bool {
        let apps = &self.resolved.sources.apps.apps;
        let is_once = apps.iter().any(|app| app.is_read_once);
        !is_once && !apps.iter().all(load::is_as_read)
    }

    /// Reads all files anew, and plans by them. Apps and processes that came are for the next session.
    ///
    /// # Errors
    /// All that is wrong with them now; everything stays as it was then.
    pub(crate) fn read_again(&mut self) -> Result<Reread, Vec<Report>> {
        load::wait_for_no_pipe();
        let asked: &Asked = &self.resolved.sources.asked;
        let loaded = load::apps(&self.place, &self.directories, &asked.uses);
        if !loaded.errors.is_empty() {
            return Err(loaded.errors);
        }
        let (apps, later) = fitted(&self.resolved.sources.apps, &loaded.value);
        let mut sources = Sources {
            apps,
            ..self.resolved.sources.clone()
        };
        // What the files do not say any more need not be done without.
        let roots = &sources.apps.apps[..sources.apps.roots];
        let is_used = |name: &String| {
            let mut uses = roots.iter().flat_map(|app| &app.settings.uses);
            uses.any(|declared| declared.variable == *name)
        };
        sources.asked.unuse = sources.asked.unuse.into_iter().filter(is_used).collect();
        let mut resolved = resolve::resolve(sources)?;
        resolved
            .sources
            .asked
            .unuse
            .clone_from(&self.resolved.sources.asked.unuse);
        if resolved.slots != self.resolved.slots {
            let report = Report::new("the apps or processes have other names in the files now");
            return Err(vec![report]);
        }
        let plan = resolved.plan(&self.ports)?;
        let before = self.resolved.plan(&self.ports);
        self.planned_with = self.ports.to_vec();
        self.resolved = resolved;
        Ok(Reread {
            edited: before.map_or_else(|_| Vec::new(), |before| edited(&before, &plan)),
            plan,
            later,
        })
    }
}

/// It keeps what it had: nothing to be told of.
fn is_as_before(notice: &Notice, preferred: &BTreeMap<String, u16>) -> bool {
    matches!(notice, Notice::PortRemembered { process, port, .. }
        if preferred.get(&process.in_app()) == Some(port))
}
