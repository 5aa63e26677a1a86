//! The kernel's answer over NETLINK_SOCK_DIAG (sock_diag(7)): one request a family, listening sockets
//! only. Far cheaper than /proc/net/tcp, which lists every connection as text.

use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

use super::Listening;

/// include/net/tcp_states.h
const TCP_LISTEN: u32 = 10;
/// uapi/linux/sock_diag.h
const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// `struct inet_diag_req_v2` behind its netlink header.
#[repr(C)]
struct Request {
    header: libc::nlmsghdr,
    family: u8,
    protocol: u8,
    extensions: u8,
    padding: u8,
    states: u32,
    id: SocketId,
}

/// `struct inet_diag_sockid`; ports are in network order.
#[repr(C)]
#[derive(Clone, Copy)]
struct SocketId {
    source_port: [u8; 2],
    destination_port: [u8; 2],
    source: [u8; 16],
    destination: [u8; 16],
    interface: u32,
    cookie: [u32; 2],
}

/// `struct inet_diag_msg`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Message {
    family: u8,
    state: u8,
    timer: u8,
    retransmits: u8,
    id: SocketId,
    expires: u32,
    receive_queue: u32,
    send_queue: u32,
    uid: u32,
    inode: u32,
}

/// # Errors
/// The kernel was built without it, or a sandbox forbids it.
pub(super) fn listeners() -> io::Result<Vec<Listening>> {
    let socket = open()?;
    let mut listening = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        request(&socket, family as u8)?;
        receive(&socket, &mut listening)?;
    }
    Ok(listening)
}

fn open() -> io::Result<OwnedFd> {
    // SAFETY: socket(2) touches no memory of ours; the new descriptor is ours alone.
    unsafe {
        let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
        let raw = Errno::result(libc::socket(
            libc::AF_NETLINK,
            kind,
            libc::NETLINK_SOCK_DIAG,
        ))?;
        Ok(OwnedFd::from_raw_fd(raw))
    }
}

fn request(socket: &OwnedFd, family: u8) -> io::Result<()> {
    // SAFETY: all-zero is a valid request; send(2) reads exactly its size.
    unsafe {
        let mut request: Request = mem::zeroed();
        request.header.nlmsg_len = mem::size_of::<Request>() as u32;
        request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
        request.header.nlmsg_flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
        request.family = family;
        request.protocol = libc::IPPROTO_TCP as u8;
        request.states = 1 << TCP_LISTEN;
        let bytes = (&raw const request).cast();
        let size = mem::size_of::<Request>();
        Errno::result(libc::send(socket.as_raw_fd(), bytes, size, 0))?;
    }
    Ok(())
}

