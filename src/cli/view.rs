//! The apps that are meant, and the environments of their processes, as the sessions have them that run them;
//! where none does, as the files have them.

use crate::cli::args;
use crate::cli::context::Context;
use crate::cli::live::{self, Live};
use crate::plan::resolve::{Ports, Resolved};
use crate::plan::sources::Asked;
use crate::plan::{Plan, PlannedProcess, Used, planning};
use crate::words::env::{Env, Source};
use crate::words::report::Report;

/// On stderr, before what a process that does not run would have.
pub(super) const WOULD_BE: &str = "not running: would be";
/// The same of one that ran in the session.
const WAS: &str = "not running: as in its last run";

/// All that is known.
pub(super) struct View {
    pub(super) resolved: Resolved,
    pub(super) live: Live,
    pub(super) ports: Vec<Ports>,
    pub(super) plan: Plan,
    /// Why nothing could be started now: what runs may do so all the same.
    pub(super) refused: Vec<Report>,
}

/// An environment, and how far it is that of something that runs.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) env: Env,
    pub(super) is_running: bool,
    /// A session has told it.
    pub(super) is_told: bool,
    /// On stderr: what is not as it is now, a line each.
    pub(super) doubts: Vec<String>,
}

impl View {
    /// # Errors
    /// All that is wrong with the files, but for uses of which nothing can be made: those are `refused`.
    pub(super) fn of(context: &Context, asked: Asked) -> Result<Self, Vec<Report>> {
        let reports = match Self::found(context, asked.clone()) {
            Ok(view) => return Ok(view),
            Err(reports) => reports,
        };
        let only_looks = Asked {
            only_looks: true,
            ..asked
        };
        match Self::found(context, only_looks) {
            Ok(view) => Ok(Self {
                refused: reports,
                ..view
            }),
            Err(_) => Err(reports),
        }
    }

    fn found(context: &Context, asked: Asked) -> Result<Self, Vec<Report>> {
        let (resolved, live) = live::resolved(context, asked)?;
        let ports = live.ports(&resolved);
        let plan = resolved.plan(&ports)?;
        Ok(Self {
            resolved,
            live,
            ports,
            plan,
            refused: Vec::new(),
        })
    }

    /// The environment of a process: of its run as the session tells it, and over that what `args` say of
    /// variables. Nobody has told: as the files have it.
    ///
    /// # Errors
    /// Nobody has told, and it could not be started.
    pub(super) fn env(&self, args: &args::Where, place: usize) -> Result<Seen, Vec<Report>> {
        let slot = &self.resolved.slots[place];
        let planned = &self.plan.processes[place];
        let is_running = self.live.runs(slot);
        let Some(told) = self.live.env(&self.resolved, slot) else {
            return self.seen_in_files(place, is_running);
        };
        let doubt = match (is_running, told.is_planned) {
            (true, _) => None,
            (false, true) => Some(WOULD_BE.to_string()),
            (false, false) => Some(WAS.to_string()),
        };
        let has_run = !told.is_planned;
        let mut env = Env::from(told);
        if !has_run {
            fill(&mut env, &planned.env);
        }
        self.mark_live(&mut env, planned);
        if self.resolved.is_root(slot.app) {
            self.lay_asked(&mut env, planned, args);
        }
        Ok(Seen {
            env,
            is_running,
            is_told: true,
            doubts: doubt.into_iter().collect(),
        })
    }

    /// The environment of a command that is run once: as the files have it, with the ports of what runs.
    ///
    /// # Errors
    /// The app could not be started.
    pub(super) fn one_off_env(&self) -> Result<Seen, Vec<Report>> {
        if !self.refused.is_empty() {
            return Err(self.refused.clone());
        }
        let is_running = self.live.app(0).is_some();
        let doubt = (!is_running).then(|| WOULD_BE.to_string());
        Ok(Seen {
            env: planning::one_off_env(&self.resolved, &self.ports),
            is_running,
            is_told: false,
            doubts: doubt.into_iter().collect(),
        })
    }

