//! The `web` process of Procfile.example: a page that shows what its backing service says. It finds the
//! service by the URL in its environment.

mod http;

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use http::Answer;

fn main() -> Result<(), Box<dyn Error>> {
    let api = std::env::var("API_URL").map_err(|_| "API_URL is not set: where is the api?")?;
    println!("the data comes from {api}");
    http::serve(|path| {
        if path == "/" {
            page(&api)
        } else {
            Answer::not_found()
        }
    })
}

fn page(api: &str) -> Answer {
    let (status, said) = match fetch(api) {
        Ok(json) => ("200 OK", json),
        Err(error) => ("502 Bad Gateway", format!("no answer: {error}")),
    };
    let said = said.replace('&', "&amp;").replace('<', "&lt;");
    Answer {
        status,
        content_type: "text/html",
        body: format!(
            "<!doctype html>\n<title>devrun</title>\n<h1>It works</h1>\n\
             <p>This page is <code>web</code>. It asked its backing service, \
             <code>API_URL={api}</code>, which said:\n<pre>{said}</pre>\n\
             <p>Reload the page: the data changes.\n"
        ),
    }
}

/// GET / from an `http://host:port`.
fn fetch(url: &str) -> Result<String, Box<dyn Error>> {
    let host = url
        .strip_prefix("http://")
        .ok_or("the URL is no http URL")?
        .trim_end_matches('/');
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET / HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let (_, body) = response
        .split_once("\r\n\r\n")
        .ok_or("the answer has no body")?;
    Ok(body.trim_end().to_string())
}
