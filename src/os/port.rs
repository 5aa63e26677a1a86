//! Whether a port is free.

use std::iter;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, bind, setsockopt, socket, sockopt,
};

/// How often a port is proposed, by either side, before we give in.
const PROPOSALS: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    Free,
    Taken,
    /// Below 1024, mostly.
    NeedsPrivilege,
}

/// Tries to bind `port` on 127.0.0.1, 0.0.0.0, ::1 and ::. One alone does not tell: a listener on
/// 127.0.0.1 does not stop a bind on ::1, nor, on macOS, one on 0.0.0.0. Connections that linger in
/// TIME_WAIT do not count (SO_REUSEADDR).
pub(crate) fn probe(port: u16) -> Probe {
    // Linux compares a socket of both families with those of all addresses, so that one is enough where it is free.
    let everywhere = (Ipv6Addr::UNSPECIFIED, port).into();
    if cfg!(target_os = "linux") && try_bind(everywhere, Families::Both).is_ok() {
        return Probe::Free;
    }
    let addresses = [
        SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)),
    ];
    for address in addresses {
        match try_bind(address, Families::Own) {
            Err(Errno::EADDRINUSE) => return Probe::Taken,
            Err(Errno::EACCES) => return Probe::NeedsPrivilege,
            // No such address family (EAFNOSUPPORT) or address (EADDRNOTAVAIL) here; or no descriptor
            // left, which says nothing about the port.
            Ok(()) | Err(_) => {}
        }
    }
    Probe::Free
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Families {
    /// `::` does not stand for 0.0.0.0 as well.
    Own,
    Both,
}

fn try_bind(address: SocketAddr, families: Families) -> Result<(), Errno> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let socket = socket(family, SockType::Stream, SockFlag::empty(), None)?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    if address.is_ipv6() {
        setsockopt(&socket, sockopt::Ipv6V6Only, &(families == Families::Own))?;
    }
    bind(socket.as_raw_fd(), &SockaddrStorage::from(address))
}

/// Any port that is free and not `given` to somebody who does not listen yet: what portpicker proposes first (15000
/// to 24999, mostly), else what the kernel does. `None`: there is none left.
pub(crate) fn any_free_but(given: impl Fn(u16) -> bool) -> Option<u16> {
    // Where there is no IPv6, portpicker takes every port for taken.
    let picked = iter::repeat_with(portpicker::pick_unused_port).take(PROPOSALS);
    let proposed = iter::repeat_with(proposed_by_the_kernel).take(PROPOSALS);
    let picked = picked.take_while(Option::is_some);
    let mut proposals = picked.chain(proposed).flatten();
    proposals.find(|port| !given(*port) && probe(*port) == Probe::Free)
}

/// The same where nobody was given one.
pub(crate) fn any_free() -> Option<u16> {
    any_free_but(|_| false)
}

fn proposed_by_the_kernel() -> Option<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
    Some(listener.local_addr().ok()?.port())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_port_is_taken_on_whatever_address_somebody_listens() {
        for address in ["127.0.0.1", "0.0.0.0", "::1", "::"] {
            let Ok(listener) = TcpListener::bind((address, 0)) else {
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            assert_eq!(probe(port), Probe::Taken, "{address}");
        }
    }

    #[test]
    fn connections_that_linger_leave_their_port_free() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        // The side that closes first is the one that lingers.
        drop(listener.accept().unwrap());
        drop(client);
        drop(listener);
        assert_eq!(probe(address.port()), Probe::Free);
    }

    #[test]
    fn some_port_is_free() {
        assert!(any_free().is_some_and(|port| port >= 1024));
        assert!(proposed_by_the_kernel().is_some_and(|port| port >= 1024));
    }

    #[test]
    fn there_are_others_than_those_that_were_given() {
        let is_given = |port| (15_000..25_000).contains(&port);
        assert!(any_free_but(is_given).is_some_and(|port| !is_given(port)));
    }
}
