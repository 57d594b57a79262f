//! Successes that are scattered among all consumers, drawn block by block by their gaps.

use crate::quantity::math::{exp, ln_1p};
use crate::quantity::time::Clock;
use crate::rng::gaps::Gaps;
use crate::rng::lanes::long_words;
use crate::rng::{Key, Stream};
use std::ops::Range;

/// Successes among all consumers, in blocks of 64 that have draws of their own.
#[derive(Clone, Copy, Debug)]
pub struct Scattered {
    /// The key of the draws.
    pub key: Key,
    /// What they are drawn for.
    pub stream: Stream,
    /// When.
    pub at: Clock,
    /// Their item.
    pub item: u32,
    /// The probability of each consumer, by itself.
    pub probability: f64,
}

/// Consumers whose successes share one address of draws.
const BLOCK: u32 = 64;

impl Scattered {
    /// Calls `hit` with those of a run of consumers who succeed, in order: what
    /// [`successes`](super::reach::successes) finds in each of their blocks. The run begins with a block.
    pub fn among(&self, consumers: &Range<u32>, mut hit: impl FnMut(u32)) {
        let p = self.probability;
        if p <= 0.0 || p >= 1.0 {
            return consumers.clone().filter(|_| p >= 1.0).for_each(hit);
        }
        let ln_q = ln_1p(-p);
        let last = self.last_within(ln_q);
        let starts = || consumers.clone().step_by(BLOCK as usize);
        let mut words = Vec::with_capacity(4 * consumers.len().div_ceil(BLOCK as usize) + 32);
        let addresses = starts().map(|start| (start / BLOCK, self.item));
        long_words(self.key, self.stream, self.at, 1, addresses, &mut words);
        for (start, words) in starts().zip(words.as_chunks().0) {
            // The first word says for most that nobody of the block succeeds.
            if words[0] <= last {
                let n = u64::from(BLOCK.min(consumers.end - start));
                let mut gaps = self.gaps(start / BLOCK, *words, ln_q);
                let mut position = gaps.after();
                while position < n {
                    hit(start + position as u32);
                    position = position.saturating_add(1).saturating_add(gaps.after());
                }
            }
        }
    }

    /// The gaps of a block, by its first four words.
    fn gaps(&self, block: u32, words: [u32; 4], ln_q: f64) -> Gaps {
        let Self { key, stream, at, item, probability } = *self;
        let expected = f64::from(BLOCK) * probability;
        if Gaps::are_few(expected) {
            Gaps::new(key.draws_from(stream, block, at, item, words), ln_q, expected)
        } else {
            Gaps::new(key.draws(stream, block, at, item), ln_q, expected)
        }
    }

    /// The largest first word after which anybody of a block might succeed: the first gap, which
    /// rises with the word, is shorter than a block with probability 1 − (1 − p)⁶⁴. A word more
    /// is far beyond what rounding can do.
    fn last_within(&self, ln_q: f64) -> u32 {
        let share = 1.0 - exp(f64::from(BLOCK) * ln_q);
        ((share * 4_294_967_296.0) as u32).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::reach::successes;

    /// Rare and frequent successes, the last block short.
    #[test]
    fn what_is_scattered_is_what_each_block_draws() {
        let (key, stream, at) = (Key::new(6, 1), Stream::new("test/scattered"), Clock::start_of(7));
        for probability in [0.0, 1e-7, 0.001, 0.02, 0.046, 0.05, 0.3, 0.999_999_99, 1.0] {
            let consumers = 640..64 * 210 - 17;
            let scattered = Scattered { key, stream, at, item: 3, probability };
            let mut found = Vec::new();
            scattered.among(&consumers, |consumer| found.push(consumer));
            let mut plain = Vec::new();
            for start in consumers.clone().step_by(64) {
                let draws = key.draws(stream, start / 64, at, 3);
                let n = (consumers.end - start).min(64);
                successes(draws, n, probability, |k| plain.push(start + k));
            }
            assert_eq!(found, plain, "{probability}");
        }
    }
}
