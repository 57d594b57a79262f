//! Gaps between successes, 32 side by side: what [`geometric_skip`] gives one after the other.
//!
//! A gap is ⌊E / −ln(1 − p)⌋ of an exponential E. The logarithm of vectors is not that of
//! single numbers to the last bit; but almost always both of the ends between which E lies
//! for certain have the same whole number of gaps in them. Where they have not, the single
//! number is made.
//!
//! [`geometric_skip`]: crate::rng::sample::count::geometric_skip

use super::lanes::{N_BLOCKS, Words, fine, rounds};
use crate::quantity::math::quick_ln;
use crate::rng::Draws;
use crate::rng::sample::count::geometric_skip_from;
use crate::simd::{self, Kernel};

/// Gaps that are made together: two words each.
pub const N_GAPS: usize = 2 * N_BLOCKS;

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
        Self { draws, ln_q, made: [0; N_GAPS], used: N_GAPS, wide: expected >= FEW }
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

    fn fill(&mut self, words: &[Words; 4]) {
        let Between { low, high } = simd::widest(Bounds(words, 1.0 / self.ln_q.abs()));
        for (k, gap) in self.made.iter_mut().enumerate() {
            let (pair, block) = (k % 2, k / 2);
            let whole = low[pair][block] as u64;
            *gap = if high[pair][block] as u64 == whole {
                whole
            } else {
                let word = words[2 * pair][block] << 32 | words[2 * pair + 1][block];
                geometric_skip_from(word, self.ln_q)
            };
        }
    }
}

/// Bounds of E ÷ −ln(1 − p), by pair of words and block.
struct Between {
    low: [[f64; N_BLOCKS]; 2],
    high: [[f64; N_BLOCKS]; 2],
}

struct Bounds<'a>(&'a [Words; 4], f64);

impl Kernel for Bounds<'_> {
    type Output = Between;

    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "becomes vectors as it stands")]
    fn run(self) -> Between {
        let Self(words, scale) = self;
        let mut between = Between { low: [[0.0; N_BLOCKS]; 2], high: [[0.0; N_BLOCKS]; 2] };
        for pair in 0..2 {
            for block in 0..N_BLOCKS {
                // 1 − U, of 52 bits: 2⁻⁵³ away from that of 64 bits at most.
                let left = 1.0 - fine(words[2 * pair][block], words[2 * pair + 1][block]);
                let e = -quick_ln(left);
                // `quick_ln` is within 10⁻¹²; far out, where few bits are left, nothing is.
                let slack = 2e-12 * (1.0 + e) + 1e-15 / left;
                let slack = if left < 1e-9 { f64::INFINITY } else { slack };
                between.low[pair][block] = (e - slack) * scale;
                between.high[pair][block] = (e + slack) * scale;
            }
        }
        between
    }
}

impl Draws {
    /// The words of the next 16 blocks, of draws whose words in hand are used up.
    fn next_blocks(&mut self) -> [Words; 4] {
        assert_eq!(self.used, 4, "whole blocks follow whole blocks");
        let [entity, moment, stream, item] = self.counter;
        let fixed = |word: u32| [u64::from(word); N_BLOCKS];
        let moments = std::array::from_fn(|k| u64::from(moment.wrapping_add((k as u32) << 20)));
        self.counter[1] = moment.wrapping_add((N_BLOCKS as u32) << 20);
        simd::widest(Next([fixed(entity), moments, fixed(stream), fixed(item)], self.key))
    }
}

struct Next([Words; 4], [u32; 2]);

impl Kernel for Next {
    type Output = [Words; 4];

    #[inline(always)]
    fn run(self) -> [Words; 4] {
        rounds(self.0, self.1)
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
        for chunk in edges.chunks(N_BLOCKS) {
            let mut words = [[0; N_BLOCKS]; 4];
            for (block, edge) in chunk.iter().enumerate() {
                words[0][block] = edge >> 32;
                words[1][block] = edge & 0xffff_ffff;
            }
            gaps.fill(&words);
            for (block, edge) in chunk.iter().enumerate() {
                assert_eq!(gaps.made[2 * block], geometric_skip_from(*edge, ln_q), "{edge:x}");
            }
        }
    }
}
