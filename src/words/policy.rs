//! What is to happen when a process ends, and what people are told.

/// When a process that ended is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RestartPolicy {
    Always,
    /// Any end but status 0.
    #[default]
    OnFailure,
    Never,
}

/// What the end of one process for good means for the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnExit {
    #[default]
    Keep,
    /// The first process that ends for good ends all: foreman's rule.
    Shutdown,
}

/// Which keys people are told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum KeyHints {
    /// There is no terminal, or it is not ours: devrun was started in the background.
    #[default]
    None,
    /// Nothing that is typed is read; Ctrl-C is a signal.
    CtrlC,
    /// And there are line commands.
    Commands,
    /// None of a keyboard: the commands that reach a session which goes on by itself.
    Clients,
}

impl KeyHints {
    /// Somebody sits at a keyboard.
    pub(crate) fn are_of_keys(self) -> bool {
        match self {
            Self::None | Self::Clients => false,
            Self::CtrlC | Self::Commands => true,
        }
    }
}

/// Whom a session runs for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Attendance {
    /// Whoever reads what it writes: until nobody does.
    #[default]
    Reader,
    /// Nobody. Somebody waits until all is settled, and then goes.
    Nobody,
    /// One who holds it on a leash: it goes on as long as that one is there, even with nothing to run.
    Holder,
}
