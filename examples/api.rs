//! The `api` process of Procfile.example: a backing service. Every request gets another quote, as JSON.

mod http;

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use http::Answer;

const QUOTES: [&str; 3] = [
    "An app exports its service by binding to a port.",
    "One app can become the backing service for another app.",
    "Config is what varies between deploys.",
];

fn main() -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let visits = AtomicUsize::new(0);
    http::serve(|path| {
        if path != "/" {
            return Answer::not_found();
        }
        let earlier = visits.fetch_add(1, Ordering::Relaxed);
        let quote = QUOTES[earlier % QUOTES.len()];
        let visits = earlier + 1;
        let seconds = started.elapsed().as_secs();
        Answer {
            status: "200 OK",
            content_type: "application/json",
            body: format!(
                "{{\"quote\": \"{quote}\", \"visits\": {visits}, \"seconds_up\": {seconds}}}\n"
            ),
        }
    })
}
