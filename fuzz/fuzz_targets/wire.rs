//! What another session sends.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| devrun::fuzz::wire(bytes));
