//! The `devrun` program: all of it is in the library, so that tests and benches can reach it.

fn main() -> std::process::ExitCode {
    devrun::main()
}
