//! A segment of the log store.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| devrun::fuzz::segment(bytes));
