//! `guanxi verify`: whether a folder of runs holds what it says. Files against their digests,
//! tables against each other, and a few runs against themselves, run again.

use crate::cli::failure::Failure;
use crate::cli::keeper::FOLDER;
use crate::cli::plan::Plan;
use crate::cli::run::How;
use crate::cli::screen::{Screen, counted};
use crate::cli::verify_rows::Run;
use crate::cli::{Done, branch, named, sweep};
use crate::engine::course::Course;
use crate::model;
use crate::model::checkpoint::{self, Checkpoint};
use crate::observer::RunRecord;
use crate::output::declared::RunKey;
use crate::output::error::OutputError;
use crate::output::manifest::{Manifest, RunCounts, Status, tables_digest};
use crate::output::read::{self, Mismatch};
use crate::output::{derived, recount};
use crate::scenario::Arm;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run folder, or the folder of a sweep.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Runs (arm and replicate; of a sweep point and replicate) that are run again.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub runs: usize,
    /// How they are run.
    #[command(flatten)]
    pub how: How,
}

/// Findings that are shown; more are only counted.
const SHOWN: usize = 20;

/// Verifies a folder.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let folder = &arguments.folder;
    let failed = |error: OutputError| Failure::Runtime(error.into());
    if let Some(found) = named::sweep(folder)? {
        return sweep::verify::execute(&found, arguments, screen);
    }
    let manifest = named::run(folder)?;
    let mut findings: Vec<String> =
        read::verify_digests(folder).map_err(failed)?.iter().map(told).collect();
    screen.tell(&format!("{} have their digests", counted(manifest.files.len() as u64, "file")));
    findings.extend(checkpoints(folder)?);
    // What is damaged would only be found again in other words.
    if findings.is_empty() {
        findings.extend(statements(folder, &manifest)?);
        findings.extend(recount::disagreements(folder).map_err(failed)?);
        screen.tell("ledger, funnel, days and metrics agree with each other");
    }
    let mut again = Vec::new();
    if findings.is_empty() && arguments.runs > 0 {
        let pool = arguments.how.pool()?;
        again = pool.install(|| rerun(folder, &manifest, arguments.runs, &mut findings, screen))?;
    }
    show(folder, &findings, &again, screen);
    ending(folder, &findings)
}

/// What is wrong with the checkpoints that a folder keeps.
fn checkpoints(folder: &Path) -> Result<Vec<String>, Failure> {
    let kept = folder.join(FOLDER);
    let found = checkpoint::in_folder(&kept);
    let (_, damaged) = found.map_err(|source| OutputError::reading(&kept, source))?;
    Ok(damaged.iter().map(ToString::to_string).collect())
}

/// What a manifest says otherwise than its scenario, its files and its tables.
fn statements(folder: &Path, manifest: &Manifest) -> Result<Vec<String>, Failure> {
    let plan = Plan::of_folder(folder, manifest, &[])?;
    let planned = Manifest::planned(&plan.meta(manifest.machine.threads));
    let measured = read::read_metrics(folder).map_err(|error| Failure::Runtime(error.into()))?;
    let complete = measured.runs.iter().filter(|run| run.complete).count();
    let interrupted = measured.runs.len() - complete;
    let runs = RunCounts { complete, interrupted, ..planned.runs.clone() };
    let is_whole = complete == runs.planned;
    let status = if is_whole { Status::Complete } else { Status::Interrupted };
    let expected = Manifest {
        status,
        runs,
        tables_digest: Some(tables_digest(&manifest.files)),
        engine_version: manifest.engine_version.clone(),
        command: manifest.command.clone(),
        origin: manifest.origin.clone(),
        machine: manifest.machine.clone(),
        files: manifest.files.clone(),
        ..planned
    };
    let mut findings = differences(manifest, &expected);
    if findings.is_empty() {
        findings = derived::disagreements(folder, &measured)
            .map_err(|error| Failure::Runtime(error.into()))?;
    }
    Ok(findings)
}

