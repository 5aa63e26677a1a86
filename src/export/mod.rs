//! An app's plan → the files of what is to run it elsewhere: systemd, Docker Compose, Kubernetes. Values alone: it
//! writes none of them.

mod app;
mod command;
mod compose;
mod config;
mod container;
mod env_file;
#[cfg(fuzzing)]
pub(crate) mod fuzz;
mod gathering;
mod kubernetes;
mod names;
mod notes;
mod place;
#[cfg(any(test, fuzzing))]
mod reading;
mod ready;
mod systemd;
mod yaml;

use crate::plan::resolve::Resolved;
use crate::words::name::AppName;
use crate::words::report::Report;

/// What is to run the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Systemd(Manager),
    Compose,
    Kubernetes,
}

/// Which of systemd's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Manager {
    /// The user's own.
    User,
    /// The system's, which runs the app as this user.
    System { user: String },
}

/// What cannot be known from the app's files.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) target: Target,
    /// What the app is called there; `None`: as here.
    pub(crate) name: Option<AppName>,
    /// What containers are made of; `None`: an image that is called like the app.
    pub(crate) image: Option<String>,
    /// The name by which browsers reach the app through an Ingress.
    pub(crate) host: Option<String>,
    /// There is a recipe for an image in the app's directory.
    pub(crate) has_dockerfile: bool,
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) text: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Exported {
    /// Without any secret.
    pub(crate) files: Vec<File>,
    /// The values that those only refer to; empty where there are none.
    pub(crate) secrets: Vec<File>,
    /// What is not as it is here, each once.
    pub(crate) notes: Vec<Report>,
}

impl Target {
    /// As it is called on the command line.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Systemd(_) => "systemd",
            Self::Compose => "compose",
            Self::Kubernetes => "kubernetes",
        }
    }

    /// Each process type is on a machine of its own, as far as it can see.
    fn has_containers(&self) -> bool {
        match self {
            Self::Systemd(_) => false,
            Self::Compose | Self::Kubernetes => true,
        }
    }
}

/// # Errors
/// What would keep the app from being started here; what no file of that kind can say.
pub(crate) fn export(resolved: &Resolved, options: &Options) -> Result<Exported, Vec<Report>> {
    let names = names::names(resolved);
    let ports = place::ports(resolved, &names, &options.target)?;
    let plan = resolved.plan(&ports)?;
    let app = gathering::app(resolved, &plan, &ports, &names, options)?;
    let mut notes = app.notes.clone();
    notes.extend(notes::notes(resolved, &plan, &app, options));
    let (files, secrets) = match &options.target {
        Target::Systemd(manager) => (systemd::files(&app, manager)?, systemd::secrets(&app)),
        Target::Compose => (compose::files(&app), compose::secrets(&app)),
        Target::Kubernetes => (kubernetes::files(&app), kubernetes::secrets(&app)),
    };
    Ok(Exported {
        files,
        secrets,
        notes,
    })
}
