//! Heavy-tailed ties that go anywhere: ends of ties ("stubs") matched at random.
//!
//! Consumer i has a number of stubs with a Pareto tail, P(X > x) = x^(1 − a), and
//! stubs are matched as in the configuration model (Bollobás 1980; Newman 2003).
//! The matching is not stored: stub 2j of a keyed permutation of all stubs
//! (`shuffle`) is joined with stub 2j + 1, so any part of it can be made by any thread.

use rayon::prelude::*;

use crate::network::NetworkError;
use crate::network::shuffle::Shuffle;
use crate::quantity::{math, time::Clock};
use crate::rng::{Key, Stream};
use crate::simd::prefetch;

/// A consumer's inclination to weak ties.
pub const WEIGHTS: Stream = Stream::new("network/weak_tie_weights");
/// Rounding of the number of stubs.
pub const ROUNDING: Stream = Stream::new("network/weak_tie_rounding");
/// The permutation that matches stubs.
pub const MATCHING: Stream = Stream::new("network/weak_tie_matching");

/// Fixed-point unit of weights: integers sum to the same total in any order.
const UNIT: f64 = 256.0;
/// The owner is written down every so many stubs that this many consumers lie between on
/// average, at least; shapes no result. Fewer take more memory, more take longer to pass.
const BETWEEN: u32 = 3;
/// Stubs that are looked ahead at once.
const AHEAD: usize = 16;
/// Pairs that are matched together; shapes no result.
const PAIRS: u32 = 4096;
/// The stubs of all consumers and their matching.
pub(super) struct Stubs {
    /// First stub of every consumer; the last element is the number of stubs.
    starts: Vec<u32>,
    /// Owner of every 2^`stride`-th stub.
    guide: Vec<u32>,
    stride: u32,
    shuffle: Shuffle,
}

impl Stubs {
    /// About `total` stubs for `n` consumers with tail exponent `tail` and at most
    /// `limit` stubs each.
    pub(super) fn new(
        n: u32,
        total: u64,
        tail: f64,
        limit: u32,
        key: Key,
    ) -> Result<Self, NetworkError> {
        if total > u64::from(u32::MAX) - u64::from(n) {
            return Err(NetworkError::TooManyTies { stubs: total });
        }
        let limit = cutoff(n, total).min(limit);
        Ok(Self::of_counts(counts(n, total, tail, limit, key), key, MATCHING))
    }

    /// The stubs of consumers who have so many of them, at most 2³² − 1 in all, matched
    /// by the draws of a stream.
    pub(super) fn of_counts(counts: Vec<u32>, key: Key, matching: Stream) -> Self {
        let mut starts = counts;
        let mut sum = 0;
        for count in &mut starts {
            sum += std::mem::replace(count, sum);
        }
        starts.push(sum);
        let mean = sum / (starts.len() as u32 - 1).max(1);
        let stride = mean.saturating_mul(BETWEEN).max(1).ilog2().max(3);
        let guide = guide(&starts, stride);
        Self { starts, guide, stride, shuffle: Shuffle::new(sum, key, matching) }
    }

    /// Number of consumers.
    pub(super) fn n(&self) -> u32 {
        self.starts.len() as u32 - 1
    }

    /// Number of stubs of a consumer.
    pub(super) fn of(&self, i: u32) -> u32 {
        self.starts[i as usize + 1] - self.starts[i as usize]
    }

    /// Number of chunks in which the pairs are made.
    pub(super) fn n_chunks(&self) -> u32 {
        (self.n_stubs() / 2).div_ceil(PAIRS)
    }

    fn n_stubs(&self) -> u32 {
        self.starts[self.starts.len() - 1]
    }

    /// The pairs of one chunk, without self-loops.
    pub(super) fn pairs(&self, chunk: u32, emit: &mut dyn FnMut(u32, u32)) {
        self.all_pairs(chunk, &mut |a, b| {
            if a != b {
                emit(a, b);
            }
        });
    }

