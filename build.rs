//! Links the program to a fixed address where the system lets it: 13,000 addresses need not be filled in at each start
//! then, and their pages (240 KiB) stay shared.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo says by its environment for what is built"
)]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|it| it == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
