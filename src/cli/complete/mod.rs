//! `devrun complete`: what may stand at the cursor. The scripts of `devrun completions` ask it at each Tab and
//! know nothing themselves. It starts nothing, reads no env file, and is silent about whatever is wrong.

mod cursor;
mod line;
mod names;
mod offer;

use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::args::{Args, Complete, Shell};
use crate::cli::print;
use crate::load;

pub(super) fn run(args: &Complete) -> ExitCode {
    load::leave_pipes_alone();
    let words = match args.shell {
        Shell::Bash => line::words(args.words.first().map_or("", String::as_str)),
        Shell::Zsh | Shell::Fish => args.words.clone(),
    };
    let mut devrun = Args::command();
    devrun.build();
    let offer = offer::at(&cursor::find(&devrun, &words));
    print(offer.to_string().as_bytes())
}
