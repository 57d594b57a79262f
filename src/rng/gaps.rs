//! Gaps between successes, 32 side by side: what [`geometric_skip`] gives one after the other.
//!
//! A gap is ⌊E / −ln(1 − p)⌋ of an exponential E. The logarithm of vectors is not that of
//! single numbers to the last bit; but almost always both of the ends between which E lies
//! for certain have the same whole number of gaps in them. Where they have not, the single
//! number is made.
//!
//! [`geometric_skip`]: crate::rng::sample::count::geometric_skip

use super::lanes::fine;
use super::philox::Philox;
use crate::quantity::math::quick_ln;
use crate::rng::Draws;
use crate::rng::sample::count::geometric_skip_from;
use crate::simd::{self, Kernel, Quad, Quads, quads};

/// Gaps that are made together: two words each.
pub const N_GAPS: usize = 32;

/// Pairs of words, one a gap, in order.
type Longs = [u64; N_GAPS];

/// Fewer gaps than this are made one after the other.
const FEW: f64 = 3.0;

/// The gaps before successes of probability p, one after the other.
#[derive(Debug)]
pub struct Gaps {
    draws: Draws,
    ln_q: f64,
    made: [u64; N_GAPS],
    used: usize,
    wide: bool,
}

impl Gaps {
    /// Gaps by `draws` that nobody took from yet, `ln_q` = ln(1 − p) < 0; about `expected` of
    /// them will be asked for.
    #[must_use]
    pub fn new(draws: Draws, ln_q: f64, expected: f64) -> Self {
        Self { draws, ln_q, made: [0; N_GAPS], used: N_GAPS, wide: !Self::are_few(expected) }
    }

    /// Whether so many gaps are made one after the other.
    #[must_use]
    pub fn are_few(expected: f64) -> bool {
        expected < FEW
    }

    /// The next gap.
    #[inline]
    pub fn after(&mut self) -> u64 {
        if !self.wide {
            return geometric_skip_from(self.draws.long(), self.ln_q);
        }
        if self.used == N_GAPS {
            self.make();
        }
        self.used += 1;
        self.made[self.used - 1]
    }

    fn make(&mut self) {
        let words = self.draws.next_blocks();
        self.fill(&words);
        self.used = 0;
    }

    fn fill(&mut self, words: &Longs) {
        self.made = *words;
        gaps_from(&mut self.made, self.ln_q);
    }
}

/// The gaps of numbers of two words, in their place: what [`geometric_skip_from`] gives of each.
pub fn gaps_from(words: &mut [u64], ln_q: f64) {
    for words in words.chunks_mut(N_GAPS) {
        let mut longs = [u64::MAX; N_GAPS];
        for (long, word) in longs.iter_mut().zip(&*words) {
            *long = *word;
        }
        let Between { low, high } = simd::widest(Bounds(&longs, 1.0 / ln_q.abs()));
        for (word, (low, high)) in words.iter_mut().zip(low.into_iter().zip(high)) {
            let gap = low as u64;
            *word = if high as u64 == gap { gap } else { geometric_skip_from(*word, ln_q) };
        }
    }
}

/// Bounds of E ÷ −ln(1 − p).
struct Between {
    low: [f64; N_GAPS],
    high: [f64; N_GAPS],
}

struct Bounds<'a>(&'a Longs, f64);

impl Kernel for Bounds<'_> {
    type Output = Between;

    #[inline(always)]
    fn run(self) -> Between {
        let Self(words, scale) = self;
        let mut between = Between { low: [0.0; N_GAPS], high: [0.0; N_GAPS] };
        for ((&word, low), high) in words.iter().zip(&mut between.low).zip(&mut between.high) {
            // 1 − U, of 52 bits: 2⁻⁵³ away from that of 64 bits at most.
            let left = 1.0 - fine(word);
            let e = -quick_ln(left);
            // `quick_ln` is within 10⁻¹²; far out, where few bits are left, nothing is.
            let slack = 2e-12 * (1.0 + e) + 1e-15 / left;
            let slack = if left < 1e-9 { f64::INFINITY } else { slack };
            *low = (e - slack) * scale;
            *high = (e + slack) * scale;
        }
        between
    }
}

