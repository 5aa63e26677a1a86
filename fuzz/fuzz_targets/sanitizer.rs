//! Bytes of children on a terminal.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| devrun::fuzz::sanitizer(bytes));
