//! The engine: days, replicates, arms.

pub mod experiment;
