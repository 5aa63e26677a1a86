//! `devrun uses`: what is behind the variables of the app, in which state that is, and who uses the app.

use std::process::ExitCode;

use crate::cli::args::{Uses, Where};
use crate::cli::context::Context;
use crate::cli::view::View;
use crate::cli::{NOT_STARTED, print, refuse};
use crate::os::pty::Size;
use crate::os::terminal;
use crate::plan::uses::{self, Backing, Wire};
use crate::plan::{AppIndex, wire};
use crate::render::uses::{AppUses, Owner, Row, State, json, table};
use crate::words::env::Source;
use crate::words::report::Report;
use crate::words::secret;
use crate::words::uses::Use;

pub(super) fn run(args: &Uses) -> ExitCode {
    match apps(&args.place) {
        Ok(apps) if args.json => print(json(&apps).as_bytes()),
        Ok(apps) => {
            let is_terminal = terminal::is_terminal(&std::io::stdout());
            let columns = is_terminal.then(|| terminal::size().unwrap_or(Size::USUAL).columns);
            print(table(&apps, columns.map(usize::from)).as_bytes())
        }
        Err(reports) => refuse(&reports, NOT_STARTED),
    }
}

/// The apps that are meant.
fn apps(place: &Where) -> Result<Vec<AppUses>, Vec<Report>> {
    let context = Context::new(place)?;
    let view = View::of(&context, context.asked(place))?;
    let roots = 0..view.resolved.sources.apps.roots;
    Ok(roots.map(|app| view.uses(place, app)).collect())
}

impl View {
    fn uses(&self, args: &Where, app: AppIndex) -> AppUses {
        let declared = uses::declared(&self.resolved.sources, app);
        let live = self.live.app(app);
        let state = live.and_then(|live| live.state.as_ref());
        AppUses {
            app: self.resolved.app_name(app).to_string(),
            directory: self.resolved.app(app).shown.clone(),
            owner: self.owner(app),
            rows: declared
                .iter()
                .map(|declared| self.row(args, app, declared))
                .collect(),
            used_by: state.map_or_else(Vec::new, |state| state.used_by.clone()),
        }
    }

    fn owner(&self, app: AppIndex) -> Option<Owner> {
        let owner = &self.live.app(app)?.owner;
        // An older version has not written whose session it is.
        let session = if owner.session.is_empty() {
            &owner.app
        } else {
            &owner.session
        };
        Some(Owner {
            app: session.clone(),
            pid: owner.pid,
        })
    }

    fn row(&self, args: &Where, app: AppIndex, declared: &Use) -> Row {
        let is_it = |wire: &&Wire| {
            self.resolved.slots[wire.consumer].app == app
                && wire.declared.variable == declared.variable
        };
        let wires: Vec<&Wire> = self.resolved.wires.iter().filter(is_it).collect();
        // A use that some processes hide counts for the others.
        let wire = wires.iter().find(|wire| !wire.is_hidden);
        let wire = wire.or(wires.first()).copied();
        let target = declared.target.to_string();
        Row {
            variable: declared.variable.clone(),
            target: secret::masked("", &target).into_owned(),
            state: wire.map_or(State::Unused, |wire| self.state(wire)),
            provider: wire.and_then(|wire| self.provider(wire)),
            owner: wire.and_then(|wire| self.owner_of(wire)),
            url: wire.and_then(|wire| self.value(args, wire)),
            used_by: wires
                .iter()
                .filter(|wire| !wire.is_hidden)
                .map(|wire| self.resolved.slots[wire.consumer].name.to_string())
                .collect(),
            is_optional: declared.is_optional,
        }
    }

    fn state(&self, wire: &Wire) -> State {
        if wire.is_hidden {
            return State::Hidden(self.hidden_by(wire));
        }
        let provider = match wire.backing {
            Backing::Nothing(_) => return State::Absent,
            Backing::Resource => return State::Elsewhere,
            Backing::Process(provider) => &self.resolved.slots[provider],
        };
        let is_absent = || self.live.is_absent(&self.resolved, provider);
        match self.live.process(provider) {
            Some(process) => State::Of(process.state.clone()),
            None if self.live.runs(provider) => State::Of("running".into()),
            None if wire.declared.is_optional && is_absent() => State::Absent,
            None => State::NotRunning,
        }
    }

    /// Where the value comes from that the process really gets.
    fn hidden_by(&self, wire: &Wire) -> String {
        let slot = &self.resolved.slots[wire.consumer];
        let app = self.resolved.app(slot.app);
        let mut env = self.plan.processes[wire.consumer].env.clone();
        wire::lay_line(&mut env, &app.procfile, &app.entries[slot.entry], Some(""));
        let source = env.get(&wire.declared.variable).map(|it| it.source.clone());
        source.unwrap_or(Source::CommandLine).to_string()
    }

    fn provider(&self, wire: &Wire) -> Option<String> {
        match wire.backing {
            Backing::Process(provider) => Some(self.resolved.slots[provider].name.to_string()),
            Backing::Resource | Backing::Nothing(_) => None,
        }
    }

    fn owner_of(&self, wire: &Wire) -> Option<Owner> {
        match wire.backing {
            Backing::Process(provider) => self.owner(self.resolved.slots[provider].app),
            Backing::Resource | Backing::Nothing(_) => None,
        }
    }

    /// What the consumer has, masked; `None`: nothing, or nobody knows.
    fn value(&self, args: &Where, wire: &Wire) -> Option<String> {
        let variable = &wire.declared.variable;
        let masked = |value: &str| match wire.declared.gives_a_secret() {
            true => secret::MASK.to_string(),
            false => secret::masked(variable, value).into_owned(),
        };
        if self.live.runs(&self.resolved.slots[wire.consumer])
            && let Ok(seen) = self.env(args, wire.consumer)
            && seen.is_told
        {
            let told = seen.env.get(variable)?;
            let is_use = matches!(told.source, Source::Use { .. });
            let text = told.value.to_string_lossy();
            return is_use.then(|| masked(&text));
        }
        let uses = &self.plan.processes[wire.consumer].uses;
        let used = uses.iter().find(|used| used.variable == *variable)?;
        used.value.as_deref().map(masked)
    }
}
