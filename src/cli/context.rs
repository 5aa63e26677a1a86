//! From the command line and the files to resolved apps: the hops that all commands share.

use std::io;
use std::path::{Path, PathBuf};

use crate::cli::args;
use crate::load::{self, Where};
use crate::os;
use crate::plan::resolve::{self, Resolved};
use crate::plan::sources::{Apps, Asked, Sources};
use crate::registry::memory;
use crate::syntax::foreman::Options;
use crate::words::report::Report;
use crate::words::uses::{Origin, Target, Use};

/// What devrun was started with, as far as it says which app is meant.
pub(super) struct Context {
    pub(super) place: Where,
    pub(super) options: Options,
    /// What is wrong with the options file, and does not matter much.
    pub(super) warnings: Vec<Report>,
    /// What is wrong with it.
    pub(super) errors: Vec<Report>,
}

impl Context {
    /// # Errors
    /// The options file is wrong; the current directory is gone.
    pub(super) fn new(args: &args::Where) -> Result<Self, Vec<Report>> {
        let context = Self::of_whatever_is_there(args)?;
        if context.errors.is_empty() {
            Ok(context)
        } else {
            Err(context.errors)
        }
    }

    /// # Errors
    /// The current directory is gone.
    pub(super) fn of_whatever_is_there(args: &args::Where) -> Result<Self, Vec<Report>> {
        let current =
            std::env::current_dir().map_err(|error| vec![no_current_directory(&error)])?;
        let mut place = Where {
            current,
            home: std::env::var_os("HOME")
                .filter(|home| !home.is_empty())
                .map(PathBuf::from),
            shell: std::env::vars_os().collect(),
            ..Where::default()
        };
        let parsed = load::foreman_options(&place);
        let options = parsed.value;
        place.root = args.root.clone().or_else(|| options.root.clone());
        place.procfile = args.procfile.clone().or_else(|| options.procfile.clone());
        place.env_files = args.env_files.clone().or_else(|| options.env.clone());
        Ok(Self {
            place,
            options,
            warnings: parsed.warnings,
            errors: parsed.errors,
        })
    }

    /// What the command line says of the environment.
    pub(super) fn asked(&self, args: &args::Where) -> Asked {
        let uses = args.uses.iter().map(|(variable, text)| {
            let target = target(&self.place.current, text);
            Use::new(variable, target, Origin::CommandLine)
        });
        Asked {
            set: args.set.clone(),
            uses: uses.collect(),
            unuse: args.unuse.clone(),
            ..Asked::default()
        }
    }

    /// Reads and resolves the app that is meant, or those in `directories`, with all that they use.
    ///
    /// # Errors
    /// All that is wrong with the files.
    pub(super) fn resolved(
        &self,
        asked: Asked,
        directories: &[PathBuf],
    ) -> Result<(Resolved, Vec<Report>), Vec<Report>> {
        let loaded = load::apps(&self.place, directories, &asked.uses);
        if !loaded.errors.is_empty() {
            return Err(loaded.errors);
        }
        let mut warnings = self.warnings.clone();
        warnings.extend(loaded.warnings);
        let mut resolved = resolve::resolve(self.sources(loaded.value, asked))?;
        let apps = resolved.sources.apps.apps.iter().zip(&resolved.bases);
        let remembered = apps.map(|(app, base)| memory::recall(&app.identity, *base));
        resolved.remembered = remembered.collect();
        Ok((resolved, warnings))
    }

    pub(super) fn sources(&self, apps: Apps, asked: Asked) -> Sources {
        Sources {
            apps,
            shell: self.place.shell.clone(),
            asked,
        }
    }
}

fn no_current_directory(error: &io::Error) -> Report {
    if error.kind() != io::ErrorKind::NotFound {
        let report = Report::new("the current directory cannot be found");
        return report.caused_by(os::words_of(error));
    }
    Report::new("the current directory is gone: somebody has removed it")
        .help("`cd` to where the app is now".to_string())
}

/// What `--use` means: a URL, else a directory from here.
fn target(current: &Path, text: &str) -> Target {
    match Target::of(text) {
        Target::Process(name) if current.join(&name).is_dir() => {
            Target::of_app(&absolute(current, &name))
        }
        Target::App { .. } if !text.starts_with('~') => Target::of_app(&absolute(current, text)),
        target => target,
    }
}

fn absolute(current: &Path, text: &str) -> String {
    current.join(text).to_string_lossy().into_owned()
}
