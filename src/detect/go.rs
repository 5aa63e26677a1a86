//! Go modules: the program of the directory itself, or the only one of cmd/.

use crate::detect::{Detected, Sources, is_plain, quoted};

/// Whoever imports one of them serves something.
const SERVERS: [&str; 6] = [
    "\"net/http\"",
    "gin-gonic/gin\"",
    "labstack/echo/",
    "gofiber/fiber/",
    "go-chi/chi",
    "google.golang.org/grpc\"",
];

pub(super) fn detect(sources: &Sources, detected: &mut Detected) {
    if sources.has("go.work") {
        detected.hint(super::several_apps("go.work", &[]));
    }
    if !sources.has("go.mod") {
        return;
    }
    if sources.mentions("main.go", "package main") {
        let why = "go.mod, and main.go is a program; it is to listen on PORT";
        detected.line(names(sources), "go run .", why);
        return;
    }
    let programs: Vec<&str> = sources
        .listed("cmd")
        .filter(|name| is_plain(name))
        .collect();
    match programs[..] {
        [] => {}
        [program] => {
            let command = format!("go run ./cmd/{program}");
            let why = "the only program of cmd/; it is to listen on PORT";
            detected.line(&["web", "app", "go"], command, why);
        }
        [first, ..] => detected.hint(format!(
            "cmd/ has several programs ({}); for each that is to run, a line such as\n{}: go run ./cmd/{first}",
            quoted(&programs),
            super::name_of(first)
        )),
    }
}

fn names(sources: &Sources) -> &'static [&'static str] {
    let serves = |word: &&str| sources.mentions("main.go", word);
    match SERVERS.iter().any(serves) {
        true => &["web", "go"],
        false => &["app", "go"],
    }
}
