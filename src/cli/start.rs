//! `devrun start`: runs the processes of a Procfile.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::args::{self, Start, When, is_directory};
use crate::cli::context::Context;
use crate::cli::front::{self, Half, Line};
use crate::cli::tell::tell;
use crate::cli::{NOT_STARTED, descriptors, owning, refuse, steer};
use crate::driver::clock::Clock;
use crate::driver::front::Front;
use crate::driver::output::Ended;
use crate::driver::world::World;
use crate::driver::{self, Session};
use crate::guardian::client;
use crate::os::pty::Size;
use crate::os::spawn::Habits;
use crate::os::{descriptor, limits, signals, terminal};
use crate::plan::select::Wanted;
use crate::plan::sources::Asked;
use crate::plan::{Plan, wire};
use crate::registry::Registry;
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
use crate::words::policy::{Attendance, KeyHints};
use crate::words::report::Report;
use crate::words::wiring::Wiring;
use crate::words::wording;

pub(super) fn run(args: &Start) -> ExitCode {
    if let Some(answered) = steer::in_running_session(args) {
        return answered;
    }
    if !args.detach {
        return run_session(args, Attendance::Reader, None);
    }
    match front::split() {
        Ok(Half::Front(waiting)) => waiting.attend(),
        Ok(Half::Session(line)) => run_session(args, Attendance::Nobody, Some(line)),
        Err(error) => refuse(&[cannot_start(&error)], NOT_STARTED),
    }
}

/// Runs a session from its checks to its end. `line`: to whoever started it and does not wait for that.
fn run_session(args: &Start, attendance: Attendance, line: Option<Line>) -> ExitCode {
    run_prepared(prepare(args, attendance, line))
}