/// The statements in which two manifests differ.
fn differences(said: &Manifest, expected: &Manifest) -> Vec<String> {
    let fields = |one: &Manifest| serde_json::to_value(one).unwrap_or_default();
    let (said, expected) = (fields(said), fields(expected));
    let all = expected.as_object().into_iter().flatten();
    all.filter(|(name, value)| said.get(name) != Some(value))
        .map(|(name, value)| {
            let other = said.get(name).cloned().unwrap_or_default();
            format!("manifest.json: {name} is {other}, and {value} by the files")
        })
        .collect()
}

/// Findings are told by the exit code.
pub fn ending(folder: &Path, findings: &[String]) -> Done {
    if findings.is_empty() {
        return Ok(());
    }
    let n = counted(findings.len() as u64, "disagreement");
    Err(Failure::Verification(format!("`{}` does not hold what it says: {n}", folder.display())))
}

/// A mismatch in words.
pub fn told(mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::Missing(name) => format!("{name} is missing"),
        Mismatch::Changed(name) => format!("{name} has other bytes than when it was written"),
        Mismatch::Unlisted(name) => format!("{name} is not in the manifest"),
    }
}

/// What was found, and what was run again.
pub fn show(folder: &Path, findings: &[String], again: &[String], screen: &Screen) {
    if screen.json {
        return screen.document(&json!({
            "folder": folder.display().to_string(),
            "verified": findings.is_empty(),
            "runs_again": again,
            "findings": findings,
        }));
    }
    findings.iter().take(SHOWN).for_each(|finding| screen.data(finding));
    if findings.len() > SHOWN {
        screen.data(&format!("… and {} more", findings.len() - SHOWN));
    }
    if findings.is_empty() {
        let n = counted(again.len() as u64, "run");
        screen.data(&format!("verified: {}, {n} again with the same bytes", folder.display()));
    }
}

/// Runs a few runs again, the first, the last and some between, and compares their rows;
/// returns their names.
fn rerun(
    folder: &Path,
    manifest: &Manifest,
    n: usize,
    findings: &mut Vec<String>,
    screen: &Screen,
) -> Result<Vec<String>, Failure> {
    let plan = Plan::of_folder(folder, manifest, &[])?;
    let parents = branch::parents(&plan)?;
    let complete = read::read_metrics(folder).map_err(|error| Failure::Runtime(error.into()))?;
    let is_complete = |replicate: u32, arm: &Arm| {
        let mut own = complete.runs.iter().filter(|run| {
            (run.key.replicate, &run.key.arm) == (replicate, &arm.name) && run.complete
        });
        own.next().is_some()
    };
    let arms = |replicate| plan.scenario.arms.iter().map(move |arm| (replicate, arm));
    let mut all: Vec<(u32, &Arm)> = (0..plan.scenario.replicates).flat_map(arms).collect();
    all.retain(|(replicate, arm)| is_complete(*replicate, arm));
    let n = n.min(all.len());
    let chosen: Vec<_> = (0..n).map(|k| all[k * (all.len() - 1) / (n - 1).max(1)]).collect();
    let imported = model::imported(&plan.scenario).map_err(|e| Failure::Inputs(e.to_string()))?;
    let mut names = Vec::new();
    for (replicate, arm) in chosen {
        screen.tell(&format!("running again: {}, replicate {}", arm.name, replicate + 1));
        let env = model::environment(&plan.scenario, replicate, imported.as_ref());
        let env = Arc::new(env.map_err(|error| Failure::Inputs(error.to_string()))?);
        let mut course = Course::new(arm, &env, replicate);
        let of_run = |one: &&Checkpoint| {
            (one.header().replicate, &one.header().arm) == (replicate, &arm.name)
        };
        if let Some(parent) = parents.iter().find(of_run) {
            parent.restore(&mut |io| course.columns(io))?;
        }
        while !course.is_complete() {
            course.step()?;
        }
        for record in course.finish() {
            names.push(key_of(&record).run_id());
            let key = key_of(&record);
            let keys = key.cells(&manifest.scenario);
            let run = Run { id: key.run_id(), key, keys, record: &record };
            run.compare(folder, &complete.metrics, findings)?;
        }
    }
    Ok(names)
}

/// The key of a run.
pub fn key_of(record: &RunRecord) -> RunKey {
    RunKey {
        arm: record.arm.clone(),
        platform: record.platform.clone(),
        replicate: record.replicate,
    }
}