    /// The pairs of one chunk.
    pub(super) fn all_pairs(&self, chunk: u32, emit: &mut dyn FnMut(u32, u32)) {
        let first = chunk * PAIRS;
        let last = (first + PAIRS).min(self.n_stubs() / 2);
        let mut ends = Vec::new();
        self.shuffle.places(2 * first..2 * last, &mut ends);
        self.owners(&mut ends);
        ends.chunks_exact(2).for_each(|pair| emit(pair[0], pair[1]));
    }

    /// Puts owners in the place of stubs. What a stub leads to is asked for ahead of its
    /// use, first in the guide, then among the starts: every stub is far from the next.
    fn owners(&self, stubs: &mut [u32]) {
        for k in 0..stubs.len() {
            if let Some(stub) = stubs.get(k + 2 * AHEAD) {
                prefetch(&self.guide, (stub >> self.stride) as usize);
            }
            if let Some(stub) = stubs.get(k + AHEAD) {
                prefetch(&self.starts, self.guide[(stub >> self.stride) as usize] as usize);
            }
            stubs[k] = self.owner(stubs[k]);
        }
    }

    fn owner(&self, stub: u32) -> u32 {
        let mut owner = self.guide[(stub >> self.stride) as usize];
        while self.starts[owner as usize + 1] <= stub {
            owner += 1;
        }
        owner
    }
}

/// Largest number of stubs that keeps repeated ties rare: the structural cutoff
/// √stubs (Boguñá et al. 2004), and never below four times the mean.
fn cutoff(n: u32, total: u64) -> u32 {
    let mean = total as f64 / f64::from(n);
    ((total as f64).sqrt().max(4.0 * mean) as u32).saturating_add(1)
}

/// Numbers of stubs: weights scaled to the total and rounded at random.
fn counts(n: u32, total: u64, tail: f64, limit: u32, key: Key) -> Vec<u32> {
    let at = Clock::default();
    let mean = total as f64 / f64::from(n);
    // No weight may exceed the limit after scaling; the mean weight is above one.
    let largest = (f64::from(limit) / mean.max(1.0)).max(1.0) * (tail - 1.0) / (tail - 2.0);
    let exponent = -1.0 / (tail - 1.0);
    let mut counts: Vec<u32> = (0..n)
        .into_par_iter()
        .map(|i| (math::pow(key.unit(WEIGHTS, i, at, 0), exponent).min(largest) * UNIT) as u32)
        .collect();
    let sum: u64 = counts.par_iter().map(|weight| u64::from(*weight)).sum();
    let scale = total as f64 / sum.max(1) as f64;
    counts.par_iter_mut().enumerate().for_each(|(i, count)| {
        let exact = f64::from(*count) * scale;
        *count = ((exact + key.unit(ROUNDING, i as u32, at, 0)) as u32).min(limit);
    });
    counts
}

fn guide(starts: &[u32], stride: u32) -> Vec<u32> {
    let stubs = starts[starts.len() - 1];
    let mut owner = 0;
    (0..stubs.div_ceil(1 << stride))
        .map(|k| {
            while starts[owner + 1] <= k << stride {
                owner += 1;
            }
            owner as u32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stub_has_its_owner() {
        let stubs = Stubs::new(500, 2000, 2.5, 5000, Key::new(2, 0)).expect("few stubs");
        for owner in 0..500 {
            for stub in stubs.starts[owner]..stubs.starts[owner + 1] {
                assert_eq!(stubs.owner(stub), owner as u32);
            }
        }
        assert!(stubs.n_stubs().abs_diff(2000) < 100, "{} stubs", stubs.n_stubs());
    }

    #[test]
    fn too_many_stubs_are_refused() {
        let message =
            Stubs::new(10, 5_000_000_000, 2.5, 5, Key::new(2, 0)).err().map(|e| e.to_string());
        assert_eq!(
            message.as_deref(),
            Some("5000000000 ends of ties are more than 4,294,967,295; lower mean_degree")
        );
    }
}
