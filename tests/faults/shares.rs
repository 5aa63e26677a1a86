//! What a session takes of a user's share of pipe pages, which all his programs have in common.

use std::fs::File;

use nix::fcntl::{FcntlArg, fcntl};

use crate::left::wait_until_nobody_is_left;
use crate::support::Project;

const PROCESSES: usize = 20;
/// So many have a large pipe for what they write.
const LARGE: usize = 16;
/// What a pipe has that nobody asked anything of, while the share lasts; a page and less past that.
const USUAL: i32 = 64 * 1024;

/// In bytes.
fn capacity(pid: i32, descriptor: i32) -> i32 {
    let pipe = File::options()
        .read(descriptor == 0)
        .write(descriptor != 0)
        .open(format!("/proc/{pid}/fd/{descriptor}"))
        .unwrap();
    fcntl(&pipe, FcntlArg::F_GETPIPE_SZ).unwrap()
}

#[test]
fn pipes_for_input_are_small_and_only_the_first_for_output_are_large() {
    let project =
        Project::with_procfile("web: echo $$ > draft.$PS; mv draft.$PS pid.$PS; exec sleep 1000\n");
    let mut devrun = project.start_with(&["--tty", "never", "-m", &format!("web={PROCESSES}")]);
    let mut large = 0;
    for number in 1..=PROCESSES {
        let file = format!("pid.web.{number}");
        project.wait_for_file(&file);
        let pid = project.read(&file).trim().parse().unwrap();
        assert_eq!(capacity(pid, 0), 4096, "{number}");
        let output = capacity(pid, 1);
        assert_eq!(output, capacity(pid, 2), "{number}");
        assert!(number <= LARGE || output <= USUAL, "{number}: {output}");
        large += usize::from(output > USUAL);
    }
    // A user whose share is spent gets none; root has no share.
    println!("{large} large ones");
    assert!(large == LARGE || !nix::unistd::geteuid().is_root());
    assert_eq!(devrun.interrupt(), 0);
    wait_until_nobody_is_left(&project);
}
