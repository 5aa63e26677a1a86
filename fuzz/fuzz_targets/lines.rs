//! Bytes of children into a pipe.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| devrun::fuzz::lines(bytes));
