//! Rails, and other Ruby servers behind a config.ru.

use crate::detect::{Detected, Sources};

pub(super) fn detect(sources: &Sources, detected: &mut Detected) {
    if sources.has("bin/rails") {
        rails(sources, detected);
    } else if sources.has("config.ru") {
        rack(sources, detected);
    }
}

fn rails(sources: &Sources, detected: &mut Detected) {
    detected.line(
        &["web"],
        "bin/rails server -p $PORT",
        "bin/rails: a Rails app",
    );
    if has_gem(sources, "tailwindcss-rails") {
        let why = "Gemfile has tailwindcss-rails";
        detected.line(&["css"], "bin/rails tailwindcss:watch", why);
    }
    worker(sources, detected);
}

fn rack(sources: &Sources, detected: &mut Detected) {
    let (server, why) = match ["puma", "rackup"].map(|gem| has_gem(sources, gem)) {
        [true, _] => (
            "bundle exec puma -p $PORT",
            "config.ru, and puma in Gemfile",
        ),
        [false, true] => (
            "bundle exec rackup -p $PORT",
            "config.ru, and rackup in Gemfile",
        ),
        [false, false] if sources.has("Gemfile") => {
            ("bundle exec rackup -p $PORT", "config.ru: a Rack app")
        }
        [false, false] => ("rackup -p $PORT", "config.ru: a Rack app"),
    };
    detected.line(&["web"], server, why);
    worker(sources, detected);
}

fn worker(sources: &Sources, detected: &mut Detected) {
    if has_gem(sources, "sidekiq") {
        detected.line(&["worker"], "bundle exec sidekiq", "Gemfile has sidekiq");
    }
    if sources.has("bin/jobs") {
        detected.line(&["worker", "jobs"], "bin/jobs", "bin/jobs: Solid Queue");
    }
}

/// Whether the Gemfile asks for exactly that gem: `puma`, not `puma-dev`.
fn has_gem(sources: &Sources, gem: &str) -> bool {
    let gemfile = sources.text("Gemfile").unwrap_or_default();
    gemfile.lines().any(|line| gem_of(line) == Some(gem))
}

/// `puma` of `gem "puma", "~> 6"`.
fn gem_of(line: &str) -> Option<&str> {
    let name = line.trim().strip_prefix("gem")?;
    let name = name.trim_start_matches([' ', '(']);
    let name = name.strip_prefix(['"', '\''])?;
    name.split(['"', '\'']).next()
}