/// Runs a session to its end, if it can begin.
pub(super) fn run_prepared(session: Result<Session, Vec<Report>>) -> ExitCode {
    match session {
        Ok(session) => match driver::run(session) {
            Ok(end) => {
                // Where stdout is read by nobody stderr may be as well: the same pipe.
                let is_read = descriptor::takes_at_once(std::io::stderr().as_fd());
                if let Some(report) = lost(&end.output).filter(|_| is_read) {
                    tell!("{report}");
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

pub(super) fn cannot_start(error: &std::io::Error) -> Report {
    Report::new("the session could not be started").caused_by(limits::words_of(error))
}

/// All that can go wrong before the first process is started. Before anything else the guardian is forked, which is
/// small by that, and gets itself ready meanwhile; where something is wrong it has nothing to do, and goes.
pub(super) fn prepare(
    args: &Start,
    attendance: Attendance,
    mut line: Option<Line>,
) -> Result<Session, Vec<Report>> {
    let cannot_start = |error: std::io::Error| vec![cannot_start(&error)];
    let habits = habits().map_err(cannot_start)?;
    // Who reads our output shall see its end with ours, not with the guardian's.
    let guardian = client::start(habits, || drop(line.take())).map_err(cannot_start)?;
    match planned(args) {
        Ok(planned) => {
            session(args, (attendance, line), planned, guardian, habits).map_err(cannot_start)
        }
        Err(reports) => {
            guardian.dismiss();
            Err(reports)
        }
    }
}

/// What we and all processes of the session go by from now on.
fn habits() -> std::io::Result<Habits> {
    let descriptors = limits::raise_descriptors()?;
    signals::ignore_file_size()?;
    descriptor::open_standard_ones()?;
    let ignores_hangup = signals::is_ignored(signals::HANG_UP)?;
    signals::set_default(signals::CHILD)?;
    Ok(Habits {
        ignores_hangup,
        descriptors,
    })
}

/// What is known of a session before anything of it runs.
struct Planned {
    plan: Plan,
    /// All that is owned is locked.
    world: World,
    timestamp: Timestamp,
    opening: Vec<Notice>,
    /// Lines of the user's files that are left out.
    ignored_lines: usize,
}

fn planned(args: &Start) -> Result<Planned, Vec<Report>> {
    let context = Context::new(&args.place)?;
    let settings = Settings::new(args, &context.options);
    let (directories, named) = arguments(args, &context.place.current);
    let asked = Asked {
        wanted: Wanted {
            named,
            without: args.without.clone(),
            formation: settings.formation,
        },
        base: settings.base,
        restart: args.restart.map(Into::into),
        on_exit: args.on_exit.map(Into::into),
        grace: args.timeout.or(context.options.timeout),
        ..context.asked(&args.place)
    };
    let (resolved, warnings) = context.resolved(asked, &directories)?;
    descriptors::check(&resolved)?;
    let registry = Registry::open();
    let mut world = World::new(
        context.place,
        directories,
        resolved,
        registry,
        args.strict_ports,
    );
    let owned = owning::own(&mut world)?;
    let news = owning::assign(&mut world, owned)?;
    let plan = world.plan()?;
    Ok(Planned {
        timestamp: settings.timestamp,
        opening: opening(&world, &plan, &warnings, news),
        ignored_lines: warnings.len(),
        plan,
        world,
    })
}

/// The directories among the arguments, and the processes.
fn arguments(args: &Start, current: &Path) -> (Vec<PathBuf>, Vec<String>) {
    let is_directory = |text: &String| is_directory(current, text);
    let (directories, names): (Vec<String>, Vec<String>) =
        args.processes.iter().cloned().partition(is_directory);
    let directories = directories.iter().map(|text| current.join(text));
    (directories.collect(), names)
}

/// What the command line and `.foreman` say together; the command line comes first.
struct Settings {
    formation: Option<Formation>,
    base: Option<u16>,
    timestamp: Timestamp,
}

impl Settings {
    fn new(args: &Start, options: &Options) -> Self {
        let is_stamped = options.timestamp.unwrap_or(true) && !args.lines.no_timestamp;
        let formation = args.formation.as_ref().or(options.formation.as_ref());
        Self {
            formation: formation.cloned(),
            base: args.port.or(options.port),
            timestamp: match args.lines.timestamp {
                Some(stamp) => stamp.into(),
                None if args.json => Timestamp::Iso,
                None if is_stamped => Timestamp::Short,
                None => Timestamp::None,
            },
        }
    }
}

/// The command that shows again, in the same terminal, what the session wrote.
fn read_again(place: &args::Where, world: &World) -> String {
    // The usual Procfile's app is known by its directory.
    let is_usual = world.resolved().sources.apps.identity.is_dir();
    let procfile = place.procfile.as_deref().filter(|_| !is_usual);
    let options = [("--procfile", procfile), ("-d", place.root.as_deref())];
    let said = options.into_iter().filter_map(|(option, path)| {
        let path = wording::escaped(&path?.to_string_lossy()).into_owned();
        Some(format!(" {option} {}", wording::shell_word(&path)))
    });
    format!("devrun logs{}", said.collect::<String>())
}

/// What is said before the first process is started.
fn opening(world: &World, plan: &Plan, warnings: &[Report], news: Vec<Notice>) -> Vec<Notice> {
    let resolved = world.resolved();
    let sources = &resolved.sources;
    let roots = &sources.apps.apps[..sources.apps.roots];
    let processes = plan.processes.iter();
    let processes =
        processes.filter(|process| process.runs_here() && resolved.is_root(process.app));
    let files = roots
        .iter()
        .flat_map(|app| app.env_files.iter().chain(&app.env_local));
    let procfiles: Vec<&str> = roots.iter().map(|app| app.procfile.as_str()).collect();
    let mut notices = vec![Notice::SessionStarted {
        procfile: procfiles.join(", "),
        processes: processes.count(),
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
    let hidden = wire::hidden_shell_values(plan, sources).into_iter();
    notices.extend(hidden.map(|hidden| Notice::ShellHidden {
        name: wording::escaped(&hidden.name).into_owned(),
        place: hidden.place,
        value: hidden.value,
    }));
    let relaxed = resolved.relaxed.iter().cloned();
    notices.extend(relaxed.map(|cycle| Notice::Wiring(Wiring::CycleRelaxed { cycle })));
    notices.extend(news);
    notices
}

fn session(
    args: &Start,
    (attendance, line): (Attendance, Option<Line>),
    planned: Planned,
    guardian: client::Started,
    habits: Habits,
) -> std::io::Result<Session> {
    let plan = planned.plan;
    let is_terminal = terminal::is_terminal(&std::io::stdout());
    let size = is_terminal.then(terminal::size).flatten();
    // Events are for a program, wherever they go.
    let is_screen = is_terminal && !args.json && attendance == Attendance::Reader;
    let names: Vec<String> = plan
        .processes
        .iter()
        .map(|process| process.name.to_string())
        .collect();
    // Until there are handlers.
    signals::hold_back()?;
    let (stdout, front) = outlet(line)?;
    // What is typed elsewhere is not for this screen.
    let is_one = terminal::is_same(&std::io::stdin(), &stdout);
    let keyboard = (is_screen && is_one).then(terminal::of_stdin).flatten();
    let rules = SessionRules {
        fail_fast: args.fail_fast,
        hints: match attendance {
            Attendance::Reader => key_hints(is_screen, keyboard.as_ref()),
            Attendance::Nobody => KeyHints::Clients,
            Attendance::Holder => KeyHints::None,
        },
        says_all: args.json,
        attendance,
    };
    let supervisor = Supervisor::new(&plan, rules, planned.ignored_lines);
    Ok(Session {
        supervisor,
        stream: if args.json {
            Renderer::Json(Json::new(&names))
        } else {
            let width = size.map(|size| size.columns);
            let unexpected = (0..names.len()).filter(|place| !plan.processes[*place].runs_here());
            let look = Look {
                unexpected: unexpected.collect(),
                chosen: plan.processes.iter().map(|it| it.color).collect(),
                is_quiet: args.quiet,
                ..look(args.lines.color, is_terminal, width)
            };
            Renderer::Text(Stream::new(&names, look))
        },
        clock: Clock::new(planned.timestamp),
        stdout,
        terminal: keyboard,
        detach_keys: args.detach_keys.clone().unwrap_or_default(),
        terminals: match attendance {
            Attendance::Reader => args.tty.or(is_screen).then(|| size.unwrap_or(Size::USUAL)),
            // Whoever attaches has a terminal.
            Attendance::Nobody => args.tty.or(true).then_some(Size::USUAL),
            Attendance::Holder => None,
        },
        attendance,
        front,
        guardian,
        read_again: read_again(&args.place, &planned.world),
        opening: planned.opening,
        world: planned.world,
        ignores_hangup: habits.ignores_hangup,
        plan,
    })
}

/// Where the session's lines go, and who waits there. A session with a line lets go of the caller's terminal
/// and pipes: whoever waits for the end of those (ssh does) waits for the caller alone.
fn outlet(line: Option<Line>) -> std::io::Result<(OwnedFd, Option<Front>)> {
    let Some(Line { output, front }) = line else {
        return Ok((std::io::stdout().as_fd().try_clone_to_owned()?, None));
    };
    descriptor::detach_standard_ones()?;
    Ok((output, Some(front)))
}

/// Of keys that are the shell's (`devrun start &`) nobody is told.
fn key_hints(is_screen: bool, keyboard: Option<&OwnedFd>) -> KeyHints {
    match keyboard {
        None if is_screen => KeyHints::CtrlC,
        Some(keyboard) if is_screen && terminal::is_ours(keyboard.as_fd()) => KeyHints::Commands,
        None | Some(_) => KeyHints::None,
    }
}

/// How lines look on our stdout.
pub(super) fn look(color: When, is_terminal: bool, width: Option<u16>) -> Look {
    let hints = hints();
    let depth = palette::depth(color.into(), &hints, is_terminal);
    Look {
        is_terminal,
        width,
        depth,
        charset: if is_terminal {
            charset()
        } else {
            Charset::Utf8
        },
        // Who asks for colours knows better.
        is_dumb: is_terminal && hints.is_dumb() && depth == Depth::None,
        ..Look::default()
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
