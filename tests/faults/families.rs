//! Every kind of descendant that is hard to end, all of them in one session; and what is seen of each.

use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::left::wait_until_nobody_is_left;
use crate::support::{Devrun, Project, helper};

/// A process type, its command, and the files into which its members write their pids.
type Kind = (&'static str, String, &'static [&'static str]);

/// Who is deaf, and has time.
const PATIENT: &str = "patient";

fn kinds() -> Vec<Kind> {
    let mut kinds: Vec<Kind> = vec![
        (
            "shell",
            "echo $$ > shell; sleep 1000 & echo $! > child; wait".into(),
            &["shell", "child"],
        ),
        (
            "stopped",
            "echo $$ > stopped; kill -STOP $$".into(),
            &["stopped"],
        ),
        ("deaf", helper("deaf deaf"), &["deaf"]),
    ];
    if cfg!(target_os = "linux") {
        kinds.extend(kinds_that_leave());
    }
    kinds
}

/// Whoever leaves both group and parent is followed on Linux only.
fn kinds_that_leave() -> Vec<Kind> {
    let storm = helper("storm");
    vec![
        ("daemon", helper("leave-behind daemon"), &["daemon"]),
        (
            "stubborn",
            format!("{}; exec sleep 1000", helper("stubborn-daemon stubborn")),
            &["stubborn"],
        ),
        ("own", helper("own-session own"), &["own"]),
        (
            "stoppedown",
            helper("stopped-in-own-session stoppedown"),
            &["stoppedown"],
        ),
        (
            "stoppeddaemon",
            helper("stopped-daemon stoppeddaemon"),
            &["stoppeddaemon"],
        ),
        ("bare", helper("bare-daemon bare"), &["bare"]),
        (
            "bareearly",
            format!("{}; exec sleep 1000", helper("bare-daemon bareearly")),
            &["bareearly"],
        ),
        (
            "hopper",
            format!("{} & exec sleep 1000", helper("hop hopper")),
            &["hopper"],
        ),
        (
            "storm",
            format!("echo $$ > storm; exec {storm}"),
            &["storm"],
        ),
    ]
}

/// A project in which each of them is one process.
pub struct Family {
    pub project: Project,
    files: Vec<&'static str>,
}

impl Family {
    pub fn new() -> Self {
        Self::of(kinds())
    }

    /// One more of them holds out for 20 s: no shutdown is over before, whoever else has been killed.
    pub fn that_holds_out() -> Self {
        let mut kinds = kinds();
        kinds.push((PATIENT, helper("deaf patient"), &[PATIENT]));
        Self::of(kinds)
    }

    /// No process has a port, so that nobody waits for one that is never served.
    fn of(kinds: Vec<Kind>) -> Self {
        // Some of them are deaf. Not by `-t`, which would be above what the patient one has.
        let short = "timeout: 0.3\nprocesses:\n";
        let (mut procfile, mut settings) = (String::new(), short.to_string());
        let mut files = Vec::new();
        for (name, command, of_members) in kinds {
            let timeout = if name == PATIENT { ", timeout: 20" } else { "" };
            procfile += &format!("{name}: {command}\n");
            settings += &format!("  {name}: {{ port: false{timeout} }}\n");
            files.extend(of_members);
        }
        let project = Project::with_procfile(&procfile).file("devrun.yaml", settings);
        Self { project, files }
    }

    /// `devrun start` with these arguments as well.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let start = ["start", "-p", "0", "--restart", "never"];
        self.project.command(start.iter().chain(arguments))
    }

    /// Runs that, and returns once all of them are there.
    pub fn run(&self, command: Command) -> Devrun {
        let devrun = self.project.spawn(command);
        self.wait_until_up();
        devrun
    }

    pub fn wait_until_up(&self) {
        let files = self.files.iter();
        files.for_each(|file| self.project.wait_for_file(file));
    }

    /// All are gone.
    pub fn wait_until_gone(&self) {
        wait_until_nobody_is_left(&self.project);
    }
}

/// Ends a session of every kind of descendant, with pipes and with terminals. devrun has that status then, and
/// has said that (who is killed may have said nothing yet); nobody is left, and nobody else has noticed anything.
pub fn check(end: fn(&mut Devrun), status: i32, said: &str) {
    check_those(Family::new, end, status, said);
}

/// The same with such a family.
pub fn check_those(family: fn() -> Family, end: fn(&mut Devrun), status: i32, said: &str) {
    for tty in ["never", "always"] {
        let (family, bystander) = (family(), Bystander::new());
        let mut command = family.command(&["--tty", tty]);
        command.process_group(bystander.group());
        let mut devrun = family.run(command);
        end(&mut devrun);
        let (ended, text) = (devrun.wait(), devrun.stdout.text());
        assert_eq!(ended, status, "{text}");
        assert!(text.contains(said), "{text}");
        family.wait_until_gone();
        bystander.stays_untouched();
    }
}

/// Somebody in the group that devrun is started in.
pub struct Bystander(Devrun);

impl Bystander {
    /// Leads a group of its own, for others to join.
    pub fn new() -> Self {
        let program = helper("stand-by");
        let (program, argument) = program.split_once(' ').unwrap();
        let mut command = Command::new(program);
        command.arg(argument).process_group(0);
        let mut bystander = Devrun::spawn(command);
        bystander.wait_for("stands by\n");
        Self(bystander)
    }

    pub fn group(&self) -> i32 {
        self.0.pid().as_raw()
    }

    /// It lives, and nobody has sent it a signal.
    pub fn stays_untouched(mut self) {
        // The first that it says to be sent is ours, which is the last one.
        let said = self.0.signal(Signal::SIGUSR1).value_after("got ");
        assert_eq!(said, "SIGUSR1");
        self.0.kill();
    }
}
