//! `guanxi branch`: the past of a run and another future.
//!
//! Every run begins with the state of the same run of another folder on a day. What was built
//! before that day, or has acted and does not act again, cannot be changed and is refused by
//! its name; everything else acts from that day on.

use crate::cli::failure::Failure;
use crate::cli::keeper::FOLDER;
use crate::cli::plan::Plan;
use crate::cli::run::{How, announce, run_from, show};
use crate::cli::screen::Screen;
use crate::cli::{Done, load, named};
use crate::model::checkpoint::{self, Checkpoint};
use crate::output::error::OutputError;
use crate::output::manifest::{Branch, Manifest};
use crate::output::read;
use crate::scenario::Scenario;
use crate::scenario::digest::differences;
use clap::Args;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Arguments of `branch`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A run folder with checkpoints, and the day to go on from, as in outputs/q@day=90. Days
    /// are counted from the first simulated one.
    #[arg(value_name = "DIR@day=N")]
    pub from: String,
    /// What is different from that day on.
    #[command(flatten)]
    pub sets: load::Sets,
    /// Folder of the results [default: DIR-dayN-DIGEST].
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Replace a run folder that is there.
    #[arg(long)]
    pub force: bool,
    /// How it runs.
    #[command(flatten)]
    pub how: How,
}

/// Tables of a scenario from which what is constant is built, and what of them acts every day.
const BUILT: &[&str] = &["population.", "network.", "market.", "start."];
const DAILY: &[&str] = &["market.marketing_budget_fen_per_consumer_day", "market.budget_of"];

/// Branches off.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let (parent, day) = place(&arguments.from)?;
    let manifest = named::run(&parent)?;
    let old = Plan::of_folder(&parent, &manifest, &[])?;
    let mut plan = Plan::of_folder(&parent, &manifest, &arguments.sets.sets)?;
    refuse(&old.scenario, &plan.scenario, day)?;
    plan.folder = arguments.output.clone().unwrap_or_else(|| {
        let name = parent.file_name().unwrap_or_default().to_string_lossy();
        parent.with_file_name(format!("{name}-day{day}-{}", &plan.digest[..8]))
    });
    let absolute = std::path::absolute(&parent).unwrap_or_else(|_| parent.clone());
    plan.origin.branch = Some(Branch {
        folder: absolute.to_string_lossy().into_owned(),
        scenario_digest: manifest.scenario_digest,
        day,
    });
    let place = |path: &Path| path.canonicalize().ok();
    if place(&parent).is_some() && place(&plan.folder) == place(&parent) {
        let shown = parent.display();
        let message =
            format!("a branch of `{shown}` cannot take its place; choose another --output");
        return Err(Failure::Usage(message));
    }
    let parents = parents(&plan)?;
    announce(&plan, arguments.how, screen)?;
    screen.tell(&format!("  from day {day} of {}", parent.display()));
    let ran = run_from(&plan, arguments.how, arguments.force, &parents, screen)?;
    show(&plan, &ran, screen);
    ran.ending()
}

/// The folder and the day of `DIR@day=N`.
fn place(from: &str) -> Result<(PathBuf, u16), Failure> {
    let parts = from.rsplit_once("@day=");
    let day = parts.and_then(|(_, day)| crate::cli::keeper::days(day).ok());
    match (parts, day) {
        (Some((folder, _)), Some(day)) => Ok((PathBuf::from(folder), day)),
        _ => Err(Failure::Usage(format!(
            "`{from}` does not say where to go on from; write DIR@day=90"
        ))),
    }
}

/// Refuses what was built before the day.
fn refuse(old: &Scenario, new: &Scenario, day: u16) -> Done {
    let mut names: Vec<String> = differences(old, new);
    names.retain(|name| {
        let built = BUILT.iter().any(|table| name.starts_with(table));
        built && !DAILY.contains(&name.as_str()) || name == "head.seed"
    });
    let arms = |scenario: &Scenario| -> BTreeSet<String> {
        let path = |arm: &crate::scenario::Arm, platform: &crate::scenario::Platform| match arm.name
            == platform.name
        {
            true => format!("arm.{}", arm.name),
            false => format!("arm.{}.platform.{}", arm.name, platform.name),
        };
        let arms = scenario.arms.iter();
        arms.flat_map(|arm| arm.platforms.iter().map(move |one| path(arm, one))).collect()
    };
    names.extend(arms(old).symmetric_difference(&arms(new)).cloned());
    if new.replicates > old.replicates {
        names.push("replicates".to_owned());
    }
    let end = new.days + new.start.burn_in_days;
    if end <= day {
        let message = format!("the run ends on day {end}: no future is left after day {day}");
        return Err(Failure::Inputs(message));
    }
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = names.iter().map(|name| name.trim_start_matches("head.")).collect();
    Err(Failure::Inputs(format!(
        "what was built before day {day} cannot be changed in a branch: {}",
        names.join(", ")
    )))
}

/// The checkpoints with which the runs of a branch begin, one a run; none where a plan is
/// no branch.
pub fn parents(plan: &Plan) -> Result<Vec<Checkpoint>, Failure> {
    let Some(Branch { folder, scenario_digest, day }) = &plan.origin.branch else {
        return Ok(Vec::new());
    };
    let folder = Path::new(folder);
    let shown = folder.display();
    let manifest: Manifest =
        read::manifest(folder).map_err(|error| Failure::Runtime(error.into()))?;
    if manifest.scenario_digest != *scenario_digest {
        let message = format!("`{shown}` is not the folder any more from which this branches off");
        return Err(Failure::Usage(message));
    }
    let listed = folder.join(FOLDER);
    let (all, others) = checkpoint::in_folder(&listed)
        .map_err(|source| Failure::from(OutputError::reading(&listed, source)))?;
    let days: BTreeSet<u16> = all.iter().map(|one| one.header().day).collect();
    let mut of_day: Vec<Checkpoint> = Vec::new();
    for one in all.into_iter().filter(|one| one.header().day == *day) {
        let is_own = one.header().scenario == *scenario_digest;
        of_day.extend(Some(one).filter(|_| is_own));
    }
    for replicate in 0..plan.scenario.replicates {
        for arm in &plan.scenario.arms {
            let is_it = |one: &Checkpoint| {
                (one.header().replicate, &one.header().arm) == (replicate, &arm.name)
            };
            if of_day.iter().any(is_it) {
                continue;
            }
            let damaged: String = others.iter().map(|error| format!("\n{error}")).collect();
            let days: Vec<String> = days.iter().map(u16::to_string).collect();
            let there = match days.is_empty() {
                true => "it has none; `guanxi run --checkpoint-every 30d` keeps them".to_owned(),
                false => format!("days with checkpoints: {}", days.join(", ")),
            };
            return Err(Failure::Usage(format!(
                "`{shown}` has no checkpoint of day {day} of arm `{}`, replicate {replicate}; \
                 {there}{damaged}",
                arm.name
            )));
        }
    }
    Ok(of_day)
}
