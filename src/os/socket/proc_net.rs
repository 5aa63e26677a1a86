//! Listening sockets as /proc/net/tcp and /proc/net/tcp6 list them (proc(5)), where the kernel does not
//! answer over netlink. Slower: these list every connection.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Listening;

/// include/net/tcp_states.h
const TCP_LISTEN: &str = "0A";

pub(super) fn listeners() -> io::Result<Vec<Listening>> {
    let mut listening = parse(&fs::read_to_string("/proc/net/tcp")?);
    // Absent where the kernel knows no IPv6.
    let ipv6 = fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    listening.extend(parse(&ipv6));
    Ok(listening)
}

fn parse(text: &str) -> Vec<Listening> {
    text.lines().filter_map(line).collect()
}

/// Number, local address, remote address, state, queues, timer, retransmissions, user, timeout, inode.
fn line(line: &str) -> Option<Listening> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    if *fields.get(3)? != TCP_LISTEN {
        return None;
    }
    let (local, port) = fields[1].split_once(':')?;
    Some(Listening {
        port: u16::from_str_radix(port, 16).ok()?,
        address: address(local)?,
        id: fields.get(9)?.parse().ok()?,
    })
}

/// Words of 32 bits in the machine's own order, though each is in network order in memory.
fn address(text: &str) -> Option<IpAddr> {
    let mut bytes = Vec::with_capacity(16);
    for at in (0..text.len()).step_by(8) {
        let word = u32::from_str_radix(text.get(at..at + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let ipv4 = <[u8; 4]>::try_from(bytes.as_slice()).map(|octets| Ipv4Addr::from(octets).into());
    let ipv6 = <[u8; 16]>::try_from(bytes.as_slice());
    let ipv6 = ipv6.map(|octets| Ipv6Addr::from(octets).to_canonical());
    ipv4.or(ipv6).ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn what_listens_is_told_apart_from_what_is_connected() {
        let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  \
                    timeout inode\n   0: 00000000:1388 00000000:0000 0A 00000000:00000000 00:00000000 \
                    00000000  1000        0 31337 1 0000000000000000 100 0 0 10 0\n   1: 0100007F:1389 \
                    0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 31338 1\n\
                    garbage\n 2: zz:1 0:0 0A 0 0 0 0 0 1\n";
        let expected = Listening {
            port: 5000,
            address: Ipv4Addr::UNSPECIFIED.into(),
            id: 31337,
        };
        assert_eq!(parse(text), [expected]);
    }

    #[test]
    fn both_ways_tell_the_same() {
        for address in ["127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"] {
            let Ok(listener) = TcpListener::bind((address, 0)) else {
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            let ours = |found: Vec<Listening>| found.into_iter().find(|socket| socket.port == port);
            let found = ours(listeners().unwrap());
            assert!(found.is_some(), "{address}");
            if let Ok(over_netlink) = super::super::netlink::listeners() {
                assert_eq!(ours(over_netlink), found, "{address}");
            }
        }
    }
}
