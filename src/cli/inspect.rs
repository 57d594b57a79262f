//! `guanxi graph inspect`: a network in numbers, from an edge list or a scenario.

use crate::cli::failure::Failure;
use crate::cli::screen::{Screen, columns};
use crate::cli::{Done, diagnostics, load, memory};
use crate::error::{BAD_NETWORK_FILE, Issue, Place, Source};
use crate::network::portrait::{Degrees, Portrait, QUANTILES, SAMPLE};
use crate::network::{ImportReport, Network, NetworkError, Parameters, written_bytes};
use crate::network::{load as read, nodes_in_file};
use crate::scenario::Scenario;
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Arguments of `graph inspect`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Edge lists, and scenarios (files ending in .toml), whose network is built.
    #[arg(required = true, value_name = "FILE|SCENARIO")]
    pub sources: Vec<PathBuf>,
    /// What a row `a b` of an edge list means; the same as --set network.direction=WORD.
    #[arg(long, value_name = "WORD", value_parser = PossibleValuesParser::new(directions()))]
    pub direction: Option<String>,
    /// The second of a row hears the first; the same as --direction influences.
    #[arg(long, conflicts_with = "direction")]
    pub directed: bool,
    /// Values laid over the scenarios and over the defaults with which edge lists are read.
    #[command(flatten)]
    pub sets: load::Sets,
    /// Number of the replicate whose network is built from a scenario.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub replicate: u32,
    /// Threads to use [default: all processors].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// The words that say who hears whom, as the parameter declares them.
fn directions() -> Vec<&'static str> {
    let declared = Parameters::DECLARED.iter().find(|parameter| parameter.name == "direction");
    declared.map_or(Vec::new(), |parameter| parameter.choices.to_vec())
}

/// Describes all sources.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let pool = rayon::ThreadPoolBuilder::new();
    let pool = pool.num_threads(arguments.threads.map_or(0, usize::from)).build();
    let pool = pool.map_err(|error| Failure::Runtime(error.into()))?;
    let mut documents = Vec::new();
    for source in &arguments.sources {
        let seen = pool.install(|| Seen::new(source, arguments, screen))?;
        if screen.json {
            documents.push(seen.document());
        } else {
            screen.data(&seen.text());
        }
    }
    if screen.json {
        screen.document(&documents.into());
    }
    Ok(())
}

/// A network that was looked at.
struct Seen {
    source: String,
    kind: String,
    portrait: Portrait,
    import: Option<ImportReport>,
    seconds: f64,
}

impl Seen {
    #[expect(clippy::disallowed_methods, reason = "the time taken is told, and shapes no result")]
    fn new(path: &Path, arguments: &Arguments, screen: &Screen) -> Result<Self, Failure> {
        let scenario = scenario(path, arguments, screen)?;
        refuse_if_too_large(&scenario)?;
        let begun = Instant::now();
        let (network, import) = made(&scenario, arguments.replicate)
            .map_err(|error| failure(error, Path::new(&scenario.network.file)))?;
        let seconds = begun.elapsed().as_secs_f64();
        Ok(Self {
            source: path.display().to_string(),
            kind: scenario.network.kind.clone(),
            portrait: Portrait::of(&network),
            import,
            seconds,
        })
    }
}

/// The scenario of a path: its own, or all defaults with the path as the network's file.
fn scenario(path: &Path, arguments: &Arguments, screen: &Screen) -> Result<Scenario, Failure> {
    let mut sets = arguments.sets.sets.clone();
    let direction = if arguments.directed { Some("influences") } else { None };
    let direction = direction.or(arguments.direction.as_deref());
    sets.extend(direction.map(|word| format!("network.direction={word}")));
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("toml")) {
        let checked = load::load(path, &sets)?.checked;
        diagnostics::report(&checked.warnings, screen);
        return Ok(checked.scenario);
    }
    let defaults = load::check(Path::new("defaults"), b"[arm.defaults]\n", &sets);
    let mut scenario = defaults.map_err(Failure::Scenario)?.scenario;
    scenario.network.kind = "file".to_owned();
    scenario.network.file = path.to_string_lossy().into_owned();
    scenario.population.consumers = nodes_in_file(path).map_err(|error| failure(error, path))?;
    Ok(scenario)
}

fn made(
    scenario: &Scenario,
    replicate: u32,
) -> Result<(Network, Option<ImportReport>), NetworkError> {
    if scenario.network.kind == "file" {
        let (network, report) = read(Path::new(&scenario.network.file), &scenario.network)?;
        return Ok((network, Some(report)));
    }
    Ok((crate::model::generated(scenario, replicate)?, None))
}

fn refuse_if_too_large(scenario: &Scenario) -> Done {
    let needed = written_bytes(&scenario.network, scenario.population.consumers);
    match memory::available() {
        Some(free) if needed > free => Err(Failure::Memory(format!(
            "the network needs {} of memory, but only {} is available",
            memory::amount(needed),
            memory::amount(free)
        ))),
        _ => Ok(()),
    }
}