    /// The environment with which a process would be started by this command line, with the ports of what
    /// runs.
    ///
    /// # Errors
    /// The app could not be started.
    pub(super) fn env_of_files(&self, place: usize) -> Result<Env, Vec<Report>> {
        if self.refused.is_empty() {
            Ok(self.plan.processes[place].env.clone())
        } else {
            Err(self.refused.clone())
        }
    }

    fn seen_in_files(&self, place: usize, is_running: bool) -> Result<Seen, Vec<Report>> {
        let env = self.env_of_files(place)?;
        let planned = &self.plan.processes[place];
        let mut doubts = Vec::new();
        if is_running {
            let name = &planned.name;
            doubts.push(format!(
                "{name}: its session does not answer; this is as the files are now"
            ));
            doubts.extend(self.uses_in_doubt(planned));
        } else {
            doubts.push(WOULD_BE.to_string());
        }
        Ok(Seen {
            env,
            is_running,
            is_told: false,
            doubts,
        })
    }

    /// The uses of a process that runs, of which the provider does not.
    fn uses_in_doubt(&self, planned: &PlannedProcess) -> Vec<String> {
        let doubt = |used: &Used| {
            let is_live = |provider: &usize| self.ports[*provider].is_live;
            let provider = used.provider.filter(|provider| !is_live(provider))?;
            used.value.as_ref()?;
            let name = &self.plan.processes[provider].name;
            Some(format!("{}: {name} is {WOULD_BE}", used.variable))
        };
        planned.uses.iter().filter_map(doubt).collect()
    }

    /// A session knows its providers' names; whether they have that URL now is seen from here.
    fn mark_live(&self, env: &mut Env, planned: &PlannedProcess) {
        for used in &planned.uses {
            let now = planned.env.get(&used.variable);
            let Some((told, now)) = env.get(&used.variable).zip(now) else {
                continue;
            };
            if let (Source::Use { origin, .. }, Source::Use { provider, .. }) =
                (&told.source, &now.source)
                && told.value == now.value
            {
                let (origin, provider) = (origin.clone(), provider.clone());
                env.attribute(&used.variable, Source::Use { origin, provider });
            }
        }
    }

    /// `--set`, `--use`, `--unuse` and `-e` of this command line, whatever the session was started with.
    fn lay_asked(&self, env: &mut Env, planned: &PlannedProcess, args: &args::Where) {
        let files = &self.resolved.app(planned.app).env_files;
        let is_asked = |source: &Source| match source {
            Source::CommandLine | Source::Use { .. } => source.is_of_command_line(),
            Source::EnvFile { file, .. } => {
                args.env_files.is_some() && files.iter().any(|(asked, _)| asked == file)
            }
            Source::Automatic(_)
            | Source::Shell
            | Source::Settings { .. }
            | Source::Devrun
            | Source::Port { .. }
            | Source::ProcfileLine { .. } => false,
        };
        for variable in &args.unuse {
            env.remove(variable);
        }
        for (name, variable) in planned.env.iter() {
            let is_freed = args.unuse.iter().any(|freed| name == freed.as_str());
            if is_freed || is_asked(&variable.source) {
                let (value, source) = (variable.value.clone(), variable.source.clone());
                env.lay(name.to_os_string(), value, source);
            }
        }
    }
}

/// What only a start decides: ports, and the URLs of others.
fn fill(env: &mut Env, planned: &Env) {
    for (name, variable) in planned.iter() {
        let is_decided_then = match &variable.source {
            Source::Automatic(_) | Source::Use { .. } | Source::Devrun | Source::Port { .. } => {
                true
            }
            Source::Shell
            | Source::EnvFile { .. }
            | Source::Settings { .. }
            | Source::CommandLine
            | Source::ProcfileLine { .. } => false,
        };
        if is_decided_then && env.get(name).is_none() {
            let (value, source) = (variable.value.clone(), variable.source.clone());
            env.lay(name.to_os_string(), value, source);
        }
    }
}
