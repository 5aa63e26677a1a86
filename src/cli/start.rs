//! `devrun start`: runs the processes of a Procfile.

use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;

use crate::cli::args::Start;
use crate::cli::{NOT_STARTED, context, ports, refuse};
use crate::driver::clock::Clock;
use crate::driver::output::Ended;
use crate::driver::{self, RecheckPort, Session};
use crate::guardian::client;
use crate::load;
use crate::os::pty::Size;
use crate::os::spawn::Habits;
use crate::os::{descriptor, limits, signals, terminal};
use crate::plan::resolve::{self, Resolved, Rules};
use crate::plan::select::Wanted;
use crate::plan::{Plan, wire};
use crate::registry::{App, Owner, Registry};
use crate::render::charset::Charset;
use crate::render::json::Json;
use crate::render::palette::{self, Depth, Hints};
use crate::render::renderer::Renderer;
use crate::render::stream::{Look, Stream};
use crate::render::timestamp::Timestamp;
use crate::supervisor::{SessionRules, Supervisor};
use crate::syntax::foreman::Options;
use crate::syntax::formation::Formation;
use crate::words::notice::Notice;
use crate::words::policy::KeyHints;
use crate::words::report::Report;
use crate::words::wording;

pub(super) fn run(args: &Start) -> ExitCode {
    match prepare(args) {
        Ok(session) => match driver::run(session) {
            Ok(end) => {
                if let Some(report) = lost(&end.output) {
                    eprintln!("{report}");
                }
                ExitCode::from(end.status)
            }
            Err(error) => refuse(&[cannot_start(&error)], NOT_STARTED),
        },
        Err(reports) => refuse(&reports, NOT_STARTED),
    }
}

/// What was written and nobody will read.
fn lost(output: &Ended) -> Option<Report> {
    if output.has_failed {
        return Some(
            Report::new("output was lost").caused_by("it could not be written: is the disk full?"),
        );
    }
    let lost = wording::counted(output.lost as usize, "byte", "bytes");
    let report = Report::new(format!("{lost} of output were lost")).caused_by("nobody reads them");
    (output.lost > 0).then_some(report)
}

fn cannot_start(error: &std::io::Error) -> Report {
    Report::new("the session could not be started").caused_by(error)
}

