//! The engine: days, replicates, arms.

pub mod audit;
pub mod beats;
pub mod course;
pub mod ensemble;
pub mod experiment;
pub mod ranks;
pub mod step;
