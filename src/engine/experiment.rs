//! An experiment: every arm of a scenario in every replicate.
//!
//! Replicates run one after the other, and within a replicate the arms; each uses all
//! threads inside. Population, network and merchants are drawn once a replicate.

use super::audit::Audit;
use super::beats::Beats;
use super::ranks;
use super::step::{Arm, Day, Watch};
use crate::exchange::Inbox;
use crate::exchange::link::Link;
use crate::market::message::{Answer, Order};
use crate::mechanism::world::{Environment, MAX_PLATFORMS, World};
use crate::model::{self, estimate::Estimate};
use crate::network::{NetworkError, nodes_in_file};
use crate::observer::RunRecord;
use crate::observers::Observers;
use crate::scenario::{self, Scenario};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    run_among(1, scenario, stop, progress, sink)
}

/// [`run`] with every arm split among so many ranks, which no table shows; a world has no
/// more ranks than shards of consumers.
///
/// # Errors
/// As [`run`], and where there are no threads for the ranks.
pub fn run_among(
    ranks: usize,
    scenario: &Scenario,
    stop: &AtomicBool,
    progress: &dyn Progress,
    sink: &mut dyn FnMut(RunRecord),
) -> Result<Completion, ExperimentError> {
    check(scenario)?;
    let imported = model::imported(scenario)?;
    for replicate in 0..scenario.replicates {
        progress.building(replicate);
        let env = Arc::new(model::environment(scenario, replicate, imported.as_ref())?);
        for arm in &scenario.arms {
            let run = Run { env: &env, arm, replicate, stop, progress };
            let ranks = ranks.min(env.consumers.count());
            let mut ended = ranks::side_by_side(ranks, |link| run.steps(link))?;
            // All ranks come to the same.
            let (records, complete) = ended.swap_remove(0)?;
            records.into_iter().for_each(&mut *sink);
            if !complete {
                return Ok(Completion::Interrupted);
            }
        }
    }
    Ok(Completion::Complete)
}

struct Run<'a> {
    env: &'a Arc<Environment>,
    arm: &'a scenario::Arm,
    replicate: u32,
    stop: &'a AtomicBool,
    progress: &'a dyn Progress,
}

impl Run<'_> {
    /// Steps all days; returns one record a platform, and whether every day was stepped.
    fn steps(&self, link: Link) -> Result<(Vec<RunRecord>, bool), ExperimentError> {
        let mut arm = Arm::new(model::build_part(self.arm, self.env, link));
        let link = Arc::clone(&arm.world.link);
        let burn_in = self.env.start.burn_in_days;
        let mut observing = Observing {
            audit: Audit::new(&arm.world),
            observers: Observers::new(&arm.world, burn_in),
            burn_in,
        };
        self.progress.arm_built(self.replicate, &self.arm.name);
        let mut done = 0;
        while done < self.env.days && !link.agreed(self.stop.load(Ordering::Relaxed)) {
            let day = arm.step(&mut observing);
            observing.audit.verdict().map_err(|finding| ExperimentError::Audit {
                arm: self.arm.name.clone(),
                day: day.day,
                finding,
            })?;
            if day.day + 1 == burn_in {
                for platform in &mut arm.world.platforms {
                    platform.cascades.retire(day.day, false);
                    platform.cascades.forget_filed();
                }
            }
            done += 1;
            let seen = figures(&arm.world, &day);
            if link.rank() == 0 {
                let consumers = self.env.consumers.n();
                self.progress.figures(self.replicate, &self.arm.name, done, &seen);
                self.progress.day_done(self.replicate, &self.arm.name, done, consumers);
            }
        }
        if link.rank() == 0 {
            self.progress.arm_done(self.replicate, &self.arm.name, arm.beats());
        }
        for platform in &mut arm.world.platforms {
            platform.cascades.retire(done, true);
        }
        let reported = done.saturating_sub(burn_in);
        let found = observing.observers.finish(&arm.world, done);
        let records =
            found.into_iter().zip(&self.arm.platforms).map(|((tables, metrics), platform)| {
                RunRecord {
                    arm: self.arm.name.clone(),
                    platform: platform.name.clone(),
                    replicate: self.replicate,
                    days_done: reported,
                    tables,
                    metrics,
                }
            });
        Ok((records.collect(), done == self.env.days))
    }
}

/// Audit and observers, side by side.
struct Observing {
    audit: Audit,
    observers: Observers,
    burn_in: u16,
}

impl Watch for Observing {
    fn placed(&mut self, world: &World, placed: &[Vec<Order>]) {
        self.audit.placed(world, placed);
    }

    fn answered(&mut self, world: &World, answers: &Inbox<Answer>) {
        self.audit.answered(world, answers);
        self.observers.answered(world, answers);
    }

    fn closed(&mut self, world: &World, day: &Day) {
        self.audit.closed(world, day);
        if day.day + 1 == self.burn_in {
            self.observers.begin(world, day.day);
        } else if day.day >= self.burn_in {
            let books = day.books.iter().map(|b| (&b.tally, &b.postings));
            self.observers.day(world, day.day, books);
        }
    }
}
