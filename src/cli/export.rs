//! `devrun export`: the app as files for systemd, Docker Compose or Kubernetes. Runs nothing, and writes over nothing
//! unasked.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::args::{Export, Format};
use crate::cli::context::Context;
use crate::cli::tell::tell;
use crate::cli::{NOT_STARTED, print, refuse};
use crate::export::{self, Exported, File, Manager, Options, Target};
use crate::load;
use crate::os::replace::{self, NotReplaced};
use crate::os::{self, process, terminal};
use crate::plan::resolve::Resolved;
use crate::words::report::Report;

/// What an image is built from.
const RECIPES: [&str; 2] = ["Dockerfile", "Containerfile"];
/// Of what holds secrets.
const PRIVATE: u32 = 0o600;

pub(super) fn run(args: &Export) -> ExitCode {
    match exported(args).and_then(|(context, exported)| written(args, &context, exported)) {
        Ok(code) => code,
        Err(reports) => refuse(&reports, NOT_STARTED),
    }
}

fn exported(args: &Export) -> Result<(Context, Exported), Vec<Report>> {
    let context = Context::new(&args.place)?;
    let mut asked = context.asked(&args.place);
    asked.base = args.port.or(context.options.port);
    asked.wanted.formation = args.formation.clone().or(context.options.formation.clone());
    let (resolved, warnings) = context.resolved(asked, &[])?;
    for warning in warnings {
        tell!("{warning}");
    }
    let options = Options {
        target: target(args).map_err(|report| vec![report])?,
        name: args.name.clone(),
        image: args.image.clone(),
        host: args.host.clone(),
        has_dockerfile: has_dockerfile(&resolved),
    };
    let exported = export::export(&resolved, &options)?;
    Ok((context, exported))
}

fn target(args: &Export) -> Result<Target, Report> {
    let manager = match (args.system, &args.user) {
        (false, Some(_)) => {
            let report = Report::new("the units of a user run as that user alone");
            return Err(report.help("`--system --user NAME` makes units of the system".to_string()));
        }
        (false, None) => Manager::User,
        (true, Some(user)) => Manager::System { user: user.clone() },
        (true, None) => Manager::System {
            user: process::own_user_name().ok_or_else(|| {
                Report::new("nobody knows what you are called on this system")
                    .help("`--user NAME` says who runs the processes".to_string())
            })?,
        },
    };
    let given = [
        ("--system", args.system, &[Format::Systemd][..]),
        (
            "--image",
            args.image.is_some(),
            &[Format::Compose, Format::Kubernetes],
        ),
        ("--host", args.host.is_some(), &[Format::Kubernetes]),
    ];
    let is_stray = |(_, is_given, formats): &&(&str, bool, &[Format])| {
        *is_given && !formats.contains(&args.format)
    };
    let target = match args.format {
        Format::Systemd => Target::Systemd(manager),
        Format::Compose => Target::Compose,
        Format::Kubernetes => Target::Kubernetes,
    };
    match given.iter().find(is_stray) {
        Some((flag, _, _)) => Err(Report::new(format!(
            "`{flag}` means nothing to {}",
            target.name()
        ))),
        None => Ok(target),
    }
}

fn has_dockerfile(resolved: &Resolved) -> bool {
    let apps = &resolved.sources.apps;
    let has_one = |directory: &Path| RECIPES.iter().any(|name| directory.join(name).exists());
    apps.apps[..apps.roots]
        .iter()
        .all(|app| has_one(&app.directory))
}

fn written(args: &Export, context: &Context, exported: Exported) -> Result<ExitCode, Vec<Report>> {
    let files = match args.secrets {
        true => exported.secrets,
        false => {
            for note in &exported.notes {
                tell!("{note}");
            }
            exported.files
        }
    };
    if files.is_empty() {
        tell!("no value is secret: nothing is left to write");
        return Ok(ExitCode::SUCCESS);
    }
    match &args.directory {
        Some(directory) => write_all(args, context, directory, &files),
        None if args.secrets && terminal::is_terminal(&io::stdout()) => {
            let report = Report::new("secrets are not shown on a terminal");
            let help = "name a directory to write them to, or hand them on by a pipe".to_string();
            Err(vec![report.help(help)])
        }
        None => Ok(print(shown(&files).as_bytes())),
    }
}

/// Of several each begins with its name, as `systemctl cat` has them.
fn shown(files: &[File]) -> String {
    if let [file] = files {
        return file.text.clone();
    }
    let texts = files
        .iter()
        .map(|file| format!("# {}\n{}", file.name, file.text));
    texts.collect::<Vec<_>>().join("\n")
}

/// A file that is to be written, and what is there already.
struct Draft<'a> {
    path: PathBuf,
    shown: String,
    old: Option<Vec<u8>>,
    new: &'a [u8],
}

/// All or, if one of them is in the way, none.
fn write_all(
    args: &Export,
    context: &Context,
    directory: &Path,
    files: &[File],
) -> Result<ExitCode, Vec<Report>> {
    let directory = context.place.current.join(directory);
    let drafts = files.iter().map(|file| draft(context, &directory, file));
    let drafts: Vec<Draft<'_>> = drafts.collect::<Result<_, _>>().map_err(|it| vec![it])?;
    let is_other = |draft: &&Draft<'_>| draft.old.as_deref().is_some_and(|old| old != draft.new);
    let in_the_way = drafts.iter().filter(is_other).filter(|_| !args.force);
    let in_the_way: Vec<Report> = in_the_way.map(|draft| is_there(&draft.shown)).collect();
    if !in_the_way.is_empty() {
        return Err(in_the_way);
    }
    let failed = |shown: &str, error: &io::Error| {
        let report = Report::new(format!("cannot write `{shown}`"));
        vec![report.caused_by(os::words_of(error))]
    };
    let shown = load::shown(&context.place, &directory);
    fs::create_dir_all(&directory).map_err(|error| failed(&shown, &error))?;
    for draft in &drafts {
        write(draft, args.secrets).map_err(|error| failed(&draft.shown, &error))?;
        tell!("wrote {}", draft.shown);
    }
    Ok(ExitCode::SUCCESS)
}

fn is_there(shown: &str) -> Report {
    Report::new(format!("`{shown}` is there already, and another one"))
        .help("`--force` writes over it".to_string())
}

fn draft<'a>(context: &Context, directory: &Path, file: &'a File) -> Result<Draft<'a>, Report> {
    let path = directory.join(&file.name);
    let shown = load::shown(&context.place, &path);
    let old = match fs::read(&path) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            let report = Report::new(format!("`{shown}` is in the way"));
            return Err(report.caused_by(os::words_of(&error)));
        }
    };
    Ok(Draft {
        path,
        shown,
        old,
        new: file.text.as_bytes(),
    })
}

/// What holds secrets is its owner's alone before they are in it.
fn write(draft: &Draft<'_>, is_private: bool) -> io::Result<()> {
    match &draft.old {
        None if is_private => {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(PRIVATE);
            return options.open(&draft.path)?.write_all(draft.new);
        }
        Some(_) if is_private => fs::set_permissions(&draft.path, Permissions::from_mode(PRIVATE))?,
        Some(_) | None => {}
    }
    match replace::replace(&draft.path, draft.old.as_deref(), draft.new) {
        Ok(()) => Ok(()),
        Err(NotReplaced::System(error)) => Err(error),
        Err(NotReplaced::Changed) => Err(io::Error::other("somebody else writes it")),
    }
}
