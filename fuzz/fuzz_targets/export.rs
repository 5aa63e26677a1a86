//! Texts in the quotes of what is exported.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| devrun::fuzz::export(bytes));