/// A line that is no tie is shown where it stands in the edge list.
fn failure(error: NetworkError, path: &Path) -> Failure {
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

impl Seen {
    /// What was seen, a line a number.
    fn text(&self) -> String {
        let p = &self.portrait;
        let mut rows = vec![
            row("kind", self.kind.clone()),
            row("nodes", p.nodes.to_string()),
            row("ties", format!("{} ({})", p.ties, self.mutuality())),
        ];
        rows.extend(self.import.as_ref().map(|report| row("rows dropped", dropped(report))));
        rows.extend(degree_rows("degree", &p.degrees));
        rows.extend(p.heard.iter().flat_map(|heard| degree_rows("degree (heard)", heard)));
        rows.push(row("power law of the tail", self.tail()));
        let note = match p.is_sampled {
            true => format!(" (estimated from {SAMPLE} pairs of friends each)"),
            false => String::new(),
        };
        let clustering = &p.clustering;
        let share = f64::from(p.largest) / f64::from(p.nodes.max(1));
        let strong = p.strong_share.map(|share| row("strong ties", percent(share)));
        rows.extend([
            row("clustering, global", format!("{:.4}{note}", clustering.global)),
            row("clustering, mean local", format!("{:.4}{note}", clustering.local)),
            row("components", format!("{}; the largest holds {}", p.components, percent(share))),
            row("reciprocity", format!("{:.4}", p.reciprocity)),
            row("degree assortativity", or_none(p.mixing.map(|r| format!("{r:.4}")))),
        ]);
        rows.extend(strong);
        rows.extend([
            row(
                "neighbourhoods",
                format!("{} of {} to {} people", p.neighbourhoods, p.sizes.0, p.sizes.1),
            ),
            row("ties inside them", percent(p.local_share)),
            row("people joined inside", percent(p.joined_share)),
            row("memory", memory::amount(p.bytes)),
            row("built in", format!("{:.2} s", self.seconds)),
        ]);
        format!("{}\n{}", self.source, columns(&rows))
    }

    fn mutuality(&self) -> &'static str {
        if self.portrait.reciprocity == 1.0 { "mutual" } else { "directed" }
    }

    fn tail(&self) -> String {
        let Some(tail) = &self.portrait.tail else { return "none".to_owned() };
        format!(
            "exponent {:.2} ± {:.2} from degree {} on ({} people, distance {:.3})",
            tail.exponent, tail.standard_error, tail.from, tail.people, tail.distance
        )
    }

    /// The same as JSON.
    fn document(&self) -> Value {
        let p = &self.portrait;
        json!({
            "source": self.source,
            "kind": self.kind,
            "nodes": p.nodes,
            "ties": p.ties,
            "mutual": p.reciprocity == 1.0,
            "self_loops_dropped": self.import.as_ref().map(|report| report.self_loops),
            "duplicates_dropped": self.import.as_ref().map(|report| report.duplicates),
            "weighted": self.import.as_ref().map(|report| report.weighted),
            "degree": degree_json(&p.degrees),
            "heard_degree": p.heard.as_ref().map(degree_json),
            "tail": p.tail.map(|tail| json!({
                "exponent": tail.exponent,
                "standard_error": tail.standard_error,
                "from_degree": tail.from,
                "people": tail.people,
                "distance": tail.distance,
            })),
            "clustering_global": p.clustering.global,
            "clustering_local": p.clustering.local,
            "clustering_sample": p.is_sampled.then_some(SAMPLE),
            "components": p.components,
            "largest_component": p.largest,
            "reciprocity": p.reciprocity,
            "degree_assortativity": p.mixing,
            "strong_share": p.strong_share,
            "neighbourhoods": p.neighbourhoods,
            "smallest_neighbourhood": p.sizes.0,
            "largest_neighbourhood": p.sizes.1,
            "local_share": p.local_share,
            "joined_share": p.joined_share,
            "bytes": p.bytes,
            "build_seconds": self.seconds,
        })
    }
}

fn row(name: &str, value: String) -> Vec<String> {
    vec![format!("  {name}"), value]
}

fn or_none(value: Option<String>) -> String {
    value.unwrap_or_else(|| "none: all degrees are equal".to_owned())
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn dropped(report: &ImportReport) -> String {
    let weights = if report.weighted { "; rows have weights" } else { "" };
    let ImportReport { self_loops, duplicates, .. } = report;
    format!("{self_loops} self-loops, {duplicates} repetitions{weights}")
}

fn degree_rows(name: &str, degrees: &Degrees) -> [Vec<String>; 2] {
    let [q10, q25, q50, q75, q90] = degrees.quantiles;
    let moments = format!("mean {:.2}, deviation {:.2}", degrees.mean, degrees.deviation);
    let Degrees { least, most, .. } = degrees;
    let quantiles =
        format!("{least} least, {q10} | {q25} | {q50} | {q75} | {q90} (10 to 90 %), {most} most");
    [row(name, moments), row("", quantiles)]
}

fn degree_json(degrees: &Degrees) -> Value {
    let shares = QUANTILES.iter().zip(degrees.quantiles);
    let quantiles: serde_json::Map<String, Value> =
        shares.map(|(share, degree)| (share.to_string(), degree.into())).collect();
    json!({
        "mean": degrees.mean,
        "sd": degrees.deviation,
        "min": degrees.least,
        "quantiles": quantiles,
        "max": degrees.most,
    })
}
