//! Geometric skipping: the successes of many rare trials without the failures.
//!
//! The number of failures before a success of probability p is geometric and is
//! drawn by inversion, ⌊ln U / ln(1 − p)⌋ (Batagelj & Brandes 2005), with U of 53
//! bits so that even gaps of 10⁸ trials have the exact law.

use crate::quantity::{math, time::Clock};
use crate::rng::{Draws, Key, Stream};

/// Gaps drawn from one address before the next item is asked (two words each,
/// and an address has 16,384 words).
const PER_ITEM: u32 = 4096;

/// Successive geometric gaps of one entity.
pub struct Gaps {
    key: Key,
    stream: Stream,
    entity: u32,
    item: u32,
    left: u32,
    draws: Draws,
    /// 1 / ln(1 − p); zero where success is certain.
    scale: f64,
}

impl Gaps {
    /// Gaps between successes of probability `p` in (0, 1].
    #[must_use]
    pub fn new(key: Key, stream: Stream, entity: u32, p: f64) -> Self {
        let scale = if p >= 1.0 { 0.0 } else { 1.0 / math::ln_1p(-p) };
        let draws = key.draws(stream, entity, Clock::default(), 0);
        Self { key, stream, entity, item: 0, left: PER_ITEM, draws, scale }
    }

    /// Failures before the next success.
    #[inline]
    pub fn gap(&mut self) -> u64 {
        if self.left == 0 {
            self.item += 1;
            self.left = PER_ITEM;
            self.draws = self.key.draws(self.stream, self.entity, Clock::default(), self.item);
        }
        self.left -= 1;
        failures(&mut self.draws, self.scale)
    }
}

/// Failures before a success; `scale` is 1 / ln(1 − p), zero for p = 1.
#[inline]
pub fn failures(draws: &mut Draws, scale: f64) -> u64 {
    (math::ln(fine_unit(draws)) * scale) as u64
}

/// A number in (0, 1) of 53 bits, from two words.
#[inline]
pub fn fine_unit(draws: &mut Draws) -> f64 {
    let bits = u64::from(draws.word()) << 21 | u64::from(draws.word()) >> 11;
    (bits as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_have_the_geometric_mean_beyond_one_item() {
        let mut gaps = Gaps::new(Key::new(1, 0), Stream::new("test/gaps"), 7, 0.2);
        let n = 3 * PER_ITEM;
        let total: u64 = (0..n).map(|_| gaps.gap()).sum();
        // Mean 4, variance 20; n = 12,288, critical value 3.29, false alarms 0.001.
        let z = (total as f64 / f64::from(n) - 4.0) / (20.0 / f64::from(n)).sqrt();
        assert!(z.abs() < 3.29, "z = {z}");
    }

    #[test]
    fn certain_success_leaves_no_gap() {
        let mut gaps = Gaps::new(Key::new(1, 0), Stream::new("test/gaps"), 0, 1.0);
        assert!((0..100).all(|_| gaps.gap() == 0));
    }
}
