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

# Writes the committed help texts, man pages, reports on settings files and the tables of docs/settings.md anew.
update:
    DEVRUN_UPDATE=1 cargo test --test it -- commands:: export::
    DEVRUN_UPDATE=1 cargo test --lib settings::
    DEVRUN_UPDATE=1 cargo test --lib man::

# The repository's own example.
example:
    cargo run -- start -f Procfile.example

# Every fuzz target for a minute, several at a time (installs cargo-fuzz).
fuzz:
    .ci/fuzz 60

# What fuzzing has found into the committed seeds.
seeds:
    .ci/fuzz merge

# Half an hour of processes that start, crash, restart and stop at random, and the counts at its end.
soak seconds="1800":
    cargo build --release --examples
    DEVRUN_SOAK_SECONDS={{seconds}} cargo test --release --features soak-tests --test soak

# devrun beside the floor and the peers that are here (benches/README.md): `just bench full`, `just bench quick start`.
bench *what="quick":
    benches/run.sh {{what}}

# Licences, advisories and sources of the dependencies (needs cargo-deny).
deny:
    cargo deny check

# Archive, .deb, crate and Homebrew formula of the debug build, and what is in them.
packages:
    packaging/test.sh
