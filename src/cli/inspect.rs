//! `guanxi graph inspect`: a network in numbers, from an edge list, graph file or scenario.

use crate::cli::failure::Failure;
use crate::cli::graph_source::{self, Direction};
use crate::cli::screen::{Screen, columns};
use crate::cli::{Done, load, memory};
use crate::network::ImportReport;
use crate::network::graph_file::Origin;
use crate::network::portrait::{Degrees, Portrait, QUANTILES, SAMPLE};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Arguments of `graph inspect`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Edge lists, graph files, and scenarios (files ending in .toml), whose network is built.
    #[arg(required = true, value_name = "FILE|SCENARIO")]
    pub sources: Vec<PathBuf>,
    /// What a row of an edge list means.
    #[command(flatten)]
    pub direction: Direction,
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

/// Describes all sources.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let pool = graph_source::pool(arguments.threads)?;
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
    /// What the network of a graph file was made from.
    origin: Option<Origin>,
    seconds: f64,
}

impl Seen {
    #[expect(clippy::disallowed_methods, reason = "the time taken is told, and shapes no result")]
    fn new(path: &Path, arguments: &Arguments, screen: &Screen) -> Result<Self, Failure> {
        let mut sets = arguments.sets.sets.clone();
        sets.extend(arguments.direction.set());
        let scenario = match path.extension().is_some_and(|end| end.eq_ignore_ascii_case("toml")) {
            true => graph_source::of_scenario(path, &sets, screen)?,
            false => graph_source::of_file(path, &sets)?,
        };
        graph_source::refuse_if_too_large(&scenario, None)?;
        let begun = Instant::now();
        let (network, import) = graph_source::made(&scenario, arguments.replicate)?;
        let seconds = begun.elapsed().as_secs_f64();
        let origin = network.origin.as_deref().cloned();
        let parameters = origin.as_ref().map_or(&scenario.network, |origin| &origin.parameters);
        Ok(Self {
            source: path.display().to_string(),
            kind: parameters.kind.clone(),
            portrait: Portrait::of(&network),
            import: origin.as_ref().map_or(import, |origin| origin.import.clone()),
            origin,
            seconds,
        })
    }
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
        rows.extend(self.origin.as_ref().map(|origin| row("made from", made_from(origin))));
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
            row(
                if self.origin.is_some() { "opened in" } else { "built in" },
                format!("{:.2} s", self.seconds),
            ),
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
            "graph_file": self.origin.is_some(),
            "seed": self.origin.as_ref().filter(|origin| origin.import.is_none()).map(|o| o.seed),
            "replicate": self.origin.as_ref().filter(|o| o.import.is_none()).map(|o| o.replicate),
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

fn made_from(origin: &Origin) -> String {
    match &origin.import {
        Some(_) => format!("the edge list `{}`", origin.parameters.file),
        None => format!("seed {}, replicate {}", origin.seed, origin.replicate),
    }
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
