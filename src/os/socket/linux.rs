//! The answers of the kernel over netlink, and of /proc.

use std::fs;
use std::io;

use super::{Listening, netlink, proc_net};
use crate::os::process;

pub(super) fn listeners() -> io::Result<Vec<Listening>> {
    netlink::listeners().or_else(|_| proc_net::listeners())
}

/// The inodes of the sockets that a process has open.
pub(super) fn sockets_of(pid: i32) -> Vec<u64> {
    let inode = |entry: fs::DirEntry| {
        let link = fs::read_link(entry.path()).ok()?;
        let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
        inode.parse().ok()
    };
    process::descriptors(pid).filter_map(inode).collect()
}
