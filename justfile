# Everything that has to pass before a change lands.
ci:
    .ci/run

test:
    cargo test

lint:
    cargo fmt --check
    cargo clippy -- -D warnings
    cargo clippy --all-targets --all-features -- \
      -D warnings -A clippy::disallowed_methods -A clippy::unwrap_used -A unfulfilled_lint_expectations

# Writes the committed help texts, the man pages and the reports on settings files anew.
update:
    DEVRUN_UPDATE=1 cargo test --test it commands::
    DEVRUN_UPDATE=1 cargo test --lib settings::
    DEVRUN_UPDATE=1 cargo test --lib man::

# The repository's own example.
example:
    cargo run -- start -f Procfile.example

# Every fuzz target for a minute (installs cargo-fuzz).
fuzz:
    .ci/fuzz 60

# Licences, advisories and sources of the dependencies (needs cargo-deny).
deny:
    cargo deny check
