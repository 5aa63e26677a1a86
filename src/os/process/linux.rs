//! The answers of /proc (proc(5)).

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::linux::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::LazyLock;

use super::Status;

const PAGE: usize = 4096;

pub(super) fn status(pid: i32) -> Option<Status> {
    match first_part(&format!("/proc/{pid}/stat")) {
        Ok(stat) => parse(&stat),
        Err(error) if error.kind() == io::ErrorKind::NotFound => hidden_child(pid),
        Err(_) => None,
    }
}

/// A child of ours, though /proc does not show it: mounted with `hidepid`, it hides whoever has another user's rights
/// or guards its memory (ssh-agent). It is not to be taken for nobody, nor for one that cannot be looked at now. That
/// nobody else gets its pid before we collect it stands for the start time.
fn hidden_child(pid: i32) -> Option<Status> {
    let exit = crate::os::spawn::peek_exit(pid).ok()?;
    let of = Some(nix::unistd::Pid::from_raw(pid));
    Some(Status {
        parent: std::process::id() as i32,
        group: nix::unistd::getpgid(of).ok()?.as_raw(),
        session: nix::unistd::getsid(of).ok()?.as_raw(),
        start_time: 0,
        is_zombie: exit.is_some(),
    })
}

fn parse(stat: &[u8]) -> Option<Status> {
    // The name, in parentheses, may itself hold blanks and parentheses.
    let after_name = memchr::memrchr(b')', stat)? + 1;
    let mut fields = std::str::from_utf8(&stat[after_name..])
        .ok()?
        .split_ascii_whitespace();
    let is_over = matches!(fields.next()?, "Z" | "X");
    let (parent, group, session) = (fields.next()?, fields.next()?, fields.next()?);
    // The 20th and the 22nd field of all.
    let threads: u32 = fields.nth(13)?.parse().ok()?;
    let start_time = fields.nth(1)?.parse().ok()?;
    Some(Status {
        // A main thread that ended by itself looks like a zombie while other threads live on.
        is_zombie: is_over && threads <= 1,
        parent: parent.parse().ok()?,
        group: group.parse().ok()?,
        session: session.parse().ok()?,
        start_time,
    })
}

pub(super) fn children(pid: i32) -> Vec<i32> {
    if !*IS_TOLD_CHILDREN {
        return children_by_scan(pid);
    }
    let threads = numbers(&format!("/proc/{pid}/task")).into_iter();
    // A thread that has ended meanwhile left its children to another one.
    threads
        .flat_map(|thread| children_of_thread(pid, thread).unwrap_or_default())
        .collect()
}

pub(super) fn own_children() -> io::Result<Vec<i32>> {
    let own = std::process::id() as i32;
    if !*IS_TOLD_CHILDREN {
        fs::read_dir("/proc")?;
        return Ok(children_by_scan(own));
    }
    let mut children = Vec::new();
    for thread in fs::read_dir("/proc/self/task")? {
        let thread = thread?.file_name().to_string_lossy().parse();
        children.extend(children_of_thread(own, thread.map_err(io::Error::other)?)?);
    }
    Ok(children)
}

fn children_of_thread(pid: i32, thread: i32) -> io::Result<Vec<i32>> {
    let text = whole(&format!("/proc/{pid}/task/{thread}/children"), PAGE)?;
    let pids = std::str::from_utf8(&text).unwrap_or_default();
    let pids = pids.split_ascii_whitespace();
    Ok(pids.filter_map(|pid| pid.parse().ok()).collect())
}

/// The beginning of a file, by one read.
fn first_part(path: &str) -> io::Result<Vec<u8>> {
    let mut text = vec![0; 1024];
    let length = File::open(path)?.read(&mut text)?;
    text.truncate(length);
    Ok(text)
}

/// A file of /proc, which does not tell its size: as many reads as it has parts of `expected` bytes, and one more. With
/// parts that grow from small ones the kernel makes the text anew each time.
fn whole(path: &str, expected: usize) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut text = Vec::new();
    loop {
        let length = text.len();
        text.resize(length + expected, 0);
        let read = file.read(&mut text[length..])?;
        text.truncate(length + read);
        if read == 0 {
            return Ok(text);
        }
    }
}

/// Whether the kernel was built with CONFIG_PROC_CHILDREN.
static IS_TOLD_CHILDREN: LazyLock<bool> =
    LazyLock::new(|| fs::exists("/proc/thread-self/children").unwrap_or(false));

fn children_by_scan(parent: i32) -> Vec<i32> {
    let is_child = |pid: &i32| status(*pid).is_some_and(|status| status.parent == parent);
    all().into_iter().filter(is_child).collect()
}

pub(super) fn all() -> Vec<i32> {
    numbers("/proc")
}

fn numbers(directory: &str) -> Vec<i32> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

pub(super) fn name(pid: i32) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim_end().to_string())
}

pub(super) fn arguments(pid: i32) -> Option<Vec<String>> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = line.strip_suffix(b"\0").unwrap_or(&line);
    let arguments = line.split(|byte| *byte == 0);
    Some(
        arguments
            .map(|text| String::from_utf8_lossy(text).into_owned())
            .collect(),
    )
}

pub(super) fn directory(pid: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

pub(super) fn environment_contains(pid: i32, variable: &[u8]) -> bool {
    let environment = whole(&format!("/proc/{pid}/environ"), 4 * PAGE).unwrap_or_default();
    environment
        .split(|byte| *byte == 0)
        .any(|text| text == variable)
}

pub(super) fn has_open(pid: i32, (device, inode): (u64, u64)) -> bool {
    let is_it = |entry: fs::DirEntry| {
        let path = entry.path();
        let target = fs::read_link(&path).unwrap_or_default();
        let target = target.to_string_lossy();
        if let Some(pipe) = target.strip_prefix("pipe:[") {
            return pipe.strip_suffix(']').and_then(|text| text.parse().ok()) == Some(inode);
        }
        // Files are not looked at: on a network that is down, that would wait for ever.
        target.starts_with("/dev/")
            && fs::metadata(&path)
                .is_ok_and(|file| file.st_dev() == device && file.st_ino() == inode)
    };
    descriptors(pid).any(is_it)
}

/// Links to what it has open; none where another user's process is not told of.
pub(in crate::os) fn descriptors(pid: i32) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_the_rest_of_the_line() {
        let line = |name: &str| {
            let rest = "S 2 3 4 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 5555 2715648 223";
            parse(format!("9 ({name}) {rest}\n").as_bytes())
        };
        let status = line("sh");
        assert_eq!(
            status,
            Some(Status {
                parent: 2,
                group: 3,
                session: 4,
                start_time: 5555,
                is_zombie: false
            })
        );
        assert_eq!(line("a) Z 1 1 (b"), status);
        assert_eq!(parse(b"9 (sh"), None);
        assert_eq!(parse(b"9 (sh)"), None);
        assert_eq!(parse(b""), None);
    }

    #[test]
    fn a_child_that_is_hidden_is_told_by_other_calls() {
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id() as i32;
        let shown = status(pid).unwrap();
        let expected = Status {
            start_time: 0,
            ..shown
        };
        assert_eq!(hidden_child(pid), Some(expected));
        child.wait().unwrap();
        assert_eq!(hidden_child(pid), None);
        assert_eq!(hidden_child(shown.parent), None);
    }

    #[test]
    fn a_kernel_that_does_not_tell_children_is_asked_for_every_process() {
        let own = std::process::id() as i32;
        let parent = status(own).unwrap().parent;
        assert!(children_by_scan(parent).contains(&own));
    }
}
