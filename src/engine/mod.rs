//! The engine: days, replicates, arms.

pub mod audit;
pub mod experiment;
pub mod step;
