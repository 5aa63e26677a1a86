//! What the machine's programs do: told as tables, so that a story can be read in one look.

/// From its exec to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Program {
    /// Instead of being run it fails with this errno.
    pub(super) exec_error: Option<i32>,
    /// What it does so many milliseconds after its exec, in this order.
    pub(super) acts: &'static [(u64, Act)],
    pub(super) on_sigterm: OnSigterm,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Exits(u8),
    /// By this signal.
    Dies(i32),
    Forks(&'static Program),
    /// Begins a session, and a group, of its own.
    LeavesSession,
    /// Begins a group of its own, as a shell's job does.
    LeavesGroup,
    /// Nothing tells any more whose it is but where it was born.
    WipesMarks,
    /// `sudo`: no signal of ours reaches it.
    TakesRights,
    /// As by SIGSTOP.
    Stops,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum OnSigterm {
    Dies,
    Ignores,
    /// After so many milliseconds, with this status.
    Exits(u64, u8),
    /// And lives on.
    Forks(&'static Program),
}

pub(super) const SERVER: Program = Program {
    exec_error: None,
    acts: &[],
    on_sigterm: OnSigterm::Dies,
};

pub(super) const WITH_WORKERS: Program = Program {
    acts: &[(5, Act::Forks(&SERVER)), (8, Act::Forks(&SERVER))],
    on_sigterm: OnSigterm::Exits(30, 0),
    ..SERVER
};

pub(super) const CRASHES: Program = Program {
    acts: &[(10, Act::Forks(&SERVER)), (100, Act::Exits(3))],
    ..SERVER
};

pub(super) const NOT_THERE: Program = Program {
    exec_error: Some(2),
    ..SERVER
};

/// Forks twice, wipes its environment and closes what it had open.
pub(super) const DAEMONISES: Program = Program {
    acts: &[(5, Act::Forks(&FIRST_FORK)), (30, Act::Exits(0))],
    ..SERVER
};

/// Lives on for a while beside the daemon that it has made, and that says whose it is.
pub(super) const LEAVES_A_DAEMON: Program = Program {
    acts: &[(5, Act::Forks(&OPEN_FORK)), (3000, Act::Exits(3))],
    ..SERVER
};

const OPEN_FORK: Program = Program {
    acts: &[
        (1, Act::LeavesSession),
        (2, Act::Forks(&SERVER)),
        (3, Act::Exits(0)),
    ],
    ..SERVER
};

const FIRST_FORK: Program = Program {
    acts: &[
        (1, Act::LeavesSession),
        (2, Act::Forks(&DAEMON)),
        (3, Act::Exits(0)),
    ],
    ..SERVER
};

const DAEMON: Program = Program {
    acts: &[(1, Act::WipesMarks), (50, Act::Forks(&SERVER))],
    on_sigterm: OnSigterm::Exits(20, 0),
    ..SERVER
};

/// Takes no SIGTERM, nor do those in groups and sessions of their own that it forked.
pub(super) const STUBBORN: Program = Program {
    acts: &[
        (5, Act::Forks(&STUBBORN_CHILD)),
        (6, Act::Forks(&STUBBORN_JOB)),
        (7, Act::Forks(&STOPPED)),
    ],
    on_sigterm: OnSigterm::Forks(&STUBBORN_CHILD),
    ..SERVER
};

const STUBBORN_CHILD: Program = Program {
    acts: &[(1, Act::LeavesSession), (3, Act::WipesMarks)],
    on_sigterm: OnSigterm::Ignores,
    ..SERVER
};

const STUBBORN_JOB: Program = Program {
    acts: &[(1, Act::LeavesGroup), (2, Act::Forks(&STUBBORN_CHILD))],
    on_sigterm: OnSigterm::Ignores,
    ..SERVER
};

const STOPPED: Program = Program {
    acts: &[(1, Act::Stops)],
    ..SERVER
};

/// Runs something under `sudo`, and dies.
pub(super) const PRIVILEGED: Program = Program {
    acts: &[(5, Act::Forks(&WITH_RIGHTS)), (50, Act::Dies(11))],
    ..SERVER
};

const WITH_RIGHTS: Program = Program {
    acts: &[(1, Act::TakesRights)],
    on_sigterm: OnSigterm::Ignores,
    ..SERVER
};
