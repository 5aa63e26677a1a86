//! The rules of docs/wiring.md, from outside, by topic; `rules` tells whose test is which.

mod again;
mod chains;
mod change;
mod members;
mod order;
mod owners;
mod ports;
mod precedence;
pub mod rules;
mod shown;
mod siblings;
mod values;

use crate::support::{Project, helper};

/// Shows a variable and goes on; `none`: it is not set, which is another thing than empty.
pub fn shows(variable: &str) -> String {
    format!("echo \"{variable}=[${{{variable}-none}}]\"; exec sleep 1000")
}

/// A web process that shows a variable, in an app that is called shop.
pub fn shop(variable: &str, settings: &str) -> Project {
    Project::called("shop")
        .file("Procfile", format!("web: {}\n", shows(variable)))
        .file("devrun.yaml", settings)
}

/// An app beside another one, of the same user, on any free ports.
fn beside(project: &Project, name: &str, procfile: &str, settings: &str) -> Project {
    project
        .sibling(name)
        .file("Procfile", procfile)
        .file("devrun.yaml", format!("port: 0\n{settings}"))
}

/// `../api`, which serves its PORT.
pub fn api(shop: &Project) -> Project {
    beside(shop, "api", &format!("web: {}\n", helper("listen")), "")
}

/// Serves its PORT until there is a file `crash`; ends with status 1 then.
fn crashing() -> String {
    helper("listen-until crash")
}

/// Waits for a file, then does the rest of the line.
fn once_there_is(file: &str, then: &str) -> String {
    format!("until [ -e {file} ]; do sleep 0.05; done; {then}")
}