impl Draws {
    /// The words of the next 16 blocks, of draws whose words in hand are used up.
    fn next_blocks(&mut self) -> Longs {
        assert_eq!(self.used, 4, "whole blocks follow whole blocks");
        let words = quads(Next(self.key, self.counter));
        self.counter[1] = self.counter[1].wrapping_add((N_GAPS as u32 / 2) << 20);
        words
    }
}

/// The words of 16 blocks by the key and the first one's counter.
struct Next([u32; 2], [u32; 4]);

impl Quads for Next {
    type Output = Longs;

    #[inline(always)]
    fn run<Q: Quad>(self) -> Longs {
        const STEP: u32 = 1 << 20;
        let Self(key, [entity, moment, stream, item]) = self;
        let philox = Philox::<Q>::new(key);
        let (entity, stream, item) = (Q::all(entity), Q::all(stream), Q::all(item));
        let mut moment = Q::all(moment).plus(Q::of(&[0, STEP, 2 * STEP, 3 * STEP]));
        let mut longs = [0; N_GAPS];
        for sixteen in longs.as_chunks_mut::<8>().0.as_chunks_mut::<2>().0 {
            let next = moment.plus(Q::all(4 * STEP));
            let blocks = [[entity, moment, stream, item], [entity, next, stream, item]];
            for (places, [a, b, c, d]) in sixteen.iter_mut().zip(philox.words(blocks)) {
                let (first, second) = (a.above(b), c.above(d));
                for k in 0..4 {
                    (places[2 * k], places[2 * k + 1]) = (first[k], second[k]);
                }
            }
            moment = next.plus(Q::all(4 * STEP));
        }
        longs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::math::ln_1p;
    use crate::quantity::time::Clock;
    use crate::rng::sample::count::geometric_skip;
    use crate::rng::{Key, Stream};

    fn draws(item: u32) -> Draws {
        Key::new(8, 0).draws(Stream::new("test/gaps"), 3, Clock::start_of(5), item)
    }

    #[test]
    fn gaps_side_by_side_are_those_one_by_one() {
        for (item, p) in (0..).zip([1e-15, 1e-9, 1e-4, 0.01, 0.2, 0.35, 0.5, 0.9, 0.999_999]) {
            let ln_q = ln_1p(-p);
            for expected in [0.0, 100.0] {
                let (mut gaps, mut single) = (Gaps::new(draws(item), ln_q, expected), draws(item));
                for _ in 0..5_000 {
                    assert_eq!(gaps.after(), geometric_skip(&mut single, ln_q), "p = {p}");
                }
            }
        }
    }

    /// Words at which E is near a whole number of gaps, and at both ends.
    #[test]
    fn gaps_at_the_edges_are_those_one_by_one() {
        let ln_q = ln_1p(-0.25);
        let mut edges = vec![0, 1, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1];
        for k in 1..100 {
            // The least word with k gaps.
            let (mut low, mut high) = (0_u64, u64::MAX);
            while low < high {
                let middle = low + (high - low) / 2;
                let below = geometric_skip_from(middle, ln_q) < k;
                if below { low = middle + 1 } else { high = middle }
            }
            edges.extend([low.saturating_sub(1), low, low.saturating_add(1), low ^ 0xfff]);
        }
        let mut gaps = Gaps::new(draws(0), ln_q, 100.0);
        for chunk in edges.chunks(N_GAPS) {
            let mut words = [0; N_GAPS];
            words[..chunk.len()].copy_from_slice(chunk);
            gaps.fill(&words);
            for (gap, edge) in gaps.made.iter().zip(chunk) {
                assert_eq!(*gap, geometric_skip_from(*edge, ln_q), "{edge:x}");
            }
        }
    }
}
