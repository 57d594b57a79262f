//! An experiment: every arm of a scenario in every replicate.

use crate::observer::RunRecord;
use crate::scenario::Scenario;
use std::sync::atomic::AtomicBool;

/// Told of progress while an experiment runs; called from the running thread.
pub trait Progress: Sync {
    /// A replicate's world is being built.
    fn building(&self, replicate: u32);
    /// A day of one arm is done.
    fn day_done(&self, replicate: u32, arm: &str, day: u16, consumers: u32);
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
    #[error("{0}")]
    Network(String),
}

/// The memory that an experiment will take, part by part.
#[derive(Clone, Debug, Default)]
pub struct Estimate {
    /// (what, bytes), in order of building.
    pub parts: Vec<(&'static str, u64)>,
}

impl Estimate {
    /// All parts together, in bytes.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.1).sum()
    }
}

/// The memory needed by one replicate of a scenario, before anything is allocated.
#[must_use]
pub fn estimate(_scenario: &Scenario) -> Estimate {
    Estimate::default()
}

/// Runs every arm in every replicate, in order, and hands each finished run to `sink`.
///
/// # Errors
/// Where the network cannot be made or read.
pub fn run(
    _scenario: &Scenario,
    _stop: &AtomicBool,
    _progress: &dyn Progress,
    _sink: &mut dyn FnMut(RunRecord),
) -> Result<Completion, ExperimentError> {
    Ok(Completion::Complete)
}
