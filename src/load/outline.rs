//! What the files of an app name, for completions: what is wrong with them is passed over, and env files are
//! not read.

use std::path::Path;

use crate::load::find::{self, Found};
use crate::load::{Where, reach, settings};
use crate::os::file;
use crate::syntax::procfile::{self, Entry};
use crate::words::name::AppName;

#[derive(Debug)]
pub(crate) struct Outline {
    /// What a process is called by from here, in front of its own name; `None`: nothing.
    pub(crate) app: Option<AppName>,
    /// In the order of the Procfile.
    pub(crate) entries: Vec<Entry>,
    /// Of `uses:`.
    pub(crate) variables: Vec<String>,
}

/// The app that is meant, or the members that a root names.
pub(crate) fn outlines(place: &Where) -> Vec<Outline> {
    let Some(root) = find::root_if_any(place) else {
        return Vec::new();
    };
    let own = root.procfile.into_iter();
    match root.members {
        None => own.map(|found| outline(place, &found, false)).collect(),
        Some((directory, settings)) => {
            let members = reach::members(place, &directory, &settings.apps);
            let all = own.chain(members.unwrap_or_default());
            all.map(|found| outline(place, &found, true)).collect()
        }
    }
}

fn outline(place: &Where, found: &Found, is_member: bool) -> Outline {
    let settings = settings::read(place, &found.directory).value;
    let uses = settings.uses.iter();
    let variables = uses.map(|declared| declared.variable.clone()).collect();
    let last = found.directory.file_name().unwrap_or_default();
    let by_directory = || AppName::from_directory(&last.to_string_lossy());
    Outline {
        app: is_member.then(|| settings.name.unwrap_or_else(by_directory)),
        entries: entries(&found.path),
        variables,
    }
}

/// Those that can be read. A pipe is somebody's answer to be read once, and not by us.
fn entries(path: &Path) -> Vec<Entry> {
    if !path.is_file() {
        return Vec::new();
    }
    let Ok(content) = file::read(path) else {
        return Vec::new();
    };
    procfile::parse("", &String::from_utf8_lossy(&content.bytes)).value
}
