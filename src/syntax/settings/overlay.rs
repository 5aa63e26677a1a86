//! Lays a personal file over the shared one.

use crate::syntax::settings::{ProcessSettings, Set, Settings};
use crate::words::uses::Use;

impl Settings {
    /// `local` over this: what it says counts. Variables, uses and processes are laid over each other by name,
    /// lists are replaced as a whole.
    pub(crate) fn overlaid(self, local: Self) -> Self {
        Self {
            name: local.name.or(self.name),
            procfile: local.procfile.or(self.procfile),
            env: laid(self.env, local.env, set_name, |_, over| over),
            port: local.port.or(self.port),
            restart: local.restart.or(self.restart),
            on_exit: local.on_exit.or(self.on_exit),
            timeout: local.timeout.or(self.timeout),
            formation: local.formation.or(self.formation),
            auto_urls: local.auto_urls.or(self.auto_urls),
            uses: laid(self.uses, local.uses, variable, |_, over| over),
            apps: or(local.apps, self.apps),
            processes: laid(
                self.processes,
                local.processes,
                |process| &process.process_type.value,
                ProcessSettings::overlaid,
            ),
        }
    }
}

impl ProcessSettings {
    fn overlaid(self, local: Self) -> Self {
        Self {
            process_type: self.process_type,
            cwd: local.cwd.or(self.cwd),
            env: laid(self.env, local.env, set_name, |_, over| over),
            port: local.port.or(self.port),
            ports: or(local.ports, self.ports),
            uses: local.uses.or(self.uses),
            depends_on: or(local.depends_on, self.depends_on),
            restart: local.restart.or(self.restart),
            max_restarts: local.max_restarts.or(self.max_restarts),
            on_exit: local.on_exit.or(self.on_exit),
            timeout: local.timeout.or(self.timeout),
            stop_signal: local.stop_signal.or(self.stop_signal),
            ready: local.ready.or(self.ready),
            tty: local.tty.or(self.tty),
            watch: local.watch.or(self.watch),
            color: local.color.or(self.color),
        }
    }
}

fn set_name(set: &Set) -> &String {
    &set.name
}

fn variable(it: &Use) -> &String {
    &it.variable
}

fn or<T>(local: Vec<T>, shared: Vec<T>) -> Vec<T> {
    if local.is_empty() { shared } else { local }
}

/// Each of `over` in the place of the one that has its name, else at the end.
fn laid<T>(under: Vec<T>, over: Vec<T>, name: fn(&T) -> &String, lay: fn(T, T) -> T) -> Vec<T> {
    let mut laid: Vec<Option<T>> = under.into_iter().map(Some).collect();
    for item in over {
        let has_its_name = |known: &&mut Option<T>| known.as_ref().map(name) == Some(name(&item));
        match laid.iter_mut().find(has_its_name) {
            Some(known) => *known = known.take().map(|known| lay(known, item)),
            None => laid.push(Some(item)),
        }
    }
    laid.into_iter().flatten().collect()
}
