//! `guanxi resume`: go on with a run that was stopped or killed, from what is whole.

use crate::cli::failure::Failure;
use crate::cli::forms::Tables;
use crate::cli::interrupt::Interrupt;
use crate::cli::keeper::{FOLDER, Keeper, Which};
use crate::cli::plan::Plan;
use crate::cli::run::{How, announce, go_on, show};
use crate::cli::screen::{Screen, counted};
use crate::cli::{Done, branch, named};
use crate::model::checkpoint::{self, Checkpoint, CheckpointError};
use crate::output::error::OutputError;
use crate::output::manifest::{Manifest, Origin, Status};
use crate::output::read;
use crate::output::run_folder::RunFolder;
use crate::output::run_folder::reopen::Unfinished;
use clap::Args;
use std::path::{Path, PathBuf};

/// Arguments of `resume`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The run folder, as it is or would have been called, or what a killed run left of it.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// How it runs; checkpoints are written as before unless this says more.
    #[command(flatten)]
    pub how: How,
}

/// Goes on with a run.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let unfinished = most_advanced(&arguments.folder, screen)?;
    let manifest = &unfinished.manifest;
    let force = manifest.origin.as_ref().is_some_and(|origin| origin.force);
    if unfinished.is_temporary() && manifest.status == Status::Complete {
        RunFolder::place(&unfinished, force)?;
        screen.data(&format!("results: {}", unfinished.target.display()));
        return Ok(());
    }
    let mut plan = Plan::of_folder(&unfinished.folder, manifest, &[])?;
    plan.folder.clone_from(&unfinished.target);
    let how = as_before(arguments.how, &plan.origin);
    let pool = how.pool()?;
    let parents = branch::parents(&plan)?;
    announce(&plan, how, screen)?;
    let interrupt = Interrupt::listen(*screen).map_err(|error| Failure::Runtime(error.into()))?;
    let mut meta = plan.meta(pool.current_num_threads());
    meta.command.clone_from(&manifest.command);
    let folder = RunFolder::reopen(&unfinished, force, meta)?;
    let mut keeper = Keeper::new(&plan, how, folder.partial(), &interrupt);
    keeper.done = finished(&plan, &folder);
    keeper.known = whole(&folder.partial().join(FOLDER), screen)?;
    keeper.parents = &parents;
    screen.tell(&format!("  going on: {}", counted(keeper.done.len() as u64, "finished run")));
    let ran = go_on((&plan, &pool), how, folder, (keeper, None), screen)?;
    show(&plan, &ran, screen);
    ran.ending()
}

/// Checkpoints as they were asked for the first time, unless more is said now.
fn as_before(mut how: How, origin: &Origin) -> How {
    how.checkpoint_every = how.checkpoint_every.or(origin.checkpoint_days);
    if origin.only_last {
        how.checkpoint_keep = Which::Last;
    }
    if origin.parquet {
        how.wanted.tables = Tables::Both;
    }
    how.wanted.csv_excel |= origin.excel;
    how
}

/// Of what is unfinished under a name, that which has come farthest. What another run left
/// under the same name is not taken for it.
fn most_advanced(folder: &Path, screen: &Screen) -> Result<Unfinished, Failure> {
    let found = Unfinished::find(folder)?;
    let there = read::manifest(folder);
    let is_named = |one: &Unfinished| one.folder == folder;
    if found.is_empty() || there.as_ref().is_ok_and(|one| one.status == Status::Complete) {
        return match found.into_iter().find(is_named) {
            Some(named) => Ok(named),
            None => Err(nothing(folder, there)),
        };
    }
    let digest = |one: &Unfinished| one.manifest.scenario_digest.clone();
    let wanted = there.map_or_else(|_| digest(&found[0]), |one| one.scenario_digest);
    let (own, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| digest(one) == wanted);
    if !own.iter().any(is_named) && !others.is_empty() {
        let all: Vec<String> = left(own.iter().chain(&others));
        return Err(Failure::Usage(format!(
            "several runs were left under the name `{}`; name the one to go on with\n{}",
            folder.display(),
            all.join("\n")
        )));
    }
    for one in left(others.iter()) {
        screen.complain(&format!("warning: another run was left there and stays: {one}"));
    }
    own.into_iter().max_by_key(rank).ok_or_else(|| nothing(folder, read::manifest(folder)))
}

/// How far a run has come.
fn rank(one: &Unfinished) -> (bool, usize, u64) {
    let known = checkpoint::in_folder(&one.folder.join(FOLDER)).map(|found| found.0);
    let days = known.unwrap_or_default().iter().map(|one| u64::from(one.header().day)).sum();
    (one.manifest.status == Status::Complete, one.n_arrived(), days)
}

/// Folders that were left, each as the command that goes on with it.
fn left<'a>(all: impl Iterator<Item = &'a Unfinished>) -> Vec<String> {
    all.map(|one| format!("guanxi resume {}", one.folder.display())).collect()
}

/// Why there is nothing to go on with.
fn nothing(folder: &Path, there: Result<Manifest, OutputError>) -> Failure {
    let shown = folder.display();
    if let Ok(Some(found)) = named::sweep(folder) {
        let command = found.manifest.command.as_deref().unwrap_or("guanxi sweep");
        return Failure::Usage(format!(
            "`{shown}` is a sweep: the command that began it goes on with it\n{command}"
        ));
    }
    let killed = left(Unfinished::find(folder).unwrap_or_default().iter());
    let killed: String =
        killed.iter().map(|one| format!("\nwhat a killed run left: {one}")).collect();
    Failure::Usage(match there {
        Ok(Manifest { status: Status::Complete, .. }) => {
            format!("`{shown}` is complete: there is nothing to go on with{killed}")
        }
        Err(error) if folder.join("manifest.json").exists() => error.to_string(),
        _ => format!("there is no unfinished run `{shown}`{killed}"),
    })
}

/// Arms of replicates all of whose platforms' runs are there.
fn finished(plan: &Plan, folder: &RunFolder) -> std::collections::BTreeSet<(u32, String)> {
    let arrived: Vec<_> = folder.arrived().collect();
    let mut done = std::collections::BTreeSet::new();
    for replicate in 0..plan.scenario.replicates {
        for arm in &plan.scenario.arms {
            let is_there = |platform: &crate::scenario::Platform| {
                arrived.iter().any(|key| {
                    (key.replicate, &key.arm, &key.platform)
                        == (replicate, &arm.name, &platform.name)
                })
            };
            if arm.platforms.iter().all(is_there) {
                done.insert((replicate, arm.name.clone()));
            }
        }
    }
    done
}

/// The checkpoints of a folder that are whole; what is wrong with the others is told.
pub fn whole(folder: &Path, screen: &Screen) -> Result<Vec<Checkpoint>, Failure> {
    let found = checkpoint::in_folder(folder);
    let (whole, others): (Vec<Checkpoint>, Vec<CheckpointError>) =
        found.map_err(|source| OutputError::reading(folder, source))?;
    for error in others {
        screen.complain(&format!("warning: {error}; it is left out"));
    }
    Ok(whole)
}
