//! Successes among many, one gap after the other.

use guanxi::quantity::math::ln_1p;
use guanxi::rng::Draws;
use guanxi::rng::sample::count::geometric_skip;

/// Calls `hit` with the positions below `n` that succeed with probability `p` each, in order.
pub fn successes(draws: &mut Draws, n: u32, p: f64, mut hit: impl FnMut(u32)) {
    let mut next = 0_u64;
    while p > 0.0 && next < u64::from(n) {
        if p < 1.0 {
            next = next.saturating_add(geometric_skip(draws, ln_1p(-p)));
        }
        if next < u64::from(n) {
            hit(next as u32);
        }
        next = next.saturating_add(1);
    }
}
