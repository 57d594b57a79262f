//! guanxi (关系): an agent-based market simulator that compares ways of selling.
//!
//! Data goes one way: scenario → model → engine → observers → output. The floors
//! of the house, and which may import which, are described in
//! `docs/architecture.md` and held by `tests/architecture.rs`.

// Floor 0: numbers, draws, parallelism.
pub mod columns;
pub mod error;
pub mod parallel;
pub mod parameter;
pub mod quantity;
pub mod rng;
pub mod simd;
pub mod table;
// Floor 1: the world's materials.
pub mod exchange;
pub mod market;
pub mod network;
pub mod population;
// Floor 2: the seam.
pub mod mechanism;
pub mod observer;
// Floor 3: the mechanisms, one file each.
pub mod mechanisms;
// Floor 4: from the user's text to checked values.
pub mod scenario;
// Floor 3, too: what is observed.
pub mod observers;
// Floor 5: building.
pub mod model;
// Floor 6: stepping; tables; the report of tables.
pub mod engine;
pub mod output;
pub mod report;
// Floor 7: the command line.
pub mod cli;
