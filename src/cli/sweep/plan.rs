//! `guanxi plan`: the points of a sweep, or a script that runs its shards on many machines.

use crate::cli::Done;
use crate::cli::screen::{Screen, columns, counted};
use crate::cli::sweep::planning::{Prepared, Space, prepare};
use crate::cli::sweep::script::{self, Script};
use crate::cli::{memory, sweep};
use crate::output::sweep::plan::{Point, Shard, bare};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What is swept.
    #[command(flatten)]
    pub space: Space,
    /// Folder of the results, as for `sweep`.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Print a script that runs the shards, instead of the points.
    #[arg(long, value_enum, value_name = "KIND")]
    pub script: Option<Script>,
    /// Number of shards in the script.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub shards: u32,
}

/// Prints the plan.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let prepared = prepare(&arguments.space, screen)?;
    let whole = sweep::default_folder(&prepared.plan, Shard::WHOLE);
    let folder = arguments.output.clone().unwrap_or(whole);
    screen.tell(&summary(&prepared));
    if let Some(kind) = arguments.script {
        let bytes = prepared.largest.1.total_bytes();
        let name = &prepared.plan.scenario;
        let job = script::Job { name, space: &arguments.space, folder: &folder, bytes };
        screen.data(&job.script(kind, arguments.shards));
    } else if screen.json {
        screen.document(&document(&prepared));
    } else {
        screen.data(&list(&prepared));
    }
    Ok(())
}

fn summary(prepared: &Prepared) -> String {
    let plan = &prepared.plan;
    let pieces = plan.pieces();
    let runs: usize = pieces.iter().map(|piece| plan.runs(*piece).len()).sum();
    let days: u64 =
        pieces.iter().map(|piece| prepared.sizes[piece.point as usize].consumer_days).sum();
    format!(
        "{}, plan {}: {}, {}, {}, {:.3e} consumer-days, memory {} a world at most",
        plan.scenario,
        &plan.digest()[..8],
        counted(plan.points.len() as u64, "point"),
        counted(pieces.len() as u64, "replicate"),
        counted(runs as u64, "run"),
        days as f64,
        memory::amount(prepared.largest.1.total_bytes()),
    )
}

fn cells(point: &Point) -> impl Iterator<Item = &str> {
    point.values.iter().map(|value| value.as_deref().map_or("", bare))
}

fn list(prepared: &Prepared) -> String {
    let plan = &prepared.plan;
    let mut header = vec!["point".to_owned()];
    header.extend(plan.varied.iter().map(|varied| varied.key.clone()));
    header.extend(["replicates", "digest"].map(str::to_owned));
    let row = |(index, point): (usize, &Point)| {
        let mut row = vec![format!("p{index:04}")];
        row.extend(cells(point).map(str::to_owned));
        row.extend([point.replicates.to_string(), point.digest[..8].to_owned()]);
        row
    };
    let rows = plan.points.iter().enumerate().map(row);
    columns(&std::iter::once(header).chain(rows).collect::<Vec<_>>())
}

fn document(prepared: &Prepared) -> serde_json::Value {
    let plan = &prepared.plan;
    let point = |(index, point): (usize, &Point)| {
        json!({
            "point": index,
            "values": point.values,
            "digest": point.digest,
            "seed": point.seed,
            "days": point.days,
            "replicates": point.replicates,
        })
    };
    json!({
        "scenario": plan.scenario,
        "plan": plan.digest(),
        "varied": plan.varied.iter().map(|varied| varied.key.clone()).collect::<Vec<_>>(),
        "points": plan.points.iter().enumerate().map(point).collect::<Vec<_>>(),
    })
}