/// Never waits: the first part of the answer is there when the request was sent, and each further one is
/// made when it is asked for.
fn receive(socket: &OwnedFd, listening: &mut Vec<Listening>) -> io::Result<()> {
    // The kernel makes no part larger than this.
    let mut buffer = vec![0u8; 32 * 1024];
    loop {
        let bytes = buffer.as_mut_ptr().cast();
        // SAFETY: recv(2) writes at most the buffer's length.
        let received =
            unsafe { libc::recv(socket.as_raw_fd(), bytes, buffer.len(), libc::MSG_DONTWAIT) };
        let part = match Errno::result(received) {
            Err(Errno::EINTR) => continue,
            result => &buffer[..result? as usize],
        };
        if collect(part, listening)? == Dump::Done {
            return Ok(());
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Dump {
    Goes,
    Done,
}

/// # Errors
/// What the kernel says instead of an answer.
fn collect(part: &[u8], listening: &mut Vec<Listening>) -> io::Result<Dump> {
    let mut rest = part;
    while let Some((kind, body, next)) = split_message(rest) {
        match kind {
            libc::NLMSG_DONE | libc::NLMSG_ERROR => {
                let code = body
                    .first_chunk()
                    .map_or(0, |code| i32::from_ne_bytes(*code));
                return match code {
                    0.. => Ok(Dump::Done),
                    _ => Err(io::Error::from_raw_os_error(code.saturating_neg())),
                };
            }
            _ => listening.extend(parse(body)),
        }
        rest = next;
    }
    Ok(if part.is_empty() {
        Dump::Done
    } else {
        Dump::Goes
    })
}

/// A message's type, its body, and the messages behind it (aligned to four bytes: netlink(3)).
fn split_message(bytes: &[u8]) -> Option<(i32, &[u8], &[u8])> {
    let size = mem::size_of::<libc::nlmsghdr>();
    let raw = bytes.get(..size)?;
    // SAFETY: as many bytes as the plain structure has; they may be unaligned.
    let header: libc::nlmsghdr = unsafe { std::ptr::read_unaligned(raw.as_ptr().cast()) };
    let length = header.nlmsg_len as usize;
    let body = bytes.get(size..length)?;
    let next = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((header.nlmsg_type.into(), body, next))
}

fn parse(body: &[u8]) -> Option<Listening> {
    let raw = body.get(..mem::size_of::<Message>())?;
    // SAFETY: as many bytes as the plain structure has; they may be unaligned.
    let message: Message = unsafe { std::ptr::read_unaligned(raw.as_ptr().cast()) };
    let source = message.id.source;
    let address = if i32::from(message.family) == libc::AF_INET {
        IpAddr::from(Ipv4Addr::new(source[0], source[1], source[2], source[3]))
    } else {
        // A JVM binds 127.0.0.1 as ::ffff:127.0.0.1.
        Ipv6Addr::from(source).to_canonical()
    };
    Some(Listening {
        port: u16::from_be_bytes(message.id.source_port),
        address,
        id: message.inode.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: i32, body: &[u8]) -> Vec<u8> {
        let length = (mem::size_of::<libc::nlmsghdr>() + body.len()) as u32;
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend((kind as u16).to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn socket() -> Vec<u8> {
        let mut body = vec![libc::AF_INET as u8, TCP_LISTEN as u8, 0, 0];
        body.extend(5000u16.to_be_bytes());
        body.resize(
            mem::offset_of!(Message, id) + mem::offset_of!(SocketId, source),
            0,
        );
        body.extend([127, 0, 0, 1]);
        body.resize(mem::offset_of!(Message, inode), 0);
        body.extend(31337u32.to_ne_bytes());
        body
    }

    fn collected(part: &[u8]) -> (io::Result<Dump>, usize) {
        let mut listening = Vec::new();
        let dump = collect(part, &mut listening);
        (dump, listening.len())
    }

    #[test]
    fn an_answer_comes_in_parts_and_ends_when_it_says_so() {
        let sockets = [message(20, &socket()), message(20, &socket())].concat();
        let mut listening = Vec::new();
        assert_eq!(collect(&sockets, &mut listening).unwrap(), Dump::Goes);
        let expected = Listening {
            port: 5000,
            address: Ipv4Addr::LOCALHOST.into(),
            id: 31337,
        };
        assert_eq!(listening, [expected, expected]);
        let (dump, _) = collected(&message(libc::NLMSG_DONE, &0i32.to_ne_bytes()));
        assert_eq!(dump.unwrap(), Dump::Done);
    }

    #[test]
    fn a_refusal_is_an_error() {
        let refusal = message(libc::NLMSG_ERROR, &(-libc::ENOENT).to_ne_bytes());
        let (dump, _) = collected(&refusal);
        assert_eq!(dump.unwrap_err().raw_os_error(), Some(libc::ENOENT));
    }

    #[test]
    fn a_torn_answer_is_read_as_far_as_it_goes() {
        let whole = [message(20, &socket()), message(20, &socket())].concat();
        for length in 0..whole.len() {
            let (dump, found) = collected(&whole[..length]);
            assert!(dump.is_ok());
            assert_eq!(found, length / message(20, &socket()).len(), "{length}");
        }
        let mut endless = whole;
        endless[0..4].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert_eq!(collected(&endless).1, 0);
    }
}
