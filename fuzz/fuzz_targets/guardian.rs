//! What manager and guardian say to each other.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| devrun::fuzz::guardian(bytes));
