//! The seam: what a mechanism is, and what it may do in a day.
//!
//! A market model is a set of mechanism tables in a scenario. The engine knows
//! beats, never mechanisms; a mechanism knows the world, never the engine.

pub mod spec;
pub mod world;

/// What takes part in a day. Hooks are added with the engine.
pub trait Mechanism: Send + Sync {}
