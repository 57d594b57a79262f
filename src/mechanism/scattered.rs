//! Successes that are scattered among all consumers, drawn block by block by their gaps.

use crate::quantity::math::{exp, ln_1p};
use crate::quantity::time::Clock;
use crate::rng::gaps::{Gaps, gaps_from};
use crate::rng::lanes::long_words;
use crate::rng::sample::count::geometric_skip;
use crate::rng::{Draws, Key, Stream};
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
        let mut words = Vec::with_capacity(4 * consumers.len().div_ceil(BLOCK as usize) + 32);
        let starts = consumers.clone().step_by(BLOCK as usize);
        let addresses = starts.map(|start| (start / BLOCK, self.item));
        long_words(self.key, self.stream, self.at, 1, addresses, &mut words);
        let rows = &words.as_chunks().0;
        let block = |k: u32| {
            let start = consumers.start + BLOCK * k;
            start..consumers.end.min(start + BLOCK)
        };
        let somewhere = blocks_up_to(last, rows);
        if !Gaps::are_few(f64::from(BLOCK) * p) {
            return somewhere.into_iter().for_each(|k| self.many(&block(k), ln_q, &mut hit));
        }
        let long = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
        let gaps = somewhere.iter().map(|&k| rows[k as usize]);
        let mut gaps: Vec<_> = gaps.map(|[a, b, c, d]| [long(a, b), long(c, d)]).collect();
        gaps_from(gaps.as_flattened_mut(), ln_q);
        for (k, gaps) in somewhere.into_iter().zip(gaps) {
            self.few(&block(k), gaps, ln_q, &mut hit);
        }
    }

    /// Those of a block who succeed, where the first two gaps are known and seldom more are needed.
    fn few(&self, block: &Range<u32>, gaps: [u64; 2], ln_q: f64, mut hit: impl FnMut(u32)) {
        let [mut position, second] = gaps;
        let (mut next, mut draws) = (Some(second), None);
        while position < block.len() as u64 {
            hit(block.start + position as u32);
            let gap = next.take().unwrap_or_else(|| {
                geometric_skip(draws.get_or_insert_with(|| self.after_two(block)), ln_q)
            });
            position = position.saturating_add(1).saturating_add(gap);
        }
    }

    /// The draws of a block after its first two gaps.
    #[cold]
    fn after_two(&self, block: &Range<u32>) -> Draws {
        let mut draws = self.draws(block);
        // What they were made of.
        let _ = [draws.long(), draws.long()];
        draws
    }

    /// Those of a block who succeed, where many do.
    fn many(&self, block: &Range<u32>, ln_q: f64, mut hit: impl FnMut(u32)) {
        let expected = f64::from(BLOCK) * self.probability;
        let mut gaps = Gaps::new(self.draws(block), ln_q, expected);
        let mut position = gaps.after();
        while position < block.len() as u64 {
            hit(block.start + position as u32);
            position = position.saturating_add(1).saturating_add(gaps.after());
        }
    }

    fn draws(&self, block: &Range<u32>) -> Draws {
        self.key.draws(self.stream, block.start / BLOCK, self.at, self.item)
    }

    /// The largest first word after which anybody of a block might succeed: the first gap, which
    /// rises with the word, is shorter than a block with probability 1 − (1 − p)⁶⁴. A word more
    /// is far beyond what rounding can do.
    fn last_within(&self, ln_q: f64) -> u32 {
        let share = 1.0 - exp(f64::from(BLOCK) * ln_q);
        ((share * 4_294_967_296.0) as u32).saturating_add(1)
    }
}

/// The rows whose first word is no larger than a limit, by their numbers: it says for most blocks
/// that nobody succeeds. Which ones, cannot be foreseen.
fn blocks_up_to(last: u32, rows: &[[u32; 4]]) -> Vec<u32> {
    let (mut blocks, mut n) = (vec![0; rows.len()], 0);
    for (k, row) in (0..).zip(rows) {
        blocks[n] = k;
        n += usize::from(row[0] <= last);
    }
    blocks.truncate(n);
    blocks
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
