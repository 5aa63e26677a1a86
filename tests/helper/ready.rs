//! Servers that listen before they can serve.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use crate::{port, say, serve_on};

fn listen() -> TcpListener {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port())).expect("the port is free");
    say("listens");
    listener
}

/// Answers every request: with 200 while there is that file, else with 503. Says who asks for what.
pub fn healthy_while(file: &str) -> ! {
    answer_by(|| match std::fs::exists(file) {
        Ok(true) => "200 OK",
        Ok(false) | Err(_) => "503 Service Unavailable",
    })
}

/// Answers every request with that status. Says who asks for what.
pub fn answer(status: &str) -> ! {
    answer_by(|| status)
}

fn answer_by<'a>(status: impl Fn() -> &'a str) -> ! {
    let listener = listen();
    loop {
        let Ok((mut stream, _)) = listener.accept() else {
            continue;
        };
        let mut request = [0; 1024];
        let count = stream.read(&mut request).unwrap_or(0);
        let request = String::from_utf8_lossy(&request[..count]).into_owned();
        let status = status();
        let _ = write!(
            stream,
            "HTTP/1.1 {status}\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        say(&format!(
            "{} {status}",
            request.lines().next().unwrap_or("")
        ));
    }
}

/// As Tomcat does: listens, and accepts nobody before there is that file.
pub fn mute_until(file: &str) -> ! {
    let listener = listen();
    while !std::fs::exists(file).unwrap_or(false) {
        std::thread::sleep(Duration::from_millis(10));
    }
    serve_on(&listener)
}
