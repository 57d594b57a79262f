//! Tests of goodness of fit for the samplers.
//!
//! Every test has a fixed seed, n = [`N`] numbers unless it says otherwise, and a
//! false-alarm rate of 10⁻⁴, had the seed been free.

use crate::quantity::time::Clock;
use crate::rng::{Draws, Key, Stream};
use std::convert::Infallible;

/// Numbers in a sample.
pub const N: usize = 100_000;

/// The false-alarm rate of each test.
pub const ALPHA: f64 = 1e-4;

/// Kolmogorov's critical value of √n D at [`ALPHA`]: √(½ ln(2 / α)).
pub const KOLMOGOROV: f64 = 2.2253;

/// The normal critical value of |z| at [`ALPHA`], two-sided.
pub const NORMAL: f64 = 3.8906;

/// The draws of one entity for a test of that name.
pub fn draws(name: &'static str, entity: u32) -> Draws {
    Key::new(2_718_281_828, 7).draws(Stream::new(name), entity, Clock { day: 11, wave: 3 }, 5)
}

/// `N` numbers, each from its own address.
pub fn sample<T>(name: &'static str, mut sampler: impl FnMut(&mut Draws) -> T) -> Vec<T> {
    (0..N as u32).map(|entity| sampler(&mut draws(name, entity))).collect()
}

/// The first four numbers of one address.
pub fn first<T>(mut sampler: impl FnMut(&mut Draws) -> T) -> [T; 4] {
    let mut draws = draws("test/golden", 42);
    [0; 4].map(|_| sampler(&mut draws))
}

/// Kolmogorov and Smirnov: the numbers follow a law with this continuous CDF.
pub fn follows(mut numbers: Vec<f64>, cdf: impl Fn(f64) -> f64) {
    numbers.sort_by(f64::total_cmp);
    let n = numbers.len() as f64;
    let distance = numbers.iter().enumerate().fold(0.0_f64, |distance, (i, &x)| {
        let p = cdf(x);
        distance.max(p - i as f64 / n).max((i + 1) as f64 / n - p)
    });
    let statistic = n.sqrt() * distance;
    assert!(statistic < KOLMOGOROV, "√n D is {statistic}, critical {KOLMOGOROV}");
}

/// Kolmogorov and Smirnov: two samples follow the same law (continuous, or whole
/// numbers, where the test is conservative).
pub fn follow_the_same(mut ours: Vec<f64>, mut theirs: Vec<f64>) {
    ours.sort_by(f64::total_cmp);
    theirs.sort_by(f64::total_cmp);
    let (n, m) = (ours.len() as f64, theirs.len() as f64);
    let distance = ours.iter().chain(&theirs).fold(0.0_f64, |distance, &x| {
        let below = |numbers: &[f64]| numbers.partition_point(|&y| y <= x) as f64;
        distance.max((below(&ours) / n - below(&theirs) / m).abs())
    });
    let statistic = (n * m / (n + m)).sqrt() * distance;
    assert!(statistic < KOLMOGOROV, "√n D is {statistic}, critical {KOLMOGOROV}");
}

/// Pearson's chi-square over counts merged upwards to at least ten expected: the
/// numbers follow a law with this mass function.
pub fn has_mass(mut numbers: Vec<u64>, mass: impl Fn(u64) -> f64) {
    numbers.sort_unstable();
    let n = numbers.len() as f64;
    let (mut statistic, mut n_bins, mut expected_before, mut expected) = (0.0, 0, 0.0, 0.0);
    let mut seen_before = 0;
    let mut add_bin = |seen_up_to: usize, expected: f64| {
        let seen = (seen_up_to - seen_before) as f64;
        statistic += (seen - expected) * (seen - expected) / expected;
        n_bins += 1;
        seen_before = seen_up_to;
    };
    for k in 0.. {
        expected += n * mass(k);
        if expected_before + expected > n - 10.0 {
            break;
        }
        if expected >= 10.0 {
            add_bin(numbers.partition_point(|&x| x <= k), expected);
            expected_before += expected;
            expected = 0.0;
        }
    }
    add_bin(numbers.len(), n - expected_before);
    if n_bins > 1 {
        is_chi_square(statistic, n_bins - 1);
    }
}

/// The statistic does not exceed the critical value of chi-square at [`ALPHA`].
pub fn is_chi_square(statistic: f64, degrees: u32) {
    use statrs::distribution::{ChiSquared, ContinuousCDF};
    let critical = ChiSquared::new(f64::from(degrees)).unwrap().inverse_cdf(1.0 - ALPHA);
    assert!(statistic < critical, "χ² is {statistic}, critical {critical} ({degrees} degrees)");
}

/// The sample's mean and variance are those of a nearly normal law, by z tests.
pub fn has_moments(numbers: &[f64], mean: f64, variance: f64) {
    let n = numbers.len() as f64;
    let average = numbers.iter().fold(0.0, |sum, x| sum + (x - mean)) / n;
    let spread = numbers.iter().fold(0.0, |sum, x| sum + (x - mean) * (x - mean)) / n;
    let z_mean = average / (variance / n).sqrt();
    let z_variance = (spread / variance - 1.0) / (2.0 / n).sqrt();
    assert!(z_mean.abs() < NORMAL, "the mean is off by z = {z_mean}");
    assert!(z_variance.abs() < NORMAL, "the variance is off by z = {z_variance}");
}

/// An unrelated generator (SplitMix64) for the samplers of another library.
pub struct Oracle(pub u64);

impl rand::TryRng for Oracle {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|word| (word >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        Ok(rand_philox::splitmix64(self.0))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..part.len()]);
        }
        Ok(())
    }
}

/// `N` numbers from a sampler of another library.
pub fn oracle<T>(law: impl rand::distr::Distribution<T>) -> Vec<T> {
    let mut rng = Oracle(31_415);
    (0..N).map(|_| law.sample(&mut rng)).collect()
}
