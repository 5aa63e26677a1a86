//! Who was given the automatic URL of a process: found when it is asked, which is rarely, for of many processes each
//! is given the URLs of all.

use std::rc::Rc;

use crate::plan::{AppIndex, Plan};
use crate::words::env::{Env, Source};
use crate::words::name::ProcessName;

/// The consumers of one process.
#[derive(Clone, Debug)]
pub(crate) struct Consumers {
    provider: (AppIndex, ProcessName),
    /// All that are started with the session.
    wanted: Rc<[(AppIndex, ProcessName, Env)]>,
}

/// Those of each process, by their places.
pub(crate) fn of_all(plan: &Plan) -> impl Iterator<Item = Consumers> {
    let wanted = plan.processes.iter().filter(|process| process.is_wanted);
    let wanted: Rc<[_]> = wanted
        .map(|process| (process.app, process.name.clone(), process.env.clone()))
        .collect();
    plan.processes.iter().map(move |process| Consumers {
        provider: (process.app, process.name.clone()),
        wanted: Rc::clone(&wanted),
    })
}

impl Consumers {
    /// Nobody for any but the first instance of a type.
    pub(crate) fn names(&self) -> Vec<ProcessName> {
        let (app, provider) = &self.provider;
        if provider.instance.get() > 1 {
            return Vec::new();
        }
        let variable = provider.process_type.url_variable();
        let url = Source::Automatic(provider.process_type.clone());
        let is_given = |env: &Env| env.get(&variable).is_some_and(|given| given.source == url);
        let consumers = self
            .wanted
            .iter()
            .filter(|(of, _, env)| of == app && is_given(env));
        consumers.map(|(_, name, _)| name.clone()).collect()
    }
}
