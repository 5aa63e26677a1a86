//! Becomes a program with an environment that no shell and no library would make.

use std::convert::Infallible;
use std::ffi::CString;

/// `arguments`: what the environment is, `--`, and the program with its arguments.
pub fn become_with(arguments: &[&str]) -> Infallible {
    let text = |text: &&str| CString::new(*text).expect("an argument has no NUL");
    let mut parts = arguments.splitn(2, |argument| *argument == "--");
    let mut part = || {
        parts
            .next()
            .expect("there is a `--`")
            .iter()
            .map(text)
            .collect()
    };
    let (environment, program): (Vec<CString>, Vec<CString>) = (part(), part());
    nix::unistd::execve(&program[0], &program, &environment).expect("it can be run")
}
