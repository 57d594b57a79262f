//! Samplers over addressed draws: numbers of a given law from uniform words.
//!
//! All of them use only `+ − × ÷ √` and [`crate::quantity::math`], so their bits
//! are the same on every machine. How many words a sampler takes, and in which
//! order, is part of the results: the golden tests of each file hold it.

pub mod continuous;
pub mod count;
pub mod discrete;
mod mass;

#[cfg(test)]
mod check;
