//! The answers of libproc and sysctl (`KERN_PROCARGS2`).

use std::ffi::c_void;
use std::mem;
use std::path::PathBuf;

use super::Status;

/// As the argument of `PROC_PIDTBSDINFO`: also of a process that was not collected yet.
const ZOMBIES_TOO: u64 = 1;

pub(super) fn status(pid: i32) -> Option<Status> {
    let info: libc::proc_bsdinfo = info(pid, libc::PROC_PIDTBSDINFO, ZOMBIES_TOO)?;
    // SAFETY: getsid(2) touches no memory of ours.
    let session = unsafe { libc::getsid(pid) };
    Some(Status {
        parent: info.pbi_ppid as i32,
        group: info.pbi_pgid as i32,
        session,
        start_time: info.pbi_start_tvsec * 1_000_000 + info.pbi_start_tvusec,
        is_zombie: info.pbi_status == libc::SZOMB,
    })
}

/// What the kernel calls a process, and the one that forked it: never given again until the next boot, and kept when
/// the parent is gone.
#[derive(Clone, Copy, Debug)]
pub(in crate::os) struct Numbers {
    pub(in crate::os) own: u64,
    pub(in crate::os) parent: u64,
}

/// `struct proc_uniqidentifierinfo` of sys/proc_info_private.h.
#[repr(C)]
struct UniqueInfo {
    program: [u8; 16],
    own: u64,
    parent: u64,
    versions: [u32; 2],
    reserved: [u64; 2],
}
/// `PROC_PIDUNIQIDENTIFIERINFO_SIZE`.
const _: () = assert!(mem::size_of::<UniqueInfo>() == 56);

/// `None`: it is no more, or a zombie.
pub(in crate::os) fn numbers(pid: i32) -> Option<Numbers> {
    /// `PROC_PIDUNIQIDENTIFIERINFO`.
    const UNIQUE_INFO: libc::c_int = 17;
    let info: UniqueInfo = info(pid, UNIQUE_INFO, 0)?;
    Some(Numbers {
        own: info.own,
        parent: info.parent,
    })
}

/// `T` is one of the kernel's plain structures, the one that belongs to `flavor`.
fn info<T>(pid: i32, flavor: libc::c_int, argument: u64) -> Option<T> {
    let size = mem::size_of::<T>() as libc::c_int;
    // SAFETY: the kernel's plain structures are valid as all zeros, and it writes at most `size` bytes.
    unsafe {
        let mut info: T = mem::zeroed();
        let bytes = (&raw mut info).cast::<c_void>();
        let written = libc::proc_pidinfo(pid, flavor, argument, bytes, size);
        (written == size).then_some(info)
    }
}

pub(super) fn children(parent: i32) -> Vec<i32> {
    let is_child = |pid: &i32| status(*pid).is_some_and(|status| status.parent == parent);
    all().into_iter().filter(is_child).collect()
}

pub(super) fn all() -> Vec<i32> {
    // SAFETY: asked without a buffer, it says how many there are; then it fills what we own.
    unsafe {
        let count = libc::proc_listallpids(std::ptr::null_mut(), 0).max(0) as usize + 64;
        let mut pids = vec![0i32; count];
        let bytes = (count * mem::size_of::<i32>()) as libc::c_int;
        let found = libc::proc_listallpids(pids.as_mut_ptr().cast::<c_void>(), bytes);
        pids.truncate(found.max(0) as usize);
        pids
    }
}

pub(super) fn name(pid: i32) -> Option<String> {
    let mut name = [0u8; 64];
    // SAFETY: it writes at most the length that it is given.
    let length =
        unsafe { libc::proc_name(pid, name.as_mut_ptr().cast::<c_void>(), name.len() as u32) };
    (length > 0).then(|| String::from_utf8_lossy(&name[..length as usize]).into_owned())
}

pub(super) fn arguments(pid: i32) -> Option<Vec<String>> {
    let (count, texts) = arguments_and_environment(pid)?;
    let texts = texts.into_iter().take(count);
    Some(
        texts
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .collect(),
    )
}

pub(super) fn environment_contains(pid: i32, variable: &[u8]) -> bool {
    let Some((count, texts)) = arguments_and_environment(pid) else {
        return false;
    };
    texts.iter().skip(count).any(|text| text == variable)
}

