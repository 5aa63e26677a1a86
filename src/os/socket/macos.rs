//! The answers of libproc: the sockets among each process's descriptors. libc has no names for the
//! structures of sys/proc_info.h that are needed here.

use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Listening;
use crate::os::process::{self, FileInfo};

/// `TSI_S_LISTEN`.
const LISTEN: i32 = 1;
/// `SOCKINFO_TCP`.
const TCP: i32 = 2;
/// `INI_IPV4`.
const IPV4: u8 = 1;
/// `PROC_PIDFDSOCKETINFO`.
const SOCKET_INFO: libc::c_int = 3;

/// `struct socket_fdinfo`, where the socket is one of TCP.
#[repr(C)]
struct SocketInfo {
    file: FileInfo,
    stat: libc::vinfo_stat,
    /// The kernel's handle of the socket, the same in every process that shares it.
    handle: u64,
    control_block: u64,
    /// Type, protocol and family.
    kind_of_socket: [i32; 3],
    /// From the options to the error.
    state: [i16; 8],
    out_of_band: u32,
    receive: BufferInfo,
    send: BufferInfo,
    /// Says what `tcp` is, `SOCKINFO_…`.
    kind: i32,
    reserved: u32,
    tcp: TcpInfo,
    /// What other kinds of sockets need more.
    rest: [u8; 416],
}

/// `struct sockbuf_info`.
#[repr(C)]
struct BufferInfo {
    counts: [u32; 5],
    flags: i16,
    timeout: i16,
}

/// `struct tcp_sockinfo`, its head; with `struct in_sockinfo` in it.
#[repr(C)]
struct TcpInfo {
    remote_port: i32,
    /// In network order, in the low half.
    local_port: i32,
    generation: u64,
    flags: u32,
    flow: u32,
    versions: u8,
    time_to_live: u8,
    reserved: u32,
    remote: [u8; 16],
    /// An IPv4 address stands in the last four bytes.
    local: [u8; 16],
    version_4: u8,
    version_6: [u32; 3],
    state: i32,
    timers: [i32; 4],
    segment: i32,
    tcp_flags: u32,
}

// The kernel refuses a buffer that is smaller than its structure.
const _: () = assert!(mem::size_of::<SocketInfo>() == 792);
const _: () = assert!(mem::offset_of!(TcpInfo, state) == 80);

/// Of the processes that may be asked: this user's own.
pub(super) fn listeners() -> io::Result<Vec<Listening>> {
    Ok(process::all().into_iter().flat_map(of_process).collect())
}

pub(super) fn sockets_of(pid: i32) -> Vec<u64> {
    of_process(pid).iter().map(|socket| socket.id).collect()
}

fn of_process(pid: i32) -> Vec<Listening> {
    let sockets = process::descriptors(pid, libc::PROX_FDTYPE_SOCKET).into_iter();
    let sockets =
        sockets.filter_map(|descriptor| process::descriptor_info(pid, descriptor, SOCKET_INFO));
    sockets.filter_map(|socket| listening(&socket)).collect()
}

fn listening(socket: &SocketInfo) -> Option<Listening> {
    let tcp = &socket.tcp;
    if socket.kind != TCP || tcp.state != LISTEN {
        return None;
    }
    let [.., a, b, c, d] = tcp.local;
    let address = if tcp.versions & IPV4 != 0 {
        IpAddr::from(Ipv4Addr::new(a, b, c, d))
    } else {
        Ipv6Addr::from(tcp.local).to_canonical()
    };
    Some(Listening {
        port: u16::from_be(tcp.local_port as u16),
        address,
        id: socket.handle,
    })
}
