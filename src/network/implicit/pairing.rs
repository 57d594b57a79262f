//! A random matching of the ends 0 … S − 1 of ties that is computed and never stored.
//!
//! A keyed permutation F gives every end a place; the ends at places 2j and 2j + 1 are tied.
//! The partner of e is F⁻¹(F(e) xor 1), so that the partner of the partner is e itself. F is a
//! Feistel network (Luby & Rackoff 1988, doi 10.1137/0217022) on pairs of a number below a
//! and one below b, whose rounds add modulo a and b (Black & Rogaway 2002, doi
//! 10.1007/3-540-45760-7_9); a·b is S or a little more. A place from S on is permuted once
//! more until it lies below: at most a·b − S times, and hardly ever. Places are counted the
//! other way round than ends, a to a row, so that places 2j and 2j + 1 differ in that part
//! which the rounds before have mixed: none of them is wasted.

use crate::simd::{self, Kernel};

/// Most rounds.
pub(super) const ROUNDS: usize = 12;

/// Rounds of a domain of so many ends: four make a permutation that looks random even to who
/// may ask both ways (Luby & Rackoff 1988), if it is large; of a few ends, four rounds reach
/// some permutations more often than others.
fn rounds(ends: u64) -> usize {
    if ends < FEW { ROUNDS } else { 4 }
}

/// Fewer ends take all rounds.
const FEW: u64 = 512;

/// Ends whose partners are worked out together.
pub(super) const N_LANES: usize = 32;

/// What a lane says that has to be done alone.
const ALONE: u64 = u64::MAX;

/// 2⁵²: a whole number below it, in the low bits of this one, is a sum without rounding.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// 2⁵² + 2⁵¹: added to a number of either sign, it leaves the nearest whole one.
const NEAREST: f64 = 1.5 * WHOLE;

/// A number by which others are divided, with its inverse.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Side {
    of: u32,
    inverse: f64,
}

impl Side {
    fn new(of: u64) -> Self {
        assert!(of < 1 << 26, "a side of a pairing has 26 bits");
        Self { of: of as u32, inverse: 1.0 / of as f64 }
    }

    /// Quotient and rest of x < 2⁵², if the quotient is below 2²⁶. (x + ½)/d is at least
    /// 1/2d from a whole number, far more than floating-point numbers are off.
    #[inline(always)]
    fn split(self, x: u64) -> (u32, u32) {
        let exact = f64::from_bits(x | WHOLE.to_bits()) - WHOLE;
        let near = (exact + 0.5) * self.inverse - 0.5;
        let quotient = (near + NEAREST).to_bits() & 0xffff_ffff;
        (quotient as u32, x.wrapping_sub(quotient * u64::from(self.of)) as u32)
    }
}

/// A matching of ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pairing {
    ends: u64,
    low: Side,
    high: Side,
    keys: [u32; ROUNDS],
    rounds: usize,
}

/// Scrambles a word; its high bits are the good ones (constants of Wellons' `lowbias32`).
#[inline(always)]
pub(super) fn scrambled(word: u32) -> u32 {
    let word = word.wrapping_mul(0x7feb_352d);
    (word ^ word >> 15).wrapping_mul(0x846c_a68b)
}

/// A number below `side` that a round adds.
#[inline(always)]
fn addend(half: u32, tweak: u32, key: u32, side: u32) -> u32 {
    let word = scrambled((half ^ tweak).wrapping_add(key));
    ((u64::from(word) * u64::from(side)) >> 32) as u32
}

#[inline(always)]
fn plus(x: u32, y: u32, side: u32) -> u32 {
    let sum = x.wrapping_add(y);
    sum.min(sum.wrapping_sub(side))
}

#[inline(always)]
fn minus(x: u32, y: u32, side: u32) -> u32 {
    let rest = x.wrapping_sub(y);
    rest.min(rest.wrapping_add(side))
}

