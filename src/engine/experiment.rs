//! An experiment: every arm of a scenario in every replicate.
//!
//! Replicates run one after the other, and within a replicate the arms; each uses all
//! threads inside. Population, network and merchants are drawn once a replicate.

use super::beats::Beats;
use super::course::Course;
use super::ranks;
use super::step::Day;
use crate::exchange::link::Link;
use crate::mechanism::world::{Environment, MAX_PLATFORMS, World};
use crate::model::checkpoint::CheckpointError;
use crate::model::{self, estimate::Estimate};
use crate::network::{Network, NetworkError, nodes_in_file};
use crate::observer::RunRecord;
use crate::scenario::{self, Scenario};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Told of progress while an experiment runs; called from the running thread.
pub trait Progress: Sync {
    /// A replicate's world is being built.
    fn building(&self, replicate: u32);
    /// An arm is built and about to step its first day.
    fn arm_built(&self, _replicate: u32, _arm: &str) {}
    /// A day of one arm is done.
    fn day_done(&self, replicate: u32, arm: &str, day: u16, consumers: u32);
    /// What a day brought on each platform of an arm; days are counted from 1, burn-in included.
    fn figures(&self, _replicate: u32, _arm: &str, _day: u16, _figures: &[Figures<'_>]) {}
    /// An arm has ended; where its time went.
    fn arm_done(&self, _replicate: u32, _arm: &str, _beats: &Beats) {}
}

/// What one day brought on one platform, for whoever watches.
#[derive(Clone, Copy, Debug)]
pub struct Figures<'a> {
    /// Name of the platform.
    pub platform: &'a str,
    /// Members in the evening.
    pub members: u64,
    /// Orders granted.
    pub orders: u64,
    /// Their price.
    pub gmv_fen: i64,
}

/// The figures of a day, by platform.
fn figures<'a>(world: &'a World, day: &Day) -> Vec<Figures<'a>> {
    let of = |(platform, book): (&'a crate::market::platform::Platform, &super::step::DayBook)| {
        Figures {
            platform: &platform.name,
            members: platform.n_live,
            orders: book.tally.over_channels(|channel| channel.ordered as i64) as u64,
            gmv_fen: book.tally.over_channels(|channel| channel.ordered_fen),
        }
    };
    world.platforms.iter().zip(&day.books).map(of).collect()
}

/// How an experiment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// Every run is complete.
    Complete,
    /// `stop` was raised: the last record may have fewer days, further runs are missing.
    Interrupted,
}

/// What keeps an experiment from running.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The network could not be made or read.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// An arm has no platform, or too many.
    #[error("arm `{arm}` has {platforms} platforms; an arm has 1 to {MAX_PLATFORMS}")]
    Platforms {
        /// The arm.
        arm: String,
        /// How many it has.
        platforms: usize,
    },
    /// The mechanisms of an arm ask for more than the budget.
    #[error("the budget shares of arm `{arm}` sum to {sum}, more than 1")]
    Budget {
        /// The arm.
        arm: String,
        /// The sum of the shares.
        sum: f64,
    },
    /// A checkpoint does not fit.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// There are no threads for the ranks.
    #[error("cannot start the threads of the ranks: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The ledger and its audit disagree, which is an error of the program.
    #[error("the audit of arm `{arm}` failed on day {day}: {finding}; please report this")]
    Audit {
        /// The arm.
        arm: String,
        /// The day.
        day: u16,
        /// What does not agree.
        finding: String,
    },
}

/// The number of consumers of a scenario: its own, or that of its network's file.
///
/// # Errors
/// Where the file cannot be read.
pub fn consumers(scenario: &Scenario) -> Result<u32, ExperimentError> {
    if scenario.network.kind == "file" {
        return Ok(nodes_in_file(Path::new(&scenario.network.file))?);
    }
    Ok(scenario.population.consumers)
}

/// The memory needed by one replicate of a scenario, before anything is allocated.
///
/// # Errors
/// Where the network's file cannot be read.
pub fn estimate(scenario: &Scenario) -> Result<Estimate, ExperimentError> {
    Ok(model::estimate::estimate(scenario, consumers(scenario)?))
}

