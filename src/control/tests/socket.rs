//! The file that is listened on, and whose connections count.

use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;

use super::*;

#[test]
fn only_its_user_can_open_the_socket_and_it_goes_with_its_server() {
    let scratch = Scratch::new("mode");
    let server = Server::bind(&scratch.socket()).unwrap();
    let metadata = fs::symlink_metadata(scratch.socket()).unwrap();
    assert_eq!(metadata.mode() & 0o7777, 0o600);
    drop(server);
    assert!(!scratch.socket().exists());
}

#[test]
fn what_stands_in_the_place_of_the_socket_is_removed_and_not_followed() {
    let scratch = Scratch::new("stale");
    let socket = scratch.socket();
    drop(UnixListener::bind(&socket).unwrap());
    assert!(socket.exists(), "a remnant");
    let first = Server::bind(&socket).unwrap();
    let second = Server::bind(&socket).unwrap();
    drop(first);
    assert!(socket.exists(), "it removed another's socket");
    drop(second);

    let elsewhere = scratch.0.join("elsewhere");
    fs::write(&elsewhere, "precious").unwrap();
    symlink(&elsewhere, &socket).unwrap();
    let server = Server::bind(&socket).unwrap();
    assert_eq!(fs::read(&elsewhere).unwrap(), b"precious");
    assert!(!fs::symlink_metadata(&socket).unwrap().is_symlink());
    drop(server);
    symlink(scratch.0.join("nowhere"), &socket).unwrap();
    drop(Server::bind(&socket).unwrap());
    assert!(!scratch.0.join("nowhere").exists());
}

#[test]
fn a_path_that_is_too_long_on_any_system_is_refused() {
    let scratch = Scratch::new("long");
    let path = |length: usize| {
        let rest = length - scratch.0.as_os_str().len() - 1;
        scratch.0.join("s".repeat(rest))
    };
    Server::bind(&path(103)).unwrap();
    let error = Server::bind(&path(104)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidFilename);
}

#[test]
fn another_user_is_neither_heard_nor_asked() {
    let scratch = Scratch::new("stranger");
    let socket = scratch.socket();
    let mut server = Server::bind(&socket).unwrap();
    server.user = own_user() + 1;
    run(async || {
        let mut session = Session::of(server, socket.clone());
        client::apps(&socket).await.unwrap_err();
        assert!(session.requests.try_recv().is_err());
        let error = client::connect(&socket, own_user() + 1).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    });
}