impl Pairing {
    /// The matching of `ends` ends by the keys of its rounds.
    pub(super) fn new(ends: u64, keys: [u32; ROUNDS]) -> Self {
        assert!(ends < 1 << 50, "ends of ties are counted with 50 bits");
        let root = ends.max(1).isqrt();
        // Among the nearly square domains, the one that is least larger.
        let sides = (root.saturating_sub(64).max(root.div_ceil(2))..=root)
            .rev()
            .map(|a| (a, ends.max(1).div_ceil(a)))
            .min_by_key(|(a, b)| a * b);
        let (a, b) = sides.unwrap_or((1, 1));
        Self { ends, low: Side::new(b), high: Side::new(a), keys, rounds: rounds(ends) }
    }

    /// The end to which an end is tied; itself where it is the odd one out.
    pub(super) fn partner(&self, tweak: u32, end: u64) -> u64 {
        let place = self.below(end, |x| self.forth(tweak, x));
        let other = place ^ 1;
        if other >= self.ends { end } else { self.below(other, |x| self.back(tweak, x)) }
    }

    /// Steps until the number is that of an end.
    fn below(&self, from: u64, step: impl Fn(u64) -> u64) -> u64 {
        let mut x = step(from);
        while x >= self.ends {
            x = step(x);
        }
        x
    }

    /// F on the whole domain.
    #[inline(always)]
    fn forth(&self, tweak: u32, end: u64) -> u64 {
        let (a, b) = (self.high.of, self.low.of);
        let (mut high, mut low) = self.low.split(end);
        for round in (0..self.rounds).step_by(2) {
            high = plus(high, addend(low, tweak, self.keys[round], a), a);
            low = plus(low, addend(high, tweak, self.keys[round + 1], b), b);
        }
        u64::from(low) * u64::from(a) + u64::from(high)
    }

    /// F⁻¹ on the whole domain.
    #[inline(always)]
    fn back(&self, tweak: u32, place: u64) -> u64 {
        let (a, b) = (self.high.of, self.low.of);
        let (mut low, mut high) = self.high.split(place);
        for round in (0..self.rounds).step_by(2).rev() {
            low = minus(low, addend(high, tweak, self.keys[round + 1], b), b);
            high = minus(high, addend(low, tweak, self.keys[round], a), a);
        }
        u64::from(high) * u64::from(b) + u64::from(low)
    }

    /// The partners of several ends: what [`Self::partner`] says, side by side.
    pub(super) fn partners(&self, tweaks: &[u32; N_LANES], ends: &mut [u64; N_LANES]) {
        let found = simd::widest(Partners { pairing: self, tweaks, ends });
        for (lane, other) in found.into_iter().enumerate() {
            ends[lane] =
                if other == ALONE { self.partner(tweaks[lane], ends[lane]) } else { other };
        }
    }
}

struct Partners<'a> {
    pairing: &'a Pairing,
    tweaks: &'a [u32; N_LANES],
    ends: &'a [u64; N_LANES],
}

