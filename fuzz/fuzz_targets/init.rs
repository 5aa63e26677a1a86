//! The files of a directory, for `devrun init`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| devrun::fuzz::init(bytes));