/// The number of the arguments, then they and the environment.
fn arguments_and_environment(pid: i32) -> Option<(usize, Vec<Vec<u8>>)> {
    let mut name = [libc::CTL_KERN, libc::KERN_PROCARGS2, pid];
    let mut bytes = vec![0u8; 1024 * 1024];
    let mut length = bytes.len();
    // SAFETY: it writes at most `length` bytes, and says how many.
    let result = unsafe {
        libc::sysctl(
            name.as_mut_ptr(),
            name.len() as u32,
            bytes.as_mut_ptr().cast::<c_void>(),
            &raw mut length,
            std::ptr::null_mut(),
            0,
        )
    };
    if result != 0 {
        return None;
    }
    let (count, rest) = bytes.get(..length)?.split_first_chunk::<4>()?;
    // The path of the program, padded by NULs, comes before the arguments.
    let path = rest.iter().position(|byte| *byte == 0)?;
    let start = path + rest[path..].iter().position(|byte| *byte != 0)?;
    let texts = rest[start..].split(|byte| *byte == 0).map(<[u8]>::to_vec);
    Some((u32::from_ne_bytes(*count) as usize, texts.collect()))
}

pub(super) fn directory(pid: i32) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let info: libc::proc_vnodepathinfo = info(pid, libc::PROC_PIDVNODEPATHINFO, 0)?;
    let path = info.pvi_cdir.vip_path.as_flattened();
    let bytes: Vec<u8> = path
        .iter()
        .map(|byte| *byte as u8)
        .take_while(|byte| *byte != 0)
        .collect();
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(&bytes)))
}

/// `struct proc_fileinfo` of sys/proc_info.h.
#[repr(C)]
#[derive(Clone, Copy)]
pub(in crate::os) struct FileInfo {
    open_flags: u32,
    status: u32,
    offset: i64,
    kind: i32,
    guard_flags: u32,
}

/// `struct pipe_fdinfo`.
#[repr(C)]
struct PipeInfo {
    file: FileInfo,
    stat: libc::vinfo_stat,
    /// Of this end; fstat(2) gives it as the inode.
    handle: u64,
    /// Of the other end.
    peer: u64,
    status: i32,
    reserved: i32,
}

/// Only pipes are known by an inode here, and by no device.
pub(super) fn has_open(pid: i32, (_, inode): (u64, u64)) -> bool {
    /// `PROC_PIDFDPIPEINFO` of sys/proc_info.h.
    const PIPE_INFO: libc::c_int = 6;
    let mut pipes = descriptors(pid, libc::PROX_FDTYPE_PIPE).into_iter();
    pipes.any(|descriptor| {
        let pipe: Option<PipeInfo> = descriptor_info(pid, descriptor, PIPE_INFO);
        pipe.is_some_and(|pipe| pipe.handle == inode || pipe.peer == inode)
    })
}

/// The numbers of the descriptors of one kind, `PROX_FDTYPE_…`; none of another user's process.
pub(in crate::os) fn descriptors(pid: i32, kind: libc::c_int) -> Vec<i32> {
    let size = mem::size_of::<libc::proc_fdinfo>();
    // SAFETY: asked without a buffer, it says how many bytes it needs; then it fills what we own, and
    // all-zero is a valid proc_fdinfo.
    let found = unsafe {
        let list = libc::PROC_PIDLISTFDS;
        let needed = libc::proc_pidinfo(pid, list, 0, std::ptr::null_mut(), 0);
        let count = needed.max(0) as usize / size + 16;
        let mut found: Vec<libc::proc_fdinfo> = (0..count).map(|_| mem::zeroed()).collect();
        let bytes = (count * size) as libc::c_int;
        let written = libc::proc_pidinfo(pid, list, 0, found.as_mut_ptr().cast(), bytes);
        found.truncate(written.max(0) as usize / size);
        found
    };
    let found = found
        .iter()
        .filter(|found| found.proc_fdtype == kind as u32);
    found.map(|found| found.proc_fd).collect()
}

/// `T` is one of the kernel's plain structures, the one that belongs to `flavor`.
pub(in crate::os) fn descriptor_info<T>(
    pid: i32,
    descriptor: i32,
    flavor: libc::c_int,
) -> Option<T> {
    let size = mem::size_of::<T>() as libc::c_int;
    // SAFETY: the kernel's plain structures are valid as all zeros, and it writes at most `size` bytes.
    unsafe {
        let mut info: T = mem::zeroed();
        let bytes = (&raw mut info).cast::<c_void>();
        let written = libc::proc_pidfdinfo(pid, descriptor, flavor, bytes, size);
        (written == size).then_some(info)
    }
}
