//! `guanxi graph`: what concerns networks alone.

use crate::cli::screen::Screen;
use crate::cli::{Done, graph_generate, graph_import, inspect};
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
    /// Write the network of a scenario to a graph file, to be used by many runs.
    Generate(graph_generate::Arguments),
    /// Turn an edge list into a graph file.
    Import(graph_import::Arguments),
    /// Describe the networks of edge lists, graph files and scenarios in numbers.
    Inspect(inspect::Arguments),
}

/// Does what the arguments say.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    match &arguments.verb {
        Verb::Generate(arguments) => graph_generate::execute(arguments, screen),
        Verb::Import(arguments) => graph_import::execute(arguments, screen),
        Verb::Inspect(arguments) => inspect::execute(arguments, screen),
    }
}
