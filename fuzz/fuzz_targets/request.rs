//! What comes in on the control socket.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| devrun::fuzz::request(bytes));