/// What can be told to be wrong before anything is built.
///
/// # Errors
/// Too many platforms in an arm; budget shares that sum to more than 1.
pub fn check(scenario: &Scenario) -> Result<(), ExperimentError> {
    for arm in &scenario.arms {
        let platforms = arm.platforms.len();
        if !(1..=MAX_PLATFORMS).contains(&platforms) {
            return Err(ExperimentError::Platforms { arm: arm.name.clone(), platforms });
        }
        for platform in &arm.platforms {
            let sum = budget_shares(platform);
            if sum > 1.0 + 1e-9 {
                return Err(ExperimentError::Budget { arm: arm.name.clone(), sum });
            }
        }
    }
    Ok(())
}

/// The sum of the parameters `budget_share` of all mechanisms that are on.
#[must_use]
pub fn budget_shares(platform: &scenario::Platform) -> f64 {
    let on = platform.mechanisms.iter().filter(|setting| setting.enabled);
    on.filter_map(|setting| match setting.values.0.get("budget_share") {
        Some(crate::parameter::Value::Number(share)) => Some(*share),
        _ => None,
    })
    .sum()
}

/// Keeps runs between two days, and knows those that were kept before.
pub trait Keep: Send {
    /// Whether a run is finished and what it left is known.
    fn has(&self, _replicate: u32, _arm: &str) -> bool {
        false
    }

    /// A run was built, or one rank's part of it: it may be put where it was left.
    ///
    /// # Errors
    /// Where what was kept does not fit.
    fn begun(&mut self, _run: &mut Course<'_>) -> Result<(), ExperimentError> {
        Ok(())
    }

    /// Whether a run is to be kept as it is now; `last` where it is stopped here.
    fn is_due(&self, _run: &Course<'_>, _last: bool) -> bool {
        false
    }

    /// Keeps a run; called by the first rank, while the others give their parts.
    fn keep(&mut self, _run: &mut Course<'_>) {}
}

/// Nothing is kept.
struct Nothing;

impl Keep for Nothing {}

/// Under what conditions a replicate is run; nothing of it changes results.
#[derive(Clone, Copy)]
pub struct Conditions<'a> {
    /// Ranks among which each arm is split; a world has no more than shards of consumers.
    pub ranks: usize,
    /// Raised where the run is to stop behind the day under way.
    pub stop: &'a AtomicBool,
    /// Told of progress.
    pub progress: &'a dyn Progress,
}

/// Runs every arm in every replicate, in order, and hands each finished run to `sink`.
///
/// # Errors
/// Where the scenario cannot be run, see [`check`], or the network not be made or read.
pub fn run(
    scenario: &Scenario,
    stop: &AtomicBool,
    progress: &dyn Progress,
    sink: &mut dyn FnMut(RunRecord),
) -> Result<Completion, ExperimentError> {
    run_under(scenario, &Conditions { ranks: 1, stop, progress }, sink)
}

/// [`run`] under some conditions, such as among ranks.
///
/// # Errors
/// As [`run`], and where there are no threads for the ranks.
pub fn run_under(
    scenario: &Scenario,
    conditions: &Conditions<'_>,
    sink: &mut dyn FnMut(RunRecord),
) -> Result<Completion, ExperimentError> {
    run_kept(scenario, conditions, &mut Nothing, sink)
}

/// [`run_under`] with what is kept of runs: those that it has are left out, the
/// others go on where they were left.
///
/// # Errors
/// As [`run_under`], and where what was kept does not fit.
pub fn run_kept(
    scenario: &Scenario,
    conditions: &Conditions<'_>,
    keep: &mut dyn Keep,
    sink: &mut dyn FnMut(RunRecord),
) -> Result<Completion, ExperimentError> {
    check(scenario)?;
    let imported = model::imported(scenario)?;
    for replicate in 0..scenario.replicates {
        let done = kept_replicate(scenario, replicate, imported.as_ref(), conditions, keep, sink)?;
        if done == Completion::Interrupted {
            return Ok(done);
        }
    }
    Ok(Completion::Complete)
}

