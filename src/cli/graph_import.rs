//! `guanxi graph import`: an edge list as a graph file.

use crate::cli::failure::Failure;
use crate::cli::graph_save::{Made, Shown, Target};
use crate::cli::graph_source::{self, Direction};
use crate::cli::run::How;
use crate::cli::screen::Screen;
use crate::cli::{Done, load};
use crate::network::graph_file::{Origin, is_graph_file};
use clap::Args;
use std::path::PathBuf;
use std::time::Instant;

/// Arguments of `graph import`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The edge list.
    #[arg(value_name = "EDGELIST")]
    pub file: PathBuf,
    /// What a row means.
    #[command(flatten)]
    pub direction: Direction,
    /// Values with which it is read, such as network.strong_share=0.3.
    #[command(flatten)]
    pub sets: load::Sets,
    /// Where it is written.
    #[command(flatten)]
    pub target: Target,
    /// How it is read; nothing of it changes the network.
    #[command(flatten)]
    pub how: How,
}

/// Reads the list and writes it.
#[expect(clippy::disallowed_methods, reason = "the time taken is told, and shapes no result")]
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let path = &arguments.file;
    if is_graph_file(path) {
        let message = format!("`{}` is a graph file already", path.display());
        return Err(Failure::Usage(message));
    }
    let mut sets = arguments.sets.sets.clone();
    sets.extend(arguments.direction.set());
    arguments.target.check()?;
    let what = format!("reading `{}`", path.display());
    let pool = graph_source::pool(arguments.how.threads)?;
    let shown = Shown::building(arguments.how.progress, screen, &what);
    pool.install(|| {
        let begun = Instant::now();
        let scenario = graph_source::of_file(path, &sets)?;
        graph_source::refuse_if_too_large(&scenario, arguments.how.memory_limit)?;
        let (network, report) = graph_source::made(&scenario, 0)?;
        drop(shown);
        let seconds = begun.elapsed().as_secs_f64();
        let report = report.ok_or_else(|| Failure::Inputs("nothing was read".to_owned()))?;
        let origin = Origin::imported(&scenario.network, report);
        arguments.target.save(&Made { network, origin, seconds }, arguments.how.progress, screen)
    })
}
