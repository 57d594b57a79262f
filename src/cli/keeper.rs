//! What `run`, `resume` and `branch` keep of runs between two days: checkpoints.

use crate::cli::interrupt::Interrupt;
use crate::cli::plan::Plan;
use crate::cli::run::How;
use crate::columns::Columns;
use crate::engine::course::Course;
use crate::engine::experiment::{ExperimentError, Keep};
use crate::model::checkpoint::{self, Checkpoint, CheckpointError, Header};
use crate::output::error::OutputError;
use crate::scenario::digest::RESULTS_EPOCH;
use clap::ValueEnum;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// The folder of checkpoints within a run folder.
pub const FOLDER: &str = "checkpoints";

/// Which checkpoints stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// All that were asked for, in finished runs too, for branches.
    All,
    /// The newest of the run under way, and none of finished runs.
    Last,
}

/// A number of days, with or without a `d`.
pub fn days(text: &str) -> Result<u16, String> {
    match text.strip_suffix('d').unwrap_or(text).parse() {
        Ok(0) | Err(_) => Err(format!("`{text}` is no number of days; write it as 30d")),
        Ok(days) => Ok(days),
    }
}

/// Writes checkpoints, and brings back what earlier ones hold.
pub struct Keeper<'a> {
    folder: PathBuf,
    scenario: String,
    seed: u64,
    every: Option<u16>,
    only_last: bool,
    /// Runs that are there already.
    pub done: BTreeSet<(u32, String)>,
    /// Checkpoints of these runs.
    pub known: Vec<Checkpoint>,
    /// Checkpoints with which runs begin.
    pub parents: &'a [Checkpoint],
    /// Raised by signals, and by a failure to write.
    pub interrupt: Interrupt,
    /// Why a checkpoint could not be written.
    pub failure: Option<OutputError>,
    /// The name of the last one written.
    pub last: Option<OsString>,
}

impl Keeper<'_> {
    /// For the runs of a plan, in a temporary folder.
    #[must_use]
    pub fn new(plan: &Plan, how: How, partial: &Path, interrupt: &Interrupt) -> Self {
        Self {
            folder: partial.join(FOLDER),
            scenario: plan.digest.clone(),
            seed: plan.scenario.seed,
            every: how.checkpoint_every,
            only_last: how.checkpoint_keep == Which::Last,
            done: BTreeSet::new(),
            known: Vec::new(),
            parents: &[],
            interrupt: interrupt.clone(),
            failure: None,
            last: None,
        }
    }

    /// Consumer-days that need not be simulated.
    #[must_use]
    pub fn consumer_days_done(&self, plan: &Plan) -> u64 {
        let scenario = &plan.scenario;
        let days = scenario.days + scenario.start.burn_in_days;
        let mut sum = 0;
        for replicate in 0..scenario.replicates {
            for arm in &scenario.arms {
                let begun = || self.newest(&self.header(replicate, &arm.name, days));
                let done = match self.has(replicate, &arm.name) {
                    true => days,
                    false => begun().map_or(0, |checkpoint| checkpoint.header().day),
                };
                sum += u64::from(done) * u64::from(scenario.population.consumers);
            }
        }
        sum
    }

    fn header(&self, replicate: u32, arm: &str, day: u16) -> Header {
        Header {
            epoch: RESULTS_EPOCH,
            scenario: self.scenario.clone(),
            seed: self.seed,
            replicate,
            arm: arm.to_owned(),
            day,
        }
    }

    /// The newest checkpoint of a run, or the one with which it begins.
    fn newest(&self, run: &Header) -> Option<&Checkpoint> {
        let own = self.known.iter().filter(|one| one.belongs_to(run).is_ok());
        let parent = |one: &&Checkpoint| {
            (one.header().replicate, &one.header().arm) == (run.replicate, &run.arm)
        };
        own.max_by_key(|one| one.header().day).or_else(|| self.parents.iter().find(parent))
    }

    /// Writes a run's state.
    fn write(&mut self, run: &mut Course<'_>) -> Result<(), CheckpointError> {
        let header = self.header(run.replicate(), run.arm(), run.days_done());
        let mut given = false;
        let mut state = |io: &mut Columns<'_>| {
            given = true;
            run.columns(io);
        };
        let made = match std::fs::create_dir(&self.folder) {
            Err(source) if source.kind() != ErrorKind::AlreadyExists => {
                Err(CheckpointError::Write { path: self.folder.clone(), source })
            }
            // Never the run folder: where that is gone, the run is of no use.
            _ => Ok(()),
        };
        let path = made.and_then(|()| checkpoint::write(&self.folder, &header, &mut state));
        if !given {
            // Other ranks give their parts all the same.
            run.give();
        }
        let path = path?;
        self.last = path.file_name().map(Into::into);
        Ok(())
    }

    /// Removes a run's checkpoints but for the last, where no more is asked for.
    fn tidy(&self, run: &Course<'_>) {
        let last = self.last.as_deref().filter(|_| !run.is_complete());
        for day in 0..=run.days_done() {
            let name = self.header(run.replicate(), run.arm(), day).file_name();
            if last.is_none_or(|last| *last != *name) {
                // One that stays takes room and does no harm.
                let _ = std::fs::remove_file(self.folder.join(name));
            }
        }
    }
}

impl Keep for Keeper<'_> {
    fn has(&self, replicate: u32, arm: &str) -> bool {
        self.done.contains(&(replicate, arm.to_owned()))
    }

    fn begun(&mut self, run: &mut Course<'_>) -> Result<(), ExperimentError> {
        let header = self.header(run.replicate(), run.arm(), 0);
        if let Some(checkpoint) = self.newest(&header) {
            checkpoint.restore(&mut |io| run.columns(io))?;
        }
        Ok(())
    }

    fn is_due(&self, run: &Course<'_>, last: bool) -> bool {
        let due = self.every.is_some_and(|every| run.days_done().is_multiple_of(every));
        let stopped = last && !run.is_complete();
        self.failure.is_none() && (due || stopped)
    }

    fn keep(&mut self, run: &mut Course<'_>) {
        match self.write(run) {
            Ok(()) if self.only_last => self.tidy(run),
            Ok(()) => {}
            Err(error) => {
                self.failure = Some(match error {
                    CheckpointError::Write { path, source } => OutputError::writing(&path, source),
                    other => OutputError::malformed(&self.folder, other),
                });
                self.interrupt.stop.store(true, Ordering::SeqCst);
            }
        }
    }
}
