//! `guanxi verify` of a sweep: digests, tables against each other, and a few points again.

use crate::cli::failure::Failure;
use crate::cli::screen::{Screen, counted};
use crate::cli::verify::{Arguments, ending, key_of, show, told};
use crate::cli::verify_rows::Run;
use crate::cli::{Done, load};
use crate::engine::experiment::{self, Progress};
use crate::model;
use crate::output::comparison::MetricName;
use crate::output::declared::Declared;
use crate::output::error::OutputError;
use crate::output::manifest::tables_digest;
use crate::output::sweep::manifest::Counts;
use crate::output::sweep::merge::Found;
use crate::output::sweep::plan::SweepKey;
use crate::output::{read, recount};
use crate::scenario::Scenario;
use crate::scenario::design::{Piece, Points};
use crate::scenario::digest::RESULTS_EPOCH;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// Verifies a sweep, or a shard of one.
///
/// # Errors
/// Where it is not finished, cannot be read, or does not hold what it says.
pub fn execute(found: &Found, arguments: &Arguments, screen: &Screen) -> Done {
    let folder = &found.path;
    finished(found)?;
    let failed = |error: OutputError| Failure::Runtime(error.into());
    let files = &found.manifest.files;
    let mut findings: Vec<String> =
        read::mismatches(folder, files).map_err(failed)?.iter().map(told).collect();
    screen.tell(&format!("{} have their digests", counted(files.len() as u64, "file")));
    if found.damaged > 0 {
        findings
            .push(format!("{} of runs.journal", counted(found.damaged as u64, "damaged record")));
    }
    // What is damaged would only be found again in other words.
    if findings.is_empty() {
        findings.extend(statements(found));
        findings.extend(recount::disagreements(folder).map_err(failed)?);
        screen.tell("ledger, funnel, days and metrics agree with each other");
    }
    let mut again = Vec::new();
    if findings.is_empty() && arguments.runs > 0 {
        let pool = arguments.how.pool()?;
        again = pool.install(|| rerun(found, arguments.runs, &mut findings, screen))?;
    }
    show(folder, &findings, &again, screen);
    ending(folder, &findings)
}

/// What a manifest says otherwise than the plan and the files.
fn statements(found: &Found) -> Vec<String> {
    let (plan, said) = (&found.plan, &found.manifest);
    let agree = [
        ("scenario", said.scenario == plan.scenario),
        ("results_epoch", said.results_epoch == plan.results_epoch),
        ("design", said.design == plan.design),
        ("points", said.points == plan.points.len()),
        ("tables_digest", said.tables_digest == Some(tables_digest(&said.files))),
    ];
    let others = agree.iter().filter(|(_, agrees)| !agrees);
    others.map(|(name, _)| format!("manifest.json: {name} is not that of plan and files")).collect()
}

/// Refuses a sweep of which runs are missing, and says how it is gone on with.
fn finished(found: &Found) -> Done {
    let Counts { planned, missing, .. } = found.counts();
    if missing == 0 && found.manifest.tables_digest.is_some() {
        return Ok(());
    }
    let command = found.manifest.command.as_deref().unwrap_or("guanxi sweep");
    Err(Failure::Usage(format!(
        "`{}` is not finished: {missing} of {} are missing\ngo on with: {command}",
        found.path.display(),
        counted(planned as u64, "run"),
    )))
}

/// Nobody watches.
struct Silent;

impl Progress for Silent {
    fn building(&self, _replicate: u32) {}
    fn day_done(&self, _replicate: u32, _arm: &str, _day: u16, _consumers: u32) {}
}

/// Runs a few pieces again, the first, the last and some between, and compares their rows;
/// returns the names of their runs.
fn rerun(
    found: &Found,
    n: usize,
    findings: &mut Vec<String>,
    screen: &Screen,
) -> Result<Vec<String>, Failure> {
    let mut all = found.plan.pieces_of(found.shard);
    let is_failed =
        |piece: &Piece| found.done.get(piece).is_some_and(|entry| entry.record.failed.is_some());
    all.retain(|piece| !is_failed(piece));
    let n = n.min(all.len());
    let metrics: Vec<MetricName> = Declared::REGISTRY.metrics.iter().map(Into::into).collect();
    let mut names = Vec::new();
    for k in 0..n {
        let piece = all[k * (all.len() - 1) / (n - 1).max(1)];
        let Piece { point, replicate } = piece;
        screen.tell(&format!("running again: p{point:04}, replicate {}", replicate + 1));
        let scenario = scenario(found, point)?;
        let imported = model::imported(&scenario).map_err(|e| Failure::Inputs(e.to_string()))?;
        let mut records = Vec::new();
        let never = AtomicBool::new(false);
        let mut sink = |record| records.push(record);
        let network = imported.as_ref();
        experiment::run_replicate(&scenario, replicate, network, (&never, &Silent), &mut sink)?;
        for record in &records {
            let key = SweepKey { point, run: key_of(record) };
            let (id, keys) = (key.run_id(), key.cells(&found.plan.scenario));
            names.push(id.clone());
            Run { id, key: key.run, keys, record }.compare(&found.path, &metrics, findings)?;
        }
    }
    Ok(names)
}

/// The scenario of a point, as it was when the sweep was planned.
fn scenario(found: &Found, point: u32) -> Result<Scenario, Failure> {
    let (plan, shown) = (&found.plan, found.path.display());
    if plan.results_epoch != RESULTS_EPOCH {
        let epoch = plan.results_epoch;
        return Err(Failure::Usage(format!(
            "`{shown}` was run in results epoch {epoch}; this version computes in epoch \
             {RESULTS_EPOCH}, and runs come out otherwise"
        )));
    }
    let stored = found.path.join("scenario.toml");
    let file = found.manifest.scenario_file.as_ref().map_or(stored.as_path(), Path::new);
    let points = Points {
        keys: plan.varied.iter().map(|varied| varied.key.clone()).collect(),
        rows: plan.points.iter().map(|point| point.values.clone()).collect(),
    };
    let sets = [&plan.design.set[..], &points.sets(point as usize)].concat();
    let checked = load::check(file, &load::bytes(&stored)?, &sets).map_err(Failure::Scenario)?;
    if load::digest(&checked.scenario, &mut load::Digests::new())?
        != plan.points[point as usize].digest
    {
        return Err(Failure::Usage(format!(
            "point {point} of `{shown}` resolves to other values now, or reads other files: it was \
             run by another version, or from another folder"
        )));
    }
    Ok(checked.scenario)
}