/// All that can go wrong before the first process is started; last of all the guardian is forked, which
/// inherits the locks.
fn prepare(args: &Start) -> Result<Session, Vec<Report>> {
    let (options, mut warnings, mut errors) = context::options();
    let settings = Settings::new(args, &options);
    let place = context::place(&args.place, &options).map_err(|report| vec![report])?;
    let loaded = load::app(&place);
    warnings.extend(loaded.warnings);
    errors.extend(loaded.errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let wanted = Wanted {
        named: args.processes.clone(),
        without: args.without.clone(),
        formation: settings.formation,
    };
    let app = loaded.value;
    let sources = context::sources(
        app,
        &place,
        &args.place.set,
        wanted,
        settings.base,
        settings.rules,
    );
    let resolved = resolve::resolve(sources)?;
    let mut registry = Registry::open();
    let owned = App {
        identity: resolved.sources.identity.clone(),
        name: resolved.sources.app.to_string(),
    };
    registry
        .own(&owned, false, || {
            eprintln!("the last session of this app is still being ended: waiting for it");
        })
        .map_err(|owner| vec![already_runs(&owner)])?;
    let assigned = ports::assign(&resolved, &mut registry, args.strict_ports)?;
    let plan = resolved.plan(&assigned.ports)?;
    registry.publish(&owned.identity, plan.ports());
    let opening = opening(&resolved, &plan, &warnings, assigned.notices);
    let recheck = ports::recheck(registry, &resolved, args.strict_ports, &plan);
    session(
        args,
        plan,
        recheck,
        settings.timestamp,
        opening,
        warnings.len(),
    )
    .map_err(|error| vec![cannot_start(&error)])
}

/// What the command line and `.foreman` say together; the command line comes first.
struct Settings {
    formation: Option<Formation>,
    base: Option<u16>,
    rules: Rules,
    timestamp: Timestamp,
}

impl Settings {
    fn new(args: &Start, options: &Options) -> Self {
        let usual = Rules::default();
        let is_stamped = options.timestamp.unwrap_or(true) && !args.no_timestamp;
        let formation = args.formation.as_ref().or(options.formation.as_ref());
        Self {
            formation: formation.cloned(),
            base: args.port.or(options.port),
            rules: Rules {
                restart: args.restart.map_or(usual.restart, Into::into),
                on_exit: args.on_exit.map_or(usual.on_exit, Into::into),
                grace: args.timeout.or(options.timeout).unwrap_or(usual.grace),
                max_restarts: usual.max_restarts,
            },
            timestamp: match args.timestamp {
                Some(stamp) => stamp.into(),
                None if args.json => Timestamp::Iso,
                None if is_stamped => Timestamp::Short,
                None => Timestamp::None,
            },
        }
    }
}

fn already_runs(owner: &Owner) -> Report {
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
    .help(format!("Ctrl-C in its terminal ends it, or `kill {pid}`"))
}

/// What is said before the first process is started.
fn opening(
    resolved: &Resolved,
    plan: &Plan,
    warnings: &[Report],
    ports: Vec<Notice>,
) -> Vec<Notice> {
    let sources = &resolved.sources;
    let files = sources.layers.env_files.iter();
    let mut notices = vec![Notice::SessionStarted {
        procfile: sources.procfile.clone(),
        processes: plan.processes.len(),
        env_files: files
            .map(|(file, assignments)| (file.clone(), assignments.len()))
            .collect(),
    }];
    notices.extend(warnings.iter().map(|report| Notice::LineIgnored {
        place: report.places.first().map_or_else(String::new, |place| {
            format!("{}:{}", place.file, place.line)
        }),
        why: report.headline.clone(),
    }));
    let hidden = wire::hidden_shell_values(&sources.layers).into_iter();
    notices.extend(hidden.map(|hidden| Notice::ShellHidden {
        name: wording::escaped(&hidden.name).into_owned(),
        place: format!("{}:{}", hidden.file, hidden.line),
        value: hidden.value,
    }));
    notices.extend(ports);
    notices
}

fn session(
    args: &Start,
    plan: Plan,
    recheck: RecheckPort,
    timestamp: Timestamp,
    opening: Vec<Notice>,
    ignored_lines: usize,
) -> std::io::Result<Session> {
    descriptor::open_standard_ones()?;
    let is_terminal = terminal::is_terminal(&std::io::stdout());
    let size = is_terminal.then(terminal::size).flatten();
    // Events are for a program, wherever they go.
    let is_screen = is_terminal && !args.json;
    let names: Vec<String> = plan
        .processes
        .iter()
        .map(|process| process.name.to_string())
        .collect();
    let ignores_hangup = signals::is_ignored(signals::HANG_UP)?;
    let habits = Habits {
        ignores_hangup,
        descriptors: limits::raise_descriptors()?,
    };
    signals::set_default(signals::CHILD)?;
    signals::hold_back()?;
    let guardian = client::start(habits)?;
    // After the fork: who reads our output shall see its end with ours, not with the guardian's.
    let stdout = std::io::stdout().as_fd().try_clone_to_owned()?;
    // What is typed elsewhere is not for this screen.
    let is_one = terminal::is_same(&std::io::stdin(), &stdout);
    let keyboard = (is_screen && is_one).then(terminal::of_stdin).flatten();
    let rules = SessionRules {
        fail_fast: args.fail_fast,
        hints: key_hints(is_screen, keyboard.as_ref()),
        says_all: args.json,
    };
    let supervisor = Supervisor::new(&plan, rules, ignored_lines);
    Ok(Session {
        supervisor,
        stream: if args.json {
            Renderer::Json(Json::new(&names))
        } else {
            let width = size.map(|size| size.columns);
            Renderer::Text(Stream::new(&names, look(args, is_terminal, width)))
        },
        clock: Clock::new(timestamp),
        stdout,
        terminal: keyboard,
        detach_keys: args.detach_keys.clone().unwrap_or_default(),
        terminals: args.tty.or(is_screen).then(|| size.unwrap_or(Size::USUAL)),
        guardian,
        opening,
        recheck,
        ignores_hangup,
        plan,
    })
}

/// Of keys that are the shell's (`devrun start &`) nobody is told.
fn key_hints(is_screen: bool, keyboard: Option<&OwnedFd>) -> KeyHints {
    match keyboard {
        None if is_screen => KeyHints::CtrlC,
        Some(keyboard) if is_screen && terminal::is_ours(keyboard.as_fd()) => KeyHints::Commands,
        None | Some(_) => KeyHints::None,
    }
}

fn look(args: &Start, is_terminal: bool, width: Option<u16>) -> Look {
    let hints = hints();
    let depth = palette::depth(args.color.into(), &hints, is_terminal);
    Look {
        is_terminal,
        width,
        depth,
        is_quiet: args.quiet,
        charset: if is_terminal {
            charset()
        } else {
            Charset::Utf8
        },
        // Who asks for colours knows better.
        is_dumb: is_terminal && hints.is_dumb() && depth == Depth::None,
    }
}

/// Empty where it is not set, or is no UTF-8.
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn charset() -> Charset {
    let [lc_all, lc_ctype, lang] = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable);
    Charset::of_locale(&lc_all, &lc_ctype, &lang)
}

fn hints() -> Hints {
    let is_set = |name: &str| !variable(name).is_empty();
    Hints {
        no_color: is_set("NO_COLOR"),
        // Their "0" means no.
        force: ["CLICOLOR_FORCE", "FORCE_COLOR"]
            .iter()
            .any(|name| is_set(name) && variable(name) != "0"),
        term: variable("TERM"),
        colorterm: variable("COLORTERM"),
    }
}