/// Runs every arm in one replicate of a scenario that was checked, see [`check`], on the
/// network that it imports, see [`model::imported`].
///
/// # Errors
/// Where the network cannot be made, or an audit fails.
pub fn run_replicate(
    scenario: &Scenario,
    replicate: u32,
    imported: Option<&Arc<Network>>,
    (stop, progress): (&AtomicBool, &dyn Progress),
    sink: &mut dyn FnMut(RunRecord),
) -> Result<Completion, ExperimentError> {
    let conditions = Conditions { ranks: 1, stop, progress };
    kept_replicate(scenario, replicate, imported, &conditions, &mut Nothing, sink)
}

/// [`run_replicate`] among ranks, with what is kept of runs.
///
/// # Errors
/// As [`run_replicate`], and where what was kept does not fit.
pub fn kept_replicate(
    scenario: &Scenario,
    replicate: u32,
    imported: Option<&Arc<Network>>,
    conditions: &Conditions<'_>,
    keep: &mut dyn Keep,
    sink: &mut dyn FnMut(RunRecord),
) -> Result<Completion, ExperimentError> {
    let is_left = |arm: &&scenario::Arm| !keep.has(replicate, &arm.name);
    let arms: Vec<&scenario::Arm> = scenario.arms.iter().filter(is_left).collect();
    if arms.is_empty() {
        return Ok(Completion::Complete);
    }
    conditions.progress.building(replicate);
    let env = Arc::new(model::environment(scenario, replicate, imported)?);
    for arm in arms {
        let of = Part { arm, env: &env, replicate, conditions, keep: &Mutex::new(&mut *keep) };
        let ranks = conditions.ranks.min(env.consumers.count());
        let parts = ranks::side_by_side(ranks, |link| of.run(link))?;
        let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
        // All ranks come to the same.
        let Some(course) = parts.into_iter().next() else { continue };
        let complete = course.is_complete;
        course.records.into_iter().for_each(&mut *sink);
        if !complete {
            return Ok(Completion::Interrupted);
        }
    }
    Ok(Completion::Complete)
}

/// What one rank has to do: its part of a run.
struct Part<'a> {
    arm: &'a scenario::Arm,
    env: &'a Arc<Environment>,
    replicate: u32,
    conditions: &'a Conditions<'a>,
    keep: &'a Mutex<&'a mut dyn Keep>,
}

/// What a run left.
struct Ended {
    records: Vec<RunRecord>,
    is_complete: bool,
}

impl<'a> Part<'a> {
    fn kept(&self) -> MutexGuard<'_, &'a mut dyn Keep> {
        self.keep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Builds the run, puts it where it was left, and steps it to its end.
    fn run(&self, link: Link) -> Result<Ended, ExperimentError> {
        let is_first = link.rank() == 0;
        let mut course = Course::among(self.arm, self.env, self.replicate, link);
        let (progress, arm) = (self.conditions.progress, &self.arm.name);
        if is_first {
            progress.arm_built(self.replicate, arm);
        }
        let begun = self.kept().begun(&mut course);
        // A rank that cannot begin keeps the others from waiting for it.
        if course.link().sum(i64::from(begun.is_err())) > 0 {
            begun?;
            return Ok(Ended { records: Vec::new(), is_complete: false });
        }
        self.days(&mut course)?;
        if is_first {
            progress.arm_done(self.replicate, arm, course.beats());
        }
        Ok(Ended { is_complete: course.is_complete(), records: course.finish() })
    }

    /// Steps a run until its last day, or until it is to stop.
    fn days(&self, course: &mut Course<'_>) -> Result<(), ExperimentError> {
        let Conditions { stop, progress, .. } = *self.conditions;
        let link = course.link();
        let mut last = link.agreed(stop.load(Ordering::Relaxed));
        while !course.is_complete() && !last {
            let day = course.step()?;
            let (replicate, arm, done) = (course.replicate(), course.arm(), course.days_done());
            if link.rank() == 0 {
                progress.figures(replicate, arm, done, &figures(course.world(), &day));
                progress.day_done(replicate, arm, done, course.world().env.consumers.n());
            }
            last = link.agreed(stop.load(Ordering::Relaxed));
            if link.agreed(link.rank() == 0 && self.kept().is_due(course, last)) {
                self.keep(course, link.rank() == 0);
            }
        }
        Ok(())
    }

    /// Keeps a run, or gives one's part to the rank that does.
    fn keep(&self, course: &mut Course<'_>, is_first: bool) {
        if is_first {
            self.kept().keep(course);
        } else {
            course.give();
        }
    }
}
