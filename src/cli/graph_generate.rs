//! `guanxi graph generate`: the network of a scenario as a graph file.

use crate::cli::failure::Failure;
use crate::cli::graph_save::{Made, Shown, Target};
use crate::cli::graph_source;
use crate::cli::run::How;
use crate::cli::screen::{Screen, counted};
use crate::cli::{Done, load};
use crate::network::graph_file::Origin;
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::path::PathBuf;
use std::time::Instant;

/// Arguments of `graph generate`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The scenario whose network is written [default: all defaults].
    #[arg(value_name = "SCENARIO")]
    pub scenario: Option<PathBuf>,
    /// Kind of network; the same as --set network.kind=KIND.
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(kinds()))]
    pub kind: Option<String>,
    /// Number of consumers; the same as --set population.consumers=N.
    #[arg(long, value_name = "N")]
    pub consumers: Option<String>,
    /// Seed of all draws; the same as --set seed=N.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Number of the replicate whose network is written.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub replicate: u32,
    /// Values laid over the scenario, such as network.mean_degree=20.
    #[command(flatten)]
    pub sets: load::Sets,
    /// Where it is written.
    #[command(flatten)]
    pub target: Target,
    /// How it is built; nothing of it changes the network.
    #[command(flatten)]
    pub how: How,
}

/// Kinds that are generated.
fn kinds() -> Vec<&'static str> {
    let mut kinds = graph_source::words("kind");
    kinds.retain(|kind| *kind != "file");
    kinds
}

/// Builds the network and writes it.
#[expect(clippy::disallowed_methods, reason = "the time taken is told, and shapes no result")]
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let mut sets = arguments.sets.sets.clone();
    sets.extend(arguments.kind.as_ref().map(|kind| format!("network.kind={kind}")));
    sets.extend(arguments.consumers.as_ref().map(|n| format!("population.consumers={n}")));
    sets.extend(arguments.seed.map(|seed| format!("seed={seed}")));
    let scenario = match &arguments.scenario {
        Some(path) => graph_source::of_scenario(path, &sets, screen)?,
        None => graph_source::of_defaults(&sets)?,
    };
    if scenario.network.kind == "file" {
        let message = "the scenario's network is a file: `guanxi graph import` turns it into a \
                       graph file, --kind chooses a network to generate";
        return Err(Failure::Usage(message.to_owned()));
    }
    arguments.target.check()?;
    graph_source::refuse_if_too_large(&scenario, arguments.how.memory_limit)?;
    let consumers = counted(u64::from(scenario.population.consumers), "consumer");
    let what = format!("building the {} network of {consumers}", scenario.network.kind);
    let pool = graph_source::pool(arguments.how.threads)?;
    let shown = Shown::building(arguments.how.progress, screen, &what);
    pool.install(|| {
        let begun = Instant::now();
        let (network, _) = graph_source::made(&scenario, arguments.replicate)?;
        drop(shown);
        let seconds = begun.elapsed().as_secs_f64();
        let origin = Origin::generated(&scenario.network, scenario.seed, arguments.replicate);
        let made = Made { network, origin, seconds };
        arguments.target.save(&made, arguments.how.progress, screen)
    })
}
