//! Who follows which influencer.
//!
//! The influencer of rank r has F_r ∝ r^(−s) followers on average, at most half of
//! the consumers. A consumer whose taste is the influencer's follows at odds that
//! are higher by a factor; both probabilities are chosen so that F_r is kept.
//! Followers are found by geometric skipping at the larger probability and thinned.

use rayon::prelude::*;

use crate::network::csr::Csr;
use crate::network::gaps::failures;
use crate::network::packed::Packed;
use crate::quantity::{math, time::Clock};
use crate::rng::{Key, Stream};

/// Followers of an influencer.
pub const FOLLOWERS: Stream = Stream::new("network/followers");

/// Candidates expected in a chunk of consumers: an address has 16,384 words and a
/// candidate takes three, so the chunk is safe by more than seventy deviations.
const CANDIDATES: f64 = 2048.0;

/// Bisections that make a probability exact to the last bit or nearly so.
const BISECTIONS: u32 = 60;

/// Followers of influencers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Follow {
    /// For every influencer the ascending list of followers.
    pub followers: Packed,
}

impl Follow {
    /// Number of influencers.
    #[must_use]
    pub fn n(&self) -> u32 {
        self.followers.n()
    }

    /// Number of followers of an influencer.
    #[must_use]
    pub fn count(&self, influencer: u32) -> usize {
        self.followers.len(influencer)
    }

    /// Followers of an influencer.
    #[must_use]
    pub fn of(&self, influencer: u32) -> Vec<u32> {
        self.followers.of(influencer)
    }
}

/// How one influencer's followers are drawn.
struct Draw {
    /// Probability of following for the same taste and for others.
    same: f64,
    other: f64,
    taste: u8,
    /// Consumers drawn from one address.
    chunk: u64,
    /// First chunk of this influencer among all chunks.
    first: u64,
}

/// Draws the followers of `n_influencers` influencers, ordered by rank, such that a
/// consumer follows `follows_per_consumer` of them on average. `taste` gives the
/// taste cluster of a consumer; `interest_bias` multiplies the odds of following
/// an influencer of the own taste.
///
/// The mean is lower where the cap of half of the consumers binds for all.
#[expect(clippy::too_many_arguments, reason = "each argument is a different scenario parameter")]
#[must_use]
pub fn follow(
    n_consumers: u32,
    n_influencers: u32,
    follows_per_consumer: f64,
    zipf_exponent: f64,
    taste: &(dyn Fn(u32) -> u8 + Sync),
    influencer_taste: &[u8],
    interest_bias: f64,
    key: Key,
) -> Follow {
    assert!(influencer_taste.len() == n_influencers as usize, "every influencer has a taste");
    let sizes = sizes(n_consumers, n_influencers, follows_per_consumer, zipf_exponent);
    let crowd = crowd(n_consumers, taste);
    let mut n_chunks = 0;
    let draws: Vec<Draw> = sizes
        .iter()
        .zip(influencer_taste)
        .map(|(size, taste)| {
            let draw = Draw::new(
                *size,
                n_consumers,
                crowd[*taste as usize],
                *taste,
                interest_bias,
                n_chunks,
            );
            n_chunks += u64::from(n_consumers).div_ceil(draw.chunk);
            draw
        })
        .collect();
    assert!(n_chunks <= u64::from(u32::MAX), "fewer than 2^43 candidates for following");
    let followers = Csr::build(n_influencers, n_chunks as u32, &|chunk, emit| {
        let chunk = u64::from(chunk);
        let influencer = draws.partition_point(|draw| draw.first <= chunk) - 1;
        draws[influencer].chunk(influencer as u32, chunk, n_consumers, taste, key, emit);
    });
    Follow { followers: Packed::new(&followers) }
}

impl Draw {
    fn new(size: f64, n: u32, alike: u64, taste: u8, bias: f64, first: u64) -> Self {
        let (same, other) = probabilities(size, alike as f64, (u64::from(n) - alike) as f64, bias);
        let chunk = (CANDIDATES / same.max(other).max(1e-9)).min(f64::from(u32::MAX)) as u64;
        Self { same, other, taste, chunk, first }
    }

    /// The followers among the consumers of one chunk.
    fn chunk(
        &self,
        influencer: u32,
        chunk: u64,
        n: u32,
        taste: &(dyn Fn(u32) -> u8 + Sync),
        key: Key,
        emit: &mut dyn FnMut(u32, u32),
    ) {
        let most = self.same.max(self.other);
        if most <= 0.0 {
            return;
        }
        let scale = if most >= 1.0 { 0.0 } else { 1.0 / math::ln_1p(-most) };
        let item = chunk - self.first;
        let end = ((item + 1) * self.chunk).min(u64::from(n));
        let mut draws = key.draws(FOLLOWERS, influencer, Clock::default(), item as u32);
        let mut next = (item * self.chunk).saturating_add(failures(&mut draws, scale));
        while next < end {
            let consumer = next as u32;
            let p = if taste(consumer) == self.taste { self.same } else { self.other };
            if draws.chance(p / most) {
                emit(influencer, consumer);
            }
            next = (next + 1).saturating_add(failures(&mut draws, scale));
        }
    }
}

