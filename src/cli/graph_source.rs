//! Where the networks of `guanxi graph` come from: scenarios, edge lists, graph files.

use crate::cli::failure::Failure;
use crate::cli::screen::Screen;
use crate::cli::{Done, diagnostics, load, memory};
use crate::error::{BAD_NETWORK_FILE, Issue, Place, Source};
use crate::network::{ImportReport, Network, NetworkError, Parameters, written_bytes};
use crate::network::{load as read, nodes_in_file};
use crate::scenario::Scenario;
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::path::Path;
use std::sync::Arc;

/// What a row of an edge list means.
#[derive(Clone, Debug, Args)]
pub struct Direction {
    /// What a row `a b` of an edge list means; the same as --set network.direction=WORD.
    #[arg(long, value_name = "WORD", value_parser = PossibleValuesParser::new(words("direction")))]
    pub direction: Option<String>,
    /// The second of a row hears the first; the same as --direction influences.
    #[arg(long, conflicts_with = "direction")]
    pub directed: bool,
}

impl Direction {
    /// As an argument of `--set`.
    #[must_use]
    pub fn set(&self) -> Option<String> {
        let direction = if self.directed { Some("influences") } else { self.direction.as_deref() };
        direction.map(|word| format!("network.direction={word}"))
    }
}

/// The words of a parameter of the network, as it declares them.
#[must_use]
pub fn words(parameter: &str) -> Vec<&'static str> {
    let declared = Parameters::DECLARED.iter().find(|declared| declared.name == parameter);
    declared.map_or(Vec::new(), |declared| declared.choices.to_vec())
}

/// Threads to build with.
pub fn pool(threads: Option<u16>) -> Result<rayon::ThreadPool, Failure> {
    let pool = rayon::ThreadPoolBuilder::new();
    let pool = pool.num_threads(threads.map_or(0, usize::from)).build();
    pool.map_err(|error| Failure::Runtime(error.into()))
}

/// A scenario of which the network is asked for.
pub fn of_scenario(path: &Path, sets: &[String], screen: &Screen) -> Result<Scenario, Failure> {
    let checked = load::load(path, sets)?.checked;
    diagnostics::report(&checked.warnings, screen);
    Ok(checked.scenario)
}

/// All defaults.
pub fn of_defaults(sets: &[String]) -> Result<Scenario, Failure> {
    let defaults = load::check(Path::new("defaults"), b"[arm.defaults]\n", sets);
    Ok(defaults.map_err(Failure::Scenario)?.scenario)
}

/// All defaults with a path as the network's file.
pub fn of_file(path: &Path, sets: &[String]) -> Result<Scenario, Failure> {
    let mut scenario = of_defaults(sets)?;
    scenario.network.kind = "file".to_owned();
    scenario.network.file = path.to_string_lossy().into_owned();
    scenario.population.consumers = nodes_in_file(path).map_err(|error| failure(error, path))?;
    Ok(scenario)
}

/// The network of a scenario, and what was read where it is a file's.
pub fn made(
    scenario: &Scenario,
    replicate: u32,
) -> Result<(Network, Option<ImportReport>), Failure> {
    let path = Path::new(&scenario.network.file);
    let made = if scenario.network.kind == "file" {
        read(path, &scenario.network).map(|(network, report)| (network, Some(report)))
    } else {
        crate::model::generated(scenario, replicate).map(|network| (network, None))
    };
    made.map_err(|error| failure(error, path))
}

/// Refuses a network for which there is no room; `limit` counts instead of what is free.
pub fn refuse_if_too_large(scenario: &Scenario, limit: Option<u64>) -> Done {
    let needed = written_bytes(&scenario.network, scenario.population.consumers);
    match limit.or_else(memory::available) {
        Some(free) if needed > free => Err(Failure::Memory(format!(
            "the network needs {} of memory, but only {} is available",
            memory::amount(needed),
            memory::amount(free)
        ))),
        _ => Ok(()),
    }
}

/// A line that is no tie is shown where it stands in the edge list.
pub fn failure(error: NetworkError, path: &Path) -> Failure {
    let line = match &error {
        NetworkError::Unreadable { path, source } => {
            return Failure::Usage(format!("cannot read `{}`: {source}", path.display()));
        }
        NetworkError::Malformed { line, .. } => *line,
        NetworkError::Empty { .. } | NetworkError::OnlySelfLoops { .. } => 1,
        other => return Failure::Inputs(other.to_string()),
    };
    let bytes = std::fs::read(path).unwrap_or_default();
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').take(line as usize);
    let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
    let end = lines.last().map_or(0, |line| line.trim_end().len());
    let start = lines.iter().rev().skip(1).map(|line| line.len()).sum();
    let (rank, name) = (0, path.display().to_string());
    let source = Arc::new(Source { rank, name, text: lines.concat() });
    let place = Place { source, span: start..start + end };
    Failure::Scenario(vec![Issue::new(BAD_NETWORK_FILE, &place, error.to_string()).label("here")])
}
