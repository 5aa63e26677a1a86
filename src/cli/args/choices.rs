//! What some arguments may be: one of a few words.

use clap::ValueEnum;

use crate::render::palette::Choice;
use crate::render::timestamp::Timestamp;
use crate::words::policy::{OnExit, RestartPolicy};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Restart {
    Always,
    OnFailure,
    Never,
}

impl From<Restart> for RestartPolicy {
    fn from(restart: Restart) -> Self {
        match restart {
            Restart::Always => Self::Always,
            Restart::OnFailure => Self::OnFailure,
            Restart::Never => Self::Never,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AfterExit {
    Keep,
    Shutdown,
}

impl From<AfterExit> for OnExit {
    fn from(after: AfterExit) -> Self {
        match after {
            AfterExit::Keep => Self::Keep,
            AfterExit::Shutdown => Self::Shutdown,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Stamp {
    Short,
    Ms,
    Iso,
    Elapsed,
    None,
}

impl From<Stamp> for Timestamp {
    fn from(stamp: Stamp) -> Self {
        match stamp {
            Stamp::Short => Self::Short,
            Stamp::Ms => Self::Milliseconds,
            Stamp::Iso => Self::Iso,
            Stamp::Elapsed => Self::Elapsed,
            Stamp::None => Self::None,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

impl When {
    /// `auto`: what `by_itself` says.
    pub(crate) fn or(self, by_itself: bool) -> bool {
        match self {
            Self::Auto => by_itself,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

impl From<When> for Choice {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Self::Auto,
            When::Always => Self::Always,
            When::Never => Self::Never,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum EnvFormat {
    Text,
    Dotenv,
    Shell,
    Json,
}
