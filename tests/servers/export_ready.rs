//! How the exported files look whether a process is ready, with the programs that an image may have: curl, wget, those
//! of busybox, or none of them.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use serde_json::Value;

use crate::program;
use crate::support::Project;

/// A directory with these programs alone.
fn image(project: &Project, name: &str, programs: &[(&str, &str)]) -> PathBuf {
    let directory = project.directory().join(name);
    std::fs::create_dir_all(&directory).unwrap();
    for (called, is) in programs {
        symlink(program(is, &[]), directory.join(called)).unwrap();
    }
    directory
}

/// The script of `healthcheck:`, without Compose's own dollars.
fn script(project: &Project) -> String {
    let finished = project.run(&["export", "compose"]);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    let document: Value = serde_yaml::from_str(&finished.stdout).unwrap();
    let test = &document["services"]["web"]["healthcheck"]["test"][1];
    test.as_str().unwrap().replace("$$", "$")
}

fn is_ready(script: &str, image: &PathBuf, port: u16) -> bool {
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", script])
        .env_clear()
        .env("PATH", image)
        .env("PORT", port.to_string());
    shell.output().unwrap().status.success()
}

/// Answers everyone with this head, and says what was asked for.
fn serve(listener: TcpListener, head: String) {
    let answer = move |stream: TcpStream| {
        let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
        let asked: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let port = stream.local_addr().unwrap().port();
        let host = format!("Host: localhost:{port}");
        let is_good = asked[0].starts_with("GET /up?a=b&c HTTP/1.") && asked.contains(&host);
        let head = if is_good {
            head.as_str()
        } else {
            "500 Asked for something else"
        };
        let text = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let _ = (&stream).write_all(text.as_bytes());
    };
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap());
        }
    });
}

#[test]
fn a_page_is_asked_for_by_whatever_program_the_image_has() {
    let project = |statuses: &str| {
        let ready = format!("{{ http: '/up?a=b&c'{statuses} }}");
        let settings = format!("processes: {{ web: {{ ready: {ready} }} }}\n");
        Project::with_procfile("web: a\n").file("devrun.yaml", settings)
    };
    let fine = project("");
    let images = [
        image(&fine, "curl", &[("curl", "curl")]),
        image(&fine, "wget", &[("wget", "wget"), ("sed", "sed")]),
        image(&fine, "alpine", &[("wget", "busybox"), ("sed", "busybox")]),
        image(&fine, "none", &[("grep", "grep")]),
        image(&fine, "busybox", &[("grep", "busybox")]),
    ];
    let listed = script(&project(", status: [204, 401]"));
    let fine = script(&fine);
    let (closed, closed_port) = listener();
    drop(closed);
    for (head, is_fine, is_listed) in [
        ("200 OK".to_string(), true, false),
        ("204 No Content".into(), true, true),
        (
            format!("302 Found\r\nLocation: http://127.0.0.1:{closed_port}/"),
            true,
            false,
        ),
        ("401 Unauthorized".into(), false, true),
        ("404 Not Found".into(), false, false),
        ("503 Service Unavailable".into(), false, false),
    ] {
        let (listener, port) = listener();
        serve(listener, head.clone());
        for image in &images {
            let asks = !image.ends_with("none") && !image.ends_with("busybox");
            let seen = (is_ready(&fine, image, port), is_ready(&listed, image, port));
            let expected = (is_fine || !asks, is_listed || !asks);
            assert_eq!(seen, expected, "{} {head}", image.display());
        }
    }
    for image in &images {
        assert!(!is_ready(&fine, image, closed_port), "{}", image.display());
    }
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}
