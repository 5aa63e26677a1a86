//! From the command line and the files to a resolved app: the hops that `start`, `check` and `run` share.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::cli::args;
use crate::load::{self, App, Where};
use crate::plan::resolve::{Rules, Sources};
use crate::plan::select::Wanted;
use crate::plan::wire::Layers;
use crate::syntax::foreman::Options;
use crate::words::report::Report;

/// The place on the command line, and what devrun was started with.
///
/// # Errors
/// The current directory is gone.
pub(super) fn place(args: &args::Where, options: &Options) -> Result<Where, Report> {
    let current = std::env::current_dir()
        .map_err(|error| Report::new("the current directory cannot be found").caused_by(error))?;
    Ok(Where {
        current,
        home: std::env::var_os("HOME")
            .filter(|home| !home.is_empty())
            .map(PathBuf::from),
        root: args.root.clone().or_else(|| options.root.clone()),
        procfile: args.procfile.clone().or_else(|| options.procfile.clone()),
        env_files: args.env_files.clone().or_else(|| options.env.clone()),
        shell: shell(),
    })
}

/// Our own environment.
fn shell() -> Vec<(OsString, OsString)> {
    std::env::vars_os().collect()
}

/// Everything that a plan is made of, side by side.
pub(super) fn sources(
    app: App,
    place: &Where,
    set: &[(String, String)],
    wanted: Wanted,
    base: Option<u16>,
    rules: Rules,
) -> Sources {
    Sources {
        app: app.name(),
        directory: app.directory,
        identity: app.identity,
        procfile: app.procfile,
        entries: app.entries,
        layers: Layers {
            shell: place.shell.clone(),
            env_files: app.env_files,
            set: set.to_vec(),
        },
        wanted,
        base,
        rules,
    }
}

/// The options file, and what is wrong with it.
pub(super) fn options() -> (Options, Vec<Report>, Vec<Report>) {
    let place = Where {
        current: std::env::current_dir().unwrap_or_default(),
        ..Where::default()
    };
    let parsed = load::foreman_options(&place);
    (parsed.value, parsed.warnings, parsed.errors)
}