/// Mean numbers of followers: c · r^(−s), at most n / 2, with the wanted sum if
/// that is possible.
fn sizes(n: u32, n_influencers: u32, per_consumer: f64, exponent: f64) -> Vec<f64> {
    let cap = f64::from(n) / 2.0;
    let shapes: Vec<f64> =
        (1..=n_influencers).map(|rank| math::pow(f64::from(rank), -exponent)).collect();
    let total = per_consumer * f64::from(n);
    // Shapes fall with rank, so the capped ones are the first few.
    let mut rest: f64 = shapes.iter().sum();
    let mut capped = 0;
    while capped < shapes.len() && (total - cap * capped as f64) * shapes[capped] > cap * rest {
        rest -= shapes[capped];
        capped += 1;
    }
    let scale = ((total - cap * capped as f64) / rest.max(f64::MIN_POSITIVE)).max(0.0);
    shapes
        .iter()
        .enumerate()
        .map(|(k, s)| if k < capped { cap } else { (s * scale).min(cap) })
        .collect()
}

/// Consumers of every taste.
fn crowd(n: u32, taste: &(dyn Fn(u32) -> u8 + Sync)) -> Vec<u64> {
    const CHUNK: u32 = 1 << 14;
    let count = |chunk: u32| {
        let first = chunk * CHUNK;
        let mut crowd = vec![0_u64; 256];
        for i in first..n.min(first.saturating_add(CHUNK)) {
            crowd[usize::from(taste(i))] += 1;
        }
        crowd
    };
    (0..n.div_ceil(CHUNK)).into_par_iter().map(count).reduce(
        || vec![0; 256],
        |mut a, b| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        },
    )
}

/// Probabilities for the same taste and for others whose odds have ratio `bias` and
/// that give `size` followers among `alike` and `others`.
fn probabilities(size: f64, alike: f64, others: f64, bias: f64) -> (f64, f64) {
    let same = |other: f64| bias * other / (1.0 - other + bias * other);
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..BISECTIONS {
        let middle = (low + high) / 2.0;
        if alike * same(middle) + others * middle < size {
            low = middle;
        } else {
            high = middle;
        }
    }
    (same(low), low)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the last bit does not matter here")]
mod tests {
    use super::*;

    const N: u32 = 40_000;

    fn world(bias: f64) -> (Follow, Vec<u8>) {
        let tastes: Vec<u8> = (0..200).map(|k| (k % 8) as u8).collect();
        let follow = follow(N, 200, 12.0, 1.0, &|i| (i % 8) as u8, &tastes, bias, Key::new(4, 0));
        (follow, tastes)
    }

    #[test]
    fn followers_are_sorted_and_distinct() {
        let (follow, _) = world(4.0);
        assert_eq!(follow.n(), 200);
        for k in 0..follow.n() {
            assert!(follow.of(k).is_sorted_by(|a, b| a < b));
            assert!(follow.of(k).iter().all(|i| *i < N));
        }
    }

    #[test]
    fn numbers_of_followers_fall_by_the_exponent() {
        let (follow, _) = world(4.0);
        let sizes = sizes(N, 200, 12.0, 1.0);
        assert_eq!(sizes[0], f64::from(N) / 2.0, "the first is capped");
        assert!((sizes[19] / sizes[199] - 10.0).abs() < 1e-9);
        // Thinned Bernoulli sums: variance at most the mean; 200 influencers, critical
        // value 4.4 each, false alarms below 0.003 in all.
        for k in 0..follow.n() {
            let mean = sizes[k as usize];
            let z = (follow.of(k).len() as f64 - mean) / mean.sqrt();
            assert!(z.abs() < 4.4, "influencer {k}: z = {z}");
        }
        let total = follow.followers.total() as f64 / f64::from(N);
        assert!((total - 12.0).abs() < 0.1, "{total} follows a consumer");
    }

    #[test]
    fn the_same_taste_follows_at_higher_odds() {
        let (follow, tastes) = world(4.0);
        let k = 150;
        let same =
            follow.of(k).iter().filter(|i| (*i % 8) as u8 == tastes[k as usize]).count() as f64;
        let other = follow.of(k).len() as f64 - same;
        let odds = |followers: f64, of: f64| followers / (of - followers);
        let n = f64::from(N);
        let ratio = odds(same, n / 8.0) / odds(other, n * 7.0 / 8.0);
        // ln of the ratio has a deviation of √(1/same + 1/other); critical value 3.29, 0.001.
        let z = (ratio / 4.0).ln() / (1.0 / same + 1.0 / other).sqrt();
        assert!(z.abs() < 3.29, "odds ratio {ratio}");
    }

    #[test]
    fn impossible_wishes_are_capped() {
        let tastes = [0, 0];
        let follow = follow(100, 2, 50.0, 1.0, &|_| 0, &tastes, 1.0, Key::new(1, 0));
        assert!((0..2).all(|k| (30..70).contains(&follow.of(k).len())));
        let nobody = super::follow(100, 2, 0.0, 1.0, &|_| 0, &tastes, 1.0, Key::new(1, 0));
        assert_eq!(nobody.followers.total(), 0);
    }
}
