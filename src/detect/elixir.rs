//! Phoenix, and other applications of a mix.exs.

use crate::detect::{Detected, Sources};

pub(super) fn detect(sources: &Sources, detected: &mut Detected) {
    if sources.mentions("mix.exs", "{:phoenix,") {
        detected.line(&["web", "elixir"], "mix phx.server", "mix.exs has phoenix");
        if fixes_port(sources.text("config/dev.exs").unwrap_or_default()) {
            detected.hint(
                "config/dev.exs has a port of its own; devrun's comes as PORT:\n\
                 port: String.to_integer(System.get_env(\"PORT\") || \"4000\")",
            );
        }
    } else if sources.mentions("mix.exs", "mod: {") {
        let why = "mix.exs has an application to start";
        detected.line(&["app", "elixir"], "mix run --no-halt", why);
    }
}

/// `http: [ip: {127, 0, 0, 1}, port: 4000]`.
fn fixes_port(config: &str) -> bool {
    let is_fixed = |behind: &str| {
        behind
            .trim_start()
            .starts_with(|c: char| c.is_ascii_digit())
    };
    let lines = config.lines().filter(|line| line.contains("http:"));
    let mut ports = lines.filter_map(|line| line.split_once("port:"));
    ports.any(|(_, behind)| is_fixed(behind))
}
