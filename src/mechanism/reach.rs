//! Whom a sender reaches: successes among many, drawn by their gaps.

use crate::quantity::math::{exp, ln_1p};
use crate::rng::Draws;
use crate::rng::sample::count::geometric_skip;

/// Calls `hit` with the positions below `n` that succeed with probability `p` each,
/// in order, by skipping over the failures between them.
pub fn successes(draws: &mut Draws, n: u32, p: f64, mut hit: impl FnMut(u32)) {
    if p <= 0.0 {
        return;
    }
    if p >= 1.0 {
        (0..n).for_each(hit);
        return;
    }
    let ln_q = ln_1p(-p);
    let mut position = geometric_skip(draws, ln_q);
    while position < u64::from(n) {
        hit(position as u32);
        position = position.saturating_add(1).saturating_add(geometric_skip(draws, ln_q));
    }
}

/// The probability that at least one of a Poisson number of slots with mean
/// `slots` falls to a channel: 1 − e^−slots.
#[must_use]
pub fn any_slot(slots: f64) -> f64 {
    1.0 - exp(-slots)
}