impl Kernel for Partners<'_> {
    type Output = [u64; N_LANES];

    #[inline(always)]
    fn run(self) -> Self::Output {
        let Pairing { ends, low, high, keys, rounds } = *self.pairing;
        let (a, b) = (high.of, low.of);
        let (mut highs, mut lows) = ([0; N_LANES], [0; N_LANES]);
        for k in 0..N_LANES {
            (highs[k], lows[k]) = low.split(self.ends[k]);
        }
        for round in (0..rounds).step_by(2) {
            for k in 0..N_LANES {
                highs[k] = plus(highs[k], addend(lows[k], self.tweaks[k], keys[round], a), a);
            }
            for k in 0..N_LANES {
                lows[k] = plus(lows[k], addend(highs[k], self.tweaks[k], keys[round + 1], b), b);
            }
        }
        let mut alone = [0; N_LANES];
        for k in 0..N_LANES {
            let place = u64::from(lows[k]) * u64::from(a) + u64::from(highs[k]);
            let other = place ^ 1;
            // What has no partner here, or lies outside, is done alone.
            alone[k] = if place.max(other) < ends { 0 } else { ALONE };
            (lows[k], highs[k]) = high.split(other);
        }
        for round in (0..rounds).step_by(2).rev() {
            for k in 0..N_LANES {
                lows[k] = minus(lows[k], addend(highs[k], self.tweaks[k], keys[round + 1], b), b);
            }
            for k in 0..N_LANES {
                highs[k] = minus(highs[k], addend(lows[k], self.tweaks[k], keys[round], a), a);
            }
        }
        for k in 0..N_LANES {
            let end = u64::from(highs[k]) * u64::from(b) + u64::from(lows[k]);
            alone[k] |= if end < ends { end } else { ALONE };
        }
        alone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairing(ends: u64, seed: u32) -> Pairing {
        Pairing::new(ends, std::array::from_fn(|k| scrambled(seed.wrapping_mul(16) + k as u32)))
    }

    proptest! {
        #[test]
        fn the_partner_of_the_partner_is_oneself(
            ends in prop_oneof![1_u64..70, 1_u64..100_000, 1_u64..60_000_000_000],
            from in 0.0..1.0, tweak: u32, seed in 0_u32..1_000_000,
        ) {
            let pairing = pairing(ends, seed);
            let first = (from * ends as f64) as u64;
            let all = std::array::from_fn(|k| (first + k as u64) % ends);
            let mut lanes = all;
            pairing.partners(&[tweak; N_LANES], &mut lanes);
            for (end, lane) in all.into_iter().zip(lanes) {
                let other = pairing.partner(tweak, end);
                prop_assert!(other < ends && lane == other);
                prop_assert_eq!(pairing.partner(tweak, other), end);
            }
        }
    }

    #[test]
    fn all_but_the_odd_one_out_have_a_partner() {
        for ends in 1..700 {
            let pairing = pairing(ends, 5);
            let alone = (0..ends).filter(|end| pairing.partner(9, *end) == *end).count();
            assert_eq!(alone as u64, ends % 2, "{ends} ends");
            assert!(u64::from(pairing.low.of) * u64::from(pairing.high.of) < ends + 28);
        }
    }

    /// With 6 ends there are 15 matchings. χ² of 15,000 tweaks with 14 degrees of freedom:
    /// critical value 36.1, false alarms 0.001.
    #[test]
    fn every_matching_of_a_few_ends_is_as_likely() {
        let pairing = pairing(6, 2);
        let mut counts = std::collections::BTreeMap::new();
        for tweak in 0..15_000 {
            let partners: Vec<u64> =
                (0..6).map(|end| pairing.partner(scrambled(tweak + 1), end)).collect();
            *counts.entry(partners).or_insert(0_u32) += 1;
        }
        let chi: f64 = counts
            .values()
            .map(|n| (f64::from(*n) - 1000.0) * (f64::from(*n) - 1000.0) / 1e3)
            .sum();
        assert!(counts.len() == 15 && chi < 36.1, "χ² = {chi} of {} matchings", counts.len());
    }

    /// 2²⁰ neighbouring ends in 2¹⁰ bins by their partners: χ² with 1,023 degrees of freedom,
    /// critical value 1,168, false alarms 0.001; so do distances between partners of neighbours.
    #[test]
    fn neighbours_are_tied_far_apart() {
        let ends = 1_u64 << 32;
        let pairing = pairing(ends, 3);
        let n = 1 << 20;
        let partners: Vec<u64> = (0..=n).map(|end| pairing.partner(77, end)).collect();
        let chi = |bins: &mut dyn Iterator<Item = u64>| -> f64 {
            let mut counts = [0_u32; 1024];
            bins.for_each(|x| counts[(x >> 22) as usize] += 1);
            counts
                .iter()
                .map(|c| (f64::from(*c) - 1024.0) * (f64::from(*c) - 1024.0) / 1024.0)
                .sum()
        };
        let places = chi(&mut partners[1..].iter().copied());
        let gaps = chi(&mut partners.windows(2).map(|two| two[1].wrapping_sub(two[0]) % ends));
        assert!(places < 1168.0 && gaps < 1168.0, "{places}, {gaps}");
    }
}
