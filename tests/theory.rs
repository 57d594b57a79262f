//! Theory: the engine against closed forms.
//!
//! Every test drives the real engine through a scenario and compares what comes out
//! with what mathematics says must come out; none repeats a mechanism. The tests are
//! large, so that they exist in the release profile only:
//!
//! ```text
//! cargo test --release --test theory
//! ```
//!
//! Seeds are fixed. Each test states its criterion, its sample, its standard error and
//! its rate of false alarms over seeds. One number is held to 2 standard errors, which
//! is a false alarm in 4.55 % of seeds; several numbers of one test are together held
//! to the bound that has this same rate for the largest of them (Šidák 1967), see
//! `harness::bound`.
#![cfg(not(debug_assertions))]

#[path = "theory/acquisition.rs"]
mod acquisition;
#[path = "theory/cascade.rs"]
mod cascade;
#[path = "theory/group.rs"]
mod group;
#[path = "theory/harness.rs"]
mod harness;
#[path = "theory/invariance.rs"]
mod invariance;
#[path = "theory/laws.rs"]
mod laws;
#[path = "theory/logit.rs"]
mod logit;
#[path = "theory/repeat.rs"]
mod repeat;
