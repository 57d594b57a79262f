//! `guanxi graph`: what concerns networks alone.

use crate::cli::screen::Screen;
use crate::cli::{Done, inspect};
use clap::{Args, Subcommand};

/// Arguments of `graph`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs of `graph`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Describe the networks of edge lists and scenarios in numbers.
    Inspect(inspect::Arguments),
}

/// Does what the arguments say.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    match &arguments.verb {
        Verb::Inspect(arguments) => inspect::execute(arguments, screen),
    }
}
